//! What belongs to no payment: the terms, and how a partner looks.

use super::language;
use crate::partner::Screen;
use crate::payment::Language;
use crate::store::{Access, StoreError, partners};
use crate::web::hosted_page::colour::{Colour, page_css, page_css_version};
use crate::web::hosted_page::pages::Terms;
use crate::web::hosted_page::render::Rendered;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use serde::Deserialize;

/// The query of pages that belong to no payment.
#[derive(Deserialize)]
pub struct Chosen {
    lang: Option<String>,
}

/// GET /terms.
pub async fn terms(site: web::Data<Site>, request: HttpRequest, chosen: web::Query<Chosen>) -> Result<HttpResponse, PageError> {
    let language = language(&request, chosen.lang.as_deref(), None);
    Ok(html(StatusCode::OK, terms_page(&site, language)?))
}

/// The terms in a language.
pub(in crate::web::hosted_page) fn terms_page(site: &Site, language: Language) -> Rendered {
    let mut shell = site.shell(language);
    let other = if language == Language::Ro { Language::En } else { Language::Ro };
    shell.other_language_url = Some(format!("/terms?lang={other}"));
    Terms { shell }.render()
}

/// The query of a style sheet.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Version {
    v: String,
}

/// GET /partner/{id}/style.css: the style sheet in the partner's colour.
pub async fn partner_style(site: web::Data<Site>, id: web::Path<String>, version: web::Query<Version>) -> Result<HttpResponse, PageError> {
    let partner = read_partner(&site, id.into_inner(), partners::get).await?;
    let colour = partner.as_ref().and_then(|p| Colour::parse(&p.colour));
    let Some(colour) = colour else {
        return Ok(HttpResponse::NotFound().finish());
    };
    Ok(style(colour, version.v == page_css_version(colour)))
}

/// A style sheet in a colour, which may be kept for good when its address has its version.
pub fn style(colour: Colour, is_version: bool) -> HttpResponse {
    let caching = if is_version {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=60"
    };
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header(("Cache-Control", caching))
        .body(page_css(colour))
}

/// GET /partner/{id}/logo.
pub async fn partner_logo(site: web::Data<Site>, id: web::Path<String>) -> Result<HttpResponse, PageError> {
    logo(&site, id.into_inner(), Screen::Light).await
}

/// GET /partner/{id}/dark-logo: the one for dark screens.
pub async fn partner_dark_logo(site: web::Data<Site>, id: web::Path<String>) -> Result<HttpResponse, PageError> {
    logo(&site, id.into_inner(), Screen::Dark).await
}

async fn logo(site: &Site, id: String, screen: Screen) -> Result<HttpResponse, PageError> {
    let Some((bytes, media_type)) = read_partner(site, id, move |a, id| partners::logo(a, id, screen)).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    Ok(HttpResponse::Ok()
        .content_type(media_type)
        .insert_header(("Cache-Control", "public, max-age=3600"))
        .body(bytes))
}

/// Reads something of a partner; an id that cannot be one is nobody's.
async fn read_partner<T: Send + 'static>(
    site: &Site,
    id: String,
    read: impl FnOnce(&mut Access<'_>, &str) -> Result<Option<T>, StoreError> + Send + 'static,
) -> Result<Option<T>, PageError> {
    if uuid::Uuid::try_parse(&id).is_err() {
        return Ok(None);
    }
    let found = site.cx.db.read(move |a| read(a, &id)).await;
    found.map_err(|e| PageError::new(site, Language::default(), e.into()))
}
