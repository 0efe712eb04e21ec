//! Every answer of the gateway is signed (RFC 9421, RFC 9530) with the key that signs access tokens: its status, its
//! body and type, and which request it answers. The keys are at `jwks_uri`.

use super::Gateway;
use crate::clock::Timestamp;
use crate::crypto::http_signature::{ANSWER_COVERS, ANSWER_TAG, Component, Target, content_digest, sign};
use crate::crypto::signing::SigningKey;
use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, error, web};

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// Where a request went, as its sender sees it: TLS ends here, so nothing stands between.
pub(super) fn target(request: &ServiceRequest) -> Target {
    let uri = request.uri();
    let host = request.headers().get(HOST).and_then(|v| v.to_str().ok()).map(ToOwned::to_owned);
    Target {
        method: request.method().as_str().to_owned(),
        scheme: "https".into(),
        authority: host.or_else(|| uri.authority().map(ToString::to_string)).unwrap_or_default(),
        path: uri.path().to_owned(),
        query: uri.query().map(ToOwned::to_owned),
    }
}

/// Signs what the handlers answer. Without a key, which no node that has begun to serve is, the answer goes unsigned.
///
/// # Errors
/// What the handler answers.
pub async fn sign_answer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let gateway = request.app_data::<web::Data<Gateway>>().cloned();
    let target = target(&request);
    let answer = next.call(request).await?;
    let (request, answer) = answer.into_parts();
    let (mut head, body) = answer.into_parts();
    let body = to_bytes(body)
        .await
        .map_err(|_| error::ErrorServiceUnavailable("the answer broke off"))?;
    let digest = content_digest(&body);
    let signed = match &gateway {
        Some(gateway) => headers(gateway, &target, head.status().as_u16(), head.headers().get(CONTENT_TYPE), &digest).await,
        None => None,
    };
    for (name, value) in signed.into_iter().flatten() {
        head.headers_mut().insert(name, value);
    }
    Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(body))))
}

async fn headers(
    gateway: &Gateway,
    target: &Target,
    status: u16,
    content_type: Option<&HeaderValue>,
    digest: &str,
) -> Option<[(HeaderName, HeaderValue); 3]> {
    let (keys, now) = (gateway.cx.signing_keys().await.ok()?, gateway.cx.now());
    let signed = signature(keys.signer(now)?, now, target, status, content_type, digest)?;
    let value = |text: &str| HeaderValue::from_str(text).ok();
    Some([
        (CONTENT_DIGEST, value(digest)?),
        (SIGNATURE_INPUT, value(&signed.input)?),
        (SIGNATURE, value(&signed.signature)?),
    ])
}

fn signature(
    key: &SigningKey,
    now: Timestamp,
    target: &Target,
    status: u16,
    content_type: Option<&HeaderValue>,
    digest: &str,
) -> Option<crate::crypto::http_signature::Signed> {
    let kind = content_type.and_then(|v| v.to_str().ok());
    let covered: Vec<Component<'_>> = ANSWER_COVERS
        .into_iter()
        .filter(|component| kind.is_some() || component.name != "content-type")
        .collect();
    let value = |component: Component<'_>| match (component.of_request, component.name) {
        (true, name) => target.value(name),
        (false, "@status") => Some(status.to_string()),
        (false, "content-digest") => Some(digest.to_owned()),
        (false, "content-type") => kind.map(ToOwned::to_owned),
        _ => None,
    };
    sign(key, ANSWER_TAG, now.and_utc().timestamp(), &covered, value).ok()
}
