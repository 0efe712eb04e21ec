//! Standing orders: set up at a bank that takes them, and never said to be paid when they are only taken.

use crate::support::browser::Page;
use crate::support::partner::Started;
use crate::support::psu::{ANA, ANA_LINK, Psu};
use crate::support::{RETURN_URL, TestApp};
use chrono::Timelike as _;
use serde_json::{Value, json};
use smartpay::flow::edit_instruction::EditedInstruction;
use smartpay::flow::init_payment::today;
use smartpay::flow::submit_payment::{ConfirmedOrder, PsuDevice, submit_payment};
use smartpay::payment::{Iban, Language, Status};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn monthly(start: &str) -> Value {
    json!({ "startDate": start, "Frequency": "Monthly", "dayOfExecution": 15 })
}

/// Sets a standing order up, up to the payer's approval at the bank; answers the page after it.
async fn sets_up(app: &TestApp, order: Value) -> (Started, Psu, Page) {
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(order).await;
    let page = psu.open(&started.link).await;
    page.says("Plată programată. Banca ta repetă plata")
        .says("CEC Bank nu acceptă plăți programate");
    let to_bank = psu.follow(&psu.submit(&psu.fill_at(&page, ANA_LINK)).await).await;
    to_bank.says("Plată programată");
    let page = psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    (started, psu, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_by_the_bank_is_not_paid() {
    let app = TestApp::start().await;
    let (mut started, psu, page) = sets_up(&app, monthly("2126-12-01")).await;
    page.says("Banca Link (demo) a primit plata programată")
        .says("în fiecare lună, în ziua 15")
        .says("01.12.2126");
    assert!(!page.text().contains("Încă verificăm dacă banii au plecat"), "{}", page.text());
    app.let_pass(12, 30 * SECOND).await;
    let received = app.bank.orders().pop().unwrap().received;
    assert!(received.schedule.is_some() && received.several.is_empty());
    let sight = app.shop().sees(&mut started).await;
    assert!(!sight.is_final && !sight.is_successful, "{sight:?}");
    let status = app.shop().status(&started.tokens).await.good().json;
    assert_eq!(
        (&status["startDate"], &status["Frequency"], &status["dayOfExecution"]),
        (&json!("2126-12-01"), &json!("Monthly"), &json!(15))
    );
    psu.get(&started.link).await.says("banii pleacă din cont abia la datele programate");
    let [mail] = app.mails.all().try_into().unwrap();
    assert!(
        mail.subject.starts_with("Plată programată primită de bancă: 123,45 RON"),
        "{}",
        mail.subject
    );
    assert!(
        mail.text.contains("Primită nu înseamnă plătită") && mail.text.contains("Prima plată: 01.12.2126"),
        "{}",
        mail.text
    );
    assert_eq!(app.bank.balance_minor(ANA_LINK.iban), Some(1_250_000), "nothing was paid yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmed_by_the_bank_is_still_said_with_care() {
    let app = TestApp::start().await;
    let first_day = today(app.cx.now()).to_string();
    let (started, psu, _) = sets_up(&app, json!({ "startDate": first_day, "Frequency": "Weekly" })).await;
    app.let_pass(12, 30 * SECOND).await;
    // Banks do not work at weekends.
    app.let_pass(4, 86_400 * SECOND).await;
    // The partner's tokens have run out by now; the payer's page and mail tell.
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Settled);
    let result = psu.get(&started.link).await;
    assert_eq!(result.heading(), "Plata programată a fost acceptată");
    result.says("confirmarea nu înseamnă că prima plată a plecat deja");
    let mail = app.mails.all().pop().unwrap();
    assert!(
        mail.subject.starts_with("Plată programată acceptată: 123,45 RON"),
        "{}",
        mail.subject
    );
    assert!(mail.text.contains("Acceptată nu înseamnă plătită"), "{}", mail.text);
}

/// How long it is until so many minutes before the end of tomorrow, in Romania.
fn until_minutes_before_midnight(app: &TestApp, minutes: u64) -> Duration {
    let now = app.cx.now().and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
    let in_the_day = Duration::from_secs(u64::from(now.time().num_seconds_from_midnight()));
    Duration::from_secs(2 * 86_400) - in_the_day - 60 * SECOND * u32::try_from(minutes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn its_first_day_passes_while_the_form_is_open() {
    for shown_again in [false, true] {
        let app = TestApp::start().await;
        app.advance(until_minutes_before_midnight(&app, 10));
        let (shop, psu) = (app.shop(), app.psu());
        let first_day = today(app.cx.now());
        let mut started = shop
            .start(json!({ "startDate": first_day.to_string(), "Frequency": "Monthly", "redirectURL": RETURN_URL }))
            .await;
        let page = psu.open(&started.link).await;
        app.advance(9 * 60 * SECOND);
        psu.open(&started.link).await;
        app.advance(2 * 60 * SECOND);
        let end = if shown_again {
            psu.get(&started.link).await
        } else {
            psu.follow(&psu.submit(&psu.fill_at(&page, ANA_LINK)).await).await
        };
        assert_eq!(end.heading(), "Prima zi a plății programate a trecut", "{}", end.text());
        end.says(&first_day.format("%d.%m.%Y").to_string())
            .says("Nu s-a programat nimic și nu s-a luat niciun ban.")
            .says("Cere altă plată programată de la");
        assert!(end.link("a.primary").query().unwrap().contains("status=ABND&message=FAILED"));
        let english = psu.get(&format!("{}&lang=en", started.link).parse().unwrap()).await;
        assert_eq!(english.heading(), "The first day of the standing order has passed");
        assert!(app.bank.orders().is_empty(), "the bank was never asked");
        let sight = shop.sees(&mut started).await;
        assert_eq!((sight.word.as_str(), sight.is_final, sight.is_successful), ("ABND", true, false));
        let status = shop.status(&started.tokens).await.good().json;
        assert_eq!(status["statusReason"], "start_date_passed");
        assert!(app.mails.all().is_empty());
    }
}

/// The page looks first; this is the moment between its look and the sending.
#[tokio::test(flavor = "multi_thread")]
async fn its_first_day_passes_while_it_is_being_sent() {
    let app = TestApp::start().await;
    app.advance(until_minutes_before_midnight(&app, 10));
    let first_day = today(app.cx.now()).to_string();
    let started = app.shop().start(json!({ "startDate": first_day, "Frequency": "Monthly" })).await;
    app.psu().open(&started.link).await;
    let id = started.tokens.payment;
    let payment = app.payment(id).await;
    let [one] = payment.instructions.as_slice() else {
        panic!("one instruction")
    };
    let psu = PsuDevice {
        ip: std::net::IpAddr::from([192, 0, 2, 7]),
        user_agent: None,
        browser_hash: payment.browser_hash.clone().unwrap(),
        psu_id: None,
    };
    let confirmed = ConfirmedOrder {
        instruction: Some(EditedInstruction {
            creditor_name: one.creditor_name.clone(),
            creditor_iban: one.creditor_iban.clone(),
            amount: one.amount,
            details: one.details.clone(),
        }),
        shown: None,
        bank_code: ANA_LINK.bank.into(),
        debtor_iban: Iban::parse(ANA_LINK.iban).unwrap(),
        email: ANA.email.into(),
        language: Language::Ro,
    };
    app.advance(11 * 60 * SECOND);
    submit_payment(&app.cx, payment.id, &psu, confirmed, &[]).await.unwrap();
    assert!(app.bank.orders().is_empty() && app.payment(id).await.attempts == 0);
}
