//! The authorisation endpoint: checks what the TPP sent the browser with, and opens the visit.

use super::{Bank, Of, client};
use crate::sandbox::consents;
use crate::sandbox::form::parameters;
use crate::sandbox::grants::{CONSENT, PAYMENT};
use crate::sandbox::pages::message;
use crate::sandbox::visit::pages::{finished, see_other};
use crate::sandbox::visit::{self, OAuthRequest, Way};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

const MAX_STATE_CHARS: usize = 512;

/// `GET /oauth2/authorize` (RFC 6749 §4.1.1). Nobody is ever sent to an address that is not registered.
pub(super) async fn authorize(http: HttpRequest, bank: Bank, of: Of) -> HttpResponse {
    let refuse = |text| message(StatusCode::BAD_REQUEST, "Cerere invalidă", text);
    let Some(query) = parameters(http.query_string().as_bytes()) else {
        return refuse("Adresa conține un parametru de două ori.");
    };
    let get = |name: &str| query.get(name).map(String::as_str);
    let Some(known) = get("client_id").and_then(|id| bank.tpp(id)) else {
        return refuse("Aplicația care v-a trimis nu este înscrisă la bancă (client_id).");
    };
    let Some(redirect_uri) = get("redirect_uri").and_then(|uri| client::registered(&known, uri)) else {
        return refuse("Adresa de întoarcere nu este înscrisă la bancă (redirect_uri).");
    };
    let mut request = OAuthRequest {
        client_id: known.client_id.clone(),
        redirect_uri,
        state: get("state").map(str::to_owned),
        code_challenge: get("code_challenge").unwrap_or_default().to_owned(),
    };
    let to_client = |request: &OAuthRequest, error: &str, text: &str| {
        see_other(request.back(&[("error", error), ("error_description", text)]).as_str())
    };
    if request.state.as_ref().is_some_and(|s| s.chars().count() > MAX_STATE_CHARS) {
        request.state = None;
        return to_client(&request, "invalid_request", "state is too long");
    }
    if get("response_type") != Some("code") {
        return to_client(&request, "unsupported_response_type", "response_type must be code");
    }
    if !is_challenge(&request.code_challenge) || get("code_challenge_method") != Some("S256") {
        return to_client(
            &request,
            "invalid_request",
            "code_challenge with code_challenge_method=S256 is required",
        );
    }
    let scope = get("scope").unwrap_or_default();
    let own = |owner: &str| !of.client_header || owner == known.client_id;
    if let Some(id) = scope.strip_prefix(CONSENT) {
        let consent = bank.caught_up().consent(id).cloned();
        return match consent.filter(|c| c.received.bank == of.bank && own(&c.received.client_id)) {
            Some(consent) if consent.is_waiting() => consents::begin(&bank, of.bank, consent.received.consent_id, Way::OAuth(request)),
            Some(_) => consents::finished(),
            None => to_client(&request, "invalid_scope", "the scope must name a consent of this client"),
        };
    }
    let order = scope.strip_prefix(PAYMENT).and_then(|id| bank.caught_up().order(id).cloned());
    let Some(order) = order.filter(|o| o.received.bank == of.bank && own(&o.received.client_id)) else {
        return to_client(&request, "invalid_scope", "the scope must name a payment of this client");
    };
    if !order.is_waiting() {
        return finished(&order);
    }
    visit::begin(&bank, of.bank, order.received.payment_id, Way::OAuth(request))
}

fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
