//! Onboarding files: what is known about a partner, sealed, and every state it was ever in.

use super::schema::{onboarding_files as f, onboarding_versions as v};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::partner::onboarding::OnboardingFile;
use diesel::{
    AsChangeset, ExpressionMethods as _, Identifiable, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _,
};

const FILES: &str = "onboarding_files";
const VERSIONS: &str = "onboarding_versions";

/// The onboarding file of a partner and where it stands.
#[derive(Clone)]
pub struct Onboarding {
    /// Whose it is.
    pub partner_id: String,
    /// Counts the changes; 0 before the first.
    pub version: i64,
    /// Whether nothing missed when it was last looked at.
    pub complete: bool,
    /// What is known; empty after erasure.
    pub file: OnboardingFile,
    /// When it must be renewed; set when it is complete for the first time.
    pub renewal_due_at: Option<Timestamp>,
    /// When the relation ended.
    pub ended_at: Option<Timestamp>,
    /// The user who ended it.
    pub ended_by: Option<String>,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// Until when the file is kept after that.
    pub keep_until: Option<Timestamp>,
    /// When it was erased.
    pub erased_at: Option<Timestamp>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for Onboarding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Onboarding")
            .field("partner_id", &self.partner_id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Onboarding {
    /// A file in which nothing stands yet.
    #[must_use]
    pub fn begun(partner_id: &str, now: Timestamp) -> Self {
        Self {
            partner_id: partner_id.into(),
            version: 0,
            complete: false,
            file: OnboardingFile::default(),
            renewal_due_at: None,
            ended_at: None,
            ended_by: None,
            end_reason: None,
            keep_until: None,
            erased_at: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// Where a partner's file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was entered.
    NotBegun,
    /// Something misses.
    Incomplete,
    /// Nothing missed when it was last looked at.
    Complete,
    /// The relation has ended.
    Ended,
}

#[derive(Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = f, primary_key(partner_id), treat_none_as_null = true)]
struct Row {
    partner_id: String,
    version: i64,
    complete: bool,
    file_sealed: Option<Vec<u8>>,
    renewal_due_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    ended_by: Option<String>,
    end_reason_sealed: Option<Vec<u8>>,
    keep_until: Option<Timestamp>,
    erased_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row {
    fn seal(a: &Access<'_>, o: &Onboarding) -> Result<Self, StoreError> {
        let file = match o.erased_at {
            Some(_) => None,
            None => Some(a.seal(FILES, "file", &o.partner_id, &serde_json::to_string(&o.file)?)),
        };
        Ok(Self {
            partner_id: o.partner_id.clone(),
            version: o.version,
            complete: o.complete,
            file_sealed: file,
            renewal_due_at: o.renewal_due_at,
            ended_at: o.ended_at,
            ended_by: o.ended_by.clone(),
            end_reason_sealed: o.end_reason.as_deref().map(|r| a.seal(FILES, "end_reason", &o.partner_id, r)),
            keep_until: o.keep_until,
            erased_at: o.erased_at,
            created_at: o.created_at,
            updated_at: o.updated_at,
        })
    }

    fn open(self, a: &Access<'_>) -> Result<Onboarding, StoreError> {
        let open = |column, sealed: Option<&Vec<u8>>| sealed.map(|s| a.open(FILES, column, &self.partner_id, s)).transpose();
        let file = match open("file", self.file_sealed.as_ref())? {
            Some(text) => serde_json::from_str(&text)?,
            None => OnboardingFile::default(),
        };
        let end_reason = open("end_reason", self.end_reason_sealed.as_ref())?.map(|t| t.to_string());
        Ok(Onboarding {
            file,
            end_reason,
            partner_id: self.partner_id,
            version: self.version,
            complete: self.complete,
            renewal_due_at: self.renewal_due_at,
            ended_at: self.ended_at,
            ended_by: self.ended_by,
            keep_until: self.keep_until,
            erased_at: self.erased_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// The file of a partner, if one was begun.
///
/// # Errors
/// [`StoreError`] of the database, also when a sealed column does not open.
pub fn get(a: &mut Access<'_>, partner_id: &str) -> Result<Option<Onboarding>, StoreError> {
    let row: Option<Row> = f::table.find(partner_id).first(a.conn).optional()?;
    row.map(|row| row.open(a)).transpose()
}

/// Where the file of a partner stands; it alone says whether the partner may be activated.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn standing(a: &mut Access<'_>, partner_id: &str) -> Result<Standing, StoreError> {
    let known: Option<(bool, Option<Timestamp>)> = f::table
        .find(partner_id)
        .select((f::complete, f::ended_at))
        .first(a.conn)
        .optional()?;
    Ok(match known {
        None => Standing::NotBegun,
        Some((_, Some(_))) => Standing::Ended,
        Some((true, None)) => Standing::Complete,
        Some((false, None)) => Standing::Incomplete,
    })
}

/// Partners whose files must be renewed by a moment, and when, the first to be renewed first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn to_renew(a: &mut Access<'_>, until: Timestamp) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let due = f::table.filter(f::renewal_due_at.le(until)).filter(f::ended_at.is_null());
    let rows: Vec<(String, Option<Timestamp>)> = due
        .order(f::renewal_due_at)
        .limit(1000)
        .select((f::partner_id, f::renewal_due_at))
        .load(a.conn)?;
    Ok(rows.into_iter().filter_map(|(id, due)| Some((id, due?))).collect())
}

/// Ids of the partners whose files are complete.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn complete(a: &mut Access<'_>) -> Result<Vec<String>, StoreError> {
    Ok(f::table.filter(f::complete.eq(true)).select(f::partner_id).load(a.conn)?)
}

/// All files, at most 1000, those that end or must be renewed first.
///
/// # Errors
/// As [`get`].
pub fn list(a: &mut Access<'_>) -> Result<Vec<Onboarding>, StoreError> {
    let rows: Vec<Row> = f::table.order((f::renewal_due_at, f::partner_id)).limit(1000).load(a.conn)?;
    rows.into_iter().map(|row| row.open(a)).collect()
}

/// Writes the next state of a file that was read in the version it holds, with its place in the history: who did it,
/// and the paths of what changed.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else changed it first.
pub fn save(a: &mut Access<'_>, read: &Onboarding, actor: &str, changed: &[String], now: Timestamp) -> Result<Onboarding, StoreError> {
    let next = Onboarding {
        version: read.version + 1,
        updated_at: now,
        ..read.clone()
    };
    write(a, read, &next)?;
    let row = format!("{}/{}", next.partner_id, next.version);
    let version = VersionRow {
        partner_id: next.partner_id.clone(),
        version: next.version,
        at: now,
        actor: actor.into(),
        changed: serde_json::to_string(changed)?,
        file_sealed: a.seal(VERSIONS, "file", &row, &serde_json::to_string(&next.file)?),
    };
    diesel::insert_into(v::table).values(&version).execute(a.conn)?;
    Ok(next)
}

fn write(a: &mut Access<'_>, read: &Onboarding, next: &Onboarding) -> Result<(), StoreError> {
    let row = Row::seal(a, next)?;
    if read.version == 0 {
        return match a.try_insert("the file", |conn| diesel::insert_into(f::table).values(&row).execute(conn)) {
            Err(StoreError::Taken(_)) => Err(StoreError::Conflict),
            other => other,
        };
    }
    let mine = f::table
        .filter(f::partner_id.eq(&read.partner_id))
        .filter(f::version.eq(read.version));
    match diesel::update(mine).set(&row).execute(a.conn)? {
        0 => Err(StoreError::Conflict),
        _ => Ok(()),
    }
}

/// Writes whether a file is complete, when the days that passed changed that.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_complete(a: &mut Access<'_>, partner_id: &str, version: i64, complete: bool) -> Result<(), StoreError> {
    let mine = f::table.filter(f::partner_id.eq(partner_id)).filter(f::version.eq(version));
    diesel::update(mine).set(f::complete.eq(complete)).execute(a.conn)?;
    Ok(())
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = v)]
struct VersionRow {
    partner_id: String,
    version: i64,
    at: Timestamp,
    actor: String,
    changed: String,
    file_sealed: Vec<u8>,
}

/// A state in which the file was.
#[derive(Clone, Debug)]
pub struct Version {
    /// Which change led to it.
    pub version: i64,
    /// When.
    pub at: Timestamp,
    /// The user who made it, or `clock`.
    pub actor: String,
    /// Paths of what changed.
    pub changed: Vec<String>,
    /// The whole file after the change.
    pub file: OnboardingFile,
}

/// Every state of a file, oldest first.
///
/// # Errors
/// As [`get`].
pub fn versions(a: &mut Access<'_>, partner_id: &str) -> Result<Vec<Version>, StoreError> {
    let rows: Vec<VersionRow> = v::table.filter(v::partner_id.eq(partner_id)).order(v::version).load(a.conn)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let place = format!("{}/{}", row.partner_id, row.version);
        all.push(Version {
            version: row.version,
            at: row.at,
            actor: row.actor,
            changed: serde_json::from_str(&row.changed)?,
            file: serde_json::from_str(&a.open(VERSIONS, "file", &place, &row.file_sealed)?)?,
        });
    }
    Ok(all)
}

/// Partners whose files are to be erased by now, and until when each was kept.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn to_erase(a: &mut Access<'_>, now: Timestamp) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let due = f::table.filter(f::keep_until.le(now)).filter(f::erased_at.is_null());
    let rows: Vec<(String, Option<Timestamp>)> = due.order(f::keep_until).select((f::partner_id, f::keep_until)).load(a.conn)?;
    Ok(rows.into_iter().filter_map(|(id, until)| Some((id, until?))).collect())
}

/// Erases a file that is still due to be: what is known, every state it was in, and its documents; that there was a
/// relation, and when it ended, stays. Answers how many documents there were, `None` when it is no longer due.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn erase(a: &mut Access<'_>, partner_id: &str, now: Timestamp) -> Result<Option<usize>, StoreError> {
    let due = f::table
        .filter(f::partner_id.eq(partner_id))
        .filter(f::keep_until.le(now))
        .filter(f::erased_at.is_null());
    let set = (
        f::file_sealed.eq(None::<Vec<u8>>),
        f::end_reason_sealed.eq(None::<Vec<u8>>),
        f::complete.eq(false),
        f::renewal_due_at.eq(None::<Timestamp>),
        f::erased_at.eq(now),
        f::version.eq(f::version + 1),
    );
    if diesel::update(due).set(set).execute(a.conn)? == 0 {
        return Ok(None);
    }
    diesel::delete(v::table.filter(v::partner_id.eq(partner_id))).execute(a.conn)?;
    super::applications::erase_of(a, partner_id, now)?;
    super::onboarding_documents::erase_of(a, partner_id).map(Some)
}
