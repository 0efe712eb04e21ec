//! What statements are compared with: the instructions that an entry names, and those that were settled.

use super::connection::Conn;
use super::schema::{payment_instructions as i, payments as t};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::{InstructionOutcome, PaymentId, Status};
use crate::statement::matching::{Instruction, Standing};
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use std::collections::HashMap;

type Backend = <Conn as diesel::Connection>::Backend;

/// An instruction as it is compared.
#[derive(Clone, Debug)]
pub struct Booked {
    /// Which.
    pub instruction: Instruction,
    /// Minor units.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Where it stands.
    pub standing: Standing,
    /// Its end-to-end identification.
    pub end_to_end_id: String,
    /// The partner's own id of the payment.
    pub external_id: Option<String>,
    /// When the payment ended.
    pub ended_at: Option<Timestamp>,
}

/// By what payments are named.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// What may be an end-to-end identification.
    pub end_to_end: Vec<String>,
    /// What may be a payment's number.
    pub numbers: Vec<i64>,
    /// What may be a partner's own id.
    pub external: Vec<String>,
}

/// What may stand in one list of a query.
const BATCH: usize = 1000;
/// Payments of one partner's own id that are looked at: an id that everything has names nothing.
const MOST: i64 = 500;

/// The instructions of one partner's payments (or of all) that are named so.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn named(a: &mut Access<'_>, partner_id: Option<&str>, names: &Names) -> Result<Vec<Booked>, StoreError> {
    let mut ids: Vec<i64> = Vec::new();
    for some in names.end_to_end.chunks(BATCH) {
        let found: Vec<i64> = i::table.filter(i::end_to_end_id.eq_any(some)).select(i::payment_id).load(a.conn)?;
        ids.extend(found);
    }
    for some in names.external.chunks(BATCH) {
        let mut query = t::table.filter(t::external_payment_id.eq_any(some)).into_boxed::<Backend>();
        if let Some(partner) = partner_id {
            query = query.filter(t::partner_id.eq(partner));
        }
        let newest = query.order((t::created_at.desc(), t::id.desc())).limit(MOST);
        let found: Vec<i64> = newest.select(t::id).load(a.conn)?;
        ids.extend(found);
    }
    ids.extend(&names.numbers);
    ids.sort_unstable();
    ids.dedup();
    let mut all = Vec::new();
    for some in ids.chunks(BATCH) {
        all.extend(booked(a, partner_id, some)?);
    }
    Ok(all)
}

type PaymentColumns = (i64, String, String, Option<String>, Option<Timestamp>);

fn booked(a: &mut Access<'_>, partner_id: Option<&str>, ids: &[i64]) -> Result<Vec<Booked>, StoreError> {
    let mut query = t::table.filter(t::id.eq_any(ids)).into_boxed::<Backend>();
    if let Some(partner) = partner_id {
        query = query.filter(t::partner_id.eq(partner));
    }
    let rows: Vec<PaymentColumns> = query
        .select((t::id, t::status, t::currency, t::external_payment_id, t::ended_at))
        .load(a.conn)?;
    with_instructions(a, rows)
}

fn with_instructions(a: &mut Access<'_>, rows: Vec<PaymentColumns>) -> Result<Vec<Booked>, StoreError> {
    let payments: HashMap<i64, PaymentColumns> = rows.into_iter().map(|row| (row.0, row)).collect();
    let parts: Vec<(i64, i32, i64, String, Option<String>)> = i::table
        .filter(i::payment_id.eq_any(payments.keys().copied().collect::<Vec<_>>()))
        .order((i::payment_id, i::seq))
        .select((i::payment_id, i::seq, i::amount_minor, i::end_to_end_id, i::bank_word))
        .load(a.conn)?;
    let booked = |(payment, seq, minor, end_to_end_id, word): (i64, i32, i64, String, Option<String>)| {
        let (_, status, currency, external_id, ended_at) = payments.get(&payment)?;
        Some(Booked {
            instruction: (payment, seq),
            minor,
            currency: currency.clone(),
            standing: standing(status, word.as_deref()),
            end_to_end_id,
            external_id: external_id.clone(),
            ended_at: *ended_at,
        })
    };
    Ok(parts.into_iter().filter_map(booked).collect())
}

