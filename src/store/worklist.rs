//! Lists of payments that want something done.

use super::schema::payments as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::PaymentId;
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

/// Ids of payments that have not ended, by id, after `after`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn unfinished(a: &mut Access<'_>, after: i64, limit: i64) -> Result<Vec<PaymentId>, StoreError> {
    let numbers: Vec<i64> = t::table
        .filter(t::ended_at.is_null())
        .filter(t::id.gt(after))
        .order(t::id)
        .limit(limit)
        .select(t::id)
        .load(a.conn)?;
    Ok(numbers.into_iter().filter_map(PaymentId::from_number).collect())
}

/// Payments that are due and that nobody acts on, oldest first, with the codes of their banks, but none of the
/// banks of `but`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn due(a: &mut Access<'_>, now: Timestamp, limit: i64, but: &[String]) -> Result<Vec<(PaymentId, Option<String>)>, StoreError> {
    use diesel::BoolExpressionMethods as _;
    let free = t::lease_until.is_null().or(t::lease_until.le(now));
    let elsewhere = t::bank_code.is_null().or(t::bank_code.ne_all(but));
    let rows: Vec<(i64, Option<String>)> = t::table
        .filter(t::due_at.le(now))
        .filter(free)
        .filter(elsewhere)
        .order(t::due_at)
        .limit(limit)
        .select((t::id, t::bank_code))
        .load(a.conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, bank)| Some((PaymentId::from_number(id)?, bank)))
        .collect())
}
