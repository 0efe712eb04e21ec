//! Who may call at all: certificates and signatures.

use super::support::{AURA, CE, OTHER, OUEST, TPP, TestBanks, payment, pem};
use super::tpp::read;
use crate::clock::Clock;
use crate::sandbox::stet::{Cdetab, StetSettings};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

const PATH: &str = "/stet/17515/stet/psd2/v1.4.2/payment-requests";

#[tokio::test]
async fn tls_refuses_whom_the_ca_does_not_vouch_for() {
    let banks = TestBanks::start();
    for qwac in [None, Some("stranger-qwac")] {
        let call = banks.client(qwac).post(format!("{}{PATH}", banks.api)).send().await;
        assert!(call.is_err(), "{qwac:?}");
    }
    // The interface is not on the listener for pages, and pages need no certificate.
    let call = banks.http.post(format!("{}{PATH}", banks.plain)).send().await.unwrap();
    assert_eq!(read(call).await.refusal(), (401, "Unauthorized".into()));
    for bank in Cdetab::ALL {
        for page in ["", "/ledger", "/certificate.pem", "/banque-en-ligne"] {
            let url = format!("{}{}{page}", banks.plain, bank.prefix());
            assert_eq!(banks.http.get(url).send().await.unwrap().status(), StatusCode::OK);
        }
    }
    let certificate = banks.http.get(format!("{}/stet/17515/certificate.pem", banks.plain)).send().await;
    assert_eq!(certificate.unwrap().bytes().await.unwrap(), pem("seal").0);
    let index = banks.http.get(&banks.plain).send().await.unwrap().text().await.unwrap();
    assert!(index.contains("/stet/13807") && index.contains("Caisse d’Epargne"));
}

#[tokio::test]
async fn the_certificate_has_to_name_an_enrolled_organization_with_the_role() {
    let banks = TestBanks::start();
    let token = banks.tpp().own_token(CE).await;
    for qwac in ["nobody-qwac", "unknown-qwac", "ai-qwac"] {
        let tpp = banks.tpp_with(qwac, "one-qsealc");
        let refused = tpp.post(PATH, &payment(&banks, "10.00"), &token).await;
        assert_eq!(refused.refusal(), (403, "BE05".into()), "{qwac}");
    }
    // A role is needed for payments, not for a token.
    assert!(!banks.tpp_with("ai-qwac", "one-qsealc").own_token(CE).await.is_empty());
}

#[tokio::test]
async fn the_client_id_has_to_be_the_certificates() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let form = |id| [("client_id", id), ("grant_type", "client_credentials"), ("scope", "pisp")];
    let (status, body) = tpp.token(CE, &form(OTHER)).await;
    assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
    assert_eq!(tpp.token(CE, &form(TPP)).await.0, 200);
    for (spoiled, error) in [
        (
            [("client_id", TPP), ("grant_type", "client_credentials"), ("scope", "aisp")],
            "invalid_scope",
        ),
        (
            [("client_id", TPP), ("grant_type", "password"), ("scope", "pisp")],
            "unsupported_grant_type",
        ),
        (
            [("client_id", TPP), ("grant_type", "client_credentials"), ("client_id", TPP)],
            "invalid_request",
        ),
    ] {
        let (status, body) = tpp.token(CE, &spoiled).await;
        assert_eq!((status, &body["error"]), (400, &json!(error)));
    }
}

#[tokio::test]
async fn a_token_serves_its_owner_at_its_bank_for_an_hour() {
    let banks = TestBanks::start();
    let (one, two) = (banks.tpp(), banks.tpp_with("two-qwac", "two-qsealc"));
    let token = one.own_token(CE).await;
    let body = payment(&banks, "10.00");
    assert_eq!(two.post(PATH, &body, &token).await.status, 401);
    assert_eq!(one.post(&PATH.replace(CE, AURA), &body, &token).await.status, 401);
    assert_eq!(one.post(PATH, &body, "made-up").await.status, 401);
    banks.clock.advance(Duration::from_secs(3598));
    let body = payment(&banks, "10.00");
    assert_eq!(one.post(PATH, &body, &token).await.status, 201);
    banks.clock.advance(Duration::from_secs(1));
    assert_eq!(one.post(PATH, &body, &token).await.status, 401);
}

