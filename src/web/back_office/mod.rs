//! The operator's own pages.
//!
//! **Invariant:** nothing here is reachable without a signed-in user but the sign-in page itself.

mod audit;
pub mod audit_page;
mod exports;
pub mod exports_page;
mod handlers;
pub mod pages;
mod payment;
mod payment_list;
pub mod payment_list_page;
pub mod payment_page;
mod session_store;

use crate::web::Site;
use actix_session::SessionMiddleware;
use actix_session::config::{BrowserSession, TtlExtensionPolicy};
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Key, SameSite};
use actix_web::web;
use session_store::DbSessions;
use std::time::Duration;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/back-office", web::get().to(handlers::home));
    config.service(
        web::resource("/back-office/login")
            .route(web::get().to(handlers::sign_in_page))
            .route(web::post().to(handlers::sign_in)),
    );
    config.route("/back-office/payments", web::get().to(payment_list::list));
    config.route("/back-office/payments.csv", web::get().to(payment_list::csv));
    config.route("/back-office/payments/search", web::post().to(payment_list::search));
    config.route("/back-office/payments/saved", web::post().to(payment_list::save));
    config.route("/back-office/payments/saved/{id}/remove", web::post().to(payment_list::forget));
    config.service(
        web::resource("/back-office/exports")
            .route(web::get().to(exports::list))
            .route(web::post().to(exports::ask)),
    );
    config.route("/back-office/exports/{id}.xlsx", web::get().to(exports::download));
    config.route("/back-office/audit", web::get().to(audit::show));
    config.route("/back-office/audit.csv", web::get().to(audit::csv));
    config.route("/back-office/payments/{id}", web::get().to(payment::show));
    config.route("/back-office/payments/{id}/resolve", web::post().to(payment::resolve));
    config.route("/back-office/logout", web::post().to(handlers::sign_out));
}

/// Over https the prefix makes browsers refuse the cookie from anybody but this very host.
fn cookie_name(site: &Site) -> &'static str {
    if site.https() { "__Host-office" } else { "office" }
}

/// Sessions in the database, ended by `idle` without a request.
#[must_use]
pub fn sessions(site: &Site, idle: Duration) -> SessionMiddleware<DbSessions> {
    let vault = site.cx.db.vault();
    let key = format!(
        "{}{}",
        vault.keyed_hash("session cookie", "1"),
        vault.keyed_hash("session cookie", "2")
    );
    let ttl = CookieDuration::try_from(idle).unwrap_or(CookieDuration::minutes(5));
    let life = BrowserSession::default()
        .state_ttl(ttl)
        .state_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest);
    SessionMiddleware::builder(DbSessions::new(site.cx.clone()), Key::from(key.as_bytes()))
        .cookie_name(cookie_name(site).into())
        .cookie_secure(site.https())
        .cookie_same_site(SameSite::Strict)
        .cookie_http_only(true)
        .cookie_path("/".into())
        .session_lifecycle(life)
        .build()
}
