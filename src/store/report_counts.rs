//! What the figures of days are counted from, and the pass that keeps them: one node at a time finds the days
//! on which a payment has changed and counts those again.

use super::reports::{ALL, DayFigures, Figures, PASS, Row, month_of};
use super::schema::{payment_events as e, payment_instructions as i, payments as t, report_days as d, report_passes as p};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::transition::Event;
use crate::payment::{Currency, InstructionOutcome, Status};
use chrono::{Datelike as _, Days, Months, NaiveDate};
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use std::collections::{BTreeMap, HashMap};

/// A pass that nobody else makes now.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    version: i64,
    /// Up to which moment changes were counted before; `None` the first time.
    pub counted_until: Option<Timestamp>,
}

/// Whether a pass is due.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn is_due(a: &mut Access<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let due: Option<i64> = p::table
        .filter(p::name.eq(PASS))
        .filter(p::due_at.is_null().or(p::due_at.le(now)))
        .select(p::version)
        .first(a.conn)
        .optional()?;
    Ok(due.is_some())
}

/// Takes a pass that is due, until `until`; `None` when it is not due or another node has it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn begin(a: &mut Access<'_>, now: Timestamp, until: Timestamp) -> Result<Option<Pass>, StoreError> {
    let found: Option<(i64, Option<Timestamp>)> = p::table
        .filter(p::name.eq(PASS))
        .filter(p::due_at.is_null().or(p::due_at.le(now)))
        .select((p::version, p::counted_until))
        .first(a.conn)
        .optional()?;
    let Some((version, counted_until)) = found else { return Ok(None) };
    let mine = p::table.filter(p::name.eq(PASS)).filter(p::version.eq(version));
    let set = (p::version.eq(version + 1), p::due_at.eq(until));
    let taken = diesel::update(mine).set(set).execute(a.conn)? == 1;
    Ok(taken.then_some(Pass {
        version: version + 1,
        counted_until,
    }))
}

/// Holds the pass longer.
///
/// # Errors
/// [`StoreError::Conflict`] when another node has taken it over: nothing more may be written then.
pub fn hold(a: &mut Access<'_>, pass: Pass, until: Timestamp) -> Result<(), StoreError> {
    let mine = p::table.filter(p::name.eq(PASS)).filter(p::version.eq(pass.version));
    match diesel::update(mine).set(p::due_at.eq(until)).execute(a.conn)? {
        0 => Err(StoreError::Conflict),
        _ => Ok(()),
    }
}

/// Ends the pass: changes up to `counted_until` are counted, and the next pass is due at `due_at`.
///
/// # Errors
/// [`StoreError::Conflict`] when another node has taken it over.
pub fn end(a: &mut Access<'_>, pass: Pass, counted_until: Timestamp, due_at: Timestamp) -> Result<(), StoreError> {
    let mine = p::table.filter(p::name.eq(PASS)).filter(p::version.eq(pass.version));
    let set = (
        p::version.eq(pass.version + 1),
        p::counted_until.eq(counted_until),
        p::due_at.eq(due_at),
    );
    match diesel::update(mine).set(set).execute(a.conn)? {
        0 => Err(StoreError::Conflict),
        _ => Ok(()),
    }
}

/// A payment that has changed.
#[derive(Clone, Debug, diesel::Queryable)]
pub struct Changed {
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub partner_id: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Payments that changed last at `after.0` with a number above `after.1`, or later, but before `until`: by the
/// time of the change and number.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn changed(a: &mut Access<'_>, after: (Timestamp, i64), until: Timestamp, limit: i64) -> Result<Vec<Changed>, StoreError> {
    let (at, number) = after;
    Ok(t::table
        // The first condition is what the index is used for.
        .filter(t::updated_at.ge(at))
        .filter(t::updated_at.gt(at).or(t::id.gt(number)))
        .filter(t::updated_at.lt(until))
        .order((t::updated_at, t::id))
        .limit(limit)
        .select((t::updated_at, t::id, t::partner_id, t::created_at))
        .load(a.conn)?)
}

