//! Several instructions, authorised once.

use super::support::{Answer, Banks, payment, refused};
use crate::sandbox::scenarios::CLOSED_ACCOUNT;
use crate::sandbox::{BankCode, LedgerEvent, Word, customers};
use serde_json::{Value, json};

/// One instruction per amount, with end-to-end ids `E2E-0`, `E2E-1`, ….
fn bulk(amounts: &[&str]) -> Value {
    let one = |(i, amount): (usize, &&str)| {
        let mut body = payment(amount);
        body["endToEndIdentification"] = format!("E2E-{i}").into();
        body
    };
    json!({ "batchBookingPreferred": false, "payments": amounts.iter().enumerate().map(one).collect::<Vec<_>>() })
}

/// Brings an order at the bank with codes and authorises it. Returns its path.
async fn authorised(banks: &Banks, psu_id: &str, body: &Value) -> String {
    let (_, path) = banks.order(BankCode::Cod, None, body).await;
    let id = banks.authorise(&path, Some(psu_id)).await.text("/authorisationId");
    let (code, path_of) = (banks.sandbox.codes_for(psu_id).pop(), format!("{path}/authorisations/{id}"));
    let code = match code {
        Some(code) => code,
        None => {
            banks.put(&path_of, json!({ "authenticationMethodId": "app" })).await;
            banks.sandbox.codes_for(psu_id).pop().unwrap()
        }
    };
    let done = banks.put(&path_of, json!({ "scaAuthenticationData": code })).await;
    assert_eq!(done.text("/scaStatus"), "finalised");
    path
}

/// End-to-end id and word of each instruction, as the resource shows them.
async fn words(banks: &Banks, path: &str) -> Vec<(String, String)> {
    let body = banks.get(path).await.body;
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let one = |p: &Value| (text(&p["endToEndIdentification"]), text(&p["transactionStatus"]));
    body["payments"].as_array().unwrap().iter().map(one).collect()
}

fn expected(words: &[&str]) -> Vec<(String, String)> {
    let one = |(i, word): (usize, &&str)| (format!("E2E-{i}"), (*word).to_owned());
    words.iter().enumerate().map(one).collect()
}

/// What was booked: end-to-end id and minor units.
fn booked(banks: &Banks) -> Vec<(String, i64)> {
    let booking = |event| match event {
        LedgerEvent::Booked { end_to_end, money, .. } => Some((end_to_end.unwrap(), money.minor)),
        _ => None,
    };
    banks.sandbox.ledger().into_iter().filter_map(|e| booking(e.event)).collect()
}

#[tokio::test]
async fn every_instruction_is_booked_on_its_own() {
    let banks = Banks::start();
    let path = authorised(&banks, "100101", &bulk(&["10.00", "20.00", "30.50"])).await;
    assert_eq!(words(&banks, &path).await, expected(&["RCVD"; 3]));
    banks.settle();
    assert_eq!(banks.word(&path).await, "ACSC");
    assert_eq!(words(&banks, &path).await, expected(&["ACSC"; 3]));
    let bookings = [("E2E-0", 1_000), ("E2E-1", 2_000), ("E2E-2", 3_050)];
    assert_eq!(booked(&banks), bookings.map(|(id, minor)| (id.to_owned(), minor)));
    let ana = customers::by_user("ana").unwrap().accounts(BankCode::Cod)[0].iban;
    assert_eq!(banks.sandbox.balance_minor(ana), Some(1_250_000 - 6_050));
    assert_eq!(banks.sandbox.orders()[0].received.money.minor, 6_050);
    let elsewhere = banks.get(&path.replace("bulk-payments", "payments")).await;
    assert_eq!(elsewhere.refusal(), refused(404, "RESOURCE_UNKNOWN", "paymentId"));
}

