//! An order as it was accepted: one instruction, several, or a standing order.

use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use crate::sandbox::BankCode;
use crate::sandbox::money::Money;
use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, Weekday};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

/// The payment services of NextGenPSD2 1.3.11 §5.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentService {
    /// One credit transfer.
    Payments,
    /// Several, authorised once.
    BulkPayments,
    /// A standing order.
    PeriodicPayments,
}

impl PaymentService {
    /// The path segment.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::BulkPayments => "bulk-payments",
            Self::PeriodicPayments => "periodic-payments",
        }
    }

    /// Reads the path segment.
    #[must_use]
    pub fn parse(segment: &str) -> Option<Self> {
        let all = [Self::Payments, Self::BulkPayments, Self::PeriodicPayments];
        all.into_iter().find(|service| service.path() == segment)
    }
}

/// One credit transfer of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instruction {
    /// The instructed amount.
    pub money: Money,
    /// The account to credit.
    pub creditor_iban: Iban,
    /// Its holder, as the TPP named it.
    pub creditor_name: String,
    /// Remittance information.
    pub remittance: Option<String>,
    /// End-to-end identification.
    pub end_to_end: Option<String>,
}

/// A payment initiation as it was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceivedOrder {
    /// Which bank has it.
    #[serde(default)]
    pub bank: BankCode,
    /// The bank's id.
    pub payment_id: String,
    /// The TPP: its client id where the bank enrols clients, else a hash of its certificate's subject.
    pub client_id: String,
    /// The TPP's `X-Request-ID`: the key of a replay.
    pub request_id: Uuid,
    /// SHA-256 of the request body, hex: a replay must bring the same.
    pub body_sha256: String,
    /// The instructed amount; of several instructions, their sum.
    pub money: Money,
    /// The account to credit; of several, the first.
    pub creditor_iban: Iban,
    /// Its holder, as the TPP named it; of several, the first.
    pub creditor_name: String,
    /// Remittance information; none where there are several instructions.
    pub remittance: Option<String>,
    /// End-to-end identification; none where there are several instructions.
    pub end_to_end: Option<String>,
    /// The account to debit, when the TPP named one.
    pub debtor_iban: Option<Iban>,
    /// The instructions of a bulk order; empty for any other.
    #[serde(default)]
    pub several: Vec<Instruction>,
    /// When a standing order is executed; `None` for any other.
    #[serde(default)]
    pub schedule: Option<Schedule>,
    /// Where the PSU's browser is sent back to, at a bank that sends browsers anywhere.
    pub redirect_uri: Option<Url>,
    /// Where it is sent after a failure, when that is another place.
    #[serde(default)]
    pub nok_redirect_uri: Option<Url>,
}

impl ReceivedOrder {
    /// The payment service it came by.
    #[must_use]
    pub fn service(&self) -> PaymentService {
        match (&self.schedule, self.several.is_empty()) {
            (Some(_), _) => PaymentService::PeriodicPayments,
            (None, false) => PaymentService::BulkPayments,
            (None, true) => PaymentService::Payments,
        }
    }

    /// Every instruction, one at least, in the order they came.
    #[must_use]
    pub fn instructions(&self) -> Vec<Instruction> {
        if !self.several.is_empty() {
            return self.several.clone();
        }
        vec![Instruction {
            money: self.money,
            creditor_iban: self.creditor_iban.clone(),
            creditor_name: self.creditor_name.clone(),
            remittance: self.remittance.clone(),
            end_to_end: self.end_to_end.clone(),
        }]
    }
}

/// How often a standing order is executed (`frequencyCode`, ISO 20022 EventFrequency7Code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Frequency {
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every two weeks.
    EveryTwoWeeks,
    /// Every month.
    Monthly,
    /// Every two months.
    EveryTwoMonths,
    /// Every three months.
    Quarterly,
    /// Twice a year.
    SemiAnnual,
    /// Once a year.
    Annual,
}

impl Frequency {
    /// Whether the day of the month means something.
    #[must_use]
    pub fn counts_months(self) -> bool {
        !matches!(self, Self::Daily | Self::Weekly | Self::EveryTwoWeeks)
    }
}

/// What to do when the day falls on a weekend (`executionRule`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Execution {
    /// The next working day.
    Following,
    /// The last working day before.
    Preceding,
}

/// When a standing order is executed (NextGenPSD2 1.3.11 §5.3.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The first day it may be executed.
    pub start: NaiveDate,
    /// How often.
    pub frequency: Frequency,
    /// Weekends; without it the day stands.
    pub execution: Option<Execution>,
    /// The day of the month, 1 to 31; 31 is the last one.
    pub day: Option<u32>,
    /// The last day it may be executed; without it the order never ends.
    pub end: Option<NaiveDate>,
}

impl Schedule {
    /// When the first execution is due: the start of its day, UTC.
    #[must_use]
    pub fn first_execution(&self) -> Timestamp {
        let day = self.working_day(self.first_day());
        day.and_time(NaiveTime::MIN)
    }

    /// The first day on or after the start that has the wanted number in its month.
    fn first_day(&self) -> NaiveDate {
        let Some(wanted) = self.day.filter(|_| self.frequency.counts_months()) else {
            return self.start;
        };
        let this = day_of_month(self.start, wanted);
        if this >= self.start {
            return this;
        }
        let next = self.start.checked_add_months(Months::new(1)).unwrap_or(self.start);
        day_of_month(next, wanted)
    }

    /// The sandbox knows weekends and no holidays. A day before the start is never chosen.
    fn working_day(&self, day: NaiveDate) -> NaiveDate {
        let days = |before, after| match self.execution {
            Some(Execution::Preceding) if day - Days::new(before) >= self.start => day - Days::new(before),
            Some(_) => day + Days::new(after),
            None => day,
        };
        match day.weekday() {
            Weekday::Sat => days(1, 2),
            Weekday::Sun => days(2, 1),
            _ => day,
        }
    }
}

/// The wanted day in this month, or the month's last.
fn day_of_month(month: NaiveDate, wanted: u32) -> NaiveDate {
    (1..=wanted).rev().find_map(|day| month.with_day(day)).unwrap_or(month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_execution_is_the_first_day_that_fits() {
        let cases = [
            ("2026-12-01", Frequency::Monthly, None, None, "2026-12-01"),
            ("2026-12-01", Frequency::Monthly, Some(15), None, "2026-12-15"),
            ("2026-12-20", Frequency::Monthly, Some(15), None, "2027-01-15"),
            ("2027-02-03", Frequency::Quarterly, Some(31), None, "2027-02-28"),
            ("2026-12-20", Frequency::Weekly, Some(15), None, "2026-12-20"),
            ("2026-12-05", Frequency::Monthly, None, Some(Execution::Following), "2026-12-07"),
            ("2026-12-05", Frequency::Monthly, None, Some(Execution::Preceding), "2026-12-07"),
            ("2026-12-01", Frequency::Monthly, Some(6), Some(Execution::Preceding), "2026-12-04"),
            ("2026-12-01", Frequency::Monthly, Some(6), Some(Execution::Following), "2026-12-07"),
        ];
        for (start, frequency, day, execution, first) in cases {
            let start = start.parse().unwrap();
            let schedule = Schedule {
                start,
                frequency,
                execution,
                day,
                end: None,
            };
            assert_eq!(schedule.first_execution().date().to_string(), first, "{schedule:?}");
        }
    }
}