/// A payment as it is counted.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Its number.
    pub id: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// Where it stands; `None` when what is stored cannot be read.
    pub status: Option<Status>,
    /// The bank's code; empty where none was chosen.
    pub bank_code: String,
    /// Its currency.
    pub currency: Currency,
    /// The order's amount in minor units; `None` without an order.
    pub amount_minor: Option<i64>,
    /// What moved of a payment of which a part moved, in minor units.
    pub part_minor: i64,
    /// Whether somebody opened the page.
    pub opened: bool,
    /// The last state before it was abandoned.
    pub left_from: Option<Status>,
    /// When the order was last sent to a bank.
    pub sent_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

type CountedColumns = (
    i64,
    Timestamp,
    String,
    Option<String>,
    String,
    Option<i64>,
    Option<String>,
    Option<Timestamp>,
);

/// A partner's payments created from `from` to before `to`, after the one of `after`, by time and number.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn payments_of(
    a: &mut Access<'_>,
    partner_id: &str,
    (from, to): (Timestamp, Timestamp),
    after: i64,
    limit: i64,
) -> Result<Vec<Counted>, StoreError> {
    let rows: Vec<CountedColumns> = t::table
        .filter(t::partner_id.eq(partner_id))
        .filter(t::created_at.ge(from))
        .filter(t::created_at.gt(from).or(t::id.gt(after)))
        .filter(t::created_at.lt(to))
        .order((t::created_at, t::id))
        .limit(limit)
        .select((
            t::id,
            t::created_at,
            t::status,
            t::bank_code,
            t::currency,
            t::amount_minor,
            t::browser_hash,
            t::ended_at,
        ))
        .load(a.conn)?;
    let mut all: Vec<Counted> = rows.into_iter().map(counted).collect();
    add_events(a, &mut all)?;
    add_parts(a, &mut all)?;
    Ok(all)
}

/// One that cannot be read keeps the place of no currency of its own, and has no status.
fn counted(row: CountedColumns) -> Counted {
    let (id, created_at, status, bank_code, currency, amount_minor, browser_hash, ended_at) = row;
    let currency = Currency::from_code(&currency);
    let status = Status::parse(&status).filter(|_| currency.is_some());
    if status.is_none() {
        tracing::error!(payment = id, "a stored payment cannot be read, and is not counted");
    }
    Counted {
        id,
        created_at,
        status,
        bank_code: bank_code.unwrap_or_default(),
        currency: currency.unwrap_or(Currency::Ron),
        amount_minor,
        part_minor: 0,
        opened: browser_hash.is_some(),
        left_from: None,
        sent_at: None,
        ended_at,
    }
}

/// When they were sent, and from where they were abandoned.
fn add_events(a: &mut Access<'_>, all: &mut [Counted]) -> Result<(), StoreError> {
    let wanted: Vec<i64> = all
        .iter()
        .filter(|c| matches!(c.status, Some(Status::Settled | Status::Abandoned)))
        .map(|c| c.id)
        .collect();
    let words = [Event::SubmitStarted.as_str(), Event::PsuGaveUp.as_str(), Event::Expired.as_str()];
    let events: Vec<(i64, String, String, Timestamp)> = e::table
        .filter(e::payment_id.eq_any(wanted))
        .filter(e::event.eq_any(words))
        .order((e::payment_id, e::seq))
        .select((e::payment_id, e::event, e::from_status, e::at))
        .load(a.conn)?;
    let mut by_id: HashMap<i64, &mut Counted> = all.iter_mut().map(|c| (c.id, c)).collect();
    for (id, event, from, at) in events {
        let Some(payment) = by_id.get_mut(&id) else { continue };
        if event == Event::SubmitStarted.as_str() {
            payment.sent_at = Some(at);
        } else {
            payment.left_from = Status::parse(&from);
        }
    }
    Ok(())
}

/// What moved of those of which a part moved.
fn add_parts(a: &mut Access<'_>, all: &mut [Counted]) -> Result<(), StoreError> {
    let mut by_id: HashMap<i64, &mut Counted> = all
        .iter_mut()
        .filter(|c| c.status == Some(Status::PartlySettled))
        .map(|c| (c.id, c))
        .collect();
    let parts: Vec<(i64, i64, Option<String>)> = i::table
        .filter(i::payment_id.eq_any(by_id.keys().copied().collect::<Vec<_>>()))
        .select((i::payment_id, i::amount_minor, i::bank_word))
        .load(a.conn)?;
    for (id, minor, word) in parts {
        if let Some(payment) = by_id.get_mut(&id)
            && InstructionOutcome::of(word.as_deref()) == InstructionOutcome::Made
        {
            payment.part_minor = payment.part_minor.saturating_add(minor);
        }
    }
    Ok(())
}

