//! „Alege contul din bancă”: the payer picks the account to pay from at the bank, and what was typed is kept.

use crate::account_access::STEFAN;
use crate::support::TestApp;
use crate::support::browser::{Form, Page};
use crate::support::partner::Started;
use crate::support::psu::{ANA, ANA_BRD, ANA_COD, ANA_MOBIL, ANA_PASI, At, ELENA, MIHAI_COD, Payer, Psu};
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{EndedBy, Fault, LedgerEvent, Operation};
use smartpay::store::consents;
use std::time::Duration;

const EMAIL: &str = "platitor@payer.example";

/// The form with something typed, sent by the button that leads to the accounts.
fn choose(page: &Page) -> Form {
    assert!(page.has("button[formaction]"), "{}", page.text());
    let form = page.form("/payment-initiation");
    Form {
        action: form.page.join("/payment-initiation/choose").unwrap(),
        ..form
    }
    .with("bank", "cec")
    .with("email", EMAIL)
    .with("terms", "yes")
}

/// Opens the link, goes to the accounts' bank and comes back with a consent; answers the list.
async fn list(psu: &Psu, started: &Started, payer: Payer) -> Page {
    let form = choose(&psu.open(&started.link).await);
    let go = psu.follow(&psu.submit(&form).await).await;
    go.says("Mergi la CEC Bank").says("Nu se plătește nimic acum");
    let back = psu.agree(&go, payer, |_| true).await;
    let list = psu.come_back(&back).await;
    list.says("Din ce cont plătești?");
    list
}

fn ended_at_bank(app: &TestApp) -> usize {
    let ended = |e: &&smartpay::sandbox::LedgerEntry| matches!(e.event, LedgerEvent::ConsentEnded { by: EndedBy::Tpp, .. });
    app.bank.ledger().iter().filter(ended).count()
}

