//! Adds the first user of the back office: an administrator whose password is already his own.

use super::FlowError;
use super::admins::manage::{NewAdmin, add};
use crate::clock::Timestamp;
use crate::store::Db;
use crate::store::admins::Role;
use secrecy::SecretString;

/// Adds an administrator; `actor` goes to the audit log.
///
/// # Errors
/// [`FlowError::Invalid`] when the name is taken or not usable, or the password not good enough.
pub async fn add_admin(db: &Db, user_name: &str, password: SecretString, actor: &'static str, now: Timestamp) -> Result<(), FlowError> {
    let new = NewAdmin {
        user_name: user_name.to_owned(),
        password,
        role: Role::Administrator,
        must_change_password: false,
    };
    add(db, new, "", actor, now).await
}
