//! Applications of sub-merchants: what a platform declared, sealed, and how it was decided.

use super::connection::Conn;
use super::schema::applications as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::partner::application::{Application, ApplicationState};
use diesel::{
    AsChangeset, ExpressionMethods as _, Identifiable, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _,
};

const TABLE: &str = "applications";

/// An application, opened.
#[derive(Clone)]
pub struct StoredApplication {
    /// Our own id (UUID, ordered by time).
    pub id: String,
    /// The partner that sent it.
    pub platform_id: String,
    /// The platform's own id of the sub-merchant; our own after erasure.
    pub external_client_id: String,
    /// Keyed hash of what was sent.
    pub request_hash: String,
    /// Where it stands.
    pub state: ApplicationState,
    /// What was declared; none after erasure.
    pub content: Option<Application>,
    /// What the platform must send, or why it was refused.
    pub note: Option<String>,
    /// The partner it became.
    pub partner_id: Option<String>,
    /// Changes with every write.
    pub version: i64,
    /// The user who decided, or asked for more.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Until when what was declared is kept, where nobody waits for it any more.
    pub keep_until: Option<Timestamp>,
    /// When it was erased.
    pub erased_at: Option<Timestamp>,
    /// When it came.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for StoredApplication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredApplication")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[derive(Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = t, treat_none_as_null = true)]
struct Row {
    id: String,
    platform_id: String,
    external_client_id: String,
    request_hash: String,
    state: String,
    content_sealed: Option<Vec<u8>>,
    note_sealed: Option<Vec<u8>>,
    partner_id: Option<String>,
    version: i64,
    decided_by: Option<String>,
    decided_at: Option<Timestamp>,
    keep_until: Option<Timestamp>,
    erased_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row {
    fn seal(a: &Access<'_>, s: &StoredApplication) -> Result<Self, StoreError> {
        let content = s.content.as_ref().map(serde_json::to_string).transpose()?;
        Ok(Self {
            content_sealed: content.map(|text| a.seal(TABLE, "content", &s.id, &text)),
            note_sealed: s.note.as_deref().map(|text| a.seal(TABLE, "note", &s.id, text)),
            id: s.id.clone(),
            platform_id: s.platform_id.clone(),
            external_client_id: s.external_client_id.clone(),
            request_hash: s.request_hash.clone(),
            state: s.state.as_str().into(),
            partner_id: s.partner_id.clone(),
            version: s.version,
            decided_by: s.decided_by.clone(),
            decided_at: s.decided_at,
            keep_until: s.keep_until,
            erased_at: s.erased_at,
            created_at: s.created_at,
            updated_at: s.updated_at,
        })
    }

    fn open(self, a: &Access<'_>) -> Result<StoredApplication, StoreError> {
        let open = |column, sealed: Option<&Vec<u8>>| sealed.map(|s| a.open(TABLE, column, &self.id, s)).transpose();
        let content = open("content", self.content_sealed.as_ref())?;
        let note = open("note", self.note_sealed.as_ref())?;
        let state = ApplicationState::parse(&self.state);
        Ok(StoredApplication {
            state: state.ok_or_else(|| StoreError::Broken(format!("applications.state of {} is unreadable", self.id)))?,
            content: content.map(|text| serde_json::from_str(&text)).transpose()?,
            note: note.map(|text| text.to_string()),
            id: self.id,
            platform_id: self.platform_id,
            external_client_id: self.external_client_id,
            request_hash: self.request_hash,
            partner_id: self.partner_id,
            version: self.version,
            decided_by: self.decided_by,
            decided_at: self.decided_at,
            keep_until: self.keep_until,
            erased_at: self.erased_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Adds an application.
///
/// # Errors
/// [`StoreError::Conflict`] when the platform has just sent one of the same id.
pub fn add(a: &mut Access<'_>, new: &StoredApplication) -> Result<(), StoreError> {
    let row = Row::seal(a, new)?;
    match a.try_insert("the application", |conn| diesel::insert_into(t::table).values(&row).execute(conn)) {
        Err(StoreError::Taken(_)) => Err(StoreError::Conflict),
        other => other,
    }
}

/// The application of an id.
///
/// # Errors
/// [`StoreError`] of the database, also when a sealed column does not open.
pub fn get(a: &mut Access<'_>, id: &str) -> Result<Option<StoredApplication>, StoreError> {
    let row: Option<Row> = t::table.find(id).first(a.conn).optional()?;
    row.map(|row| row.open(a)).transpose()
}

/// A platform's application of a sub-merchant.
///
/// # Errors
/// As [`get`].
pub fn of_external(a: &mut Access<'_>, platform_id: &str, external: &str) -> Result<Option<StoredApplication>, StoreError> {
    let mine = t::table
        .filter(t::platform_id.eq(platform_id))
        .filter(t::external_client_id.eq(external));
    let row: Option<Row> = mine.first(a.conn).optional()?;
    row.map(|row| row.open(a)).transpose()
}

/// The application that became a partner.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn id_of_partner(a: &mut Access<'_>, partner_id: &str) -> Result<Option<String>, StoreError> {
    let of = t::table.filter(t::partner_id.eq(partner_id));
    Ok(of.select(t::id).first(a.conn).optional()?)
}

/// Writes the next state of an application that was read in the version it holds.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else changed it first.
pub fn save(a: &mut Access<'_>, read: &StoredApplication, now: Timestamp) -> Result<(), StoreError> {
    let next = StoredApplication {
        version: read.version + 1,
        updated_at: now,
        ..read.clone()
    };
    let row = Row::seal(a, &next)?;
    let mine = t::table.filter(t::id.eq(&read.id)).filter(t::version.eq(read.version));
    match diesel::update(mine).set(&row).execute(a.conn)? {
        0 => Err(StoreError::Conflict),
        _ => Ok(()),
    }
}

/// Which applications are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those that stand there.
    pub state: Option<ApplicationState>,
    /// Those of this platform.
    pub platform_id: Option<String>,
    /// Those older than the one of this id.
    pub before: Option<String>,
}

/// Applications of a filter, newest first, at most `limit`.
///
/// # Errors
/// As [`get`].
pub fn list(a: &mut Access<'_>, filter: &Filter, limit: i64) -> Result<Vec<StoredApplication>, StoreError> {
    type Backend = <Conn as diesel::Connection>::Backend;
    let mut wanted = t::table.into_boxed::<Backend>();
    if let Some(state) = filter.state {
        wanted = wanted.filter(t::state.eq(state.as_str()));
    }
    if let Some(platform) = &filter.platform_id {
        wanted = wanted.filter(t::platform_id.eq(platform));
    }
    if let Some(before) = &filter.before {
        wanted = wanted.filter(t::id.lt(before));
    }
    let rows: Vec<Row> = wanted.order(t::id.desc()).limit(limit).load(a.conn)?;
    rows.into_iter().map(|row| row.open(a)).collect()
}

/// How many applications wait for us: received, or looked at.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count_waiting(a: &mut Access<'_>, platform_id: Option<&str>) -> Result<i64, StoreError> {
    type Backend = <Conn as diesel::Connection>::Backend;
    let ours = [ApplicationState::Received.as_str(), ApplicationState::InReview.as_str()];
    let mut waiting = t::table.filter(t::state.eq_any(ours)).into_boxed::<Backend>();
    if let Some(platform) = platform_id {
        waiting = waiting.filter(t::platform_id.eq(platform.to_owned()));
    }
    Ok(waiting.count().get_result(a.conn)?)
}

/// Partners that have sent applications, as ids.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn platforms(a: &mut Access<'_>) -> Result<Vec<String>, StoreError> {
    Ok(t::table.select(t::platform_id).distinct().limit(200).load(a.conn)?)
}

/// Ids of applications whose time is over, at most 100.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn to_erase(a: &mut Access<'_>, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let due = t::table.filter(t::keep_until.le(now)).filter(t::erased_at.is_null());
    Ok(due.order(t::keep_until).limit(100).select(t::id).load(a.conn)?)
}

/// How many applications' time is over.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count_to_erase(a: &mut Access<'_>, now: Timestamp) -> Result<i64, StoreError> {
    let due = t::table.filter(t::keep_until.le(now)).filter(t::erased_at.is_null());
    Ok(due.count().get_result(a.conn)?)
}

/// Erases what was declared: that there was an application, and how it was decided, stays. One that waits for the
/// platform counts as refused.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn erase(a: &mut Access<'_>, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let Some(read) = get(a, id)?.filter(|s| s.erased_at.is_none()) else {
        return Ok(false);
    };
    let state = if read.state == ApplicationState::Approved {
        ApplicationState::Approved
    } else {
        ApplicationState::Refused
    };
    let next = StoredApplication {
        // The platform's id may name somebody, and may be used anew.
        external_client_id: read.id.clone(),
        request_hash: String::new(),
        content: None,
        note: None,
        keep_until: None,
        erased_at: Some(now),
        state,
        ..read
    };
    save(a, &next, now)?;
    Ok(true)
}

/// Erases the application of a partner whose file is erased.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn erase_of(a: &mut Access<'_>, partner_id: &str, now: Timestamp) -> Result<(), StoreError> {
    if let Some(id) = id_of_partner(a, partner_id)? {
        erase(a, &id, now)?;
    }
    Ok(())
}
