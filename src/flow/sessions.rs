//! Keeps and ends back-office sessions.

use super::{Context, FlowError};
use crate::clock::Timestamp;
use crate::crypto;
use crate::store::admin_sessions;
use zeroize::Zeroizing;

/// A session to be kept.
#[derive(Clone)]
pub struct Kept {
    /// Whose it is, once somebody has signed in.
    pub admin_id: Option<String>,
    /// The name it has in lists.
    pub session_id: Option<String>,
    /// JSON; sealed.
    pub state: String,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// When it ends even if it is used.
    pub ends_at: Option<Timestamp>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

impl Kept {
    fn row<'a>(&'a self, key_hash: &'a str) -> admin_sessions::Session<'a> {
        admin_sessions::Session {
            key_hash,
            admin_id: self.admin_id.as_deref(),
            session_id: self.session_id.as_deref(),
            state: &self.state,
            expires_at: self.expires_at,
            ends_at: self.ends_at,
        }
    }
}

/// Stores a new session.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn begin(cx: &Context, key: &str, kept: Kept) -> Result<(), FlowError> {
    let (hash, now) = (crypto::token_hash(key), cx.now());
    Ok(cx.db.write(move |a| admin_sessions::add(a, &kept.row(&hash), now)).await?)
}

/// Replaces a session's state; one that was ended meanwhile stays ended.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn update(cx: &Context, key: &str, kept: Kept) -> Result<(), FlowError> {
    let hash = crypto::token_hash(key);
    Ok(cx.db.write(move |a| admin_sessions::update(a, &kept.row(&hash))).await?)
}

/// The state of a live session.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn load(cx: &Context, key: &str) -> Result<Option<Zeroizing<String>>, FlowError> {
    let (hash, now) = (crypto::token_hash(key), cx.now());
    Ok(cx.db.read(move |a| admin_sessions::load(a, &hash, now)).await?)
}

/// The state of a live session, which ends with that.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn take(cx: &Context, key: &str) -> Result<Option<Zeroizing<String>>, FlowError> {
    let (hash, now) = (crypto::token_hash(key), cx.now());
    Ok(cx.db.write(move |a| admin_sessions::take(a, &hash, now)).await?)
}

/// Moves a session's end.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn extend(cx: &Context, key: &str, expires_at: Timestamp) -> Result<(), FlowError> {
    let hash = crypto::token_hash(key);
    Ok(cx.db.write(move |a| admin_sessions::extend(a, &hash, expires_at)).await?)
}

/// Ends a session.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn end(cx: &Context, key: &str) -> Result<(), FlowError> {
    let hash = crypto::token_hash(key);
    Ok(cx.db.write(move |a| admin_sessions::end(a, &hash)).await?)
}

/// Removes sessions that ended.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn remove_ended(cx: &Context) -> Result<usize, FlowError> {
    let now = cx.now();
    if !cx.db.read(move |a| admin_sessions::has_ended(a, now)).await? {
        return Ok(0);
    }
    Ok(cx.db.write(move |a| admin_sessions::remove_ended(a, now)).await?)
}
