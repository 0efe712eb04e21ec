//! A partner's declared figures: what goes beyond one is blocked, or goes on with a note, as its setting says; and
//! no two payments slip through together.

use crate::support::TestApp;
use crate::support::partner::{an_order, with};
use crate::support::proposals::{APPROVER, PROPOSER};
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::flow::init_payment::{InitOrder, init_payment};
use smartpay::flow::{Context, FlowError};
use smartpay::payment::limits::{Action, Figure};
use smartpay::payment::{Amount, Currency, Iban, Instruction, PaymentId, Status};
use smartpay::store::{Db, partners};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(flavor = "multi_thread")]
async fn over_the_largest_amount_is_blocked_and_both_are_told() {
    let app = TestApp::start().await;
    app.limit("shop", &[(Figure::MaximumAmount, 12_344, Action::Block)]).await;
    let shop = app.shop();
    let tokens = shop.tokens().await;
    let refused = shop.init(&tokens, &an_order()).await;
    assert_eq!((refused.status, refused.text("messageStatus")), (422, "RULE_BROKEN"));
    let detail = &refused.json["moreDetails"][0];
    assert_eq!(
        (detail["field"].as_str().unwrap(), detail["code"].as_str().unwrap()),
        ("amount", "LIMIT_MAXIMUM_AMOUNT")
    );
    let status = shop.status(&tokens).await.good();
    assert_eq!(status.text("transactionStatus"), "BLOCKED");
    assert_eq!(status.text("statusReason"), "limit_maximum_amount");
    assert_eq!(status.json["isFinal"], true);
    // The same again answers the same; another order is another order.
    assert_eq!(
        shop.init(&tokens, &an_order()).await.json["moreDetails"],
        refused.json["moreDetails"]
    );
    assert_eq!(shop.init(&tokens, &with(an_order(), json!({ "amount": "1.00" }))).await.status, 409);
    // One ban less is within the figure.
    shop.start(json!({ "amount": "123.44" })).await;
    // Another partner's figures are its own.
    app.partner("other-shop").start(json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payer_who_makes_it_larger_is_told_on_the_page() {
    let app = TestApp::start().await;
    app.limit("erp", &[(Figure::MaximumAmount, 20_000, Action::Block)]).await;
    let (erp, psu) = (app.erp(), app.psu());
    let mut started = erp.start(json!({})).await;
    let form = psu.fill(&psu.open(&started.link).await, ANA).with("amount", "200,01");
    let page = psu.follow(&psu.submit(&form).await).await;
    page.says("Plata a fost oprită")
        .says("Suma este mai mare decât cea mai mare plată")
        .says("Nu s-a luat niciun ban");
    assert!(!page.text().contains("Confirmarea merge la"), "nobody is written to");
    assert_eq!(app.bank.orders().len(), 0);
    let sight = erp.sees(&mut started).await;
    assert_eq!((sight.word.as_str(), sight.is_final, sight.is_successful), ("BLOCKED", true, false));
    // Again and again: it stays what it is.
    psu.follow(&psu.submit(&form).await).await.says("Plata a fost oprită");
    assert_eq!(app.bank.orders().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_that_was_lowered_holds_when_the_payment_is_sent_also_at_the_second_attempt() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut first = shop.start(json!({})).await;
    let mut second = shop.start(json!({})).await;
    let to_bank = psu.pay(&second.link, ANA).await;
    let refused = psu.come_back(&psu.refuse(&to_bank, ANA).await).await;
    app.limit("shop", &[(Figure::MaximumAmount, 10_000, Action::Block)]).await;
    let form = psu.fill(&psu.open(&first.link).await, ANA);
    psu.follow(&psu.submit(&form).await).await.says("Plata a fost oprită");
    let form = psu.get(&refused.link("a.primary")).await;
    psu.follow(&psu.submit(&psu.fill(&form, ANA)).await)
        .await
        .says("Plata a fost oprită");
    for started in [&mut first, &mut second] {
        assert_eq!(shop.sees(started).await.word, "BLOCKED");
    }
    assert_eq!(app.bank.orders().len(), 1, "only the attempt of before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_lets_it_through_and_is_noted() {
    let app = TestApp::start().await;
    app.limit(
        "shop",
        &[
            (Figure::PaymentsPerDay, 1, Action::Warn),
            (Figure::MaximumAmount, 100, Action::Warn),
        ],
    )
    .await;
    let (shop, psu) = (app.shop(), app.psu());
    shop.start(json!({ "amount": "1.00" })).await;
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert!(shop.sees(&mut started).await.is_successful);
    let history = app.history(started.tokens.payment).await;
    let noted: Vec<_> = history.iter().filter(|e| e.event == "limit_exceeded").collect();
    let details: Vec<_> = noted.iter().map(|e| (e.actor.as_str(), e.detail.as_deref().unwrap())).collect();
    // Sent is counted by itself: it is the first that is sent.
    assert_eq!(
        details,
        [
            ("partner", "maximum_amount: warned"),
            ("partner", "payments_per_day: warned"),
            ("psu", "maximum_amount: warned")
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_a_day_begin_anew_with_the_next() {
    let app = TestApp::start().await;
    app.limit("shop", &[(Figure::PaymentsPerDay, 2, Action::Block)]).await;
    let shop = app.shop();
    for _ in 0..2 {
        shop.start(json!({})).await;
    }
    let code = |answer: &crate::support::partner::Answer| answer.json["moreDetails"][0]["code"].clone();
    let blocked = shop.init(&shop.tokens().await, &an_order()).await;
    assert_eq!((blocked.status, code(&blocked)), (422, json!("LIMIT_PAYMENTS_PER_DAY")));
    app.advance(DAY);
    shop.start(json!({})).await;
    app.tick().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_of_many() {
    let app = TestApp::start().await;
    app.limit(
        "shop",
        &[
            (Figure::ClientPerDay, 1, Action::Block),
            (Figure::RegisteredClients, 2, Action::Block),
        ],
    )
    .await;
    let shop = app.shop();
    let by = |client: &str| json!({ "psuIntermediarId": client });
    shop.start(by("ana")).await;
    shop.start(by("dan")).await;
    let mut codes = Vec::new();
    for client in ["ana", "ion"] {
        let answer = shop.init(&shop.tokens().await, &with(an_order(), by(client))).await;
        codes.push((answer.status, answer.json["moreDetails"][0]["code"].as_str().unwrap().to_owned()));
    }
    assert_eq!(
        codes,
        [
            (422, "LIMIT_CLIENT_PER_DAY".to_owned()),
            (422, "LIMIT_REGISTERED_CLIENTS".to_owned())
        ]
    );
    // A payment of nobody in particular is not judged by these.
    shop.start(json!({})).await;
    app.advance(DAY);
    shop.start(by("ana")).await;
    // Nobody reads from the disk who paid.
    for (name, bytes) in app.database.stolen() {
        assert!(!bytes.windows(9).any(|w| w == b"|ana|dan|"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_payments_of_a_day() {
    let app = TestApp::start().await;
    app.limit("shop", &[(Figure::UnfinishedPerDay, 2, Action::Block)]).await;
    let (shop, psu) = (app.shop(), app.psu());
    let finished = shop.start(json!({})).await;
    let to_bank = psu.pay(&finished.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    let given_up = shop.start(json!({})).await;
    psu.give_up(&psu.open(&given_up.link).await).await;
    shop.start(json!({})).await;
    let third = shop.init(&shop.tokens().await, &an_order()).await;
    assert_eq!(
        (third.status, third.json["moreDetails"][0]["code"].as_str()),
        (422, Some("LIMIT_UNFINISHED_PER_DAY"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_against_ten_are_ten() {
    let app = TestApp::start().await;
    app.limit("shop", &[(Figure::PaymentsPerDay, 10, Action::Block)]).await;
    let shop = app.shop();
    let partner = app.cx.db.read(|a| partners::by_client_id(a, "shop")).await.unwrap().unwrap();
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(PaymentId::from_number(shop.tokens().await.payment).unwrap());
    }
    let calls = ids.iter().map(|&id| init_payment(&app.cx, &partner, id, order(id)));
    let answers = futures_util::future::join_all(calls).await;
    let blocked = |e: &FlowError| matches!(e, FlowError::AgainstRules(why) if why[0].code == "LIMIT_PAYMENTS_PER_DAY");
    let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
    let refused = answers
        .iter()
        .filter_map(|answer| answer.as_ref().err())
        .filter(|e| blocked(e))
        .count();
    assert_eq!((accepted, refused), (10, 40));
}

/// An order as the gateway reads it.
fn order(id: PaymentId) -> InitOrder {
    InitOrder {
        instructions: vec![Instruction {
            creditor_name: "Foișor Atelier SRL".into(),
            creditor_iban: Iban::parse("RO66BACX0000001234567890").unwrap(),
            amount: Amount::from_minor(100, Currency::Ron).unwrap(),
            details: "Comanda".into(),
            end_to_end_id: format!("SP{id}"),
            giro: None,
        }],
        schedule: None,
        psu_email: None,
        psu_id_at_partner: Some("ana".into()),
        debtor_iban: None,
        debtor_bank: None,
        redirect_url: None,
        terms_accepted: false,
        iban_optimization: false,
        external_payment_id: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_count_together() {
    let app = TestApp::start().await;
    app.limit("shop", &[(Figure::ClientPerDay, 7, Action::Block)]).await;
    let shop = app.shop();
    let partner = app.cx.db.read(|a| partners::by_client_id(a, "shop")).await.unwrap().unwrap();
    let other_node = Context {
        db: Db::open(&app.database.location(), 8, app.cx.db.vault().clone()).unwrap(),
        ..app.cx.clone()
    };
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(PaymentId::from_number(shop.tokens().await.payment).unwrap());
    }
    let calls = ids.iter().enumerate().map(|(n, &id)| {
        let cx = if n % 2 == 0 { &app.cx } else { &other_node };
        init_payment(cx, &partner, id, order(id))
    });
    let accepted = futures_util::future::join_all(calls).await.iter().filter(|r| r.is_ok()).count();
    assert_eq!(accepted, 7);
    let mut blocked = 0;
    for id in ids {
        blocked += usize::from(app.payment(id.number()).await.status == Status::Blocked);
    }
    assert_eq!(blocked, 23);
    assert_ne!(PROPOSER, APPROVER);
}
