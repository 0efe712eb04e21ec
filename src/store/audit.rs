//! The audit log: who did what, when. Rows are only ever added, and each is chained to the one before it:
//! its hash covers its fields and the hash before, so that no row can be changed, taken out or slipped in
//! without every later hash being wrong.
//!
//! The chain does not show that its newest rows were cut off; that takes a copy of a hash kept elsewhere.

use super::connection::Conn;
use super::schema::audit as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::crypto;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

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
    },
    /// Rows were changed, taken out, slipped in or moved.
    Broken {
        /// Position in the chain from which on it is not the one that was written.
        at: i64,
    },
}

/// Follows the chain from its beginning.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn verify(a: &mut Access<'_>) -> Result<Verified, StoreError> {
    let (mut rows, mut previous) = before_the_chain(a)?;
    let mut next = 1;
    loop {
        let page: Vec<Row> = t::table.filter(t::seq.ge(next)).order(t::seq).limit(PAGE).load(a.conn)?;
        if page.is_empty() {
            return Ok(Verified::Intact { rows });
        }
        for row in page {
            let hash = row.hash()?;
            let in_place = row.seq == Some(next) && row.previous_hash.as_deref() == Some(&previous);
            if !in_place || row.row_hash.as_deref() != Some(&hash) {
                return Ok(Verified::Broken { at: next });
            }
            (previous, next, rows) = (hash, next + 1, rows + 1);
        }
    }
}
