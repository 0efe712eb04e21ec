//! Bank statements that were uploaded: whose, how far their comparison is, and the file in sealed parts until it was
//! read. Nothing of a file that could not be read to its end stays but why.

use super::schema::{reconciliation_lines as l, reconciliation_parts as p, reconciliations as t};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::statement::columns::Columns;
use crate::statement::matching::{Finding, Total};
use crate::statement::{Format, Unreadable};
use chrono::NaiveDate;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};
use zeroize::Zeroizing;

const TABLE: &str = "reconciliations";
/// Bytes of a part.
const PART: usize = 1 << 20;

/// Where a comparison stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Somebody must say what the columns are.
    Columns,
    /// Nobody has begun.
    Waiting,
    /// A worker reads and compares.
    Running,
    /// The result is there.
    Ready,
    /// The file could not be read.
    Failed,
}

impl State {
    const ALL: [Self; 5] = [Self::Columns, Self::Waiting, Self::Running, Self::Ready, Self::Failed];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// Which entries are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Money that came in.
    Incoming,
    /// Money that went out.
    Outgoing,
    /// All of it.
    Both,
}

impl Direction {
    /// Every direction.
    pub const ALL: [Self; 3] = [Self::Incoming, Self::Outgoing, Self::Both];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
            Self::Both => "both",
        }
    }

    /// The direction of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == word)
    }

    /// Whether an entry is compared.
    #[must_use]
    pub const fn takes(self, is_credit: bool) -> bool {
        match self {
            Self::Incoming => is_credit,
            Self::Outgoing => !is_credit,
            Self::Both => true,
        }
    }
}

/// A file to be compared.
pub struct New {
    /// The partner's id; none for the payments of all partners.
    pub partner_id: Option<String>,
    /// Which entries.
    pub direction: Direction,
    /// What it is.
    pub format: Format,
    /// As the browser calls it; personal data may be in it.
    pub file_name: String,
    /// Our account, where somebody said it.
    pub account: Option<String>,
    /// SHA-256 of the file.
    pub file_hash: String,
    /// Its bytes.
    pub file: Zeroizing<Vec<u8>>,
    /// The user's id.
    pub created_by: String,
}

impl std::fmt::Debug for New {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("New").field("format", &self.format).finish_non_exhaustive()
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    id: String,
    partner_id: Option<String>,
    direction: String,
    format: String,
    file_name_sealed: Option<Vec<u8>>,
    account_sealed: Option<Vec<u8>>,
    file_hash: String,
    size_bytes: i64,
    mapping: Option<String>,
    state: String,
    problem: Option<String>,
    rows_done: i64,
    totals: Option<String>,
    from_day: Option<String>,
    to_day: Option<String>,
    left_out: i64,
    version: i64,
    due_at: Option<Timestamp>,
    created_by: String,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// How many of each finding and currency, and how much.
pub type Totals = Vec<(Finding, String, Total)>;

/// A statement that was uploaded.
#[derive(Clone)]
pub struct Reconciliation {
    /// Its id.
    pub id: String,
    /// The partner's id; none for the payments of all partners.
    pub partner_id: Option<String>,
    /// Which entries.
    pub direction: Direction,
    /// What it is.
    pub format: Format,
    /// As the browser called it; empty once it was erased.
    pub file_name: String,
    /// Our account, where somebody said it.
    pub account: Option<String>,
    /// SHA-256 of the file.
    pub file_hash: String,
    /// Bytes of the file.
    pub size_bytes: i64,
    /// What its columns say.
    pub columns: Option<Columns>,
    /// Where it stands.
    pub state: State,
    /// Why it could not be read.
    pub problem: Option<Unreadable>,
    /// Entries compared so far.
    pub rows_done: i64,
    /// The result in figures.
    pub totals: Totals,
    /// The days it covers.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// Entries of the other direction, or not booked.
    pub left_out: i64,
    /// The user's id.
    pub created_by: String,
    /// When it was uploaded.
    pub created_at: Timestamp,
    version: i64,
}

impl std::fmt::Debug for Reconciliation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconciliation").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Row {
    fn open(self, a: &Access<'_>) -> Result<Reconciliation, StoreError> {
        let broken = |column: &str| StoreError::Broken(format!("reconciliations.{column} is unreadable"));
        let text = |column, sealed: Option<Vec<u8>>| {
            let opened = sealed.map(|sealed| a.open(TABLE, column, &self.id, &sealed)).transpose()?;
            Ok::<_, StoreError>(opened.map(|text| text.to_string()))
        };
        let day = |text: Option<String>| text.and_then(|text| text.parse().ok());
        Ok(Reconciliation {
            file_name: text("file_name", self.file_name_sealed)?.unwrap_or_default(),
            account: text("account", self.account_sealed)?,
            direction: Direction::parse(&self.direction).ok_or_else(|| broken("direction"))?,
            format: Format::parse(&self.format).ok_or_else(|| broken("format"))?,
            state: State::ALL
                .into_iter()
                .find(|s| s.as_str() == self.state)
                .ok_or_else(|| broken("state"))?,
            columns: self.mapping.as_deref().map(serde_json::from_str).transpose()?,
            problem: self.problem.as_deref().map(serde_json::from_str).transpose()?,
            totals: self.totals.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default(),
            days: day(self.from_day).zip(day(self.to_day)),
            id: self.id,
            partner_id: self.partner_id,
            file_hash: self.file_hash,
            size_bytes: self.size_bytes,
            rows_done: self.rows_done,
            left_out: self.left_out,
            created_by: self.created_by,
            created_at: self.created_at,
            version: self.version,
        })
    }
}

