//! The timer looks at a payment that is due: asks the bank, or ends what nobody pursues any more. Before a
//! payment is given up, the bank is asked, and where it cannot be asked, the order is withdrawn there.

use super::bank_call::{Call, History, connector, finish, lost_attempt, save, session, try_claim};
use super::{Context, FlowError};
use crate::bank::{Answer, BankError, PaymentInitiation as _, Session, Verdict};
use crate::fail_point;
use crate::payment::{Event, PaymentId, Status};
use crate::store::payments::{self, Claim, Payment};
use std::time::Duration;

/// Ids of payments that are due, oldest first.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn due_payments(cx: &Context, limit: i64) -> Result<Vec<PaymentId>, FlowError> {
    let now = cx.now();
    Ok(cx.db.read(move |a| payments::due(a, now, limit)).await?)
}

/// Does what is due for one payment. Nothing happens when somebody else is at it.
///
/// # Errors
/// [`FlowError::Internal`] of the database or a stored value.
pub async fn ask_bank(cx: &Context, id: PaymentId) -> Result<(), FlowError> {
    let (payment, _) = cx.payment(id).await?;
    let now = cx.now();
    if payment.due_at.is_none_or(|due| due > now) {
        return Ok(());
    }
    let Some(mut held) = try_claim(cx, payment).await? else {
        return Ok(());
    };
    match held.payment.status {
        Status::Created => end_untouched(cx, held.payment).await,
        Status::Initiating => after_crash(cx, held.payment).await,
        _ => {
            held.payment.polls = held.payment.polls.saturating_add(1);
            ask(cx, held).await
        }
    }
}

async fn end_untouched(cx: &Context, mut payment: Payment) -> Result<(), FlowError> {
    let mut history = History::default();
    let now = cx.now();
    if payment.expires_at <= now {
        history
            .advance(&mut payment, Event::Expired, "clock", None)
            .map_err(|e| FlowError::Internal(e.to_string()))?;
    }
    save(cx, payment, history, now, Duration::ZERO).await.map(drop)
}

/// The lease of an attempt ran out: the process that made it is gone, and so is the bank's answer.
async fn after_crash(cx: &Context, mut payment: Payment) -> Result<(), FlowError> {
    let event = lost_attempt(cx, &mut payment);
    let mut history = History::default();
    history
        .advance(&mut payment, event, "clock", Some("the lease ran out".into()))
        .map_err(|e| FlowError::Internal(e.to_string()))?;
    save(cx, payment, history, cx.now(), Duration::ZERO).await.map(drop)
}

async fn ask(cx: &Context, held: Claim) -> Result<(), FlowError> {
    let Some(session) = session(&held.payment)? else {
        // In doubt with nothing to ask about: it stays in doubt, and due, until somebody resolves it.
        return save(cx, held.payment, History::default(), cx.now(), Duration::from_secs(3600))
            .await
            .map(drop);
    };
    let result = connector(cx, &held.payment)?.ask(&session).await;
    fail_point::may_die("ask_unsaved");
    let late = held.payment.status == Status::AwaitingPsu && held.payment.expires_at <= cx.now();
    if late && psu_has_not_authorised(&result) {
        let session = result.ok().map_or(session, |answer| answer.session);
        return give_up(cx, held, &session).await;
    }
    finish(cx, held, Call::Ask, result).await.map(drop)
}

/// The bank says that the PSU has done nothing, or cannot be asked because the PSU never came back.
fn psu_has_not_authorised(result: &Result<Answer, BankError>) -> bool {
    match result {
        Ok(answer) => match answer.verdict {
            Verdict::PsuNeeded(_) => true,
            Verdict::StillWorking => answer.bank_word == "RCVD",
            _ => false,
        },
        Err(error) => matches!(error, BankError::Unsupported),
    }
}

/// Withdraws an order that nobody authorised in time. Only the bank's confirmation makes it abandoned; a
/// refusal means that it may execute, so it is in doubt; anything else is tried again.
async fn give_up(cx: &Context, held: Claim, session: &Session) -> Result<(), FlowError> {
    let mut payment = held.payment;
    let mut history = History::default();
    let result = connector(cx, &payment)?.withdraw(session).await;
    let event = match &result {
        Ok(answer) if matches!(answer.verdict, Verdict::Cancelled(_)) => {
            payment.bank_word = Some(answer.bank_word.clone());
            Some(Event::Expired)
        }
        Err(BankError::NotSent(_) | BankError::Unknown(_) | BankError::Refused { status: 429, .. }) => None,
        Ok(_) | Err(BankError::Refused { .. } | BankError::Unsupported) => Some(Event::AnswerLost),
    };
    if let Some(event) = event {
        let detail = result.err().map(|e| e.to_string().chars().take(200).collect());
        history
            .advance(&mut payment, event, "clock", detail)
            .map_err(|e| FlowError::Internal(e.to_string()))?;
    }
    save(cx, payment, history, cx.now(), Duration::ZERO).await.map(drop)
}
