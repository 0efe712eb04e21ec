//! What a payment is found by that is stored sealed: the payer's e-mail address, the accounts of payer and
//! creditors, and their last four characters. Kept as a keyed hash each (a blind index), never as text.

use super::connection::Conn;
use super::payments::{self, Payment};
use super::schema::payment_search_keys as k;
use super::schema::payments as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::{Iban, PaymentId};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, RunQueryDsl as _};
use std::collections::BTreeSet;

/// Rows of one statement.
const BATCH: usize = 1000;
/// Characters of the end of an IBAN that people know it by: those that stay when it is shown masked.
pub const IBAN_END: usize = 4;

/// Whom a payment is searched by.
#[derive(Clone, PartialEq, Eq)]
pub enum Person {
    /// The payer's e-mail address; letter case does not matter.
    Email(String),
    /// The account of the payer or of a creditor.
    Iban(Iban),
    /// The last four characters of such an account, upper case.
    IbanEnd(String),
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Email(_) => "Email(…)",
            Self::Iban(_) => "Iban(…)",
            Self::IbanEnd(_) => "IbanEnd(…)",
        })
    }
}

impl Person {
    /// The blind index of it.
    pub(super) fn key(&self, a: &Access<'_>) -> i64 {
        match self {
            Self::Email(address) => a.vault.blind_index("search e-mail", &address.trim().to_lowercase()),
            Self::Iban(iban) => a.vault.blind_index("search IBAN", iban.electronic()),
            Self::IbanEnd(end) => a.vault.blind_index("search end of IBAN", &end.to_uppercase()),
        }
    }
}

/// The last characters of an account.
fn end(iban: &Iban) -> String {
    let all = iban.electronic();
    all[all.len().saturating_sub(IBAN_END)..].to_owned()
}

/// What a payment is found by.
#[derive(Debug)]
pub(super) struct Keys {
    hashes: BTreeSet<i64>,
    /// A keyed hash over all of it.
    pub(super) stamp: i64,
}

/// What a payment, with its instructions, is to be found by.
pub(super) fn of(a: &Access<'_>, payment: &Payment) -> Keys {
    let email = payment.psu_email.clone().map(Person::Email);
    let creditors = payment.instructions.iter().map(|i| &i.creditor_iban);
    let accounts: BTreeSet<&str> = creditors.chain(&payment.debtor_iban).map(Iban::electronic).collect();
    let plain: Vec<&str> = payment.psu_email.as_deref().into_iter().chain(accounts.iter().copied()).collect();
    let stamp = a.vault.blind_index("search stamp", &plain.join("|"));
    if payment.search_stamp == Some(stamp) {
        return Keys {
            hashes: BTreeSet::new(),
            stamp,
        };
    }
    let ibans = accounts.into_iter().filter_map(|text| Iban::parse(text).ok());
    let people = ibans
        .flat_map(|iban| [Person::IbanEnd(end(&iban)), Person::Iban(iban)])
        .chain(email);
    Keys {
        hashes: people.map(|person| person.key(a)).collect(),
        stamp,
    }
}

#[derive(Clone, Copy, Insertable)]
#[diesel(table_name = k, treat_none_as_default_value = false)]
struct Row {
    key_hash: i64,
    created_us: i64,
    payment_id: i64,
}

/// Microseconds since 1970, by which the keys are ordered like the payments.
pub(super) const fn micros(at: Timestamp) -> i64 {
    at.and_utc().timestamp_micros()
}

