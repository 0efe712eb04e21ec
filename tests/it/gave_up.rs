//! The payer gives up, or simply goes away: the payment ends only when nothing can be executed any more.

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::psu::{ANA, Psu};
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, LedgerEvent, Operation, Word};
use std::time::Duration;
use url::Url;

const MINUTE: Duration = Duration::from_secs(60);

fn withdrawn(app: &TestApp) -> usize {
    let ledger = app.bank.ledger();
    ledger.iter().filter(|e| matches!(e.event, LedgerEvent::Cancelled { .. })).count()
}

/// Approves at the bank some seconds before the payment's time is over. The way back is not taken; the bank's
/// code on it works for a minute.
async fn approved_just_before_the_end(app: &TestApp, psu: &Psu, to_bank: &Page) -> Url {
    app.let_pass(29, MINUTE).await;
    app.advance(Duration::from_secs(35));
    psu.approve(to_bank, ANA).await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_form() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop
        .start(json!({ "redirectURL": "https://shop.example/inapoi", "psuEmail": ANA.email }))
        .await;
    let page = psu.give_up(&psu.open(&started.link).await).await;
    page.says("Ai renunțat la plată");
    let home = page.link("a.primary");
    let query = format!("id={}&status=ABND&message=FAILED", started.tokens.payment);
    assert_eq!(home.as_str(), format!("https://shop.example/inapoi?{query}"));
    let sight = shop.sees(&mut started).await;
    assert_eq!((sight.word.as_str(), sight.is_final, sight.is_successful), ("ABND", true, false));
    // It stays ended, whatever the browser does next.
    psu.get(&started.link).await.says("Ai renunțat la plată");
    app.let_pass(3, 20 * MINUTE).await;
    assert!(app.mails.all().is_empty() && app.bank.orders().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_step_to_the_bank() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.give_up(&to_bank).await.says("Ai renunțat la plată");
    assert_eq!(shop.sees(&mut started).await.word, "ABND");
    assert_eq!((withdrawn(&app), app.bank.orders()[0].status), (1, Word::Canc));
    // The bank lets nobody authorise it any more.
    let at_bank = psu.get(&to_bank.link("a#go")).await;
    assert!(at_bank.text().contains("Plata a fost anulată"), "{}", at_bank.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_late_when_the_bank_has_the_approval() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    // In a second tab, where the page still offers it.
    let page = psu.give_up(&to_bank).await;
    page.says("Verificăm plata la banca ta");
    assert!(!shop.sees(&mut started).await.is_final, "the bank may pay it");
    psu.come_back(&way_back).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ever_opens_the_link() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let mut started = shop.start(json!({ "psuEmail": ANA.email })).await;
    app.let_pass(1, 29 * MINUTE).await;
    assert_eq!(shop.sees(&mut started).await.word, "INIT");
    app.let_pass(1, 2 * MINUTE).await;
    assert_eq!(shop.sees(&mut started).await.word, "ABND");
    app.psu().get(&started.link).await.says("Timpul pentru plată a expirat");
    assert!(app.mails.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_an_order_ends_too() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let tokens = shop.tokens().await;
    app.let_pass(1, 31 * MINUTE).await;
    assert_eq!(app.payment(tokens.payment).await.status, Status::Abandoned);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tab_is_closed_before_the_approval() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    app.let_pass(28, MINUTE).await;
    assert_eq!((shop.sees(&mut started).await.word.as_str(), withdrawn(&app)), ("RCVD", 0));
    app.let_pass(3, MINUTE).await;
    assert_eq!((shop.sees(&mut started).await.word.as_str(), withdrawn(&app)), ("ABND", 1));
    psu.get(&started.link).await.says("Timpul pentru plată a expirat");
    assert!(psu.get(&to_bank.link("a#go")).await.text().contains("Plata a fost anulată"));
    assert!(app.mails.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_does_not_answer_delays_the_end() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    psu.pay(&started.link, ANA).await;
    for _ in 0..3 {
        app.bank.fail_next(Operation::Cancel, Fault::Status(503));
    }
    app.let_pass(1, 31 * MINUTE).await;
    assert_eq!(shop.sees(&mut started).await.word, "RCVD", "nothing is known, so nothing is ended");
    app.bank.clear_faults();
    app.let_pass(4, 60 * MINUTE / 4).await;
    assert_eq!((shop.sees(&mut started).await.word.as_str(), withdrawn(&app)), ("ABND", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tab_is_closed_after_the_approval() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let way_back = approved_just_before_the_end(&app, &psu, &to_bank).await;
    app.let_pass(1, Duration::from_secs(30)).await;

    // The bank refuses the withdrawal, so it may have moved the money: in doubt, never failed.
    let stored = app.payment(started.tokens.payment).await;
    assert_eq!(stored.status, Status::InDoubt);
    assert!(stored.due_at.is_some());
    let sight = shop.sees(&mut started).await;
    assert_eq!(
        (sight.is_final, sight.is_successful, sight.payment.as_str()),
        (false, false, "in_doubt")
    );
    psu.get(&started.link)
        .await
        .says("Încă verificăm plata")
        .says("Nu plăti din nou până nu primești răspunsul nostru.");

    // The bank app hands the payer back late: now the bank can be asked.
    psu.come_back(&way_back).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    let [mail] = app.mails.all().try_into().unwrap();
    assert!(mail.message_id.contains(".settled@"));
}

#[tokio::test(flavor = "multi_thread")]
async fn approved_and_never_back_stays_in_doubt_and_is_looked_at() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    for _ in 0..3 {
        app.let_pass(4, 15 * MINUTE).await;
        let stored = app.payment(started.tokens.payment).await;
        assert_eq!((stored.status, stored.due_at.is_some()), (Status::InDoubt, true));
    }
    // The code has run out at the bank; the return changes nothing and fails nothing.
    psu.come_back(&way_back).await.says("Încă verificăm plata");
    assert!(!app.payment(started.tokens.payment).await.status.is_final());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_return_to_an_abandoned_payment_changes_nothing() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    app.let_pass(20, MINUTE).await;
    let confirm = psu.at_bank(&to_bank, ANA).await;
    app.let_pass(11, MINUTE).await;
    assert_eq!(shop.sees(&mut started).await.word, "ABND");
    // The bank's page is still open, but the order is withdrawn.
    let late = psu.follow(&psu.submit(&confirm.form("/decizie").with("decizie", "da")).await).await;
    assert!(late.text().contains("Plata a fost anulată"), "{}", late.text());
    let state = to_bank.link("a#go");
    let state = state.query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned();
    for query in [format!("code=abc&state={state}"), format!("error=access_denied&state={state}")] {
        let page = psu.come_back(&app.public(&format!("payment-return/cec?{query}"))).await;
        page.says("Timpul pentru plată a expirat");
    }
    assert_eq!(shop.sees(&mut started).await.word, "ABND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_pays_what_it_said_it_withdrew_is_corrected_loudly() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({ "psuEmail": ANA.email })).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let way_back = approved_just_before_the_end(&app, &psu, &to_bank).await;
    // It says 204 and does not do it.
    app.bank.fail_next(Operation::Cancel, Fault::Status(204));
    app.let_pass(1, Duration::from_secs(30)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ABND");
    psu.come_back(&way_back).await.says("Plata a fost făcută");
    let sight = shop.sees(&mut started).await;
    assert_eq!((sight.word.as_str(), sight.is_successful), ("ACSC", true));
    app.tick().await;
    let [mail] = app.mails.all().try_into().unwrap();
    assert!(mail.message_id.contains(".corrected@"), "{}", mail.message_id);
    let history = app.history(started.tokens.payment).await;
    assert_eq!(history.iter().filter(|e| e.event == "corrected").count(), 1);
}
