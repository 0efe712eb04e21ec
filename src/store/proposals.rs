//! Changes that one admin proposes and another decides. A row says what was to change, what it was before, and
//! who decided; it is never removed.

use super::schema::proposals as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

/// Waits for a decision.
pub const OPEN: &str = "open";
/// Carried out.
pub const APPROVED: &str = "approved";
/// Not to be carried out, with a reason.
pub const REFUSED: &str = "refused";
/// Nobody decided in time.
pub const EXPIRED: &str = "expired";
/// What it was to change has changed meanwhile.
pub const STALE: &str = "stale";

/// A proposal as it is stored. The texts hold no personal data.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = t)]
pub struct Proposal {
    /// Our own id (UUID).
    pub id: String,
    /// What kind of change.
    pub kind: String,
    /// The partner or payment that it changes.
    pub subject: String,
    /// The change, as JSON.
    pub change: String,
    /// What it changes, as it was when it was proposed, as JSON.
    pub before: String,
    /// One of the words of this file.
    pub state: String,
    /// The admin who proposed it.
    pub proposed_by: String,
    /// When.
    pub proposed_at: Timestamp,
    /// From when on it can only be refused.
    pub expires_at: Timestamp,
    /// The admin who decided.
    pub decided_by: Option<String>,
    /// When it was decided, or found to be expired or stale.
    pub decided_at: Option<Timestamp>,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// Adds a proposal.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, proposal: &Proposal) -> Result<(), StoreError> {
    diesel::insert_into(t::table).values(proposal).execute(a.conn)?;
    Ok(())
}

/// The proposal of an id.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn get(a: &mut Access<'_>, id: &str) -> Result<Option<Proposal>, StoreError> {
    Ok(t::table.find(id).first(a.conn).optional()?)
}

/// Proposals that wait for a decision, oldest first, at most 200.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn open(a: &mut Access<'_>, now: Timestamp) -> Result<Vec<Proposal>, StoreError> {
    let waiting = t::table.filter(t::state.eq(OPEN)).filter(t::expires_at.gt(now));
    Ok(waiting.order(t::proposed_at).limit(200).load(a.conn)?)
}

/// The proposals about a partner or a payment, newest first, at most 50.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn about(a: &mut Access<'_>, subject: &str) -> Result<Vec<Proposal>, StoreError> {
    let of = t::table.filter(t::subject.eq(subject)).order(t::proposed_at.desc());
    Ok(of.limit(50).load(a.conn)?)
}

/// Ids of proposals that nobody decided in time, at most `limit`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn overdue(a: &mut Access<'_>, now: Timestamp, limit: i64) -> Result<Vec<String>, StoreError> {
    let late = t::table.filter(t::state.eq(OPEN)).filter(t::expires_at.le(now));
    Ok(late.limit(limit).select(t::id).load(a.conn)?)
}

/// Ends an open proposal; `false` when it has ended already.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn end(
    a: &mut Access<'_>,
    id: &str,
    state: &'static str,
    by: Option<&str>,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let waiting = t::table.filter(t::id.eq(id)).filter(t::state.eq(OPEN));
    let set = (
        t::state.eq(state),
        t::decided_by.eq(by),
        t::decided_at.eq(now),
        t::reason.eq(reason),
    );
    Ok(diesel::update(waiting).set(set).execute(a.conn)? == 1)
}
