//! The back office finds payments by anything it may be asked for, a page at a time, and takes out what it shows.

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Page;
use crate::support::database::connect;
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::demo::volume;
use smartpay::flow::export::Export;
use smartpay::store::admins::Role;
use smartpay::store::payment_search::{self, Filter, From, Line, Place};
use smartpay::store::search_keys::Person;
use smartpay::store::{Access, partners};
use std::time::Duration;

const LIST: &str = "back-office/payments";

/// The references a page lists, in its order.
fn listed(page: &Page) -> Vec<String> {
    page.links("tbody a")
        .iter()
        .map(|url| url.path().rsplit('/').next().unwrap().to_owned())
        .collect()
}

async fn list(admin: &Admin, query: &str) -> Page {
    admin.get(&admin.at(&format!("{LIST}?{query}"))).await
}

/// Fills in the search form; answers where it leads.
async fn search(admin: &Admin, fields: &[(&str, &str)]) -> Page {
    let mut form = list(admin, "").await.form("/payments/search");
    for (name, value) in fields {
        form = form.with(name, value);
    }
    let sent = admin.submit(&form).await;
    assert_eq!(sent.status, 303, "{fields:?}: {}", sent.text());
    let leads_to = sent.leads_to();
    for (_, typed) in fields.iter().filter(|(name, _)| *name == "typed_who") {
        assert!(!leads_to.as_str().contains(typed), "{leads_to} says whom it is about");
    }
    admin.follow(&sent).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_found_by_each_thing_that_is_known_of_it() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let order = json!({ "amount": "77.70", "externalPaymentId": "CMD-77" });
    let paid = shop.start(order).await;
    let to_bank = psu.pay(&paid.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    let other = app.partner("other-shop").start(json!({ "amount": "1234.56" })).await;
    let (one, two) = (paid.tokens.payment.to_string(), other.tokens.payment.to_string());
    let admin = Admin::of_role(&app, Role::Operations).await;
    assert_eq!(listed(&list(&admin, "").await), [two.clone(), one.clone()]);

    let end = &ANA.iban[ANA.iban.len() - 4..];
    let partner = app.payment(paid.tokens.payment).await.partner_id;
    let today = app.today().to_string();
    for fields in [
        [("id", one.as_str())].as_slice(),
        &[("id", "CMD-77")],
        &[("typed_who", &ANA.email.to_uppercase())],
        &[("typed_who", ANA.iban)],
        &[("typed_who", end), ("status", "settled")],
        &[("status", "settled")],
        &[("partner", &partner)],
        &[("bank", "cec")],
        &[("least", "77,70"), ("most", "77,70")],
        &[
            ("least", "50"),
            ("most", "100"),
            ("status", "settled"),
            ("bank", "cec"),
            ("partner", &partner),
        ],
        &[("most", "100"), ("from", &today), ("to", &today)],
    ] {
        assert_eq!(listed(&search(&admin, fields).await), std::slice::from_ref(&one), "{fields:?}");
    }
    for fields in [
        [("id", "CMD-7")].as_slice(),
        &[("typed_who", "platitor@exemplu.example")],
        &[("status", "rejected")],
        &[("least", "77,71"), ("most", "77,71")],
        &[("from", "2001-01-01"), ("to", "2001-12-31")],
        &[("typed_who", ANA.iban), ("status", "created")],
    ] {
        search(&admin, fields).await.says("Nicio plată nu se potrivește.");
    }
    let page = search(&admin, &[("typed_who", ANA.iban)]).await;
    page.says("o plată");
    assert!(!page.body.contains(ANA.iban), "the account stands on the page");
    for (field, value) in [("least", "1.234"), ("from", "ieri"), ("typed_who", "nimeni")] {
        let form = list(&admin, "").await.form("/payments/search").with(field, value);
        let sent = admin.submit(&form).await;
        let page = if sent.status == 303 { admin.follow(&sent).await } else { sent };
        assert!(page.has("[role=alert] a"), "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_who_changes_the_address_is_found_by_the_new_one() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(json!({ "amount": "10.00", "psuEmail": "vechi@exemplu.example" })).await;
    psu.pay(&started.link, ANA).await;
    let found = async |email: &str| {
        let filter = Filter {
            person: Some(Person::Email(email.into())),
            ..Filter::default()
        };
        app.cx
            .db
            .read(move |a| payment_search::find(a, &filter, From::Top, 10))
            .await
            .unwrap()
            .len()
    };
    let mail = app.payment(started.tokens.payment).await.psu_email.unwrap();
    assert_eq!(found(&mail).await, 1);
    if mail != "vechi@exemplu.example" {
        assert_eq!(found("vechi@exemplu.example").await, 0, "found by what it is no longer");
    }
    // Rows from before there was a search are filled by the worker.
    let forget = "DELETE FROM payment_search_keys; UPDATE payments SET search_stamp = NULL";
    diesel::connection::SimpleConnection::batch_execute(&mut connect(&app.database.url()), forget).unwrap();
    assert_eq!(found(&mail).await, 0);
    app.tick().await;
    assert_eq!(found(&mail).await, 1);
    let left = "SELECT CAST(COUNT(*) AS TEXT) AS line FROM payments WHERE search_stamp IS NULL";
    assert_eq!(app.database.lines(left), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another_and_do_not_move_when_payments_come_in() {
    let app = TestApp::start_with("[gateway]\nrequests_per_minute = 1000000\nrequests_burst = 100000\n").await;
    let shop = app.shop();
    for n in 0..120 {
        shop.start(json!({ "amount": format!("{}.00", 1 + n % 7) })).await;
        app.advance(Duration::from_millis(if n % 3 == 0 { 0 } else { 50 }));
    }
    let admin = Admin::of_role(&app, Role::Operations).await;
    let first = list(&admin, "").await;
    first.says("120 de plăți");
    let next = |page: &Page, rel: &str| page.links(&format!("nav a[rel={rel}]")).first().cloned();
    let second = admin.get(&next(&first, "next").unwrap()).await;
    for _ in 0..5 {
        shop.start(json!({ "amount": "99.00" })).await;
    }
    let again = admin.get(&next(&first, "next").unwrap()).await;
    assert_eq!(listed(&second), listed(&again), "new payments moved the page");
    let third = admin.get(&next(&second, "next").unwrap()).await;
    assert_eq!(next(&third, "next"), None);
    let all: Vec<String> = [&first, &second, &third].into_iter().flat_map(listed).collect();
    let wanted: Vec<String> = app
        .database
        .lines("SELECT CAST(id AS TEXT) AS line FROM payments ORDER BY created_at DESC, id DESC")
        .split_off(5);
    assert_eq!((all.len(), &all), (120, &wanted));
    let back = admin.get(&next(&third, "prev").unwrap()).await;
    assert_eq!(listed(&back), listed(&second));
    let front = admin.get(&next(&back, "prev").unwrap()).await;
    assert_eq!(listed(&front), listed(&first));
    let newest = admin.get(&next(&front, "prev").unwrap()).await;
    assert_eq!((listed(&newest).len(), next(&newest, "prev")), (5, None));
    // A range of amounts over several pages, by the same places.
    let range = list(&admin, "least=2&most=6").await;
    let rest = admin.get(&next(&range, "next").unwrap()).await;
    assert_eq!(listed(&range).len() + listed(&rest).len(), 120 * 5 / 7);
    // A place that never was is no error.
    assert_eq!(list(&admin, "after=x.y&before=1.2").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_kept_for_its_user_alone() {
    let app = TestApp::start().await;
    app.shop()
        .start(json!({ "amount": "12.00", "psuEmail": "ana@exemplu.example" }))
        .await;
    let admin = Admin::of_role(&app, Role::Support).await;
    let page = search(&admin, &[("typed_who", "ana@exemplu.example"), ("status", "created")]).await;
    assert_eq!(listed(&page).len(), 1);
    let keep = page.form("/payments/saved").with("name", "Ana, deschise");
    assert_eq!(admin.submit(&keep).await.status, 303);
    assert_eq!(admin.submit(&keep).await.status, 422, "the name is taken");
    assert_eq!(admin.submit(&keep.clone().with("name", " ")).await.status, 422);
    assert_eq!(
        admin.submit(&keep.clone().with("name", "Alta").with("csrf", "forged")).await.status,
        422
    );
    let stored = app.database.lines("SELECT query AS line FROM saved_filters");
    assert!(stored.len() == 1 && !stored[0].contains("exemplu"), "{stored:?}");
    let kept = list(&admin, "").await;
    kept.says("Ana, deschise");
    let other = Admin::of_role(&app, Role::Operations).await;
    assert!(!list(&other, "").await.body.contains("Ana, deschise"));
    let theirs = kept.form("/remove");
    other.submit(&theirs).await;
    list(&admin, "").await.says("Ana, deschise");
    let link = kept.links("ul.plain a").remove(0);
    assert_eq!(listed(&admin.get(&link).await).len(), 1);
    admin.submit(&kept.form("/remove")).await;
    assert!(!list(&admin, "").await.body.contains("Ana, deschise"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_out_is_what_the_list_shows_and_no_cell_is_a_formula() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let bad = json!({ "amount": "5.00", "creditorName": "=HYPERLINK(A1)", "externalPaymentId": "@SUM(1+1)" });
    let bad = shop.start(bad).await.tokens.payment.to_string();
    let good = shop.start(json!({ "amount": "7.00" })).await.tokens.payment.to_string();
    shop.start(json!({ "amount": "900.00" })).await;
    let admin = Admin::of_role(&app, Role::Compliance).await;
    let page = list(&admin, "most=10").await;
    assert_eq!(listed(&page), [good.clone(), bad.clone()]);
    let csv = admin.get(&page.links("a[download]").remove(0)).await;
    // Reading it as text takes the mark of UTF-8 away.
    let text = csv.body.trim_start_matches('\u{feff}');
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[1].starts_with(&good) && lines[2].starts_with(&bad));
    assert!(lines[2].contains(",'@SUM(1+1),'=HYPERLINK(A1),5.00,RON,"), "{text}");
    // As XLSX: a job one can leave, and a file only for who asked.
    let asked = admin.submit(&page.form("/exports")).await;
    admin.follow(&asked).await.says("așteaptă");
    app.tick().await;
    let exports = admin.get(&admin.at("back-office/exports")).await;
    exports.says("gata");
    let file = exports.links("a[download]").remove(0);
    let xlsx = admin.get(&file).await;
    assert!(xlsx.status == 200 && xlsx.body.starts_with("PK"), "{}", xlsx.status);
    let other = Admin::of_role(&app, Role::Operations).await;
    assert_eq!(other.get(&file).await.status, 404);
    let written = app
        .database
        .lines("SELECT detail AS line FROM audit WHERE action = 'payments_exported' ORDER BY seq");
    assert_eq!(written, ["csv", "xlsx"]);
    app.advance(Duration::from_secs(24 * 3600 + 1));
    app.tick().await;
    assert_eq!(app.database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM export_parts"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_names_sees_none_in_the_list_either() {
    let app = TestApp::start().await;
    app.shop()
        .start(json!({ "amount": "5.00", "creditorName": "Canarul Galben" }))
        .await;
    for (role, seen) in [(Role::Operations, true), (Role::Support, false), (Role::ReadOnly, false)] {
        let admin = Admin::of_role(&app, role).await;
        let page = list(&admin, "").await;
        assert_eq!(page.body.contains("Canarul Galben"), seen, "{role:?}");
        assert_eq!(page.has("a[download]"), seen, "{role:?}: taking out what one may not see");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_reads_everything_once_in_the_order_of_the_list() {
    let app = TestApp::start().await;
    let many = 1234;
    volume::seed(&app.cx, many, |_| {}).await.unwrap();
    let mut export = Export::new(app.cx.clone(), Filter::default());
    let mut ids = Vec::new();
    while let Some(rows) = export.next().await.unwrap() {
        assert!(rows.len() <= 500);
        ids.extend(rows.into_iter().map(|cells| cells[0].clone()));
    }
    assert_eq!(ids.len(), many);
    let wanted = app
        .database
        .lines("SELECT CAST(id AS TEXT) AS line FROM payments ORDER BY created_at DESC, id DESC");
    assert_eq!(ids, wanted);
    // Each condition finds what SQL finds, whichever way it is looked for.
    let all = |filter: Filter| app.cx.db.read(move |a| payment_search::find(a, &filter, From::Top, 5000));
    for (filter, sql) in [
        (
            Filter {
                from_minor: Some(10_000),
                to_minor: Some(50_000),
                ..Filter::default()
            },
            "amount_minor BETWEEN 10000 AND 50000",
        ),
        (
            Filter {
                status: smartpay::payment::Status::parse("settled"),
                bank_code: Some("cec".into()),
                from_minor: Some(100_000),
                ..Filter::default()
            },
            "status = 'settled' AND bank_code = 'cec' AND amount_minor >= 100000",
        ),
    ] {
        let found: Vec<Place> = all(filter).await.unwrap();
        let found: Vec<String> = found.iter().map(|p| p.id.to_string()).collect();
        let sql = format!("SELECT CAST(id AS TEXT) AS line FROM payments WHERE {sql} ORDER BY created_at DESC, id DESC");
        assert!(found.len() > 3, "{sql}");
        assert_eq!(found, app.database.lines(&sql), "{sql}");
    }
    forget(&app);
}

/// No bank knows of payments that never were.
fn forget(app: &TestApp) {
    let tables = ["payment_search_keys", "payment_events", "payment_instructions", "payments"];
    let forget = tables.map(|table| format!("DELETE FROM {table};")).concat();
    diesel::connection::SimpleConnection::batch_execute(&mut connect(&app.database.url()), &forget).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_searched_paged_and_taken_out() {
    let app = TestApp::start().await;
    let admin = Admin::of_role(&app, Role::Compliance).await;
    let now = app.cx.now();
    let add = move |a: &mut Access<'_>| {
        (0..120).try_for_each(|n| {
            let subject = format!("payment:{n}");
            smartpay::store::audit::add(a, now, "story", "tried", Some(&subject), Some("=1+1"))
        })
    };
    app.cx.db.write(add).await.unwrap();
    let log = async |query: &str| admin.get(&admin.at(&format!("back-office/audit?{query}"))).await;
    let all = log("").await;
    all.says("Jurnal de audit").says("payment:119");
    let rows = |page: &Page| page.body.matches("<th scope=\"row\">").count();
    let mut tried = log("action=tried").await;
    let mut seen = rows(&tried);
    while let Some(next) = tried.links("nav a[rel=next]").first().cloned() {
        tried = admin.get(&next).await;
        seen += rows(&tried);
    }
    assert_eq!(seen, 120);
    assert_eq!(rows(&log("subject=payment:7&actor=story").await), 1);
    assert!(rows(&log("actor=compliance").await) >= 1, "a user is found by name");
    log("from=2001-01-01&to=2001-12-31")
        .await
        .says("Nicio înregistrare nu se potrivește.");
    assert!(log("from=ieri").await.has("[role=alert]"));
    let csv = admin.get(&admin.at("back-office/audit.csv?action=tried")).await;
    assert_eq!(csv.body.lines().count(), 121);
    assert!(csv.body.lines().skip(1).all(|line| line.ends_with(",'=1+1")), "{}", csv.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_sent_again_as_the_same_mail() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let paid = shop.start(json!({ "amount": "77.70" })).await;
    let to_bank = psu.pay(&paid.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    let first = app.mails.all();
    let sent = first.len();
    assert!(sent > 0);
    let admin = Admin::of_role(&app, Role::Support).await;
    let address = admin.at(&format!("{LIST}/{}", paid.tokens.payment));
    let form = admin.get(&address).await.form("/resend");
    assert_eq!(admin.submit(&form.clone().with("csrf", "forged")).await.status, 403);
    assert_eq!(admin.submit(&form.clone().with("mail", "nobody@nowhere")).await.status, 404);
    admin.follow(&admin.submit(&form).await).await.says("așteaptă să fie trimis");
    // A second click while it waits sends no third copy.
    admin.follow(&admin.submit(&form).await).await.says("în cel mult două minute");
    app.tick().await;
    // Who did not see that it was sent does not send it again.
    let blind = form.clone().without("sent");
    admin.follow(&admin.submit(&blind).await).await.says("a fost deja trimis");
    app.tick().await;
    let mails = app.mails.all();
    assert_eq!(mails.len(), sent + 1);
    assert_eq!(mails.last().unwrap().message_id, first.last().unwrap().message_id);
    let written = app
        .database
        .lines("SELECT detail AS line FROM audit WHERE action = 'mail_sent_again'");
    assert_eq!(written, ["settled"]);
    let reader = Admin::of_role(&app, Role::ReadOnly).await;
    assert!(!reader.get(&address).await.has("form[action$='/resend']"));
}

/// One of each kind of condition, or none of it.
fn filters(sample: &Line, partner_id: &str) -> Vec<Filter> {
    let mut all = vec![Filter::default()];
    let minor = sample.amount.unwrap().minor;
    let kinds: [&dyn Fn(&mut Filter); 5] = [
        &|f| f.partner_id = Some(partner_id.to_owned()),
        &|f| f.bank_code.clone_from(&sample.bank_code),
        &|f| f.status = sample.status,
        &|f| f.created_before = Some(sample.created_at + Duration::from_secs(1)),
        &|f| (f.from_minor, f.to_minor) = (Some(minor / 2), Some(minor)),
    ];
    for kind in kinds {
        let with = all.iter().cloned().map(|mut filter| {
            kind(&mut filter);
            filter
        });
        all.extend(with.collect::<Vec<_>>());
    }
    let exact = all.iter().filter(|f| f.to_minor.is_some()).cloned().map(|mut filter| {
        filter.from_minor = filter.to_minor;
        filter
    });
    all.extend(exact.collect::<Vec<_>>());
    all
}

fn fulfils(filter: &Filter, line: &Line, partner: &str) -> bool {
    let minor = line.amount.map(|amount| amount.minor);
    filter.partner_id.as_ref().is_none_or(|_| line.partner == partner)
        && filter.bank_code.as_ref().is_none_or(|bank| line.bank_code.as_ref() == Some(bank))
        && filter.status.is_none_or(|status| line.status == Some(status))
        && filter.created_before.is_none_or(|before| line.created_at < before)
        && filter.from_minor.is_none_or(|from| minor.is_some_and(|minor| minor >= from))
        && filter.to_minor.is_none_or(|to| minor.is_some_and(|minor| minor <= to))
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_way_a_search_goes_it_finds_the_same_payments() {
    let app = TestApp::start().await;
    volume::seed(&app.cx, 400, |_| ()).await.unwrap();
    let read = |a: &mut Access<'_>| {
        let places = payment_search::find(a, &Filter::default(), From::Top, 1000)?;
        payment_search::lines(a, &places)
    };
    let lines = app.cx.db.read(read).await.unwrap();
    assert_eq!(lines.len(), 400);
    let known = app.cx.db.read(partners::list).await.unwrap();
    let mut found_any = 0;
    for sample in lines
        .iter()
        .filter(|line| line.amount.is_some() && line.bank_code.is_some())
        .step_by(29)
    {
        let partner_id = &known.iter().find(|p| p.name == sample.partner).unwrap().id;
        for filter in filters(sample, partner_id) {
            let expected: Vec<_> = lines
                .iter()
                .filter(|line| fulfils(&filter, line, &sample.partner))
                .map(|line| line.id)
                .collect();
            found_any += usize::from(expected.len() > 1);
            for most in [0, 12, 2000] {
                let asked = filter.clone();
                let find = move |a: &mut Access<'_>| payment_search::find_where_few_are(a, &asked, From::Top, 1000, most);
                let found: Vec<_> = app.cx.db.read(find).await.unwrap().into_iter().map(|place| place.id).collect();
                assert_eq!(found, expected, "{filter:?}, few up to {most}");
            }
        }
    }
    assert!(found_any > 100, "{found_any}");
    forget(&app);
}
