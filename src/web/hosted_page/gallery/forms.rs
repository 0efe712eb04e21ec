//! The form before anything is sent: of shops and of accounting programs, with what is wrong and what to know first.

use super::samples::{self, partner, payment, untouched};
use super::state::{Group, Stage, State, each};
use crate::flow::bank_states::BankStates;
use crate::flow::init_payment::{CannotTake, cannot_take};
use crate::partner::{Field, PartnerKind};
use crate::payment::amount::AmountError;
use crate::payment::{Currency, Status};
use crate::store::bank_closures::Closure;
use crate::store::bank_contacts::Contact;
use crate::store::payments::Payment;
use crate::web::Site;
use crate::web::hosted_page::form::{FieldError, FormInput};
use crate::web::hosted_page::pages::{AccountNotice, EditNotice, FormNotice, LINES_A_PAGE, prefilled};
use crate::web::hosted_page::render::{AskedTime, Rendered, Wrong, known_order};

/// The bank as the notices name it.
const BANK: &str = "CEC Bank";
/// Payments of the long list.
const MANY: usize = LINES_A_PAGE * 2 + 5;

/// A payment that nothing was sent of.
pub(super) fn created() -> Vec<State> {
    let mut states = plain();
    states.extend(time());
    states.extend(orders());
    states.extend(banks());
    states.extend(notices());
    states.extend(wrong());
    states.extend(list());
    states
}

fn form(name: impl Into<String>, make: impl Fn(&Stage<'_>) -> Option<Rendered> + 'static) -> State {
    State::new(Group::Form, name, make)
}

fn plain() -> Vec<State> {
    let shop = || partner(PartnerKind::Ecommerce, Currency::Ron);
    vec![
        form("shop-empty", move |s| Some(s.view(&untouched(s.now())?, &shop()).page())),
        form("shop-filled-in", move |s| {
            Some(s.view(&payment(s.now(), Status::Created)?, &shop()).page())
        }),
        form("shop-terms-accepted", move |s| {
            let accepted = Payment {
                terms_accepted: true,
                ..payment(s.now(), Status::Created)?
            };
            Some(s.view(&accepted, &shop()).page())
        }),
        form("finance", |s| {
            Some(s.view(&untouched(s.now())?, &partner(PartnerKind::Finance, Currency::Ron)).page())
        }),
        form("busy", move |s| {
            let busy = Payment {
                lease_until: Some(s.now() + chrono::TimeDelta::minutes(1)),
                ..payment(s.now(), Status::Created)?
            };
            Some(s.view(&busy, &shop()).page())
        }),
        form("link-too-old", move |s| {
            let over = Payment {
                expires_at: s.now(),
                ..payment(s.now(), Status::Created)?
            };
            Some(s.view(&over, &shop()).page())
        }),
    ]
}

/// The end is near; and what came of asking for more time.
fn time() -> Vec<State> {
    let shop = || partner(PartnerKind::Ecommerce, Currency::Ron);
    let soon = |s: &Stage<'_>, most: i64| {
        Some(Payment {
            expires_at: s.now() + chrono::TimeDelta::minutes(4),
            extendable_until: Some(s.now() + chrono::TimeDelta::minutes(most)),
            ..payment(s.now(), Status::Created)?
        })
    };
    let asked = move |asked: AskedTime| {
        move |s: &Stage<'_>| {
            let payment = soon(s, if asked == AskedTime::NoMore { 4 } else { 300 })?;
            let shop = shop();
            let mut view = s.view(&payment, &shop);
            view.after.asked_time = Some(asked);
            Some(view.page())
        }
    };
    vec![
        form("time-nearly-over", move |s| Some(s.view(&soon(s, 300)?, &shop()).page())),
        form("time-nearly-over-for-good", move |s| Some(s.view(&soon(s, 4)?, &shop()).page())),
        form("time-given", asked(AskedTime::Given)),
        form("time-no-more", asked(AskedTime::NoMore)),
        form("time-busy", asked(AskedTime::Busy)),
    ]
}

/// An order in a currency, of a kind of partner.
fn order(s: &Stage<'_>, kind: PartnerKind, currency: Currency, count: usize) -> Option<Rendered> {
    let order = Payment {
        currency,
        instructions: samples::instructions(count, currency)?,
        ..untouched(s.now())?
    };
    Some(s.view(&order, &partner(kind, currency)).page())
}

fn orders() -> Vec<State> {
    vec![
        form("shop-euro", |s| order(s, PartnerKind::Ecommerce, Currency::Eur, 1)),
        form("finance-dinars", |s| order(s, PartnerKind::Finance, Currency::Rsd, 1)),
        form("list-dinars", |s| order(s, PartnerKind::Finance, Currency::Rsd, 3)),
        form("list-two-payments", |s| order(s, PartnerKind::Finance, Currency::Ron, 2)),
        form("list-of-a-shop", |s| order(s, PartnerKind::Ecommerce, Currency::Ron, 3)),
        form("standing-order", |s| {
            let rent = Payment {
                schedule: Some(samples::monthly(s.now())),
                ..untouched(s.now())?
            };
            Some(s.view(&rent, &partner(PartnerKind::Finance, Currency::Ron)).page())
        }),
    ]
}

