//! The pages of a payment at its bank, and of moving to another browser.

use super::{HOSTILE, at, form, parsed, post, select, shell, text, waiting};
use crate::bank::{CodeFormat, CodePrompt, ScaMethod};
use crate::partner::profile::PartnerKind;
use crate::payment::Language;
use crate::web::hosted_page::pages::{
    ApproveInApp, AtBank, ChooseMethod, CodeError, CodeForms, EnterCode, FormNotice, GoToBank, GoWhy, HandOver, InDoubt, NotBegun, Notice,
    NoticeKind, PostForm, TakeOver, TimeOver, WaitingFor, bank_text, notice_text, read_code,
};
use askama::Template;
use scraper::Html;

fn prompt() -> CodePrompt {
    CodePrompt {
        message: Some(HOSTILE.into()),
        method: Some(HOSTILE.into()),
        format: CodeFormat::Digits,
        max_length: Some(6),
        can_resend: true,
        made_by_psu: false,
        wrong: false,
    }
}

fn code(language: Language, prompt: CodePrompt, error: Option<CodeError>, tries: u32, resent: bool) -> EnterCode {
    let forms = CodeForms {
        send: PostForm {
            action: "/payment-initiation/code".into(),
            ..post()
        },
        resend: PostForm {
            action: "/payment-initiation/resend".into(),
            ..post()
        },
    };
    EnterCode::new(shell(language), at(language), prompt, forms, error, tries, resent)
}

fn methods() -> Vec<ScaMethod> {
    let method = |id: &str, name: &str, kind: &str| ScaMethod {
        id: id.into(),
        name: name.into(),
        kind: kind.into(),
    };
    vec![
        method("sms", "SMS la 07•• ••• 123", "SMS_OTP"),
        method(HOSTILE, HOSTILE, HOSTILE),
        method("token", "", "CHIP_OTP"),
        method("mail", "Cod prin e-mail", "SMTP_OTP"),
    ]
}

/// Every page of this part, rendered.
pub(super) fn pages(language: Language) -> Vec<(&'static str, String)> {
    let address = url::Url::parse("https://plati.example/payment-initiation/hand-over?payment=1&key=abc").unwrap();
    let noticed = |word: &str| AtBank {
        notice: Some(notice_text(language, word).to_owned()),
        ..at(language)
    };
    let (shell, at) = (|| shell(language), || at(language));
    let mut pages: Vec<(&'static str, askama::Result<String>)> = vec![
        ("approve", ApproveInApp::new(shell(), at(), Some(HOSTILE)).render()),
        ("approve", ApproveInApp::new(shell(), noticed("not_withdrawn"), None).render()),
        ("methods", ChooseMethod::new(shell(), at(), &methods(), post(), false).render()),
        ("methods", ChooseMethod::new(shell(), at(), &methods(), post(), true).render()),
        ("not begun", NotBegun { shell: shell(), at: at() }.render()),
        ("time over", TimeOver { shell: shell(), at: at() }.render()),
        ("code", code(language, CodePrompt::default(), None, 5, true).render()),
        ("code", code(language, prompt(), None, 0, false).render()),
        (
            "hand over",
            HandOver::new(shell(), &address, "12:39".into(), "/status".into(), "/payment-initiation".into()).render(),
        ),
        (
            "take over",
            TakeOver::new(shell(), "1".into(), "key".into(), "csrf".into()).render(),
        ),
        ("in doubt", doubt(language).render()),
    ];
    for word in ["psu_id_refused", "not_withdrawn", "bank_unavailable"] {
        let page = NotBegun {
            shell: shell(),
            at: noticed(word),
        };
        pages.push(("not begun", page.render()));
    }
    for error in ERRORS {
        pages.push(("code", code(language, prompt(), Some(error), 4, false).render()));
    }
    pages.into_iter().map(|(name, page)| (name, page.unwrap())).collect()
}

fn doubt(language: Language) -> InDoubt {
    InDoubt {
        shell: shell(language),
        at: at(language),
        since: Some("21.11.2026, 12:34".into()),
        mail_to: Some("a•••@exemplu.ro".into()),
        return_url: None,
    }
}

const ERRORS: [CodeError; 5] = [
    CodeError::Wrong,
    CodeError::Empty,
    CodeError::NotDigits,
    CodeError::TooLong,
    CodeError::Unreadable,
];

