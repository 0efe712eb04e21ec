//! Many finished payments at once, with their histories: for filling a database whose size is to be tried.

use super::connection::Conn;
use super::history::{self, Entry, StoredEntry};
use super::payment_row::Row;
use super::payments::Payment;
use super::schema::{payment_events as e, payments as t};
use super::{Access, StoreError, instructions, search_keys};
use crate::clock::Timestamp;
use diesel::RunQueryDsl as _;

/// Payments of one statement: SQLite takes 32,766 values in one.
const BATCH: usize = 500;

/// A payment that never was, and what happened to it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The payment, with its instructions.
    pub payment: Payment,
    /// Its history, oldest first.
    pub history: Vec<(Timestamp, Entry)>,
}

/// Adds them all, in as few statements as there can be.
///
/// # Errors
/// [`StoreError`] of the database, also when an id is taken; nothing is added then.
pub fn add(a: &mut Access<'_>, all: &mut [Made]) -> Result<(), StoreError> {
    let mut keys = Vec::with_capacity(all.len());
    for made in &mut *all {
        let found_by = search_keys::of(a, &made.payment);
        made.payment.search_stamp = Some(found_by.stamp);
        keys.push(found_by);
    }
    let all = &*all;
    for some in all.chunks(BATCH) {
        let rows: Vec<Row> = some.iter().map(|m| Row::seal(a, &m.payment)).collect::<Result<_, _>>()?;
        match a.conn {
            Conn::Sqlite(conn) => diesel::insert_into(t::table).values(&rows).execute(conn)?,
            #[cfg(feature = "postgres")]
            Conn::Pg(conn) => diesel::insert_into(t::table).values(&rows).execute(conn)?,
        };
        let payments: Vec<&Payment> = some.iter().map(|m| &m.payment).collect();
        instructions::add_all(a, &payments)?;
        let events: Vec<StoredEntry> = some.iter().flat_map(|m| history::rows(&m.payment, &m.history)).collect();
        for events in events.chunks(BATCH * 5) {
            match a.conn {
                Conn::Sqlite(conn) => diesel::insert_into(e::table).values(events).execute(conn)?,
                #[cfg(feature = "postgres")]
                Conn::Pg(conn) => diesel::insert_into(e::table).values(events).execute(conn)?,
            };
        }
    }
    let keys: Vec<_> = all.iter().map(|made| &made.payment).zip(keys).collect();
    search_keys::add_all(a, &keys)
}

/// Lets the database learn how its values are spread, as it does by itself in time.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn analyse(a: &mut Access<'_>) -> Result<(), StoreError> {
    use diesel::connection::SimpleConnection as _;
    Ok(a.conn.batch_execute("ANALYZE")?)
}