/// The form while something is said of banks.
fn with_banks(s: &Stage<'_>, payment: &Payment, closures: Vec<Closure>, contacts: Vec<Contact>) -> Rendered {
    let mut site = Site::clone(s.site);
    site.cx.bank_states = BankStates::as_seen(s.now(), closures, contacts);
    let stage = Stage { site: &site, ..*s };
    stage.view(payment, &partner(PartnerKind::Finance, payment.currency)).page()
}

fn closed(s: &Stage<'_>, bank: &str) -> Closure {
    Closure {
        id: String::new(),
        bank_code: bank.to_owned(),
        from_at: s.now() - chrono::TimeDelta::hours(1),
        until_at: None,
        message_ro: "lucrări la bancă până la ora 18:00".into(),
        message_en: "maintenance at the bank until 18:00".into(),
        reason: String::new(),
        admin_id: String::new(),
        created_at: s.now(),
        ended_at: None,
    }
}

fn banks() -> Vec<State> {
    vec![
        form("bank-switched-off", |s| {
            let chosen = payment(s.now(), Status::Created)?;
            Some(with_banks(s, &chosen, vec![closed(s, samples::BANK)], Vec::new()))
        }),
        form("bank-not-answering", |s| {
            let silent = Contact {
                failed_at: Some(s.now()),
                failed_in_row: 5,
                ..Contact::new(samples::BANK)
            };
            Some(with_banks(s, &payment(s.now(), Status::Created)?, Vec::new(), vec![silent]))
        }),
        form("no-bank-takes-several", |s| {
            let several = Payment {
                instructions: samples::instructions(3, Currency::Ron)?,
                ..untouched(s.now())?
            };
            let taking = s
                .site
                .cx
                .banks
                .list()
                .iter()
                .filter(|b| cannot_take(b, Currency::Ron, 3, false).is_none());
            let closures = taking.map(|b| closed(s, &b.code)).collect();
            Some(with_banks(s, &several, closures, Vec::new()))
        }),
    ]
}

fn bank() -> String {
    BANK.to_owned()
}

fn notices() -> Vec<State> {
    let of_account = each![AccountNotice:
        NotThere { banks: bank() } => "account-not-shown-there",
        Picked { bank: bank(), low: false } => "account-picked",
        NotGiven { bank: bank() } => "account-not-given",
        Failed { bank: bank() } => "account-not-read",
        UserCodeRefused { bank: bank() } => "account-user-code-refused",
    ];
    let of_form = each![FormNotice:
        BankDeclined { bank: bank() } => "bank-declined",
        BankNotReached { bank: bank() } => "bank-not-reached",
        Refused { bank: bank() } => "tried-again",
        Withdrawn { bank: bank() } => "withdrawn",
        UserCodeRefused { bank: bank() } => "user-code-refused",
        PageExpired => "page-expired",
        ListChanged => "list-changed",
        Account(AccountNotice::Picked { bank: bank(), low: true }) => "account-picked-low",
    ];
    let of_account = of_account.map(|(notice, name)| (FormNotice::Account(notice), name));
    let notices = of_form.into_iter().chain(of_account);
    let state = |(notice, name): (FormNotice, &str)| {
        form(name, move |s| {
            let several = matches!(notice, FormNotice::ListChanged);
            let mut payment = Payment {
                instructions: samples::instructions(if several { 3 } else { 1 }, Currency::Ron)?,
                ..payment(s.now(), Status::Created)?
            };
            let mut notice = notice.clone();
            if let FormNotice::UserCodeRefused { bank } | FormNotice::Account(AccountNotice::UserCodeRefused { bank }) = &mut notice {
                let mut known = s.site.cx.banks.list().iter();
                if let Some(asking) = known.find(|b| b.active() && b.facts.requires_psu_id && b.currency == Currency::Ron) {
                    (*bank, payment.bank_code) = (asking.name.clone(), Some(asking.code.clone()));
                }
            }
            let kind = if several { PartnerKind::Finance } else { PartnerKind::Ecommerce };
            Some(s.view(&payment, &partner(kind, Currency::Ron)).form_at(1, None, Some(notice)))
        })
    };
    notices.map(state).collect()
}

