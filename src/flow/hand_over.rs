//! The PSU moves from the browser the link is bound to (a desktop) to another one (a phone): explicitly, once,
//! within minutes. Whoever holds only the link can never do that.

use super::bank_call::{TRIES, wait_a_moment};
use super::{Context, FlowError, after};
use crate::crypto;
use crate::payment::PaymentId;
use crate::store::payments;
use std::time::Duration;
use url::Url;

/// How long a hand-over can be used.
pub const HAND_OVER_LIFE: Duration = Duration::from_secs(300);
/// The address that another browser must open to take the link over. The one offered before is void.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`FlowError::NotAllowed`] when the payment has
/// ended; [`FlowError::Busy`] when something else happens to the payment right now.
pub async fn offer_hand_over(cx: &Context, id: PaymentId, browser_hash: &str) -> Result<Url, FlowError> {
    let key = crypto::new_token();
    let until = after(cx.now(), HAND_OVER_LIFE);
    for _ in 0..TRIES {
        let (payment, _) = cx.payment(id).await?;
        if payment.browser_hash.as_deref() != Some(browser_hash) {
            return Err(FlowError::NotFound);
        }
        if payment.status.is_final() {
            return Err(FlowError::NotAllowed);
        }
        let (browser, hash, now) = (browser_hash.to_owned(), crypto::token_hash(&key), cx.now());
        if cx
            .db
            .write(move |a| payments::offer_hand_over(a, id, &browser, &hash, now, until))
            .await?
        {
            return address(cx, id, &key);
        }
        wait_a_moment(cx).await;
    }
    Err(FlowError::Busy)
}

fn address(cx: &Context, id: PaymentId, key: &str) -> Result<Url, FlowError> {
    let joined = cx.rules.base_url.join("payment-initiation/hand-over");
    let mut url = joined.map_err(|e| FlowError::Internal(e.to_string()))?;
    url.query_pairs_mut()
        .append_pair("payment", &id.to_string())
        .append_pair("key", key);
    Ok(url)
}

/// Binds the link to this browser instead, if the key is good; answers the payment's link.
///
/// # Errors
/// [`FlowError::NotFound`] when the key is not good (any more), the same for every reason; [`FlowError::Busy`]
/// when something else happens to the payment right now.
pub async fn take_over(cx: &Context, id: PaymentId, key: &str, browser_hash: &str) -> Result<Url, FlowError> {
    let hash = crypto::token_hash(key);
    for _ in 0..TRIES {
        let (payment, _) = cx.payment(id).await?;
        if payment.hand_over_hash.as_deref() != Some(&hash) || payment.hand_over_until.is_none_or(|until| until <= cx.now()) {
            return Err(FlowError::NotFound);
        }
        let (browser, hash, now) = (browser_hash.to_owned(), hash.clone(), cx.now());
        if cx.db.write(move |a| payments::take_over(a, id, &hash, &browser, now)).await? {
            tracing::info!(payment = %id, "handed over to another browser");
            return super::open_page::own_link(cx, id, browser_hash).await;
        }
        wait_a_moment(cx).await;
    }
    Err(FlowError::Busy)
}
