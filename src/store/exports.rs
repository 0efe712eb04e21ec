//! Long exports: what is to be taken out for whom, how far it is, and the file, in sealed parts.

use super::schema::{export_parts as p, exports as t};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

/// Where an export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has begun.
    Waiting,
    /// A worker reads and writes.
    Running,
    /// The file is there.
    Ready,
    /// It did not work.
    Failed,
}

impl State {
    const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Ready, Self::Failed];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    id: String,
    admin_id: String,
    query: String,
    language: String,
    state: String,
    rows_done: i64,
    version: i64,
    due_at: Option<Timestamp>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its id.
    pub id: String,
    /// What is taken out: the query of the list.
    pub query: String,
    /// Where it stands.
    pub state: State,
    /// Rows written so far.
    pub rows_done: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    version: i64,
}

impl Row {
    fn open(self) -> Result<Export, StoreError> {
        let state = State::ALL.into_iter().find(|s| s.as_str() == self.state);
        Ok(Export {
            state: state.ok_or_else(|| StoreError::Broken(format!("exports.state of {} is unreadable", self.id)))?,
            id: self.id,
            query: self.query,
            rows_done: self.rows_done,
            created_at: self.created_at,
            version: self.version,
        })
    }
}

/// Asks for an export; answers its id.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, admin_id: &str, query: &str, language: &str, now: Timestamp) -> Result<String, StoreError> {
    let row = Row {
        id: uuid::Uuid::now_v7().to_string(),
        admin_id: admin_id.into(),
        query: query.into(),
        language: language.into(),
        state: State::Waiting.as_str().into(),
        rows_done: 0,
        version: 0,
        due_at: Some(now),
        created_at: now,
        ended_at: None,
    };
    diesel::insert_into(t::table).values(&row).execute(a.conn)?;
    Ok(row.id)
}

/// A user's exports, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_admin(a: &mut Access<'_>, admin_id: &str) -> Result<Vec<Export>, StoreError> {
    let mine = t::table.filter(t::admin_id.eq(admin_id)).order(t::created_at.desc()).limit(50);
    mine.load::<Row>(a.conn)?.into_iter().map(Row::open).collect()
}

/// Whether an export is due.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn next_due(a: &mut Access<'_>, now: Timestamp) -> Result<Option<Export>, StoreError> {
    let row: Option<Row> = t::table.filter(t::due_at.le(now)).order(t::due_at).first(a.conn).optional()?;
    row.map(Row::open).transpose()
}

/// Begins an export until `until`, anew when an earlier worker did not finish; `None` when another one has it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn claim(a: &mut Access<'_>, export: Export, until: Timestamp) -> Result<Option<Export>, StoreError> {
    let claimed = Export {
        version: export.version + 1,
        state: State::Running,
        rows_done: 0,
        ..export
    };
    let mine = t::table.filter(t::id.eq(&claimed.id)).filter(t::version.eq(claimed.version - 1));
    let set = (
        t::version.eq(claimed.version),
        t::state.eq(State::Running.as_str()),
        t::rows_done.eq(0),
        t::due_at.eq(until),
    );
    if diesel::update(mine).set(set).execute(a.conn)? == 0 {
        return Ok(None);
    }
    diesel::delete(p::table.filter(p::export_id.eq(&claimed.id))).execute(a.conn)?;
    Ok(Some(claimed))
}

/// Says how far a claimed export is, and keeps it until `until`.
///
/// # Errors
/// [`StoreError::Conflict`] when another worker has taken it over.
pub fn progress(a: &mut Access<'_>, claimed: &Export, rows_done: i64, until: Timestamp) -> Result<(), StoreError> {
    let mine = t::table.filter(t::id.eq(&claimed.id)).filter(t::version.eq(claimed.version));
    let set = (t::rows_done.eq(rows_done), t::due_at.eq(until));
    match diesel::update(mine).set(set).execute(a.conn)? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

fn place(id: &str, seq: i32) -> String {
    format!("{id}/{seq}")
}

/// Adds a part of the file of a claimed export.
///
/// # Errors
/// As [`progress`].
pub fn add_part(a: &mut Access<'_>, claimed: &Export, seq: i32, part: &[u8], until: Timestamp) -> Result<(), StoreError> {
    progress(a, claimed, claimed.rows_done, until)?;
    let row = place(&claimed.id, seq);
    let sealed = a.vault.seal(
        crate::crypto::Place {
            table: "export_parts",
            column: "part",
            row: &row,
        },
        part,
    );
    let values = (p::export_id.eq(&claimed.id), p::seq.eq(seq), p::part_sealed.eq(sealed));
    diesel::insert_into(p::table).values(values).execute(a.conn)?;
    Ok(())
}

/// Ends a claimed export; one that was taken over is left alone.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn finish(a: &mut Access<'_>, claimed: &Export, good: bool, now: Timestamp) -> Result<(), StoreError> {
    let state = if good { State::Ready } else { State::Failed };
    let mine = t::table.filter(t::id.eq(&claimed.id)).filter(t::version.eq(claimed.version));
    let set = (
        t::state.eq(state.as_str()),
        t::due_at.eq(None::<Timestamp>),
        t::ended_at.eq(now),
        t::version.eq(claimed.version + 1),
    );
    diesel::update(mine).set(set).execute(a.conn)?;
    Ok(())
}

/// Whether a user has this export, and its file is there.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn is_ready(a: &mut Access<'_>, admin_id: &str, id: &str) -> Result<bool, StoreError> {
    let mine = t::table.filter(t::id.eq(id)).filter(t::admin_id.eq(admin_id));
    let state: Option<String> = mine.select(t::state).first(a.conn).optional()?;
    Ok(state.as_deref() == Some(State::Ready.as_str()))
}

/// A part of an export's file; `None` after the last.
///
/// # Errors
/// [`StoreError`] of the database, also when it does not open.
pub fn part(a: &mut Access<'_>, id: &str, seq: i32) -> Result<Option<Vec<u8>>, StoreError> {
    let sealed: Option<Vec<u8>> = p::table.find((id, seq)).select(p::part_sealed).first(a.conn).optional()?;
    let row = place(id, seq);
    let of = crate::crypto::Place {
        table: "export_parts",
        column: "part",
        row: &row,
    };
    Ok(sealed
        .map(|sealed| a.vault.open(of, &sealed))
        .transpose()?
        .map(|part| part.to_vec()))
}

/// Whether there are exports from before this moment.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn has_old(a: &mut Access<'_>, before: Timestamp) -> Result<bool, StoreError> {
    let old: Option<String> = t::table.filter(t::created_at.lt(before)).select(t::id).first(a.conn).optional()?;
    Ok(old.is_some())
}

/// Removes exports from before this moment, with their files.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn remove_old(a: &mut Access<'_>, before: Timestamp) -> Result<(), StoreError> {
    let old: Vec<String> = t::table.filter(t::created_at.lt(before)).select(t::id).load(a.conn)?;
    diesel::delete(p::table.filter(p::export_id.eq_any(&old))).execute(a.conn)?;
    diesel::delete(t::table.filter(t::id.eq_any(&old))).execute(a.conn)?;
    Ok(())
}
