//! The page on which a user changes the password.

use super::frame::{Button, OfficeShell};
use super::gate::{SignedIn, go};
use super::roles::Route;
use super::session_store::SESSION;
use super::texts::OfficeTexts;
use crate::flow::FlowError;
use crate::flow::admins::password::{self, Standing};
use crate::flow::admins::policy::{MIN_PASSWORD_CHARS, Weakness};
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::texts::catalogue;
use crate::web::{PageError, Site, html};
use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

catalogue! {
    /// The texts of the page.
    PasswordTexts {
        must: "Înainte de orice altceva, alege o parolă nouă: cea de acum a expirat sau a fost dată de altcineva.",
            "Before anything else, choose a new password: the present one has expired or was given by somebody else.";
        current: "Parola de acum", "Present password";
        new: "Parola nouă", "New password";
        again: "Parola nouă, încă o dată", "New password, once more";
        rules: "Cel puțin 15 caractere, greu de ghicit: câteva cuvinte fără legătură între ele sunt bune. Ultimele 12 parole nu se mai primesc. Celelalte sesiuni ale tale se încheie.",
            "At least 15 characters, hard to guess: a few unrelated words do well. The last 12 passwords are not taken again. Your other sessions end.";
        not_current: "Parola de acum nu este corectă.", "The present password is not correct.";
        too_short: "Parola nouă are mai puțin de 15 caractere.", "The new password has fewer than 15 characters.";
        too_long: "Parola nouă este prea lungă.", "The new password is too long.";
        too_easy: "Parola nouă este ușor de ghicit. Adaugă cuvinte care nu au legătură cu tine sau cu firma.", "The new password is easy to guess. Add words that have nothing to do with you or the company.";
        used_before: "Parola nouă este una dintre ultimele 12.", "The new password is one of the last 12.";
        not_same: "Cele două parole noi nu sunt la fel.", "The two new passwords are not the same.";
    }
}

#[derive(Debug, Template)]
#[template(path = "back_office/password.html", whitespace = "minimize")]
struct PasswordPage {
    shell: OfficeShell,
    p: &'static PasswordTexts,
    form: Button,
    must: bool,
    /// The field and the words.
    problem: Option<(&'static str, &'static str)>,
}

impl PasswordPage {
    fn is_wrong(&self, field: &str) -> bool {
        self.problem.is_some_and(|(wrong, _)| wrong == field)
    }

    fn least() -> usize {
        MIN_PASSWORD_CHARS
    }
}

fn page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    status: StatusCode,
    problem: Option<(&'static str, &'static str)>,
) -> Result<HttpResponse, PageError> {
    let page = PasswordPage {
        shell: user.shell(site, request, Route::PasswordPage),
        p: PasswordTexts::of(user.language),
        form: Button::of(site, &Browser::of(request, site.https()), Route::ChangePassword),
        must: password::standing(&site.cx, &user.admin) == Standing::MustChange,
        problem,
    };
    Ok(html(status, page.render()?))
}

/// GET /back-office/account/password.
pub async fn show(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    page(&site, &request, &user, StatusCode::OK, None)
}

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Passwords {
    csrf: String,
    current: String,
    new: String,
    again: String,
}

/// The field and the words of a refusal.
fn problem_of(p: &'static PasswordTexts, error: &FlowError) -> Option<(&'static str, &'static str)> {
    let FlowError::Invalid(problems) = error else { return None };
    let problem = problems.first()?;
    Some(match Weakness::parse(problem.code) {
        Some(Weakness::TooShort) => ("new", p.too_short),
        Some(Weakness::TooLong) => ("new", p.too_long),
        Some(Weakness::TooEasy) => ("new", p.too_easy),
        Some(Weakness::UsedBefore) => ("new", p.used_before),
        None => ("current", p.not_current),
    })
}

/// POST /back-office/account/password.
pub async fn change(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    session: Session,
    form: web::Form<Passwords>,
) -> Result<HttpResponse, PageError> {
    let (t, p, form) = (OfficeTexts::of(user.language), PasswordTexts::of(user.language), form.into_inner());
    let again = |status, problem| page(&site, &request, &user, status, Some(problem));
    if !site.is_own_form(&request, Route::ChangePassword.path(), &form.csrf) {
        return again(StatusCode::FORBIDDEN, ("current", t.page_expired));
    }
    if form.new != form.again {
        return again(StatusCode::UNPROCESSABLE_ENTITY, ("again", p.not_same));
    }
    let (current, new) = (form.current.into(), form.new.into());
    match password::change(&site.cx, &user.admin, current, new, &user.session.id).await {
        Ok(()) => {}
        Err(FlowError::TooMany) => return again(StatusCode::TOO_MANY_REQUESTS, ("current", t.too_many)),
        Err(other) => {
            return match problem_of(p, &other) {
                Some(problem) => again(StatusCode::UNPROCESSABLE_ENTITY, problem),
                None => Err(user.failed(&site, other)),
            };
        }
    }
    session.renew();
    session
        .insert(SESSION, user.session.clone())
        .map_err(|e| user.failed(&site, FlowError::Internal(e.to_string())))?;
    Ok(go("/back-office/account?done=password"))
}
