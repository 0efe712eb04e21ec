//! The calls but status.

use super::access_token::partner_of;
use super::envelope::success;
use super::input::{self, LIST_BODY, ORDER_BODY};
use super::reader::Refused;
use super::{ApiError, Gateway, consents, order, peer};
use crate::bank::directory::Bank;
use crate::consent::Kind;
use crate::flow::access_tokens::{Scope, is_one};
use crate::flow::consents::init::offers;
use crate::flow::init_payment::{init_payment as start, serves};
use crate::flow::issue_token::{TokenFlags, authenticate, issue_token};
use crate::flow::status_view::external_id;
use crate::flow::tokens::{IssuedTokens, exchange};
use crate::flow::{FieldProblem, FlowError};
use crate::partner::{Partner, PartnerKind, PeerCertificate};
use crate::payment::PaymentId;
use crate::payment::text::has_forbidden_characters;
use crate::store::partner_certificates;
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
    #[serde(rename = "paymentId")]
    payment: PaymentId,
    #[serde(rename = "externalPaymentId")]
    external: PaymentId,
}

#[derive(Serialize)]
pub(super) struct WithResult<T: Serialize> {
    pub(super) result: T,
}

fn tokens(issued: &IssuedTokens<PaymentId>) -> HttpResponse {
    success(WithResult {
        result: Tokens {
            access_token: issued.access_token.expose_secret().to_owned(),
            refresh_token: issued.refresh_token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: issued.expires_in_s,
            payment: issued.resource,
            external: issued.resource,
        },
    })
}

fn needed<'a>(fields: &'a BTreeMap<String, String>, names: &[&str], problems: &mut Vec<FieldProblem>) -> Option<&'a str> {
    let value = names
        .iter()
        .filter_map(|n| fields.get(*n).map(|v| v.trim()))
        .find(|v| !v.is_empty());
    let name = names.first().copied().unwrap_or_default();
    match value {
        Some(v) if v.len() > 200 => {
            problems.push(FieldProblem::new(name, "TOO_LONG", "at most 200 characters"));
            None
        }
        // A database may take no text with NUL in it.
        Some(v) if has_forbidden_characters(v) => {
            problems.push(FieldProblem::new(
                name,
                "FORBIDDEN_CHARACTERS",
                "control characters are not allowed",
            ));
            None
        }
        Some(v) => Some(v),
        None => {
            problems.push(FieldProblem::new(name, "MISSING", "this field is needed"));
            None
        }
    }
}

const CLIENT_ID: [&str; 3] = ["client_id", "clientID", "clientId"];
/// What the token call reads.
const TOKEN_FIELDS: [&str; 8] = [
    "client_id",
    "clientID",
    "clientId",
    "isLink2Pay",
    "flexibleURL",
    "isHeadless",
    "isConsent",
    "consentId",
];
/// What the refreshToken call reads.
const REFRESH_FIELDS: [&str; 4] = ["client_id", "clientID", "clientId", "refresh_token"];

