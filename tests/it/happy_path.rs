//! A payment that goes well, from the partner's first call to the payer's mail.

use crate::support::TestApp;
use crate::support::partner::Sight;
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::sandbox::Word;
use std::time::Duration;

fn on_its_way(word: &str, payment: &str) -> Sight {
    Sight {
        word: word.into(),
        payment: payment.into(),
        is_final: false,
        is_successful: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_shop_to_the_bank_and_back() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop
        .start(json!({ "amount": 249.9, "psuEmail": ANA.email, "redirectURL": "https://shop.example/inapoi?comanda=7" }))
        .await;
    assert_eq!(shop.sees(&mut started).await, on_its_way("INIT", "created"));

    let page = psu.open(&started.link).await;
    page.says("249,90 RON")
        .says("Foișor Atelier SRL")
        .says("RO66 BACX 0000 0012 3456 7890");
    assert_eq!(page.form("/payment-initiation").value("email"), ANA.email);
    let form = psu.fill(&page, ANA);
    let to_bank = psu.follow(&psu.submit(&form).await).await;
    to_bank.says("Continuă la CEC Bank").says("249,90 RON");
    assert_eq!(shop.sees(&mut started).await, on_its_way("RCVD", "awaiting_psu"));
    app.let_pass(3, Duration::from_secs(30)).await;
    assert_eq!(shop.sees(&mut started).await, on_its_way("RCVD", "awaiting_psu"));

    let confirm = psu.at_bank(&to_bank, ANA).await;
    confirm.says("249,90 RON").says("Foisor Atelier SRL");
    let back = psu.follow(&psu.submit(&confirm.form("/decizie").with("decizie", "da")).await).await;
    let page = psu.come_back(&back.link("a.button")).await;
    page.says("Verificăm plata la banca ta").says("Nu face plata încă o dată.");
    assert!(app.mails.all().is_empty(), "nothing is promised before the bank's final word");

    let mut words = Vec::new();
    for _ in 0..40 {
        let sight = shop.sees(&mut started).await;
        assert_eq!(sight.is_successful, sight.word == "ACSC", "{sight:?}");
        let bank = app.bank.orders().pop().unwrap().status;
        assert!(!sight.is_successful || bank == Word::Acsc, "success before the bank's word");
        if words.last() != Some(&sight.word) {
            words.push(sight.word.clone());
        }
        if sight.is_final {
            break;
        }
        app.let_pass(1, Duration::from_millis(500)).await;
    }
    assert_eq!(words.last().map(String::as_str), Some("ACSC"), "{words:?}");
    assert!(
        words
            .iter()
            .rev()
            .skip(1)
            .all(|w| ["RCVD", "ACCP", "ACTC", "ACSP"].contains(&w.as_str())),
        "{words:?}"
    );
    assert!(words.len() >= 3, "the bank's own words are shown on the way: {words:?}");

    let result = psu.get(&page.url).await;
    result.says("Plata a fost făcută").says("249,90 RON").says("RO30");
    let home = result.link("a.primary");
    assert_eq!(home.as_str().split('?').next(), Some("https://shop.example/inapoi"));
    for part in [
        "comanda=7",
        &format!("id={}", started.tokens.payment),
        "status=ACSC",
        "message=SUCCESS",
    ] {
        assert!(home.query().unwrap().split('&').any(|p| p == part), "{home} has no {part}");
    }

    let [order] = app.bank.orders().try_into().unwrap();
    assert_eq!((order.received.money.minor, order.status), (24_990, Word::Acsc));
    assert_eq!(app.bank.balance_minor(ANA.iban), Some(1_250_000 - 24_990));

    let [mail] = app.mails.all().try_into().unwrap();
    assert_eq!(mail.to, ANA.email);
    assert!(
        mail.subject.contains("249,90") && mail.subject.contains("Foișor Atelier SRL"),
        "{}",
        mail.subject
    );
    for text in [&mail.text, &mail.html] {
        assert!(text.contains("Plata a fost făcută") && text.contains("CEC Bank"), "{text}");
        assert!(text.contains(&started.tokens.payment.to_string()), "our reference");
        assert!(text.contains(&order.received.payment_id), "the bank's reference");
        assert!(
            !text.contains(ANA.iban) && !text.contains("RO66BACX0000001234567890"),
            "IBANs are masked"
        );
    }
    let status = shop.status(&started.tokens).await;
    assert_eq!(status.text("amount"), "249.90");
    assert_eq!(status.text("bank"), "cec");
}
