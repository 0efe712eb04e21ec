//! A user's own account: password, device for one-time codes, sessions.

use super::frame::{Button, OfficeShell};
use super::gate::{CurrentSession, SignedIn, go};
use super::language::own_address;
use super::roles::Route;
use super::session_store::SESSION;
use crate::flow::admins::manage::{OwnSessions, end_own_sessions};
use crate::flow::{FlowError, daily_report};
use crate::payment::Language;
use crate::store::admin_security;
use crate::store::admin_sessions::{self, Listed};
use crate::store::report_readers;
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::local_time;
use crate::web::hosted_page::texts::catalogue;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::collections::HashMap;

catalogue! {
    /// The texts of the page.
    AccountTexts {
        password: "Parola", "Password";
        password_since: "Schimbată", "Changed";
        device: "Aplicația de autentificare", "Authenticator app";
        device_on: "Legată", "Connected";
        device_off: "Nu este legată", "Not connected";
        connect: "Leagă o aplicație", "Connect an app";
        reconnect: "Leagă altă aplicație", "Connect another app";
        codes_left: "Coduri de rezervă rămase", "Recovery codes left";
        new_codes: "Coduri de rezervă noi", "New recovery codes";
        sessions: "Sesiuni deschise", "Open sessions";
        began: "De la", "Since";
        address: "Adresă", "Address";
        browser: "Browser", "Browser";
        this_one: "aceasta", "this one";
        end: "Încheie", "End";
        end_others: "Încheie toate celelalte", "End all others";
        only_this: "Nu ai altă sesiune deschisă.", "You have no other session open.";
        password_changed: "Parola a fost schimbată. Celelalte sesiuni s-au încheiat.", "The password was changed. The other sessions have ended.";
        sessions_ended: "S-a făcut. Sesiunile alese s-au încheiat.", "Done. The sessions you chose have ended.";
        last_sign_in: "Ultima autentificare", "Last sign-in";
        report: "Raport zilnic", "Daily report";
        report_lead: "Cifrele zilei de ieri, pe e-mail, o dată pe zi, după ce ziua a fost numărată. Fără date personale ale plătitorilor.",
            "Yesterday's figures by e-mail, once a day, after the day was counted. No personal data of payers.";
        report_wanted: "Trimite-mi raportul zilnic", "Send me the daily report";
        report_address: "Adresa de e-mail", "E-mail address";
        report_save: "Salvează", "Save";
        report_on: "Raportul zilnic vine la adresa ta de mâine.", "The daily report comes to your address from tomorrow.";
        report_off: "Raportul zilnic nu se mai trimite.", "The daily report is not sent any more.";
        report_wrong: "Scrie o adresă de e-mail, de exemplu nume@exemplu.ro.", "Enter an e-mail address such as name@example.com.";
        report_preview: "Cum arată", "What it looks like";
    }
}

/// A session as a list shows it.
#[derive(Clone, Debug)]
pub(super) struct SessionLine {
    pub id: String,
    pub began: String,
    pub address: String,
    pub browser: String,
    pub is_this: bool,
}

/// The lines of a user's sessions.
pub(super) fn lines(listed: &[Listed], language: Language, this: &str) -> Vec<SessionLine> {
    let line = |listed: &Listed| {
        let state: HashMap<String, String> = serde_json::from_str(&listed.state).ok()?;
        let kept: CurrentSession = serde_json::from_str(state.get(SESSION)?).ok()?;
        Some(SessionLine {
            is_this: listed.session_id == this,
            id: listed.session_id.clone(),
            began: local_time(kept.signed_in_at, language),
            address: kept.address,
            browser: browser_name(&kept.browser),
        })
    };
    listed.iter().filter_map(line).collect()
}

/// The browser and the system that a `User-Agent` names, or its beginning.
fn browser_name(agent: &str) -> String {
    let named = |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let browser = named(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = named(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        _ => agent.chars().take(60).collect(),
    }
}

#[derive(Debug, Template)]
#[template(path = "back_office/account.html", whitespace = "minimize")]
struct AccountPage {
    shell: OfficeShell,
    a: &'static AccountTexts,
    password_since: String,
    last_sign_in: String,
    has_totp: bool,
    codes_left: i64,
    new_codes: Button,
    end: Button,
    sessions: Vec<SessionLine>,
    notice: Option<&'static str>,
    report: Button,
    report_wanted: bool,
    report_address: String,
    report_is_wrong: bool,
}

/// What was chosen of the daily report.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Report {
    csrf: String,
    wanted: String,
    address: String,
}

