//! The payment resource: initiation, status, details, cancellation.

use super::client::{self, Caller};
use super::{Body, Outcome, Reply};
use crate::sandbox::berlin::payments::{Envelope, bytes, replayed};
use crate::sandbox::berlin::profile::Profile;
use crate::sandbox::berlin::{caller, caught_up, order_body, resource};
use crate::sandbox::books::{Books, BooksError};
use crate::sandbox::ledger::PaymentService;
use crate::sandbox::secrets::sha256_hex;
use crate::sandbox::{Order, Sandbox, Word};
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use serde_json::{Value, json};
use url::form_urlencoded;

const SCA_APPROACH: HeaderName = HeaderName::from_static("aspsp-sca-approach");

/// `POST /v1/{service}/sepa-credit-transfer`. The same request id with the same body is answered with the
/// same order; with another body it is refused.
pub(super) fn initiate(bank: &Sandbox, profile: &'static Profile, request: &HttpRequest, service: &str, body: Body) -> Outcome {
    let caller = client::identify(bank, profile, request)?;
    caller::check_psu_address(request)?;
    let service = PaymentService::parse(service).filter(|service| profile.services.contains(service));
    let service = service.ok_or_else(Reply::unknown_resource)?;
    let redirect_uri = client::redirect_uri(request, &caller)?;
    caller::check_content_type(request)?;
    let body = bytes(body, service)?;
    let envelope = Envelope {
        bank: profile.bank,
        client_id: caller.owner,
        request_id: caller.request_id,
        body_sha256: sha256_hex(&body),
        redirect_uri: Some(redirect_uri),
        nok_redirect_uri: None,
    };
    let mut books = caught_up(bank)?;
    if let Some(order) = replayed(&books, &envelope)? {
        return Ok(created(bank, order));
    }
    let order = order_body::read(&body, profile, service, bank.now().date())?;
    let received = envelope.order(order, service);
    let payment_id = received.payment_id.clone();
    books.receive(received, None, bank.now())?;
    tracing::info!(payment_id, "sandbox bank: order received");
    books
        .order(&payment_id)
        .map(|order| created(bank, order))
        .ok_or_else(Reply::unknown_payment)
}

/// The 201. `Location` lacks `code_challenge` and `state`: the TPP appends them.
fn created(bank: &Sandbox, order: &Order) -> Reply {
    let id = &order.received.payment_id;
    let profile = order.profile();
    let url = |path: &str| bank.settings().url(&format!("{}{path}", profile.bank.prefix()));
    let path = format!("/{}/{}/{}/{id}", profile.version, order.received.service().path(), profile.product);
    let back = order.received.redirect_uri.as_ref().map_or("", |uri| uri.as_str());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("response_type", "code");
    if profile.client_header {
        query.append_pair("client_id", &order.received.client_id);
    }
    let query = query
        .append_pair("scope", &format!("PIS:{id}"))
        .append_pair("redirect_uri", back)
        .finish();
    let body = json!({
        "transactionStatus": order.said_word(),
        "paymentId": id,
        "_links": {
            "scaOAuth": { "href": url("/.well-known/oauth-authorization-server") },
            "self": { "href": url(&path) },
            "status": { "href": url(&format!("{path}/status")) },
        },
    });
    Reply::json(StatusCode::CREATED, body)
        .with(header::LOCATION, url(&format!("/oauth2/authorize?{query}")))
        .with(SCA_APPROACH, "REDIRECT")
}

/// `GET …/{id}/status`.
pub(super) fn status(bank: &Sandbox, profile: &Profile, request: &HttpRequest, target: &(String, String)) -> Outcome {
    let show = |order: &Order| {
        let mut body = json!({ "transactionStatus": order.said_word() });
        if let Some(why) = resource::psu_message(order) {
            body["psuMessage"] = why.into();
        }
        body
    };
    read(bank, profile, request, target, show)
}

/// `GET …/{id}`.
pub(super) fn details(bank: &Sandbox, profile: &Profile, request: &HttpRequest, target: &(String, String)) -> Outcome {
    read(bank, profile, request, target, resource::details)
}

/// A read of the payment: only with the token that its PSU's authorisation led to.
fn read(
    bank: &Sandbox,
    profile: &Profile,
    request: &HttpRequest,
    target: &(String, String),
    show: impl FnOnce(&Order) -> Value,
) -> Outcome {
    let caller = client::identify(bank, profile, request)?;
    let books = caught_up(bank)?;
    let order = own_order(&books, (profile, &caller), target)?;
    client::check_token(bank, &books, request, &caller, &order.received.payment_id)?;
    Ok(Reply::json(StatusCode::OK, show(order)))
}

/// `DELETE …/{id}`: needs no token, and works only until the PSU has authorised. An order that ended before
/// that cannot be executed any more, which is what 204 says: a repeated call is answered like the first.
pub(super) fn cancel(bank: &Sandbox, profile: &Profile, request: &HttpRequest, target: &(String, String)) -> Outcome {
    let caller = client::identify(bank, profile, request)?;
    let mut books = caught_up(bank)?;
    let order = own_order(&books, (profile, &caller), target)?;
    if order.authorised.is_none() && order.status != Word::Rcvd {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    let id = order.received.payment_id.clone();
    books.cancel(&id, bank.now()).map_err(|error| match error {
        BooksError::NotWaiting => {
            let text = "the payment can no longer be cancelled";
            Reply::tpp_message(StatusCode::CONFLICT, "CANCELLATION_INVALID", None, text)
        }
        other => other.into(),
    })?;
    tracing::info!(payment_id = id, "sandbox bank: order cancelled");
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Another client's payment is as unknown as one that never was.
fn own_order<'a>(books: &'a Books, (profile, caller): (&Profile, &Caller), (service, id): &(String, String)) -> Result<&'a Order, Reply> {
    let own = |order: &&Order| {
        let received = &order.received;
        received.bank == profile.bank && received.client_id == caller.owner && received.service().path() == service
    };
    books.order(id).filter(own).ok_or_else(Reply::unknown_payment)
}
