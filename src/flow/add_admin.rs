//! Adds a user of the back office.

use super::FlowError;
use super::error::FieldProblem;
use crate::clock::Timestamp;
use crate::store::admins::{Admin, Role};
use crate::store::{Db, StoreError, admins, audit};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use secrecy::{ExposeSecret as _, SecretString};

/// Shortest password, in characters.
pub const MIN_PASSWORD_CHARS: usize = 15;
/// Longest password, in bytes: more would only cost time.
pub const MAX_PASSWORD_BYTES: usize = 256;

/// Adds an admin; `actor` goes to the audit log.
///
/// # Errors
/// [`FlowError::Invalid`] when the name is taken or not usable, or the password too short.
pub async fn add_admin(db: &Db, user_name: &str, password: SecretString, actor: &'static str, now: Timestamp) -> Result<(), FlowError> {
    let mut problems = Vec::new();
    let usable = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    if user_name.len() < 3 || user_name.len() > 64 || !user_name.chars().all(usable) {
        problems.push(FieldProblem::new(
            "user",
            "NOT_USABLE",
            "a user name has 3 to 64 letters, digits, dots, dashes, underscores or @",
        ));
    }
    if password.expose_secret().chars().count() < MIN_PASSWORD_CHARS || password.expose_secret().len() > MAX_PASSWORD_BYTES {
        problems.push(FieldProblem::new(
            "password",
            "TOO_SHORT",
            format!("a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_BYTES} characters"),
        ));
    }
    if !problems.is_empty() {
        return Err(FlowError::Invalid(problems));
    }
    let admin = Admin {
        id: uuid::Uuid::now_v7().to_string(),
        user_name: user_name.to_owned(),
        password_hash: hash(password).await?,
        active: true,
        created_at: now,
        password_changed_at: now,
        last_sign_in_at: None,
        role: Role::Administrator,
        language: None,
        must_change_password: false,
        has_totp: false,
    };
    let added = db
        .write(move |a| {
            admins::add(a, &admin)?;
            audit::add(a, now, actor, "admin_added", Some(&admin.id), None)
        })
        .await;
    match added {
        Err(StoreError::Taken(_)) => Err(FlowError::Invalid(vec![FieldProblem::new(
            "user",
            "TAKEN",
            "there is a user of this name already",
        )])),
        other => Ok(other?),
    }
}

async fn hash(password: SecretString) -> Result<String, FlowError> {
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(password.expose_secret().as_bytes())
            .map(|h| h.to_string())
    });
    hashed
        .await
        .map_err(|e| FlowError::Internal(e.to_string()))?
        .map_err(|e| FlowError::Internal(format!("argon2: {e}")))
}
