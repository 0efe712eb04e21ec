//! Single calls: what is asked of them, and how they are refused.

use super::support::{RETURN, TestBank, order};
use crate::sandbox::Word;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// Sends the call and returns the HTTP status and the code of its first message.
async fn refusal(call: RequestBuilder) -> (u16, String) {
    let answer = call.send().await.unwrap();
    let (status, body) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
    (status, body["tppMessages"][0]["code"].as_str().unwrap_or_default().to_owned())
}

fn expected(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn the_answer_to_an_initiation_says_where_the_psu_goes() {
    let bank = TestBank::start();
    let request_id = Uuid::new_v4().to_string();
    let mut request = bank.initiation(&order()).build().unwrap();
    request.headers_mut().insert("X-Request-ID", request_id.parse().unwrap());
    let answer = bank.http.execute(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        (header("ASPSP-SCA-Approach"), header("X-Request-ID")),
        ("REDIRECT".to_owned(), request_id)
    );
    let location = url::Url::parse(&header("Location")).unwrap();
    let query: std::collections::HashMap<String, String> = location.query_pairs().into_owned().collect();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(query["scope"], format!("PIS:{}", body["paymentId"].as_str().unwrap()));
    assert_eq!((query["redirect_uri"].as_str(), query.len()), (RETURN, 4));
    assert_eq!(body["transactionStatus"], "RCVD");
    let metadata = body["_links"]["scaOAuth"]["href"].as_str().unwrap();
    let metadata: Value = bank.http.get(metadata).send().await.unwrap().json().await.unwrap();
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
}

#[tokio::test]
async fn a_replay_gets_the_same_order_and_another_body_is_refused() {
    let bank = TestBank::start();
    let id = Uuid::new_v4().to_string();
    let send = async |body: Value| {
        let mut request = bank.initiation(&body).build().unwrap();
        request.headers_mut().insert("X-Request-ID", id.parse().unwrap());
        let answer = bank.http.execute(request).await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let (first, second) = (send(order()).await, send(order()).await);
    assert_eq!(first, second);
    let mut other = order();
    other["instructedAmount"]["amount"] = "123.51".into();
    let (status, body) = send(other).await;
    assert_eq!(
        (status, &body["tppMessages"][0]["code"]),
        (StatusCode::CONFLICT, &json!("STATUS_INVALID"))
    );
    assert_eq!(bank.sandbox.orders().len(), 1);
}

#[tokio::test]
async fn every_header_is_asked_for() {
    let bank = TestBank::start();
    let send = async |name: &'static str, value: Option<&str>| {
        let mut request = bank.initiation(&order()).build().unwrap();
        match value {
            Some(value) => drop(request.headers_mut().insert(name, value.parse().unwrap())),
            None => drop(request.headers_mut().remove(name)),
        }
        let sent = request.headers().get("x-request-id").filter(|id| id.len() == 36).cloned();
        let answer = bank.http.execute(request).await.unwrap();
        assert_eq!(answer.headers().get("x-request-id"), sent.as_ref());
        let (status, body) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
        (status, body["tppMessages"][0]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(send("x-ibm-client-id", None).await, expected(401, ""));
    assert_eq!(send("x-ibm-client-id", Some("nobody")).await, expected(401, ""));
    assert_eq!(send("tpp-signature-certificate", None).await, expected(401, "CERTIFICATE_MISSING"));
    assert_eq!(
        send("tpp-signature-certificate", Some("bm90IGEgY2VydA==")).await,
        expected(401, "CERTIFICATE_INVALID")
    );
    assert_eq!(send("x-request-id", None).await, expected(400, "FORMAT_ERROR"));
    assert_eq!(send("x-request-id", Some("12")).await, expected(400, "FORMAT_ERROR"));
    assert_eq!(send("psu-ip-address", None).await, expected(400, "FORMAT_ERROR"));
    assert_eq!(send("psu-ip-address", Some("localhost")).await, expected(400, "FORMAT_ERROR"));
    assert_eq!(
        send("tpp-redirect-uri", Some("https://evil.example/")).await,
        expected(400, "FORMAT_ERROR")
    );
    assert_eq!(send("content-type", Some("text/plain")).await, expected(415, "FORMAT_ERROR"));
    assert_eq!(
        send("content-type", Some("application/json; charset=utf-8")).await,
        expected(201, "")
    );
    assert_eq!(send("tpp-redirect-uri", None).await, expected(201, ""));
    assert_eq!(bank.sandbox.orders().len(), 2);
}

#[tokio::test]
async fn a_body_that_breaks_a_rule_is_refused() {
    let bank = TestBank::start();
    let long = "a".repeat(141);
    let cases = [
        ("/instructedAmount/amount", json!(123.5), "FORMAT_ERROR"),
        ("/instructedAmount/amount", json!("0.00"), "FORMAT_ERROR"),
        ("/instructedAmount/amount", json!("1.234"), "FORMAT_ERROR"),
        ("/instructedAmount/currency", json!("USD"), "FORMAT_ERROR"),
        ("/creditorAccount/iban", json!("RO25BTRLRONCRT0000000001"), "FORMAT_ERROR"),
        ("/creditorAccount/iban", json!("RO24 BTRL RONC RT00 0000 0001"), "FORMAT_ERROR"),
        ("/creditorName", json!(null), "FORMAT_ERROR"),
        ("/creditorName", json!("Școala"), "FORMAT_ERROR"),
        ("/creditorName", json!(&long[..71]), "FORMAT_ERROR"),
        ("/remittanceInformationUnstructured", json!(long), "FORMAT_ERROR"),
        ("/remittanceInformationUnstructured", json!("a//b"), "FORMAT_ERROR"),
        ("/endToEndIdentification", json!(&long[..36]), "FORMAT_ERROR"),
        ("/debtorAccount", json!({ "iban": "RO16CECEB00030RON0099999" }), "RESOURCE_UNKNOWN"),
        ("/debtorAccount", json!({ "iban": "RO24BTRLRONCRT0000000001" }), "RESOURCE_UNKNOWN"),
        ("/debtorAccount", json!({ "iban": "RO65CECEB00030EUR0004002" }), "PAYMENT_FAILED"),
        ("/requestedExecutionDate", json!("2030-01-01"), "PARAMETER_NOT_SUPPORTED"),
    ];
    for (pointer, value, code) in cases {
        let mut body = order();
        match body.pointer_mut(pointer) {
            Some(place) => *place = value.clone(),
            None => body[&pointer[1..]] = value.clone(),
        }
        assert_eq!(refusal(bank.initiation(&body)).await, expected(400, code), "{pointer} = {value}");
    }
    assert_eq!(refusal(bank.initiation(&json!([]))).await, expected(400, "FORMAT_ERROR"));
    assert_eq!(
        refusal(bank.initiation(&json!("x".repeat(70_000)))).await,
        expected(413, "FORMAT_ERROR")
    );
    assert!(bank.sandbox.ledger().is_empty());
}

#[tokio::test]
async fn a_payment_can_be_withdrawn_until_it_is_authorised() {
    let bank = TestBank::start();
    let (id, authorise) = bank.initiate(&order()).await;
    for _ in 0..2 {
        let answer = bank.call(Method::DELETE, &format!("/{id}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(bank.sandbox.orders()[0].status, Word::Canc);
    let page = bank.http.get(&authorise).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Plata a fost anulată"));
    let (id, authorise) = bank.initiate(&order()).await;
    bank.decide(&authorise, "ana", "da").await;
    let call = bank.call(Method::DELETE, &format!("/{id}"));
    assert_eq!(refusal(call).await, expected(409, "CANCELLATION_INVALID"));
    assert_eq!(
        refusal(bank.call(Method::DELETE, "/unknown")).await,
        expected(404, "RESOURCE_UNKNOWN")
    );
    assert_eq!(refusal(bank.call(Method::PUT, "/unknown")).await, expected(405, "SERVICE_INVALID"));
}

#[tokio::test]
async fn a_payment_is_read_only_with_its_own_token() {
    let bank = TestBank::start();
    let (id, _) = bank.initiate(&order()).await;
    let path = format!("/{id}/status");
    assert_eq!(refusal(bank.call(Method::GET, &path)).await, expected(401, "TOKEN_INVALID"));
    assert_eq!(
        refusal(bank.call(Method::GET, &path).bearer_auth("x")).await,
        expected(401, "TOKEN_INVALID")
    );
    assert_eq!(
        refusal(bank.call(Method::GET, "/unknown/status")).await,
        expected(404, "RESOURCE_UNKNOWN")
    );
    let (_, authorise) = bank.initiate(&order()).await;
    let back = bank.decide(&authorise, "ana", "da").await;
    let (_, tokens) = bank.exchange(&super::support::parameter(&back, "code").unwrap()).await;
    let foreign = bank.call(Method::GET, &path).bearer_auth(tokens["access_token"].as_str().unwrap());
    assert_eq!(refusal(foreign).await, expected(401, "TOKEN_INVALID"));
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered_nor_on_without_pkce() {
    let bank = TestBank::start();
    let (_, authorise) = bank.initiate(&order()).await;
    for wrong in [
        authorise.replace("tpp.example", "evil.example"),
        authorise.replace("client_id=tpp-one", "client_id=x"),
        format!("{authorise}&scope=x"),
    ] {
        let answer = bank.http.get(wrong).send().await.unwrap();
        assert_eq!((answer.status(), answer.headers().get("Location")), (StatusCode::BAD_REQUEST, None));
    }
    let cases = [
        (authorise.replace("S256", "plain"), "invalid_request"),
        (authorise.split("&code_challenge").next().unwrap().to_owned(), "invalid_request"),
        (authorise.replace("scope=PIS", "scope=AIS"), "invalid_scope"),
        (
            authorise.replace("response_type=code", "response_type=token"),
            "unsupported_response_type",
        ),
    ];
    for (wrong, error) in cases {
        let answer = bank.http.get(wrong).send().await.unwrap();
        let location = answer.headers()["Location"].to_str().unwrap();
        assert!(
            location.starts_with(RETURN) && location.contains(&format!("error={error}&")),
            "{location}"
        );
    }
}

#[tokio::test]
async fn an_order_nobody_authorises_lapses() {
    let bank = TestBank::start();
    let (_, authorise) = bank.initiate(&order()).await;
    bank.clock.advance(std::time::Duration::from_secs(3600));
    assert_eq!(bank.http.get(&authorise).send().await.unwrap().status(), StatusCode::CONFLICT);
    assert_eq!(bank.sandbox.orders()[0].status, Word::Rjct);
}

#[tokio::test]
async fn the_index_and_the_ledger_can_be_read() {
    let bank = TestBank::start();
    bank.initiate(&order()).await;
    let page = async |path: &str| bank.http.get(format!("{}{path}", bank.base)).send().await.unwrap();
    assert!(page("/").await.text().await.unwrap().contains("12.500,00 RON"));
    assert!(page("/cec/ledger").await.text().await.unwrap().contains("Ordin primit: 123,50 RON"));
    assert_eq!(page("/sandbox.css").await.headers()["Content-Type"], "text/css; charset=utf-8");
    assert_eq!(page("/nothing").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(page("/cec/v1/card-accounts").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(page("/cec/v1/accounts").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(page("/bt/v2/accounts").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn amounts_tell_their_stories_here_too() {
    let bank = TestBank::start();
    let of = |amount: &str| {
        let mut body = order();
        body["instructedAmount"]["amount"] = amount.into();
        body
    };
    let answer = bank.initiation(&of("901.07")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), bank.sandbox.orders().len()), (500, 1));
    let (id, authorise) = bank.initiate(&of("901.01")).await;
    let back = bank.decide(&authorise, "ana", "da").await;
    let (_, tokens) = bank.exchange(&super::support::parameter(&back, "code").unwrap()).await;
    bank.clock.advance(super::support::STEP);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(bank.word(&id, token).await, "CANC", "the bank's own refusal");
}
