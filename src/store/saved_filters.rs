//! Searches that a user of the back office keeps under a name. Personal data in the query is sealed already.

use super::schema::saved_filters as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};

/// Searches one user may keep.
pub const MOST: usize = 50;

/// A kept search.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = t)]
pub struct SavedFilter {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub admin_id: String,
    /// What the user calls it.
    pub name: String,
    /// The query of the list's address.
    pub query: String,
    created_at: Timestamp,
}

/// A user's searches, by name.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of(a: &mut Access<'_>, admin_id: &str) -> Result<Vec<SavedFilter>, StoreError> {
    Ok(t::table
        .filter(t::admin_id.eq(admin_id))
        .order(t::name)
        .limit(MOST as i64)
        .load(a.conn)?)
}

/// Keeps a search.
///
/// # Errors
/// [`StoreError::Taken`] when the user has one of this name, or has as many as may be kept.
pub fn add(a: &mut Access<'_>, admin_id: &str, name: &str, query: &str, now: Timestamp) -> Result<(), StoreError> {
    if of(a, admin_id)?.len() >= MOST {
        return Err(StoreError::Taken("every place for a search"));
    }
    let row = SavedFilter {
        id: uuid::Uuid::now_v7().to_string(),
        admin_id: admin_id.into(),
        name: name.into(),
        query: query.into(),
        created_at: now,
    };
    a.try_insert("the name of the search", |conn| {
        diesel::insert_into(t::table).values(&row).execute(conn)
    })
}

/// Forgets one of a user's searches; `false` when there is none of this id.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn remove(a: &mut Access<'_>, admin_id: &str, id: &str) -> Result<bool, StoreError> {
    let mine = t::table.filter(t::admin_id.eq(admin_id)).filter(t::id.eq(id));
    Ok(diesel::delete(mine).execute(a.conn)? == 1)
}
