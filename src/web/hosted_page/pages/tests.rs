//! Every page in both languages: what it says, that it escapes, that labels and references hold.

mod list;
mod steps;
mod time;

use super::*;
use crate::partner::profile::{Field, PartnerKind};
use crate::payment::Currency;
use crate::payment::limits::Figure;
use crate::web::assets;
use crate::web::hosted_page::form::{self, BankChoice, FieldError, FormInput, KnownOrder};
use scraper::{ElementRef, Html, Selector};
use std::collections::HashSet;
use time::{more, some_minutes};

const HOSTILE: &str = "<script>alert(1)</script>\"'&";
const IBAN: &str = "RO49AAAA1B31007593840000";

fn shell(language: Language) -> Shell {
    let operator = Operator {
        name: "Plăți Sigure S.A.".into(),
        licence: Some("Registrul BNR".into()),
        contact: "ajutor@platisigure.example".into(),
    };
    let mut shell = Shell::new(language, operator, "/terms".into());
    shell.partner = Some(PartnerBrand {
        name: HOSTILE.into(),
        logo_url: Some("/logo/1".into()),
        dark_logo_url: Some("/logo/1-dark".into()),
        css_url: Some("/brand/1.css".into()),
        button: ButtonText::default(),
    });
    shell.other_language_url = Some("/payment-initiation?payment=1&lang=en".into());
    shell.reference = Some("1234567890123456".into());
    shell
}

fn post() -> PostForm {
    PostForm {
        action: "/payment-initiation".into(),
        csrf: "csrf-token".into(),
        payment: "1234567890123456".into(),
        state: "link-secret".into(),
    }
}

fn amount() -> Amount {
    Amount::from_minor(123_456, Currency::Ron).unwrap()
}

fn order(language: Language) -> OrderView {
    OrderView::new(language, HOSTILE, &Iban::parse(IBAN).unwrap(), amount(), "Cărți și țigle")
}

fn known() -> KnownOrder {
    KnownOrder {
        currency: Currency::Ron,
        creditor_name: Some(HOSTILE.into()),
        creditor_iban: Iban::parse(IBAN).ok(),
        amount: Some(amount()),
        details: Some("Cărți și țigle".into()),
        bank: None,
        debtor_iban: None,
        email: Some("ana@exemplu.ro".into()),
        terms_accepted: false,
        several: None,
    }
}

fn banks() -> Vec<BankChoice> {
    let bank = |code: &str, name: &str, active, iban_code: &str| BankChoice {
        code: code.into(),
        name: name.into(),
        active,
        iban_codes: vec![iban_code.into()],
        needs_user_code: code == "brd",
        psu_id: None,
        cannot: None,
        off: None,
        silent: code == "evil",
    };
    vec![
        bank("closed", "Vista Bank", false, "EGNA"),
        bank("evil", HOSTILE, true, "EVIL"),
        bank("unicredit", "UniCredit Bank", true, "BACX"),
        bank("brd", "BRD", true, "BRDE"),
    ]
}

fn form(language: Language, kind: PartnerKind, answered: Option<Answered<'_>>) -> PaymentForm {
    PaymentForm::new(shell(language), post(), "/cancel".into(), kind, &known(), &banks(), answered).with_time(some_minutes(language))
}

fn ended(language: Language, outcome: Outcome) -> Result {
    Result {
        shell: shell(language),
        outcome,
        order: Some(order(language)),
        bank: Some(HOSTILE.into()),
        debtor_iban: Some("RO66 •••• 7890".into()),
        corrected: false,
        finished_at: Some("21.11.2026, 10:42".into()),
        mail_to: Some(mask_email("ana@exemplu.ro")),
        return_url: Some("https://shop.example/?a=1&b=2".into()),
        refused: None,
        parts: None,
        receipt: None,
        try_again: None,
    }
}

fn at(language: Language) -> AtBank {
    AtBank {
        bank: HOSTILE.into(),
        order: order(language),
        status_url: "/status?a=1&b=2".into(),
        refresh_url: "/payment-initiation".into(),
        until: "12:34".into(),
        seconds_left: 1500,
        more: Some(more(language, "more-time-form")),
        said: None,
        leave: PostForm {
            action: "/payment-initiation/withdraw".into(),
            ..post()
        },
        to_phone: Some(post()),
        notice: None,
    }
}

fn waiting(language: Language, waiting_for: WaitingFor) -> Waiting {
    Waiting {
        shell: shell(language),
        waiting_for,
        at: at(language),
        return_url: Some("https://shop.example/".into()),
    }
}

