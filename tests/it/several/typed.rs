//! What the payer has typed stays while the list is leafed through and changed, before anything is sent.

use super::{a_list_of, turn};
use crate::support::TestApp;
use crate::support::browser::{Form, Page};
use crate::support::partner::{a_list, with};
use crate::support::psu::{ANA, ANA_COD, ANA_LINK, At};
use serde_json::json;

/// What the payer has typed: bank, account, address.
fn typed(page: &Page) -> [String; 3] {
    let form = page.form("/payment-initiation");
    ["bank", "debtor_iban", "email"].map(|name| form.value(name).to_owned())
}

/// The form as it is when this button of the list is pressed.
fn press(page: &Page, css: &str, at: At, email: &str) -> Form {
    page.press(css)
        .with("bank", at.bank)
        .with("debtor_iban", at.iban)
        .with("email", email)
        .with("user_code", at.user_code)
        .with("terms", "yes")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stays_from_page_to_page_and_can_be_sent() {
    let app = TestApp::start().await;
    let (started, psu, page) = a_list_of(&app, 45).await;
    let email = "alta.adresa@payer.example";
    let what = [ANA_LINK.bank, ANA_LINK.iban, email].map(str::to_owned);
    let answer = psu.submit(&press(&page, ".pager .next button", ANA_LINK, email)).await;
    let address = answer.leads_to().to_string();
    assert!(!address.contains("RO03") && !address.contains("adresa"), "{address}");
    let second = psu.follow(&answer).await;
    second.says("Pagina 2 din 3");
    assert_eq!(typed(&second), what);
    assert!(second.has("#terms[checked]") && !second.has("[aria-invalid]"));
    let third = turn(&psu, &second, "next").await;
    third.says("Pagina 3 din 3");
    assert_eq!(typed(&third), what);
    // A payment of the list is changed, and the link is opened once more.
    let line = psu.follow(&psu.submit(&third.press("#line-45 button")).await).await;
    let list = psu.follow(&psu.submit(&line.form("/edit").with("amount", "9,99")).await).await;
    list.says("Pagina 3 din 3").says("9,99 RON");
    assert_eq!(typed(&list), what);
    assert_eq!(typed(&psu.get(&started.link).await), what);

    let id = started.tokens.payment;
    let payment = app.payment(id).await;
    assert!(payment.bank_code.is_none() && payment.debtor_iban.is_none() && payment.attempts == 0);
    let to_bank = psu.follow(&psu.submit(&list.form("/payment-initiation")).await).await;
    to_bank.says("Continuă la Banca Link (demo)");
    assert_eq!(app.payment(id).await.psu_email.as_deref(), Some(email));
    assert_eq!(psu.cookie("smartpay-typed"), None, "what was sent is not kept beside it");
    // Another bank is wanted: what was typed for the last one does not come back.
    let form = psu.another_bank(&to_bank).await;
    assert!(!form.has("input[name=bank][checked]"));
    assert_eq!(form.form("/payment-initiation").value("debtor_iban"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stays_half_typed_and_wrong_without_a_word() {
    let app = TestApp::start().await;
    let (_, psu, page) = a_list_of(&app, 25).await;
    let half = At {
        iban: "RO00 vreau",
        ..ANA_COD
    };
    let next = psu
        .follow(&psu.submit(&press(&page, ".pager .next button", half, "ana@")).await)
        .await;
    assert_eq!(typed(&next), ["demo-cod", "RO00 vreau", "ana@"].map(str::to_owned));
    assert!(
        !next.has("[aria-invalid]") && !next.has("#summary:not([hidden])"),
        "{}",
        next.text()
    );
    assert_eq!(next.form("/payment-initiation").value("user_code"), "", "which is kept nowhere");
    // Nor is more kept than anybody needs.
    let long = "x".repeat(4000);
    let back = psu
        .follow(&psu.submit(&press(&next, ".pager .previous button", half, &long)).await)
        .await;
    assert!(back.form("/payment-initiation").value("email").len() < 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_reads_it() {
    let app = TestApp::start().await;
    let (started, psu, page) = a_list_of(&app, 25).await;
    let nothing = typed_at_first(&page);
    let forged = press(&page, ".pager .next button", ANA_LINK, ANA.email).with("csrf", "x");
    assert_eq!(psu.submit(&forged).await.status, 403);
    assert_eq!(psu.cookie("smartpay-typed"), None);
    psu.submit(&press(&page, ".pager .next button", ANA_LINK, "alta@payer.example"))
        .await;
    let kept = psu.cookie("smartpay-typed").unwrap();
    assert!(!kept.contains("alta") && !kept.contains(ANA_LINK.iban));
    // Another browser with that cookie, at this payment and at its own; then this browser at another payment.
    let (_, other, own) = a_list_of(&app, 25).await;
    other.remember("smartpay-typed", &kept);
    assert!([403, 404].contains(&other.get(&started.link).await.status));
    assert_eq!(typed_at_first(&other.get(&own.url).await), nothing);
    let second = app.erp().start_with(&with(a_list(25), json!({ "psuEmail": ANA.email }))).await;
    assert_eq!(typed_at_first(&psu.get(&second.link).await), nothing);
    psu.remember("smartpay-typed", "rubbish");
    assert_eq!(typed_at_first(&psu.get(&started.link).await), nothing);
}

/// As [`typed`], of a form in which no bank is chosen.
fn typed_at_first(page: &Page) -> [String; 3] {
    assert!(!page.has("input[name=bank][checked]"), "{}", page.text());
    let form = page.form("/payment-initiation");
    ["debtor_iban", "user_code", "email"].map(|name| form.value(name).to_owned())
}
