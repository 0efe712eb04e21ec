//! What came of the calls to banks, counted by period. Several nodes add to the same counts.

use super::schema::bank_calls as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};

/// Upper bounds of how long calls took, in milliseconds, each twice the one before or nearly so; the last class,
/// without a bound, is beyond them.
pub const BOUNDS_MS: [u64; 10] = [25, 50, 100, 200, 400, 800, 1500, 3000, 6000, 12_000];

/// How many calls went how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The bank did what was asked.
    pub done: i64,
    /// 4xx.
    pub refused: i64,
    /// 429.
    pub too_many: i64,
    /// 5xx.
    pub server_error: i64,
    /// No answer in time.
    pub timed_out: i64,
    /// No connection.
    pub unreachable: i64,
    /// Unreadable answers.
    pub malformed: i64,
    /// How long all that reached the bank took together, in microseconds.
    pub total_us: i64,
    /// How many of these took how long, by class of [`BOUNDS_MS`].
    pub took: [i64; 11],
}

impl Counts {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.done, other.done),
            (&mut self.refused, other.refused),
            (&mut self.too_many, other.too_many),
            (&mut self.server_error, other.server_error),
            (&mut self.timed_out, other.timed_out),
            (&mut self.unreachable, other.unreachable),
            (&mut self.malformed, other.malformed),
            (&mut self.total_us, other.total_us),
        ];
        for (mine, theirs) in pairs.into_iter().chain(self.took.iter_mut().zip(other.took)) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// Counts how long a call took that reached the bank.
    pub fn add_time(&mut self, us: u64) {
        let class = BOUNDS_MS.iter().position(|bound| us <= bound * 1000).unwrap_or(BOUNDS_MS.len());
        self.took[class] = self.took[class].saturating_add(1);
        self.total_us = self.total_us.saturating_add(i64::try_from(us).unwrap_or(i64::MAX));
    }

    /// Calls that the bank answered, be it with a refusal.
    #[must_use]
    pub const fn answered(&self) -> i64 {
        self.done + self.refused + self.too_many
    }

    /// Calls that failed.
    #[must_use]
    pub const fn failed(&self) -> i64 {
        self.server_error + self.timed_out + self.unreachable + self.malformed
    }

    /// All calls.
    #[must_use]
    pub const fn all(&self) -> i64 {
        self.answered() + self.failed()
    }

    /// How many of a thousand calls were answered, rounded down, so that only all is 1000; `None` without calls.
    #[must_use]
    pub const fn availability_permille(&self) -> Option<i64> {
        match self.all() {
            0 => None,
            all => Some(self.answered().saturating_mul(1000) / all),
        }
    }

    /// The time within which so many of a hundred calls ended, as the bound of their class in milliseconds;
    /// `Some(None)` beyond the last bound, `None` without calls.
    #[must_use]
    pub fn percentile_ms(&self, of_hundred: i64) -> Option<Option<u64>> {
        let all: i64 = self.took.iter().sum();
        if all == 0 {
            return None;
        }
        let wanted = all.saturating_mul(of_hundred).saturating_add(99) / 100;
        let mut seen = 0;
        for (class, count) in self.took.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Some(BOUNDS_MS.get(class).copied());
            }
        }
        Some(None)
    }
}

/// The counts of a bank, a kind of call and a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// When the period began.
    pub period: Timestamp,
    /// The bank's code.
    pub bank_code: String,
    /// The kind of call, in a word.
    pub kind: String,
    /// The counts.
    pub counts: Counts,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    width_s: i32,
    period: Timestamp,
    bank_code: String,
    kind: String,
    done: i64,
    refused: i64,
    too_many: i64,
    server_error: i64,
    timed_out: i64,
    unreachable: i64,
    malformed: i64,
    total_us: i64,
    took_0: i64,
    took_1: i64,
    took_2: i64,
    took_3: i64,
    took_4: i64,
    took_5: i64,
    took_6: i64,
    took_7: i64,
    took_8: i64,
    took_9: i64,
    took_10: i64,
}

impl Row {
    fn of(width_s: i32, one: &Counted) -> Self {
        let c = &one.counts;
        let [
            took_0,
            took_1,
            took_2,
            took_3,
            took_4,
            took_5,
            took_6,
            took_7,
            took_8,
            took_9,
            took_10,
        ] = c.took;
        Self {
            width_s,
            period: one.period,
            bank_code: one.bank_code.clone(),
            kind: one.kind.clone(),
            done: c.done,
            refused: c.refused,
            too_many: c.too_many,
            server_error: c.server_error,
            timed_out: c.timed_out,
            unreachable: c.unreachable,
            malformed: c.malformed,
            total_us: c.total_us,
            took_0,
            took_1,
            took_2,
            took_3,
            took_4,
            took_5,
            took_6,
            took_7,
            took_8,
            took_9,
            took_10,
        }
    }
}

