//! „Plătește” with wrong fields: the page comes back in its language, with what is wrong beside the field
//! and in the summary, with what was typed, and nothing has changed.

use super::form::{Look, Raw, filled_in, texts, without};
use super::{Snapshot, UNLIMITED};
use crate::support::TestApp;
use crate::support::browser::Form;
use crate::support::psu::ANA;
use serde_json::json;
use std::time::Duration;

/// A message in Romanian and in English.
type Said = (&'static str, &'static str);

const REQUIRED: Said = ("Câmp obligatoriu", "Required field");
const NAME_LONG: Said = ("Scrie cel mult 70 de caractere.", "Write at most 70 characters.");
const DETAILS_LONG: Said = ("Scrie cel mult 140 de caractere.", "Write at most 140 characters.");
const EMAIL_LONG: Said = ("Scrie cel mult 254 de caractere.", "Write at most 254 characters.");
const INVISIBLE: Said = (
    "Scrie textul pe un singur rând, fără caractere speciale invizibile.",
    "Write the text on one line, without invisible special characters.",
);
const NOT_FOR_BANKS: Said = (
    "Folosește litere și cifre; banca nu poate primi acest text.",
    "Use letters and digits; the bank cannot receive this text.",
);
const IBAN: Said = (
    "IBAN-ul nu este corect. Verifică fiecare cifră și literă.",
    "This IBAN is not correct. Check every digit and letter.",
);
const TWO_SHORT: Said = ("Lipsesc 2 caractere din IBAN.", "2 characters of the IBAN are missing.");
const ONE_LONG: Said = ("IBAN-ul are un caracter în plus.", "The IBAN has one character too many.");
const SAME: Said = (
    "IBAN-ul tău este același cu al beneficiarului. Scrie contul din care plătești.",
    "Your IBAN is the same as the payee’s. Enter the account you pay from.",
);
const NUMBER: Said = (
    "Scrie suma numai cu cifre, de exemplu 1234,56.",
    "Write the amount in digits only, for example 1234.56.",
);
const DECIMALS: Said = (
    "Suma poate avea cel mult două zecimale.",
    "The amount can have at most two decimals.",
);
const ZERO: Said = ("Suma trebuie să fie mai mare decât zero.", "The amount must be greater than zero.");
const LARGE: Said = ("Suma este prea mare.", "The amount is too large.");
const TWO_WAYS: Said = (
    "Suma se poate citi în două feluri. Scrie-o cu două zecimale, de exemplu 1234,00.",
    "The amount can be read in two ways. Write it with two decimals, for example 1234.00.",
);
const EMAIL: Said = (
    "Adresa de e-mail nu este corectă, de exemplu nume@exemplu.ro.",
    "This e-mail address is not correct, for example name@example.com.",
);
const NO_BANK: Said = ("Alege o bancă din listă.", "Choose a bank from the list.");
const INACTIVE: Said = (
    "Banca aleasă nu este disponibilă acum. Alege altă bancă.",
    "The chosen bank is not available right now. Choose another bank.",
);
const TERMS: Said = (
    "Bifează că ai citit și accepți termenii și condițiile.",
    "Tick that you have read and accept the terms and conditions.",
);

const SCRIPT: &str = "\"><script>alert(1)</script>";

