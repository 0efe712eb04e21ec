//! The users of the back office: the list, and adding one.

use super::frame::{Button, OfficeShell};
use super::gate::{Fresh, SignedIn};
use super::roles::Route;
use super::user_texts::UserTexts;
use crate::flow::FlowError;
use crate::flow::admins::manage::{Actor, add_with_first_password};
use crate::store::admins::{self, Role};
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

/// A user as the list shows it.
#[derive(Clone, Debug)]
struct Line {
    id: String,
    name: String,
    role: &'static str,
    active: bool,
    must_change_password: bool,
    has_totp: bool,
    last_sign_in: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "back_office/users.html", whitespace = "minimize")]
struct UsersPage {
    shell: OfficeShell,
    u: &'static UserTexts,
    users: Vec<Line>,
    form: Button,
    name: String,
    role: Option<Role>,
    /// The field and the words.
    problem: Option<(&'static str, &'static str)>,
}

impl UsersPage {
    fn roles() -> [Role; 5] {
        Role::ALL
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.problem.is_some_and(|(wrong, _)| wrong == field)
    }
}

#[derive(Template)]
#[template(path = "back_office/first_password.html", whitespace = "minimize")]
struct FirstPassword {
    shell: OfficeShell,
    u: &'static UserTexts,
    name: String,
    password: String,
}

/// The page that shows a first password, once.
pub(super) fn first_password(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    name: String,
    password: &secrecy::SecretString,
) -> Result<HttpResponse, PageError> {
    let page = FirstPassword {
        shell: user.shell(site, request, Route::Users),
        u: UserTexts::of(user.language),
        name,
        password: password.expose_secret().to_owned(),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// The form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewUser {
    csrf: String,
    user: String,
    role: String,
}

async fn page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    posted: NewUser,
    (status, problem): (StatusCode, Option<(&'static str, &'static str)>),
) -> Result<HttpResponse, PageError> {
    let language = user.language;
    let shell = user.shell(site, request, Route::Users);
    let known = site.cx.db.read(admins::all).await.map_err(|e| user.failed(site, e))?;
    let users = known.into_iter().map(|admin| Line {
        role: shell.t.role_word(admin.role),
        id: admin.id,
        name: admin.user_name,
        active: admin.active,
        must_change_password: admin.must_change_password,
        has_totp: admin.has_totp,
        last_sign_in: admin.last_sign_in_at.map(|at| local_time(at, language)),
    });
    let page = UsersPage {
        u: UserTexts::of(language),
        users: users.collect(),
        form: Button::of(site, &Browser::of(request, site.https()), Route::AddUser),
        name: posted.user,
        role: Role::parse(&posted.role),
        problem,
        shell,
    };
    Ok(html(status, page.render()?))
}

/// GET /back-office/users.
pub async fn show(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    page(&site, &request, &user, NewUser::default(), (StatusCode::OK, None)).await
}

/// POST /back-office/users.
pub async fn add(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    _: Fresh,
    form: web::Form<NewUser>,
) -> Result<HttpResponse, PageError> {
    let (form, u) = (form.into_inner(), UserTexts::of(user.language));
    let refused = |status, field, words| page(&site, &request, &user, form.clone(), (status, Some((field, words))));
    if !site.is_own_form(&request, Route::AddUser.path(), &form.csrf) {
        let t = super::texts::OfficeTexts::of(user.language);
        return refused(StatusCode::FORBIDDEN, "user", t.page_expired).await;
    }
    let Some(role) = Role::parse(&form.role) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "role", u.role_missing).await;
    };
    let actor = Actor::Administrator(user.admin.id.clone());
    let name = form.user.trim();
    match add_with_first_password(&site.cx, name, role, &actor).await {
        Ok(password) => first_password(&site, &request, &user, name.to_owned(), &password),
        Err(FlowError::Invalid(problems)) => {
            let taken = problems.iter().any(|p| p.code == "TAKEN");
            let words = if taken { u.name_taken } else { u.name_not_usable };
            refused(StatusCode::UNPROCESSABLE_ENTITY, "user", words).await
        }
        Err(other) => Err(user.failed(&site, other)),
    }
}
