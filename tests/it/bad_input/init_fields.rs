//! POST initPayment, field by field.

use super::init::{init_with, leak};
use super::{Body, JSON, Snapshot, UNLIMITED, invalid, is_refused};
use crate::support::TestApp;
use crate::support::partner::{an_order, with};
use serde_json::{Value, json};

/// The order with one field written like this; `""` leaves it out.
fn order_with(field: &str, written: &str) -> String {
    let rest = with(an_order(), json!({ field: null })).to_string();
    if written.is_empty() {
        return rest;
    }
    rest.replacen('{', &format!("{{\"{field}\":{written},"), 1)
}

fn text(of: &str) -> String {
    Value::from(of).to_string()
}

/// Ways of writing a field, each with its code.
type Ways = Vec<(String, &'static str)>;

fn needed_text(most: usize) -> Ways {
    let mut ways = vec![
        (String::new(), "MISSING"),
        ("null".into(), "MISSING"),
        (text(""), "MISSING"),
        (text("  \t "), "MISSING"),
        (text(&"x".repeat(most + 1)), "TOO_LONG"),
        (text(&"ș".repeat(100_000)), "TOO_LONG"),
        (text("***"), "NOTHING_FOR_BANK"),
    ];
    ways.extend(["rând\nrând", "nul\0nul", "invers\u{202e}at", "ascuns\u{200b}"].map(|t| (text(t), "FORBIDDEN_CHARACTERS")));
    ways.extend(wrong_types());
    ways
}

fn wrong_types() -> Ways {
    ["5", "1.5", "true", "[]", "[\"x\"]", "{}", "{\"a\":1}"]
        .map(|w| (w.to_owned(), "WRONG_TYPE"))
        .into()
}

fn iban() -> Ways {
    let mut ways = wrong_types();
    let wrong = [
        "RO66BACX0000001234567891",
        "RO67BACX0000001234567890",
        "RO66BACX000000123456789",
        "RO66BACX00000012345678900",
        "RO6612340000001234567890",
        "XX66BACX0000001234567890",
        "66BACX0000001234567890",
        "DE00000000000000000000",
        "IBAN: RO66BACX0000001234567890",
        "<script>alert(1)</script>",
        "RO66BACX0000001234567890; DROP TABLE payments",
        "ＲＯ66BACX0000001234567890",
    ];
    ways.extend(wrong.map(|w| (text(w), "INVALID_IBAN")));
    ways.push((text(&"RO66BACX0000001234567890".repeat(1000)), "INVALID_IBAN"));
    ways
}

fn amount() -> Ways {
    let mut ways: Ways = ["", "null", "\"\"", "\"  \""].map(|w| (w.to_owned(), "MISSING")).into();
    ways.extend(["true", "[]", "[1]", "{}"].map(|w| (w.to_owned(), "WRONG_TYPE")));
    let wrong = [
        "0",
        "0.00",
        "-0",
        "-1",
        "-0.01",
        "1.234",
        "0.001",
        "5.100",
        "1e2",
        "1E2",
        "1.5e1",
        "5e-1",
        "1000000000",
        "1e400",
        "99999999999999999999999999",
    ];
    ways.extend(wrong.map(|w| (w.to_owned(), "INVALID_AMOUNT")));
    let wrong = [
        "0",
        "0.00",
        "-5",
        "+5",
        "5.",
        ".5",
        "1,5",
        "1.234,56",
        "1 000",
        "1e2",
        "0x10",
        "NaN",
        "Infinity",
        "٥",
        "5 RON",
        "5.1.1",
        "--5",
        "1000000000.00",
        "<script>",
    ];
    ways.extend(wrong.map(|w| (text(w), "INVALID_AMOUNT")));
    ways.push((format!("1{}", "0".repeat(100_000)), "INVALID_AMOUNT"));
    ways.push((text(&format!("0.{}1", "0".repeat(100_000))), "INVALID_AMOUNT"));
    ways
}

fn email() -> Ways {
    let mut ways = wrong_types();
    let wrong = [
        "somebody",
        "@payer.example",
        "somebody@",
        "somebody@localhost",
        "some body@payer.example",
        "a@b@payer.example",
        "somebody@payer.example\r\nBcc: others@payer.example",
        "somebody@payer..example",
        ".somebody@payer.example",
        "<script>@payer.example",
        "somebody@[127.0.0.1]",
        "some\u{202e}body@payer.example",
        "somebody@payer.example,others@payer.example",
    ];
    ways.extend(wrong.map(|w| (text(w), "INVALID_EMAIL")));
    ways.push((text(&format!("{}@payer.example", "x".repeat(250))), "INVALID_EMAIL"));
    ways
}

fn url() -> Ways {
    let mut ways = wrong_types();
    let wrong = [
        "shop.example/inapoi",
        "/inapoi",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://shop.example/inapoi",
        "https://",
        "http://[::1",
    ];
    ways.extend(wrong.map(|w| (text(w), "INVALID_URL")));
    ways.push((text(&format!("https://shop.example/inapoi?x={}", "x".repeat(2000))), "TOO_LONG"));
    ways
}

fn partners_id() -> Ways {
    let mut ways: Ways = ["true", "[]", "{}", "-1"].map(|w| (w.to_owned(), "WRONG_TYPE")).into();
    ways.extend([text("nul\0nul"), text("rând\nrând"), text("invers\u{202e}at")].map(|w| (w, "FORBIDDEN_CHARACTERS")));
    ways.extend([text(&"x".repeat(65)), "1".repeat(65)].map(|w| (w, "TOO_LONG")));
    ways
}

fn fields() -> Vec<(&'static str, Ways)> {
    let flag: Ways = ["\"da\"", "2", "-1", "1.0", "[]", "{}", "\"TRUE \""]
        .map(|w| (w.to_owned(), "WRONG_TYPE"))
        .into();
    let mut bank = wrong_types();
    bank.push((text(&"b".repeat(36)), "TOO_LONG"));
    let mut needed_iban = iban();
    needed_iban.extend(["", "null", "\"\"", "\" \""].map(|w| (w.to_owned(), "MISSING")));
    vec![
        ("creditorName", needed_text(70)),
        ("creditorIban", needed_iban),
        ("amount", amount()),
        ("details", needed_text(140)),
        ("psuEmail", email()),
        ("psuIntermediarId", partners_id()),
        ("debtorIban", iban()),
        ("debtorBank", bank),
        ("redirectURL", url()),
        ("ibanOptimization", flag.clone()),
        ("TCAccepted", flag.clone()),
        ("TCaccepted", flag),
        ("externalPaymentId", partners_id()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_checked_and_named() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let tokens = shop.tokens().await;
    let before = Snapshot::of(&app);
    for (field, ways) in fields() {
        for (written, code) in ways {
            let row = format!("{field}: {}", written.chars().take(60).collect::<String>());
            let answer = init_with(&shop, &tokens, Body::new(JSON, order_with(field, &written))).await;
            // What was sent is not repeated, whatever it was.
            let sent = serde_json::from_str::<String>(&written).unwrap_or_default();
            let sent: String = sent.chars().take(40).collect();
            is_refused(&row, &answer, invalid(leak((field, code))), &[&sent, "BACX0000001234567890"]);
        }
        before.is_still(&app, field);
    }
    let bad = json!({ "creditorName": 1, "creditorIban": "RO00", "amount": "x", "details": [], "psuEmail": "x", "redirectURL": "x" });
    let all = invalid(&[
        ("creditorName", "WRONG_TYPE"),
        ("creditorIban", "INVALID_IBAN"),
        ("amount", "INVALID_AMOUNT"),
        ("details", "WRONG_TYPE"),
        ("psuEmail", "INVALID_EMAIL"),
        ("redirectURL", "INVALID_URL"),
    ]);
    is_refused("all at once", &shop.init(&tokens, &bad).await, all, &[]);
    before.is_still(&app, "all at once");
    shop.init(&tokens, &an_order()).await.good();
}
