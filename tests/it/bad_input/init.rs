//! POST initPayment.

use super::{
    BAD_TOKEN, Body, JSON, NO_IDS, NO_PAYMENT, Refusal, Snapshot, TOO_LARGE, UNLIMITED, UNREADABLE, WRONG_TYPE, against_rules, bad_tokens,
    invalid, is_refused, refusal, two_megabytes,
};
use crate::support::TestApp;
use crate::support::partner::{Answer, INIT, Partner, Tokens, an_order, with};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use std::time::Duration;

pub async fn init_with(partner: &Partner, tokens: &Tokens, body: Body) -> Answer {
    let request = partner.request(Method::POST, &format!("{INIT}/{}", tokens.payment));
    partner.send(body.on(request.bearer_auth(&tokens.access))).await
}

pub fn leak<T>(value: T) -> &'static [T] {
    Box::leak(Box::new([value]))
}

/// What is well-formed and breaks a rule: field, value, code.
fn broken_rules() -> Vec<(&'static str, Value, &'static str)> {
    let mut rows = vec![
        ("debtorBank", json!("nicio-banca"), "UNKNOWN_BANK"),
        ("debtorBank", json!("CEC"), "UNKNOWN_BANK"),
        ("debtorBank", json!("cec\0"), "UNKNOWN_BANK"),
        ("debtorBank", json!("<script>"), "UNKNOWN_BANK"),
        ("debtorIban", json!("ro66 bacx 0000 0012 3456 7890"), "SAME_ACCOUNT"),
        ("payments", json!([]), "FINANCE_ONLY"),
        ("payments", json!([{ "amount": 1 }]), "FINANCE_ONLY"),
        ("payments", json!("x"), "FINANCE_ONLY"),
    ];
    let elsewhere = [
        "http://shop.example/inapoi",
        "https://shop.example/",
        "https://shop.example/inapoii",
        "https://shop.example:444/inapoi",
        "https://evil.example/inapoi",
        "https://evil.example/?https://shop.example/inapoi",
        "https://shop.example@evil.example/inapoi",
        "https://user:word@shop.example/inapoi",
        "https://shop.example/inapoi/../cont",
        "https://shop.example/inapoi#x",
        "https://shop.example.evil.example/inapoi",
    ];
    rows.extend(elsewhere.map(|url| ("redirectURL", json!(url), "NOT_ALLOWED")));
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_repetitions() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let tokens = shop.tokens().await;
    let before = Snapshot::of(&app);
    for (field, value, code) in broken_rules() {
        let row = format!("{field}: {value}");
        let answer = shop.init(&tokens, &with(an_order(), json!({ field: value.clone() }))).await;
        is_refused(
            &row,
            &answer,
            against_rules(leak((field, code))),
            &[value.as_str().unwrap_or_default()],
        );
        before.is_still(&app, &row);
    }
    // Whoever asks for what is not offered hears of everything else that is wrong, too.
    let answer = shop
        .init(&tokens, &with(an_order(), json!({ "payments": [], "psuEmail": "x" })))
        .await;
    is_refused(
        "both",
        &answer,
        invalid(&[("payments", "FINANCE_ONLY"), ("psuEmail", "INVALID_EMAIL")]),
        &[],
    );
    before.is_still(&app, "both");

    let order = with(an_order(), json!({ "psuEmail": "ana@payer.example", "externalPaymentId": 7 }));
    let first = shop.init(&tokens, &order).await.good();
    let accepted = Snapshot::of(&app);
    let other = [
        ("creditorName", json!("Altcineva SRL")),
        ("creditorIban", json!("RO49AAAA1B31007593840000")),
        ("amount", json!("123.46")),
        ("details", json!("altceva")),
        ("psuEmail", json!("bogdan@payer.example")),
        ("psuIntermediarId", json!("8")),
        ("debtorIban", json!("RO30CECEB00030RON0001001")),
        ("debtorBank", json!("cec")),
        ("redirectURL", json!("https://shop.example/inapoi")),
        ("ibanOptimization", json!(true)),
        ("TCAccepted", json!(true)),
        ("externalPaymentId", json!(8)),
        ("startDate", json!("2126-12-01")),
    ];
    for (field, value) in other {
        let more = if field == "startDate" {
            json!({ field: value, "Frequency": "Monthly" })
        } else {
            json!({ field: value })
        };
        let answer = shop.init(&tokens, &with(order.clone(), more)).await;
        is_refused(field, &answer, refusal(409, "OTHER_CONTENT", &[]), &["bogdan@payer.example"]);
        accepted.is_still(&app, field);
    }
    let again = shop.init(&tokens, &with(order, json!({ "unknown": 1 }))).await.good();
    assert_eq!(first.json, again.json, "the same order gets the same answer");
    accepted.is_still(&app, "the same again");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_ids() {
    let app = TestApp::start_with(UNLIMITED).await;
    let (shop, other) = (app.shop(), app.partner("other-shop"));
    let (mine, mine_too, foreign) = (shop.tokens().await, shop.tokens().await, other.tokens().await);
    let before = Snapshot::of(&app);
    let send = async |partner: &Partner, id: &str, header: Option<String>| {
        let mut request = partner.request(Method::POST, &format!("{INIT}/{id}")).json(&an_order());
        if let Some(header) = header {
            request = request.header(AUTHORIZATION, header);
        }
        partner.send(request).await
    };
    let bearer = || Some(format!("Bearer {}", mine.access));
    let id = mine.payment.to_string();
    for (row, header) in bad_tokens(&mine, &foreign) {
        is_refused(row, &send(&shop, &id, header).await, BAD_TOKEN, &[&mine.access, &foreign.access]);
    }
    for no_id in NO_IDS {
        is_refused(no_id, &send(&shop, no_id, bearer()).await, NO_PAYMENT, &[&mine.access]);
    }
    for (row, partner, id, wanted) in [
        ("another partner's payment", &shop, foreign.payment, NO_PAYMENT),
        ("another own payment", &shop, mine_too.payment, BAD_TOKEN),
        ("another certificate", &other, mine.payment, BAD_TOKEN),
    ] {
        is_refused(row, &send(partner, &id.to_string(), bearer()).await, wanted, &[&mine.access]);
    }
    app.advance(Duration::from_secs(300));
    is_refused("an expired token", &send(&shop, &id, bearer()).await, BAD_TOKEN, &[&mine.access]);
    before.is_still(&app, "tokens and ids");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_order() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let mine = shop.tokens().await;
    let before = Snapshot::of(&app);
    let good = an_order().to_string();
    let twice = good.replacen('{', "{\"amount\":1,", 1);
    let unreadable: Vec<Vec<u8>> = vec![
        b"".into(),
        b"null".into(),
        b"[]".into(),
        b"\"x\"".into(),
        b"5".into(),
        b"{".into(),
        good[..good.len() - 1].into(),
        format!("{good}x").into(),
        format!("[{good}]").into(),
        format!("\u{feff}{good}").into(),
        good.replace("SRL", "\u{1}").into(),
        [b"{\"creditorName\":\"".as_slice(), b"\xff\"}"].concat(),
        twice.into(),
        "[".repeat(500_000).into(),
        b"{\"a\":".repeat(100_000),
        b"amount=1".into(),
        good.replace('"', "'").into(),
        good.replace("\"123.45\"", "012").into(),
        good.replace("\"123.45\"", "NaN").into(),
        good.replace("\"123.45\"", "+5").into(),
    ];
    let half = good.replace("\"123.45\"", "\"\\ud800\"");
    let half = init_with(&shop, &mine, Body::new(JSON, half)).await;
    is_refused("half a surrogate pair", &half, invalid(&[("amount", "WRONG_TYPE")]), &[]);
    for (n, bytes) in unreadable.into_iter().enumerate() {
        let answer = init_with(&shop, &mine, Body::new(JSON, bytes)).await;
        is_refused(&format!("unreadable body {n}"), &answer, UNREADABLE, &["BACX0000001234567890"]);
    }
    let kinds = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/json",
        "x",
    ];
    for kind in kinds {
        is_refused(kind, &init_with(&shop, &mine, Body::new(kind, good.clone())).await, WRONG_TYPE, &[]);
    }
    is_refused(
        "no type",
        &init_with(&shop, &mine, Body::untyped(good.clone())).await,
        WRONG_TYPE,
        &[],
    );
    for body in two_megabytes() {
        let wanted: Refusal = if body.content_type == Some(JSON) { TOO_LARGE } else { WRONG_TYPE };
        is_refused("2 MB", &init_with(&shop, &mine, body).await, wanted, &[]);
    }
    before.is_still(&app, "bodies");
}
