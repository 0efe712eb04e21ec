//! The payment page as a payer of this partner would see it, with sample data and a colour that need not be saved.
//! It belongs to no payment: its forms lead nowhere.

use super::{address, is_id};
use crate::flow::FlowError;
use crate::partner::Partner;
use crate::payment::{Amount, Currency, Iban};
use crate::store::partners;
use crate::web::back_office::gate::{SignedIn, go};
use crate::web::back_office::roles::Route;
use crate::web::hosted_page::bank_choices_of;
use crate::web::hosted_page::colour::{Colour, partner_css};
use crate::web::hosted_page::form::KnownOrder;
use crate::web::hosted_page::pages::{PartnerBrand, PaymentForm, PostForm};
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use serde::Deserialize;

/// The colour that is tried.
#[derive(Debug, Deserialize)]
pub struct Tried {
    colour: Option<String>,
}

impl Tried {
    fn colour(&self, partner: &Partner) -> Option<Colour> {
        let tried = self.colour.as_deref().and_then(Colour::parse);
        tried.or_else(|| Colour::parse(&partner.colour))
    }
}

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

/// An order of which every field is filled.
fn sample(partner: &Partner) -> KnownOrder {
    let iban = if partner.currency == Currency::Rsd {
        "RS35260005601001611379"
    } else {
        "RO49AAAA1B31007593840000"
    };
    KnownOrder {
        currency: partner.currency,
        creditor_name: Some(partner.name.clone()),
        creditor_iban: Iban::parse(iban).ok(),
        amount: Amount::from_minor(12_345, partner.currency).ok(),
        details: Some("Comanda 4711".into()),
        bank: None,
        debtor_iban: None,
        email: Some("ana@exemplu.ro".into()),
        terms_accepted: false,
        several: None,
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
    let nowhere = address(Route::PreviewPartner, &id);
    let mut shell = site.shell(user.language);
    let style = address(Route::PreviewStyle, &id);
    shell.partner = Some(PartnerBrand {
        name: partner.name.clone(),
        logo_url: partner.has_logo.then(|| format!("/partner/{id}/logo")),
        css_url: tried
            .colour(&partner)
            .map(|colour| format!("{style}?colour=%23{}", &colour.to_string()[1..])),
    });
    let post = PostForm {
        action: nowhere.clone(),
        csrf: String::new(),
        payment: String::new(),
        state: String::new(),
    };
    let form = PaymentForm::new(
        shell,
        post,
        nowhere,
        partner.kind,
        &sample(&partner),
        &bank_choices_of(&site.cx, partner.currency, 1, false),
        None,
    );
    Ok(html(StatusCode::OK, form.render()?))
}

/// POST /back-office/partners/{id}/preview: to the page with the colour of a form that is not saved.
pub async fn tried(id: web::Path<String>, form: web::Form<Tried>) -> HttpResponse {
    let page = address(Route::PreviewPartner, &id);
    let colour = form.colour.as_deref().and_then(Colour::parse);
    go(&colour.map_or(page.clone(), |colour| format!("{page}?colour=%23{}", &colour.to_string()[1..])))
}

/// GET /back-office/partners/{id}/preview.css.
pub async fn style(
    site: web::Data<Site>,
    _: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    tried: web::Query<Tried>,
) -> Result<HttpResponse, PageError> {
    let partner = partner(&site, &user, &id).await?;
    let Some(colour) = tried.colour(&partner) else {
        return Err(user.failed(&site, FlowError::NotFound));
    };
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").body(partner_css(colour)))
}
