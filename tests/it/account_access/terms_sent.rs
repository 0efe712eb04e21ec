//! The terms a partner sends, and calls that cannot be read.

use super::refused;
use crate::support::TestApp;
use crate::support::consents::{CORE, terms};
use crate::support::partner::with;
use crate::support::psu::ANA;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_terms_answer_the_same_and_others_are_refused() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let (tokens, link) = erp.start_consent(&terms()).await;
    let again = erp.init_consent(&tokens, &terms()).await.good();
    assert_eq!(again.text("redirectUri"), link.as_str());
    let other = erp.init_consent(&tokens, &with(terms(), json!({ "recurring": false }))).await;
    assert_eq!(refused(&other), (409, "OTHER_CONTENT"));
    let early = erp.get_consent("accounts", &tokens, "").await;
    assert_eq!(refused(&early), (409, "CONSENT_NOT_VALID"));
    let (today, far) = (app.today(), app.today() + chrono::Days::new(181));
    for (field, value, code) in [
        ("bank", json!("bcr"), "BANK_DOES_NOT_OFFER"),
        ("bank", json!("nobank"), "UNKNOWN_BANK"),
        ("validUntil", json!(far.to_string()), "NOT_ALLOWED"),
        ("validUntil", json!((today - chrono::Days::new(1)).to_string()), "NOT_ALLOWED"),
        ("redirectURL", json!("https://evil.example/"), "NOT_ALLOWED"),
    ] {
        let fresh = erp.consent_tokens().await;
        let answer = erp.init_consent(&fresh, &with(terms(), json!({ field: value }))).await;
        assert_eq!(answer.status, 422, "{}", answer.json);
        assert_eq!(answer.json["moreDetails"][0]["field"], field);
        assert_eq!(answer.json["moreDetails"][0]["code"], code);
    }
    for (field, value) in [
        ("kind", json!("everything")),
        ("kind", Value::Null),
        ("redirectURL", Value::Null),
        ("validUntil", json!("mâine")),
        ("recurring", json!("perhaps")),
    ] {
        let fresh = erp.consent_tokens().await;
        let answer = erp.init_consent(&fresh, &with(terms(), json!({ field: value }))).await;
        assert_eq!(
            (answer.status, &answer.json["moreDetails"][0]["field"]),
            (400, &json!(field)),
            "{}",
            answer.json
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_cannot_be_read_are_refused_clearly() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.consent_tokens().await;
    for id in ["1", "abc", "1234567890123456789", "..%2f..", "%00", "0000000000000000"] {
        let request = erp.request(Method::GET, &format!("{CORE}/consentStatus/{id}"));
        let answer = erp.send(request.bearer_auth(&tokens.access)).await;
        assert_eq!(refused(&answer), (404, "CONSENT_NOT_FOUND"), "{id}");
        let answer = erp.consent_token(("consentId", id)).await;
        assert_eq!(answer.status, 404, "{id}");
    }
    assert_eq!(erp.consent_token(("isConsent", "perhaps")).await.status, 400);
    let path = format!("{CORE}/initConsent/{}", tokens.consent);
    for body in ["", "[]", "{", "{\"kind\":1}", "{\"kind\":\"accounts\",\"kind\":\"funds\"}", "\u{0}"] {
        let request = erp.request(Method::POST, &path).bearer_auth(&tokens.access);
        let request = request.header("content-type", "application/json").body(body.to_owned());
        assert_eq!(erp.send(request).await.status, 400, "{body}");
    }
    let plain = erp.request(Method::POST, &path).bearer_auth(&tokens.access);
    let plain = plain.header("content-type", "text/plain").body(terms().to_string());
    assert_eq!(erp.send(plain).await.status, 415);
    let huge = with(terms(), json!({ "psuIntermediarId": "x".repeat(100_000) }));
    assert_eq!(erp.init_consent(&tokens, &huge).await.status, 413);
    assert_eq!(erp.send(erp.request(Method::POST, &path).json(&terms())).await.status, 401);
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    for id in ["%20", "a%20b", "%C3%A9", &"x".repeat(141)] {
        let answer = erp.get_consent("accounts", &tokens, &format!("/{id}/balances")).await;
        assert_eq!(refused(&answer), (422, "ACCOUNT_NOT_IN_CONSENT"), "{id}");
    }
    for page in ["%00", &"x".repeat(2001)] {
        let answer = erp.get_consent("accounts", &tokens, &format!("?page={page}")).await;
        assert_eq!(refused(&answer), (400, "INVALID_REQUEST"));
    }
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}
