//! The faults that a test orders.

use super::support::{Answer, Banks, payment};
use crate::sandbox::{BankCode, Fault, Operation};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_fault_waits_for_its_bank_and_its_call() {
    let banks = Banks::start();
    banks.sandbox.fail_next_at(BankCode::Brd, Operation::Authorise, Fault::Status(503));
    banks.sandbox.fail_next(Operation::Authorise, Fault::Status(502));
    let (_, pasi) = banks.order(BankCode::Pasi, None, &payment("10.00")).await;
    let (_, brd) = banks.order(BankCode::Brd, None, &payment("10.00")).await;
    assert_eq!(banks.authorise(&brd, Some("30001001")).await.status, 503);
    assert_eq!(banks.authorise(&pasi, None).await.status, 502);
    assert_eq!(banks.authorise(&pasi, None).await.status, 201);
    let started = banks.authorise(&brd, Some("30001001")).await;
    let sca = format!("{brd}/authorisations/{}", started.text("/authorisationId"));
    banks
        .sandbox
        .fail_next_at(BankCode::Brd, Operation::ScaStatus, Fault::TooManyRequests { retry_after_s: 7 });
    let busy = banks.call(reqwest::Method::GET, &sca).send().await.unwrap();
    assert_eq!(
        (busy.status().as_u16(), busy.headers()["Retry-After"].to_str().unwrap()),
        (429, "7")
    );
    assert_eq!(banks.get(&sca).await.text("/scaStatus"), "received");
}

#[tokio::test]
async fn an_answer_can_be_empty_huge_or_never_come() {
    let banks = Banks::start();
    let (_, path) = banks.order(BankCode::Cod, None, &payment("10.00")).await;
    let started = banks.authorise(&path, Some("100101")).await;
    let sca = format!("{path}/authorisations/{}", started.text("/authorisationId"));
    let code = json!({ "scaAuthenticationData": banks.sandbox.codes_for("ana")[0] });
    banks.sandbox.fail_next(Operation::Status, Fault::Huge);
    let status = banks.call(reqwest::Method::GET, &format!("{path}/status")).send().await.unwrap();
    let bytes = status.bytes().await.unwrap();
    assert!(bytes.len() > 20_000_000 && bytes.ends_with(b"\"RCVD\"}"));
    banks.sandbox.fail_next(Operation::PutAuthorisation, Fault::Hang);
    let put = banks.call(reqwest::Method::PUT, &sca).header("Content-Type", "application/json");
    let put = put.body(code.to_string()).timeout(Duration::from_millis(300)).send().await;
    assert!(put.unwrap_err().is_timeout());
    assert!(banks.sandbox.orders()[0].is_waiting());
    banks.sandbox.fail_next(Operation::PutAuthorisation, Fault::EmptyBody);
    let empty = banks.put(&sca, code).await;
    assert_eq!((empty.status, empty.body), (200, serde_json::Value::Null));
    assert!(banks.sandbox.orders()[0].authorised.is_some());
    banks.sandbox.fail_next(Operation::Initiate, Fault::HangAfterEffect);
    let post = banks.post("/cod/v1/payments/sepa-credit-transfers", &payment("10.00"));
    let post = post.timeout(Duration::from_millis(300)).send().await;
    assert!(post.unwrap_err().is_timeout());
    assert_eq!(banks.sandbox.orders().len(), 2);
}

#[tokio::test]
async fn a_call_that_hangs_does_not_hold_up_the_end() {
    let banks = Banks::start();
    banks.sandbox.fail_next(Operation::Initiate, Fault::Hang);
    let post = banks.post("/cod/v1/payments/sepa-credit-transfers", &payment("10.00"));
    let hanging = tokio::spawn(post.send());
    // The fault is taken when the call has arrived.
    while banks.sandbox.has_faults() {
        tokio::task::yield_now().await;
    }
    let stopped = tokio::time::timeout(Duration::from_secs(10), banks.server.stop(true)).await;
    assert!(stopped.is_ok());
    assert!(hanging.await.unwrap().is_err());
    let after = banks.post("/cod/v1/payments/sepa-credit-transfers", &payment("10.00")).send().await;
    assert!(after.map(Answer::of).is_err());
}
