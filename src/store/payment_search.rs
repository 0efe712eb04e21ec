//! Payments that somebody looks for: one page at a time, newest first, by a place in the list that new payments
//! do not move (keyset paging).
//!
//! Each condition has an index that ends in the time and the id, so a page of one condition is read off its
//! index. Where several meet, or a range of amounts, the rarest is looked for first: if few payments fulfil it,
//! only those are compared; if many fulfil each, a page of them all is soon full by going through the newest, of the
//! partner or bank where one is asked for: their indexes hold the other conditions' columns too.

use super::connection::Conn;
use super::schema::partners;
use super::schema::payment_instructions as i;
use super::schema::payment_search_keys as k;
use super::schema::payments as t;
use super::search_keys::{Person, micros};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::{Amount, Currency, PaymentId, Status};
use diesel::dsl::{IntoBoxed, Select};
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _, TextExpressionMethods as _};
use std::collections::HashMap;

/// Payments that fulfil one condition are few up to this number.
const FEW: i64 = 2000;
/// How many payments of a person are compared with the other conditions at a time.
const CHUNK: i64 = 1000;

/// What is looked for; every condition must be fulfilled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// This payment.
    pub id: Option<PaymentId>,
    /// The partner's own id.
    pub external_id: Option<String>,
    /// Of this partner.
    pub partner_id: Option<String>,
    /// At this bank.
    pub bank_code: Option<String>,
    /// In this state.
    pub status: Option<Status>,
    /// At least so much, in minor units.
    pub from_minor: Option<i64>,
    /// At most so much, in minor units.
    pub to_minor: Option<i64>,
    /// Created then or later.
    pub created_from: Option<Timestamp>,
    /// Created earlier.
    pub created_before: Option<Timestamp>,
    /// Of or to this person.
    pub person: Option<Person>,
}

/// A place in the list: that of one payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// When the payment was created.
    pub created_at: Timestamp,
    /// Its id.
    pub id: PaymentId,
}

/// From where on, and which way, the list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The newest payments.
    Top,
    /// Those after this place: older ones.
    After(Place),
    /// Those before this place: newer ones, next to it.
    Before(Place),
}

type Backend = <Conn as diesel::Connection>::Backend;
type Wanted<'a> = IntoBoxed<'a, Select<t::table, (t::created_at, t::id)>, Backend>;
type Found = Vec<(Timestamp, i64)>;

/// The payments of a filter, at most `limit`, newest first whichever way they are read.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn find(a: &mut Access<'_>, filter: &Filter, from: From, limit: i64) -> Result<Vec<Place>, StoreError> {
    find_where_few_are(a, filter, from, limit, FEW)
}

/// The same with another idea of how many are few: whatever it is, the same payments are found.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn find_where_few_are(a: &mut Access<'_>, filter: &Filter, from: From, limit: i64, most: i64) -> Result<Vec<Place>, StoreError> {
    let mut found = match &filter.person {
        Some(person) => of_person(a, filter, person.key(a), from, limit)?,
        None => match way(a, filter, most)? {
            Way::Among(ids) if ids.is_empty() => Vec::new(),
            way => in_order(matching(filter, &way), from).limit(limit).load(a.conn)?,
        },
    };
    if matches!(from, From::Before(_)) {
        found.reverse();
    }
    let place = |(created_at, id)| PaymentId::from_number(id).map(|id| Place { created_at, id });
    Ok(found.into_iter().filter_map(place).collect())
}

/// How payments are looked for.
enum Way {
    /// Among these.
    Among(Vec<i64>),
    /// By the index of the partner, which holds the other columns.
    OfPartner,
    /// By the index of the bank, which holds all but the partner.
    OfBank,
    /// By the index of the one condition, or by time.
    AsItIs,
}

