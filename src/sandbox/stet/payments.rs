//! Payment requests: initiation, reading, confirmation, cancellation.

use super::books::{Access, Books};
use super::call::{Call, Outcome};
use super::certificate::Role;
use super::establishment::Confirmation;
use super::event::{ReceivedRequest, Withdrawal};
use super::request::PaymentRequest;
use super::shape::{self, Asked};
use super::{people, view};
use crate::sandbox::SandboxClient;
use crate::sandbox::berlin::reply::Reply;
use crate::sandbox::secrets::sha256_hex;
use actix_web::http::{StatusCode, header};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

const ROLE: Role = Role::PaymentInitiation;

/// `POST /payment-requests`. The same request id with the same body is answered with the same resource.
pub(super) fn initiate(call: &Call<'_>) -> Outcome {
    let client = service(call)?;
    let resource = call.json()?;
    let body_sha256 = sha256_hex(call.body()?);
    let request_id = call.header("X-Request-ID").unwrap_or_default().to_owned();
    let mut books = call.books()?;
    if let Some(earlier) = books.by_request(call.at.bank, &client.client_id, &request_id) {
        return match earlier.received.body_sha256 == body_sha256 {
            true => Ok(created(call, &earlier.received.payment_id)),
            false => Err(call.format_error("this X-Request-ID came with another body before")),
        };
    }
    let wrong = |shape::Wrong(code, detail)| call.error(StatusCode::BAD_REQUEST, code, &detail);
    let asked = shape::read(&resource, call.version, call.now().date()).map_err(wrong)?;
    check_addresses(call, client, &asked)?;
    if asked
        .debtor_iban
        .as_ref()
        .is_some_and(|iban| people::by_iban(iban.electronic()).is_none())
    {
        return Err(call.error(StatusCode::BAD_REQUEST, "AC01", "debtorAccount is no account of this bank"));
    }
    let payment_id = Uuid::new_v4().simple().to_string();
    let received = ReceivedRequest {
        bank: call.at.bank,
        payment_id: payment_id.clone(),
        version: call.version,
        client_id: client.client_id.clone(),
        request_id,
        body_sha256,
        resource,
        money: people::eur(asked.minor),
        creditor_iban: asked.creditor_iban,
        creditor_name: asked.creditor_name,
        debtor_iban: asked.debtor_iban,
        remittance: asked.remittance,
        end_to_end: asked.end_to_end,
        execution: asked.execution,
        success_url: asked.success_url,
        failure_url: asked.failure_url,
    };
    books.receive(received, call.now()).map_err(|e| call.failed(e))?;
    tracing::info!(payment_id, "sandbox bank: payment request received");
    Ok(created(call, &payment_id))
}

/// The TPP, with a token of its own.
fn service<'a>(call: &Call<'a>) -> Result<&'a SandboxClient, Reply> {
    let client = call.signed_by(ROLE)?;
    match call.access(client)? {
        Access::Service => Ok(client),
        Access::Granted(_) => Err(call.forbidden("BADS", "this needs a client credentials token")),
    }
}

/// A PSU is only sent to a host that the TPP registered.
fn check_addresses(call: &Call<'_>, client: &SandboxClient, asked: &Asked) -> Result<(), Reply> {
    let registered = |url: &Url| client.redirect_uris.iter().any(|r| r.origin() == url.origin());
    let sent = [Some(&asked.success_url), asked.failure_url.as_ref()];
    match sent.into_iter().flatten().all(registered) {
        true => Ok(()),
        false => Err(call.format_error("a report address is on a host that is not registered")),
    }
}

fn created(call: &Call<'_>, id: &str) -> Reply {
    let page = format!("{}/paiement?paymentRequestRessourceId={id}", call.at.bank.prefix());
    let body = json!({
        "appliedAuthenticationApproach": "REDIRECT",
        "_links": { "consentApproval": view::link(call.bank.settings().url(&page)) },
    });
    let status = if call.at.says_created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let reply = call.hal(status, body);
    match call.at.names_location {
        true => reply.with(header::LOCATION, call.href(&format!("/payment-requests/{id}"))),
        false => reply,
    }
}

