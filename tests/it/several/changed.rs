//! One payment of the list is changed or removed, by its payer alone, and only what was seen is confirmed.

use super::{a_list_of, edit};
use crate::support::TestApp;
use crate::support::psu::ANA;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_the_list_is_changed_and_another_removed() {
    let app = TestApp::start().await;
    let (mut started, psu, page) = a_list_of(&app, 3).await;
    let form = edit(&psu, &page, 2).await;
    form.says("Modifică plata 2");
    let wrong = form.form("/edit").with("amount", "1.234").with("creditor_iban", "RO00");
    let again = psu.submit(&wrong).await;
    assert_eq!(again.status, 422);
    assert!(
        again.text().contains("Suma se poate citi în două feluri") && again.text().contains("Lipsesc 20 de caractere din IBAN."),
        "{}",
        again.text()
    );
    assert_eq!(again.form("/edit").value("amount"), "1.234", "what was typed stays");
    let right = again
        .form("/edit")
        .with("amount", "1.000,05")
        .with("creditor_iban", "RO49 AAAA 1B31 0075 9384 0000")
        .with("details", "Factura doi");
    let list = psu.follow(&psu.submit(&right).await).await;
    list.says("1.000,05 RON")
        .says("RO49 AAAA 1B31 0075 9384 0000")
        .says("Factura doi")
        .says("1.023,05 RON");
    let form = edit(&psu, &list, 1).await.form("/edit").with("then", "remove");
    let list = psu.follow(&psu.submit(&form).await).await;
    list.says("2 plăți").says("1.012,55 RON");
    assert!(!list.text().contains("Furnizor 1 SRL"));

    let erp = app.erp();
    let status = erp.status(&started.tokens).await.good().json;
    assert_eq!(
        (&status["amount"], status["payments"].as_array().map(Vec::len)),
        (&json!("1012.55"), Some(2))
    );
    assert_eq!(status["payments"][0]["creditorIban"], "RO49AAAA1B31007593840000");
    let history = app.history(started.tokens.payment).await;
    let told: Vec<(&str, &str, Option<&str>)> = history
        .iter()
        .map(|e| (e.event.as_str(), e.actor.as_str(), e.detail.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("order_received", "partner", None),
            ("instruction_edited", "psu", Some("no. 2: creditorIban, amount, details")),
            ("instruction_removed", "psu", Some("no. 1")),
        ],
        "what was changed, and nobody's data"
    );
    // The last one is an order of one, edited and sent like any other, and named in the list for its partner.
    let form = edit(&psu, &list, 2).await.form("/edit").with("then", "remove");
    let one = psu.follow(&psu.submit(&form).await).await;
    let one = psu.follow(&one).await;
    one.says("Verifică plata și alege banca");
    assert_eq!(one.form("/payment-initiation").value("amount"), "1.000,05");
    let to_bank = psu.follow(&psu.submit(&psu.fill(&one, ANA)).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert!(erp.sees(&mut started).await.is_successful);
    let status = erp.status(&started.tokens).await.good().json;
    assert_eq!(
        (&status["payments"][0]["transactionStatus"], &status["payments"][0]["amount"]),
        (&json!("ACSC"), &json!("1000.05"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_seen_is_confirmed() {
    let app = TestApp::start().await;
    let (started, psu, page) = a_list_of(&app, 3).await;
    let form = psu.fill(&page, ANA);
    // In another tab the amount changes before „Plătește”.
    let other_tab = edit(&psu, &page, 3).await;
    let stale_edit = edit(&psu, &page, 3).await.form("/edit").with("details", "altceva");
    psu.submit(&other_tab.form("/edit").with("amount", "99,99")).await;
    let shown_again = psu.submit(&form).await;
    assert_eq!(shown_again.status, 409);
    let text = shown_again.text();
    assert!(
        text.contains("Lista s-a schimbat între timp") && text.contains("99,99 RON"),
        "{text}"
    );
    assert_eq!(
        shown_again.form("/payment-initiation").value("email"),
        ANA.email,
        "what was filled in stays"
    );
    let id = started.tokens.payment;
    assert!(app.bank.orders().is_empty() && app.payment(id).await.attempts == 0);
    // The same holds for one payment of the list, and for a form without any hash.
    let conflict = psu.submit(&stale_edit).await;
    assert_eq!(conflict.status, 409);
    assert!(conflict.text().contains("Plata s-a schimbat între timp"), "{}", conflict.text());
    assert_eq!(conflict.form("/edit").value("amount"), "99,99");
    for shown in ["", "rubbish"] {
        let forged = psu.submit(&psu.fill(&shown_again, ANA).with("shown", shown)).await;
        assert_eq!(forged.status, 409, "{shown:?}");
    }
    assert!(app.bank.orders().is_empty() && app.payment(id).await.attempts == 0);
    // A list that has shrunk to one payment under an open form is that payment's form.
    for _ in 0..2 {
        let now = psu.get(&started.link).await;
        psu.submit(&edit(&psu, &now, 1).await.form("/edit").with("then", "remove")).await;
    }
    let one = psu.submit(&psu.fill(&shown_again, ANA)).await;
    assert_eq!(one.status, 409);
    assert_eq!(one.form("/payment-initiation").value("amount"), "99.99");
    assert_eq!(app.payment(id).await.attempts, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_changes_the_list() {
    let app = TestApp::start().await;
    let (started, psu, page) = a_list_of(&app, 3).await;
    let line = edit(&psu, &page, 1).await;
    let id = started.tokens.payment;
    let unchanged = async || assert_eq!(app.payment(id).await.instructions.len(), 3);
    // Another browser, with and without a cookie of its own.
    let stranger = app.psu();
    assert!([403, 404].contains(&stranger.get(&line.url).await.status));
    for remove in [line.form("/edit").with("then", "remove"), line.form("/edit").with("amount", "1")] {
        assert!([403, 404].contains(&stranger.submit(&remove).await.status));
        // Its own browser, with a token that is not the page's.
        let forged = psu.submit(&remove.clone().with("csrf", "x")).await;
        assert_eq!(forged.status, 403);
        assert!(forged.text().contains("nu s-a salvat nimic"), "{}", forged.text());
    }
    // A payment that is not in the list.
    for name in ["", "x", "SP1-1", "'; DROP TABLE payments; --"] {
        let answer = psu.submit(&line.form("/edit").with("line", name).with("then", "remove")).await;
        assert_eq!(answer.status, 303, "{name}");
    }
    unchanged().await;
    // Nothing can be changed once the time is over.
    app.advance(Duration::from_secs(1801));
    assert_eq!(psu.get(&line.url).await.status, 303);
    assert_eq!(psu.submit(&line.form("/edit").with("then", "remove")).await.status, 303);
    unchanged().await;
    assert_eq!(
        app.history(id).await.iter().filter(|e| e.event.starts_with("instruction")).count(),
        0
    );
}
