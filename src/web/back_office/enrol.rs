//! The page on which a user enrols a device for one-time codes, and the recovery codes, shown once.

use super::frame::{Button, OfficeShell};
use super::gate::{Fresh, SignedIn, go};
use super::roles::Route;
use super::session_store::SESSION;
use super::texts::OfficeTexts;
use crate::flow::FlowError;
use crate::flow::admins::second_factor;
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::pages::QrPath;
use crate::web::hosted_page::texts::catalogue;
use crate::web::{PageError, Site, html};
use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

catalogue! {
    /// The texts of both pages.
    EnrolTexts {
        title: "Leagă aplicația de autentificare", "Connect your authenticator app";
        lead: "Scanează codul cu o aplicație de autentificare de pe telefon, apoi scrie codul de 6 cifre pe care ți-l arată.",
            "Scan the code with an authenticator app on your phone, then write the 6 digits it shows.";
        picture: "Cod QR pentru aplicația de autentificare", "QR code for the authenticator app";
        by_hand: "Nu poți scana? Scrie în aplicație această cheie:", "Cannot scan? Type this key into the app:";
        wrong: "Codul nu este corect. Verifică ora telefonului și scrie codul de acum.", "The code is not correct. Check your phone’s clock and write the present code.";
        recovery_title: "Coduri de rezervă", "Recovery codes";
        recovery_lead: "Păstrează-le într-un loc sigur: fiecare ține locul codului din aplicație o singură dată, dacă pierzi telefonul. Nu le mai arătăm niciodată; codurile de dinainte nu mai sunt valabile.",
            "Keep them in a safe place: each stands for a code of the app once, should you lose your phone. We never show them again; codes from before are void.";
        recovery_list: "Cele zece coduri", "The ten codes";
    }
}

#[derive(Template)]
#[template(path = "back_office/device.html", whitespace = "minimize")]
struct DevicePage {
    shell: OfficeShell,
    e: &'static EnrolTexts,
    form: Button,
    qr: Option<QrPath>,
    secret: String,
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "back_office/recovery_codes.html", whitespace = "minimize")]
struct RecoveryCodesPage {
    shell: OfficeShell,
    e: &'static EnrolTexts,
    codes: Vec<String>,
}

async fn page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    status: StatusCode,
    problem: Option<&'static str>,
) -> Result<HttpResponse, PageError> {
    let begun = second_factor::begin(&site.cx, &user.admin)
        .await
        .map_err(|e| user.failed(site, e))?;
    let groups = begun.secret.as_bytes().chunks(4).map(String::from_utf8_lossy);
    let page = DevicePage {
        shell: user.shell(site, request, Route::DevicePage),
        e: EnrolTexts::of(user.language),
        form: Button::of(site, &Browser::of(request, site.https()), Route::EnrolDevice),
        qr: QrPath::of(&begun.address),
        secret: groups.collect::<Vec<_>>().join(" "),
        problem,
    };
    Ok(html(status, page.render()?))
}

/// Whether another device would take the place of one, without a proof that its owner asks for it.
fn needs_proof(site: &Site, user: &SignedIn) -> bool {
    user.admin.has_totp && !user.is_fresh(site.cx.now())
}

/// GET /back-office/account/device.
pub async fn show(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    if needs_proof(&site, &user) {
        return Ok(super::confirm::ask_first(&request));
    }
    page(&site, &request, &user, StatusCode::OK, None).await
}

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Code {
    csrf: String,
    code: String,
}

/// POST /back-office/account/device.
pub async fn finish(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    session: Session,
    form: web::Form<Code>,
) -> Result<HttpResponse, PageError> {
    if needs_proof(&site, &user) {
        return Ok(super::confirm::ask_first(&request));
    }
    let (t, e) = (OfficeTexts::of(user.language), EnrolTexts::of(user.language));
    if !site.is_own_form(&request, Route::EnrolDevice.path(), &form.csrf) {
        return page(&site, &request, &user, StatusCode::FORBIDDEN, Some(t.page_expired)).await;
    }
    let codes = match second_factor::finish(&site.cx, &user.admin, &form.code, &user.session.id).await {
        Ok(codes) => codes,
        Err(FlowError::NotYou) => return page(&site, &request, &user, StatusCode::UNPROCESSABLE_ENTITY, Some(e.wrong)).await,
        Err(FlowError::TooMany) => return page(&site, &request, &user, StatusCode::TOO_MANY_REQUESTS, Some(t.too_many)).await,
        Err(FlowError::NotAllowed) => return Ok(go(Route::DevicePage.path())),
        Err(other) => return Err(user.failed(&site, other)),
    };
    let mut kept = user.session.clone();
    (kept.code_given, kept.confirmed_at) = (true, Some(site.cx.now()));
    session.renew();
    session
        .insert(SESSION, kept.clone())
        .map_err(|e| user.failed(&site, FlowError::Internal(e.to_string())))?;
    // The areas are open from now on.
    let mut through = user;
    through.admin.has_totp = true;
    through.session = kept;
    recovery_codes(&site, &request, &through, codes)
}

fn recovery_codes(site: &Site, request: &HttpRequest, user: &SignedIn, codes: Vec<String>) -> Result<HttpResponse, PageError> {
    let page = RecoveryCodesPage {
        shell: user.shell(site, request, Route::Account),
        e: EnrolTexts::of(user.language),
        codes,
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// A form with nothing but its token.
#[derive(Debug, Deserialize)]
pub struct Token {
    csrf: String,
}

/// POST /back-office/account/recovery-codes.
pub async fn renew_recovery_codes(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    _: Fresh,
    form: web::Form<Token>,
) -> Result<HttpResponse, PageError> {
    if !site.is_own_form(&request, Route::RenewRecoveryCodes.path(), &form.csrf) {
        return Ok(go(Route::Account.path()));
    }
    match second_factor::renew_recovery_codes(&site.cx, &user.admin).await {
        Ok(codes) => recovery_codes(&site, &request, &user, codes),
        Err(error) => Err(user.failed(&site, error)),
    }
}
