//! What a bank's answer means for a payment, the same for every verb that calls a bank.

use super::{Context, FlowError, after, notify};
use crate::bank::{Answer, BankError, Connector, Session, Verdict};
use crate::clock::Timestamp;
use crate::payment::transition::{self, CORRECTION, NotAllowed};
use crate::payment::{Event, Status, next};
use crate::store::history::Entry;
use crate::store::payments::{self, Claim, Payment};
use std::time::Duration;

/// Which verb called the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Initiate,
    Reply,
    Ask,
}

/// Collects what happened, moving the payment by the transition table only.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) entries: Vec<Entry>,
}

impl History {
    /// Moves the payment.
    pub(super) fn advance(
        &mut self,
        payment: &mut Payment,
        event: Event,
        actor: &'static str,
        detail: Option<String>,
    ) -> Result<(), NotAllowed> {
        let to = next(payment.status, event)?;
        self.push(payment, event.as_str(), to, actor, detail);
        payment.status = to;
        Ok(())
    }

    /// Notes something that moves nothing.
    pub(super) fn note(&mut self, payment: &Payment, event: &str, actor: &'static str, detail: Option<String>) {
        self.push(payment, event, payment.status, actor, detail);
    }

    fn push(&mut self, payment: &Payment, event: &str, to: Status, actor: &'static str, detail: Option<String>) {
        self.entries.push(Entry {
            from: payment.status,
            event: event.to_owned(),
            to,
            actor,
            bank_word: payment.bank_word.clone(),
            detail,
        });
    }
}

/// Takes the lease on a payment as it was read.
pub(super) async fn claim(cx: &Context, payment: Payment) -> Result<Claim, FlowError> {
    let now = cx.now();
    let until = after(now, cx.rules.lease);
    Ok(cx.db.write(move |a| payments::claim(a, payment, now, until)).await?)
}

/// As [`claim`]; `None` while somebody else holds it.
pub(super) async fn try_claim(cx: &Context, payment: Payment) -> Result<Option<Claim>, FlowError> {
    match claim(cx, payment).await {
        Ok(claim) => Ok(Some(claim)),
        Err(FlowError::Busy) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The connector of the payment's bank.
pub(super) fn connector<'a>(cx: &'a Context, payment: &Payment) -> Result<&'a Connector, FlowError> {
    let bank = cx.bank_of(payment);
    bank.and_then(|b| b.connector())
        .ok_or_else(|| FlowError::Internal(format!("payment {} has no usable bank", payment.id)))
}

/// The bank conversation of a payment.
pub(super) fn session(payment: &Payment) -> Result<Option<Session>, FlowError> {
    Ok(payment.bank_session.as_deref().map(serde_json::from_str).transpose()?)
}

/// Saves what the bank said: status, history, outbox, in one write; releases the claim.
pub(super) async fn finish(cx: &Context, claim: Claim, call: Call, result: Result<Answer, BankError>) -> Result<Payment, FlowError> {
    let mut payment = claim.payment;
    let mut history = History::default();
    let now = cx.now();
    let mut hint = Duration::from_secs(1);
    let mut late = false;
    match result {
        Ok(answer) => {
            hint = answer.ask_again_after;
            late = payment.status.is_final() && answer.verdict == Verdict::StillWorking;
            keep_conversation(&mut payment, &answer)?;
            by_verdict(&mut payment, &mut history, call, answer.verdict)?;
        }
        Err(error) => {
            tracing::warn!(payment = %payment.id, ?call, %error, "bank call");
            if let BankError::Refused {
                retry_after_s: Some(seconds), ..
            } = &error
            {
                hint = Duration::from_secs(*seconds);
            }
            by_error(cx, &mut payment, &mut history, call, &error)?;
        }
    }
    let watch_until = late.then(|| watch_until(cx, &payment)).flatten().filter(|until| *until > now);
    save_and(cx, payment, history, now, hint, watch_until).await
}

/// Until when a payment that ended here without money is still asked about, because the bank works on it
/// all the same: its end may have to be corrected.
fn watch_until(cx: &Context, payment: &Payment) -> Option<Timestamp> {
    transition::correct(payment.status).ok()?;
    let bank = cx.bank_of(payment)?;
    Some(after(
        payment.ended_at?,
        Duration::from_secs(u64::from(bank.facts.ask_limit_hours) * 3600),
    ))
}

/// Saves a payment that was moved without an answer of the bank; releases the claim.
pub(super) async fn save(cx: &Context, payment: Payment, history: History, now: Timestamp, hint: Duration) -> Result<Payment, FlowError> {
    save_and(cx, payment, history, now, hint, None).await
}

async fn save_and(
    cx: &Context,
    mut payment: Payment,
    history: History,
    now: Timestamp,
    hint: Duration,
    watch_until: Option<Timestamp>,
) -> Result<Payment, FlowError> {
    let moved = history.entries.iter().any(|e| e.from != e.to);
    if moved {
        payment.polls = 0;
    }
    if payment.status.is_final() {
        payment.ended_at = payment.ended_at.or(Some(now));
        payment.psu_step = None;
    }
    payment.due_at = due(cx, &payment, now, hint).or_else(|| watch_until.map(|until| after(now, pause(&payment, hint)).min(until)));
    let mails = notify::mails(cx, &payment, &history.entries, now).await?;
    for entry in history.entries.iter().filter(|e| e.from != e.to) {
        tracing::info!(payment = %payment.id, from = %entry.from, event = entry.event, to = %entry.to, "payment");
        metrics::counter!("smartpay_payment_events_total", "event" => entry.event.clone()).increment(1);
    }
    Ok(cx
        .db
        .write(move |a| payments::save(a, &payment, &history.entries, &mails, now, false))
        .await?)
}

