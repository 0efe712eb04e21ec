//! Switching a bank off, with words for payers, and on again. Payments that are at the bank already go on: they are
//! asked about, and their payers come back. Only new ones, and new consents, are not begun there.

use super::{Context, FieldProblem, FlowError};
use crate::clock::Timestamp;
use crate::payment::text::has_forbidden_characters;
use crate::store::bank_closures::{self, Closure};
use crate::store::{StoreError, audit};
use std::ops::RangeInclusive;

/// Shortest and longest message to payers, in characters.
pub const MESSAGE_CHARS: RangeInclusive<usize> = 10..=200;
/// Shortest and longest reason, in characters.
pub const REASON_CHARS: RangeInclusive<usize> = 10..=300;
/// A time that is planned begins and ends within so many days.
pub const PLANNED_DAYS: i64 = 365;
/// Times of one bank that have not ended.
const MOST_OPEN: usize = 20;

/// A time at which a bank is to be off.
#[derive(Clone, Debug)]
pub struct Closing {
    /// The bank's code.
    pub bank: String,
    /// When it begins; none: now.
    pub from: Option<Timestamp>,
    /// When it ends; none: when somebody switches the bank on again.
    pub until: Option<Timestamp>,
    /// What payers read, in Romanian.
    pub message_ro: String,
    /// What payers read, in English.
    pub message_en: String,
    /// Why, for the operator's own people. No personal data.
    pub reason: String,
}

fn is_text(text: &str, chars: &RangeInclusive<usize>) -> bool {
    chars.contains(&text.chars().count()) && !has_forbidden_characters(text)
}

/// What is wrong with it; empty when nothing is.
fn problems_of(closing: &Closing, now: Timestamp) -> Vec<FieldProblem> {
    let from = closing.from.unwrap_or(now);
    let last = now + chrono::Duration::days(PLANNED_DAYS);
    let checks = [
        (
            closing.from.is_none_or(|at| (now..=last).contains(&at)),
            "from",
            "it begins now or within a year",
        ),
        (
            closing.until.is_none_or(|at| at > from && at > now && at <= last),
            "until",
            "it ends after it has begun, within a year",
        ),
        (
            is_text(&closing.message_ro, &MESSAGE_CHARS),
            "message_ro",
            "tell payers in 10 to 200 characters",
        ),
        (
            is_text(&closing.message_en, &MESSAGE_CHARS),
            "message_en",
            "tell payers in 10 to 200 characters",
        ),
        (is_text(&closing.reason, &REASON_CHARS), "reason", "say why in 10 to 300 characters"),
    ];
    checks
        .into_iter()
        .filter(|(good, ..)| !good)
        .map(|(_, field, message)| FieldProblem::new(field, "WRONG", message))
        .collect()
}

/// Switches a bank off, now or at a time that is planned. Every node knows within five seconds.
///
/// # Errors
/// [`FlowError::NotFound`] without such a bank that takes payments; [`FlowError::Invalid`] names what is wrong;
/// [`FlowError::TooMany`] when twenty times are planned already.
pub async fn close_bank(cx: &Context, admin_id: &str, closing: Closing) -> Result<(), FlowError> {
    if !cx.banks.get(&closing.bank).is_some_and(|bank| bank.active()) {
        return Err(FlowError::NotFound);
    }
    let now = cx.now();
    let closing = Closing {
        message_ro: closing.message_ro.trim().to_owned(),
        message_en: closing.message_en.trim().to_owned(),
        reason: closing.reason.trim().to_owned(),
        ..closing
    };
    let problems = problems_of(&closing, now);
    if !problems.is_empty() {
        return Err(FlowError::Invalid(problems));
    }
    let closure = Closure {
        id: uuid::Uuid::now_v7().to_string(),
        bank_code: closing.bank,
        from_at: closing.from.unwrap_or(now),
        until_at: closing.until,
        message_ro: closing.message_ro,
        message_en: closing.message_en,
        reason: closing.reason,
        admin_id: admin_id.to_owned(),
        created_at: now,
        ended_at: None,
    };
    let written = cx.db.write(move |a| {
        let open = bank_closures::open(a, now)?;
        if open.iter().filter(|known| known.bank_code == closure.bank_code).count() >= MOST_OPEN {
            return Err(StoreError::Taken("every time"));
        }
        bank_closures::add(a, &closure)?;
        let subject = format!("bank:{}", closure.bank_code);
        let time = |at: Timestamp| at.format("%Y-%m-%dT%H:%MZ").to_string();
        let until = closure.until_at.map_or_else(|| "further notice".to_owned(), time);
        let detail = format!("{} to {until}: {}", time(closure.from_at), closure.reason);
        audit::add(a, now, &closure.admin_id, "bank_switched_off", Some(&subject), Some(&detail))
    });
    match written.await {
        Err(StoreError::Taken(_)) => return Err(FlowError::TooMany),
        other => other?,
    }
    cx.forget_banks();
    Ok(())
}

/// Switches a bank on again, or calls off a time that is planned.
///
/// # Errors
/// [`FlowError::NotFound`] when the bank has no such time that has not ended.
pub async fn open_bank(cx: &Context, admin_id: &str, bank: &str, closure_id: &str) -> Result<(), FlowError> {
    if uuid::Uuid::try_parse(closure_id).is_err() || cx.banks.get(bank).is_none() {
        return Err(FlowError::NotFound);
    }
    let (now, admin, bank, id) = (cx.now(), admin_id.to_owned(), bank.to_owned(), closure_id.to_owned());
    let written = cx.db.write(move |a| {
        let ended = bank_closures::end(a, &bank, &id, now)?;
        if ended {
            audit::add(a, now, &admin, "bank_switched_on", Some(&format!("bank:{bank}")), Some(&id))?;
        }
        Ok(ended)
    });
    let ended = written.await?;
    cx.forget_banks();
    if ended { Ok(()) } else { Err(FlowError::NotFound) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    #[test]
    fn a_time_is_checked_field_by_field() {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap().naive_utc();
        let good = Closing {
            bank: "cec".into(),
            from: Some(now),
            until: Some(now + Duration::hours(1)),
            message_ro: "Banca este în mentenanță.".into(),
            message_en: "The bank is being maintained.".into(),
            reason: "Anunțul băncii nr. 12".into(),
        };
        let wrong = |closing: Closing| -> Vec<String> { problems_of(&closing, now).into_iter().map(|p| p.field).collect() };
        assert_eq!(wrong(good.clone()), [""; 0]);
        let but = |change: &dyn Fn(&mut Closing)| {
            let mut closing = good.clone();
            change(&mut closing);
            closing
        };
        assert_eq!(wrong(but(&|c| (c.from, c.until) = (None, None))), [""; 0]);
        for (closing, field) in [
            (but(&|c| c.from = Some(now - Duration::minutes(1))), "from"),
            (but(&|c| c.until = Some(now)), "until"),
            (but(&|c| c.until = Some(now + Duration::days(400))), "until"),
            (but(&|c| c.message_ro = "scurt".into()), "message_ro"),
            (but(&|c| c.message_en = "x".repeat(201)), "message_en"),
            (but(&|c| c.message_en = "a \u{202e} direction".into()), "message_en"),
            (but(&|c| c.reason = String::new()), "reason"),
        ] {
            assert_eq!(wrong(closing), [field]);
        }
    }
}
