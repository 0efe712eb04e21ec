//! An older copy of the database was put back: what happened since then is not in it. Orders may have been
//! sent, approved and executed that the copy knows nothing of, so nothing in it may be sent to a bank again.

use super::bank_call::{History, claim, save};
use super::verdict::{RESTORED, internal};
use super::{Context, FlowError};
use crate::payment::{Event, PaymentId, Status};
use crate::store::{audit, worklist};
use std::time::Duration;

const AT_ONCE: i64 = 1000;

/// Puts every payment that had not ended in doubt, with no time left for another attempt. Where the copy
/// knows an order, its bank is asked by the timer as usual, and its word that the money moved still counts;
/// its word that this order failed does not, because a later one may have been made. Answers how many
/// payments there were. No node may be serving meanwhile.
///
/// # Errors
/// [`FlowError::Internal`] of the database; what was done by then stays done, and the call can be repeated.
pub async fn after_restore(cx: &Context, actor: &str) -> Result<usize, FlowError> {
    let (mut done, mut last) = (0_usize, 0);
    loop {
        let unfinished = cx.db.read(move |a| worklist::unfinished(a, last, AT_ONCE)).await?;
        let Some(newest) = unfinished.last() else { break };
        last = newest.number();
        for id in unfinished {
            one(cx, id).await?;
            done += 1;
        }
    }
    let (now, actor, detail) = (cx.now(), actor.to_owned(), format!("{done} payments in doubt"));
    cx.db
        .write(move |a| audit::add(a, now, &actor, "database_restored", None, Some(&detail)))
        .await?;
    Ok(done)
}

async fn one(cx: &Context, id: PaymentId) -> Result<(), FlowError> {
    let (mut payment, _) = cx.payment(id).await?;
    // Held by a process of the time of the copy, if at all.
    payment.lease_until = None;
    let mut payment = claim(cx, payment).await?.payment;
    let (now, mut history) = (cx.now(), History::default());
    if payment.status != Status::InDoubt {
        history.advance(&mut payment, Event::Restored, "admin", None).map_err(internal)?;
    }
    payment.notice = Some(RESTORED.into());
    payment.expires_at = now;
    save(cx, payment, history, now, Duration::ZERO).await.map(drop)
}
