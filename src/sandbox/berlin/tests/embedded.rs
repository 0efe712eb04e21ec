//! The bank whose codes the TPP passes on.

use super::support::{Banks, payment, refused};
use crate::sandbox::{BankCode, RefusedBy};
use serde_json::json;

/// Starts an authorisation. Returns its path.
async fn start(banks: &Banks, psu_id: &str) -> (String, super::support::Answer, String) {
    let (created, path) = banks.order(BankCode::Cod, None, &payment("10.00")).await;
    assert_eq!(created.approach.as_deref(), Some("EMBEDDED"));
    assert_eq!(
        created.text("/_links/startAuthorisationWithPsuIdentification/href"),
        format!("{path}/authorisations")
    );
    let started = banks.authorise(&path, Some(psu_id)).await;
    let authorisation = format!("{path}/authorisations/{}", started.text("/authorisationId"));
    (path, started, authorisation)
}

#[tokio::test]
async fn a_customer_with_one_method_gets_the_challenge_at_once() {
    let banks = Banks::start();
    let (path, started, authorisation) = start(&banks, "100101").await;
    assert_eq!(started.text("/scaStatus"), "scaMethodSelected");
    assert_eq!(started.text("/chosenScaMethod/authenticationType"), "SMS_OTP");
    assert_eq!(started.text("/_links/authoriseTransaction/href"), authorisation);
    let challenge = &started.body["challengeData"];
    assert_eq!(
        (&challenge["otpFormat"], &challenge["otpMaxLength"]),
        (&json!("integer"), &json!(6))
    );
    assert!(started.text("/challengeData/additionalInformation").ends_with("101."));
    let code = banks.sandbox.codes_for("ana").pop().unwrap();
    let done = banks.put(&authorisation, json!({ "scaAuthenticationData": code })).await;
    assert_eq!((done.status, done.text("/scaStatus")), (200, "finalised".into()));
    assert_eq!(banks.get(&authorisation).await.text("/scaStatus"), "finalised");
    let again = banks.put(&authorisation, json!({ "scaAuthenticationData": code })).await;
    assert_eq!(again.refusal(), refused(409, "STATUS_INVALID", ""));
    banks.settle();
    assert_eq!(banks.word(&path).await, "ACSC");
}

#[tokio::test]
async fn a_customer_with_several_methods_chooses_and_choosing_again_sends_a_new_code() {
    let banks = Banks::start();
    let (_, started, authorisation) = start(&banks, "100102").await;
    assert_eq!(started.text("/scaStatus"), "psuIdentified");
    let ids: Vec<&str> = started.body["scaMethods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["authenticationMethodId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["sms", "app", "mail"]);
    assert_eq!(started.text("/_links/selectAuthenticationMethod/href"), authorisation);
    let early = banks.put(&authorisation, json!({ "scaAuthenticationData": "1" })).await;
    assert_eq!(early.refusal(), refused(409, "STATUS_INVALID", ""));
    let unknown = banks.put(&authorisation, json!({ "authenticationMethodId": "pigeon" })).await;
    assert_eq!(unknown.refusal(), refused(400, "SCA_METHOD_UNKNOWN", "authenticationMethodId"));
    for _ in 0..2 {
        let chosen = banks.put(&authorisation, json!({ "authenticationMethodId": "app" })).await;
        assert_eq!(chosen.text("/scaStatus"), "scaMethodSelected");
        assert_eq!(chosen.body["challengeData"]["otpFormat"], "characters");
        assert_eq!(chosen.text("/_links/authoriseTransaction/href"), authorisation);
    }
    let codes = banks.sandbox.codes_for("mihai");
    assert_eq!((codes.len(), codes[0].len()), (2, 8));
    let old = banks.put(&authorisation, json!({ "scaAuthenticationData": codes[0] })).await;
    assert_eq!(old.refusal(), refused(401, "PSU_CREDENTIALS_INVALID", ""));
    let done = banks.put(&authorisation, json!({ "scaAuthenticationData": codes[1] })).await;
    assert_eq!(done.text("/scaStatus"), "finalised");
}

#[tokio::test]
async fn the_fifth_wrong_code_ends_the_order() {
    let banks = Banks::start();
    let (path, _, authorisation) = start(&banks, "100101").await;
    for left in (0..5).rev() {
        assert_eq!(banks.word(&path).await, "RCVD");
        let wrong = banks.put(&authorisation, json!({ "scaAuthenticationData": "no" })).await;
        assert_eq!(wrong.refusal(), refused(401, "PSU_CREDENTIALS_INVALID", ""), "{left}");
    }
    assert_eq!(banks.get(&authorisation).await.text("/scaStatus"), "failed");
    assert_eq!(banks.word(&path).await, "RJCT");
    assert_eq!(banks.sandbox.orders()[0].refused, Some(RefusedBy::WrongCodes));
    let code = banks.sandbox.codes_for("ana").pop().unwrap();
    let late = banks.put(&authorisation, json!({ "scaAuthenticationData": code })).await;
    assert_eq!(late.refusal(), refused(409, "STATUS_INVALID", ""));
}

#[tokio::test]
async fn what_is_put_has_to_be_one_of_two_things() {
    let banks = Banks::start();
    let (_, _, authorisation) = start(&banks, "100101").await;
    let body = refused(400, "FORMAT_ERROR", "body");
    for wrong in [
        json!({}),
        json!([]),
        json!({ "scaAuthenticationData": 1 }),
        json!({ "scaAuthenticationData": "1", "authenticationMethodId": "sms" }),
    ] {
        assert_eq!(banks.put(&authorisation, wrong.clone()).await.refusal(), body, "{wrong}");
    }
    let (_, path) = banks.order(BankCode::Brd, None, &payment("10.00")).await;
    let id = banks.authorise(&path, Some("30001001")).await.text("/authorisationId");
    let elsewhere = banks.put(&format!("{path}/authorisations/{id}"), json!({})).await;
    assert_eq!(elsewhere.refusal(), refused(405, "SERVICE_INVALID", ""));
    assert!(banks.sandbox.orders().iter().all(|o| o.wrong_codes == 0));
}
