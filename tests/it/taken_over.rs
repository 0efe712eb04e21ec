//! Whoever held the payment is gone: it is taken over when its time is up, and a late answer changes nothing.

use crate::support::TestApp;
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, Operation};
use std::time::Duration;

/// Long enough for the request to arrive, shorter than the bank takes.
const UNDER_WAY: Duration = Duration::from_millis(200);
const SLOW: Duration = Duration::from_millis(600);

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_was_given_up_changes_nothing_when_it_comes_back() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let form = psu.fill(&psu.open(&started.link).await, ANA);
    app.bank.fail_next(Operation::Initiate, Fault::Delay(SLOW));
    let take_over = async {
        tokio::time::sleep(UNDER_WAY).await;
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
