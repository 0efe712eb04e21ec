//! The pages about banks: how a bank stands by the calls that were made to it, and a bank that is switched off, which
//! takes no new payment and finishes the old ones.

use crate::support::TestApp;
use crate::support::admin::{Admin, PASSWORD};
use crate::support::browser::Page;
use crate::support::consents::terms;
use crate::support::psu::ANA;
use chrono_tz::Europe::Bucharest;
use serde_json::json;
use smartpay::flow::Context;
use smartpay::flow::count_bank_calls::count_bank_calls;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, Operation};
use smartpay::store::Db;
use smartpay::store::admins::Role;
use std::time::Duration;
use uuid::Uuid;

const BANKS: &str = "/back-office/banks";
const CEC: &str = "/back-office/banks/cec";
const MESSAGE: &str = "CEC Bank lucrează la sistemele ei până diseară.";
const MESSAGE_EN: &str = "CEC Bank works on its systems until tonight.";
/// What is known of banks is no older than this.
const CACHE: Duration = Duration::from_secs(5);

/// The bank's page for somebody who has just proved to be there.
async fn proved(admin: &Admin) -> Page {
    let page = admin.get(&admin.at(CEC)).await;
    if !page.has("a[href*='/back-office/confirm']") {
        return page;
    }
    let confirm = admin.get(&page.link("a.button[href*='/back-office/confirm']")).await;
    let form = confirm.form("/back-office/confirm").with("password", PASSWORD);
    let page = admin.follow(&admin.submit(&form).await).await;
    assert_eq!(page.url.path(), CEC);
    page
}

fn row_of(page: &Page, bank: &str) -> String {
    let rows = page.parts("tbody tr");
    rows.into_iter().find(|row| row.contains(bank)).unwrap()
}

/// Whether partners are told that the bank takes payments.
async fn is_active(app: &TestApp) -> bool {
    let banks = app.shop().banks().await.good();
    let all = banks.json["payload"].as_array().unwrap().clone();
    all.iter().find(|bank| bank["code"] == "cec").unwrap()["active"].as_bool().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_fails_is_shown_with_its_errors_and_the_ids_to_quote() {
    let app = TestApp::start().await;
    let looker = Admin::of_role(&app, Role::ReadOnly).await;
    looker
        .get(&looker.at(BANKS))
        .await
        .says("Încă nu a fost apelată nicio bancă")
        .says("smartpay bank list");
    for _ in 0..4 {
        app.bank.fail_next(Operation::Status, Fault::Status(503));
    }
    app.bank.fail_next(Operation::Status, Fault::Malformed);
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(json!({ "psuEmail": ANA.email })).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    for _ in 0..40 {
        if app.bank.has_faults() {
            app.let_pass(1, Duration::from_secs(2)).await;
        }
    }
    assert!(!app.bank.has_faults() && app.payment(started.tokens.payment).await.status == Status::Processing);

    let list = looker.get(&looker.at(BANKS)).await;
    let row = row_of(&list, "CEC Bank");
    assert!(
        row.contains("nu răspunde") && row.contains("Răspuns neinteligibil, HTTP 200"),
        "{row}"
    );
    assert!(
        list.part("details").contains("Banca Transilvania"),
        "those without settings stand apart"
    );
    let page = looker.get(&looker.at(CEC)).await;
    page.says("Eroarea băncii (5xx)").says("Berlin Group").says("CECEROBU");
    assert!(!page.body.contains(ANA.email) && !page.body.contains(ANA.iban));
    let errors = page.parts("[aria-labelledby=errors] tbody tr");
    assert_eq!(errors.len(), 5, "{errors:?}");
    assert!(page.has(&format!(
        "[aria-labelledby=errors] a[href='/back-office/payments/{}']",
        started.tokens.payment
    )));
    for id in page.parts("[aria-labelledby=errors] code.code") {
        assert!(!Uuid::parse_str(id.trim()).unwrap().is_nil());
    }
    every_call_is_counted_in_both_widths(&app);

    // Another payer is warned, and may choose it all the same.
    let other = shop.start(json!({})).await;
    app.advance(CACHE);
    let warned = app.psu().open(&other.link).await;
    warned.says("nu răspunde momentan");
    assert!(warned.has("input[name=bank][value=cec]:not([disabled])"));

    app.let_pass(10, Duration::from_secs(60)).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Settled);
    let looker = Admin::of_role(&app, Role::ReadOnly).await;
    let row = row_of(&looker.get(&looker.at(BANKS)).await, "CEC Bank");
    assert!(row.contains("are probleme") && !row.contains("nu răspunde"), "{row}");
    let payment = looker
        .get(&looker.at(&format!("/back-office/payments/{}", started.tokens.payment)))
        .await;
    let history = app.history(started.tokens.payment).await;
    let settled = history.last().unwrap().request_id.clone().unwrap();
    payment.says("X-Request-ID").says(&settled);
    let of_bank = history.iter().filter(|entry| entry.actor == "bank");
    assert!(of_bank.clone().count() >= 2 && of_bank.clone().all(|entry| entry.request_id.is_some()));
    assert!(
        history
            .iter()
            .filter(|entry| entry.actor != "bank")
            .all(|entry| entry.request_id.is_none())
    );
}

