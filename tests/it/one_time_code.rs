//! The payer enters the bank's one-time code on our page: right, wrong, malformed, late, another one.

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::psu::{ANA, ANA_COD, ANA_LINK, MIHAI_COD};
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, Operation, Word};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const TITLE: &str = "Introdu codul primit de la bancă";
const WRONG: &str = "Codul nu este corect.";

fn newest_code(app: &TestApp, who: &str) -> String {
    app.bank.codes_for(who).pop().unwrap()
}

/// A code that is not this one, of the same make.
fn another(code: &str) -> String {
    code.chars().map(|c| if c == '7' { '3' } else { '7' }).collect()
}

/// A wrong or malformed code: said at the top, at the field and in the title, and never shown again.
fn is_not_accepted(page: &Page, words: &str, code: &str) {
    assert_eq!(page.heading(), TITLE);
    assert!(page.part("title").starts_with("Eroare: "));
    assert!(
        page.part("#summary").contains(words) && page.part("#code-error").contains(words),
        "{words}"
    );
    assert!(
        code.trim().is_empty() || !page.body.contains(code.trim()),
        "the code is shown again"
    );
    assert!(!page.has("#code[value]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_code_pays() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let page = psu.pay_at(&started.link, ANA_COD).await;
    assert_eq!(page.heading(), TITLE, "{}", page.text());
    page.says("Banca Cod (demo) ți-a trimis un cod de unică folosință")
        .says("123,45 RON")
        .says("Parola sau PIN-ul băncii nu ți le cerem niciodată.");
    assert!(page.has("#code[autocomplete=one-time-code][inputmode=numeric]"));
    // Pasted with a space, as people read it.
    let code = newest_code(&app, "ana");
    let after = psu.enter_code(&page, &format!(" {} {}", &code[..3], &code[3..])).await;
    assert_ne!(after.heading(), TITLE);
    app.let_pass(10, 2 * SECOND).await;
    psu.get(&started.link).await.says("Plata a fost făcută");
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_code_costs_no_try_and_a_wrong_one_does() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let mut started = app.shop().start(json!({})).await;
    let page = psu.pay_at(&started.link, ANA_COD).await;
    for (typed, words) in [
        ("", "Introdu codul primit de la bancă."),
        ("  ", "Introdu codul primit de la bancă."),
        ("abcdef", "Codul are numai cifre."),
        ("123456789012", "Codul este prea lung."),
        ("12\u{200b}3456", "Codul are caractere care nu se văd."),
    ] {
        let answer = psu.enter_code(&page, typed).await;
        assert_eq!(answer.status, 422, "{typed:?}");
        is_not_accepted(&answer, words, typed);
    }
    assert_eq!(app.payment(started.tokens.payment).await.code_tries, 0);
    let code = newest_code(&app, "ana");
    let wrong = psu.enter_code(&page, &another(&code)).await;
    assert_eq!(wrong.status, 200);
    is_not_accepted(&wrong, WRONG, &another(&code));
    wrong.says("Mai ai 4 încercări.");
    assert!(psu.has_news(&page).await, "another tab shows it too");
    // The form of before works still, and the right code is right.
    psu.enter_code(&page, &code).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_end_the_attempt_and_not_the_payment() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let mut page = psu.pay_at(&started.link, ANA_COD).await;
    let wrong = another(&newest_code(&app, "ana"));
    for left in ["4 încercări", "3 încercări", "2 încercări", "o încercare"] {
        page = psu.enter_code(&page, &wrong).await;
        is_not_accepted(&page, WRONG, &wrong);
        page.says(&format!("Mai ai {left}."));
    }
    let end = psu.enter_code(&page, &wrong).await;
    end.says("Plata nu a fost făcută");
    assert_eq!(shop.sees(&mut started).await.payment, "attempt_refused");
    let form = psu.get(&end.link("a.primary")).await;
    let to_bank = psu.follow(&psu.submit(&psu.fill_at(&form, ANA_LINK)).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
    assert!(app.bank.orders().iter().filter(|o| o.status == Word::Acsc).count() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_code_replaces_the_first() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let mut started = app.shop().start(json!({})).await;
    let page = psu.pay_at(&started.link, ANA_COD).await;
    let first = newest_code(&app, "ana");
    let again = psu.follow(&psu.submit(&page.form("/payment-initiation/resend")).await).await;
    again.says("Am cerut băncii alt cod.");
    let codes = app.bank.codes_for("ana");
    assert_eq!(codes.len(), 2);
    if codes[1] != first {
        is_not_accepted(&psu.enter_code(&again, &first).await, WRONG, &first);
    }
    psu.enter_code(&again, &codes[1]).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_is_chosen_first_where_there_are_several() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let mut started = app.shop().start(json!({})).await;
    let page = psu.pay_at(&started.link, MIHAI_COD).await;
    assert_eq!(page.heading(), "Alege cum aprobi plata", "{}", page.text());
    page.says("Cod prin SMS").says("Cod prin e-mail");
    let form = page.form("/payment-initiation/method");
    for wrong in [form.clone(), form.clone().with("method", "pigeon")] {
        let answer = psu.submit(&wrong).await;
        assert_eq!(
            (answer.status, answer.part("#method-error").as_str()),
            (422, "Alege una dintre variante.")
        );
        assert!(answer.part("title").starts_with("Eroare: "));
    }
    assert!(app.bank.codes_for("mihai").is_empty());
    let code_page = psu.follow(&psu.submit(&form.with("method", "app")).await).await;
    assert_eq!(code_page.heading(), TITLE);
    assert!(code_page.has("#code[inputmode=text]"), "this bank's application gives letters too");
    assert!(psu.has_news(&page).await, "the page of before knows that the step changed");
    psu.enter_code(&code_page, &newest_code(&app, "mihai")).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_is_busy_checked_nothing() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let mut started = app.shop().start(json!({})).await;
    let page = psu.pay_at(&started.link, ANA_COD).await;
    let code = newest_code(&app, "ana");
    app.bank.fail_next(Operation::PutAuthorisation, Fault::Status(429));
    let again = psu.enter_code(&page, &code).await;
    assert_eq!(again.heading(), TITLE, "{}", again.text());
    again.says("nu a răspuns, așa că nu s-a schimbat nimic");
    assert_eq!(app.payment(started.tokens.payment).await.code_tries, 0);
    psu.enter_code(&again, &code).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_whose_answer_is_lost_is_not_asked_for_again() {
    let app = TestApp::start_with("[bank_calls]\nconnect_timeout_ms = 300\ntotal_timeout_ms = 900").await;
    let psu = app.psu();
    let mut started = app.shop().start(json!({})).await;
    let page = psu.pay_at(&started.link, ANA_COD).await;
    app.bank.fail_next(Operation::PutAuthorisation, Fault::DropAfterEffect);
    let doubt = psu.enter_code(&page, &newest_code(&app, "ana")).await;
    doubt.says("Încă verificăm plata").says("Nu plăti din nou");
    app.let_pass(12, 2 * SECOND).await;
    psu.get(&started.link).await.says("Plata a fost făcută");
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn double_clicks_and_forged_forms_cost_no_try() {
    let app = TestApp::start().await;
    let (psu, crook) = (app.psu(), app.psu());
    let mut started = app.shop().start(json!({})).await;
    let page = psu.pay_at(&started.link, ANA_COD).await;
    let code = newest_code(&app, "ana");
    let form = page.form("/payment-initiation/code").with("code", &another(&code));
    let mut elsewhere = form.clone();
    elsewhere.page = "https://evil.example/".parse().unwrap();
    for forged in [form.clone().with("csrf", ""), form.clone().with("csrf", "x"), elsewhere] {
        assert_eq!(psu.submit(&forged).await.status, 303);
    }
    assert!([403, 404].contains(&crook.submit(&form).await.status));
    for action in ["resend", "method"] {
        let mut stray = form.clone();
        stray.action = app.public(&format!("payment-initiation/{action}"));
        assert!([403, 404].contains(&crook.submit(&stray).await.status));
    }
    assert_eq!(app.payment(started.tokens.payment).await.code_tries, 0);
    assert_eq!(app.bank.codes_for("ana").len(), 1);
    let right = form.with("code", &code);
    for answer in futures_util::future::join_all((0..10).map(|_| psu.submit(&right))).await {
        assert_eq!(answer.status, 303);
    }
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
    // Nothing of it is there any more, for any of the forms.
    psu.enter_code(&page, &code).await.says("Plata a fost făcută");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_bank_and_giving_up() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let page = psu.pay_at(&started.link, ANA_COD).await;
    let form = psu.another_bank(&page).await;
    form.says("Plata a fost retrasă de la Banca Cod (demo)");
    let page = psu.follow(&psu.submit(&psu.fill_at(&form, MIHAI_COD)).await).await;
    psu.give_up(&page).await.says("Ai renunțat la plată");
    assert_eq!(shop.sees(&mut started).await.word, "ABND");
    assert_eq!(app.payment(started.tokens.payment).await.status, Status::Abandoned);
    assert!(app.bank.orders().iter().all(|o| o.status == Word::Canc));
}
