//! Signing in and out.

use super::LOGIN;
use super::device;
use super::frame::{Button, OfficeShell};
use super::gate::{CurrentSession, SignedIn, go, language_of};
use super::roles::Route;
use super::session_store::{ADMIN, SESSION};
use crate::flow::sign_in::{self as flow, Caller};
use crate::flow::{FlowError, after};
use crate::store::admins::Admin;
use crate::web::hosted_page::browser::Browser;
use crate::web::{PageError, Site, html};
use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::http::header::USER_AGENT;
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
}

/// The sign-in page.
#[derive(Debug, Template)]
#[template(path = "back_office/login.html", whitespace = "minimize")]
pub struct Login {
    /// What stands around the page.
    pub shell: OfficeShell,
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
        })
    }
}

fn login(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    user: String,
    problem: Option<LoginProblem>,
) -> Result<HttpResponse, PageError> {
    let browser = Browser::of(request, site.https());
    let page = Login {
        shell: OfficeShell::signed_out(site, request, &browser),
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

/// What is kept of a session that begins now.
fn new_session(site: &Site, request: &HttpRequest, admin: &Admin) -> CurrentSession {
    let now = site.cx.now();
    let browser = request.headers().get(USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    CurrentSession {
        id: uuid::Uuid::new_v4().to_string(),
        signed_in_at: now,
        ends_at: after(now, site.cx.rules.office.session_life),
        address: site.client_ip(request).to_string(),
        browser: browser.chars().take(BROWSER_CHARS).collect(),
        code_given: false,
        confirmed_at: (!admin.has_totp).then_some(now),
        unmasked: Vec::new(),
    }
}

/// Begins the session of somebody who has signed in.
fn begin(site: &Site, request: &HttpRequest, session: &Session, admin: Admin) -> Result<HttpResponse, PageError> {
    // A new key, so that a session planted before is worth nothing.
    session.renew();
    let kept = new_session(site, request, &admin);
    let device = (!admin.has_totp).then(|| device::cookie(site, &admin.user_name));
    session
        .insert(ADMIN, admin.id)
        .and_then(|()| session.insert(SESSION, kept))
        .map_err(|e| PageError::new(site, language_of(request), FlowError::Internal(e.to_string())))?;
    Ok(device::remembered(go(Route::Payments.path()), device))
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
        Ok(admin) => begin(&site, &request, &session, admin),
        Err(FlowError::NotYou) => again(StatusCode::UNAUTHORIZED, form.user, LoginProblem::Wrong),
        Err(FlowError::TooMany) => again(StatusCode::TOO_MANY_REQUESTS, form.user, LoginProblem::TooMany),
        Err(other) => Err(PageError::new(&site, language_of(&request), other)),
    }
}

/// A form with nothing but its token.
#[derive(Debug, Deserialize)]
pub struct Token {
    csrf: String,
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
