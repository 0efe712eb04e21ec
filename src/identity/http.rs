//! The crate's requests over our one HTTP client, with its time-outs, its bounds and its trust.

use crate::bank::BankError;
use crate::bank::http::{BankHttp, Body, Call};
use openidconnect::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use openidconnect::{HttpRequest, HttpResponse};
use url::Url;
use uuid::Uuid;

/// Largest answer read, in bytes: metadata, keys and tokens are far smaller.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// No answer, or one of 5xx.
    #[error(transparent)]
    Call(#[from] BankError),
    /// A request that cannot be made of what the provider published.
    #[error("not a request")]
    Request,
}

/// Makes one request.
pub(super) async fn exchange(http: &BankHttp, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string()).map_err(|_| Fault::Request)?;
    let mut headers = parts.headers;
    // The client sets these itself.
    for ours in [ACCEPT, CONTENT_TYPE, CONTENT_LENGTH] {
        headers.remove(ours);
    }
    let body = if body.is_empty() {
        Body::Empty
    } else {
        Body::Form(String::from_utf8(body).map_err(|_| Fault::Request)?)
    };
    let call = Call {
        bank: "company-sign-in",
        operation: "openid_connect",
        request_id: Uuid::new_v4(),
        method: parts.method,
        url,
        headers,
        body,
        max_answer_bytes: MAX_ANSWER_BYTES,
    };
    let reply = http.answer(call).await?;
    let mut answer = HttpResponse::new(reply.body);
    *answer.status_mut() = openidconnect::http::StatusCode::from_u16(reply.status).map_err(|_| Fault::Request)?;
    *answer.headers_mut() = reply.headers;
    Ok(answer)
}
