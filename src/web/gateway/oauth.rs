//! The token endpoint (RFC 6749 section 3.2) for partners as OAuth clients: `client_credentials`, authenticated by the
//! certificate of the connection (`tls_client_auth`, RFC 8705 section 2.1), which is compared with the partner exactly as
//! for every other call. Answers and errors are those of RFC 6749, not the envelope, since clients know them so.

use super::input::{SMALL_BODY, body};
use super::{ApiError, Gateway, peer};
use crate::flow::FlowError;
use crate::flow::access_tokens::{Scope, grant};
use crate::web::discovery;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::collections::BTreeMap;

/// The end of its address.
pub(super) const TOKEN_PATH: &str = "/oauth2/token";
/// Most fields of the form.
const MAX_FIELDS: usize = 50;

/// An error of RFC 6749 section 5.2.
struct Refused {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

const fn refused(error: &'static str, description: &'static str) -> Refused {
    Refused {
        status: StatusCode::BAD_REQUEST,
        error,
        description,
    }
}

impl Refused {
    fn answer(&self, retry_after_s: Option<&str>) -> HttpResponse {
        tracing::info!(status = self.status.as_u16(), error = self.error, "token endpoint refusal");
        let mut answer = HttpResponse::build(self.status);
        answer
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((PRAGMA, "no-cache"));
        if let Some(seconds) = retry_after_s {
            answer.insert_header((RETRY_AFTER, seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110 section 15.5.2 wants a challenge; the certificate is asked for by TLS itself.
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        answer.json(json!({ "error": self.error, "error_description": self.description }))
    }
}

/// What the gateway itself has refused, in the words of RFC 6749.
pub(super) fn from_envelope(refused: &ApiError) -> HttpResponse {
    let known = refused.error_response();
    let retry_after = known.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok());
    let (error, description) = match known.status() {
        StatusCode::TOO_MANY_REQUESTS => ("temporarily_unavailable", "Too many requests with this certificate."),
        StatusCode::SERVICE_UNAVAILABLE => ("temporarily_unavailable", "The service cannot answer now."),
        StatusCode::FORBIDDEN => ("invalid_client", "The connection has no certificate that can be read."),
        _ => ("invalid_request", "The request cannot be read, or its signature does not hold."),
    };
    Refused {
        status: known.status(),
        error,
        description,
    }
    .answer(retry_after)
}

/// The parameters: of an urlencoded body only, each once; empty ones count as left out (RFC 6749 section 3.2).
fn parameters(request: &HttpRequest, body: &[u8]) -> Result<BTreeMap<String, String>, Refused> {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(refused("invalid_request", "The body must be application/x-www-form-urlencoded."));
    }
    if request.headers().contains_key(AUTHORIZATION) {
        return Err(refused(
            "invalid_request",
            "Clients authenticate by their TLS certificate and by nothing else.",
        ));
    }
    let mut fields = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if fields.len() == MAX_FIELDS || fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(refused("invalid_request", "A parameter stands twice, or there are too many."));
        }
    }
    fields.retain(|_, value| !value.is_empty());
    Ok(fields)
}

fn scopes(asked: Option<&String>) -> Result<Vec<Scope>, Refused> {
    let Some(asked) = asked else { return Ok(Scope::ALL.to_vec()) };
    let unknown = || refused("invalid_scope", "The scopes are payments:create, payments:read and banks:read.");
    let mut scopes = Vec::new();
    for name in asked.split(' ') {
        let scope = Scope::parse(name).ok_or_else(unknown)?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

/// POST token.
pub async fn token(gateway: web::Data<Gateway>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let read = match body(&request, payload, SMALL_BODY).await {
        Ok(body) => parameters(&request, &body),
        Err(unread) => return from_envelope(&unread),
    };
    match read {
        Ok(fields) => answer(&gateway, &request, &fields)
            .await
            .unwrap_or_else(|refused| refused.answer(Some("5").filter(|_| refused.status == StatusCode::SERVICE_UNAVAILABLE))),
        Err(refused) => refused.answer(None),
    }
}

async fn answer(gateway: &Gateway, request: &HttpRequest, fields: &BTreeMap<String, String>) -> Result<HttpResponse, Refused> {
    let cx = &gateway.cx;
    let field = |name: &str| fields.get(name);
    if ["client_secret", "client_assertion"].iter().any(|name| fields.contains_key(*name)) {
        return Err(refused(
            "invalid_request",
            "Clients authenticate by their TLS certificate and by nothing else.",
        ));
    }
    let Some(grant_type) = field("grant_type") else {
        return Err(refused("invalid_request", "grant_type is missing."));
    };
    if grant_type != "client_credentials" {
        return Err(refused("unsupported_grant_type", "Only client_credentials is supported."));
    }
    let Some(client_id) = field("client_id") else {
        return Err(refused("invalid_request", "client_id is missing."));
    };
    let scopes = scopes(field("scope"))?;
    if field("resource").is_some_and(|resource| resource.trim_end_matches('/') != cx.audience()) {
        return Err(refused("invalid_target", "The only resource is this gateway (RFC 8707)."));
    }
    let not_you = Refused {
        status: StatusCode::UNAUTHORIZED,
        error: "invalid_client",
        description: "The certificate and the client id do not belong together, or the partner is suspended.",
    };
    let Ok(peer) = peer(request) else { return Err(not_you) };
    // No database takes text with NUL in it, and no client id has any.
    if client_id.len() > 200 || client_id.chars().any(char::is_control) {
        return Err(not_you);
    }
    match grant(cx, &peer, client_id, &scopes).await {
        Ok(granted) => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((PRAGMA, "no-cache"))
            .json(json!({
                "access_token": granted.access_token.expose_secret(),
                "token_type": "Bearer",
                "expires_in": granted.expires_in_s,
                "scope": granted.scope,
            }))),
        Err(FlowError::NotYou) => Err(not_you),
        Err(error) => {
            tracing::error!(%error, "token endpoint fault");
            Err(Refused {
                status: StatusCode::SERVICE_UNAVAILABLE,
                error: "temporarily_unavailable",
                description: "The service cannot answer now; please repeat the call.",
            })
        }
    }
}

/// GET jwks on the gateway.
pub async fn jwks(gateway: web::Data<Gateway>) -> Result<HttpResponse, ApiError> {
    Ok(discovery::jwks(&gateway.cx).await?)
}

/// GET /.well-known/… on the gateway.
pub async fn metadata(gateway: web::Data<Gateway>) -> HttpResponse {
    discovery::metadata(&gateway.cx)
}
