//! What a payer may ask for about their own data, and the end of the time for which payments are kept.

use crate::support::TestApp;
use crate::support::psu::ANA;
use serde_json::{Value, json};
use smartpay::flow::resend_mail::{Resending, resend_mail};
use smartpay::flow::{FlowError, payer_data, retention};
use smartpay::payment::{Iban, PaymentId};
use smartpay::store::mail_queue::Again;
use smartpay::store::outbox;
use smartpay::store::payer_requests::RequestKind;
use smartpay::store::payment_search::{self, Filter, From};
use smartpay::store::search_keys::Person;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
const EMAIL: &str = "Canar.Plat@payer.example";
const DETAILS: &str = "detalii-canar-9911";

/// A payment that was paid, and one that the payer left alone; both with the same address. Then one of somebody else.
async fn payments(app: &TestApp) -> (i64, i64, i64) {
    let (shop, psu) = (app.shop(), app.psu());
    let order = json!({ "psuEmail": EMAIL, "details": DETAILS, "amount": "77.70", "psuIntermediarId": "client-canar-9911" });
    let paid = shop.start(order.clone()).await;
    let page = psu.open(&paid.link).await;
    let form = page
        .form("/payment-initiation")
        .with("bank", "cec")
        .with("debtor_iban", ANA.iban)
        .with("terms", "yes");
    let to_bank = psu.follow(&psu.submit(&form).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    let left = shop.start(order).await;
    let other = shop.start(json!({ "psuEmail": "altcineva@payer.example" })).await;
    app.let_pass(4, Duration::from_secs(20 * 60)).await;
    let number = |started: &crate::support::partner::Started| started.tokens.payment;
    (number(&paid), number(&left), number(&other))
}

async fn ask(app: &TestApp, kind: RequestKind, email: &str) -> String {
    let id = payer_data::request(&app.cx, "ofiter", kind, email).await.unwrap();
    app.tick().await;
    id
}

fn of(data: &Value, number: i64) -> &Value {
    let number = number.to_string();
    let all = data["payments"].as_array().unwrap();
    all.iter().find(|p| p["reference"] == number.as_str()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_gets_everything_that_is_held_about_them_and_nothing_of_others() {
    let app = TestApp::start().await;
    let (paid, left, other) = payments(&app).await;
    assert!(matches!(
        payer_data::request(&app.cx, "ofiter", RequestKind::Export, "nu-e-adresa").await,
        Err(FlowError::Invalid(_))
    ));
    let waiting = payer_data::request(&app.cx, "ofiter", RequestKind::Export, "  canar.plat@PAYER.example ")
        .await
        .unwrap();
    assert!(
        matches!(payer_data::export(&app.cx, "ofiter", &waiting).await, Err(FlowError::NotAllowed)),
        "it is not done"
    );
    app.tick().await;
    let progress = payer_data::progress(&app.cx, &waiting).await.unwrap();
    assert_eq!((progress.found.len(), progress.request.scanned), (2, 2));
    let data = payer_data::export(&app.cx, "ofiter", &waiting).await.unwrap();
    assert_eq!(data["payments"].as_array().unwrap().len(), 2);
    let one = of(&data, paid);
    assert_eq!(
        (one["status"].as_str(), one["amount"].as_str(), one["currency"].as_str()),
        (Some("settled"), Some("77.70"), Some("RON"))
    );
    assert_eq!((one["email"].as_str(), one["debtor_iban"].as_str()), (Some(EMAIL), Some(ANA.iban)));
    assert_eq!(one["id_at_partner"], "client-canar-9911");
    assert_eq!(one["instructions"][0]["remittance_information"], DETAILS);
    assert!(
        one["events"].as_array().unwrap().len() >= 4 && one["mails"].as_array().unwrap().len() == 1,
        "{one}"
    );
    assert_eq!(of(&data, left)["status"], "abandoned");
    assert!(!data.to_string().contains("altcineva") && !data.to_string().contains(&other.to_string()));
    let read = app
        .database
        .lines("SELECT actor AS line FROM audit WHERE action = 'payer_export_read'");
    assert_eq!(read, ["ofiter"]);
    // It cannot be fetched for ever, and the address is gone with it.
    app.advance(DAY * 31);
    app.tick().await;
    assert!(matches!(
        payer_data::export(&app.cx, "ofiter", &waiting).await,
        Err(FlowError::NotAllowed)
    ));
    assert!(payer_data::progress(&app.cx, &waiting).await.unwrap().request.email.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_law_does_not_keep_is_erased_and_the_rest_is_named() {
    let app = TestApp::start().await;
    let (paid, left, other) = payments(&app).await;
    let open = app.shop().start(json!({ "psuEmail": EMAIL })).await.tokens.payment;
    let id = ask(&app, RequestKind::Erasure, EMAIL).await;
    let progress = payer_data::progress(&app.cx, &id).await.unwrap();
    let outcome = |number: i64| {
        let found = progress.found.iter().find(|f| f.payment_id == number).unwrap();
        (found.outcome.clone().unwrap(), found.keep_until.is_some())
    };
    assert_eq!(outcome(paid), ("reduced".into(), true), "the law keeps who paid whom");
    assert_eq!(outcome(left), ("erased".into(), false), "no bank ever got it");
    assert_eq!(outcome(open), ("open".into(), false));
    assert!(progress.request.email.is_none() && progress.found.len() == 3);

    let kept = app.payment(paid).await;
    assert_eq!(kept.psu_email, None);
    assert_eq!((kept.link_state.is_some(), kept.bank_session.is_some()), (false, false));
    assert_eq!(kept.debtor_iban.as_ref().map(|i| i.electronic()), Some(ANA.iban));
    assert_eq!(kept.instructions[0].details, DETAILS);
    let gone = app.payment(left).await;
    assert_eq!((gone.psu_email.as_deref(), gone.psu_id_at_partner.as_deref()), (None, None));
    assert_eq!(
        (
            gone.instructions[0].creditor_name.as_str(),
            gone.instructions[0].creditor_iban.electronic()
        ),
        ("", "")
    );
    assert_eq!(gone.total().map(|t| t.wire()), Some("77.70".into()), "the amount stays");
    assert_eq!(app.payment(other).await.psu_email.as_deref(), Some("altcineva@payer.example"));
    assert_eq!(app.payment(open).await.psu_email.as_deref(), Some(EMAIL));
    let mails = "SELECT CAST(COUNT(*) AS TEXT) AS line FROM outbox WHERE LENGTH(payload_sealed) > 0";
    assert_eq!(app.database.lines(mails), ["0"]);
    app.tick().await;
    let found_by = async |person: Person| {
        let by = Filter {
            person: Some(person),
            ..Filter::default()
        };
        let found = app.cx.db.read(move |a| payment_search::find(a, &by, From::Top, 10)).await.unwrap();
        found.into_iter().map(|place| place.id.number()).collect::<Vec<_>>()
    };
    assert_eq!(
        found_by(Person::Email(EMAIL.into())).await,
        [open],
        "an erased address finds nothing"
    );
    let account = Iban::parse(ANA.iban).unwrap();
    assert_eq!(found_by(Person::Iban(account)).await, [paid], "what is kept is found");
    let known = PaymentId::from_number(paid).unwrap();
    let mail = app.cx.db.read(move |a| outbox::of_payment(a, known)).await.unwrap().remove(0);
    let resending = Resending {
        mail_id: mail.id,
        payment: Some(known),
        saw_sent: true,
    };
    assert_eq!(resend_mail(&app.cx, "ana", resending).await.unwrap(), Again::Unknown);
    let mail = app.cx.db.read(move |a| outbox::of_payment(a, known)).await.unwrap().remove(0);
    assert_eq!(mail.due_at, None, "an erased mail is not sent again");
    // The pages of the back office still show what is left.
    let admin = app.admin().await;
    admin.sign_in().await;
    admin.get(&app.public(&format!("back-office/payments/{left}"))).await.says("77,70");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_payments_lose_their_people_and_keep_their_amounts() {
    let app = TestApp::start().await;
    let (paid, left, _) = payments(&app).await;
    app.advance(DAY * (5 * 365 - 5));
    app.tick().await;
    assert_eq!(retention::plan(&app.cx).await.unwrap().payments, 0);
    let young = app.shop().start(json!({ "psuEmail": EMAIL })).await.tokens.payment;
    app.let_pass(4, Duration::from_secs(20 * 60)).await;
    app.advance(DAY * 8);
    assert_eq!(retention::plan(&app.cx).await.unwrap().payments, 3);
    assert!(app.payment(paid).await.debtor_iban.is_some(), "a plan erases nothing");
    app.tick().await;
    for number in [paid, left] {
        let gone = app.payment(number).await;
        assert_eq!(
            (gone.psu_email.is_none(), gone.debtor_iban.is_none(), gone.redirect_url.is_none()),
            (true, true, true)
        );
        assert_eq!(
            (gone.instructions[0].details.as_str(), gone.total().map(|t| t.wire())),
            ("", Some("77.70".into()))
        );
    }
    assert_eq!(app.payment(paid).await.status.as_str(), "settled");
    assert!(!app.history(paid).await.is_empty());
    assert_eq!(app.payment(young).await.psu_email.as_deref(), Some(EMAIL));
    let report = retention::reports(&app.cx).await.unwrap().remove(0);
    assert_eq!((report.payments, report.mails, report.partners), (3, 1, 0));
    assert_eq!(retention::plan(&app.cx).await.unwrap().payments, 0);
    assert!(retention::run(&app.cx, "ofiter").await.unwrap().is_none(), "nothing is left");
}
