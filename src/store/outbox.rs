//! Messages to be sent, written in the transaction that makes them true.

use super::schema::outbox as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::PaymentId;
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};
use zeroize::Zeroizing;

/// A message to be stored.
#[derive(Clone)]
pub struct NewMessage {
    /// What it is about, e.g. `settled`.
    pub kind: &'static str,
    /// Stable: a second message with the same id is not stored again.
    pub message_id: String,
    /// The message as JSON; sealed at rest.
    pub payload: String,
}

impl std::fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMessage")
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    id: String,
    payment_id: Option<i64>,
    kind: String,
    message_id: String,
    payload_sealed: Vec<u8>,
    attempts: i32,
    due_at: Option<Timestamp>,
    version: i64,
    last_error: Option<String>,
    sent_at: Option<Timestamp>,
    created_at: Timestamp,
}

/// A message claimed for sending.
#[derive(Debug)]
pub struct Claimed {
    id: String,
    version: i64,
    /// How often it was tried before.
    pub attempts: i32,
    /// The message as JSON.
    pub payload: Zeroizing<String>,
}

/// How sending went.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The server took it.
    Sent,
    /// Try again then.
    Again(Timestamp, String),
    /// The server will never take it.
    GivenUp(String),
}

/// Adds a message, due at once; a message id that is there already is left as it is.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, payment: PaymentId, new: &NewMessage, now: Timestamp) -> Result<(), StoreError> {
    add_about(a, Some(payment), new, now)
}

/// Whether there is a message of this id, sent or not.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn is_known(a: &mut Access<'_>, message_id: &str) -> Result<bool, StoreError> {
    let known = t::table.filter(t::message_id.eq(message_id));
    Ok(known.count().get_result::<i64>(a.conn)? > 0)
}

/// As [`add`], about a payment or none.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add_about(a: &mut Access<'_>, payment: Option<PaymentId>, new: &NewMessage, now: Timestamp) -> Result<(), StoreError> {
    let id = uuid::Uuid::now_v7().to_string();
    let row = Row {
        payload_sealed: a.seal("outbox", "payload", &id, &new.payload),
        id,
        payment_id: payment.map(PaymentId::number),
        kind: new.kind.into(),
        message_id: new.message_id.clone(),
        attempts: 0,
        due_at: Some(now),
        version: 0,
        last_error: None,
        sent_at: None,
        created_at: now,
    };
    match a.try_insert("the message id", |conn| diesel::insert_into(t::table).values(&row).execute(conn)) {
        Err(StoreError::Taken(_)) => Ok(()),
        other => other,
    }
}

/// Ids of messages that are due, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn due(a: &mut Access<'_>, now: Timestamp, limit: i64) -> Result<Vec<String>, StoreError> {
    Ok(t::table
        .filter(t::due_at.le(now))
        .order(t::due_at)
        .limit(limit)
        .select(t::id)
        .load(a.conn)?)
}

/// Claims a due message until `until`; `None` when somebody else has it.
///
/// # Errors
/// [`StoreError`] of the database, also when the payload does not open.
pub fn claim(a: &mut Access<'_>, id: &str, now: Timestamp, until: Timestamp) -> Result<Option<Claimed>, StoreError> {
    let rows: Vec<Row> = t::table.filter(t::id.eq(id)).filter(t::due_at.le(now)).load(a.conn)?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mine = t::table.filter(t::id.eq(id)).filter(t::version.eq(row.version));
    // Counted when claimed: a message that kills its sender still runs out of tries.
    let set = (
        t::due_at.eq(until),
        t::version.eq(row.version + 1),
        t::attempts.eq(row.attempts + 1),
    );
    if diesel::update(mine).set(set).execute(a.conn)? == 0 {
        return Ok(None);
    }
    let payload = a.open("outbox", "payload", id, &row.payload_sealed)?;
    Ok(Some(Claimed {
        id: row.id,
        version: row.version + 1,
        attempts: row.attempts,
        payload,
    }))
}

/// Records how sending went; a claim that ran out and was taken over changes nothing.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn finish(a: &mut Access<'_>, claimed: &Claimed, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
    let (due, sent, error) = match outcome {
        Outcome::Sent => (None, Some(now), None),
        Outcome::Again(at, why) => (Some(*at), None, Some(why.as_str())),
        Outcome::GivenUp(why) => (None, None, Some(why.as_str())),
    };
    let mine = t::table.filter(t::id.eq(&claimed.id)).filter(t::version.eq(claimed.version));
    diesel::update(mine)
        .set((
            t::due_at.eq(due),
            t::sent_at.eq(sent),
            t::last_error.eq(error),
            t::version.eq(claimed.version + 1),
        ))
        .execute(a.conn)?;
    Ok(())
}

/// What became of a message.
#[derive(Clone, Debug, Queryable)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub kind: String,
    /// Its stable id.
    pub message_id: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When a server took it.
    pub sent_at: Option<Timestamp>,
    /// When it is tried next; none when it is not waiting to be sent.
    pub due_at: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// The messages of a payment, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_payment(a: &mut Access<'_>, payment: PaymentId) -> Result<Vec<Delivery>, StoreError> {
    let of = t::table.filter(t::payment_id.eq(payment.number())).order(t::created_at);
    let columns = (t::id, t::kind, t::message_id, t::attempts, t::sent_at, t::due_at, t::created_at);
    Ok(of.select(columns).load(a.conn)?)
}