/// Four errors of the bank and one answer nobody understands.
fn every_call_is_counted_in_both_widths(app: &TestApp) {
    for width in [300, 3600] {
        let sum = format!(
            "SELECT CAST(SUM(server_error) AS VARCHAR(20)) || ' ' || CAST(SUM(malformed) AS VARCHAR(20)) || ' ' || \
             CAST(SUM(unreachable + timed_out) AS VARCHAR(20)) AS line FROM bank_calls WHERE width_s = {width}"
        );
        assert_eq!(app.database.lines(&sum), ["4 1 0"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_is_switched_off_takes_nothing_new_and_finishes_what_it_has() {
    let app = TestApp::start().await;
    let (shop, psu, late) = (app.shop(), app.psu(), app.psu());
    let running = shop.start(json!({ "psuEmail": ANA.email })).await;
    let to_bank = psu.pay(&running.link, ANA).await;
    let waiting = shop.start(json!({})).await;
    let old_form = late.fill(&late.open(&waiting.link).await, ANA);
    let orders = app.bank.orders().len();
    let operator = Admin::of_role(&app, Role::Operations).await;
    let page = proved(&operator).await;
    let off = page
        .form("/off")
        .with("message_ro", MESSAGE)
        .with("message_en", MESSAGE_EN)
        .with("reason", "Anunțul băncii numărul 12");
    assert_eq!(operator.submit(&off.clone().with("csrf", "forged")).await.status, 403);
    for (field, value, said) in [
        ("message_ro", "scurt", "în română, între 10"),
        ("message_en", &*"x".repeat(201), "în engleză, între 10"),
        ("reason", "", "Spune de ce"),
        ("until", "2020-01-01T10:00", "Sfârșitul trebuie"),
        ("from", "mâine", "Începutul nu poate"),
    ] {
        let again = operator.submit(&off.clone().with(field, value)).await;
        assert_eq!(again.status, 422, "{field}");
        assert!(again.part("[role=alert]").contains(said), "{field}");
        assert_eq!(again.form("/off").value(field), value, "what was typed stays");
    }
    assert!(is_active(&app).await);
    operator
        .follow(&operator.submit(&off).await)
        .await
        .says("Oprirea a fost înregistrată")
        .says("acum oprită")
        .says(MESSAGE);

    // The form of a page that was open before, and one that is made up.
    let refused = late.submit(&old_form).await;
    assert_eq!(refused.status, 422);
    assert!(refused.part("[role=alert]").contains(MESSAGE), "{}", refused.text());
    assert!(refused.has("input[name=bank][value=cec][disabled]"));
    assert_eq!(app.bank.orders().len(), orders, "nothing was sent");
    assert_eq!(app.payment(waiting.tokens.payment).await.attempts, 0);
    let english = late.get(&format!("{}&lang=en", waiting.link).parse().unwrap()).await;
    english.says(MESSAGE_EN);
    assert!(!is_active(&app).await, "partners are told");
    let (_, consent) = app.erp().start_consent(&terms()).await;
    let asked = late.get(&consent).await;
    asked.says(MESSAGE);
    let given = late.submit(&asked.form("/account-consent").with("bank", "cec")).await;
    assert_eq!(given.status, 422, "nor are consents asked for");
    let list = operator.get(&operator.at(BANKS)).await;
    assert!(row_of(&list, "CEC Bank").contains("oprită"));

    // What is at the bank already goes on.
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(app.payment(running.tokens.payment).await.status, Status::Settled);

    let page = proved(&operator).await;
    let on = page.form("/on");
    assert_eq!(operator.submit(&on.clone().with("csrf", "forged")).await.status, 403);
    operator
        .follow(&operator.submit(&on).await)
        .await
        .says("Oprirea s-a încheiat")
        .says("încheiată de un administrator");
    assert_eq!(operator.submit(&on).await.status, 404, "it has ended");
    assert!(is_active(&app).await);
    late.pay(&waiting.link, ANA).await;
    let audit = app
        .database
        .lines("SELECT action || ' ' || subject AS line FROM audit WHERE action LIKE 'bank_switched_%' ORDER BY seq");
    assert_eq!(audit, ["bank_switched_off bank:cec", "bank_switched_on bank:cec"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_time_begins_and_ends_by_itself_on_every_node() {
    let app = TestApp::start().await;
    let operator = Admin::of_role(&app, Role::Administrator).await;
    let local = |hours: i64| {
        let at = app.cx.now() + chrono::Duration::hours(hours);
        at.and_utc().with_timezone(&Bucharest).format("%Y-%m-%dT%H:%M").to_string()
    };
    let form = proved(&operator).await.form("/off");
    let planned = form
        .with("from", &local(2))
        .with("until", &local(4))
        .with("message_ro", MESSAGE)
        .with("message_en", MESSAGE_EN)
        .with("reason", "Mentenanță anunțată");
    let other = Context {
        db: Db::open(&app.database.location(), 2, app.cx.db.vault().clone()).unwrap(),
        bank_states: smartpay::flow::bank_states::BankStates::default(),
        ..app.cx.clone()
    };
    other.look_at_banks().await.unwrap();
    let page = operator.follow(&operator.submit(&planned).await).await;
    page.says("planificată").says("Renunță la oprire");
    let list = operator.get(&operator.at(BANKS)).await;
    assert!(row_of(&list, "CEC Bank").contains("oprire planificată"));
    let mut seen = Vec::new();
    for _ in 0..5 {
        other.look_at_banks().await.unwrap();
        let off = other.closure_of("cec").is_some();
        assert_eq!(is_active(&app).await, !off, "both nodes say the same");
        seen.push(off);
        app.advance(Duration::from_secs(3600) + CACHE);
    }
    assert_eq!(seen, [false, false, true, true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_who_prove_to_be_there_switch_a_bank() {
    let app = TestApp::start().await;
    let reader = Admin::of_role(&app, Role::Support).await;
    assert!(!reader.get(&reader.at(CEC)).await.has("form[action$='/off'], a.button"));
    assert_eq!(reader.get(&reader.at("/back-office/banks/nobody")).await.status, 404);
    let operator = Admin::of_role(&app, Role::Operations).await;
    let form = proved(&operator).await.form("/off");
    let form = form
        .with("message_ro", MESSAGE)
        .with("message_en", MESSAGE_EN)
        .with("reason", "Anunțul băncii numărul 12");
    for _ in 0..2 {
        app.advance(Duration::from_secs(160));
        operator.get(&operator.at(CEC)).await;
    }
    let stale = operator.get(&operator.at(CEC)).await;
    stale.says("Întâi confirmă că ești tu");
    assert!(!stale.has("form[action$='/off']"));
    assert_eq!(operator.submit(&form).await.leads_to().path(), "/back-office/confirm");
    assert!(is_active(&app).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_add_up_and_what_cannot_be_written_is_written_later() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(json!({})).await;
    psu.pay(&started.link, ANA).await;
    let notes = app.cx.calls.take();
    assert!(!notes.is_empty() && notes.iter().all(|note| note.bank == "cec" && note.duration_us > 0));
    for _ in 0..3 {
        app.cx.calls.put_back(notes.clone());
        assert_eq!(count_bank_calls(&app.cx).await.unwrap(), notes.len());
    }
    assert_eq!(count_bank_calls(&app.cx).await.unwrap(), 0);
    let sum = "SELECT CAST(SUM(done) AS VARCHAR(20)) AS line FROM bank_calls WHERE width_s = 3600 AND kind = 'order'";
    assert_eq!(app.database.lines(sum), ["3"]);
}