/// What the page is shown after.
#[derive(Debug, Deserialize)]
pub struct Shown {
    done: Option<String>,
}

/// GET /back-office/account.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, PageError> {
    page(&site, &request, &user, shown.done.as_deref(), None).await
}

/// The page; with what was typed about the report, when that cannot be taken.
async fn page(
    site: &web::Data<Site>,
    request: &HttpRequest,
    user: &SignedIn,
    done: Option<&str>,
    typed: Option<Report>,
) -> Result<HttpResponse, PageError> {
    let (id, now) = (user.admin.id.clone(), site.cx.now());
    let read = site.cx.db.read(move |a| {
        let left = admin_security::recovery_codes_left(a, &id)?;
        Ok((left, admin_sessions::of(a, &id, now)?, report_readers::address(a, &id)?))
    });
    let (codes_left, sessions, address) = read.await.map_err(|e| user.failed(site, e))?;
    let a = AccountTexts::of(user.language);
    let browser = Browser::of(request, site.https());
    let status = if typed.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = AccountPage {
        report: Button::of(site, &browser, Route::DailyReport),
        report_wanted: address.is_some() || typed.is_some(),
        report_is_wrong: typed.is_some(),
        report_address: typed.map(|typed| typed.address).or(address).unwrap_or_default(),
        shell: user.shell(site, request, Route::Account),
        a,
        password_since: local_time(user.admin.password_changed_at, user.language),
        last_sign_in: user
            .admin
            .last_sign_in_at
            .map(|at| local_time(at, user.language))
            .unwrap_or_default(),
        has_totp: user.admin.has_totp,
        codes_left,
        new_codes: Button::of(site, &browser, Route::RenewRecoveryCodes),
        end: Button::of(site, &browser, Route::EndSessions),
        sessions: lines(&sessions, user.language, &user.session.id),
        notice: match done {
            Some("password") => Some(a.password_changed),
            Some("sessions") => Some(a.sessions_ended),
            Some("report_on") => Some(a.report_on),
            Some("report_off") => Some(a.report_off),
            _ => None,
        },
    };
    Ok(html(status, page.render()?))
}

/// POST /back-office/account/daily-report.
pub async fn daily_report(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    form: web::Form<Report>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    if !site.is_own_form(&request, Route::DailyReport.path(), &form.csrf) {
        return Ok(go(Route::Account.path()));
    }
    let wanted = form.wanted == "yes";
    match daily_report::choose(&site.cx, &user.admin.id, wanted, &form.address).await {
        Ok(()) if wanted => Ok(go("/back-office/account?done=report_on")),
        Ok(()) => Ok(go("/back-office/account?done=report_off")),
        Err(FlowError::Invalid(_)) => page(&site, &request, &user, None, Some(form)).await,
        Err(other) => Err(user.failed(&site, other)),
    }
}

/// The form: a session's name in the list, or `others`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ending {
    csrf: String,
    session: String,
}

/// POST /back-office/account/sessions.
pub async fn end_sessions(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    form: web::Form<Ending>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    if !site.is_own_form(&request, Route::EndSessions.path(), &form.csrf) {
        return Ok(go(Route::Account.path()));
    }
    let which = if form.session == "others" {
        OwnSessions::AllBut(user.session.id.clone())
    } else {
        OwnSessions::One(form.session.chars().filter(|c| !c.is_control()).take(64).collect())
    };
    end_own_sessions(&site.cx, &user.admin.id, which)
        .await
        .map_err(|e| user.failed(&site, e))?;
    Ok(go("/back-office/account?done=sessions"))
}

/// The form that keeps a session alive.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Extending {
    back: String,
}

/// POST /back-office/extend: every request keeps the session alive, and this one does nothing else, so it needs
/// no token. A script wants no page.
pub async fn extend(request: HttpRequest, _: SignedIn, form: web::Form<Extending>) -> HttpResponse {
    if request.headers().contains_key("X-Requested-With") {
        return HttpResponse::NoContent().finish();
    }
    go(own_address(&form.back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_shortly() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140";
        assert_eq!(
            (browser_name(firefox).as_str(), browser_name(edge).as_str()),
            ("Firefox, Linux", "Edge, Windows")
        );
        assert_eq!(browser_name(&"x".repeat(300)).len(), 60);
    }
}
