//! Reads a payment request in the shape of its version, and nothing that differs from it.

use super::establishment::Version;
use crate::payment::iban::Iban;
use crate::sandbox::money::parse_minor;
use chrono::{DateTime, Days, NaiveDate};
use serde_json::{Map, Value};
use url::Url;

/// How far ahead a payment may be ordered.
const MAX_DAYS_AHEAD: Days = Days::new(30);
const MAX_NAME: usize = 140;
const MAX_ID: usize = 36;

/// What a payment request asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub minor: i64,
    pub creditor_iban: Iban,
    pub creditor_name: String,
    pub debtor_iban: Option<Iban>,
    pub remittance: Vec<String>,
    pub end_to_end: Option<String>,
    pub execution: NaiveDate,
    pub success_url: Url,
    pub failure_url: Option<Url>,
}

/// Why a request is not accepted: the code for programs, and what is wrong for people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub &'static str, pub String);

type Read<T> = Result<T, Wrong>;

fn wrong(detail: impl Into<String>) -> Wrong {
    Wrong("FF01", detail.into())
}

/// An amount as text or number, in cents; `None` for what is no positive amount.
pub(super) fn amount_minor(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => parse_minor(text),
        // The shortest decimal that means this number, as it was most likely written.
        Value::Number(number) => parse_minor(number.to_string().trim_end_matches(".0")),
        _ => None,
    }
}

/// `instructedAmount`, in euros.
pub(super) fn amount(value: Option<&Value>, version: Version) -> Read<i64> {
    let value = value.ok_or_else(|| wrong("instructedAmount is missing"))?;
    let written = value.get("amount").ok_or_else(|| wrong("instructedAmount.amount is missing"))?;
    let (fits, kind) = match version {
        Version::V1_5 => (written.is_number(), "a number"),
        Version::V1_4_0 | Version::V1_4_2 => (written.is_string(), "a text"),
    };
    if !fits {
        return Err(wrong(format!("instructedAmount.amount must be {kind} in this version")));
    }
    if value.get("currency").and_then(Value::as_str) != Some("EUR") {
        return Err(wrong("instructedAmount.currency must be EUR"));
    }
    amount_minor(written).ok_or_else(|| wrong("instructedAmount.amount must be above zero with at most two decimals"))
}

fn text<'a>(body: &'a Value, pointer: &str, max: usize) -> Read<&'a str> {
    let found = body.pointer(pointer).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let found = found.ok_or_else(|| wrong(format!("{pointer} is missing or no text")))?;
    match found.chars().count() <= max {
        true => Ok(found),
        false => Err(wrong(format!("{pointer} is longer than {max} characters"))),
    }
}

/// An identification in the characters of SEPA.
fn id<'a>(body: &'a Value, pointer: &str) -> Read<&'a str> {
    let sepa = |c: char| c.is_ascii_alphanumeric() || " /-?:().,'".contains(c);
    let found = text(body, pointer, MAX_ID)?;
    match found.chars().all(sepa) {
        true => Ok(found),
        false => Err(wrong(format!("{pointer} has a character that is not allowed"))),
    }
}

fn one_of(body: &Value, pointer: &str, words: &[&str]) -> Read<()> {
    let found = body.pointer(pointer).and_then(Value::as_str);
    let fits = found.is_some_and(|word| words.contains(&word));
    fits.then_some(())
        .ok_or_else(|| wrong(format!("{pointer} must be one of {}", words.join(", "))))
}

fn iban(body: &Value, pointer: &str) -> Read<Iban> {
    let found = text(body, pointer, 34)?;
    Iban::parse(found).map_err(|_| Wrong("AC01", format!("{pointer} is no IBAN")))
}

fn address(body: &Value, pointer: &str) -> Read<Url> {
    let url = Url::parse(text(body, pointer, 2000)?).ok();
    let url = url.filter(|url| matches!(url.scheme(), "https" | "http"));
    url.ok_or_else(|| wrong(format!("{pointer} is no address")))
}