#[test]
fn approving_in_the_app_says_what_to_do_until_when_and_how_to_leave() {
    let page = parsed(&ApproveInApp::new(
        shell(Language::Ro),
        at(Language::Ro),
        Some("Confirmați\u{202e} 123"),
    ));
    assert!(text(&page, ".next").contains("Deschide aplicația băncii și aprobă plata."));
    // Two paragraphs.
    assert_eq!(text(&page, ".bank-says"), "Mesajul bănciiConfirmați 123");
    assert!(text(&page, "[role=status]").contains("Așteptăm aprobarea ta"));
    assert!(text(&page, ".card").contains("până la ora 12:34"), "without script too");
    assert_eq!(select(&page, "#left")[0].attr("data-seconds"), Some("1500"));
    assert_eq!(select(&page, "main")[0].attr("data-status-url"), Some("/status?a=1&b=2"));
    assert_eq!(text(&page, "a.secondary"), "Verifică acum");
    let choices: Vec<(String, Option<&str>)> = select(&page, ".give-up button")
        .iter()
        .map(|b| (b.text().collect(), b.attr("value")))
        .collect();
    assert_eq!(choices, [("Altă bancă".into(), Some("another")), ("Renunță".into(), Some("end"))]);
    assert_eq!(text(&page, ".to-phone button"), "Continuă pe telefon");
    assert!(
        select(
            &parsed(&ApproveInApp::new(shell(Language::Ro), at(Language::Ro), Some("\u{200b} \n"))),
            ".bank-says"
        )
        .is_empty()
    );
}

#[test]
fn the_code_field_is_made_for_one_time_codes_and_never_holds_one() {
    let page = parsed(&code(Language::Ro, prompt(), None, 5, false));
    let field = select(&page, "#code")[0];
    let attribute = |name: &str| field.attr(name).unwrap_or_default().to_owned();
    assert_eq!(
        ["autocomplete", "inputmode", "type", "name"].map(attribute),
        ["one-time-code", "numeric", "text", "code"]
    );
    assert_eq!(field.attr("value"), None);
    assert!(
        attribute("maxlength").parse::<usize>().unwrap() >= "123 456 ".len(),
        "a code can be pasted with spaces"
    );
    assert_eq!(text(&page, "#code-hint"), "Cel mult 6 cifre.");
    assert!(text(&page, "label[for=code]").starts_with("Cod de unică folosință (<script>"));
    assert!(text(&page, ".secure").contains("codul de unică folosință al acestei plăți"));
    assert!(text(&page, ".secure").contains("Parola sau PIN-ul băncii nu ți le cerem niciodată."));
    assert!(select(&page, "#summary").is_empty() && !text(&page, "title").starts_with("Eroare"));
    assert_eq!(select(&page, "form[action$='/resend']").len(), 1);
    let plain = parsed(&code(Language::En, CodePrompt::default(), None, 5, true));
    assert_eq!(text(&plain, "label[for=code]"), "One-time code");
    assert_eq!(select(&plain, "#code")[0].attr("inputmode"), Some("text"));
    assert!(
        select(&plain, "form[action$='/resend']").is_empty(),
        "only where the bank sends another one"
    );
    assert!(text(&plain, ".notice").contains("another code"));
    let nameless = CodePrompt {
        method: Some("SMS_OTP".into()),
        ..prompt()
    };
    let nameless = parsed(&code(Language::Ro, nameless, None, 5, false));
    assert_eq!(text(&nameless, "label[for=code]"), "Cod de unică folosință");
}

#[test]
fn a_code_that_the_payer_makes_is_not_said_to_have_been_sent() {
    let made = CodePrompt {
        method: Some("Authenticator".into()),
        made_by_psu: true,
        ..CodePrompt::default()
    };
    for (language, sent, title, wrong) in [
        (
            Language::Ro,
            "primit",
            "Introdu codul de unică folosință",
            "Introdu-l pe cel afișat acum.",
        ),
        (Language::En, "has sent", "Enter the one-time code", "Enter the one shown now."),
    ] {
        let page = parsed(&code(language, made.clone(), Some(CodeError::Wrong), 4, false));
        let (lead, hint) = (text(&page, ".lead"), text(&page, "#code-hint"));
        assert_eq!(text(&page, "h1"), title);
        assert!(text(&page, "#code-error").ends_with(wrong));
        assert!(text(&page, "label[for=code]").ends_with("(Authenticator)"));
        for said in [&lead, &hint, &text(&page, "h1"), &text(&page, "title")] {
            assert!(
                !said.contains(sent) && !said.contains("ți-a trimis") && !said.contains("receive"),
                "{said}"
            );
        }
        assert!(
            lead.contains("authenticator app") || lead.contains("aplicația de autentificare"),
            "{lead}"
        );
        let empty = parsed(&code(language, made.clone(), Some(CodeError::Empty), 5, false));
        assert!(text(&empty, "#code-error").starts_with(title));
    }
}

