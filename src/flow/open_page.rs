//! The PSU opens the link: the first browser that does so is the only one that may go on.

use super::bank_call::{History, save, try_claim};
use super::init_payment::today;
use super::verdict::{internal, refusal_stands};
use super::{Context, FlowError};
use crate::crypto;
use crate::partner::Partner;
use crate::payment::{Event, PaymentId, Status};
use crate::store::payments::{self, Payment};
use std::time::Duration;

/// Why a standing order ended whose first day passed before the PSU sent it; shown to partners as `statusReason`.
pub const START_DATE_PASSED: &str = "start_date_passed";

/// Who opened it.
#[derive(Debug)]
pub enum Opened {
    /// The browser the link is bound to (perhaps just now).
    Bound(Box<Payment>, Box<Partner>),
    /// Another browser: it must learn nothing.
    OtherBrowser,
}

/// Opens a payment's page and binds the link to this browser when it is the first. A standing order that can
/// no longer begin on its first day ends here. What is known of the banks is fresh afterwards.
///
/// # Errors
/// [`FlowError::NotFound`] for a wrong link, the same for every kind of wrong.
pub async fn open_page(cx: &Context, id: PaymentId, state: &str, browser_hash: &str) -> Result<Opened, FlowError> {
    let (mut payment, partner) = cx.payment(id).await?;
    let right = payment.link_state.as_deref().is_some_and(|known| crypto::same(known, state));
    if !right {
        return Err(FlowError::NotFound);
    }
    if payment.browser_hash.is_none() {
        let hash = browser_hash.to_owned();
        cx.db.write(move |a| payments::bind_browser(a, id, &hash)).await?;
        (payment, _) = cx.payment(id).await?;
    }
    if payment.browser_hash.as_deref() != Some(browser_hash) {
        return Ok(Opened::OtherBrowser);
    }
    cx.look_at_banks().await?;
    if is_too_late_to_begin(cx, &payment) {
        payment = end_standing_order(cx, payment).await?;
    }
    Ok(Opened::Bound(Box::new(payment), Box::new(partner)))
}

/// Whether the order was to begin on a day that has passed. The day is the partner's, and not the PSU's to
/// change, so there is nothing to correct on the form, and the bank is not asked to refuse it.
pub(super) fn is_too_late_to_begin(cx: &Context, payment: &Payment) -> bool {
    let open = matches!(payment.status, Status::Created | Status::AttemptRefused);
    open && payment.schedule.is_some_and(|s| s.start_date < today(cx.now()))
}

/// Ends it; as it was when somebody else is at it, which the page shows.
async fn end_standing_order(cx: &Context, payment: Payment) -> Result<Payment, FlowError> {
    let Some(claim) = try_claim(cx, payment.clone()).await? else {
        return Ok(payment);
    };
    let mut payment = claim.payment;
    let event = match payment.status {
        Status::AttemptRefused => refusal_stands(&payment),
        _ => {
            payment.reason = Some(START_DATE_PASSED.into());
            Event::Expired
        }
    };
    let mut history = History::default();
    let detail = Some("the first day has passed".into());
    history.advance(&mut payment, event, "clock", detail).map_err(internal)?;
    save(cx, payment, history, cx.now(), Duration::ZERO).await
}

/// The payment and its link, for the browser it is bound to, whose way to it was through the bank and not
/// through the link.
///
/// # Errors
/// [`FlowError::NotFound`] when it is not this browser's.
pub async fn own_link(cx: &Context, id: PaymentId, browser_hash: &str) -> Result<url::Url, FlowError> {
    let (payment, _) = cx.payment(id).await?;
    match (&payment.link_state, payment.browser_hash.as_deref()) {
        (Some(state), Some(bound)) if bound == browser_hash => super::init_payment::page_url(cx, id, state),
        _ => Err(FlowError::NotFound),
    }
}
