//! Why something about a consent did not work.

use crate::bank::BankError;
use crate::flow::FlowError;
use crate::store::StoreError;

/// What a caller can do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConsentError {
    /// As with payments.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The partner's profile does not include access to accounts.
    #[error("the partner may not ask for access to accounts")]
    NoAccountAccess,
    /// The consent is not given, or has ended.
    #[error("the consent is not valid")]
    NotValid,
    /// The consent is for something else.
    #[error("the consent is for something else")]
    OtherKind,
    /// The bank does not do that.
    #[error("the bank does not offer that")]
    NotOffered,
    /// The consent does not cover this account.
    #[error("the account is not in the consent")]
    NotInConsent,
    /// Read as often today as it may be without the PSU, or the bank itself says so.
    #[error("read too often today")]
    TooOften,
    /// The bank cannot be reached, or its answer cannot be used.
    #[error("the bank is not available")]
    Unavailable,
    /// The bank refused for another reason.
    #[error("the bank refused: {0}")]
    Refused(String),
}

impl From<StoreError> for ConsentError {
    fn from(error: StoreError) -> Self {
        Self::Flow(error.into())
    }
}

impl From<serde_json::Error> for ConsentError {
    fn from(error: serde_json::Error) -> Self {
        Self::Flow(error.into())
    }
}

impl From<&BankError> for ConsentError {
    fn from(error: &BankError) -> Self {
        match error {
            BankError::NotSent(_) | BankError::Unknown(_) => Self::Unavailable,
            BankError::Refused { status: 429, .. } => Self::TooOften,
            BankError::Refused { status, code, .. } if code.is_empty() => Self::Refused(status.to_string()),
            BankError::Refused { code, .. } => Self::Refused(code.clone()),
            BankError::Unsupported => Self::NotOffered,
        }
    }
}