/// Whether the money of an instruction moved, as far as we know.
fn standing(status: &str, word: Option<&str>) -> Standing {
    match Status::parse(status) {
        Some(Status::Settled) => Standing::Settled,
        Some(Status::InDoubt) => Standing::InDoubt,
        Some(Status::PartlySettled) => match InstructionOutcome::of(word) {
            InstructionOutcome::Made => Standing::Settled,
            InstructionOutcome::Unknown => Standing::InDoubt,
            InstructionOutcome::NotMade => Standing::Otherwise,
        },
        _ => Standing::Otherwise,
    }
}

/// Instructions, and the place of the last payment they are of; none after the last.
pub type Page = (Vec<Booked>, Option<(Timestamp, i64)>);

/// Instructions of payments that ended from `from` to before `to`, after a place in that order, `limit` payments at a
/// time; with the place of the last.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn settled(
    a: &mut Access<'_>,
    partner_id: Option<&str>,
    (after, number): (Timestamp, i64),
    to: Timestamp,
    limit: i64,
) -> Result<Page, StoreError> {
    let mut query = t::table
        .filter(t::ended_at.ge(after))
        .filter(t::ended_at.gt(after).or(t::id.gt(number)))
        .filter(t::ended_at.lt(to))
        .filter(t::status.eq_any([Status::Settled.as_str(), Status::PartlySettled.as_str()]))
        .into_boxed::<Backend>();
    if let Some(partner) = partner_id {
        query = query.filter(t::partner_id.eq(partner));
    }
    let rows: Vec<PaymentColumns> = query
        .order((t::ended_at, t::id))
        .limit(limit)
        .select((t::id, t::status, t::currency, t::external_payment_id, t::ended_at))
        .load(a.conn)?;
    let last = rows.last().and_then(|row| Some((row.4?, row.0)));
    let mut all = with_instructions(a, rows)?;
    all.retain(|one| one.standing == Standing::Settled);
    Ok((all, last))
}

/// The creditor's account of an instruction; `None` once it was erased.
///
/// # Errors
/// [`StoreError`] of the database, also when it does not open.
pub fn creditor_iban(a: &mut Access<'_>, (number, seq): Instruction) -> Result<Option<String>, StoreError> {
    let sealed: Vec<u8> = i::table.find((number, seq)).select(i::creditor_iban_sealed).first(a.conn)?;
    let Some(id) = PaymentId::from_number(number) else {
        return Ok(None);
    };
    if sealed.is_empty() {
        return Ok(None);
    }
    let opened = a.open("payment_instructions", "creditor_iban", &format!("{id}/{seq}"), &sealed)?;
    Ok(Some(opened.to_string()))
}

/// Amount and currency of instructions, as they are known here.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn amounts(a: &mut Access<'_>, payments: &[i64]) -> Result<HashMap<Instruction, (i64, String)>, StoreError> {
    let currencies: Vec<(i64, String)> = t::table.filter(t::id.eq_any(payments)).select((t::id, t::currency)).load(a.conn)?;
    let currencies: HashMap<i64, String> = currencies.into_iter().collect();
    let parts: Vec<(i64, i32, i64)> = i::table
        .filter(i::payment_id.eq_any(payments))
        .select((i::payment_id, i::seq, i::amount_minor))
        .load(a.conn)?;
    let known = |(payment, seq, minor): (i64, i32, i64)| Some(((payment, seq), (minor, currencies.get(&payment)?.clone())));
    Ok(parts.into_iter().filter_map(known).collect())
}
