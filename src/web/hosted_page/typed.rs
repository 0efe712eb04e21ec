//! What the payer has typed into the form over a list of payments, while the list is leafed through and
//! changed. It stays in the payer's own browser, sealed for this browser and this payment: an account or an
//! address stands in no URL, and in no database before it is sent. The user code is kept nowhere.
//!
//! There is one such cookie, for the payment whose list is at hand. What is typed before an account is chosen waits
//! with the consent instead (`flow::consents::choose`): the payer is at the bank meanwhile, for longer and perhaps
//! for several payments at once, and what is kept there ends with the attempt that it was typed for.

use super::browser::{Browser, session_cookie};
use super::form::FormInput;
use crate::crypto::{Place, Vault};
use crate::payment::PaymentId;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// Longest value kept of a field, in characters. An account or an address that can be right is shorter, and a
/// cookie has room for 4096 bytes (RFC 6265 section 6.1).
const MAX_CHARS: usize = 320;

const fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-smartpay-typed" } else { "smartpay-typed" }
}

/// The payer's part of a form as it was typed: hostile, and perhaps wrong.
#[derive(Clone, Serialize, Deserialize)]
pub struct Typed {
    bank: String,
    debtor_iban: String,
    email: String,
    terms: bool,
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Typed").finish_non_exhaustive()
    }
}

/// Whose it is: the row that the value is sealed for.
fn row(browser: &Browser, payment: PaymentId) -> String {
    format!("{payment}|{}", browser.hash())
}

const fn place(row: &str) -> Place<'_> {
    Place {
        table: "cookie",
        column: "typed",
        row,
    }
}

impl Typed {
    /// Of a posted form.
    #[must_use]
    pub fn of(input: &FormInput) -> Self {
        let capped = |text: &str| text.chars().take(MAX_CHARS).collect();
        Self {
            bank: capped(&input.bank),
            debtor_iban: capped(&input.debtor_iban),
            email: capped(&input.email),
            terms: !input.terms.is_empty(),
        }
    }

    /// What this browser last typed for this payment; `None` also for a cookie that is not ours to open.
    #[must_use]
    pub fn read(request: &HttpRequest, browser: &Browser, https: bool, vault: &Vault, payment: PaymentId) -> Option<Self> {
        let cookie = request.cookie(cookie_name(https))?;
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
        let plain = vault.open(place(&row(browser, payment)), &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// The answer, by which the browser keeps it until it is closed or the form is sent. What is too long even
    /// when it is capped is not kept.
    #[must_use]
    pub fn kept(&self, mut answer: HttpResponse, browser: &Browser, https: bool, vault: &Vault, payment: PaymentId) -> HttpResponse {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        let value = BASE64_URL_SAFE_NO_PAD.encode(vault.seal(place(&row(browser, payment)), &plain));
        if value.len() < 3800 {
            // Adding fails only for a cookie that is no header value, which base64 always is.
            let _ = answer.add_cookie(&session_cookie(cookie_name(https), value, https));
        }
        answer
    }

    /// The answer, by which the browser forgets it.
    #[must_use]
    pub fn forgotten(mut answer: HttpResponse, https: bool) -> HttpResponse {
        let mut cookie = session_cookie(cookie_name(https), String::new(), https);
        cookie.make_removal();
        let _ = answer.add_cookie(&cookie);
        answer
    }

    /// A form with this in place of what it began with.
    #[must_use]
    pub fn over(&self, form: FormInput) -> FormInput {
        FormInput {
            bank: self.bank.clone(),
            debtor_iban: self.debtor_iban.clone(),
            email: self.email.clone(),
            terms: if self.terms { "yes".into() } else { String::new() },
            ..form
        }
    }
}
