//! The JSON of ePP: requests in PascalCase, answers in camelCase inside an envelope that is sometimes missing.

use super::protocol::Protocol;
use crate::bank::BankError;
use crate::bank::refusal::{MAX_CODE_CHARS, MAX_TEXT_CHARS, harmless};
use crate::payment::giro::Model;
use crate::payment::order::MAX_INSTRUCTIONS;
use crate::payment::text::for_bank;
use crate::payment::{Currency, Instruction, Order, PaymentId};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Longest refusal of one order kept, in characters.
const MAX_WHY_CHARS: usize = 200;
/// Longest id the bank may give, in bytes.
const MAX_ID_BYTES: usize = 64;

/// One payment order (`POST payment-orders`).
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PaymentOrder<'a> {
    payment_basis: String,
    payment_code: &'a str,
    /// A number with two decimals, exactly as it is written.
    amount: Box<RawValue>,
    debtor_bank_account: &'a str,
    debtor_code_model: &'a str,
    debtor_code: &'a str,
    creditor_name: String,
    creditor_address: String,
    creditor_bank_account: &'a str,
    creditor_code_model: &'a str,
    creditor_code: &'a str,
    urgent_payment: bool,
    external_id: String,
    user_tags: [String; 1],
    comment: &'a str,
}

/// What all orders of an attempt have in common, and what each has with its number from 1.
#[must_use]
pub fn tag(payment: PaymentId, attempt: u32) -> String {
    format!("SP{payment}-{attempt}")
}

/// Our own id of one order: the same order sent again has the same.
#[must_use]
pub fn external_id(payment: PaymentId, attempt: u32, seq: usize) -> String {
    format!("{}-{seq}", tag(payment, attempt))
}

/// The body of `POST payment-orders` and of `POST payment-orders/validate`.
///
/// # Errors
/// [`BankError::Unsupported`] for what is no order inside Serbia: another currency, an account elsewhere, no debtor
/// account, a standing order, none or too many, a creditor name without one sendable character.
pub fn orders(order: &Order, protocol: &Protocol) -> Result<Vec<u8>, BankError> {
    let count = order.instructions.len();
    let debtor = order.debtor_iban.as_ref().and_then(|iban| iban.serbian_account());
    let (Some(debtor), 1..=MAX_INSTRUCTIONS, None) = (debtor, count, &order.schedule) else {
        return Err(BankError::Unsupported);
    };
    let numbered = (1..).zip(&order.instructions);
    let orders = numbered.map(|(seq, i)| payment_order(order, i, seq, debtor, protocol));
    let orders = orders.collect::<Result<Vec<_>, _>>()?;
    serde_json::to_vec(&orders).map_err(|_| BankError::Unsupported)
}

fn payment_order<'a>(
    order: &Order,
    i: &'a Instruction,
    seq: usize,
    debtor: &'a str,
    protocol: &Protocol,
) -> Result<PaymentOrder<'a>, BankError> {
    let creditor = i.creditor_iban.serbian_account().ok_or(BankError::Unsupported)?;
    let giro = i.giro.as_ref().ok_or(BankError::Unsupported)?;
    let creditor_name = for_bank(&i.creditor_name, protocol.max_name_chars);
    if i.amount.currency != Currency::Rsd || creditor_name.is_empty() {
        return Err(BankError::Unsupported);
    }
    Ok(PaymentOrder {
        payment_basis: for_bank(&i.details, protocol.max_purpose_chars),
        payment_code: &giro.payment_code,
        amount: RawValue::from_string(i.amount.wire()).map_err(|_| BankError::Unsupported)?,
        debtor_bank_account: debtor,
        debtor_code_model: giro.debtor_model.map_or("", Model::as_str),
        debtor_code: giro.debtor_reference.as_deref().unwrap_or_default(),
        creditor_name,
        creditor_address: for_bank(giro.creditor_address.as_deref().unwrap_or_default(), protocol.max_name_chars),
        creditor_bank_account: creditor,
        creditor_code_model: giro.creditor_model.map_or("", Model::as_str),
        creditor_code: giro.creditor_reference.as_deref().unwrap_or_default(),
        urgent_payment: giro.urgent,
        external_id: external_id(order.payment, order.attempt, seq),
        user_tags: [tag(order.payment, order.attempt)],
        comment: &i.end_to_end_id,
    })
}

/// An answer without its envelope.
#[derive(Debug)]
pub struct Answered {
    /// What it carries; the whole answer where there is no envelope.
    pub payload: Value,
    /// The error's name, where the envelope has one although the HTTP status says success.
    pub error: Option<String>,
}

/// Reads an answer; `None` when it is not JSON.
#[must_use]
pub fn read(body: &[u8]) -> Option<Answered> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let Some(status) = body.get("status").filter(|status| status.is_object()) else {
        return (body.is_array() || body.is_object()).then_some(Answered {
            payload: body,
            error: None,
        });
    };
    let error = error_name(status);
    let payload = body.get_mut("payload").map(Value::take).unwrap_or_default();
    Some(Answered { payload, error })
}

