//! The history of a payment: one line for everything that happened to it. Lines are only ever added.

use super::payments::Payment;
use super::schema::payment_events as e;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::{PaymentId, Status};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};

/// One line of a payment's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// State before.
    pub from: Status,
    /// What happened.
    pub event: String,
    /// State after.
    pub to: Status,
    /// psu, partner, bank, clock or admin.
    pub actor: &'static str,
    /// The bank's word, where there was one.
    pub bank_word: Option<String>,
    /// Anything else worth knowing; no personal data.
    pub detail: Option<String>,
    /// The id by which the bank knows the call that this came from (`X-Request-ID`).
    pub request_id: Option<String>,
}

/// A stored history entry.
#[derive(Clone, Debug, Queryable, Insertable)]
// Without defaults diesel writes many rows in one statement.
#[diesel(table_name = e, treat_none_as_default_value = false)]
pub struct StoredEntry {
    payment_id: i64,
    /// Position in the history, from 1.
    pub seq: i32,
    /// State before.
    pub from_status: String,
    /// What happened.
    pub event: String,
    /// State after.
    pub to_status: String,
    /// Who did it.
    pub actor: String,
    /// The bank's word.
    pub bank_word: Option<String>,
    /// Anything else.
    pub detail: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The id by which the bank knows the call that this came from (`X-Request-ID`).
    pub request_id: Option<String>,
}

impl StoredEntry {
    fn new(id: PaymentId, seq: i32, entry: &Entry, at: Timestamp) -> Self {
        Self {
            payment_id: id.number(),
            seq,
            from_status: entry.from.as_str().into(),
            event: entry.event.clone(),
            to_status: entry.to.as_str().into(),
            actor: entry.actor.into(),
            bank_word: entry.bank_word.clone(),
            detail: entry.detail.clone(),
            at,
            request_id: entry.request_id.clone(),
        }
    }
}

/// The rows of a whole history.
pub(super) fn rows(payment: &Payment, history: &[(Timestamp, Entry)]) -> impl Iterator<Item = StoredEntry> {
    (1..)
        .zip(history)
        .map(|(seq, (at, entry))| StoredEntry::new(payment.id, seq, entry, *at))
}

/// Appends to the history, in the transaction that makes it true.
pub(super) fn append(a: &mut Access<'_>, id: PaymentId, entries: &[Entry], now: Timestamp) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let last: Option<i32> = e::table
        .filter(e::payment_id.eq(id.number()))
        .select(diesel::dsl::max(e::seq))
        .first(a.conn)?;
    for (seq, entry) in (last.unwrap_or(0) + 1..).zip(entries) {
        let row = StoredEntry::new(id, seq, entry, now);
        diesel::insert_into(e::table).values(&row).execute(a.conn)?;
    }
    Ok(())
}

/// The history of a payment, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of(a: &mut Access<'_>, id: PaymentId) -> Result<Vec<StoredEntry>, StoreError> {
    Ok(e::table.filter(e::payment_id.eq(id.number())).order(e::seq).load(a.conn)?)
}
