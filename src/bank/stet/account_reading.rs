//! What a STET bank tells of accounts (HAL, ISO 20022 words): read leniently, kept short.

use super::address::{is_bank_id, next_page};
use crate::bank::accounts::{Account, Balance, Beneficiary, Money, Page, Transaction};
use crate::bank::refusal::harmless;
use crate::payment::Iban;
use serde_json::Value;
use url::Url;

/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 140;
/// Longest remittance information kept, in characters.
const MAX_REMITTANCE_CHARS: usize = 560;
/// Longest word, date or id kept, in characters.
const MAX_WORD_CHARS: usize = 100;
/// Most items of one page; a bank that sends more is not read further.
const MAX_ITEMS: usize = 10_000;

fn text(value: Option<&Value>, max_chars: usize) -> Option<String> {
    let text = harmless(value?.as_str()?, max_chars);
    (!text.trim().is_empty()).then_some(text)
}

fn word(of: &Value, field: &str) -> Option<String> {
    text(of.get(field), MAX_WORD_CHARS)
}

fn items<'a>(body: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    body.get(field).and_then(Value::as_array).into_iter().flatten().take(MAX_ITEMS)
}

/// The query that asks for the next page, when there is one.
pub(super) fn next(body: &Value, asked: &Url) -> Option<String> {
    next_page(body.pointer("/_links/next/href")?.as_str()?, asked)
}

/// Text or number, with at most two decimals that count, as hundredths.
fn hundredths(value: &Value) -> Option<i64> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let decimals = decimals.trim_end_matches('0');
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || decimals.len() > 2 || !all_digits(whole) || !all_digits(decimals) {
        return None;
    }
    let all: i64 = format!("{whole}{decimals:0<2}").parse().ok()?;
    Some(if negative { -all } else { all })
}

fn money(value: &Value) -> Option<Money> {
    let currency = value.get("currency")?.as_str()?;
    let good = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    good.then_some(Money {
        hundredths: hundredths(value.get("amount")?)?,
        currency: currency.to_owned(),
    })
}

fn balance(value: &Value) -> Option<Balance> {
    Some(Balance {
        kind: word(value, "balanceType")?,
        amount: money(value.get("balanceAmount")?)?,
        at: word(value, "referenceDate").or_else(|| word(value, "lastChangeDateTime")),
    })
}

/// `GET …/balances`; `None` when the answer is none.
pub(super) fn balances(body: &Value) -> Option<Vec<Balance>> {
    body.get("balances")?.as_array()?;
    Some(items(body, "balances").filter_map(balance).collect())
}

fn account(value: &Value) -> Option<Account> {
    let id = value.get("resourceId")?.as_str().filter(|id| is_bank_id(id))?.to_owned();
    let iban = value.pointer("/accountId/iban").and_then(Value::as_str);
    let currency = [value.pointer("/accountId/currency"), value.get("currency")];
    let currency = currency.into_iter().find_map(|c| text(c, 3).filter(|c| c.len() == 3));
    Some(Account {
        id,
        iban: iban.and_then(|text| Iban::parse(text).ok()),
        name: text(value.get("name"), MAX_NAME_CHARS).or_else(|| text(value.get("details"), MAX_NAME_CHARS)),
        currency: currency.unwrap_or_else(|| "EUR".to_owned()),
        status: word(value, "psuStatus"),
        balances: items(value, "balances").filter_map(balance).collect(),
    })
}

/// `GET /accounts`; `None` when the answer is none. An account without an id cannot be asked about and is left out.
pub(super) fn accounts(body: &Value, asked: &Url) -> Option<Page<Account>> {
    body.get("accounts")?.as_array()?;
    Some(Page {
        items: items(body, "accounts").filter_map(account).collect(),
        next: next(body, asked),
    })
}

