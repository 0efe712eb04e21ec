//! The daily report: by mail, once a day, to users of the back office who want it; and what partners declared against
//! what they did.

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::database::connect;
use crate::support::psu::ANA;
use chrono::Timelike as _;
use diesel::RunQueryDsl as _;
use serde_json::json;
use smartpay::flow::daily_report::send_due;
use smartpay::mail::OutgoingMail;
use smartpay::payment::limits::{Action, Figure};
use smartpay::store::admins::Role;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const ACCOUNT: &str = "back-office/account";
const ADDRESS: &str = "cifre@smartpay.example";

/// Moves the clock to this hour, in Romania, of the next day.
fn to_next_day(app: &TestApp, hour: u32) {
    let local = app.cx.now().and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
    let minutes = (24 - local.hour() + hour) * 60 - local.minute();
    app.advance(MINUTE * minutes);
}

fn reports(app: &TestApp) -> Vec<OutgoingMail> {
    let all = app.mails.all();
    all.into_iter().filter(|mail| mail.to == ADDRESS).collect()
}

async fn wants_it(app: &TestApp, role: Role) {
    let admin = Admin::of_role(app, role).await;
    let form = admin.get(&admin.at(ACCOUNT)).await.form("/daily-report");
    let refused = admin
        .submit(&form.clone().with("wanted", "yes").with("address", "fără adresă"))
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.part(".wrong").contains("Scrie o adresă de e-mail"), "{}", refused.text());
    let saved = admin.submit(&form.with("wanted", "yes").with("address", ADDRESS)).await;
    admin.follow(&saved).await.says("vine la adresa ta de mâine");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_once_a_day_after_the_day_was_counted() {
    let app = TestApp::start().await;
    wants_it(&app, Role::ReadOnly).await;
    app.tick().await;
    let psu = app.psu();
    let started = app.shop().start(json!({ "amount": "1077.70" })).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    let day = app.today();
    to_next_day(&app, 6);
    app.let_pass(2, MINUTE).await;
    assert!(reports(&app).is_empty(), "not before its hour");
    app.let_pass(2, 30 * MINUTE).await;
    app.let_pass(3, MINUTE).await;
    let sent = reports(&app);
    let [mail] = sent.as_slice() else { panic!("{} mails", sent.len()) };
    assert!(mail.subject.ends_with(&day.format("%d.%m.%Y").to_string()), "{}", mail.subject);
    for words in [
        "Plăți create: 1",
        "Plătite: 1",
        "1.077,70 RON",
        "Partener shop: 1 plată",
        "Plăți în dubiu: 0",
    ] {
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
    }
    for words in [ANA.email, "RO66", &started.tokens.payment.to_string()] {
        assert!(
            !mail.text.contains(words) && !mail.html.contains(words),
            "{words}: no personal data"
        );
    }
    app.let_pass(5, MINUTE).await;
    assert_eq!(reports(&app).len(), 1, "once");
    // Two nodes on the day after.
    to_next_day(&app, 8);
    app.tick().await;
    app.tick().await;
    let days = "SELECT day AS line FROM daily_jobs WHERE name = 'daily_report'";
    assert_eq!(app.database.lines(days), [app.today().pred_opt().unwrap().to_string()]);
    let (one, other) = tokio::join!(send_due(&app.cx), send_due(&app.cx));
    assert_eq!((one.unwrap(), other.unwrap(), reports(&app).len()), (0, 0, 2));
    let ids: std::collections::BTreeSet<String> = reports(&app).into_iter().map(|mail| mail.message_id).collect();
    assert_eq!(ids.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_days_are_made_up_for_and_who_wants_it_no_longer_gets_none() {
    let app = TestApp::start().await;
    wants_it(&app, Role::Operations).await;
    to_next_day(&app, 8);
    app.let_pass(3, MINUTE).await;
    assert_eq!(reports(&app).len(), 1);
    for _ in 0..10 {
        to_next_day(&app, 8);
    }
    app.let_pass(3, MINUTE).await;
    assert_eq!(reports(&app).len(), 1 + 7, "the last seven days, once each");
    let admin = Admin::of_role(&app, Role::Operations).await;
    let form = admin.get(&admin.at(ACCOUNT)).await.form("/daily-report");
    assert_eq!(form.value("address"), ADDRESS);
    admin
        .follow(&admin.submit(&form.without("wanted")).await)
        .await
        .says("nu se mai trimite");
    to_next_day(&app, 8);
    app.let_pass(3, MINUTE).await;
    assert_eq!(reports(&app).len(), 8);
    for language in ["ro", "en"] {
        let preview = admin_again(&app).await;
        let page = preview
            .get(&preview.at(&format!("back-office/mail/preview?kind=daily_report&language={language}")))
            .await;
        assert_eq!(page.status, 200);
        page.says(if language == "ro" {
            "Plățile zilei"
        } else {
            "The day's payments"
        });
    }
}

async fn admin_again(app: &TestApp) -> Admin {
    Admin::of_role(app, Role::ReadOnly).await
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_figures_stand_beside_what_was_done() {
    let app = TestApp::start().await;
    let warn = Action::Warn;
    app.limit(
        "shop",
        &[
            (Figure::PaymentsPerDay, 1, warn),
            (Figure::MaximumAmount, 100_000, warn),
            (Figure::ClientPerDay, 2, warn),
        ],
    )
    .await;
    for _ in 0..2 {
        app.shop()
            .start(json!({ "amount": "300.00", "psuIntermediarId": "client-1" }))
            .await;
    }
    app.advance(MINUTE);
    app.tick().await;
    let admin = Admin::of_role(&app, Role::ReadOnly).await;
    let page = admin.get(&admin.at("back-office/reports/declared")).await;
    page.says("peste cifra declarată")
        .says("medie 2,0; cel mult 2")
        .says("sub jumătate din cifra declarată");
    let first = page.parts("h2");
    assert_eq!(
        first.first().map(String::as_str),
        Some("Partener shop"),
        "who is above comes first: {first:?}"
    );
    let id = app.partner_id("shop").await;
    let own = admin.get(&admin.at(&format!("back-office/partners/{id}"))).await;
    own.says("Declarat și real").says("300,00 RON");
    let file = admin.get(&admin.at("back-office/reports/declared.csv")).await;
    let of_shop = |figure: &str| format!("Partener shop,shop,RON,{figure},");
    for (figure, rest) in [
        ("payments_per_day", "1,warn,2.0,2,over,2.0,2,over"),
        ("maximum_amount", "1000.00,warn,,300.00,far_below,,300.00,far_below"),
        ("average_amount", ",,,300.00,,,300.00,"),
        ("client_per_day", "2,warn,,2,within,,2,within"),
        ("unfinished_per_day", ",,,2,,,2,"),
    ] {
        let line = format!("{}{rest}", of_shop(figure));
        assert!(file.body.lines().any(|known| known == line), "{line}: {}", file.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_cannot_be_read_is_said_and_the_others_are_counted() {
    let app = TestApp::start().await;
    let spoilt = app.shop().start(json!({})).await.tokens.payment;
    app.shop().start(json!({})).await;
    let admin = Admin::of_role(&app, Role::ReadOnly).await;
    let set = |status: &str| {
        let change = format!("UPDATE payments SET status = '{status}' WHERE id = {spoilt}");
        assert_eq!(diesel::sql_query(change).execute(&mut connect(&app.database.url())).unwrap(), 1);
    };
    set("???");
    app.advance(MINUTE);
    app.tick().await;
    let page = admin.get(&admin.at("back-office/reports")).await;
    for list in ["back-office", "back-office/payments"] {
        let list = admin.get(&admin.at(list)).await;
        list.says(&spoilt.to_string()).says("nu se poate citi").says("creată");
    }
    set("created");
    page.says("Plăți care nu se pot citi din baza de date și nu sunt numărate: 1");
    let file = admin.get(&admin.at("back-office/reports.csv")).await;
    let mut reader = csv::Reader::from_reader(file.body.as_bytes());
    let lines: Vec<std::collections::HashMap<String, String>> = reader.deserialize().map(|line| line.unwrap()).collect();
    let sum = |column: &str| lines.iter().map(|line| line[column].parse::<i64>().unwrap()).sum::<i64>();
    assert_eq!((sum("payments"), sum("unreadable")), (1, 1));
}
