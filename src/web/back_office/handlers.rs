//! Signing in and out, and a first page.

use super::pages::{Home, Login, LoginProblem, OfficeShell, PaymentRow, SignedIn};
use super::session_store::ADMIN;
use crate::flow::{Context, FlowError, sign_in as flow};
use crate::payment::{Language, Status};
use crate::store::admins::{self, Admin};
use crate::store::{StoreError, partners, payment_lists, payments};
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::pages::money;
use crate::web::{PageError, Site, browser_language, html};
use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use secrecy::SecretString;
use serde::Deserialize;

pub(super) const LOGIN: &str = "/back-office/login";
const LOGOUT: &str = "/back-office/logout";
/// Payments on the first page.
const NEWEST: i64 = 20;

pub(super) fn shell(site: &Site, language: Language) -> OfficeShell {
    OfficeShell::new(language, site.operator.name.clone())
}

pub(super) fn go(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
}

/// The signed-in admin of a session, if the account still may.
pub(super) async fn signed_in(site: &Site, session: &Session) -> Result<Option<Admin>, StoreError> {
    let Some(id) = session.get::<String>(ADMIN).ok().flatten() else {
        return Ok(None);
    };
    Ok(site.cx.db.read(move |a| admins::get(a, &id)).await?.filter(|admin| admin.active))
}

/// Who is signed in, as every page shows it.
pub(super) fn signed_in_as(site: &Site, request: &HttpRequest, admin: &Admin) -> SignedIn {
    SignedIn {
        user: admin.user_name.clone(),
        action: LOGOUT.into(),
        csrf: Browser::of(request, site.https()).csrf(site.cx.db.vault(), LOGOUT),
    }
}

/// The page of a database error.
pub(super) fn failed(site: &Site, language: Language, error: StoreError) -> PageError {
    PageError::new(site, language, error.into())
}

fn login(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    user: String,
    problem: Option<LoginProblem>,
) -> Result<HttpResponse, PageError> {
    let browser = Browser::of(request, site.https());
    let csrf = browser.csrf(site.cx.db.vault(), LOGIN);
    let page = Login {
        shell: shell(site, browser_language(request)),
        action: LOGIN.into(),
        csrf,
        user,
        problem,
    }
    .render()?;
    Ok(browser.remembered(html(status, page)))
}

/// The query of the sign-in page.
#[derive(Deserialize)]
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

/// POST /back-office/login.
pub async fn sign_in(
    site: web::Data<Site>,
    request: HttpRequest,
    session: Session,
    form: web::Form<Credentials>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let own = site.is_own_form(&request, LOGIN, &form.csrf);
    if !own {
        return login(&site, &request, StatusCode::FORBIDDEN, form.user, Some(LoginProblem::SessionEnded));
    }
    match flow::sign_in(&site.cx, &form.user, SecretString::from(form.password), site.client_ip(&request)).await {
        Ok(admin) => {
            // A new key, so that a session planted before is worth nothing.
            session.renew();
            if session.insert(ADMIN, admin.id).is_err() {
                return Err(PageError::new(
                    &site,
                    browser_language(&request),
                    FlowError::Internal("the session takes no value".into()),
                ));
            }
            Ok(go("/back-office"))
        }
        Err(FlowError::NotYou) => login(&site, &request, StatusCode::UNAUTHORIZED, form.user, Some(LoginProblem::Wrong)),
        Err(FlowError::TooMany) => login(
            &site,
            &request,
            StatusCode::TOO_MANY_REQUESTS,
            form.user,
            Some(LoginProblem::TooMany),
        ),
        Err(other) => Err(PageError::new(&site, browser_language(&request), other)),
    }
}

/// A form with nothing but its token.
#[derive(Deserialize)]
pub struct Token {
    csrf: String,
}

/// POST /back-office/logout.
pub async fn sign_out(site: web::Data<Site>, request: HttpRequest, session: Session, form: web::Form<Token>) -> HttpResponse {
    let own = site.is_own_form(&request, LOGOUT, &form.csrf);
    if own {
        session.purge();
    }
    go(LOGIN)
}

/// The query of the first page.
#[derive(Deserialize)]
pub struct Filter {
    status: Option<String>,
}

/// GET /back-office: the newest payments, or those in one state. A state that does not exist is no filter.
pub async fn home(
    site: web::Data<Site>,
    request: HttpRequest,
    session: Session,
    filter: web::Query<Filter>,
) -> Result<HttpResponse, PageError> {
    let language = browser_language(&request);
    let failed = |e: StoreError| failed(&site, language, e);
    let only = filter.status.as_deref().and_then(Status::parse);
    let Some(admin) = signed_in(&site, &session).await.map_err(failed)? else {
        let had_one = request.cookie(super::cookie_name(&site)).is_some();
        return Ok(go(if had_one { "/back-office/login?ended=1" } else { LOGIN }));
    };
    let cx = site.cx.clone();
    let (counts, payments) = site
        .cx
        .db
        .read(move |a| {
            let counts = payments::counts(a)?;
            let mut rows = Vec::new();
            let ids = match only {
                Some(status) => payment_lists::newest_in(a, status, NEWEST)?,
                None => payments::newest(a, NEWEST)?,
            };
            for id in ids {
                let Some(payment) = payments::get(a, id)? else { continue };
                let partner = partners::get(a, &payment.partner_id)?.map(|p| p.name).unwrap_or_default();
                rows.push(row(&cx, &payment, partner, language));
            }
            Ok((counts, rows))
        })
        .await
        .map_err(failed)?;
    let count = |status: Status| u64::try_from(counts.get(status.as_str()).copied().unwrap_or(0)).unwrap_or(0);
    let page = Home {
        shell: shell(&site, language),
        session: signed_in_as(&site, &request, &admin),
        only,
        counts: Status::ALL.into_iter().map(|s| (s, count(s))).collect(),
        payments,
    };
    Ok(html(StatusCode::OK, page.render()?))
}

fn row(cx: &Context, payment: &payments::Payment, partner: String, language: Language) -> PaymentRow {
    PaymentRow {
        reference: payment.id.to_string(),
        created_at: crate::web::hosted_page::local_time(payment.created_at, language),
        partner,
        creditor: payment.instructions.first().map(|i| i.creditor_name.clone()).unwrap_or_default(),
        amount: payment.total().map(|t| money(language, t)).unwrap_or_default(),
        bank: cx.bank_of(payment).map(|b| b.name.clone()).unwrap_or_default(),
        status: payment.status,
        bank_word: payment.bank_word.clone().unwrap_or_default(),
    }
}
