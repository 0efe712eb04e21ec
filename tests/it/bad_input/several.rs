//! POST initPayment with `payments`: every rule of the list, and each field with its place.

use super::init::{init_with, leak};
use super::{Body, JSON, Snapshot, TOO_LARGE, UNLIMITED, Wrong, against_rules, invalid, is_refused};
use crate::support::TestApp;
use crate::support::partner::{a_list, list_of, with};
use serde_json::{Value, json};

/// A list of three, with fields of the second replaced.
fn second(more: Value) -> Value {
    let mut list = a_list(3);
    list["payments"][1] = with(list["payments"][1].take(), more);
    list
}

/// Ways in which the second of three is wrong.
fn ill_formed() -> Vec<(Value, Wrong)> {
    let name = |n: usize| json!({ "creditorName": "ș".repeat(n) });
    let id = |id: &str| json!({ "endToEndId": id });
    vec![
        (json!({ "creditorName": null }), ("payments[1].creditorName", "MISSING")),
        (name(71), ("payments[1].creditorName", "TOO_LONG")),
        (json!({ "creditorName": ["x"] }), ("payments[1].creditorName", "WRONG_TYPE")),
        (json!({ "creditorIban": null }), ("payments[1].creditorIban", "MISSING")),
        (
            json!({ "creditorIban": "RO66BACX0000001234567891" }),
            ("payments[1].creditorIban", "INVALID_IBAN"),
        ),
        (json!({ "amount": null }), ("payments[1].amount", "MISSING")),
        (json!({ "amount": "" }), ("payments[1].amount", "MISSING")),
        (json!({ "amount": "0.00" }), ("payments[1].amount", "INVALID_AMOUNT")),
        (json!({ "amount": -5 }), ("payments[1].amount", "INVALID_AMOUNT")),
        (json!({ "amount": true }), ("payments[1].amount", "WRONG_TYPE")),
        (json!({ "details": "  " }), ("payments[1].details", "MISSING")),
        (json!({ "details": "rând\nrând" }), ("payments[1].details", "FORBIDDEN_CHARACTERS")),
        (json!({ "details": "***" }), ("payments[1].details", "NOTHING_FOR_BANK")),
        (id(&"7".repeat(36)), ("payments[1].endToEndId", "TOO_LONG")),
        (id("ș"), ("payments[1].endToEndId", "NOT_FOR_BANK")),
        (id("/INV7"), ("payments[1].endToEndId", "NOT_FOR_BANK")),
        (id("INV//7"), ("payments[1].endToEndId", "NOT_FOR_BANK")),
        (id("INV  7"), ("payments[1].endToEndId", "NOT_FOR_BANK")),
        (id("INV_7"), ("payments[1].endToEndId", "NOT_FOR_BANK")),
        (id("INV\n7"), ("payments[1].endToEndId", "FORBIDDEN_CHARACTERS")),
        (json!({ "endToEndId": {} }), ("payments[1].endToEndId", "WRONG_TYPE")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_every_payment_is_checked_and_named() {
    let app = TestApp::start_with(UNLIMITED).await;
    let erp = app.erp();
    let tokens = erp.tokens().await;
    let before = Snapshot::of(&app);
    for (more, wrong) in ill_formed() {
        let row = more.to_string();
        is_refused(
            &row,
            &erp.init(&tokens, &second(more)).await,
            invalid(leak(wrong)),
            &["BACX0000001234567890"],
        );
    }
    for item in [json!(null), json!("x"), json!(5), json!([])] {
        let mut list = a_list(3);
        list["payments"][2] = item.clone();
        let wanted = invalid(&[("payments[2]", "WRONG_TYPE")]);
        is_refused(&item.to_string(), &erp.init(&tokens, &list).await, wanted, &[]);
    }
    let twice = a_list(2).to_string().replacen("\"amount\":", "\"amount\":1,\"amount\":", 1);
    let answer = init_with(&erp, &tokens, Body::new(JSON, twice)).await;
    is_refused("an amount twice", &answer, invalid(&[("payments[0]", "WRONG_TYPE")]), &[]);
    for wrong in [json!("x"), json!(5), json!(true), json!({})] {
        let wanted = invalid(&[("payments", "WRONG_TYPE")]);
        is_refused(
            &wrong.to_string(),
            &erp.init(&tokens, &json!({ "payments": wrong })).await,
            wanted,
            &[],
        );
    }
    before.is_still(&app, "ill-formed payments");
    erp.init(&tokens, &a_list(3)).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_of_a_list() {
    let app = TestApp::start_with(UNLIMITED).await;
    let erp = app.erp();
    let tokens = erp.tokens().await;
    let before = Snapshot::of(&app);
    let ours = format!("SP{}-1", tokens.payment);
    let rows: Vec<(&str, Value, Vec<Wrong>)> = vec![
        ("none", json!({ "payments": [] }), vec![("payments", "EMPTY_LIST")]),
        ("5001", a_list(5001), vec![("payments", "TOO_MANY")]),
        (
            "two of one name",
            list_of(&[json!({ "endToEndId": "F-1" }), json!({}), json!({ "endToEndId": "F-1" })]),
            vec![("payments[2].endToEndId", "DUPLICATE")],
        ),
        (
            "the name we would give",
            list_of(&[json!({}), json!({ "endToEndId": ours })]),
            vec![("payments[1].endToEndId", "DUPLICATE")],
        ),
        (
            "one payment beside the list",
            with(
                a_list(2),
                json!({ "creditorName": "X", "creditorIban": "x", "amount": 1, "details": "x" }),
            ),
            vec![
                ("creditorName", "NOT_TOGETHER"),
                ("creditorIban", "NOT_TOGETHER"),
                ("amount", "NOT_TOGETHER"),
                ("details", "NOT_TOGETHER"),
            ],
        ),
        (
            "a schedule beside the list",
            with(
                a_list(2),
                json!({ "startDate": "2126-12-01", "Frequency": "Monthly", "dayOfExecution": 1 }),
            ),
            vec![
                ("startDate", "NOT_TOGETHER"),
                ("Frequency", "NOT_TOGETHER"),
                ("dayOfExecution", "NOT_TOGETHER"),
            ],
        ),
        (
            "a bank that takes one",
            with(a_list(2), json!({ "debtorBank": "bt" })),
            vec![("debtorBank", "NO_SEVERAL_PAYMENTS")],
        ),
        (
            "from and to one account",
            with(
                list_of(&[json!({}), json!({ "creditorIban": "RO49AAAA1B31007593840000" })]),
                json!({ "debtorIban": "RO49AAAA1B31007593840000" }),
            ),
            vec![("debtorIban", "SAME_ACCOUNT")],
        ),
    ];
    for (row, list, wrong) in rows {
        let wanted = against_rules(Box::leak(wrong.into_boxed_slice()));
        is_refused(row, &erp.init(&tokens, &list).await, wanted, &[]);
    }
    before.is_still(&app, "broken rules");
    // One in a list is an order like any other, for every bank.
    erp.init(&tokens, &with(a_list(1), json!({ "debtorBank": "bt" }))).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_problems_are_named_and_the_rest_counted() {
    let app = TestApp::start_with(UNLIMITED).await;
    let erp = app.erp();
    let tokens = erp.tokens().await;
    let before = Snapshot::of(&app);
    let bad = vec![json!({ "creditorName": 7, "amount": "x" }); 1000];
    let answer = erp.init(&tokens, &json!({ "payments": bad })).await;
    assert_eq!(answer.status, 400, "{}", answer.json);
    let details = answer.json["moreDetails"].as_array().unwrap();
    assert_eq!(details.len(), 51);
    assert_eq!(details[49]["field"], "payments[12].creditorIban");
    assert_eq!(
        (&details[50]["field"], &details[50]["code"]),
        (&json!("payments"), &json!("MORE_PROBLEMS"))
    );
    assert_eq!(details[50]["message"], "3950 more problems are not listed");
    // A list may be longer than any other call, and not longer than lists can be.
    let long = json!({ "payments": [{ "creditorName": "x".repeat(7_000_000) }] });
    assert_eq!(erp.init(&tokens, &long).await.status, 400);
    let too_long = json!({ "payments": [{ "creditorName": "x".repeat(9_000_000) }] });
    is_refused("9 MB", &erp.init(&tokens, &too_long).await, TOO_LARGE, &[]);
    let shop = app.shop();
    let tokens = shop.tokens().await;
    let before_shop = Snapshot::of(&app);
    let two = json!({ "payments": [{ "creditorName": "x".repeat(2_000_000) }] });
    is_refused("2 MB of a shop", &shop.init(&tokens, &two).await, TOO_LARGE, &[]);
    before_shop.is_still(&app, "long bodies");
    drop(before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_list_is_the_same_order_and_any_other_is_not() {
    let app = TestApp::start_with(UNLIMITED).await;
    let erp = app.erp();
    let tokens = erp.tokens().await;
    let first = erp.init(&tokens, &a_list(3)).await.good();
    let accepted = Snapshot::of(&app);
    assert_eq!(erp.init(&tokens, &a_list(3)).await.good().json, first.json);
    let mut swapped = a_list(3);
    swapped["payments"].as_array_mut().unwrap().swap(0, 1);
    for (row, other) in [
        ("two", a_list(2)),
        ("four", a_list(4)),
        ("another amount", second(json!({ "amount": "9.99" }))),
        ("another name", second(json!({ "endToEndId": "F-7" }))),
        ("another order", swapped),
    ] {
        let answer = erp.init(&tokens, &other).await;
        assert_eq!((answer.status, answer.text("messageStatus")), (409, "OTHER_CONTENT"), "{row}");
    }
    accepted.is_still(&app, "other lists");
}
