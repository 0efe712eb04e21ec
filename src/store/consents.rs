//! Consents: the row, the claim that lets one caller at a time use one (a refreshed token must never be lost),
//! and how often something was read.

use super::consent_row::Row;
use super::schema::{consent_reads as r, consents as t};
use super::{Access, StoreError, audit};
use crate::clock::Timestamp;
use crate::consent::{ConsentId, Event, Kind, Status};
use crate::payment::{Language, PaymentId};
use chrono::NaiveDate;
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};

/// A consent, opened.
#[derive(Clone)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// Whose it is.
    pub partner_id: String,
    /// The payment on whose page the PSU chooses an account; such a consent is ours, and no partner sees it.
    pub payment: Option<PaymentId>,
    /// Where it stands.
    pub status: Status,
    /// The bank's last word.
    pub bank_word: Option<String>,
    /// Why it was not given.
    pub reason: Option<String>,
    /// The bank; before the PSU has chosen one, what the partner proposed.
    pub bank_code: Option<String>,
    /// What it is for.
    pub kind: Kind,
    /// Read again without the PSU, or once only.
    pub recurring: bool,
    /// The last day on which it is good.
    pub valid_until: Option<NaiveDate>,
    /// Hash of the accepted initConsent.
    pub request_hash: Option<String>,
    /// The secret in the PSU's link.
    pub link_state: Option<String>,
    /// Where the PSU goes back to.
    pub redirect_url: Option<String>,
    /// The language of the page.
    pub language: Option<Language>,
    /// The PSU's id at the partner.
    pub psu_id_at_partner: Option<String>,
    /// Hash of the browser the link is bound to.
    pub browser_hash: Option<String>,
    /// Hash of the value that comes back from the bank with the PSU.
    pub callback_hash: Option<String>,
    /// The connector's session, as JSON; there is none once the consent is also over at the bank.
    pub session: Option<String>,
    /// What the PSU must do now, as JSON.
    pub psu_step: Option<String>,
    /// What the payment's page keeps meanwhile, as JSON.
    pub page: Option<String>,
    /// A word for the page: why the last attempt came to nothing.
    pub notice: Option<String>,
    /// How often a bank was asked for it.
    pub attempts: i32,
    /// How often the timer looked since it last moved.
    pub polls: i32,
    /// Changes with every write.
    pub version: i64,
    /// Until when somebody uses it.
    pub lease_until: Option<Timestamp>,
    /// When the worker must look at it.
    pub due_at: Option<Timestamp>,
    /// When the link is given up.
    pub expires_at: Timestamp,
    /// When the token was issued.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl std::fmt::Debug for Consent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consent")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Consent {
    /// Whether somebody uses it right now.
    #[must_use]
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.lease_until.is_some_and(|until| until > now)
    }
}

/// A move of a consent, for the audit log.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// What happened.
    pub event: Event,
    /// The state that followed.
    pub to: Status,
    /// psu, partner, bank or clock.
    pub actor: &'static str,
}

/// Adds a consent.
///
/// # Errors
/// [`StoreError::Taken`] when the id is.
pub fn add(a: &mut Access<'_>, consent: &Consent) -> Result<(), StoreError> {
    let row = Row::seal(a, consent);
    a.try_insert("the consent id", |conn| diesel::insert_into(t::table).values(&row).execute(conn))
}

/// The consent of an id.
///
/// # Errors
/// [`StoreError`] of the database, also when a sealed column does not open.
pub fn get(a: &mut Access<'_>, id: ConsentId) -> Result<Option<Consent>, StoreError> {
    let row: Option<Row> = t::table.find(id.number()).first(a.conn).optional()?;
    row.map(|row| row.open(a)).transpose()
}

/// The consent that waits for this return from the bank.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn by_callback(a: &mut Access<'_>, hash: &str) -> Result<Option<ConsentId>, StoreError> {
    let number: Option<i64> = t::table.filter(t::callback_hash.eq(hash)).select(t::id).first(a.conn).optional()?;
    Ok(number.and_then(ConsentId::from_number))
}

/// The newest consent by which the PSU chooses an account for a payment.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn newest_for(a: &mut Access<'_>, payment: PaymentId) -> Result<Option<Consent>, StoreError> {
    let of = t::table.filter(t::payment_id.eq(payment.number()));
    let row: Option<Row> = of.order((t::created_at.desc(), t::id.desc())).first(a.conn).optional()?;
    row.map(|row| row.open(a)).transpose()
}

