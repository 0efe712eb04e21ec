//! The list of partners, and a new one.

use super::changes::ProfileForm;
use super::page::{EndingLine, NewPartner, PartnerList, PartnerRow, Problem, ProfileFields};
use super::show::{URGENT_DAYS, WARN_DAYS, ends};
use super::texts::PartnerTexts;
use super::{OwnForm, address};
use crate::flow::FlowError;
use crate::flow::partner_profile::{ProfileInput, new_partner};
use crate::partner::{ButtonText, Partner, PartnerKind};
use crate::payment::Currency;
use crate::store::{onboarding, partner_certificates, partners};
use crate::web::back_office::gate::{SignedIn, go};
use crate::web::back_office::roles::Route;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use chrono::Duration;
use std::collections::HashSet;

fn row(t: &PartnerTexts, partner: Partner, complete: &HashSet<String>) -> PartnerRow {
    PartnerRow {
        without_file: partner.active && !complete.contains(&partner.id),
        href: address(Route::Partner, &partner.id),
        kind: match partner.kind {
            PartnerKind::Ecommerce => t.ecommerce_short,
            PartnerKind::Finance => t.finance_short,
        },
        currency: partner.currency.code(),
        active: partner.active,
        name: partner.name,
        client_id: partner.client_id,
    }
}

/// GET /back-office/partners.
pub async fn list(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    let (t, now) = (PartnerTexts::of(user.language), site.cx.now());
    let read = site.cx.db.read(move |a| {
        let ending = partner_certificates::ending(a, now + Duration::days(WARN_DAYS))?;
        Ok((partners::list(a)?, ending, onboarding::complete(a)?))
    });
    let (all, ending, complete) = read.await.map_err(|e| user.failed(&site, e))?;
    let complete: HashSet<String> = complete.into_iter().collect();
    let ending = ending.into_iter().filter_map(|(certificate, partner)| {
        Some(EndingLine {
            href: address(Route::Partner, &certificate.partner_id),
            partner,
            when: ends(t, user.language, certificate.not_after, now)?,
            is_urgent: certificate.not_after - now < Duration::days(URGENT_DAYS),
            subject: certificate.subject,
        })
    });
    let page = PartnerList {
        shell: user.shell(&site, &request, Route::Partners),
        t,
        partners: all.into_iter().map(|partner| row(t, partner, &complete)).collect(),
        ending: ending.collect(),
        new: Route::NewPartner.allows(user.role).then_some(Route::NewPartner.path()),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// What the fields of a profile say; `None` when kind, currency or button is none that there is.
pub(super) fn input_of(fields: &ProfileFields) -> Option<ProfileInput> {
    Some(ProfileInput {
        client_id: fields.client_id.clone(),
        name: fields.name.clone(),
        kind: PartnerKind::parse(&fields.kind)?,
        currency: Currency::from_code(&fields.currency)?,
        colour: fields.colour.clone(),
        button_text: ButtonText::parse(&fields.button_text)?,
        account_access: fields.account_access,
        may_onboard: fields.may_onboard,
    })
}

fn page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    status: StatusCode,
    fields: ProfileFields,
    problems: &[(&str, &str)],
) -> Result<HttpResponse, PageError> {
    let t = PartnerTexts::of(user.language);
    let words = |(field, code): &(&str, &str)| {
        let (anchor, text) = t.problem(field, code);
        Problem { anchor, text }
    };
    let page = NewPartner {
        shell: user.shell(site, request, Route::NewPartner),
        t,
        form: OwnForm::of(site, request, Route::AddPartner, ""),
        fields,
        problems: problems.iter().map(words).collect(),
    };
    Ok(html(status, page.render()?))
}

/// GET /back-office/partners/new.
pub async fn new_page(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    let fields = ProfileFields {
        kind: PartnerKind::Ecommerce.as_str().into(),
        currency: Currency::Ron.code().into(),
        colour: "#14506b".into(),
        button_text: ButtonText::default().as_str().into(),
        ..ProfileFields::default()
    };
    page(&site, &request, &user, StatusCode::OK, fields, &[])
}

/// POST /back-office/partners/new.
pub async fn add(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    form: web::Form<ProfileForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let own = OwnForm::is_own(&site, &request, Route::AddPartner, "", &form.csrf);
    let fields = form.fields();
    if !own {
        return page(&site, &request, &user, StatusCode::FORBIDDEN, fields, &[("page", "")]);
    }
    let Some(input) = input_of(&fields) else {
        return page(&site, &request, &user, StatusCode::UNPROCESSABLE_ENTITY, fields, &[("kind", "")]);
    };
    match new_partner(&site.cx, &user.admin.id, input).await {
        Ok(id) => Ok(go(&address(Route::Partner, &id))),
        Err(FlowError::Invalid(problems)) => {
            let known: Vec<(&str, &str)> = problems.iter().map(|p| (p.field.as_str(), p.code)).collect();
            page(&site, &request, &user, StatusCode::UNPROCESSABLE_ENTITY, fields, &known)
        }
        Err(other) => Err(user.failed(&site, other)),
    }
}
