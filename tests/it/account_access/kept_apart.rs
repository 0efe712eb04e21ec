//! A consent belongs to one partner, and so do its tokens.

use super::refused;
use crate::support::TestApp;
use crate::support::consents::{CORE, ConsentTokens, terms};
use crate::support::partner::STATUS;
use crate::support::psu::ANA;
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_its_partners_alone_and_so_are_its_tokens() {
    let app = TestApp::start().await;
    let (erp, shop) = (app.erp(), app.shop());
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    // A shop has no such calls.
    let answer = shop.consent_token(("isConsent", "1")).await;
    assert_eq!(refused(&answer), (403, "ACCOUNT_ACCESS_NOT_ALLOWED"));
    // Another partner's consent is like none.
    let other = app.add_finance_partner("stranger").await;
    let theirs = other.consent_tokens().await;
    let of_ours = ConsentTokens {
        consent: tokens.consent,
        ..theirs.clone()
    };
    let of_none = ConsentTokens {
        consent: 1_234_567_890_123_456,
        ..theirs.clone()
    };
    for call in ["consentStatus", "accounts"] {
        let (known, unknown) = (
            other.get_consent(call, &of_ours, "").await,
            other.get_consent(call, &of_none, "").await,
        );
        assert_eq!(refused(&known), (404, "CONSENT_NOT_FOUND"));
        assert_eq!((known.status, &known.json["message"]), (unknown.status, &unknown.json["message"]));
    }
    let answer = other.consent_token(("consentId", &tokens.consent.to_string())).await;
    assert_eq!(refused(&answer), (404, "CONSENT_NOT_FOUND"));
    // A payment's token is none for a consent, nor the other way round, nor another consent's of one's own.
    let payment = erp.tokens().await;
    let mixed = ConsentTokens {
        access: payment.access.clone(),
        ..tokens.clone()
    };
    assert_eq!(erp.get_consent("accounts", &mixed, "").await.status, 401);
    let request = erp.request(Method::GET, &format!("{STATUS}/{}", payment.payment));
    assert_eq!(erp.send(request.bearer_auth(&tokens.access)).await.status, 401);
    let second = erp.consent_tokens().await;
    let mixed = ConsentTokens {
        access: second.access,
        ..tokens.clone()
    };
    assert_eq!(erp.get_consent("accounts", &mixed, "").await.status, 401);
    // With another certificate a token is worth nothing.
    assert_eq!(other.get_consent("accounts", &tokens, "").await.status, 401);
    // A refresh token is exchanged once; used twice, it ends its family.
    let next = ConsentTokens::of(&erp.refresh(&tokens.refresh).await.good());
    assert_eq!(erp.get_consent("accounts", &next, "").await.good().status, 200);
    assert_eq!(erp.refresh(&tokens.refresh).await.status, 401);
    assert_eq!(erp.get_consent("accounts", &next, "").await.status, 401);
    let other_path = erp.request(Method::GET, &format!("/core/rest/api/consentStatus/{}", tokens.consent));
    let fresh = erp.tokens_again(&tokens).await;
    assert_eq!(
        erp.send(other_path.bearer_auth(&fresh.access)).await.good().text("consentStatus"),
        "valid"
    );
    let wrong_method = erp.request(Method::POST, &format!("{CORE}/accounts/{}", tokens.consent));
    assert_eq!(erp.send(wrong_method.bearer_auth(&fresh.access)).await.status, 405);
}
