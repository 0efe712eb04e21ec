//! The JSON of NextGenPSD2 1.3.x, sections 5 (payment initiation) and 14 (data structures): strict in what
//! is sent, lenient in what is read.

use super::protocol::Protocol;
use crate::bank::BankError;
use crate::payment::text::for_bank;
use crate::payment::{Iban, Instruction, Order};
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
}

impl Service {
    /// The path segment.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::BulkPayments => "bulk-payments",
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

/// Which service an order needs and the body that is sent.
///
/// # Errors
/// [`BankError::Unsupported`] for an order this bank cannot be given: no instruction, more than one
/// currency, a missing debtor account the bank insists on, a creditor name without one sendable character.
pub fn order(order: &Order, protocol: &Protocol) -> Result<(Service, Vec<u8>), BankError> {
    let currency = order.currency().ok_or(BankError::Unsupported)?;
    let mixed = order.instructions.iter().any(|i| i.amount.currency != currency);
    if mixed || (protocol.requires_debtor_iban && order.debtor_iban.is_none()) {
        return Err(BankError::Unsupported);
    }
    let debtor = || order.debtor_iban.as_ref().map(account);
    let (service, body) = match order.instructions.as_slice() {
        [one] => {
            let mut transfer = transfer(one, protocol)?;
            transfer.debtor_account = debtor();
            (Service::Payments, serde_json::to_vec(&transfer))
        }
        many => {
            let payments = many.iter().map(|i| transfer(i, protocol)).collect::<Result<_, _>>()?;
            let bulk = Bulk {
                batch_booking_preferred: false,
                debtor_account: debtor(),
                payments,
            };
            (Service::BulkPayments, serde_json::to_vec(&bulk))
        }
    };
    Ok((service, body.map_err(|_| BankError::Unsupported)?))
}

fn account(iban: &Iban) -> Account<'_> {
    Account { iban: iban.electronic() }
}

fn transfer<'a>(instruction: &'a Instruction, protocol: &Protocol) -> Result<Transfer<'a>, BankError> {
    let creditor_name = for_bank(&instruction.creditor_name, protocol.max_name_chars);
    if creditor_name.is_empty() {
        return Err(BankError::Unsupported);
    }
    Ok(Transfer {
        end_to_end_identification: for_bank(&instruction.end_to_end_id, MAX_END_TO_END_CHARS),
        debtor_account: None,
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
    /// `_links.scaOAuth` and `_links.scaRedirect`, those that are there.
    pub links: Vec<String>,
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
        links: ["scaOAuth", "scaRedirect"].into_iter().filter_map(|l| link(&body, l)).collect(),
    })
}

/// Reads the answer to a status request: the word, empty when there was none. `None` when it is not a
/// JSON object.
pub fn status(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.is_object().then(|| word(&body))
}

fn word(body: &Value) -> String {
    body.get("transactionStatus").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// `{"href": "…"}`, or the bare text some banks write.
fn link(body: &Value, name: &str) -> Option<String> {
    let link = body.get("_links")?.get(name)?;
    link.get("href").unwrap_or(link).as_str().map(str::to_owned)
}

fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// Visible ASCII that is not a relative path: it becomes one segment of our URLs and part of a scope.
fn is_bank_id(id: &str) -> bool {
    !matches!(id, "" | "." | "..") && id.len() <= MAX_BANK_ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic())
}
