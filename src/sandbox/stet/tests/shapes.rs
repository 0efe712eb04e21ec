//! What a payment request has to look like, version by version.

use super::support::{AURA, CE, OUEST, RETURN, TestBanks, payment, payment_1_4_0, payment_1_5};
use serde_json::{Value, json};

fn path(bank: &str, version: &str) -> String {
    format!("/stet/{bank}/stet/psd2/{version}/payment-requests")
}

#[tokio::test]
async fn each_version_takes_its_own_shape_and_answers_in_it() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.own_token(CE).await;
    let shapes = [
        ("v1.4.0", payment_1_4_0(&banks, "10.51")),
        ("v1.4.2", payment(&banks, "10.51")),
        ("v1.5", payment_1_5(&banks, "10.51")),
    ];
    for (version, _) in &shapes {
        for (other, body) in &shapes {
            let answer = tpp.post(&path(CE, version), body, &token).await;
            if version != other {
                assert_eq!(answer.refusal(), (400, "FF01".into()), "{other} at {version}");
                continue;
            }
            assert_eq!(
                (answer.status, answer.text("/appliedAuthenticationApproach")),
                (201, "REDIRECT".into())
            );
            let location = answer.location.unwrap();
            let read = tpp.get(location.strip_prefix(&banks.api).unwrap(), &token).await.body;
            let request = &read["paymentRequest"];
            assert_eq!(request["paymentInformationStatus"], "RCVD");
            assert_eq!(request["creditTransferTransaction"][0]["transactionStatus"], "PDNG");
            assert_eq!(request["supplementaryData"]["successfulReportUrl"], RETURN);
            assert_eq!(read["_links"]["request"]["href"], location);
            let amount = &request["creditTransferTransaction"][0]["instructedAmount"]["amount"];
            assert_eq!(amount.is_number(), *version == "v1.5");
        }
    }
}

#[tokio::test]
async fn establishments_differ_in_status_and_location() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    for (bank, status, located) in [(OUEST, 201, true), (AURA, 200, false)] {
        let token = tpp.own_token(bank).await;
        let answer = tpp.post(&path(bank, "v1.4.2"), &payment(&banks, "10.51"), &token).await;
        assert_eq!((answer.status, answer.location.is_some()), (status, located));
        assert!(answer.text("/_links/consentApproval/href").contains("paymentRequestRessourceId="));
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_code() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.own_token(CE).await;
    let day = |days: i64| {
        (banks.clock.now() + chrono::TimeDelta::days(days))
            .format("%Y-%m-%dT12:00:00+00:00")
            .to_string()
    };
    let amount = "/creditTransferTransaction/0/instructedAmount/amount";
    let cases: [(&str, Value, &str); 24] = [
        ("/paymentInformationId", Value::Null, "FF01"),
        ("/paymentInformationId", json!("x".repeat(37)), "FF01"),
        ("/paymentInformationId", json!("é"), "FF01"),
        ("/creationDateTime", json!("yesterday"), "FF01"),
        ("/numberOfTransactions", json!(2), "FF01"),
        ("/initiatingParty/name", json!(""), "FF01"),
        ("/paymentTypeInformation/serviceLevel", json!("NURG"), "FF01"),
        ("/paymentTypeInformation/categoryPurpose", json!("TREA"), "FF01"),
        ("/paymentTypeInformation/localInstrument", json!("SLOW"), "FF01"),
        ("/chargeBearer", json!("DEBT"), "FF01"),
        ("/beneficiary/creditor/name", json!("x".repeat(141)), "FF01"),
        ("/beneficiary/creditorAccount/iban", json!("DE89370400440532013001"), "AC01"),
        ("/debtorAccount", json!({ "iban": "DE89370400440532013000" }), "AC01"),
        ("/requestedExecutionDate", json!(day(-1)), "FF01"),
        ("/requestedExecutionDate", json!(day(31)), "FF01"),
        (amount, json!("0.00"), "FF01"),
        (amount, json!("10.515"), "FF01"),
        (amount, json!(10.51), "FF01"),
        ("/creditTransferTransaction/0/instructedAmount/currency", json!("RON"), "FF01"),
        ("/creditTransferTransaction/0/remittanceInformation", json!([]), "FF01"),
        ("/creditTransferTransaction/0/paymentId/endToEndId", Value::Null, "FF01"),
        ("/supplementaryData/acceptedAuthenticationApproach", json!(["DECOUPLED"]), "FF01"),
        ("/supplementaryData/successfulReportUrl", json!("https://evil.example/"), "FF01"),
        ("/supplementaryData/unsuccessfulReportUrl", json!("javascript:alert(1)"), "FF01"),
    ];
    for (pointer, value, code) in cases {
        let mut body = payment(&banks, "10.51");
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[field] = value.clone();
        let refused = tpp.post(&path(CE, "v1.4.2"), &body, &token).await;
        assert_eq!(refused.refusal(), (400, code.into()), "{pointer} = {value}");
        assert_eq!(refused.body["status"], 400);
        assert!(refused.text("/error").starts_with("Bad Request") && refused.text("/path").starts_with("/stet/17515/"));
    }
    let mut two = payment(&banks, "10.51");
    let first = two["creditTransferTransaction"][0].clone();
    two["creditTransferTransaction"].as_array_mut().unwrap().push(first);
    two["numberOfTransactions"] = 2.into();
    for body in [two, json!([]), json!("x"), Value::Null] {
        assert_eq!(tpp.post(&path(CE, "v1.4.2"), &body, &token).await.refusal(), (400, "FF01".into()));
    }
    for day in [day(0), day(30)] {
        let mut body = payment(&banks, "10.51");
        body["requestedExecutionDate"] = day.into();
        assert_eq!(tpp.post(&path(CE, "v1.4.2"), &body, &token).await.status, 201);
    }
    assert_eq!(banks.sandbox.stet_orders().len(), 2);
}

#[tokio::test]
async fn what_is_not_offered_is_said_to_be_so() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.own_token(CE).await;
    assert_eq!(tpp.get(&path(CE, "v1.4.2"), &token).await.refusal(), (405, "NIMP".into()));
    assert_eq!(tpp.get("/stet/17515/stet/psd2/v1.4.2/nothing", &token).await.status, 404);
    let other = banks
        .client(Some("one-qwac"))
        .get(format!("{}/stet/17515/stet/psd2/v9/accounts", banks.api))
        .send()
        .await;
    assert_eq!(other.unwrap().status(), 404);
}