/// Reads a payment request of this version.
pub(super) fn read(body: &Value, version: Version, today: NaiveDate) -> Read<Asked> {
    id(body, "/paymentInformationId")?;
    moment(body, "/creationDateTime")?;
    text(body, "/initiatingParty/name", MAX_NAME)?;
    one_of(body, "/paymentTypeInformation/serviceLevel", &["SEPA"])?;
    one_of(body, "/paymentTypeInformation/categoryPurpose", &["CASH", "DVPM"])?;
    if body
        .pointer("/paymentTypeInformation/localInstrument")
        .is_some_and(|i| !i.is_null())
    {
        one_of(body, "/paymentTypeInformation/localInstrument", &["INST"])?;
    }
    if body.get("chargeBearer").is_some() {
        one_of(body, "/chargeBearer", &["SLEV"])?;
    }
    let instructions = body.get("creditTransferTransaction").and_then(Value::as_array);
    let [instruction] = instructions.map(Vec::as_slice).unwrap_or_default() else {
        return Err(wrong("there must be exactly one creditTransferTransaction"));
    };
    if body.get("numberOfTransactions").and_then(Value::as_u64) != Some(1) {
        return Err(wrong("numberOfTransactions must be 1"));
    }
    id(instruction, "/paymentId/instructionId")?;
    let (creditor, account, dated) = places(body, instruction, version)?;
    let debtor = body.get("debtorAccount").is_some_and(|account| !account.is_null());
    Ok(Asked {
        minor: amount(instruction.get("instructedAmount"), version)?,
        creditor_iban: iban(account, "/creditorAccount/iban")?,
        creditor_name: text(creditor, "/creditor/name", MAX_NAME)?.to_owned(),
        debtor_iban: debtor.then(|| iban(body, "/debtorAccount/iban")).transpose()?,
        remittance: remittance(instruction, version)?,
        end_to_end: Some(id(instruction, "/paymentId/endToEndId")?.to_owned()),
        execution: execution(dated, today)?,
        success_url: report(body)?,
        failure_url: match body.pointer("/supplementaryData/unsuccessfulReportUrl") {
            None | Some(Value::Null) => None,
            Some(_) => Some(address(body, "/supplementaryData/unsuccessfulReportUrl")?),
        },
    })
}

/// Where the creditor, its account and the date stand in this version.
fn places<'a>(body: &'a Value, instruction: &'a Value, version: Version) -> Read<(&'a Value, &'a Value, &'a Value)> {
    let missing = || wrong("beneficiary is missing where this version has it");
    match version {
        Version::V1_4_0 => Ok((body, body, body)),
        Version::V1_4_2 => {
            let beneficiary = body.get("beneficiary").ok_or_else(missing)?;
            Ok((beneficiary, beneficiary, body))
        }
        Version::V1_5 => {
            let beneficiary = instruction.get("beneficiary").ok_or_else(missing)?;
            Ok((beneficiary, beneficiary, instruction))
        }
    }
}

/// The success address of a request that accepts to be redirected.
fn report(body: &Value) -> Read<Url> {
    let accepted = body.pointer("/supplementaryData/acceptedAuthenticationApproach");
    let redirect = accepted
        .and_then(Value::as_array)
        .is_some_and(|all| all.iter().any(|a| a == "REDIRECT"));
    if !redirect {
        return Err(wrong("acceptedAuthenticationApproach must have REDIRECT"));
    }
    address(body, "/supplementaryData/successfulReportUrl")
}

fn moment(body: &Value, pointer: &str) -> Read<NaiveDate> {
    let found = text(body, pointer, 40)?;
    let moment = DateTime::parse_from_rfc3339(found);
    moment
        .map(|m| m.date_naive())
        .map_err(|_| wrong(format!("{pointer} is no date-time")))
}

fn execution(body: &Value, today: NaiveDate) -> Read<NaiveDate> {
    let day = moment(body, "/requestedExecutionDate")?;
    match day >= today && day <= today + MAX_DAYS_AHEAD {
        true => Ok(day),
        false => Err(wrong("requestedExecutionDate must be from today to thirty days ahead")),
    }
}

fn remittance(instruction: &Value, version: Version) -> Read<Vec<String>> {
    let found = instruction.get("remittanceInformation");
    let (list, kind) = match version {
        Version::V1_5 => (
            found.and_then(|r| r.get("unstructured")),
            "an object with a list of texts in unstructured",
        ),
        Version::V1_4_0 | Version::V1_4_2 => (found, "a list of texts"),
    };
    let texts = |list: &Vec<Value>| {
        let line = |line: &Value| line.as_str().filter(|l| l.chars().count() <= MAX_NAME).map(str::to_owned);
        list.iter().map(line).collect::<Option<Vec<String>>>()
    };
    let list = list.and_then(Value::as_array).and_then(texts).filter(|list| !list.is_empty());
    list.ok_or_else(|| wrong(format!("remittanceInformation must be {kind}")))
}

/// A resource without what the bank itself adds to it, to see whether a TPP changed anything else.
pub(super) fn essence(resource: &Value) -> Value {
    const ADDED: [&str; 10] = [
        "resourceId",
        "paymentInformationStatus",
        "transactionStatus",
        "statusReasonInformation",
        "appliedAuthenticationApproach",
        "appliedAuthentication",
        "fundsAvailability",
        "booking",
        "debtorAccount",
        "debtor",
    ];
    match resource {
        Value::Object(fields) => {
            let own = fields
                .iter()
                .filter(|(name, value)| !ADDED.contains(&name.as_str()) && !value.is_null());
            let own: Map<String, Value> = own.map(|(name, value)| (name.clone(), essence(value))).collect();
            Value::Object(own)
        }
        Value::Array(items) => Value::Array(items.iter().map(essence).collect()),
        other => other.clone(),
    }
}
