//! Every field missing, empty, too long, wrong and hostile.

use super::*;
use crate::bank::Tools;
use crate::bank::access::Keeper;
use crate::bank::directory::Directory;
use crate::bank::http::{BankHttp, BankHttpSettings};
use proptest::prelude::*;

const SHOP: &str = "RO49AAAA1B31007593840000";
const PAYER: &str = "RO66BACX0000001234567890";

fn banks() -> Vec<BankChoice> {
    let bank = |code: &str, iban_code: &str, active, needs_user_code| BankChoice {
        code: code.into(),
        name: code.to_uppercase(),
        active,
        iban_codes: vec![iban_code.into()],
        needs_user_code,
        psu_id: None,
        cannot: None,
        off: None,
        silent: false,
    };
    vec![
        bank("unicredit", "BACX", true, false),
        bank("brd", "BRDE", true, true),
        bank("closed", "PORL", false, false),
    ]
}

fn known() -> KnownOrder {
    KnownOrder {
        currency: Currency::Ron,
        creditor_name: Some("Librăria Șapte".into()),
        creditor_iban: Iban::parse(SHOP).ok(),
        amount: Amount::from_minor(24_990, Currency::Ron).ok(),
        details: Some("Comanda 7".into()),
        bank: None,
        debtor_iban: None,
        email: None,
        terms_accepted: false,
        several: None,
    }
}

fn input() -> FormInput {
    FormInput {
        creditor_name: "Ion Popescu".into(),
        creditor_iban: SHOP.into(),
        amount: "1.234,56".into(),
        details: "Factura 12".into(),
        bank: "unicredit".into(),
        debtor_iban: "ro66 bacx 0000 0012 3456 7890".into(),
        email: " ana@exemplu.ro ".into(),
        user_code: String::new(),
        terms: "yes".into(),
    }
}

fn set(input: &mut FormInput, field: Field, value: &str) {
    let slot = match field {
        Field::PartnerName => return,
        Field::CreditorName => &mut input.creditor_name,
        Field::CreditorIban => &mut input.creditor_iban,
        Field::Amount => &mut input.amount,
        Field::Details => &mut input.details,
        Field::Bank => &mut input.bank,
        Field::DebtorIban => &mut input.debtor_iban,
        Field::Email => &mut input.email,
        Field::UserCode => &mut input.user_code,
        Field::Terms => &mut input.terms,
    };
    value.clone_into(slot);
}

#[test]
fn a_right_form_is_confirmed_as_typed() {
    let checked = validate(&input(), &known(), PartnerKind::Finance, &banks());
    assert!(checked.tampered.is_empty());
    let confirmed = checked.outcome.unwrap();
    let one = confirmed.instruction.clone().unwrap();
    assert_eq!(one.amount.minor, 123_456);
    assert_eq!(one.creditor_name, "Ion Popescu");
    assert_eq!(confirmed.debtor_iban.electronic(), PAYER);
    assert_eq!(confirmed.email, "ana@exemplu.ro");
    assert_eq!(confirmed.user_code, None);
    let shown = format!("{confirmed:?} {:?}", input());
    assert!(
        !shown.contains("ana@") && !shown.contains("BACX") && !shown.contains("Ion"),
        "{shown}"
    );
}

