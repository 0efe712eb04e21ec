//! How a payment ended: made, made in part, refused for each reason, cancelled, given up, stopped here.

use super::samples::{self, partner, payment};
use super::state::{Group, Stage, State};
use crate::bank::Reason;
use crate::flow::open_page::START_DATE_PASSED;
use crate::partner::PartnerKind;
use crate::payment::limits::Figure;
use crate::payment::{Currency, Status};
use crate::store::payments::Payment;
use crate::web::hosted_page::render::{After, Rendered};
use chrono::TimeDelta;

/// Payments of an order that was made in part: more than a page of the list.
const MANY: usize = 45;

fn end(name: impl Into<String>, make: impl Fn(&Stage<'_>) -> Option<Rendered> + 'static) -> State {
    State::new(Group::End, name, make)
}

fn page(s: &Stage<'_>, payment: &Payment) -> Rendered {
    s.view(payment, &partner(PartnerKind::Ecommerce, Currency::Ron)).page()
}

/// Ended like this, and why.
fn ended(name: impl Into<String>, status: Status, reason: Option<&'static str>) -> State {
    end(name, move |s| {
        let payment = Payment {
            reason: reason.map(Into::into),
            ..payment(s.now(), status)?
        };
        Some(page(s, &payment))
    })
}

/// As [`ended`], for each reason a bank can give.
fn for_each_reason(word: &str, status: Status) -> impl Iterator<Item = State> {
    let name = move |reason: Reason| format!("{word}-{}", reason.as_str().replace('_', "-"));
    Reason::ALL
        .into_iter()
        .map(move |reason| ended(name(reason), status, Some(reason.as_str())))
}

/// The bank refused; the payer may try again.
pub(super) fn attempt_refused() -> Vec<State> {
    let mut states: Vec<State> = for_each_reason("may-try-again", Status::AttemptRefused).collect();
    states.push(ended("may-try-again", Status::AttemptRefused, None));
    states.push(end("may-try-again-several", |s| {
        let texts = [None, Some("IBAN beneficiar inexistent".into()), None];
        let several = Payment {
            instructions: samples::instructions(3, Currency::Ron)?,
            instruction_texts: texts.into(),
            ..payment(s.now(), Status::AttemptRefused)?
        };
        Some(page(s, &several))
    }));
    states.push(end("trying-again", |s| {
        let refused = payment(s.now(), Status::AttemptRefused)?;
        Some(s.view(&refused, &partner(PartnerKind::Ecommerce, Currency::Ron)).again())
    }));
    states
}

/// Made.
pub(super) fn settled() -> Vec<State> {
    vec![
        ended("made", Status::Settled, None),
        end("made-without-a-way-back", |s| {
            let payment = Payment {
                redirect_url: None,
                psu_email: None,
                ..payment(s.now(), Status::Settled)?
            };
            Some(page(s, &payment))
        }),
        end("made-corrected", |s| {
            let payment = payment(s.now(), Status::Settled)?;
            let shop = partner(PartnerKind::Ecommerce, Currency::Ron);
            let mut view = s.view(&payment, &shop);
            view.after = After {
                corrected: true,
                ..After::default()
            };
            Some(view.page())
        }),
        end("made-several", |s| {
            let payment = Payment {
                instructions: samples::instructions(5, Currency::Ron)?,
                ..payment(s.now(), Status::Settled)?
            };
            Some(page(s, &payment))
        }),
        end("standing-order-accepted", |s| {
            let payment = Payment {
                schedule: Some(samples::monthly(s.now())),
                ..payment(s.now(), Status::Settled)?
            };
            Some(page(s, &payment))
        }),
    ]
}

/// Made in part.
pub(super) fn partly_settled() -> Vec<State> {
    let in_part = |s: &Stage<'_>, count: usize| {
        let words = ["ACSC", "RJCT", ""];
        let word = |n: usize| Some(words[n % 3].to_owned()).filter(|w| !w.is_empty());
        Some(Payment {
            instructions: samples::instructions(count, Currency::Ron)?,
            instruction_words: (0..count).map(word).collect(),
            instruction_texts: (0..count).map(|n| (n == 1).then(|| "Cont închis".to_owned())).collect(),
            ..payment(s.now(), Status::PartlySettled)?
        })
    };
    let finance = || partner(PartnerKind::Finance, Currency::Ron);
    vec![
        end("made-in-part", move |s| Some(s.view(&in_part(s, 3)?, &finance()).page())),
        end("made-in-part-many", move |s| Some(s.view(&in_part(s, MANY)?, &finance()).page())),
    ]
}

/// Refused.
pub(super) fn rejected() -> Vec<State> {
    let mut states: Vec<State> = for_each_reason("refused", Status::Rejected).collect();
    states.push(ended("refused", Status::Rejected, None));
    states
}

/// Cancelled before execution.
pub(super) fn cancelled() -> Vec<State> {
    let mut states: Vec<State> = [
        Reason::PsuDeclined,
        Reason::BankDeclined,
        Reason::Withdrawn,
        Reason::WrongCodes,
        Reason::NotExecuted,
    ]
    .into_iter()
    .map(|reason| {
        ended(
            format!("cancelled-{}", reason.as_str().replace('_', "-")),
            Status::Cancelled,
            Some(reason.as_str()),
        )
    })
    .collect();
    states.push(ended("cancelled", Status::Cancelled, None));
    states
}

/// Given up, or nothing happened in time.
pub(super) fn abandoned() -> Vec<State> {
    vec![
        ended("given-up", Status::Abandoned, None),
        end("not-approved-in-time", |s| {
            let late = Payment {
                expires_at: s.now() - TimeDelta::minutes(1),
                ..payment(s.now(), Status::Abandoned)?
            };
            Some(page(s, &late))
        }),
        end("standing-order-too-late", |s| {
            let late = Payment {
                reason: Some(START_DATE_PASSED.into()),
                schedule: Some(samples::monthly(s.now() - TimeDelta::days(6))),
                ..payment(s.now(), Status::Abandoned)?
            };
            Some(page(s, &late))
        }),
    ]
}

/// Stopped here.
pub(super) fn blocked() -> Vec<State> {
    let by = |figure: Figure| {
        ended(
            format!("stopped-{}", figure.reason().replace('_', "-")),
            Status::Blocked,
            Some(figure.reason()),
        )
    };
    let mut states: Vec<State> = Figure::ALL.into_iter().map(by).collect();
    states.push(ended("stopped", Status::Blocked, None));
    states
}