/// Keeps a file, all of it or nothing; a table waits for its columns. Answers its id.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, new: &New, now: Timestamp) -> Result<String, StoreError> {
    let id = uuid::Uuid::now_v7().to_string();
    let (state, due_at) = match new.format {
        Format::Camt => (State::Waiting, Some(now)),
        Format::Csv => (State::Columns, None),
    };
    let row = Row {
        partner_id: new.partner_id.clone(),
        direction: new.direction.as_str().into(),
        format: new.format.as_str().into(),
        file_name_sealed: Some(a.seal(TABLE, "file_name", &id, &new.file_name)),
        account_sealed: new.account.as_ref().map(|account| a.seal(TABLE, "account", &id, account)),
        file_hash: new.file_hash.clone(),
        size_bytes: i64::try_from(new.file.len()).unwrap_or(i64::MAX),
        mapping: None,
        state: state.as_str().into(),
        problem: None,
        rows_done: 0,
        totals: None,
        from_day: None,
        to_day: None,
        left_out: 0,
        version: 0,
        due_at,
        created_by: new.created_by.clone(),
        created_at: now,
        ended_at: None,
        id: id.clone(),
    };
    diesel::insert_into(t::table).values(&row).execute(a.conn)?;
    for (seq, part) in (0_i32..).zip(new.file.chunks(PART)) {
        let sealed = a.seal_bytes("reconciliation_parts", "part", &format!("{id}/{seq}"), part);
        let values = (p::reconciliation_id.eq(&id), p::seq.eq(seq), p::part_sealed.eq(sealed));
        diesel::insert_into(p::table).values(values).execute(a.conn)?;
    }
    Ok(id)
}

/// A statement.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn get(a: &mut Access<'_>, id: &str) -> Result<Option<Reconciliation>, StoreError> {
    let row: Option<Row> = t::table.find(id).first(a.conn).optional()?;
    row.map(|row| row.open(a)).transpose()
}

/// The newest statements, at most 100.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn newest(a: &mut Access<'_>) -> Result<Vec<Reconciliation>, StoreError> {
    let rows: Vec<Row> = t::table.order(t::created_at.desc()).limit(100).load(a.conn)?;
    rows.into_iter().map(|row| row.open(a)).collect()
}

/// The newest other statement with the same file.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn same_file(a: &mut Access<'_>, id: &str, file_hash: &str) -> Result<Option<(String, Timestamp)>, StoreError> {
    let others = t::table.filter(t::file_hash.eq(file_hash)).filter(t::id.lt(id));
    Ok(others.order(t::id.desc()).select((t::id, t::created_at)).first(a.conn).optional()?)
}

/// The file; empty once it was read.
///
/// # Errors
/// [`StoreError`] of the database, also when a part does not open.
pub fn file(a: &mut Access<'_>, id: &str) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut whole = Zeroizing::new(Vec::new());
    for seq in 0_i32.. {
        let part: Option<Vec<u8>> = p::table.find((id, seq)).select(p::part_sealed).first(a.conn).optional()?;
        let Some(sealed) = part else { break };
        whole.extend_from_slice(&a.open_bytes("reconciliation_parts", "part", &format!("{id}/{seq}"), &sealed)?);
    }
    Ok(whole)
}

