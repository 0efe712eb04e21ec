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
            details: "Comanda 1001".into(),
            outcome: None,
        }],
        total: ron(123_456),
        schedule: None,
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
        let visible: String = html
            .select(&Selector::parse("[role=main]").unwrap())
            .next()
            .unwrap()
            .text()
            .collect();
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
        assert_eq!(count("a, img, script, link, form, [href], [src]"), 0);
        assert!(!mail.html.contains("http"));
    }
}

/// What a body says, line by line: headings as the plain text writes them, and facts with their names.
fn said(html: &str) -> Vec<String> {
    let document = Document::parse_document(html);
    let parts = Selector::parse("[role=main] h1, [role=main] h2, [role=main] p, [role=main] tr").unwrap();
    let text = |element: scraper::ElementRef<'_>| element.text().collect::<String>().trim().to_owned();
    let line = |element: scraper::ElementRef<'_>| match element.value().name() {
        "h2" => text(element).to_uppercase(),
        "tr" => {
            let cells = Selector::parse("th, td").unwrap();
            element.select(&cells).map(text).collect::<Vec<_>>().join(": ")
        }
        _ => text(element),
    };
    document.select(&parts).map(line).collect()
}

#[test]
fn html_and_plain_text_say_the_same_line_by_line() {
    let schedule = Schedule {
        start_date: chrono::NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(),
        frequency: crate::payment::Frequency::Monthly,
        day_of_execution: None,
    };
    let reasons = [
        ReasonWord::PsuDeclined,
        ReasonWord::BankDeclined,
        ReasonWord::Withdrawn,
        ReasonWord::WrongCodes,
        ReasonWord::NotExecuted,
        ReasonWord::Unknown,
    ];
    for (kind, language) in all() {
        let plain = example(kind, language);
        let because = crate::payment::refusal::why("duplicate", language).unwrap();
        let mut mails: Vec<PaymentMail> = Vec::new();
        for reason in reasons.into_iter().chain([ReasonWord::Because(because)]) {
            mails.push(PaymentMail {
                reason: Some(reason),
                ..plain.clone()
            });
        }
        mails.push(PaymentMail {
            schedule: Some(schedule),
            ..plain.clone()
        });
        mails.push(PaymentMail {
            debtor_iban_masked: None,
            bank_reference: None,
            support_contact: None,
            ..plain.clone()
        });
        let line = MailLine {
            creditor_name: "Alt furnizor <SRL> & fiii".into(),
            outcome: Some(InstructionOutcome::NotMade),
            ..plain.instructions[0].clone()
        };
        mails.push(PaymentMail {
            instructions: [vec![line; MAX_LINES], plain.instructions.clone()].concat(),
            ..plain
        });
        for mail in mails {
            let mail = render(&mail).unwrap();
            let lines: Vec<&str> = mail.text.lines().filter(|line| !line.is_empty()).collect();
            assert_eq!(said(&mail.html), lines, "{kind:?} {language}");
            assert!(mail.html.len() < 102_000, "Gmail cuts what is longer: {}", mail.html.len());
        }
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
            let why = |word| ReasonWord::Because(crate::payment::refusal::why(word, language).unwrap());
            let texts: HashSet<String> = [
                ReasonWord::PsuDeclined,
                ReasonWord::BankDeclined,
                ReasonWord::Withdrawn,
                ReasonWord::WrongCodes,
                ReasonWord::NotExecuted,
                why("insufficient_funds"),
                why("duplicate"),
                ReasonWord::Unknown,
            ]
            .into_iter()
            .map(|r| text_of(Some(r)))
            .collect();
            assert_eq!(texts.len(), 8);
            assert_eq!(text_of(None), text_of(Some(ReasonWord::Unknown)));
        }
    }
}

#[test]
fn many_transfers_are_listed_up_to_a_limit_and_then_counted() {
    let mut mail = example(MailKind::Settled, Language::Ro);
    mail.instructions = vec![mail.instructions[0].clone(); 5000];
    assert!(
        render(&mail).unwrap().subject.contains("Foișor Carte SRL"),
        "many payments to one creditor"
    );
    for (n, line) in mail.instructions.iter_mut().enumerate() {
        line.creditor_name = format!("Furnizor {n}");
    }
    let rendered = render(&mail).unwrap();
    assert!(rendered.subject.contains("5000 de beneficiari"), "{}", rendered.subject);
    assert_eq!(rendered.text.matches("RO49").count(), MAX_LINES);
    assert_eq!(rendered.html.matches("RO49").count(), MAX_LINES);
    assert!(rendered.text.contains("… și încă 4950 de plăți."), "{}", rendered.text);
    assert!(rendered.text.contains("Total: 1.234,56 RON"));
}

