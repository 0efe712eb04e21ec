//! What the payer confirmed is what the bank receives, whatever else was posted.

use crate::support::TestApp;
use crate::support::psu::ANA;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_finance_partners_payer_may_change_the_order() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let mut started = erp.start(json!({ "amount": "100.00", "details": "Factura 1" })).await;
    let form = psu
        .fill(&psu.open(&started.link).await, ANA)
        .with("creditor_name", "Țiglăria Nouă SRL")
        .with("creditor_iban", "ro09 porl 7789 7782 5683 3565")
        .with("amount", "1.234,56")
        .with("details", "Factura 1 și factura 2");
    let to_bank = psu.follow(&psu.submit(&form).await).await;
    to_bank
        .says("1.234,56 RON")
        .says("Țiglăria Nouă SRL")
        .says("RO09 PORL 7789 7782 5683 3565");
    let [order] = app.bank.orders().try_into().unwrap();
    assert_eq!(order.received.money.minor, 123_456);
    assert_eq!(order.received.creditor_iban.electronic(), "RO09PORL7789778256833565");
    assert_eq!(order.received.creditor_name, "Tiglaria Noua SRL");
    assert_eq!(order.received.remittance.as_deref(), Some("Factura 1 si factura 2"));
    assert_eq!(order.received.debtor_iban.unwrap().electronic(), ANA.iban);
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(erp.sees(&mut started).await.word, "ACSC");
    let status = erp.status(&started.tokens).await;
    assert_eq!(
        (status.text("amount"), status.text("creditorIban")),
        ("1234.56", "RO09PORL7789778256833565")
    );
    let [mail] = app.mails.all().try_into().unwrap();
    assert!(
        mail.text.contains("1.234,56") && mail.text.contains("Țiglăria Nouă SRL"),
        "{}",
        mail.text
    );
    assert!(app.history(started.tokens.payment).await.iter().all(|e| e.event != "tampering"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shops_order_cannot_be_changed_and_the_attempt_is_recorded() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({ "amount": "100.00", "details": "Comanda 8" })).await;
    let form = psu
        .fill(&psu.open(&started.link).await, ANA)
        .with("creditor_name", "Escroc SRL")
        .with("creditor_iban", "RO09PORL7789778256833565")
        .with("amount", "0,01")
        .with("details", "nimic");
    let to_bank = psu.follow(&psu.submit(&form).await).await;
    to_bank.says("100,00 RON").says("Foișor Atelier SRL");
    let [order] = app.bank.orders().try_into().unwrap();
    assert_eq!(order.received.money.minor, 10_000);
    assert_eq!(order.received.creditor_iban.electronic(), "RO66BACX0000001234567890");
    assert_eq!(order.received.creditor_name, "Foisor Atelier SRL");
    assert_eq!(order.received.remittance.as_deref(), Some("Comanda 8"));
    let history = app.history(started.tokens.payment).await;
    let tampering: Vec<_> = history.iter().filter(|e| e.event == "tampering").collect();
    assert_eq!(tampering.len(), 4, "{tampering:?}");
    assert!(tampering.iter().all(|e| e.actor == "psu"));
    let noted: String = tampering.iter().filter_map(|e| e.detail.clone()).collect();
    assert!(
        !noted.contains("Escroc") && !noted.contains("RO09"),
        "which fields, not their values: {noted}"
    );
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payer_sees_what_the_bank_will_receive() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let details = "Plată factură „școală” – țiglă & cărămidă №7";
    let started = shop.start(json!({ "details": details })).await;
    let page = psu.open(&started.link).await;
    page.says(details).says("Banca va primi");
    let to_bank = psu.follow(&psu.submit(&psu.fill(&page, ANA)).await).await;
    let [order] = app.bank.orders().try_into().unwrap();
    let sent = order.received.remittance.unwrap();
    assert!(sent.starts_with("Plata factura"), "{sent}");
    assert!(
        sent.chars().all(|c| c.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(c)),
        "{sent}"
    );
    page.says(&sent);
    to_bank.says(&sent);
    psu.give_up(&to_bank).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_wrong_is_said_and_nothing_is_sent() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(json!({})).await;
    let page = psu.open(&started.link).await;
    let empty = page.form("/payment-initiation").with("email", "").with("debtor_iban", "");
    let answer = psu.submit(&empty).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("Câmp obligatoriu"), "{}", answer.text());
    for (field, value) in [
        ("debtor_iban", "RO30CECEB00030RON0001002"),
        ("debtor_iban", "RO66BACX0000001234567890"),
        ("email", "ana@localhost"),
        ("bank", "bt"),
        ("bank", "nobank"),
    ] {
        let answer = psu.submit(&psu.fill(&page, ANA).with(field, value)).await;
        assert_eq!(answer.status, 422, "{field}={value}");
        assert!(answer.has("#summary:not([hidden])"), "{field}={value}");
        if field != "bank" {
            assert_eq!(
                answer.form("/payment-initiation").value(field),
                value,
                "what was typed is still there"
            );
        }
    }
    assert!(app.bank.orders().is_empty());
    assert_eq!(app.payment(started.tokens.payment).await.attempts, 0);
}
