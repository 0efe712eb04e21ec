//! The payer needs more time (WCAG 2.2, success criterion 2.2.1): one press, at least ten times, and the server decides.

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::psu::{ANA, ANA_MOBIL};
use serde_json::json;
use smartpay::payment::Status;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const MORE: &str = "[data-more]";

async fn asked(app: &TestApp, payment: i64) -> usize {
    let history = app.history(payment).await;
    history.iter().filter(|e| e.event == "time_extended" && e.actor == "psu").count()
}

/// Minutes until the payment is given up; the clock goes on while a story is told.
async fn left(app: &TestApp, payment: i64) -> i64 {
    ((app.payment(payment).await.expires_at - app.cx.now()).num_seconds() + 59) / 60
}

fn json_of(page: &Page) -> serde_json::Value {
    serde_json::from_str(&page.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_form_as_often_as_a_payer_asks_and_what_was_typed_stays() {
    let app = TestApp::start().await;
    let (started, psu) = (app.shop().start(json!({})).await, app.psu());
    let payment = started.tokens.payment;
    let mut page = psu.open(&started.link).await;
    page.says("Ai timp până la ora").says("cel mult până la ora");
    for extension in 1..=10 {
        app.let_pass(26, MINUTE).await;
        let form = page
            .press(MORE)
            .with("debtor_iban", ANA.iban)
            .with("email", "Ana@")
            .with("bank", "cec");
        page = psu.follow(&psu.submit(&form).await).await;
        page.says("Ai acum timp până la ora");
        assert_eq!((left(&app, payment).await, asked(&app, payment).await), (30, extension));
        assert_eq!(page.value_of("#debtor_iban").replace(' ', ""), ANA.iban);
        assert_eq!(page.value_of("#email"), "Ana@");
    }
    // There is an end to it, which the page has said from the beginning.
    let old = page.press(MORE);
    for _ in 0..2 {
        app.let_pass(26, MINUTE).await;
        page = psu.follow(&psu.submit(&page.press(MORE)).await).await;
    }
    let now = app.payment(payment).await;
    assert_eq!(Some(now.expires_at), now.extendable_until);
    assert!(!page.has(MORE), "{}", page.text());
    psu.follow(&psu.submit(&old).await).await.says("Timpul nu mai poate fi prelungit");
    // What the payer needed the time for still goes through.
    let form = psu.fill(&page, ANA);
    let to_bank = psu.follow(&psu.submit(&form).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    // The partner's tokens are long over by then.
    assert_eq!(app.payment(payment).await.status, Status::Settled);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_bank_too_and_nobody_is_led_away_from_the_page() {
    let app = TestApp::start().await;
    let (mut started, psu) = (app.shop().start(json!({})).await, app.psu());
    let payment = started.tokens.payment;
    let to_bank = psu.pay(&started.link, ANA).await;
    assert!(to_bank.has("a#go[data-forward]"));
    app.let_pass(25, MINUTE).await;
    let page = psu.follow(&psu.submit(&to_bank.press(MORE)).await).await;
    page.says("Ai acum timp până la ora").says("Poți aproba plata până la ora");
    assert!(!page.has("a#go[data-forward]"));
    assert_eq!((left(&app, payment).await, asked(&app, payment).await), (30, 1));
    // The poller keeps to it.
    app.let_pass(20, MINUTE).await;
    assert_eq!(app.payment(payment).await.status, Status::AwaitingPsu);
    psu.come_back(&psu.approve(&page, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_wish_for_more_the_time_at_the_bank_ends_as_ever() {
    let app = TestApp::start().await;
    let (started, psu) = (app.shop().start(json!({})).await, app.psu());
    let page = psu.pay_at(&started.link, ANA_MOBIL).await;
    app.let_pass(20, MINUTE).await;
    psu.follow(&psu.submit(&page.press(MORE)).await)
        .await
        .says("Ai acum timp până la ora");
    app.let_pass(29, MINUTE).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::AwaitingPsu);
    app.let_pass(3, MINUTE).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Abandoned);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_presses_of_one_page_are_one_wish() {
    let app = TestApp::start().await;
    let (started, psu) = (app.shop().start(json!({})).await, app.psu());
    let payment = started.tokens.payment;
    let form = psu.open(&started.link).await.press(MORE);
    app.let_pass(20, MINUTE).await;
    let all = futures_util::future::join_all((0..6).map(|_| psu.submit(&form))).await;
    for answer in &all {
        answer.leads_to();
    }
    assert_eq!((left(&app, payment).await, asked(&app, payment).await), (30, 1));
    // Nor is an older page's button another one.
    app.let_pass(5, MINUTE).await;
    psu.submit(&form).await;
    assert_eq!((left(&app, payment).await, asked(&app, payment).await), (25, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_late_is_late() {
    let app = TestApp::start().await;
    for by_poller in [false, true] {
        let (started, psu) = (app.shop().start(json!({})).await, app.psu());
        let payment = started.tokens.payment;
        let form = psu.open(&started.link).await.press(MORE);
        app.advance(app.cx.rules.link_life);
        let answer = if by_poller {
            tokio::join!(psu.submit(&form), app.tick()).0
        } else {
            psu.submit(&form).await
        };
        let page = psu.get(&answer.leads_to()).await;
        page.says("Timpul pentru");
        assert!(!page.has(MORE));
        app.tick().await;
        assert_eq!(
            (app.payment(payment).await.status, asked(&app, payment).await),
            (Status::Abandoned, 0)
        );
        assert_eq!(psu.submit_by_script(&form).await.status, 409);
    }
    // A moment earlier it is in time, whatever the poller does at that moment.
    let (started, psu) = (app.shop().start(json!({})).await, app.psu());
    let form = psu.open(&started.link).await.press(MORE);
    app.advance(app.cx.rules.link_life - MINUTE / 2);
    let (answer, ()) = tokio::join!(psu.submit(&form), app.tick());
    psu.get(&answer.leads_to()).await.says("Ai acum timp până la ora");
    app.advance(MINUTE);
    app.tick().await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Created);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_learns_what_to_write_and_when_there_is_no_more() {
    let app = TestApp::start().await;
    let (started, psu) = (app.shop().start(json!({})).await, app.psu());
    let page = psu.open(&started.link).await;
    app.let_pass(28, MINUTE).await;
    let answer = psu.submit_by_script(&page.press(MORE)).await;
    assert_eq!(answer.status, 200);
    let said = json_of(&answer);
    assert!((1800..=1801).contains(&said["seconds"].as_i64().unwrap()), "{said}");
    assert_eq!(said["more"], true);
    assert!(said["said"].as_str().unwrap().starts_with("Ai acum timp până la ora"), "{said}");
    assert!(said["line"].as_str().unwrap().starts_with("Ai timp până la ora"), "{said}");
    let until = said["until"].as_i64().unwrap();
    assert_eq!(
        until,
        app.payment(started.tokens.payment).await.expires_at.and_utc().timestamp_micros()
    );
    psu.give_up(&page).await;
    assert_eq!(psu.submit_by_script(&page.press(MORE)).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_extends_it() {
    let app = TestApp::start().await;
    let (started, psu, stranger) = (app.shop().start(json!({})).await, app.psu(), app.psu());
    let payment = started.tokens.payment;
    let form = psu.open(&started.link).await.press(MORE);
    app.let_pass(10, MINUTE).await;
    assert_eq!(stranger.submit(&form).await.status, 404, "a browser that we never saw");
    stranger.get(&app.public("payment-initiation")).await;
    stranger.get(&started.link).await;
    assert!(matches!(stranger.submit(&form).await.status, 403 | 404));
    let forged = form.clone().with("csrf", "forged");
    psu.submit(&forged).await.leads_to();
    assert_eq!(psu.submit_by_script(&forged).await.status, 403);
    assert_eq!((left(&app, payment).await, asked(&app, payment).await), (20, 0));
    for hostile in ["", "x", "-9223372036854775808", "9223372036854775807", "99999999999999999999"] {
        let answer = psu.submit(&form.clone().with("until", hostile)).await;
        assert_eq!(answer.status, 303, "{hostile}");
    }
    assert!(left(&app, payment).await <= 30 && asked(&app, payment).await <= 1);
}
