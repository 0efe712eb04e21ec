//! Claiming a consent for a call to its bank and saving what came of it, the same for every verb.

use crate::bank::accounts::{ConsentAnswer, ConsentSession, ConsentVerdict};
use crate::bank::{Connector, PsuStep, Reason};
use crate::clock::Timestamp;
use crate::consent::{ConsentId, Event, Status, next};
use crate::flow::answer_step::MAX_CODE_TRIES;
use crate::flow::bank_call::{TRIES, wait_a_moment};
use crate::flow::{Context, FlowError, after};
use crate::partner::Partner;
use crate::store::consents::{self, Consent, Move};
use crate::store::{StoreError, partners};
use chrono::{Days, NaiveTime};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often ending a consent at its bank is tried before its tokens are simply forgotten.
const MOST_TRIES_TO_END: i32 = 10;
/// Longest pause between two questions while the PSU may approve in the bank's app and watches our page.
const MOST_PAUSE_IN_APP: Duration = Duration::from_secs(15);
/// The word for the page after too many wrong codes.
pub(super) const WRONG_CODES: &str = "wrong_codes";

/// What happened to a consent, by the table only.
#[derive(Debug, Default)]
pub(super) struct Moves(pub(super) Vec<Move>);

impl Moves {
    /// Moves the consent.
    pub(super) fn advance(&mut self, consent: &mut Consent, event: Event, actor: &'static str) -> Result<(), FlowError> {
        let to = next(consent.status, event).map_err(|e| FlowError::Internal(e.to_string()))?;
        tracing::info!(consent = %consent.id, from = %consent.status, event = event.as_str(), %to, "consent");
        metrics::counter!("smartpay_consent_events_total", "event" => event.as_str()).increment(1);
        self.0.push(Move { event, to, actor });
        consent.status = to;
        consent.polls = 0;
        Ok(())
    }
}

/// A consent and whose it is.
pub(super) async fn read(cx: &Context, id: ConsentId) -> Result<(Consent, Partner), FlowError> {
    let found = cx
        .db
        .read(move |a| {
            let Some(consent) = consents::get(a, id)? else { return Ok(None) };
            let partner = partners::get(a, &consent.partner_id)?;
            Ok(partner.map(|partner| (consent, partner)))
        })
        .await?;
    found.ok_or(FlowError::NotFound)
}

/// Takes the lease on a consent as it was read; `None` while somebody else holds it or has changed it.
pub(super) async fn try_claim(cx: &Context, consent: Consent) -> Result<Option<Consent>, FlowError> {
    let now = cx.now();
    let until = after(now, cx.rules.lease);
    match cx.db.write(move |a| consents::claim(a, consent, now, until)).await {
        Ok(claimed) => Ok(Some(claimed)),
        Err(StoreError::Busy | StoreError::Conflict) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Waits for the lease, and takes it when `fits` says so of the consent as it is then; `None` when it says no.
pub(super) async fn claim_when(cx: &Context, id: ConsentId, fits: impl Fn(&Consent) -> bool + Send) -> Result<Option<Consent>, FlowError> {
    for _ in 0..TRIES {
        let (consent, _) = read(cx, id).await?;
        if !fits(&consent) {
            return Ok(None);
        }
        if let Some(claimed) = try_claim(cx, consent).await? {
            return Ok(Some(claimed));
        }
        wait_a_moment(cx).await;
    }
    Err(FlowError::Busy)
}

/// The connector of the consent's bank.
pub(super) fn connector<'a>(cx: &'a Context, consent: &Consent) -> Result<&'a Connector, FlowError> {
    let bank = consent.bank_code.as_deref().and_then(|code| cx.banks.get(code));
    bank.and_then(|b| b.connector())
        .ok_or_else(|| FlowError::Internal(format!("consent {} has no usable bank", consent.id)))
}

/// The connector's session.
pub(super) fn session(consent: &Consent) -> Result<Option<ConsentSession>, FlowError> {
    Ok(consent.session.as_deref().map(serde_json::from_str).transpose()?)
}

