//! Searches that a user keeps, and the trace of what was taken out of the list.

use super::{Context, FieldProblem, FlowError};
use crate::payment::text::has_forbidden_characters;
use crate::store::{StoreError, audit, saved_filters};

/// Longest name of a search, in characters.
const LONGEST_NAME: usize = 60;
/// Longest query, in bytes.
const LONGEST_QUERY: usize = 4000;

/// Keeps a search for a user.
///
/// # Errors
/// [`FlowError::Invalid`] when the name is empty, too long or unreadable, or the query too long;
/// [`FlowError::OtherContent`] when the user has one of this name, or has as many as may be kept.
pub async fn keep(cx: &Context, admin_id: &str, name: &str, query: String) -> Result<(), FlowError> {
    let name = name.trim().to_owned();
    let usable = (1..=LONGEST_NAME).contains(&name.chars().count()) && !has_forbidden_characters(&name);
    if !usable || query.len() > LONGEST_QUERY {
        let problem = FieldProblem::new("name", "NAME", "1 to 60 characters");
        return Err(FlowError::Invalid(vec![problem]));
    }
    let (admin_id, now) = (admin_id.to_owned(), cx.now());
    let kept = cx.db.write(move |a| saved_filters::add(a, &admin_id, &name, &query, now)).await;
    match kept {
        Err(StoreError::Taken(_)) => Err(FlowError::OtherContent),
        other => Ok(other?),
    }
}

/// Forgets one of a user's searches; another user's stays.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn forget(cx: &Context, admin_id: &str, id: &str) -> Result<(), FlowError> {
    let (admin_id, id) = (admin_id.to_owned(), id.to_owned());
    Ok(cx.db.write(move |a| saved_filters::remove(a, &admin_id, &id)).await.map(drop)?)
}

/// Writes to the audit log that a user takes rows out (`payments_exported`, `audit_exported`), before the first of
/// them leaves.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn exported(cx: &Context, admin_id: &str, action: &'static str, format: &'static str) -> Result<(), FlowError> {
    let (admin_id, now) = (admin_id.to_owned(), cx.now());
    let add = move |a: &mut crate::store::Access<'_>| audit::add(a, now, &admin_id, action, None, Some(format));
    Ok(cx.db.write(add).await?)
}
