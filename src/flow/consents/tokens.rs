//! A partner asks for tokens for a new consent or for one it has, or presents an access token.

use super::{ConsentError, call};
use crate::consent::{ConsentId, Kind, Status};
use crate::crypto;
use crate::flow::tokens::{IssuedTokens, issue_with, new_pair, partner_of, presented};
use crate::flow::{Context, FlowError, after};
use crate::partner::{Partner, PartnerKind, PeerCertificate};
use crate::payment::PaymentId;
use crate::store::consents::{self, Consent};
use crate::store::tokens::TokenResource as _;

/// Issues a token pair for a new consent.
///
/// # Errors
/// [`FlowError::NotYou`]; [`ConsentError::NoAccountAccess`] by the partner's profile.
pub async fn issue(cx: &Context, peer: &PeerCertificate, client_id: &str) -> Result<IssuedTokens<ConsentId>, ConsentError> {
    let partner = allowed(partner_of(cx, peer, client_id).await?)?;
    add(cx, &partner.id, &peer.sha256, |id| new_consent(cx, id, &partner.id, None)).await
}

/// Stores a new consent with its first pair.
pub(super) async fn add(
    cx: &Context,
    partner_id: &str,
    certificate: &str,
    make: impl Fn(ConsentId) -> Consent,
) -> Result<IssuedTokens<ConsentId>, ConsentError> {
    let draw = || ConsentId::from_random(crypto::random());
    Ok(issue_with(cx, (partner_id, certificate), draw, make, consents::add).await?)
}

/// Issues another pair for a consent the partner has: tokens live minutes, a consent half a year.
///
/// # Errors
/// As [`issue`]; [`FlowError::NotFound`] when it is not one of the partner's.
pub async fn issue_again(
    cx: &Context,
    peer: &PeerCertificate,
    client_id: &str,
    id: ConsentId,
) -> Result<IssuedTokens<ConsentId>, ConsentError> {
    let partner = allowed(partner_of(cx, peer, client_id).await?)?;
    let (consent, _) = call::read(cx, id).await?;
    if consent.partner_id != partner.id || consent.payment.is_some() {
        return Err(FlowError::NotFound.into());
    }
    let (issued, pair) = new_pair(cx, id, &partner.id, &peer.sha256);
    let now = cx.now();
    cx.db.write(move |a| ConsentId::add(a, &pair, now)).await?;
    Ok(issued)
}

/// Who presents this access token for a consent.
///
/// # Errors
/// [`FlowError::BadToken`]; [`FlowError::NotYou`] when the partner may not call; [`FlowError::NotFound`] when the
/// consent is not one of the partner's; [`ConsentError::NoAccountAccess`] by its profile.
pub async fn authenticate(cx: &Context, peer: &PeerCertificate, access_token: &str, id: ConsentId) -> Result<Partner, ConsentError> {
    // A consent by which a payer chooses an account is ours: no partner has it.
    let partner = presented(cx, peer, access_token, Some(id), |a, id| {
        let consent = consents::get(a, id)?.filter(|c| c.payment.is_none());
        Ok(consent.map(|c| c.partner_id))
    });
    allowed(partner.await?)
}

fn allowed(partner: Partner) -> Result<Partner, ConsentError> {
    if partner.account_access && partner.kind == PartnerKind::Finance {
        Ok(partner)
    } else {
        Err(ConsentError::NoAccountAccess)
    }
}

/// A consent of which nothing is known yet.
pub(super) fn new_consent(cx: &Context, id: ConsentId, partner_id: &str, payment: Option<PaymentId>) -> Consent {
    let now = cx.now();
    let expires_at = after(now, cx.rules.link_life);
    Consent {
        id,
        partner_id: partner_id.to_owned(),
        payment,
        status: Status::Created,
        bank_word: None,
        reason: None,
        bank_code: None,
        kind: Kind::Accounts,
        recurring: false,
        valid_until: None,
        request_hash: None,
        link_state: None,
        redirect_url: None,
        language: None,
        psu_id_at_partner: None,
        browser_hash: None,
        callback_hash: None,
        session: None,
        psu_step: None,
        page: None,
        notice: None,
        attempts: 0,
        polls: 0,
        version: 0,
        lease_until: None,
        due_at: Some(expires_at),
        expires_at,
        created_at: now,
        updated_at: now,
        ended_at: None,
    }
}