/// `GET /payment-requests/{id}`.
pub(super) fn read(call: &Call<'_>) -> Outcome {
    let client = service(call)?;
    let books = call.books()?;
    let request = own(call, &books, client)?;
    Ok(call.hal(StatusCode::OK, view::payment_request(call, request)))
}

/// Another TPP's request is as unknown as one that never was; so is one of another version.
fn own<'b>(call: &Call<'_>, books: &'b Books, client: &SandboxClient) -> Result<&'b PaymentRequest, Reply> {
    let own = |r: &&PaymentRequest| {
        let received = &r.received;
        received.bank == call.at.bank && received.client_id == client.client_id && received.version == call.version
    };
    let found = books.request(call.segment("id")).filter(own);
    found.ok_or_else(|| call.error(StatusCode::NOT_FOUND, "RENF", "there is no such payment request"))
}

/// `POST …/{id}/o-confirmation` with the token that the PSU's code bought, or `…/confirmation`.
pub(super) fn confirm(call: &Call<'_>) -> Outcome {
    let client = call.signed_by(ROLE)?;
    let access = call.access(client)?;
    if !call.json()?.is_object() {
        return Err(call.format_error("the body must be an object, even when it is empty"));
    }
    let mut books = call.books()?;
    let request = own(call, &books, client)?;
    let id = request.received.payment_id.clone();
    let offered = match call.segment("confirmation") {
        "o-confirmation" => Confirmation::OAuth,
        _ => Confirmation::Plain,
    };
    if request.confirmation() != offered {
        return Err(call.error(
            StatusCode::METHOD_NOT_ALLOWED,
            "NIMP",
            "this bank does not ask for this confirmation",
        ));
    }
    let may = match &access {
        Access::Granted(grant) => grant.payment_id.as_deref() == Some(&id),
        Access::Service => offered == Confirmation::Plain,
    };
    if !may {
        return Err(call.forbidden("BADS", "this needs the token that this payment's code bought"));
    }
    books.confirm(&id, call.now()).map_err(|e| call.failed(e))?;
    tracing::info!(payment_id = id, "sandbox bank: payment request confirmed");
    let request = own(call, &books, client)?;
    Ok(call.hal(StatusCode::OK, view::payment_request(call, request)))
}

/// `PUT /payment-requests/{id}` with the whole resource, CANC and why (STET 1.4.2 §4.7.2).
pub(super) fn cancel(call: &Call<'_>) -> Outcome {
    let client = service(call)?;
    let sent = call.json()?;
    let mut books = call.books()?;
    let request = own(call, &books, client)?;
    let field = |place: &Value, name: &str| place.get(name).and_then(Value::as_str).map(str::to_owned);
    let instruction = sent.pointer("/creditTransferTransaction/0").cloned().unwrap_or_default();
    let (place, word) = match field(&sent, "paymentInformationStatus").as_deref() {
        Some("CANC") => (&sent, Some("CANC".to_owned())),
        _ => (&instruction, field(&instruction, "transactionStatus")),
    };
    if shape::essence(&sent) != shape::essence(&request.received.resource) || word.as_deref() != Some("CANC") {
        return Err(call.forbidden("Forbidden", "only a cancellation may be put: the resource as it is, with CANC"));
    }
    let reason = field(place, "statusReasonInformation").and_then(|code| Withdrawal::parse(&code));
    let reason = reason.ok_or_else(|| call.format_error("statusReasonInformation must be DS02, DUPL, FRAD or TECH"))?;
    let id = request.received.payment_id.clone();
    // A repeated cancellation is answered like the first.
    if request.withdrawn.is_none() {
        books.withdraw(&id, reason, call.now()).map_err(|e| call.failed(e))?;
        tracing::info!(payment_id = id, "sandbox bank: payment request cancelled");
    }
    Ok(call.hal(StatusCode::OK, json!({ "appliedAuthenticationApproach": "NONE" })))
}