/// How the bank names the accounts in a consent.
pub(super) fn account_ids(body: &Value) -> Vec<Value> {
    let id = |account: &Value| {
        let iban = account.pointer("/accountId/iban").and_then(Value::as_str);
        match iban.and_then(|text| Iban::parse(text).ok()) {
            Some(iban) => Some(serde_json::json!({ "iban": iban.electronic() })),
            None => {
                let other = account.pointer("/accountId/other").filter(|o| o.is_object())?;
                Some(serde_json::json!({ "other": other }))
            }
        }
    };
    items(body, "accounts").filter_map(id).collect()
}

fn transaction(value: &Value) -> Option<Transaction> {
    let booked = match value.get("status")?.as_str()? {
        "BOOK" => true,
        "PDNG" | "FUTR" => false,
        // RJCT did not happen; INFO and OTHR are no entries.
        _ => return None,
    };
    let mut amount = money(value.get("transactionAmount")?)?;
    let debit = value.get("creditDebitIndicator").and_then(Value::as_str) == Some("DBIT");
    amount.hundredths = if debit { -amount.hundredths.abs() } else { amount.hundredths };
    // The other side: who is paid by a debit, who pays a credit.
    let (party, account) = if debit {
        ("creditor", "creditorAccount")
    } else {
        ("debtor", "debtorAccount")
    };
    let related = |part: &str, field: &str| value.pointer(&format!("/relatedParties/{part}/{field}"));
    Some(Transaction {
        id: word(value, "resourceId").or_else(|| word(value, "entryReference")),
        booked,
        amount,
        booking_date: word(value, "bookingDate").or_else(|| word(value, "expectedBookingDate")),
        value_date: word(value, "valueDate"),
        counterparty_name: text(related(party, "name"), MAX_NAME_CHARS),
        counterparty_iban: text(related(account, "iban"), 34),
        remittance: remittance(value),
        end_to_end_id: word(value, "endToEndId"),
    })
}

