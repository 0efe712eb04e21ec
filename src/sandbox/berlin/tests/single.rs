//! What the banks without OAuth2 have in common: headers, bodies, who may read and withdraw.

use super::support::{Answer, Banks, certificate, payment, refused};
use crate::sandbox::{BankCode, Word};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const ORDERS: &str = "/pasi/v1/payments/sepa-credit-transfers";

#[tokio::test]
async fn the_certificate_and_the_other_headers_are_asked_for() {
    let banks = Banks::start();
    let send = async |name: &'static str, value: Option<&str>| {
        let mut request = banks.post(ORDERS, &payment("10.00")).build().unwrap();
        match value {
            Some(value) => drop(request.headers_mut().insert(name, value.parse().unwrap())),
            None => drop(request.headers_mut().remove(name)),
        }
        Answer::of(banks.http.execute(request).await.unwrap()).await.refusal()
    };
    let certificate = "TPP-Signature-Certificate";
    assert_eq!(
        send("tpp-signature-certificate", None).await,
        refused(401, "CERTIFICATE_MISSING", certificate)
    );
    assert_eq!(
        send("tpp-signature-certificate", Some("bm90IGEgY2VydA==")).await,
        refused(401, "CERTIFICATE_INVALID", certificate)
    );
    assert_eq!(send("x-request-id", None).await, refused(400, "FORMAT_ERROR", "X-Request-ID"));
    assert_eq!(send("psu-ip-address", None).await, refused(400, "FORMAT_ERROR", "PSU-IP-Address"));
    assert_eq!(
        send("tpp-redirect-uri", None).await,
        refused(400, "FORMAT_ERROR", "TPP-Redirect-URI")
    );
    assert_eq!(
        send("tpp-redirect-uri", Some("javascript:alert(1)")).await,
        refused(400, "FORMAT_ERROR", "TPP-Redirect-URI")
    );
    assert_eq!(
        send("content-type", Some("text/plain")).await,
        refused(415, "FORMAT_ERROR", "Content-Type")
    );
    assert!(banks.sandbox.orders().is_empty());
    assert_eq!(send("tpp-nok-redirect-uri", None).await.0, 201);
}

#[tokio::test]
async fn a_bank_serves_its_own_services_products_and_orders_only() {
    let banks = Banks::start();
    let send = async |path: &str| {
        let answer = banks.post(path, &payment("10.00")).send().await.unwrap();
        Answer::of(answer).await.refusal()
    };
    let unknown = |code: &str| refused(404, code, "");
    assert_eq!(send("/brd/v1/payments/sepa-credit-transfer").await, unknown("PRODUCT_UNKNOWN"));
    assert_eq!(
        send("/brd/v1/bulk-payments/sepa-credit-transfers").await,
        refused(400, "SERVICE_INVALID", "")
    );
    assert_eq!(send("/brd/v1/cards/x").await, unknown("RESOURCE_UNKNOWN"));
    let (_, path) = banks.order(BankCode::Pasi, None, &payment("10.00")).await;
    let elsewhere = path.replace("/pasi/", "/link/");
    assert_eq!(banks.get(&elsewhere).await.refusal(), refused(404, "RESOURCE_UNKNOWN", "paymentId"));
    let other = banks
        .call(Method::GET, &path)
        .header("TPP-Signature-Certificate", certificate("other.example"));
    let mut request = other.build().unwrap();
    request
        .headers_mut()
        .insert("TPP-Signature-Certificate", certificate("other.example").parse().unwrap());
    let answer = Answer::of(banks.http.execute(request).await.unwrap()).await;
    assert_eq!(answer.refusal(), refused(404, "RESOURCE_UNKNOWN", "paymentId"));
    assert_eq!(banks.get(&path).await.status, 200);
    assert_eq!(banks.put(&path, json!({})).await.refusal(), refused(405, "SERVICE_INVALID", ""));
}