/// A field, what is posted (`None`: the field is missing), and what is said.
type Row = (&'static str, Option<String>, Said);

fn rows_of(field: &'static str, said: Said, values: &[&str]) -> Vec<Row> {
    values.iter().map(|v| (field, Some((*v).to_owned()), said)).collect()
}

fn missing(field: &'static str, said: Said) -> Vec<Row> {
    let mut rows = rows_of(field, said, &["", " \t "]);
    rows.push((field, None, said));
    rows
}

/// Fields of the payer, which every partner's page has.
fn payers() -> Vec<Row> {
    let long = "x".repeat(10_000);
    let wrong_ibans = [
        "RO31CECEB00030RON0001001",
        "1001",
        SCRIPT,
        "RO30CECEB00030RON0001001\u{202e}",
        "RO30CECEB00030RON0001001\0",
        &long,
    ];
    let wrong_emails = [
        "ana",
        "ana@",
        "@payer.example",
        "ana@localhost",
        "ana popescu@payer.example",
        "ana@payer.example\r\nBcc: x@evil.example",
        "ana@payer.example\0",
        "ana\u{202e}@payer.example",
        "\"><script>@payer.example",
    ];
    let long_email = format!("{}@payer.example", "x".repeat(241));
    let mut rows = missing("bank", REQUIRED);
    rows.extend(rows_of("bank", NO_BANK, &["nicio-banca", "CEC", "0", SCRIPT, "cec\0", &long]));
    rows.extend(rows_of("bank", INACTIVE, &["bt"]));
    rows.extend(missing("debtor_iban", REQUIRED));
    rows.extend(rows_of("debtor_iban", IBAN, &wrong_ibans));
    rows.extend(rows_of("debtor_iban", TWO_SHORT, &["RO30CECEB00030RON00010"]));
    rows.extend(rows_of("debtor_iban", ONE_LONG, &["RO30 CECE B000 30RO N000 1001 1"]));
    rows.extend(rows_of("debtor_iban", SAME, &["ro66 bacx 0000 0012 3456 7890"]));
    rows.extend(missing("email", REQUIRED));
    rows.extend(rows_of("email", EMAIL, &wrong_emails));
    rows.extend(rows_of("email", EMAIL_LONG, &[&long_email, &long]));
    rows.extend(missing("terms", TERMS));
    rows
}

/// Fields of the order, which a Finance partner lets the payer change.
fn orders() -> Vec<Row> {
    let invisible = [
        "rând\r\nrând",
        "rând\nrând",
        "nul\0nul",
        "clopot\u{7}",
        "invers\u{202e}at",
        "ascuns\u{200b}aici",
    ];
    let mut rows = Vec::new();
    for (field, most, said) in [("creditor_name", 70, NAME_LONG), ("details", 140, DETAILS_LONG)] {
        rows.extend(missing(field, REQUIRED));
        rows.extend(rows_of(field, said, &[&"ș".repeat(most + 1), &"x".repeat(10_000)]));
        rows.extend(rows_of(field, INVISIBLE, &invisible));
        rows.extend(rows_of(field, NOT_FOR_BANKS, &["***", "{{}}"]));
    }
    rows.extend(missing("creditor_iban", REQUIRED));
    rows.extend(rows_of(
        "creditor_iban",
        IBAN,
        &["RO67BACX0000001234567890", SCRIPT, &"RO66".repeat(1000)],
    ));
    rows.extend(missing("amount", REQUIRED));
    rows.extend(rows_of("amount", TWO_WAYS, &["1.234", "1,234", "0,001"]));
    let no_numbers = [
        "-1",
        "+1",
        "1e3",
        "abc",
        "12 lei",
        "٥",
        "1,,5",
        "1.",
        ",5",
        "0x10",
        "NaN",
        "1.2.3",
        SCRIPT,
        "1\u{202e}2",
        "1\u{0}2",
    ];
    rows.extend(rows_of("amount", NUMBER, &no_numbers));
    rows.extend(rows_of("amount", DECIMALS, &["1,2345", "0.0001", "1.234,567"]));
    rows.extend(rows_of("amount", ZERO, &["0", "0,00", "000"]));
    rows.extend(rows_of("amount", LARGE, &["1000000000", "1.000.000.000,00", &"9".repeat(10_000)]));
    rows
}

/// As an HTML parser reads back what was posted.
fn as_parsed(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\0', "\u{fffd}")
}

fn posted<'a>(form: &'a Form, name: &str) -> &'a str {
    form.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

