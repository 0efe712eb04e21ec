//! The last of three layers of errors: what callers see. An error gets its reference here, and is logged
//! here, once.

use super::back_office::{self, error_page};
use super::hosted_page::pages::ErrorPage;
use super::{Site, browser_language, html};
use crate::crypto;
use crate::flow::FlowError;
use crate::payment::Language;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template as _;

/// A reference that stands in the answer and in the log: ten characters, nothing but a name for one event.
#[must_use]
pub fn new_reference() -> String {
    // Letters and digits that cannot be mistaken for one another when read out on the telephone.
    const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    crypto::random::<10>()
        .iter()
        .map(|b| char::from(ALPHABET[usize::from(b % 32)]))
        .collect()
}

/// An error as a page.
#[derive(Debug)]
pub struct PageError {
    status: StatusCode,
    page: String,
}

impl PageError {
    /// The page of a flow's error.
    #[must_use]
    pub fn new(site: &Site, language: Language, error: FlowError) -> Self {
        Self::logged(&error, |status, reference| page(site, language, status, reference))
    }

    /// The page of a flow's error inside the back office.
    #[must_use]
    pub fn of_office(site: &Site, language: Language, error: FlowError) -> Self {
        Self::logged(&error, |status, reference| error_page::page(site, language, status, &reference))
    }

    fn logged(error: &FlowError, page: impl FnOnce(StatusCode, String) -> String) -> Self {
        let reference = new_reference();
        let status = match error {
            FlowError::NotFound => StatusCode::NOT_FOUND,
            FlowError::TooMany => StatusCode::TOO_MANY_REQUESTS,
            FlowError::NotAllowed | FlowError::OtherContent => StatusCode::CONFLICT,
            FlowError::BadToken | FlowError::NotYou => StatusCode::FORBIDDEN,
            FlowError::Invalid(_) | FlowError::AgainstRules(_) => StatusCode::UNPROCESSABLE_ENTITY,
            FlowError::Busy | FlowError::Internal(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(reference, %error, "page fault");
        } else {
            tracing::info!(reference, %error, "page refusal");
        }
        Self {
            status,
            page: page(status, reference),
        }
    }
}

/// The page for a status.
pub(super) fn page(site: &Site, language: Language, status: StatusCode, reference: String) -> String {
    let ro = language == Language::Ro;
    let (title, message) = match status {
        StatusCode::NOT_FOUND if ro => (
            "Pagina nu există",
            "Adresa nu duce nicăieri. Verifică legătura sau revino la magazin.",
        ),
        StatusCode::NOT_FOUND => (
            "There is no such page",
            "The address leads nowhere. Check the link or go back to the shop.",
        ),
        StatusCode::TOO_MANY_REQUESTS if ro => ("Prea multe încercări", "Așteaptă un minut și încearcă din nou."),
        StatusCode::TOO_MANY_REQUESTS => ("Too many tries", "Wait a minute and try again."),
        s if s.is_client_error() && ro => (
            "Cererea nu a putut fi primită",
            "Nimic nu s-a schimbat. Revino la pagina anterioară și încearcă din nou.",
        ),
        s if s.is_client_error() => (
            "The request could not be taken",
            "Nothing has changed. Go back to the page before and try again.",
        ),
        _ if ro => (
            "Ceva nu a mers la noi",
            "Datele salvate sunt în siguranță. Reîncarcă pagina peste câteva momente; dacă ai plătit deja, nu plăti încă o dată.",
        ),
        _ => (
            "Something went wrong on our side",
            "What was saved is safe. Reload the page in a few moments; if you have paid already, do not pay again.",
        ),
    };
    let shell = site.shell(language);
    let rendered = ErrorPage {
        shell,
        title: title.into(),
        message: message.into(),
        error_reference: reference.clone(),
    }
    .render();
    rendered.unwrap_or_else(|_| format!("{title}. {message} ({reference})"))
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        let reference = new_reference();
        tracing::error!(reference, %error, "a page could not be rendered");
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            page: format!("The page cannot be shown now. ({reference})"),
        }
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "page error {}", self.status.as_u16())
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut answer = html(self.status, self.page.clone());
        if self.status == StatusCode::SERVICE_UNAVAILABLE || self.status == StatusCode::TOO_MANY_REQUESTS {
            answer
                .headers_mut()
                .insert(RETRY_AFTER, actix_web::http::header::HeaderValue::from_static("5"));
        }
        answer
    }
}

fn plain_page(site: &Site, request: &HttpRequest, status: StatusCode) -> HttpResponse {
    let reference = new_reference();
    let page = if error_page::is_inside(request.path()) {
        error_page::page(site, back_office::gate::language_of(request), status, &reference)
    } else {
        page(site, browser_language(request), status, reference)
    };
    html(status, page)
}

/// Any address that is no page.
pub async fn no_such_page(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    plain_page(&site, &request, StatusCode::NOT_FOUND)
}

/// A form that cannot be read: too large, wrong Content-Type, not a form.
pub fn unreadable_form(error: actix_web::error::UrlencodedError, request: &HttpRequest) -> actix_web::Error {
    use actix_web::error::UrlencodedError as E;
    let status = match error {
        E::Overflow { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        E::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        _ => StatusCode::BAD_REQUEST,
    };
    answer(request, error, status)
}

/// A query that cannot be read.
pub fn unreadable_query(error: actix_web::error::QueryPayloadError, request: &HttpRequest) -> actix_web::Error {
    answer(request, error, StatusCode::BAD_REQUEST)
}

fn answer(request: &HttpRequest, error: impl std::fmt::Debug + std::fmt::Display + 'static, status: StatusCode) -> actix_web::Error {
    let page = match request.app_data::<web::Data<Site>>() {
        Some(site) => plain_page(site, request, status),
        None => HttpResponse::new(status),
    };
    actix_web::error::InternalError::from_response(error, page).into()
}