/// The conditions but that of a person.
fn matching<'a>(filter: &'a Filter, way: &'a Way) -> Wanted<'a> {
    let mut wanted = t::table.select((t::created_at, t::id)).into_boxed::<Backend>();
    if let Way::Among(ids) = way {
        wanted = wanted.filter(t::id.eq_any(ids));
    }
    if let Some(id) = filter.id {
        wanted = wanted.filter(t::id.eq(id.number()));
    }
    if let Some(external) = &filter.external_id {
        wanted = wanted.filter(t::external_payment_id.eq(external));
    }
    if let Some(partner) = &filter.partner_id {
        wanted = wanted.filter(t::partner_id.eq(partner));
    }
    // What is appended, or added, to a column keeps the database from going by the index of that column.
    if let Some(bank) = &filter.bank_code {
        wanted = match way {
            Way::OfPartner => wanted.filter(t::bank_code.concat("").eq(bank)),
            _ => wanted.filter(t::bank_code.eq(bank)),
        };
    }
    if let Some(status) = filter.status {
        wanted = match way {
            Way::OfPartner | Way::OfBank => wanted.filter(t::status.concat("").eq(status.as_str())),
            _ => wanted.filter(t::status.eq(status.as_str())),
        };
    }
    if let Some(from) = filter.created_from {
        wanted = wanted.filter(t::created_at.ge(from));
    }
    if let Some(before) = filter.created_before {
        wanted = wanted.filter(t::created_at.lt(before));
    }
    match (filter.from_minor, filter.to_minor, way) {
        (Some(from), Some(to), Way::AsItIs | Way::Among(_)) if from == to => wanted.filter(t::amount_minor.eq(from)),
        (Some(from), Some(to), _) => wanted.filter((t::amount_minor + 0).between(from, to)),
        (Some(from), None, _) => wanted.filter((t::amount_minor + 0).ge(from)),
        (None, Some(to), _) => wanted.filter((t::amount_minor + 0).le(to)),
        (None, None, _) => wanted,
    }
}