#[test]
fn every_field_says_what_is_wrong_with_it() {
    let long = |n: usize| "a".repeat(n);
    let mail = |n: usize| format!("a@{}.ro", "b.".repeat(n));
    let cases: Vec<(Field, String, FieldError)> = vec![
        (Field::CreditorName, long(71), FieldError::TooLong(70)),
        (Field::CreditorName, "a\u{202e}b".into(), FieldError::ForbiddenCharacters),
        (Field::CreditorName, "///".into(), FieldError::NothingForBank),
        (Field::CreditorIban, "RO48AAAA1B31007593840000".into(), FieldError::InvalidIban),
        (Field::CreditorIban, "<script>".into(), FieldError::InvalidIban),
        (Field::Amount, "1.234".into(), FieldError::Amount(AmountError::Ambiguous)),
        (Field::Amount, "-5".into(), FieldError::Amount(AmountError::NotANumber)),
        (Field::Amount, "0,00".into(), FieldError::Amount(AmountError::Zero)),
        (Field::Amount, long(10_000), FieldError::Amount(AmountError::NotANumber)),
        (Field::Amount, "9999999999".into(), FieldError::Amount(AmountError::TooLarge)),
        (Field::Details, long(141), FieldError::TooLong(140)),
        (Field::Details, "a\nb".into(), FieldError::ForbiddenCharacters),
        (Field::Details, "~~~".into(), FieldError::NothingForBank),
        (Field::Bank, "none".into(), FieldError::UnknownBank),
        (Field::Bank, "closed".into(), FieldError::BankUnavailable),
        (Field::Bank, "UNICREDIT".into(), FieldError::UnknownBank),
        (Field::DebtorIban, SHOP.to_lowercase(), FieldError::SameIban),
        (Field::DebtorIban, long(1000), FieldError::InvalidIban),
        (Field::Email, "ana".into(), FieldError::InvalidEmail),
        (Field::Email, "ana@localhost".into(), FieldError::InvalidEmail),
        (Field::Email, "ana@[127.0.0.1]".into(), FieldError::InvalidEmail),
        (Field::Email, "a..b@exemplu.ro".into(), FieldError::InvalidEmail),
        (Field::Email, "a@b.ro\r\nBcc: c@d.ro".into(), FieldError::InvalidEmail),
        (Field::Email, mail(126), FieldError::TooLong(254)),
    ];
    for (field, value, error) in cases {
        let mut input = input();
        set(&mut input, field, &value);
        let errors = validate(&input, &known(), PartnerKind::Finance, &banks()).outcome.unwrap_err();
        assert_eq!(errors, [(field, error)], "{field:?} {value:.40}");
    }
}

#[test]
fn every_empty_field_is_named_in_the_order_of_the_form() {
    let editable = [
        Field::CreditorName,
        Field::CreditorIban,
        Field::Amount,
        Field::Details,
        Field::Bank,
        Field::DebtorIban,
        Field::Email,
    ];
    for empty in ["", "   ", "\u{a0}"] {
        for field in editable {
            let mut input = input();
            set(&mut input, field, empty);
            let errors = validate(&input, &known(), PartnerKind::Finance, &banks()).outcome.unwrap_err();
            assert_eq!(errors, [(field, FieldError::Required)]);
        }
    }
    let errors = validate(&FormInput::default(), &known(), PartnerKind::Finance, &banks())
        .outcome
        .unwrap_err();
    let fields: Vec<Field> = errors.iter().map(|(field, _)| *field).collect();
    assert_eq!(fields[..7], editable);
    assert_eq!(errors[7], (Field::Terms, FieldError::TermsNotAccepted));
}

#[test]
fn what_is_not_the_payers_to_change_is_ignored_and_reported() {
    let mut input = input();
    let checked = validate(&input, &known(), PartnerKind::Ecommerce, &banks());
    assert_eq!(checked.tampered, [Field::CreditorName, Field::Amount, Field::Details]);
    let confirmed = checked.outcome.unwrap().instruction.unwrap();
    assert_eq!(confirmed.creditor_name, "Librăria Șapte");
    assert_eq!(confirmed.amount.minor, 24_990);
    assert_eq!(confirmed.details, "Comanda 7");

    input.creditor_name = "Librăria Șapte ".into();
    input.creditor_iban = "RO49 AAAA 1B31 0075 9384 0000".into();
    input.amount = "249,90".into();
    input.details.clear();
    let honest = validate(&input, &known(), PartnerKind::Ecommerce, &banks());
    assert!(honest.tampered.is_empty());
    assert!(honest.outcome.is_ok());
    input.creditor_iban = "rubbish".into();
    let checked = validate(&input, &known(), PartnerKind::Ecommerce, &banks());
    assert_eq!(checked.tampered, [Field::CreditorIban]);
    assert!(checked.outcome.is_ok());
}

