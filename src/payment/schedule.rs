//! A standing order: when its instruction is carried out again and again.

use super::Language;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// How often (Berlin Group NextGenPSD2 1.3.x, section 14.27 "Frequency Code"; ISO 20022 `EventFrequency7Code`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Frequency {
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every second week.
    EveryTwoWeeks,
    /// Every month.
    Monthly,
    /// Every second month.
    EveryTwoMonths,
    /// Every third month.
    Quarterly,
    /// Every sixth month.
    SemiAnnual,
    /// Every year.
    Annual,
}

impl Frequency {
    /// Every frequency, from the most to the least often.
    pub const ALL: [Self; 8] = [
        Self::Daily,
        Self::Weekly,
        Self::EveryTwoWeeks,
        Self::Monthly,
        Self::EveryTwoMonths,
        Self::Quarterly,
        Self::SemiAnnual,
        Self::Annual,
    ];

    /// The standard's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "Daily",
            Self::Weekly => "Weekly",
            Self::EveryTwoWeeks => "EveryTwoWeeks",
            Self::Monthly => "Monthly",
            Self::EveryTwoMonths => "EveryTwoMonths",
            Self::Quarterly => "Quarterly",
            Self::SemiAnnual => "SemiAnnual",
            Self::Annual => "Annual",
        }
    }

    /// The frequency of a word, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str().eq_ignore_ascii_case(word))
    }

    /// Whether a day of the month can be named beside it.
    #[must_use]
    pub const fn has_day(self) -> bool {
        !matches!(self, Self::Daily | Self::Weekly | Self::EveryTwoWeeks)
    }
}

/// When a standing order is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The first day.
    pub start_date: NaiveDate,
    /// How often.
    pub frequency: Frequency,
    /// Day of the month, 1..=31; where a month is shorter, its last day.
    pub day_of_execution: Option<u8>,
}

impl Schedule {
    /// How often, as people say it: `lunar, în ziua 15`.
    #[must_use]
    pub fn how_often(&self, language: Language) -> String {
        let words = self.frequency.in_words(language);
        match (language, self.day_of_execution) {
            (_, None) => words.to_owned(),
            (Language::Ro, Some(day @ 29..)) => format!("{words}, în ziua {day} sau în ultima zi a lunii"),
            (Language::Ro, Some(day)) => format!("{words}, în ziua {day}"),
            (Language::En, Some(day @ 29..)) => format!("{words}, on day {day} or the last day of the month"),
            (Language::En, Some(day)) => format!("{words}, on day {day}"),
        }
    }

    /// The first day, as the language writes dates in figures.
    #[must_use]
    pub fn first_day(&self, language: Language) -> String {
        let format = match language {
            Language::Ro => "%d.%m.%Y",
            Language::En => "%d/%m/%Y",
        };
        self.start_date.format(format).to_string()
    }
}

impl Frequency {
    const fn in_words(self, language: Language) -> &'static str {
        let (ro, en) = match self {
            Self::Daily => ("în fiecare zi", "every day"),
            Self::Weekly => ("în fiecare săptămână", "every week"),
            Self::EveryTwoWeeks => ("la două săptămâni", "every two weeks"),
            Self::Monthly => ("în fiecare lună", "every month"),
            Self::EveryTwoMonths => ("la două luni", "every two months"),
            Self::Quarterly => ("la trei luni", "every three months"),
            Self::SemiAnnual => ("la șase luni", "every six months"),
            Self::Annual => ("în fiecare an", "every year"),
        };
        match language {
            Language::Ro => ro,
            Language::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_said_in_words() {
        let at = |frequency, day_of_execution| Schedule {
            start_date: NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(),
            frequency,
            day_of_execution,
        };
        let monthly = at(Frequency::Monthly, Some(15));
        assert_eq!(monthly.how_often(Language::Ro), "în fiecare lună, în ziua 15");
        assert_eq!(monthly.how_often(Language::En), "every month, on day 15");
        assert_eq!(
            (monthly.first_day(Language::Ro), monthly.first_day(Language::En)),
            ("01.12.2026".into(), "01/12/2026".into())
        );
        assert!(
            at(Frequency::Annual, Some(31))
                .how_often(Language::Ro)
                .ends_with("în ziua 31 sau în ultima zi a lunii")
        );
        let said: std::collections::HashSet<String> = Frequency::ALL
            .into_iter()
            .flat_map(|f| Language::ALL.map(|l| at(f, None).how_often(l)))
            .collect();
        assert_eq!(said.len(), 16, "each has words of its own");
    }

    #[test]
    fn words_are_read_in_any_case_and_nothing_else_is() {
        for frequency in Frequency::ALL {
            assert_eq!(Frequency::parse(&frequency.as_str().to_lowercase()), Some(frequency));
        }
        for wrong in ["", "Month", "MonthlyVariable", " Monthly"] {
            assert_eq!(Frequency::parse(wrong), None, "{wrong:?}");
        }
        assert!(Frequency::Monthly.has_day() && !Frequency::Weekly.has_day());
    }
}
