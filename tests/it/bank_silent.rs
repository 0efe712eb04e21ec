//! The bank has the approval and does not say how it goes on: asking slows down and never stops.

use crate::support::TestApp;
use crate::support::partner::Started;
use crate::support::psu::{ANA, Psu};
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, Operation};
use std::time::Duration;

async fn approved(app: &TestApp) -> (Started, Psu) {
    let started = app.shop().start(json!({ "psuEmail": ANA.email })).await;
    let psu = app.psu();
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    (started, psu)
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_slows_down_and_goes_on_until_the_bank_answers() {
    let app = TestApp::start().await;
    for fault in [Fault::Status(503), Fault::DropBeforeEffect, Fault::Malformed, Fault::Status(404)]
        .iter()
        .cycle()
        .take(40)
    {
        app.bank.fail_next(Operation::Status, fault.clone());
    }
    let (started, psu) = approved(&app).await;
    let mut pauses = Vec::new();
    for _ in 0..14 {
        let before = app.payment(started.tokens.payment).await;
        let due = before.due_at.unwrap();
        let wait = (due - app.cx.now()).to_std().unwrap_or_default();
        app.let_pass(1, wait + Duration::from_millis(1)).await;
        pauses.push(wait.as_secs());
        let after = app.payment(started.tokens.payment).await;
        assert_eq!((after.status, after.polls), (Status::Processing, before.polls + 1));
    }
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert!(pauses[0] <= 2 && pauses[13] >= 1800 && pauses[13] <= 3600, "{pauses:?}");
    psu.get(&started.link).await.says("Nu face plata încă o dată.");

    // Meanwhile the payer was told once that it takes longer.
    let [mail] = app.mails.take().try_into().unwrap();
    assert!(
        mail.message_id.contains(".on_its_way@") && !mail.subject.contains("efectuată"),
        "{}",
        mail.subject
    );

    app.bank.clear_faults();
    app.let_pass(2, Duration::from_secs(3600)).await;
    assert!(app.payment(started.tokens.payment).await.status.is_successful());
    let [mail] = app.mails.all().try_into().unwrap();
    assert!(mail.message_id.contains(".settled@"));
    psu.get(&started.link).await.says("Plata a fost făcută");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_nobody_knows_is_still_working() {
    let app = TestApp::start().await;
    for word in ["ACWP", "Submit", "acsc", "RJCT?", "", "ACSC\u{200b}", "PART"] {
        app.bank.fail_next(Operation::Status, Fault::UnknownWord(word.into()));
    }
    let (mut started, psu) = approved(&app).await;
    for _ in 0..5 {
        let sight = app.shop().sees(&mut started).await;
        assert_eq!(
            (sight.payment.as_str(), sight.is_final, sight.is_successful),
            ("processing", false, false)
        );
        assert!(
            ["RCVD", "PDNG", "ACTC", "ACCP", "ACSP", "PATC"].contains(&sight.word.as_str()),
            "{sight:?}"
        );
        psu.get(&started.link).await.says("Verificăm plata la banca ta");
        app.let_pass(1, Duration::from_secs(2)).await;
    }
    app.bank.clear_faults();
    app.let_pass(5, Duration::from_secs(30)).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_ran_out_is_renewed() {
    let app = TestApp::start().await;
    app.bank.fail_next(Operation::Status, Fault::UnknownWord("PDNG".into()));
    let (started, _psu) = approved(&app).await;
    // The bank's access tokens live less than an hour.
    app.advance(Duration::from_secs(2 * 3600));
    app.tick().await;
    assert!(app.payment(started.tokens.payment).await.status.is_successful());
}
