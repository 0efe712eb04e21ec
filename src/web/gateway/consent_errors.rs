//! What partners are told when something about a consent does not work.

use super::ApiError;
use crate::flow::consents::ConsentError;
use crate::flow::{FieldProblem, FlowError};
use actix_web::http::StatusCode;

/// A day: when the bank may be asked again.
const TOMORROW_S: u64 = 86_400;
/// Banks that are away are rarely back at once.
const LATER_S: u64 = 60;

impl ApiError {
    pub(super) fn no_consent() -> Self {
        Self::new(StatusCode::NOT_FOUND, "CONSENT_NOT_FOUND", "There is no such consent.")
    }

    pub(super) fn not_in_consent() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "ACCOUNT_NOT_IN_CONSENT",
            "The consent does not cover this account or transaction, or the bank does not know it.",
        )
    }
}

fn flow_error(error: FlowError) -> ApiError {
    match error {
        FlowError::NotFound => ApiError::no_consent(),
        FlowError::AgainstRules(problems) => ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "RULE_BROKEN",
            "The request is well-formed but breaks a rule; moreDetails names it.",
        )
        .with(problems),
        FlowError::OtherContent => ApiError::new(
            StatusCode::CONFLICT,
            "OTHER_CONTENT",
            "Other terms were sent for this consent before; it stays as it was.",
        ),
        FlowError::NotAllowed => ApiError::new(
            StatusCode::CONFLICT,
            "NOT_POSSIBLE_NOW",
            "This is not possible with the consent as it is now; consentStatus tells how it stands.",
        ),
        other => other.into(),
    }
}

impl From<ConsentError> for ApiError {
    fn from(error: ConsentError) -> Self {
        match error {
            ConsentError::Flow(error) => flow_error(error),
            ConsentError::NoAccountAccess => Self::new(
                StatusCode::FORBIDDEN,
                "ACCOUNT_ACCESS_NOT_ALLOWED",
                "The partner's profile does not include access to accounts.",
            ),
            ConsentError::NotValid => Self::new(
                StatusCode::CONFLICT,
                "CONSENT_NOT_VALID",
                "The consent is not given, or has ended; consentStatus tells how it stands.",
            ),
            ConsentError::OtherKind => Self::new(
                StatusCode::CONFLICT,
                "CONSENT_OF_OTHER_KIND",
                "The consent is for funds confirmation only, not for reading accounts.",
            ),
            ConsentError::NotOffered => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "BANK_DOES_NOT_OFFER",
                "The bank does not offer this.",
            ),
            ConsentError::NotInConsent => Self::not_in_consent(),
            ConsentError::TooOften => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "READ_TOO_OFTEN",
                "Without the payer, the same may be read four times a day (RTS 2018/389 Art. 36(5)).",
            )
            .retry_after(TOMORROW_S),
            ConsentError::Unavailable => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "BANK_UNAVAILABLE",
                "The bank does not answer now, or its answer cannot be used; please repeat the call later.",
            )
            .retry_after(LATER_S),
            ConsentError::Refused(code) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "BANK_REFUSED",
                "The bank refused; moreDetails has its own code.",
            )
            .with(vec![FieldProblem::new("bank", "BANK_CODE", code)]),
        }
    }
}
