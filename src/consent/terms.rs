//! What a consent is for, and how long it may last.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// Most days a consent may be used without the PSU's strong customer authentication (RTS 2018/389 Art. 10(2) as
/// amended by 2022/2360).
pub const MAX_DAYS: u64 = 180;
/// How often something may be read on one day when the PSU is not there (RTS 2018/389 Art. 36(5)(b)).
pub const MAX_READS_A_DAY: i32 = 4;

/// What a consent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Accounts, balances and transactions.
    Accounts,
    /// The answer yes or no to "is there enough".
    Funds,
}

impl Kind {
    /// The word stored, and used by partners.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Funds => "funds",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Accounts, Self::Funds].into_iter().find(|k| k.as_str() == word)
    }
}

/// The last day a consent asked for today may be good on.
#[must_use]
pub fn last_day(today: NaiveDate) -> NaiveDate {
    today.checked_add_days(Days::new(MAX_DAYS)).unwrap_or(NaiveDate::MAX)
}

/// The last day of a renewal: as many days from today as the first one had from its own first day.
#[must_use]
pub fn renewed(first_day: NaiveDate, valid_until: NaiveDate, today: NaiveDate) -> NaiveDate {
    let days = (valid_until - first_day).num_days().max(0);
    let until = today.checked_add_days(Days::new(days.unsigned_abs())).unwrap_or(NaiveDate::MAX);
    until.min(last_day(today))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_consent_lasts_at_most_180_days_and_a_renewal_as_long_as_the_first() {
        assert_eq!(last_day(day("2026-11-21")), day("2027-05-20"));
        assert_eq!(renewed(day("2026-11-21"), day("2026-12-21"), day("2027-01-01")), day("2027-01-31"));
        assert_eq!(renewed(day("2026-11-21"), day("2029-12-21"), day("2027-01-01")), day("2027-06-30"));
        assert_eq!(renewed(day("2026-11-21"), day("2026-11-01"), day("2027-01-01")), day("2027-01-01"));
        assert_eq!(Kind::parse("funds"), Some(Kind::Funds));
        assert_eq!(Kind::parse("Accounts"), None);
    }
}