#[tokio::test]
async fn a_signature_is_good_or_refused() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.own_token(CE).await;
    let body = payment(&banks, "10.00");
    let draft = || tpp.draft(Method::POST, PATH, Some(&body), &token);
    let old = |seconds: i64| {
        let date = banks.clock.now() - chrono::TimeDelta::seconds(seconds);
        date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let mut good = [draft(), draft(), draft(), draft(), draft()];
    good[1].key_id = "https://tpp.example/qsealc.pem".into();
    good[2].key_id = tpp.fingerprint_key_id();
    good[3].date = old(290);
    good[4].covered = "digest date x-request-id (request-target)";
    for draft in good {
        let answer = draft.send().await;
        assert_eq!(answer.status, 201, "{} {answer:?}", draft.key_id);
    }
    let two = banks.tpp_with("two-qwac", "two-qsealc");
    let mut bad = [draft(), draft(), draft(), draft(), draft(), draft(), draft(), draft(), draft()];
    bad[0].digest = "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".into();
    bad[1].body.push(b' ');
    bad[2].date = old(310);
    bad[3].date = old(-310);
    bad[4].path.push('x');
    bad[5].covered = "date digest x-request-id";
    bad[6].covered = "(request-target) date x-request-id";
    bad[7].key_id = two.key_id();
    bad[8].key_id = "SN=01,CA=CN=nobody".into();
    for (i, draft) in bad.iter().enumerate() {
        assert_eq!(draft.send().await.refusal(), (401, "Unauthorized".into()), "{i}");
    }
    // Another organization's key, and none at all.
    let stolen = banks.tpp_with("one-qwac", "two-qsealc");
    assert_eq!(stolen.post(PATH, &body, &token).await.status, 401);
    let unsigned = tpp
        .http
        .post(format!("{}{PATH}", banks.api))
        .header("X-Request-ID", "1")
        .send()
        .await;
    assert_eq!(read(unsigned.unwrap()).await.status, 401);
    let mut nameless = draft();
    nameless.request_id = "x".repeat(71);
    assert_eq!(nameless.send().await.refusal(), (400, "FF01".into()));
    assert_eq!(banks.sandbox.stet_orders().len(), 5);
}

#[tokio::test]
async fn an_expired_certificate_is_refused_by_the_banks_own_time() {
    let banks = TestBanks::start();
    banks.clock.advance(Duration::from_secs(4 * 366 * 24 * 3600));
    let form = [("client_id", TPP), ("grant_type", "client_credentials"), ("scope", "pisp")];
    let (status, body) = banks.tpp().token(CE, &form).await;
    assert_eq!((status, &body["message"]), (401, &json!("Unauthorized")));
}

#[tokio::test]
async fn the_fallback_leads_to_the_customers_own_pages() {
    let banks = TestBanks::start();
    let call = |client: reqwest::Client| client.post(format!("{}/stet/{OUEST}/stet/psd2/oauth/token", banks.api));
    let answer = call(banks.client(Some("one-qwac"))).header("fallback", "1").send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let page = banks.http.get(answer.headers()["Location"].to_str().unwrap()).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("Banque Populaire Grand Ouest"));
    let stranger = call(banks.client(Some("unknown-qwac")))
        .header("fallback", "1")
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), 403);
}

#[tokio::test]
async fn a_judge_in_between_is_let_in_only_when_the_settings_say_so() {
    let clear = |settings: &mut StetSettings| settings.in_the_clear = Some(TPP.to_owned());
    let banks = TestBanks::with_settings(Clock::default(), clear);
    let tpp = banks.tpp();
    let token = tpp.own_token(CE).await;
    let body = payment(&banks, "10.00");
    let mut draft = tpp.draft(Method::POST, PATH, Some(&body), &token);
    draft.url = format!("{}{PATH}", banks.plain);
    assert_eq!(draft.send().await.status, 201);
    let mut draft = tpp.draft(Method::POST, PATH, Some(&body), &token);
    draft.url = format!("{}{PATH}", banks.plain);
    draft.path = PATH.replace("/stet/17515", "");
    assert_eq!(draft.send().await.status, 201);
    draft.path = PATH.replace(CE, AURA);
    assert_eq!(draft.send().await.status, 401);
}

#[tokio::test]
async fn unusable_settings_are_refused_at_the_start() {
    for spoil in [
        (|s| s.bank_key = pem("one-qwac").1) as fn(&mut StetSettings),
        |s| s.seals[0].certificate = b"nothing".to_vec(),
        |s| s.server_key = pem("seal").1,
        |s| s.client_ca.clear(),
    ] {
        let started = std::panic::catch_unwind(|| TestBanks::with_settings(Clock::default(), spoil).plain);
        assert!(started.is_err());
    }
}
