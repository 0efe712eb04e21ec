//! Our own signing keys, the private ones sealed.

use super::schema::signing_keys as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _,
};
use zeroize::Zeroizing;

/// A key as it is stored.
pub struct StoredKey {
    /// The thumbprint of its public key (RFC 7638).
    pub kid: String,
    /// Its public key, a JWK.
    pub public_jwk: String,
    /// Its private key, PKCS#8 DER; none once it was destroyed.
    pub private: Option<Zeroizing<Vec<u8>>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub signs_from: Timestamp,
    /// Until when it signs; none while no other is to follow it.
    pub signs_until: Option<Timestamp>,
    /// Until when its public key is shown; none while it signs.
    pub shown_until: Option<Timestamp>,
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    kid: String,
    seq: i64,
    public_jwk: String,
    private_sealed: Option<Vec<u8>>,
    created_at: Timestamp,
    signs_from: Timestamp,
    signs_until: Option<Timestamp>,
    shown_until: Option<Timestamp>,
}

/// All keys, oldest first.
///
/// # Errors
/// [`StoreError`] of the database, also when a private key does not open.
pub fn all(a: &mut Access<'_>) -> Result<Vec<StoredKey>, StoreError> {
    let rows: Vec<Row> = t::table.order(t::seq).load(a.conn)?;
    let open = |row: Row| {
        let sealed = row.private_sealed.as_deref();
        let private = sealed
            .map(|sealed| a.open_bytes("signing_keys", "private", &row.kid, sealed))
            .transpose()?;
        Ok(StoredKey {
            kid: row.kid,
            public_jwk: row.public_jwk,
            private,
            created_at: row.created_at,
            signs_from: row.signs_from,
            signs_until: row.signs_until,
            shown_until: row.shown_until,
        })
    };
    rows.into_iter().map(open).collect()
}

/// Adds a key behind all others.
///
/// # Errors
/// [`StoreError::Taken`] when somebody else has added one at the same time.
pub fn add(a: &mut Access<'_>, key: &StoredKey) -> Result<(), StoreError> {
    let last: Option<i64> = t::table.order(t::seq.desc()).select(t::seq).first(a.conn).optional()?;
    let sealed = key
        .private
        .as_ref()
        .map(|private| a.seal_bytes("signing_keys", "private", &key.kid, private));
    let row = Row {
        kid: key.kid.clone(),
        seq: last.unwrap_or(0) + 1,
        public_jwk: key.public_jwk.clone(),
        private_sealed: sealed,
        created_at: key.created_at,
        signs_from: key.signs_from,
        signs_until: key.signs_until,
        shown_until: key.shown_until,
    };
    a.try_insert("the signing key", |conn| diesel::insert_into(t::table).values(&row).execute(conn))
}

/// Says until when a key signs and is shown.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn end(a: &mut Access<'_>, kid: &str, signs_until: Timestamp, shown_until: Timestamp) -> Result<bool, StoreError> {
    let set = (t::signs_until.eq(signs_until), t::shown_until.eq(shown_until));
    Ok(diesel::update(t::table.find(kid)).set(set).execute(a.conn)? == 1)
}

/// Whether there is a private key that has not signed since `before`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn has_idle(a: &mut Access<'_>, before: Timestamp) -> Result<bool, StoreError> {
    let idle = t::private_sealed.is_not_null().and(t::signs_until.lt(before));
    let found: Option<String> = t::table.filter(idle).select(t::kid).first(a.conn).optional()?;
    Ok(found.is_some())
}

/// Destroys private keys that have not signed since `before`; answers how many.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn destroy_idle(a: &mut Access<'_>, before: Timestamp) -> Result<usize, StoreError> {
    let idle = t::private_sealed.is_not_null().and(t::signs_until.lt(before));
    let none = t::private_sealed.eq(None::<Vec<u8>>);
    Ok(diesel::update(t::table.filter(idle)).set(none).execute(a.conn)?)
}