const OUTCOMES: [Outcome; 13] = [
    Outcome::Settled,
    Outcome::PartlySettled,
    Outcome::Rejected(Refusal::NotApproved),
    Outcome::Rejected(Refusal::ByBank),
    Outcome::Rejected(Refusal::Unknown),
    Outcome::Cancelled(Refusal::Unknown),
    Outcome::Cancelled(Refusal::NotApproved),
    Outcome::Cancelled(Refusal::Withdrawn),
    Outcome::Cancelled(Refusal::NotExecuted),
    Outcome::GivenUp,
    Outcome::Expired,
    Outcome::Blocked(None),
    Outcome::Blocked(Some(Figure::MaximumAmount)),
];

const NOTICES: [NoticeKind; 6] = [
    NoticeKind::ReturnedElsewhere,
    NoticeKind::OtherBrowser,
    NoticeKind::MovedOn,
    NoticeKind::HandOverUsed,
    NoticeKind::Expired,
    NoticeKind::NotFound,
];

/// Every page of a language, rendered.
fn pages(language: Language) -> Vec<(String, String)> {
    let input = FormInput {
        details: HOSTILE.into(),
        email: HOSTILE.into(),
        amount: "1.234".into(),
        ..FormInput::default()
    };
    let wrong = |kind| form::validate(&input, &known(), kind, &banks()).outcome.unwrap_err();
    let bank_url = url::Url::parse("https://login.bank.example/a?x=1&y=%22").unwrap();
    let mut pages: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, page: askama::Result<String>| pages.push((name.to_owned(), page.unwrap()));
    for kind in [PartnerKind::Ecommerce, PartnerKind::Finance] {
        add("form", form(language, kind, None).render());
        let errors = wrong(kind);
        let answered = Answered {
            input: &input,
            errors: &errors,
        };
        add("form with errors", form(language, kind, Some(answered)).render());
    }
    let notice = FormNotice::BankDeclined { bank: HOSTILE.into() };
    add(
        "form with notice",
        form(language, PartnerKind::Ecommerce, None).with_notice(&notice).render(),
    );
    for why in [GoWhy::Fresh, GoWhy::StillWaits, GoWhy::Returned, GoWhy::NotWithdrawn] {
        add("go to bank", GoToBank::new(shell(language), at(language), why, &bank_url).render());
    }
    for waiting_for in [WaitingFor::Sending, WaitingFor::Settlement] {
        add("waiting", waiting(language, waiting_for).render());
    }
    for (name, page) in steps::pages(language).into_iter().chain(list::pages(language)) {
        add(name, Ok(page));
    }
    for outcome in OUTCOMES {
        add("result", ended(language, outcome).render());
    }
    for kind in NOTICES {
        add("notice", Notice::new(shell(language), kind).render());
    }
    let refresh_url = "/payment-initiation?a=1&b=2".to_owned();
    let busy = Busy {
        shell: shell(language),
        refresh_url,
    };
    add("busy", busy.render());
    add("terms", Terms { shell: shell(language) }.render());
    let error = ErrorPage {
        shell: shell(language),
        title: HOSTILE.into(),
        message: HOSTILE.into(),
        error_reference: "r-1".into(),
    };
    add("error", error.render());
    pages
}

