//! The end of statements: tables that nobody went on with, and personal data that is not kept longer.

use super::reconciliations::State;
use super::schema::{reconciliation_lines as l, reconciliation_parts as p, reconciliations as t};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

/// Tables whose columns nobody confirmed before this moment.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn forgotten(a: &mut Access<'_>, before: Timestamp) -> Result<Vec<String>, StoreError> {
    let waiting = t::table
        .filter(t::state.eq(State::Columns.as_str()))
        .filter(t::created_at.lt(before));
    Ok(waiting.select(t::id).limit(100).load(a.conn)?)
}

/// Removes a table whose columns nobody confirmed.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn remove(a: &mut Access<'_>, id: &str) -> Result<(), StoreError> {
    let waiting = t::table.filter(t::id.eq(id)).filter(t::state.eq(State::Columns.as_str()));
    if waiting.count().get_result::<i64>(a.conn)? == 1 {
        diesel::delete(p::table.filter(p::reconciliation_id.eq(id))).execute(a.conn)?;
        diesel::delete(t::table.find(id)).execute(a.conn)?;
    }
    Ok(())
}

/// Statements uploaded before a moment that hold personal data still, at most `limit`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn to_erase(a: &mut Access<'_>, before: Timestamp, limit: i64) -> Result<Vec<String>, StoreError> {
    let old = t::table.filter(t::created_at.lt(before)).filter(t::file_name_sealed.is_not_null());
    Ok(old.order(t::created_at).limit(limit).select(t::id).load(a.conn)?)
}

/// Erases what people are called and their accounts; findings, amounts and sums stay.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn erase(a: &mut Access<'_>, id: &str) -> Result<(), StoreError> {
    let nothing = None::<Vec<u8>>;
    diesel::update(l::table.filter(l::reconciliation_id.eq(id)))
        .set(l::entry_sealed.eq(&nothing))
        .execute(a.conn)?;
    diesel::delete(p::table.filter(p::reconciliation_id.eq(id))).execute(a.conn)?;
    let set = (t::file_name_sealed.eq(&nothing), t::account_sealed.eq(&nothing));
    diesel::update(t::table.find(id)).set(set).execute(a.conn)?;
    Ok(())
}
