//! The mails to payers, each with sample data, as documents of their own.

use super::Chosen;
use crate::flow::mail_samples::{mail_samples, sample_mail};
use crate::web::{PageError, Site};
use actix_web::{HttpRequest, HttpResponse, web};

/// What may be in a mail's own document: its own styles, and nothing that loads, runs or is clicked.
const MAIL_CSP: &str =
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Their names.
pub(super) fn names() -> Vec<String> {
    mail_samples()
}

/// GET /demo/states/mails/{name}: its HTML; with `text` the plain text below the subject.
pub(super) async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    name: web::Path<String>,
    chosen: web::Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let language = chosen.language(&request);
    let mail = sample_mail(&site.cx, &name, language).map_err(|e| PageError::new(&site, language, e))?;
    if !chosen.text.is_empty() {
        let text = format!("{}\n\n{}", mail.subject, mail.text);
        return Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text));
    }
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", MAIL_CSP))
        .body(mail.html))
}
