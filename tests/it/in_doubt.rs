//! Nobody knows whether money moves: the payer is told what is known, the partner sees that nothing is final,
//! and an admin who learnt it from the bank ends the doubt with a reason.

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Page;
use crate::support::partner::Started;
use crate::support::psu::{ANA, Psu};
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, Operation, Word};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const REASON: &str = "Banca a confirmat în scris, sesizarea 4711.";

/// Approved at the bank, and the payer never came back: this bank cannot be asked.
async fn approved_and_never_back(app: &TestApp) -> (Started, Psu) {
    let started = app.shop().start(json!({ "psuEmail": ANA.email })).await;
    let psu = app.psu();
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.approve(&to_bank, ANA).await;
    app.let_pass(3, 15 * MINUTE).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::InDoubt);
    (started, psu)
}

/// Never approved; the bank refuses to withdraw it, so it might be executed.
async fn not_withdrawn(app: &TestApp) -> Started {
    let started = app.shop().start(json!({})).await;
    app.psu().pay(&started.link, ANA).await;
    app.bank.fail_next(Operation::Cancel, Fault::Status(400));
    app.let_pass(1, 31 * MINUTE).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::InDoubt);
    started
}

fn page_of(app: &TestApp, started: &Started) -> url::Url {
    app.public(&format!("back-office/payments/{}", started.tokens.payment))
}

/// Fills in the form that ends a doubt.
async fn resolve(admin: &Admin, page: &Page, outcome: &str, reason: &str) -> Page {
    let form = page.form("/resolve").with("outcome", outcome).with("reason", reason);
    admin.submit(&form.with("confirmed", "yes")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payer_reads_what_is_known_and_what_not_to_do() {
    let app = TestApp::start().await;
    let (mut started, psu) = approved_and_never_back(&app).await;
    let page = psu.get(&started.link).await;
    page.says("Încă verificăm plata")
        .says("Nu plăti din nou")
        .says("Plata a fost trimisă la CEC Bank.")
        .says("nu avem un răspuns sigur")
        .says("Îți scriem la a•••@payer.example")
        .says(&started.tokens.payment.to_string());
    let history = app.history(started.tokens.payment).await;
    let began = history.iter().find(|e| e.to_status == "in_doubt").unwrap().at;
    let said = smartpay::web::hosted_page::local_time(began, smartpay::payment::Language::Ro);
    page.says(&format!("De la {said} nu avem"));
    assert!(!page.has("form"), "nothing to give up, nothing to pay again");
    let sight = app.shop().sees(&mut started).await;
    assert_eq!((sight.is_final, sight.payment.as_str()), (false, "in_doubt"));
    assert!(!psu.has_news(&page).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_finds_it_reads_its_story_and_ends_the_doubt() {
    let app = TestApp::start().await;
    let (mut started, psu) = approved_and_never_back(&app).await;
    let other = app.shop().start(json!({ "amount": "5.00" })).await;
    let watched = psu.get(&started.link).await;
    let admin = app.admin().await;
    assert_eq!(admin.get(&page_of(&app, &started)).await.leads_to().path(), "/back-office/login");
    admin.sign_in().await.says("în dubiu (1)").says("5,00 RON");
    let list = admin.get(&app.public("back-office?status=in_doubt")).await;
    list.says(&started.tokens.payment.to_string());
    assert!(!list.text().contains(&other.tokens.payment.to_string()), "only those in doubt");
    let page = admin.get(&page_of(&app, &started)).await;
    page.says("Rezolvă dubiul")
        .says("submit_started")
        .says("answer_lost")
        .says("123,45 RON");
    assert_eq!(app.bank.orders()[0].status, Word::Acsc);
    let done = admin.follow(&resolve(&admin, &page, "settled", REASON).await).await;
    done.says("Dubiul a fost rezolvat.").says("resolved_settled").says(REASON);
    assert!(!done.has("form[action$='/resolve']"));

    assert!(psu.has_news(&watched).await);
    psu.get(&started.link).await.says("Plata a fost făcută");
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
    app.tick().await;
    let [mail] = app.mails.all().try_into().unwrap();
    assert!(mail.message_id.contains(".settled@"));
    let audited = app.database.lines("SELECT action AS line FROM audit WHERE subject IS NOT NULL");
    assert!(audited.contains(&"payment_resolved_settled".to_owned()), "{audited:?}");
    // The form of before does nothing any more.
    let again = resolve(&admin, &page, "not_executed", REASON).await;
    admin.follow(&again).await.says("Plata nu mai este în dubiu");
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_was_executed() {
    let app = TestApp::start().await;
    let mut started = not_withdrawn(&app).await;
    let admin = app.admin().await;
    admin.sign_in().await;
    let page = admin.get(&page_of(&app, &started)).await;
    admin
        .follow(&resolve(&admin, &page, "not_executed", REASON).await)
        .await
        .says("anulată");
    let sight = app.shop().sees(&mut started).await;
    assert_eq!((sight.word.as_str(), sight.is_final, sight.is_successful), ("CANC", true, false));
    assert_eq!(app.shop().status(&started.tokens).await.text("statusReason"), "not_executed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolution_needs_an_outcome_a_reason_a_tick_and_an_admin() {
    let app = TestApp::start().await;
    let started = not_withdrawn(&app).await;
    let admin = app.admin().await;
    admin.sign_in().await;
    let page = admin.get(&page_of(&app, &started)).await;
    let form = page.form("/resolve");
    let whole = form
        .clone()
        .with("outcome", "settled")
        .with("reason", REASON)
        .with("confirmed", "yes");
    for (wrong, anchor) in [
        (form.clone(), "#outcome-settled"),
        (whole.clone().with("outcome", "maybe"), "#outcome-settled"),
        (whole.clone().with("reason", "prea scurt"[..9].into()), "#reason"),
        (whole.clone().with("reason", &"x".repeat(501)), "#reason"),
        (whole.clone().with("reason", "cu\u{202e}bidi și destul de lung"), "#reason"),
        (whole.clone().with("confirmed", ""), "#confirmed"),
    ] {
        let answer = admin.submit(&wrong).await;
        assert_eq!(answer.status, 422, "{anchor}");
        assert!(
            answer.has(&format!("[role=alert] a[href='{anchor}']")),
            "{anchor}: {}",
            answer.text()
        );
    }
    let kept = admin.submit(&whole.clone().with("confirmed", "")).await.form("/resolve");
    assert_eq!((kept.value("reason"), kept.value("outcome")), (REASON, "settled"));
    assert_eq!(admin.submit(&whole.clone().with("csrf", "forged")).await.status, 403);
    let mut elsewhere = whole.clone();
    elsewhere.page = "https://evil.example/".parse().unwrap();
    assert_eq!(admin.submit(&elsewhere).await.status, 403);
    // Nobody who is not signed in, even with the whole form.
    let stranger = Admin::new(&app).await;
    assert_eq!(stranger.submit(&whole).await.leads_to().path(), "/back-office/login");
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::InDoubt);
    for id in ["1", "0000000000000000", "9007199254740990", "x'", "%00"] {
        let nobody = admin.get(&app.public(&format!("back-office/payments/{id}"))).await;
        assert_eq!(nobody.status, 404, "{id}");
    }
}
