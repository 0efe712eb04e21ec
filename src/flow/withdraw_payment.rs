//! The PSU presses „Renunță”, or „Altă bancă”.

use super::bank_call::{History, TRIES, save, session, try_claim, wait_a_moment};
use super::verdict::{internal, refusal_stands};
use super::withdrawal::{Withdrawal, withdraw_at_bank};
use super::{Context, FlowError};
use crate::payment::{Event, PaymentId, Status};
use crate::store::payments::Payment;
use std::time::Duration;

/// What the PSU wants afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing: the payment ends.
    End,
    /// The form again, to pay in another way.
    AnotherWay,
}

/// Takes back what was given to the bank, on the PSU's wish. With the order at the bank, the payment moves
/// only when the bank confirms that nothing will be executed; otherwise it goes on and the page says so.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`FlowError::NotAllowed`] when it is too
/// late; [`FlowError::Busy`] when something else happens to the payment right now.
pub async fn withdraw_payment(cx: &Context, id: PaymentId, browser_hash: &str, then: Then) -> Result<(), FlowError> {
    for _ in 0..TRIES {
        let (payment, _) = cx.payment(id).await?;
        if payment.browser_hash.as_deref() != Some(browser_hash) {
            return Err(FlowError::NotFound);
        }
        match (payment.status, then) {
            (Status::AwaitingPsu, _) | (Status::Created | Status::AttemptRefused, Then::End) => {}
            (Status::Abandoned | Status::Created | Status::AttemptRefused, _) => return Ok(()),
            _ => return Err(FlowError::NotAllowed),
        }
        if let Some(claim) = try_claim(cx, payment).await? {
            return take_back(cx, claim.payment, then).await;
        }
        wait_a_moment(cx).await;
    }
    Err(FlowError::Busy)
}

async fn take_back(cx: &Context, mut payment: Payment, then: Then) -> Result<(), FlowError> {
    let mut history = History::default();
    let event = match (payment.status, then) {
        (Status::Created, _) => Some(Event::PsuGaveUp),
        (Status::AttemptRefused, _) => Some(refusal_stands(&payment)),
        (_, then) => match session(&payment)? {
            Some(session) if withdraw_at_bank(cx, &mut payment, &session, &mut history).await? == Withdrawal::Confirmed => match then {
                Then::End => Some(Event::PsuGaveUp),
                Then::AnotherWay => Some(Event::AttemptWithdrawn),
            },
            _ => None,
        },
    };
    payment.notice = event.is_none().then(|| "not_withdrawn".into());
    if let Some(event) = event {
        history.advance(&mut payment, event, "psu", None).map_err(internal)?;
    }
    save(cx, payment, history, cx.now(), Duration::ZERO).await?;
    Ok(())
}
