//! The PISP's own users and their sessions. Of a session's key only the SHA-256 is stored.

use super::schema::{admin_sessions as s, admins as t};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};
use zeroize::Zeroizing;

/// An admin.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = t)]
pub struct Admin {
    /// Our own id.
    pub id: String,
    /// The name to sign in with.
    pub user_name: String,
    /// PHC string (argon2id).
    pub password_hash: String,
    /// Whether signing in is possible.
    pub active: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the password was last changed.
    pub password_changed_at: Timestamp,
    /// The last time of signing in.
    pub last_sign_in_at: Option<Timestamp>,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = s)]
struct SessionRow {
    key_hash: String,
    admin_id: Option<String>,
    state_sealed: Vec<u8>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// Adds an admin.
///
/// # Errors
/// [`StoreError::Taken`] when the user name is.
pub fn add(a: &mut Access<'_>, admin: &Admin) -> Result<(), StoreError> {
    a.try_insert("the user name", |conn| diesel::insert_into(t::table).values(admin).execute(conn))
}

/// The admin of a user name.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn by_user_name(a: &mut Access<'_>, user_name: &str) -> Result<Option<Admin>, StoreError> {
    Ok(t::table.filter(t::user_name.eq(user_name)).first(a.conn).optional()?)
}

/// The admin of an id.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn get(a: &mut Access<'_>, id: &str) -> Result<Option<Admin>, StoreError> {
    Ok(t::table.find(id).first(a.conn).optional()?)
}

/// How many admins there are.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count(a: &mut Access<'_>) -> Result<i64, StoreError> {
    Ok(t::table.count().get_result(a.conn)?)
}

/// Records a sign-in.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn signed_in(a: &mut Access<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(t::table.find(id)).set(t::last_sign_in_at.eq(now)).execute(a.conn)?;
    Ok(())
}

/// Stores a session's state under its key's hash, new or not.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn save_session(
    a: &mut Access<'_>,
    key_hash: &str,
    admin_id: Option<&str>,
    state: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let sealed = a.seal("admin_sessions", "state", key_hash, state);
    let known = diesel::update(s::table.find(key_hash))
        .set((s::admin_id.eq(admin_id), s::state_sealed.eq(&sealed), s::expires_at.eq(expires_at)))
        .execute(a.conn)?;
    if known == 0 {
        let row = SessionRow {
            key_hash: key_hash.into(),
            admin_id: admin_id.map(Into::into),
            state_sealed: sealed,
            created_at: now,
            expires_at,
        };
        diesel::insert_into(s::table).values(&row).execute(a.conn)?;
    }
    Ok(())
}

/// The state of a live session.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn load_session(a: &mut Access<'_>, key_hash: &str, now: Timestamp) -> Result<Option<Zeroizing<String>>, StoreError> {
    let row: Option<SessionRow> = s::table.find(key_hash).filter(s::expires_at.gt(now)).first(a.conn).optional()?;
    row.map(|r| a.open("admin_sessions", "state", key_hash, &r.state_sealed))
        .transpose()
}

/// Moves a session's end.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn extend_session(a: &mut Access<'_>, key_hash: &str, expires_at: Timestamp) -> Result<(), StoreError> {
    diesel::update(s::table.find(key_hash))
        .set(s::expires_at.eq(expires_at))
        .execute(a.conn)?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn end_session(a: &mut Access<'_>, key_hash: &str) -> Result<(), StoreError> {
    diesel::delete(s::table.find(key_hash)).execute(a.conn)?;
    Ok(())
}

/// Removes sessions that ended; answers how many.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn remove_ended_sessions(a: &mut Access<'_>, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(s::table.filter(s::expires_at.le(now))).execute(a.conn)?)
}

/// Whether there are sessions that ended.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn has_ended_sessions(a: &mut Access<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let some: Option<String> = s::table
        .filter(s::expires_at.le(now))
        .select(s::key_hash)
        .first(a.conn)
        .optional()?;
    Ok(some.is_some())
}
