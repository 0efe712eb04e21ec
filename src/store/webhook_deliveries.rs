//! What is sent, or was sent, to partners' endpoints: one row an event and endpoint, written in the transaction that
//! makes the event true.
//!
//! **Invariant:** of one payment's events, an endpoint gets a later one only after the earlier ones were delivered or
//! given up. A row is in one sender's hands at a time: a lease, and a version that every change moves. The event's id
//! never changes, however often it is sent.

use super::schema::webhook_deliveries as t;
use super::webhook_endpoints::{self, Endpoint};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::PaymentId;
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _,
};
use zeroize::Zeroizing;

const TABLE: &str = "webhook_deliveries";

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    id: String,
    endpoint_id: String,
    payment_id: Option<i64>,
    event_id: String,
    kind: String,
    position: i32,
    payload_sealed: Option<Vec<u8>>,
    attempts: i32,
    due_at: Option<Timestamp>,
    lease_until: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    tried_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    status_code: Option<i32>,
    last_error: Option<String>,
    answer_sealed: Option<Vec<u8>>,
}

/// An event to be stored.
#[derive(Clone)]
pub struct NewEvent {
    /// Its id, the same in every copy that is sent.
    pub event_id: String,
    /// Its type.
    pub kind: &'static str,
    /// The payment it is about; none for a test.
    pub payment: Option<PaymentId>,
    /// The body that is sent, JSON; sealed at rest.
    pub payload: String,
}

impl std::fmt::Debug for NewEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewEvent")
            .field("event_id", &self.event_id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Adds an event for an endpoint, due at once or with the earlier events of its payment that wait there; answers the
/// id of the delivery. The caller holds the payment, so that nobody else adds an event of it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, endpoint_id: &str, event: &NewEvent, now: Timestamp) -> Result<String, StoreError> {
    let (mut position, mut due_at) = (1, now);
    if let Some(payment) = event.payment {
        let known = t::table
            .filter(t::payment_id.eq(payment.number()))
            .filter(t::endpoint_id.eq(endpoint_id));
        let last: Option<(i32, Option<Timestamp>)> = known
            .order(t::position.desc())
            .select((t::position, t::due_at))
            .first(a.conn)
            .optional()?;
        if let Some((last, waits)) = last {
            position = last + 1;
            due_at = due_at.max(waits.unwrap_or(now));
        }
    }
    let id = uuid::Uuid::now_v7().to_string();
    let row = Row {
        payload_sealed: Some(a.seal(TABLE, "payload", &id, &event.payload)),
        id: id.clone(),
        endpoint_id: endpoint_id.to_owned(),
        payment_id: event.payment.map(PaymentId::number),
        event_id: event.event_id.clone(),
        kind: event.kind.to_owned(),
        position,
        attempts: 0,
        due_at: Some(due_at),
        lease_until: None,
        version: 0,
        created_at: now,
        tried_at: None,
        delivered_at: None,
        status_code: None,
        last_error: None,
        answer_sealed: None,
    };
    diesel::insert_into(t::table).values(&row).execute(a.conn)?;
    Ok(id)
}

diesel::alias!(const EARLIER: Alias<Earlier> = t as earlier);

/// Ids of deliveries that are due and that nobody has in hand, oldest first, with their endpoints, but none of the
/// endpoints of `but`. What waits for an earlier event of its payment is not among them.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn due(a: &mut Access<'_>, now: Timestamp, limit: i64, but: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    let before = EARLIER
        .filter(EARLIER.field(t::endpoint_id).eq(t::endpoint_id))
        .filter(EARLIER.field(t::payment_id).eq(t::payment_id))
        .filter(EARLIER.field(t::position).lt(t::position))
        .filter(EARLIER.field(t::due_at).is_not_null());
    Ok(t::table
        .filter(t::due_at.le(now))
        .filter(t::lease_until.is_null().or(t::lease_until.le(now)))
        .filter(t::endpoint_id.ne_all(but))
        .filter(diesel::dsl::not(diesel::dsl::exists(before)))
        .order(t::due_at)
        .limit(limit)
        .select((t::id, t::endpoint_id))
        .load(a.conn)?)
}

/// A delivery in this sender's hands.
#[derive(Debug)]
pub struct Claimed {
    id: String,
    version: i64,
    position: i32,
    /// The payment it is about; none for a test.
    pub payment: Option<PaymentId>,
    /// How often it was tried before.
    pub attempts: i32,
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub kind: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// The body; none where it was erased.
    pub payload: Option<Zeroizing<String>>,
}

