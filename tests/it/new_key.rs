//! A change of the key with which columns are sealed, while payments go on.

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::consents::terms;
use crate::support::database::Database;
use crate::support::partner::{Started, with};
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::clock::Timestamp;
use smartpay::flow::reconcile::{self, Uploaded};
use smartpay::flow::{daily_report, export_job, payer_data};
use smartpay::payment::{Language, Status};
use smartpay::store::admin_security;
use smartpay::store::admins::Role;
use smartpay::store::payer_requests::{self, RequestKind};
use smartpay::store::reconciliations::Direction;
use smartpay::store::{StoreError, reseal};
use std::collections::BTreeSet;
use std::time::Duration;

/// What nobody fills in here.
const EMPTY: [&str; 9] = [
    "applications.content_sealed",
    "applications.note_sealed",
    "consents.page_sealed",
    "consents.psu_step_sealed",
    "onboarding_documents.remove_reason_sealed",
    "onboarding_files.end_reason_sealed",
    "payment_instructions.bank_text_sealed",
    "webhook_deliveries.answer_sealed",
    "webhook_deliveries.payload_sealed",
];
const MINUTE: Duration = Duration::from_secs(60);

fn all_columns(app: &TestApp) -> BTreeSet<String> {
    let query = match app.database {
        Database::Sqlite { .. } => {
            "SELECT m.name || '.' || c.name AS line FROM sqlite_master AS m, pragma_table_info(m.name) AS c \
             WHERE m.type = 'table' AND c.name LIKE '%_sealed'"
        }
        Database::Postgres { .. } => {
            "SELECT CAST(table_name || '.' || column_name AS TEXT) AS line FROM information_schema.columns \
             WHERE table_schema = 'public' AND column_name LIKE '%_sealed'"
        }
    };
    let mut columns: BTreeSet<String> = app.database.lines(query).into_iter().collect();
    // To LIKE, an underscore is any character.
    columns.retain(|column| column.ends_with("_sealed"));
    columns
}

/// The columns in which there is a value under this key.
fn sealed_with(app: &TestApp, key: u32) -> BTreeSet<String> {
    let columns = all_columns(app).into_iter();
    let there = columns.filter(|column| {
        let (table, name) = column.split_once('.').unwrap();
        let hex = match app.database {
            Database::Sqlite { .. } => format!("lower(hex(substr({name}, 1, 5)))"),
            Database::Postgres { .. } => format!("encode(substr({name}, 1, 5), 'hex')"),
        };
        let query = format!("SELECT {hex} AS line FROM {table} WHERE {name} IS NOT NULL");
        app.database.lines(&query).contains(&format!("01{key:08x}"))
    });
    there.collect()
}

fn rotate(app: &TestApp, step: &str) -> (bool, String) {
    let output = app.command(&["rotate-key", step], "");
    let text = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .concat();
    (output.status.success(), text)
}

fn good(app: &TestApp, step: &str) -> String {
    let (good, text) = rotate(app, step);
    assert!(good, "{step}: {text}");
    text
}

fn refused(app: &TestApp, step: &str) -> String {
    let (good, text) = rotate(app, step);
    assert!(!good, "{step}: {text}");
    text
}

async fn paid(app: &TestApp) -> Started {
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(json!({ "psuEmail": ANA.email, "psuIntermediarId": "client-7" })).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Settled);
    started
}

/// Something in nearly every sealed column; answers a payment that waits at the bank.
async fn busy() -> (TestApp, Started) {
    let app = TestApp::start().await;
    paid(&app).await;
    app.enter_bank_login("opstina.vrelo", "Vrelo-2026").await;
    app.onboard("shop").await;
    let admin = app.admin().await;
    admin.sign_in().await;
    let erp = app.add_finance_partner("stranger").await;
    erp.given_consent(&app, ANA, &terms()).await;
    erp.start_consent(&with(terms(), json!({ "psuIntermediarId": "client-9" }))).await;
    let giro = json!({ "creditorReferenceModel": "97", "creditorReference": "16-3220000-111111111-000", "currency": "RSD",
        "creditorName": "Dobavljač DOO", "creditorIban": "265-1100310000002-43", "amount": "1000.50", "details": "Račun 1/2026" });
    let dinars = app.dinar().start_with(&giro).await;
    let psu = app.psu();
    let form = psu.fill(&psu.get(&dinars.link).await, ANA);
    let form = form.with("bank", "epp").with("debtor_iban", "840-742221843-57");
    psu.follow(&psu.submit(&form).await).await.says("Alege cum aprobi plata");
    let user = app.database.lines("SELECT id AS line FROM admins").remove(0);
    Admin::of_role(&app, Role::Support).await;
    let find = "SELECT id AS line FROM admins WHERE user_name = 'support'";
    let (one, secret) = (app.database.lines(find).remove(0), "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
    let enrol = move |a: &mut smartpay::store::Access<'_>| {
        admin_security::set_totp(a, &one, secret, None)?;
        admin_security::set_pending_totp(a, &one, secret)
    };
    app.cx.db.write(enrol).await.unwrap();
    export_job::ask(&app.cx, &user, String::new(), Language::En).await.unwrap();
    payer_data::request(&app.cx, "ofiter", RequestKind::Export, ANA.email)
        .await
        .unwrap();
    keep_statements(&app, &user).await;
    app.tick().await;
    let waiting = app.shop().start(json!({ "psuEmail": ANA.email })).await;
    app.psu().pay(&waiting.link, ANA).await;
    (app, waiting)
}

