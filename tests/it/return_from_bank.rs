//! The return from the bank proves nothing: it may be forged, repeated, incomplete, late, or arrive in another
//! browser. The bank's word is what counts.

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::partner::Started;
use crate::support::psu::{ANA, Psu};
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{LedgerEvent, Word};
use std::time::Duration;
use url::Url;

const NEUTRAL: &str = "Te-ai întors de la bancă";

/// A payment at the bank, its payer, and the page that names the bank.
async fn at_the_bank(app: &TestApp) -> (Started, Psu, Page) {
    let started = app.shop().start(json!({ "psuEmail": ANA.email })).await;
    let psu = app.psu();
    let to_bank = psu.pay(&started.link, ANA).await;
    (started, psu, to_bank)
}

/// The `state` that the bank is to hand back.
fn state(to_bank: &Page) -> String {
    let url = to_bank.link("a#go");
    url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

fn codes_bought(app: &TestApp) -> usize {
    let ledger = app.bank.ledger();
    ledger.iter().filter(|e| matches!(e.event, LedgerEvent::TokenIssued { .. })).count()
}

fn says_nothing(page: &Page) {
    page.says(NEUTRAL);
    for secret in ["123,45", "Foișor", "Comanda", "RO66", "RO30", ANA.email] {
        assert!(!page.body.contains(secret), "the neutral page says {secret}");
    }
}

async fn settles(app: &TestApp, started: &mut Started) {
    app.let_pass(12, Duration::from_secs(2)).await;
    assert_eq!(app.shop().sees(started).await.word, "ACSC");
    assert_eq!(app.mails.all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twice() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    for _ in 0..3 {
        psu.come_back(&way_back).await.says("Verificăm plata la banca ta");
    }
    settles(&app, &mut started).await;
    psu.come_back(&way_back).await.says("Plata a fost făcută");
    assert_eq!(codes_bought(&app), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_times_at_once() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    let returns = (0..20).map(|_| psu.get(&way_back));
    for page in futures_util::future::join_all(returns).await {
        assert_eq!(page.status, 303, "{}", page.text());
    }
    assert_eq!(codes_bought(&app), 1, "the code is exchanged once");
    settles(&app, &mut started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    let events = app.history(started.tokens.payment).await.len();
    for query in [
        "",
        "?error=access_denied",
        "?error=acces_denied&state=forged",
        "?state=",
        "?code=forged&state=forged",
        "?code=a&code=b&error=access_denied",
        "?%ff=%00&state=%ff%00",
    ] {
        let url = app.public(&format!("payment-return/cec{query}"));
        says_nothing(&app.psu().get(&url).await);
        // The bound browser's cookie may find the payment where there is a code: then it is led to its own page.
        let page = psu.get(&url).await;
        if page.status != 303 {
            says_nothing(&page);
        }
    }
    // The right state with a code the bank never gave, with two answers at once, with none, or at another bank.
    let state = state(&to_bank);
    for query in [
        format!("code=forged&state={state}"),
        format!("code=forged&error=access_denied&state={state}"),
        format!("state={state}"),
        format!("error=access_denied&error=acces_denied&state={state}"),
    ] {
        psu.come_back(&app.public(&format!("payment-return/cec?{query}"))).await;
    }
    says_nothing(
        &psu.get(&app.public(&format!("payment-return/bt?error=access_denied&state={state}")))
            .await,
    );
    says_nothing(&psu.get(&app.public(&format!("payment-return/nobank?code=x&state={state}"))).await);
    assert_eq!(app.shop().sees(&mut started).await.word, "RCVD");
    assert_eq!(
        app.history(started.tokens.payment).await.len(),
        events,
        "nothing happened to the payment"
    );
    // It still goes well afterwards.
    let way_back = psu.approve(&to_bank, ANA).await;
    psu.come_back(&way_back).await;
    settles(&app, &mut started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_after_the_approval_denies_nothing() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    psu.come_back(&way_back).await;
    let denial = format!("payment-return/cec?error=access_denied&state={}", state(&to_bank));
    psu.come_back(&app.public(&denial)).await.says("Verificăm plata la banca ta");
    settles(&app, &mut started).await;
    psu.come_back(&app.public(&denial)).await.says("Plata a fost făcută");
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_state_the_cookie_finds_the_payment() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    let mut way_back = psu.approve(&to_bank, ANA).await;
    let code = way_back.query_pairs().find(|(n, _)| n == "code").unwrap().1.into_owned();
    way_back.query_pairs_mut().clear().append_pair("code", &code);
    says_nothing(&app.psu().get(&way_back).await);
    assert_eq!(codes_bought(&app), 0, "a stranger's browser says nothing about whose code it is");
    psu.come_back(&way_back).await.says("Verificăm plata la banca ta");
    settles(&app, &mut started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_another_browser() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    let watched = psu.get(&started.link).await;
    assert!(!psu.has_news(&watched).await);
    // The bank's app opens the way back in a browser without our cookie, and in one with another payment.
    says_nothing(&app.psu().get(&way_back).await);
    let busy = app.psu();
    let other = app.shop().start(json!({ "amount": "1.00" })).await;
    busy.open(&other.link).await;
    says_nothing(&busy.get(&way_back).await);
    // The bound browser's page notices by itself.
    settles(&app, &mut started).await;
    assert!(psu.has_news(&watched).await);
    psu.get(&started.link).await.says("Plata a fost făcută");
    busy.open(&other.link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_cookies_are_gone() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    psu.forget_cookies();
    says_nothing(&psu.get(&way_back).await);
    settles(&app, &mut started).await;
    assert_eq!(app.bank.orders()[0].status, Word::Acsc);
}

fn denial(app: &TestApp, to_bank: &Page) -> Url {
    let mut url = app.public("/payment-return/cec");
    url.query_pairs_mut()
        .append_pair("error", "access_denied")
        .append_pair("state", &state(to_bank));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_the_bank_never_saw_is_made_true_there() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    let confirm = psu.at_bank(&to_bank, ANA).await;
    let page = psu.come_back(&denial(&app, &to_bank)).await;
    psu.give_up(page.says("Plata nu a fost făcută")).await;
    // The page at the bank is still open; what it confirms is not there any more.
    psu.submit(&confirm.form("/decizie").with("decizie", "da")).await;
    app.let_pass(12, Duration::from_secs(2)).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "RJCT");
    assert_eq!(app.bank.orders()[0].status, Word::Canc);
    assert_eq!(app.bank.balance_minor(ANA.iban), Some(1_250_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_after_the_approval_is_corrected_by_the_code() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    psu.come_back(&denial(&app, &to_bank)).await.says("Plata nu a fost făcută");
    assert_eq!(app.shop().sees(&mut started).await.word, "RJCT");
    psu.come_back(&way_back).await;
    app.let_pass(12, Duration::from_secs(2)).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
    let history = app.history(started.tokens.payment).await;
    assert_eq!(history.last().unwrap().event, "corrected");
    let subjects: Vec<String> = app.mails.all().into_iter().map(|m| m.subject).collect();
    assert_eq!(subjects.len(), 2, "refused, then corrected: {subjects:?}");
    psu.get(&started.link).await.says("Plata a fost făcută");
}

#[tokio::test(flavor = "multi_thread")]
async fn back_without_an_approval_the_page_says_so_and_leads_there_again() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    // The bank's app drops everything, or the payer pressed „back” there.
    let nothing_brought = app.public(&format!("payment-return/cec?state={}", state(&to_bank)));
    let page = psu.come_back(&nothing_brought).await;
    assert_eq!(page.heading(), "Banca nu ne-a confirmat aprobarea");
    assert!(!page.has("[data-forward]"), "who came back is not sent away again");
    assert_eq!(page.link("a#go"), to_bank.link("a#go"));
    let way_back = psu.approve(&page, ANA).await;
    psu.come_back(&way_back).await.says("Verificăm plata la banca ta");
    settles(&app, &mut started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tab_was_closed_and_the_link_is_opened_again() {
    let app = TestApp::start().await;
    let (mut started, psu, to_bank) = at_the_bank(&app).await;
    assert!(to_bank.has("[data-forward]"), "at first the page goes on by itself");
    app.let_pass(10, Duration::from_secs(60)).await;
    let page = psu.get(&started.link).await;
    assert_eq!(page.heading(), "Plata așteaptă aprobarea ta");
    assert!(!page.has("[data-forward]"));
    let way_back = psu.approve(&page, ANA).await;
    psu.come_back(&way_back).await.says("Verificăm plata la banca ta");
    settles(&app, &mut started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hours_late() {
    let app = TestApp::start().await;
    let (started, psu, to_bank) = at_the_bank(&app).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    app.let_pass(8, Duration::from_secs(15 * 60)).await;
    // Nobody could ask the bank, so nobody says anything about the money; the code has run out meanwhile.
    psu.come_back(&way_back).await.says("Încă verificăm plata").says("Nu plăti din nou");
    says_nothing(&app.psu().get(&way_back).await);
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::InDoubt);
    assert_eq!(app.bank.orders()[0].status, Word::Acsc);
}
