//! The bank, or the payer at the bank, says no: the partner reads it, the payer is told, and nothing is booked.

use crate::support::TestApp;
use crate::support::partner::Sight;
use crate::support::psu::{ANA, ELENA};
use serde_json::json;
use smartpay::sandbox::Word;
use std::time::Duration;

/// What the partner sees of a refusal that the payer may still make good.
fn may_be_tried_again() -> Sight {
    Sight {
        word: "INIT".into(),
        payment: "attempt_refused".into(),
        is_final: false,
        is_successful: false,
    }
}

fn ended(word: &str, payment: &str) -> Sight {
    Sight {
        word: word.into(),
        payment: payment.into(),
        is_final: true,
        is_successful: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payer_refuses_at_the_bank() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({ "redirectURL": "https://shop.example/inapoi" })).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let way_back = psu.refuse(&to_bank, ANA).await;
    assert!(way_back.query().unwrap().contains("error=acces_denied"), "as this bank spells it");
    let page = psu.come_back(&way_back).await;
    page.says("Plata nu a fost făcută")
        .says("Plata nu a fost aprobată la bancă. Nu s-a luat niciun ban.");
    assert_eq!(shop.sees(&mut started).await, may_be_tried_again());
    let page = psu.give_up(&page).await;
    let home = page.link("a.primary");
    assert!(home.query().unwrap().contains("status=RJCT&message=FAILED"), "{home}");
    assert_eq!(shop.sees(&mut started).await, ended("RJCT", "rejected"));
    assert_eq!(shop.status(&started.tokens).await.text("statusReason"), "psu_declined");
    app.tick().await;
    let [mail] = app.mails.all().try_into().unwrap();
    assert_eq!(mail.to, ANA.email);
    assert!(mail.text.contains("ai refuzat plata la bancă"), "{}", mail.text);
    assert_eq!(mail.message_id, format!("{}.refused@smartpay.example", started.tokens.payment));
    assert_eq!(app.bank.orders()[0].status, Word::Rjct);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_codes_end_it() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let mut page = psu.follow(&psu.get(&to_bank.link("a#go")).await).await;
    for _ in 0..3 {
        let form = page.form("/conectare").with("user", "ana").with("code", "9999");
        page = psu.follow(&psu.submit(&form).await).await;
    }
    let page = psu.come_back(&page.link("a.button")).await;
    psu.give_up(page.says("Plata nu a fost făcută")).await;
    assert_eq!(shop.sees(&mut started).await, ended("RJCT", "rejected"));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_money_is_the_banks_refusal() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({ "amount": "100.00" })).await;
    let to_bank = psu.pay(&started.link, ELENA).await;
    let page = psu.come_back(&psu.approve(&to_bank, ELENA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    let result = psu.get(&page.url).await;
    result.says("Plata nu a fost făcută").says("Banca ta a refuzat plata");
    assert_eq!(shop.sees(&mut started).await, may_be_tried_again());
    assert!(app.mails.all().is_empty(), "it has not ended");
    app.let_pass(1, app.cx.rules.link_life).await;
    assert_eq!(shop.sees(&mut started).await, ended("CANC", "cancelled"));
    let [mail] = app.mails.all().try_into().unwrap();
    assert_eq!((mail.to.as_str(), mail.message_id.contains(".cancelled@")), (ELENA.email, true));
    assert_eq!(app.bank.balance_minor(ELENA.iban), Some(437));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_the_bank_does_not_take_leads_back_to_the_form() {
    use smartpay::sandbox::{Fault, Operation};
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    app.bank.fail_next(Operation::Initiate, Fault::Status(400));
    let form = psu.fill(&psu.open(&started.link).await, ANA);
    let page = psu.follow(&psu.submit(&form).await).await;
    page.says("Verifică plata și alege banca");
    assert!(page.has(".notice"), "it says what happened");
    assert_eq!(shop.sees(&mut started).await.word, "INIT");
    assert!(app.bank.orders().is_empty());
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert!(shop.sees(&mut started).await.is_successful);
}