/// Claims a delivery that is due until `until`; `None` when somebody else has it, or it must wait.
///
/// # Errors
/// [`StoreError`] of the database, also when the payload does not open.
pub fn claim(a: &mut Access<'_>, id: &str, now: Timestamp, until: Timestamp) -> Result<Option<Claimed>, StoreError> {
    let free = t::lease_until.is_null().or(t::lease_until.le(now));
    let rows: Vec<Row> = t::table.filter(t::id.eq(id)).filter(t::due_at.le(now)).filter(free).load(a.conn)?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let before = t::table
        .filter(t::endpoint_id.eq(&row.endpoint_id))
        .filter(t::payment_id.eq(row.payment_id))
        .filter(t::position.lt(row.position))
        .filter(t::due_at.is_not_null());
    if row.payment_id.is_some() && before.count().get_result::<i64>(a.conn)? > 0 {
        return Ok(None);
    }
    let mine = t::table.filter(t::id.eq(id)).filter(t::version.eq(row.version));
    // Counted when claimed: an event that kills its sender is put off like one that fails.
    let set = (
        t::lease_until.eq(until),
        t::version.eq(row.version + 1),
        t::attempts.eq(row.attempts + 1),
    );
    if diesel::update(mine).set(set).execute(a.conn)? == 0 {
        return Ok(None);
    }
    let endpoint = webhook_endpoints::get(a, &row.endpoint_id)?;
    let endpoint = endpoint.ok_or_else(|| StoreError::Broken("a delivery has no endpoint".into()))?;
    let sealed = row.payload_sealed.as_deref();
    Ok(Some(Claimed {
        payload: sealed.map(|sealed| a.open(TABLE, "payload", id, sealed)).transpose()?,
        id: row.id,
        version: row.version + 1,
        position: row.position,
        payment: row.payment_id.and_then(PaymentId::from_number),
        attempts: row.attempts,
        event_id: row.event_id,
        kind: row.kind,
        created_at: row.created_at,
        endpoint,
    }))
}

/// How an attempt went.
#[derive(Clone)]
pub struct Attempt {
    /// The answer's status, where there was one.
    pub status_code: Option<u16>,
    /// What went wrong, in a word or two; `None` when it was delivered.
    pub error: Option<String>,
    /// The beginning of the answer. Hostile text.
    pub answer: String,
    /// When it is tried again; none when it was delivered or is given up.
    pub again_at: Option<Timestamp>,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt")
            .field("status_code", &self.status_code)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Records an attempt, and lets the later events of the payment wait as long as this one, or begin; whether it did. A
/// claim that ran out and was taken over changes nothing.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn finish(a: &mut Access<'_>, claimed: &Claimed, attempt: &Attempt, now: Timestamp) -> Result<bool, StoreError> {
    let sealed = (!attempt.answer.is_empty()).then(|| a.seal(TABLE, "answer", &claimed.id, &attempt.answer));
    let mine = t::table.filter(t::id.eq(&claimed.id)).filter(t::version.eq(claimed.version));
    let set = (
        t::due_at.eq(attempt.again_at),
        t::lease_until.eq(None::<Timestamp>),
        t::version.eq(claimed.version + 1),
        t::tried_at.eq(now),
        t::status_code.eq(attempt.status_code.map(i32::from)),
        t::last_error.eq(&attempt.error),
        t::answer_sealed.eq(sealed),
    );
    if diesel::update(mine).set(set).execute(a.conn)? == 0 {
        return Ok(false);
    }
    if attempt.error.is_none() {
        // The first time counts.
        let first = t::table.filter(t::id.eq(&claimed.id)).filter(t::delivered_at.is_null());
        diesel::update(first).set(t::delivered_at.eq(now)).execute(a.conn)?;
    }
    if let Some(payment) = claimed.payment {
        let later = t::table
            .filter(t::endpoint_id.eq(&claimed.endpoint.id))
            .filter(t::payment_id.eq(payment.number()))
            .filter(t::position.gt(claimed.position))
            .filter(t::due_at.is_not_null());
        let due_at = attempt.again_at.unwrap_or(now);
        diesel::update(later).set(t::due_at.eq(due_at)).execute(a.conn)?;
    }
    Ok(true)
}

/// Gives up whatever waits for an endpoint; answers how many.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn give_up_all(a: &mut Access<'_>, endpoint_id: &str, why: &str) -> Result<usize, StoreError> {
    let waiting = t::table.filter(t::endpoint_id.eq(endpoint_id)).filter(t::due_at.is_not_null());
    let set = (
        t::due_at.eq(None::<Timestamp>),
        t::lease_until.eq(None::<Timestamp>),
        t::last_error.eq(why),
        t::version.eq(t::version + 1),
    );
    Ok(diesel::update(waiting).set(set).execute(a.conn)?)
}

/// What came of asking for another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is due now.
    Due,
    /// It is being sent at this moment.
    Soon,
    /// It waits for an earlier event of its payment, or its endpoint is off.
    Waits,
    /// There is no such delivery, or its event was erased.
    Unknown,
}

