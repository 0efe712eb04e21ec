//! The audit log's checkpoints: made when they are due, and printed to the program's log, which leaves the
//! database's machine.

use super::{Context, FlowError};
use crate::store::audit_checkpoints::{self, Checkpoint};

/// Makes a checkpoint if one is due.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn make_if_due(cx: &Context) -> Result<Option<Checkpoint>, FlowError> {
    let now = cx.now();
    if !cx.db.read(move |a| audit_checkpoints::is_due(a, now)).await? {
        return Ok(None);
    }
    let made = cx.db.write(move |a| audit_checkpoints::make(a, now)).await?;
    if let Some(Checkpoint {
        number,
        seq,
        row_hash,
        mac,
        ..
    }) = &made
    {
        tracing::info!(number, seq, row_hash, mac, "audit checkpoint: keep this line outside the database");
    }
    Ok(made)
}
