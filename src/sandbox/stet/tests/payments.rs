//! Payments from the request to the money.

use super::support::{AURA, BFC, CE, CREDITOR, FAILED, MARC, MARC_5158, MARC_5255, OUEST, Psu, RETURN, STEP, TPP, TestBanks};
use super::support::{attribute, parameter, payment, payment_1_4_0, payment_1_5};
use super::tpp::Tpp;
use crate::clock::Clock;
use crate::sandbox::stet::people::CLOSED_ACCOUNT;
use crate::sandbox::{Fault, Operation};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

/// A payment that Marc has said yes to: its path, a token, and the way back.
async fn agreed(tpp: &Tpp<'_>, bank: &str, version: &str, body: &Value) -> (String, String, Url) {
    let token = tpp.own_token(bank).await;
    let (path, page) = tpp.order(bank, version, body, &token).await;
    let back = tpp.bank.decide(&page, MARC, "da").await;
    (path, token, back)
}

#[tokio::test]
async fn without_a_confirmation_the_psus_yes_is_enough() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let (path, token, back) = agreed(&tpp, AURA, "v1.4.2", &payment(&banks, "10.51")).await;
    assert_eq!(back.as_str(), RETURN);
    for word in ["ACTC", "ACSP", "ACSC", "ACSC"] {
        assert_eq!(tpp.word(&path, &token).await, word);
        banks.clock.advance(STEP);
    }
    assert_eq!(banks.sandbox.balance_minor(MARC_5158), Some(434_895 - 1_051));
    let shown = tpp.get(&path, &token).await.body;
    let request = &shown["paymentRequest"];
    assert_eq!(request["debtorAccount"]["iban"], MARC_5158);
    assert_eq!(request["creditTransferTransaction"][0]["transactionStatus"], "ACSC");
    // Bare as the real ones: no links, and nulls.
    assert!(shown.get("_links").is_none() && request["statusReasonInformation"].is_null() && request.get("booking").is_some());
}

#[tokio::test]
async fn nothing_moves_before_the_o_confirmation_with_the_payments_own_token() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let (path, token, back) = agreed(&tpp, OUEST, "v1.4.2", &payment(&banks, "10.51")).await;
    let code = parameter(&back, "code").unwrap();
    banks.settle();
    assert_eq!(tpp.word(&path, &token).await, "ACTC");
    let confirmation = format!("{path}/o-confirmation");
    assert_eq!(tpp.post(&confirmation, &json!({}), &token).await.refusal(), (403, "BADS".into()));
    assert_eq!(tpp.post(&format!("{path}/confirmation"), &json!({}), &token).await.status, 405);
    let (status, tokens) = tpp.exchange(OUEST, &code).await;
    assert_eq!((status, &tokens["scope"], tokens.get("refresh_token")), (200, &json!("pisp"), None));
    let own = tokens["access_token"].as_str().unwrap();
    let (other, ..) = agreed(&tpp, OUEST, "v1.4.2", &payment(&banks, "10.51")).await;
    let refused = tpp.post(&format!("{other}/o-confirmation"), &json!({}), own).await;
    assert_eq!(refused.refusal(), (403, "BADS".into()));
    assert_eq!(tpp.post(&confirmation, &json!([]), own).await.status, 400);
    for _ in 0..2 {
        let confirmed = tpp.post(&confirmation, &json!({}), own).await;
        assert_eq!(
            (confirmed.status, confirmed.text("/paymentRequest/paymentInformationStatus")),
            (200, "ACTC".into())
        );
    }
    banks.settle();
    assert_eq!(tpp.word(&path, &token).await, "ACSC");
    assert_eq!(banks.events().iter().filter(|e| *e == "confirmed").count(), 1);
    assert_eq!(banks.sandbox.balance_minor(MARC_5158), Some(434_895 - 1_051));
}

