//! A partner asks for tokens for a new consent or for one it has, exchanges a refresh token, or presents an
//! access token.

use super::{ConsentError, call};
use crate::consent::{ConsentId, Kind, Status};
use crate::crypto;
use crate::flow::issue_token::partner_of;
use crate::flow::{Context, FlowError, after};
use crate::partner::{Partner, PartnerKind, PeerCertificate};
use crate::payment::PaymentId;
use crate::store::consent_tokens::{self, NewConsentPair};
use crate::store::consents::{self, Consent};
use crate::store::{StoreError, partner_certificates, partners};
use secrecy::SecretString;

/// A new token pair.
#[derive(Clone, Debug)]
pub struct ConsentTokens {
    /// Bearer token (RFC 6750).
    pub access_token: SecretString,
    /// Good for one exchange.
    pub refresh_token: SecretString,
    /// Seconds the access token lives.
    pub expires_in_s: u64,
    /// The consent they are for.
    pub consent: ConsentId,
}

/// Issues a token pair for a new consent.
///
/// # Errors
/// [`FlowError::NotYou`]; [`ConsentError::NoAccountAccess`] by the partner's profile.
pub async fn issue(cx: &Context, peer: &PeerCertificate, client_id: &str) -> Result<ConsentTokens, ConsentError> {
    let partner = allowed(partner_of(cx, peer, client_id).await?)?;
    add(cx, &partner.id, &peer.sha256, |id| new_consent(cx, id, &partner.id, None)).await
}

/// Stores a new consent with its first pair.
pub(super) async fn add(
    cx: &Context,
    partner_id: &str,
    certificate: &str,
    make: impl Fn(ConsentId) -> Consent,
) -> Result<ConsentTokens, ConsentError> {
    // A drawn id is taken once in 10^15 times; three draws are enough.
    for _ in 0..3 {
        let id = ConsentId::from_random(crypto::random());
        let (issued, pair) = new_pair(cx, id, partner_id, certificate);
        let (consent, now) = (make(id), cx.now());
        let stored = cx
            .db
            .write(move |a| {
                consents::add(a, &consent)?;
                consent_tokens::add(a, &pair, now)
            })
            .await;
        match stored {
            Err(StoreError::Taken(_)) => {}
            other => return Ok(other.map(|()| issued)?),
        }
    }
    Err(FlowError::Internal("no free consent id".into()).into())
}

/// Issues another pair for a consent the partner has: tokens live minutes, a consent half a year.
///
/// # Errors
/// As [`issue`]; [`FlowError::NotFound`] when it is not one of the partner's.
pub async fn issue_again(cx: &Context, peer: &PeerCertificate, client_id: &str, id: ConsentId) -> Result<ConsentTokens, ConsentError> {
    let partner = allowed(partner_of(cx, peer, client_id).await?)?;
    let (consent, _) = call::read(cx, id).await?;
    if consent.partner_id != partner.id || consent.payment.is_some() {
        return Err(FlowError::NotFound.into());
    }
    let (issued, pair) = new_pair(cx, id, &partner.id, &peer.sha256);
    let now = cx.now();
    cx.db.write(move |a| consent_tokens::add(a, &pair, now)).await?;
    Ok(issued)
}

