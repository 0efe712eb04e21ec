//! Payments in dinars through ePP, with the partner's own service account at the Serbian Treasury.

mod many;
mod statements;

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::partner::{Started, with};
use crate::support::psu::{ANA, Psu};
use serde_json::{Value, json};
use smartpay::payment::{Giro, Status};
use smartpay::sandbox::Fault;
use smartpay::sandbox::epp::EppCall;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const USER: &str = "opstina.vrelo";
const PASSWORD: &str = "Vrelo-2026";
const DEBTOR: &str = "840-742221843-57";
const CREDITOR: &str = "265-1100310000002-43";
/// The Treasury knows no bank 999.
const NO_SUCH_BANK: &str = "999-123-73";
const CODE: &str = "Introdu codul primit de la bancă";
const OWN_CODE: &str = "Introdu codul de unică folosință";
const CHANNEL: &str = "Alege cum aprobi plata";

fn item(n: usize) -> Value {
    json!({
        "creditorName": format!("Dobavljač {n} DOO"),
        "creditorIban": CREDITOR,
        "amount": format!("{}.50", n * 1000),
        "details": format!("Račun {n}/2026"),
        "endToEndId": format!("R-{n}"),
    })
}

/// The third has everything that an order inside Serbia can have.
fn full() -> Value {
    json!({
        "paymentCode": "221", "creditorReferenceModel": "97", "creditorReference": "16-3220000-111111111-000",
        "debtorReferenceModel": 11, "debtorReference": "12-34", "creditorAddress": "Nušićeva 3, Niš", "urgent": true,
    })
}

async fn ready() -> TestApp {
    let app = TestApp::start().await;
    app.enter_bank_login(USER, PASSWORD).await;
    app
}

async fn submit(psu: &Psu, form: &Page) -> Page {
    let form = psu.fill(form, ANA).with("bank", "epp").with("debtor_iban", DEBTOR);
    psu.follow(&psu.submit(&form).await).await
}

/// Opens the link and pays, up to the choice of the channel.
async fn pay(psu: &Psu, started: &Started) -> Page {
    submit(psu, &psu.get(&started.link).await).await
}

async fn choose(psu: &Psu, page: &Page, channel: &str) -> Page {
    assert_eq!(page.heading(), CHANNEL, "{}", page.text());
    let form = page.form("/payment-initiation/method").with("method", channel);
    psu.follow(&psu.submit(&form).await).await
}

fn newest_code(app: &TestApp) -> String {
    app.bank.epp_codes(USER).0.pop().unwrap()
}

fn another(code: &str) -> String {
    code.chars().map(|c| if c == '7' { '3' } else { '7' }).collect()
}

