//! Gateway tokens: only their hashes, one pair a row, a new row at every rotation. Each kind of resource has a table
//! of its own, so that a payment's token can never be taken for a consent's, nor the other way round.

use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::consent::ConsentId;
use crate::payment::PaymentId;
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

/// A token pair.
#[derive(Clone, Debug)]
pub struct TokenPair<R> {
    /// Our own id.
    pub id: String,
    /// The one payment or consent it is for.
    pub resource: R,
    /// Who may use it.
    pub partner_id: String,
    /// The certificate it is bound to (RFC 8705), SHA-256, lower-case hexadecimal.
    pub certificate_sha256: String,
    /// When the access token ends.
    pub access_expires_at: Timestamp,
    /// When the refresh token ends.
    pub refresh_expires_at: Timestamp,
    /// When the refresh token was exchanged for the next pair.
    pub used_at: Option<Timestamp>,
    /// When the whole family was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A pair to be stored.
#[derive(Clone, Debug)]
pub struct NewPair<R> {
    /// The one payment or consent it is for.
    pub resource: R,
    /// Who may use it.
    pub partner_id: String,
    /// The certificate it is bound to.
    pub certificate_sha256: String,
    /// Hash of the access token.
    pub access_hash: String,
    /// Hash of the refresh token.
    pub refresh_hash: String,
    /// When the access token ends.
    pub access_expires_at: Timestamp,
    /// When the refresh token ends.
    pub refresh_expires_at: Timestamp,
}

/// One of the two tokens of a pair, as it is looked up.
#[derive(Clone, Copy, Debug)]
pub enum Hash<'a> {
    /// Of an access token.
    Access(&'a str),
    /// Of a refresh token.
    Refresh(&'a str),
}

/// What tokens are issued for, with the table of its pairs.
pub trait TokenResource: Copy + PartialEq + std::fmt::Display + Send + Sync + 'static {
    /// What it is called in the log.
    const KIND: &'static str;

    /// Stores a new pair.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    fn add(a: &mut Access<'_>, new: &NewPair<Self>, now: Timestamp) -> Result<(), StoreError>;

    /// The pair of a token's hash.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    fn find(a: &mut Access<'_>, hash: Hash<'_>) -> Result<Option<TokenPair<Self>>, StoreError>;

    /// Marks a pair as exchanged; `false` when somebody did so before.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    fn mark_used(a: &mut Access<'_>, id: &str, now: Timestamp) -> Result<bool, StoreError>;

    /// Revokes every pair for this.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    fn revoke_all(self, a: &mut Access<'_>, now: Timestamp) -> Result<(), StoreError>;
}

/// What is read of a row, in this order.
#[derive(Queryable)]
struct Row {
    id: String,
    resource: i64,
    partner_id: String,
    certificate_sha256: String,
    access_expires_at: Timestamp,
    refresh_expires_at: Timestamp,
    used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl Row {
    /// `None` where the number is no id.
    fn pair<R>(self, id: impl FnOnce(i64) -> Option<R>) -> Option<TokenPair<R>> {
        Some(TokenPair {
            id: self.id,
            resource: id(self.resource)?,
            partner_id: self.partner_id,
            certificate_sha256: self.certificate_sha256,
            access_expires_at: self.access_expires_at,
            refresh_expires_at: self.refresh_expires_at,
            used_at: self.used_at,
            revoked_at: self.revoked_at,
        })
    }
}

/// Diesel's tables are types, each with columns of its own: the same statements once for each of them.
macro_rules! pairs_in {
    ($table:ident, $column:ident, $id:ty, $kind:literal) => {
        impl TokenResource for $id {
            const KIND: &'static str = $kind;

            fn add(a: &mut Access<'_>, new: &NewPair<Self>, now: Timestamp) -> Result<(), StoreError> {
                use super::schema::$table as t;
                let row = (
                    t::id.eq(uuid::Uuid::now_v7().to_string()),
                    t::$column.eq(new.resource.number()),
                    t::partner_id.eq(&new.partner_id),
                    t::certificate_sha256.eq(&new.certificate_sha256),
                    t::access_hash.eq(&new.access_hash),
                    t::refresh_hash.eq(&new.refresh_hash),
                    t::access_expires_at.eq(new.access_expires_at),
                    t::refresh_expires_at.eq(new.refresh_expires_at),
                    t::created_at.eq(now),
                );
                diesel::insert_into(t::table).values(row).execute(a.conn)?;
                Ok(())
            }

            fn find(a: &mut Access<'_>, hash: Hash<'_>) -> Result<Option<TokenPair<Self>>, StoreError> {
                use super::schema::$table as t;
                let columns = (
                    t::id,
                    t::$column,
                    t::partner_id,
                    t::certificate_sha256,
                    t::access_expires_at,
                    t::refresh_expires_at,
                    t::used_at,
                    t::revoked_at,
                );
                let pairs = t::table.select(columns);
                let row: Option<Row> = match hash {
                    Hash::Access(hash) => pairs.filter(t::access_hash.eq(hash)).first(a.conn).optional()?,
                    Hash::Refresh(hash) => pairs.filter(t::refresh_hash.eq(hash)).first(a.conn).optional()?,
                };
                Ok(row.and_then(|row| row.pair(Self::from_number)))
            }

            fn mark_used(a: &mut Access<'_>, id: &str, now: Timestamp) -> Result<bool, StoreError> {
                use super::schema::$table as t;
                let unused = t::table
                    .filter(t::id.eq(id))
                    .filter(t::used_at.is_null())
                    .filter(t::revoked_at.is_null());
                Ok(diesel::update(unused).set(t::used_at.eq(now)).execute(a.conn)? == 1)
            }

            fn revoke_all(self, a: &mut Access<'_>, now: Timestamp) -> Result<(), StoreError> {
                use super::schema::$table as t;
                let live = t::table.filter(t::$column.eq(self.number())).filter(t::revoked_at.is_null());
                diesel::update(live).set(t::revoked_at.eq(now)).execute(a.conn)?;
                Ok(())
            }
        }
    };
}

pairs_in!(gateway_tokens, payment_id, PaymentId, "payment");
pairs_in!(consent_tokens, consent_id, ConsentId, "consent");