#[test]
fn a_code_that_is_not_accepted_is_said_at_the_top_and_at_the_field() {
    for language in Language::ALL {
        for error in ERRORS {
            let page = parsed(&code(language, prompt(), Some(error), 3, true));
            let prefix = crate::web::hosted_page::texts::Texts::of(language).error_prefix;
            assert!(text(&page, "title").starts_with(prefix.trim()));
            assert_eq!(select(&page, "#summary a")[0].attr("href"), Some("#code"));
            assert_eq!(text(&page, "#summary a"), text(&page, "#code-error"));
            assert_eq!(select(&page, "#code")[0].attr("aria-invalid"), Some("true"));
            assert!(text(&page, "#code-hint").contains('3'), "how many tries are left");
            assert!(select(&page, ".notice").is_empty(), "a code asked for before is not news");
        }
    }
    let blocked = parsed(&code(Language::Ro, prompt(), Some(CodeError::Wrong), 0, false));
    assert_eq!(text(&blocked, "h1"), "Codul a fost greșit de prea multe ori");
    assert!(select(&blocked, "#code, form[action$='/resend']").is_empty());
    assert_eq!(select(&blocked, ".give-up button").len(), 2);
}

#[test]
fn what_cannot_be_a_code_is_known_before_the_bank_is_asked() {
    let digits = prompt();
    assert_eq!(read_code(" 123 456\t", &digits), Ok("123456".into()));
    for (typed, error) in [
        ("", CodeError::Empty),
        (" \u{a0}\n", CodeError::Empty),
        ("12a456", CodeError::NotDigits),
        ("١٢٣٤٥٦", CodeError::NotDigits),
        ("1234567", CodeError::TooLong),
        ("1234\u{200b}56", CodeError::Unreadable),
        ("1234\u{0}56", CodeError::Unreadable),
    ] {
        assert_eq!(read_code(typed, &digits), Err(error), "{typed:?}");
    }
    let letters = CodePrompt::default();
    assert_eq!(read_code("aB-9 ș", &letters), Ok("aB-9ș".into()));
    assert_eq!(read_code(&"x".repeat(64), &letters).map(|c| c.len()), Ok(64));
    assert_eq!(read_code(&"x".repeat(65), &letters), Err(CodeError::TooLong));
    let zero = CodePrompt {
        max_length: Some(0),
        ..prompt()
    };
    assert_eq!(
        read_code("123456", &zero),
        Ok("123456".into()),
        "a bank that says 0 has said nothing"
    );
}

#[test]
fn methods_are_named_by_the_bank_and_explained_by_us() {
    let page = parsed(&ChooseMethod::new(shell(Language::Ro), at(Language::Ro), &methods(), post(), true));
    assert_eq!(text(&page, "label[for=method-0]"), "SMS la 07•• ••• 123cod prin SMS");
    assert_eq!(
        text(&page, "label[for=method-2]"),
        "Cod de la token, cititorul de card sau aplicația de autentificare"
    );
    assert_eq!(text(&page, "label[for=method-3]"), "Cod prin e-mail", "not said twice");
    assert_eq!(select(&page, "#method-1")[0].attr("value"), Some(HOSTILE));
    assert_eq!(select(&page, "#summary a")[0].attr("href"), Some("#method-0"));
    assert_eq!(text(&page, "#method-error"), "Alege una dintre variante.");
    assert_eq!(select(&page, "fieldset legend").len(), 1);
}