/// Status, beginning and end of each consent that the PSU was asked for on a payment's page, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_payment(a: &mut Access<'_>, payment: PaymentId) -> Result<Vec<(String, Timestamp, Option<Timestamp>)>, StoreError> {
    let of = t::table.filter(t::payment_id.eq(payment.number())).order(t::created_at);
    Ok(of.select((t::status, t::created_at, t::ended_at)).load(a.conn)?)
}

/// How many consents the PSU was asked for on a payment's page.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count_for(a: &mut Access<'_>, payment: PaymentId) -> Result<i64, StoreError> {
    Ok(t::table.filter(t::payment_id.eq(payment.number())).count().get_result(a.conn)?)
}

/// Takes the lease until `until`.
///
/// # Errors
/// [`StoreError::Busy`] while somebody else holds it, [`StoreError::Conflict`] when the consent has changed
/// since it was read.
pub fn claim(a: &mut Access<'_>, read: Consent, now: Timestamp, until: Timestamp) -> Result<Consent, StoreError> {
    if read.is_leased(now) {
        return Err(StoreError::Busy);
    }
    let mine = t::table.filter(t::id.eq(read.id.number())).filter(t::version.eq(read.version));
    let set = (t::version.eq(read.version + 1), t::lease_until.eq(until));
    if diesel::update(mine).set(set).execute(a.conn)? == 0 {
        return Err(StoreError::Conflict);
    }
    Ok(Consent {
        version: read.version + 1,
        lease_until: Some(until),
        ..read
    })
}

/// Writes a consent as it is in memory, with its moves in the audit log, and releases the lease unless
/// `keep_lease`.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else wrote in between; nothing is written then.
pub fn save(a: &mut Access<'_>, consent: &Consent, moves: &[Move], now: Timestamp, keep_lease: bool) -> Result<Consent, StoreError> {
    let mut next = consent.clone();
    next.version += 1;
    next.updated_at = now;
    if !keep_lease {
        next.lease_until = None;
    }
    let row = Row::seal(a, &next);
    let mine = t::table
        .filter(t::id.eq(consent.id.number()))
        .filter(t::version.eq(consent.version));
    if diesel::update(mine).set(&row).execute(a.conn)? == 0 {
        return Err(StoreError::Conflict);
    }
    for one in moves {
        let action = format!("consent_{}", one.event.as_str());
        audit::add(a, now, one.actor, &action, Some(&consent.id.to_string()), Some(one.to.as_str()))?;
    }
    Ok(next)
}

/// Binds a consent's link to a browser; `false` when it is bound already.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn bind_browser(a: &mut Access<'_>, id: ConsentId, browser_hash: &str) -> Result<bool, StoreError> {
    let unbound = t::table.filter(t::id.eq(id.number())).filter(t::browser_hash.is_null());
    // The version moves too: a writer that read the consent unbound must not write that back.
    let set = (t::browser_hash.eq(browser_hash), t::version.eq(t::version + 1));
    Ok(diesel::update(unbound).set(set).execute(a.conn)? == 1)
}

/// Ids of the newest consents.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn newest(a: &mut Access<'_>, limit: i64) -> Result<Vec<ConsentId>, StoreError> {
    let numbers: Vec<i64> = t::table.order(t::created_at.desc()).limit(limit).select(t::id).load(a.conn)?;
    Ok(numbers.into_iter().filter_map(ConsentId::from_number).collect())
}

/// Counts one more reading of a resource on a day; `false` when it has been read `most` times already.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count_read(a: &mut Access<'_>, id: ConsentId, day: NaiveDate, resource: &str, most: i32) -> Result<bool, StoreError> {
    let (number, day) = (id.number(), day.to_string());
    let inserted = a.try_insert("the reading", |conn| {
        diesel::insert_into(r::table)
            .values((r::consent_id.eq(number), r::day.eq(&day), r::resource.eq(resource), r::reads.eq(1)))
            .execute(conn)
    });
    match inserted {
        Ok(()) => return Ok(true),
        Err(StoreError::Taken(_)) => {}
        Err(other) => return Err(other),
    }
    let left = r::table.find((number, &day, resource)).filter(r::reads.lt(most));
    Ok(diesel::update(left).set(r::reads.eq(r::reads + 1)).execute(a.conn)? == 1)
}

/// Takes a counted reading back: the bank was not reached.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn uncount_read(a: &mut Access<'_>, id: ConsentId, day: NaiveDate, resource: &str) -> Result<(), StoreError> {
    let counted = r::table.find((id.number(), day.to_string(), resource)).filter(r::reads.gt(0));
    diesel::update(counted).set(r::reads.eq(r::reads - 1)).execute(a.conn)?;
    Ok(())
}
