//! Who of the operator's own users gets the daily report, and at which address.

use super::schema::{admins, report_readers as t};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::Language;
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};

const TABLE: &str = "report_readers";

/// A reader of the daily report.
#[derive(Clone)]
pub struct Reader {
    /// The user's id.
    pub admin_id: String,
    /// Where it is sent.
    pub address: String,
    /// In which language.
    pub language: Language,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("admin_id", &self.admin_id).finish_non_exhaustive()
    }
}

/// A user's address for the report; `None` when the user does not want it.
///
/// # Errors
/// [`StoreError`] of the database, also when it does not open.
pub fn address(a: &mut Access<'_>, admin_id: &str) -> Result<Option<String>, StoreError> {
    let sealed: Option<Vec<u8>> = t::table.find(admin_id).select(t::address_sealed).first(a.conn).optional()?;
    let opened = sealed.map(|sealed| a.open(TABLE, "address", admin_id, &sealed)).transpose()?;
    Ok(opened.map(|address| address.to_string()))
}

/// Sends a user the report from now on, to this address, or no longer.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set(a: &mut Access<'_>, admin_id: &str, address: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
    diesel::delete(t::table.find(admin_id)).execute(a.conn)?;
    if let Some(address) = address {
        let sealed = a.seal(TABLE, "address", admin_id, address);
        let row = (t::admin_id.eq(admin_id), t::address_sealed.eq(sealed), t::since.eq(now));
        diesel::insert_into(t::table).values(row).execute(a.conn)?;
    }
    Ok(())
}

/// Everybody who gets the report: users that may sign in.
///
/// # Errors
/// [`StoreError`] of the database, also when an address does not open.
pub fn all(a: &mut Access<'_>) -> Result<Vec<Reader>, StoreError> {
    let rows: Vec<(String, Vec<u8>)> = t::table.order(t::admin_id).select((t::admin_id, t::address_sealed)).load(a.conn)?;
    let ids: Vec<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
    let users: Vec<(String, Option<String>)> = admins::table
        .filter(admins::id.eq_any(ids))
        .filter(admins::active.eq(true))
        .select((admins::id, admins::language))
        .load(a.conn)?;
    let mut readers = Vec::with_capacity(users.len());
    for (admin_id, sealed) in rows {
        let Some((_, language)) = users.iter().find(|(id, _)| *id == admin_id) else {
            continue;
        };
        readers.push(Reader {
            address: a.open(TABLE, "address", &admin_id, &sealed)?.to_string(),
            language: language.as_deref().and_then(Language::parse).unwrap_or_default(),
            admin_id,
        });
    }
    Ok(readers)
}
