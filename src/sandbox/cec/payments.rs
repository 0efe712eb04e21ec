//! The payment resource: initiation, status, details, cancellation.

use super::caller::{self, Caller};
use super::{Body, Outcome, Reply, order_body};
use crate::sandbox::books::{Books, BooksError};
use crate::sandbox::grants::TokenProblem;
use crate::sandbox::ledger::{ReceivedOrder, RefusedBy};
use crate::sandbox::secrets::{random_word, sha256_hex};
use crate::sandbox::{Order, Sandbox, Word};
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use serde_json::{Value, json};
use url::form_urlencoded;

const SCA_APPROACH: HeaderName = HeaderName::from_static("aspsp-sca-approach");

/// `POST /v1/payments/sepa-credit-transfer`. The same request id with the same body is answered with the
/// same order; with another body it is refused.
pub(super) fn initiate(bank: &Sandbox, request: &HttpRequest, body: Body) -> Outcome {
    let caller = caller::identify(bank, request)?;
    caller::check_psu_address(request)?;
    let redirect_uri = caller::redirect_uri(request, caller.client)?;
    let content_type = caller::text(request, "Content-Type").unwrap_or_default();
    if !content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/json")
    {
        let text = "the body must be application/json";
        return Err(Reply::tpp_message(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "FORMAT_ERROR",
            Some("Content-Type"),
            text,
        ));
    }
    let body = body.map_err(|e| {
        let status = e.as_response_error().status_code();
        Reply::tpp_message(status, "FORMAT_ERROR", Some("body"), "the body cannot be read or is too large")
    })?;
    let body_sha256 = sha256_hex(&body);
    let mut books = caught_up(bank)?;
    if let Some(order) = books.by_request(&caller.client.client_id, caller.request_id) {
        if order.received.body_sha256 == body_sha256 {
            return Ok(created(bank, order));
        }
        let text = "this X-Request-ID came before with another body";
        return Err(Reply::tpp_message(
            StatusCode::CONFLICT,
            "STATUS_INVALID",
            Some("X-Request-ID"),
            text,
        ));
    }
    let order = order_body::read(&body)?;
    let payment_id = random_word().split_off(32);
    let received = ReceivedOrder {
        payment_id: payment_id.clone(),
        client_id: caller.client.client_id.clone(),
        request_id: caller.request_id,
        body_sha256,
        money: order.money,
        creditor_iban: order.creditor_iban,
        creditor_name: order.creditor_name,
        remittance: order.remittance,
        end_to_end: order.end_to_end,
        debtor_iban: order.debtor_iban,
        redirect_uri,
    };
    books.receive(received, bank.now())?;
    tracing::info!(payment_id, "sandbox bank: order received");
    books.order(&payment_id).map(|order| created(bank, order)).ok_or_else(unknown)
}

/// The 201. `Location` lacks `code_challenge` and `state`: the TPP appends them.
fn created(bank: &Sandbox, order: &Order) -> Reply {
    let id = &order.received.payment_id;
    let path = format!("/cec/v1/payments/sepa-credit-transfer/{id}");
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &order.received.client_id)
        .append_pair("scope", &format!("PIS:{id}"))
        .append_pair("redirect_uri", order.received.redirect_uri.as_str())
        .finish();
    let body = json!({
        "transactionStatus": order.status.iso(),
        "paymentId": id,
        "_links": {
            "scaOAuth": { "href": bank.settings().url("/cec/.well-known/oauth-authorization-server") },
            "self": { "href": bank.settings().url(&path) },
            "status": { "href": bank.settings().url(&format!("{path}/status")) },
        },
    });
    Reply::json(StatusCode::CREATED, body)
        .with(header::LOCATION, bank.settings().url(&format!("/cec/oauth2/authorize?{query}")))
        .with(SCA_APPROACH, "REDIRECT")
}

/// `GET …/{id}/status`.
pub(super) fn status(bank: &Sandbox, request: &HttpRequest, id: &str) -> Outcome {
    let show = |order: &Order| {
        let mut body = json!({ "transactionStatus": order.status.iso() });
        if let Some(why) = psu_message(order) {
            body["psuMessage"] = why.into();
        }
        body
    };
    read(bank, request, id, show)
}

