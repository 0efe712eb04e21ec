//! What payers ask for about their own data. A payer is known by an e-mail address, by whose keyed hash payments are
//! found; they are opened page by page, in the order of their ids, by whoever does the work.

use super::schema::{payer_request_consents as c, payer_request_payments as p, payer_requests as t, payments};
use super::search_keys::{Person, candidates};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::consent::ConsentId;
use crate::payment::PaymentId;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

const TABLE: &str = "payer_requests";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// A copy of everything that is held (GDPR art. 15 and 20).
    Export,
    /// Erasure of what the law does not ask us to keep (art. 17).
    Erasure,
}

impl RequestKind {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Erasure => "erasure",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Export, Self::Erasure].into_iter().find(|k| k.as_str() == word)
    }
}

/// A request and how far it is.
#[derive(Clone)]
pub struct PayerRequest {
    /// Its id (UUID).
    pub id: String,
    /// What is asked for.
    pub kind: RequestKind,
    /// Whose data; gone when an erasure has ended, or an export is too old to be fetched.
    pub email: Option<String>,
    /// The id of the payment looked at last.
    pub after_payment: i64,
    /// Payments looked at.
    pub scanned: i64,
    /// Changes with every write.
    pub version: i64,
    /// When there is more to do.
    pub due_at: Option<Timestamp>,
    /// The user who entered it.
    pub requested_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was done.
    pub ended_at: Option<Timestamp>,
}

impl std::fmt::Debug for PayerRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PayerRequest")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    id: String,
    kind: String,
    email_sealed: Option<Vec<u8>>,
    state: String,
    after_payment: i64,
    scanned: i64,
    version: i64,
    due_at: Option<Timestamp>,
    requested_by: String,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl Row {
    fn open(self, a: &Access<'_>) -> Result<PayerRequest, StoreError> {
        let email = self
            .email_sealed
            .as_ref()
            .map(|s| a.open(TABLE, "email", &self.id, s))
            .transpose()?;
        let kind = RequestKind::parse(&self.kind);
        Ok(PayerRequest {
            kind: kind.ok_or_else(|| StoreError::Broken(format!("payer_requests.kind of {} is unreadable", self.id)))?,
            email: email.map(|text| text.to_string()),
            id: self.id,
            after_payment: self.after_payment,
            scanned: self.scanned,
            version: self.version,
            due_at: self.due_at,
            requested_by: self.requested_by,
            created_at: self.created_at,
            ended_at: self.ended_at,
        })
    }
}

/// Adds a request, due at once.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, kind: RequestKind, email: &str, by: &str, now: Timestamp) -> Result<String, StoreError> {
    let id = uuid::Uuid::now_v7().to_string();
    let row = Row {
        email_sealed: Some(a.seal(TABLE, "email", &id, email)),
        id: id.clone(),
        kind: kind.as_str().into(),
        state: "scanning".into(),
        after_payment: 0,
        scanned: 0,
        version: 0,
        due_at: Some(now),
        requested_by: by.into(),
        created_at: now,
        ended_at: None,
    };
    diesel::insert_into(t::table).values(&row).execute(a.conn)?;
    Ok(id)
}

/// A request.
///
/// # Errors
/// [`StoreError`] of the database, also when the address does not open.
pub fn get(a: &mut Access<'_>, id: &str) -> Result<Option<PayerRequest>, StoreError> {
    let row: Option<Row> = t::table.find(id).first(a.conn).optional()?;
    row.map(|row| row.open(a)).transpose()
}

/// The newest requests, at most 100.
///
/// # Errors
/// As [`get`].
pub fn newest(a: &mut Access<'_>) -> Result<Vec<PayerRequest>, StoreError> {
    let rows: Vec<Row> = t::table.order((t::created_at.desc(), t::id.desc())).limit(100).load(a.conn)?;
    rows.into_iter().map(|row| row.open(a)).collect()
}

/// Ids of requests for which there is more to do.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn due(a: &mut Access<'_>, now: Timestamp, limit: i64) -> Result<Vec<String>, StoreError> {
    let due = t::table.filter(t::due_at.le(now)).order(t::due_at).limit(limit);
    Ok(due.select(t::id).load(a.conn)?)
}

/// A page of payments after one of this id that may be of this address: the id of each, and its payer's address where it
/// has one.
///
/// # Errors
/// [`StoreError`] of the database, also when an address does not open.
pub fn page(a: &mut Access<'_>, email: &str, after: i64, limit: i64) -> Result<Vec<(i64, Option<String>)>, StoreError> {
    let numbers = candidates(a, &Person::Email(email.to_owned()), after, limit)?;
    let rows: Vec<(i64, Option<Vec<u8>>)> = payments::table
        .filter(payments::id.eq_any(numbers))
        .order(payments::id)
        .select((payments::id, payments::psu_email_sealed))
        .load(a.conn)?;
    let mut page = Vec::with_capacity(rows.len());
    for (number, sealed) in rows {
        let email = sealed
            .map(|s| a.open("payments", "psu_email", &number.to_string(), &s))
            .transpose()?;
        page.push((number, email.map(|text| text.to_string())));
    }
    Ok(page)
}

