//! Funds confirmation: the acceptance table of Banque Populaire's documentation, and every error code.

use super::support::{MARC, MARC_5158, MARC_5255, OUEST, TestBanks};
use crate::sandbox::stet::people::{BLOCKED_ACCOUNT, CLOSED_ACCOUNT};
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/stet/13807/stet/psd2/v1.4.2/funds-confirmations";

fn question(iban: &str, amount: &str) -> Value {
    json!({
        "paymentCoverageRequestId": "Q-1",
        "payee": "Magazin",
        "instructedAmount": { "currency": "EUR", "amount": amount },
        "accountId": { "iban": iban },
    })
}

#[tokio::test]
async fn the_acceptance_table() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.granted(OUEST, "cbpii", MARC).await;
    for (iban, amount, covered) in [
        (MARC_5255, "458.99", true),
        (MARC_5255, "459.57", false),
        (MARC_5158, "4179.00", true),
        (MARC_5158, "4348.95", true),
        (MARC_5158, "4348.96", false),
    ] {
        let asked = question(iban, amount);
        let answer = tpp.post(PATH, &asked, &token).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            (&answer.body["result"], &answer.body["request"]),
            (&json!(covered), &asked),
            "{amount}"
        );
        assert_eq!(answer.text("/_links/self/href"), format!("{}{PATH}", banks.api));
    }
    assert_eq!(tpp.get(PATH, &token).await.refusal(), (405, "NIMP".into()));
    assert_eq!(
        tpp.post(PATH, &question("FR7613807008043001965405159", "1.00"), &token)
            .await
            .refusal(),
        (400, "AC01".into())
    );
    let spoiled: [(&str, Value); 12] = [
        ("/paymentCoverageRequestId", Value::Null),
        ("/paymentCoverageRequestId", json!("")),
        ("/paymentCoverageRequestId", json!("x".repeat(36))),
        ("/instructedAmount", Value::Null),
        ("/instructedAmount", json!("1.00")),
        ("/instructedAmount/amount", Value::Null),
        ("/instructedAmount/amount", json!("-1.00")),
        ("/instructedAmount/amount", json!("many")),
        ("/instructedAmount/currency", Value::Null),
        ("/instructedAmount/currency", json!("EURO")),
        ("/accountId", Value::Null),
        ("/accountId/iban", json!(7)),
    ];
    for (pointer, value) in spoiled {
        let mut body = question(MARC_5158, "1.00");
        *body.pointer_mut(pointer).unwrap() = value.clone();
        assert_eq!(
            tpp.post(PATH, &body, &token).await.refusal(),
            (400, "FF01".into()),
            "{pointer} = {value}"
        );
    }
    for structure in [json!([]), json!("text"), json!({ "request": question(MARC_5158, "1.00") })] {
        let refused = tpp.post(PATH, &structure, &token).await.refusal();
        assert_eq!(refused, (400, "FF01".into()), "{structure}");
    }
    let body = question(MARC_5158, "1.00");
    let mut nameless = tpp.draft(Method::POST, PATH, Some(&body), &token);
    nameless.request_id = String::new();
    let refused = nameless.send().await;
    assert_eq!(refused.refusal(), (400, "FF01".into()));
    // Not ISO 8601, as the real one.
    assert!(refused.text("/timestamp").ends_with("+0000"));
}

#[tokio::test]
async fn every_error_code_can_be_reached() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.granted(OUEST, "cbpii", MARC).await;
    for (iban, amount, status, code) in [
        ("DE89370400440532013000", "1.00", 400, "AC01"),
        (CLOSED_ACCOUNT, "1.00", 400, "AC04"),
        (BLOCKED_ACCOUNT, "1.00", 400, "AC06"),
        ("FR7613807008043001965406128", "1.00", 403, "NGAC"),
        (MARC_5158, "901.11", 429, "TMRQ"),
        (MARC_5158, "901.12", 500, "INTE"),
        (MARC_5158, "901.13", 503, "INTS"),
        (MARC_5158, "901.14", 403, "IPSU"),
    ] {
        let answer = tpp.post(PATH, &question(iban, amount), &token).await;
        assert_eq!(answer.refusal(), (status, code.into()));
    }
    let pisp = tpp.own_token(OUEST).await;
    let aisp = tpp.granted(OUEST, "aisp", MARC).await;
    for token in [pisp, aisp] {
        assert_eq!(
            tpp.post(PATH, &question(MARC_5158, "1.00"), &token).await.refusal(),
            (403, "BADS".into())
        );
    }
}

#[tokio::test]
async fn each_version_has_its_scope_and_its_way_to_write_amounts() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let (piisp, cbpii) = (tpp.granted(OUEST, "piisp", MARC).await, tpp.granted(OUEST, "cbpii", MARC).await);
    let text = question(MARC_5158, "1.00");
    let mut number = text.clone();
    number["instructedAmount"]["amount"] = json!(1.5);
    for (version, good, bad, body) in [
        ("v1.4.0", &piisp, &cbpii, &text),
        ("v1.4.2", &cbpii, &piisp, &text),
        ("v1.5", &cbpii, &piisp, &number),
    ] {
        let path = PATH.replace("v1.4.2", version);
        assert_eq!(tpp.post(&path, body, good).await.body["result"], true, "{version}");
        assert_eq!(tpp.post(&path, body, bad).await.refusal(), (403, "BADS".into()), "{version}");
    }
    assert_eq!(tpp.post(&PATH.replace("v1.4.2", "v1.5"), &text, &cbpii).await.status, 400);
}

#[tokio::test]
async fn only_ticked_accounts_are_granted() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let page = format!(
        "{}/stet/13807/authorize?response_type=code&client_id={}&redirect_uri=https%3A%2F%2Ftpp.example%2Fback%3Fkeep%3D1&scope=cbpii",
        banks.plain,
        super::support::TPP
    );
    let mut psu = super::support::Psu::arrive(&banks, &page).await;
    psu.post("/conectare", &[("user", MARC), ("code", "12345678")]).await;
    let still = psu.post("/decizie", &[("decizie", "da")]).await;
    assert!(still.contains("Sunt de acord"));
    let back = psu
        .post("/decizie", &[("decizie", "da"), (&format!("cont-{MARC_5255}"), "da")])
        .await;
    let back = url::Url::parse(&super::support::attribute(&back, "a.button", "href").unwrap()).unwrap();
    let (_, tokens) = tpp.exchange(OUEST, &super::support::parameter(&back, "code").unwrap()).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(tpp.post(PATH, &question(MARC_5255, "1.00"), token).await.status, 200);
    assert_eq!(
        tpp.post(PATH, &question(MARC_5158, "1.00"), token).await.refusal(),
        (403, "NGAC".into())
    );
}
