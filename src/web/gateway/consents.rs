//! The calls about consents themselves: tokens, initConsent, consentStatus, revokeConsent, renewConsent.

use super::calls::WithResult;
use super::envelope::success;
use super::input::{self, RawObject, SMALL_BODY};
use super::reader::{Problems, Reader, Refused};
use super::{ApiError, Gateway, order, peer};
use crate::consent::{ConsentId, Kind, Status};
use crate::flow::FieldProblem;
use crate::flow::consents::init::{ConsentTerms, init_consent, renew as renew_consent, stored};
use crate::flow::consents::revoke::revoke as revoke_consent;
use crate::flow::consents::tokens::{self, authenticate};
use crate::flow::tokens::{IssuedTokens, exchange};
use crate::partner::{Partner, PeerCertificate};
use crate::store::consents::Consent;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
    token_type: &'static str,
    expires_in: u64,
    #[serde(rename = "consentId")]
    consent: ConsentId,
}

impl Tokens {
    fn of(issued: &IssuedTokens<ConsentId>) -> Self {
        Self {
            access_token: issued.access_token.expose_secret().to_owned(),
            refresh_token: issued.refresh_token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: issued.expires_in_s,
            consent: issued.resource,
        }
    }
}

fn answer(issued: &IssuedTokens<ConsentId>) -> HttpResponse {
    success(WithResult {
        result: Tokens::of(issued),
    })
}

/// Whether the token call is for a consent, and for which: a new one, one the partner has, or one that cannot be.
pub(super) fn wanted(fields: &BTreeMap<String, String>, problems: &mut Vec<FieldProblem>) -> Option<Result<Option<ConsentId>, ApiError>> {
    let new = input::flag(fields, "isConsent", problems);
    let known = fields.get("consentId").map(|v| v.trim()).filter(|v| !v.is_empty());
    match known {
        Some(text) => Some(ConsentId::parse(text).map(Some).ok_or_else(ApiError::no_consent)),
        None => new.then_some(Ok(None)),
    }
}

/// Tokens for a new consent, or for one the partner has.
pub(super) async fn token(
    gateway: &Gateway,
    peer: &PeerCertificate,
    client_id: &str,
    which: Option<ConsentId>,
) -> Result<HttpResponse, ApiError> {
    let issued = match which {
        Some(id) => tokens::issue_again(&gateway.cx, peer, client_id, id).await?,
        None => tokens::issue(&gateway.cx, peer, client_id).await?,
    };
    Ok(answer(&issued))
}

/// The next pair for a consent's refresh token.
pub(super) async fn refresh(gateway: &Gateway, peer: &PeerCertificate, client_id: &str, refresh: &str) -> Result<HttpResponse, ApiError> {
    Ok(answer(&exchange(&gateway.cx, peer, client_id, refresh).await?))
}

/// The consent in a path, and the partner that may use it.
pub(super) async fn authorised(gateway: &Gateway, request: &HttpRequest, path: &str) -> Result<(ConsentId, Partner), ApiError> {
    let token = input::bearer(request)?;
    let id = ConsentId::parse(path).ok_or_else(ApiError::no_consent)?;
    let partner = authenticate(&gateway.cx, &peer(request)?, token, id).await?;
    Ok((id, partner))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    consent_id: ConsentId,
    redirect_uri: String,
    #[serde(rename = "redirectURL")]
    redirect_url: String,
}

fn read_terms(object: &RawObject) -> Result<ConsentTerms, Refused> {
    let mut problems = Problems::default();
    let r = &mut Reader::new(object, String::new(), &mut problems);
    let bank = r.text_or_number("bank", 35);
    let kind = r.needed("kind", |r, field| {
        let text = r.text(field)?;
        Kind::parse(&text).or_else(|| r.problem(field, "UNKNOWN_KIND", "must be accounts or funds"))
    });
    let valid_until = r.says("validUntil").then(|| order::date(r, "validUntil")).flatten();
    let recurring = !r.says("recurring") || r.flag("recurring");
    let redirect_url = r.needed("redirectURL", Reader::url);
    let psu_id_at_partner = r.text_or_number("psuIntermediarId", 64);
    let terms = (|| {
        Some(ConsentTerms {
            bank,
            kind: kind?,
            valid_until,
            recurring,
            redirect_url: redirect_url?,
            psu_id_at_partner,
        })
    })();
    problems.or(terms)
}

/// POST initConsent.
pub async fn init(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let (id, partner) = authorised(&gateway, &request, &path).await?;
    input::must_be_json(&request)?;
    let body = input::body(&request, payload, SMALL_BODY).await?;
    let terms = read_terms(&input::json_object(&body)?)?;
    let link = init_consent(&gateway.cx, &partner, id, terms).await?.to_string();
    Ok(success(Started {
        consent_id: id,
        redirect_uri: link.clone(),
        redirect_url: link,
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusAnswer {
    consent_id: ConsentId,
    consent_status: &'static str,
    is_final: bool,
    is_usable: bool,
    kind: &'static str,
    bank: Option<String>,
    recurring: bool,
    valid_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank_status: Option<String>,
    updated_at: String,
}

fn status_of(consent: Consent) -> HttpResponse {
    success(StatusAnswer {
        consent_id: consent.id,
        consent_status: consent.status.as_str(),
        is_final: consent.status.is_final(),
        is_usable: consent.status == Status::Valid,
        kind: consent.kind.as_str(),
        bank: consent.bank_code,
        recurring: consent.recurring,
        valid_until: consent.valid_until.map(|day| day.to_string()),
        status_reason: consent.reason,
        bank_status: consent.bank_word,
        updated_at: consent.updated_at.and_utc().to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
    })
}

/// GET consentStatus.
pub async fn status(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let (id, _) = authorised(&gateway, &request, &path).await?;
    Ok(status_of(stored(&gateway.cx, id).await?))
}

/// POST revokeConsent.
pub async fn revoke(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let (id, _) = authorised(&gateway, &request, &path).await?;
    let cx = gateway.cx.clone();
    let ended = gateway.detached.run(async move { Ok(revoke_consent(&cx, id).await) }).await?;
    Ok(status_of(ended?))
}

#[derive(Serialize)]
struct Renewed {
    #[serde(rename = "consentId")]
    consent: ConsentId,
    #[serde(rename = "redirectUri")]
    redirect_uri: String,
    #[serde(rename = "redirectURL")]
    redirect_url: String,
    result: Tokens,
}

/// POST renewConsent.
pub async fn renew(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let (id, partner) = authorised(&gateway, &request, &path).await?;
    let (issued, link) = renew_consent(&gateway.cx, &peer(&request)?, &partner, id).await?;
    let link = link.to_string();
    Ok(success(Renewed {
        consent: issued.resource,
        redirect_uri: link.clone(),
        redirect_url: link,
        result: Tokens::of(&issued),
    }))
}
