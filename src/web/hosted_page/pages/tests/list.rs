//! Several payments and standing orders on the pages.

use super::*;
use crate::flow::init_payment::CannotTake;
use crate::payment::{Frequency, Instruction, InstructionOutcome, Schedule};
use proptest::prelude::*;

struct Urls(bool);

impl ListUrls for Urls {
    fn page(&self, page: usize) -> String {
        format!("/list?a=1&page={page}")
    }

    fn form_action(&self) -> Option<String> {
        self.0.then(|| "/list".to_owned())
    }

    fn editable(&self) -> bool {
        self.0
    }
}

fn instructions(n: usize) -> Vec<Instruction> {
    let one = |n: usize| Instruction {
        creditor_name: if n == 1 { HOSTILE.into() } else { format!("Furnizor {n}") },
        creditor_iban: Iban::parse(IBAN).unwrap(),
        amount: Amount::from_minor(100 * i64::try_from(n).unwrap(), Currency::Ron).unwrap(),
        details: if n == 1 { HOSTILE.into() } else { format!("Țigle {n}") },
        end_to_end_id: format!("F-{n}"),
        giro: None,
    };
    (1..=n).map(one).collect()
}

fn numbered(all: &[Instruction]) -> Vec<Numbered<'_>> {
    (1..).zip(all).map(|(n, i)| (n, i, None)).collect()
}

fn list(language: Language, all: &[Instruction], page: usize) -> PaymentList {
    PaymentList::new(language, &numbered(all), page, &Urls(true), "seen-hash".into())
}

fn list_form(language: Language, all: &[Instruction], page: usize) -> PaymentForm {
    let known = KnownOrder {
        several: Some(Vec::new()),
        ..known()
    };
    let mut banks = banks();
    banks[2].cannot = Some(CannotTake::Several);
    PaymentForm::new(
        shell(language),
        post(),
        "/cancel".into(),
        PartnerKind::Finance,
        &known,
        &banks,
        None,
    )
    .with_list(list(language, all, page))
}

fn schedule() -> Schedule {
    Schedule {
        start_date: chrono::NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(),
        frequency: Frequency::Monthly,
        day_of_execution: Some(31),
    }
}

fn standing_form(language: Language) -> PaymentForm {
    let mut banks = banks();
    for bank in &mut banks {
        bank.cannot = Some(CannotTake::StandingOrder);
    }
    PaymentForm::new(
        shell(language),
        post(),
        "/cancel".into(),
        PartnerKind::Ecommerce,
        &known(),
        &banks,
        None,
    )
    .with_schedule(ScheduleView::new(language, &schedule()))
}

/// The first, third, fifth … was made, the second not, of the fourth the bank said nothing.
fn in_part(language: Language, all: &[Instruction], page: usize) -> Result {
    let outcomes = [
        InstructionOutcome::Made,
        InstructionOutcome::NotMade,
        InstructionOutcome::Made,
        InstructionOutcome::Unknown,
    ];
    let ended_so = (1..)
        .zip(all)
        .map(|(n, i)| (n, i, Some(*outcomes.get(n - 1).unwrap_or(&InstructionOutcome::Made))));
    Result {
        parts: Some(Parts::new(language, ended_so.collect(), page, &Urls(false))),
        order: OrderView::of(language, all, None),
        ..ended(language, Outcome::PartlySettled)
    }
}

fn edit_page(language: Language, input: &FormInput, errors: &[(Field, FieldError)]) -> EditPage {
    let edited = Edited {
        number: 7,
        end_to_end_id: HOSTILE.into(),
        shown: "seen-hash".into(),
        back_url: "/list?a=1&page=1#line-7".into(),
    };
    EditPage::new(shell(language), post(), edited, input, errors)
}

/// Every page of a list or a standing order, rendered.
pub fn pages(language: Language) -> Vec<(&'static str, String)> {
    let all = instructions(45);
    let input = FormInput {
        creditor_name: HOSTILE.into(),
        details: "Țigle".into(),
        ..FormInput::default()
    };
    let errors = [
        (Field::CreditorName, FieldError::TooLong(70)),
        (Field::Amount, FieldError::Required),
    ];
    let standing = Result {
        order: OrderView::of(language, &all[..1], Some(&schedule())),
        ..ended(language, Outcome::Settled)
    };
    let late = Result {
        order: OrderView::of(language, &all[..1], Some(&schedule())),
        ..ended(language, Outcome::TooLateToBegin)
    };
    let changed = list_form(language, &all, 1).with_notice(&FormNotice::ListChanged);
    vec![
        ("list", list_form(language, &all, 2).render().unwrap()),
        ("changed list", changed.render().unwrap()),
        ("payment of a list", edit_page(language, &input, &[]).render().unwrap()),
        (
            "wrong payment of a list",
            edit_page(language, &input, &errors)
                .with_notice(EditNotice::Changed)
                .render()
                .unwrap(),
        ),
        ("made in part", in_part(language, &all, 1).render().unwrap()),
        ("standing order", standing_form(language).render().unwrap()),
        ("standing order accepted", standing.render().unwrap()),
        ("standing order too late", late.render().unwrap()),
    ]
}

