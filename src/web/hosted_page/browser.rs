//! The browser a link is bound to: one cookie, and anti-forgery tokens derived from it.
//!
//! The cookie says nothing of any payment; of its value only the hash is stored. A form is taken only with
//! a token derived from cookie and payment, and from our own origin.

use crate::crypto::{self, Vault};
use crate::payment::PaymentId;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::ORIGIN;
use actix_web::{HttpRequest, HttpResponse};
use url::Url;

/// Over https the prefix makes browsers refuse the cookie from anybody but this very host.
const fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-smartpay" } else { "smartpay" }
}

/// Set in a browser that offered a hand-over, so that it can be told afterwards that the payment moved on.
const fn moved_cookie_name(https: bool) -> &'static str {
    if https { "__Host-smartpay-moved" } else { "smartpay-moved" }
}

/// A browser that has a cookie, or is given one with the answer.
#[derive(Clone)]
pub struct Browser {
    secret: String,
    is_new: bool,
    https: bool,
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Browser").field("is_new", &self.is_new).finish_non_exhaustive()
    }
}

impl Browser {
    /// The browser of a request, if it has been here before.
    #[must_use]
    pub fn known(request: &HttpRequest, https: bool) -> Option<Self> {
        let secret = request.cookie(cookie_name(https))?.value().to_owned();
        (secret.len() == 43).then_some(Self {
            secret,
            is_new: false,
            https,
        })
    }

    /// The browser of a request; a new one is given a cookie.
    #[must_use]
    pub fn of(request: &HttpRequest, https: bool) -> Self {
        Self::known(request, https).unwrap_or_else(|| Self {
            secret: crypto::new_token(),
            is_new: true,
            https,
        })
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> String {
        crypto::token_hash(&self.secret)
    }

    /// The cookie to set, when it is new. It lives as long as the browser's session.
    fn new_cookie(&self) -> Option<Cookie<'static>> {
        self.is_new
            .then(|| session_cookie(cookie_name(self.https), self.secret.clone(), self.https))
    }

    /// The answer, by which this browser will know that it once had this payment: a value derived from its own
    /// secret, which says nothing of the payment to anybody else.
    #[must_use]
    pub fn marked(&self, mut answer: HttpResponse, vault: &Vault, payment: PaymentId) -> HttpResponse {
        let cookie = session_cookie(moved_cookie_name(self.https), self.mark(vault, payment), self.https);
        let _ = answer.add_cookie(&cookie);
        answer
    }

    /// Whether this browser offered a hand-over of the payment, which only a browser can that had it.
    #[must_use]
    pub fn is_marked(&self, request: &HttpRequest, vault: &Vault, payment: PaymentId) -> bool {
        let marked = request.cookie(moved_cookie_name(self.https));
        !self.is_new && marked.is_some_and(|cookie| crypto::same(cookie.value(), &self.mark(vault, payment)))
    }

    fn mark(&self, vault: &Vault, payment: PaymentId) -> String {
        vault.keyed_hash("moved", &format!("{payment}|{}", self.secret))
    }

    /// The answer, which gives a new browser its cookie.
    #[must_use]
    pub fn remembered(&self, mut answer: HttpResponse) -> HttpResponse {
        if let Some(cookie) = self.new_cookie() {
            // Adding fails only for a cookie that is no header value, which ours always is.
            let _ = answer.add_cookie(&cookie);
        }
        answer
    }

    /// The anti-forgery token of this browser's forms about one thing: a payment's id, or a form's name.
    #[must_use]
    pub fn csrf(&self, vault: &Vault, about: &str) -> String {
        vault.keyed_hash("form", &format!("{about}|{}", self.secret))
    }

    /// Whether a posted form is this browser's own.
    #[must_use]
    pub fn owns_form(&self, vault: &Vault, about: &str, csrf: &str) -> bool {
        !self.is_new && crypto::same(&self.csrf(vault, about), csrf)
    }
}

/// A cookie that lives as long as the browser's session and is read by us alone.
pub(super) fn session_cookie(name: &'static str, value: String, https: bool) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax)
        .finish()
}

/// Whether a post comes from our own pages; browsers that send no `Origin` are judged by the token alone.
#[must_use]
pub fn same_origin(request: &HttpRequest, base_url: &Url) -> bool {
    request.headers().get(ORIGIN).is_none_or(|origin| {
        origin
            .to_str()
            .is_ok_and(|o| Url::parse(o).is_ok_and(|u| u.origin() == base_url.origin()))
    })
}
