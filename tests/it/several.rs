//! Several payments in one authorisation, from the ERP's call to the bank's answer of each.

use crate::support::TestApp;
use crate::support::partner::{a_list, list_of};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn the_partner_reads_each_payment_of_its_list() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let list = list_of(&[json!({ "endToEndId": "F-2026/1" }), json!({}), json!({ "endToEndId": 77 })]);
    let started = erp.start_with(&list).await;
    let id = started.tokens.payment;
    let status = erp.status(&started.tokens).await.good().json;
    assert_eq!((&status["amount"], &status["currency"]), (&json!("34.50"), &json!("RON")));
    assert_eq!(status["creditorIban"], Value::Null, "there are several");
    let line = |end_to_end_id: &str, amount: &str| json!({ "endToEndId": end_to_end_id, "amount": amount, "currency": "RON", "creditorIban": "RO66BACX0000001234567890", "transactionStatus": "INIT" });
    let ours = format!("SP{id}-2");
    assert_eq!(
        status["payments"],
        json!([line("F-2026/1", "10.50"), line(&ours, "11.50"), line("77", "12.50")])
    );
    // A list of one keeps its form; an order without a list has none.
    let one = erp.start_with(&a_list(1)).await;
    let status = erp.status(&one.tokens).await.good().json;
    assert_eq!(status["payments"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["creditorIban"], "RO66BACX0000001234567890");
    let plain = erp.start(json!({})).await;
    let status = erp.status(&plain.tokens).await.good().json;
    for absent in ["payments", "startDate", "Frequency", "dayOfExecution"] {
        assert_eq!(status.get(absent), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_are_stored_at_once() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let long = json!({ "creditorName": "ă".repeat(70), "details": "ș".repeat(140) });
    let list = list_of(&vec![long; 5000]);
    let body = serde_json::to_vec(&list).unwrap().len();
    assert!(body > 2_000_000, "longer than any other call: {body}");
    let began = Instant::now();
    let started = erp.start_with(&list).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    let status = erp.status(&started.tokens).await.good().json;
    assert_eq!(status["payments"].as_array().map(Vec::len), Some(5000));
    assert_eq!(status["amount"], total(5000));
}

/// The sum of [`a_list`].
fn total(n: i64) -> String {
    let minor: i64 = (0..n).map(|i| (i + 10) * 100 + 50).sum();
    format!("{}.{:02}", minor / 100, minor % 100)
}
