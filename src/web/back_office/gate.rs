//! The gate before every page: who asks, and whether the table lets them in.

use super::frame::OfficeShell;
use super::roles::{Route, Verb, Who};
use super::session_store::{ADMIN, SESSION};
use super::{LOGIN, masking::Sight, refused};
use crate::clock::Timestamp;
use crate::flow::FlowError;
use crate::flow::admins::password::{self, Standing};
use crate::payment::Language;
use crate::store::admins::{self, Admin, Role};
use crate::web::hosted_page::browser::same_origin;
use crate::web::{PageError, Site, browser_language};
use actix_session::{Session, SessionExt as _};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
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
    /// Whether a one-time code was given in it, or a second factor at the company's provider.
    #[serde(default)]
    pub code_given: bool,
    /// When its user last proved to be there, by a code or, without a device for codes, the password.
    #[serde(default)]
    pub confirmed_at: Option<Timestamp>,
    /// Whether it began through the company's provider: the password of its user, if any, is not asked for and
    /// grows old unnoticed.
    #[serde(default)]
    pub by_company: bool,
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
        PageError::of_office(site, self.language, error.into())
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

/// A signed-in user who has just proved to be there. Handlers of sensitive acts take it beside [`SignedIn`];
/// others are asked for a code and come back to the page.
#[derive(Clone, Copy, Debug)]
pub struct Fresh;

/// Minutes for which a proof is good.
const FRESH_MINUTES: i64 = 5;

impl SignedIn {
    /// Whether the user has proved to be there within the last minutes.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.session
            .confirmed_at
            .is_some_and(|at| now - at < chrono::Duration::minutes(FRESH_MINUTES))
    }
}

impl FromRequest for Fresh {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let now = request.app_data::<web::Data<Site>>().map(|site| site.cx.now());
        let fresh = now.is_some_and(|now| request.extensions().get::<SignedIn>().is_some_and(|user| user.is_fresh(now)));
        ready(if fresh {
            Ok(Self)
        } else {
            Err(InternalError::from_response("a code is asked for first", super::confirm::ask_first(request)).into())
        })
    }
}

/// What somebody must do before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    EnterCode,
    ChangePassword,
    EnrolDevice,
}

impl Step {
    fn of(site: &Site, user: &SignedIn) -> Option<Self> {
        if user.admin.has_totp && !user.session.code_given {
            Some(Self::EnterCode)
        } else if !user.session.by_company && password::standing(&site.cx, &user.admin) == Standing::MustChange {
            Some(Self::ChangePassword)
        } else if site.cx.rules.office.totp_required && !user.admin.has_totp && !user.session.code_given {
            Some(Self::EnrolDevice)
        } else {
            None
        }
    }

    /// The only routes that answer; the first is where all others lead.
    const fn routes(self) -> &'static [Route] {
        match self {
            Self::EnterCode => &[Route::CodePage, Route::EnterCode, Route::SignOut],
            Self::ChangePassword => &[Route::PasswordPage, Route::ChangePassword, Route::SignOut, Route::Extend],
            Self::EnrolDevice => &[Route::DevicePage, Route::EnrolDevice, Route::SignOut, Route::Extend],
        }
    }
}

impl SignedIn {
    /// Whether nothing is to be done before the areas open.
    #[must_use]
    pub fn is_through(&self, site: &Site) -> bool {
        Step::of(site, self).is_none()
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
#[must_use]
pub fn language_of(request: &HttpRequest) -> Language {
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
    let Some(site) = request.app_data::<web::Data<Site>>().cloned() else {
        return Err(actix_web::error::ErrorInternalServerError("no site"));
    };
    // Beside the form's own token, which the handlers look at: nothing is posted here from other sites.
    if route.entry().verb == Verb::Post && !same_origin(request.request(), &site.cx.rules.base_url) {
        let language = language_of(request.request());
        return Err(PageError::of_office(&site, language, FlowError::NotYou).into());
    }
    if route.entry().who == Who::Anybody {
        return next.call(request).await;
    }
    let session = request.get_session();
    let known = user_of(&site, request.request(), &session).await;
    let known = known.map_err(|e| PageError::of_office(&site, language_of(request.request()), e))?;
    let Some(user) = known else {
        let answer = to_sign_in(&site, request.request());
        return Ok(request.into_response(answer));
    };
    if let Some(step) = Step::of(&site, &user)
        && !step.routes().contains(&route)
    {
        let answer = go(step.routes()[0].path());
        return Ok(request.into_response(answer));
    }
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