fn select<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(page: &Html, selector: &str) -> String {
    let all: Vec<String> = select(page, selector).iter().map(|e| e.text().collect::<String>()).collect();
    all.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn parsed(page: &impl Template) -> Html {
    Html::parse_document(&page.render().unwrap())
}

#[test]
fn every_page_is_whole_escaped_and_needs_nothing_inline() {
    for language in Language::ALL {
        for (name, html) in pages(language) {
            assert!(!html.contains("<script>"), "{name}");
            let page = Html::parse_document(&html);
            assert!(!text(&page, "html").contains('{'), "{name}: a name is not filled in");
            assert_eq!(select(&page, "html")[0].attr("lang"), Some(language.as_str()));
            for (selector, count) in [
                ("h1", 1),
                ("main", 1),
                ("header.top", 1),
                ("footer", 1),
                ("a.skip", 1),
                ("title", 1),
            ] {
                assert_eq!(select(&page, selector).len(), count, "{name} {selector}");
            }
            assert!(
                select(&page, "style, [style], script:not([src]), [onclick], iframe").is_empty(),
                "{name}"
            );
            assert!(text(&page, "footer").contains("Plăți Sigure S.A."), "{name}");
            assert!(!text(&page, "title").is_empty() && !text(&page, "h1").is_empty());
            let requests = select(&page, "link[rel=stylesheet], script, img").len();
            assert!(requests <= 4, "{name}: {requests} requests beside the page");
        }
    }
}

#[test]
fn every_label_and_reference_meets_its_element() {
    for language in Language::ALL {
        for (name, html) in pages(language) {
            let page = Html::parse_document(&html);
            let ids: Vec<&str> = select(&page, "[id]").iter().filter_map(|e| e.attr("id")).collect();
            let unique: HashSet<&str> = ids.iter().copied().collect();
            assert_eq!(ids.len(), unique.len(), "{name}: an id twice");
            for attribute in ["for", "aria-describedby", "aria-labelledby"] {
                for element in select(&page, &format!("[{attribute}]")) {
                    for id in element.attr(attribute).unwrap().split_whitespace() {
                        assert!(unique.contains(id), "{name}: {attribute}={id}");
                    }
                }
            }
            for link in select(&page, "a[href^='#']") {
                assert!(unique.contains(&link.attr("href").unwrap()[1..]), "{name}");
            }
            for field in select(&page, "input:not([type=hidden])") {
                let label = format!("label[for='{}']", field.attr("id").unwrap());
                assert_eq!(select(&page, &label).len(), 1, "{name}: {label}");
            }
            for form in select(&page, "form") {
                let hidden = Selector::parse("input[type=hidden]").unwrap();
                let names: Vec<&str> = form.select(&hidden).filter_map(|e| e.attr("name")).collect();
                let secret = if name == "take over" { "key" } else { "state" };
                assert_eq!(names[..4], ["csrf", "payment", secret, "lang"], "{name}");
                // What a list's forms say of what was seen.
                assert!(names[4..].iter().all(|n| ["line", "shown"].contains(n)), "{name}: {names:?}");
            }
        }
    }
}

#[test]
fn a_shop_shows_the_order_and_asks_only_for_the_payers_side() {
    let page = parsed(&form(Language::Ro, PartnerKind::Ecommerce, None));
    assert_eq!(text(&page, ".amount"), "Suma de plată: 1.234,56 RON");
    assert!(text(&page, ".order").contains("RO49 AAAA 1B31 0075 9384 0000"));
    assert!(text(&page, ".order").contains("Banca va primi: Carti si tigle"));
    for id in ["creditor_name", "creditor_iban", "amount", "details"] {
        assert!(select(&page, &format!("[name={id}]")).is_empty(), "{id}");
    }
    assert_eq!(text(&page, "#pay"), "Plătește 1.234,56 RON");
    assert_eq!(text(&page, ".give-up button"), "Renunță");
    assert!(select(&page, "button[disabled], [name=terms][checked], [name=bank][checked]").is_empty());
    assert_eq!(select(&page, "[name=bank][disabled]").len(), 1);
    assert!(text(&page, "#bank-list").contains("indisponibilă momentan"));
    assert_eq!(select(&page, "#email")[0].attr("autocomplete"), Some("email"));
    assert_eq!(select(&page, "#debtor_iban")[0].attr("autocomplete"), Some("off"));
    let english = parsed(&form(Language::En, PartnerKind::Ecommerce, None));
    assert_eq!(text(&english, "#pay"), "Pay 1,234.56 RON");
}

#[test]
fn a_finance_order_can_be_edited_and_is_read_back_as_shown() {
    for language in Language::ALL {
        let page = parsed(&form(language, PartnerKind::Finance, None));
        let value = |id: &str| select(&page, &format!("#{id}"))[0].attr("value").unwrap().to_owned();
        assert_eq!(Amount::parse_typed(&value("amount"), Currency::Ron), Ok(amount()));
        assert_eq!(value("creditor_name"), HOSTILE);
        assert_eq!(value("details"), "Cărți și țigle");
        assert_eq!(text(&page, "#pay"), Texts::of(language).pay);
    }
}

#[test]
fn errors_are_said_at_the_top_and_at_the_field_in_the_same_words() {
    let input = FormInput {
        debtor_iban: "RO66BACX0000001234567890".into(),
        email: "ana".into(),
        ..FormInput::default()
    };
    let errors = form::validate(&input, &known(), PartnerKind::Ecommerce, &banks())
        .outcome
        .unwrap_err();
    assert_eq!(errors[0], (Field::Bank, FieldError::Required));
    let page = parsed(&form(
        Language::Ro,
        PartnerKind::Ecommerce,
        Some(Answered {
            input: &input,
            errors: &errors,
        }),
    ));
    assert!(text(&page, "title").starts_with("Eroare: "));
    let lines = select(&page, "#summary-list a");
    assert_eq!(lines.len(), errors.len());
    assert_eq!(lines[0].attr("href"), Some("#bank-1"), "the first bank that can be chosen");
    for (id, error) in [
        ("bank", FieldError::Required),
        ("email", FieldError::InvalidEmail),
        ("terms", FieldError::TermsNotAccepted),
    ] {
        let words = crate::web::hosted_page::texts::field_error(Language::Ro, error);
        assert_eq!(text(&page, &format!("#{id}-error")), words);
        assert!(text(&page, "#summary-list").contains(&words));
    }
    assert_eq!(select(&page, "#email")[0].attr("aria-invalid"), Some("true"));
    assert_eq!(select(&page, "[name=bank][checked]")[0].attr("value"), Some("unicredit"));
    assert_eq!(text(&page, "#bank-suggestion"), Texts::of(Language::Ro).bank_suggested);
}

#[test]
fn accepted_terms_are_not_asked_again() {
    let accepted = KnownOrder {
        terms_accepted: true,
        ..known()
    };
    let page = PaymentForm::new(
        shell(Language::Ro),
        post(),
        "/cancel".into(),
        PartnerKind::Ecommerce,
        &accepted,
        &banks(),
        None,
    );
    assert!(select(&parsed(&page), "[name=terms]").is_empty());
}

#[test]
fn pages_for_strangers_reveal_nothing() {
    for language in Language::ALL {
        let notices = NOTICES.map(|kind| Notice::new(shell(language), kind).render().unwrap());
        let question = TakeOver::new(shell(language), "9".into(), "k".into(), "t".into());
        for html in notices.into_iter().chain([question.render().unwrap()]) {
            for secret in ["alert(1)", "/brand/", "/logo/", "1234567890123456"] {
                assert!(
                    !html.replace("/payment-initiation?payment=1", "").contains(secret),
                    "{secret} in {html}"
                );
            }
        }
    }
}

#[test]
fn only_a_settled_payment_sounds_like_success_and_no_page_promises_more_than_is_known() {
    for outcome in OUTCOMES {
        let page = parsed(&ended(Language::Ro, outcome));
        let settled = outcome == Outcome::Settled;
        assert_eq!(text(&page, "h1") == "Plata a fost făcută", settled, "{outcome:?}");
        assert_eq!(text(&page, "a.primary") == "Mulțumesc!", settled);
        assert_eq!(select(&page, "a.primary")[0].attr("href"), Some("https://shop.example/?a=1&b=2"));
    }
    let without = Result {
        return_url: None,
        ..ended(Language::Ro, Outcome::Settled)
    };
    assert!(select(&parsed(&without), "a.primary, #countdown").is_empty());
    let waits = parsed(&waiting(Language::Ro, WaitingFor::Settlement));
    assert_eq!(select(&waits, "main")[0].attr("data-status-url"), Some("/status?a=1&b=2"));
    assert!(text(&waits, "[role=status]").contains("Încă verificăm"));
    assert_eq!(mask_email("ana@exemplu.ro"), "a•••@exemplu.ro");
    assert_eq!(mask_email(""), "•••@");
}

#[test]
fn what_holds_secrets_prints_only_its_name() {
    for shown in [
        format!("{:?}", post()),
        format!("{:?}", order(Language::Ro)),
        format!("{:?}", form(Language::Ro, PartnerKind::Finance, None)),
        format!("{:?}", ended(Language::Ro, Outcome::Settled)),
    ] {
        assert!(shown.len() < 20, "{shown}");
    }
}

/// Far below what the page may weigh (49,000 bytes), so that the partner's logo and the banks' marks find room.
#[test]
fn the_page_is_light() {
    let packed = |content: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, content).unwrap();
        encoder.finish().unwrap().len()
    };
    let html = form(Language::Ro, PartnerKind::Ecommerce, None).render().unwrap();
    let [css, js] = ["app.css", "app.js"].map(|file| assets::content(file).unwrap());
    let all = packed(html.as_bytes()) + packed(&css) + packed(&js);
    assert!(all < 16_384, "{all} bytes");
}
