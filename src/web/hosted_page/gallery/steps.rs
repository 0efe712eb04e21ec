//! The payment is at the bank: everything the bank may want of the payer, waiting, out of time, in doubt.

use super::samples::{self, bank_page, partner, payment};
use super::state::{Group, Stage, State, each};
use crate::bank::{CodeFormat, CodePrompt, PsuStep, ScaMethod};
use crate::flow::answer_step::MAX_CODE_TRIES;
use crate::partner::{Partner, PartnerKind};
use crate::payment::{Currency, Status};
use crate::store::payments::Payment;
use crate::web::hosted_page::pages::{CodeError, GoWhy};
use crate::web::hosted_page::render::{After, Rendered};
use chrono::TimeDelta;

fn at_bank(name: impl Into<String>, make: impl Fn(&Stage<'_>) -> Option<Rendered> + 'static) -> State {
    State::new(Group::AtBank, name, make)
}

/// The page of a payment of the shop.
fn page(s: &Stage<'_>, payment: &Payment, after: After) -> Rendered {
    let shop = shop();
    let mut view = s.view(payment, &shop);
    view.after = after;
    view.page()
}

/// Our own call to the bank is under way.
pub(super) fn initiating() -> Vec<State> {
    vec![at_bank("sending", |s| {
        Some(page(s, &payment(s.now(), Status::Initiating)?, After::default()))
    })]
}

/// The bank works on it.
pub(super) fn processing() -> Vec<State> {
    vec![
        at_bank("on-its-way", |s| {
            Some(page(s, &payment(s.now(), Status::Processing)?, After::default()))
        }),
        at_bank("on-its-way-standing-order", |s| {
            let rent = Payment {
                schedule: Some(samples::monthly(s.now())),
                ..payment(s.now(), Status::Processing)?
            };
            Some(page(s, &rent, After::default()))
        }),
        at_bank("on-its-way-several", |s| {
            let several = Payment {
                instructions: samples::instructions(5, Currency::Ron)?,
                ..payment(s.now(), Status::Processing)?
            };
            Some(page(s, &several, After::default()))
        }),
    ]
}

/// Nobody knows.
pub(super) fn in_doubt() -> Vec<State> {
    vec![at_bank("in-doubt", |s| {
        let after = After {
            doubt_since: Some(s.now() - TimeDelta::minutes(12)),
            ..After::default()
        };
        Some(page(s, &payment(s.now(), Status::InDoubt)?, after))
    })]
}

/// The bank waits for the payer.
pub(super) fn awaiting() -> Vec<State> {
    let mut states: Vec<State> = each_step().into_iter().flatten().map(|(step, name)| waiting(name, step)).collect();
    states.extend(ways_to_the_bank());
    states.extend(codes());
    states.push(at_bank("choose-method-none-chosen", |s| {
        let payment = waits(s, &PsuStep::ChooseMethod { methods: methods() })?;
        Some(s.view(&payment, &shop()).choose_method(&methods(), true))
    }));
    states.push(at_bank("approval-asked-for", |s| {
        let leased = Payment {
            lease_until: Some(s.now() + TimeDelta::minutes(1)),
            ..waits(s, &PsuStep::Begin)?
        };
        Some(page(s, &leased, After::default()))
    }));
    let app = || PsuStep::ApproveInApp {
        message: Some("Deschide aplicația CEC și aprobă cererea 4701.".into()),
    };
    states.push(waiting("approve-in-app-with-the-banks-words", app()));
    for (name, minutes) in [("approve-in-app-time-nearly-over", 1), ("time-over", 0)] {
        states.push(at_bank(name, move |s| {
            let late = Payment {
                expires_at: s.now() + TimeDelta::minutes(minutes),
                ..waits(s, &app())?
            };
            Some(page(s, &late, After::default()))
        }));
    }
    for (notice, name) in [
        ("not_withdrawn", "approve-in-app-not-withdrawn"),
        ("not_answered", "approve-in-app-not-answered"),
    ] {
        states.push(at_bank(name, move |s| {
            let noticed = Payment {
                notice: Some(notice.into()),
                ..waits(s, &app())?
            };
            Some(page(s, &noticed, After::default()))
        }));
    }
    states
}

fn shop() -> Partner {
    partner(PartnerKind::Ecommerce, Currency::Ron)
}

/// With this step, asked for just now.
fn waits(s: &Stage<'_>, step: &PsuStep) -> Option<Payment> {
    Some(Payment {
        psu_step: serde_json::to_string(step).ok(),
        ..payment(s.now(), Status::AwaitingPsu)?
    })
}

fn waiting(name: &'static str, step: PsuStep) -> State {
    at_bank(name, move |s| Some(page(s, &waits(s, &step)?, After::default())))
}

fn each_step() -> Option<[(PsuStep, &'static str); 5]> {
    Some(each![PsuStep:
        GoToBank { url: bank_page()? } => "go-to-bank",
        Begin => "approval-not-begun",
        ApproveInApp { message: None } => "approve-in-app",
        EnterCode(prompt()) => "code",
        ChooseMethod { methods: methods() } => "choose-method",
    ])
}

/// The bank's methods.
pub(super) fn methods() -> Vec<ScaMethod> {
    let method = |id: &str, name: &str, kind: &str| ScaMethod {
        id: id.into(),
        name: name.into(),
        kind: kind.into(),
    };
    vec![
        method("1", "SMS la 07•• ••• 123", "SMS_OTP"),
        method("2", "Aplicația băncii", "PUSH_OTP"),
        method("3", "Token", "CHIP_OTP"),
        method("4", "", "PHOTO_OTP"),
    ]
}

/// A code by text message.
pub(super) fn prompt() -> CodePrompt {
    CodePrompt {
        message: Some("Codul a plecat la 07•• ••• 123.".into()),
        method: Some("SMS".into()),
        format: CodeFormat::Digits,
        max_length: Some(6),
        can_resend: true,
        ..CodePrompt::default()
    }
}

/// A code that the payer's own device makes.
fn made_by_psu() -> CodePrompt {
    CodePrompt {
        made_by_psu: true,
        ..CodePrompt::default()
    }
}

fn ways_to_the_bank() -> Vec<State> {
    let ways = each![GoWhy:
        Fresh => "go-to-bank-at-once", StillWaits => "go-to-bank-link-opened-again", Returned => "go-to-bank-not-confirmed",
        NotWithdrawn => "go-to-bank-not-withdrawn",
    ];
    let way = |(why, name)| {
        at_bank(name, move |s| {
            let step = PsuStep::GoToBank { url: bank_page()? };
            let mut payment = waits(s, &step)?;
            payment.polls = i32::from(why == GoWhy::StillWaits);
            payment.notice = (why == GoWhy::NotWithdrawn).then(|| "not_withdrawn".into());
            let after = After {
                returned: why == GoWhy::Returned,
                ..After::default()
            };
            Some(page(s, &payment, after))
        })
    };
    // The first is the step's own state.
    ways.into_iter().skip(1).map(way).collect()
}

fn codes() -> Vec<State> {
    let errors = each![CodeError:
        Wrong => "code-wrong", Empty => "code-left-empty", NotDigits => "code-no-digits", TooLong => "code-too-long",
        Unreadable => "code-unreadable",
    ];
    let wrong = |(error, name)| {
        at_bank(name, move |s| {
            let payment = Payment {
                code_tries: 2,
                ..waits(s, &PsuStep::EnterCode(prompt()))?
            };
            Some(s.view(&payment, &shop()).enter_code(prompt(), Some(error)))
        })
    };
    let mut states: Vec<State> = errors.into_iter().map(wrong).collect();
    states.push(waiting("code-made-by-the-payer", PsuStep::EnterCode(made_by_psu())));
    states.push(at_bank("code-made-by-the-payer-wrong", |s| {
        let payment = Payment {
            code_tries: 1,
            ..waits(s, &PsuStep::EnterCode(made_by_psu()))?
        };
        Some(s.view(&payment, &shop()).enter_code(made_by_psu(), Some(CodeError::Wrong)))
    }));
    states.push(at_bank("code-sent-again", |s| {
        let after = After {
            resent: true,
            ..After::default()
        };
        Some(page(s, &waits(s, &PsuStep::EnterCode(prompt()))?, after))
    }));
    states.push(at_bank("code-too-often-wrong", |s| {
        let payment = Payment {
            code_tries: MAX_CODE_TRIES,
            ..waits(s, &PsuStep::EnterCode(prompt()))?
        };
        Some(page(s, &payment, After::default()))
    }));
    states
}