#[tokio::test]
async fn a_confirmation_takes_the_tpps_own_token_or_the_codes() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    for version in ["v1.4.2", "v1.5"] {
        let body = if version == "v1.5" {
            payment_1_5(&banks, "10.51")
        } else {
            payment(&banks, "10.51")
        };
        let (path, token, back) = agreed(&tpp, BFC, version, &body).await;
        assert!(parameter(&back, "code").is_some());
        banks.settle();
        assert_eq!(tpp.word(&path, &token).await, "ACTC");
        assert_eq!(tpp.post(&format!("{path}/o-confirmation"), &json!({}), &token).await.status, 405);
        assert_eq!(tpp.post(&format!("{path}/confirmation"), &json!({}), &token).await.status, 200);
        banks.settle();
        assert_eq!(tpp.word(&path, &token).await, "ACSC");
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_for_a_short_while() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let body = payment(&banks, "10.51");
    let (path, _, back) = agreed(&tpp, OUEST, "v1.4.2", &body).await;
    let code = parameter(&back, "code").unwrap();
    let form = |extra| {
        [
            ("client_id", TPP),
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            extra,
        ]
    };
    for wrong in [("scope", "pisp"), ("redirect_uri", "https://tpp.example/else")] {
        assert_eq!(tpp.token(OUEST, &form(wrong)).await.0, 400, "{wrong:?}");
    }
    assert_eq!(tpp.token(AURA, &form(("redirect_uri", RETURN))).await.0, 400);
    let (_, tokens) = tpp.exchange(OUEST, &code).await;
    let (status, refused) = tpp.exchange(OUEST, &code).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")));
    // The replay voided what the code had bought.
    let own = tokens["access_token"].as_str().unwrap();
    assert_eq!(tpp.post(&format!("{path}/o-confirmation"), &json!({}), own).await.status, 401);
    let (_, _, back) = agreed(&tpp, OUEST, "v1.4.2", &body).await;
    banks.clock.advance(Duration::from_secs(300));
    assert_eq!(tpp.exchange(OUEST, &parameter(&back, "code").unwrap()).await.0, 400);
}

#[tokio::test]
async fn a_payment_nobody_confirms_or_authorises_lapses() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let (path, ..) = agreed(&tpp, OUEST, "v1.4.2", &payment(&banks, "10.51")).await;
    let token = tpp.own_token(OUEST).await;
    let (waiting, _) = tpp.order(OUEST, "v1.4.2", &payment(&banks, "11.00"), &token).await;
    banks.clock.advance(Duration::from_secs(3600));
    let token = tpp.own_token(OUEST).await;
    for path in [path, waiting] {
        let shown = tpp.get(&path, &token).await;
        assert_eq!(shown.text("/paymentRequest/paymentInformationStatus"), "RJCT");
        assert_eq!(shown.text("/paymentRequest/statusReasonInformation"), "NOAS");
    }
    assert_eq!(banks.sandbox.balance_minor(MARC_5158), Some(434_895));
}

#[tokio::test]
async fn the_psu_says_no_and_goes_to_the_other_address() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.own_token(OUEST).await;
    let (path, page) = tpp.order(OUEST, "v1.4.2", &payment(&banks, "10.51"), &token).await;
    let back = banks.decide(&page, MARC, "nu").await;
    assert!(back.as_str().starts_with(FAILED) && parameter(&back, "code").is_none());
    let shown = tpp.get(&path, &token).await;
    assert_eq!(shown.text("/paymentRequest/paymentInformationStatus"), "RJCT");
    assert_eq!(
        shown.text("/paymentRequest/creditTransferTransaction/0/statusReasonInformation"),
        "CUST"
    );
    // Without a second address failures come to the first.
    let mut body = payment(&banks, "10.51");
    body["supplementaryData"].as_object_mut().unwrap().remove("unsuccessfulReportUrl");
    let (_, page) = tpp.order(OUEST, "v1.4.2", &body, &token).await;
    let back = banks.decide(&page, MARC, "nu").await;
    assert!(back.as_str().starts_with("https://tpp.example/back?keep=1&error="));
    // A decided payment is not opened again.
    assert_eq!(banks.http.get(&page).send().await.unwrap().status(), 409);
}

#[tokio::test]
async fn wrong_codes_and_foreign_accounts_do_not_pay() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.own_token(CE).await;
    let mut body = payment(&banks, "10.00");
    body["debtorAccount"] = json!({ "iban": MARC_5255 });
    let (path, page) = tpp.order(CE, "v1.4.2", &body, &token).await;
    let mut psu = Psu::arrive(&banks, &page).await;
    let shown = psu.post("/conectare", &[("user", "D0999991I0"), ("code", "12345678")]).await;
    assert!(shown.contains("nu vă aparține"));
    for left in ["2 încercări", "o încercare"] {
        let shown = psu.post("/conectare", &[("user", MARC), ("code", "1")]).await;
        assert!(shown.contains(left), "{left}");
    }
    let shown = psu.post("/conectare", &[("user", "nobody"), ("code", "12345678")]).await;
    assert!(attribute(&shown, "a.button", "href").unwrap().starts_with(FAILED));
    assert_eq!(tpp.word(&path, &token).await, "RJCT");
    // Nobody decides on somebody else's visit, and nobody pays without logging in.
    let (path, page) = tpp.order(CE, "v1.4.2", &body, &token).await;
    let mut psu = Psu::arrive(&banks, &page).await;
    psu.post("/decizie", &[("decizie", "da")]).await;
    assert_eq!(tpp.word(&path, &token).await, "RCVD");
    let shown = psu.post("/conectare", &[("user", "d0999990i0"), ("code", "12345678")]).await;
    assert!(shown.contains("459,56 EUR"));
    psu.post("/decizie", &[("decizie", "da")]).await;
    banks.settle();
    assert_eq!(banks.sandbox.balance_minor(MARC_5255), Some(45_956 - 1_000));
}