fn keep_conversation(payment: &mut Payment, answer: &Answer) -> Result<(), FlowError> {
    payment.bank_session = Some(serde_json::to_string(&answer.session)?);
    payment.bank_payment_id.clone_from(&answer.session.bank_payment_id);
    if !answer.bank_word.is_empty() {
        payment.bank_word = Some(answer.bank_word.clone());
    }
    Ok(())
}

fn internal(error: NotAllowed) -> FlowError {
    FlowError::Internal(error.to_string())
}

fn by_verdict(payment: &mut Payment, history: &mut History, call: Call, verdict: Verdict) -> Result<(), FlowError> {
    if payment.status.is_final() {
        // Only an unexpected success is news to a payment that has ended.
        if verdict == Verdict::Settled && transition::correct(payment.status).is_ok() {
            tracing::error!(payment = %payment.id, from = %payment.status, "CORRECTION: a payment that had ended unpaid is settled at the bank");
            metrics::counter!("smartpay_corrections_total").increment(1);
            history.push(payment, CORRECTION, Status::Settled, "bank", None);
            payment.status = Status::Settled;
            payment.reason = None;
        }
        return Ok(());
    }
    let event = match verdict {
        Verdict::PsuNeeded(step) => {
            payment.psu_step = Some(serde_json::to_string(&step)?);
            if payment.status != Status::Initiating {
                return Ok(());
            }
            Event::PsuNeeded
        }
        Verdict::StillWorking => match still_working(payment, call, history) {
            Some(event) => event,
            None => return Ok(()),
        },
        Verdict::Settled => Event::BankSettled,
        Verdict::PartlySettled => Event::BankPartlySettled,
        Verdict::Rejected(reason) => {
            payment.reason = Some(reason.as_str().into());
            Event::BankRejected
        }
        Verdict::Cancelled(reason) => {
            payment.reason = Some(reason.as_str().into());
            Event::BankCancelled
        }
    };
    history.advance(payment, event, "bank", None).map_err(internal)
}

/// RCVD before the PSU came back says nothing new; later words are worth a line of history each.
fn still_working(payment: &Payment, call: Call, history: &mut History) -> Option<Event> {
    let untouched =
        payment.status == Status::AwaitingPsu && call == Call::Ask && matches!(payment.bank_word.as_deref(), None | Some("RCVD"));
    if untouched {
        return None;
    }
    if payment.status == Status::Processing {
        history.note(payment, Event::BankWorking.as_str(), "bank", None);
        return None;
    }
    Some(Event::BankWorking)
}

fn by_error(cx: &Context, payment: &mut Payment, history: &mut History, call: Call, error: &BankError) -> Result<(), FlowError> {
    let event = match (call, error) {
        (Call::Initiate, BankError::NotSent(_) | BankError::Unsupported) => {
            payment.notice = Some("bank_unavailable".into());
            Event::NotSent
        }
        (Call::Initiate, BankError::Refused { status, .. }) => {
            let about_the_order = matches!(status, 400 | 404 | 409 | 422);
            payment.notice = Some(if about_the_order { "bank_declined" } else { "bank_unavailable" }.into());
            Event::BankDeclined
        }
        (Call::Initiate, BankError::Unknown(_)) => lost_attempt(cx, payment),
        // The code was sent and its answer is lost: it works once, so nobody can ask with it any more.
        (Call::Reply, BankError::Unknown(_)) if payment.status == Status::AwaitingPsu => Event::AnswerLost,
        // The bank works on it and answers only to a token that nobody has.
        (Call::Ask, BankError::Unsupported) if payment.status == Status::Processing => Event::AnswerLost,
        // Asking again costs nothing and changes nothing.
        _ => return Ok(()),
    };
    let detail = match error {
        BankError::Refused { status, code, .. } => format!("{status} {code}"),
        other => other.to_string(),
    };
    history
        .advance(payment, event, "bank", Some(detail.chars().take(200).collect()))
        .map_err(internal)
}

/// What a lost POST means. Where the order cannot be authorised without the link in the lost answer, it is
/// harmless and the payer may try again; where the bank may have pushed the approval already, it is in doubt.
pub(super) fn lost_attempt(cx: &Context, payment: &mut Payment) -> Event {
    let bank = cx.bank_of(payment);
    if bank.is_none_or(|b| b.facts.sca_starts_on_post) {
        return Event::AnswerLost;
    }
    payment.notice = Some("bank_unavailable".into());
    Event::AttemptLost
}

/// Asking slows down and never stops while the payment lives.
fn pause(payment: &Payment, hint: Duration) -> Duration {
    let steps_s = [1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800, 3600];
    let step = usize::try_from(payment.polls).unwrap_or(0).min(steps_s.len() - 1);
    Duration::from_secs(steps_s[step]).max(hint.min(Duration::from_secs(3600)))
}

/// When the worker must look again.
fn due(cx: &Context, payment: &Payment, now: Timestamp, hint: Duration) -> Option<Timestamp> {
    let next = after(now, pause(payment, hint));
    match payment.status {
        Status::Created => Some(payment.expires_at),
        Status::Initiating => payment.lease_until.or(Some(now)),
        Status::AwaitingPsu if payment.expires_at > now => {
            // A bank that answers only to the PSU's token has nothing to say before the PSU is back.
            let bank = cx.bank_of(payment);
            let mute = bank.is_some_and(|b| b.facts.status_needs_psu_token);
            Some(if mute { payment.expires_at } else { next.min(payment.expires_at) })
        }
        Status::AwaitingPsu | Status::Processing | Status::InDoubt => Some(next),
        _ => None,
    }
}
