use super::*;
use crate::payment::Currency;
use proptest::prelude::*;
use scraper::{Html as Document, Selector};

fn ron(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::Ron).unwrap()
}

fn example(kind: MailKind, language: Language) -> PaymentMail {
    PaymentMail {
        kind,
        language,
        partner_name: "Librăria Foișor".into(),
        instructions: vec![MailLine {
            creditor_name: "Foișor Carte SRL".into(),
            creditor_iban_masked: "RO49 •••• 0000".into(),
            amount: ron(123_456),
        }],
        total: ron(123_456),
        details: "Comanda 1001".into(),
        debtor_iban_masked: Some("RO66 •••• 7890".into()),
        bank_name: "Banca Exemplu".into(),
        reference: "1234567890123456".into(),
        bank_reference: Some("BX-77".into()),
        reason: None,
        at: chrono::NaiveDate::from_ymd_opt(2026, 11, 21)
            .unwrap()
            .and_hms_opt(12, 5, 9)
            .unwrap(),
        support_contact: Some("ajutor@pay.example".into()),
    }
}

fn all() -> impl Iterator<Item = (MailKind, Language)> {
    MailKind::ALL.into_iter().flat_map(|k| Language::ALL.map(|l| (k, l)))
}

#[test]
fn every_mail_says_what_it_must() {
    for (kind, language) in all() {
        let mail = render(&example(kind, language)).unwrap();
        let (amount, date, warning) = match language {
            Language::Ro => ("1.234,56 RON", "21 noiembrie 2026, 14:05 (ora României)", "Sună imediat la banca"),
            Language::En => ("1,234.56 RON", "21 November 2026, 14:05 (Romanian time)", "Call your bank"),
        };
        assert!(
            mail.subject.contains(amount) && mail.subject.contains("Foișor Carte SRL"),
            "{}",
            mail.subject
        );
        let html = Document::parse_document(&mail.html);
        let visible: String = html.select(&Selector::parse("main").unwrap()).next().unwrap().text().collect();
        for body in [&mail.text, &visible] {
            for needed in [
                amount,
                date,
                warning,
                "RO49 •••• 0000",
                "RO66 •••• 7890",
                "Librăria Foișor",
                "Comanda 1001",
                "Banca Exemplu",
                "1234567890123456",
                "BX-77",
                "ajutor@pay.example",
            ] {
                assert!(body.contains(needed), "{kind:?} {language}: {needed} is missing in {body}");
            }
        }
        assert!(!mail.text.contains("\n\n\n") && !mail.text.contains("{"), "{}", mail.text);
    }
}

#[test]
fn the_html_is_one_document_with_headings_and_nothing_to_click_or_load() {
    for (kind, language) in all() {
        let mail = render(&example(kind, language)).unwrap();
        let html = Document::parse_document(&mail.html);
        assert!(html.errors.is_empty(), "{:?}", html.errors);
        let count = |what: &str| html.select(&Selector::parse(what).unwrap()).count();
        assert_eq!(count(&format!("html[lang={language}]")), 1);
        assert_eq!((count("h1"), count("h2"), count("title")), (1, 2, 1));
        assert_eq!(count("a, img, script, link, form, table, [href], [src]"), 0);
        assert!(!mail.html.contains("http"));
    }
}

#[test]
fn only_the_mails_of_a_payment_that_was_made_say_so() {
    for (kind, language) in all() {
        let heading = render(&example(kind, language))
            .unwrap()
            .text
            .lines()
            .next()
            .unwrap()
            .to_lowercase();
        let made = match language {
            Language::Ro => heading.contains("a fost făcută") && !heading.contains("nu a fost"),
            Language::En => heading.contains("was made"),
        };
        assert_eq!(made, matches!(kind, MailKind::Settled | MailKind::Corrected), "{heading}");
    }
}

#[test]
fn each_reason_has_its_own_words_and_none_is_made_up() {
    for kind in [MailKind::Refused, MailKind::Cancelled] {
        for language in Language::ALL {
            let text_of = |reason| {
                let mail = PaymentMail {
                    reason,
                    ..example(kind, language)
                };
                render(&mail).unwrap().text
            };
            let texts: std::collections::HashSet<String> = [
                ReasonWord::PsuDeclined,
                ReasonWord::BankDeclined,
                ReasonWord::Withdrawn,
                ReasonWord::Unknown,
            ]
            .into_iter()
            .map(|r| text_of(Some(r)))
            .collect();
            assert_eq!(texts.len(), 4);
            assert_eq!(text_of(None), text_of(Some(ReasonWord::Unknown)));
        }
    }
}

#[test]
fn many_transfers_are_listed_up_to_a_limit_and_then_counted() {
    let mut mail = example(MailKind::Settled, Language::Ro);
    mail.instructions = vec![mail.instructions[0].clone(); 5000];
    let rendered = render(&mail).unwrap();
    assert!(rendered.subject.contains("5000 de beneficiari"), "{}", rendered.subject);
    assert_eq!(rendered.text.matches("RO49").count(), MAX_LINES);
    assert!(rendered.text.contains("… și încă 4980 de plăți."), "{}", rendered.text);
    assert!(rendered.text.contains("Total: 1.234,56 RON"));
}

#[test]
fn romanian_numbers_take_their_preposition() {
    for (n, expected) in [
        (1, "1 plată"),
        (2, "2 plăți"),
        (19, "19 plăți"),
        (20, "20 de plăți"),
        (100, "100 de plăți"),
        (101, "101 plăți"),
        (119, "119 plăți"),
        (120, "120 de plăți"),
    ] {
        assert_eq!(counted(n, Language::Ro, ["plată", "plăți"], ["", ""]), expected);
    }
}

#[test]
fn winter_and_summer_time_are_romanian() {
    let at = |month| {
        chrono::NaiveDate::from_ymd_opt(2026, month, 1)
            .unwrap()
            .and_hms_opt(22, 0, 0)
            .unwrap()
    };
    assert_eq!(when(at(1), Language::Ro), "2 ianuarie 2026, 00:00 (ora României)");
    assert_eq!(when(at(7), Language::En), "2 July 2026, 01:00 (Romanian time)");
}

proptest! {
    #[test]
    fn hostile_names_break_nothing(
        name in prop_oneof!["\\PC{0,60}", Just("\r\nBcc: eve@x.example".to_owned()), Just("<script>alert(1)</script>".to_owned()),
            Just("</title></style></dd><img src=x onerror=y>".to_owned()), Just("\u{202e}DROP'\"><a href=//x>".to_owned()), ".{0,400}"],
        which in 0..10usize,
    ) {
        let (kind, language) = all().nth(which).unwrap();
        let mut mail = example(kind, language);
        let elements = |html: &str| Document::parse_document(html).tree.values().filter(|n| n.is_element()).count();
        let plain = render(&mail).unwrap();
        mail.partner_name.clone_from(&name);
        mail.instructions[0].creditor_name.clone_from(&name);
        mail.details.clone_from(&name);
        mail.bank_name.clone_from(&name);
        mail.bank_reference = Some(format!("x{name}"));
        let rendered = render(&mail).unwrap();
        prop_assert!(!rendered.subject.contains(['\r', '\n']));
        prop_assert_eq!(elements(&rendered.html), elements(&plain.html));
        prop_assert_eq!(rendered.text.lines().count(), plain.text.lines().count());
        prop_assert!(!rendered.text.contains('\r'));
    }
}
