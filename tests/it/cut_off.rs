//! A connection breaks in the middle, or whoever held the payment is gone: what was begun with the bank is
//! finished, or taken over, and there is never a second order that can move money.

use crate::support::TestApp;
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, Operation};
use std::time::Duration;

/// Long enough for the request to arrive, shorter than the bank takes.
const IMPATIENCE: Duration = Duration::from_millis(200);
const SLOW: Duration = Duration::from_millis(600);

/// Waits for what goes on in the background: the bank's slowness is real time.
async fn leaves(app: &TestApp, payment: i64, status: Status) -> Status {
    for _ in 0..200 {
        let stored = app.payment(payment).await;
        if stored.status != status && stored.lease_until.is_none() {
            return stored.status;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_hangs_up_while_the_order_is_being_sent() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let form = psu.fill(&psu.open(&started.link).await, ANA);
    app.bank.fail_next(Operation::Initiate, Fault::Delay(SLOW));
    assert!(tokio::time::timeout(IMPATIENCE, psu.submit(&form)).await.is_err());
    psu.get(&started.link).await.says("Trimitem plata la CEC Bank");
    assert_eq!(leaves(&app, started.tokens.payment, Status::Initiating).await, Status::AwaitingPsu);
    psu.get(&started.link).await.says("Continuă la CEC Bank");
    assert_eq!(shop.sees(&mut started).await.word, "RCVD");
    assert_eq!(app.bank.orders().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_hangs_up_while_the_code_is_being_exchanged() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    app.bank.fail_next(Operation::Token, Fault::Delay(SLOW));
    assert!(tokio::time::timeout(IMPATIENCE, psu.get(&way_back)).await.is_err());
    assert_eq!(leaves(&app, started.tokens.payment, Status::AwaitingPsu).await, Status::Processing);
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_was_given_up_changes_nothing_when_it_comes_back() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let form = psu.fill(&psu.open(&started.link).await, ANA);
    app.bank.fail_next(Operation::Initiate, Fault::Delay(SLOW));
    let take_over = async {
        tokio::time::sleep(IMPATIENCE).await;
        // While somebody holds it, nobody else acts.
        app.let_pass(1, Duration::from_secs(30)).await;
        let held = app.payment(started.tokens.payment).await.status;
        // As if that process had died: its time is over, and its order, which nobody can authorise, is given up.
        app.let_pass(1, app.cx.rules.lease).await;
        (held, app.payment(started.tokens.payment).await.status)
    };
    let (late, statuses) = tokio::join!(psu.submit(&form), take_over);
    assert_eq!(statuses, (Status::Initiating, Status::Created));
    let page = psu.follow(&late).await;
    page.says("Verifică plata și alege banca");

    let to_bank = psu.follow(&psu.submit(&page.form("/payment-initiation")).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    assert_eq!(app.bank.orders().len(), 2);
}
