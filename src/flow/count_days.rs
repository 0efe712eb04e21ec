//! Keeps the figures that reports show: finds the days on which a payment has changed since the last time, and
//! counts those again, one partner's day in one write; then adds up the days and the months they are part of.

use super::{Context, FlowError, after};
use crate::clock::Timestamp;
use crate::payment::Status;
use crate::payment::limits::NOT_APPROVED;
use crate::store::Access;
use crate::store::report_counts::{self, Changed, Counted, Pass};
use crate::store::reports::{DayFigures, Figures};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Europe::Bucharest;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Pause between two passes.
const PAUSE: Duration = Duration::from_secs(60);
/// A change is written under the time at which its flow began to write; one that waits for the database comes
/// later by at most this, and is still found.
const LATE: Duration = Duration::from_secs(120);
/// How long a pass is one node's own after each step of it.
const LEASE: Duration = Duration::from_secs(300);
/// Rows read at once.
const BATCH: i64 = 2000;

/// The day it is where the payers are.
pub(super) fn day_of(at: Timestamp) -> NaiveDate {
    at.and_utc().with_timezone(&Bucharest).date_naive()
}

/// The moment a day begins where the payers are. Clocks are changed there at 3 and 4 o'clock, never at midnight.
pub(super) fn begin_of(day: NaiveDate) -> Timestamp {
    let midnight = day.and_time(NaiveTime::MIN);
    let local = Bucharest.from_local_datetime(&midnight).earliest();
    local.map_or(midnight, |local| local.naive_utc())
}

/// A partner's day.
type PartnerDay = (NaiveDate, String);

/// What is added up again when days have changed: a day, and the month of a day.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sum {
    Day(NaiveDate),
    /// The month is added up from its days: it comes after them.
    Month(NaiveDate, Option<String>),
}

fn sums_of(days: &BTreeSet<PartnerDay>) -> BTreeSet<Sum> {
    let of = |(day, partner_id): &PartnerDay| {
        let month = day.with_day(1).unwrap_or(*day);
        [Sum::Day(*day), Sum::Month(month, None), Sum::Month(month, Some(partner_id.clone()))]
    };
    days.iter().flat_map(of).collect()
}

/// Counts what has changed, when that is due. A stop ends it early; the next pass begins where this one did.
///
/// # Errors
/// [`FlowError::Busy`] when another node has taken over; of the database.
pub async fn count_days(cx: &Context, stops: impl Fn() -> bool) -> Result<(), FlowError> {
    let now = cx.now();
    if !cx.db.read(move |a| report_counts::is_due(a, now)).await? {
        return Ok(());
    }
    let until = after(now, LEASE);
    let Some(pass) = cx.db.write(move |a| report_counts::begin(a, now, until)).await? else {
        return Ok(());
    };
    let Some(days) = days_that_changed(cx, pass, now, &stops).await? else {
        return Ok(());
    };
    for day in &days {
        if stops() {
            return Ok(());
        }
        count_day(cx, pass, day.clone()).await?;
    }
    // Only now: many partners have a part in the same day, and many days in the same month.
    for sum in sums_of(&days) {
        if stops() {
            return Ok(());
        }
        let until = after(cx.now(), LEASE);
        let write = move |a: &mut Access<'_>| {
            report_counts::hold(a, pass, until)?;
            match sum {
                Sum::Day(day) => report_counts::add_up_day(a, day),
                Sum::Month(day, partner_id) => report_counts::add_up_month(a, day, partner_id.as_deref()),
            }
        };
        cx.db.write(write).await?;
    }
    let due_at = after(cx.now(), PAUSE);
    Ok(cx.db.write(move |a| report_counts::end(a, pass, now, due_at)).await?)
}

/// `None` at a stop.
async fn days_that_changed(
    cx: &Context,
    pass: Pass,
    until: Timestamp,
    stops: &impl Fn() -> bool,
) -> Result<Option<BTreeSet<PartnerDay>>, FlowError> {
    let late = chrono::Duration::from_std(LATE).unwrap_or_default();
    let since = pass
        .counted_until
        .map_or(DateTime::UNIX_EPOCH.naive_utc(), |counted| counted - late);
    let mut days = BTreeSet::new();
    let mut place = (since, i64::MIN);
    loop {
        if stops() {
            return Ok(None);
        }
        let some: Vec<Changed> = cx.db.read(move |a| report_counts::changed(a, place, until, BATCH)).await?;
        let Some(last) = some.last() else { return Ok(Some(days)) };
        place = (last.updated_at, last.id);
        days.extend(some.into_iter().map(|one| (day_of(one.created_at), one.partner_id)));
    }
}

