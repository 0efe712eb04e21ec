//! Standing orders: reading when they are executed (`periodicPaymentInitiation_json`).

use super::reply::Reply;
use crate::sandbox::ledger::{Execution, Frequency, Schedule};
use chrono::NaiveDate;
use serde::Deserialize;

/// As it arrives; every field is checked one by one, so that the error can name it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScheduleWire {
    start_date: Option<String>,
    frequency: Option<String>,
    execution_rule: Option<String>,
    day_of_execution: Option<String>,
    end_date: Option<String>,
}

/// Reads and checks a standing order's times; `today` is the first day it may start.
pub(super) fn schedule(wire: ScheduleWire, today: NaiveDate) -> Result<Schedule, Reply> {
    let required = |value: Option<String>, path| value.ok_or_else(|| Reply::format_error(path, "missing"));
    let start = date(&required(wire.start_date, "startDate")?, "startDate")?;
    if start < today {
        return Err(Reply::format_error("startDate", "before today"));
    }
    let frequency = frequency(&required(wire.frequency, "frequency")?)?;
    let execution = match wire.execution_rule.as_deref() {
        None => None,
        Some("following") => Some(Execution::Following),
        Some("preceding") => Some(Execution::Preceding),
        Some(_) => return Err(Reply::format_error("executionRule", "following or preceding")),
    };
    let day = wire.day_of_execution.as_deref().map(day_of_month).transpose()?;
    let end = wire.end_date.map(|text| date(&text, "endDate")).transpose()?;
    let schedule = Schedule {
        start,
        frequency,
        execution,
        day,
        end,
    };
    if end.is_some_and(|end| end < schedule.first_execution().date()) {
        return Err(Reply::format_error("endDate", "before the first execution"));
    }
    Ok(schedule)
}

/// ISO 8601, `2026-12-01`.
fn date(text: &str, path: &str) -> Result<NaiveDate, Reply> {
    let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    parsed.ok_or_else(|| Reply::format_error(path, "not a date as in 2026-12-01"))
}

fn frequency(code: &str) -> Result<Frequency, Reply> {
    Ok(match code {
        "Daily" => Frequency::Daily,
        "Weekly" => Frequency::Weekly,
        "EveryTwoWeeks" => Frequency::EveryTwoWeeks,
        "Monthly" => Frequency::Monthly,
        "EveryTwoMonths" => Frequency::EveryTwoMonths,
        "Quarterly" => Frequency::Quarterly,
        "SemiAnnual" => Frequency::SemiAnnual,
        "Annual" => Frequency::Annual,
        _ => {
            let text = "Daily, Weekly, EveryTwoWeeks, Monthly, EveryTwoMonths, Quarterly, SemiAnnual or Annual";
            return Err(Reply::format_error("frequency", text));
        }
    })
}

/// 1 to 31 as text, without leading zeroes.
fn day_of_month(text: &str) -> Result<u32, Reply> {
    let day = text
        .parse()
        .ok()
        .filter(|day: &u32| (1..=31).contains(day) && day.to_string() == text);
    day.ok_or_else(|| Reply::format_error("dayOfExecution", "1 to 31, without leading zeroes"))
}
