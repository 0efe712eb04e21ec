//! The JSON of STET payment requests, as editions 1.4.0, 1.4.2 and 1.5 want it: strict in what is sent, lenient in
//! what is read.

use super::protocol::{Protocol, Version};
use crate::bank::BankError;
use crate::clock::Timestamp;
use crate::payment::text::for_bank;
use crate::payment::{Amount, Currency, Instruction, Order};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

/// Longest name of the initiating party, in characters.
const MAX_PARTY_CHARS: usize = 140;
/// Longest id of ours in an order, in characters (STET: 36, ISO 20022: 35).
const MAX_OUR_ID_CHARS: usize = 35;

/// What the order is sent with.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// Who initiates: the name in our certificate.
    pub(super) party: &'a str,
    /// Where the PSU comes back to.
    pub(super) report_url: &'a Url,
    /// Where the PSU comes back to without having approved.
    pub(super) unsuccessful_url: &'a Url,
    /// When.
    pub(super) now: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentRequest<'a> {
    payment_information_id: &'a str,
    creation_date_time: &'a str,
    number_of_transactions: u8,
    initiating_party: Named<'a>,
    payment_type_information: TypeInformation,
    #[serde(skip_serializing_if = "Option::is_none")]
    debtor_account: Option<Account<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beneficiary: Option<Beneficiary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creditor: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creditor_account: Option<Account<'a>>,
    charge_bearer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_execution_date: Option<&'a str>,
    credit_transfer_transaction: [Transaction<'a>; 1],
    supplementary_data: SupplementaryData<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Account<'a> {
    iban: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TypeInformation {
    service_level: &'static str,
    /// `DVPM`: a payment request on behalf of somebody who is paid, not a transfer between one's own accounts.
    category_purpose: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Beneficiary<'a> {
    creditor: Named<'a>,
    creditor_account: Account<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transaction<'a> {
    payment_id: TransactionId<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_execution_date: Option<&'a str>,
    instructed_amount: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    beneficiary: Option<Beneficiary<'a>>,
    remittance_information: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransactionId<'a> {
    instruction_id: &'a str,
    end_to_end_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SupplementaryData<'a> {
    accepted_authentication_approach: [&'static str; 1],
    successful_report_url: &'a Url,
    unsuccessful_report_url: &'a Url,
}

/// An order as it is sent, and the two ids by which an answer must call it.
pub(super) struct Sent {
    pub(super) body: Vec<u8>,
    pub(super) information_id: String,
    pub(super) end_to_end_id: String,
}

/// Writes an order.
///
/// # Errors
/// [`BankError::Unsupported`] for what cannot be sent to a STET bank: not exactly one instruction, a schedule, another
/// currency than EUR, a creditor name or an end-to-end identification without one sendable character.
pub(super) fn order(order: &Order, protocol: &Protocol, around: Around<'_>) -> Result<Sent, BankError> {
    let ([one], None) = (order.instructions.as_slice(), &order.schedule) else {
        return Err(BankError::Unsupported);
    };
    let creditor = for_bank(&one.creditor_name, protocol.max_name_chars);
    let information_id = format!("{}-{}", order.payment, order.attempt);
    let end_to_end_id = for_bank(&one.end_to_end_id, MAX_OUR_ID_CHARS);
    if one.amount.currency != Currency::Eur || creditor.is_empty() || end_to_end_id.is_empty() {
        return Err(BankError::Unsupported);
    }
    let at = around.now.and_utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let party = for_bank(around.party, MAX_PARTY_CHARS);
    let inside = protocol.version == Version::V1_5;
    let old = protocol.version == Version::V1_4_0;
    let named = || Named { name: &creditor };
    let account = || Account {
        iban: one.creditor_iban.electronic(),
    };
    let beneficiary = || Beneficiary {
        creditor: named(),
        creditor_account: account(),
    };
    let request = PaymentRequest {
        payment_information_id: &information_id,
        creation_date_time: &at,
        number_of_transactions: 1,
        initiating_party: Named { name: &party },
        payment_type_information: TypeInformation {
            service_level: "SEPA",
            category_purpose: "DVPM",
        },
        debtor_account: order.debtor_iban.as_ref().map(|iban| Account { iban: iban.electronic() }),
        beneficiary: (!inside && !old).then(beneficiary),
        creditor: old.then(named),
        creditor_account: old.then(account),
        charge_bearer: "SLEV",
        requested_execution_date: (!inside).then_some(&*at),
        credit_transfer_transaction: [Transaction {
            payment_id: TransactionId {
                instruction_id: &information_id,
                end_to_end_id: &end_to_end_id,
            },
            requested_execution_date: inside.then_some(&*at),
            instructed_amount: amount(&one.amount, protocol.version)?,
            beneficiary: inside.then(beneficiary),
            remittance_information: remittance(one, &end_to_end_id, protocol),
        }],
        supplementary_data: SupplementaryData {
            accepted_authentication_approach: ["REDIRECT"],
            successful_report_url: around.report_url,
            unsuccessful_report_url: around.unsuccessful_url,
        },
    };
    let body = serde_json::to_vec(&request).map_err(|e| BankError::NotSent(e.to_string()))?;
    Ok(Sent {
        body,
        information_id,
        end_to_end_id,
    })
}

/// An amount: text until 1.4.2, a number from 1.5 on.
///
/// # Errors
/// None for an amount of ours.
pub(super) fn amount(amount: &Amount, version: Version) -> Result<Value, BankError> {
    let text = amount.wire();
    let value = if version == Version::V1_5 {
        serde_json::from_str(&text).map_err(|e| BankError::NotSent(e.to_string()))?
    } else {
        Value::String(text)
    };
    Ok(json!({ "currency": amount.currency.code(), "amount": value }))
}

/// STET wants remittance information with every order; where nothing of ours can be sent, the id says what it is for.
fn remittance(one: &Instruction, end_to_end_id: &str, protocol: &Protocol) -> Value {
    let text = Some(for_bank(&one.details, protocol.max_remittance_chars)).filter(|t| !t.is_empty());
    let lines = json!([text.unwrap_or_else(|| end_to_end_id.to_owned())]);
    match protocol.version {
        Version::V1_5 => json!({ "unstructured": lines }),
        _ => lines,
    }
}

/// What cancels an order: the whole resource as the bank gave it, with `CANC` and `DS02` (the PSU wants it), and how
/// the PSU may be asked about it; without the nulls that some banks send and none accepts. `None` when it is not a
/// JSON object.
pub(super) fn cancellation(resource: &Value, report_url: &Url) -> Option<Vec<u8>> {
    let mut resource = without_nulls(resource.clone());
    let fields = resource.as_object_mut()?;
    fields.insert("paymentInformationStatus".to_owned(), json!("CANC"));
    fields.insert("statusReasonInformation".to_owned(), json!("DS02"));
    let around = fields.entry("supplementaryData").or_insert_with(|| json!({})).as_object_mut()?;
    // What the bank gave back stays as it is: nothing but the status may be changed.
    around
        .entry("acceptedAuthenticationApproach")
        .or_insert_with(|| json!(["REDIRECT"]));
    around.entry("successfulReportUrl").or_insert_with(|| json!(report_url));
    serde_json::to_vec(&resource).ok()
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, v)| !v.is_null());
            Value::Object(kept.map(|(k, v)| (k, without_nulls(v))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().filter(|v| !v.is_null()).map(without_nulls).collect()),
        other => other,
    }
}
