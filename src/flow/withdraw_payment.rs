//! The PSU presses „Renunță”.

use super::bank_call::{History, claim, connector, save, session};
use super::{Context, FlowError};
use crate::bank::{BankError, PaymentInitiation as _, Verdict};
use crate::payment::{Event, PaymentId, Status};
use std::time::Duration;

/// Ends the payment on the PSU's wish. With the order at the bank, it ends only when the bank confirms that
/// nothing will be executed; otherwise the payment goes on and the page says so.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`FlowError::NotAllowed`] when it is too
/// late; [`FlowError::Busy`] when something else happens to the payment right now.
pub async fn withdraw_payment(cx: &Context, id: PaymentId, browser_hash: &str) -> Result<(), FlowError> {
    let (payment, _) = cx.payment(id).await?;
    if payment.browser_hash.as_deref() != Some(browser_hash) {
        return Err(FlowError::NotFound);
    }
    match payment.status {
        Status::Created | Status::AwaitingPsu => {}
        Status::Abandoned => return Ok(()),
        _ => return Err(FlowError::NotAllowed),
    }
    let mut payment = claim(cx, payment).await?.payment;
    let mut history = History::default();
    let may_end = payment.status == Status::Created || withdrawn_at_bank(cx, &mut payment, &mut history).await?;
    if may_end {
        history
            .advance(&mut payment, Event::PsuGaveUp, "psu", None)
            .map_err(|e| FlowError::Internal(e.to_string()))?;
        payment.notice = None;
    }
    save(cx, payment, history, cx.now(), Duration::ZERO).await?;
    Ok(())
}

async fn withdrawn_at_bank(cx: &Context, payment: &mut crate::store::payments::Payment, history: &mut History) -> Result<bool, FlowError> {
    let Some(session) = session(payment)? else { return Ok(false) };
    let result = connector(cx, payment)?.withdraw(&session).await;
    if let Ok(answer) = &result
        && matches!(answer.verdict, Verdict::Cancelled(_))
    {
        payment.bank_word = Some(answer.bank_word.clone());
        return Ok(true);
    }
    let detail = match result {
        Err(BankError::Refused { status, code, .. }) => format!("{status} {code}"),
        Err(error) => error.to_string(),
        Ok(answer) => answer.bank_word,
    };
    history.note(payment, "withdrawal_refused", "bank", Some(detail.chars().take(200).collect()));
    payment.notice = Some("not_withdrawn".into());
    Ok(false)
}
