//! A user changes the password; who knows it now is asked for it first.

use super::policy;
use crate::flow::{Context, FieldProblem, FlowError};
use crate::store::admins::Admin;
use crate::store::{admin_security, admin_sessions, audit};
use chrono::Duration;
use secrecy::SecretString;

/// Days before the end of a password in which its user is warned.
const WARNING_DAYS: i64 = 7;

/// Where a password stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is to be done.
    Good,
    /// It must be changed within so many days.
    EndsIn(i64),
    /// Nothing but changing it is possible.
    MustChange,
}

/// Where a user's password stands now.
#[must_use]
pub fn standing(cx: &Context, admin: &Admin) -> Standing {
    if admin.must_change_password {
        return Standing::MustChange;
    }
    let days = i64::from(cx.rules.office.password_days);
    if days == 0 {
        return Standing::Good;
    }
    let left = admin.password_changed_at + Duration::days(days) - cx.now();
    match left.num_days() {
        _ if left <= Duration::zero() => Standing::MustChange,
        whole if whole < WARNING_DAYS => Standing::EndsIn(whole + 1),
        _ => Standing::Good,
    }
}

/// Gives a user a new password. All other sessions of the user end; the one named `kept` stays.
///
/// # Errors
/// [`FlowError::Invalid`] when the present password is not right (field `current`) or the new one not good
/// enough (field `password`, see [`policy::Weakness`]); [`FlowError::TooMany`] after many tries.
pub async fn change(cx: &Context, admin: &Admin, current: SecretString, new: SecretString, kept: &str) -> Result<(), FlowError> {
    if !cx.rules.sign_in_limit.allows_confirmation(&admin.id) {
        return Err(FlowError::TooMany);
    }
    if !policy::verify_aside(current, admin.password_hash.clone()).await? {
        let (id, now) = (admin.id.clone(), cx.now());
        cx.db
            .write(move |a| audit::add(a, now, &id, "password_change_refused", Some(&id), None))
            .await?;
        let problem = FieldProblem::new("current", "NOT_RIGHT", "this is not the present password");
        return Err(FlowError::Invalid(vec![problem]));
    }
    let id = admin.id.clone();
    let mut before = cx.db.read(move |a| admin_security::old_passwords(a, &id)).await?;
    before.push(admin.password_hash.clone());
    let hash = policy::checked_hash(new, &admin.user_name, &cx.rules.office.operator, before).await?;
    let (id, kept, now) = (admin.id.clone(), kept.to_owned(), cx.now());
    Ok(cx
        .db
        .write(move |a| {
            admin_security::set_password(a, &id, &hash, false, now)?;
            admin_sessions::end_all(a, &id, Some(&kept))?;
            audit::add(a, now, &id, "password_changed", Some(&id), None)
        })
        .await?)
}

/// Asks a user for the password once more, before something sensitive.
///
/// # Errors
/// [`FlowError::NotYou`] when it is wrong; [`FlowError::TooMany`] after many tries.
pub async fn confirm(cx: &Context, admin: &Admin, password: SecretString) -> Result<(), FlowError> {
    if !cx.rules.sign_in_limit.allows_confirmation(&admin.id) {
        return Err(FlowError::TooMany);
    }
    let right = policy::verify_aside(password, admin.password_hash.clone()).await?;
    let action = if right { "confirmed" } else { "confirmation_refused" };
    let (id, now) = (admin.id.clone(), cx.now());
    cx.db.write(move |a| audit::add(a, now, &id, action, Some(&id), None)).await?;
    if right { Ok(()) } else { Err(FlowError::NotYou) }
}
