//! Keeps what came of the calls to banks: counts by period, when each bank answered, and the latest errors. Written
//! together by a timer, not call by call.

use super::{Context, FlowError};
use crate::bank::calls::{Kind, Note, Outcome};
use crate::clock::Timestamp;
use crate::store::bank_calls::{self, Counted, Counts};
use crate::store::bank_contacts::{self, CallError, Contact};
use crate::store::{Access, StoreError};
use std::collections::BTreeMap;

/// The short periods, in seconds: five minutes.
pub const SHORT_S: i32 = 300;
/// The long periods, in seconds: an hour.
pub const LONG_S: i32 = 3600;
/// How long short periods are kept, in days.
const SHORT_KEPT_DAYS: i64 = 2;
/// How long long periods and errors are kept, in days.
const LONG_KEPT_DAYS: i64 = 90;
/// Errors of a bank that are written at once.
const MOST_ERRORS: usize = 50;

/// The beginning of the period of `width_s` seconds that a moment is in.
#[must_use]
pub fn period_of(at: Timestamp, width_s: i32) -> Timestamp {
    let since = at.and_utc().timestamp().rem_euclid(i64::from(width_s));
    let begin = at.and_utc().timestamp() - since;
    chrono::DateTime::from_timestamp(begin, 0).map_or(at, |begin| begin.naive_utc())
}

/// What is written of some calls.
#[derive(Debug, Default)]
struct Sums {
    counts: BTreeMap<(i32, Timestamp, String, Kind), Counts>,
    contacts: BTreeMap<String, Contact>,
    errors: BTreeMap<String, Vec<CallError>>,
}

impl Sums {
    fn of(notes: &[Note]) -> Self {
        let mut sums = Self::default();
        notes.iter().for_each(|note| sums.add(note));
        sums
    }

    fn add(&mut self, note: &Note) {
        for width_s in [SHORT_S, LONG_S] {
            let key = (width_s, period_of(note.at, width_s), note.bank.clone(), Kind::of(note.operation));
            count(self.counts.entry(key).or_default(), note);
        }
        let known = self.contacts.entry(note.bank.clone()).or_insert_with(|| Contact::new(&note.bank));
        let answered = note.outcome.is_answer();
        *known = known.with(&Contact {
            answered_at: answered.then_some(note.at),
            done_at: (note.outcome == Outcome::Done).then_some(note.at),
            failed_at: (!answered).then_some(note.at),
            failed_in_row: i64::from(!answered),
            ..Contact::new(&note.bank)
        });
        if note.outcome != Outcome::Done {
            let of_bank = self.errors.entry(note.bank.clone()).or_default();
            if of_bank.len() == MOST_ERRORS {
                of_bank.remove(0);
            }
            of_bank.push(error(note));
        }
    }

    fn write(&self, a: &mut Access<'_>) -> Result<(), StoreError> {
        for ((width_s, period, bank_code, kind), counts) in &self.counts {
            let one = Counted {
                period: *period,
                bank_code: bank_code.clone(),
                kind: kind.as_str().to_owned(),
                counts: counts.clone(),
            };
            bank_calls::add(a, *width_s, &one)?;
        }
        for contact in self.contacts.values() {
            bank_contacts::merge(a, contact)?;
        }
        self.errors.values().try_for_each(|errors| bank_contacts::add_errors(a, errors))
    }
}

fn count(counts: &mut Counts, note: &Note) {
    let many = match note.outcome {
        Outcome::Done => &mut counts.done,
        Outcome::Refused => &mut counts.refused,
        Outcome::TooMany => &mut counts.too_many,
        Outcome::ServerError => &mut counts.server_error,
        Outcome::TimedOut => &mut counts.timed_out,
        Outcome::Unreachable => &mut counts.unreachable,
        Outcome::Malformed => &mut counts.malformed,
    };
    *many = many.saturating_add(1);
    // How soon a connection fails says nothing of how long the bank takes.
    if note.outcome != Outcome::Unreachable {
        counts.add_time(note.duration_us);
    }
}

fn error(note: &Note) -> CallError {
    let words = (note.operation, note.outcome.as_str());
    let error = CallError::new(&note.bank, note.at, words, note.request_id.to_string());
    error.with_answer(note.status, note.code.clone()).about(note.payment)
}

/// Writes what came of the calls since the last time; answers how many those were. What cannot be written now is
/// written the next time; where nobody knows whether it was, it is not written again.
///
/// # Errors
/// Of the database.
pub async fn count_bank_calls(cx: &Context) -> Result<usize, FlowError> {
    let notes = cx.calls.take();
    if notes.is_empty() {
        return Ok(0);
    }
    let (many, sums) = (notes.len(), Sums::of(&notes));
    match cx.db.write(move |a| sums.write(a)).await {
        Ok(()) => Ok(many),
        Err(error) => {
            if !matches!(error, StoreError::CommitUnknown(_)) {
                cx.calls.put_back(notes);
            }
            Err(error.into())
        }
    }
}

/// Forgets what is too old: five minutes are kept for two days, hours and errors for ninety.
///
/// # Errors
/// Of the database.
pub async fn forget_old(cx: &Context) -> Result<(), FlowError> {
    let before = |days| cx.now() - chrono::Duration::days(days);
    let (short, long) = (before(SHORT_KEPT_DAYS), before(LONG_KEPT_DAYS));
    let forget = move |a: &mut Access<'_>| {
        bank_calls::forget(a, SHORT_S, short)?;
        bank_calls::forget(a, LONG_S, long)?;
        bank_contacts::forget_errors(a, long)
    };
    cx.db.write(forget).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn note(second: i64, outcome: Outcome) -> Note {
        Note {
            bank: "cec".into(),
            operation: "status",
            outcome,
            status: Some(503),
            code: None,
            request_id: Uuid::nil(),
            payment: None,
            at: chrono::DateTime::from_timestamp(second, 0).unwrap().naive_utc(),
            duration_us: 30_000,
        }
    }

    #[test]
    fn notes_add_up_by_period_and_the_last_answer_ends_a_row() {
        let notes: Vec<Note> = [
            (0, Outcome::ServerError),
            (299, Outcome::TimedOut),
            (300, Outcome::Refused),
            (301, Outcome::Unreachable),
            (302, Outcome::Malformed),
        ]
        .map(|(second, outcome)| note(second, outcome))
        .into();
        let sums = Sums::of(&notes);
        let all: Vec<(i32, i64, i64)> = sums
            .counts
            .iter()
            .map(|((width, period, ..), c)| (*width, period.and_utc().timestamp(), c.all()))
            .collect();
        assert_eq!(all, [(300, 0, 2), (300, 300, 3), (3600, 0, 5)]);
        let hour = sums.counts.values().last().unwrap();
        assert_eq!((hour.answered(), hour.took[1]), (1, 4), "the one that was not reached has no time");
        assert_eq!((sums.contacts["cec"].failed_in_row, sums.errors["cec"].len()), (2, 5));
        let many: Vec<Note> = (0..60).map(|n| note(n, Outcome::Refused)).collect();
        let errors = &Sums::of(&many).errors["cec"];
        assert_eq!((errors.len(), errors[0].at), (MOST_ERRORS, many[10].at), "the latest stay");
    }
}