/// The name of the error in `status`, `None` for success: a name stands in `code`, or beside a number in `message`.
fn error_name(status: &Value) -> Option<String> {
    let word = |text: &str| harmless(text, MAX_CODE_CHARS);
    match status.get("code")? {
        Value::String(code) if is_success(code) => None,
        Value::String(code) if code.bytes().all(|b| b.is_ascii_digit()) => Some(message(status).map_or_else(|| word(code), |m| word(&m))),
        Value::String(code) => Some(word(code)),
        Value::Number(code) if matches!(code.as_u64(), Some(0 | 200..=299)) => None,
        Value::Number(code) => Some(message(status).map_or_else(|| code.to_string(), |m| word(&m))),
        _ => None,
    }
}

fn is_success(code: &str) -> bool {
    code == "0" || ["ok", "success", "created"].contains(&code.to_ascii_lowercase().as_str()) || (code.len() == 3 && code.starts_with('2'))
}

fn message(of: &Value) -> Option<String> {
    let text = of.get("message")?.as_str()?.trim();
    (!text.is_empty()).then(|| harmless(text, MAX_TEXT_CHARS))
}

/// What became of one order of a `POST`.
#[derive(Debug, PartialEq, Eq)]
pub struct Created {
    /// The bank's id of it, where it was created.
    pub id: Option<String>,
    /// Our own id of it, where the answer repeats it.
    pub external_id: Option<String>,
    /// Why it was not.
    pub error: Option<String>,
}

/// Reads `[{model, error}]`; `None` when it is no list.
#[must_use]
pub fn created(payload: &Value) -> Option<Vec<Created>> {
    let one = |item: &Value| {
        let model = item.get("model").unwrap_or(item);
        Created {
            id: model.get("id").and_then(id),
            external_id: text(model, "externalId"),
            error: item.get("error").and_then(why),
        }
    };
    Some(payload.as_array()?.iter().take(MAX_INSTRUCTIONS).map(one).collect())
}

/// An error in words: a text, an object with a message, or several of them.
fn why(error: &Value) -> Option<String> {
    let words = match error {
        Value::String(text) => text.clone(),
        Value::Object(_) => message(error).or_else(|| text(error, "code")).unwrap_or_default(),
        Value::Array(several) => several.iter().filter_map(why).collect::<Vec<_>>().join("; "),
        Value::Bool(true) | Value::Number(_) => error.to_string(),
        Value::Null | Value::Bool(false) => return None,
    };
    let words = harmless(words.trim(), MAX_WHY_CHARS);
    // An empty list or text is how some say that nothing is wrong.
    (!words.is_empty()).then_some(words)
}

/// An id that can stand in an address as one segment.
fn id(value: &Value) -> Option<String> {
    let id = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_u64()?.to_string(),
        _ => return None,
    };
    let usable = !matches!(id.as_str(), "" | "." | "..") && id.len() <= MAX_ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic());
    usable.then_some(id)
}

/// A text of an object that says something.
#[must_use]
pub fn text(of: &Value, name: &str) -> Option<String> {
    let text = of.get(name)?.as_str()?.trim();
    (!text.is_empty()).then(|| harmless(text, MAX_WHY_CHARS))
}

/// The items of a list, which may stand in the payload itself or in a page of it.
#[must_use]
pub fn items(payload: &Value) -> Option<&[Value]> {
    let list = payload.as_array().or_else(|| {
        let names = ["items", "data", "results"];
        names.into_iter().find_map(|name| payload.get(name)?.as_array())
    });
    list.map(Vec::as_slice)
}

/// The id of the order with this external id in a list; `None` when it is not there.
#[must_use]
pub fn find(payload: &Value, external_id: &str) -> Option<String> {
    let found = items(payload)?
        .iter()
        .find(|item| text(item, "externalId").as_deref() == Some(external_id));
    found?.get("id").and_then(id)
}

/// The caller's own id and the bank's id of each order in a list that has both.
#[must_use]
pub fn listed(payload: &Value) -> Vec<(String, String)> {
    let one = |item: &Value| Some((text(item, "externalId")?, item.get("id").and_then(id)?));
    items(payload).unwrap_or_default().iter().filter_map(one).collect()
}

/// How one order stands (`GET payment-orders/{id}`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The tag of a started payment (`pa-…`) that still waits for its code.
    pub started: Option<String>,
    /// The code was right: the tag of the payment (`p-…`) is there, or its execution has begun.
    pub confirmed: bool,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The money left the account.
    Paid,
    /// It was not paid, and why, where the bank says so.
    NotPaid(Option<String>),
}

