//! Payments of very many orders: all or none are created, and none twice.

use super::{CODE, CREDITOR, NO_SUCH_BANK, SECOND, USER, choose, item, newest_code, ready, submit};
use crate::support::partner::with;
use serde_json::{Value, json};
use smartpay::payment::Status;
use smartpay::sandbox::Fault;
use smartpay::sandbox::epp::EppCall;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// No order to this account is ever paid.
const CLOSED: &str = "160-118232-12";

/// So many orders, each over one dinar; the creditor's account of some is another one.
fn orders(count: usize, others: &[(usize, &str)]) -> Value {
    let one = |n: usize| {
        let account = others
            .iter()
            .find(|(which, _)| *which == n)
            .map_or(CREDITOR, |(_, account)| account);
        with(item(n), json!({ "amount": "1.00", "creditorIban": account }))
    };
    json!({ "payments": (1..=count).map(one).collect::<Vec<_>>() })
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_are_created_once_though_the_answer_is_lost_and_paid_by_one_code() {
    let app = ready().await;
    let (dinar, psu) = (app.dinar(), app.psu());
    let began = Instant::now();
    let mut took = Vec::new();
    let mut started = dinar.start_with(&orders(5000, &[(2500, CLOSED), (4999, NO_SUCH_BANK)])).await;
    took.push(("ordered", began.elapsed()));
    let form = psu.get(&started.link).await;
    form.says("5000 de plăți").says("5.000,00 RSD");

    // One is refused: none is created, and the page says which and leads there.
    let refused = submit(&psu, &form).await;
    took.push(("refused", began.elapsed()));
    refused.says("4999. Dobavljač 4999 DOO").says("Banka primaoca ne postoji");
    assert!(app.bank.epp_orders().is_empty());
    let again = psu.get(&refused.link("a.primary")).await;
    let list = psu.get(&again.link(".refused a")).await;
    let edit = psu.follow(&psu.submit(&list.press("#line-4999 button")).await).await;
    let mended = edit.form("/payment-initiation/list/edit").with("creditor_iban", CREDITOR);
    psu.follow(&psu.submit(&mended).await).await;

    app.bank.fail_next_epp(EppCall::Create, Fault::StatusAfterEffect(502));
    let looked = app.bank.epp_calls(EppCall::Orders);
    let page = submit(&psu, &psu.get(&again.url).await).await;
    took.push(("created", began.elapsed()));
    let page = choose(&psu, &page, "Zimbra").await;
    assert_eq!(page.heading(), CODE);
    let created = app.bank.epp_orders();
    let ids: BTreeSet<&str> = created.iter().map(|o| o.received.external_id.as_str()).collect();
    assert_eq!((created.len(), ids.len(), app.bank.epp_calls(EppCall::Create)), (5000, 5000, 1));
    assert!(
        app.bank.epp_calls(EppCall::Orders) - looked < 20,
        "they are not asked for one by one"
    );
    assert_eq!(app.bank.epp_codes(USER).0.len(), 1, "one code for all");

    psu.enter_code(&page, &newest_code(&app)).await;
    took.push(("confirmed", began.elapsed()));
    app.let_pass(12, 30 * SECOND).await;
    took.push(("ended", began.elapsed()));
    assert_eq!(dinar.sees(&mut started).await.word, "PART");
    psu.get(&started.link).await.says("Račun primaoca je ugašen");
    assert_eq!((app.bank.epp_bookings().len(), app.bank.epp_calls(EppCall::Confirm)), (4999, 1));
    let status = dinar.status(&started.tokens).await.good().json;
    let words: Vec<&str> = status["payments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["transactionStatus"].as_str().unwrap())
        .collect();
    let others: Vec<_> = (1..).zip(&words).filter(|(_, word)| **word != "ACSC").collect();
    assert_eq!((words.len(), others), (5000, vec![(2500, &"RJCT")]));
    // Also in a build for tests, on a busy machine. Figures for whoever asks for them.
    if let Ok(file) = std::env::var("SMARTPAY_FIGURES") {
        std::fs::write(file, format!("{took:?}\n")).unwrap();
    }
    assert!(took[2].1 < Duration::from_secs(120), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_never_arrived_are_created_by_the_next_attempt() {
    let app = ready().await;
    let (dinar, psu) = (app.dinar(), app.psu());
    let mut started = dinar.start_with(&orders(250, &[])).await;
    app.bank.fail_next_epp(EppCall::Create, Fault::DropBeforeEffect);
    let page = submit(&psu, &psu.get(&started.link).await).await;
    page.says("Uprava za trezor (ePP)");
    assert!(app.bank.epp_orders().is_empty());
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Created);
    let page = choose(&psu, &submit(&psu, &psu.get(&started.link).await).await, "Nth").await;
    psu.enter_code(&page, &newest_code(&app)).await;
    app.let_pass(10, 10 * SECOND).await;
    assert_eq!(dinar.sees(&mut started).await.word, "ACSC");
    assert_eq!((app.bank.epp_orders().len(), app.bank.epp_bookings().len()), (250, 250));
}
