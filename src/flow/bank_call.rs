//! Claiming a payment for a call to its bank and saving what came of it, the same for every verb.

use super::verdict::{by_error, by_verdict};
use super::{Context, FlowError, after, notify};
use crate::bank::{Answer, BankError, Connector, PsuStep, Session, Verdict};
use crate::clock::Timestamp;
use crate::payment::transition::{self, NotAllowed};
use crate::payment::{Event, Status, next};
use crate::store::history::Entry;
use crate::store::instructions;
use crate::store::payments::{self, Claim, Payment};
use std::time::Duration;

/// Which verb called the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Initiate,
    /// Starting the authorisation of an order that is at the bank.
    Begin,
    Reply,
    /// A refusal that only the browser brought and that the bank did not confirm.
    Denial,
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
        payment.doubted |= to == Status::InDoubt;
        Ok(())
    }

    /// Notes something that moves nothing.
    pub(super) fn note(&mut self, payment: &Payment, event: &str, actor: &'static str, detail: Option<String>) {
        self.push(payment, event, payment.status, actor, detail);
    }

    pub(super) fn push(&mut self, payment: &Payment, event: &str, to: Status, actor: &'static str, detail: Option<String>) {
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

/// How often something that the PSU did is tried again on a payment that somebody else holds: it must not be
/// dropped because the timer happened to ask the bank at the same moment.
pub(super) const TRIES: u32 = 50;

/// The pause between two such tries.
pub(super) async fn wait_a_moment(cx: &Context) {
    cx.clock.sleep(Duration::from_millis(100)).await;
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

/// What the PSU must do now.
pub(super) fn psu_step(payment: &Payment) -> Result<Option<PsuStep>, FlowError> {
    Ok(payment.psu_step.as_deref().map(serde_json::from_str).transpose()?)
}

/// Saves what the bank said: status, history, outbox, in one write; releases the claim.
pub(super) async fn finish(cx: &Context, claim: Claim, call: Call, result: Result<Answer, BankError>) -> Result<Payment, FlowError> {
    settle(cx, claim, call, result, History::default(), false).await
}

/// As [`finish`], and keeps the claim for another call.
pub(super) async fn finish_and_keep(cx: &Context, claim: Claim, call: Call, answer: Answer) -> Result<Claim, FlowError> {
    let payment = settle(cx, claim, call, Ok(answer), History::default(), true).await?;
    Ok(Claim { payment })
}

/// As [`finish`], with what has happened already.
pub(super) async fn finish_with(
    cx: &Context,
    claim: Claim,
    call: Call,
    result: Result<Answer, BankError>,
    history: History,
) -> Result<Payment, FlowError> {
    settle(cx, claim, call, result, history, false).await
}

async fn settle(
    cx: &Context,
    claim: Claim,
    call: Call,
    result: Result<Answer, BankError>,
    mut history: History,
    keep_lease: bool,
) -> Result<Payment, FlowError> {
    let mut payment = claim.payment;
    let now = cx.now();
    let mut saving = Saving {
        hint: Duration::from_secs(1),
        watch_until: None,
        words: Vec::new(),
        keep_lease,
    };
    match result {
        Ok(answer) => {
            saving.hint = answer.ask_again_after;
            saving.words = answer
                .instructions
                .iter()
                .map(|i| {
                    let (word, text) = (i.word.clone(), i.text.clone());
                    (i.end_to_end_id.clone(), instructions::Said { word, text })
                })
                .collect();
            let late = payment.status.is_final() && answer.verdict == Verdict::StillWorking;
            keep_conversation(&mut payment, &answer)?;
            by_verdict(&mut payment, &mut history, call, answer.verdict, now)?;
            saving.watch_until = late.then(|| watch_until(cx, &payment)).flatten().filter(|until| *until > now);
        }
        Err(error) => {
            tracing::warn!(payment = %payment.id, ?call, %error, "bank call");
            if let BankError::Refused {
                retry_after_s: Some(seconds),
                ..
            } = &error
            {
                saving.hint = Duration::from_secs(*seconds);
            }
            by_error(cx, &mut payment, &mut history, call, &error)?;
        }
    }
    save_and(cx, payment, history, now, saving).await
}

/// How a payment is saved.
#[derive(Default)]
struct Saving {
    hint: Duration,
    watch_until: Option<Timestamp>,
    words: Vec<(String, instructions::Said)>,
    keep_lease: bool,
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
    let saving = Saving { hint, ..Saving::default() };
    save_and(cx, payment, history, now, saving).await
}

async fn save_and(cx: &Context, mut payment: Payment, history: History, now: Timestamp, saving: Saving) -> Result<Payment, FlowError> {
    payment.hear(&saving.words);
    let moved = history.entries.iter().any(|e| e.from != e.to);
    if moved {
        payment.polls = 0;
    }
    if payment.status.is_final() {
        payment.ended_at = payment.ended_at.or(Some(now));
    }
    if payment.status.is_final() || payment.status == Status::AttemptRefused {
        payment.psu_step = None;
    }
    payment.due_at = due(cx, &payment, now, saving.hint).or_else(|| {
        let until = saving.watch_until?;
        Some(after(now, pause(&payment, saving.hint)).min(until))
    });
    let mails = notify::mails(cx, &payment, &history.entries, now).await?;
    for entry in history.entries.iter().filter(|e| e.from != e.to) {
        tracing::info!(payment = %payment.id, from = %entry.from, event = entry.event, to = %entry.to, "payment");
        metrics::counter!("smartpay_payment_events_total", "event" => entry.event.clone()).increment(1);
    }
    Ok(cx
        .db
        .write(move |a| {
            instructions::save_words(a, payment.id, &saving.words)?;
            payments::save(a, &payment, &history.entries, &mails, now, saving.keep_lease)
        })
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

/// Longest pause while the PSU approves on a device of their own and watches our page.
const WHILE_WATCHED: Duration = Duration::from_secs(4);

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
        Status::Created | Status::AttemptRefused => Some(payment.expires_at),
        Status::Initiating => payment.lease_until.or(Some(now)),
        Status::AwaitingPsu if payment.expires_at > now => {
            // A bank that answers only to the PSU's token has nothing to say before the PSU is back.
            let bank = cx.bank_of(payment);
            let mute = bank.is_some_and(|b| b.facts.status_needs_psu_token);
            let watched = matches!(psu_step(payment), Ok(Some(PsuStep::ApproveInApp { .. })));
            Some(match (mute, watched) {
                (true, _) => payment.expires_at,
                (_, true) => next.min(after(now, WHILE_WATCHED.max(hint))).min(payment.expires_at),
                _ => next.min(payment.expires_at),
            })
        }
        Status::AwaitingPsu | Status::Processing | Status::InDoubt => Some(next),
        _ => None,
    }
}
