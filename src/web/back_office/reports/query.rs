//! What is asked of a report: days, a partner, a bank.

use crate::store::reports::Wanted;
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

/// The longest period, in days: a leap year.
pub const MOST_DAYS: u64 = 366;
/// The period when nothing is asked, in days.
const USUAL_DAYS: u64 = 30;

/// The query as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    from: String,
    to: String,
    partner: String,
    bank: String,
}

/// Why a period cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodProblem {
    /// The first day is no date.
    From,
    /// The last day is no date.
    To,
    /// The last day comes before the first.
    Order,
    /// Too many days.
    TooLong,
}

/// The days of a report, and whose payments it counts.
#[derive(Clone, Debug)]
pub struct Period {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// The id of the one partner counted; empty for all.
    pub partner: String,
    /// The code of the one bank counted; empty for all.
    pub bank: String,
}

/// Partners and banks that may be chosen, and their names.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// Id, client id, name.
    pub partners: Vec<(String, String, String)>,
    /// Code, name.
    pub banks: Vec<(String, String)>,
}

impl Choices {
    /// A partner's name; its id when it is not known any more.
    pub fn partner<'a>(&'a self, id: &'a str) -> &'a str {
        let known = self.partners.iter().find(|(known, _, _)| known == id);
        known.map_or(id, |(_, _, name)| name)
    }

    /// A bank's name; its code when it is not known any more.
    pub fn bank<'a>(&'a self, code: &'a str) -> &'a str {
        let known = self.banks.iter().find(|(known, _)| known == code);
        known.map_or(code, |(_, name)| name)
    }
}

fn day(text: &str, otherwise: NaiveDate) -> Option<NaiveDate> {
    let text = text.trim();
    if text.is_empty() {
        return Some(otherwise);
    }
    // Years of four digits: what a date field sends, and what sorts as text.
    let usual = text.len() == 10 && text.is_ascii() && text.starts_with(|c: char| c.is_ascii_digit());
    usual.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

impl Asked {
    /// The period asked for; without days, the last 30 until today.
    pub fn period(&self, today: NaiveDate) -> Result<Period, PeriodProblem> {
        let to = day(&self.to, today).ok_or(PeriodProblem::To)?;
        let from = day(&self.from, first_of(to)).ok_or(PeriodProblem::From)?;
        if from > to {
            return Err(PeriodProblem::Order);
        }
        if to.signed_duration_since(from).num_days().unsigned_abs() >= MOST_DAYS {
            return Err(PeriodProblem::TooLong);
        }
        Ok(Period {
            from,
            to,
            // Databases refuse the null character in texts, and nobody's id has it.
            partner: self.partner.replace('\0', "?"),
            bank: self.bank.replace('\0', "?"),
        })
    }
}

/// The first day of the usual period.
fn first_of(to: NaiveDate) -> NaiveDate {
    to.checked_sub_days(Days::new(USUAL_DAYS - 1)).unwrap_or(to)
}

impl Period {
    /// The last 30 days of everybody.
    pub fn last_days(today: NaiveDate) -> Self {
        Self {
            from: first_of(today),
            to: today,
            partner: String::new(),
            bank: String::new(),
        }
    }

    /// Every day of it.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let last = self.to;
        self.from.iter_days().take_while(move |day| *day <= last)
    }

    /// The same for the database.
    pub fn wanted(&self) -> Wanted {
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        Wanted {
            from: self.from,
            to: self.to,
            partner_id: some(&self.partner),
            bank_code: some(&self.bank),
        }
    }

    /// The same as a query.
    pub fn query(&self) -> String {
        Serializer::new(String::new())
            .append_pair("from", &self.from.to_string())
            .append_pair("to", &self.to.to_string())
            .append_pair("partner", &self.partner)
            .append_pair("bank", &self.bank)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(from: &str, to: &str) -> Result<(String, String), PeriodProblem> {
        let asked = Asked {
            from: from.into(),
            to: to.into(),
            ..Asked::default()
        };
        let today = "2026-11-21".parse().unwrap();
        asked.period(today).map(|p| (p.from.to_string(), p.to.to_string()))
    }

    #[test]
    fn periods_and_what_is_none() {
        let days = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
        assert_eq!(asked("", ""), days("2026-10-23", "2026-11-21"));
        assert_eq!(asked("", "2026-01-30"), days("2026-01-01", "2026-01-30"));
        assert_eq!(asked("2026-11-21", " 2026-11-21 "), days("2026-11-21", "2026-11-21"));
        assert_eq!(asked("2024-01-01", "2024-12-31"), days("2024-01-01", "2024-12-31"));
        assert_eq!(asked("2024-01-01", "2025-01-01"), Err(PeriodProblem::TooLong));
        assert_eq!(asked("2026-11-22", ""), Err(PeriodProblem::Order));
        for wrong in ["x", "21.11.2026", "2026-02-30", "-026-02-01", "+262026-01-01", "２026-01-1"] {
            assert_eq!(asked(wrong, ""), Err(PeriodProblem::From), "{wrong}");
            assert_eq!(asked("", wrong), Err(PeriodProblem::To), "{wrong}");
        }
    }
}
