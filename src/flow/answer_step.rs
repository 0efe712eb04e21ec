//! The PSU does on our page what the bank asked for: chooses how to get a code, enters it, wants another one.

use super::bank_call::{Call, History, TRIES, claim, connector, finish, psu_step, save, session, told, try_claim, wait_a_moment};
use super::verdict::internal;
use super::withdrawal::{Withdrawal, withdraw_at_bank};
use super::{Context, FlowError};
use crate::bank::{PaymentInitiation as _, PsuReply, PsuStep, Reason};
use crate::payment::{Event, PaymentId, Status};
use crate::store::payments::Payment;
use std::time::Duration;

/// Wrong codes after which an attempt ends (RTS 2018/389 Art. 4(3)(b)).
pub const MAX_CODE_TRIES: i32 = 5;
/// Hands the PSU's answer to the bank. An answer that does not fit what the bank waits for changes nothing:
/// the page shows where the payment stands.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`FlowError::Busy`] when something else happens
/// to the payment right now.
pub async fn answer_step(cx: &Context, id: PaymentId, browser_hash: &str, reply: PsuReply) -> Result<(), FlowError> {
    for _ in 0..TRIES {
        let (payment, _) = cx.payment(id).await?;
        if payment.browser_hash.as_deref() != Some(browser_hash) {
            return Err(FlowError::NotFound);
        }
        if payment.status != Status::AwaitingPsu || payment.code_tries >= MAX_CODE_TRIES || !fits(&psu_step(&payment)?, &reply) {
            return Ok(());
        }
        let Some(session) = session(&payment)? else { return Ok(()) };
        if let Some(mut claim) = try_claim(cx, payment).await? {
            claim.payment.notice = None;
            let bank = connector(cx, &claim.payment)?;
            let told = told(claim.payment.id, bank.reply(&session, &reply)).await;
            let payment = finish(cx, claim, Call::Reply, told).await?;
            if payment.status == Status::AwaitingPsu && payment.code_tries >= MAX_CODE_TRIES {
                end_attempt(cx, payment).await?;
            }
            return Ok(());
        }
        wait_a_moment(cx).await;
    }
    Err(FlowError::Busy)
}

/// Whether the bank waits for such an answer.
pub(super) fn fits(step: &Option<PsuStep>, reply: &PsuReply) -> bool {
    match (step, reply) {
        (Some(PsuStep::EnterCode(_)), PsuReply::Code(_)) => true,
        (Some(PsuStep::EnterCode(prompt)), PsuReply::Resend) => prompt.can_resend,
        (Some(PsuStep::ChooseMethod { methods }), PsuReply::Method(id)) => methods.iter().any(|m| m.id == *id),
        _ => false,
    }
}

/// Too many wrong codes: the order is withdrawn, so that nobody goes on guessing. Where the bank does not
/// confirm that, the page takes no more codes, and the timer withdraws it later.
async fn end_attempt(cx: &Context, payment: Payment) -> Result<(), FlowError> {
    let Some(session) = session(&payment)? else { return Ok(()) };
    let mut payment = claim(cx, payment).await?.payment;
    let mut history = History::default();
    if withdraw_at_bank(cx, &mut payment, &session, &mut history).await? == Withdrawal::Confirmed {
        payment.reason = Some(Reason::WrongCodes.as_str().into());
        let order = payment.bank_payment_id.clone();
        history
            .advance(&mut payment, Event::AttemptRefused, "psu", order)
            .map_err(internal)?;
    }
    save(cx, payment, history, cx.now(), Duration::ZERO).await.map(drop)
}
