//! The payment page as a payer of this partner would see it, with sample data and a colour and button that need not be
//! saved. It belongs to no payment: its forms lead nowhere.

use super::{address, is_id};
use crate::flow::FlowError;
use crate::partner::Partner;
use crate::store::partners;
use crate::web::back_office::gate::{SignedIn, go};
use crate::web::back_office::roles::Route;
use crate::web::hosted_page::colour::{Colour, Scheme, page_css_in};
use crate::web::hosted_page::pages::PartnerBrand;
use crate::web::hosted_page::sample::{self, Sample, Tried};
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

async fn partner(site: &Site, user: &SignedIn, id: &str) -> Result<Partner, PageError> {
    if !is_id(id) {
        return Err(user.failed(site, FlowError::NotFound));
    }
    let wanted = id.to_owned();
    let found = site
        .cx
        .db
        .read(move |a| partners::get(a, &wanted))
        .await
        .map_err(|e| user.failed(site, e))?;
    found.ok_or_else(|| user.failed(site, FlowError::NotFound))
}

/// An address with what is tried.
fn with(path: &str, tried: &Tried) -> String {
    match tried.query() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// The logo for every screen, and the one for dark screens where the browser is to choose.
fn logos(partner: &Partner, scheme: Scheme) -> (Option<String>, Option<String>) {
    let light = partner.has_logo.then(|| format!("/partner/{}/logo", partner.id));
    let dark = partner.has_dark_logo.then(|| format!("/partner/{}/dark-logo", partner.id));
    match scheme {
        Scheme::Either => (light, dark),
        Scheme::Light => (light, None),
        Scheme::Dark => (light.is_some().then_some(dark).flatten().or(light), None),
    }
}

/// GET /back-office/partners/{id}/preview.
pub async fn page(
    site: web::Data<Site>,
    user: SignedIn,
    id: web::Path<String>,
    tried: web::Query<Tried>,
) -> Result<HttpResponse, PageError> {
    let partner = partner(&site, &user, &id).await?;
    let (logo_url, dark_logo_url) = logos(&partner, tried.scheme());
    let sample = Sample {
        brand: PartnerBrand {
            logo_url,
            dark_logo_url,
            css_url: Some(with(&address(Route::PreviewStyle, &id), &tried)),
            button: tried.button().unwrap_or(partner.button_text),
            name: partner.name,
        },
        kind: tried.kind().unwrap_or(partner.kind),
        currency: partner.currency,
        language: user.language,
        nowhere: address(Route::PreviewPartner, &id),
        other_language_url: None,
    };
    Ok(html(StatusCode::OK, sample::page(&site, sample)?))
}

/// POST /back-office/partners/{id}/preview: to the page with the colour and button of a form that is not saved.
pub async fn tried(id: web::Path<String>, form: web::Form<Tried>) -> HttpResponse {
    go(&with(&address(Route::PreviewPartner, &id), &form))
}

/// GET /back-office/partners/{id}/preview.css.
pub async fn style(
    site: web::Data<Site>,
    user: SignedIn,
    id: web::Path<String>,
    tried: web::Query<Tried>,
) -> Result<HttpResponse, PageError> {
    let partner = partner(&site, &user, &id).await?;
    let Some(colour) = tried.colour().or_else(|| Colour::parse(&partner.colour)) else {
        return Err(user.failed(&site, FlowError::NotFound));
    };
    let css = page_css_in(colour, tried.scheme());
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").body(css))
}