/// POST token.
pub async fn token(gateway: web::Data<Gateway>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, ApiError> {
    let peer = peer(&request)?;
    let fields = input::text_fields(&request, payload, &TOKEN_FIELDS).await?;
    let mut problems = Vec::new();
    let client_id = needed(&fields, &CLIENT_ID, &mut problems);
    let flags = TokenFlags {
        link_to_pay: input::flag(&fields, "isLink2Pay", &mut problems),
        flexible_url: input::flag(&fields, "flexibleURL", &mut problems),
        headless: input::flag(&fields, "isHeadless", &mut problems),
    };
    let for_consent = consents::wanted(&fields, &mut problems);
    let Some(client_id) = client_id.filter(|_| problems.is_empty()) else {
        return Err(ApiError::invalid(problems));
    };
    if let Some(which) = for_consent {
        return consents::token(&gateway, &peer, client_id, which?).await;
    }
    Ok(tokens(&issue_token(&gateway.cx, &peer, client_id, flags).await?))
}

/// POST refreshToken.
pub async fn refresh_token(gateway: web::Data<Gateway>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, ApiError> {
    let peer = peer(&request)?;
    let fields = input::text_fields(&request, payload, &REFRESH_FIELDS).await?;
    let mut problems = Vec::new();
    let client_id = needed(&fields, &CLIENT_ID, &mut problems);
    let refresh = needed(&fields, &["refresh_token"], &mut problems);
    let (Some(client_id), Some(refresh)) = (client_id, refresh) else {
        return Err(ApiError::invalid(problems));
    };
    match exchange(&gateway.cx, &peer, client_id, refresh).await {
        // It may be a consent's.
        Err(FlowError::BadToken) => consents::refresh(&gateway, &peer, client_id, refresh).await,
        issued => Ok(tokens(&issued?)),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    payment_id: PaymentId,
    external_payment_id: serde_json::Value,
    redirect_uri: String,
    #[serde(rename = "redirectURL")]
    redirect_url: String,
}

pub(super) fn payment_id(path: &str) -> Result<PaymentId, ApiError> {
    PaymentId::parse(path).ok_or_else(ApiError::no_payment)
}

/// POST initPayment.
pub async fn init_payment(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let cx = &gateway.cx;
    let token = input::bearer(&request)?;
    let id = payment_id(&path)?;
    let partner = authenticate(cx, &peer(&request)?, token, Some(id)).await?;
    input::must_be_json(&request)?;
    let limit = match partner.kind {
        PartnerKind::Finance => LIST_BODY,
        PartnerKind::Ecommerce => ORDER_BODY,
    };
    let body = input::body(&request, payload, limit).await?;
    // Thousands of payments take a while to read; other calls need not wait for it.
    let (read, partner) = web::block(move || {
        let read = input::json_object(&body).map(|object| order::read(&object, id, &partner));
        (read, partner)
    })
    .await
    .map_err(|_| FlowError::Internal("reading an order was cut off".into()))?;
    let order = read?.map_err(ApiError::from)?;
    let accepted = start(cx, &partner, id, order).await?;
    success_link(&accepted)
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::IllFormed(problems) => Self::invalid(problems),
            Refused::AgainstRules(problems) => FlowError::AgainstRules(problems).into(),
        }
    }
}

pub(super) fn success_link(accepted: &crate::flow::init_payment::Accepted) -> Result<HttpResponse, ApiError> {
    let link = accepted.link.to_string();
    Ok(success(Started {
        payment_id: accepted.payment,
        external_payment_id: external_id(accepted.payment, accepted.external_payment_id.as_deref()),
        redirect_uri: link.clone(),
        redirect_url: link,
    }))
}

#[derive(Serialize)]
struct BankLine {
    code: String,
    name: String,
    logo: String,
    bic: String,
    active: bool,
    #[serde(rename = "requiredParameters")]
    required: Required,
    #[serde(rename = "accountAccess")]
    account_access: AccountAccess,
}

/// Which consents payers can give there.
#[derive(Serialize)]
struct AccountAccess {
    accounts: bool,
    funds: bool,
}

#[derive(Serialize)]
struct Required {
    #[serde(rename = "requiresPSUId")]
    psu_id: bool,
    #[serde(rename = "requiresPSUIdType")]
    psu_id_type: bool,
    #[serde(rename = "requiresIban")]
    iban: bool,
}

#[derive(Serialize)]
struct WithPayload<T: Serialize> {
    payload: T,
}

pub(super) async fn known_certificate(gateway: &Gateway, peer: PeerCertificate) -> Result<Partner, ApiError> {
    let known = gateway
        .cx
        .db
        .read(move |a| partner_certificates::partner_of(a, &peer))
        .await
        .map_err(FlowError::from)?;
    known.filter(|p| p.active).ok_or_else(ApiError::not_you)
}

/// GET banks: those of the partner's currency; one that the operator has switched off is not active. The certificate alone says who asks:
/// no payment exists yet. An access token of the partner is verified where one is sent; the token of a payment is not looked at.
pub async fn banks(gateway: web::Data<Gateway>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let peer = peer(&request)?;
    let partner = match input::bearer(&request).ok().filter(|token| is_one(token)) {
        Some(token) => partner_of(&gateway.cx, &peer, token, Scope::ReadBanks).await?,
        None => known_certificate(&gateway, peer).await?,
    };
    let cx = &gateway.cx;
    cx.look_at_banks().await?;
    let on = |bank: &Bank| cx.closure_of(&bank.code).is_none();
    let payload: Vec<BankLine> = cx
        .banks
        .list()
        .iter()
        .filter(|bank| serves(bank, partner.currency))
        .map(|bank| BankLine {
            code: bank.code.clone(),
            name: bank.name.clone(),
            logo: gateway.bank_marks.url(gateway.public_url(), &bank.code),
            bic: bank.bic.clone(),
            active: bank.active() && on(bank),
            required: Required {
                psu_id: bank.facts.requires_psu_id,
                psu_id_type: bank.facts.requires_psu_id_type,
                iban: bank.facts.requires_iban,
            },
            account_access: AccountAccess {
                accounts: on(bank) && offers(bank, Kind::Accounts),
                funds: on(bank) && offers(bank, Kind::Funds),
            },
        })
        .collect();
    Ok(success(WithPayload { payload }))
}
