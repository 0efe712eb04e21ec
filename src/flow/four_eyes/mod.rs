//! Changes that matter take two admins: one proposes, another approves or refuses.
//!
//! **Invariant:** nothing here is changed but by an approved proposal; who proposed never approves (unless the
//! settings turn the second pair of eyes off); what has changed since the proposal was made is left as it is;
//! proposal, decision and change are written together with their audit rows.

mod change;
mod doubt;
mod signature_keys;
mod snapshot;
mod webhook;

pub use change::{Change, Kind, MAX_COUNT, MAX_URL_BYTES, MOST_URLS, NewCertificate};
pub use signature_keys::{MOST_KEYS, read_keys};
pub use webhook::WantedEndpoint;

use super::error::FieldProblem;
use super::resolve_payment::REASON_CHARS;
use super::{Context, FlowError};
use crate::clock::Timestamp;
use crate::payment::text::has_forbidden_characters;
use crate::store::proposals::{self, Proposal};
use crate::store::{Access, StoreError, audit};
use chrono::Duration;

/// How long a proposal waits for a decision.
pub const LIFE: Duration = Duration::days(7);
/// Proposals about one partner or payment that may wait at the same time.
const MOST_OPEN: usize = 20;

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is carried out, or refused as asked.
    Done,
    /// What it was to change has changed meanwhile, or cannot be changed so any more; nothing was done.
    Stale,
    /// It came too late; nothing was done.
    Expired,
    /// Somebody decided before; nothing was done.
    Ended,
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposed {
    /// It waits for another admin; its id.
    Waits(String),
    /// The settings ask for no second admin: it is carried out already.
    Done(String),
}

/// Proposes a change. Without the second pair of eyes it is carried out at once, and recorded all the same.
///
/// # Errors
/// [`FlowError::Invalid`] names what is wrong with it, or says that it changes nothing; [`FlowError::NotFound`] when
/// there is nothing of that kind; [`FlowError::NotAllowed`] when it is not possible now; [`FlowError::TooMany`] while
/// too many wait.
pub async fn propose(cx: &Context, admin_id: &str, change: Change) -> Result<Proposed, FlowError> {
    change.check(cx)?;
    let (now, by, written) = (cx.now(), admin_id.to_owned(), change.clone());
    let outcome = cx
        .db
        .write(move |a| {
            let subject = written.subject();
            let Some(before) = snapshot::of(a, &written)? else {
                return Ok(Err(FlowError::NotFound));
            };
            if let Err(refused) = snapshot::possible(a, &written)? {
                return Ok(Err(refused));
            }
            let waiting = proposals::about(a, &subject)?;
            let open = |p: &&Proposal| p.state == proposals::OPEN && p.expires_at > now;
            if waiting.iter().filter(open).count() >= MOST_OPEN {
                return Ok(Err(FlowError::TooMany));
            }
            let proposal = Proposal {
                id: uuid::Uuid::now_v7().to_string(),
                kind: written.kind().as_str().into(),
                change: serde_json::to_string(&written)?,
                before: serde_json::to_string(&before)?,
                state: proposals::OPEN.into(),
                proposed_by: by.clone(),
                proposed_at: now,
                expires_at: now + LIFE,
                decided_by: None,
                decided_at: None,
                reason: None,
                subject,
            };
            proposals::add(a, &proposal)?;
            log(a, &proposal, "proposed", &by, now)?;
            Ok(Ok(proposal.id))
        })
        .await??;
    if cx.rules.four_eyes {
        return Ok(Proposed::Waits(outcome));
    }
    match decide(cx, admin_id, &outcome).await? {
        Decision::Done => Ok(Proposed::Done(outcome)),
        Decision::Stale | Decision::Expired | Decision::Ended => Err(FlowError::NotAllowed),
    }
}

/// Approves a proposal and carries it out.
///
/// # Errors
/// [`FlowError::NotFound`]; [`FlowError::NotYou`] when the admin proposed it; [`FlowError::Busy`] while the payment
/// is being acted on.
pub async fn approve(cx: &Context, admin_id: &str, id: &str) -> Result<Decision, FlowError> {
    let proposal = proposal(cx, id).await?;
    if cx.rules.four_eyes && proposal.proposed_by == admin_id {
        return Err(FlowError::NotYou);
    }
    decide(cx, admin_id, id).await
}

