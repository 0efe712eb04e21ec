//! Token and initPayment in one call, for partners with an access token of their own: the payment is made under the
//! partner's Idempotency-Key (draft-ietf-httpapi-idempotency-key-header). The same call again answers the same, for as
//! long as the payment is kept.

use super::init_payment::{Accepted, InitOrder, check_rules, init_payment};
use super::issue_token::{TokenFlags, new_payment};
use super::{Context, FlowError};
use crate::crypto;
use crate::partner::Partner;
use crate::payment::PaymentId;
use crate::store::{StoreError, payment_keys, payments};

/// Longest Idempotency-Key, in bytes.
pub const MAX_KEY_BYTES: usize = 255;

/// The id of the payment under a key: the one there is, or a new one.
///
/// # Errors
/// [`FlowError`] of the database.
pub async fn payment_id_for(cx: &Context, partner: &Partner, key: &str) -> Result<PaymentId, FlowError> {
    let (partner_id, hash) = (partner.id.clone(), crypto::token_hash(key));
    let known = cx.db.read(move |a| payment_keys::payment_under(a, &partner_id, &hash)).await?;
    Ok(known.unwrap_or_else(|| PaymentId::from_random(crypto::random())))
}

/// Makes the payment of this id (of [`payment_id_for`]) under a key, unless it is there, and gives it its order.
///
/// # Errors
/// [`FlowError::Busy`] when another call under the same key came in between: its payment has another id;
/// [`FlowError::OtherContent`] when something else was sent under this key; those of
/// [`init_payment`].
pub async fn create_payment(
    cx: &Context,
    partner: &Partner,
    key: &str,
    id: PaymentId,
    flags: TokenFlags,
    order: InitOrder,
) -> Result<Accepted, FlowError> {
    // An order that cannot be leaves nothing behind, and its key free.
    check_rules(cx, partner, &order)?;
    let (partner_id, hash) = (partner.id.clone(), crypto::token_hash(key));
    let new = new_payment(cx, id, partner, flags);
    let made = cx.db.write(move |a| {
        match payment_keys::payment_under(a, &partner_id, &hash)? {
            None => {
                payments::add(a, &new)?;
                payment_keys::add(a, &partner_id, &hash, id)?;
            }
            Some(known) if known != id => return Err(StoreError::Conflict),
            Some(_) => {
                let known = payments::get(a, id)?;
                let flags_of = |p: &payments::Payment| (p.flexible_url, p.link_to_pay, p.headless);
                if known.as_ref().map(flags_of) != Some(flags_of(&new)) {
                    return Ok(Err(FlowError::OtherContent));
                }
            }
        }
        Ok(Ok(()))
    });
    match made.await {
        Err(StoreError::Taken(_) | StoreError::Conflict) => return Err(FlowError::Busy),
        other => other??,
    }
    init_payment(cx, partner, id, order).await
}
