//! Signatures on partners' requests (RFC 9421).
//!
//! A partner of whose profile signed requests are required signs every call that changes something (POST): method,
//! address, and the digest of the body (RFC 9530) where there is one; `Idempotency-Key` where there is one. A signature
//! that a partner with registered keys sends without having to is judged all the same, and a wrong one refused: somebody
//! has changed the request, or the partner has something to mend. Signatures of partners without keys mean nothing here.
//!
//! **Against replay:** a signature is good for `gateway.signature_age_seconds`. Whoever sends a signed request again
//! needs the partner's certificate as well; and where money is concerned, initPayment is idempotent by its payment, and
//! payments by its Idempotency-Key, which is covered.

use super::input::{self, LIST_BODY};
use super::signed_answers::target;
use super::{ApiError, Gateway, oauth};
use crate::crypto::http_signature::{Component, Received, Target, digest_matches};
use crate::crypto::signing::PublicKey;
use crate::flow::signing_keys::SKEW_S;
use crate::flow::{FieldProblem, FlowError};
use crate::partner::{PeerCertificate, SignatureRules};
use crate::store::{partner_certificates, partner_signatures};
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, ResponseError as _, web};
use futures_util::stream;

const INPUT: &str = "signature-input";
const SIGNATURE: &str = "signature";
const DIGEST: &str = "content-digest";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Judges the signature of a request.
///
/// # Errors
/// What the handler answers.
pub async fn check_signature(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Err(refused) = check(&mut request).await {
        let of_oauth = request.path().ends_with(oauth::TOKEN_PATH);
        let answer = if of_oauth {
            oauth::from_envelope(&refused)
        } else {
            refused.error_response()
        };
        return Ok(request.into_response(answer).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

async fn check(request: &mut ServiceRequest) -> Result<(), ApiError> {
    let is_signed = request.headers().contains_key(INPUT) || request.headers().contains_key(SIGNATURE);
    let changes = *request.method() != Method::GET;
    if !is_signed && !changes {
        return Ok(());
    }
    let gateway = request.app_data::<web::Data<Gateway>>().cloned();
    let peer = request.conn_data::<PeerCertificate>().cloned();
    let (Some(gateway), Some(peer)) = (gateway, peer) else {
        return Ok(());
    };
    let rules = rules(&gateway, peer).await?;
    if !is_signed && rules.required {
        return Err(ApiError::not_signed());
    }
    if !is_signed || (rules.keys.is_empty() && !rules.required) {
        return Ok(());
    }
    let payload = request.take_payload();
    let body = input::body(request.request(), payload, LIST_BODY).await?;
    let now = gateway.cx.now().and_utc().timestamp();
    judge(
        &rules,
        &target(request),
        request.headers(),
        &body,
        now,
        gateway.cx.rules.signature_age_s,
    )
    .map_err(ApiError::bad_signature)?;
    let once = stream::iter([Ok(web::Bytes::from(body))]);
    request.set_payload(Payload::Stream { payload: Box::pin(once) });
    Ok(())
}

/// Those of the partner of a certificate; nobody else's call goes on, so nothing is asked of it here.
async fn rules(gateway: &Gateway, peer: PeerCertificate) -> Result<SignatureRules, ApiError> {
    let found = gateway.cx.db.read(move |a| {
        let Some(partner) = partner_certificates::partner_of(a, &peer)? else {
            return Ok(SignatureRules::default());
        };
        partner_signatures::of(a, &partner.id)
    });
    Ok(found.await.map_err(FlowError::from)?)
}

/// All values of a field as one (RFC 9421 section 2.1); `None` when there is none.
fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Option<Vec<&str>> = headers.get_all(name).map(|v| v.to_str().ok().map(str::trim)).collect();
    values.filter(|values| !values.is_empty()).map(|values| values.join(", "))
}

fn judge(rules: &SignatureRules, target: &Target, headers: &HeaderMap, body: &[u8], now: i64, age_s: i64) -> Result<(), FieldProblem> {
    let problem = |field: &str, code, words: String| FieldProblem::new(field, code, words);
    let (input, signature) = (field(headers, INPUT), field(headers, SIGNATURE));
    let (Some(input), Some(signature)) = (input, signature) else {
        return Err(problem(
            "Signature",
            "MISSING",
            "Signature-Input and Signature belong together".into(),
        ));
    };
    let all = Received::all(&input, &signature).map_err(|fault| problem("Signature-Input", "UNREADABLE", fault.to_string()))?;
    let known = all.iter().find_map(|received| {
        let of_partner = rules.keys.iter().find(|key| received.key_id() == Some(&key.kid))?;
        Some((received, PublicKey::from_jwk(&of_partner.jwk).ok()?))
    });
    let Some((received, key)) = known else {
        let words = "keyid names no key that is registered for this partner";
        return Err(problem("keyid", "UNKNOWN_KEY", words.into()));
    };
    in_time(received, now, age_s)?;
    covers_enough(received, headers, body)?;
    let value = |component: Component<'_>| match component {
        Component { of_request: true, .. } => None,
        Component { name, .. } if name.starts_with('@') => target.value(name),
        Component { name, .. } => field(headers, name),
    };
    received
        .verify(&key, value)
        .map_err(|fault| problem("Signature", "NOT_VERIFIED", fault.to_string()))?;
    if field(headers, DIGEST).is_some_and(|digest| !digest_matches(&digest, body)) {
        let words = "the body is not the one that Content-Digest was made of (sha-256 or sha-512)";
        return Err(problem("Content-Digest", "OTHER_BODY", words.into()));
    }
    Ok(())
}

fn in_time(received: &Received, now: i64, age_s: i64) -> Result<(), FieldProblem> {
    let Some(created) = received.created() else {
        return Err(FieldProblem::new(
            "created",
            "MISSING",
            "the signature does not say when it was made",
        ));
    };
    if created > now + SKEW_S || created < now - age_s {
        let words = format!("the signature was made more than {age_s} seconds ago, or in the future");
        return Err(FieldProblem::new("created", "NOT_NOW", words));
    }
    if received.expires().is_some_and(|expires| expires <= now) {
        return Err(FieldProblem::new("expires", "NOT_NOW", "the signature has expired"));
    }
    Ok(())
}

/// Method, address, body and key of the call.
fn covers_enough(received: &Received, headers: &HeaderMap, body: &[u8]) -> Result<(), FieldProblem> {
    let covers = |name: &str| received.covers(Component::own(name));
    let address = covers("@target-uri") || ["@authority", "@path", "@query"].into_iter().all(covers);
    for (name, is_covered) in [
        ("@method", covers("@method")),
        ("@target-uri", address),
        (DIGEST, body.is_empty() || covers(DIGEST)),
        (IDEMPOTENCY_KEY, !headers.contains_key(IDEMPOTENCY_KEY) || covers(IDEMPOTENCY_KEY)),
    ] {
        if !is_covered {
            let words = format!("the signature does not cover {name}");
            return Err(FieldProblem::new("Signature-Input", "NOT_COVERED", words));
        }
    }
    Ok(())
}