#[tokio::test]
async fn what_the_money_does_not_reach_for_fails_alone() {
    let banks = Banks::start();
    // Stefan has 250.00 RON: the second instruction is over what the first one leaves, the third is not.
    let path = authorised(&banks, "100104", &bulk(&["200.00", "60.00", "50.00"])).await;
    banks.settle();
    assert_eq!(banks.word(&path).await, "PART");
    assert_eq!(words(&banks, &path).await, expected(&["ACSC", "RJCT", "ACSC"]));
    assert_eq!(booked(&banks).len(), 2);
    let stefan = customers::by_user("stefan").unwrap().accounts(BankCode::Cod)[0].iban;
    assert_eq!(banks.sandbox.balance_minor(stefan), Some(0));
}

#[tokio::test]
async fn a_closed_creditor_fails_alone_and_nothing_but_failures_is_a_refusal() {
    let banks = Banks::start();
    let mut body = bulk(&["10.00", "20.00"]);
    body["payments"][0]["creditorAccount"]["iban"] = CLOSED_ACCOUNT.into();
    let (created, path) = banks.order(BankCode::Link, None, &body).await;
    let to_bank = created.text("/_links/scaRedirect/href");
    let all = bulk(&["10.00", "20.00"]);
    banks.visit(&to_bank, "ana", "da").await;
    let (created, poor) = banks.order(BankCode::Link, None, &all).await;
    banks.visit(&created.text("/_links/scaRedirect/href"), "elena", "da").await;
    banks.settle();
    assert_eq!(banks.word(&path).await, "PART");
    assert_eq!(words(&banks, &path).await, expected(&["RJCT", "ACSC"]));
    assert_eq!(banks.word(&poor).await, "RJCT");
    assert_eq!(words(&banks, &poor).await, expected(&["RJCT", "RJCT"]));
    assert_eq!(booked(&banks), [("E2E-1".to_owned(), 2_000)]);
}

#[tokio::test]
async fn five_thousand_instructions_are_one_order_and_one_more_is_none() {
    let banks = Banks::start();
    let body = bulk(&["0.01"; 5000]);
    let path = authorised(&banks, "100105", &body).await;
    banks.settle();
    assert_eq!(banks.word(&path).await, "ACSC");
    assert_eq!(booked(&banks).len(), 5000);
    let post = async |body: &Value| {
        let answer = banks
            .post("/cod/v1/bulk-payments/sepa-credit-transfers", body)
            .send()
            .await
            .unwrap();
        Answer::of(answer).await.refusal()
    };
    let too_many = post(&bulk(&["0.01"; 5001])).await;
    assert_eq!(too_many, refused(400, "FORMAT_ERROR", "payments"));
    assert_eq!(post(&bulk(&[])).await, refused(400, "FORMAT_ERROR", "payments"));
    let mut mixed = bulk(&["1.00", "1.00"]);
    mixed["payments"][1]["instructedAmount"]["currency"] = "EUR".into();
    assert_eq!(post(&mixed).await.2, "payments/1/instructedAmount/currency");
    mixed["payments"][1]["creditorName"] = "Ș".into();
    assert_eq!(post(&mixed).await.2, "payments/1/creditorName");
    let huge = bulk(&["99999999999999.99"; 2000]);
    assert!(post(&huge).await.2.ends_with("instructedAmount/amount"));
    assert_eq!(banks.sandbox.orders().iter().filter(|o| o.status == Word::Acsc).count(), 1);
}

#[tokio::test]
async fn the_psu_sees_what_the_order_holds_and_says_yes_once() {
    let banks = Banks::start();
    let (created, path) = banks.order(BankCode::Link, None, &bulk(&["1.25"; 12])).await;
    let url = created.text("/_links/scaRedirect/href");
    let arrived = banks.http.get(&url).send().await.unwrap();
    let cookie = arrived.headers()["Set-Cookie"].to_str().unwrap().to_owned();
    let visit = format!("{}{}", banks.base, arrived.headers()["Location"].to_str().unwrap());
    let page = banks.http.get(visit).header("Cookie", cookie.split(';').next().unwrap());
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("15,00 RON") && page.contains("1,25 RON") && page.contains("și încă"));
    banks.visit(&url, "ana", "nu").await;
    assert_eq!(banks.word(&path).await, "RJCT");
    assert_eq!(booked(&banks), []);
}