#[test]
fn the_user_code_is_asked_by_some_banks_and_the_terms_only_once() {
    let mut input = input();
    input.bank = "brd".into();
    let outcome = |input: &FormInput, known: &KnownOrder| validate(input, known, PartnerKind::Ecommerce, &banks()).outcome;
    assert_eq!(outcome(&input, &known()), Err(vec![(Field::UserCode, FieldError::Required)]));
    for (code, error) in [
        ("1".repeat(36), FieldError::TooLong(35)),
        ("1\u{0}2".into(), FieldError::ForbiddenCharacters),
    ] {
        input.user_code = code;
        assert_eq!(outcome(&input, &known()), Err(vec![(Field::UserCode, error)]));
    }
    input.user_code = "12345678".into();
    assert_eq!(outcome(&input, &known()).unwrap().user_code.as_deref(), Some("12345678"));
    input.terms.clear();
    assert_eq!(outcome(&input, &known()), Err(vec![(Field::Terms, FieldError::TermsNotAccepted)]));
    let accepted = KnownOrder {
        terms_accepted: true,
        ..known()
    };
    assert!(outcome(&input, &accepted).is_ok());
}

#[test]
fn of_several_payments_the_form_takes_only_the_payers_side() {
    let other = Iban::parse("RO09PORL7789778256833565").unwrap();
    let several = KnownOrder {
        several: Some(vec![Iban::parse(SHOP).unwrap(), other.clone()]),
        ..known()
    };
    let mut input = input();
    let outcome = |input: &FormInput| validate(input, &several, PartnerKind::Finance, &banks()).outcome;
    // Whatever is posted for the order itself is not looked at.
    for hostile in ["", "rubbish", "<script>"] {
        for field in [Field::CreditorName, Field::CreditorIban, Field::Amount, Field::Details] {
            set(&mut input, field, hostile);
        }
        assert_eq!(outcome(&input).unwrap().instruction, None);
    }
    // Money must not go back to where it comes from, in any of them.
    for creditor in [SHOP, other.electronic()] {
        input.debtor_iban = creditor.into();
        assert_eq!(outcome(&input), Err(vec![(Field::DebtorIban, FieldError::SameIban)]));
    }
}

#[test]
fn one_of_several_is_checked_by_the_same_rules() {
    let mut input = input();
    let edited = validate_one(&input, &known(), PartnerKind::Finance).unwrap();
    assert_eq!((edited.creditor_name.as_str(), edited.amount.minor), ("Ion Popescu", 123_456));
    input.debtor_iban.clear();
    input.email.clear();
    input.terms.clear();
    assert!(
        validate_one(&input, &known(), PartnerKind::Finance).is_ok(),
        "only the payment is asked for"
    );
    for (field, value, error) in [
        (Field::CreditorName, "///", FieldError::NothingForBank),
        (Field::CreditorIban, "RO48AAAA1B31007593840000", FieldError::InvalidIban),
        (Field::Amount, "0,00", FieldError::Amount(AmountError::Zero)),
        (Field::Details, "", FieldError::Required),
    ] {
        let mut wrong = input.clone();
        set(&mut wrong, field, value);
        assert_eq!(validate_one(&wrong, &known(), PartnerKind::Finance), Err(vec![(field, error)]));
    }
    // A shop's list does not exist; were there one, nothing of it could be changed.
    let kept = validate_one(&input, &known(), PartnerKind::Ecommerce).unwrap();
    assert_eq!((kept.creditor_name.as_str(), kept.amount.minor), ("Librăria Șapte", 24_990));
}

#[test]
fn a_bank_that_cannot_take_the_order_is_neither_accepted_nor_suggested() {
    for cannot in [CannotTake::Several, CannotTake::StandingOrder] {
        let mut banks = banks();
        banks[0].cannot = Some(cannot);
        let outcome = validate(&input(), &known(), PartnerKind::Ecommerce, &banks).outcome;
        assert_eq!(outcome, Err(vec![(Field::Bank, FieldError::BankCannot(cannot))]));
        assert_eq!(suggest_bank(PAYER, &banks), None);
        banks[0].active = false;
        let outcome = validate(&input(), &known(), PartnerKind::Ecommerce, &banks).outcome;
        assert_eq!(outcome, Err(vec![(Field::Bank, FieldError::BankUnavailable)]));
    }
}

