//! Reading the JSON of an initiation: one credit transfer, several, or a standing order
//! (`paymentInitiation_json`, `bulkPaymentInitiation_json`, `periodicPaymentInitiation_json`).

use super::periodic::{self, ScheduleWire};
use super::profile::Profile;
use super::reply::Reply;
use crate::payment::iban::Iban;
use crate::sandbox::customers;
use crate::sandbox::ledger::{Instruction, PaymentService, Schedule};
use crate::sandbox::money::{Currency, Money, parse_minor};
use actix_web::http::StatusCode;
use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Most instructions in one order.
const MAX_INSTRUCTIONS: usize = 5000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SingleWire {
    debtor_account: Option<AccountWire>,
    requested_execution_date: Option<String>,
    #[serde(flatten)]
    transfer: TransferWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BulkWire {
    debtor_account: Option<AccountWire>,
    requested_execution_date: Option<String>,
    payments: Vec<TransferWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeriodicWire {
    debtor_account: Option<AccountWire>,
    #[serde(flatten)]
    transfer: TransferWire,
    #[serde(flatten)]
    schedule: ScheduleWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransferWire {
    end_to_end_identification: Option<String>,
    instructed_amount: AmountWire,
    creditor_account: AccountWire,
    creditor_name: String,
    remittance_information_unstructured: Option<String>,
}

#[derive(Deserialize)]
struct AccountWire {
    iban: String,
}

#[derive(Deserialize)]
struct AmountWire {
    currency: String,
    amount: String,
}

/// An order as the TPP sent it, checked.
#[derive(Debug)]
pub(in crate::sandbox) struct OrderBody {
    /// One, unless the service is bulk-payments.
    pub instructions: Vec<Instruction>,
    /// The sum.
    pub total: Money,
    pub debtor_iban: Option<Iban>,
    pub schedule: Option<Schedule>,
}

/// Reads and checks the body of an initiation at this bank, by this service.
pub(in crate::sandbox) fn read(body: &[u8], profile: &Profile, service: PaymentService, today: NaiveDate) -> Result<OrderBody, Reply> {
    let (debtor, instructions, schedule) = match service {
        PaymentService::Payments => {
            let wire: SingleWire = parse(body)?;
            no_date(wire.requested_execution_date)?;
            (wire.debtor_account, vec![instruction(wire.transfer, "")?], None)
        }
        PaymentService::BulkPayments => {
            let wire: BulkWire = parse(body)?;
            no_date(wire.requested_execution_date)?;
            if wire.payments.is_empty() || wire.payments.len() > MAX_INSTRUCTIONS {
                return Err(Reply::format_error("payments", &format!("1 to {MAX_INSTRUCTIONS} instructions")));
            }
            let all = wire.payments.into_iter().enumerate();
            let all: Result<_, _> = all.map(|(i, one)| instruction(one, &format!("payments/{i}/"))).collect();
            (wire.debtor_account, all?, None)
        }
        PaymentService::PeriodicPayments => {
            let wire: PeriodicWire = parse(body)?;
            let schedule = periodic::schedule(wire.schedule, today)?;
            (wire.debtor_account, vec![instruction(wire.transfer, "")?], Some(schedule))
        }
    };
    let total = total(&instructions)?;
    let debtor_iban = debtor.map(|a| debtor_account(&a.iban, profile, &instructions, total)).transpose()?;
    Ok(OrderBody {
        instructions,
        total,
        debtor_iban,
        schedule,
    })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Reply> {
    serde_json::from_slice(body).map_err(|e| Reply::format_error("body", &format!("not a payment: {e}")))
}

fn no_date(requested: Option<String>) -> Result<(), Reply> {
    let (status, path) = (StatusCode::BAD_REQUEST, Some("requestedExecutionDate"));
    let text = "future-dated payments are not offered";
    match requested {
        Some(_) => Err(Reply::tpp_message(status, "PARAMETER_NOT_SUPPORTED", path, text)),
        None => Ok(()),
    }
}

/// `place` is the path in front of the field names.
fn instruction(wire: TransferWire, place: &str) -> Result<Instruction, Reply> {
    let at = |field: &str| format!("{place}{field}");
    let refuse = |field: &str, text| Reply::format_error(&at(field), text);
    let currency = Currency::parse(&wire.instructed_amount.currency);
    let currency = currency.ok_or_else(|| refuse("instructedAmount/currency", "the currency must be RON or EUR"))?;
    let minor = parse_minor(&wire.instructed_amount.amount);
    let minor = minor.ok_or_else(|| refuse("instructedAmount/amount", "not a positive amount with at most two decimals"))?;
    let optional = |value: Option<String>, max, field| value.map(|v| sepa_text(v, max, &at(field))).transpose();
    Ok(Instruction {
        money: Money { minor, currency },
        creditor_iban: iban(&wire.creditor_account.iban, &at("creditorAccount/iban"))?,
        creditor_name: sepa_text(wire.creditor_name, 70, &at("creditorName"))?,
        remittance: optional(wire.remittance_information_unstructured, 140, "remittanceInformationUnstructured")?,
        end_to_end: optional(wire.end_to_end_identification, 35, "endToEndIdentification")?,
    })
}

/// The sum of instructions in one currency.
fn total(instructions: &[Instruction]) -> Result<Money, Reply> {
    let currency = instructions.first().map_or(Currency::Ron, |i| i.money.currency);
    let mut minor = 0_i64;
    for (i, instruction) in instructions.iter().enumerate() {
        let refuse = |field, text| Err(Reply::format_error(&format!("payments/{i}/instructedAmount/{field}"), text));
        if instruction.money.currency != currency {
            return refuse("currency", "all instructions need the same currency");
        }
        match minor.checked_add(instruction.money.minor) {
            Some(sum) => minor = sum,
            None => return refuse("amount", "the sum is too large"),
        }
    }
    Ok(Money { minor, currency })
}

/// An IBAN in electronic form: no spaces, capital letters.
fn iban(text: &str, path: &str) -> Result<Iban, Reply> {
    let valid = Iban::parse(text).ok().filter(|iban| iban.electronic() == text);
    valid.ok_or_else(|| Reply::format_error(path, "not a valid IBAN"))
}

/// The account to debit has to be kept at this bank, in the currency of the order.
fn debtor_account(text: &str, profile: &Profile, instructions: &[Instruction], total: Money) -> Result<Iban, Reply> {
    let path = "debtorAccount/iban";
    let iban = iban(text, path)?;
    let Some((_, account)) = customers::by_iban(iban.electronic()).filter(|(at, _)| *at == profile.bank) else {
        let text = if iban.bank_identifier() == Some(profile.iban_code) {
            "this account does not exist"
        } else {
            "this account is kept at another bank"
        };
        return Err(Reply::tpp_message(StatusCode::BAD_REQUEST, "RESOURCE_UNKNOWN", Some(path), text));
    };
    let refuse = |text| Reply::tpp_message(StatusCode::BAD_REQUEST, "PAYMENT_FAILED", Some(path), text);
    if account.opening.currency != total.currency {
        return Err(refuse("the account is kept in another currency"));
    }
    if instructions.iter().any(|i| i.creditor_iban == iban) {
        return Err(refuse("debtor and creditor are the same account"));
    }
    Ok(iban)
}

/// A text in the SEPA character set (EPC 217-08): a slash neither begins nor ends it, nor stands twice.
fn sepa_text(text: String, max_chars: usize, path: &str) -> Result<String, Reply> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(c);
    let refuse = |why: &str| Err(Reply::format_error(path, why));
    if text.trim().is_empty() {
        return refuse("empty");
    }
    if text.chars().count() > max_chars {
        return refuse(&format!("longer than {max_chars} characters"));
    }
    if !text.chars().all(allowed) {
        return refuse("a character outside the SEPA character set");
    }
    if text.starts_with('/') || text.ends_with('/') || text.contains("//") {
        return refuse("a slash begins or ends the text, or stands twice");
    }
    Ok(text)
}