/// `GET …/{id}`.
pub(super) fn details(bank: &Sandbox, request: &HttpRequest, id: &str) -> Outcome {
    let show = |order: &Order| {
        let received = &order.received;
        let mut body = json!({
            "transactionStatus": order.status.iso(),
            "instructedAmount": { "currency": received.money.currency.code(), "amount": received.money.wire() },
            "creditorAccount": { "iban": received.creditor_iban.electronic() },
            "creditorName": received.creditor_name,
        });
        let optional = [
            ("remittanceInformationUnstructured", received.remittance.as_deref().map(Value::from)),
            ("endToEndIdentification", received.end_to_end.as_deref().map(Value::from)),
            (
                "debtorAccount",
                order.debtor_iban().map(|iban| json!({ "iban": iban.electronic() })),
            ),
        ];
        for (name, value) in optional {
            value.into_iter().for_each(|value| body[name] = value);
        }
        body
    };
    read(bank, request, id, show)
}

/// A read of the payment: only with the token that its PSU's authorisation led to.
fn read(bank: &Sandbox, request: &HttpRequest, id: &str, show: impl FnOnce(&Order) -> Value) -> Outcome {
    let caller = caller::identify(bank, request)?;
    let books = caught_up(bank)?;
    let order = own_order(&books, caller, id)?;
    check_token(bank, &books, request, caller, id)?;
    Ok(Reply::json(StatusCode::OK, show(order)))
}

fn check_token(bank: &Sandbox, books: &Books, request: &HttpRequest, caller: Caller<'_>, id: &str) -> Result<(), Reply> {
    let refuse = |code, text| Reply::tpp_message(StatusCode::UNAUTHORIZED, code, Some("Authorization"), text);
    let token = caller::bearer(request).ok_or_else(|| refuse("TOKEN_INVALID", "a bearer token is required"))?;
    books
        .check_access(token, id, &caller.client.client_id, bank.now())
        .map_err(|problem| match problem {
            TokenProblem::Invalid => refuse("TOKEN_INVALID", "the token is not valid for this payment"),
            TokenProblem::Expired => refuse("TOKEN_EXPIRED", "the token has expired"),
        })
}

/// `DELETE …/{id}`: needs no token, and works only until the PSU has authorised. An order that ended before
/// that cannot be executed any more, which is what 204 says: a repeated call is answered like the first.
pub(super) fn cancel(bank: &Sandbox, request: &HttpRequest, id: &str) -> Outcome {
    let caller = caller::identify(bank, request)?;
    let mut books = caught_up(bank)?;
    let order = own_order(&books, caller, id)?;
    if order.authorised.is_none() && order.status != Word::Rcvd {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    books.cancel(id, bank.now())?;
    tracing::info!(payment_id = id, "sandbox bank: order cancelled");
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Another client's payment is as unknown as one that never was.
fn own_order<'a>(books: &'a Books, caller: Caller<'_>, id: &str) -> Result<&'a Order, Reply> {
    books
        .order(id)
        .filter(|o| o.received.client_id == caller.client.client_id)
        .ok_or_else(unknown)
}

fn unknown() -> Reply {
    Reply::tpp_message(
        StatusCode::NOT_FOUND,
        "RESOURCE_UNKNOWN",
        Some("paymentId"),
        "there is no such payment",
    )
}

fn caught_up(bank: &Sandbox) -> Result<std::sync::MutexGuard<'_, Books>, Reply> {
    let mut books = bank.books();
    books.catch_up(bank.now()).map_err(BooksError::Ledger)?;
    Ok(books)
}

/// Why the order failed, in words for the PSU.
fn psu_message(order: &Order) -> Option<&'static str> {
    match (order.refused, order.declined) {
        (Some(RefusedBy::Psu), _) => Some("Plata a fost refuzată de client."),
        (Some(RefusedBy::WrongCodes), _) => Some("Plata nu a fost autorizată: cod greșit de trei ori."),
        (Some(RefusedBy::Lapse), _) => Some("Plata nu a fost autorizată la timp."),
        (None, Some(_)) => Some("Banca a refuzat plata: fonduri insuficiente."),
        (None, None) => None,
    }
}
