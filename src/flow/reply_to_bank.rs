//! The PSU comes back from the bank. The return proves nothing: it may carry a code with which the bank can
//! be asked, and the bank is asked.

use super::bank_call::{Call, History, TRIES, connector, finish_with, save, session, told, try_claim, wait_a_moment};
use super::withdrawal::{Withdrawal, withdraw_at_bank};
use super::{Context, FlowError};
use crate::bank::{Answer, PaymentInitiation as _, PsuReply, Reason, Verdict};
use crate::crypto;
use crate::fail_point;
use crate::payment::{PaymentId, Status};
use crate::store::payments::{self, Payment};
use std::time::Duration;

/// Handles a return from a bank's page; answers the payment it belongs to, when it belongs to one.
///
/// `browser_hash` is of the returning browser, if it has opened a payment before: a bank that drops `state`
/// is understood through it. A code is bound by PKCE; a refusal without `state` is not believed by connectors.
///
/// # Errors
/// [`FlowError::NotFound`] when it belongs to no payment.
pub async fn reply_to_bank(
    cx: &Context,
    bank_code: &str,
    query: Vec<(String, String)>,
    browser_hash: Option<&str>,
) -> Result<PaymentId, FlowError> {
    // Anything may stand in the address; the database is asked for codes of banks only.
    if cx.banks.get(bank_code).is_none() {
        return Err(FlowError::NotFound);
    }
    let id = payment_of(cx, bank_code, &query, browser_hash).await?.ok_or(FlowError::NotFound)?;
    for _ in 0..TRIES {
        let (payment, _) = cx.payment(id).await?;
        if payment.bank_code.as_deref() != Some(bank_code) {
            return Err(FlowError::NotFound);
        }
        let silent = !query.iter().any(|(name, _)| name == "state" || name == "code");
        if silent && cx.bank_of(&payment).is_some_and(|b| b.facts.status_needs_psu_token) {
            // Nothing was brought, and without something of the PSU this bank cannot be asked.
            return Ok(id);
        }
        if payment.status == Status::Initiating {
            // Back before our own call has ended: the bank's answer to it says what the return belongs to.
            wait_a_moment(cx).await;
            continue;
        }
        let waits = matches!(
            payment.status,
            Status::AwaitingPsu | Status::InDoubt | Status::Abandoned | Status::Rejected
        );
        let Some(session) = session(&payment)?.filter(|_| waits) else {
            return Ok(id);
        };
        let query = heard(cx, &payment, browser_hash, &query);
        if let Some(mut claim) = try_claim(cx, payment).await? {
            let bank = connector(cx, &claim.payment)?;
            let back = PsuReply::CameBack { query };
            let told = told(claim.payment.id, bank.reply(&session, &back)).await;
            let (mut call, mut history) = (Call::Reply, History::default());
            if let Ok(answer) = &told.result
                && by_browser_only(answer)
            {
                match make_denial_true(cx, &mut claim.payment, answer, &mut history).await? {
                    Withdrawal::Confirmed => {}
                    Withdrawal::Refused => call = Call::Denial,
                    Withdrawal::Unknown => return not_yet_true(cx, claim.payment, history).await.map(|()| id),
                }
            }
            fail_point::may_die("reply_unsaved");
            finish_with(cx, claim, call, told, history).await?;
            return Ok(id);
        }
        wait_a_moment(cx).await;
    }
    Err(FlowError::Busy)
}

/// What a connector learns of a return. Where the return makes us confirm the order, another browser than the one
/// that the payment is bound to brings nothing but a reason to ask: somebody who was lured into approving a stranger's
/// order must not confirm it by coming back.
fn heard(cx: &Context, payment: &Payment, browser_hash: Option<&str>, query: &[(String, String)]) -> Vec<(String, String)> {
    let bound = browser_hash.is_some() && payment.browser_hash.as_deref() == browser_hash;
    let confirms = cx.bank_of(payment).is_some_and(|b| b.facts.confirms_the_return);
    if bound || !confirms { query.to_vec() } else { Vec::new() }
}

fn by_browser_only(answer: &Answer) -> bool {
    answer.verdict == Verdict::Rejected(Reason::PsuDeclined) && answer.bank_word != "RJCT"
}

/// A denial comes through the browser, which may bring one that the PSU never gave at the bank. Withdrawing
/// the order there makes it true where it was not. A bank that refuses has ended the order already, or has
/// an approval: then the late code still counts, and a settlement corrects the payment.
async fn make_denial_true(cx: &Context, payment: &mut Payment, answer: &Answer, history: &mut History) -> Result<Withdrawal, FlowError> {
    let bank = cx.bank_of(payment);
    if payment.status.is_final() || bank.is_none_or(|b| !b.facts.withdraw_before_sca) {
        return Ok(Withdrawal::Refused);
    }
    withdraw_at_bank(cx, payment, &answer.session, history).await
}

/// The bank did not say whether the order is cancelled, so the PSU may still approve it: the payment goes on,
/// the page offers to withdraw it again, and in the end the timer does.
async fn not_yet_true(cx: &Context, mut payment: Payment, history: History) -> Result<(), FlowError> {
    payment.notice = Some("not_withdrawn".into());
    save(cx, payment, history, cx.now(), Duration::ZERO).await.map(drop)
}

async fn payment_of(
    cx: &Context,
    bank_code: &str,
    query: &[(String, String)],
    browser_hash: Option<&str>,
) -> Result<Option<PaymentId>, FlowError> {
    let value = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    if let Some(state) = value("state") {
        let hash = crypto::token_hash(&state);
        return Ok(cx.db.read(move |a| payments::by_callback(a, &hash)).await?);
    }
    let Some(browser) = browser_hash else { return Ok(None) };
    let (browser, bank) = (browser.to_owned(), bank_code.to_owned());
    Ok(cx.db.read(move |a| payments::awaiting_in_browser(a, &browser, &bank)).await?)
}