#[test]
fn a_bank_that_is_switched_off_is_neither_accepted_nor_suggested_and_a_silent_one_is() {
    let mut banks = banks();
    banks[0].silent = true;
    let checked = |banks: &[BankChoice]| validate(&input(), &known(), PartnerKind::Ecommerce, banks).outcome;
    assert_eq!(checked(&banks).unwrap().bank, "unicredit");
    assert_eq!(suggest_bank(PAYER, &banks).unwrap().code, "unicredit");
    banks[0].off = Some(OffMessage {
        ro: "Banca este în mentenanță.".into(),
        en: "The bank is being maintained.".into(),
    });
    assert_eq!(checked(&banks), Err(vec![(Field::Bank, FieldError::BankOff)]));
    assert_eq!(suggest_bank(PAYER, &banks), None);
}

#[test]
fn an_iban_suggests_an_active_bank() {
    let banks = banks();
    assert_eq!(suggest_bank("ro66 bacx 0000 0012 3456 7890", &banks).unwrap().code, "unicredit");
    for none in [
        "",
        "RO67BACX0000001234567890",
        "RO09PORL7789778256833565",
        "FR7613807008043001965405158",
    ] {
        assert_eq!(suggest_bank(none, &banks), None, "{none}");
    }
}

proptest! {
    #[test]
    fn no_input_panics_and_what_is_confirmed_keeps_the_rules(
        name in "\\PC{0,80}", amount in "\\PC{0,12}", details in "\\PC{0,150}",
        email in "[a-z.+@ăș-]{0,12}@[a-z.-]{0,12}", iban in "\\PC{0,40}",
    ) {
        let input = FormInput { creditor_name: name, amount, details, email, creditor_iban: iban, ..input() };
        for kind in [PartnerKind::Finance, PartnerKind::Ecommerce] {
            if let Ok(confirmed) = validate(&input, &known(), kind, &banks()).outcome {
                let confirmed = confirmed.instruction.unwrap();
                prop_assert!(confirmed.creditor_name.chars().count() <= 70);
                prop_assert!(!for_bank(&confirmed.details, 140).is_empty());
            }
        }
    }

    #[test]
    fn an_accepted_address_can_be_mailed_to(email in "[a-z0-9.+_%'-]{1,8}@[a-z0-9.-]{1,10}\\.[a-z]{2,3}") {
        if super::email(&email).is_ok() {
            prop_assert!(email.parse::<lettre::Address>().is_ok(), "{}", email);
        }
    }
}

#[test]
fn a_user_code_has_the_form_of_its_bank() {
    let http = BankHttp::new(&BankHttpSettings::default()).unwrap();
    let all = Directory::shipped()
        .unwrap()
        .connect(
            std::collections::BTreeMap::new(),
            &Tools {
                http,
                keeper: Keeper::in_memory(),
                clock: crate::clock::Clock::default(),
            },
        )
        .unwrap();
    let psu_id = all.get("brd").unwrap().psu_id.clone();
    let mut banks = banks();
    banks[1].psu_id = psu_id;
    for (typed, read) in [
        ("30001001", Ok("30001001")),
        (" 3000 1001 ", Ok("30001001")),
        ("20001001", Err(FieldError::NotAUserCode)),
        ("300010010", Err(FieldError::NotAUserCode)),
        ("ana", Err(FieldError::NotAUserCode)),
        ("", Err(FieldError::Required)),
    ] {
        let read = read.map(|code| Some(code.to_owned()));
        assert_eq!(user_code(typed, Some(&banks[1])), read, "{typed}");
    }
}

#[test]
fn dinars_are_paid_between_accounts_in_serbia() {
    const THERE: [&str; 2] = ["840-742221843-57", "265-1100310000002-43"];
    let known = || KnownOrder {
        currency: Currency::Rsd,
        ..known()
    };
    let mut input = input();
    input.creditor_iban = THERE[0].into();
    input.debtor_iban = THERE[1].into();
    assert!(validate(&input, &known(), PartnerKind::Finance, &banks()).outcome.is_ok());
    for field in [Field::CreditorIban, Field::DebtorIban] {
        let mut wrong = input.clone();
        set(&mut wrong, field, "RO66BACX0000001234567890");
        let outcome = validate(&wrong, &known(), PartnerKind::Finance, &banks()).outcome;
        assert_eq!(outcome, Err(vec![(field, FieldError::NotSerbian)]));
    }
    set(&mut input, Field::CreditorIban, "FR7613807008043001965405158");
    let one = validate_one(&input, &known(), PartnerKind::Finance);
    assert_eq!(one, Err(vec![(Field::CreditorIban, FieldError::NotSerbian)]));
}
