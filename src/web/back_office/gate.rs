//! The gate before every page: who asks, and whether the table lets them in.

use super::frame::OfficeShell;
use super::roles::{Route, Verb, Who};
use super::session_store::{ADMIN, SESSION};
use super::{LOGIN, masking::Sight, refused};
use crate::clock::Timestamp;
use crate::flow::FlowError;
use crate::payment::Language;
use crate::store::admins::{self, Admin, Role};
use crate::web::{PageError, Site, browser_language};
use actix_session::{Session, SessionExt as _};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::LOCATION;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::future::{Ready, ready};

/// What is kept of a session beside whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CurrentSession {
    /// The name it has in lists.
    pub id: String,
    /// When it began.
    pub signed_in_at: Timestamp,
    /// The moment after which it cannot be extended.
    pub ends_at: Timestamp,
    /// The address it began from.
    pub address: String,
    /// The browser as it names itself, shortened.
    pub browser: String,
    /// What was unmasked in it.
    #[serde(default)]
    pub unmasked: Vec<String>,
}

/// A signed-in user whose role may use the route. Handlers take it as an argument.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The account.
    pub admin: Admin,
    /// What the account may do.
    pub role: Role,
    /// The session.
    pub session: CurrentSession,
    /// The language of the pages.
    pub language: Language,
}

impl SignedIn {
    /// What stands around a page of this route.
    #[must_use]
    pub fn shell(&self, site: &Site, request: &HttpRequest, route: Route) -> OfficeShell {
        OfficeShell::signed_in(site, request, self, route)
    }

    /// How personal data is shown on a page about something, such as `payment:123`.
    #[must_use]
    pub fn sight(&self, about: &str) -> Sight {
        Sight::of(self.role, self.session.unmasked.iter().any(|known| known == about))
    }

    /// The page of an error.
    #[must_use]
    pub fn failed(&self, site: &Site, error: impl Into<FlowError>) -> PageError {
        PageError::new(site, self.language, error.into())
    }
}

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    /// The user whom the gate let in; nobody is, on a route that is open to anybody.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        ready(known.ok_or_else(|| actix_web::error::ErrorForbidden("nobody is signed in")))
    }
}

/// The user of a session, if the account still may.
pub(super) async fn user_of(site: &Site, request: &HttpRequest, session: &Session) -> Result<Option<SignedIn>, FlowError> {
    let id = session.get::<String>(ADMIN).ok().flatten();
    let kept = session.get::<CurrentSession>(SESSION).ok().flatten();
    let (Some(id), Some(kept)) = (id, kept) else { return Ok(None) };
    let admin = site.cx.db.read(move |a| admins::get(a, &id)).await?.filter(|admin| admin.active);
    Ok(admin.map(|admin| SignedIn {
        role: admin.role,
        language: admin.language.unwrap_or_else(|| language_of(request)),
        session: kept,
        admin,
    }))
}

/// The language of somebody who has not signed in: the one chosen in this browser, or the browser's own.
pub(super) fn language_of(request: &HttpRequest) -> Language {
    let chosen = request.cookie(super::language::COOKIE).and_then(|c| Language::parse(c.value()));
    chosen.unwrap_or_else(|| browser_language(request))
}

/// To another page of the back office.
pub(super) fn go(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
}

fn to_sign_in(site: &Site, request: &HttpRequest) -> HttpResponse {
    let had_one = request.cookie(super::cookie_name(site)).is_some();
    go(if had_one { "/back-office/login?ended=1" } else { LOGIN })
}

/// Lets a request through to the handler of a route, or answers it.
///
/// # Errors
/// The page of a database error.
pub(super) async fn pass(route: Route, request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    if route.entry().who == Who::Anybody {
        return next.call(request).await;
    }
    let Some(site) = request.app_data::<web::Data<Site>>().cloned() else {
        return Err(actix_web::error::ErrorInternalServerError("no site"));
    };
    let session = request.get_session();
    let known = user_of(&site, request.request(), &session).await;
    let known = known.map_err(|e| PageError::new(&site, language_of(request.request()), e))?;
    let Some(user) = known else {
        let answer = to_sign_in(&site, request.request());
        return Ok(request.into_response(answer));
    };
    if !route.allows(user.role) {
        let (user_id, role) = (user.admin.id.as_str(), user.role.as_str());
        tracing::warn!(
            user_id,
            role,
            route = route.path(),
            changes = route.entry().verb == Verb::Post,
            "a role was refused"
        );
        let answer = refused::page(&site, request.request(), &user)?;
        return Ok(request.into_response(answer));
    }
    request.extensions_mut().insert(user);
    next.call(request).await
}
