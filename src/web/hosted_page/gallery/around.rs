//! Pages that belong to no payment, or tell nothing of it.

use super::samples::{partner, payment};
use super::state::{Group, Stage, State, each};
use crate::partner::PartnerKind;
use crate::payment::{Currency, Status};
use crate::web::error;
use crate::web::hosted_page::handlers::around::terms_page;
use crate::web::hosted_page::pages::{HandOver, NoticeKind, TakeOver};
use crate::web::hosted_page::render::{Rendered, notice, time_of_day};
use actix_web::http::StatusCode;
use askama::Template as _;
use chrono::TimeDelta;

fn around(name: impl Into<String>, make: impl Fn(&Stage<'_>) -> Option<Rendered> + 'static) -> State {
    State::new(Group::Around, name, make)
}

/// What is said where there is nothing to show.
pub(super) fn notices() -> Vec<State> {
    let kinds = each![NoticeKind:
        ReturnedElsewhere => "back-from-the-bank-elsewhere", OtherBrowser => "link-opened-elsewhere", MovedOn => "moved-on",
        HandOverUsed => "hand-over-used", Expired => "link-over", NotFound => "no-such-payment",
        ConsentElsewhere => "consent-opened-elsewhere", NoConsent => "no-such-consent",
    ];
    kinds
        .map(|(kind, name)| around(name, move |s| Some(notice(s.site, s.language, kind))))
        .into()
}

/// Moving to the telephone, the terms, and what went wrong.
pub(super) fn others() -> Vec<State> {
    let mut states = vec![
        around("hand-over", |s| {
            let (payment, shop) = (payment(s.now(), Status::Created)?, partner(PartnerKind::Ecommerce, Currency::Ron));
            let view = s.view(&payment, &shop);
            let mut shell = view.shell();
            shell.other_language_url = None;
            // What the picture leads to is the question's own state.
            let address = s.site.cx.rules.base_url.join(&format!("{}/take-over", super::INDEX)).ok()?;
            let until = time_of_day(s.now() + TimeDelta::minutes(5));
            Some(HandOver::new(shell, &address, until, view.status_path(), view.own_path()).render())
        }),
        around("take-over", |s| {
            let shell = s.site.shell(s.language);
            Some(TakeOver::new(shell, String::new(), String::new(), String::new()).render())
        }),
        around("terms", |s| Some(terms_page(s.site, s.language))),
    ];
    for (status, name) in [
        (StatusCode::NOT_FOUND, "error-no-such-page"),
        (StatusCode::UNPROCESSABLE_ENTITY, "error-refused"),
        (StatusCode::TOO_MANY_REQUESTS, "error-too-many"),
        (StatusCode::SERVICE_UNAVAILABLE, "error-our-fault"),
    ] {
        states.push(around(name, move |s| {
            Some(Ok(error::page(s.site, s.language, status, "7KQ4MZ2XHA".to_owned())))
        }));
    }
    states
}