async fn count_day(cx: &Context, pass: Pass, (day, partner_id): PartnerDay) -> Result<(), FlowError> {
    let next_day = day.succ_opt().unwrap_or(day);
    let (mut from, to, mut last) = (begin_of(day), begin_of(next_day), i64::MIN);
    let mut figures: BTreeMap<(String, &'static str), DayFigures> = BTreeMap::new();
    loop {
        let partner = partner_id.clone();
        let some = cx
            .db
            .read(move |a| report_counts::payments_of(a, &partner, (from, to), last, BATCH))
            .await?;
        let Some(end) = some.last() else { break };
        (from, last) = (end.created_at, end.id);
        for payment in &some {
            let of = figures
                .entry((payment.bank_code.clone(), payment.currency.code()))
                .or_insert_with(|| DayFigures {
                    day,
                    partner_id: partner_id.clone(),
                    bank_code: payment.bank_code.clone(),
                    currency: payment.currency,
                    figures: Figures::default(),
                });
            count(&mut of.figures, payment);
        }
    }
    let all: Vec<DayFigures> = figures.into_values().collect();
    let until = after(cx.now(), LEASE);
    Ok(cx
        .db
        .write(move |a| {
            report_counts::hold(a, pass, until)?;
            report_counts::replace(a, day, &partner_id, &all)
        })
        .await?)
}

/// Counts a payment.
fn count(figures: &mut Figures, payment: &Counted) {
    let Some(status) = payment.status else {
        figures.unreadable += 1;
        return;
    };
    let Some(amount_minor) = payment.amount_minor else {
        figures.without_order += 1;
        return;
    };
    figures.payments += 1;
    figures.ordered_minor = figures.ordered_minor.saturating_add(amount_minor);
    figures.largest_minor = figures.largest_minor.max(amount_minor);
    figures.unfinished += i64::from(NOT_APPROVED.contains(&status));
    let minor = &mut figures.settled_minor;
    match status {
        Status::Settled => {
            figures.settled += 1;
            *minor = minor.saturating_add(amount_minor);
            if let (Some(sent), Some(ended)) = (payment.sent_at, payment.ended_at) {
                figures.settle_times.add((ended - sent).num_seconds());
            }
        }
        Status::PartlySettled => {
            figures.partly_settled += 1;
            *minor = minor.saturating_add(payment.part_minor);
        }
        Status::Rejected => figures.rejected += 1,
        Status::Cancelled => figures.cancelled += 1,
        Status::Blocked => figures.blocked += 1,
        Status::InDoubt => figures.in_doubt += 1,
        Status::Abandoned if payment.left_from == Some(Status::AwaitingPsu) => figures.left_at_bank += 1,
        Status::Abandoned if payment.opened => figures.left_on_page += 1,
        Status::Abandoned => figures.left_unopened += 1,
        Status::Created | Status::Initiating | Status::AwaitingPsu | Status::Processing | Status::AttemptRefused => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_the_payers_in_winter_and_summer() {
        for (day, begins) in [
            ("2026-11-21", "2026-11-20T22:00:00"),
            ("2026-07-01", "2026-06-30T21:00:00"),
            // The days on which clocks are changed have 25 and 23 hours.
            ("2026-10-25", "2026-10-24T21:00:00"),
            ("2026-10-26", "2026-10-25T22:00:00"),
            ("2026-03-29", "2026-03-28T22:00:00"),
            ("2026-03-30", "2026-03-29T21:00:00"),
        ] {
            let day: NaiveDate = day.parse().unwrap();
            let begins: Timestamp = begins.parse().unwrap();
            assert_eq!(begin_of(day), begins);
            assert_eq!(day_of(begins), day);
            assert_eq!(day_of(begins - chrono::Duration::microseconds(1)), day.pred_opt().unwrap());
        }
    }
}
