//! The operator's own pages. A page is a route in [`roles`], a handler that takes [`gate::SignedIn`], and a
//! template that extends `back_office/layout.html` with the handler's [`frame::OfficeShell`]; an area is one
//! line more in [`frame`].
//!
//! **Invariant:** nothing here is reachable without a signed-in user whose role the table names, but the
//! sign-in page itself.

mod account;
mod applications;
mod audit;
pub mod audit_page;
mod banks;
mod code;
mod company;
mod confirm;
mod consents;
mod consents_page;
pub mod declared;
mod device;
mod enrol;
pub mod error_page;
mod exports;
pub mod exports_page;
pub mod frame;
pub mod gate;
mod home;
mod keys;
mod language;
mod look;
mod mail;
mod mail_texts;
pub mod masking;
mod onboarding;
#[cfg(test)]
mod page_tests;
pub mod partners;
mod password;
mod payment;
mod payment_list;
pub mod payment_list_page;
pub mod payment_mails;
pub mod payment_page;
mod personal_data;
pub mod proposals;
mod reconciliation;
mod refused;
mod reports;
pub mod roles;
mod session_store;
mod sign_in;
pub mod texts;
mod user;
mod user_texts;
mod users;
pub mod waiting;
pub mod webhooks;

use crate::web::Site;
use actix_session::SessionMiddleware;
use actix_session::config::{BrowserSession, TtlExtensionPolicy};
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Key, SameSite};
use actix_web::web;
use roles::{Route, serve};
use session_store::DbSessions;

const LOGIN: &str = Route::SignInPage.path();

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    serve(config, Route::SignInPage, sign_in::sign_in_page);
    serve(config, Route::SignIn, sign_in::sign_in);
    serve(config, Route::CompanySignIn, company::begin);
    serve(config, Route::CompanyReturn, company::came_back);
    serve(config, Route::CompanyFinish, company::finish);
    serve(config, Route::ConfirmByCompany, company::confirm);
    serve(config, Route::SignOut, sign_in::sign_out);
    serve(config, Route::CodePage, code::show);
    serve(config, Route::EnterCode, code::enter);
    serve(config, Route::ConfirmPage, confirm::show);
    serve(config, Route::Confirm, confirm::confirm);
    serve(config, Route::Extend, account::extend);
    serve(config, Route::ChooseLanguage, language::choose);
    serve(config, Route::Unmask, masking::unmasked);
    serve(config, Route::Payments, home::home);
    serve(config, Route::PaymentList, payment_list::list);
    serve(config, Route::PaymentsCsv, payment_list::csv);
    serve(config, Route::SearchPayments, payment_list::search);
    serve(config, Route::KeepSearch, payment_list::save);
    serve(config, Route::ForgetSearch, payment_list::forget);
    serve(config, Route::Exports, exports::list);
    serve(config, Route::AskExport, exports::ask);
    serve(config, Route::Export, exports::download);
    serve(config, Route::AuditLog, audit::show);
    serve(config, Route::AuditCsv, audit::csv);
    serve(config, Route::ResendMail, payment_mails::resend);
    serve(config, Route::Payment, payment::show);
    serve(config, Route::ResolvePayment, payment::resolve);
    partners::routes(config);
    webhooks::routes(config);
    proposals::routes(config);
    onboarding::routes(config);
    applications::routes(config);
    serve(config, Route::Consents, consents::list);
    serve(config, Route::Consent, consents::show);
    serve(config, Route::EndConsent, consents::end);
    personal_data::routes(config);
    serve(config, Route::Users, users::show);
    serve(config, Route::AddUser, users::add);
    serve(config, Route::User, user::show);
    serve(config, Route::ChangeUser, user::change);
    serve(config, Route::Account, account::show);
    serve(config, Route::EndSessions, account::end_sessions);
    serve(config, Route::PasswordPage, password::show);
    serve(config, Route::ChangePassword, password::change);
    serve(config, Route::DevicePage, enrol::show);
    serve(config, Route::EnrolDevice, enrol::finish);
    serve(config, Route::RenewRecoveryCodes, enrol::renew_recovery_codes);
    serve(config, Route::Keys, keys::show);
    serve(config, Route::Reports, reports::show);
    serve(config, Route::ReportFile, reports::download);
    banks::routes(config);
    serve(config, Route::Declared, declared::show);
    serve(config, Route::DeclaredFile, declared::download);
    reconciliation::routes(config);
    serve(config, Route::DailyReport, account::daily_report);
    serve(config, Route::Mail, mail::list);
    serve(config, Route::SendMailAgain, mail::send_again);
    serve(config, Route::MailPreview, mail::preview);
    serve(config, Route::MailPreviewHtml, mail::preview_html);
}

/// Over https the prefix makes browsers refuse the cookie from anybody but this very host.
fn cookie_name(site: &Site) -> &'static str {
    if site.https() { "__Host-office" } else { "office" }
}

/// Sessions in the database, ended by the settings' time without a request.
#[must_use]
pub fn sessions(site: &Site) -> SessionMiddleware<DbSessions> {
    let vault = site.cx.db.vault();
    let key = format!(
        "{}{}",
        vault.keyed_hash("session cookie", "1"),
        vault.keyed_hash("session cookie", "2")
    );
    let ttl = CookieDuration::try_from(site.cx.rules.office.idle).unwrap_or(CookieDuration::minutes(5));
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