/// What is kept for the page of the one payment of the story.
async fn kept_for_page(app: &TestApp) -> String {
    let newest = app.cx.db.read(|a| {
        let id = consents::newest(a, 1)?.into_iter().next();
        id.map(|id| consents::get(a, id)).transpose()
    });
    newest.await.unwrap().flatten().and_then(|c| c.page).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_picked_and_paid_from() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let mut started = app.shop().start(json!({})).await;
    let accounts = list(&psu, &started, ANA).await;
    accounts.says("RO30 CECE B000 30RO N000 1001").says("RON");
    assert!(kept_for_page(&app).await.contains("Cont curent"));
    let form = psu.follow(&psu.submit(&accounts.form("/payment-initiation/account")).await).await;
    form.says("Am completat contul ales la CEC Bank");
    assert!(!form.text().contains("s-ar putea să nu fie destui bani"));
    let filled = form.form("/payment-initiation");
    assert_eq!(filled.value("debtor_iban").replace(' ', ""), ANA.iban);
    assert_eq!((filled.value("bank"), filled.value("email")), ("cec", EMAIL));
    assert_eq!(filled.value("terms"), "yes");
    assert_eq!(ended_at_bank(&app), 1, "the access is closed at once");
    assert!(!kept_for_page(&app).await.contains("Cont curent"), "the list is forgotten");
    // Picking again, or the list again, leads to the form.
    let again = psu.submit(&accounts.form("/payment-initiation/account")).await;
    assert_eq!(again.status, 303);
    let to_bank = psu.follow(&psu.submit(&filled).await).await;
    let back = psu.approve(&to_bank, ANA).await;
    psu.come_back(&back).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert!(app.shop().sees(&mut started).await.is_successful);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_money_is_said_and_stops_nobody() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let accounts = list(&psu, &started, ELENA).await;
    accounts.says("4,37 RON");
    let form = psu.follow(&psu.submit(&accounts.form("/payment-initiation/account")).await).await;
    form.says("s-ar putea să nu fie destui bani în cont");
    let to_bank = psu.submit(&form.form("/payment-initiation")).await;
    psu.follow(&to_bank).await.says("Continuă la CEC Bank");
    // A bank that does not answer the question warns of nothing.
    let other = app.psu();
    let started = app.shop().start(json!({})).await;
    let accounts = list(&other, &started, ELENA).await;
    app.bank.fail_next(Operation::Funds, Fault::Status(500));
    let form = other
        .follow(&other.submit(&accounts.form("/payment-initiation/account")).await)
        .await;
    form.says("Am completat contul ales");
    assert!(!form.text().contains("s-ar putea"));
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Created);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_another_currency_is_shown_and_cannot_be_picked() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let accounts = list(&psu, &started, STEFAN).await;
    accounts
        .says("RO65 CECE B000 30EU R000 4002")
        .says("Contul este în altă monedă decât plata.");
    // What is not needed is not asked for.
    assert!(accounts.text().contains("250,00 RON") && !accounts.text().contains("900,00"));
    let form = accounts.form("/payment-initiation/account");
    for id in ["", "unknown", "RO65CECEB00030EUR0004002"] {
        let answer = psu.submit(&form.clone().with("account", id)).await;
        psu.follow(&answer).await.says("Din ce cont plătești?");
    }
    psu.follow(&psu.submit(&form).await).await.says("Am completat contul ales");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_or_a_failure_leads_back_to_the_form_as_it_was() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let form = choose(&psu.open(&started.link).await).with("debtor_iban", "RO30 CECE");
    let go = psu.follow(&psu.submit(&form).await).await;
    let back = psu.disagree(&go, ANA).await;
    let list = psu.follow(&psu.get(&back).await).await;
    let page = psu.follow(&list).await;
    page.says("Nu am primit lista conturilor de la CEC Bank");
    let kept = page.form("/payment-initiation");
    assert_eq!((kept.value("debtor_iban"), kept.value("email")), ("RO30 CECE", EMAIL));
    app.bank.fail_next(Operation::Consent, Fault::Status(503));
    let list = psu.follow(&psu.submit(&choose(&page)).await).await;
    psu.follow(&list).await.says("CEC Bank nu ne arată conturile acum");
    // The list itself fails.
    let go = psu.follow(&psu.submit(&choose(&page)).await).await;
    app.bank.fail_next(Operation::Accounts, Fault::Status(503));
    let back = psu.agree(&go, ANA, |_| true).await;
    let list = psu.follow(&psu.get(&back).await).await;
    psu.follow(&list).await.says("CEC Bank nu ne arată conturile acum");
    assert_eq!(ended_at_bank(&app), 1);
    // „Înapoi la plată”.
    let go = psu.follow(&psu.submit(&choose(&page)).await).await;
    let page = psu.follow(&psu.submit(&go.form("/payment-initiation/account/leave")).await).await;
    assert_eq!(page.form("/payment-initiation").value("email"), EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_without_the_list_is_not_asked() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let page = psu.open(&started.link).await;
    page.says("Alege contul din bancă");
    for bank in ["epp", "", "nobank"] {
        let answer = psu.submit(&choose(&page).with("bank", bank)).await;
        assert_eq!(answer.status, 422, "{bank}");
        assert!(answer.text().contains("Alege mai întâi una dintre băncile"), "{}", answer.text());
        assert_eq!(answer.form("/payment-initiation").value("email"), EMAIL);
    }
    let forged = psu.submit(&choose(&page).with("csrf", "x")).await;
    assert_eq!(forged.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browser_sees_no_account_and_brings_none() {
    let app = TestApp::start().await;
    let (thief, victim) = (app.psu(), app.psu());
    let started = app.shop().start(json!({})).await;
    let form = choose(&thief.open(&started.link).await);
    let at = thief.submit(&form).await;
    let go = thief.follow(&at).await;
    let back = victim.agree(&go, ANA, |_| true).await;
    victim.get(&back).await.says("Te-ai întors de la bancă");
    app.let_pass(3, Duration::from_secs(30)).await;
    // The thief sees the way to the bank, and no account.
    let still = thief.get(&at.leads_to()).await;
    still.says("Mergi la CEC Bank");
    let seen = victim.get(&at.leads_to()).await;
    assert_eq!((seen.status, seen.text().contains("CEC Bank")), (404, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_goes_on_with_is_closed() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    list(&psu, &started, ANA).await;
    app.let_pass(10, Duration::from_secs(600)).await;
    assert_eq!(ended_at_bank(&app), 1);
    // So many tries, and no more.
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let page = psu.open(&started.link).await;
    for _ in 0..10 {
        assert_eq!(psu.submit(&choose(&page)).await.status, 303);
    }
    assert_eq!(psu.submit(&choose(&page)).await.status, 422);
}

/// Opens the link and goes on to the accounts of one of the other banks; answers the page that follows.
async fn choose_at(psu: &Psu, started: &Started, at: At) -> Page {
    let form = choose(&psu.open(&started.link).await).with("bank", at.bank);
    // Without the user code the bank is not asked.
    if !at.user_code.is_empty() {
        let missing = psu.submit(&form).await;
        assert_eq!(missing.status, 422);
        assert_eq!(missing.form("/payment-initiation").value("email"), EMAIL);
    }
    psu.follow(&psu.submit(&form.with("user_code", at.user_code)).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_a_bank_that_asks_in_its_app() {
    for at in [ANA_BRD, ANA_MOBIL] {
        let app = TestApp::start().await;
        let psu = app.psu();
        let started = app.shop().start(json!({})).await;
        let page = choose_at(&psu, &started, at).await;
        page.says("Aprobă accesul în aplicația băncii").says("Înapoi la plată");
        app.let_pass(3, Duration::from_secs(2)).await;
        assert!(!psu.has_news(&page).await);
        app.bank.approve_on_phone("ana").unwrap();
        app.let_pass(5, Duration::from_secs(2)).await;
        assert!(psu.has_news(&page).await);
        let list = psu.get(&page.main_url("data-refresh-url")).await;
        list.says("Din ce cont plătești?");
        let form = psu.follow(&psu.submit(&list.form("/payment-initiation/account")).await).await;
        let filled = form.form("/payment-initiation");
        assert_eq!(filled.value("debtor_iban").replace(' ', ""), at.iban);
        assert_eq!((filled.value("bank"), filled.value("user_code")), (at.bank, ""));
        // Refused there, the form says so.
        choose_at(&psu, &started, at).await;
        app.bank.refuse_on_phone("ana").unwrap();
        app.let_pass(5, Duration::from_secs(2)).await;
        let back = psu.follow(&psu.get(&page.main_url("data-refresh-url")).await).await;
        back.says(&format!("Nu am primit lista conturilor de la {}", at.name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_a_bank_that_sends_codes() {
    let app = TestApp::start().await;
    let (psu, crook) = (app.psu(), app.psu());
    let started = app.shop().start(json!({})).await;
    let methods = choose_at(&psu, &started, MIHAI_COD).await;
    let form = methods.form("/payment-initiation/account/method");
    assert_eq!(psu.submit(&form).await.status, 422);
    let page = psu.follow(&psu.submit(&form.with("method", "sms")).await).await;
    page.says("Introdu codul primit de la bancă");
    let again = psu.follow(&psu.submit(&page.form("/account/resend")).await).await;
    again.says("Am cerut băncii alt cod.");
    let code = app.bank.codes_for("mihai").pop().unwrap();
    let entry = page.form("/account/code");
    assert_eq!(psu.submit(&entry.clone().with("code", "x y")).await.status, 422);
    assert_eq!(psu.submit(&entry.clone().with("csrf", "x").with("code", &code)).await.status, 303);
    assert!([403, 404].contains(&crook.submit(&entry.clone().with("code", &code)).await.status));
    let list = psu.follow(&psu.submit(&entry.with("code", &code)).await).await;
    list.says("Din ce cont plătești?");
    let form = psu.follow(&psu.submit(&list.form("/payment-initiation/account")).await).await;
    let picked = form.form("/payment-initiation").value("debtor_iban").replace(' ', "");
    assert_eq!(picked, MIHAI_COD.iban);
    // Five wrong codes lead back to the form.
    let started = app.shop().start(json!({})).await;
    let mut page = choose_at(&psu, &started, ANA_COD).await;
    for _ in 0..5 {
        page.says("Introdu codul primit de la bancă");
        let entry = page.form("/account/code").with("code", "99999");
        page = psu.follow(&psu.submit(&entry).await).await;
    }
    psu.follow(&page).await.says("Nu am primit lista conturilor de la Banca Cod (demo)");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_a_bank_that_names_its_page_only_when_asked_to_begin() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let page = choose_at(&psu, &started, ANA_PASI).await;
    page.says(&format!("Mergi la {}", ANA_PASI.name));
    let back = psu.agree(&page, ANA, |_| true).await;
    psu.come_back(&back).await.says("Din ce cont plătești?");
    // A user code that the bank does not know.
    let form = choose(&psu.open(&started.link).await).with("bank", ANA_COD.bank);
    let unknown = psu.submit(&form.with("user_code", "999999")).await;
    let page = psu.follow(&psu.follow(&unknown).await).await;
    page.says("nu a recunoscut codul de utilizator");
}
