//! POST initPayment with `startDate`, `Frequency` and `dayOfExecution`: all that a standing order needs, or nothing.

use super::{Snapshot, UNLIMITED, Wrong, against_rules, invalid, is_refused};
use crate::support::TestApp;
use crate::support::partner::{an_order, with};
use serde_json::{Value, json};
use std::time::Duration;

fn schedule(start: Value, frequency: Value, day: Value) -> Value {
    with(
        an_order(),
        json!({ "startDate": start, "Frequency": frequency, "dayOfExecution": day }),
    )
}

const START: &str = "2126-12-01";

fn ill_formed() -> Vec<(Value, Vec<Wrong>)> {
    let null = || json!(null);
    let mut rows = vec![
        (schedule(json!(START), null(), null()), vec![("Frequency", "MISSING")]),
        (schedule(null(), json!("Monthly"), null()), vec![("startDate", "MISSING")]),
        (
            schedule(null(), null(), json!(5)),
            vec![("startDate", "MISSING"), ("Frequency", "MISSING")],
        ),
        (schedule(json!(""), json!("Monthly"), json!("")), vec![("startDate", "MISSING")]),
        (
            schedule(json!(20_261_201), json!("Monthly"), null()),
            vec![("startDate", "WRONG_TYPE")],
        ),
        (
            schedule(json!(START), json!(["Monthly"]), null()),
            vec![("Frequency", "WRONG_TYPE")],
        ),
    ];
    for date in [
        "01.12.2126",
        "2126-13-01",
        "2126-02-30",
        "2126-12-1",
        "2126-12-01T00:00:00Z",
        "+2126-12-1",
        "mâine",
        "99999-12-01",
    ] {
        rows.push((schedule(json!(date), json!("Monthly"), null()), vec![("startDate", "INVALID_DATE")]));
    }
    for word in ["MNTH", "Lunar", "MonthlyVariable", "Monthly;DROP"] {
        rows.push((
            schedule(json!(START), json!(word), null()),
            vec![("Frequency", "UNKNOWN_FREQUENCY")],
        ));
    }
    for day in [json!(0), json!(32), json!("ultimo"), json!("1.0"), json!(256), json!(1e2)] {
        rows.push((
            schedule(json!(START), json!("Monthly"), day),
            vec![("dayOfExecution", "INVALID_DAY")],
        ));
    }
    for day in [json!(-1), json!(true), json!([5])] {
        rows.push((
            schedule(json!(START), json!("Monthly"), day),
            vec![("dayOfExecution", "WRONG_TYPE")],
        ));
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn all_or_nothing() {
    let app = TestApp::start_with(UNLIMITED).await;
    for partner in [app.shop(), app.erp()] {
        let tokens = partner.tokens().await;
        let before = Snapshot::of(&app);
        for (order, wrong) in ill_formed() {
            let wanted = invalid(Box::leak(wrong.into_boxed_slice()));
            is_refused(&order.to_string(), &partner.init(&tokens, &order).await, wanted, &[]);
        }
        for (order, wrong) in [
            (
                schedule(json!(START), json!("Weekly"), json!(5)),
                ("dayOfExecution", "NOT_WITH_THIS_FREQUENCY"),
            ),
            (
                schedule(json!(START), json!("Daily"), json!("5")),
                ("dayOfExecution", "NOT_WITH_THIS_FREQUENCY"),
            ),
            (
                schedule(json!("2020-01-01"), json!("Weekly"), json!(null)),
                ("startDate", "IN_THE_PAST"),
            ),
            (
                with(schedule(json!(START), json!("Weekly"), json!(null)), json!({ "debtorBank": "cec" })),
                ("debtorBank", "NO_STANDING_ORDERS"),
            ),
        ] {
            let wanted = against_rules(Box::leak(Box::new([wrong])));
            is_refused(&order.to_string(), &partner.init(&tokens, &order).await, wanted, &[]);
        }
        before.is_still(&app, "schedules");
    }
}

/// The first day may be today, as it is in Romania; repeated after midnight, the call is still the same.
#[tokio::test(flavor = "multi_thread")]
async fn today_is_not_the_past() {
    use chrono::TimeZone as _;
    let app = TestApp::start_with(UNLIMITED).await;
    let erp = app.erp();
    // Ten minutes before midnight in Romania, when it is still evening in UTC.
    let now = app.cx.clock.now().and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
    let tomorrow = now.date_naive().succ_opt().unwrap();
    let midnight = chrono_tz::Europe::Bucharest
        .from_local_datetime(&tomorrow.and_hms_opt(23, 50, 0).unwrap())
        .unwrap();
    app.advance((midnight - now).to_std().unwrap());
    let tokens = erp.tokens().await;
    let today = schedule(json!(tomorrow.to_string()), json!("monthly"), json!("31"));
    let yesterday = schedule(json!(now.date_naive().to_string()), json!("Monthly"), json!(31));
    let answer = erp.init(&tokens, &yesterday).await;
    is_refused("yesterday", &answer, against_rules(&[("startDate", "IN_THE_PAST")]), &[]);
    let first = erp.init(&tokens, &today).await.good();
    let status = erp.status(&tokens).await.good().json;
    assert_eq!(status["startDate"], tomorrow.to_string());
    assert_eq!((&status["Frequency"], &status["dayOfExecution"]), (&json!("Monthly"), &json!(31)));
    app.advance(Duration::from_secs(900));
    let fresh = erp.refresh(&tokens.refresh).await;
    let tokens = crate::support::partner::Tokens::of(&fresh.good());
    assert_eq!(
        erp.init(&tokens, &today).await.good().json,
        first.json,
        "the same call, the next day"
    );
}