/// Exchanges a refresh token for the next pair; used twice, it revokes the whole family (RFC 9700 section 4.14.2).
///
/// # Errors
/// [`FlowError::NotYou`], or [`FlowError::BadToken`] when the token is not good (any more).
pub async fn refresh(cx: &Context, peer: &PeerCertificate, client_id: &str, refresh: &str) -> Result<ConsentTokens, ConsentError> {
    let partner = partner_of(cx, peer, client_id).await?;
    let hash = crypto::token_hash(refresh);
    let known = cx.db.read(move |a| consent_tokens::by_refresh(a, &hash)).await?;
    let known = known.ok_or(FlowError::BadToken)?;
    let id = known.consent().ok_or(FlowError::BadToken)?;
    let now = cx.now();
    let ran_out = known.used_at.is_none() && known.refresh_expires_at <= now;
    if known.partner_id != partner.id || known.certificate_sha256 != peer.sha256 || known.revoked_at.is_some() || ran_out {
        return Err(FlowError::BadToken.into());
    }
    let (issued, pair) = new_pair(cx, id, &partner.id, &peer.sha256);
    let exchanged = cx
        .db
        .write(move |a| {
            if known.used_at.is_none() && consent_tokens::mark_used(a, &known.id, now)? {
                consent_tokens::add(a, &pair, now)?;
                return Ok(true);
            }
            consent_tokens::revoke_all(a, id, now)?;
            Ok(false)
        })
        .await?;
    if exchanged {
        Ok(issued)
    } else {
        tracing::warn!(consent = %id, "a refresh token was used twice; its family is revoked");
        Err(FlowError::BadToken.into())
    }
}

/// Who presents this access token for a consent.
///
/// # Errors
/// [`FlowError::BadToken`]; [`FlowError::NotYou`] when the partner may not call; [`FlowError::NotFound`] when the
/// consent is not one of the partner's; [`ConsentError::NoAccountAccess`] by its profile.
pub async fn authenticate(cx: &Context, peer: &PeerCertificate, access_token: &str, id: ConsentId) -> Result<Partner, ConsentError> {
    let (hash, now, presented) = (crypto::token_hash(access_token), cx.now(), peer.clone());
    let (pair, partner, asked_for) = cx
        .db
        .read(move |a| {
            let Some(pair) = consent_tokens::by_access(a, &hash)? else {
                return Ok((None, None, None));
            };
            let partner = match partners::get(a, &pair.partner_id)? {
                Some(partner) => {
                    let accepted = partner_certificates::accepts(a, &partner, &presented)?;
                    Some((partner, accepted))
                }
                None => None,
            };
            let asked_for = consents::get(a, id)?.filter(|c| c.payment.is_none()).map(|c| c.partner_id);
            Ok((Some(pair), partner, asked_for))
        })
        .await?;
    let (pair, (partner, accepted)) = pair.zip(partner).ok_or(FlowError::BadToken)?;
    if pair.revoked_at.is_some() || pair.used_at.is_some() || pair.access_expires_at <= now || pair.certificate_sha256 != peer.sha256 {
        return Err(FlowError::BadToken.into());
    }
    if !partner.active || !accepted {
        return Err(FlowError::NotYou.into());
    }
    // Another partner's consent answers like one that does not exist; another of one's own needs its own token.
    if asked_for.as_deref() != Some(&partner.id) {
        return Err(FlowError::NotFound.into());
    }
    if pair.consent() != Some(id) {
        return Err(FlowError::BadToken.into());
    }
    allowed(partner)
}

fn allowed(partner: Partner) -> Result<Partner, ConsentError> {
    if partner.account_access && partner.kind == PartnerKind::Finance {
        Ok(partner)
    } else {
        Err(ConsentError::NoAccountAccess)
    }
}

fn new_pair(cx: &Context, consent: ConsentId, partner_id: &str, certificate_sha256: &str) -> (ConsentTokens, NewConsentPair) {
    let (access, refresh) = (crypto::new_token(), crypto::new_token());
    let now = cx.now();
    let pair = NewConsentPair {
        consent,
        partner_id: partner_id.to_owned(),
        certificate_sha256: certificate_sha256.to_owned(),
        access_hash: crypto::token_hash(&access),
        refresh_hash: crypto::token_hash(&refresh),
        access_expires_at: after(now, cx.rules.access_life),
        refresh_expires_at: after(now, cx.rules.refresh_life),
    };
    let issued = ConsentTokens {
        access_token: access.into(),
        refresh_token: refresh.into(),
        expires_in_s: cx.rules.access_life.as_secs(),
        consent,
    };
    (issued, pair)
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
