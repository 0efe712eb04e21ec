//! What all pages of the demonstration share: headers, pictures and style, and pages for what went wrong.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::DefaultHeaders;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

/// Pages run nothing and load nothing but what this site serves.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Style, script and pictures, part of the program.
#[derive(rust_embed::RustEmbed)]
#[folder = "static/demo/"]
pub(super) struct Assets;

/// Headers of every answer; a handler that sets one itself keeps its own.
pub(super) fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Not `no-referrer`: with that, browsers send `Origin: null` with our own forms.
        .add((header::REFERRER_POLICY, "same-origin"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add(("cross-origin-resource-policy", "same-origin"))
        .add(("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"))
        .add((header::CACHE_CONTROL, "no-store"))
}

/// A page as an answer.
pub(super) fn page(status: StatusCode, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html),
        Err(e) => {
            tracing::error!(error = %e, "a page could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// The way on after a form.
pub(super) fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

#[derive(Template)]
#[template(path = "demo/problem.html")]
struct Problem<'a> {
    title: &'a str,
    text: &'a str,
}

/// A page that says what is wrong and where to go.
pub(super) fn problem(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    page(status, &Problem { title, text })
}

pub(super) async fn nothing_here() -> HttpResponse {
    not_found()
}

pub(super) fn not_found() -> HttpResponse {
    let text = "Adresa nu duce nicăieri. Poate că legătura e veche sau incompletă.";
    problem(StatusCode::NOT_FOUND, "Nu am găsit pagina", text)
}

/// A form that cannot be read: too large, or not a form.
pub(super) fn bad_form(error: actix_web::error::UrlencodedError, _: &HttpRequest) -> actix_web::Error {
    let answer = problem(
        StatusCode::BAD_REQUEST,
        "Formularul nu a putut fi citit",
        "Mergeți înapoi și trimiteți-l din nou.",
    );
    actix_web::error::InternalError::from_response(error, answer).into()
}

/// Refuses a form that another site sent: the browser's `Origin` must be the site it is sent to.
pub(super) fn refuse_foreign_form(request: &HttpRequest) -> Option<HttpResponse> {
    let text_of = |name| request.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    let origin = text_of(header::ORIGIN)?;
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    if authority.is_some() && authority == text_of(header::HOST) {
        return None;
    }
    let text = "Formularul a fost trimis de pe alt site, așa că nu l-am folosit.";
    Some(problem(StatusCode::FORBIDDEN, "Cerere refuzată", text))
}

/// A file of [`Assets`]; browsers ask each time and mostly hear that nothing changed.
pub(super) async fn asset(request: HttpRequest, file: web::Path<String>) -> HttpResponse {
    let Some(content) = Assets::get(&file) else {
        return not_found();
    };
    let hash = content.metadata.sha256_hash();
    let tag = header::EntityTag::new_strong(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &hash).simple().to_string());
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, "no-cache"));
    if known.is_some_and(|k| k.contains(tag.tag())) {
        return answer.status(StatusCode::NOT_MODIFIED).insert_header(header::ETag(tag)).finish();
    }
    answer
        .insert_header(header::ETag(tag))
        .content_type(content.metadata.mimetype())
        .body(content.data.into_owned())
}
