//! Signing in and out.

use super::LOGIN;
use super::company::{self, CompanyTexts};
use super::device;
use super::frame::{Button, OfficeShell};
use super::gate::{CurrentSession, SignedIn, go, language_of};
use super::roles::Route;
use super::session_store::{ADMIN, SESSION};
use crate::clock::Timestamp;
use crate::flow::company_sign_in::Refusal;
use crate::flow::sign_in::{self as flow, Caller};
use crate::flow::{FlowError, after};
use crate::store::admins::Admin;
use crate::web::hosted_page::browser::Browser;
use crate::web::{PageError, Site, html};
use actix_session::Session;
use actix_web::http::header::USER_AGENT;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

/// Why the sign-in page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginProblem {
    /// Unknown user or wrong password: never told apart.
    Wrong,
    /// Slowed down.
    TooMany,
    /// The session ran out.
    SessionEnded,
    /// The company's provider named nobody who may come in.
    Company(Refusal),
}

/// The sign-in page.
#[derive(Debug, Template)]
#[template(path = "back_office/login.html", whitespace = "minimize")]
pub struct Login {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts about the company's provider.
    pub(super) c: &'static CompanyTexts,
    /// The way to the company's provider, where there is one.
    pub company: Option<Button>,
    /// Whether the form for a password is shown.
    pub takes_passwords: bool,
    /// Where the form is posted to: `user`, `password`.
    pub form: Button,
    /// The user as typed.
    pub user: String,
    /// Why it did not work.
    pub problem: Option<LoginProblem>,
}

impl Login {
    fn message(&self) -> Option<&'static str> {
        Some(match self.problem? {
            LoginProblem::Wrong => self.shell.t.wrong,
            LoginProblem::TooMany => self.shell.t.too_many,
            LoginProblem::SessionEnded => self.shell.t.ended,
            LoginProblem::Company(why) => self.c.refusal(why),
        })
    }

    /// Whether what did not work has to do with the fields.
    fn is_about_password(&self) -> bool {
        matches!(self.problem, Some(LoginProblem::Wrong | LoginProblem::TooMany))
    }
}

/// Whether the form for a password is shown: where the company's provider is the only way in, to those who ask.
fn takes_passwords(site: &Site, request: &HttpRequest) -> bool {
    let asked = request.path() == LOGIN && (request.method() == Method::POST || request.query_string() == "password=1");
    asked || !site.cx.rules.office.only_company()
}

/// The sign-in page.
pub(super) fn login(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    user: String,
    problem: Option<LoginProblem>,
) -> Result<HttpResponse, PageError> {
    let browser = Browser::of(request, site.https());
    let mut shell = OfficeShell::signed_out(site, request, &browser);
    if let Some(form) = shell.language_form.as_mut().filter(|_| request.path() != LOGIN) {
        // What the provider sent along must not come back.
        LOGIN.clone_into(&mut form.back);
    }
    let page = Login {
        c: CompanyTexts::of(shell.language()),
        company: company::button(site, &browser),
        takes_passwords: takes_passwords(site, request),
        shell,
        form: Button::of(site, &browser, Route::SignIn),
        user,
        problem,
    }
    .render()?;
    Ok(browser.remembered(html(status, page)))
}

/// The query of the sign-in page.
#[derive(Debug, Deserialize)]
pub struct Why {
    ended: Option<String>,
}

/// GET /back-office/login.
pub async fn sign_in_page(site: web::Data<Site>, request: HttpRequest, why: web::Query<Why>) -> Result<HttpResponse, PageError> {
    let problem = why.ended.as_ref().map(|_| LoginProblem::SessionEnded);
    login(&site, &request, StatusCode::OK, String::new(), problem)
}

/// The sign-in form.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Credentials {
    csrf: String,
    user: String,
    password: String,
}

/// Longest name of a browser that is kept.
const BROWSER_CHARS: usize = 200;

/// How a session begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// Through the company's provider.
    pub by_company: bool,
    /// With a second factor.
    pub code_given: bool,
    /// When its user proved to be there; not before a one-time code that follows.
    pub confirmed_at: Option<Timestamp>,
}

