//! Enrolling at CEC's portal: two steps with a mail in between, and a client that is good at once.

use crate::support::at_banks::{AtBanks, order, psu, return_url};
use crate::support::browser::Browser;
use crate::support::database::Database;
use smartpay::bank::access::{AccessKeeper as _, Holder};
use smartpay::bank::berlin_group::enrolment::{AppRequest, Applicant, Portal};
use smartpay::bank::http::{BankHttp, BankHttpSettings};
use smartpay::bank::{BankError, PaymentInitiation as _};
use smartpay::crypto::Vault;
use smartpay::demo::certificates::write_private;
use smartpay::flow::bank_access::DatabaseKeeper;
use smartpay::flow::enrol_bank::{EnrolError, create_app};
use smartpay::sandbox::{BankCode, Fault, Operation};
use smartpay::store::{self, Db};
use std::path::Path;

fn applicant(password: &str) -> Applicant {
    Applicant {
        username: "operator".to_owned(),
        password: password.to_owned().into(),
        first_name: "Ana".to_owned(),
        last_name: "Pop".to_owned(),
        organization: "Plăți Exemplu SRL".to_owned(),
    }
}

fn app(name: &str) -> AppRequest {
    AppRequest {
        name: name.to_owned(),
        title: "SmartPay".to_owned(),
        redirect_uri: return_url("cec"),
    }
}

fn portal(at: &AtBanks, path: &str) -> Portal {
    let http = BankHttp::new(&BankHttpSettings::default()).unwrap();
    Portal::new(&http, "cec", &at.base.join(path).unwrap()).unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, BankError>) -> u16 {
    match result {
        Err(BankError::Refused { status, text, .. }) => {
            assert!(!text.is_empty(), "the bank says why");
            status
        }
        other => panic!("{other:?}"),
    }
}

fn database(folder: &Path) -> (Database, Db) {
    let database = Database::create(folder);
    store::migrate(&database.location()).unwrap();
    let key = folder.join("encryption.key");
    write_private(&key, Vault::new_key_file().as_bytes()).unwrap();
    let db = Db::open(&database.location(), 2, Vault::open_file(&key).unwrap()).unwrap();
    (database, db)
}

async fn open_the_mail(at: &AtBanks) {
    let browser = Browser::new();
    let page = browser.get(&at.base.join("cec/portal").unwrap()).await;
    let done = browser.submit(&page.form("/activare").with("username", "operator")).await;
    browser.follow(&done).await.says("Confirmat.");
}

#[tokio::test]
async fn register_confirm_create_and_the_client_works_at_once() {
    let at = AtBanks::start();
    let portal = portal(&at, "cec");
    let (good, wrong) = (applicant("correct horse"), applicant("wrong horse"));
    assert_eq!(refused(portal.create_app(&good, &app("one")).await), 401);
    assert_eq!(refused(portal.register(&applicant("short")).await), 400);
    portal.register(&good).await.unwrap();
    assert_eq!(refused(portal.register(&good).await), 409);
    assert_eq!(refused(portal.create_app(&good, &app("one")).await), 403);
    open_the_mail(&at).await;
    assert_eq!(refused(portal.create_app(&wrong, &app("one")).await), 401);

    let folder = tempfile::tempdir().unwrap();
    let (_database, db) = database(folder.path());
    let created = create_app(&db, &portal, "cec", (&good, &app("one")), "test", at.clock.now()).await;
    let client_id = created.unwrap();
    let keeper = DatabaseKeeper::new(db, at.clock.clone());
    let login = keeper.login("cec", &Holder::Operator).await.unwrap().unwrap();
    assert_eq!(login.name.expose(), client_id);
    assert!(login.password.expose().len() > 30);
    // The bank keeps no secret in clear.
    let ledger = serde_json::to_string(&at.sandbox.ledger()).unwrap();
    assert!(ledger.contains(&client_id) && !ledger.contains(login.password.expose()) && !ledger.contains("correct horse"));

    // A payment in the name of the new client, with its secret at the token endpoint.
    let bank = at.connected_as(&client_id, Some(login.password.expose()));
    let bank = bank.get("cec").unwrap().connector().unwrap();
    let answer = bank.initiate(&order(1, 10), &psu("cec")).await.unwrap();
    let reply = at.pay_on_the_page(&answer, "ana").await;
    assert_eq!(bank.reply(&answer.session, &reply).await.unwrap().bank_word, "RCVD");
    let without_secret = at.connected_as(&client_id, None);
    let without_secret = without_secret.get("cec").unwrap().connector().unwrap();
    let answer = without_secret.initiate(&order(2, 11), &psu("cec")).await.unwrap();
    let reply = at.pay_on_the_page(&answer, "ana").await;
    let refused = without_secret.reply(&answer.session, &reply).await;
    assert!(matches!(refused, Err(BankError::Refused { status: 401, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_wrong_answer_stores_nothing() {
    let at = AtBanks::start();
    let portal = portal(&at, "cec");
    let who = applicant("correct horse");
    portal.register(&who).await.unwrap();
    open_the_mail(&at).await;
    let folder = tempfile::tempdir().unwrap();
    let (_database, db) = database(folder.path());
    for fault in [
        Fault::Malformed,
        Fault::EmptyBody,
        Fault::Status(500),
        Fault::DropBeforeEffect,
        Fault::Status(403),
    ] {
        at.sandbox.fail_next_at(BankCode::Cec, Operation::Enrol, fault.clone());
        let result = create_app(&db, &portal, "cec", (&who, &app("one")), "test", at.clock.now()).await;
        assert!(matches!(result, Err(EnrolError::Bank(_))), "{fault:?}: {result:?}");
    }
    let keeper = DatabaseKeeper::new(db, at.clock.clone());
    assert!(keeper.login("cec", &Holder::Operator).await.unwrap().is_none());
    // Where there is no portal, somebody says so.
    let elsewhere = self::portal(&at, "link");
    assert!(elsewhere.register(&who).await.is_err());
    let http = BankHttp::new(&BankHttpSettings::default()).unwrap();
    assert!(Portal::new(&http, "cec", &"http://bank.example/".parse().unwrap()).is_err());
}
