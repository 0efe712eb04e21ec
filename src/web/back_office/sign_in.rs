//! Signing in and out.

use super::frame::{Button, OfficeShell};
use super::gate::{CurrentSession, go, language_of};
use super::roles::Route;
use super::session_store::{ADMIN, SESSION};
use super::{LOGIN, gate::SignedIn};
use crate::flow::{FlowError, after, sign_in as flow};
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
fn new_session(site: &Site, request: &HttpRequest) -> CurrentSession {
    let now = site.cx.now();
    let browser = request.headers().get(USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    CurrentSession {
        id: uuid::Uuid::new_v4().to_string(),
        signed_in_at: now,
        ends_at: after(now, site.cx.rules.office.session_life),
        address: site.client_ip(request).to_string(),
        browser: browser.chars().take(BROWSER_CHARS).collect(),
        unmasked: Vec::new(),
    }
}

/// Begins the session of somebody who has signed in.
fn begin(site: &Site, request: &HttpRequest, session: &Session, admin: Admin) -> Result<HttpResponse, PageError> {
    // A new key, so that a session planted before is worth nothing.
    session.renew();
    let kept = session
        .insert(ADMIN, admin.id)
        .and_then(|()| session.insert(SESSION, new_session(site, request)));
    match kept {
        Ok(()) => Ok(go(Route::Payments.path())),
        Err(e) => Err(PageError::new(site, language_of(request), FlowError::Internal(e.to_string()))),
    }
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
    match flow::sign_in(&site.cx, &form.user, SecretString::from(form.password), site.client_ip(&request)).await {
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
    use super::*;
    use crate::payment::Language;
    use scraper::{Html, Selector};

    fn shell(language: Language) -> OfficeShell {
        OfficeShell::new(language, "Plăți Sigure S.A.".into())
    }

    fn texts(page: &str, selector: &str) -> Vec<String> {
        let page = Html::parse_document(page);
        let selector = Selector::parse(selector).unwrap();
        page.select(&selector)
            .map(|e| e.text().collect::<String>().trim().to_owned())
            .collect()
    }

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
