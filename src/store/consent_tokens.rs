//! Gateway tokens for consents. A table of its own: a payment's token can never be taken for one of these, nor
//! the other way round.

use super::schema::consent_tokens as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::consent::ConsentId;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

/// A token pair.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = t)]
pub struct ConsentPair {
    /// Our own id.
    pub id: String,
    consent_id: i64,
    /// Who may use it.
    pub partner_id: String,
    /// The certificate it is bound to (RFC 8705), SHA-256, lower-case hexadecimal.
    pub certificate_sha256: String,
    access_hash: String,
    refresh_hash: String,
    /// When the access token ends.
    pub access_expires_at: Timestamp,
    /// When the refresh token ends.
    pub refresh_expires_at: Timestamp,
    /// When the refresh token was exchanged for the next pair.
    pub used_at: Option<Timestamp>,
    /// When the whole family was revoked.
    pub revoked_at: Option<Timestamp>,
    created_at: Timestamp,
}

/// A pair to be stored.
#[derive(Clone, Debug)]
pub struct NewConsentPair {
    /// The one consent it is for.
    pub consent: ConsentId,
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

impl ConsentPair {
    /// The one consent it is for.
    #[must_use]
    pub fn consent(&self) -> Option<ConsentId> {
        ConsentId::from_number(self.consent_id)
    }
}

/// Stores a new pair.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, new: &NewConsentPair, now: Timestamp) -> Result<(), StoreError> {
    let row = ConsentPair {
        id: uuid::Uuid::now_v7().to_string(),
        consent_id: new.consent.number(),
        partner_id: new.partner_id.clone(),
        certificate_sha256: new.certificate_sha256.clone(),
        access_hash: new.access_hash.clone(),
        refresh_hash: new.refresh_hash.clone(),
        access_expires_at: new.access_expires_at,
        refresh_expires_at: new.refresh_expires_at,
        used_at: None,
        revoked_at: None,
        created_at: now,
    };
    diesel::insert_into(t::table).values(&row).execute(a.conn)?;
    Ok(())
}

/// The pair of an access token's hash.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn by_access(a: &mut Access<'_>, hash: &str) -> Result<Option<ConsentPair>, StoreError> {
    Ok(t::table.filter(t::access_hash.eq(hash)).first(a.conn).optional()?)
}

/// The pair of a refresh token's hash.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn by_refresh(a: &mut Access<'_>, hash: &str) -> Result<Option<ConsentPair>, StoreError> {
    Ok(t::table.filter(t::refresh_hash.eq(hash)).first(a.conn).optional()?)
}

/// Marks a pair as exchanged; `false` when somebody did so before.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn mark_used(a: &mut Access<'_>, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let unused = t::table
        .filter(t::id.eq(id))
        .filter(t::used_at.is_null())
        .filter(t::revoked_at.is_null());
    Ok(diesel::update(unused).set(t::used_at.eq(now)).execute(a.conn)? == 1)
}

/// Revokes every pair of a consent.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn revoke_all(a: &mut Access<'_>, consent: ConsentId, now: Timestamp) -> Result<(), StoreError> {
    let live = t::table.filter(t::consent_id.eq(consent.number())).filter(t::revoked_at.is_null());
    diesel::update(live).set(t::revoked_at.eq(now)).execute(a.conn)?;
    Ok(())
}
