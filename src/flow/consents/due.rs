//! The timer looks at a consent that is due: asks the bank, ends what nobody pursues any more, tells the bank of
//! what has ended.

use super::call::{Moves, connector, end_of, hear, read, save, session, try_claim};
use super::revoke::{end, tell_bank};
use super::step::end_attempt;
use crate::bank::PsuStep;
use crate::bank::accounts::AccountInformation as _;
use crate::consent::{ConsentId, Status};
use crate::flow::ask_bank::oldest;
use crate::flow::{Context, FlowError};
use crate::store::consents::Consent;
use crate::store::worklist;

/// Consents that are due, with the codes of their banks, but none of the banks of `but`: the oldest, begun at a
/// place of its own by every caller, so that two nodes do not want the same ones.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn due_consents(cx: &Context, limit: i64, but: Vec<String>) -> Result<Vec<(ConsentId, Option<String>)>, FlowError> {
    oldest(cx, limit, but, worklist::due_consents).await
}

/// Does what is due for one consent. Nothing happens when somebody else is at it.
///
/// # Errors
/// [`FlowError::Internal`] of the database or a stored value.
pub async fn look_after(cx: &Context, id: ConsentId) -> Result<(), FlowError> {
    let (consent, _) = read(cx, id).await?;
    let now = cx.now();
    if consent.due_at.is_none_or(|due| due > now) {
        return Ok(());
    }
    let Some(consent) = try_claim(cx, consent).await? else {
        return Ok(());
    };
    let link_is_over = consent.expires_at <= now;
    match consent.status {
        Status::Created | Status::AwaitingPsu if link_is_over => end(cx, consent, "clock").await.map(drop),
        Status::Created => save(cx, consent, Moves::default()).await.map(drop),
        Status::AwaitingPsu => ask(cx, consent).await,
        Status::Valid if consent.payment.is_some() && link_is_over => end(cx, consent, "clock").await.map(drop),
        Status::Valid if consent.valid_until.is_some() && end_of(&consent) <= now => end(cx, consent, "clock").await.map(drop),
        Status::Valid => save(cx, consent, Moves::default()).await.map(drop),
        _ => tell_bank(cx, consent).await.map(drop),
    }
}

/// The PSU has been at the bank, or approves it on the own device: what became of it?
async fn ask(cx: &Context, mut consent: Consent) -> Result<(), FlowError> {
    consent.polls = consent.polls.saturating_add(1);
    let mut moves = Moves::default();
    let on_the_way = matches!(super::call::psu_step(&consent)?, Some(PsuStep::GoToBank { .. }));
    if let Some(session) = session(&consent)?.filter(|_| !on_the_way) {
        match connector(cx, &consent)?.ask_consent(&session).await {
            Ok(answer) => hear(&mut consent, &mut moves, answer, false)?,
            Err(error) => tracing::info!(consent = %consent.id, %error, "how a consent stands is not known"),
        }
    }
    end_attempt(cx, &mut consent, &mut moves).await?;
    save(cx, consent, moves).await.map(drop)
}
