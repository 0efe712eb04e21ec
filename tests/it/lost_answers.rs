//! The bank's answer to the order gets lost, in every way it can. At this bank an order without its link
//! cannot be authorised, so the payer may try again, and only one order can ever move money.

use crate::support::TestApp;
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::sandbox::{Fault, Operation, Word};
use std::time::Duration;

const IMPATIENT: &str = "[bank_calls]\nconnect_timeout_ms = 300\ntotal_timeout_ms = 600";

/// After the fault the bank holds `orders` orders; the payer is back at the form, and a second try goes well.
async fn a_second_try_goes_well(fault: Fault, orders: usize) {
    let app = TestApp::start_with(IMPATIENT).await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let form = psu.fill(&psu.open(&started.link).await, ANA);
    app.bank.fail_next(Operation::Initiate, fault);
    let page = psu.follow(&psu.submit(&form).await).await;
    page.says("Verifică plata și alege banca");
    assert!(page.has("p.notice"), "it says that the bank was not reached");
    assert_eq!(
        page.form("/payment-initiation").value("email"),
        ANA.email,
        "what was filled in is still there"
    );
    let sight = shop.sees(&mut started).await;
    assert_eq!((sight.word.as_str(), sight.is_final), ("INIT", false));
    assert_eq!(app.bank.orders().len(), orders);

    let again = page.form("/payment-initiation");
    let to_bank = psu.follow(&psu.submit(&again).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    let words: Vec<Word> = app.bank.orders().iter().map(|o| o.status).collect();
    assert_eq!(words.iter().filter(|w| **w == Word::Acsc).count(), 1, "{words:?}");
    assert!(app.bank.orders().iter().filter(|o| o.authorised.is_some()).count() == 1);
    // What was left behind at the bank lapses there.
    app.advance(Duration::from_secs(2 * 3600));
    assert!(app.bank.orders().iter().all(|o| matches!(o.status, Word::Acsc | Word::Rjct)));
    assert_eq!(app.bank.balance_minor(ANA.iban), Some(1_250_000 - 12_345));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_breaks_before_the_bank_reads_it() {
    a_second_try_goes_well(Fault::DropBeforeEffect, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_breaks_after_the_bank_took_it() {
    a_second_try_goes_well(Fault::DropAfterEffect, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bank_fails() {
    a_second_try_goes_well(Fault::Status(500), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bank_is_overloaded() {
    a_second_try_goes_well(Fault::Status(503), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_breaks_off() {
    a_second_try_goes_well(Fault::Malformed, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_too_late() {
    a_second_try_goes_well(Fault::Delay(Duration::from_millis(1200)), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payer_may_also_give_up_after_it() {
    let app = TestApp::start_with(IMPATIENT).await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let form = psu.fill(&psu.open(&started.link).await, ANA);
    app.bank.fail_next(Operation::Initiate, Fault::DropAfterEffect);
    let page = psu.follow(&psu.submit(&form).await).await;
    psu.give_up(&page).await.says("Ai renunțat la plată");
    assert_eq!(shop.sees(&mut started).await.word, "ABND");
}

/// The code works once: its exchange may be lost before or after the bank did it.
async fn the_exchange_is_lost(fault: Fault) -> (TestApp, i64) {
    let app = TestApp::start_with(IMPATIENT).await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    app.bank.fail_next(Operation::Token, fault);
    let page = psu.come_back(&way_back).await;
    assert!(!page.text().contains("Plata nu a fost făcută"), "{}", page.text());
    let sight = shop.sees(&mut started).await;
    assert!(!sight.is_final, "{sight:?}");
    (app, started.tokens.payment)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_exchange_is_doubt_and_never_failure() {
    use smartpay::payment::Status;
    for fault in [Fault::DropAfterEffect, Fault::Malformed, Fault::Status(500)] {
        let (app, id) = the_exchange_is_lost(fault.clone()).await;
        app.let_pass(6, Duration::from_secs(600)).await;
        let stored = app.payment(id).await;
        assert!(stored.due_at.is_some(), "{fault:?}");
        assert!(
            matches!(stored.status, Status::InDoubt | Status::Settled),
            "{fault:?}: {}",
            stored.status
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_too_busy_for_the_exchange_gets_the_code_again() {
    let (app, id) = the_exchange_is_lost(Fault::Status(429)).await;
    app.let_pass(10, Duration::from_secs(3)).await;
    assert!(app.payment(id).await.status.is_successful());
}
