//! Keyed checkpoints of the audit log. Whoever can write to the database can write a chain anew from any row on,
//! or cut its newest rows off; a checkpoint holds the hash of a row under a key that is not in the database, so
//! that neither goes unnoticed up to the last checkpoint. Checkpoints are numbered and each covers the one before
//! it. A copy is printed to the program's log, for the case that the newest ones are cut off too.

use super::schema::audit as log;
use super::schema::audit_checkpoints as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::crypto;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

/// After so many rows there is another checkpoint.
pub const ROWS: i64 = 1000;
/// After so long there is another one if there is a new row.
pub const HOURS: i64 = 24;

/// A checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = t)]
pub struct Checkpoint {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// The place in the chain that it vouches for, and with it for all before.
    pub seq: i64,
    /// The hash of that row.
    pub row_hash: String,
    /// When it was made.
    pub at: Timestamp,
    /// HMAC-SHA-256 over all of that and over the checkpoint before, under a key of the application.
    pub mac: String,
}

impl Checkpoint {
    fn authenticated(&self, a: &Access<'_>, previous_mac: &str) -> Result<String, StoreError> {
        let at = self.at.and_utc().timestamp_micros();
        let fields = (self.number, self.seq, &self.row_hash, at, previous_mac);
        Ok(a.vault.keyed_hash("audit checkpoint", &serde_json::to_string(&fields)?))
    }

    /// Whether it is the one that follows `previous_mac` and was made with our key.
    pub(super) fn is_ours(&self, a: &Access<'_>, previous_mac: &str) -> Result<bool, StoreError> {
        Ok(crypto::same(&self.mac, &self.authenticated(a, previous_mac)?))
    }
}

fn last(a: &mut Access<'_>) -> Result<Option<Checkpoint>, StoreError> {
    Ok(t::table.order(t::number.desc()).first(a.conn).optional()?)
}

fn newest_row(a: &mut Access<'_>) -> Result<Option<(i64, String)>, StoreError> {
    let row: Option<(Option<i64>, Option<String>)> = log::table
        .filter(log::seq.is_not_null())
        .order(log::seq.desc())
        .select((log::seq, log::row_hash))
        .first(a.conn)
        .optional()?;
    Ok(row.and_then(|(seq, hash)| seq.zip(hash)))
}

/// Whether a checkpoint is to be made: there are new rows, and many of them or for long.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn is_due(a: &mut Access<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let Some((seq, _)) = newest_row(a)? else { return Ok(false) };
    Ok(match last(a)? {
        None => true,
        Some(last) => seq >= last.seq + ROWS || (seq > last.seq && now >= last.at + chrono::Duration::hours(HOURS)),
    })
}

/// Makes a checkpoint of the newest row; `None` when another node has just made one, or there is nothing new.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn make(a: &mut Access<'_>, now: Timestamp) -> Result<Option<Checkpoint>, StoreError> {
    let (last, newest) = (last(a)?, newest_row(a)?);
    let Some((seq, row_hash)) = newest.filter(|(seq, _)| last.as_ref().is_none_or(|last| *seq > last.seq)) else {
        return Ok(None);
    };
    let mut new = Checkpoint {
        number: last.as_ref().map_or(1, |last| last.number + 1),
        seq,
        row_hash,
        at: now,
        mac: String::new(),
    };
    new.mac = new.authenticated(a, last.as_ref().map_or("", |last| &last.mac))?;
    match a.try_insert("the checkpoint's number", |conn| {
        diesel::insert_into(t::table).values(&new).execute(conn)
    }) {
        Ok(()) => Ok(Some(new)),
        Err(StoreError::Taken(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The checkpoints after a number, in their order.
pub(super) fn after(a: &mut Access<'_>, number: i64, limit: i64) -> Result<Vec<Checkpoint>, StoreError> {
    let later = t::table.filter(t::number.gt(number)).order(t::number);
    Ok(later.limit(limit).load(a.conn)?)
}

/// Whether the checkpoint of this number is the one with this MAC: for comparing with a copy from the program's
/// log.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn is_there(a: &mut Access<'_>, number: i64, mac: &str) -> Result<bool, StoreError> {
    let found: Option<Checkpoint> = t::table.find(number).first(a.conn).optional()?;
    Ok(found.is_some_and(|known| crypto::same(&known.mac, mac)))
}
