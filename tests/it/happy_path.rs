//! A payment that goes well, from the partner's first call to the payer's mail.

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::partner::{Partner, Sight, Started};
use crate::support::psu::{ANA, Psu};
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
    let order = json!({ "amount": 249.9, "psuEmail": ANA.email, "redirectURL": "https://shop.example/inapoi?comanda=7" });
    let mut started = shop.start(order).await;
    assert_eq!(shop.sees(&mut started).await, on_its_way("INIT", "created"));

    let page = confirms(&app, &shop, &psu, &mut started).await;
    assert!(app.mails.all().is_empty(), "nothing is promised before the bank's final word");
    let words = words_until_the_end(&app, &shop, &mut started).await;
    assert_eq!(words.last().map(String::as_str), Some("ACSC"), "{words:?}");
    assert!(words.len() >= 3, "the bank's own words are shown on the way: {words:?}");
    for word in &words[..words.len() - 1] {
        assert!(["RCVD", "ACCP", "ACTC", "ACSP"].contains(&word.as_str()), "{words:?}");
    }

    leads_home(&psu.get(&page.url).await, started.tokens.payment);
    is_confirmed_on_paper(&app, &psu, &psu.get(&page.url).await).await;
    let [order] = app.bank.orders().try_into().unwrap();
    assert_eq!((order.received.money.minor, order.status), (24_990, Word::Acsc));
    assert_eq!(app.bank.balance_minor(ANA.iban), Some(1_250_000 - 24_990));
    is_mailed(&app, started.tokens.payment, &order.received.payment_id);
    let status = shop.status(&started.tokens).await;
    assert_eq!((status.text("amount"), status.text("bank")), ("249.90", "cec"));
}

/// The payer's browser takes a PDF from the result, and no other browser does.
async fn is_confirmed_on_paper(app: &TestApp, psu: &Psu, result: &Page) {
    let url = result.link(".keep a[download]");
    let file = psu.get(&url).await;
    assert_eq!(
        (file.status, file.headers["content-type"].to_str().unwrap()),
        (200, "application/pdf")
    );
    assert!(
        file.headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment; filename=\"confirmare-")
    );
    assert!(file.body.starts_with("%PDF-"));
    assert_eq!(app.psu().get(&url).await.status, 404, "a browser that was never here");
    let (open, other) = (app.shop().start(json!({})).await, app.psu());
    other.open(&open.link).await;
    let elsewhere = other.get(&url).await;
    assert_eq!(elsewhere.status, 403, "a browser that another payment is bound to");
    assert!(!elsewhere.body.contains("%PDF"));
    let early = open.link.as_str().replace("/payment-initiation", "/payment-initiation/receipt");
    assert_eq!(other.get(&early.parse().unwrap()).await.status, 404, "nothing has moved");
}

/// The payer on our page, at the bank, and back; answers the page after the return.
async fn confirms(app: &TestApp, shop: &Partner, psu: &Psu, started: &mut Started) -> Page {
    let page = psu.open(&started.link).await;
    page.says("249,90 RON")
        .says("Foișor Atelier SRL")
        .says("RO66 BACX 0000 0012 3456 7890");
    let form = psu.fill(&page, ANA);
    assert_eq!(page.form("/payment-initiation").value("email"), ANA.email, "known already");
    let to_bank = psu.follow(&psu.submit(&form).await).await;
    to_bank.says("Continuă la CEC Bank").says("249,90 RON");
    assert_eq!(shop.sees(started).await, on_its_way("RCVD", "awaiting_psu"));
    app.let_pass(3, Duration::from_secs(30)).await;
    assert_eq!(shop.sees(started).await, on_its_way("RCVD", "awaiting_psu"));

    let confirm = psu.at_bank(&to_bank, ANA).await;
    confirm.says("249,90 RON").says("Foisor Atelier SRL");
    let answer = psu.submit(&confirm.form("/decizie").with("decizie", "da")).await;
    let back = psu.follow(&answer).await;
    let page = psu.come_back(&back.link("a.button")).await;
    page.says("Verificăm plata la banca ta").says("Nu face plata încă o dată.");
    page
}

/// The words the partner reads while the bank works, each once. Success is never shown before the bank's.
async fn words_until_the_end(app: &TestApp, shop: &Partner, started: &mut Started) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for _ in 0..40 {
        let sight = shop.sees(started).await;
        assert_eq!(sight.is_successful, sight.word == "ACSC", "{sight:?}");
        let bank = app.bank.orders().pop().unwrap().status;
        assert!(!sight.is_successful || bank == Word::Acsc, "success before the bank's word");
        if words.last() != Some(&sight.word) {
            words.push(sight.word);
        }
        if sight.is_final {
            break;
        }
        app.let_pass(1, Duration::from_millis(500)).await;
    }
    words
}

fn leads_home(result: &Page, payment: i64) {
    result.says("Plata a fost făcută").says("249,90 RON").says("RO30");
    let home = result.link("a.primary");
    assert_eq!(home.as_str().split('?').next(), Some("https://shop.example/inapoi"));
    for part in ["comanda=7", &format!("id={payment}"), "status=ACSC", "message=SUCCESS"] {
        assert!(home.query().unwrap().split('&').any(|p| p == part), "{home} has no {part}");
    }
}

fn is_mailed(app: &TestApp, payment: i64, bank_reference: &str) {
    let [mail] = app.mails.all().try_into().unwrap();
    assert_eq!(mail.to, ANA.email);
    for part in ["249,90", "Foișor Atelier SRL"] {
        assert!(mail.subject.contains(part), "{}", mail.subject);
    }
    for text in [&mail.text, &mail.html] {
        for part in ["Plata a fost făcută", "CEC Bank", &payment.to_string(), bank_reference] {
            assert!(text.contains(part), "no {part} in {text}");
        }
        for iban in [ANA.iban, "RO66BACX0000001234567890"] {
            assert!(!text.contains(iban), "IBANs are masked");
        }
    }
}
