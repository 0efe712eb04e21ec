//! The page of a role that may not open what it asked for.

use super::frame::OfficeShell;
use super::gate::SignedIn;
use super::roles::Route;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

#[derive(Debug, Template)]
#[template(path = "back_office/refused.html", whitespace = "minimize")]
struct Refused {
    shell: OfficeShell,
    role: &'static str,
}

/// The page, with the areas that the role may open.
pub(super) fn page(site: &Site, request: &HttpRequest, user: &SignedIn) -> Result<HttpResponse, PageError> {
    let shell = user.shell(site, request, Route::Payments);
    let role = shell.t.role_word(user.role);
    Ok(html(StatusCode::FORBIDDEN, Refused { shell, role }.render()?))
}
