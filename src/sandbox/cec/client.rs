//! The enrolled clients: who calls, and where its PSUs may be sent back to.

use super::Reply;
use crate::sandbox::berlin::caller;
use crate::sandbox::{Sandbox, SandboxClient};
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde_json::json;
use url::Url;
use uuid::Uuid;

/// A TPP whose call has all the headers that every call needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'a> {
    pub client: &'a SandboxClient,
    pub request_id: Uuid,
}

/// Checks the headers of every call: the client id, the certificate, the request id, in this order.
pub(super) fn identify<'a>(bank: &'a Sandbox, request: &HttpRequest) -> Result<Caller<'a>, Reply> {
    let known = caller::text(request, "x-ibm-client-id").and_then(|id| bank.settings().client(id));
    let client = known.ok_or_else(gateway_refusal)?;
    caller::certificate_holder(request, bank.now())?;
    let request_id = caller::required_request_id(request)?;
    Ok(Caller { client, request_id })
}

/// The gateway in front of the bank refuses unknown clients in its own form, not in the standard's.
fn gateway_refusal() -> Reply {
    let body = json!({ "httpCode": "401", "httpMessage": "Unauthorized", "moreInformation": "Invalid client id or secret." });
    Reply::json(StatusCode::UNAUTHORIZED, body)
}

/// Where the PSU goes back to: `TPP-Redirect-URI` when sent, else the first address of the client.
pub(super) fn redirect_uri(request: &HttpRequest, client: &SandboxClient) -> Result<Url, Reply> {
    let refuse = || Reply::format_error("TPP-Redirect-URI", "TPP-Redirect-URI is not registered for this client");
    match caller::text(request, "TPP-Redirect-URI") {
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
    let (scheme, token) = caller::text(request, "Authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