impl From<Row> for Counted {
    fn from(r: Row) -> Self {
        let took = [
            r.took_0, r.took_1, r.took_2, r.took_3, r.took_4, r.took_5, r.took_6, r.took_7, r.took_8, r.took_9, r.took_10,
        ];
        Self {
            period: r.period,
            bank_code: r.bank_code,
            kind: r.kind,
            counts: Counts {
                done: r.done,
                refused: r.refused,
                too_many: r.too_many,
                server_error: r.server_error,
                timed_out: r.timed_out,
                unreachable: r.unreachable,
                malformed: r.malformed,
                total_us: r.total_us,
                took,
            },
        }
    }
}

/// Adds to the counts of a period of `width_s` seconds.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, width_s: i32, one: &Counted) -> Result<(), StoreError> {
    let row = Row::of(width_s, one);
    if added(a, &row)? {
        return Ok(());
    }
    match a.try_insert("the period", |conn| diesel::insert_into(t::table).values(&row).execute(conn)) {
        // Another node was first.
        Err(StoreError::Taken(_)) => added(a, &row).map(drop),
        other => other,
    }
}

/// Adds to a row; `false` when there is none yet.
fn added(a: &mut Access<'_>, r: &Row) -> Result<bool, StoreError> {
    let mine = t::table.find((r.width_s, r.period, &r.bank_code, &r.kind));
    let set = (
        t::done.eq(t::done + r.done),
        t::refused.eq(t::refused + r.refused),
        t::too_many.eq(t::too_many + r.too_many),
        t::server_error.eq(t::server_error + r.server_error),
        t::timed_out.eq(t::timed_out + r.timed_out),
        t::unreachable.eq(t::unreachable + r.unreachable),
        t::malformed.eq(t::malformed + r.malformed),
        t::total_us.eq(t::total_us + r.total_us),
        (
            t::took_0.eq(t::took_0 + r.took_0),
            t::took_1.eq(t::took_1 + r.took_1),
            t::took_2.eq(t::took_2 + r.took_2),
            t::took_3.eq(t::took_3 + r.took_3),
            t::took_4.eq(t::took_4 + r.took_4),
            t::took_5.eq(t::took_5 + r.took_5),
            t::took_6.eq(t::took_6 + r.took_6),
            t::took_7.eq(t::took_7 + r.took_7),
            t::took_8.eq(t::took_8 + r.took_8),
            t::took_9.eq(t::took_9 + r.took_9),
            t::took_10.eq(t::took_10 + r.took_10),
        ),
    );
    Ok(diesel::update(mine).set(set).execute(a.conn)? == 1)
}

/// The counts of periods of `width_s` seconds that began at `from` or later, of one bank or all, by period.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn since(a: &mut Access<'_>, width_s: i32, from: Timestamp, bank: Option<&str>) -> Result<Vec<Counted>, StoreError> {
    let mut query = t::table
        .filter(t::width_s.eq(width_s))
        .filter(t::period.ge(from))
        .order((t::period, t::bank_code, t::kind))
        .into_boxed();
    if let Some(bank) = bank {
        query = query.filter(t::bank_code.eq(bank.to_owned()));
    }
    let rows: Vec<Row> = query.load(a.conn)?;
    Ok(rows.into_iter().map(Counted::from).collect())
}

/// Forgets the periods of `width_s` seconds that began before a moment.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn forget(a: &mut Access<'_>, width_s: i32, before: Timestamp) -> Result<usize, StoreError> {
    let old = t::table.filter(t::width_s.eq(width_s).and(t::period.lt(before)));
    Ok(diesel::delete(old).execute(a.conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_by_the_bound_of_their_class() {
        let mut counts = Counts::default();
        assert_eq!((counts.percentile_ms(50), counts.availability_permille()), (None, None));
        for us in [1, 25_000, 25_001, 399_999, 400_000] {
            counts.add_time(us);
        }
        assert_eq!(counts.took, [2, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            (counts.percentile_ms(50), counts.percentile_ms(95)),
            (Some(Some(50)), Some(Some(400)))
        );
        counts.add_time(20_000_000);
        assert_eq!(counts.percentile_ms(95), Some(None));
        assert_eq!(counts.percentile_ms(1), Some(Some(25)));
    }

    #[test]
    fn a_refusal_is_an_answer_and_availability_is_never_rounded_up() {
        let mut counts = Counts {
            done: 1990,
            refused: 6,
            too_many: 3,
            timed_out: 1,
            ..Counts::default()
        };
        assert_eq!((counts.all(), counts.availability_permille()), (2000, Some(999)));
        counts.add(&Counts {
            unreachable: 1000,
            malformed: 999,
            server_error: 1,
            ..Counts::default()
        });
        assert_eq!((counts.failed(), counts.availability_permille()), (2001, Some(499)));
    }
}