/// Refuses a proposal. Who proposed it may do that too: it takes it back.
///
/// # Errors
/// [`FlowError::NotFound`]; [`FlowError::Invalid`] without a reason of 10 to 500 characters.
pub async fn refuse(cx: &Context, admin_id: &str, id: &str, reason: &str) -> Result<Decision, FlowError> {
    let reason = reason.trim().to_owned();
    if !REASON_CHARS.contains(&reason.chars().count()) || has_forbidden_characters(&reason) {
        let problem = FieldProblem::new("reason", "REASON", "say in 10 to 500 characters why");
        return Err(FlowError::Invalid(vec![problem]));
    }
    let proposal = proposal(cx, id).await?;
    let (now, by) = (cx.now(), admin_id.to_owned());
    let ended = cx
        .db
        .write(move |a| {
            let ended = proposals::end(a, &proposal.id, proposals::REFUSED, Some(&by), Some(&reason), now)?;
            if ended {
                log(a, &proposal, "refused", &by, now)?;
            }
            Ok(ended)
        })
        .await?;
    Ok(if ended { Decision::Done } else { Decision::Ended })
}

/// Ends what nobody decided in time; answers how many.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn end_overdue(cx: &Context) -> Result<usize, FlowError> {
    let now = cx.now();
    let overdue = cx.db.read(move |a| proposals::overdue(a, now, 100)).await?;
    if overdue.is_empty() {
        return Ok(0);
    }
    let ended = cx.db.write(move |a| {
        let mut ended = 0;
        for id in overdue {
            let Some(proposal) = proposals::get(a, &id)? else { continue };
            if proposals::end(a, &id, proposals::EXPIRED, None, None, now)? {
                log(a, &proposal, "expired", "clock", now)?;
                ended += 1;
            }
        }
        Ok(ended)
    });
    Ok(ended.await?)
}

async fn proposal(cx: &Context, id: &str) -> Result<Proposal, FlowError> {
    let wanted = id.to_owned();
    let found = cx.db.read(move |a| proposals::get(a, &wanted)).await?;
    found.ok_or(FlowError::NotFound)
}

/// Carries a proposal out, if it still may be.
async fn decide(cx: &Context, admin_id: &str, id: &str) -> Result<Decision, FlowError> {
    let proposal = proposal(cx, id).await?;
    let (change, now, by): (Change, _, _) = (serde_json::from_str(&proposal.change)?, cx.now(), admin_id.to_owned());
    if proposal.state != proposals::OPEN {
        return Ok(Decision::Ended);
    }
    if proposal.expires_at <= now {
        return Ok(Decision::Expired);
    }
    if let Change::AddCertificate { certificate, .. } = &change
        && certificate.checked(cx).is_err()
    {
        return stale(cx, proposal, by).await;
    }
    // A payment is claimed first, so that nobody asks its bank meanwhile.
    let ending = match &change {
        Change::ResolveDoubt { payment, .. } => match doubt::prepare(cx, *payment, &change, &proposal).await? {
            Some(ending) => Some(ending),
            None => return stale(cx, proposal, by).await,
        },
        _ => None,
    };
    let (for_write, stale_by) = (proposal.clone(), by.clone());
    let outcome = cx
        .db
        .write(move |a| {
            let proposal = for_write;
            if !proposals::end(a, &proposal.id, proposals::APPROVED, Some(&by), None, now)? {
                return Ok(Decision::Ended);
            }
            snapshot::hold(a, &change)?;
            let unchanged = snapshot::of(a, &change)?.map(|now| serde_json::to_string(&now)).transpose()?;
            // What was written above goes with the error.
            if unchanged.as_deref() != Some(&proposal.before) || snapshot::possible(a, &change)?.is_err() {
                return Err(StoreError::Conflict);
            }
            match ending {
                Some(ending) => drop(ending.save(a)?),
                None => change.apply(a, now)?,
            }
            log(a, &proposal, "approved", &by, now)?;
            audit::add(a, now, &by, change.audited_as(), Some(&proposal.subject), Some(&proposal.id))?;
            Ok(Decision::Done)
        })
        .await;
    match outcome {
        Err(StoreError::Conflict | StoreError::Taken(_)) => stale(cx, proposal, stale_by).await,
        other => Ok(other?),
    }
}

/// Ends a proposal that cannot be carried out any more.
async fn stale(cx: &Context, proposal: Proposal, by: String) -> Result<Decision, FlowError> {
    let now = cx.now();
    let ended = cx.db.write(move |a| {
        let ended = proposals::end(a, &proposal.id, proposals::STALE, Some(&by), None, now)?;
        if ended {
            log(a, &proposal, "stale", &by, now)?;
        }
        Ok(ended)
    });
    Ok(if ended.await? { Decision::Stale } else { Decision::Ended })
}

fn log(a: &mut Access<'_>, proposal: &Proposal, what: &str, by: &str, now: Timestamp) -> Result<(), StoreError> {
    let detail = format!("{} {}", proposal.kind, proposal.id);
    audit::add(a, now, by, &format!("proposal_{what}"), Some(&proposal.subject), Some(&detail))
}