/// What is kept of a session that begins now.
fn new_session(site: &Site, request: &HttpRequest, begun: Begun) -> CurrentSession {
    let now = site.cx.now();
    let browser = request.headers().get(USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    CurrentSession {
        id: uuid::Uuid::new_v4().to_string(),
        signed_in_at: now,
        ends_at: after(now, site.cx.rules.office.session_life),
        address: site.client_ip(request).to_string(),
        browser: browser.chars().take(BROWSER_CHARS).collect(),
        code_given: begun.code_given,
        confirmed_at: begun.confirmed_at,
        by_company: begun.by_company,
        unmasked: Vec::new(),
    }
}

/// Begins the session of somebody who has signed in.
pub(super) fn begin_session(site: &Site, request: &HttpRequest, session: &Session, admin: Admin, begun: Begun) -> Result<(), PageError> {
    // A new key, so that a session planted before is worth nothing; and nothing of whoever was here before.
    session.clear();
    session.renew();
    let kept = new_session(site, request, begun);
    session
        .insert(ADMIN, admin.id)
        .and_then(|()| session.insert(SESSION, kept))
        .map_err(|e| PageError::of_office(site, language_of(request), FlowError::Internal(e.to_string())))
}

/// POST /back-office/login.
pub async fn sign_in(
    site: web::Data<Site>,
    request: HttpRequest,
    session: Session,
    form: web::Form<Credentials>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let again = |status, user, problem| login(&site, &request, status, user, Some(problem));
    if !site.is_own_form(&request, LOGIN, &form.csrf) {
        return again(StatusCode::FORBIDDEN, form.user, LoginProblem::SessionEnded);
    }
    let caller = Caller {
        address: site.client_ip(&request),
        device: device::known(&site, &request, form.user.trim()),
    };
    match flow::sign_in(&site.cx, &form.user, SecretString::from(form.password), &caller).await {
        Ok(admin) => {
            let device = (!admin.has_totp).then(|| device::cookie(&site, &admin.user_name));
            let begun = Begun {
                by_company: false,
                code_given: false,
                confirmed_at: (!admin.has_totp).then(|| site.cx.now()),
            };
            begin_session(&site, &request, &session, admin, begun)?;
            Ok(device::remembered(go(Route::Payments.path()), device))
        }
        Err(FlowError::NotYou) => again(StatusCode::UNAUTHORIZED, form.user, LoginProblem::Wrong),
        Err(FlowError::TooMany) => again(StatusCode::TOO_MANY_REQUESTS, form.user, LoginProblem::TooMany),
        Err(other) => Err(PageError::of_office(&site, language_of(&request), other)),
    }
}

/// A form with nothing but its token.
#[derive(Debug, Deserialize)]
pub struct Token {
    pub(super) csrf: String,
}

/// POST /back-office/logout.
pub async fn sign_out(site: web::Data<Site>, request: HttpRequest, _: SignedIn, session: Session, form: web::Form<Token>) -> HttpResponse {
    if site.is_own_form(&request, Route::SignOut.path(), &form.csrf) {
        session.purge();
    }
    go(LOGIN)
}

#[cfg(test)]
mod tests {
    use super::super::page_tests::{shell, texts};
    use super::*;
    use crate::payment::Language;

    #[test]
    fn the_sign_in_page_names_the_fields_and_never_shows_a_password() {
        for language in Language::ALL {
            let page = Login {
                shell: shell(language),
                c: CompanyTexts::of(language),
                company: None,
                takes_passwords: true,
                form: Button {
                    action: "/back-office/login",
                    csrf: "token".into(),
                },
                user: "<b>ana".into(),
                problem: Some(LoginProblem::Wrong),
            }
            .render()
            .unwrap();
            let t = super::super::texts::OfficeTexts::of(language);
            assert_eq!(texts(&page, "label"), [t.user, t.password]);
            assert_eq!(texts(&page, "h1"), [t.sign_in]);
            assert_eq!(texts(&page, "[role=alert]"), [t.wrong]);
            assert!(texts(&page, "title")[0].starts_with(t.error_prefix));
            assert!(!page.contains("<b>ana"));
        }
    }
}
