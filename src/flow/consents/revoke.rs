//! A consent ends: the partner gives it back, its time is over, or it has served its purpose. It ends here at
//! once; the bank is told, and told again later when it did not hear.

use super::ConsentError;
use super::call::{Moves, claim_when, connector, save, save_and_keep, session};
use crate::bank::BankError;
use crate::bank::accounts::{AccountInformation as _, ConsentVerdict};
use crate::consent::{ConsentId, Event, Status};
use crate::flow::onboarding::documents::is_reason;
use crate::flow::{Context, FieldProblem, FlowError};
use crate::store::audit;
use crate::store::consents::Consent;

/// Ends a consent on the partner's wish. One that has ended already stays as it is.
///
/// # Errors
/// [`FlowError::Busy`] when it is in use right now.
pub async fn revoke(cx: &Context, id: ConsentId) -> Result<Consent, ConsentError> {
    if let Some(consent) = claim_when(cx, id, |c| !c.status.is_final()).await? {
        return Ok(end(cx, consent, "partner").await?);
    }
    Ok(super::init::stored(cx, id).await?)
}

/// Ends a consent because its payer wants to be forgotten; one that has ended already stays as it is.
///
/// # Errors
/// [`FlowError::Busy`] when it is in use right now.
pub async fn end_for_payer(cx: &Context, id: ConsentId) -> Result<(), FlowError> {
    match claim_when(cx, id, |c| !c.status.is_final()).await? {
        Some(consent) => end(cx, consent, "psu").await.map(drop),
        None => Ok(()),
    }
}

/// Ends a consent on the operator's decision, with a reason that the audit log keeps: here at once, and at the bank.
///
/// # Errors
/// [`FlowError::Invalid`] without a reason of 10 to 500 characters; [`FlowError::NotAllowed`] when it has ended
/// already; [`FlowError::Busy`] when it is in use right now.
pub async fn end_by_operator(cx: &Context, id: ConsentId, by: &str, reason: &str) -> Result<(), FlowError> {
    if !is_reason(reason) {
        let problem = FieldProblem::new("reason", "NO_REASON", "10 to 500 characters");
        return Err(FlowError::Invalid(vec![problem]));
    }
    let Some(consent) = claim_when(cx, id, |c| !c.status.is_final()).await? else {
        return Err(FlowError::NotAllowed);
    };
    let (by, reason, now) = (by.to_owned(), reason.trim().to_owned(), cx.now());
    cx.db
        .write(move |a| {
            let subject = id.to_string();
            audit::add(a, now, &by, "consent_ended_by_operator", Some(&subject), Some(&reason))
        })
        .await?;
    end(cx, consent, "admin").await.map(drop)
}

/// Ends a claimed consent that has not ended, and tells the bank.
pub(super) async fn end(cx: &Context, mut consent: Consent, actor: &'static str) -> Result<Consent, FlowError> {
    let mut moves = Moves::default();
    let event = match consent.status {
        Status::Valid => Event::Over,
        _ if actor == "clock" => Event::Expired,
        _ => Event::Refused,
    };
    moves.advance(&mut consent, event, actor)?;
    // Ended here first: from now on nobody reads under it, whatever the bank answers.
    let consent = save_and_keep(cx, consent, moves).await?;
    tell_bank(cx, consent).await
}

/// Ends a claimed consent at the bank; what did not reach the bank is due again later.
pub(super) async fn tell_bank(cx: &Context, mut consent: Consent) -> Result<Consent, FlowError> {
    if let Some(session) = session(&consent)? {
        match connector(cx, &consent) {
            Ok(bank) => match bank.revoke_consent(&session).await {
                Ok(answer) => {
                    consent.bank_word = Some(answer.bank_word).filter(|w| !w.is_empty()).or(consent.bank_word);
                    consent.session = match answer.verdict {
                        ConsentVerdict::Ended | ConsentVerdict::Refused(_) => None,
                        _ => Some(serde_json::to_string(&answer.session)?),
                    };
                    consent.polls = consent.polls.saturating_add(1);
                }
                Err(error) if may_work_later(&error) => {
                    tracing::info!(consent = %consent.id, %error, "the bank was not told that a consent has ended");
                    consent.polls = consent.polls.saturating_add(1);
                }
                // There is nothing to end, or no such call: forgetting the tokens is all there is.
                Err(_) => consent.session = None,
            },
            Err(_) => consent.session = None,
        }
    }
    save(cx, consent, Moves::default()).await
}

const fn may_work_later(error: &BankError) -> bool {
    matches!(
        error,
        BankError::NotSent(_) | BankError::Unknown(_) | BankError::Refused { status: 429, .. }
    )
}