/// Says what the columns of a table are, and makes its comparison due; `false` when that was said already.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_columns(a: &mut Access<'_>, id: &str, columns: &Columns, now: Timestamp) -> Result<bool, StoreError> {
    let mine = t::table.filter(t::id.eq(id)).filter(t::state.eq(State::Columns.as_str()));
    let set = (
        t::mapping.eq(serde_json::to_string(columns)?),
        t::state.eq(State::Waiting.as_str()),
        t::due_at.eq(now),
        t::version.eq(t::version + 1),
    );
    Ok(diesel::update(mine).set(set).execute(a.conn)? == 1)
}

/// A statement that is due.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn next_due(a: &mut Access<'_>, now: Timestamp) -> Result<Option<Reconciliation>, StoreError> {
    let row: Option<Row> = t::table.filter(t::due_at.le(now)).order(t::due_at).first(a.conn).optional()?;
    row.map(|row| row.open(a)).transpose()
}

/// Begins until `until`, anew when an earlier worker did not finish; `None` when another one has it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn claim(a: &mut Access<'_>, due: Reconciliation, until: Timestamp) -> Result<Option<Reconciliation>, StoreError> {
    let claimed = Reconciliation {
        version: due.version + 1,
        state: State::Running,
        rows_done: 0,
        ..due
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
    diesel::delete(l::table.filter(l::reconciliation_id.eq(&claimed.id))).execute(a.conn)?;
    Ok(Some(claimed))
}

/// Says how far a claimed comparison is, and keeps it until `until`. Before anything of it is written.
///
/// # Errors
/// [`StoreError::Conflict`] when another worker has taken it over.
pub fn progress(a: &mut Access<'_>, claimed: &Reconciliation, rows_done: i64, until: Timestamp) -> Result<(), StoreError> {
    let mine = t::table.filter(t::id.eq(&claimed.id)).filter(t::version.eq(claimed.version));
    let set = (t::rows_done.eq(rows_done), t::due_at.eq(until));
    match diesel::update(mine).set(set).execute(a.conn)? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

/// How a comparison ended.
#[derive(Debug)]
pub enum End {
    /// With this result.
    Ready {
        /// In figures.
        totals: Totals,
        /// The first and the last day of the statement.
        days: (NaiveDate, NaiveDate),
        /// Entries that were not compared.
        left_out: i64,
    },
    /// Without any.
    Failed(Unreadable),
}

/// Ends a claimed comparison and forgets the file; of one that failed nothing else stays.
///
/// # Errors
/// [`StoreError::Conflict`] when another worker has taken it over.
pub fn finish(a: &mut Access<'_>, claimed: &Reconciliation, end: &End, now: Timestamp) -> Result<(), StoreError> {
    let mine = t::table.filter(t::id.eq(&claimed.id)).filter(t::version.eq(claimed.version));
    let ended = (
        t::due_at.eq(None::<Timestamp>),
        t::ended_at.eq(now),
        t::version.eq(claimed.version + 1),
    );
    if diesel::update(mine).set(ended).execute(a.conn)? == 0 {
        return Err(StoreError::Conflict);
    }
    let row = diesel::update(t::table.find(&claimed.id));
    match end {
        End::Ready { totals, days, left_out } => row
            .set((
                t::state.eq(State::Ready.as_str()),
                t::totals.eq(serde_json::to_string(totals)?),
                t::from_day.eq(days.0.to_string()),
                t::to_day.eq(days.1.to_string()),
                t::left_out.eq(left_out),
            ))
            .execute(a.conn)?,
        End::Failed(problem) => {
            diesel::delete(l::table.filter(l::reconciliation_id.eq(&claimed.id))).execute(a.conn)?;
            row.set((t::state.eq(State::Failed.as_str()), t::problem.eq(serde_json::to_string(problem)?)))
                .execute(a.conn)?
        }
    };
    diesel::delete(p::table.filter(p::reconciliation_id.eq(&claimed.id))).execute(a.conn)?;
    Ok(())
}
