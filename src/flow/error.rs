//! What a caller can do about an error. `BankError` and `StoreError` say what happened; [`FlowError`] says
//! what follows for the caller; `web/error.rs` turns that into an envelope or a page.

use crate::store::StoreError;

/// One thing wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field as the caller knows it.
    pub field: String,
    /// A stable word.
    pub code: &'static str,
    /// A sentence that says how to mend it.
    pub message: String,
}

impl FieldProblem {
    /// A problem of a field.
    #[must_use]
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}

/// What a caller can do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FlowError {
    /// Nothing the caller may know of.
    #[error("not found")]
    NotFound,
    /// No token, or one that is not good for this.
    #[error("the token is missing, unknown, expired or for another payment")]
    BadToken,
    /// The certificate and the client id do not belong together, or the partner may not call.
    #[error("the certificate does not belong to this client id, or the partner is suspended")]
    NotYou,
    /// Input that must be mended.
    #[error("the input is not valid")]
    Invalid(Vec<FieldProblem>),
    /// Well-formed input that breaks a rule.
    #[error("the order breaks a rule")]
    AgainstRules(Vec<FieldProblem>),
    /// The same id was used with other content.
    #[error("another order was sent under this id")]
    OtherContent,
    /// Not possible in the payment's state.
    #[error("not possible in this state")]
    NotAllowed,
    /// Too many tries.
    #[error("too many tries")]
    TooMany,
    /// Somebody else acts right now; try again in a moment.
    #[error("busy")]
    Busy,
    /// Our own fault.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<StoreError> for FlowError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Conflict => Self::Busy,
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<serde_json::Error> for FlowError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(format!("stored JSON is unreadable (column {})", error.column()))
    }
}
