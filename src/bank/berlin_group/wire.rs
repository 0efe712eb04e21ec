//! The JSON of NextGenPSD2 1.3.x, sections 5 (payment initiation) and 14 (data structures): strict in what
//! is sent, lenient in what is read.

use super::protocol::{ExecutionRule, Protocol};
use super::reading;
use super::sca::Sca;
use crate::bank::{BankError, InstructionStatus};
use crate::payment::order::MAX_INSTRUCTIONS;
use crate::payment::text::for_bank;
use crate::payment::{Frequency, Iban, Instruction, Order, Schedule};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest end-to-end identification, in characters (`Max35Text`).
const MAX_END_TO_END_CHARS: usize = 35;
/// Longest id of an order a bank may give, in bytes.
const MAX_BANK_ID_BYTES: usize = 255;

/// The payment services used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// One credit transfer.
    Payments,
    /// Several, authorised once.
    BulkPayments,
    /// A standing order.
    PeriodicPayments,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 3] = [Self::Payments, Self::BulkPayments, Self::PeriodicPayments];

    /// The path segment.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::BulkPayments => "bulk-payments",
            Self::PeriodicPayments => "periodic-payments",
        }
    }
}

#[derive(Serialize)]
struct Account<'a> {
    iban: &'a str,
}

#[derive(Serialize)]
struct Money {
    currency: &'static str,
    amount: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transfer<'a> {
    #[serde(skip_serializing_if = "String::is_empty")]
    end_to_end_identification: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    debtor_account: Option<Account<'a>>,
    instructed_amount: Money,
    creditor_account: Account<'a>,
    creditor_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    remittance_information_unstructured: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bulk<'a> {
    /// `false`: each transfer is booked on its own, so that the PSU's statement shows what was confirmed.
    batch_booking_preferred: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    debtor_account: Option<Account<'a>>,
    payments: Vec<Transfer<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Periodic<'a> {
    #[serde(flatten)]
    transfer: Transfer<'a>,
    start_date: NaiveDate,
    frequency: Frequency,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_rule: Option<ExecutionRule>,
    /// 1 to 31 without leading zeroes; 31 is the last day of the month (`dayOfExecution`).
    #[serde(skip_serializing_if = "Option::is_none")]
    day_of_execution: Option<String>,
}

/// Which service an order needs and the body that is sent.
///
/// # Errors
/// [`BankError::Unsupported`] for an order this bank cannot be given: no instruction, more than one
/// currency, several instructions or a schedule where the bank takes none, a missing debtor account the bank
/// insists on, a creditor name without one sendable character.
pub fn order(order: &Order, protocol: &Protocol) -> Result<(Service, Vec<u8>), BankError> {
    let currency = order.currency().ok_or(BankError::Unsupported)?;
    let mixed = order.instructions.iter().any(|i| i.amount.currency != currency);
    if mixed || (protocol.requires_debtor_iban && order.debtor_iban.is_none()) {
        return Err(BankError::Unsupported);
    }
    let debtor_account = || order.debtor_iban.as_ref().map(account);
    let (service, body) = match (order.instructions.as_slice(), &order.schedule) {
        ([one], None) => (Service::Payments, serde_json::to_vec(&transfer(one, debtor_account(), protocol)?)),
        ([one], Some(schedule)) if protocol.periodic_product.is_some() => {
            let body = periodic(transfer(one, debtor_account(), protocol)?, schedule, protocol);
            (Service::PeriodicPayments, serde_json::to_vec(&body))
        }
        (many, None) if protocol.bulk_product.is_some() => {
            let payments = many.iter().map(|i| transfer(i, None, protocol)).collect::<Result<_, _>>()?;
            let bulk = Bulk {
                batch_booking_preferred: false,
                debtor_account: debtor_account(),
                payments,
            };
            (Service::BulkPayments, serde_json::to_vec(&bulk))
        }
        _ => return Err(BankError::Unsupported),
    };
    Ok((service, body.map_err(|_| BankError::Unsupported)?))
}

/// A day of the month means something only where months are counted.
fn periodic<'a>(transfer: Transfer<'a>, schedule: &Schedule, protocol: &Protocol) -> Periodic<'a> {
    let day = schedule.day_of_execution.filter(|_| schedule.frequency.has_day());
    Periodic {
        transfer,
        start_date: schedule.start_date,
        frequency: schedule.frequency,
        execution_rule: protocol.execution_rule,
        day_of_execution: day.map(|day| day.to_string()),
    }
}

fn account(iban: &Iban) -> Account<'_> {
    Account { iban: iban.electronic() }
}

fn transfer<'a>(instruction: &'a Instruction, debtor_account: Option<Account<'a>>, protocol: &Protocol) -> Result<Transfer<'a>, BankError> {
    let creditor_name = for_bank(&instruction.creditor_name, protocol.max_name_chars);
    if creditor_name.is_empty() {
        return Err(BankError::Unsupported);
    }
    Ok(Transfer {
        end_to_end_identification: for_bank(&instruction.end_to_end_id, MAX_END_TO_END_CHARS),
        debtor_account,
        instructed_amount: Money {
            currency: instruction.amount.currency.code(),
            amount: instruction.amount.wire(),
        },
        creditor_account: account(&instruction.creditor_iban),
        creditor_name,
        remittance_information_unstructured: for_bank(&instruction.details, protocol.max_remittance_chars),
    })
}

/// What a bank says when it took an order.
#[derive(Debug)]
pub struct Initiated {
    /// The bank's id of the order.
    pub bank_payment_id: String,
    /// The status word, empty when there was none.
    pub word: String,
    /// What is said of the PSU's authorisation.
    pub sca: Sca,
}

/// Reads the answer to an initiation. `None` when it is not JSON or names no usable `paymentId`.
pub fn initiated(body: &[u8]) -> Option<Initiated> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let bank_payment_id = text_or_number(body.get("paymentId")?)?;
    if !is_bank_id(&bank_payment_id) {
        return None;
    }
    Some(Initiated {
        bank_payment_id,
        word: word(&body),
        sca: Sca::of(&body),
    })
}

/// Reads the answer to a status request: the word, empty when there was none. `None` when it is not a
/// JSON object.
pub fn status(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.is_object().then(|| word(&body))
}

/// Reads what the resource of a bulk order says of its instructions. One without a word of its own shares
/// `whole`, when that is the word of all. `None` when it is not a JSON object with `payments`.
pub fn instructions(body: &[u8], whole: Option<&str>) -> Option<Vec<InstructionStatus>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let payments = body.get("payments")?.as_array()?.iter().take(MAX_INSTRUCTIONS);
    let one = |payment: &Value| {
        let id = payment.get("endToEndIdentification").and_then(text_or_number)?;
        let own = payment.get("transactionStatus").and_then(Value::as_str);
        let known = !id.is_empty() && id.chars().count() <= MAX_END_TO_END_CHARS;
        known.then_some(InstructionStatus {
            word: reading::for_the_record(own.filter(|word| !word.is_empty()).or(whole)?),
            end_to_end_id: id,
            text: None,
        })
    };
    Some(payments.filter_map(one).collect())
}

fn word(body: &Value) -> String {
    body.get("transactionStatus").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Some banks write numbers where the standard has text, and the other way round.
pub fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// Visible ASCII that is not a relative path: it becomes one segment of our URLs and part of a scope.
pub fn is_bank_id(id: &str) -> bool {
    !matches!(id, "" | "." | "..") && id.len() <= MAX_BANK_ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic())
}
