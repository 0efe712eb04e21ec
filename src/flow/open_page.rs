//! The PSU opens the link: the first browser that does so is the only one that may go on.

use super::{Context, FlowError};
use crate::crypto;
use crate::partner::Partner;
use crate::payment::PaymentId;
use crate::store::payments::{self, Payment};

/// Who opened it.
#[derive(Debug)]
pub enum Opened {
    /// The browser the link is bound to (perhaps just now).
    Bound(Box<Payment>, Box<Partner>),
    /// Another browser: it must learn nothing.
    OtherBrowser,
}

/// Opens a payment's page and binds the link to this browser when it is the first.
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
    Ok(Opened::Bound(Box::new(payment), Box::new(partner)))
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
