//! Double clicks, two tabs and the back button never start a second payment at the bank.

use crate::support::TestApp;
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::payment::Status;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_clicks_are_one_order() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let mut started = app.shop().start(json!({})).await;
    let form = psu.fill(&psu.open(&started.link).await, ANA);
    let clicks = futures_util::future::join_all((0..20).map(|_| psu.submit(&form))).await;
    for click in clicks {
        assert_eq!(click.status, 303, "{}", click.text());
    }
    assert_eq!(app.bank.orders().len(), 1);
    assert_eq!(app.payment(started.tokens.payment).await.attempts, 1);
    let submits = app.history(started.tokens.payment).await;
    assert_eq!(submits.iter().filter(|e| e.event == "submit_started").count(), 1);
    let to_bank = psu.get(&started.link).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_are_one_payment() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let mut started = app.shop().start(json!({})).await;
    let first = psu.fill(&psu.open(&started.link).await, ANA);
    let second = psu.fill(&psu.open(&started.link).await, ANA).with("email", "alta@payer.example");
    let to_bank = psu.follow(&psu.submit(&first).await).await;
    // The second tab's form is too old; it shows where the payment stands.
    let other_tab = psu.follow(&psu.submit(&second).await).await;
    other_tab.says("Continuă la CEC Bank");
    assert_eq!(to_bank.link("a#go"), other_tab.link("a#go"));
    assert_eq!(app.bank.orders().len(), 1);
    psu.come_back(&psu.approve(&other_tab, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    // The back button and an old tab show the end, and cannot send anything.
    for form in [&first, &second] {
        psu.follow(&psu.submit(form).await).await.says("Plata a fost făcută");
    }
    psu.follow(&psu.submit(&to_bank.form("/payment-initiation/withdraw")).await)
        .await
        .says("Plata a fost făcută");
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
    assert_eq!(app.bank.orders().len(), 1);
    assert_eq!(app.mails.all()[0].to, ANA.email);
}

#[tokio::test(flavor = "multi_thread")]
async fn paying_and_giving_up_at_once_is_one_of_them() {
    let app = TestApp::start().await;
    let psu = app.psu();
    for _ in 0..5 {
        let started = app.shop().start(json!({})).await;
        let page = psu.open(&started.link).await;
        let pay = psu.fill(&page, ANA);
        let give_up = page.form("/payment-initiation/withdraw");
        let (a, b) = tokio::join!(psu.submit(&pay), psu.submit(&give_up));
        assert_eq!((a.status, b.status), (303, 303));
        let status = app.payment(started.tokens.payment).await.status;
        assert!(matches!(status, Status::AwaitingPsu | Status::Abandoned), "{status}");
        if status == Status::AwaitingPsu {
            psu.give_up(&psu.get(&started.link).await).await.says("Ai renunțat la plată");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timer_and_the_payer_do_not_get_in_each_others_way() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let mut started = app.shop().start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    app.advance(Duration::from_secs(20));
    // Both want the payment now; the code must not be lost.
    let ((), (), page) = tokio::join!(app.tick(), app.tick(), psu.get(&way_back));
    assert_eq!(page.status, 303);
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}