/// What the bank wants of the PSU, as it is stored.
#[derive(Serialize, Deserialize)]
struct Asked {
    #[serde(flatten)]
    step: PsuStep,
    /// How many codes were wrong since the bank was asked for the consent.
    #[serde(default)]
    wrong_codes: i32,
}

fn asked_of_psu(consent: &Consent) -> Result<Option<Asked>, FlowError> {
    Ok(consent.psu_step.as_deref().map(serde_json::from_str).transpose()?)
}

/// What the PSU must do now.
pub(super) fn psu_step(consent: &Consent) -> Result<Option<PsuStep>, FlowError> {
    Ok(asked_of_psu(consent)?.map(|asked| asked.step))
}

/// How many wrong codes are still taken.
pub(super) fn code_tries_left(consent: &Consent) -> Result<i32, FlowError> {
    let wrong = asked_of_psu(consent)?.map_or(0, |asked| asked.wrong_codes);
    Ok(MAX_CODE_TRIES.saturating_sub(wrong).max(0))
}

/// Keeps what the PSU must do; a code that was wrong just now (`by_psu`) counts.
fn ask_of_psu(consent: &mut Consent, step: PsuStep, by_psu: bool) -> Result<(), FlowError> {
    let before = asked_of_psu(consent)?.map_or(0, |asked| asked.wrong_codes);
    let wrong = by_psu && matches!(&step, PsuStep::EnterCode(prompt) if prompt.wrong);
    let wrong_codes = before.saturating_add(i32::from(wrong));
    consent.psu_step = Some(serde_json::to_string(&Asked { step, wrong_codes })?);
    Ok(())
}

/// Takes over what the bank said. While the PSU is still to go to the bank's page, nothing but the PSU's return
/// (`by_psu`) makes the consent valid.
pub(super) fn hear(consent: &mut Consent, moves: &mut Moves, answer: ConsentAnswer, by_psu: bool) -> Result<(), FlowError> {
    let waits_for_return = matches!(psu_step(consent)?, Some(PsuStep::GoToBank { .. }));
    consent.session = Some(serde_json::to_string(&answer.session)?);
    if !answer.bank_word.is_empty() {
        consent.bank_word = Some(answer.bank_word);
    }
    // A bank may grant more than was asked for; what the PSU read on our page holds.
    consent.valid_until = answer.valid_until.into_iter().chain(consent.valid_until).min();
    match answer.verdict {
        ConsentVerdict::PsuNeeded(step) => {
            ask_of_psu(consent, step, by_psu)?;
            asked(consent, moves)
        }
        ConsentVerdict::StillWorking => {
            if by_psu || !waits_for_return {
                consent.psu_step = None;
            }
            asked(consent, moves)
        }
        ConsentVerdict::Valid if consent.status == Status::Valid || (waits_for_return && !by_psu) => Ok(()),
        ConsentVerdict::Valid => {
            consent.psu_step = None;
            consent.notice = None;
            moves.advance(consent, Event::Granted, "bank")
        }
        // The bank has ended what was asked for; the PSU may ask again.
        ConsentVerdict::Refused(Reason::WrongCodes) if consent.status == Status::AwaitingPsu => {
            forget_attempt(consent, Some(WRONG_CODES));
            moves.advance(consent, Event::Withdrawn, "bank")
        }
        ConsentVerdict::Refused(reason) if consent.status != Status::Valid => {
            consent.reason = Some(reason.as_str().into());
            consent.session = None;
            moves.advance(consent, Event::Refused, "bank")
        }
        ConsentVerdict::Refused(_) | ConsentVerdict::Ended => {
            consent.session = None;
            let event = if consent.status == Status::Valid {
                Event::Over
            } else {
                Event::Refused
            };
            moves.advance(consent, event, "bank")
        }
    }
}

/// Forgets what was asked for at the bank; its answer is not listened to any more.
pub(super) fn forget_attempt(consent: &mut Consent, notice: Option<&str>) {
    (consent.session, consent.psu_step, consent.callback_hash) = (None, None, None);
    consent.notice = notice.map(Into::into);
}