/// A list of texts until 1.4.2, an object around it from 1.5 on.
fn remittance(value: &Value) -> Option<String> {
    let given = value.get("remittanceInformation")?;
    let lines = given.get("unstructured").unwrap_or(given);
    let joined = match lines {
        Value::String(one) => one.clone(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => return None,
    };
    text(Some(&Value::String(joined)), MAX_REMITTANCE_CHARS)
}

/// `GET …/transactions`; `None` when the answer is none.
pub(super) fn transactions(body: &Value, asked: &Url) -> Option<Page<Transaction>> {
    body.get("transactions")?.as_array()?;
    Some(Page {
        items: items(body, "transactions").filter_map(transaction).collect(),
        next: next(body, asked),
    })
}

/// `GET /end-user-identity`: 1.4.2 and 1.5 have the name in `identity`, 1.4.0 beside the links.
pub(super) fn identity(body: &Value) -> Option<String> {
    let names = [
        body.pointer("/identity/fullName"),
        body.pointer("/connectedPsu"),
        body.pointer("/identity"),
    ];
    names.into_iter().find_map(|name| text(name, MAX_NAME_CHARS))
}

/// `GET /trusted-beneficiaries`; `None` when the answer is none.
pub(super) fn beneficiaries(body: &Value, asked: &Url) -> Option<Page<Beneficiary>> {
    body.get("beneficiaries")?.as_array()?;
    let one = |value: &Value| {
        Some(Beneficiary {
            name: text(value.pointer("/creditor/name"), MAX_NAME_CHARS)?,
            iban: text(value.pointer("/creditorAccount/iban"), 34),
            trusted: value.get("isTrusted").and_then(Value::as_bool).unwrap_or_default(),
        })
    };
    Some(Page {
        items: items(body, "beneficiaries").filter_map(one).collect(),
        next: next(body, asked),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn amounts_of_every_make_are_hundredths_and_nothing_else_is() {
        for (value, read) in [
            (json!("4348.95"), Some(434_895)),
            (json!(4348.95), Some(434_895)),
            (json!("-20000.00"), Some(-2_000_000)),
            (json!(-20000.0), Some(-2_000_000)),
            (json!(7), Some(700)),
            (json!("10.5"), Some(1050)),
            (json!("0"), Some(0)),
            (json!("1.234"), None),
            (json!("1,20"), None),
            (json!("1e3"), None),
            (json!(1e30), None),
            (json!("9999999999999999"), None),
            (json!("--1"), None),
            (json!("."), None),
            (json!(null), None),
        ] {
            assert_eq!(hundredths(&value), read, "{value}");
        }
    }

    #[test]
    fn transactions_have_a_sign_and_another_side() {
        let body = json!({"transactions": [
            {"entryReference": "AF5T2", "transactionAmount": {"currency": "EUR", "amount": "12.25"}, "creditDebitIndicator": "DBIT",
             "status": "BOOK", "bookingDate": "2026-11-20", "remittanceInformation": ["SEPA", "TRANSFER\u{202e}"],
             "relatedParties": {"creditor": {"name": "Shop"}, "creditorAccount": {"iban": "FR7613807008043001965405158"}, "debtor": {"name": "Me"}}},
            {"transactionAmount": {"currency": "EUR", "amount": 3}, "creditDebitIndicator": "CRDT", "status": "PDNG",
             "remittanceInformation": {"unstructured": ["pay"]}, "relatedParties": {"debtor": {"name": "Boss"}}},
            {"transactionAmount": {"currency": "EUR", "amount": 3}, "creditDebitIndicator": "CRDT", "status": "RJCT"},
            {"status": "BOOK"}, 7],
            "_links": {"next": {"href": "transactions?page=2"}}});
        let asked = Url::parse("https://bank.example/accounts/1/transactions").unwrap();
        let page = transactions(&body, &asked).unwrap();
        assert_eq!((page.items.len(), page.next.as_deref()), (2, Some("page=2")));
        let out = &page.items[0];
        assert!(out.booked && out.amount.hundredths == -1225 && out.id.as_deref() == Some("AF5T2"));
        assert_eq!(out.counterparty_name.as_deref(), Some("Shop"));
        assert_eq!(out.remittance.as_deref(), Some("SEPA TRANSFER"));
        let coming = &page.items[1];
        assert!(!coming.booked && coming.amount.hundredths == 300 && coming.counterparty_name.as_deref() == Some("Boss"));
        assert_eq!(coming.remittance.as_deref(), Some("pay"));
    }

    #[test]
    fn an_account_that_cannot_be_asked_about_is_none() {
        let body = json!({"accounts": [
            {"resourceId": "A1", "accountId": {"iban": "FR7613807008043001965405158", "currency": "EUR"}, "name": "CPT",
             "balances": [{"name": "b", "balanceType": "CLBD", "balanceAmount": {"currency": "EUR", "amount": "4348.95"}}, {}]},
            {"resourceId": "../x y", "name": "hostile"}, {"name": "none"}, {"resourceId": "C1", "accountId": {"other": {"identification": "1"}}}]});
        let page = accounts(&body, &Url::parse("https://bank.example/accounts").unwrap()).unwrap();
        let ids: Vec<_> = page.items.iter().map(|a| a.id.as_str()).collect();
        assert_eq!(ids, ["A1", "C1"]);
        assert_eq!(page.items[0].balances[0].amount.hundredths, 434_895);
        assert_eq!(account_ids(&body).len(), 2);
    }

    proptest! {
        #[test]
        fn no_answer_panics(text in "\\PC{0,200}") {
            let asked = Url::parse("https://bank.example/accounts").unwrap();
            for field in ["accounts", "transactions", "beneficiaries", "balances"] {
                let body = json!({ field: [{ "name": text, "resourceId": text, "status": "BOOK", "creditor": { "name": text },
                    "transactionAmount": { "amount": text, "currency": text } }], "_links": { "next": { "href": text } } });
                let _ = (accounts(&body, &asked), transactions(&body, &asked), beneficiaries(&body, &asked), balances(&body), identity(&body));
            }
        }
    }
}
