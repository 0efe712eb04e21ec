//! Lists of payments for those who look at many.

use super::schema::payments as t;
use super::{Access, StoreError};
use crate::payment::{PaymentId, Status};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

/// Ids of the newest payments in one state.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn newest_in(a: &mut Access<'_>, status: Status, limit: i64) -> Result<Vec<PaymentId>, StoreError> {
    let numbers: Vec<i64> = t::table
        .filter(t::status.eq(status.as_str()))
        .order(t::created_at.desc())
        .limit(limit)
        .select(t::id)
        .load(a.conn)?;
    Ok(numbers.into_iter().filter_map(PaymentId::from_number).collect())
}
