//! The payment resource: initiation, status, details, cancellation (NextGenPSD2 1.3.11 §5.3 to §5.6).

use super::links::{Links, shaped};
use super::order_body::{self, OrderBody};
use super::profile::{Approach, StartedBy};
use super::reply::{Outcome, Reply};
use super::{Body, Call, MAX_BODY, MAX_BULK_BODY, authorisations, caller, resource};
use crate::sandbox::books::Start;
use crate::sandbox::customers::Customer;
use crate::sandbox::ledger::{PaymentService, ReceivedOrder};
use crate::sandbox::secrets::{random_word, sha256_hex};
use crate::sandbox::{BankCode, Order, Word};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use serde_json::json;
use url::Url;
use uuid::Uuid;

pub(super) const SCA_APPROACH: HeaderName = HeaderName::from_static("aspsp-sca-approach");

/// Who calls, and what makes a replay.
pub(in crate::sandbox) struct Envelope {
    pub bank: BankCode,
    pub client_id: String,
    pub request_id: Uuid,
    pub body_sha256: String,
    pub redirect_uri: Option<Url>,
    pub nok_redirect_uri: Option<Url>,
}

impl Envelope {
    /// The order as the ledger keeps it.
    pub(in crate::sandbox) fn order(self, body: OrderBody, service: PaymentService) -> ReceivedOrder {
        let several = service == PaymentService::BulkPayments;
        let first = body.instructions[0].clone();
        ReceivedOrder {
            bank: self.bank,
            payment_id: random_word().split_off(32),
            client_id: self.client_id,
            request_id: self.request_id,
            body_sha256: self.body_sha256,
            money: body.total,
            creditor_iban: first.creditor_iban,
            creditor_name: first.creditor_name,
            remittance: first.remittance.filter(|_| !several),
            end_to_end: first.end_to_end.filter(|_| !several),
            debtor_iban: body.debtor_iban,
            several: if several { body.instructions } else { Vec::new() },
            schedule: body.schedule,
            redirect_uri: self.redirect_uri,
            nok_redirect_uri: self.nok_redirect_uri,
        }
    }
}

/// The order that this request made before, if it did; with another body it is refused.
pub(in crate::sandbox) fn replayed<'a>(books: &'a crate::sandbox::books::Books, call: &Envelope) -> Result<Option<&'a Order>, Reply> {
    match books.by_request(call.bank, &call.client_id, call.request_id) {
        Some(order) if order.received.body_sha256 != call.body_sha256 => {
            let text = "this X-Request-ID came before with another body";
            let (status, path) = (StatusCode::CONFLICT, Some("X-Request-ID"));
            Err(Reply::tpp_message(status, "STATUS_INVALID", path, text))
        }
        found => Ok(found),
    }
}

/// The bytes of an initiation's body.
pub(in crate::sandbox) fn bytes(body: Body, service: PaymentService) -> Result<actix_web::web::Bytes, Reply> {
    let refuse = |status| Reply::tpp_message(status, "FORMAT_ERROR", Some("body"), "the body cannot be read or is too large");
    let max = match service {
        PaymentService::BulkPayments => MAX_BULK_BODY,
        PaymentService::Payments | PaymentService::PeriodicPayments => MAX_BODY,
    };
    let body = body.map_err(|e| refuse(e.as_response_error().status_code()))?;
    (body.len() <= max)
        .then_some(body)
        .ok_or_else(|| refuse(StatusCode::PAYLOAD_TOO_LARGE))
}

/// `POST /v1/{service}/{product}`. The same request id with the same body is answered with the same order;
/// with another body it is refused.
pub(super) fn initiate(call: &Call<'_>, body: Body) -> Outcome {
    let tpp = caller::certificate_holder(call.request, call.bank.now())?;
    let request_id = caller::required_request_id(call.request)?;
    caller::check_psu_address(call.request)?;
    let service = call.service()?;
    let redirect_uri = caller::return_address(call.request, "TPP-Redirect-URI")?;
    if call.profile.approach == Approach::Redirect && redirect_uri.is_none() {
        return Err(Reply::format_error("TPP-Redirect-URI", "required for the redirect approach"));
    }
    let nok_redirect_uri = caller::return_address(call.request, "TPP-Nok-Redirect-URI")?;
    caller::check_content_type(call.request)?;
    let body = bytes(body, service)?;
    let envelope = Envelope {
        bank: call.profile.bank,
        client_id: tpp,
        request_id,
        body_sha256: sha256_hex(&body),
        redirect_uri,
        nok_redirect_uri,
    };
    let mut books = call.books()?;
    if let Some(order) = replayed(&books, &envelope)? {
        return Ok(created(call, order));
    }
    let order = order_body::read(&body, call.profile, service, call.bank.now().date())?;
    let implicit = match call.profile.started_by {
        StartedBy::Order => Some(implicit_start(call, &order)?),
        StartedBy::Tpp => None,
    };
    let received = envelope.order(order, service);
    let payment_id = received.payment_id.clone();
    books.receive(received, implicit, call.bank.now())?;
    tracing::info!(payment_id, "sandbox bank: order received");
    let order = books.order(&payment_id).ok_or_else(Reply::unknown_payment)?;
    Ok(created(call, order))
}

