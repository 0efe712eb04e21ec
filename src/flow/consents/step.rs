//! What the bank wants of the PSU before a consent is given: a code, a method, an approval in its app. The PSU does
//! it on our page, or the attempt comes to nothing and the PSU may begin another.
//!
//! **Invariant:** a code is passed on and kept nowhere; after too many wrong ones what was asked for is taken back.

use super::call::{self, Moves, WRONG_CODES, claim_when, code_tries_left, connector, forget_attempt, hear, read, save, session};
use crate::bank::accounts::AccountInformation as _;
use crate::bank::{BankError, PsuReply, PsuStep};
use crate::clock::Timestamp;
use crate::consent::{ConsentId, Event, Status};
use crate::crypto;
use crate::flow::answer_step::fits;
use crate::flow::{Context, FlowError};
use crate::store::consents::Consent;

/// Characters of a fingerprint.
const FINGERPRINT_CHARS: usize = 16;

/// What the page shows of a step.
#[derive(Clone, Debug)]
pub struct OpenStep {
    /// What the PSU must do; without one the bank is waited for.
    pub step: Option<PsuStep>,
    /// How many wrong codes are still taken.
    pub tries_left: u32,
    /// A word for the page: what the PSU did last came to nothing.
    pub notice: Option<String>,
    /// Until when the PSU can do it.
    pub until: Timestamp,
}

/// What the bank wants of the PSU now.
///
/// # Errors
/// [`FlowError::Internal`] for a stored step that cannot be read.
pub fn open_step(consent: &Consent) -> Result<OpenStep, FlowError> {
    Ok(OpenStep {
        step: call::psu_step(consent)?,
        tries_left: u32::try_from(code_tries_left(consent)?).unwrap_or(0),
        notice: consent.notice.clone(),
        until: consent.expires_at,
    })
}

/// A short name for what the page shows: when it changes, there is something new to see. Tells nothing of the
/// consent.
#[must_use]
pub fn fingerprint(consent: &Consent, now: Timestamp) -> String {
    let shown = format!(
        "{}|{}|{}|{}",
        consent.status,
        consent.psu_step.as_deref().unwrap_or_default(),
        consent.notice.as_deref().unwrap_or_default(),
        consent.expires_at <= now,
    );
    crypto::token_hash(&shown).chars().take(FINGERPRINT_CHARS).collect()
}

/// Hands the PSU's answer to the bank. An answer that does not fit what the bank waits for changes nothing: the
/// page shows where the consent stands.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`FlowError::Busy`] when something else happens to
/// the consent right now.
pub async fn answer(cx: &Context, id: ConsentId, browser_hash: &str, reply: PsuReply) -> Result<(), FlowError> {
    let (consent, _) = read(cx, id).await?;
    if consent.browser_hash.as_deref() != Some(browser_hash) {
        return Err(FlowError::NotFound);
    }
    let now = cx.now();
    let open = |c: &Consent| c.status == Status::AwaitingPsu && c.expires_at > now && takes(c, &reply);
    let Some(mut consent) = claim_when(cx, id, open).await? else {
        return Ok(());
    };
    let Some(session) = session(&consent)? else { return Ok(()) };
    consent.notice = None;
    let mut moves = Moves::default();
    match connector(cx, &consent)?.reply_to_consent(&session, &reply).await {
        Ok(answer) => hear(&mut consent, &mut moves, answer, true)?,
        Err(error) => {
            tracing::warn!(consent = %consent.id, %error, "the PSU did what the bank asked for a consent");
            consent.notice = Some(word_for(&error).into());
        }
    }
    end_attempt(cx, &mut consent, &mut moves).await?;
    save(cx, consent, moves).await.map(drop)
}

/// Whether the consent waits for such an answer.
fn takes(consent: &Consent, reply: &PsuReply) -> bool {
    let fits = call::psu_step(consent).is_ok_and(|step| fits(&step, reply));
    consent.session.is_some() && fits && code_tries_left(consent).is_ok_and(|left| left > 0)
}

/// A code whose answer is lost may have been the right one: then the next question to the bank tells.
const fn word_for(error: &BankError) -> &'static str {
    match error {
        BankError::Unknown(_) => "code_unanswered",
        _ => "not_answered",
    }
}

/// An attempt that cannot go on is taken back, so that the PSU can begin another: the bank has not begun to ask or
/// its authorisation has failed without ending the consent, or too many codes were wrong.
pub(super) async fn end_attempt(cx: &Context, consent: &mut Consent, moves: &mut Moves) -> Result<(), FlowError> {
    if consent.status != Status::AwaitingPsu {
        return Ok(());
    }
    if code_tries_left(consent)? == 0 {
        return take_back(cx, consent, moves, "psu", Some(WRONG_CODES)).await;
    }
    if call::psu_step(consent)? == Some(PsuStep::Begin) {
        return take_back(cx, consent, moves, "bank", Some("bank_unavailable")).await;
    }
    Ok(())
}

/// Takes back what was asked for. It has no power while nobody gives it, so a bank that does not hear it now is not
/// told again.
pub(super) async fn take_back(
    cx: &Context,
    consent: &mut Consent,
    moves: &mut Moves,
    actor: &'static str,
    notice: Option<&str>,
) -> Result<(), FlowError> {
    if let Some(session) = session(consent)?
        && let Err(error) = connector(cx, consent)?.revoke_consent(&session).await
    {
        tracing::info!(consent = %consent.id, %error, "a consent that nobody gave stays at the bank");
    }
    forget_attempt(consent, notice);
    moves.advance(consent, Event::Withdrawn, actor)
}
