//! The PSU needs more time (WCAG 2.2, success criterion 2.2.1): the moment at which the payment is given up moves back.

use super::bank_call::{History, TRIES, save, try_claim, wait_a_moment};
use super::{Context, FlowError, after};
use crate::clock::Timestamp;
use crate::payment::{PaymentId, Status};
use crate::store::payments::Payment;
use std::time::Duration;

/// How often a PSU who answers every warning can do so at least: ten times, as the criterion asks.
const EXTENSIONS: u32 = 10;
/// A time limit as long as this needs no extension (the criterion's twenty-hour exception).
const LONG_ENOUGH: Duration = Duration::from_secs(20 * 3600);
/// Less than this is not worth a question.
const LEAST_GAIN: Duration = Duration::from_secs(30);

/// Up to when the time of a payment whose link was made now can be extended.
#[must_use]
pub fn extendable_until(now: Timestamp, link_life: Duration) -> Timestamp {
    if link_life >= LONG_ENOUGH {
        return after(now, link_life);
    }
    after(now, link_life * (EXTENSIONS + 1))
}

/// Whether the PSU can have more time, now or later.
#[must_use]
pub fn can_be_extended(cx: &Context, payment: &Payment) -> bool {
    let latest = payment.extendable_until.unwrap_or(payment.expires_at);
    waits(payment) && payment.expires_at > cx.now() && latest >= after(payment.expires_at, LEAST_GAIN)
}

/// Whether the payment waits for the PSU.
const fn waits(payment: &Payment) -> bool {
    matches!(payment.status, Status::Created | Status::AttemptRefused | Status::AwaitingPsu)
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extended {
    /// There is more time than the page showed, perhaps since another press.
    Until(Timestamp),
    /// No more time can be had; the payment lives until then.
    NoMore(Timestamp),
}

/// Gives the PSU more time. `shown` is when the time ended that the PSU's page showed: a second press of the same
/// button, or another tab's, changes nothing.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`FlowError::NotAllowed`] when the time is over or
/// nothing waits for the PSU; [`FlowError::Busy`] when something else happens to the payment right now.
pub async fn extend_time(cx: &Context, id: PaymentId, browser_hash: &str, shown: Timestamp) -> Result<Extended, FlowError> {
    for _ in 0..TRIES {
        let (payment, _) = cx.payment(id).await?;
        if payment.browser_hash.as_deref() != Some(browser_hash) {
            return Err(FlowError::NotFound);
        }
        let (now, ends) = (cx.now(), payment.expires_at);
        // The poller may not have been here yet: who is late is late all the same.
        if !waits(&payment) || ends <= now {
            return Err(FlowError::NotAllowed);
        }
        let Some(latest) = payment.extendable_until.filter(|_| can_be_extended(cx, &payment)) else {
            return Ok(Extended::NoMore(ends));
        };
        let until = after(now, cx.rules.link_life).min(latest);
        if ends > shown || until < after(ends, LEAST_GAIN) {
            return Ok(Extended::Until(ends));
        }
        if let Some(claim) = try_claim(cx, payment).await? {
            let mut payment = claim.payment;
            payment.expires_at = until;
            let mut history = History::default();
            history.note(
                &payment,
                "time_extended",
                "psu",
                Some(format!("until {} UTC", until.format("%Y-%m-%d %H:%M:%S"))),
            );
            save(cx, payment, history, now, Duration::ZERO).await?;
            metrics::counter!("smartpay_time_extensions_total").increment(1);
            return Ok(Extended::Until(until));
        }
        wait_a_moment(cx).await;
    }
    Err(FlowError::Busy)
}
