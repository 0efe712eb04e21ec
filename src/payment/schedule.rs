//! A standing order: when its instruction is carried out again and again.

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

#[cfg(test)]
mod tests {
    use super::*;

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
