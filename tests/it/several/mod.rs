//! Several payments in one authorisation, from the ERP's call to the bank's answer of each.

mod changed;
mod paid;
mod typed;

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::partner::{Started, a_list, list_of, with};
use crate::support::psu::{ANA, Psu};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_partner_reads_each_payment_of_its_list() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let list = list_of(&[json!({ "endToEndId": "F-2026/1" }), json!({}), json!({ "endToEndId": 77 })]);
    let started = erp.start_with(&list).await;
    let id = started.tokens.payment;
    let status = erp.status(&started.tokens).await.good().json;
    assert_eq!((&status["amount"], &status["currency"]), (&json!("34.50"), &json!("RON")));
    assert_eq!(status["creditorIban"], Value::Null, "there are several");
    let line = |end_to_end_id: &str, amount: &str| json!({ "endToEndId": end_to_end_id, "amount": amount, "currency": "RON", "creditorIban": "RO66BACX0000001234567890", "transactionStatus": "INIT" });
    let ours = format!("SP{id}-2");
    assert_eq!(
        status["payments"],
        json!([line("F-2026/1", "10.50"), line(&ours, "11.50"), line("77", "12.50")])
    );
    // A list of one keeps its form; an order without a list has none.
    let one = erp.start_with(&a_list(1)).await;
    let status = erp.status(&one.tokens).await.good().json;
    assert_eq!(status["payments"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["creditorIban"], "RO66BACX0000001234567890");
    let plain = erp.start(json!({})).await;
    let status = erp.status(&plain.tokens).await.good().json;
    for absent in ["payments", "startDate", "Frequency", "dayOfExecution"] {
        assert_eq!(status.get(absent), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_are_stored_at_once() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let long = json!({ "creditorName": "ă".repeat(70), "details": "ș".repeat(140) });
    let list = list_of(&vec![long; 5000]);
    let body = serde_json::to_vec(&list).unwrap().len();
    assert!(body > 2_000_000, "longer than any other call: {body}");
    let started = erp.start_with(&list).await;
    let status = erp.status(&started.tokens).await.good().json;
    assert_eq!(status["payments"].as_array().map(Vec::len), Some(5000));
    assert_eq!(status["amount"], total(5000));
}

/// The sum of [`a_list`].
fn total(n: i64) -> String {
    let minor: i64 = (0..n).map(|i| (i + 10) * 100 + 50).sum();
    format!("{}.{:02}", minor / 100, minor % 100)
}

const TITLE: &str = "Verifică plățile și alege banca";

async fn a_list_of(app: &TestApp, n: usize) -> (Started, Psu, Page) {
    let started = app.erp().start_with(&with(a_list(n), json!({ "psuEmail": ANA.email }))).await;
    let psu = app.psu();
    let page = psu.get(&started.link).await;
    page.says(TITLE);
    (started, psu, page)
}

/// The edit page of the payment with this number on this page.
async fn edit(psu: &Psu, page: &Page, number: usize) -> Page {
    let press = page.press(&format!("#line-{number} button"));
    psu.follow(&psu.submit(&press).await).await
}

/// The page of the list that this button of the pager leads to.
async fn turn(psu: &Psu, page: &Page, to: &str) -> Page {
    let press = page.press(&format!(".pager .{to} button"));
    psu.follow(&psu.submit(&press).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_lists_all_with_the_total_twenty_at_a_time() {
    let app = TestApp::start().await;
    let (_, psu, page) = a_list_of(&app, 45).await;
    page.says("45 de plăți")
        .says(&romanian(45))
        .says("1. Furnizor 1 SRL")
        .says("20. Furnizor 20 SRL");
    page.says("Pagina 1 din 3").says("RO66 BACX 0000 0012 3456 7890");
    assert!(!page.text().contains("21. Furnizor"), "one page at a time");
    let second = turn(&psu, &page, "next").await;
    second
        .says("21. Furnizor 21 SRL")
        .says("40. Furnizor 40 SRL")
        .says("45 de plăți")
        .says(&romanian(45));
    let third = turn(&psu, &second, "next").await;
    third.says("45. Furnizor 45 SRL").says("Pagina 3 din 3");
    assert!(!third.has(".pager .next") && third.has(".pager .previous"));
    // A page that is not there is the nearest that is.
    for (wanted, got) in [
        ("0", "Pagina 1 din 3"),
        ("99999999999", "Pagina 3 din 3"),
        ("77", "Pagina 3 din 3"),
        ("x", "Pagina 1 din 3"),
    ] {
        let mut odd = second.url.clone();
        let pairs: Vec<(String, String)> = odd.query_pairs().into_owned().filter(|(n, _)| n != "page").collect();
        odd.query_pairs_mut().clear().extend_pairs(pairs).append_pair("page", wanted);
        psu.get(&odd).await.says(got);
    }
    // The order of a shop has no list, and its list's address leads to its page.
    let started = app.shop().start(json!({})).await;
    let plain = psu.open(&started.link).await;
    assert!(!plain.has(".lines"));
    let mut list = started.link.clone();
    list.set_path("/payment-initiation/list");
    let answer = psu.get(&list).await;
    assert_eq!(answer.status, 303);
    psu.follow(&answer).await.says("Verifică plata și alege banca");
}

#[tokio::test(flavor = "multi_thread")]
async fn banks_that_cannot_take_it_say_why_and_are_refused() {
    let app = TestApp::start().await;
    let (started, _, page) = a_list_of(&app, 2).await;
    let cec = app.cx.banks.get("cec").unwrap();
    assert!(cec.facts.takes_bulk && !cec.facts.takes_standing_orders);
    assert!(page.has("input[name=bank][value=cec]:not([disabled])"));
    let schedule = json!({ "startDate": "2126-12-01", "Frequency": "Monthly", "dayOfExecution": 15 });
    for partner in [app.shop(), app.erp()] {
        let standing = partner.start(schedule.clone()).await;
        let psu = app.psu();
        let page = psu.open(&standing.link).await;
        page.says("Plată programată")
            .says("în fiecare lună, în ziua 15, începând cu 01.12.2126");
        page.says("CEC Bank nu acceptă plăți programate");
        assert!(page.has("input[name=bank][value=cec][disabled]"));
        let answer = psu.submit(&psu.fill(&page, ANA)).await;
        assert_eq!(answer.status, 422);
        assert!(
            answer
                .text()
                .contains("Banca aleasă nu acceptă plăți programate. Alege altă bancă."),
            "{}",
            answer.text()
        );
        let payment = app.payment(standing.tokens.payment).await;
        assert_eq!((payment.attempts, payment.schedule.unwrap().day_of_execution), (0, Some(15)));
    }
    assert!(app.bank.orders().is_empty());
    assert_eq!(app.payment(started.tokens.payment).await.attempts, 0);
}

/// The sum of [`a_list`] for Romanian readers, up to a thousand payments of less than a million each.
fn romanian(n: i64) -> String {
    let minor: i64 = (0..n).map(|i| (i + 10) * 100 + 50).sum();
    let whole = minor / 100;
    let grouped = if whole > 999 {
        format!("{}.{:03}", whole / 1000, whole % 1000)
    } else {
        whole.to_string()
    };
    format!("{grouped},{:02} RON", minor % 100)
}
