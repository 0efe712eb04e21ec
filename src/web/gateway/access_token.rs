//! Calls with an access token of the partner itself (RFC 9068), instead of a payment's.

use super::ApiError;
use crate::flow::access_tokens::{Scope, TokenRefused, presented};
use crate::flow::{Context, FlowError};
use crate::partner::{Partner, PeerCertificate};

impl From<TokenRefused> for ApiError {
    fn from(refused: TokenRefused) -> Self {
        match refused {
            TokenRefused::Flow(FlowError::BadToken) => Self::bad_access_token(),
            TokenRefused::Flow(error) => error.into(),
            TokenRefused::Scope(needed) => Self::insufficient_scope(needed.as_str()),
        }
    }
}

/// The partner that presents a token for a call that needs `scope`.
pub(super) async fn partner_of(cx: &Context, peer: &PeerCertificate, token: &str, scope: Scope) -> Result<Partner, ApiError> {
    Ok(presented(cx, peer, token, scope).await?)
}
