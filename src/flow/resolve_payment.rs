//! The end of a doubt: an admin learnt from the bank itself what became of the order. It is proposed and approved
//! ([`super::four_eyes`]).

use super::bank_call::{Change, History, claim, to_save};
use super::verdict::internal;
use super::{Context, FieldProblem, FlowError};
use crate::bank::Reason;
use crate::payment::Event;
use crate::payment::text::has_forbidden_characters;
use crate::store::payments::Payment;
use serde::{Deserialize, Serialize};

/// Shortest and longest reason, in characters.
pub const REASON_CHARS: std::ops::RangeInclusive<usize> = 10..=500;

/// What the admin learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The money moved.
    Settled,
    /// Nothing was executed, and nothing will be.
    NotExecuted,
}

/// The reason goes to the payment's history and must not hold personal data.
pub(super) fn check_reason(reason: &str) -> Result<(), FlowError> {
    if REASON_CHARS.contains(&reason.trim().chars().count()) && !has_forbidden_characters(reason) {
        return Ok(());
    }
    let problem = FieldProblem::new("reason", "REASON", "say in 10 to 500 characters how the bank told you");
    Err(FlowError::Invalid(vec![problem]))
}

/// Claims a payment in doubt and works out its end, which the caller writes together with who decided it.
pub(super) async fn ending(cx: &Context, payment: Payment, resolution: Resolution, reason: &str) -> Result<Change, FlowError> {
    let (mut payment, now) = (claim(cx, payment).await?.payment, cx.now());
    let event = match resolution {
        Resolution::Settled => Event::ResolvedSettled,
        Resolution::NotExecuted => Event::ResolvedNotExecuted,
    };
    payment.reason = (resolution == Resolution::NotExecuted).then(|| Reason::NotExecuted.as_str().into());
    let mut history = History::default();
    history
        .advance(&mut payment, event, "admin", Some(reason.trim().to_owned()))
        .map_err(internal)?;
    tracing::warn!(payment = %payment.id, event = event.as_str(), "a doubt is resolved by admins");
    to_save(cx, payment, history, now).await
}