#[test]
fn the_way_to_the_bank_goes_on_by_itself_only_when_it_is_fresh() {
    let url = url::Url::parse("https://login.bank.example/a").unwrap();
    let page = |why| parsed(&GoToBank::new(shell(Language::Ro), at(Language::Ro), why, &url));
    assert_eq!(select(&page(GoWhy::Fresh), "[data-forward]").len(), 1);
    for (why, title) in [
        (GoWhy::StillWaits, "Plata așteaptă aprobarea ta"),
        (GoWhy::Returned, "Banca nu ne-a confirmat aprobarea"),
        (GoWhy::NotWithdrawn, "Verificăm plata la banca ta"),
    ] {
        let page = page(why);
        assert_eq!(text(&page, "h1"), title);
        assert!(select(&page, "[data-forward]").is_empty());
        assert_eq!(select(&page, "a#go").len(), 1, "the bank is one press away");
        assert_eq!(text(&page, "a.secondary"), "Am aprobat deja: verifică acum");
        assert_eq!(select(&page, ".give-up button").len(), 2);
    }
}

#[test]
fn time_that_is_over_is_not_sold_as_time_left() {
    let page = parsed(&TimeOver {
        shell: shell(Language::Ro),
        at: at(Language::Ro),
    });
    assert!(text(&page, "main").contains("Nu mai aproba această plată."));
    assert!(select(&page, "#left, form, a#go").is_empty());
    assert_eq!(select(&page, "main")[0].attr("data-refresh-url"), Some("/payment-initiation"));
}

#[test]
fn doubt_says_what_is_known_what_we_do_and_not_to_pay_again() {
    let page = parsed(&doubt(Language::Ro));
    let main = text(&page, "main");
    for words in [
        "Nu plăti din nou",
        "De la 21.11.2026, 12:34 nu avem un răspuns sigur.",
        "Nu este un refuz",
        "Continuăm să verificăm",
        "Îți scriem la a•••@exemplu.ro",
        "1234567890123456",
    ] {
        assert!(main.contains(words), "{words} is not in {main}");
    }
    assert!(!main.contains("nu s-a luat niciun ban"));
}

#[test]
fn a_refused_user_code_is_said_at_its_field() {
    let bank = "BRD".to_owned();
    let notice = FormNotice::UserCodeRefused { bank };
    let page = parsed(&form(Language::Ro, PartnerKind::Ecommerce, None).with_notice(&notice));
    assert_eq!(select(&page, "#summary a")[0].attr("href"), Some("#user_code"));
    assert!(text(&page, "#summary").contains(&text(&page, "#user_code-error")));
    assert_eq!(select(&page, "#user_code")[0].attr("aria-invalid"), Some("true"));
    assert!(text(&page, ".notice").starts_with("BRD nu a recunoscut codul de utilizator."));
}

#[test]
fn a_hand_over_warns_and_its_question_asks_twice() {
    let address = url::Url::parse("https://plati.example/payment-initiation/hand-over?payment=1&key=abc").unwrap();
    let page = HandOver::new(shell(Language::Ro), &address, "12:39".into(), "/status".into(), "/stay".into());
    let page = parsed(&page);
    assert_eq!(text(&page, ".address"), address.as_str());
    assert_eq!(select(&page, "svg[role=img][aria-label] path.dark").len(), 1);
    assert!(text(&page, ".notice").contains("Nu arăta și nu trimite nimănui"));
    assert!(text(&page, ".card").contains("până la ora 12:39"));
    let question = parsed(&TakeOver::new(shell(Language::Ro), "7".into(), "key".into(), "csrf".into()));
    assert_eq!(select(&question, "form[method=post] button").len(), 1);
    assert!(text(&question, ".notice").contains("închide pagina și nu plăti"));
    let moved = Notice::new(shell(Language::Ro), NoticeKind::MovedOn).render().unwrap();
    assert_eq!(text(&Html::parse_document(&moved), "h1"), "Ai continuat pe telefon");
}

#[test]
fn what_a_bank_says_is_one_short_line_without_disguise() {
    assert_eq!(bank_text(" a\n\u{202e}b\u{0}  c "), Some("a b c".into()));
    assert_eq!(bank_text("\u{200b}\n"), None);
    assert_eq!(bank_text(&"x".repeat(5000)).map(|t| t.len()), Some(500));
}

#[test]
fn waiting_offers_no_way_back_that_does_not_exist() {
    let page = parsed(&waiting(Language::Ro, WaitingFor::Settlement));
    assert!(select(&page, ".give-up, a#go, .to-phone").is_empty());
}
