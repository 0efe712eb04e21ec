//! The second half of signing in: a one-time code, or a recovery code.

use super::device;
use super::frame::{Button, OfficeShell};
use super::gate::{SignedIn, go};
use super::roles::Route;
use super::session_store::SESSION;
use crate::flow::FlowError;
use crate::flow::admins::second_factor::{Purpose, check};
use crate::web::hosted_page::browser::Browser;
use crate::web::{PageError, Site, html};
use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "back_office/code.html", whitespace = "minimize")]
struct CodePage {
    shell: OfficeShell,
    form: Button,
    problem: Option<&'static str>,
}

fn page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    status: StatusCode,
    problem: Option<&'static str>,
) -> Result<HttpResponse, PageError> {
    let page = CodePage {
        shell: user.shell(site, request, Route::CodePage),
        form: Button::of(site, &Browser::of(request, site.https()), Route::EnterCode),
        problem,
    };
    Ok(html(status, page.render()?))
}

/// GET /back-office/login/code.
pub async fn show(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    if user.session.code_given || !user.admin.has_totp {
        return Ok(go(Route::Payments.path()));
    }
    page(&site, &request, &user, StatusCode::OK, None)
}

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Code {
    csrf: String,
    code: String,
}

/// POST /back-office/login/code.
pub async fn enter(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    session: Session,
    form: web::Form<Code>,
) -> Result<HttpResponse, PageError> {
    let t = super::texts::OfficeTexts::of(user.language);
    if user.session.code_given || !user.admin.has_totp {
        return Ok(go(Route::Payments.path()));
    }
    if !site.is_own_form(&request, Route::EnterCode.path(), &form.csrf) {
        return page(&site, &request, &user, StatusCode::FORBIDDEN, Some(t.page_expired));
    }
    match check(&site.cx, &user.admin, &form.code, Purpose::SignIn).await {
        Ok(()) => {}
        Err(FlowError::NotYou) => return page(&site, &request, &user, StatusCode::UNAUTHORIZED, Some(t.code_wrong)),
        Err(FlowError::TooMany) => return page(&site, &request, &user, StatusCode::TOO_MANY_REQUESTS, Some(t.too_many)),
        Err(other) => return Err(user.failed(&site, other)),
    }
    let mut kept = user.session.clone();
    (kept.code_given, kept.confirmed_at) = (true, Some(site.cx.now()));
    session.renew();
    session
        .insert(SESSION, kept)
        .map_err(|e| user.failed(&site, FlowError::Internal(e.to_string())))?;
    let device = device::cookie(&site, &user.admin.user_name);
    Ok(device::remembered(go(Route::Payments.path()), Some(device)))
}
