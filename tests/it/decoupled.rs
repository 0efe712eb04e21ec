//! The payer approves on a device of their own: what the page says while it waits, and the ways out of it.

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::psu::{ANA, ANA_BRD, ANA_LINK, ANA_MOBIL, At};
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, Operation, Word};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const TITLE: &str = "Aprobă plata în aplicația băncii";

fn asks_for_approval(page: &Page, at: At) {
    assert_eq!(page.heading(), TITLE, "{}", page.text());
    page.says(&format!("{} ți-a trimis o cerere de aprobare.", at.name))
        .says("123,45 RON")
        .says("Deschide aplicația băncii și aprobă plata.");
    assert!(!page.body.contains(at.user_code), "the user code is never shown again");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_approved_on_the_telephone_and_the_page_notices() {
    for at in [ANA_BRD, ANA_MOBIL] {
        let app = TestApp::start().await;
        let (shop, psu) = (app.shop(), app.psu());
        let mut started = shop.start(json!({})).await;
        let page = psu.pay_at(&started.link, at).await;
        asks_for_approval(&page, at);
        assert!(page.has(".bank-says"), "the bank's own words");
        app.let_pass(5, SECOND).await;
        assert!(!psu.has_news(&page).await, "asking in vain is no news");
        assert_eq!(shop.sees(&mut started).await.word, "RCVD");
        app.bank.approve_on_phone("ana").unwrap();
        app.let_pass(10, 2 * SECOND).await;
        assert!(psu.has_news(&page).await);
        psu.get(&page.main_url("data-refresh-url")).await.says("Plata a fost făcută");
        assert_eq!(shop.sees(&mut started).await.word, "ACSC");
        assert_eq!(app.bank.orders().len(), 1);
        let [mail] = app.mails.all().try_into().unwrap();
        assert_eq!(mail.to, ANA.email);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_refused_on_the_telephone_and_paid_at_another_bank() {
    for at in [ANA_BRD, ANA_MOBIL] {
        let app = TestApp::start().await;
        let (shop, psu) = (app.shop(), app.psu());
        let mut started = shop.start(json!({})).await;
        psu.pay_at(&started.link, at).await;
        app.bank.refuse_on_phone("ana").unwrap();
        app.let_pass(5, 2 * SECOND).await;
        let refused = psu.get(&started.link).await;
        refused.says("Plata nu a fost făcută").says("Poți încerca din nou");
        let form = psu.get(&refused.link("a.primary")).await;
        form.says(&format!("Plata prin {} nu a fost făcută.", at.name));
        let known = form.form("/payment-initiation");
        assert_eq!((known.value("email"), known.value("bank")), (ANA.email, at.bank), "as it was typed");
        assert_eq!(known.value("user_code"), "", "but for the user code, which is not kept");
        let to_bank = psu.follow(&psu.submit(&psu.fill_at(&form, ANA_LINK)).await).await;
        psu.come_back(&psu.approve(&to_bank, ANA).await).await;
        app.let_pass(10, 2 * SECOND).await;
        assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_bank_takes_the_request_back_first() {
    for at in [ANA_BRD, ANA_MOBIL] {
        let app = TestApp::start().await;
        let (shop, psu) = (app.shop(), app.psu());
        let mut started = shop.start(json!({})).await;
        let page = psu.pay_at(&started.link, at).await;
        app.let_pass(3, SECOND).await;
        let form = psu.another_bank(&page).await;
        form.says("Verifică plata și alege banca")
            .says(&format!("Plata a fost retrasă de la {}", at.name));
        assert_eq!(app.bank.orders()[0].status, Word::Canc);
        assert_eq!(app.bank.approve_on_phone("ana"), None, "nothing waits on the telephone");
        assert_eq!(shop.sees(&mut started).await.word, "INIT");
        let to_bank = psu.follow(&psu.submit(&psu.fill(&form, ANA)).await).await;
        psu.come_back(&psu.approve(&to_bank, ANA).await).await;
        app.let_pass(10, 2 * SECOND).await;
        assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn approved_just_before_another_bank_was_wanted() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let page = psu.pay_at(&started.link, ANA_MOBIL).await;
    app.bank.approve_on_phone("ana").unwrap();
    let still = psu.another_bank(&page).await;
    still
        .says("nu ne-a confirmat că a retras plata")
        .says("Dacă ai aprobat-o, așteaptă");
    assert!(psu.has_news(&page).await, "the other tab shows it too");
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    assert_eq!(app.bank.orders().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_ends_it_at_the_bank() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let page = psu.pay_at(&started.link, ANA_BRD).await;
    psu.give_up(&page).await.says("Ai renunțat la plată");
    assert_eq!(shop.sees(&mut started).await.word, "ABND");
    assert_eq!(app.bank.orders()[0].status, Word::Canc);
}

/// The bank says so when we start the authorisation, or at once, to the order that starts it.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_code_the_bank_does_not_know_is_asked_again_at_its_field() {
    for (at, wrong, label) in [
        (ANA_BRD, "39999999", "Cod utilizator"),
        (ANA_MOBIL, "0799999999", "Număr de telefon"),
    ] {
        let app = TestApp::start().await;
        let (shop, psu) = (app.shop(), app.psu());
        let mut started = shop.start(json!({})).await;
        let form = psu.pay_at(&started.link, At { user_code: wrong, ..at }).await;
        form.says("Verifică plata și alege banca")
            .says(&format!("{} nu a recunoscut codul de utilizator", at.name));
        assert_eq!(form.link("#summary a").fragment(), Some("user_code"));
        assert_eq!(form.part("label[for=user_code]"), label, "as the bank calls it");
        assert!(form.has("#user_code[aria-invalid=true]") && !form.body.contains(wrong));
        assert!(form.part("#user_code-error").starts_with("Banca nu a recunoscut acest cod"));
        let typed = form.form("/payment-initiation");
        assert_eq!((typed.value("bank"), typed.value("email")), (at.bank, ANA.email));
        assert_eq!(typed.value("debtor_iban").replace(' ', ""), at.iban);
        let sight = shop.sees(&mut started).await;
        assert!(
            !sight.is_final && sight.word == "INIT",
            "nothing began, so nothing is in doubt: {sight:?}"
        );

        let page = psu.follow(&psu.submit(&psu.fill_at(&form, at)).await).await;
        asks_for_approval(&page, at);
        app.bank.approve_on_phone("ana").unwrap();
        app.let_pass(10, 2 * SECOND).await;
        assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_cannot_be_one_of_the_bank_never_reaches_it() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let page = psu.open(&started.link).await;
    page.says("Banca Mobil (demo) (Număr de telefon)");
    for wrong in ["ana", "0800000101", "07000001010", ""] {
        let form = psu.fill_at(&page, ANA_MOBIL).with("user_code", wrong);
        let answer = psu.submit(&form).await;
        assert_eq!(answer.status, 422, "{wrong}");
        assert_eq!(answer.part("label[for=user_code]"), "Număr de telefon", "as the bank calls it");
        assert!(answer.has("#user_code[aria-invalid=true]"));
    }
    assert!(app.bank.orders().is_empty());
    let spaced = psu.fill_at(&page, ANA_MOBIL).with("user_code", "0700 000 101");
    asks_for_approval(&psu.follow(&psu.submit(&spaced).await).await, ANA_MOBIL);
    psu.give_up(&psu.get(&started.link).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bank_did_not_start_and_cannot_be_asked_to_forget() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    app.bank.fail_next(Operation::Authorise, Fault::Status(400));
    app.bank.fail_next(Operation::Cancel, Fault::Status(503));
    let page = psu.pay_at(&started.link, ANA_BRD).await;
    assert_eq!(page.heading(), "Banca nu a început aprobarea", "{}", page.text());
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::AwaitingPsu);
    // Once more in vain, and then it works.
    app.bank.fail_next(Operation::Cancel, Fault::Status(503));
    let still = psu.another_bank(&page).await;
    still.says("nu ne-a confirmat că a retras plata");
    let form = psu.another_bank(&still).await;
    form.says("Verifică plata și alege banca");
    asks_for_approval(&psu.follow(&psu.submit(&psu.fill_at(&form, ANA_BRD)).await).await, ANA_BRD);
    app.bank.approve_on_phone("ana").unwrap();
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    let words: Vec<Word> = app.bank.orders().iter().map(|o| o.status).collect();
    assert_eq!(words, [Word::Canc, Word::Acsc]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_time_is_over_the_page_says_so() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let page = psu.pay_at(&started.link, ANA_BRD).await;
    let expires = app.payment(started.tokens.payment).await.expires_at;
    let local = smartpay::web::hosted_page::local_time(expires, smartpay::payment::Language::Ro);
    page.says(&format!("până la ora {}", &local[local.len() - 5..]));
    app.let_pass(29, 60 * SECOND).await;
    assert!(!psu.has_news(&page).await);
    // Nobody withdrew it yet: the timer has not looked.
    app.advance(61 * SECOND);
    assert!(psu.has_news(&page).await);
    let over = psu.get(&started.link).await;
    over.says("Timpul pentru aprobare s-a încheiat")
        .says("Nu mai aproba această plată.");
    app.tick().await;
    assert!(psu.has_news(&over).await);
    psu.get(&started.link).await.says("Timpul pentru plată a expirat");
    assert_eq!(shop.sees(&mut started).await.word, "ABND");
    assert_eq!(app.bank.approve_on_phone("ana"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_may_be_out_though_its_answer_was_lost() {
    let app = TestApp::start_with("[bank_calls]\nconnect_timeout_ms = 300\ntotal_timeout_ms = 900").await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    app.bank.fail_next(Operation::Authorise, Fault::DropAfterEffect);
    let page = psu.pay_at(&started.link, ANA_BRD).await;
    assert_eq!(page.heading(), TITLE, "{}", page.text());
    app.bank.approve_on_phone("ana").unwrap();
    app.let_pass(12, 2 * SECOND).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_takes_over_while_the_bank_waits() {
    let app = TestApp::start().await;
    let (desktop, phone) = (app.psu(), app.psu());
    let started = app.shop().start(json!({})).await;
    let page = desktop.pay_at(&started.link, ANA_MOBIL).await;
    let code = desktop.submit(&page.form("/payment-initiation/phone")).await;
    let question = phone.get(&code.part(".address").parse().unwrap()).await;
    let here = phone
        .follow(&phone.submit(&question.form("/payment-initiation/hand-over")).await)
        .await;
    asks_for_approval(&here, ANA_MOBIL);
    assert_eq!(
        desktop.get(&page.main_url("data-refresh-url")).await.heading(),
        "Ai continuat pe telefon"
    );
    assert!(desktop.has_news(&page).await, "the page that was open before leaves too");
    phone.give_up(&here).await.says("Ai renunțat la plată");
}