#[tokio::test]
async fn a_replay_gets_the_same_order_and_the_same_authorisation() {
    let banks = Banks::start();
    let id = Uuid::new_v4().to_string();
    let send = async |path: &str, body: &Value| {
        let mut request = banks.post(path, body).build().unwrap();
        request.headers_mut().insert("X-Request-ID", id.parse().unwrap());
        Answer::of(banks.http.execute(request).await.unwrap()).await
    };
    let (first, second) = (send(ORDERS, &payment("10.00")).await, send(ORDERS, &payment("10.00")).await);
    assert_eq!((first.status, &first.body), (201, &second.body));
    assert_eq!(
        send(ORDERS, &payment("10.01")).await.refusal(),
        refused(409, "STATUS_INVALID", "X-Request-ID")
    );
    let start = format!("{ORDERS}/{}/authorisations", first.text("/paymentId"));
    let (first, second) = (send(&start, &json!({})).await, send(&start, &json!({})).await);
    assert_eq!((first.status, &first.body), (201, &second.body));
    assert_eq!(banks.events(), ["order_received", "authorisation_started"]);
}

#[tokio::test]
async fn an_order_is_withdrawn_until_it_is_authorised() {
    let banks = Banks::start();
    let (_, path) = banks.order(BankCode::Cod, None, &payment("10.00")).await;
    for _ in 0..2 {
        assert_eq!(banks.delete(&path).await.status, 204);
    }
    assert_eq!(banks.word(&path).await, "CANC");
    let late = banks.authorise(&path, Some("100101")).await;
    assert_eq!(late.refusal(), refused(409, "STATUS_INVALID", ""));
    let (created, path) = banks.order(BankCode::Link, None, &payment("10.00")).await;
    banks.visit(&created.text("/_links/scaRedirect/href"), "ana", "da").await;
    assert_eq!(banks.delete(&path).await.refusal(), refused(405, "CANCELLATION_INVALID", ""));
    banks.settle();
    assert_eq!(banks.word(&path).await, "ACSC");
    assert_eq!(banks.delete(&path).await.refusal(), refused(405, "CANCELLATION_INVALID", ""));
}

#[tokio::test]
async fn the_bank_refuses_by_its_own_word_and_an_order_nobody_authorises_lapses() {
    let banks = Banks::start();
    let (created, path) = banks.order(BankCode::Link, None, &payment("10.00")).await;
    banks.visit(&created.text("/_links/scaRedirect/href"), "elena", "da").await;
    let (_, left) = banks.order(BankCode::Brd, None, &payment("10.00")).await;
    banks.settle();
    let status = banks.get(&format!("{path}/status")).await;
    assert_eq!(status.text("/transactionStatus"), "RJCT");
    assert!(status.text("/psuMessage").contains("fonduri insuficiente"));
    assert_eq!(banks.word(&left).await, "RCVD");
    banks.clock.advance(std::time::Duration::from_secs(3600));
    assert_eq!(banks.word(&left).await, "RJCT");
    assert_eq!(banks.delete(&left).await.status, 204);
    assert!(banks.sandbox.orders().iter().all(|o| o.status == Word::Rjct));
}

#[tokio::test]
async fn the_debtor_account_has_to_be_kept_at_the_bank_that_is_asked() {
    let banks = Banks::start();
    let send = async |iban: &str| {
        let mut body = payment("10.00");
        body["debtorAccount"] = json!({ "iban": iban });
        Answer::of(banks.post(ORDERS, &body).send().await.unwrap()).await.refusal()
    };
    let at_cec = send("RO30CECEB00030RON0001001").await;
    assert_eq!(at_cec, refused(400, "RESOURCE_UNKNOWN", "debtorAccount/iban"));
    let own = crate::sandbox::customers::by_user("ana").unwrap().accounts(BankCode::Pasi)[0].iban;
    assert_eq!(send(own).await.0, 201);
}
