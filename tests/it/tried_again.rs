//! After a refusal the payer tries again while the link lives, with the same bank; after a doubt never. One
//! order of the payment is executed, whatever was refused before.

use crate::support::TestApp;
use crate::support::psu::{ANA, ELENA};
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, Operation, Word};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_payment_is_paid_at_the_second_attempt() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let refused = psu.come_back(&psu.refuse(&to_bank, ANA).await).await;
    let form = psu.get(&refused.link("a.primary")).await;
    let to_bank = psu.follow(&psu.submit(&psu.fill(&form, ANA)).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    psu.get(&started.link).await.says("Plata a fost făcută");
    let words: Vec<Word> = app.bank.orders().iter().map(|o| o.status).collect();
    assert_eq!(words, [Word::Rjct, Word::Acsc]);
    let [mail] = app.mails.all().try_into().unwrap();
    assert!(mail.message_id.contains(".settled@"), "only the end is mailed: {}", mail.message_id);
    let events: Vec<String> = app.history(started.tokens.payment).await.into_iter().map(|e| e.event).collect();
    assert_eq!(events.iter().filter(|e| *e == "submit_started").count(), 2, "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_money_on_one_account_is_paid_from_another() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({ "amount": "100.00" })).await;
    let to_bank = psu.pay(&started.link, ELENA).await;
    psu.come_back(&psu.approve(&to_bank, ELENA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    let refused = psu.get(&started.link).await;
    let form = psu.get(&refused.says("Banca ta a refuzat plata").link("a.primary")).await;
    let to_bank = psu.follow(&psu.submit(&psu.fill(&form, ANA)).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    assert_eq!(app.bank.balance_minor(ANA.iban), Some(1_240_000));
    assert_eq!(app.bank.balance_minor(ELENA.iban), Some(437));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bank_is_asked_about_the_new_order_and_never_about_the_refused_one() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let refused = psu.come_back(&psu.refuse(&to_bank, ANA).await).await;
    let form = psu.get(&refused.link("a.primary")).await;
    // The answer to the second order is lost: nothing of the first one may be taken for it.
    app.bank.fail_next(Operation::Initiate, Fault::DropAfterEffect);
    psu.follow(&psu.submit(&psu.fill(&form, ANA)).await).await;
    let payment = app.payment(started.tokens.payment).await;
    assert_eq!(payment.status, Status::Created);
    assert_eq!(
        (payment.bank_session, payment.bank_payment_id, payment.bank_word),
        (None, None, None)
    );
    app.let_pass(1, app.cx.rules.link_life).await;
    assert_eq!(shop.sees(&mut started).await.word, "ABND");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_way_takes_the_order_back_and_shows_the_form() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let form = to_bank.form("/payment-initiation/withdraw").with("then", "another");
    let page = psu.follow(&psu.submit(&form).await).await;
    page.says("Verifică plata și alege banca");
    assert_eq!(app.bank.orders()[0].status, Word::Canc);
    assert_eq!(shop.sees(&mut started).await.word, "INIT");
    let to_bank = psu.follow(&psu.submit(&psu.fill(&page, ANA)).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_in_doubt_is_never_tried_again() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({ "amount": "100.00" })).await;
    let to_bank = psu.pay(&started.link, ELENA).await;
    let way_back = psu.approve(&to_bank, ELENA).await;
    // The exchange of the code times out: nobody knows whether the bank goes on. The bank, asked with the code
    // of a second return, refuses for lack of money.
    app.bank.fail_next(Operation::Token, Fault::DropBeforeEffect);
    psu.come_back(&way_back).await.says("Încă verificăm");
    psu.come_back(&way_back).await;
    app.let_pass(12, Duration::from_secs(2)).await;
    let end = psu.get(&started.link).await;
    end.says("Banca ta a refuzat plata");
    assert_eq!(shop.sees(&mut started).await.word, "CANC");
    assert!(!end.has("form.give-up"), "nothing to try again");
}