async fn one(app: &TestApp, more: Value) -> Started {
    app.dinar().start_with(&with(item(1), more)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn several_orders_are_checked_mended_confirmed_and_paid() {
    let app = ready().await;
    let (dinar, psu) = (app.dinar(), app.psu());
    let banks = dinar.banks().await.good().json["payload"].clone();
    assert_eq!(
        (banks.as_array().unwrap().len(), &banks[0]["code"]),
        (1, &json!("epp")),
        "those that pay dinars"
    );
    let bad = with(item(2), json!({ "creditorIban": NO_SUCH_BANK }));
    let list = json!({ "payments": [item(1), bad, with(item(3), full())] });
    let mut started = dinar.start_with(&list).await;
    let form = psu.get(&started.link).await;
    form.says("Uprava za trezor (ePP)").says(CREDITOR).says("6.001,50 RSD");
    form.says("Codul plății (šifra plaćanja)220")
        .says("(97) 16-3220000-111111111-000")
        .says("da, plată urgentă");
    form.says("Cont plătitor (račun) sau IBAN");
    assert!(!form.text().contains("Alege contul din bancă"), "the account is the partner's own");
    assert!(!form.text().contains("CEC Bank"), "dinars are not paid from Romania");

    // One item is refused: nothing was created, and the page says which and why.
    let refused = submit(&psu, &form).await;
    refused
        .says("Ce nu a acceptat banca")
        .says("2. Dobavljač 2 DOO")
        .says("Banka primaoca ne postoji");
    assert!(app.bank.epp_orders().is_empty());
    let again = psu.get(&refused.link("a.primary")).await;
    again.says("Banka primaoca ne postoji");
    let list = psu.get(&again.link(".refused a")).await;
    let edit = psu.follow(&psu.submit(&list.press("#line-2 button")).await).await;
    let mended = edit.form("/payment-initiation/list/edit").with("creditor_iban", CREDITOR);
    psu.follow(&psu.submit(&mended).await).await;
    let form = psu.get(&again.url).await;
    let page = submit(&psu, &form).await;
    page.says("E-mail – Zimbra").says("SMS – NTH").says("Authenticator");
    assert_eq!(app.bank.epp_orders().len(), 3);

    let page = choose(&psu, &page, "Zimbra").await;
    assert_eq!(page.says("ți-a trimis un cod").heading(), CODE);
    let code = newest_code(&app);
    let wrong = psu.enter_code(&page, &another(&code)).await;
    wrong.says("Codul nu este corect.");
    psu.enter_code(&wrong, &code).await;
    app.let_pass(10, 2 * SECOND).await;
    psu.get(&started.link).await.says("Plata a fost făcută");
    assert_eq!(dinar.sees(&mut started).await.word, "ACSC");
    assert_eq!(app.bank.epp_bookings().len(), 3);
    let third = app.bank.epp_orders().pop().unwrap().received;
    assert_eq!(
        (
            third.creditor_code_model.as_str(),
            third.debtor_code_model.as_str(),
            third.urgent_payment
        ),
        ("97", "11", true)
    );
    assert_eq!(
        (third.payment_code.as_str(), third.creditor_address.as_str()),
        ("221", "Nusiceva 3, Nis")
    );
    // One login for all of it, and never again.
    assert_eq!((app.bank.epp_calls(EppCall::Login), app.bank.epp_calls(EppCall::Refresh)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_serbian_order_says_is_stored_and_part_of_what_is_confirmed() {
    let app = ready().await;
    let started = one(&app, full()).await;
    let giro = app.payment(started.tokens.payment).await.instructions[0].giro.clone().unwrap();
    assert_eq!(giro.creditor_reference_shown().as_deref(), Some("(97) 16-3220000-111111111-000"));
    let plain = one(&app, json!({})).await;
    assert_eq!(app.payment(plain.tokens.payment).await.instructions[0].giro, Some(Giro::default()));
    let mut payment = app.payment(started.tokens.payment).await;
    let before = smartpay::flow::submit_payment::confirmed_hash(&payment);
    let shown = smartpay::flow::edit_instruction::shown_hash(&payment);
    payment.instructions[0].giro.as_mut().unwrap().urgent = false;
    assert_ne!(smartpay::flow::submit_payment::confirmed_hash(&payment), before);
    assert_ne!(smartpay::flow::edit_instruction::shown_hash(&payment), shown);
    // The same order again is the same; another reference is another order.
    let (dinar, order) = (app.dinar(), with(item(1), full()));
    dinar.init(&started.tokens, &order).await.good();
    let other = dinar.init(&started.tokens, &with(order, json!({ "paymentCode": "289" }))).await;
    assert_eq!(other.status, 409, "{}", other.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_references_are_named_field_by_field() {
    let app = ready().await;
    let dinar = app.dinar();
    for (more, field, code) in [
        (json!({ "paymentCode": "320" }), "paymentCode", "INVALID_PAYMENT_CODE"),
        (json!({ "paymentCode": [] }), "paymentCode", "WRONG_TYPE"),
        (
            json!({ "creditorReferenceModel": "97", "creditorReference": "17-3220000" }),
            "creditorReference",
            "INVALID_REFERENCE",
        ),
        (
            json!({ "debtorReferenceModel": "22", "debtorReference": "1" }),
            "debtorReferenceModel",
            "UNKNOWN_MODEL",
        ),
        (json!({ "debtorReferenceModel": "97" }), "debtorReferenceModel", "WITHOUT_REFERENCE"),
        (json!({ "creditorAddress": "a\nb" }), "creditorAddress", "FORBIDDEN_CHARACTERS"),
        (json!({ "urgent": "perhaps" }), "urgent", "WRONG_TYPE"),
        (json!({ "creditorIban": "840-742221843-58" }), "creditorIban", "INVALID_IBAN"),
        (json!({ "creditorIban": "RO66BACX0000001234567890" }), "creditorIban", "NOT_SERBIAN"),
        (json!({ "debtorBank": "cec" }), "debtorBank", "OTHER_CURRENCY"),
    ] {
        let tokens = dinar.tokens().await;
        let answer = dinar.init(&tokens, &with(item(1), more.clone())).await;
        let said = answer.json.to_string();
        assert!(
            (400..500).contains(&answer.status) && said.contains(code) && said.contains(&format!("\"{field}\"")),
            "{more}: {said}"
        );
    }
    let list = json!({ "payments": [item(1), with(item(2), json!({ "paymentCode": "9" }))] });
    let answer = dinar.init(&dinar.tokens().await, &list).await;
    assert!(answer.json.to_string().contains("payments[1].paymentCode"), "{}", answer.json);
    let answer = app
        .erp()
        .init(
            &app.erp().tokens().await,
            &with(crate::support::partner::an_order(), json!({ "urgent": true })),
        )
        .await;
    assert!(answer.json.to_string().contains("RSD_ONLY"), "{}", answer.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_the_code_is_looked_up_and_the_code_not_sent_again() {
    let app = ready().await;
    let psu = app.psu();
    let mut started = one(&app, json!({})).await;
    let page = choose(&psu, &pay(&psu, &started).await, "Nth").await;
    app.bank.fail_next_epp(EppCall::Confirm, Fault::DropAfterEffect);
    psu.enter_code(&page, &newest_code(&app)).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Processing);
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.dinar().sees(&mut started).await.word, "ACSC");
    assert_eq!((app.bank.epp_calls(EppCall::Confirm), app.bank.epp_bookings().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_which_nobody_knows_leaves_a_doubt_that_the_bank_ends() {
    let app = ready().await;
    let psu = app.psu();
    let mut started = one(&app, json!({})).await;
    let page = choose(&psu, &pay(&psu, &started).await, "Postal").await;
    app.bank.fail_next_epp(EppCall::Confirm, Fault::DropBeforeEffect);
    psu.enter_code(&page, &newest_code(&app)).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::InDoubt);
    app.let_pass(1, 2 * SECOND).await;
    let page = psu.get(&started.link).await;
    assert_eq!(page.heading(), CODE, "the bank says that it still waits");
    psu.enter_code(&page, &newest_code(&app)).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.dinar().sees(&mut started).await.word, "ACSC");
    assert_eq!((app.bank.epp_calls(EppCall::Confirm), app.bank.epp_bookings().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_on_the_way_create_and_start_nothing_twice() {
    let app = ready().await;
    let psu = app.psu();
    let mut started = app.dinar().start_with(&json!({ "payments": [item(1), item(2)] })).await;
    app.bank.fail_next_epp(EppCall::Create, Fault::StatusAfterEffect(502));
    let page = pay(&psu, &started).await;
    app.bank.fail_next_epp(EppCall::Start, Fault::DropAfterEffect);
    let page = choose(&psu, &page, "Authenticator").await;
    assert_eq!(page.heading(), OWN_CODE);
    psu.enter_code(&page, &app.bank.epp_codes(USER).1.unwrap()).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.dinar().sees(&mut started).await.word, "ACSC");
    assert_eq!(
        (
            app.bank.epp_orders().len(),
            app.bank.epp_calls(EppCall::Create),
            app.bank.epp_calls(EppCall::Start)
        ),
        (2, 1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_login_is_tried_once_a_minute_and_not_three_times() {
    let app = TestApp::start().await;
    app.enter_bank_login(USER, "wrong").await;
    let psu = app.psu();
    let mut started = one(&app, json!({})).await;
    for _ in 0..3 {
        let page = pay(&psu, &started).await;
        page.says("Uprava za trezor (ePP)");
        assert_eq!(app.payment(started.tokens.payment).await.status, Status::Created);
    }
    assert_eq!(app.bank.epp_calls(EppCall::Login), 1, "the third refusal would lock the account");
    app.advance(62 * SECOND);
    pay(&psu, &started).await;
    assert_eq!(app.bank.epp_calls(EppCall::Login), 2);
    // The right password counts at once.
    app.enter_bank_login(USER, PASSWORD).await;
    let page = choose(&psu, &pay(&psu, &started).await, "Zimbra").await;
    psu.enter_code(&page, &newest_code(&app)).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.dinar().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_renewed_and_the_password_used_only_when_that_fails() {
    let app = ready().await;
    let psu = app.psu();
    let started = one(&app, json!({})).await;
    pay(&psu, &started).await;
    app.advance(21 * 60 * SECOND);
    let page = choose(&psu, &psu.get(&started.link).await, "Zimbra").await;
    assert_eq!((app.bank.epp_calls(EppCall::Login), app.bank.epp_calls(EppCall::Refresh)), (1, 1));
    app.bank.end_epp_sessions();
    psu.enter_code(&page, &newest_code(&app)).await;
    assert_eq!((app.bank.epp_calls(EppCall::Login), app.bank.epp_calls(EppCall::Refresh)), (2, 2));
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Settled);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_end_the_attempt_and_a_payer_who_stays_away_the_payment() {
    let app = ready().await;
    let psu = app.psu();
    let mut started = one(&app, json!({})).await;
    let mut page = choose(&psu, &pay(&psu, &started).await, "Zimbra").await;
    let wrong = another(&newest_code(&app));
    for _ in 0..5 {
        page = psu.enter_code(&page, &wrong).await;
    }
    page.says("Plata nu a fost făcută");
    assert_eq!(app.dinar().sees(&mut started).await.payment, "attempt_refused");
    let mut away = one(&app, json!({ "endToEndId": null })).await;
    let waiting = choose(&psu, &pay(&psu, &away).await, "Nth").await;
    psu.give_up(&waiting).await;
    assert_eq!(
        app.payment(away.tokens.payment).await.status,
        Status::AwaitingPsu,
        "the code could still be entered"
    );
    app.let_pass(200, 30 * SECOND).await;
    assert_eq!(app.payment(away.tokens.payment).await.status, Status::Abandoned);
    assert!(!app.dinar().sees(&mut away).await.is_successful && app.bank.epp_bookings().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_could_not_pay_is_told_for_each_order() {
    let app = ready().await;
    let psu = app.psu();
    let closed = with(item(2), json!({ "creditorIban": "160-118232-12" }));
    let mut started = app.dinar().start_with(&json!({ "payments": [item(1), closed] })).await;
    let page = choose(&psu, &pay(&psu, &started).await, "Zimbra").await;
    psu.enter_code(&page, &newest_code(&app)).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::PartlySettled);
    psu.get(&started.link).await.says("Račun primaoca je ugašen").says("nefăcută");
    assert_eq!(app.dinar().sees(&mut started).await.word, "PART");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_the_payers_own_app_is_not_said_to_have_been_sent() {
    let app = ready().await;
    let psu = app.psu();
    let mut started = one(&app, json!({})).await;
    let page = choose(&psu, &pay(&psu, &started).await, "Authenticator").await;
    assert_eq!(page.heading(), OWN_CODE);
    page.says("Uprava za trezor (ePP) nu îți trimite nimic").says("(Authenticator)");
    assert!(!page.text().contains("ți-a trimis"), "{}", page.text());
    let english = psu.get(&format!("{}&lang=en", started.link).parse().unwrap()).await;
    english.says("sends you nothing").says("authenticator app");
    assert!(!english.text().contains("has sent you"), "{}", english.text());
    let code = app.bank.epp_codes(USER).1.unwrap();
    let wrong = psu.enter_code(&page, &another(&code)).await;
    wrong.says("Introdu-l pe cel afișat acum.");
    psu.enter_code(&wrong, &code).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.dinar().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_outside_serbia_is_named_at_its_field_before_anything_is_sent() {
    const ELSEWHERE: &str = "RO66BACX0000001234567890";
    const SAID: &str = "În dinari se plătește numai între conturi din Serbia.";
    let app = ready().await;
    let (dinar, psu) = (app.dinar(), app.psu());
    let started = one(&app, json!({})).await;
    let typed = psu.fill(&psu.get(&started.link).await, ANA).with("bank", "epp");
    for (creditor, debtor, id) in [(ELSEWHERE, DEBTOR, "creditor_iban"), (CREDITOR, ELSEWHERE, "debtor_iban")] {
        let answer = psu
            .submit(&typed.clone().with("creditor_iban", creditor).with("debtor_iban", debtor))
            .await;
        assert!(
            answer.status == 422 && answer.text().contains(SAID),
            "{} {}",
            answer.status,
            answer.text()
        );
        assert_eq!(answer.link("#summary a").fragment(), Some(id));
    }
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Created);
    assert_eq!(app.bank.epp_calls(EppCall::Create), 0);
    // So is one of several, where it is edited.
    let mut list = dinar.start_with(&json!({ "payments": [item(2), item(3)] })).await.link;
    psu.get(&list).await;
    list.set_path("/payment-initiation/list");
    let edit = psu.follow(&psu.submit(&psu.get(&list).await.press("#line-2 button")).await).await;
    let answer = psu
        .submit(&edit.form("/payment-initiation/list/edit").with("creditor_iban", ELSEWHERE))
        .await;
    assert!(
        answer.status == 422 && answer.text().contains(SAID),
        "{} {}",
        answer.status,
        answer.text()
    );
    // A Serbian IBAN is an account in Serbia, whoever writes it so.
    let typed = typed.with("debtor_iban", DEBTOR).with("creditor_iban", "RS35265110031000000243");
    assert_eq!(psu.follow(&psu.submit(&typed).await).await.heading(), CHANNEL);
}
