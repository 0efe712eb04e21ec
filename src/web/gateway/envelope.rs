//! The envelope of every answer, and the errors in it.

use crate::flow::{FieldProblem, FlowError};
use crate::web::error::new_reference;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

/// What a signature on a request must cover (RFC 9421 section 5.1).
const ACCEPT_SIGNATURE: &str = r#"sig1=("@method" "@target-uri" "content-digest");created;keyid"#;

/// A successful answer: `status`, `messageStatus` and the call's own fields beside them.
#[derive(Debug, Serialize)]
pub struct Success<T: Serialize> {
    status: u16,
    #[serde(rename = "messageStatus")]
    message_status: &'static str,
    #[serde(flatten)]
    content: T,
}

/// HTTP 200 with the envelope.
pub fn success<T: Serialize>(content: T) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Success {
        status: 200,
        message_status: "SUCCESS",
        content,
    })
}

#[derive(Debug, Serialize)]
struct Detail {
    field: String,
    code: &'static str,
    message: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    status: u16,
    message_status: &'a str,
    message: &'a str,
    more_details: &'a [Detail],
    reference: &'a str,
}

/// An error in the envelope.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    details: Box<[Detail]>,
    retry_after_s: Option<u64>,
    allowed: Option<&'static str>,
    challenge: Option<Box<str>>,
    wants_signature: bool,
    reference: Box<str>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        let reference = new_reference();
        tracing::info!(reference, status = status.as_u16(), code, "gateway refusal");
        Self {
            status,
            code,
            message,
            details: Box::default(),
            retry_after_s: None,
            allowed: None,
            challenge: None,
            wants_signature: false,
            reference: reference.into(),
        }
    }

    pub(super) fn with(mut self, problems: Vec<FieldProblem>) -> Self {
        self.details = problems
            .into_iter()
            .map(|p| Detail {
                field: p.field,
                code: p.code,
                message: p.message,
            })
            .collect();
        self
    }

    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    pub(super) fn invalid(problems: Vec<FieldProblem>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "INVALID_REQUEST",
            "The request has fields that are missing or not valid; moreDetails names them.",
        )
        .with(problems)
    }

    pub(super) fn unreadable(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message)
    }

    pub(super) fn bad_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "INVALID_TOKEN",
            "The token is missing, unknown, expired, or belongs to another payment or certificate.",
        )
    }

    /// As [`Self::bad_token`], for an access token of the partner itself (RFC 6750 section 3.1).
    pub(super) fn bad_access_token() -> Self {
        let mut error = Self::bad_token();
        error.challenge = Some("Bearer error=\"invalid_token\"".into());
        error
    }

    /// The access token is good, but not for this call (RFC 6750 section 3.1).
    pub(super) fn insufficient_scope(needed: &str) -> Self {
        let mut error = Self::new(
            StatusCode::FORBIDDEN,
            "INSUFFICIENT_SCOPE",
            "The access token was not issued for this call; ask for one with the scope that WWW-Authenticate names.",
        );
        error.challenge = Some(format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\"").into());
        error
    }

    /// The request must be signed, and is not.
    pub(super) fn not_signed() -> Self {
        let mut error = Self::new(
            StatusCode::UNAUTHORIZED,
            "SIGNATURE_REQUIRED",
            "This partner's requests must be signed (RFC 9421); Accept-Signature says how.",
        );
        error.wants_signature = true;
        error
    }

    /// The signature on the request does not hold.
    pub(super) fn bad_signature(problem: FieldProblem) -> Self {
        let mut error = Self::new(
            StatusCode::UNAUTHORIZED,
            "SIGNATURE_INVALID",
            "The signature on the request does not hold; moreDetails says why.",
        )
        .with(vec![problem]);
        error.wants_signature = true;
        error
    }

    pub(super) fn not_you() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "CLIENT_NOT_ALLOWED",
            "The certificate and the client id do not belong together, or the partner is suspended.",
        )
    }

    pub(super) fn no_payment() -> Self {
        Self::new(StatusCode::NOT_FOUND, "PAYMENT_NOT_FOUND", "There is no such payment.")
    }

    pub(super) fn no_such_call() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NO_SUCH_CALL", "There is no such call at this address.")
    }

    pub(super) fn wrong_method(allowed: &'static str) -> Self {
        let mut error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "WRONG_METHOD",
            "This call exists, but not with this HTTP method.",
        );
        error.allowed = Some(allowed);
        error
    }

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", "The request body is too large.")
    }

    pub(super) fn wrong_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_CONTENT_TYPE",
            "The Content-Type of the body is not one this call reads.",
        )
    }

    pub(super) fn too_many(seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_REQUESTS",
            "Too many requests with this certificate; wait as Retry-After says.",
        )
        .retry_after(seconds)
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.code)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after_s {
            answer.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(method) = self.allowed {
            // RFC 9110 section 15.5.6.
            answer.insert_header((ALLOW, method));
        }
        if let Some(challenge) = &self.challenge {
            answer.insert_header((WWW_AUTHENTICATE, challenge.as_ref()));
        } else if self.status == StatusCode::UNAUTHORIZED {
            // RFC 6750 section 3.
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if self.wants_signature {
            answer.insert_header(("Accept-Signature", ACCEPT_SIGNATURE));
        }
        if self.status == StatusCode::PAYLOAD_TOO_LARGE {
            // What is left of the body is not read, so the connection cannot be used again.
            answer.force_close();
        }
        answer.json(Failure {
            status: self.status.as_u16(),
            message_status: self.code,
            message: self.message,
            more_details: &self.details,
            reference: &self.reference,
        })
    }
}

impl From<FlowError> for ApiError {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::NotFound => Self::no_payment(),
            FlowError::BadToken => Self::bad_token(),
            FlowError::NotYou => Self::not_you(),
            FlowError::Invalid(problems) => Self::invalid(problems),
            FlowError::AgainstRules(problems) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "RULE_BROKEN",
                "The order is well-formed but breaks a rule; moreDetails names it.",
            )
            .with(problems),
            FlowError::OtherContent => Self::new(
                StatusCode::CONFLICT,
                "OTHER_CONTENT",
                "Another order was sent for this payment before; it stays as it was.",
            ),
            FlowError::NotAllowed => Self::new(
                StatusCode::CONFLICT,
                "NOT_POSSIBLE_NOW",
                "The payment has moved on; this is not possible any more.",
            ),
            FlowError::TooMany => Self::too_many(60),
            FlowError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "BUSY",
                "Nothing was changed; please repeat the call in a moment.",
            )
            .retry_after(1),
            FlowError::Internal(cause) => {
                let answer = Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "UNAVAILABLE",
                    "The service cannot answer now; please repeat the call.",
                )
                .retry_after(5);
                tracing::error!(reference = &*answer.reference, cause, "gateway fault");
                answer
            }
        }
    }
}
