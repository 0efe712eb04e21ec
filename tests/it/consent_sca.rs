//! Consents at banks whose payers approve in the bank's app, enter a one-time code, or are sent to a page that the
//! bank names only when it is asked to begin.

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::consents::{ConsentTokens, terms};
use crate::support::partner::{Partner, with};
use crate::support::psu::{ANA, ANA_BRD, ANA_COD, ANA_LINK, ANA_MOBIL, ANA_PASI, At, MIHAI_COD, Psu};
use serde_json::json;
use smartpay::sandbox::{EndedBy, Fault, LedgerEvent, Operation};
use std::time::Duration;
use url::Url;

const SECOND: Duration = Duration::from_secs(1);
const IN_APP: &str = "Aprobă accesul în aplicația băncii";
const ENTER_CODE: &str = "Introdu codul primit de la bancă";
const WRONG: &str = "Codul nu este corect. Verifică mesajul băncii și introdu-l din nou.";
const ASKED: &str = "Partener erp îți cere acces la conturi";

/// Asks for a consent at a bank.
async fn start(erp: &Partner, at: At) -> (ConsentTokens, Url) {
    erp.start_consent(&with(terms(), json!({ "bank": at.bank }))).await
}

/// Opens the link and goes on at a bank; answers the page for what that bank wants.
async fn go(psu: &Psu, link: &Url, at: At) -> Page {
    go_as(psu, link, at, at.user_code).await
}

async fn go_as(psu: &Psu, link: &Url, at: At, user_code: &str) -> Page {
    let page = psu.get(link).await;
    let form = page.form("/account-consent").with("bank", at.bank).with("user_code", user_code);
    let answer = psu.submit(&form).await;
    if answer.status == 303 { psu.follow(&answer).await } else { answer }
}

async fn enter(psu: &Psu, page: &Page, code: &str) -> Page {
    let answer = psu.submit(&page.form("/code").with("code", code)).await;
    if answer.status == 303 { psu.follow(&answer).await } else { answer }
}

fn newest_code(app: &TestApp, who: &str) -> String {
    app.bank.codes_for(who).pop().unwrap()
}

/// A code of the same form that is not this one.
fn another(code: &str) -> String {
    let digit = |c: char| if c == '9' { '0' } else { '9' };
    code.chars().map(digit).collect()
}

/// The partner reads accounts, balances and transactions under the consent.
async fn gives_accounts(erp: &Partner, tokens: &ConsentTokens, at: At) {
    let list = erp.get_consent("accounts", tokens, "").await.good();
    let account = &list.json["accounts"][0];
    assert_eq!(account["iban"].as_str().unwrap(), at.iban);
    let id = account["accountId"].as_str().unwrap();
    let balances = erp.get_consent("accounts", tokens, &format!("/{id}/balances")).await.good();
    assert!(!balances.json["balances"].as_array().unwrap().is_empty(), "{}", balances.json);
    let booked = format!("/{id}/transactions?dateFrom=2026-01-01");
    let booked = erp.get_consent("accounts", tokens, &booked).await.good();
    assert!(!booked.json["transactions"].as_array().unwrap().is_empty(), "{}", booked.json);
}

