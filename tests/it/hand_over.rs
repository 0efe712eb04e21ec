//! From the desktop to the phone: only from the browser that has the payment, once, within minutes, and only
//! when somebody presses the button there.

use crate::support::TestApp;
use crate::support::browser::{Browser, Page};
use crate::support::psu::{ANA, Psu};
use serde_json::json;
use std::time::Duration;
use url::Url;

const OFFER: &str = "/payment-initiation/phone";
const TAKE: &str = "/payment-initiation/hand-over";
const SECRETS: [&str; 6] = ["123,45", "Foișor", "Comanda", "RO66", "Partener shop", "CEC"];

/// Presses „Continuă pe telefon”; answers the page with the code.
async fn offer(psu: &Psu, page: &Page) -> Page {
    let page = psu.submit(&page.form(OFFER)).await;
    page.says("Scanează codul cu camera telefonului");
    page
}

fn address(code: &Page) -> Url {
    code.part(".address").parse().unwrap()
}

/// Opens the address and presses „Continuă aici”.
async fn take(phone: &Browser, address: &Url) -> Page {
    let question = phone.get(address).await;
    question.says("Continui plata aici?");
    phone.submit(&question.form(TAKE)).await
}

fn is_not_good(page: &Page) {
    assert_eq!((page.status, page.heading().as_str()), (404, "Codul nu mai este valabil"));
    tells_nothing(page);
}

