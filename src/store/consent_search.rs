//! Consents as people look for them: lists of the back office, and those of one payer.

use super::connection::Conn;
use super::consent_row::Row;
use super::consents::Consent;
use super::schema::{consent_reads as r, consents as t};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::consent::{ConsentId, Status};
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};

/// Which consents are listed; every condition must be fulfilled.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those that stand there.
    pub status: Option<Status>,
    /// Those of this partner.
    pub partner_id: Option<String>,
    /// Those at this bank.
    pub bank_code: Option<String>,
    /// Those older than this one.
    pub before: Option<ConsentId>,
}

/// Consents of a filter, newest first, at most `limit`.
///
/// # Errors
/// [`StoreError`] of the database, also when a sealed column does not open.
pub fn list(a: &mut Access<'_>, filter: &Filter, limit: i64) -> Result<Vec<Consent>, StoreError> {
    type Backend = <Conn as diesel::Connection>::Backend;
    let mut wanted = t::table.into_boxed::<Backend>();
    if let Some(status) = filter.status {
        wanted = wanted.filter(t::status.eq(status.as_str()));
    }
    if let Some(partner) = &filter.partner_id {
        wanted = wanted.filter(t::partner_id.eq(partner));
    }
    if let Some(bank) = &filter.bank_code {
        wanted = wanted.filter(t::bank_code.eq(bank));
    }
    if let Some(id) = filter.before {
        let place: Option<Timestamp> = t::table.find(id.number()).select(t::created_at).first(a.conn).optional()?;
        if let Some(at) = place {
            let older = t::created_at.lt(at).or(t::created_at.eq(at).and(t::id.lt(id.number())));
            wanted = wanted.filter(older);
        }
    }
    let rows: Vec<Row> = wanted.order((t::created_at.desc(), t::id.desc())).limit(limit).load(a.conn)?;
    rows.into_iter().map(|row| row.open(a)).collect()
}

/// The last day on which something was read under a consent, as `YYYY-MM-DD`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn last_read(a: &mut Access<'_>, id: ConsentId) -> Result<Option<String>, StoreError> {
    let days = r::table.filter(r::consent_id.eq(id.number())).filter(r::reads.gt(0));
    Ok(days.order(r::day.desc()).select(r::day).first(a.conn).optional()?)
}

/// How often something was read under a consent, on all days.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn reads(a: &mut Access<'_>, id: ConsentId) -> Result<i64, StoreError> {
    let all: Vec<i32> = r::table.filter(r::consent_id.eq(id.number())).select(r::reads).load(a.conn)?;
    Ok(all.into_iter().map(i64::from).sum())
}

/// The blind index of a payer's id at a partner.
pub(super) fn psu_key(a: &Access<'_>, partner_id: &str, psu_id: &str) -> i64 {
    a.vault.blind_index("consent of a PSU", &format!("{partner_id}|{psu_id}"))
}

/// The consents that a payer gave a partner, oldest first; known by the payer's id there. Those given us for a payment go
/// with the payment.
///
/// # Errors
/// As [`list`].
pub fn of_psu(a: &mut Access<'_>, partner_id: &str, psu_id: &str) -> Result<Vec<Consent>, StoreError> {
    let key = psu_key(a, partner_id, psu_id);
    // Rows from before there was a key are opened; each gets one when it next changes.
    let not_yet = t::psu_key.is_null().and(t::psu_id_at_partner_sealed.is_not_null());
    let theirs = t::table.filter(t::partner_id.eq(partner_id)).filter(t::payment_id.is_null());
    let of = theirs.filter(t::psu_key.eq(key).or(not_yet));
    let rows: Vec<Row> = of.order((t::created_at, t::id)).load(a.conn)?;
    let mut found = Vec::new();
    for row in rows {
        let consent = row.open(a)?;
        if consent.psu_id_at_partner.as_deref() == Some(psu_id) {
            found.push(consent);
        }
    }
    Ok(found)
}

/// Erases whose a consent was, when it has ended. Which partner, bank and state stays; so does the session while the
/// bank is still to be told. `false` when it has not ended.
///
/// # Errors
/// [`StoreError::Conflict`] while somebody acts on it.
pub fn erase(a: &mut Access<'_>, id: ConsentId, now: Timestamp) -> Result<bool, StoreError> {
    let known: Option<(Option<Timestamp>, Option<Timestamp>)> = t::table
        .find(id.number())
        .select((t::ended_at, t::lease_until))
        .first(a.conn)
        .optional()?;
    let Some((Some(_), lease)) = known else { return Ok(false) };
    if lease.is_some_and(|until| until > now) {
        return Err(StoreError::Conflict);
    }
    let (nothing, no_text) = (None::<Vec<u8>>, None::<String>);
    let set = (
        t::link_state_sealed.eq(&nothing),
        t::psu_id_at_partner_sealed.eq(&nothing),
        t::psu_key.eq(None::<i64>),
        t::psu_step_sealed.eq(&nothing),
        t::page_sealed.eq(&nothing),
        t::browser_hash.eq(&no_text),
        t::callback_hash.eq(&no_text),
        t::request_hash.eq(&no_text),
        t::redirect_url.eq(&no_text),
        t::version.eq(t::version + 1),
    );
    diesel::update(t::table.find(id.number())).set(set).execute(a.conn)?;
    Ok(true)
}