/// The authorisation that comes with the order. A bank that pushes the request has to know to whom.
fn implicit_start(call: &Call<'_>, order: &OrderBody) -> Result<Start, Reply> {
    let customer = authorisations::identified(call.profile, call.request)?;
    if let Some(customer) = customer {
        let creditors: Vec<&str> = order.instructions.iter().map(|i| i.creditor_iban.electronic()).collect();
        let named = order.debtor_iban.as_ref().map(|iban| iban.electronic());
        authorisations::must_be_able_to_pay(call.profile, customer, order.total, (named, &creditors))?;
    }
    Ok(Start::new(None, customer.map(|c: &Customer| c.user)))
}

/// The 201.
fn created(call: &Call<'_>, order: &Order) -> Reply {
    let (profile, id) = (call.profile, &order.received.payment_id);
    let path = format!("/v1/{}/{}/{id}", call.target.service, call.target.product);
    let mut links = Links::new(profile, call.bank.settings())
        .to("self", &path)
        .to("status", &format!("{path}/status"));
    let begun = order.authorisation().filter(|_| profile.started_by == StartedBy::Order);
    let start = format!("{path}/authorisations");
    links = match (begun, profile.approach) {
        (Some(begun), approach) => {
            let links = links.to("scaStatus", &format!("{path}/authorisations/{}", begun.id));
            match approach {
                Approach::Redirect => links.for_the_browser("scaRedirect", &format!("/sca/{}", begun.id)),
                _ => links,
            }
        }
        (None, Approach::Redirect) => links.to("startAuthorisation", &start),
        (None, _) => links.to("startAuthorisationWithPsuIdentification", &start),
    };
    let mut body = json!({ "transactionStatus": order.said_word(), "paymentId": id });
    if profile.odd_json {
        body["transactionFeeIndicator"] = false.into();
    }
    let pushed = begun.filter(|_| profile.approach == Approach::Decoupled);
    let message = pushed.map(|_| authorisations::PUSH_MESSAGE);
    Reply::json(StatusCode::CREATED, shaped(profile, links.into(body, message)))
        .with(
            header::LOCATION,
            call.bank.settings().url(&format!("{}{path}", profile.bank.prefix())),
        )
        .with(SCA_APPROACH, profile.approach.header())
}

/// `GET …/{id}/status`: no token is needed, the certificate is enough.
pub(super) fn status(call: &Call<'_>) -> Outcome {
    read(call, |order| {
        let mut body = json!({ "transactionStatus": order.said_word() });
        if let Some(why) = resource::psu_message(order) {
            body["psuMessage"] = why.into();
        }
        if call.profile.odd_json && order.status == Word::Actc {
            body["fundsAvailable"] = true.into();
        }
        body
    })
}

/// `GET …/{id}`.
pub(super) fn details(call: &Call<'_>) -> Outcome {
    read(call, resource::details)
}

fn read(call: &Call<'_>, show: impl FnOnce(&Order) -> serde_json::Value) -> Outcome {
    let tpp = caller::certificate_holder(call.request, call.bank.now())?;
    caller::required_request_id(call.request)?;
    let books = call.books()?;
    let order = call.order(&books, &tpp)?;
    Ok(Reply::json(StatusCode::OK, shaped(call.profile, show(order))))
}

/// `DELETE …/{id}`: works until the PSU has authorised. An order that ended before that cannot be executed
/// any more, which is what 204 says: a repeated call is answered like the first.
pub(super) fn cancel(call: &Call<'_>) -> Outcome {
    let tpp = caller::certificate_holder(call.request, call.bank.now())?;
    caller::required_request_id(call.request)?;
    let mut books = call.books()?;
    let order = call.order(&books, &tpp)?;
    if order.authorised.is_none() && order.status != Word::Rcvd {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    if !order.is_waiting() {
        let (status, text) = (StatusCode::METHOD_NOT_ALLOWED, "the payment can no longer be cancelled");
        return Err(Reply::tpp_message(status, "CANCELLATION_INVALID", None, text));
    }
    let id = order.received.payment_id.clone();
    books.cancel(&id, call.bank.now())?;
    tracing::info!(payment_id = id, "sandbox bank: order cancelled");
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