#[tokio::test]
async fn amounts_tell_stories() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    for (amount, creditor, reason) in [
        ("901.01", CREDITOR, "AG01"),
        ("901.02", CREDITOR, "CUST"),
        ("4348.96", CREDITOR, "CUST"),
        ("10.00", CLOSED_ACCOUNT, "AC04"),
    ] {
        let mut body = payment(&banks, amount);
        body["beneficiary"]["creditorAccount"]["iban"] = creditor.into();
        let (path, token, _) = agreed(&tpp, CE, "v1.4.2", &body).await;
        banks.settle();
        let shown = tpp.get(&path, &token).await;
        assert_eq!(shown.text("/paymentRequest/paymentInformationStatus"), "RJCT", "{amount}");
        assert_eq!(shown.text("/paymentRequest/statusReasonInformation"), reason, "{amount}");
    }
    let (path, token, _) = agreed(&tpp, CE, "v1.4.2", &payment(&banks, "901.06")).await;
    assert_eq!(tpp.word(&path, &token).await, "XYZW");
    banks.settle();
    assert_eq!(tpp.word(&path, &token).await, "ACSC");
    let (path, token, _) = agreed(&tpp, CE, "v1.4.2", &payment(&banks, "901.03")).await;
    banks.settle();
    assert_eq!(tpp.word(&path, &token).await, "ACSP");
    banks.settle();
    assert_eq!(tpp.word(&path, &token).await, "ACSC");
}

#[tokio::test]
async fn silent_late_and_failing_answers() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.own_token(CE).await;
    let path = format!("/stet/{CE}/stet/psd2/v1.4.2/payment-requests");
    for (amount, orders) in [("901.04", 0), ("901.05", 1)] {
        let body = payment(&banks, amount);
        let draft = tpp.draft(Method::POST, &path, Some(&body), &token);
        let answer = draft.request().timeout(Duration::from_millis(500)).send().await;
        assert!(answer.unwrap_err().is_timeout());
        assert_eq!(banks.sandbox.stet_orders().len(), orders, "{amount}");
    }
    let body = payment(&banks, "901.07");
    let failed = tpp.draft(Method::POST, &path, Some(&body), &token).request().send().await.unwrap();
    assert_eq!((failed.status().as_u16(), banks.sandbox.stet_orders().len()), (500, 2));
    // Ordered faults strike here too, and cut TLS connections.
    banks.sandbox.fail_next(Operation::Initiate, Fault::DropAfterEffect);
    let body = payment(&banks, "10.00");
    assert!(tpp.draft(Method::POST, &path, Some(&body), &token).request().send().await.is_err());
    assert_eq!(banks.sandbox.stet_orders().len(), 3);
    banks.sandbox.fail_next(Operation::Details, Fault::UnknownWord("WXYZ".into()));
    let id = banks.sandbox.stet_orders()[2].received.payment_id.clone();
    assert_eq!(tpp.word(&format!("{path}/{id}"), &token).await, "WXYZ");
}

