//! The consent's page: what the payer reads there, the ways not to give a consent, and who may bring it back.

use crate::support::RETURN_URL;
use crate::support::TestApp;
use crate::support::consents::terms;
use crate::support::partner::with;
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::sandbox::{Fault, Operation};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_who_asks_for_what_and_until_when_and_leads_back() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let last = app.today() + chrono::Days::new(30);
    let wanted = with(terms(), json!({ "validUntil": last.to_string(), "recurring": false }));
    let (tokens, link) = erp.start_consent(&wanted).await;
    let psu = app.psu();
    let page = psu.get(&link).await;
    page.says("Partener erp îți cere acces la conturi")
        .says(&last.format("%d.%m.%Y").to_string())
        .says("O singură dată")
        .says("Nu poate face plăți");
    assert!(page.has("input[name=bank][value=cec][checked]") && !page.has("input[name=bank][value=bt]"));
    let english = psu.get(&format!("{link}&lang=en").parse().unwrap()).await;
    english.says("asks for access to your accounts");
    let go = psu.to_consents_bank(&link, "cec").await;
    go.says("Mergi la CEC Bank").says("Nu sunt de acord");
    assert_eq!(erp.consent_status(&tokens).await, "awaiting_psu");
    let back = psu.agree(&go, ANA, |_| true).await;
    let done = psu.come_back(&back).await;
    done.says("Ai dat accesul").says("CEC Bank");
    assert_eq!(
        done.link("a.primary").as_str(),
        format!("{RETURN_URL}?id={}&status=valid", tokens.consent)
    );
    // Coming back once more changes nothing.
    psu.come_back(&back).await.says("Ai dat accesul");
    psu.get(&link).await.says("Ai dat accesul");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_says_no_on_our_page_at_the_bank_or_not_at_all() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let psu = app.psu();
    let (here, link) = erp.start_consent(&terms()).await;
    let page = psu.get(&link).await;
    psu.follow(&psu.submit(&page.form("/account-consent/leave")).await)
        .await
        .says("Nu ai dat accesul");
    assert_eq!(erp.consent_status(&here).await, "refused");
    let (there, link) = erp.start_consent(&terms()).await;
    let go = psu.to_consents_bank(&link, "cec").await;
    let back = psu.disagree(&go, ANA).await;
    psu.come_back(&back).await.says("Nu ai dat accesul");
    assert_eq!(erp.consent_status(&there).await, "refused");
    let (late, link) = erp.start_consent(&terms()).await;
    let (untouched, other) = erp.start_consent(&terms()).await;
    let go = psu.to_consents_bank(&link, "cec").await;
    app.let_pass(10, Duration::from_secs(600)).await;
    for tokens in [&late, &untouched] {
        let tokens = erp.tokens_again(tokens).await;
        assert_eq!(erp.consent_status(&tokens).await, "abandoned");
    }
    psu.get(&link).await.says("Timpul pentru această cerere a expirat");
    psu.get(&other).await.says("Timpul pentru această cerere a expirat");
    // The bank was told, so that nothing can be given any more.
    let login = psu.get(&go.link("a#go")).await;
    assert_ne!(login.status, 303, "{}", login.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_bank_can_be_chosen_and_a_bank_that_fails_can_be_tried_again() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let psu = app.psu();
    let (tokens, link) = erp.start_consent(&terms()).await;
    app.bank.fail_next(Operation::Consent, Fault::Status(503));
    psu.to_consents_bank(&link, "cec").await.says("CEC Bank nu răspunde acum");
    assert_eq!(erp.consent_status(&tokens).await, "created");
    let go = psu.to_consents_bank(&link, "cec").await;
    let form = go.form("/account-consent/leave").with("then", "another");
    let page = psu.follow(&psu.submit(&form).await).await;
    assert_eq!(erp.consent_status(&tokens).await, "created");
    let form = page.form("/account-consent").with("bank", "demo-link");
    let go = psu.follow(&psu.submit(&form).await).await;
    go.says("Mergi la Banca Link");
    let back = psu.agree(&go, ANA, |_| true).await;
    psu.come_back(&back).await.says("Ai dat accesul");
    let list = erp.get_consent("accounts", &tokens, "").await.good();
    assert!(list.json["accounts"][0]["iban"].as_str().unwrap().contains("LINK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_browser_that_began_can_see_it_or_bring_it_back() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let (thief, victim) = (app.psu(), app.psu());
    let (tokens, link) = erp.start_consent(&terms()).await;
    let go = thief.to_consents_bank(&link, "cec").await;
    // The victim is sent to the bank by somebody else, and gives the consent there.
    let back = victim.agree(&go, ANA, |_| true).await;
    let seen = victim.get(&back).await;
    assert_eq!(seen.status, 200);
    seen.says("Te-ai întors de la bancă");
    app.let_pass(5, Duration::from_secs(30)).await;
    assert_eq!(erp.consent_status(&tokens).await, "awaiting_psu");
    let page = victim.get(&link).await;
    assert_eq!((page.status, page.text().contains("Partener erp")), (403, false));
    let wrong = victim.get(&format!("{link}x").parse().unwrap()).await;
    assert_eq!(wrong.status, 404);
    // With a plain redirect too, nobody but the browser that began makes it valid.
    let (plain, link) = erp.start_consent(&with(terms(), json!({ "bank": "demo-link" }))).await;
    let go = thief.to_consents_bank(&link, "demo-link").await;
    let back = victim.agree(&go, ANA, |_| true).await;
    victim.get(&back).await;
    app.let_pass(5, Duration::from_secs(30)).await;
    assert_eq!(erp.consent_status(&plain).await, "awaiting_psu");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_not_ours_or_names_no_bank_asks_again() {
    let app = TestApp::start().await;
    let (tokens, link) = app.erp().start_consent(&with(terms(), json!({ "bank": null }))).await;
    let psu = app.psu();
    let form = psu.get(&link).await.form("/account-consent");
    assert_eq!(psu.submit(&form).await.status, 422);
    assert_eq!(psu.submit(&form.clone().with("bank", "brd")).await.status, 422);
    let forged = psu.submit(&form.clone().with("bank", "cec").with("csrf", "x")).await;
    assert_eq!(forged.status, 403);
    assert_eq!(app.erp().consent_status(&tokens).await, "created");
    assert_eq!(psu.submit(&form.with("bank", "cec")).await.status, 303);
}
