//! How a bank stands, worked out from what was counted.

use crate::bank::directory::Bank;
use crate::clock::Timestamp;
use crate::flow::Context;
use crate::flow::bank_states::is_silent;
use crate::flow::count_bank_calls::{LONG_S, SHORT_S, period_of};
use crate::store::bank_calls::{self, Counted, Counts};
use crate::store::bank_contacts::Contact;
use crate::store::{Access, StoreError};
use chrono::Duration;
use std::collections::BTreeMap;

/// How a bank stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It answers.
    Works,
    /// It answers, and too many calls fail.
    Trouble,
    /// It does not answer.
    Down,
    /// Somebody switched it off.
    Off,
    /// It was not called for a day.
    Quiet,
    /// It has no settings.
    NotConfigured,
}

impl State {
    /// The state of a bank with these calls in the last hour and day.
    #[must_use]
    pub fn of(cx: &Context, bank: &Bank, contact: Option<&Contact>, spans: &Spans) -> Self {
        if !bank.active() {
            Self::NotConfigured
        } else if cx.closure_of(&bank.code).is_some() {
            Self::Off
        } else if contact.is_some_and(|contact| is_silent(contact, cx.now())) {
            Self::Down
        } else if is_trouble(&spans.hour) {
            Self::Trouble
        } else if spans.day.all() == 0 {
            Self::Quiet
        } else {
            Self::Works
        }
    }
}

/// More than one call in 20, and at least two, failed or got 429.
fn is_trouble(hour: &Counts) -> bool {
    let bad = hour.failed() + hour.too_many;
    bad >= 2 && bad.saturating_mul(20) > hour.all()
}

/// The counts of the last hour, day and week.
#[derive(Clone, Debug, Default)]
pub struct Spans {
    /// The last hour, by five minutes.
    pub hour: Counts,
    /// The last 24 hours, by hours.
    pub day: Counts,
    /// The last 7 days, by hours.
    pub week: Counts,
}

/// What was counted of banks.
#[derive(Clone, Debug)]
pub struct Found {
    now: Timestamp,
    short: Vec<Counted>,
    long: Vec<Counted>,
}

/// When a span of so many periods began that ends with the one that is now.
fn begin(now: Timestamp, width_s: i32, periods: i32) -> Timestamp {
    period_of(now, width_s) - Duration::seconds(i64::from(width_s) * i64::from(periods - 1))
}

impl Found {
    /// Reads what was counted in the last hour and week, of one bank or all.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub fn read(a: &mut Access<'_>, now: Timestamp, bank: Option<&str>) -> Result<Self, StoreError> {
        Ok(Self {
            now,
            short: bank_calls::since(a, SHORT_S, begin(now, SHORT_S, 12), bank)?,
            long: bank_calls::since(a, LONG_S, begin(now, LONG_S, 7 * 24), bank)?,
        })
    }

    /// Whether no call was counted at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.short.is_empty() && self.long.is_empty()
    }

    /// The spans of every bank, by code.
    #[must_use]
    pub fn spans(&self) -> BTreeMap<String, Spans> {
        let mut spans: BTreeMap<String, Spans> = BTreeMap::new();
        for one in &self.short {
            spans.entry(one.bank_code.clone()).or_default().hour.add(&one.counts);
        }
        let day = begin(self.now, LONG_S, 24);
        for one in &self.long {
            let of_bank = spans.entry(one.bank_code.clone()).or_default();
            of_bank.week.add(&one.counts);
            if one.period >= day {
                of_bank.day.add(&one.counts);
            }
        }
        spans
    }

    /// The last hour by five minutes, oldest first.
    #[must_use]
    pub fn by_five_minutes(&self) -> Vec<Counts> {
        steps(&self.short, begin(self.now, SHORT_S, 12), i64::from(SHORT_S), 12)
    }

    /// The last day by hours, oldest first.
    #[must_use]
    pub fn by_hours(&self) -> Vec<Counts> {
        steps(&self.long, begin(self.now, LONG_S, 24), i64::from(LONG_S), 24)
    }

    /// The last week by six hours, oldest first.
    #[must_use]
    pub fn by_six_hours(&self) -> Vec<Counts> {
        steps(&self.long, begin(self.now, LONG_S, 7 * 24), 6 * i64::from(LONG_S), 28)
    }

    /// The last week by kind of call.
    #[must_use]
    pub fn by_kind(&self) -> BTreeMap<String, Counts> {
        let mut kinds: BTreeMap<String, Counts> = BTreeMap::new();
        for one in &self.long {
            kinds.entry(one.kind.clone()).or_default().add(&one.counts);
        }
        kinds
    }
}

/// Counts added up by so many steps of `step_s` seconds.
fn steps(all: &[Counted], begin: Timestamp, step_s: i64, count: usize) -> Vec<Counts> {
    let mut steps = vec![Counts::default(); count];
    for one in all {
        let step = (one.period - begin).num_seconds().div_euclid(step_s);
        if let Some(counts) = usize::try_from(step).ok().and_then(|step| steps.get_mut(step)) {
            counts.add(&one.counts);
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(second, 0).unwrap().naive_utc()
    }

    #[test]
    fn counts_fall_into_their_step_and_older_ones_into_none() {
        let one = |second| Counted {
            period: at(second),
            bank_code: "cec".into(),
            kind: "status".into(),
            counts: Counts {
                done: 1,
                ..Counts::default()
            },
        };
        let all: Vec<Counted> = [0, 300, 600, 600, 3900].map(one).into();
        let found = Found {
            now: at(3930),
            short: all.clone(),
            long: vec![one(0), one(3600)],
        };
        let done: Vec<i64> = found.by_five_minutes().iter().map(|c| c.done).collect();
        assert_eq!(done, [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(found.by_hours().iter().map(|c| c.done).sum::<i64>(), 2);
        assert_eq!(found.by_six_hours().last().unwrap().done, 2);
        assert_eq!(found.spans()["cec"].week.done, 2);
    }

    #[test]
    fn trouble_needs_two_bad_calls_and_more_than_one_in_twenty() {
        let hour = |done, failed, too_many| Counts {
            done,
            timed_out: failed,
            too_many,
            ..Counts::default()
        };
        assert!(is_trouble(&hour(0, 2, 0)) && is_trouble(&hour(37, 1, 1)));
        assert!(!is_trouble(&hour(0, 1, 0)) && !is_trouble(&hour(38, 1, 1)));
    }
}