fn in_order(wanted: Wanted<'_>, from: From) -> Wanted<'_> {
    match from {
        From::Top => wanted.order((t::created_at.desc(), t::id.desc())),
        From::After(Place { created_at, id }) => wanted
            .filter(t::created_at.le(created_at))
            .filter(t::created_at.lt(created_at).or(t::id.lt(id.number())))
            .order((t::created_at.desc(), t::id.desc())),
        From::Before(Place { created_at, id }) => wanted
            .filter(t::created_at.ge(created_at))
            .filter(t::created_at.gt(created_at).or(t::id.gt(id.number())))
            .order((t::created_at.asc(), t::id.asc())),
    }
}

/// The way that reads least: by the payments that fulfil the rarest condition, if they are few and there is more to
/// fulfil than one index answers.
fn way(a: &mut Access<'_>, filter: &Filter, most: i64) -> Result<Way, StoreError> {
    let (from, to) = (filter.from_minor, filter.to_minor);
    let is_range = (from.is_some() || to.is_some()) && from != to;
    let rest = conditions(filter);
    let (partner, bank) = (filter.partner_id.is_some(), filter.bank_code.is_some());
    let several = usize::from(partner) + rest.len() + usize::from(is_range) > 1;
    if filter.id.is_some() || filter.external_id.is_some() || !(several || is_range) {
        return Ok(Way::AsItIs);
    }
    if is_range {
        // Every place of the index counts, whatever the time.
        let least = from.unwrap_or(i64::MIN);
        let inside = t::table.filter(t::amount_minor.between(least, to.unwrap_or(i64::MAX)));
        let ids: Vec<i64> = inside.select(t::id).limit(most + 1).load(a.conn)?;
        if ids.len() as i64 <= most {
            return Ok(Way::Among(ids));
        }
    }
    if !several {
        return Ok(Way::AsItIs);
    }
    let whole = Filter {
        partner_id: filter.partner_id.clone(),
        ..times(filter)
    };
    if partner && few(a, &whole, most)?.is_some() {
        return Ok(Way::OfPartner);
    }
    for condition in rest {
        if let Some(ids) = few(a, &condition, most)? {
            return Ok(Way::Among(ids));
        }
    }
    Ok(match (partner, bank) {
        (true, _) => Way::OfPartner,
        (false, true) => Way::OfBank,
        (false, false) => Way::AsItIs,
    })
}

/// The conditions that have an index, one by one, but that of the partner.
fn conditions(filter: &Filter) -> Vec<Filter> {
    let bank = filter.bank_code.clone().map(|bank| Filter {
        bank_code: Some(bank),
        ..times(filter)
    });
    let status = filter.status.map(|status| Filter {
        status: Some(status),
        ..times(filter)
    });
    let exact = filter.from_minor.filter(|_| filter.from_minor == filter.to_minor);
    let amount = exact.map(|minor| Filter {
        from_minor: Some(minor),
        to_minor: Some(minor),
        ..times(filter)
    });
    [bank, status, amount].into_iter().flatten().collect()
}

/// The condition of time alone.
fn times(filter: &Filter) -> Filter {
    Filter {
        created_from: filter.created_from,
        created_before: filter.created_before,
        ..Filter::default()
    }
}

/// The payments that fulfil a condition, if they are few.
fn few(a: &mut Access<'_>, condition: &Filter, most: i64) -> Result<Option<Vec<i64>>, StoreError> {
    let found: Found = in_order(matching(condition, &Way::AsItIs), From::Top)
        .limit(most + 1)
        .load(a.conn)?;
    Ok((found.len() as i64 <= most).then(|| found.into_iter().map(|(_, id)| id).collect()))
}

/// A person's payments, some at a time, compared with the other conditions.
fn of_person(a: &mut Access<'_>, filter: &Filter, key: i64, from: From, limit: i64) -> Result<Found, StoreError> {
    let mut found = Vec::new();
    let mut from = from;
    loop {
        let mut some = k::table
            .filter(k::key_hash.eq(key))
            .select((k::created_us, k::payment_id))
            .into_boxed::<Backend>();
        if let Some(since) = filter.created_from {
            some = some.filter(k::created_us.ge(micros(since)));
        }
        if let Some(before) = filter.created_before {
            some = some.filter(k::created_us.lt(micros(before)));
        }
        some = match from {
            From::Top => some.order((k::created_us.desc(), k::payment_id.desc())),
            From::After(Place { created_at, id }) => some
                .filter(k::created_us.le(micros(created_at)))
                .filter(k::created_us.lt(micros(created_at)).or(k::payment_id.lt(id.number())))
                .order((k::created_us.desc(), k::payment_id.desc())),
            From::Before(Place { created_at, id }) => some
                .filter(k::created_us.ge(micros(created_at)))
                .filter(k::created_us.gt(micros(created_at)).or(k::payment_id.gt(id.number())))
                .order((k::created_us.asc(), k::payment_id.asc())),
        };
        let some: Vec<(i64, i64)> = some.limit(CHUNK).load(a.conn)?;
        let ids: Vec<i64> = some.iter().map(|(_, id)| *id).collect();
        let left = limit.saturating_sub(found.len() as i64);
        let good: Found = in_order(matching(filter, &Way::Among(ids)), from).limit(left).load(a.conn)?;
        found.extend(good);
        let last = some.last().and_then(|(at, id)| place(*at, *id));
        match last {
            Some(last) if some.len() as i64 == CHUNK && (found.len() as i64) < limit => {
                from = if matches!(from, From::Before(_)) {
                    From::Before(last)
                } else {
                    From::After(last)
                };
            }
            _ => return Ok(found),
        }
    }
}

fn place(created_us: i64, id: i64) -> Option<Place> {
    Some(Place {
        created_at: chrono::DateTime::from_timestamp_micros(created_us)?.naive_utc(),
        id: PaymentId::from_number(id)?,
    })
}

/// What a list says of a payment.
#[derive(Clone)]
pub struct Line {
    /// Its id.
    pub id: PaymentId,
    /// When the token was issued.
    pub created_at: Timestamp,
    /// The partner's name.
    pub partner: String,
    /// The partner's own id.
    pub external_id: Option<String>,
    /// Who receives the money of the first instruction. Hostile text.
    pub creditor: String,
    /// The sum; none while the order is not known.
    pub amount: Option<Amount>,
    /// The payer's bank.
    pub bank_code: Option<String>,
    /// Where it stands; `None` when what is stored of it cannot be read, wholly or in part.
    pub status: Option<Status>,
    /// The bank's last word. Hostile text.
    pub bank_word: Option<String>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

type Columns = (
    i64,
    String,
    Option<String>,
    Option<i64>,
    String,
    Option<String>,
    String,
    Option<String>,
);

/// What a list says of these payments, in their order. Of each only the one sealed column is opened that is shown. One
/// that cannot be read is among them, as far as it can: it hides no other.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn lines(a: &mut Access<'_>, places: &[Place]) -> Result<Vec<Line>, StoreError> {
    let ids: Vec<i64> = places.iter().map(|p| p.id.number()).collect();
    let rows: Vec<Columns> = t::table
        .filter(t::id.eq_any(&ids))
        .select((
            t::id,
            t::partner_id,
            t::external_payment_id,
            t::amount_minor,
            t::currency,
            t::bank_code,
            t::status,
            t::bank_word,
        ))
        .load(a.conn)?;
    let first: Vec<(i64, Vec<u8>)> = i::table
        .filter(i::payment_id.eq_any(&ids))
        .filter(i::seq.eq(1))
        .select((i::payment_id, i::creditor_name_sealed))
        .load(a.conn)?;
    let names: Vec<(String, String)> = partners::table
        .filter(partners::id.eq_any(rows.iter().map(|r| r.1.as_str())))
        .select((partners::id, partners::name))
        .load(a.conn)?;
    let (names, first): (HashMap<_, _>, HashMap<_, _>) = (names.into_iter().collect(), first.into_iter().collect());
    let mut rows: HashMap<i64, Columns> = rows.into_iter().map(|row| (row.0, row)).collect();
    let mut lines = Vec::with_capacity(places.len());
    for place in places {
        let Some(row) = rows.remove(&place.id.number()) else { continue };
        let creditor = first.get(&row.0).map(|sealed| {
            let key = format!("{}/1", place.id);
            a.open("payment_instructions", "creditor_name", &key, sealed)
        });
        lines.push(line(
            *place,
            row,
            creditor.transpose().map(|name| name.map(|name| name.to_string())),
            &names,
        ));
    }
    Ok(lines)
}

fn line(place: Place, row: Columns, creditor: Result<Option<String>, StoreError>, names: &HashMap<String, String>) -> Line {
    let (id, partner_id, external_id, minor, currency, bank_code, status, bank_word) = row;
    let (currency, status) = (Currency::from_code(&currency), Status::parse(&status));
    let is_readable = currency.is_some() && creditor.is_ok();
    if !is_readable || status.is_none() {
        tracing::error!(payment = id, "a stored payment cannot be read");
    }
    Line {
        id: place.id,
        created_at: place.created_at,
        partner: names.get(&partner_id).cloned().unwrap_or_default(),
        external_id,
        creditor: creditor.ok().flatten().unwrap_or_default(),
        amount: minor.zip(currency).map(|(minor, currency)| Amount { minor, currency }),
        bank_code,
        status: status.filter(|_| is_readable),
        bank_word,
    }
}

/// How many payments stand in each state, counted no further than `most`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn counts(a: &mut Access<'_>, most: i64) -> Result<Vec<(Status, i64)>, StoreError> {
    let count = |status: Status| {
        let some = t::table.filter(t::status.eq(status.as_str())).select(t::id).limit(most);
        let ids: Vec<i64> = some.load(a.conn)?;
        Ok((status, ids.len() as i64))
    };
    Status::ALL.into_iter().map(count).collect()
}
