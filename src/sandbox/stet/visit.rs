//! A PSU's visit: from the address the TPP sent the browser to, to the way back. Kept in memory only.
//!
//! **Invariant:** a visit belongs to the browser that holds its cookie, and to one establishment; it changes
//! nothing but through the books.

use super::Stet;
use super::establishment::Cdetab;
use super::people::Persona;
use super::request::PaymentRequest;
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use crate::sandbox::Sandbox;
use crate::sandbox::pages::message;
use crate::sandbox::secrets::{random_word, same_secret};
use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use chrono::TimeDelta;
use std::collections::HashMap;
use url::Url;

pub(super) const COOKIE: &str = "bank_visit";
/// A visit ends by itself after this long.
const LIFE: TimeDelta = TimeDelta::minutes(15);
/// More visits at once are turned away.
const MAX_VISITS: usize = 10_000;

/// What a visit is about.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    /// A payment, by its id.
    Payment(String),
    /// A TPP that wants to see accounts or ask for cover.
    Access(AccessAsked),
}

/// What the authorise address asked for, checked.
#[derive(Clone, Debug)]
pub(super) struct AccessAsked {
    pub client_id: String,
    pub redirect_uri: Url,
    /// Handed back as it came.
    pub state: Option<String>,
    pub scope: String,
}

impl AccessAsked {
    /// The way back, with these parameters and the state.
    pub(super) fn back(&self, parameters: &[(&str, &str)]) -> Url {
        let state = self.state.as_deref().map(|state| ("state", state));
        with(&self.redirect_uri, parameters.iter().copied().chain(state))
    }
}

fn with<'a>(url: &Url, parameters: impl Iterator<Item = (&'a str, &'a str)>) -> Url {
    let mut url = url.clone();
    let parameters: Vec<_> = parameters.collect();
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    url
}

/// The way back from a payment: with the code after a yes, where one was given.
pub(super) fn way_back(request: &PaymentRequest, yes: bool, code: Option<&str>) -> Url {
    let received = &request.received;
    let url = match &received.failure_url {
        Some(failure) if !yes => failure,
        _ => &received.success_url,
    };
    let denied = (!yes).then_some(("error", "access_denied"));
    with(url, code.map(|code| ("code", code)).into_iter().chain(denied))
}

/// Something the page has to tell before the PSU tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// How many tries are left.
    WrongCode(u8),
    /// The order names an account of somebody else.
    NotTheOwner,
}

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Agreed,
    Refused,
    TooManyTries,
}

/// One visit.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub bank: Cdetab,
    pub subject: Subject,
    /// In the cookie; the id alone, which is in the address, opens nothing.
    secret: String,
    started_at: Timestamp,
    pub customer: Option<&'static Persona>,
    pub account: Option<Iban>,
    pub failed_logins: u8,
    pub notice: Option<Notice>,
    pub ended: Option<(Ending, Url)>,
}

/// The visits of the moment, by id.
#[derive(Debug, Default)]
pub(super) struct Visits(HashMap<String, Visit>);

impl Visits {
    /// The visit with this id, if the cookie fits and it has not lasted too long.
    pub(super) fn find(&self, id: &str, secret: &str, now: Timestamp) -> Option<&Visit> {
        let visit = self.0.get(id)?;
        (same_secret(&visit.secret, secret) && now < visit.started_at + LIFE).then_some(visit)
    }

    pub(super) fn update(&mut self, id: &str, change: impl FnOnce(&mut Visit)) {
        if let Some(visit) = self.0.get_mut(id) {
            change(visit);
        }
    }

    /// `false` when the house is full.
    fn begin(&mut self, id: String, visit: Visit) -> bool {
        let now = visit.started_at;
        if self.0.len() >= MAX_VISITS {
            self.0.retain(|_, v| now < v.started_at + LIFE);
        }
        let room = self.0.len() < MAX_VISITS;
        if room {
            self.0.insert(id, visit);
        }
        room
    }
}

/// Opens a visit and sends the browser there with its cookie.
pub(super) fn begin(bank: &Sandbox, stet: &Stet, code: Cdetab, subject: Subject) -> HttpResponse {
    let (id, secret) = (random_word(), random_word());
    let path = format!("{}/plata/{id}", code.prefix());
    let cookie = Cookie::build(COOKIE, secret.clone())
        .path(path.clone())
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(bank.settings().base_url.scheme() == "https")
        .finish();
    let visit = Visit {
        bank: code,
        subject,
        secret,
        started_at: bank.now(),
        customer: None,
        account: None,
        failed_logins: 0,
        notice: None,
        ended: None,
    };
    if !stet.visits().begin(id, visit) {
        return message(
            StatusCode::SERVICE_UNAVAILABLE,
            "Prea mulți vizitatori",
            "Încercați din nou peste câteva minute.",
        );
    }
    let mut response = super::pages::see_other(&path);
    // The cookie is built from ASCII above; a browser without it starts again.
    let _ = response.add_cookie(&cookie);
    response
}