/// Every problem of a field, and the fields that can have it.
fn problems() -> Vec<(Field, FieldError)> {
    let amounts = each![AmountError:
        Empty => "empty", NotANumber => "letters", TooManyDecimals => "decimals", Zero => "zero", TooLarge => "large", Ambiguous => "ambiguous",
    ];
    let banks = each![CannotTake: Currency => "currency", Several => "several", StandingOrder => "standing"];
    let fields = each![FieldError:
        Required => "", TooLong(140) => "", ForbiddenCharacters => "", NothingForBank => "", InvalidIban => "", IbanTooShort(2) => "",
        IbanTooLong(1) => "", NotSerbian => "", SameIban => "", Amount(AmountError::Zero) => "", InvalidEmail => "", UnknownBank => "",
        BankUnavailable => "", BankOff => "", BankCannot(CannotTake::Several) => "", NotAUserCode => "", TermsNotAccepted => "",
    ];
    let of = |error| match error {
        FieldError::TooLong(_) | FieldError::ForbiddenCharacters | FieldError::NothingForBank | FieldError::Required => Field::Details,
        FieldError::InvalidIban | FieldError::IbanTooLong(_) | FieldError::NotSerbian => Field::CreditorIban,
        FieldError::IbanTooShort(_) | FieldError::SameIban => Field::DebtorIban,
        FieldError::Amount(_) => Field::Amount,
        FieldError::InvalidEmail => Field::Email,
        FieldError::UnknownBank | FieldError::BankUnavailable | FieldError::BankOff | FieldError::BankCannot(_) => Field::Bank,
        FieldError::NotAUserCode => Field::UserCode,
        FieldError::TermsNotAccepted => Field::Terms,
    };
    let all = fields.into_iter().map(|(error, _)| error);
    let all = all.chain(amounts.into_iter().map(|(error, _)| FieldError::Amount(error)));
    let all = all.chain(banks.into_iter().map(|(cannot, _)| FieldError::BankCannot(cannot)));
    all.map(|error| (of(error), error)).collect()
}

/// The problems on as few pages as show each: a field has one at a time.
fn pages() -> Vec<Vec<(Field, FieldError)>> {
    let mut pages: Vec<Vec<(Field, FieldError)>> = Vec::new();
    for (field, error) in problems() {
        if pages.iter().flatten().any(|known| *known == (field, error)) {
            continue;
        }
        match pages.iter_mut().find(|page| page.iter().all(|(taken, _)| *taken != field)) {
            Some(page) => page.push((field, error)),
            None => pages.push(vec![(field, error)]),
        }
    }
    pages
}

/// What somebody may have typed.
fn typed() -> FormInput {
    FormInput {
        creditor_name: "Foișor Carte SRL".into(),
        creditor_iban: "RO49 AAAA 1B31".into(),
        amount: "1.234".into(),
        details: "Comanda 4701".into(),
        bank: samples::BANK.into(),
        debtor_iban: "RO30 CECE B000".into(),
        email: "ioana.marin".into(),
        user_code: "?".into(),
        terms: String::new(),
    }
}

fn wrong() -> Vec<State> {
    let answered = |s: &Stage<'_>, kind, input, errors| {
        let view_of = untouched(s.now())?;
        let wrong = Wrong { input, errors };
        Some(s.view(&view_of, &partner(kind, Currency::Ron)).form(Some(&wrong), false))
    };
    let every = [
        Field::CreditorName,
        Field::CreditorIban,
        Field::Amount,
        Field::Details,
        Field::Bank,
        Field::DebtorIban,
        Field::Email,
    ];
    let required = |fields: &[Field]| {
        let mut errors: Vec<_> = fields.iter().map(|field| (*field, FieldError::Required)).collect();
        errors.push((Field::Terms, FieldError::TermsNotAccepted));
        errors
    };
    let (of_shop, of_finance) = (required(&every[4..]), required(&every));
    let mut states = vec![
        form("shop-left-empty", move |s| {
            let known = prefilled(s.language, &known_order(&untouched(s.now())?));
            answered(s, PartnerKind::Ecommerce, known, of_shop.clone())
        }),
        form("finance-left-empty", move |s| {
            answered(s, PartnerKind::Finance, FormInput::default(), of_finance.clone())
        }),
    ];
    for (n, errors) in pages().into_iter().enumerate() {
        states.push(form(format!("finance-wrong-{}", n + 1), move |s| {
            answered(s, PartnerKind::Finance, typed(), errors.clone())
        }));
    }
    states
}

fn list() -> Vec<State> {
    let many = |s: &Stage<'_>| {
        Some(Payment {
            instructions: samples::instructions(MANY, Currency::Ron)?,
            ..untouched(s.now())?
        })
    };
    let finance = || partner(PartnerKind::Finance, Currency::Ron);
    let mut states = vec![
        form("list-first-page", move |s| s.view(&many(s)?, &finance()).list_page(1)),
        form("list-second-page", move |s| s.view(&many(s)?, &finance()).list_page(2)),
        form("list-one-edited", move |s| {
            s.view(&many(s)?, &finance()).edit_page("F-4702", None, None)
        }),
        form("list-one-edited-wrong", move |s| {
            let errors: Vec<_> = problems()
                .into_iter()
                .filter(|(field, _)| *field == Field::Details)
                .take(1)
                .collect();
            let errors = [&errors[..], &[(Field::Amount, FieldError::Amount(AmountError::NotANumber))]].concat();
            let payment = many(s)?;
            s.view(&payment, &finance()).edit_page("F-4702", Some((&typed(), &errors)), None)
        }),
    ];
    for (notice, name) in each![EditNotice: Changed => "list-one-changed-elsewhere", Expired => "list-one-page-expired"] {
        states.push(form(name, move |s| {
            let payment = many(s)?;
            s.view(&payment, &finance()).edit_page("F-4702", None, Some(notice))
        }));
    }
    states
}
