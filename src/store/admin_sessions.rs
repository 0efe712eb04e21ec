//! Sessions of the operator's own users. Of a session's key only the SHA-256 is stored.

use super::schema::admin_sessions as s;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _,
};
use zeroize::Zeroizing;

#[derive(Queryable, Insertable)]
#[diesel(table_name = s)]
struct SessionRow {
    key_hash: String,
    admin_id: Option<String>,
    state_sealed: Vec<u8>,
    created_at: Timestamp,
    expires_at: Timestamp,
    session_id: Option<String>,
    ends_at: Option<Timestamp>,
}

/// A session's state as it is stored.
pub struct Session<'a> {
    /// SHA-256 of its key.
    pub key_hash: &'a str,
    /// Whose it is, once somebody has signed in.
    pub admin_id: Option<&'a str>,
    /// The name it has in lists.
    pub session_id: Option<&'a str>,
    /// JSON; sealed.
    pub state: &'a str,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// When it ends even if it is used.
    pub ends_at: Option<Timestamp>,
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("session_id", &self.session_id)
            .finish_non_exhaustive()
    }
}

/// Stores a new session.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, session: &Session<'_>, now: Timestamp) -> Result<(), StoreError> {
    let row = SessionRow {
        key_hash: session.key_hash.into(),
        admin_id: session.admin_id.map(Into::into),
        state_sealed: a.seal("admin_sessions", "state", session.key_hash, session.state),
        created_at: now,
        expires_at: session.expires_at,
        session_id: session.session_id.map(Into::into),
        ends_at: session.ends_at,
    };
    diesel::insert_into(s::table).values(&row).execute(a.conn)?;
    Ok(())
}

/// Replaces the state of a session that is there. One that was ended meanwhile does not come back.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn update(a: &mut Access<'_>, session: &Session<'_>) -> Result<(), StoreError> {
    let sealed = a.seal("admin_sessions", "state", session.key_hash, session.state);
    diesel::update(s::table.find(session.key_hash))
        .set((
            s::admin_id.eq(session.admin_id),
            s::session_id.eq(session.session_id),
            s::state_sealed.eq(&sealed),
            s::expires_at.eq(session.expires_at),
            s::ends_at.eq(session.ends_at),
        ))
        .execute(a.conn)?;
    Ok(())
}

/// The state of a live session.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn load(a: &mut Access<'_>, key_hash: &str, now: Timestamp) -> Result<Option<Zeroizing<String>>, StoreError> {
    let row: Option<SessionRow> = s::table
        .find(key_hash)
        .filter(s::expires_at.gt(now))
        .filter(s::ends_at.is_null().or(s::ends_at.gt(now)))
        .first(a.conn)
        .optional()?;
    row.map(|r| a.open("admin_sessions", "state", key_hash, &r.state_sealed))
        .transpose()
}

/// The state of a live session, which ends with that: of several who ask at once, one gets it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn take(a: &mut Access<'_>, key_hash: &str, now: Timestamp) -> Result<Option<Zeroizing<String>>, StoreError> {
    let state = load(a, key_hash, now)?;
    let taken = diesel::delete(s::table.find(key_hash)).execute(a.conn)? == 1;
    Ok(state.filter(|_| taken))
}

/// Moves a session's end.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn extend(a: &mut Access<'_>, key_hash: &str, expires_at: Timestamp) -> Result<(), StoreError> {
    diesel::update(s::table.find(key_hash))
        .set(s::expires_at.eq(expires_at))
        .execute(a.conn)?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn end(a: &mut Access<'_>, key_hash: &str) -> Result<(), StoreError> {
    diesel::delete(s::table.find(key_hash)).execute(a.conn)?;
    Ok(())
}

/// A session in a list.
pub struct Listed {
    /// The name it has in lists.
    pub session_id: String,
    /// JSON.
    pub state: Zeroizing<String>,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listed")
            .field("session_id", &self.session_id)
            .finish_non_exhaustive()
    }
}

/// Sessions shown of one user; nobody has more browsers open.
const MOST_LISTED: i64 = 100;

/// A user's live sessions, the newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of(a: &mut Access<'_>, admin_id: &str, now: Timestamp) -> Result<Vec<Listed>, StoreError> {
    let rows: Vec<SessionRow> = s::table
        .filter(s::admin_id.eq(admin_id))
        .filter(s::session_id.is_not_null())
        .filter(s::expires_at.gt(now))
        .filter(s::ends_at.is_null().or(s::ends_at.gt(now)))
        .order((s::created_at.desc(), s::key_hash))
        .limit(MOST_LISTED)
        .load(a.conn)?;
    rows.into_iter()
        .map(|row| {
            Ok(Listed {
                session_id: row.session_id.unwrap_or_default(),
                state: a.open("admin_sessions", "state", &row.key_hash, &row.state_sealed)?,
                expires_at: row.expires_at,
            })
        })
        .collect()
}

/// Ends one session of a user by its name in lists; answers whether there was one.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn end_one(a: &mut Access<'_>, admin_id: &str, session_id: &str) -> Result<bool, StoreError> {
    let ended = diesel::delete(s::table.filter(s::admin_id.eq(admin_id)).filter(s::session_id.eq(session_id))).execute(a.conn)?;
    Ok(ended > 0)
}

/// Ends a user's sessions, all but one of this name when one is given; answers how many.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn end_all(a: &mut Access<'_>, admin_id: &str, but: Option<&str>) -> Result<usize, StoreError> {
    let own = s::table.filter(s::admin_id.eq(admin_id));
    Ok(match but {
        Some(kept) => diesel::delete(own.filter(s::session_id.is_null().or(s::session_id.ne(kept)))).execute(a.conn)?,
        None => diesel::delete(own).execute(a.conn)?,
    })
}

/// Removes sessions that ended; answers how many.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn remove_ended(a: &mut Access<'_>, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(s::table.filter(s::expires_at.le(now).or(s::ends_at.le(now)))).execute(a.conn)?)
}

/// Whether there are sessions that ended.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn has_ended(a: &mut Access<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let some: Option<String> = s::table
        .filter(s::expires_at.le(now).or(s::ends_at.le(now)))
        .select(s::key_hash)
        .first(a.conn)
        .optional()?;
    Ok(some.is_some())
}
