//! Judges a payment by its partner's declared figures and counts it, in the transaction that starts or sends it.

use super::bank_call::History;
use super::init_payment::today;
use crate::clock::Timestamp;
use crate::payment::limits::{Action, Breach, Figure, Limits, Stage, Used, blocking, judge};
use crate::payment::transition::NotAllowed;
use crate::payment::{Event, Status};
use crate::store::partner_counts::{self, Counted};
use crate::store::payments::Payment;
use crate::store::{Access, StoreError};

/// The word in a payment's history for a figure that it goes beyond.
pub const EXCEEDED: &str = "limit_exceeded";

/// When the day began where the payers are.
#[must_use]
pub fn day_began(now: Timestamp) -> Timestamp {
    let midnight = today(now).and_time(chrono::NaiveTime::MIN);
    let local = midnight.and_local_timezone(chrono_tz::Europe::Bucharest).earliest();
    local.map_or(midnight, |local| local.naive_utc())
}

/// The figures that the payment goes beyond. It is counted unless one of them blocks it, or it was counted at this
/// stage before (another attempt). Must be the first write of its transaction.
///
/// # Errors
/// [`StoreError`] of the database.
pub(super) fn judge_and_count(
    a: &mut Access<'_>,
    payment: &Payment,
    stage: Stage,
    is_counted: bool,
    now: Timestamp,
) -> Result<Vec<Breach>, StoreError> {
    let sum_minor = payment.total().map_or(0, |total| total.minor);
    let limits = partner_counts::limits(a, &payment.partner_id)?;
    if is_counted || !limits.needs_counts() {
        let largest = Limits::new(limits.of(Figure::MaximumAmount));
        return Ok(judge(&largest, stage, &Used::default(), sum_minor));
    }
    let client = payment.psu_id_at_partner.as_deref();
    let counted = Counted {
        partner: payment.partner_id.clone(),
        day: today(now).to_string(),
        day_began: day_began(now),
        stage,
        client: client.map(|id| partner_counts::client_hash(a, &payment.partner_id, id)),
    };
    partner_counts::lock(a, &counted)?;
    // As they are now that nobody else counts.
    let limits = partner_counts::limits(a, &payment.partner_id)?;
    let judges_unfinished = stage == Stage::Started && limits.of(Figure::UnfinishedPerDay).is_some();
    let used = partner_counts::used(a, &counted, judges_unfinished)?;
    let breaches = judge(&limits, stage, &used, sum_minor);
    if blocking(&breaches).is_none() {
        partner_counts::count(a, &counted, &used, sum_minor)?;
    }
    Ok(breaches)
}

/// Notes what was exceeded, and ends the payment when a figure blocks it. Whether one did.
pub(super) fn note(
    payment: &mut Payment,
    history: &mut History,
    breaches: &[Breach],
    actor: &'static str,
    now: Timestamp,
) -> Result<bool, NotAllowed> {
    for breach in breaches {
        let (figure, warns) = (breach.figure.as_str(), breach.action == Action::Warn);
        tracing::warn!(payment = %payment.id, figure, warns, "a payment goes beyond a declared figure");
        metrics::counter!("smartpay_limits_exceeded_total", "figure" => figure, "action" => if warns { "warn" } else { "block" })
            .increment(1);
        let detail = format!("{figure}: {}", if warns { "warned" } else { "blocked" });
        history.note(payment, EXCEEDED, actor, Some(detail));
    }
    let Some(figure) = blocking(breaches) else { return Ok(false) };
    history.advance(payment, Event::LimitHit, actor, Some(figure.as_str().into()))?;
    payment.reason = Some(figure.reason().into());
    payment.ended_at = Some(now);
    payment.due_at = None;
    payment.psu_step = None;
    Ok(true)
}

/// The figure that blocked a payment.
#[must_use]
pub fn blocked_by(payment: &Payment) -> Option<Figure> {
    let reason = payment.reason.as_deref().filter(|_| payment.status == Status::Blocked);
    reason.and_then(Figure::of_reason)
}
