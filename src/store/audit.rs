//! The audit log: who did what, when. Rows are only ever added, and each is chained to the one before it:
//! its hash covers its fields and the hash before, so that no row can be changed, taken out or slipped in
//! without every later hash being wrong.
//!
//! The chain alone does not show that its newest rows were cut off, nor that all of it was written anew: the
//! checkpoints do ([`super::audit_checkpoints`]).

use super::audit_checkpoints::{self, Checkpoint};
use super::connection::Conn;
use super::schema::audit as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::crypto;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};
use std::collections::VecDeque;

/// Rows read at a time while the chain is verified.
const PAGE: i64 = 1000;

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    id: String,
    at: Timestamp,
    actor: String,
    action: String,
    subject: Option<String>,
    detail: Option<String>,
    seq: Option<i64>,
    previous_hash: Option<String>,
    row_hash: Option<String>,
}

impl Row {
    /// SHA-256 over all fields but the hash itself, lower-case hexadecimal. JSON keeps the fields apart.
    fn hash(&self) -> Result<String, StoreError> {
        let fields = (
            self.seq,
            &self.previous_hash,
            &self.id,
            self.at.and_utc().timestamp_micros(),
            &self.actor,
            &self.action,
            &self.subject,
            &self.detail,
        );
        Ok(crypto::fingerprint(&serde_json::to_vec(&fields)?))
    }
}

/// Adds a row. `detail` must hold no personal data and no secret.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(
    a: &mut Access<'_>,
    at: Timestamp,
    actor: &str,
    action: &str,
    subject: Option<&str>,
    detail: Option<&str>,
) -> Result<(), StoreError> {
    one_at_a_time(a)?;
    let last: Option<(Option<i64>, Option<String>)> = t::table
        .filter(t::seq.is_not_null())
        .order(t::seq.desc())
        .select((t::seq, t::row_hash))
        .first(a.conn)
        .optional()?;
    let (seq, previous) = match last {
        Some((seq, hash)) => (seq.unwrap_or(0) + 1, hash.unwrap_or_default()),
        None => (1, before_the_chain(a)?.1),
    };
    let mut row = Row {
        id: uuid::Uuid::now_v7().to_string(),
        at,
        actor: actor.into(),
        action: action.into(),
        subject: subject.map(Into::into),
        detail: detail.map(Into::into),
        seq: Some(seq),
        previous_hash: Some(previous),
        row_hash: None,
    };
    row.row_hash = Some(row.hash()?);
    diesel::insert_into(t::table).values(&row).execute(a.conn)?;
    Ok(())
}

/// On PostgreSQL two writers could follow the same row; the second waits for the first. SQLite has one writer.
fn one_at_a_time(a: &mut Access<'_>) -> Result<(), StoreError> {
    match a.conn {
        Conn::Sqlite(_) => Ok(()),
        #[cfg(feature = "postgres")]
        Conn::Pg(conn) => {
            use diesel::connection::SimpleConnection as _;
            Ok(conn.batch_execute("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE")?)
        }
    }
}

/// How many rows have no place in the chain, and the hash over them: what the first row is chained to.
fn before_the_chain(a: &mut Access<'_>) -> Result<(u64, String), StoreError> {
    let rows: Vec<Row> = t::table.filter(t::seq.is_null()).order(t::id).load(a.conn)?;
    let hashes = rows.iter().map(Row::hash).collect::<Result<Vec<_>, _>>()?;
    Ok((rows.len() as u64, crypto::fingerprint(hashes.concat().as_bytes())))
}

/// What the verification of the audit log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Every row is what it was when it was written, in the order in which it was.
    Intact {
        /// How many rows there are.
        rows: u64,
        /// How many checkpoints vouch for them.
        checkpoints: u64,
        /// How many of the newest rows no checkpoint vouches for yet.
        beyond: u64,
    },
    /// Rows were changed, taken out, slipped in, moved or cut off.
    Broken {
        /// Position in the chain from which on it is not the one that was written.
        at: i64,
        /// What is wrong there.
        what: Fault,
    },
}

/// What is wrong with the audit log at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The row is not what it was when it was written.
    Changed,
    /// There is no row of this place, but there are later ones.
    Missing,
    /// The row does not follow the one before it: it was moved, or slipped in.
    Moved,
    /// The rows from here on were cut off: a checkpoint vouches for them.
    Truncated,
    /// The chain was written anew: the row is not the one that the checkpoint of this place vouches for.
    Rewritten,
    /// The checkpoint of this place was not made with the application's key, or one before it is gone.
    Checkpoint,
}