/// Makes a delivery due now, whatever became of it before; answers its type, too. The id and the body stay.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn try_again(a: &mut Access<'_>, id: &str, payment: Option<PaymentId>, now: Timestamp) -> Result<(Again, String), StoreError> {
    let row: Option<Row> = t::table.find(id).first(a.conn).optional()?;
    let of_payment = |row: &Row| payment.is_none_or(|payment| row.payment_id == Some(payment.number()));
    let Some(row) = row.filter(|row| row.payload_sealed.is_some() && of_payment(row)) else {
        return Ok((Again::Unknown, String::new()));
    };
    let endpoint = webhook_endpoints::get(a, &row.endpoint_id)?;
    if !endpoint.is_some_and(|endpoint| endpoint.active) {
        return Ok((Again::Waits, row.kind));
    }
    if row.lease_until.is_some_and(|until| until > now) {
        return Ok((Again::Soon, row.kind));
    }
    let mine = t::table.filter(t::id.eq(id)).filter(t::version.eq(row.version));
    let changed = diesel::update(mine)
        .set((t::due_at.eq(now), t::version.eq(row.version + 1)))
        .execute(a.conn)?;
    Ok((if changed == 1 { Again::Due } else { Again::Soon }, row.kind))
}

/// A delivery as it is shown.
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Where it goes.
    pub endpoint_id: String,
    /// The payment it is about.
    pub payment: Option<PaymentId>,
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub kind: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is sent next.
    pub due_at: Option<Timestamp>,
    /// When it happened.
    pub created_at: Timestamp,
    /// When it was tried last.
    pub tried_at: Option<Timestamp>,
    /// When the endpoint took it first.
    pub delivered_at: Option<Timestamp>,
    /// The last answer's status.
    pub status_code: Option<i32>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// The body; none where it was erased.
    pub payload: Option<Zeroizing<String>>,
    /// The beginning of the last answer. Hostile text.
    pub answer: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listed")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

fn listed(a: &Access<'_>, row: Row) -> Listed {
    let open = |column, sealed: Option<Vec<u8>>| sealed.and_then(|sealed| a.open(TABLE, column, &row.id, &sealed).ok());
    Listed {
        payload: open("payload", row.payload_sealed),
        answer: open("answer", row.answer_sealed),
        endpoint_id: row.endpoint_id,
        payment: row.payment_id.and_then(PaymentId::from_number),
        event_id: row.event_id,
        kind: row.kind,
        attempts: row.attempts,
        due_at: row.due_at,
        created_at: row.created_at,
        tried_at: row.tried_at,
        delivered_at: row.delivered_at,
        status_code: row.status_code,
        last_error: row.last_error,
        id: row.id,
    }
}

/// The newest deliveries to these endpoints, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn newest(a: &mut Access<'_>, endpoints: &[String], limit: i64) -> Result<Vec<Listed>, StoreError> {
    let of = t::table.filter(t::endpoint_id.eq_any(endpoints));
    let rows: Vec<Row> = of.order((t::created_at.desc(), t::id.desc())).limit(limit).load(a.conn)?;
    Ok(rows.into_iter().map(|row| listed(a, row)).collect())
}

/// The deliveries about a payment, in the order of what happened, with their endpoints.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_payment(a: &mut Access<'_>, payment: PaymentId) -> Result<Vec<(Listed, Endpoint)>, StoreError> {
    let of = t::table.filter(t::payment_id.eq(payment.number()));
    let rows: Vec<Row> = of.order((t::created_at, t::endpoint_id, t::position)).load(a.conn)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(endpoint) = webhook_endpoints::get(a, &row.endpoint_id)? else {
            continue;
        };
        all.push((listed(a, row), endpoint));
    }
    Ok(all)
}

/// Erases what endpoints answered about a payment.
pub(super) fn erase_answers(a: &mut Access<'_>, payment: PaymentId) -> Result<(), StoreError> {
    let own = t::table.filter(t::payment_id.eq(payment.number()));
    diesel::update(own).set(t::answer_sealed.eq(None::<Vec<u8>>)).execute(a.conn)?;
    Ok(())
}

/// Erases what was sent about a payment; what waits is not sent any more.
pub(super) fn erase_events(a: &mut Access<'_>, payment: PaymentId) -> Result<(), StoreError> {
    let own = t::table.filter(t::payment_id.eq(payment.number()));
    let set = (
        t::payload_sealed.eq(None::<Vec<u8>>),
        t::due_at.eq(None::<Timestamp>),
        t::lease_until.eq(None::<Timestamp>),
        t::version.eq(t::version + 1),
    );
    diesel::update(own).set(set).execute(a.conn)?;
    Ok(())
}

/// Whether an endpoint has taken a delivery.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn was_delivered(a: &mut Access<'_>, id: &str) -> Result<bool, StoreError> {
    let taken = t::table.filter(t::id.eq(id)).filter(t::delivered_at.is_not_null());
    Ok(taken.count().get_result::<i64>(a.conn)? > 0)
}

/// Whose payment a delivery is about, or whose endpoint it tests.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn partner_of(a: &mut Access<'_>, id: &str) -> Result<Option<String>, StoreError> {
    let endpoint: Option<String> = t::table.find(id).select(t::endpoint_id).first(a.conn).optional()?;
    let Some(endpoint) = endpoint else { return Ok(None) };
    Ok(webhook_endpoints::get(a, &endpoint)?.map(|endpoint| endpoint.partner_id))
}
