//! How long a page waits, and what the button says.

use super::*;
use crate::web::hosted_page::time_texts::TimeTexts;

/// The way to more time in a form of the page.
pub(super) fn more(language: Language, form_id: &'static str) -> MoreTime {
    MoreTime {
        t: TimeTexts::of(language),
        post: PostForm {
            action: "/payment-initiation/time".into(),
            ..post()
        },
        form_id,
        until: 1_763_800_000_000_000,
        warn_s: 300,
        latest: "18:30".into(),
    }
}

/// A form that waits for some minutes.
pub(super) fn some_minutes(language: Language) -> TimeLeft {
    TimeLeft {
        until: "12:34".into(),
        seconds_left: 1500,
        refresh_url: "/payment-initiation?a=1&b=2".into(),
        more: Some(more(language, "pay-form")),
        said: None,
        left: "{left}",
    }
}

#[test]
fn the_button_for_more_time_never_takes_the_enter_key_and_belongs_to_a_form_of_the_page() {
    for language in [Language::Ro, Language::En] {
        for page in [
            form(language, PartnerKind::Ecommerce, None).render().unwrap(),
            ApproveInApp::new(shell(language), at(language), None).render().unwrap(),
        ] {
            let document = Html::parse_document(&page);
            let buttons: Vec<_> = document.select(&Selector::parse("[data-more]").unwrap()).collect();
            assert_eq!(buttons.len(), 2, "on the page and in the question");
            for button in buttons {
                let id = button.attr("form").unwrap();
                assert!(
                    document.select(&Selector::parse(&format!("form#{id}")).unwrap()).next().is_some(),
                    "{id}"
                );
                assert!(button.attr("formnovalidate").is_some());
            }
            let first = page.find("data-more").unwrap();
            assert!(page.find("id=\"pay\"").is_none_or(|pay| pay < first));
            let question = document
                .select(&Selector::parse("dialog[role=alertdialog]").unwrap())
                .next()
                .unwrap();
            assert!(question.attr("open").is_none() && question.text().any(|text| text.contains("18:30")));
        }
    }
}

#[test]
fn the_button_says_what_the_partner_chose_and_names_the_amount_only_where_it_is_fixed() {
    for (button, ro, en, names_amount) in [
        (ButtonText::PayAmount, "Plătește", "Pay", true),
        (ButtonText::Pay, "Plătește", "Pay", false),
        (ButtonText::Confirm, "Confirmă plata", "Confirm the payment", false),
        (ButtonText::Donate, "Donează", "Donate", true),
        (ButtonText::TopUp, "Reîncarcă", "Top up", true),
    ] {
        assert_eq!(ButtonText::parse(button.as_str()), Some(button));
        for (language, words) in [(Language::Ro, ro), (Language::En, en)] {
            for kind in [PartnerKind::Ecommerce, PartnerKind::Finance] {
                let mut shell = shell(language);
                shell.partner = shell.partner.map(|partner| PartnerBrand { button, ..partner });
                let page = PaymentForm::new(shell, post(), "/cancel".into(), kind, &known(), &banks(), None);
                let document = Html::parse_document(&page.render().unwrap());
                let pay = document.select(&Selector::parse("#pay").unwrap()).next().unwrap();
                let expected = if names_amount && kind == PartnerKind::Ecommerce {
                    format!("{words} {}", money(language, amount()))
                } else {
                    words.to_owned()
                };
                assert_eq!(pay.text().collect::<String>(), expected);
            }
        }
    }
}
