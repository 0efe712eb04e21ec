//! Reading the JSON of a single payment (`paymentInitiation_json`).

use super::Reply;
use crate::payment::iban::Iban;
use crate::sandbox::customers;
use crate::sandbox::money::{Currency, Money, parse_minor};
use actix_web::http::StatusCode;
use serde::Deserialize;

/// The bank's own identifier in an IBAN.
const OWN_CODE: &str = "CECE";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    end_to_end_identification: Option<String>,
    debtor_account: Option<AccountWire>,
    instructed_amount: AmountWire,
    creditor_account: AccountWire,
    creditor_name: String,
    remittance_information_unstructured: Option<String>,
    requested_execution_date: Option<String>,
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

/// A payment as the TPP orders it, checked.
#[derive(Debug)]
pub(super) struct PaymentOrder {
    pub money: Money,
    pub creditor_iban: Iban,
    pub creditor_name: String,
    pub debtor_iban: Option<Iban>,
    pub remittance: Option<String>,
    pub end_to_end: Option<String>,
}

/// Reads and checks the body.
pub(super) fn read(body: &[u8]) -> Result<PaymentOrder, Reply> {
    let wire: Wire = serde_json::from_slice(body).map_err(|e| Reply::format_error("body", &format!("not a payment: {e}")))?;
    if wire.requested_execution_date.is_some() {
        let text = "future-dated payments are not offered";
        return Err(Reply::tpp_message(
            StatusCode::BAD_REQUEST,
            "PARAMETER_NOT_SUPPORTED",
            Some("requestedExecutionDate"),
            text,
        ));
    }
    let currency = Currency::parse(&wire.instructed_amount.currency);
    let currency = currency.ok_or_else(|| Reply::format_error("instructedAmount/currency", "the currency must be RON or EUR"))?;
    let minor = parse_minor(&wire.instructed_amount.amount);
    let minor = minor.ok_or_else(|| Reply::format_error("instructedAmount/amount", "not a positive amount with at most two decimals"))?;
    let money = Money { minor, currency };
    let creditor_iban = iban(&wire.creditor_account.iban, "creditorAccount/iban")?;
    let debtor_iban = wire.debtor_account.map(|a| debtor(&a.iban, &creditor_iban, money)).transpose()?;
    let optional = |value: Option<String>, max, path| value.map(|v| sepa_text(v, max, path)).transpose();
    Ok(PaymentOrder {
        money,
        creditor_iban,
        debtor_iban,
        creditor_name: sepa_text(wire.creditor_name, 70, "creditorName")?,
        remittance: optional(wire.remittance_information_unstructured, 140, "remittanceInformationUnstructured")?,
        end_to_end: optional(wire.end_to_end_identification, 35, "endToEndIdentification")?,
    })
}

/// An IBAN in electronic form: no spaces, capital letters.
fn iban(text: &str, path: &str) -> Result<Iban, Reply> {
    let valid = Iban::parse(text).ok().filter(|iban| iban.electronic() == text);
    valid.ok_or_else(|| Reply::format_error(path, "not a valid IBAN"))
}

/// The account to debit has to be kept here, in the currency of the order.
fn debtor(text: &str, creditor_iban: &Iban, money: Money) -> Result<Iban, Reply> {
    let path = "debtorAccount/iban";
    let iban = iban(text, path)?;
    let Some((_, account)) = customers::by_iban(iban.electronic()) else {
        let text = if iban.bank_identifier() == Some(OWN_CODE) {
            "this account does not exist"
        } else {
            "this account is kept at another bank"
        };
        return Err(Reply::tpp_message(StatusCode::BAD_REQUEST, "RESOURCE_UNKNOWN", Some(path), text));
    };
    let refuse = |text| Reply::tpp_message(StatusCode::BAD_REQUEST, "PAYMENT_FAILED", Some(path), text);
    if account.opening.currency != money.currency {
        return Err(refuse("the account is kept in another currency"));
    }
    if iban == *creditor_iban {
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
