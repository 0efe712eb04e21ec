//! Claiming a payment for a call to its bank and saving what came of it, the same for every verb.

use super::verdict::{by_error, by_verdict};
use super::{Context, FlowError, after, notify, webhooks};
use crate::bank::calls;
use crate::bank::{Answer, BankError, Connector, PsuStep, Session, Verdict};
use crate::clock::Timestamp;
use crate::payment::transition::{self, NotAllowed};
use crate::payment::{Event, PaymentId, Status, next};
use crate::store::history::Entry;
use crate::store::outbox::NewMessage;
use crate::store::payments::{self, Claim, Payment};
use crate::store::worklist::{self, PutOff};
use crate::store::{Access, StoreError, instructions};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

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

/// How the bank's answer came to be heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) call: Call,
    /// The bank's word is another one than before.
    pub(super) new_word: bool,
}

/// Collects what happened, moving the payment by the transition table only.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) entries: Vec<Entry>,
    /// The bank call that what is added came from.
    heard_by: Option<Uuid>,
}

/// What a bank said, and the request id of the call by which it said it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) result: Result<Answer, BankError>,
    pub(super) request_id: Option<Uuid>,
}

/// Calls the bank about a payment.
pub(super) async fn told(payment: PaymentId, call: impl Future<Output = Result<Answer, BankError>>) -> Told {
    let (result, request_id) = calls::about(payment, call).await;
    Told { result, request_id }
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
            request_id: self.heard_by.map(|id| id.to_string()),
        });
    }

    /// What is added from here on came from this bank call.
    pub(super) fn heard_by(&mut self, request_id: Option<Uuid>) {
        self.heard_by = request_id;
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
pub(super) async fn finish(cx: &Context, claim: Claim, call: Call, told: Told) -> Result<Payment, FlowError> {
    settle(cx, claim, call, told, History::default(), false).await
}

/// As [`finish`], and keeps the claim for another call.
pub(super) async fn finish_and_keep(cx: &Context, claim: Claim, call: Call, told: Told) -> Result<Claim, FlowError> {
    let payment = settle(cx, claim, call, told, History::default(), true).await?;
    Ok(Claim { payment })
}

/// As [`finish`], with what has happened already.
pub(super) async fn finish_with(cx: &Context, claim: Claim, call: Call, told: Told, history: History) -> Result<Payment, FlowError> {
    settle(cx, claim, call, told, history, false).await
}

/// As [`finish`], but nothing is written yet: the claim stays until the caller has written the change, together
/// with others ([`write_all`]).
pub(super) async fn finish_later(cx: &Context, claim: Claim, call: Call, told: Told) -> Result<Change, FlowError> {
    outcome(cx, claim, call, told, History::default(), false).await
}

async fn settle(cx: &Context, claim: Claim, call: Call, told: Told, history: History, keep_lease: bool) -> Result<Payment, FlowError> {
    outcome(cx, claim, call, told, history, keep_lease).await?.write(cx).await
}

/// What the bank's answer, or the lack of one, makes of a payment.
async fn outcome(cx: &Context, claim: Claim, call: Call, told: Told, mut history: History, keep_lease: bool) -> Result<Change, FlowError> {
    let mut payment = claim.payment;
    let now = cx.now();
    let mut saving = Saving {
        hint: Duration::from_secs(1),
        watch_until: None,
        words: Vec::new(),
        keep_lease,
    };
    history.heard_by(told.request_id);
    match told.result {
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
            let heard = Heard {
                call,
                new_word: keep_conversation(&mut payment, &answer)?,
            };
            by_verdict(&mut payment, &mut history, heard, answer.verdict, now)?;
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
    prepare(cx, payment, history, now, saving).await
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
    prepare(cx, payment, history, now, saving).await?.write(cx).await
}

/// As [`save`], for a transaction of the caller's own.
pub(super) async fn to_save(cx: &Context, payment: Payment, history: History, now: Timestamp) -> Result<Change, FlowError> {
    prepare(cx, payment, history, now, Saving::default()).await
}

/// What is to be written of a payment.
pub(super) struct Change {
    payment: Payment,
    history: History,
    mails: Vec<NewMessage>,
    words: Vec<(String, instructions::Said)>,
    now: Timestamp,
    keep_lease: bool,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change").field("payment", &self.payment).finish_non_exhaustive()
    }
}

/// Works out what follows from what happened: ends, mails, and when to look again.
async fn prepare(cx: &Context, mut payment: Payment, history: History, now: Timestamp, saving: Saving) -> Result<Change, FlowError> {
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
    Ok(Change {
        payment,
        history,
        mails,
        words: saving.words,
        now,
        keep_lease: saving.keep_lease,
    })
}

impl Change {
    /// Nothing happened but that the bank was asked.
    fn is_quiet(&self) -> bool {
        self.history.entries.is_empty() && self.mails.is_empty() && self.words.is_empty() && !self.keep_lease
    }

    /// For logs and counters.
    pub(super) fn announce(&self) {
        for entry in self.history.entries.iter().filter(|e| e.from != e.to) {
            tracing::info!(payment = %self.payment.id, from = %entry.from, event = entry.event, to = %entry.to, "payment");
            metrics::counter!("smartpay_payment_events_total", "event" => entry.event.clone()).increment(1);
        }
    }

    /// Status, history and outbox, in one transaction.
    pub(super) fn save(&self, a: &mut Access<'_>) -> Result<Payment, StoreError> {
        let saved = payments::save(a, &self.payment, &self.history.entries, &self.mails, self.now, self.keep_lease)?;
        instructions::save_words(a, self.payment.id, &self.words)?;
        webhooks::record(a, &saved, &self.history.entries, self.now)?;
        Ok(saved)
    }

    async fn write(self, cx: &Context) -> Result<Payment, FlowError> {
        self.announce();
        Ok(cx.db.write(move |a| self.save(a)).await?)
    }
}

/// Writes changes of several payments in one transaction, or one by one when that fails: one that cannot be
/// written must not take the others with it. A payment that somebody else wrote meanwhile, because the lease
/// ran out, stays as it is; so nothing is written twice.
pub(super) async fn write_all(cx: &Context, changes: Vec<Change>) -> Result<(), FlowError> {
    changes.iter().for_each(Change::announce);
    let changes: Arc<[Change]> = changes.into();
    let together = write_some(cx, &changes, 0..changes.len()).await;
    if changes.len() == 1 || !matches!(together, Err(FlowError::Internal(_))) {
        return together;
    }
    let mut result = Ok(());
    for one in 0..changes.len() {
        result = result.and(write_some(cx, &changes, one..one + 1).await);
    }
    result
}

async fn write_some(cx: &Context, changes: &Arc<[Change]>, some: Range<usize>) -> Result<(), FlowError> {
    let (changes, now) = (changes.clone(), cx.now());
    let write = move |a: &mut Access<'_>| {
        let (quiet, news): (Vec<_>, Vec<_>) = changes[some].iter().partition(|change| change.is_quiet());
        let quiet: Vec<PutOff> = quiet.into_iter().map(|change| PutOff::from(&change.payment)).collect();
        worklist::put_off(a, &quiet, now)?;
        for change in news {
            match change.save(a) {
                Ok(_) | Err(StoreError::Conflict) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    };
    Ok(cx.db.write(write).await?)
}

/// Keeps what the next call needs; whether the bank's word is another one than before.
fn keep_conversation(payment: &mut Payment, answer: &Answer) -> Result<bool, FlowError> {
    payment.bank_session = Some(serde_json::to_string(&answer.session)?);
    payment.bank_payment_id.clone_from(&answer.session.bank_payment_id);
    if answer.bank_word.is_empty() || payment.bank_word.as_deref() == Some(&answer.bank_word) {
        return Ok(false);
    }
    payment.bank_word = Some(answer.bank_word.clone());
    Ok(true)
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
