//! Bank statements against payments: what was settled is found, what is missing or surplus is said, a doubt leads to its
//! page, and no payment changes.

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Page;
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::payment::Status;
use smartpay::store::admins::Role;
use std::collections::HashMap;
use std::time::Duration;

const PAGE: &str = "back-office/reconciliation";
const MINUTE: Duration = Duration::from_secs(60);
const NAME: &str = "Plătitor Secret din Extras";

/// A payment that was settled; its number.
async fn settled(app: &TestApp, amount: &str) -> i64 {
    let psu = app.psu();
    let started = app.shop().start(json!({ "amount": amount })).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Settled);
    started.tokens.payment
}

/// A payment of 77.00 that is in doubt.
async fn in_doubt(app: &TestApp) -> i64 {
    let started = app.shop().start(json!({ "amount": "77.00" })).await;
    let psu = app.psu();
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.approve(&to_bank, ANA).await;
    app.let_pass(3, 15 * MINUTE).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::InDoubt);
    started.tokens.payment
}

/// An entry: amount, end-to-end identification, remittance information.
fn entry(app: &TestApp, amount: &str, end_to_end: &str, details: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"RON\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{}</Dt></BookgDt>\n\
         <NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>{NAME}</Nm></Pty></Dbtr></RltdPties>\n\
         <RmtInf><Ustrd>{details}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n",
        app.today()
    )
}

fn camt(entries: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt>\n\
         <Acct><Id><IBAN>RO66BACX0000001234567890</IBAN></Id></Acct>\n{}</Stmt></BkToCstmrStmt></Document>\n",
        entries.concat()
    )
}

async fn upload(admin: &Admin, name: &str, file: &str) -> Page {
    let form = admin
        .get(&admin.at(PAGE))
        .await
        .form("/reconciliation")
        .with("direction", "incoming");
    admin.submit_file(&form, "file", name, file.as_bytes()).await
}

