//! Documents of onboarding files, sealed in parts so that no row is large.

use super::schema::{onboarding_document_parts as p, onboarding_documents as d};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::partner::onboarding::DocumentKind;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};
use zeroize::Zeroizing;

const TABLE: &str = "onboarding_documents";
const PARTS: &str = "onboarding_document_parts";
/// Bytes of one part.
const PART_BYTES: usize = 256 * 1024;

/// A document, without its content.
#[derive(Clone)]
pub struct Document {
    /// Its id (UUID).
    pub id: String,
    /// Whose file it belongs to.
    pub partner_id: String,
    /// What it proves.
    pub kind: DocumentKind,
    /// The name of the file it came in; hostile text.
    pub name: String,
    /// What it is, as its content shows.
    pub media_type: String,
    /// Bytes.
    pub size_bytes: i64,
    /// When it was added.
    pub added_at: Timestamp,
    /// The user who added it.
    pub added_by: String,
    /// When it was removed; its content is gone then.
    pub removed_at: Option<Timestamp>,
    /// The user who removed it.
    pub removed_by: Option<String>,
    /// Why.
    pub remove_reason: Option<String>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A document and its bytes.
pub type WithContent = (Document, Zeroizing<Vec<u8>>);

#[derive(Queryable, Insertable)]
#[diesel(table_name = d)]
struct Row {
    id: String,
    partner_id: String,
    kind: String,
    name_sealed: Vec<u8>,
    media_type: String,
    size_bytes: i64,
    parts: i32,
    added_at: Timestamp,
    added_by: String,
    removed_at: Option<Timestamp>,
    removed_by: Option<String>,
    remove_reason_sealed: Option<Vec<u8>>,
}

impl Row {
    fn open(self, a: &Access<'_>) -> Result<Document, StoreError> {
        let kind = DocumentKind::parse(&self.kind);
        let reason = self.remove_reason_sealed.as_ref();
        let reason = reason.map(|r| a.open(TABLE, "remove_reason", &self.id, r)).transpose()?;
        Ok(Document {
            kind: kind.ok_or_else(|| StoreError::Broken(format!("onboarding_documents.kind of {} is unreadable", self.id)))?,
            name: a.open(TABLE, "name", &self.id, &self.name_sealed)?.to_string(),
            remove_reason: reason.map(|r| r.to_string()),
            id: self.id,
            partner_id: self.partner_id,
            media_type: self.media_type,
            size_bytes: self.size_bytes,
            added_at: self.added_at,
            added_by: self.added_by,
            removed_at: self.removed_at,
            removed_by: self.removed_by,
        })
    }
}

/// Adds a document with its content.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, document: &Document, content: &[u8]) -> Result<(), StoreError> {
    let parts = content.chunks(PART_BYTES);
    let row = Row {
        id: document.id.clone(),
        partner_id: document.partner_id.clone(),
        kind: document.kind.as_str().into(),
        name_sealed: a.seal(TABLE, "name", &document.id, &document.name),
        media_type: document.media_type.clone(),
        size_bytes: document.size_bytes,
        parts: i32::try_from(parts.len()).unwrap_or(i32::MAX),
        added_at: document.added_at,
        added_by: document.added_by.clone(),
        removed_at: None,
        removed_by: None,
        remove_reason_sealed: None,
    };
    diesel::insert_into(d::table).values(&row).execute(a.conn)?;
    for (seq, part) in (1_i32..).zip(parts) {
        let sealed = a.seal_bytes(PARTS, "part", &format!("{}/{seq}", document.id), part);
        let row = (p::document_id.eq(&document.id), p::seq.eq(seq), p::part_sealed.eq(sealed));
        diesel::insert_into(p::table).values(row).execute(a.conn)?;
    }
    Ok(())
}

/// The documents of a partner, also those that were removed, oldest first.
///
/// # Errors
/// [`StoreError`] of the database, also when a sealed column does not open.
pub fn of(a: &mut Access<'_>, partner_id: &str) -> Result<Vec<Document>, StoreError> {
    let rows: Vec<Row> = d::table
        .filter(d::partner_id.eq(partner_id))
        .order((d::added_at, d::id))
        .load(a.conn)?;
    rows.into_iter().map(|row| row.open(a)).collect()
}

/// A document of a partner with its content; `None` when there is none of this id, or it was removed.
///
/// # Errors
/// [`StoreError::Broken`] also when a part misses.
pub fn read(a: &mut Access<'_>, partner_id: &str, id: &str) -> Result<Option<WithContent>, StoreError> {
    let own = d::table.filter(d::id.eq(id)).filter(d::partner_id.eq(partner_id));
    let row: Option<Row> = own.filter(d::removed_at.is_null()).first(a.conn).optional()?;
    let Some(row) = row else { return Ok(None) };
    let size = usize::try_from(row.size_bytes).unwrap_or_default();
    let mut content = Zeroizing::new(Vec::with_capacity(size));
    for seq in 1..=row.parts {
        let sealed: Vec<u8> = p::table.find((id, seq)).select(p::part_sealed).first(a.conn)?;
        content.extend_from_slice(&a.open_bytes(PARTS, "part", &format!("{id}/{seq}"), &sealed)?);
    }
    if content.len() != size {
        return Err(StoreError::Broken(format!("document {id} is not as long as it was")));
    }
    Ok(Some((row.open(a)?, content)))
}

/// Removes a document's content and notes who did it and why; `false` when there is none of this id (any more).
///
/// # Errors
/// [`StoreError`] of the database.
pub fn remove(a: &mut Access<'_>, partner_id: &str, id: &str, by: &str, reason: &str, now: Timestamp) -> Result<bool, StoreError> {
    let own = d::table
        .filter(d::id.eq(id))
        .filter(d::partner_id.eq(partner_id))
        .filter(d::removed_at.is_null());
    let set = (
        d::removed_at.eq(now),
        d::removed_by.eq(by),
        d::remove_reason_sealed.eq(a.seal(TABLE, "remove_reason", id, reason)),
    );
    if diesel::update(own).set(set).execute(a.conn)? == 0 {
        return Ok(false);
    }
    diesel::delete(p::table.filter(p::document_id.eq(id))).execute(a.conn)?;
    Ok(true)
}

/// How many documents a partner has.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count_of(a: &mut Access<'_>, partner_id: &str) -> Result<i64, StoreError> {
    Ok(d::table.filter(d::partner_id.eq(partner_id)).count().get_result(a.conn)?)
}

/// Erases the documents of a partner; answers how many there were.
pub(super) fn erase_of(a: &mut Access<'_>, partner_id: &str) -> Result<usize, StoreError> {
    let own = d::table.filter(d::partner_id.eq(partner_id));
    let ids: Vec<String> = own.select(d::id).load(a.conn)?;
    diesel::delete(p::table.filter(p::document_id.eq_any(&ids))).execute(a.conn)?;
    Ok(diesel::delete(d::table.filter(d::partner_id.eq(partner_id))).execute(a.conn)?)
}