#[test]
fn a_payment_made_in_part_says_what_was_made_and_names_the_rest_first() {
    let mut mail = example(MailKind::PartlySettled, Language::Ro);
    let line = |n: usize, outcome| MailLine {
        creditor_name: format!("Furnizor {n}"),
        amount: ron(1_000),
        outcome: Some(outcome),
        ..mail.instructions[0].clone()
    };
    let mut lines: Vec<MailLine> = (0..60).map(|n| line(n, InstructionOutcome::Made)).collect();
    lines.push(line(60, InstructionOutcome::NotMade));
    lines.push(line(61, InstructionOutcome::Unknown));
    mail.instructions = lines;
    let rendered = render(&mail).unwrap();
    let told = "60 de plăți făcute (600,00 RON), 1 plată nefăcută (10,00 RON), 1 plată despre care nu ne-a spus (10,00 RON).";
    assert!(rendered.text.contains(told), "{}", rendered.text);
    assert!(rendered.html.contains(told));
    for body in [&rendered.text, &rendered.html] {
        let place = |what: &str| body.find(what).unwrap_or_else(|| panic!("{what} is cut off"));
        assert!(place("Furnizor 60") < place("Furnizor 0") && place("Furnizor 61") < place("Furnizor 0"));
    }
    assert!(rendered.text.contains("Starea: nefăcută") && rendered.text.contains("Starea: făcută"));
    mail.language = Language::En;
    let english = render(&mail).unwrap().text;
    assert!(
        english.contains("60 payments made (600.00 RON), 1 payment not made (10.00 RON)"),
        "{english}"
    );
}

#[test]
fn the_mails_of_a_standing_order_never_say_that_money_moved() {
    for (kind, language) in all().filter(|(kind, _)| *kind != MailKind::PartlySettled) {
        let mail = PaymentMail {
            schedule: Some(Schedule {
                start_date: chrono::NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(),
                frequency: crate::payment::Frequency::Monthly,
                day_of_execution: Some(15),
            }),
            ..example(kind, language)
        };
        let rendered = render(&mail).unwrap();
        let (made, often, day) = match language {
            Language::Ro => (
                ["a plecat din cont", "Plata a fost făcută"],
                "în fiecare lună, în ziua 15",
                "01.12.2026",
            ),
            Language::En => (
                ["left your account for {", "payment was made"],
                "every month, on day 15",
                "01/12/2026",
            ),
        };
        for body in [&rendered.subject, &rendered.text, &rendered.html] {
            assert!(made.iter().all(|words| !body.contains(words)), "{kind:?}: {body}");
        }
        for body in [&rendered.text, &rendered.html] {
            assert!(body.contains(often) && body.contains(day), "{kind:?}: {body}");
        }
        if kind == MailKind::Settled {
            let honest = ["Acceptată nu înseamnă plătită", "Accepted does not mean paid"];
            assert!(honest.iter().any(|words| rendered.text.contains(words)), "{}", rendered.text);
        }
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
        which in 0..12usize,
    ) {
        let (kind, language) = all().nth(which).unwrap();
        let mut mail = example(kind, language);
        let elements = |html: &str| Document::parse_document(html).tree.values().filter(|n| n.is_element()).count();
        let plain = render(&mail).unwrap();
        mail.partner_name.clone_from(&name);
        mail.instructions[0].creditor_name.clone_from(&name);
        mail.instructions[0].details.clone_from(&name);
        mail.bank_name.clone_from(&name);
        mail.bank_reference = Some(format!("x{name}"));
        let rendered = render(&mail).unwrap();
        prop_assert!(!rendered.subject.contains(['\r', '\n']));
        prop_assert_eq!(elements(&rendered.html), elements(&plain.html));
        prop_assert_eq!(rendered.text.lines().count(), plain.text.lines().count());
        prop_assert!(!rendered.text.contains('\r'));
    }
}

#[test]
fn what_is_never_asked_for_is_said_as_it_is() {
    for (kind, language) in all() {
        let mail = render(&example(kind, language)).unwrap();
        let (never, where_then) = match language {
            Language::Ro => (
                "Prin e-mail sau la telefon nu îți cerem niciodată parole, coduri sau date de card.",
                "îl scrii numai pe pagina plății, deschisă de tine, sau pe pagina băncii",
            ),
            Language::En => (
                "We never ask for passwords, codes or card details by e-mail or telephone.",
                "only on the page of the payment, which you opened, or on your bank's page",
            ),
        };
        for body in [&mail.text, &mail.html.replace("&#39;", "'")] {
            assert!(body.contains(never) && body.contains(where_then), "{body}");
            assert!(!body.contains("vă cerem"), "{body}");
        }
    }
}
