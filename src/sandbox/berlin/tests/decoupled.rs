//! The banks that ask on the telephone.

use super::support::{Answer, Banks, STEP, payment, refused};
use crate::sandbox::{BankCode, Word};
use serde_json::json;

#[tokio::test]
async fn brd_is_started_with_the_psu_id_and_writes_odd_json() {
    let banks = Banks::start();
    let (created, path) = banks.order(BankCode::Brd, None, &payment("123.50")).await;
    assert_eq!(created.approach.as_deref(), Some("DECOUPLED"));
    assert_eq!(
        created.text("/_links/startAuthorisationWithPsuIdentification"),
        format!("{}{path}/authorisations", banks.base)
    );
    assert_eq!(created.body["transactionFeeIndicator"], "false");
    let started = banks.authorise(&path, Some("30001001")).await;
    assert_eq!((started.status, started.approach.as_deref()), (201, Some("DECOUPLED")));
    assert_eq!(started.text("/scaStatus"), "received");
    assert!(started.text("/_links/psuMessage").contains("telefon") && started.body.get("psuMessage").is_none());
    let sca = started.text("/_links/scaStatus").replace(&banks.base, "");
    assert_eq!(sca, format!("{path}/authorisations/{}", started.text("/authorisationId")));
    for word in ["received", "psuIdentified", "started"] {
        assert_eq!(banks.get(&sca).await.text("/scaStatus"), word);
        banks.clock.advance(STEP);
    }
    assert_eq!(banks.sandbox.approve_on_phone("ana").as_deref(), path.rsplit('/').next());
    assert_eq!(banks.get(&sca).await.text("/scaStatus"), "finalised");
    for word in ["RCVD", "ACCP", "ACTC", "ACSP", "ACSC", "ACSC"] {
        let status = banks.get(&format!("{path}/status")).await;
        assert_eq!(status.text("/transactionStatus"), word);
        let funds = (word == "ACTC").then_some("true");
        assert_eq!(status.body["fundsAvailable"].as_str(), funds, "a boolean as a string");
        banks.clock.advance(STEP);
    }
    let ana = crate::sandbox::customers::by_user("ana").unwrap().accounts(BankCode::Brd)[0].iban;
    assert_eq!(banks.sandbox.balance_minor(ana), Some(1_250_000 - 12_350));
}

#[tokio::test]
async fn a_psu_id_is_checked_and_a_refusal_on_the_phone_ends_the_order() {
    let banks = Banks::start();
    let (_, path) = banks.order(BankCode::Brd, None, &payment("10.00")).await;
    let bad = refused(400, "FORMAT_ERROR", "PSU-ID");
    for psu_id in [None, Some("3000100"), Some("50001001"), Some("3000100a"), Some("300010011")] {
        assert_eq!(banks.authorise(&path, psu_id).await.refusal(), bad, "{psu_id:?}");
    }
    let unknown = banks.authorise(&path, Some("39999999")).await;
    assert_eq!(unknown.refusal(), refused(401, "PSU_CREDENTIALS_INVALID", ""));
    assert_eq!(banks.events(), ["order_received"]);
    let started = banks.authorise(&path, Some("40002001")).await;
    let sca = format!("{path}/authorisations/{}", started.text("/authorisationId"));
    assert_eq!(banks.sandbox.refuse_on_phone("ana"), None);
    assert!(banks.sandbox.refuse_on_phone("40002001").is_some());
    assert_eq!(banks.get(&sca).await.text("/scaStatus"), "failed");
    assert_eq!(banks.word(&path).await, "RJCT");
    assert_eq!(banks.sandbox.approve_on_phone("mihai"), None);
}

#[tokio::test]
async fn a_new_authorisation_replaces_the_one_before() {
    let banks = Banks::start();
    let (_, path) = banks.order(BankCode::Brd, None, &payment("10.00")).await;
    let first = banks.authorise(&path, Some("30001001")).await.text("/authorisationId");
    let second = banks.authorise(&path, Some("40002001")).await.text("/authorisationId");
    let list = banks.get(&format!("{path}/authorisations")).await;
    assert_eq!(list.body, json!({ "authorisationIds": [first, second] }));
    assert_eq!(banks.sandbox.approve_on_phone("ana"), None);
    assert!(banks.sandbox.approve_on_phone("mihai").is_some());
    let word = async |id: &str| banks.get(&format!("{path}/authorisations/{id}")).await.text("/scaStatus");
    assert_eq!((word(&first).await, word(&second).await), ("failed".into(), "finalised".into()));
    let missing = banks.get(&format!("{path}/authorisations/none")).await;
    assert_eq!(missing.refusal(), refused(404, "RESOURCE_UNKNOWN", "authorisationId"));
}

#[tokio::test]
async fn mobil_pushes_the_request_with_the_order() {
    let banks = Banks::start();
    let orders = "/mobil/v1/payments/sepa-credit-transfers";
    let without = banks.post(orders, &payment("10.00")).send().await.unwrap();
    assert_eq!(Answer::of(without).await.refusal(), refused(400, "FORMAT_ERROR", "PSU-ID"));
    let unknown = banks
        .post(orders, &payment("10.00"))
        .header("PSU-ID", "nobody")
        .send()
        .await
        .unwrap();
    assert_eq!(Answer::of(unknown).await.refusal(), refused(401, "PSU_CREDENTIALS_INVALID", ""));
    assert!(banks.sandbox.ledger().is_empty());
    let (created, path) = banks.order(BankCode::Mobil, Some("0700000101"), &payment("10.00")).await;
    assert!(created.text("/psuMessage").contains("telefon"));
    assert_eq!(created.text("/_links/status/href"), format!("{}{path}/status", banks.base));
    let sca = created.text("/_links/scaStatus/href").replace(&banks.base, "");
    assert!(banks.sandbox.approve_on_phone("0700000101").is_some());
    assert_eq!(banks.get(&sca).await.text("/scaStatus"), "finalised");
    banks.settle();
    assert_eq!(banks.word(&path).await, "ACSC");
    assert_eq!(banks.events()[..3], ["order_received", "authorisation_started", "authorised"]);
}

#[tokio::test]
async fn nobody_is_asked_who_could_not_pay() {
    let banks = Banks::start();
    let mut euro = payment("10.00");
    euro["instructedAmount"]["currency"] = "EUR".into();
    let (_, path) = banks.order(BankCode::Brd, None, &euro).await;
    let ana = banks.authorise(&path, Some("30001001")).await;
    assert_eq!(ana.refusal(), refused(400, "PAYMENT_FAILED", ""));
    assert_eq!(banks.authorise(&path, Some("40004001")).await.status, 201);
    let named = crate::sandbox::customers::by_user("ana").unwrap().accounts(BankCode::Brd)[0].iban;
    let mut body = payment("10.00");
    body["debtorAccount"] = json!({ "iban": named });
    let (_, path) = banks.order(BankCode::Brd, None, &body).await;
    let other = banks.authorise(&path, Some("40002001")).await;
    assert_eq!(other.refusal(), refused(401, "PSU_CREDENTIALS_INVALID", ""));
    assert!(banks.sandbox.orders().iter().all(|o| o.status == Word::Rcvd));
}
