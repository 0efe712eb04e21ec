//! Consents, and choosing on a payment's page the account to pay from.

use super::samples::{self, bank_page, partner, payment};
use super::state::{Group, Stage, State, each};
use super::steps::{methods, prompt};
use crate::bank::accounts::{Account, Balance, Money};
use crate::bank::{CodePrompt, PsuStep};
use crate::consent::{Kind, Status};
use crate::flow::consents::choose::Choosing;
use crate::flow::consents::step::OpenStep;
use crate::partner::PartnerKind;
use crate::payment::{Currency, Iban};
use crate::store::consents::Consent;
use crate::web::hosted_page::handlers::consent::Here;
use crate::web::hosted_page::pages::{CodeError, ConsentProblem};
use crate::web::hosted_page::render::{Rendered, StepProblem, consent_notice};
use chrono::TimeDelta;

fn consent(name: impl Into<String>, make: impl Fn(&Stage<'_>) -> Option<Rendered> + 'static) -> State {
    State::new(Group::Consent, name, make)
}

fn account(name: impl Into<String>, make: impl Fn(&Stage<'_>) -> Option<Rendered> + 'static) -> State {
    State::new(Group::Account, name, make)
}

/// The consent, for somebody's browser.
fn here(s: &Stage<'_>, consent: Consent) -> Here {
    let erp = partner(PartnerKind::Finance, Currency::Ron);
    Here::of(s.browser.clone(), consent, erp, s.language)
}

fn sample(s: &Stage<'_>, status: Status) -> Consent {
    samples::consent(s.now(), status, Kind::Accounts)
}

/// Every state of a consent.
pub(super) fn all() -> Vec<State> {
    Status::ALL.into_iter().flat_map(of_status).collect()
}

fn of_status(status: Status) -> Vec<State> {
    let plain = |name: &'static str| vec![consent(name, move |s| Some(here(s, sample(s, status)).page(s.site)))];
    match status {
        Status::Created => questions(),
        Status::AwaitingPsu => at_bank(),
        Status::Valid => plain("consent-given"),
        Status::Refused => plain("consent-refused"),
        Status::Abandoned => plain("consent-too-late"),
        Status::Ended => plain("consent-ended"),
    }
}

fn questions() -> Vec<State> {
    let mut states: Vec<State> = each![Kind: Accounts => "consent-accounts", Funds => "consent-funds"]
        .into_iter()
        .map(|(kind, name)| {
            consent(name, move |s| {
                Some(here(s, samples::consent(s.now(), Status::Created, kind)).page(s.site))
            })
        })
        .collect();
    for (problem, name) in each![ConsentProblem: Bank => "consent-no-bank-chosen", UserCode => "consent-user-code-wrong"] {
        states.push(consent(name, move |s| {
            Some(here(s, sample(s, Status::Created)).question(s.site, Some(problem), None))
        }));
    }
    for (word, name) in [
        ("bank_declined", "consent-bank-declined"),
        ("psu_id_refused", "consent-user-code-refused"),
        ("wrong_codes", "consent-code-too-often-wrong"),
        ("unavailable", "consent-bank-not-answering"),
    ] {
        states.push(consent(name, move |s| {
            let words = consent_notice(s.language, word, "CEC Bank");
            Some(here(s, sample(s, Status::Created)).question(s.site, None, Some(words)))
        }));
    }
    states
}

fn at_bank() -> Vec<State> {
    let waiting = |s: &Stage<'_>, step: Option<&PsuStep>| {
        let consent = Consent {
            psu_step: step.and_then(|step| serde_json::to_string(step).ok()),
            ..sample(s, Status::AwaitingPsu)
        };
        here(s, consent).page(s.site)
    };
    let mut states = vec![
        consent("consent-go-to-bank", move |s| {
            Some(waiting(s, Some(&PsuStep::GoToBank { url: bank_page()? })))
        }),
        consent("consent-waiting", move |s| Some(waiting(s, None))),
    ];
    for (name, step, problem) in steps() {
        states.push(consent(format!("consent-{name}"), move |s| {
            here(s, sample(s, Status::AwaitingPsu)).step(s.site, &open(s, &step), problem)
        }));
    }
    states
}

/// What a bank may want on our page, and what may be wrong with it.
fn steps() -> Vec<(&'static str, PsuStep, Option<StepProblem>)> {
    let wrong = CodePrompt { wrong: true, ..prompt() };
    vec![
        ("approve-in-app", PsuStep::ApproveInApp { message: None }, None),
        ("code", PsuStep::EnterCode(prompt()), None),
        ("code-wrong", PsuStep::EnterCode(wrong), None),
        (
            "code-left-empty",
            PsuStep::EnterCode(prompt()),
            Some(StepProblem::Code(CodeError::Empty)),
        ),
        ("choose-method", PsuStep::ChooseMethod { methods: methods() }, None),
        (
            "choose-method-none-chosen",
            PsuStep::ChooseMethod { methods: methods() },
            Some(StepProblem::Method),
        ),
    ]
}

fn open(s: &Stage<'_>, step: &PsuStep) -> OpenStep {
    OpenStep {
        step: Some(step.clone()),
        tries_left: 3,
        notice: None,
        until: s.now() + TimeDelta::minutes(4),
    }
}

/// Choosing an account.
pub(super) fn choosing() -> Vec<State> {
    let bank = || samples::BANK.to_owned();
    let shop = || partner(PartnerKind::Ecommerce, Currency::Ron);
    let mut states = vec![
        account("account-go-to-bank", move |s| {
            let go = Choosing::GoToBank {
                bank: bank(),
                url: bank_page()?,
            };
            s.view(&samples::untouched(s.now())?, &shop()).choosing(&go)
        }),
        account("account-waiting", move |s| {
            let nothing = OpenStep {
                step: None,
                ..open(s, &PsuStep::Begin)
            };
            let step = Choosing::Step {
                bank: bank(),
                open: nothing,
                shown: String::new(),
            };
            s.view(&samples::untouched(s.now())?, &shop()).choosing(&step)
        }),
        account("account-list", move |s| {
            let list = Choosing::Accounts {
                bank: bank(),
                accounts: accounts()?,
            };
            s.view(&payment(s.now(), crate::payment::Status::Created)?, &shop()).choosing(&list)
        }),
    ];
    for (name, step, problem) in steps() {
        states.push(account(format!("account-{name}"), move |s| {
            let step = Choosing::Step {
                bank: bank(),
                open: open(s, &step),
                shown: String::new(),
            };
            s.view(&samples::untouched(s.now())?, &shop()).choosing_step(&step, problem)
        }));
    }
    states
}

/// An account with money, one without a name and a balance, one that cannot pay.
fn accounts() -> Option<Vec<Account>> {
    let account = |id: &str, iban: &str, name: Option<&str>, currency: &str, hundredths: Option<i64>| {
        let balance = |hundredths| Balance {
            kind: "interimAvailable".into(),
            amount: Money {
                hundredths,
                currency: currency.to_owned(),
            },
            at: None,
        };
        Some(Account {
            id: id.into(),
            iban: Some(Iban::parse(iban).ok()?),
            name: name.map(Into::into),
            currency: currency.into(),
            status: None,
            balances: hundredths.map(balance).into_iter().collect(),
        })
    };
    Some(vec![
        account("1", samples::DEBTOR, Some("Cont curent"), "RON", Some(1_234_567))?,
        account("2", "RO66BACX0000001234567890", None, "RON", None)?,
        account("3", samples::CREDITOR, Some("Economii în euro"), "EUR", Some(-4_200))?,
    ])
}