fn asked(consent: &mut Consent, moves: &mut Moves) -> Result<(), FlowError> {
    if consent.status == Status::Created {
        moves.advance(consent, Event::BankAsked, "bank")?;
    }
    Ok(())
}

/// Saves a consent and releases the lease. A database that is busy for a moment must not cost a token.
pub(super) async fn save(cx: &Context, consent: Consent, moves: Moves) -> Result<Consent, FlowError> {
    save_or_keep(cx, consent, moves, false).await
}

/// As [`save`], and keeps the lease for another call.
pub(super) async fn save_and_keep(cx: &Context, consent: Consent, moves: Moves) -> Result<Consent, FlowError> {
    save_or_keep(cx, consent, moves, true).await
}

async fn save_or_keep(cx: &Context, mut consent: Consent, moves: Moves, keep_lease: bool) -> Result<Consent, FlowError> {
    let now = cx.now();
    tidy(&mut consent, now);
    consent.due_at = if keep_lease { consent.lease_until } else { due(&consent, now) };
    for _ in 1..TRIES {
        let (row, entries) = (consent.clone(), moves.0.clone());
        match cx.db.write(move |a| consents::save(a, &row, &entries, now, keep_lease)).await {
            Err(StoreError::Busy) => wait_a_moment(cx).await,
            other => return Ok(other?),
        }
    }
    Err(FlowError::Busy)
}

/// What a consent that has ended need not keep.
fn tidy(consent: &mut Consent, now: Timestamp) {
    if !consent.status.is_final() {
        return;
    }
    consent.ended_at = consent.ended_at.or(Some(now));
    consent.psu_step = None;
    consent.callback_hash = None;
    if consent.polls >= MOST_TRIES_TO_END {
        consent.session = None;
    }
    forget_accounts(consent);
}

/// The list of accounts was for choosing only.
fn forget_accounts(consent: &mut Consent) {
    let page = consent
        .page
        .as_deref()
        .and_then(|page| serde_json::from_str::<serde_json::Value>(page).ok());
    if let Some(serde_json::Value::Object(mut page)) = page
        && page.remove("accounts").is_some_and(|list| !list.is_null())
    {
        page.insert("accounts".into(), serde_json::Value::Null);
        consent.page = Some(serde_json::Value::Object(page).to_string());
    }
}

/// Asking slows down and never stops while something is to be learnt.
fn pause(polls: i32) -> Duration {
    let steps_s = [2, 4, 8, 15, 30, 60, 300, 1800, 3600];
    let step = usize::try_from(polls).unwrap_or(0).min(steps_s.len() - 1);
    Duration::from_secs(steps_s[step])
}

/// When the worker must look again.
fn due(consent: &Consent, now: Timestamp) -> Option<Timestamp> {
    let step = psu_step(consent).ok().flatten();
    let most = match step {
        Some(PsuStep::ApproveInApp { .. }) => MOST_PAUSE_IN_APP,
        _ => Duration::MAX,
    };
    let next = after(now, pause(consent.polls).min(most));
    match consent.status {
        Status::Created => Some(consent.expires_at),
        // Before the PSU is back there is nothing to learn.
        Status::AwaitingPsu if matches!(step, Some(PsuStep::GoToBank { .. })) => Some(consent.expires_at.max(now)),
        Status::AwaitingPsu => Some(next.min(consent.expires_at.max(now))),
        Status::Valid if consent.payment.is_some() => Some(consent.expires_at.max(next)),
        Status::Valid => Some(end_of(consent).max(next)),
        // It may still be good at the bank.
        _ => consent.session.as_ref().map(|_| next),
    }
}

/// The first moment at which a valid consent is not good any more; one without a last day is looked at daily.
pub(super) fn end_of(consent: &Consent) -> Timestamp {
    let day = consent.valid_until.and_then(|day| day.checked_add_days(Days::new(1)));
    day.map_or_else(
        || after(consent.updated_at, Duration::from_secs(86_400)),
        |day| day.and_time(NaiveTime::MIN),
    )
}
