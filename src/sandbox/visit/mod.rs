//! A PSU's visit at the bank: from the address the TPP sent the browser to, to the way back. Kept in memory
//! only; a visit that a restart cut short begins again at that address.
//!
//! **Invariant:** a visit belongs to the browser that holds its cookie, and to one bank; it changes nothing but
//! through the books.

pub(super) mod pages;

use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use crate::sandbox::customers::Customer;
use crate::sandbox::secrets::random_word;
use crate::sandbox::{BankCode, Sandbox};
use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use chrono::TimeDelta;
use std::collections::HashMap;
use url::Url;

/// A visit ends by itself after this long.
const LIFE: TimeDelta = TimeDelta::minutes(15);
/// More visits at once are turned away.
const MAX_VISITS: usize = 10_000;

/// The way back to the TPP.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// With an authorisation code, or an error (RFC 6749 §4.1.2).
    OAuth(OAuthRequest),
    /// To one address or another, as they are.
    Plain {
        /// After a yes.
        ok: Url,
        /// After a no.
        nok: Url,
    },
}

/// What the authorise address asked for, checked.
#[derive(Clone, Debug)]
pub(super) struct OAuthRequest {
    pub client_id: String,
    pub redirect_uri: Url,
    /// Handed back as it came; absent when none was sent.
    pub state: Option<String>,
    /// PKCE, method S256.
    pub code_challenge: String,
}

impl OAuthRequest {
    /// The way back, with these parameters and the state.
    pub(super) fn back(&self, parameters: &[(&str, &str)]) -> Url {
        let mut url = self.redirect_uri.clone();
        let state = self.state.as_deref().map(|state| ("state", state));
        url.query_pairs_mut().extend_pairs(parameters.iter().copied().chain(state));
        url
    }
}

impl Way {
    /// The way back after a no.
    pub(super) fn denied(&self) -> Url {
        match self {
            // The real bank spells it with one s.
            Self::OAuth(request) => request.back(&[("error", "acces_denied")]),
            Self::Plain { nok, .. } => nok.clone(),
        }
    }
}

/// Something the page has to tell before the PSU tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// How many tries are left.
    WrongCode(u8),
    /// The order names an account of somebody else.
    NotTheOwner,
    /// No account in the currency of the order.
    NoAccount,
}

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Authorised,
    Refused,
    TooManyTries,
}

/// One visit.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub bank: BankCode,
    pub payment_id: String,
    pub way: Way,
    /// In the cookie; the id alone, which is in the address, opens nothing.
    pub secret: String,
    pub started_at: Timestamp,
    pub customer: Option<&'static Customer>,
    pub account: Option<Iban>,
    pub notice: Option<Notice>,
    pub ended: Option<(Ending, Url)>,
}

/// The visits of the moment, by id.
#[derive(Debug, Default)]
pub struct Visits(HashMap<String, Visit>);

impl Visits {
    /// `false` when the house is full.
    pub(super) fn begin(&mut self, id: String, visit: Visit) -> bool {
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

    /// The visit with this id, if the cookie fits and it has not lasted too long.
    pub(super) fn find(&self, id: &str, secret: &str, now: Timestamp) -> Option<&Visit> {
        let visit = self.0.get(id)?;
        (crate::sandbox::secrets::same_secret(&visit.secret, secret) && now < visit.started_at + LIFE).then_some(visit)
    }

    pub(super) fn update(&mut self, id: &str, change: impl FnOnce(&mut Visit)) {
        if let Some(visit) = self.0.get_mut(id) {
            change(visit);
        }
    }
}

/// Opens a visit and sends the browser there with its cookie.
pub(super) fn begin(bank: &Sandbox, code: BankCode, payment_id: String, way: Way) -> HttpResponse {
    let (id, secret) = (random_word(), random_word());
    let path = format!("{}/plata/{id}", code.prefix());
    let cookie = Cookie::build(pages::COOKIE, secret.clone())
        .path(path.clone())
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(bank.settings().base_url.scheme() == "https")
        .finish();
    let visit = Visit {
        bank: code,
        payment_id,
        way,
        secret,
        started_at: bank.now(),
        customer: None,
        account: None,
        notice: None,
        ended: None,
    };
    if !bank.visits().begin(id, visit) {
        return super::pages::message(
            StatusCode::SERVICE_UNAVAILABLE,
            "Prea mulți vizitatori",
            "Încercați din nou peste câteva minute.",
        );
    }
    let mut response = pages::see_other(&path);
    // The cookie is built from ASCII above; a browser without it starts again.
    let _ = response.add_cookie(&cookie);
    response
}