impl Fault {
    /// In words, for the terminal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "the row was changed",
            Self::Missing => "the row was taken out",
            Self::Moved => "the row does not follow the one before it: it was moved or slipped in",
            Self::Truncated => "this row and all after it were cut off",
            Self::Rewritten => "the chain up to this row was written anew",
            Self::Checkpoint => "the checkpoint of this row is forged, or one before it was taken out",
        }
    }
}

/// Follows the chain from its beginning and compares it with the checkpoints on its way.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn verify(a: &mut Access<'_>) -> Result<Verified, StoreError> {
    let (mut rows, mut previous) = before_the_chain(a)?;
    let mut next = 1;
    let mut vouching = Vouching::default();
    loop {
        let page: Vec<Row> = t::table.filter(t::seq.ge(next)).order(t::seq).limit(PAGE).load(a.conn)?;
        if page.is_empty() {
            return vouching.at_the_end(a, next, rows);
        }
        for row in page {
            if let Some(what) = row.fault(next, &previous)? {
                // Nothing after the place is as it was; what vouches for the rows before it has been compared.
                return Ok(Verified::Broken { at: next, what });
            }
            previous = row.row_hash.unwrap_or_default();
            if let Some((at, what)) = vouching.fault(a, next, &previous)? {
                return Ok(Verified::Broken { at, what });
            }
            (next, rows) = (next + 1, rows + 1);
        }
    }
}

impl Row {
    /// What is wrong with it as the row of this place, after a row with this hash.
    fn fault(&self, place: i64, previous: &str) -> Result<Option<Fault>, StoreError> {
        let follows = self.previous_hash.as_deref() == Some(previous);
        let unchanged = self.row_hash.as_deref() == Some(&self.hash()?);
        Ok(match (self.seq == Some(place), follows, unchanged) {
            (false, ..) => Some(Fault::Missing),
            (true, false, _) => Some(Fault::Moved),
            (true, true, false) => Some(Fault::Changed),
            (true, true, true) => None,
        })
    }
}

/// The checkpoints, read alongside the chain.
#[derive(Default)]
struct Vouching {
    waiting: VecDeque<Checkpoint>,
    /// The next one, and whether it is ours and follows the one before it.
    next: Option<(Checkpoint, bool)>,
    number: i64,
    mac: String,
    last_seq: i64,
    compared: u64,
}

impl Vouching {
    fn next(&mut self, a: &mut Access<'_>) -> Result<Option<(Checkpoint, bool)>, StoreError> {
        if self.next.is_none() {
            if self.waiting.is_empty() {
                self.waiting = audit_checkpoints::after(a, self.number, PAGE)?.into();
            }
            if let Some(next) = self.waiting.pop_front() {
                let good = next.number == self.number + 1 && next.is_ours(a, &self.mac)?;
                self.next = Some((next, good));
            }
        }
        Ok(self.next.clone())
    }

    /// What the checkpoint of this place, if there is one, has against the row, and where that is.
    fn fault(&mut self, a: &mut Access<'_>, place: i64, hash: &str) -> Result<Option<(i64, Fault)>, StoreError> {
        match self.next(a)? {
            Some((next, false)) => Ok(Some((next.seq, Fault::Checkpoint))),
            Some((next, true)) if next.seq == place => {
                let same = next.row_hash == hash;
                (self.number, self.last_seq, self.mac) = (next.number, next.seq, next.mac);
                (self.next, self.compared) = (None, self.compared + 1);
                Ok((!same).then_some((place, Fault::Rewritten)))
            }
            _ => Ok(None),
        }
    }

    /// After the last row: no checkpoint may vouch for one that is not there.
    fn at_the_end(&mut self, a: &mut Access<'_>, next: i64, rows: u64) -> Result<Verified, StoreError> {
        Ok(match self.next(a)? {
            Some((_, true)) => Verified::Broken {
                at: next,
                what: Fault::Truncated,
            },
            Some((checkpoint, false)) => Verified::Broken {
                at: checkpoint.seq,
                what: Fault::Checkpoint,
            },
            None => Verified::Intact {
                rows,
                checkpoints: self.compared,
                beyond: u64::try_from(next - 1 - self.last_seq).unwrap_or(0),
            },
        })
    }
}