/// Insists that the page keeps what was typed, escaped.
fn keeps_the_rest(row: &str, look: &Look, sent: &Form, fields: &[&str]) {
    for field in fields {
        let kept = look
            .attribute(&format!("input#{field}"), "value")
            .unwrap_or_else(|| panic!("{row}: no field {field}"));
        assert_eq!(kept, as_parsed(posted(sent, field)), "{row}: {field}");
    }
    let chosen = look.attribute("input[name=bank][checked]", "value").unwrap_or_default();
    let bank = posted(sent, "bank").trim();
    if bank == "cec" {
        assert_eq!(chosen, "cec", "{row}");
    } else if !bank.is_empty() {
        assert_eq!(chosen, "", "{row}: a bank that was not posted");
    }
    let ticked = look.attribute("input#terms", "checked").is_some();
    assert_eq!(ticked, !posted(sent, "terms").is_empty(), "{row}: the terms");
    assert!(
        look.texts("script").concat().is_empty(),
        "{row}: hostile text became part of the page"
    );
}

/// Insists on the page that says what is wrong with one field.
fn says_what_is_wrong(row: &str, look: &Look, language: &str, field: &str, said: &str) {
    assert_eq!(look.attribute("html", "lang").as_deref(), Some(language), "{row}");
    let beside = look.texts(".problem:not([hidden])");
    assert_eq!(beside, [said], "{row}");
    assert_eq!(look.texts(&format!("#{field}-error")), [said], "{row}");
    let summary = look.texts("#summary:not([hidden]) a");
    assert!(
        summary.len() == 1 && summary[0].ends_with(&format!(": {said}")),
        "{row}: {summary:?}"
    );
    let anchor = look.attribute("#summary a", "href").unwrap();
    assert!(
        look.attribute(&format!("input{anchor}"), "name").is_some(),
        "{row}: the summary leads nowhere"
    );
    let prefix = if language == "ro" { "Eroare: " } else { "Error: " };
    assert!(look.texts("title")[0].starts_with(prefix), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_the_form() {
    let app = TestApp::start_with(UNLIMITED).await;
    let order_fields = ["creditor_name", "creditor_iban", "amount", "details", "debtor_iban", "email"];
    let payer_fields = ["debtor_iban", "email"];
    let mut all = payers();
    all.extend(orders());
    for (partner, rows, fields) in [(app.shop(), payers(), &payer_fields[..]), (app.erp(), all, &order_fields[..])] {
        let psu = app.psu();
        let (started, good) = filled_in(&psu, &partner).await;
        let raw = Raw::like(&app, &psu);
        let before = Snapshot::of(&app);
        for (field, value, said) in rows {
            for (language, said) in [("ro", said.0), ("en", said.1)] {
                let form = without(good.clone(), field).with("lang", language);
                let form = match &value {
                    Some(value) => form.with(field, value),
                    None => form,
                };
                let value: String = value.iter().flat_map(|v| v.chars()).take(40).collect();
                let row = format!("{} {field}: {value:?} ({language})", partner.client_id);
                let page = raw.submit(&form).await;
                assert_eq!(page.status, 422, "{row}: {}", page.text());
                let look = Look::at(&page);
                says_what_is_wrong(&row, &look, language, field, said);
                keeps_the_rest(&row, &look, &form, fields);
            }
            before.is_still(&app, field);
        }
        assert_eq!(
            app.history(started.tokens.payment).await.len(),
            1,
            "only the order itself is in the history"
        );
        // All of that did not spoil the page.
        let page = psu.follow(&psu.submit(&good).await).await;
        page.says("Continuă la CEC Bank");
        psu.give_up(&page).await;
        app.let_pass(2, Duration::from_secs(60)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_at_once() {
    let app = TestApp::start_with(UNLIMITED).await;
    let psu = app.psu();
    let (_, form) = filled_in(&psu, &app.erp()).await;
    let before = Snapshot::of(&app);
    let fields = ["creditor_name", "creditor_iban", "amount", "details", "debtor_iban", "email"];
    let mut hostile = without(without(form.clone(), "bank"), "terms");
    for field in fields {
        hostile = hostile.with(field, "' onfocus=alert(1) x='\"><script>alert(1)</script>&amp;<!--");
    }
    let page = Raw::like(&app, &psu).submit(&hostile).await;
    assert_eq!(page.status, 422);
    let wrong = ["amount", "creditor_iban", "debtor_iban", "email", "bank", "terms"];
    assert_eq!(texts(&page, "#summary-list li").len(), wrong.len());
    for field in wrong {
        assert!(!texts(&page, &format!("#{field}-error:not([hidden])")).is_empty(), "{field}");
    }
    keeps_the_rest("hostile", &Look::at(&page), &hostile, &fields);
    let nothing = Form {
        fields: form
            .fields
            .iter()
            .filter(|(n, _)| ["csrf", "payment", "state"].contains(&n.as_str()))
            .cloned()
            .collect(),
        ..form
    };
    let page = Raw::like(&app, &psu).submit(&nothing).await;
    assert_eq!((page.status, texts(&page, "#summary-list li").len()), (422, 8), "{}", page.text());
    before.is_still(&app, "everything wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_reach_the_bank_as_they_were_typed() {
    let app = TestApp::start_with(UNLIMITED).await;
    for (typed, minor) in [
        ("5", 500),
        ("5,1", 510),
        ("5.10", 510),
        ("0,29", 29),
        ("1,234.56", 123_456),
        ("1.234,56", 123_456),
        ("1\u{a0}234,56", 123_456),
        ("1.000.000", 100_000_000),
        ("1234567,89", 123_456_789),
        (" 19,99 ", 1_999),
    ] {
        let psu = app.psu();
        let (started, form) = filled_in(&psu, &app.erp()).await;
        let page = psu.submit(&form.with("amount", typed).with("user_code", &"x".repeat(5000))).await;
        assert_eq!(page.status, 303, "{typed}: {}", page.text());
        let order = app.bank.orders().pop().unwrap();
        assert_eq!(order.received.money.minor, minor, "{typed}");
        let exact = format!("{}.{:02}", minor / 100, minor % 100);
        assert_eq!(
            app.erp().status(&started.tokens).await.good().json["amount"],
            json!(exact),
            "{typed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_payers_to_change_is_not_changed_and_is_recorded() {
    let app = TestApp::start_with(UNLIMITED).await;
    let (psu, shop) = (app.psu(), app.shop());
    let (started, form) = filled_in(&psu, &shop).await;
    let tampered = form
        .with("creditor_name", "Hoțul SRL")
        .with("creditor_iban", "RO49AAAA1B31007593840000")
        .with("amount", "0,01")
        .with("details", "altceva");
    assert_eq!(psu.submit(&tampered).await.status, 303);
    let [order] = app.bank.orders().try_into().unwrap();
    assert_eq!(order.received.money.minor, 12_345);
    assert_eq!(order.received.creditor_iban.electronic(), "RO66BACX0000001234567890");
    assert_eq!(order.received.creditor_name, "Foisor Atelier SRL");
    let payment = app.payment(started.tokens.payment).await;
    let kept = &payment.instructions[0];
    assert_eq!(
        (kept.amount.minor, kept.details.as_str()),
        (12_345, "Comanda 4711: o cană și două linguri")
    );
    assert_eq!(payment.debtor_iban.as_ref().map(|i| i.electronic()), Some(ANA.iban));
    let history = app.history(started.tokens.payment).await;
    let notes: Vec<_> = history
        .iter()
        .filter(|e| e.event == "tampering")
        .filter_map(|e| e.detail.as_deref())
        .collect();
    assert_eq!(notes, ["CreditorName", "CreditorIban", "Amount", "Details"]);
}
