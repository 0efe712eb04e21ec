//! Who calls, and whether the headers of the call are in order.

use super::Reply;
use crate::clock::Timestamp;
use crate::sandbox::{Sandbox, SandboxClient};
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::net::IpAddr;
use url::Url;
use uuid::Uuid;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A TPP whose call has all the headers that every call needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'a> {
    pub client: &'a SandboxClient,
    pub request_id: Uuid,
}

/// A header's text; `None` when it is missing, empty or not visible ASCII.
pub(super) fn text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let value = request.headers().get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then_some(value)
}

/// Checks the headers of every call: the client id, the certificate, the request id, in this order.
pub(super) fn identify<'a>(bank: &'a Sandbox, request: &HttpRequest) -> Result<Caller<'a>, Reply> {
    let known = text(request, "x-ibm-client-id").and_then(|id| bank.settings().client(id));
    let client = known.ok_or_else(gateway_refusal)?;
    check_certificate(text(request, "TPP-Signature-Certificate"), bank.now())?;
    let request_id = request_id(request).ok_or_else(|| Reply::format_error("X-Request-ID", "X-Request-ID must be a UUID"))?;
    Ok(Caller { client, request_id })
}

/// The id the TPP gave this call; every answer repeats it, refusals too.
pub(super) fn request_id(request: &HttpRequest) -> Option<Uuid> {
    Uuid::try_parse(text(request, "X-Request-ID")?).ok()
}

/// The gateway in front of the bank refuses unknown clients in its own form, not in the standard's.
fn gateway_refusal() -> Reply {
    let body = json!({ "httpCode": "401", "httpMessage": "Unauthorized", "moreInformation": "Invalid client id or secret." });
    Reply::json(StatusCode::UNAUTHORIZED, body)
}

/// The header carries the PEM on one line, with or without its BEGIN and END marks.
fn check_certificate(header: Option<&str>, now: Timestamp) -> Result<(), Reply> {
    let refuse = |code, text| Reply::tpp_message(StatusCode::UNAUTHORIZED, code, Some("TPP-Signature-Certificate"), text);
    let pem = header.ok_or_else(|| refuse("CERTIFICATE_MISSING", "TPP-Signature-Certificate is missing"))?;
    let base64: String = pem
        .trim_start_matches("-----BEGIN CERTIFICATE-----")
        .trim_end_matches("-----END CERTIFICATE-----")
        .split_whitespace()
        .collect();
    let invalid = || {
        refuse(
            "CERTIFICATE_INVALID",
            "TPP-Signature-Certificate is not an X.509 certificate in PEM on one line",
        )
    };
    let der = STANDARD.decode(base64).map_err(|_| invalid())?;
    let (rest, certificate) = X509Certificate::from_der(&der).map_err(|_| invalid())?;
    if !rest.is_empty() {
        return Err(invalid());
    }
    if certificate.validity().not_after.timestamp() < now.and_utc().timestamp() {
        return Err(refuse("CERTIFICATE_EXPIRED", "the certificate has expired"));
    }
    Ok(())
}

/// `PSU-IP-Address` is required when a payment is initiated.
pub(super) fn check_psu_address(request: &HttpRequest) -> Result<(), Reply> {
    let address = text(request, "PSU-IP-Address").and_then(|ip| ip.parse::<IpAddr>().ok());
    address
        .map(drop)
        .ok_or_else(|| Reply::format_error("PSU-IP-Address", "PSU-IP-Address must be an IP address"))
}

/// Where the PSU goes back to: `TPP-Redirect-URI` when sent, else the first address of the client.
pub(super) fn redirect_uri(request: &HttpRequest, client: &SandboxClient) -> Result<Url, Reply> {
    let refuse = || Reply::format_error("TPP-Redirect-URI", "TPP-Redirect-URI is not registered for this client");
    match text(request, "TPP-Redirect-URI") {
        Some(sent) => registered(client, sent).ok_or_else(refuse),
        None => client.redirect_uris.first().cloned().ok_or_else(refuse),
    }
}

/// The registered address that equals the one sent.
pub(super) fn registered(client: &SandboxClient, uri: &str) -> Option<Url> {
    let uri = Url::parse(uri).ok()?;
    client.redirect_uris.iter().find(|r| **r == uri).cloned()
}

/// The bearer token of the call (RFC 6750 §2.1).
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = text(request, "Authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
