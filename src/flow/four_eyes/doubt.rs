//! The end of a doubt, as a proposal carries it out.

use super::change::Change;
use super::{Proposal, snapshot};
use crate::flow::bank_call;
use crate::flow::resolve_payment::ending;
use crate::flow::{Context, FlowError};
use crate::payment::{PaymentId, Status};

/// Claims the payment and works out what is to be written; `None` when it is not in doubt any more, or the bank has
/// said something since.
pub(super) async fn prepare(
    cx: &Context,
    id: PaymentId,
    change: &Change,
    proposal: &Proposal,
) -> Result<Option<bank_call::Change>, FlowError> {
    let Change::ResolveDoubt { resolution, reason, .. } = change else {
        return Ok(None);
    };
    let looked_at = change.clone();
    let now = cx.db.read(move |a| snapshot::of(a, &looked_at)).await?;
    let before: serde_json::Value = serde_json::from_str(&proposal.before)?;
    let unchanged = now == Some(before);
    let (payment, _) = cx.payment(id).await?;
    if !unchanged || payment.status != Status::InDoubt {
        return Ok(None);
    }
    ending(cx, payment, *resolution, reason).await.map(Some)
}
