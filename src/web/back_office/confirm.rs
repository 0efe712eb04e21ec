//! Before something sensitive: the code once more, or the password of those without a device for codes. Then
//! back to what was asked.

use super::company::CompanyTexts;
use super::frame::{Button, OfficeShell, shown_address};
use super::gate::{SignedIn, go};
use super::language::own_address;
use super::roles::Route;
use super::session_store::SESSION;
use super::texts::OfficeTexts;
use crate::flow::FlowError;
use crate::flow::admins::password;
use crate::flow::admins::second_factor::{Purpose, check};
use crate::web::hosted_page::browser::Browser;
use crate::web::{PageError, Site, html};
use actix_session::Session;
use actix_web::http::header::REFERER;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use url::Url;

#[derive(Debug, Template)]
#[template(path = "back_office/confirm.html", whitespace = "minimize")]
struct ConfirmPage {
    shell: OfficeShell,
    form: Button,
    back: String,
    how: How,
    c: &'static CompanyTexts,
    problem: Option<&'static str>,
}

/// How somebody proves to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By a one-time code.
    Code,
    /// By the password.
    Password,
    /// At the company's provider.
    Company,
}

/// How this user does.
pub(super) fn how(site: &Site, user: &SignedIn) -> How {
    if user.admin.has_totp {
        How::Code
    } else if user.session.by_company && site.cx.rules.office.company.is_some() {
        How::Company
    } else {
        How::Password
    }
}

/// The address of the page, which leads back to another.
pub(super) fn way(back: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("back", own_address(back))
        .finish();
    format!("{}?{query}", Route::ConfirmPage.path())
}

/// The way to the page, for a request that needs a confirmation first: what was shown when it was asked is come
/// back to.
pub(super) fn ask_first(request: &HttpRequest) -> HttpResponse {
    let back = if request.method() == Method::GET {
        shown_address(request)
    } else {
        let referrer = request.headers().get(REFERER).and_then(|v| v.to_str().ok());
        let url = referrer.and_then(|r| Url::parse(r).ok());
        url.map_or_else(String::new, |url| url.path().to_owned())
    };
    go(&way(&back))
}

fn page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    back: &str,
    (status, problem): (StatusCode, Option<&'static str>),
) -> Result<HttpResponse, PageError> {
    let how = how(site, user);
    let posted_to = if how == How::Company {
        Route::ConfirmByCompany
    } else {
        Route::Confirm
    };
    let page = ConfirmPage {
        shell: user.shell(site, request, Route::ConfirmPage),
        form: Button::of(site, &Browser::of(request, site.https()), posted_to),
        back: own_address(back).to_owned(),
        how,
        c: CompanyTexts::of(user.language),
        problem,
    };
    Ok(html(status, page.render()?))
}

/// The query.
#[derive(Debug, Deserialize)]
pub struct Way {
    back: Option<String>,
}

/// GET /back-office/confirm.
pub async fn show(site: web::Data<Site>, request: HttpRequest, user: SignedIn, way: web::Query<Way>) -> Result<HttpResponse, PageError> {
    page(
        &site,
        &request,
        &user,
        way.back.as_deref().unwrap_or_default(),
        (StatusCode::OK, None),
    )
}

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Proof {
    csrf: String,
    back: String,
    code: String,
    password: String,
}

/// POST /back-office/confirm.
pub async fn confirm(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    session: Session,
    form: web::Form<Proof>,
) -> Result<HttpResponse, PageError> {
    let (t, form) = (OfficeTexts::of(user.language), form.into_inner());
    let again = |status, problem| page(&site, &request, &user, &form.back, (status, Some(problem)));
    if !site.is_own_form(&request, Route::Confirm.path(), &form.csrf) {
        return again(StatusCode::FORBIDDEN, t.page_expired);
    }
    let (proved, wrong) = match how(&site, &user) {
        How::Code => (check(&site.cx, &user.admin, &form.code, Purpose::Confirmation).await, t.code_wrong),
        How::Password => (
            password::confirm(&site.cx, &user.admin, form.password.clone().into()).await,
            t.password_wrong,
        ),
        How::Company => return Ok(go(&way(&form.back))),
    };
    match proved {
        Ok(()) => {}
        Err(FlowError::NotYou) => return again(StatusCode::UNAUTHORIZED, wrong),
        Err(FlowError::TooMany) => return again(StatusCode::TOO_MANY_REQUESTS, t.too_many),
        Err(other) => return Err(user.failed(&site, other)),
    }
    let mut kept = user.session.clone();
    kept.confirmed_at = Some(site.cx.now());
    // More is possible with the session from now on: under a new key.
    session.renew();
    session
        .insert(SESSION, kept)
        .map_err(|e| user.failed(&site, FlowError::Internal(e.to_string())))?;
    Ok(go(own_address(&form.back)))
}
