//! The enrolled clients: who calls, and where its PSUs may be sent back to.

use super::Reply;
use crate::sandbox::berlin::caller;
use crate::sandbox::berlin::profile::Profile;
use crate::sandbox::books::Books;
use crate::sandbox::grants::TokenProblem;
use crate::sandbox::{Sandbox, Tpp};
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde_json::json;
use url::Url;
use uuid::Uuid;

/// A TPP whose call has all the headers that every call needs.
pub(in crate::sandbox) struct Caller {
    /// Under which name its orders and consents are kept.
    pub owner: String,
    /// The enrolled client, at a bank where every call names it.
    client: Option<Tpp>,
    pub request_id: Uuid,
}

impl Caller {
    /// The client id, at a bank where every call names it.
    pub(in crate::sandbox) fn client_id(&self) -> Option<&str> {
        self.client.as_ref().map(|client| client.client_id.as_str())
    }
}

/// Checks the headers of every call: the client id where the bank wants it, the certificate, the request id, in
/// this order.
pub(in crate::sandbox) fn identify(bank: &Sandbox, profile: &Profile, request: &HttpRequest) -> Result<Caller, Reply> {
    let client = if profile.client_header {
        let known = caller::text(request, "x-ibm-client-id").and_then(|id| bank.tpp(id));
        Some(known.ok_or_else(gateway_refusal)?)
    } else {
        None
    };
    let holder = caller::certificate_holder(request, bank.now())?;
    let request_id = caller::required_request_id(request)?;
    Ok(Caller {
        owner: client.as_ref().map_or(holder, |client| client.client_id.clone()),
        client,
        request_id,
    })
}

/// The gateway in front of the bank refuses unknown clients in its own form, not in the standard's.
fn gateway_refusal() -> Reply {
    let body = json!({ "httpCode": "401", "httpMessage": "Unauthorized", "moreInformation": "Invalid client id or secret." });
    Reply::json(StatusCode::UNAUTHORIZED, body)
}

/// Where the PSU goes back to: `TPP-Redirect-URI` when sent, else the first address of the client. At a bank that
/// does not know the client yet, the authorise address brings one that is checked.
pub(in crate::sandbox) fn redirect_uri(request: &HttpRequest, caller: &Caller) -> Result<Url, Reply> {
    let refuse = || Reply::format_error("TPP-Redirect-URI", "TPP-Redirect-URI is not registered for this client");
    let Some(client) = &caller.client else {
        let sent = caller::return_address(request, "TPP-Redirect-URI")?;
        return sent.ok_or_else(|| Reply::format_error("TPP-Redirect-URI", "TPP-Redirect-URI is required"));
    };
    match caller::text(request, "TPP-Redirect-URI") {
        Some(sent) => registered(client, sent).ok_or_else(refuse),
        None => client.redirect_uris.first().cloned().ok_or_else(refuse),
    }
}

/// The registered address that equals the one sent.
pub(super) fn registered(client: &Tpp, uri: &str) -> Option<Url> {
    let uri = Url::parse(uri).ok()?;
    client.redirect_uris.iter().find(|r| **r == uri).cloned()
}

/// Whether the call brings the token that the PSU's authorisation of this order or consent led to.
pub(in crate::sandbox) fn check_token(
    bank: &Sandbox,
    books: &Books,
    request: &HttpRequest,
    caller: &Caller,
    id: &str,
) -> Result<(), Reply> {
    let refuse = |code, text| Reply::tpp_message(StatusCode::UNAUTHORIZED, code, Some("Authorization"), text);
    let token = bearer(request).ok_or_else(|| refuse("TOKEN_INVALID", "a bearer token is required"))?;
    books
        .check_access(token, id, caller.client_id(), bank.now())
        .map_err(|problem| match problem {
            TokenProblem::Invalid => refuse("TOKEN_INVALID", "the token is not valid for this"),
            TokenProblem::Expired => refuse("TOKEN_EXPIRED", "the token has expired"),
        })
}

/// The bearer token of the call (RFC 6750 §2.1).
pub(in crate::sandbox) fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = caller::text(request, "Authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