/// Reads an order. It counts as paid only with the transaction's id, its end and the day of payment; as not paid
/// only when the transaction has ended with a message and without a day of payment. `None` when it is no order.
#[must_use]
pub fn standing(payload: &Value) -> Option<Standing> {
    payload.get("id").and_then(id)?;
    let tags: Vec<&str> = match payload.get("systemTags") {
        Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(tags)) => tags.split([',', ';', ' ']).collect(),
        _ => Vec::new(),
    };
    let of = |prefix: &str| {
        tags.iter()
            .find(|tag| tag.starts_with(prefix))
            .map(|tag| harmless(tag, MAX_ID_BYTES))
    };
    let says = |name: &str| text(payload, name).is_some() || payload.get(name).is_some_and(Value::is_number);
    let message = text(payload, "transactionMessage");
    let ended = match (says("transactionEndDate"), says("transactionId"), says("paymentDate")) {
        (true, true, true) => Some(Ended::Paid),
        (true, _, false) if message.is_some() => Some(Ended::NotPaid(message)),
        _ => None,
    };
    Some(Standing {
        started: of("pa-"),
        confirmed: of("p-").is_some() || says("transactionStartDate") || ended.is_some(),
        ended,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_read_with_and_without_its_envelope() {
        let read = |body: Value| read(body.to_string().as_bytes()).map(|a| (a.payload, a.error));
        assert_eq!(read(json!([1])), Some((json!([1]), None)));
        for code in [json!(200), json!(0), json!("OK"), json!("200"), json!("Success")] {
            let body = json!({"status": {"code": code, "message": "x"}, "payload": {"a": 1}});
            assert_eq!(read(body), Some((json!({"a": 1}), None)), "{code}");
        }
        for (status, name) in [
            (json!({"code": "InvalidToken"}), "InvalidToken"),
            (json!({"code": 400, "message": "UsedToken"}), "UsedToken"),
            (json!({"code": "400", "message": "InvalidToken"}), "InvalidToken"),
            (json!({"code": 409}), "409"),
        ] {
            assert_eq!(read(json!({"status": status})), Some((Value::Null, Some(name.into()))));
        }
        assert_eq!(read(json!("text")), None);
    }

    #[test]
    fn errors_of_single_orders_are_told_from_none() {
        let list = json!([
            {"model": {"id": 7, "externalId": "A"}, "error": null},
            {"model": {"externalId": "B"}, "error": {"code": "InvalidAccount", "message": "Račun ne postoji"}},
            {"model": {"externalId": "C"}, "error": ["Iznos\u{202e}", "Šifra"]},
            {"model": {"id": "d-1"}, "error": ""},
        ]);
        let read: Vec<_> = created(&list).unwrap().into_iter().map(|c| (c.id, c.error)).collect();
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(
            read,
            [
                (text("7"), None),
                (None, text("Račun ne postoji")),
                (None, text("Iznos; Šifra")),
                (text("d-1"), None)
            ]
        );
        assert_eq!(created(&json!({"model": 1})), None);
    }

    #[test]
    fn an_order_has_ended_only_when_the_bank_says_so_in_full() {
        let of = |more: Value| {
            let mut order = json!({"id": 1, "systemTags": ["pa-1"]});
            order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            standing(&order).unwrap()
        };
        let end = "2026-11-23T09:00:00";
        assert_eq!((of(json!({})).started.as_deref(), of(json!({})).confirmed), (Some("pa-1"), false));
        assert!(of(json!({"systemTags": "p-9"})).confirmed);
        for (more, ended) in [
            (json!({"transactionId": "T", "transactionStartDate": end}), None),
            (json!({"transactionId": "T", "transactionEndDate": end}), None),
            (json!({"transactionEndDate": end, "paymentDate": end}), None),
            (
                json!({"transactionId": "T", "transactionEndDate": end, "paymentDate": end}),
                Some(Ended::Paid),
            ),
            (
                json!({"transactionEndDate": end, "transactionMessage": "Nema sredstava"}),
                Some(Ended::NotPaid(Some("Nema sredstava".into()))),
            ),
            (json!({"transactionMessage": "u obradi"}), None),
        ] {
            assert_eq!(of(more.clone()).ended, ended, "{more}");
        }
        assert_eq!(standing(&json!({"systemTags": []})), None, "not an order");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "\\PC{0,80}") {
            let _ = read(&bytes);
            let value = json!({"status": {"code": text, "message": text}, "payload": [{"model": {"id": text}, "error": text}]});
            let answered = read(value.to_string().as_bytes()).unwrap();
            for created in created(&answered.payload).unwrap() {
                prop_assert!(created.error.is_none_or(|e| e.chars().count() <= MAX_WHY_CHARS));
                prop_assert!(created.id.is_none_or(|id| id.len() <= MAX_ID_BYTES));
            }
            let _ = standing(&answered.payload[0]["model"]);
        }
    }
}