fn tells_nothing(page: &Page) {
    for secret in SECRETS {
        assert!(!page.body.contains(secret), "{} tells {secret}", page.url.path());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_goes_on_and_the_desktop_says_so() {
    let app = TestApp::start().await;
    let (desktop, phone) = (app.psu(), app.psu());
    let mut started = app.shop().start(json!({})).await;
    let form = desktop.open(&started.link).await;
    let code = offer(&desktop, &form).await;
    assert!(code.has("svg.qr path.dark"));
    assert!(!desktop.has_news(&code).await);
    // A preview of the link, and looking twice, use nothing up and tell nothing.
    for _ in 0..2 {
        let preview = app.psu().get(&address(&code)).await;
        preview.says("Continuă numai dacă ai scanat chiar tu codul");
        tells_nothing(&preview);
        assert!(!preview.body.contains(&started.link.query().unwrap()[24..]), "not even the link");
    }
    assert!(!desktop.has_news(&code).await);
    let here = phone.follow(&take(&phone, &address(&code)).await).await;
    here.says("Verifică plata și alege banca").says("123,45 RON");

    // The desktop's page notices by itself, and none of its old pages does anything any more.
    assert!(desktop.has_news(&code).await);
    let moved = desktop.get(&code.main_url("data-refresh-url")).await;
    moved.says("Ai continuat pe telefon");
    tells_nothing(&moved);
    assert_eq!(desktop.get(&started.link).await.heading(), "Ai continuat pe telefon");
    let late = desktop.submit(&desktop.fill(&form, ANA)).await;
    assert_eq!(late.heading(), "Ai continuat pe telefon");
    assert!(app.bank.orders().is_empty());
    // Whoever never had it is told nothing of the kind.
    let stranger = app.psu().get(&started.link).await;
    assert_eq!(
        (stranger.status, stranger.heading().as_str()),
        (403, "Plata este deschisă în alt browser")
    );

    let to_bank = phone.follow(&phone.submit(&phone.fill(&here, ANA)).await).await;
    phone.come_back(&phone.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_way_to_the_bank_too() {
    let app = TestApp::start().await;
    let (desktop, phone) = (app.psu(), app.psu());
    let mut started = app.shop().start(json!({})).await;
    let to_bank = desktop.pay(&started.link, ANA).await;
    let code = offer(&desktop, &to_bank).await;
    let here = phone.follow(&take(&phone, &address(&code)).await).await;
    assert_eq!(here.link("a#go"), to_bank.link("a#go"), "the same order");
    let way_back = phone.approve(&here, ANA).await;
    // The desktop, which knows the address too, only learns that there is nothing here.
    assert_eq!(desktop.get(&way_back).await.heading(), "Te-ai întors de la bancă");
    phone.come_back(&way_back).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
    assert_eq!(app.bank.orders().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_for_five_minutes_and_only_the_last_one() {
    let app = TestApp::start().await;
    let desktop = app.psu();
    let started = app.shop().start(json!({})).await;
    let form = desktop.open(&started.link).await;
    let first = address(&offer(&desktop, &form).await);
    let second = address(&offer(&desktop, &form).await);
    is_not_good(&take(&app.psu(), &first).await);
    app.advance(Duration::from_secs(301));
    is_not_good(&take(&app.psu(), &second).await);
    let third = address(&offer(&desktop, &form).await);
    app.advance(Duration::from_secs(290));
    let (phone, late) = (app.psu(), app.psu());
    assert_eq!(take(&phone, &third).await.status, 303);
    is_not_good(&take(&late, &third).await);
    is_not_good(&take(&desktop, &third).await);
    phone.open(&started.link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_phones_at_once_are_one() {
    let app = TestApp::start().await;
    let desktop = app.psu();
    let started = app.shop().start(json!({})).await;
    let there = address(&offer(&desktop, &desktop.open(&started.link).await).await);
    let phones: Vec<Psu> = (0..20).map(|_| app.psu()).collect();
    let answers = futures_util::future::join_all(phones.iter().map(|phone| take(phone, &there))).await;
    let taken = answers.iter().filter(|answer| answer.status == 303).count();
    assert_eq!((taken, answers.iter().filter(|a| a.status == 404).count()), (1, 19));
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_keys_and_forms_take_nothing() {
    let app = TestApp::start().await;
    let (desktop, crook) = (app.psu(), app.psu());
    let started = app.shop().start(json!({})).await;
    let form = desktop.open(&started.link).await;
    let good = address(&offer(&desktop, &form).await);
    let id = started.tokens.payment;
    for query in [
        String::new(),
        "?".into(),
        format!("?payment={id}"),
        format!("?payment={id}&key="),
        "?payment=1&key=abc".into(),
        "?payment=%00&key=%ff".into(),
        format!("?payment={id}&key={}", "k".repeat(500)),
        format!("?payment={id}&key=a%0d%0ab"),
    ] {
        is_not_good(&crook.get(&app.public(&format!("{TAKE}{query}"))).await);
    }
    let forged = app.public(&format!("{TAKE}?payment={id}&key=0123456789abcdef0123456789abcdef0123456789a"));
    is_not_good(&take(&crook, &forged).await);
    // A good key in a form that is not one's own: another browser's token, none, or another site's page.
    let theirs = app.psu().get(&good).await.form(TAKE);
    let mut elsewhere = crook.get(&good).await.form(TAKE);
    elsewhere.page = "https://evil.example/".parse().unwrap();
    for stolen in [theirs.clone(), theirs.with("csrf", ""), elsewhere] {
        let again = crook.submit(&stolen).await;
        assert_eq!((again.status, again.heading().as_str()), (403, "Continui plata aici?"));
        tells_nothing(&again);
    }
    // Who has only the link, or the bound browser's form without its cookie, is offered nothing.
    let mut no_cookie = form.form(OFFER);
    no_cookie.action = app.public(OFFER);
    assert!([403, 404].contains(&crook.submit(&no_cookie).await.status));
    let unsigned = desktop.submit(&form.form(OFFER).with("csrf", "forged")).await;
    assert_eq!(unsigned.status, 303, "the payment's page again, and no code");
    desktop.open(&started.link).await;
    assert_eq!(take(&app.psu(), &good).await.status, 303, "all that used nothing up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_has_ended_goes_nowhere() {
    let app = TestApp::start().await;
    let desktop = app.psu();
    let started = app.shop().start(json!({})).await;
    let form = desktop.open(&started.link).await;
    desktop.give_up(&form).await.says("Ai renunțat la plată");
    let page = desktop.follow(&desktop.submit(&form.form(OFFER)).await).await;
    page.says("Ai renunțat la plată");
    assert!(!page.has(&format!("form[action='{OFFER}']")));
}