/// Replaces the figures of a partner's day, and their sum over all banks. What that is a part of is added up by
/// [`add_up_day`] and [`add_up_month`].
///
/// # Errors
/// [`StoreError`] of the database.
pub fn replace(a: &mut Access<'_>, day: NaiveDate, partner_id: &str, all: &[DayFigures]) -> Result<(), StoreError> {
    let old = d::table.filter(d::day.eq(day.to_string())).filter(d::partner_id.eq(partner_id));
    diesel::delete(old).execute(a.conn)?;
    insert(a, &day.to_string(), all)?;
    insert(a, &day.to_string(), &added_up(all, |one| (one.partner_id.clone(), ALL.into())))
}

/// Adds up what all partners did on a day: at each bank, and in all.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add_up_day(a: &mut Access<'_>, day: NaiveDate) -> Result<(), StoreError> {
    let key = day.to_string();
    diesel::delete(d::table.filter(d::day.eq(&key)).filter(d::partner_id.eq(ALL))).execute(a.conn)?;
    let of_day = d::table.filter(d::day.eq(&key));
    let rows: Vec<Row> = of_day.filter(d::partner_id.ne(ALL)).filter(d::bank_code.ne(ALL)).load(a.conn)?;
    let everything = opened(rows)?;
    insert(a, &key, &added_up(&everything, |one| (ALL.into(), one.bank_code.clone())))?;
    insert(a, &key, &added_up(&everything, |_| (ALL.into(), ALL.into())))
}

/// Adds up the month that a day is in, of a partner over all banks; of no partner: of all partners at each bank.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add_up_month(a: &mut Access<'_>, day: NaiveDate, partner_id: Option<&str>) -> Result<(), StoreError> {
    let (month, partner) = (month_of(day), partner_id.unwrap_or(ALL));
    diesel::delete(d::table.filter(d::day.eq(&month)).filter(d::partner_id.eq(partner))).execute(a.conn)?;
    let first = day.with_day(1).unwrap_or(day);
    let last = first + Months::new(1) - Days::new(1);
    let rows = d::table.filter(d::partner_id.eq(partner)).filter(d::day.ge(first.to_string()));
    let rows = rows.filter(d::day.le(last.to_string()));
    let rows: Vec<Row> = match partner_id {
        Some(_) => rows.filter(d::bank_code.eq(ALL)).load(a.conn)?,
        None => rows.filter(d::bank_code.ne(ALL)).load(a.conn)?,
    };
    insert(
        a,
        &month,
        &added_up(&opened(rows)?, |one| (one.partner_id.clone(), one.bank_code.clone())),
    )
}

fn opened(rows: Vec<Row>) -> Result<Vec<DayFigures>, StoreError> {
    rows.into_iter().map(DayFigures::try_from).collect()
}

fn insert(a: &mut Access<'_>, day: &str, all: &[DayFigures]) -> Result<(), StoreError> {
    for one in all {
        diesel::insert_into(d::table).values(&Row::of(day, one)).execute(a.conn)?;
    }
    Ok(())
}

/// Sums by what `name` makes of partner and bank, and by currency.
fn added_up(all: &[DayFigures], name: impl Fn(&DayFigures) -> (String, String)) -> Vec<DayFigures> {
    let mut sums: BTreeMap<(String, String, &'static str), DayFigures> = BTreeMap::new();
    for one in all {
        let (partner_id, bank_code) = name(one);
        let sum = sums
            .entry((partner_id.clone(), bank_code.clone(), one.currency.code()))
            .or_insert_with(|| DayFigures {
                day: one.day,
                partner_id,
                bank_code,
                currency: one.currency,
                figures: Figures::default(),
            });
        sum.figures.add(&one.figures);
    }
    sums.into_values().collect()
}
