//! A partner asks for a token pair and with it gets a payment, or presents an access token.

use super::tokens::{IssuedTokens, issue_with, partner_of, presented};
use super::{Context, FlowError, after};
use crate::clock::Timestamp;
use crate::crypto;
use crate::partner::{Partner, PeerCertificate};
use crate::payment::{PaymentId, Status};
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

fn new_payment(cx: &Context, id: PaymentId, partner: &Partner, flags: TokenFlags) -> Payment {
    let now: Timestamp = cx.now();
    let expires_at = after(now, cx.rules.link_life);
    Payment {
        id,
        partner_id: partner.id.clone(),
        status: Status::Created,
        bank_word: None,
        reason: None,
        version: 0,
        lease_until: None,
        due_at: Some(expires_at),
        attempts: 0,
        polls: 0,
        flexible_url: flags.flexible_url,
        link_to_pay: flags.link_to_pay,
        headless: flags.headless,
        external_payment_id: None,
        request_hash: None,
        link_state: None,
        redirect_url: None,
        language: None,
        terms_accepted: false,
        currency: partner.currency,
        psu_id_at_partner: None,
        psu_email: None,
        debtor_iban: None,
        bank_code: None,
        browser_hash: None,
        confirmed_hash: None,
        callback_hash: None,
        bank_payment_id: None,
        bank_session: None,
        psu_step: None,
        notice: None,
        created_at: now,
        updated_at: now,
        expires_at,
        ended_at: None,
        schedule: None,
        code_tries: 0,
        hand_over_hash: None,
        hand_over_until: None,
        doubted: false,
        instructions: Vec::new(),
        instruction_words: Vec::new(),
        instruction_texts: Vec::new(),
    }
}