/// Numbers of payments that may be somebody's, by their ids and after one: those found by the index, of which a few may
/// share a hash with others, and those that cannot be found by it yet. At most `limit`.
pub(super) fn candidates(a: &mut Access<'_>, person: &Person, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
    let key = person.key(a);
    let indexed = k::table.filter(k::key_hash.eq(key)).filter(k::payment_id.gt(after));
    let mut all: Vec<i64> = indexed.order(k::payment_id).limit(limit).select(k::payment_id).load(a.conn)?;
    let not_yet = t::table.filter(t::search_stamp.is_null()).filter(t::id.gt(after));
    all.extend(not_yet.order(t::id).limit(limit).select(t::id).load::<i64>(a.conn)?);
    all.sort_unstable();
    all.dedup();
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

/// Writes what a payment is found by in place of what it was found by before.
pub(super) fn replace(a: &mut Access<'_>, payment: &Payment, keys: &Keys) -> Result<(), StoreError> {
    if payment.search_stamp.is_some() {
        diesel::delete(k::table.filter(k::payment_id.eq(payment.id.number()))).execute(a.conn)?;
    }
    insert(a, &rows(payment, keys))
}

fn rows(payment: &Payment, keys: &Keys) -> Vec<Row> {
    let row = |key: &i64| Row {
        key_hash: *key,
        created_us: micros(payment.created_at),
        payment_id: payment.id.number(),
    };
    keys.hashes.iter().map(row).collect()
}

fn insert(a: &mut Access<'_>, rows: &[Row]) -> Result<(), StoreError> {
    for some in rows.chunks(BATCH) {
        match a.conn {
            Conn::Sqlite(conn) => diesel::insert_into(k::table).values(some).execute(conn)?,
            #[cfg(feature = "postgres")]
            Conn::Pg(conn) => diesel::insert_into(k::table).values(some).execute(conn)?,
        };
    }
    Ok(())
}

/// Writes what new payments are found by, many at a time.
pub(super) fn add_all(a: &mut Access<'_>, all: &[(&Payment, Keys)]) -> Result<(), StoreError> {
    let mut all: Vec<Row> = all.iter().flat_map(|(payment, keys)| rows(payment, keys)).collect();
    // In the order of the index: neighbours land on the same pages.
    all.sort_unstable_by_key(|row| (row.key_hash, row.created_us));
    insert(a, &all)
}

/// Ids of payments that cannot be found by their people yet.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn missing(a: &mut Access<'_>, limit: i64) -> Result<Vec<PaymentId>, StoreError> {
    let without = t::table.filter(t::search_stamp.is_null()).order(t::id).limit(limit);
    let numbers: Vec<i64> = without.select(t::id).load(a.conn)?;
    Ok(numbers.into_iter().filter_map(PaymentId::from_number).collect())
}

/// Makes a payment findable that is not yet. The version stays: nothing of it changes for anybody who acts on it,
/// and whoever saves it at this moment writes the same, or newer.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn fill(a: &mut Access<'_>, id: PaymentId) -> Result<(), StoreError> {
    let Some(payment) = payments::get(a, id)? else { return Ok(()) };
    let keys = of(a, &payment);
    let mine = t::table
        .filter(t::id.eq(id.number()))
        .filter(t::search_stamp.is_null())
        .filter(t::version.eq(payment.version));
    // Somebody who saved it in between has written the keys.
    if diesel::update(mine).set(t::search_stamp.eq(keys.stamp)).execute(a.conn)? == 1 {
        insert(a, &rows(&payment, &keys))?;
    }
    Ok(())
}

/// Forgets what a payment was found by; the next fill writes what is left of it.
pub(super) fn forget(a: &mut Access<'_>, id: PaymentId) -> Result<(), StoreError> {
    diesel::delete(k::table.filter(k::payment_id.eq(id.number()))).execute(a.conn)?;
    let nothing = t::search_stamp.eq(None::<i64>);
    diesel::update(t::table.find(id.number())).set(nothing).execute(a.conn)?;
    Ok(())
}

/// Leaves a payment unfindable whose sealed columns do not open, so that it is not tried for ever; the next save
/// writes what it is found by.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn give_up(a: &mut Access<'_>, id: PaymentId) -> Result<(), StoreError> {
    let mine = t::table.filter(t::id.eq(id.number())).filter(t::search_stamp.is_null());
    diesel::update(mine).set(t::search_stamp.eq(0)).execute(a.conn)?;
    Ok(())
}
