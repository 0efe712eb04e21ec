//! An admin who sees personal data masked gives a reason to see it as it is. Nothing but the audit log is
//! written; how long it stays unmasked is the session's affair.

use super::{Context, FieldProblem, FlowError};
use crate::payment::text::has_forbidden_characters;
use crate::store::audit;
use std::ops::RangeInclusive;

/// How long a reason is, in characters.
pub const REASON_CHARS: RangeInclusive<usize> = 10..=300;

/// Writes down who unmasked what and why. `about` is a kind and an id, such as `payment:123`; the reason holds
/// no personal data.
///
/// # Errors
/// [`FlowError::Invalid`] when the reason is too short, too long or unreadable; [`FlowError::NotFound`] when
/// `about` is not of that form.
pub async fn unmask(cx: &Context, admin_id: &str, about: &str, reason: &str) -> Result<(), FlowError> {
    let well_formed = about.len() <= 80
        && about.split_once(':').is_some_and(|(kind, id)| {
            let usable = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            !kind.is_empty() && !id.is_empty() && kind.chars().all(usable) && id.chars().all(usable)
        });
    if !well_formed {
        return Err(FlowError::NotFound);
    }
    let reason = reason.trim().to_owned();
    if !REASON_CHARS.contains(&reason.chars().count()) || has_forbidden_characters(&reason) {
        return Err(FlowError::Invalid(vec![FieldProblem::new(
            "reason",
            "NOT_USABLE",
            format!("a reason has {} to {} characters", REASON_CHARS.start(), REASON_CHARS.end()),
        )]));
    }
    let (id, about, now) = (admin_id.to_owned(), about.to_owned(), cx.now());
    Ok(cx
        .db
        .write(move |a| audit::add(a, now, &id, "personal_data_unmasked", Some(&about), Some(&reason)))
        .await?)
}
