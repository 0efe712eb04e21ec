//! A partner asks for a token pair and with it gets a payment, or presents an access token.

use super::tokens::{IssuedTokens, issue_with, partner_of, presented};
use super::{Context, FlowError, after};
use crate::clock::Timestamp;
use crate::crypto;
use crate::partner::{Partner, PeerCertificate};
use crate::payment::PaymentId;
use crate::store::payments::{self, Payment};

/// Flags of the token call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenFlags {
    /// The partner sends the link to the payer.
    pub link_to_pay: bool,
    /// The partner wants to vary its redirect URL.
    pub flexible_url: bool,
    /// The partner shows no page of its own.
    pub headless: bool,
}

/// Issues a token pair for a new payment.
///
/// # Errors
/// [`FlowError::NotYou`] when the certificate is not the client's.
pub async fn issue_token(
    cx: &Context,
    peer: &PeerCertificate,
    client_id: &str,
    flags: TokenFlags,
) -> Result<IssuedTokens<PaymentId>, FlowError> {
    let partner = partner_of(cx, peer, client_id).await?;
    let draw = || PaymentId::from_random(crypto::random());
    let make = |id| new_payment(cx, id, &partner, flags);
    issue_with(cx, (&partner.id, &peer.sha256), draw, make, payments::add).await
}

/// Who presents this access token, and may act on the payment where one is named.
///
/// # Errors
/// [`FlowError::BadToken`]; [`FlowError::NotYou`] when the partner may not call; [`FlowError::NotFound`]
/// when the payment is not one of the partner's.
pub async fn authenticate(
    cx: &Context,
    peer: &PeerCertificate,
    access_token: &str,
    payment: Option<PaymentId>,
) -> Result<Partner, FlowError> {
    presented(cx, peer, access_token, payment, |a, id| {
        Ok(payments::get(a, id)?.map(|p| p.partner_id))
    })
    .await
}

pub(super) fn new_payment(cx: &Context, id: PaymentId, partner: &Partner, flags: TokenFlags) -> Payment {
    let now: Timestamp = cx.now();
    Payment {
        flexible_url: flags.flexible_url,
        link_to_pay: flags.link_to_pay,
        headless: flags.headless,
        ..Payment::new(id, &partner.id, partner.currency, now, after(now, cx.rules.link_life))
    }
}
