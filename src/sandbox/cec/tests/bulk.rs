//! Several instructions in one order, as CEC takes them.

use super::support::{CLIENT, RETURN, TestBank, VERIFIER, order, parameter};
use crate::sandbox::secrets::pkce_challenge;
use crate::sandbox::{LedgerEvent, Word};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const BULK: &str = "/cec/v1/bulk-payments/sepa-credit-transfer";

fn call(bank: &TestBank, method: Method, path: &str) -> reqwest::RequestBuilder {
    bank.http
        .request(method, format!("{}{path}", bank.base))
        .header("x-ibm-client-id", CLIENT)
        .header("TPP-Signature-Certificate", &bank.certificate)
        .header("X-Request-ID", Uuid::new_v4().to_string())
}

#[tokio::test]
async fn part_of_a_bulk_order_is_paid_and_said_so() {
    let bank = TestBank::start();
    let one = |id: &str, amount: &str| {
        let mut body = order();
        body["endToEndIdentification"] = id.into();
        body["instructedAmount"]["amount"] = amount.into();
        body
    };
    let body = json!({ "batchBookingPreferred": false, "payments": [one("A", "200"), one("B", "60"), one("C", "50")] });
    let created = call(&bank, Method::POST, BULK)
        .header("PSU-IP-Address", "192.0.2.7")
        .header("TPP-Redirect-URI", RETURN)
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(created.status(), 201);
    let location = created.headers()["Location"].to_str().unwrap().to_owned();
    let created: Value = created.json().await.unwrap();
    let path = format!("{BULK}/{}", created["paymentId"].as_str().unwrap());
    assert!(
        created["_links"]["status"]["href"]
            .as_str()
            .unwrap()
            .ends_with(&format!("{path}/status"))
    );
    let challenge = pkce_challenge(VERIFIER);
    let authorise = format!("{location}&code_challenge={challenge}&code_challenge_method=S256");
    let back = bank.decide(&authorise, "stefan", "da").await;
    let (_, tokens) = bank.exchange(&parameter(&back, "code").unwrap()).await;
    bank.clock.advance(super::support::STEP * 5);
    let get = async |path: &str| {
        let call = call(&bank, Method::GET, path).bearer_auth(tokens["access_token"].as_str().unwrap());
        call.send().await.unwrap().json::<Value>().await.unwrap()
    };
    assert_eq!(get(&format!("{path}/status")).await["transactionStatus"], "PART");
    let details = get(&path).await;
    let words: Vec<(&str, &str)> = details["payments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            (
                p["endToEndIdentification"].as_str().unwrap(),
                p["transactionStatus"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(words, [("A", "ACSC"), ("B", "RJCT"), ("C", "ACSC")]);
    let booked = bank
        .sandbox
        .ledger()
        .into_iter()
        .filter(|e| matches!(e.event, LedgerEvent::Booked { .. }));
    assert_eq!((booked.count(), bank.sandbox.orders()[0].status), (2, Word::Part));
    // The order is not found under the service it did not come by.
    let elsewhere = get(&path.replace("bulk-payments", "payments")).await;
    assert_eq!(elsewhere["tppMessages"][0]["code"], "RESOURCE_UNKNOWN");
}
