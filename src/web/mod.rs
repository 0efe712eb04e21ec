//! HTTP only: every route of all sites, and what their handlers share.
//!
//! **Invariant:** handlers read input, start flows and render; they write nothing themselves and know no
//! SQL. Errors become an envelope (gateway) or a page (payers, admins) with a reference that is in the log.

pub mod assets;
pub mod back_office;
pub mod discovery;
pub mod error;
pub mod gateway;
pub mod headers;
pub mod hosted_page;
pub mod middleware;
pub mod operations;

pub use error::PageError;

use crate::bank::directory::Bank;
use crate::flow::{Context, FlowError};
use crate::payment::Language;
use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{HttpRequest, HttpResponse, web};
use hosted_page::browser::{Browser, same_origin};
use hosted_page::pages::{Operator, Shell};
use std::net::{IpAddr, Ipv4Addr};
use tokio_util::task::TaskTracker;
use url::Url;

/// What the handlers of the public sites work with.
#[derive(Clone, Debug)]
pub struct Site {
    /// The flows' context.
    pub cx: Context,
    /// Who runs the service.
    pub operator: Operator,
    /// Addresses whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where flows run that must not end with the connection that started them.
    pub detached: Detached,
}

/// Runs work to its end even when the browser that asked for it goes away: a call to a bank that was begun
/// must be finished and its answer saved. At a stop it is waited for.
#[derive(Clone, Debug)]
pub struct Detached {
    tracker: TaskTracker,
    runtime: tokio::runtime::Handle,
}

impl Detached {
    /// Work on the current runtime, which must outlive the listeners.
    #[must_use]
    pub fn here() -> Self {
        Self {
            tracker: TaskTracker::new(),
            runtime: tokio::runtime::Handle::current(),
        }
    }

    /// Runs a flow to its end.
    ///
    /// # Errors
    /// What the flow answers.
    pub async fn run<T: Send + 'static>(&self, flow: impl Future<Output = Result<T, FlowError>> + Send + 'static) -> Result<T, FlowError> {
        let ended = self.tracker.spawn_on(flow, &self.runtime).await;
        ended.unwrap_or_else(|_| Err(FlowError::Internal("a flow panicked".into())))
    }

    /// Waits until everything that was begun has ended.
    pub async fn finish(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Site {
    /// Whether payers reach us over https.
    #[must_use]
    pub fn https(&self) -> bool {
        self.cx.rules.base_url.scheme() == "https"
    }

    /// What stands around every page.
    #[must_use]
    pub fn shell(&self, language: Language) -> Shell {
        Shell::new(language, self.operator.clone(), format!("/terms?lang={language}"))
    }

    /// Whether a posted form is one this browser got from us: right token, and from our own pages.
    #[must_use]
    pub fn is_own_form(&self, request: &HttpRequest, about: &str, csrf: &str) -> bool {
        same_origin(request, &self.cx.rules.base_url) && Browser::of(request, self.https()).owns_form(self.cx.db.vault(), about, csrf)
    }

    /// The address of the person at the other end: behind a trusted proxy, the last address that is not one.
    #[must_use]
    pub fn client_ip(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |a| a.ip());
        if !self.trusted_proxies.contains(&peer) {
            return peer;
        }
        let forwarded = request
            .headers()
            .get_all("X-Forwarded-For")
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','));
        let addresses: Vec<IpAddr> = forwarded.filter_map(|a| a.trim().parse().ok()).collect();
        addresses.into_iter().rfind(|a| !self.trusted_proxies.contains(a)).unwrap_or(peer)
    }
}

/// The language a browser asks for.
#[must_use]
pub fn browser_language(request: &HttpRequest) -> Language {
    let wanted = request.headers().get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    wanted.map(Language::from_accept_language).unwrap_or_default()
}

/// An HTML answer.
#[must_use]
pub fn html(status: StatusCode, page: String) -> HttpResponse {
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(page)
}

/// Where partners find a bank's logo; empty when it has none.
#[must_use]
pub fn bank_logo_url(base: &Url, bank: &Bank) -> String {
    if bank.logo.is_empty() {
        return String::new();
    }
    base.join(assets::url(&format!("banks/{}", bank.logo)).trim_start_matches('/'))
        .map(Into::into)
        .unwrap_or_default()
}

/// The routes of the public listener.
pub fn public_routes(config: &mut web::ServiceConfig) {
    config.configure(hosted_page::routes);
    config.configure(back_office::routes);
    for path in gateway::DISCOVERY {
        config.route(path, web::get().to(discovery::on_site));
    }
    config.route("/oauth2/jwks", web::get().to(discovery::jwks_on_site));
    config.route("/static/{path:.*}", web::get().to(assets::serve));
    config.route("/", web::get().to(error::no_such_page));
}
