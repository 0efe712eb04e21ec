//! The timer looks at a payment that is due: asks the bank, or ends what nobody pursues any more. Before a
//! payment is given up, the bank is asked, and where it cannot be asked, the order is withdrawn there.

use super::bank_call::{Call, Change, History, connector, finish_later, save, session, told, write_all};
use super::verdict::{internal, lost_attempt, refusal_stands};
use super::withdrawal::{Withdrawal, withdraw_at_bank};
use super::{Context, FlowError, after};
use crate::bank::{Answer, BankError, PaymentInitiation as _, Session, Verdict};
use crate::clock::Timestamp;
use crate::crypto;
use crate::fail_point;
use crate::payment::{Event, PaymentId, Status};
use crate::store::payments::{Claim, Payment};
use crate::store::{Access, StoreError, worklist};
use std::time::Duration;

/// Payments that are due, with the codes of their banks, but none of the banks of `but`: the oldest, begun at
/// a place of its own by every caller, so that two nodes do not want the same ones.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn due_payments(cx: &Context, limit: i64, but: Vec<String>) -> Result<Vec<(PaymentId, Option<String>)>, FlowError> {
    oldest(cx, limit, but, worklist::due).await
}

/// What a list of the store names as due, begun at a place of its own by every caller.
pub(super) async fn oldest<T: Send + 'static>(
    cx: &Context,
    limit: i64,
    but: Vec<String>,
    list: impl FnOnce(&mut Access<'_>, Timestamp, i64, &[String]) -> Result<Vec<T>, StoreError> + Send + 'static,
) -> Result<Vec<T>, FlowError> {
    let now = cx.now();
    let mut due = cx.db.read(move |a| list(a, now, limit, &but)).await?;
    let place = usize::from(u16::from_be_bytes(crypto::random()));
    let len = due.len().max(1);
    due.rotate_left(place % len);
    Ok(due)
}

/// A due payment whose lease is taken.
#[derive(Debug)]
pub struct Due(Claim);

impl Due {
    /// Which payment.
    #[must_use]
    pub const fn id(&self) -> PaymentId {
        self.0.payment.id
    }
}

/// Takes the leases of those of these payments that are still due and that nobody is at, in one write.
///
/// # Errors
/// [`FlowError::Busy`] of the database when nothing was taken; [`FlowError::Internal`] when that is not known.
pub async fn claim_due(cx: &Context, ids: Vec<PaymentId>) -> Result<Vec<Due>, FlowError> {
    let now = cx.now();
    let until = after(now, cx.rules.lease);
    let claims = cx.db.write(move |a| worklist::claim(a, &ids, now, until)).await?;
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let claims = cx.db.read(move |a| Ok(worklist::with_instructions(a, claims))).await?;
    Ok(claims.into_iter().map(Due).collect())
}

/// What the bank's answer makes of a payment, not written yet.
#[derive(Debug)]
pub struct Asked(Change);

/// Does what is due for a payment. What the bank's answer makes of it is to be written by the caller, together
/// with others.
///
/// # Errors
/// [`FlowError::Internal`] of the database or a stored value.
pub async fn ask_claimed(cx: &Context, due: Due) -> Result<Option<Asked>, FlowError> {
    let mut held = due.0;
    match held.payment.status {
        Status::Created | Status::AttemptRefused => end_untouched(cx, held.payment).await.map(|()| None),
        Status::Initiating => after_crash(cx, held.payment).await.map(|()| None),
        _ => {
            held.payment.polls = held.payment.polls.saturating_add(1);
            ask(cx, held).await
        }
    }
}

/// Writes what banks answered and releases the leases, in one write, or one by one when that fails: one that
/// cannot be written must not take the others with it. Nothing is written twice, nor of a payment whose lease
/// ran out and that somebody else has written meanwhile.
///
/// # Errors
/// [`FlowError::Busy`] of the database when nothing was written; [`FlowError::Internal`] when that is not known.
pub async fn save_asked(cx: &Context, all: Vec<Asked>) -> Result<(), FlowError> {
    write_all(cx, all.into_iter().map(|asked| asked.0).collect()).await
}

/// Does what is due for one payment. Nothing happens when somebody else is at it.
///
/// # Errors
/// [`FlowError::Internal`] of the database or a stored value.
pub async fn ask_bank(cx: &Context, id: PaymentId) -> Result<(), FlowError> {
    let Some(due) = claim_due(cx, vec![id]).await?.pop() else {
        return Ok(());
    };
    match ask_claimed(cx, due).await? {
        Some(asked) => save_asked(cx, vec![asked]).await,
        None => Ok(()),
    }
}

async fn end_untouched(cx: &Context, mut payment: Payment) -> Result<(), FlowError> {
    let mut history = History::default();
    let now = cx.now();
    if payment.expires_at <= now {
        let event = match payment.status {
            Status::AttemptRefused => refusal_stands(&payment),
            _ => Event::Expired,
        };
        history.advance(&mut payment, event, "clock", None).map_err(internal)?;
    }
    save(cx, payment, history, now, Duration::ZERO).await.map(drop)
}

/// The lease of an attempt ran out: the process that made it is gone, and so is the bank's answer.
async fn after_crash(cx: &Context, mut payment: Payment) -> Result<(), FlowError> {
    let event = lost_attempt(cx, &mut payment);
    let mut history = History::default();
    history
        .advance(&mut payment, event, "clock", Some("the lease ran out".into()))
        .map_err(internal)?;
    save(cx, payment, history, cx.now(), Duration::ZERO).await.map(drop)
}

async fn ask(cx: &Context, held: Claim) -> Result<Option<Asked>, FlowError> {
    let Some(session) = session(&held.payment)? else {
        // In doubt with nothing to ask about: it stays in doubt, and due, until somebody resolves it.
        return save(cx, held.payment, History::default(), cx.now(), Duration::from_secs(3600))
            .await
            .map(|_| None);
    };
    let told = told(held.payment.id, connector(cx, &held.payment)?.ask(&session)).await;
    fail_point::may_die("ask_unsaved");
    let late = held.payment.status == Status::AwaitingPsu && held.payment.expires_at <= cx.now();
    if late && psu_has_not_authorised(&told.result) {
        let session = told.result.ok().map_or(session, |answer| answer.session);
        return give_up(cx, held, &session).await.map(|()| None);
    }
    finish_later(cx, held, Call::Ask, told).await.map(|change| Some(Asked(change)))
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
    let event = match withdraw_at_bank(cx, &mut payment, session, &mut history).await? {
        Withdrawal::Confirmed => Some(Event::Expired),
        Withdrawal::Refused => Some(Event::AnswerLost),
        Withdrawal::Unknown => None,
    };
    if let Some(event) = event {
        history.advance(&mut payment, event, "clock", None).map_err(internal)?;
    }
    save(cx, payment, history, cx.now(), Duration::ZERO).await.map(drop)
}
