//! Keeps and ends back-office sessions.

use super::{Context, FlowError};
use crate::clock::Timestamp;
use crate::crypto;
use crate::store::admins;
use zeroize::Zeroizing;

/// Stores a session's state until `expires_at`.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn save(cx: &Context, key: &str, admin_id: Option<String>, state: String, expires_at: Timestamp) -> Result<(), FlowError> {
    let (hash, now) = (crypto::token_hash(key), cx.now());
    Ok(cx
        .db
        .write(move |a| admins::save_session(a, &hash, admin_id.as_deref(), &state, now, expires_at))
        .await?)
}

/// The state of a live session.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn load(cx: &Context, key: &str) -> Result<Option<Zeroizing<String>>, FlowError> {
    let (hash, now) = (crypto::token_hash(key), cx.now());
    Ok(cx.db.read(move |a| admins::load_session(a, &hash, now)).await?)
}

/// Moves a session's end.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn extend(cx: &Context, key: &str, expires_at: Timestamp) -> Result<(), FlowError> {
    let hash = crypto::token_hash(key);
    Ok(cx.db.write(move |a| admins::extend_session(a, &hash, expires_at)).await?)
}

/// Ends a session.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn end(cx: &Context, key: &str) -> Result<(), FlowError> {
    let hash = crypto::token_hash(key);
    Ok(cx.db.write(move |a| admins::end_session(a, &hash)).await?)
}

/// Removes sessions that ended.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn remove_ended(cx: &Context) -> Result<usize, FlowError> {
    let now = cx.now();
    if !cx.db.read(move |a| admins::has_ended_sessions(a, now)).await? {
        return Ok(0);
    }
    Ok(cx.db.write(move |a| admins::remove_ended_sessions(a, now)).await?)
}