fn ended_by_us(app: &TestApp) -> usize {
    let ended = |e: &&smartpay::sandbox::LedgerEntry| matches!(e.event, LedgerEvent::ConsentEnded { by: EndedBy::Tpp, .. });
    app.bank.ledger().iter().filter(ended).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_approved_in_the_banks_app() {
    for at in [ANA_BRD, ANA_MOBIL] {
        let app = TestApp::start().await;
        let (erp, psu) = (app.erp(), app.psu());
        let (tokens, link) = start(&erp, at).await;
        let page = go(&psu, &link, at).await;
        assert_eq!(page.heading(), IN_APP, "{}", page.text());
        page.says(&format!("{} ți-a trimis o cerere de aprobare.", at.name))
            .says("aprobați accesul la conturi")
            .says("Nu se face nicio plată.")
            .says("Verifică acum");
        assert!(!page.body.contains(at.user_code), "the user code is never shown again");
        app.let_pass(5, SECOND).await;
        assert!(!psu.has_news(&page).await, "asking in vain is no news");
        assert_eq!(erp.consent_status(&tokens).await, "awaiting_psu");
        let phone = psu.get(&app.bank_url().join("phone/ana").unwrap()).await;
        phone
            .says("O aplicație cere acces la conturile dumneavoastră.")
            .says("Nu poate face plăți.");
        psu.submit(&phone.form(&phone_action(&phone)).with("decizie", "da")).await;
        app.let_pass(10, 2 * SECOND).await;
        assert!(psu.has_news(&page).await);
        psu.get(&page.main_url("data-refresh-url")).await.says("Ai dat accesul");
        assert_eq!(erp.consent_status(&tokens).await, "valid");
        gives_accounts(&erp, &tokens, at).await;
    }
}

/// Where the one request on a telephone is answered.
fn phone_action(phone: &Page) -> String {
    let page = scraper::Html::parse_document(&phone.body);
    let form = page.select(&scraper::Selector::parse("form.push").unwrap()).next().unwrap();
    form.attr("action").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_refused_in_the_app_or_nobody_answers() {
    for at in [ANA_BRD, ANA_MOBIL] {
        let app = TestApp::start().await;
        let (erp, psu) = (app.erp(), app.psu());
        let (refused, link) = start(&erp, at).await;
        go(&psu, &link, at).await;
        app.bank.refuse_on_phone("ana").unwrap();
        app.let_pass(5, 2 * SECOND).await;
        psu.get(&link).await.says("Nu ai dat accesul");
        assert_eq!(erp.consent_status(&refused).await, "refused");
        let (late, link) = start(&erp, at).await;
        go(&psu, &link, at).await;
        app.let_pass(20, Duration::from_secs(300)).await;
        let late = erp.tokens_again(&late).await;
        assert_eq!(erp.consent_status(&late).await, "abandoned");
        psu.get(&link).await.says("Timpul pentru această cerere a expirat");
        assert_eq!(app.bank.approve_on_phone("ana"), None, "the bank was told");
        // And a payer who wants no more takes the request back too.
        let (back, link) = start(&erp, at).await;
        let page = go(&psu, &link, at).await;
        let form = page.form("/account-consent/leave").with("then", "refuse");
        psu.follow(&psu.submit(&form).await).await.says("Nu ai dat accesul");
        assert_eq!(erp.consent_status(&back).await, "refused");
        assert_eq!(app.bank.approve_on_phone("ana"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_code_gives_a_consent() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let (tokens, link) = start(&erp, ANA_COD).await;
    let page = go(&psu, &link, ANA_COD).await;
    assert_eq!(page.heading(), ENTER_CODE, "{}", page.text());
    page.says("Cu el aprobi accesul la conturi; nu se face nicio plată.")
        .says("Parola sau PIN-ul băncii nu ți le cerem niciodată.");
    assert!(page.has("#code[autocomplete=one-time-code][inputmode=numeric]"));
    psu.get(&app.bank_url().join("phone/ana").unwrap())
        .await
        .says("Codul cu care dați unei aplicații acces la conturile dumneavoastră");
    // What is no code costs no try, and is not shown again.
    for (typed, words) in [
        ("", "Introdu codul primit de la bancă."),
        ("abcdef", "Codul are numai cifre. Introdu-l din nou."),
    ] {
        let answer = psu.submit(&page.form("/code").with("code", typed)).await;
        assert_eq!((answer.status, answer.part("#code-error").as_str()), (422, words));
        assert!(!answer.has("#code[value]") && !answer.text().contains("Mai ai"));
    }
    let code = newest_code(&app, "ana");
    let wrong = enter(&psu, &page, &another(&code)).await;
    assert_eq!(wrong.part("#code-error"), WRONG);
    wrong.says("Mai ai 4 încercări.");
    assert!(psu.has_news(&page).await && !wrong.body.contains(&another(&code)));
    // Looking again in vain does not count.
    app.let_pass(5, 5 * SECOND).await;
    psu.get(&link).await.says("Mai ai 4 încercări.");
    let again = psu.follow(&psu.submit(&page.form("/resend")).await).await;
    again.says("Am cerut băncii alt cod.");
    let newest = newest_code(&app, "ana");
    assert_eq!(app.bank.codes_for("ana").len(), 2);
    let done = enter(&psu, &again, &format!(" {} {}", &newest[..3], &newest[3..])).await;
    done.says("Ai dat accesul");
    gives_accounts(&erp, &tokens, ANA_COD).await;
    // The form of before leads nowhere any more.
    enter(&psu, &page, &newest).await.says("Ai dat accesul");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_is_chosen_first_where_there_are_several() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let (tokens, link) = start(&erp, MIHAI_COD).await;
    let page = go(&psu, &link, MIHAI_COD).await;
    assert_eq!(page.heading(), "Alege cum aprobi accesul", "{}", page.text());
    let form = page.form("/account-consent/method");
    for wrong in [form.clone(), form.clone().with("method", "pigeon")] {
        let answer = psu.submit(&wrong).await;
        assert_eq!(
            (answer.status, answer.part("#method-error").as_str()),
            (422, "Alege una dintre variante.")
        );
    }
    assert!(app.bank.codes_for("mihai").is_empty());
    let code_page = psu.follow(&psu.submit(&form.with("method", "app")).await).await;
    assert_eq!(code_page.heading(), ENTER_CODE, "{}", code_page.text());
    enter(&psu, &code_page, &newest_code(&app, "mihai")).await.says("Ai dat accesul");
    gives_accounts(&erp, &tokens, MIHAI_COD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_end_the_attempt_and_not_the_request() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let (tokens, link) = start(&erp, ANA_COD).await;
    let mut page = go(&psu, &link, ANA_COD).await;
    let wrong = another(&newest_code(&app, "ana"));
    for left in ["4 încercări", "3 încercări", "2 încercări", "o încercare"] {
        page = enter(&psu, &page, &wrong).await;
        page.says(&format!("Mai ai {left}."));
    }
    let end = enter(&psu, &page, &wrong).await;
    assert_eq!(end.heading(), ASKED);
    end.says("Codul a fost greșit de prea multe ori").says("Nimeni nu a primit acces");
    assert_eq!(erp.consent_status(&tokens).await, "created");
    // The old code is worth nothing, and another attempt has codes and tries of its own.
    let code_page = go(&psu, &link, ANA_COD).await;
    assert!(!code_page.text().contains("Mai ai o încercare"), "{}", code_page.text());
    enter(&psu, &code_page, &newest_code(&app, "ana")).await.says("Ai dat accesul");
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_limit_ends_the_attempt_where_the_bank_does_not_say_that_it_did() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let (tokens, link) = start(&erp, ANA_COD).await;
    let mut page = go(&psu, &link, ANA_COD).await;
    let wrong = another(&newest_code(&app, "ana"));
    for _ in 0..4 {
        page = enter(&psu, &page, &wrong).await;
    }
    page.says("Mai ai o încercare.");
    // The bank says that the code is wrong, and not what that means for the authorisation.
    app.bank.fail_next(Operation::ScaStatus, Fault::Status(503));
    let end = enter(&psu, &page, &wrong).await;
    end.says("Codul a fost greșit de prea multe ori");
    assert_eq!(erp.consent_status(&tokens).await, "created");
    assert_eq!(ended_by_us(&app), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_nobody_enters_lapses_with_the_request() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let (tokens, link) = start(&erp, ANA_COD).await;
    let page = go(&psu, &link, ANA_COD).await;
    app.let_pass(20, Duration::from_secs(300)).await;
    let tokens = erp.tokens_again(&tokens).await;
    assert_eq!(erp.consent_status(&tokens).await, "abandoned");
    assert_eq!(ended_by_us(&app), 1, "the bank was told");
    // The right code comes too late.
    enter(&psu, &page, &newest_code(&app, "ana"))
        .await
        .says("Timpul pentru această cerere a expirat");
    assert_eq!(erp.consent_status(&tokens).await, "abandoned");
}

#[tokio::test(flavor = "multi_thread")]
async fn double_clicks_and_forged_forms_cost_no_try() {
    let app = TestApp::start().await;
    let (erp, psu, crook) = (app.erp(), app.psu(), app.psu());
    let (tokens, link) = start(&erp, ANA_COD).await;
    let page = go(&psu, &link, ANA_COD).await;
    let code = newest_code(&app, "ana");
    let form = page.form("/account-consent/code").with("code", &another(&code));
    let mut elsewhere = form.clone();
    elsewhere.page = "https://evil.example/".parse().unwrap();
    for forged in [form.clone().with("csrf", ""), form.clone().with("csrf", "x"), elsewhere] {
        assert_eq!(psu.submit(&forged).await.status, 303);
    }
    for action in ["code", "resend", "method"] {
        let mut stray = form.clone();
        stray.action = app.public(&format!("account-consent/{action}"));
        assert_eq!(crook.submit(&stray).await.status, 403);
    }
    assert_eq!(crook.get(&page.main_url("data-status-url")).await.status, 404);
    assert_eq!(app.bank.codes_for("ana").len(), 1);
    assert!(!psu.get(&link).await.text().contains("Mai ai 4"));
    let right = form.with("code", &code);
    for answer in futures_util::future::join_all((0..10).map(|_| psu.submit(&right))).await {
        assert_eq!(answer.status, 303);
    }
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_whose_answer_is_lost_is_asked_after() {
    let app = TestApp::start_with("[bank_calls]\nconnect_timeout_ms = 300\ntotal_timeout_ms = 900").await;
    let (erp, psu) = (app.erp(), app.psu());
    let (tokens, link) = start(&erp, ANA_COD).await;
    let page = go(&psu, &link, ANA_COD).await;
    app.bank.fail_next(Operation::PutAuthorisation, Fault::DropAfterEffect);
    let waits = enter(&psu, &page, &newest_code(&app, "ana")).await;
    waits.says("nu ne-a spus dacă a acceptat codul");
    app.let_pass(5, 2 * SECOND).await;
    psu.get(&link).await.says("Ai dat accesul");
    gives_accounts(&erp, &tokens, ANA_COD).await;
    // A bank that is busy checked nothing.
    let (_, link) = start(&erp, ANA_COD).await;
    let page = go(&psu, &link, ANA_COD).await;
    app.bank.fail_next(Operation::PutAuthorisation, Fault::Status(429));
    let again = enter(&psu, &page, &newest_code(&app, "ana")).await;
    again.says("nu a răspuns, așa că nu s-a schimbat nimic");
    assert!(!again.text().contains("Mai ai 4"));
    enter(&psu, &again, &newest_code(&app, "ana")).await.says("Ai dat accesul");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_names_its_page_only_when_asked_to_begin() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let (tokens, link) = start(&erp, ANA_PASI).await;
    let page = go(&psu, &link, ANA_PASI).await;
    page.says(&format!("Mergi la {}", ANA_PASI.name));
    let back = psu.agree(&page, ANA, |_| true).await;
    assert_eq!(erp.consent_status(&tokens).await, "awaiting_psu", "the return decides");
    psu.come_back(&back).await.says("Ai dat accesul");
    gives_accounts(&erp, &tokens, ANA_PASI).await;
    let (refused, link) = start(&erp, ANA_PASI).await;
    let page = go(&psu, &link, ANA_PASI).await;
    let back = psu.disagree(&page, ANA).await;
    psu.come_back(&back).await.says("Nu ai dat accesul");
    assert_eq!(erp.consent_status(&refused).await, "refused");
    // Whoever is sent to the bank by somebody else gives that one nothing.
    let (stolen, link) = start(&erp, ANA_PASI).await;
    let page = go(&psu, &link, ANA_PASI).await;
    let victim = app.psu();
    let back = victim.agree(&page, ANA, |_| true).await;
    victim.get(&back).await.says("Te-ai întors de la bancă");
    app.let_pass(5, Duration::from_secs(30)).await;
    assert_eq!(erp.consent_status(&stolen).await, "awaiting_psu");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_does_not_begin_leaves_nothing_behind() {
    for at in [ANA_BRD, ANA_COD, ANA_PASI] {
        let app = TestApp::start().await;
        let (erp, psu) = (app.erp(), app.psu());
        let (tokens, link) = start(&erp, at).await;
        app.bank.fail_next(Operation::Authorise, Fault::Status(403));
        let page = go(&psu, &link, at).await;
        assert_eq!(page.heading(), ASKED);
        page.says(&format!("{} nu răspunde acum", at.name)).says("Nimeni nu a primit acces");
        assert_eq!(ended_by_us(&app), 1, "{}: what was asked for is taken back", at.bank);
        assert_eq!(erp.consent_status(&tokens).await, "created");
        // Trying again works, and so does another bank.
        go(&psu, &link, at).await;
        assert_eq!(erp.consent_status(&tokens).await, "awaiting_psu", "{}", at.bank);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_whose_answer_is_lost_is_found_where_the_bank_pushed() {
    let app = TestApp::start_with("[bank_calls]\nconnect_timeout_ms = 300\ntotal_timeout_ms = 900").await;
    let (erp, psu) = (app.erp(), app.psu());
    let (tokens, link) = start(&erp, ANA_BRD).await;
    app.bank.fail_next(Operation::Authorise, Fault::DropAfterEffect);
    assert_eq!(go(&psu, &link, ANA_BRD).await.heading(), IN_APP);
    app.bank.approve_on_phone("ana").unwrap();
    app.let_pass(5, 2 * SECOND).await;
    assert_eq!(erp.consent_status(&tokens).await, "valid");
    // Where a code would be needed and none may have been sent, the payer begins again.
    let (tokens, link) = start(&erp, ANA_COD).await;
    app.bank.fail_next(Operation::Authorise, Fault::DropBeforeEffect);
    assert_eq!(go(&psu, &link, ANA_COD).await.heading(), ASKED);
    let page = go(&psu, &link, ANA_COD).await;
    enter(&psu, &page, &newest_code(&app, "ana")).await.says("Ai dat accesul");
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_code_that_the_bank_does_not_know_is_asked_for_again() {
    for (at, unknown) in [(ANA_BRD, "39999999"), (ANA_MOBIL, "0799999999"), (ANA_COD, "999999")] {
        let app = TestApp::start().await;
        let (erp, psu) = (app.erp(), app.psu());
        let (tokens, link) = start(&erp, at).await;
        for missing in ["", "x"] {
            let page = go_as(&psu, &link, at, missing).await;
            assert_eq!(page.status, 422);
            assert_eq!(page.part("#bank-error"), "Banca aleasă cere codul tău de utilizator. Verifică-l.");
        }
        let page = go_as(&psu, &link, at, unknown).await;
        page.says(&format!("{} nu a recunoscut codul de utilizator.", at.name));
        assert_eq!(erp.consent_status(&tokens).await, "created");
        assert!(!page.body.contains(unknown), "it is not kept");
        assert_ne!(go(&psu, &link, at).await.heading(), ASKED, "{}", at.bank);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_bank_takes_the_request_back_first() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let (tokens, link) = start(&erp, ANA_MOBIL).await;
    let page = go(&psu, &link, ANA_MOBIL).await;
    let form = page.form("/account-consent/leave").with("then", "another");
    assert_eq!(psu.follow(&psu.submit(&form).await).await.heading(), ASKED);
    assert_eq!(app.bank.approve_on_phone("ana"), None);
    let page = go(&psu, &link, ANA_LINK).await;
    let back = psu.agree(&page, ANA, |_| true).await;
    psu.come_back(&back).await.says("Ai dat accesul");
    gives_accounts(&erp, &tokens, ANA_LINK).await;
}
