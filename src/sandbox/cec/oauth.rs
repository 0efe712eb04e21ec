//! The token endpoint (RFC 6749, RFC 7636) and the server's metadata (RFC 8414).

use super::{Bank, Body, Of, Outcome, Reply};
use crate::sandbox::berlin::caller;
use crate::sandbox::books::{BooksError, Redeemer, Tokens};
use crate::sandbox::form::parameters;
use crate::sandbox::grants::ACCESS_LIFE_S;
use crate::sandbox::secrets::{same_secret, sha256_hex};
use crate::sandbox::{Sandbox, Tpp};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use url::form_urlencoded;

pub(super) async fn metadata(bank: Bank, of: Of) -> HttpResponse {
    let url = |path: &str| bank.settings().url(&format!("{}{path}", of.bank.prefix()));
    let body = json!({
        "issuer": url(""),
        "authorization_endpoint": url("/oauth2/authorize"),
        "token_endpoint": url("/oauth2/token"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
    });
    Reply::json(StatusCode::OK, body).send()
}

/// `POST /oauth2/token`.
pub(super) fn token(bank: &Sandbox, request: &HttpRequest, body: Body) -> Outcome {
    let malformed = || error("invalid_request", "the form is malformed, too large, or names a parameter twice");
    let content_type = caller::text(request, "Content-Type").unwrap_or_default();
    if !content_type.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return Err(error("invalid_request", "the body must be application/x-www-form-urlencoded"));
    }
    let form = parameters(&body.map_err(|_| malformed())?).ok_or_else(malformed)?;
    let field = |name: &str| form.get(name).map(String::as_str);
    let required = |name: &str| field(name).ok_or_else(|| error("invalid_request", &format!("{name} is required")));
    let client = authenticate(bank, request, field("client_id"), field("client_secret"))?;
    let (by, now) = (
        Redeemer {
            client_id: &client.client_id,
            scope: field("scope"),
        },
        bank.now(),
    );
    let tokens = match required("grant_type")? {
        "authorization_code" => {
            let verifier = required("code_verifier")?;
            let (code, redirect_uri) = (required("code")?, required("redirect_uri")?);
            if !is_verifier(verifier) {
                return Err(error("invalid_request", "code_verifier must be 43 to 128 unreserved characters"));
            }
            bank.books().redeem_code(code, &by, (redirect_uri, verifier), now)
        }
        "refresh_token" => bank.books().redeem_refresh(required("refresh_token")?, &by, now),
        _ => return Err(error("unsupported_grant_type", "authorization_code or refresh_token")),
    };
    let tokens = tokens.map_err(|problem| match problem {
        BooksError::Ledger(_) => Reply::from(problem),
        BooksError::InvalidScope => error("invalid_scope", "the scope is not the one that was authorised"),
        BooksError::NotWaiting | BooksError::InvalidGrant => error(
            "invalid_grant",
            "the code or token is unknown, expired, used, or not for this client, address or verifier",
        ),
    })?;
    Ok(granted(&tokens))
}

fn granted(tokens: &Tokens) -> Reply {
    let body = json!({
        "token_type": "bearer",
        "access_token": tokens.access,
        "expires_in": ACCESS_LIFE_S,
        "consented_on": tokens.consented_on.and_utc().timestamp(),
        "scope": tokens.scope,
        "refresh_token": tokens.refresh,
        "refresh_token_expires_in": tokens.refresh_life_s,
    });
    Reply::json(StatusCode::OK, body).with(header::PRAGMA, "no-cache")
}

/// Names the client; one that has a secret must show it, in the form or as HTTP Basic.
fn authenticate(bank: &Sandbox, request: &HttpRequest, id: Option<&str>, secret: Option<&str>) -> Result<Tpp, Reply> {
    let refuse = || {
        let mut reply = error("invalid_client", "unknown client or wrong secret");
        reply.status = StatusCode::UNAUTHORIZED;
        reply.with(HeaderName::from_static("www-authenticate"), "Basic realm=\"cec\"")
    };
    let basic = basic_credentials(request);
    let basic_id = basic.as_ref().map(|(id, _)| id.as_str());
    if let (Some(a), Some(b)) = (id, basic_id)
        && a != b
    {
        return Err(error("invalid_request", "client_id is given twice, differently"));
    }
    let client = id.or(basic_id).and_then(|id| bank.tpp(id)).ok_or_else(refuse)?;
    let shown = basic.as_ref().map(|(_, secret)| secret.as_str()).or(secret);
    match (&client.secret_sha256, shown) {
        (Some(secret), Some(shown)) if same_secret(secret, &sha256_hex(shown.as_bytes())) => Ok(client),
        (None, _) => Ok(client),
        (Some(_), _) => Err(refuse()),
    }
}

/// Client id and secret as HTTP Basic carries them, form-encoded each (RFC 6749 §2.3.1).
fn basic_credentials(request: &HttpRequest) -> Option<(String, String)> {
    let (scheme, encoded) = caller::text(request, "Authorization")?.split_once(' ')?;
    let decoded = STANDARD
        .decode(encoded.trim())
        .ok()
        .filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let decode = |text: &str| {
        form_urlencoded::parse(text.as_bytes())
            .next()
            .map(|(word, _)| word.into_owned())
            .unwrap_or_default()
    };
    Some((decode(id), decode(secret)))
}

/// RFC 7636 §4.1.
fn is_verifier(verifier: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved)
}

/// An error of the token endpoint (RFC 6749 §5.2).
fn error(code: &str, description: &str) -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, json!({ "error": code, "error_description": description })).with(header::PRAGMA, "no-cache")
}
