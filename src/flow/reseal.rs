//! Seals again with the newest key what older ones have sealed, after a change of key: one node at a time, some
//! values in one write, while payments go on. A stop loses nothing; the next one goes on there.

use super::{Context, FlowError, after};
use crate::store::{StoreError, reseal};
use std::time::Duration;

/// Values in one transaction.
const AT_ONCE: i64 = 200;
/// How long a node may be silent before another goes on.
const LEASE: Duration = Duration::from_secs(60);

/// Seals all that is due; ends early at a stop.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn reseal(cx: &Context, stops: impl Fn() -> bool) -> Result<(), FlowError> {
    let now = cx.now();
    if !cx.db.read(move |a| reseal::is_due(a, now)).await? {
        return Ok(());
    }
    let until = after(now, LEASE);
    let mut pass = match cx.db.write(move |a| reseal::begin(a, now, until)).await {
        Err(StoreError::Conflict) => return Ok(()),
        begun => begun?,
    };
    while pass.ended_at.is_none() {
        if stops() {
            return Ok(());
        }
        let now = cx.now();
        let until = after(now, LEASE);
        let from = pass.clone();
        pass = match cx.db.write(move |a| reseal::some(a, &from, AT_ONCE, now, until)).await {
            // Another node has it now.
            Err(StoreError::Conflict) => return Ok(()),
            next => next?,
        };
    }
    tracing::info!(
        key = pass.key_id,
        values = pass.values_resealed,
        "everything is sealed with the newest key"
    );
    Ok(())
}
