//! The operator enrols at a bank's portal. Client id and secret are stored sealed; the secret is never shown.

use super::FlowError;
use super::bank_access::set_credentials;
use crate::bank::BankError;
use crate::bank::access::Holder;
use crate::bank::berlin_group::enrolment::{AppRequest, Applicant, Portal};
use crate::clock::Timestamp;
use crate::store::Db;
use secrecy::SecretString;

/// Why the operator is not enrolled, with what can be done.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The bank did not do what was asked.
    #[error("{0}")]
    Bank(#[from] BankError),
    /// The client was created, and could not be stored: it must be taken from the portal and set by hand.
    #[error("the bank has created client {client_id}, but it could not be stored: {problem}; create the app again under another name")]
    NotStored {
        /// The client.
        client_id: String,
        /// What went wrong.
        problem: FlowError,
    },
}

/// Creates the app and stores what it is known by. Returns the client id.
///
/// # Errors
/// [`EnrolError`]; after [`EnrolError::Bank`] nothing is stored.
pub async fn create_app(
    db: &Db,
    portal: &Portal,
    bank: &str,
    (who, app): (&Applicant, &AppRequest),
    actor: &'static str,
    now: Timestamp,
) -> Result<String, EnrolError> {
    let client = portal.create_app(who, app).await?;
    let secret = SecretString::from(client.secret.expose().to_owned());
    let name = SecretString::from(client.id.clone());
    match set_credentials(db, bank, &Holder::Operator, name, secret, actor, now).await {
        Ok(()) => Ok(client.id),
        Err(problem) => Err(EnrolError::NotStored {
            client_id: client.id,
            problem,
        }),
    }
}
