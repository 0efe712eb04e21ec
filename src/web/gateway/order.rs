//! initPayment's JSON, field by field: every problem is named, not only the first.

use super::giro;
use super::input::RawObject;
use super::reader::{Problems, Reader, Refused};
use super::several;
use crate::flow::init_payment::InitOrder;
use crate::partner::Partner;
use crate::payment::order::{MAX_DETAILS_CHARS, MAX_NAME_CHARS};
use crate::payment::{Currency, Frequency, Instruction, PaymentId, Schedule};
use chrono::NaiveDate;

/// What says when a standing order is carried out.
const SCHEDULE: [&str; 3] = ["startDate", "Frequency", "dayOfExecution"];

/// Reads a partner's order for a payment.
///
/// # Errors
/// Every problem found.
pub fn read(object: &RawObject, id: PaymentId, partner: &Partner) -> Result<InitOrder, Refused> {
    let mut problems = Problems::default();
    let r = &mut Reader::new(object, String::new(), &mut problems);
    let (instructions, schedule) = if r.says("payments") {
        several::refuse_beside(r, &SCHEDULE);
        (several::read(r, id, partner), None)
    } else {
        let one = instruction(r, partner.currency, |_| Some(format!("SP{id}")));
        (one.map(|one| vec![one]), schedule(r))
    };
    let order = InitOrder {
        instructions: instructions.unwrap_or_default(),
        schedule,
        psu_email: r.email("psuEmail"),
        psu_id_at_partner: r.text_or_number("psuIntermediarId", 64),
        debtor_iban: r.iban("debtorIban"),
        debtor_bank: r.short_text("debtorBank", 35),
        redirect_url: r.url("redirectURL"),
        iban_optimization: r.flag("ibanOptimization"),
        terms_accepted: r.flag("TCAccepted") | r.flag("TCaccepted"),
        external_payment_id: r.text_or_number("externalPaymentId", 64),
    };
    problems.or(Some(order))
}

/// One credit transfer.
pub fn instruction(
    r: &mut Reader<'_>,
    currency: Currency,
    end_to_end_id: impl FnOnce(&mut Reader<'_>) -> Option<String>,
) -> Option<Instruction> {
    let creditor_name = r.needed("creditorName", |r, f| r.bank_text(f, MAX_NAME_CHARS));
    let creditor_iban = r.needed("creditorIban", Reader::iban);
    let amount = r.needed("amount", |r, f| r.amount(f, currency));
    let details = r.needed("details", |r, f| r.bank_text(f, MAX_DETAILS_CHARS));
    let end_to_end_id = end_to_end_id(r);
    let giro = giro::read(r, currency);
    let in_serbia = creditor_iban.as_ref().is_none_or(|iban| iban.serbian_account().is_some());
    if currency == Currency::Rsd && !in_serbia {
        let _: Option<()> = r.breaks_rule("creditorIban", "NOT_SERBIAN", "dinars are paid to Serbian accounts only");
    }
    Some(Instruction {
        creditor_name: creditor_name?,
        creditor_iban: creditor_iban?,
        amount: amount?,
        details: details?,
        end_to_end_id: end_to_end_id?,
        giro: giro?,
    })
}

/// When a standing order is carried out: all that is needed for it, or nothing.
fn schedule(r: &mut Reader<'_>) -> Option<Schedule> {
    if !SCHEDULE.iter().any(|field| r.says(field)) {
        return None;
    }
    let start_date = r.needed("startDate", date);
    let frequency = r.needed("Frequency", frequency);
    let day = r.says("dayOfExecution").then(|| day(r, "dayOfExecution"));
    if let (Some(frequency), Some(_)) = (frequency, day)
        && !frequency.has_day()
    {
        let words = "a day of the month can be named only for Monthly and less often";
        return r.breaks_rule("dayOfExecution", "NOT_WITH_THIS_FREQUENCY", words);
    }
    Some(Schedule {
        start_date: start_date?,
        frequency: frequency?,
        day_of_execution: match day {
            Some(day) => Some(day?),
            None => None,
        },
    })
}

/// A calendar date (ISO 8601, `2026-12-01`).
pub(super) fn date(r: &mut Reader<'_>, field: &str) -> Option<NaiveDate> {
    let text = r.text(field)?;
    let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d")
        .ok()
        .filter(|date| date.to_string() == text);
    date.or_else(|| r.problem(field, "INVALID_DATE", "not a date; write it like 2026-12-01"))
}

fn frequency(r: &mut Reader<'_>, field: &str) -> Option<Frequency> {
    let text = r.text(field)?;
    Frequency::parse(&text).or_else(|| {
        let words = Frequency::ALL.map(Frequency::as_str).join(", ");
        r.problem(field, "UNKNOWN_FREQUENCY", format!("must be one of {words}"))
    })
}

fn day(r: &mut Reader<'_>, field: &str) -> Option<u8> {
    let text = r.text_or_number(field, 100)?;
    let day = text.parse().ok().filter(|day| (1..=31).contains(day));
    day.or_else(|| r.problem(field, "INVALID_DAY", "must be a day of the month, 1 to 31"))
}
