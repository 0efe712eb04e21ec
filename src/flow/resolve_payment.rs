//! An admin ends a doubt: they learnt from the bank itself what became of the order, and say how.

use super::bank_call::{History, claim, save};
use super::verdict::internal;
use super::{Context, FieldProblem, FlowError};
use crate::bank::Reason;
use crate::payment::text::has_forbidden_characters;
use crate::payment::{Event, PaymentId, Status};
use crate::store::audit;
use std::time::Duration;

/// Shortest and longest reason, in characters.
pub const REASON_CHARS: std::ops::RangeInclusive<usize> = 10..=500;

/// What the admin learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The money moved.
    Settled,
    /// Nothing was executed, and nothing will be.
    NotExecuted,
}

/// Ends a payment in doubt. The reason goes to the payment's history and must not hold personal data.
///
/// # Errors
/// [`FlowError::NotAllowed`] when the payment is not in doubt (any more); [`FlowError::Invalid`] without a
/// reason; [`FlowError::Busy`] while the bank is being asked.
pub async fn resolve_payment(cx: &Context, id: PaymentId, admin_id: &str, resolution: Resolution, reason: &str) -> Result<(), FlowError> {
    let reason = reason.trim();
    if !REASON_CHARS.contains(&reason.chars().count()) || has_forbidden_characters(reason) {
        let problem = FieldProblem::new("reason", "REASON", "say in 10 to 500 characters how the bank told you");
        return Err(FlowError::Invalid(vec![problem]));
    }
    let (payment, _) = cx.payment(id).await?;
    if payment.status != Status::InDoubt {
        return Err(FlowError::NotAllowed);
    }
    let (mut payment, now) = (claim(cx, payment).await?.payment, cx.now());
    let (event, action) = match resolution {
        Resolution::Settled => (Event::ResolvedSettled, "payment_resolved_settled"),
        Resolution::NotExecuted => (Event::ResolvedNotExecuted, "payment_resolved_not_executed"),
    };
    payment.reason = (resolution == Resolution::NotExecuted).then(|| Reason::NotExecuted.as_str().into());
    let mut history = History::default();
    history
        .advance(&mut payment, event, "admin", Some(reason.to_owned()))
        .map_err(internal)?;
    tracing::warn!(payment = %id, action, "a doubt was resolved by an admin");
    // First the trace of who did it: without it nothing is resolved.
    let (actor, subject) = (admin_id.to_owned(), id.to_string());
    cx.db
        .write(move |a| audit::add(a, now, &actor, action, Some(&subject), None))
        .await?;
    save(cx, payment, history, now, Duration::ZERO).await.map(drop)
}
