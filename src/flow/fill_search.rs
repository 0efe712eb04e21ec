//! Payments from before there was a search become findable, some at a time; what is done is marked in the
//! payment, so that a stop loses nothing.

use super::{Context, FlowError};
use crate::store::search_keys;

/// Payments filled in one transaction.
const AT_ONCE: i64 = 64;

/// Fills some; answers how many there were, 0 when all can be found.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn fill_some(cx: &Context) -> Result<usize, FlowError> {
    let ids = cx.db.read(|a| search_keys::missing(a, AT_ONCE)).await?;
    let many = ids.len();
    if many == 0 {
        return Ok(0);
    }
    let together = ids.clone();
    let filled = cx
        .db
        .write(move |a| together.iter().try_for_each(|id| search_keys::fill(a, *id)))
        .await;
    if let Err(error) = filled {
        // One that does not open must not keep the others from being found.
        tracing::warn!(%error, "payments are made findable one by one");
        for id in ids {
            if let Err(error) = cx.db.write(move |a| search_keys::fill(a, id)).await {
                tracing::error!(payment = %id, %error, "a payment cannot be made findable");
                cx.db.write(move |a| search_keys::give_up(a, id)).await?;
            }
        }
    }
    Ok(many)
}
