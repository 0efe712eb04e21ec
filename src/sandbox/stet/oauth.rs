//! The token endpoint (RFC 6749), where the client certificate is the TPP's proof.

use super::books::{ACCESS_LIFE_S, BooksError, Tokens};
use super::call::{Call, Outcome};
use crate::sandbox::berlin::reply::Reply;
use crate::sandbox::form::parameters;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use serde_json::json;

/// `POST /stet/psd2/oauth/token`. With the header `fallback: 1` the bank shows where its customers' own pages
/// are, which a TPP may read when the interface fails (RTS 2018/389 Art. 33).
pub(super) fn token(call: &Call<'_>) -> Outcome {
    let client = call.tpp()?;
    if call.header("fallback") == Some("1") {
        let login = format!("{}/banque-en-ligne", call.at.bank.prefix());
        return Ok(Reply::empty(StatusCode::FOUND).with(header::LOCATION, call.bank.settings().url(&login)));
    }
    let content_type = call.header("Content-Type").unwrap_or_default().to_ascii_lowercase();
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return Err(error("invalid_request", "the body must be application/x-www-form-urlencoded"));
    }
    let form = parameters(call.body()?).ok_or_else(|| error("invalid_request", "a parameter comes twice"))?;
    let field = |name: &str| form.get(name).map(String::as_str);
    let required = |name: &str| field(name).ok_or_else(|| error("invalid_request", &format!("{name} is required")));
    if required("client_id")? != client.client_id {
        let mut reply = error("invalid_client", "client_id is not the certificate's organizationIdentifier");
        reply.status = StatusCode::UNAUTHORIZED;
        return Err(reply);
    }
    let (of, now) = ((call.at.bank, client.client_id.as_str()), call.now());
    let mut books = call.books()?;
    let tokens = match required("grant_type")? {
        "client_credentials" if required("scope")? == "pisp" => books.issue_service_token(of, now),
        "client_credentials" => return Err(error("invalid_scope", "the scope is pisp")),
        "authorization_code" if field("scope").is_some() => {
            return Err(error("invalid_request", "scope is not sent with a code"));
        }
        "authorization_code" => books.redeem_code(required("code")?, of, field("redirect_uri"), now),
        "refresh_token" => books.redeem_refresh(required("refresh_token")?, of, now),
        _ => {
            let text = "client_credentials, authorization_code or refresh_token";
            return Err(error("unsupported_grant_type", text));
        }
    };
    let refuse = |problem| match problem {
        BooksError::InvalidGrant | BooksError::NotNow => {
            let text = "the code or token is unknown, expired, used, or not for this client or address";
            error("invalid_grant", text)
        }
        BooksError::Ledger(_) => call.failed(problem),
    };
    tokens.map(|tokens| granted(&tokens)).map_err(refuse)
}

fn granted(tokens: &Tokens) -> Reply {
    let mut body = json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE_S,
        "scope": tokens.scope,
    });
    if let Some(refresh) = &tokens.refresh {
        body["refresh_token"] = refresh.as_str().into();
    }
    Reply::json(StatusCode::OK, body).with(header::PRAGMA, "no-cache")
}

fn error(code: &str, description: &str) -> Reply {
    let body = json!({ "error": code, "error_description": description });
    let reply = Reply::json(StatusCode::BAD_REQUEST, body);
    reply.with(HeaderName::from_static("pragma"), "no-cache")
}
