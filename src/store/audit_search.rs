//! The audit log as somebody reads it: newest first, by the place in the chain (keyset paging).

use super::connection::Conn;
use super::schema::{admins, audit as t};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{ExpressionMethods as _, NullableExpressionMethods as _, QueryDsl as _, Queryable, RunQueryDsl as _};
use std::collections::HashMap;

/// What is looked for; every condition must be fulfilled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Who did it: an admin's id, or a word such as `cli`.
    pub actor: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// To what.
    pub subject: Option<String>,
    /// Then or later.
    pub from: Option<Timestamp>,
    /// Earlier.
    pub before: Option<Timestamp>,
}

/// From where on, and which way, the log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The newest rows.
    Top,
    /// Those after this place of the chain: older ones.
    After(i64),
    /// Those before it: newer ones, next to it.
    Before(i64),
}

/// A row of the log.
#[derive(Clone, Debug, Queryable)]
pub struct Entry {
    /// Its place in the chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: Option<String>,
    /// Anything else.
    pub detail: Option<String>,
}

/// The rows of a filter, at most `limit`, newest first whichever way they are read. Rows from before there was a
/// chain have no place in it and are not found.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn find(a: &mut Access<'_>, filter: &Filter, from: From, limit: i64) -> Result<Vec<Entry>, StoreError> {
    type Backend = <Conn as diesel::Connection>::Backend;
    let columns = (t::seq.assume_not_null(), t::at, t::actor, t::action, t::subject, t::detail);
    let mut wanted = t::table.filter(t::seq.is_not_null()).select(columns).into_boxed::<Backend>();
    if let Some(actor) = &filter.actor {
        wanted = wanted.filter(t::actor.eq(actor));
    }
    if let Some(action) = &filter.action {
        wanted = wanted.filter(t::action.eq(action));
    }
    if let Some(subject) = &filter.subject {
        wanted = wanted.filter(t::subject.eq(subject));
    }
    if let Some(from) = filter.from {
        wanted = wanted.filter(t::at.ge(from));
    }
    if let Some(before) = filter.before {
        wanted = wanted.filter(t::at.lt(before));
    }
    wanted = match from {
        From::Top => wanted.order(t::seq.desc()),
        From::After(seq) => wanted.filter(t::seq.lt(seq)).order(t::seq.desc()),
        From::Before(seq) => wanted.filter(t::seq.gt(seq)).order(t::seq.asc()),
    };
    let mut found: Vec<Entry> = wanted.limit(limit).load(a.conn)?;
    if matches!(from, From::Before(_)) {
        found.reverse();
    }
    Ok(found)
}

/// The names of the users among these actors.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn names(a: &mut Access<'_>, actors: &[String]) -> Result<HashMap<String, String>, StoreError> {
    let known = admins::table.filter(admins::id.eq_any(actors));
    let names: Vec<(String, String)> = known.select((admins::id, admins::user_name)).load(a.conn)?;
    Ok(names.into_iter().collect())
}