/// A statement to be compared, a table that waits for its columns, and a reader of the daily report.
async fn keep_statements(app: &TestApp, user: &str) {
    let camt = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt><Ntry><Amt Ccy=\"RON\">1.00</Amt>\
         <CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{}</Dt></BookgDt></Ntry></Stmt></BkToCstmrStmt></Document>",
        app.today()
    );
    for file in [camt.as_str(), "Data;Suma\n01.11.2026;1,00\n"] {
        let uploaded = Uploaded {
            partner_id: String::new(),
            direction: Direction::Both,
            account: "RO66BACX0000001234567890".into(),
            file_name: "extras".into(),
            file: file.as_bytes().to_vec().into(),
        };
        reconcile::upload(&app.cx, user, uploaded).await.unwrap();
    }
    daily_report::choose(&app.cx, user, true, "cifre@smartpay.example").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sealed_column_is_known() {
    let app = TestApp::start().await;
    assert_eq!(all_columns(&app), reseal::columns().into_iter().collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn step_by_step_until_nothing_needs_the_old_key() {
    let (mut app, waiting) = busy().await;
    let before = sealed_with(&app, 1);
    let empty: BTreeSet<String> = all_columns(&app).difference(&before).cloned().collect();
    assert_eq!(empty, EMPTY.map(str::to_owned).into());
    assert!(good(&app, "status").contains("no change of key"));
    assert!(refused(&app, "switch").contains("prepare"));
    good(&app, "prepare");
    assert!(refused(&app, "finish").contains("switch"));
    app.restart().await;
    app.tick().await;
    assert_eq!(sealed_with(&app, 2), BTreeSet::new(), "it opens only");
    good(&app, "switch");
    assert!(refused(&app, "finish").contains("not yet"));
    app.restart().await;
    app.tick().await;
    assert_eq!(sealed_with(&app, 1), BTreeSet::new());
    assert_eq!(sealed_with(&app, 2), before);
    assert!(good(&app, "status").contains("done at"));
    good(&app, "finish");
    app.restart().await;
    assert_eq!(app.cx.db.vault().keys(), 1);
    let found = app.payment(waiting.tokens.payment).await;
    assert_eq!((found.status, found.psu_email.as_deref()), (Status::AwaitingPsu, Some(ANA.email)));
    let another = app.shop().start(json!({})).await;
    app.psu().open(&another.link).await.says("CEC Bank");
    assert_eq!(good(&app, "status").trim(), "one key, 2: no change of key is under way");
}

/// A file with a new key that seals, and the application started with it.
async fn switched() -> TestApp {
    let (mut app, _) = busy().await;
    good(&app, "prepare");
    good(&app, "switch");
    app.restart().await;
    app
}

fn until(app: &TestApp) -> Timestamp {
    app.cx.now() + chrono::Duration::seconds(60)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_half_way_is_followed_by_another_that_goes_on_there() {
    let app = switched().await;
    let (now, lease) = (app.cx.now(), until(&app));
    let mut pass = app.cx.db.write(move |a| reseal::begin(a, now, lease)).await.unwrap();
    for _ in 0..5 {
        let from = pass.clone();
        pass = app.cx.db.write(move |a| reseal::some(a, &from, 1, now, lease)).await.unwrap();
    }
    assert!(pass.values_resealed > 0 && pass.ended_at.is_none(), "{pass:?}");
    app.tick().await;
    assert_eq!(
        app.cx.db.read(reseal::state).await.unwrap(),
        pass,
        "as long as it may be at work nobody else is"
    );
    assert!(good(&app, "status").contains(&format!("{} of {} values", pass.rows_seen, pass.rows_all)));
    let admin = app.admin().await;
    admin.sign_in().await;
    admin
        .get(&admin.at("back-office/keys"))
        .await
        .says("Se sigilează din nou")
        .says(&format!("{} / {}", pass.rows_seen, pass.rows_all));
    app.advance(MINUTE + Duration::from_secs(1));
    app.tick().await;
    let ended = app.cx.db.read(reseal::state).await.unwrap();
    assert!(ended.ended_at.is_some() && ended.rows_seen >= ended.rows_all, "{ended:?}");
    assert_eq!(sealed_with(&app, 1), BTreeSet::new());
    admin.get(&admin.at("back-office/keys")).await.says("rotate-key finish");
    let late = app.cx.db.write(move |a| reseal::some(a, &pass, 1, now, lease)).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_wrote_with_the_old_key_meanwhile_keeps_that_key() {
    let (mut app, _) = busy().await;
    good(&app, "prepare");
    app.restart().await;
    // A second node, which will not be restarted after the switch.
    let late = app.cx.clone();
    good(&app, "switch");
    app.restart().await;
    app.tick().await;
    assert_eq!(sealed_with(&app, 1), BTreeSet::new());
    let now = late.now();
    let ask = move |a: &mut smartpay::store::Access<'_>| payer_requests::add(a, RequestKind::Export, "ana@payer.example", "ofiter", now);
    late.db.write(ask).await.unwrap();
    let text = refused(&app, "finish");
    assert!(text.contains("still sealed with older keys: 1"), "{text}");
    assert_eq!(sealed_with(&app, 1).len(), 1);
    app.tick().await;
    assert_eq!(sealed_with(&app, 1), BTreeSet::new());
    good(&app, "finish");
}
