//! The certificates a partner may call with: at most two at a time, so that the next one works before the last
//! one ends. The partner's own row names one of them ([`super::partners`]); it may also name one that was never
//! uploaded here, whose end is not known.

use super::schema::{partner_certificates as t, partners};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::partner::{CertificateFacts, Partner, PeerCertificate};
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

/// A certificate as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = t)]
pub struct StoredCertificate {
    /// SHA-256 of the DER encoding, lower-case hexadecimal.
    pub sha256: String,
    /// Whose it is.
    pub partner_id: String,
    /// Subject (RFC 4514 string).
    pub subject: String,
    /// Issuer (RFC 4514 string).
    pub issuer: String,
    /// Kind and size of its key, as people name it.
    pub key_kind: String,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// When it was added here.
    pub added_at: Timestamp,
    /// From when on it is not accepted any more.
    pub removed_at: Option<Timestamp>,
}

/// Adds a certificate, or puts one back that was removed.
///
/// # Errors
/// [`StoreError::Taken`] when it is another partner's, or this one's already.
pub fn add(a: &mut Access<'_>, certificate: &StoredCertificate) -> Result<(), StoreError> {
    let before = t::table.find((&certificate.partner_id, &certificate.sha256));
    diesel::delete(before.filter(t::removed_at.is_not_null())).execute(a.conn)?;
    a.try_insert("the certificate", |conn| {
        diesel::insert_into(t::table).values(certificate).execute(conn)
    })
}

/// A partner's certificates that are accepted, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn live(a: &mut Access<'_>, partner_id: &str) -> Result<Vec<StoredCertificate>, StoreError> {
    let of = t::table.filter(t::partner_id.eq(partner_id)).filter(t::removed_at.is_null());
    Ok(of.order((t::added_at, t::sha256)).load(a.conn)?)
}

/// Stops accepting a certificate; `false` when it is not accepted anyway.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn remove(a: &mut Access<'_>, partner_id: &str, sha256: &str, now: Timestamp) -> Result<bool, StoreError> {
    let of = t::table.find((partner_id, sha256)).filter(t::removed_at.is_null());
    Ok(diesel::update(of).set(t::removed_at.eq(now)).execute(a.conn)? == 1)
}

/// Whether a partner may call with this certificate. A pinned one is recognised without a look at the table.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn accepts(a: &mut Access<'_>, partner: &Partner, peer: &PeerCertificate) -> Result<bool, StoreError> {
    let named = peer.belongs_to(partner);
    if named && partner.certificate_sha256.is_some() {
        return Ok(true);
    }
    let known = t::table.find((&partner.id, &peer.sha256)).select(t::removed_at);
    let removed_at: Option<Option<Timestamp>> = known.first(a.conn).optional()?;
    // One that was removed is not let in again by its subject and issuer.
    Ok(removed_at.map_or(named, |removed_at| removed_at.is_none()))
}

/// The partner that may call with this certificate.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn partner_of(a: &mut Access<'_>, peer: &PeerCertificate) -> Result<Option<Partner>, StoreError> {
    let live = t::table.filter(t::sha256.eq(&peer.sha256)).filter(t::removed_at.is_null());
    let id: Option<String> = live.select(t::partner_id).first(a.conn).optional()?;
    let found = match id {
        Some(id) => super::partners::get(a, &id)?,
        None => super::partners::by_certificate(a, &peer.issuer, &peer.subject)?,
    };
    match found {
        Some(partner) if accepts(a, &partner, peer)? => Ok(Some(partner)),
        _ => Ok(None),
    }
}

/// Whether another partner calls with this certificate, or its row names one of the same subject and issuer.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn is_of_another(a: &mut Access<'_>, partner_id: &str, facts: &CertificateFacts) -> Result<bool, StoreError> {
    let named = super::partners::by_certificate(a, &facts.issuer, &facts.subject)?;
    let live = t::table.filter(t::sha256.eq(&facts.sha256)).filter(t::removed_at.is_null());
    let holder: Option<String> = live.select(t::partner_id).first(a.conn).optional()?;
    let others = named.map(|p| p.id).into_iter().chain(holder);
    Ok(others.into_iter().any(|id| id != partner_id))
}

/// Makes a partner's own row name this certificate and no other.
///
/// # Errors
/// [`StoreError::Conflict`] when another partner's row names one of the same subject and issuer.
pub fn name_in_profile(a: &mut Access<'_>, partner_id: &str, certificate: &StoredCertificate) -> Result<(), StoreError> {
    let others = partners::table
        .filter(partners::id.ne(partner_id))
        .filter(partners::certificate_issuer.eq(&certificate.issuer))
        .filter(partners::certificate_subject.eq(&certificate.subject));
    if others.count().get_result::<i64>(a.conn)? > 0 {
        return Err(StoreError::Conflict);
    }
    let set = (
        partners::certificate_subject.eq(&certificate.subject),
        partners::certificate_issuer.eq(&certificate.issuer),
        partners::certificate_sha256.eq(&certificate.sha256),
    );
    diesel::update(partners::table.find(partner_id)).set(set).execute(a.conn)?;
    Ok(())
}

/// Accepted certificates that end before `until`, with their partner's name, the first to end first, at most 200.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn ending(a: &mut Access<'_>, until: Timestamp) -> Result<Vec<(StoredCertificate, String)>, StoreError> {
    let live = t::table.filter(t::removed_at.is_null()).filter(t::not_after.lt(until));
    let rows: Vec<StoredCertificate> = live.order(t::not_after).limit(200).load(a.conn)?;
    let mut named = Vec::with_capacity(rows.len());
    for row in rows {
        let name: Option<String> = partners::table
            .find(&row.partner_id)
            .select(partners::name)
            .first(a.conn)
            .optional()?;
        named.push((row, name.unwrap_or_default()));
    }
    Ok(named)
}
