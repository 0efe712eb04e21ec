//! Which payment was made under a partner's Idempotency-Key.

use super::schema::payment_keys as t;
use super::{Access, StoreError};
use crate::payment::PaymentId;
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};

/// The payment under a key's hash, if there is one.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn payment_under(a: &mut Access<'_>, partner_id: &str, key_hash: &str) -> Result<Option<PaymentId>, StoreError> {
    let found: Option<i64> = t::table
        .find((partner_id, key_hash))
        .select(t::payment_id)
        .first(a.conn)
        .optional()?;
    Ok(found.and_then(PaymentId::from_number))
}

/// Records one.
///
/// # Errors
/// [`StoreError::Taken`] when there is a payment under this key.
pub fn add(a: &mut Access<'_>, partner_id: &str, key_hash: &str, payment: PaymentId) -> Result<(), StoreError> {
    let row = (
        t::partner_id.eq(partner_id),
        t::key_hash.eq(key_hash),
        t::payment_id.eq(payment.number()),
    );
    a.try_insert("the Idempotency-Key", |conn| {
        diesel::insert_into(t::table).values(row).execute(conn)
    })
}
