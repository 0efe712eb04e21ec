//! How a consent ends, on whichever side, and how it is renewed.

use super::{DAY, ended_at_bank, refused};
use crate::support::TestApp;
use crate::support::consents::{ConsentTokens, terms};
use crate::support::partner::with;
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::sandbox::{Fault, Operation};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_lives_longer_than_its_tokens_and_ends_on_its_last_day() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let last = app.today() + chrono::Days::new(20);
    let tokens = erp
        .given_consent(&app, ANA, &with(terms(), json!({ "validUntil": last.to_string() })))
        .await;
    app.advance(10 * DAY);
    assert_eq!(erp.get_consent("accounts", &tokens, "").await.status, 401);
    let tokens = erp.tokens_again(&tokens).await;
    erp.get_consent("accounts", &tokens, "").await.good();
    let status = erp.get_consent("consentStatus", &tokens, "").await.good();
    assert_eq!(status.text("validUntil"), last.to_string());
    app.let_pass(12, DAY).await;
    let tokens = erp.tokens_again(&tokens).await;
    assert_eq!(erp.consent_status(&tokens).await, "ended");
    assert_eq!(refused(&erp.get_consent("accounts", &tokens, "").await), (409, "CONSENT_NOT_VALID"));
    // The bank had given more days than were asked for.
    assert_eq!(ended_at_bank(&app), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_partner_gives_a_consent_back_and_the_bank_hears_of_it_even_later() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    let answer = erp.post_consent("revokeConsent", &tokens, &json!({})).await.good();
    assert_eq!((answer.text("consentStatus"), ended_at_bank(&app)), ("ended", 1));
    assert_eq!(refused(&erp.get_consent("accounts", &tokens, "").await), (409, "CONSENT_NOT_VALID"));
    erp.post_consent("revokeConsent", &tokens, &json!({})).await.good();
    let second = erp.given_consent(&app, ANA, &terms()).await;
    app.bank.fail_next(Operation::Consent, Fault::DropBeforeEffect);
    erp.post_consent("revokeConsent", &second, &json!({})).await.good();
    assert_eq!(erp.consent_status(&second).await, "ended");
    assert_eq!(ended_at_bank(&app), 1);
    app.let_pass(3, Duration::from_secs(10)).await;
    assert_eq!(ended_at_bank(&app), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_payer_takes_back_at_the_bank_ends_here() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    app.psu().withdraw_consents_at_bank(&app, ANA).await;
    assert_eq!(refused(&erp.get_consent("accounts", &tokens, "").await), (409, "CONSENT_NOT_VALID"));
    assert_eq!(erp.consent_status(&tokens).await, "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_a_new_consent_with_the_same_terms() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    app.advance(30 * DAY);
    let tokens = erp.tokens_again(&tokens).await;
    let answer = erp.post_consent("renewConsent", &tokens, &json!({})).await.good();
    let renewed = ConsentTokens::of(&answer);
    assert_ne!(renewed.consent, tokens.consent);
    assert_eq!(answer.json["consentId"].as_i64(), Some(renewed.consent));
    let psu = app.psu();
    let page = psu.to_consents_bank(&answer.text("redirectUri").parse().unwrap(), "cec").await;
    let back = psu.agree(&page, ANA, |_| true).await;
    psu.come_back(&back).await.says("Ai dat accesul");
    let status = erp.get_consent("consentStatus", &renewed, "").await.good();
    assert_eq!(
        (status.text("consentStatus"), status.text("validUntil")),
        ("valid", (app.cx.now().date() + chrono::Days::new(180)).to_string().as_str())
    );
    erp.get_consent("accounts", &renewed, "").await.good();
    assert_eq!(erp.consent_status(&tokens).await, "valid");
    let bare = erp.consent_tokens().await;
    assert_eq!(
        refused(&erp.post_consent("renewConsent", &bare, &json!({})).await),
        (409, "NOT_POSSIBLE_NOW")
    );
}