#[tokio::test]
async fn a_payment_is_withdrawn_with_a_reason_until_the_money_moves() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let (path, token, _) = agreed(&tpp, AURA, "v1.4.2", &payment(&banks, "10.51")).await;
    let shown = tpp.get(&path, &token).await.body["paymentRequest"].clone();
    let canc = |reason: &str, change: fn(&mut Value)| {
        let mut body = shown.clone();
        body["paymentInformationStatus"] = "CANC".into();
        body["statusReasonInformation"] = reason.into();
        change(&mut body);
        body
    };
    assert_eq!(tpp.put(&path, &shown, &token).await.status, 403);
    assert_eq!(tpp.put(&path, &canc("CUST", |_| ()), &token).await.refusal(), (400, "FF01".into()));
    let more = |b: &mut Value| b["creditTransferTransaction"][0]["instructedAmount"]["amount"] = "10.52".into();
    assert_eq!(tpp.put(&path, &canc("FRAD", more), &token).await.status, 403);
    let cancelled = tpp.put(&path, &canc("FRAD", |_| ()), &token).await;
    assert_eq!(
        (cancelled.status, cancelled.text("/appliedAuthenticationApproach")),
        (200, "NONE".into())
    );
    assert_eq!(tpp.put(&path, &canc("FRAD", |_| ()), &token).await.status, 200);
    banks.settle();
    let shown = tpp.get(&path, &token).await;
    assert_eq!(shown.text("/paymentRequest/paymentInformationStatus"), "CANC");
    assert_eq!(shown.text("/paymentRequest/statusReasonInformation"), "FRAD");
    assert_eq!(banks.sandbox.balance_minor(MARC_5158), Some(434_895));
    let (path, token, _) = agreed(&tpp, AURA, "v1.4.2", &payment(&banks, "10.51")).await;
    banks.settle();
    let mut late = tpp.get(&path, &token).await.body["paymentRequest"].clone();
    late["paymentInformationStatus"] = "CANC".into();
    late["statusReasonInformation"] = "DS02".into();
    assert_eq!(tpp.put(&path, &late, &token).await.status, 409);
}

#[tokio::test]
async fn the_same_request_is_the_same_payment() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.own_token(OUEST).await;
    let path = format!("/stet/{OUEST}/stet/psd2/v1.4.2/payment-requests");
    let body = payment(&banks, "10.51");
    let mut draft = tpp.draft(Method::POST, &path, Some(&body), &token);
    let first = draft.send().await;
    let again = draft.send().await;
    assert_eq!((first.status, &first.location), (201, &again.location));
    assert!(first.location.unwrap().starts_with(&format!("{}{path}/", banks.api)));
    draft.body = payment(&banks, "10.52").to_string().into_bytes();
    draft.digest = format!("SHA-256={}", super::tpp::sha256_b64(&draft.body));
    assert_eq!(draft.send().await.refusal(), (400, "FF01".into()));
    assert_eq!(banks.sandbox.stet_orders().len(), 1);
}

#[tokio::test]
async fn a_payment_is_known_to_its_tpp_at_its_bank_in_its_version_only() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.own_token(AURA).await;
    let (path, _) = tpp.order(AURA, "v1.4.0", &payment_1_4_0(&banks, "10.51"), &token).await;
    assert_eq!(tpp.word(&path, &token).await, "RCVD");
    assert_eq!(tpp.get(&path.replace("v1.4.0", "v1.4.2"), &token).await.status, 404);
    assert_eq!(tpp.get(&format!("{path}0"), &token).await.status, 404);
    let ce = tpp.own_token(CE).await;
    assert_eq!(tpp.get(&path.replace(AURA, CE), &ce).await.status, 404);
    let two = banks.tpp_with("two-qwac", "two-qsealc");
    let form = [
        ("client_id", super::support::OTHER),
        ("grant_type", "client_credentials"),
        ("scope", "pisp"),
    ];
    let (_, others) = two.token(AURA, &form).await;
    assert_eq!(two.get(&path, others["access_token"].as_str().unwrap()).await.status, 404);
}

#[tokio::test]
async fn a_later_day_waits_and_a_restart_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("stet.jsonl"), Clock::default());
    let banks = TestBanks::with(Some(file.clone()), clock.clone());
    let tpp = banks.tpp();
    let mut body = payment(&banks, "10.51");
    let day = clock.now() + chrono::TimeDelta::days(3);
    body["requestedExecutionDate"] = day.format("%Y-%m-%dT00:00:00Z").to_string().into();
    let (path, token, _) = agreed(&tpp, AURA, "v1.4.2", &body).await;
    banks.settle();
    assert_eq!(tpp.word(&path, &token).await, "ACSP");
    let ledger = banks.sandbox.stet_ledger();
    drop(tpp);
    banks.stop().await;
    let banks = TestBanks::with(Some(file), clock);
    assert_eq!(banks.sandbox.stet_ledger(), ledger);
    let tpp = banks.tpp();
    assert_eq!(tpp.word(&path, &token).await, "ACSP");
    banks.clock.advance(Duration::from_secs(3 * 24 * 3600));
    let token = tpp.own_token(AURA).await;
    assert_eq!(tpp.word(&path, &token).await, "ACSC");
    assert_eq!(banks.sandbox.balance_minor(MARC_5158), Some(434_895 - 1_051));
}