/// Notes how far a request is. One that has ended holds an address no longer than it needs to.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else did so first.
pub fn progress(a: &mut Access<'_>, read: &PayerRequest, after: i64, looked_at: i64, end: Option<Timestamp>) -> Result<(), StoreError> {
    let mine = t::table.filter(t::id.eq(&read.id)).filter(t::version.eq(read.version));
    let set = (
        t::after_payment.eq(after),
        t::scanned.eq(read.scanned + looked_at),
        t::version.eq(read.version + 1),
        t::ended_at.eq(end),
        t::due_at.eq(if end.is_some() { None } else { read.due_at }),
        t::state.eq(if end.is_some() { "done" } else { "scanning" }),
    );
    if diesel::update(mine).set(set).execute(a.conn)? == 0 {
        return Err(StoreError::Conflict);
    }
    if end.is_some() && read.kind == RequestKind::Erasure {
        forget(a, &read.id)?;
    }
    Ok(())
}

/// Forgets whose data a request was about.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn forget(a: &mut Access<'_>, id: &str) -> Result<(), StoreError> {
    diesel::update(t::table.find(id))
        .set((t::email_sealed.eq(None::<Vec<u8>>), t::version.eq(t::version + 1)))
        .execute(a.conn)?;
    Ok(())
}

/// Exports that ended before a moment and still hold an address.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn stale(a: &mut Access<'_>, ended_before: Timestamp) -> Result<Vec<String>, StoreError> {
    let old = t::table.filter(t::ended_at.lt(ended_before)).filter(t::email_sealed.is_not_null());
    Ok(old.select(t::id).load(a.conn)?)
}

/// A payment that a request found, and what became of its data.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = p)]
pub struct Found {
    /// The request.
    pub request_id: String,
    /// The payment's number.
    pub payment_id: i64,
    /// For an erasure: `erased`, `reduced` (the law keeps the rest), or `open` (it has not ended: nothing was erased).
    pub outcome: Option<String>,
    /// Until when the law keeps the rest.
    pub keep_until: Option<Timestamp>,
}

/// Notes a payment that was found.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add_found(a: &mut Access<'_>, found: &Found) -> Result<(), StoreError> {
    diesel::insert_into(p::table).values(found).execute(a.conn)?;
    Ok(())
}

/// The payments that a request found, by their ids.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn found(a: &mut Access<'_>, request_id: &str) -> Result<Vec<(Option<PaymentId>, Found)>, StoreError> {
    let rows: Vec<Found> = p::table.filter(p::request_id.eq(request_id)).order(p::payment_id).load(a.conn)?;
    Ok(rows.into_iter().map(|f| (PaymentId::from_number(f.payment_id), f)).collect())
}

/// How many payments a request found.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count_found(a: &mut Access<'_>, request_id: &str) -> Result<i64, StoreError> {
    Ok(p::table.filter(p::request_id.eq(request_id)).count().get_result(a.conn)?)
}

/// Notes a consent that a request found at a partner; one that is noted already stays as it is.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add_consent(a: &mut Access<'_>, request_id: &str, consent: ConsentId, outcome: Option<&str>) -> Result<(), StoreError> {
    let row = (
        c::request_id.eq(request_id),
        c::consent_id.eq(consent.number()),
        c::outcome.eq(outcome),
    );
    match a.try_insert("the consent", |conn| diesel::insert_into(c::table).values(row).execute(conn)) {
        Err(StoreError::Taken(_)) => Ok(()),
        other => other,
    }
}

/// Notes what became of a consent that was found.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_consent_outcome(a: &mut Access<'_>, request_id: &str, consent: ConsentId, outcome: &str) -> Result<(), StoreError> {
    diesel::update(c::table.find((request_id, consent.number())))
        .set(c::outcome.eq(outcome))
        .execute(a.conn)?;
    Ok(())
}

/// The consents that a request found, and what became of each: `ending` (it is ended first) or `erased`; nothing for
/// an export.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn found_consents(a: &mut Access<'_>, request_id: &str) -> Result<Vec<(ConsentId, Option<String>)>, StoreError> {
    let of = c::table.filter(c::request_id.eq(request_id)).order(c::consent_id);
    let rows: Vec<(i64, Option<String>)> = of.select((c::consent_id, c::outcome)).load(a.conn)?;
    let known = |(number, outcome): (i64, Option<String>)| Some((ConsentId::from_number(number)?, outcome));
    Ok(rows.into_iter().filter_map(known).collect())
}
