//! Standing orders.

use super::support::{Answer, Banks, STEP, payment, refused};
use crate::clock::Timestamp;
use crate::sandbox::BankCode;
use chrono::{Days, TimeDelta};
use serde_json::{Value, json};

fn standing(start: &str) -> Value {
    let mut body = payment("10.00");
    body["startDate"] = start.into();
    body["frequency"] = "Monthly".into();
    body
}

fn in_days(banks: &Banks, days: u64) -> String {
    (banks.clock.now().date() + Days::new(days)).to_string()
}

/// Moves the clock to a moment that lies ahead.
fn wait_until(banks: &Banks, moment: Timestamp) {
    let ahead: TimeDelta = moment - banks.clock.now();
    banks.clock.advance(ahead.to_std().unwrap());
}

#[tokio::test]
async fn it_stands_at_actc_until_its_day_and_is_then_executed_once() {
    let banks = Banks::start();
    let mut body = standing(&in_days(&banks, 10));
    body["endDate"] = in_days(&banks, 400).into();
    let (_, path) = banks.order(BankCode::Mobil, Some("0700000101"), &body).await;
    banks.sandbox.approve_on_phone("ana").unwrap();
    for word in ["RCVD", "ACCP", "ACTC", "ACTC", "ACTC"] {
        assert_eq!(banks.word(&path).await, word);
        banks.clock.advance(STEP);
    }
    let day = in_days(&banks, 10).parse::<chrono::NaiveDate>().unwrap();
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    wait_until(&banks, midnight - TimeDelta::seconds(5));
    assert_eq!(banks.word(&path).await, "ACTC");
    wait_until(&banks, midnight);
    assert_eq!(banks.word(&path).await, "ACSC");
    banks.clock.advance(std::time::Duration::from_secs(60 * 86_400));
    assert_eq!(banks.events().iter().filter(|e| *e == "booked").count(), 1);
    let shown = banks.get(&path).await.body;
    assert_eq!((&shown["startDate"], &shown["frequency"]), (&body["startDate"], &body["frequency"]));
    assert_eq!((&shown["endDate"], shown.get("executionRule")), (&body["endDate"], None));
}

#[tokio::test]
async fn on_its_day_it_needs_the_money() {
    let banks = Banks::start();
    let mut body = standing(&in_days(&banks, 3));
    body["instructedAmount"]["amount"] = "200.00".into();
    let (created, path) = banks.order(BankCode::Link, None, &body).await;
    banks.visit(&created.text("/_links/scaRedirect/href"), "stefan", "da").await;
    let now = payment("100.00");
    let (created, single) = banks.order(BankCode::Link, None, &now).await;
    banks.visit(&created.text("/_links/scaRedirect/href"), "stefan", "da").await;
    banks.settle();
    assert_eq!((banks.word(&single).await, banks.word(&path).await), ("ACSC".into(), "ACTC".into()));
    banks.clock.advance(std::time::Duration::from_secs(4 * 86_400));
    assert_eq!(banks.word(&path).await, "RJCT");
}

#[tokio::test]
async fn what_it_took_is_gone() {
    let banks = Banks::start();
    let mut body = standing(&in_days(&banks, 0));
    body["instructedAmount"]["amount"] = "200.00".into();
    for (body, word) in [(&body, "ACSC"), (&payment("60.00"), "RJCT"), (&payment("50.00"), "ACSC")] {
        let (created, path) = banks.order(BankCode::Link, None, body).await;
        banks.visit(&created.text("/_links/scaRedirect/href"), "stefan", "da").await;
        banks.settle();
        assert_eq!(banks.word(&path).await, word);
    }
}

#[tokio::test]
async fn every_field_is_checked() {
    let banks = Banks::start();
    let good = || standing(&in_days(&banks, 1));
    let cases = [
        ("startDate", json!("2026-13-01")),
        ("startDate", json!("2020-01-01")),
        ("startDate", json!("tomorrow")),
        ("startDate", Value::Null),
        ("frequency", json!("Hourly")),
        ("frequency", Value::Null),
        ("executionRule", json!("sometimes")),
        ("dayOfExecution", json!("0")),
        ("dayOfExecution", json!("01")),
        ("dayOfExecution", json!("32")),
        ("endDate", json!("2020-01-01")),
        ("endDate", json!(in_days(&banks, 0))),
        ("creditorName", json!("")),
    ];
    let post = async |bank: &str, body: &Value| {
        let path = format!("{bank}/v1/periodic-payments/sepa-credit-transfers");
        let call = banks.post(&path, body).header("PSU-ID", "0700000101");
        Answer::of(call.send().await.unwrap()).await.refusal()
    };
    for (path, value) in cases {
        let mut body = good();
        body[path] = value.clone();
        assert_eq!(post("/mobil", &body).await, refused(400, "FORMAT_ERROR", path), "{value}");
    }
    assert_eq!(post("/cod", &good()).await, refused(400, "SERVICE_INVALID", ""));
    assert!(banks.sandbox.ledger().is_empty());
    let mut all = good();
    all["executionRule"] = "following".into();
    all["dayOfExecution"] = "31".into();
    assert_eq!(post("/mobil", &all).await.0, 201);
}
