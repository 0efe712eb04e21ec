//! Reports: what became of the payments of some days, counted by the worker and added up on the page.

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Page;
use crate::support::database::connect;
use crate::support::psu::ANA;
use chrono::{Datelike as _, NaiveDate};
use diesel::RunQueryDsl as _;
use serde_json::json;
use smartpay::store::admins::Role;
use smartpay::store::reports::{DayFigures, Figures, Wanted};
use smartpay::store::{Access, StoreError, partners, report_counts, reports};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const REPORTS: &str = "back-office/reports";

async fn admin(app: &TestApp) -> Admin {
    Admin::of_role(app, Role::ReadOnly).await
}

/// The lines of the CSV, each by the heads of its columns.
fn lines(page: &Page) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_reader(page.body.as_bytes());
    reader.deserialize().map(|line| line.unwrap()).collect()
}

async fn download(admin: &Admin) -> Vec<HashMap<String, String>> {
    let file = admin.get(&admin.at("back-office/reports.csv")).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert!(file.headers["content-disposition"].to_str().unwrap().starts_with("attachment;"));
    lines(&file)
}

/// One column of all lines, added up.
fn sum(lines: &[HashMap<String, String>], column: &str) -> i64 {
    lines.iter().map(|line| line[column].parse::<i64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_payment_is_counted_once_where_it_ended() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let day = app.today();
    let settled = shop.start(json!({ "amount": "1077.70" })).await;
    let to_bank = psu.pay(&settled.link, ANA).await;
    let way_back = psu.approve(&to_bank, ANA).await;
    app.advance(Duration::from_secs(20));
    psu.come_back(&way_back).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    // Given up on the page, at the bank, and never opened; and a token without an order.
    let on_page = shop.start(json!({})).await;
    psu.give_up(&psu.open(&on_page.link).await).await;
    let at_bank = shop.start(json!({})).await;
    psu.give_up(&psu.pay(&at_bank.link, ANA).await).await;
    shop.start(json!({})).await;
    shop.tokens().await;
    app.partner("other-shop").start(json!({ "amount": "5.00" })).await;
    app.advance(MINUTE);
    app.tick().await;

    let before = download(&admin(&app).await).await;
    assert_eq!((sum(&before, "payments"), sum(&before, "open")), (5, 2), "{before:?}");
    assert_eq!((sum(&before, "settled"), sum(&before, "abandoned_unopened")), (1, 0));
    app.let_pass(40, MINUTE).await;
    // Half an hour later the session has ended.
    let admin = admin(&app).await;
    let after = download(&admin).await;
    for (column, expected) in [
        ("payments", 5),
        ("settled", 1),
        ("open", 0),
        ("abandoned_unopened", 2),
        ("abandoned_on_page", 1),
        ("abandoned_at_bank", 1),
        ("tokens_without_order", 1),
        ("rejected", 0),
    ] {
        assert_eq!(sum(&after, column), expected, "{column}: {after:?}");
    }
    let line = after.iter().find(|line| line["settled"] == "1").unwrap();
    assert_eq!(
        (
            line["settled_amount"].as_str(),
            line["currency"].as_str(),
            line["bank_code"].as_str()
        ),
        ("1077.70", "RON", "cec")
    );
    let median: i64 = line["settle_median_s"].parse().unwrap();
    assert!((20..60).contains(&median), "{median}");
    assert_eq!(line["day"], day.to_string());

    sums_are_what_they_are_sums_of(&app).await;
    let page = admin.get(&admin.at(REPORTS)).await;
    page.says("1.077,70 RON").says("Partener other-shop").says("20,0 %");
    assert!(page.has("svg[role=img] rect.good") && page.has("svg[role=img] rect.other"));
    assert!(!page.body.contains(" style="), "the page's own rules forbid styles inside it");
    let known = app.cx.db.read(|a| partners::by_client_id(a, "other-shop")).await.unwrap().unwrap();
    let filtered = admin.get(&admin.at(&format!("{REPORTS}?partner={}", known.id))).await;
    assert!(!filtered.body.contains("1.077,70 RON") && filtered.text().contains("pagina de plată nu a fost deschisă"));
    let at_bank = admin.get(&admin.at(&format!("{REPORTS}?bank=brd"))).await;
    at_bank.says("Nicio plată în aceste zile.");
}

/// The sums that are kept say what the figures say when they are added up: of some days, and where whole months are
/// among them.
async fn sums_are_what_they_are_sums_of(app: &TestApp) {
    let today = app.today();
    let month = today.with_day(1).unwrap();
    let last = month + chrono::Months::new(1) - chrono::Days::new(1);
    for (from, to) in [(today - chrono::Days::new(2), today), (month - chrono::Days::new(3), last)] {
        sums_between(app, from, to).await;
    }
}

async fn sums_between(app: &TestApp, from: NaiveDate, to: NaiveDate) {
    let wanted = Wanted {
        from,
        to,
        partner_id: None,
        bank_code: None,
    };
    let read = move |a: &mut Access<'_>| {
        Ok((
            reports::sums(a, &wanted)?,
            reports::of_days(a, &wanted)?,
            reports::of_partners(a, wanted.from, wanted.to)?,
        ))
    };
    let (sums, all, partner_days) = app.cx.db.read(read).await.unwrap();
    assert!(!all.is_empty());
    type Key = fn(&DayFigures) -> String;
    let parts: [(&[DayFigures], Key, bool); 4] = [
        (&sums.days, |one| one.day.to_string(), true),
        (&sums.partners, |one| one.partner_id.clone(), false),
        (&sums.banks, |one| one.bank_code.clone(), false),
        (&partner_days, |one| format!("{} {}", one.day, one.partner_id), true),
    ];
    for (part, key, has_days) in parts {
        let added = |all: &[DayFigures]| {
            let mut by_key = BTreeMap::<String, Figures>::new();
            all.iter().for_each(|one| by_key.entry(key(one)).or_default().add(&one.figures));
            by_key
        };
        assert_eq!(added(part), added(&all), "{from} {to}");
        assert!(!has_days || part.len() == added(&all).len(), "one row each: all is in one currency");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_days_that_changed_are_counted_again() {
    let app = TestApp::start().await;
    app.tick().await;
    app.shop().start(json!({})).await;
    app.advance(MINUTE);
    app.tick().await;
    let counted = app.cx.db.read(reports::counted_until).await.unwrap();
    assert!(counted.is_some());
    // What was counted stands until a payment of that day changes, and is put right then.
    let spoil = |app: &TestApp| {
        let line = "UPDATE report_days SET payments = 41, rejected = 40 WHERE partner_id <> '*' AND bank_code <> '*'";
        assert_eq!(diesel::sql_query(line).execute(&mut connect(&app.database.url())).unwrap(), 1);
    };
    app.let_pass(4, MINUTE).await;
    spoil(&app);
    app.let_pass(2, MINUTE).await;
    assert_eq!(sum(&download(&admin(&app).await).await, "payments"), 41);
    app.let_pass(30, MINUTE).await;
    let mended = download(&admin(&app).await).await;
    assert_eq!((sum(&mended, "payments"), sum(&mended, "abandoned_unopened")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_counts_at_a_time_and_one_that_hangs_writes_nothing_more() {
    let app = TestApp::start().await;
    app.tick().await;
    let now = app.cx.now() + MINUTE;
    let until = now + Duration::from_secs(300);
    let begin = |at| move |a: &mut Access<'_>| report_counts::begin(a, at, until);
    let first = app.cx.db.write(begin(now)).await.unwrap().unwrap();
    assert!(app.cx.db.write(begin(now)).await.unwrap().is_none(), "somebody else has it");
    let second = app.cx.db.write(begin(until)).await.unwrap().unwrap();
    let hold = app.cx.db.write(move |a| report_counts::hold(a, first, until)).await;
    assert!(matches!(hold, Err(StoreError::Conflict)));
    let end = app.cx.db.write(move |a| report_counts::end(a, first, now, now)).await;
    assert!(matches!(end, Err(StoreError::Conflict)));
    app.cx.db.write(move |a| report_counts::end(a, second, now, now)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_are_none_are_said_to_be() {
    let app = TestApp::start().await;
    app.shop().start(json!({})).await;
    app.advance(MINUTE);
    app.tick().await;
    let admin = admin(&app).await;
    for (query, words) in [
        ("from=ieri", "Prima zi nu este o dată"),
        ("to=2026-02-30", "Ultima zi nu este o dată"),
        ("from=2026-11-02&to=2026-11-01", "Ultima zi este înaintea primei."),
        ("from=2020-01-01&to=2026-01-01", "Alege cel mult 366 de zile."),
    ] {
        for path in [REPORTS, "back-office/reports.csv"] {
            let page = admin.get(&admin.at(&format!("{path}?{query}"))).await;
            assert_eq!(page.status, 422, "{path}?{query}");
            assert!(page.part("[role=alert]").contains(words), "{query}: {}", page.text());
        }
    }
    for strange in [
        "partner=%00",
        "bank=%00%ff",
        "partner=nobody&bank=nowhere",
        "partner=%27%20OR%201=1",
    ] {
        let page = admin.get(&admin.at(&format!("{REPORTS}?{strange}"))).await;
        assert_eq!(page.status, 200, "{strange}");
        page.says("Nicio plată în aceste zile.");
    }
}