#[test]
fn a_page_of_the_list_has_its_lines_and_the_ways_to_the_others() {
    let all = instructions(45);
    let page = parsed(&list_form(Language::Ro, &all, 2));
    assert_eq!(select(&page, ".lines > li").len(), LINES_A_PAGE);
    assert_eq!(select(&page, "#line-21, #line-40").len(), 2);
    assert!(text(&page, ".lines").contains("21. Furnizor 21 21,00 RON") && text(&page, ".lines").contains("Banca va primi: Tigle 21"));
    assert_eq!(text(&page, ".order .amount"), "Total de plată: 1.035,00 RON");
    assert_eq!(text(&page, "#pay"), "Plătește 1.035,00 RON");
    let ways = select(&page, ".pager button[form=pay-form][formaction='/list'][name=page]");
    let ways: Vec<Option<&str>> = ways.iter().map(|b| b.attr("value")).collect();
    assert_eq!(ways, [Some("1"), Some("3")]);
    assert_eq!(select(&page, "[name=shown]")[0].attr("value"), Some("seen-hash"));
    for id in ["creditor_name", "creditor_iban", "amount", "details"] {
        assert!(
            select(&page, &format!("[name={id}]")).is_empty(),
            "{id} is edited on a page of its own"
        );
    }
    let edit = select(&page, "#line-21 button[form=pay-form][formaction='/list'][name=line]")[0];
    assert_eq!(
        (edit.attr("value"), text(&page, "#line-21 button").as_str()),
        (Some("F-21"), "Modifică plata 21, Furnizor 21")
    );
    // Enter in a field pays: the form's first button is none of the list's.
    let first = select(&page, "button[form=pay-form]")[0];
    assert_eq!((first.attr("formaction"), first.attr("tabindex")), (None, Some("-1")));
    assert!(select(&parsed(&list_form(Language::Ro, &all[..20], 1)), ".pager").is_empty());
}

#[test]
fn a_bank_that_cannot_take_it_says_so_where_it_stands() {
    let page = parsed(&list_form(Language::Ro, &instructions(2), 1));
    let disabled: Vec<Option<&str>> = select(&page, "[name=bank][disabled]").iter().map(|b| b.attr("value")).collect();
    assert_eq!(disabled, [Some("closed"), Some("unicredit")]);
    assert!(text(&page, "#bank-list").contains("UniCredit Bank nu acceptă mai multe plăți într-o singură autorizare"));
    assert!(!text(&page, "#banks").contains("Nicio bancă"), "others take it");
    let none = parsed(&standing_form(Language::Ro));
    assert_eq!(select(&none, "[name=bank]:not([disabled])").len(), 0);
    assert!(text(&none, "#banks").contains("Nicio bancă disponibilă acum nu acceptă plăți programate."));
    assert!(text(&none, ".notice").contains("în fiecare lună, în ziua 31 sau în ultima zi a lunii, începând cu 01.12.2026"));
}

#[test]
fn what_was_not_made_comes_first_and_is_counted() {
    let all = instructions(45);
    let page = parsed(&in_part(Language::Ro, &all, 1));
    let lines = select(&page, ".lines > li");
    let ids: Vec<Option<&str>> = lines.iter().take(4).map(|l| l.attr("id")).collect();
    assert_eq!(ids, [Some("line-2"), Some("line-4"), Some("line-1"), Some("line-3")]);
    assert_eq!(text(&page, "#line-2 .line-state"), "Starea: nefăcută");
    assert_eq!(text(&page, "#line-4 .line-state"), "Starea: banca nu ne-a spus");
    let counts = text(&page, ".listed > .rows");
    assert_eq!(
        counts,
        "Plăți nefăcute1 (2,00 RON) Plăți despre care banca nu ne-a spus1 (4,00 RON) Plăți făcute43 (1.029,00 RON)".replace(") ", ")")
    );
    assert!(select(&page, ".lines button").is_empty(), "nothing can be edited any more");
    let links: Vec<Option<&str>> = select(&page, ".pager a").iter().map(|a| a.attr("href")).collect();
    assert_eq!(links, [Some("/list?a=1&page=2"), Some("/list?a=1&page=3")]);
}

#[test]
fn a_standing_order_never_sounds_like_money_that_left() {
    for language in Language::ALL {
        let view = OrderView::of(language, &instructions(1), Some(&schedule()));
        let page = parsed(&Result {
            order: view,
            ..ended(language, Outcome::Settled)
        });
        let settled = Texts::of(language);
        assert_ne!(text(&page, "h1"), settled.settled_title);
        assert!(!text(&page, ".lead").contains("banii au plecat") && !text(&page, ".lead").contains("the money has left"));
        assert!(text(&page, ".receipt").contains("2026"), "since when");
    }
}

#[test]
fn creditors_are_counted_once() {
    let mut all = instructions(3);
    let name = |all: &[Instruction]| OrderView::of(Language::Ro, all, None).unwrap().creditor_name;
    assert_eq!(name(&all), "3 beneficiari");
    for i in &mut all {
        i.creditor_name = "Unul singur SRL".into();
    }
    assert_eq!(name(&all), "Unul singur SRL");
    assert!(OrderView::of(Language::Ro, &[], None).is_none());
}

proptest! {
    #[test]
    fn every_payment_stands_on_one_page_and_no_page_is_out_of_reach(n in 1..130usize, wanted in 0..20usize) {
        let all = instructions(n);
        let pages = n.div_ceil(LINES_A_PAGE);
        let lines = |page| list(Language::En, &all, page).lines.iter().map(|l| l.number).collect::<Vec<_>>();
        let together: Vec<usize> = (1..=pages).flat_map(lines).collect();
        prop_assert_eq!(together, (1..=n).collect::<Vec<_>>());
        prop_assert!(!lines(wanted).is_empty());
    }
}
