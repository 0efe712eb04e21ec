//! What clients read of this authorisation server before they ask for a token: its metadata (RFC 8414, also under the
//! address of OpenID Connect Discovery 1.0) and the public keys (RFC 7517). On the public listener, where nobody needs a
//! certificate, and on the gateway.
//!
//! There are access tokens only: no person signs in here, so there is neither an authorisation endpoint nor an ID token.

use super::Site;
use crate::flow::access_tokens::Scope;
use crate::flow::{Context, FlowError};
use crate::web::{PageError, browser_language};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// Clients may keep both for five minutes: far less than a new key is shown before it signs.
const KEEP: &str = "public, max-age=300";

fn answer(content: &Value) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, KEEP)).json(content)
}

/// The metadata.
#[must_use]
pub fn metadata(cx: &Context) -> HttpResponse {
    let (issuer, gateway) = (cx.issuer(), cx.audience());
    let token_endpoint = format!("{gateway}/oauth2/token");
    answer(&json!({
        "issuer": issuer,
        "token_endpoint": token_endpoint,
        "jwks_uri": format!("{issuer}/oauth2/jwks"),
        "scopes_supported": Scope::ALL.map(Scope::as_str),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["tls_client_auth"],
        "tls_client_certificate_bound_access_tokens": true,
        "mtls_endpoint_aliases": { "token_endpoint": token_endpoint },
        // OpenID Connect Discovery asks for these two; no ID token is issued.
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

/// The public keys that are shown now.
///
/// # Errors
/// [`FlowError`] of the database.
pub async fn jwks(cx: &Context) -> Result<HttpResponse, FlowError> {
    Ok(answer(&cx.signing_keys().await?.jwks(cx.now())))
}

/// GET /.well-known/… on the public listener.
pub async fn on_site(site: web::Data<Site>) -> HttpResponse {
    metadata(&site.cx)
}

/// GET /oauth2/jwks on the public listener.
///
/// # Errors
/// A page when the database does not answer.
pub async fn jwks_on_site(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let page = |error| PageError::new(&site, browser_language(&request), error);
    jwks(&site.cx).await.map_err(page)
}
