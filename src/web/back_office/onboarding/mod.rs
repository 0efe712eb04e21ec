//! Partners' files: the list of those to renew, the file with its documents, its forms and its history.
//!
//! **Invariant:** only those whom the table of routes names see a file; every document that leaves is in the audit log
//! first. A form that is refused comes back with everything that was typed.

mod documents;
mod form;
mod history;
mod list;
mod page;
pub mod texts;

use super::gate::{SignedIn, go};
use super::roles::{Route, serve};
use crate::clock::Timestamp;
use crate::flow::FlowError;
use crate::flow::onboarding::{self, Change, day_of, relation};
use crate::partner::onboarding::Section;
use crate::store::{StoreError, admins};
use crate::web::hosted_page::browser::Browser;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use page::{Again, FilePage};
use serde::Deserialize;
use std::collections::BTreeMap;
use texts::words;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    serve(config, Route::Onboardings, list::show);
    serve(config, Route::Onboarding, show);
    serve(config, Route::OnboardingForm, form::show);
    serve(config, Route::EnterOnboarding, form::enter);
    serve(config, Route::TakeOutEntry, take_out);
    serve(config, Route::OnboardingHistory, history::show);
    serve(config, Route::AddDocument, documents::add);
    serve(config, Route::Document, documents::download);
    serve(config, Route::RemoveDocument, documents::remove);
    serve(config, Route::ConfirmRenewal, renew);
    serve(config, Route::EndRelation, end);
}

/// The address of a route of a partner's file.
pub(super) fn address(route: Route, partner_id: &str) -> String {
    route.path().replace("{id}", partner_id)
}

/// A day as people read it.
pub(super) fn day(at: Timestamp) -> String {
    day_of(at).format("%d.%m.%Y").to_string()
}

/// A moment as people read it, in Romanian time.
pub(super) fn moment(at: Timestamp) -> String {
    let local = at.and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
    local.format("%d.%m.%Y, %H:%M").to_string()
}

/// Names of the users of these ids.
pub(super) async fn names(site: &Site, ids: Vec<String>) -> Result<BTreeMap<String, String>, StoreError> {
    let read = site.cx.db.read(move |a| {
        let mut names = BTreeMap::new();
        for id in ids {
            if !names.contains_key(&id)
                && let Some(admin) = admins::get(a, &id)?
            {
                names.insert(id, admin.user_name);
            }
        }
        Ok(names)
    });
    read.await
}

/// A user's name, or the word for what is no user.
pub(super) fn name_of(names: &BTreeMap<String, String>, user: &SignedIn, id: &str) -> String {
    names.get(id).cloned().unwrap_or_else(|| words(user.language, id).to_owned())
}

/// An anti-forgery token for a form.
pub(super) fn token(site: &Site, request: &HttpRequest, action: &str) -> String {
    Browser::of(request, site.https()).csrf(site.cx.db.vault(), action)
}

/// What a file is shown after.
#[derive(Debug, Deserialize)]
pub struct Shown {
    done: Option<String>,
}

/// GET /back-office/partners/{id}/onboarding.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, PageError> {
    let again = Again {
        done: shown.into_inner().done,
        ..Again::default()
    };
    file_page(&site, &request, &user, &id, StatusCode::OK, again).await
}

/// The file's page.
async fn file_page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    id: &str,
    status: StatusCode,
    again: Again,
) -> Result<HttpResponse, PageError> {
    let onboarded = onboarding::read(&site.cx, id).await.map_err(|e| user.failed(site, e))?;
    let mut ids: Vec<String> = onboarded.documents.iter().map(|d| d.added_by.clone()).collect();
    ids.extend(onboarded.documents.iter().filter_map(|d| d.removed_by.clone()));
    ids.extend(onboarded.file.ended_by.clone());
    let names = names(site, ids).await.map_err(|e| user.failed(site, e))?;
    let page = FilePage::of(site, request, user, &onboarded, &names, again);
    Ok(html(status, page.render()?))
}

/// The page again with what was wrong, or the page of an error that is not the form's.
async fn refuse(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    id: &str,
    error: FlowError,
    mut again: Again,
) -> Result<HttpResponse, PageError> {
    match error {
        FlowError::Invalid(problems) => again.problems.extend(problems.iter().map(|p| p.code)),
        FlowError::NotAllowed => again.problems.push("NOT_NOW"),
        other => return Err(user.failed(site, other)),
    }
    file_page(site, request, user, id, StatusCode::UNPROCESSABLE_ENTITY, again).await
}

/// A form without its token is told that it was open for too long.
async fn expired(site: &Site, request: &HttpRequest, user: &SignedIn, id: &str, mut again: Again) -> Result<HttpResponse, PageError> {
    again.problems.push("PAGE_EXPIRED");
    file_page(site, request, user, id, StatusCode::FORBIDDEN, again).await
}

/// To the file, with a word on what was done.
fn done(id: &str, what: &str) -> HttpResponse {
    go(&format!("{}?done={what}", address(Route::Onboarding, id)))
}

/// A form that changes a file.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Changing {
    csrf: String,
    version: i64,
    section: String,
    number: u32,
    reason: String,
}

/// POST /back-office/partners/{id}/onboarding/take-out.
pub async fn take_out(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    form: web::Form<Changing>,
) -> Result<HttpResponse, PageError> {
    let about = address(Route::TakeOutEntry, &id);
    if !site.is_own_form(&request, &about, &form.csrf) {
        return expired(&site, &request, &user, &id, Again::default()).await;
    }
    let Some(section) = Section::parse(&form.section) else {
        return Err(user.failed(&site, FlowError::NotFound));
    };
    let change = Change {
        by: user.admin.id.clone(),
        partner_id: id.clone(),
        version: form.version,
    };
    match onboarding::take_out(&site.cx, change, section, form.number).await {
        Ok(()) => Ok(done(&id, "saved")),
        Err(error) => refuse(&site, &request, &user, &id, error, Again::default()).await,
    }
}

/// POST /back-office/partners/{id}/onboarding/renew.
pub async fn renew(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    form: web::Form<Changing>,
) -> Result<HttpResponse, PageError> {
    if !site.is_own_form(&request, &address(Route::ConfirmRenewal, &id), &form.csrf) {
        return expired(&site, &request, &user, &id, Again::default()).await;
    }
    match relation::confirm_renewal(&site.cx, &user.admin.id, &id, form.version).await {
        Ok(()) => Ok(done(&id, "renewed")),
        Err(error) => refuse(&site, &request, &user, &id, error, Again::default()).await,
    }
}

/// POST /back-office/partners/{id}/onboarding/end.
pub async fn end(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    form: web::Form<Changing>,
) -> Result<HttpResponse, PageError> {
    let again = Again {
        end_reason: form.reason.clone(),
        ..Again::default()
    };
    if !site.is_own_form(&request, &address(Route::EndRelation, &id), &form.csrf) {
        return expired(&site, &request, &user, &id, again).await;
    }
    match relation::end(&site.cx, &user.admin.id, &id, &form.reason).await {
        Ok(()) => Ok(done(&id, "saved")),
        Err(error) => refuse(&site, &request, &user, &id, error, again).await,
    }
}