/// The lines of the CSV by what was found, each by the heads of its columns.
async fn lines(admin: &Admin, page: &Page) -> HashMap<String, Vec<HashMap<String, String>>> {
    let file = admin.get(&page.url.join(&format!("{}/lines.csv", page.url.path())).unwrap()).await;
    assert_eq!(file.status, 200);
    let mut all: HashMap<String, Vec<HashMap<String, String>>> = HashMap::new();
    for line in csv::Reader::from_reader(file.body.trim_start_matches('\u{FEFF}').as_bytes()).deserialize() {
        let line: HashMap<String, String> = line.unwrap();
        all.entry(line["finding"].clone()).or_default().push(line);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_compared_and_no_payment_changes() {
    let app = TestApp::start().await;
    let doubt = in_doubt(&app).await;
    let (matched, differing) = (settled(&app, "10.00").await, settled(&app, "20.00").await);
    let (missing, probable) = (settled(&app, "30.00").await, settled(&app, "40.00").await);
    let file = camt(&[
        entry(&app, "10.00", &format!("SP{matched}"), "x"),
        entry(&app, "21.00", "NOTPROVIDED", &format!("plata {differing}")),
        entry(&app, "40.00", "NOTPROVIDED", "mulțumesc"),
        entry(&app, "77.00", &format!("SP{doubt}"), "x"),
        entry(&app, "5.00", "ALTCEVA-99", "=SUM(A1) altceva"),
    ]);
    let before = app.database.lines("SELECT CAST(SUM(version) AS TEXT) AS line FROM payments");
    let admin = Admin::of_role(&app, Role::Operations).await;
    let uploaded = upload(&admin, "extras noiembrie.xml", &file).await;
    let waiting = admin.follow(&uploaded).await;
    waiting.says("Se compară pe server").says("extras noiembrie.xml");
    app.tick().await;
    let page = admin.get(&waiting.url).await;
    page.says("gata")
        .says("înregistrate de bancă, în dubiu aici (1)")
        .says("Deschide plata ca să lămurești îndoiala");
    assert!(page.links("a").iter().any(|a| a.path().ends_with(&format!("/payments/{doubt}"))));
    let found = lines(&admin, &page).await;
    for (finding, payment, amount, here) in [
        ("matched", matched, "10.00", "10.00"),
        ("differing", differing, "21.00", "20.00"),
        ("probable", probable, "40.00", "40.00"),
        ("in_doubt", doubt, "77.00", "77.00"),
        ("missing", missing, "", "30.00"),
    ] {
        let [line] = found[finding].as_slice() else {
            panic!("{finding}: {found:?}")
        };
        assert_eq!(line["paymentId"], payment.to_string(), "{finding}");
        assert_eq!((line["amount"].as_str(), line["amount_here"].as_str()), (amount, here), "{finding}");
    }
    let [surplus] = found["surplus"].as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!((surplus["paymentId"].as_str(), surplus["endToEndId"].as_str()), ("", "ALTCEVA-99"));
    assert_eq!(surplus["remittance_information"], "'=SUM(A1) altceva", "no formula");
    let only = admin
        .get(&page.url.join(&format!("{}?finding=missing", page.url.path())).unwrap())
        .await;
    only.says(&missing.to_string());
    assert!(!only.text().contains("ALTCEVA-99"));
    // Nothing of a payment was touched, and nobody reads names off the disk.
    assert_eq!(
        app.database.lines("SELECT CAST(SUM(version) AS TEXT) AS line FROM payments"),
        before
    );
    assert_eq!(app.payment(doubt).await.status, Status::InDoubt);
    for (place, bytes) in app.database.stolen() {
        let found = bytes.windows(NAME.len()).any(|window| window == NAME.as_bytes());
        assert!(!found, "{place}");
    }
    assert!(
        app.database
            .lines("SELECT reconciliation_id AS line FROM reconciliation_parts")
            .is_empty(),
        "the file is gone"
    );

    let again = admin.follow(&upload(&admin, "iar.xml", &file).await).await;
    again.says("Același fișier a mai fost încărcat");
    app.tick().await;
    admin.get(&admin.at(PAGE)).await.says("extras noiembrie.xml").says("iar.xml");
    let audit = "SELECT action AS line FROM audit WHERE action IN ('statement_uploaded', 'reconciliation_exported')";
    assert_eq!(app.database.lines(audit).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_compared_once_its_columns_are_confirmed() {
    let app = TestApp::start().await;
    let number = settled(&app, "1234.50").await;
    let day = app.today().format("%d.%m.%Y").to_string();
    let file = format!(
        "Extras de cont;;;;\nData tranzacției;Detalii;Debit;Credit;Referința\n{day};Comision;2,00;;\n{day};ref {number};;1.234,50;\n"
    );
    let admin = Admin::of_role(&app, Role::Operations).await;
    let page = admin.follow(&upload(&admin, "extras.csv", &file).await).await;
    page.says("Ce înseamnă coloanele").says("1.234,50");
    app.tick().await;
    assert_eq!(admin.get(&page.url).await.heading(), page.heading(), "it waits for people");
    let form = page.form("/columns");
    assert_eq!(
        (form.value("day"), form.value("debit"), form.value("credit"), form.value("head")),
        ("0", "2", "3", "2")
    );
    let wrong = admin.submit(&form.clone().with("day_form", "year_month_day")).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("Linia 3 a fișierului, coloana 1: Aceasta nu este o zi."),
        "{}",
        wrong.text()
    );
    let compared = admin.follow(&admin.submit(&form).await).await;
    app.tick().await;
    let page = admin.get(&compared.url).await;
    page.says("regăsite (1)").says("Rânduri lăsate deoparte");
    let found = lines(&admin, &page).await;
    assert_eq!(
        (found.len(), found["matched"][0]["paymentId"].as_str()),
        (1, number.to_string().as_str())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_leaves_nothing_but_why() {
    let app = TestApp::start().await;
    let number = settled(&app, "10.00").await;
    let admin = Admin::of_role(&app, Role::Administrator).await;
    let good = entry(&app, "10.00", &format!("SP{number}"), "x");
    // Many good entries before the bad one: they were written by then.
    let mut entries = vec![good.clone(); 450];
    entries.push(good.replace(">10.00<", ">zece<"));
    let page = admin.follow(&upload(&admin, "rău.xml", &camt(&entries)).await).await;
    app.tick().await;
    let page = admin.get(&page.url).await;
    page.says("nu s-a păstrat nimic din el")
        .says("Document/BkToCstmrStmt/Stmt/Ntry/Amt")
        .says("Linia 1354 a fișierului");
    for table in ["reconciliation_lines", "reconciliation_parts"] {
        assert!(
            app.database
                .lines(&format!("SELECT reconciliation_id AS line FROM {table}"))
                .is_empty(),
            "{table}"
        );
    }
    for (name, file, words) in [
        ("gol.csv", "", "Alege un fișier."),
        ("extras.pdf", "%PDF-1.7 x", "nu este nici camt.053, nici CSV"),
        ("extras.xlsx", "PK\u{3}\u{4}\u{0}\u{0}", "nu este nici camt.053, nici CSV"),
    ] {
        let refused = upload(&admin, name, file).await;
        assert_eq!(refused.status, 422, "{name}");
        assert!(refused.part("[role=alert]").contains(words), "{name}: {}", refused.text());
    }
    let form = admin.get(&admin.at(PAGE)).await.form("/reconciliation");
    let forged = admin
        .submit_file(&form.with("csrf", "forged"), "file", "a.xml", camt(&[]).as_bytes())
        .await;
    assert_eq!(forged.status, 422);
    let entity = camt(&[]).replace("<Document", "<!DOCTYPE x [<!ENTITY a \"b\">]><Document");
    let page = admin.follow(&upload(&admin, "entitate.xml", &entity).await).await;
    app.tick().await;
    admin.get(&page.url).await.says("DOCTYPE");
    assert_eq!(app.payment(number).await.status, Status::Settled);
}
