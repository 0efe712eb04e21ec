//! The verbs: what can be done to a payment, one file each.
//!
//! A flow claims the payment, calls the bank with no connection and no lock held, and saves status, history
//! and outbox in one write. The browser and the timer use the same claim, so a double click, two nodes and
//! a crash are one case.
//!
//! **Invariant:** every write of the program is made here; no order is sent to a bank before the intent to
//! send it is on the disk; nothing is shown as success or failure without the bank's word.

pub mod access_tokens;
pub mod add_admin;
pub mod add_partner;
pub mod admins;
pub mod after_restore;
pub mod answer_step;
pub mod applications;
pub mod ask_bank;
pub mod audit_checkpoint;
pub mod bank_access;
mod bank_call;
pub mod bank_states;
pub mod change_partner;
pub mod choose_language;
pub mod close_bank;
pub mod company_sign_in;
pub mod consents;
pub mod count_bank_calls;
pub mod count_days;
pub mod create_payment;
pub mod daily_report;
pub mod deliver_mail;
pub mod edit_instruction;
pub mod enrol_bank;
pub mod error;
pub mod export;
pub mod export_job;
pub mod extend_time;
pub mod fill_search;
pub mod fill_volume;
pub mod four_eyes;
pub mod hand_over;
pub mod init_payment;
pub mod issue_token;
pub mod limits;
pub mod look_after_mail;
pub mod mail_samples;
mod notify;
mod office_rules;
pub mod onboarding;
pub mod open_page;
pub mod partner_profile;
pub mod payer_data;
pub mod payment_query;
pub mod reconcile;
pub mod reply_to_bank;
pub mod reseal;
pub mod resend_mail;
pub mod resolve_payment;
pub mod retention;
pub mod saved_searches;
pub mod sessions;
pub mod sign_in;
pub mod signing_keys;
pub mod status_view;
pub mod submit_payment;
pub mod tokens;
pub mod unmask;
mod verdict;
pub mod warn_of_certificates;
pub mod webhooks;
pub mod withdraw_payment;
mod withdrawal;

pub use error::{FieldProblem, FlowError};
pub use office_rules::{CompanySignIn, OfficeRules};

use crate::bank::calls::Calls;
use crate::bank::directory::{Bank, Banks};
use crate::clock::{Clock, Timestamp};
use crate::mail::Mailer;
use crate::partner::Partner;
use crate::payment::PaymentId;
use crate::store::payments::Payment;
use crate::store::{Db, partners, payments};
use crate::webhook::Sender;
use bank_states::BankStates;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What flows work with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    /// The database.
    pub db: Db,
    /// The banks.
    pub banks: Banks,
    /// The way out for mail.
    pub mailer: Arc<Mailer>,
    /// The time.
    pub clock: Clock,
    /// Lifetimes and names from the settings.
    pub rules: Arc<Rules>,
    /// What came of the calls to banks.
    pub calls: Calls,
    /// Which banks are switched off, and which do not answer.
    pub bank_states: BankStates,
    /// Our signing keys.
    pub signing_keys: signing_keys::SigningKeys,
    /// The way out for webhooks.
    pub webhooks: Sender,
}

/// Lifetimes and names from the settings.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What payers see in the address bar.
    pub base_url: Url,
    /// What partners call.
    pub gateway_url: Url,
    /// How old the signature on a partner's request may be, in seconds.
    pub signature_age_s: i64,
    /// How long an untouched payment lives.
    pub link_life: Duration,
    /// How long an access token lives.
    pub access_life: Duration,
    /// How long a refresh token lives.
    pub refresh_life: Duration,
    /// How long one caller may act on a payment: longer than the longest bank conversation.
    pub lease: Duration,
    /// Sender of mails.
    pub mail_from: String,
    /// Domain of message ids.
    pub mail_domain: String,
    /// Where payers turn to.
    pub support_contact: String,
    /// Changes that matter need a second admin.
    pub four_eyes: bool,
    /// Judges partners' certificates exactly as the gateway's TLS does; none: there is no gateway.
    pub partner_cas: Option<Arc<dyn rustls::server::danger::ClientCertVerifier>>,
    /// Limits guessing of passwords.
    pub sign_in_limit: sign_in::SignInLimit,
    /// How long data is kept.
    pub keeping: retention::Keeping,
    /// The operator's own users.
    pub office: OfficeRules,
}

impl Context {
    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where a bank sends the PSU back to; the same for all payments, as banks want it registered.
    ///
    /// # Errors
    /// [`FlowError::Internal`] when the code cannot be part of a URL.
    pub fn return_url(&self, bank_code: &str) -> Result<Url, FlowError> {
        self.rules
            .base_url
            .join(&format!("payment-return/{bank_code}"))
            .map_err(|e| FlowError::Internal(e.to_string()))
    }

    /// The bank of a payment, once one was chosen.
    #[must_use]
    pub fn bank_of(&self, payment: &Payment) -> Option<&Bank> {
        self.banks.get(payment.bank_code.as_deref()?)
    }

    /// A payment and whose it is.
    ///
    /// # Errors
    /// [`FlowError::NotFound`] when there is no such payment.
    pub async fn payment(&self, id: PaymentId) -> Result<(Payment, Partner), FlowError> {
        let found = self
            .db
            .read(move |a| {
                let Some(payment) = payments::get(a, id)? else { return Ok(None) };
                let partner = partners::get(a, &payment.partner_id)?;
                Ok(partner.map(|partner| (payment, partner)))
            })
            .await?;
        found.ok_or(FlowError::NotFound)
    }
}

/// A moment later.
#[must_use]
pub fn after(from: Timestamp, by: Duration) -> Timestamp {
    from + chrono::Duration::from_std(by).unwrap_or(chrono::Duration::MAX / 4)
}
