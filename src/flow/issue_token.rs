//! A partner asks for a token pair (and with it gets a payment), exchanges its refresh token, or presents
//! its access token.

use super::{Context, FlowError, after};
use crate::clock::Timestamp;
use crate::crypto;
use crate::fail_point;
use crate::partner::{Partner, PeerCertificate};
use crate::payment::PaymentId;
use crate::store::payments::Payment;
use crate::store::tokens::{self, NewPair};
use crate::store::{StoreError, partners, payments};
use secrecy::SecretString;

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

/// A new token pair.
#[derive(Clone, Debug)]
pub struct IssuedTokens {
    /// Bearer token (RFC 6750).
    pub access_token: SecretString,
    /// Good for one exchange.
    pub refresh_token: SecretString,
    /// Seconds the access token lives.
    pub expires_in_s: u64,
    /// The payment they are for.
    pub payment: PaymentId,
}

/// Issues a token pair for a new payment.
///
/// # Errors
/// [`FlowError::NotYou`] when the certificate is not the client's.
pub async fn issue_token(cx: &Context, peer: &PeerCertificate, client_id: &str, flags: TokenFlags) -> Result<IssuedTokens, FlowError> {
    let partner = partner_of(cx, peer, client_id).await?;
    // A drawn id is taken once in 10^15 times; three draws are enough.
    for _ in 0..3 {
        let id = PaymentId::from_random(crypto::random());
        let (issued, pair) = new_pair(cx, id, &partner.id, &peer.sha256);
        let payment = new_payment(cx, id, &partner, flags);
        let now = cx.now();
        let stored = cx
            .db
            .write(move |a| {
                payments::add(a, &payment)?;
                tokens::add(a, &pair, now)
            })
            .await;
        match stored {
            Err(StoreError::Taken(_)) => {}
            other => return Ok(other.map(|()| issued)?),
        }
    }
    Err(FlowError::Internal("no free payment id".into()))
}

/// Exchanges a refresh token for the next pair. A refresh token that was exchanged before revokes the whole
/// family (OAuth 2.0 Security BCP, RFC 9700 section 4.14.2).
///
/// # Errors
/// [`FlowError::NotYou`], or [`FlowError::BadToken`] when the token is not good any more.
pub async fn refresh_token(cx: &Context, peer: &PeerCertificate, client_id: &str, refresh: &str) -> Result<IssuedTokens, FlowError> {
    let partner = partner_of(cx, peer, client_id).await?;
    let hash = crypto::token_hash(refresh);
    let known = {
        let hash = hash.clone();
        cx.db
            .read(move |a| tokens::by_refresh(a, &hash))
            .await?
            .ok_or(FlowError::BadToken)?
    };
    let payment = known.payment().ok_or(FlowError::BadToken)?;
    if known.partner_id != partner.id || known.certificate_sha256 != peer.sha256 || known.revoked_at.is_some() {
        return Err(FlowError::BadToken);
    }
    let now = cx.now();
    if known.used_at.is_none() && known.refresh_expires_at <= now {
        return Err(FlowError::BadToken);
    }
    let (issued, pair) = new_pair(cx, payment, &partner.id, &peer.sha256);
    let exchanged = cx
        .db
        .write(move |a| {
            if known.used_at.is_none() && tokens::mark_used(a, &known.id, now)? {
                tokens::add(a, &pair, now)?;
                return Ok(true);
            }
            tokens::revoke_all(a, payment, now)?;
            Ok(false)
        })
        .await?;
    fail_point::may_die("tokens_rotated");
    if !exchanged {
        tracing::warn!(%payment, "a refresh token was used twice; its family is revoked");
        return Err(FlowError::BadToken);
    }
    Ok(issued)
}

/// Who presents this access token, and the payment it is for.
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
    let hash = crypto::token_hash(access_token);
    let now = cx.now();
    let (pair, partner, asked_for) = cx
        .db
        .read(move |a| {
            let Some(pair) = tokens::by_access(a, &hash)? else {
                return Ok((None, None, None));
            };
            let partner = partners::get(a, &pair.partner_id)?;
            let other = payment.filter(|id| pair.payment() != Some(*id));
            let asked_for = if let Some(id) = other {
                payments::get(a, id)?.map(|p| p.partner_id)
            } else {
                Some(pair.partner_id.clone())
            };
            Ok((Some(pair), partner, asked_for))
        })
        .await?;
    let (pair, partner) = pair.zip(partner).ok_or(FlowError::BadToken)?;
    if pair.revoked_at.is_some() || pair.used_at.is_some() || pair.access_expires_at <= now || pair.certificate_sha256 != peer.sha256 {
        return Err(FlowError::BadToken);
    }
    if !partner.active || !peer.belongs_to(&partner) {
        return Err(FlowError::NotYou);
    }
    // Another partner's payment answers like one that does not exist; another of one's own needs its own token.
    match payment {
        Some(_) if asked_for.as_deref() != Some(&partner.id) => Err(FlowError::NotFound),
        Some(id) if pair.payment() != Some(id) => Err(FlowError::BadToken),
        _ => Ok(partner),
    }
}

pub(super) async fn partner_of(cx: &Context, peer: &PeerCertificate, client_id: &str) -> Result<Partner, FlowError> {
    let wanted = client_id.to_owned();
    let partner = cx.db.read(move |a| partners::by_client_id(a, &wanted)).await?;
    partner.filter(|p| p.active && peer.belongs_to(p)).ok_or(FlowError::NotYou)
}

fn new_pair(cx: &Context, payment: PaymentId, partner_id: &str, certificate_sha256: &str) -> (IssuedTokens, NewPair) {
    let (access, refresh) = (crypto::new_token(), crypto::new_token());
    let now = cx.now();
    let pair = NewPair {
        payment,
        partner_id: partner_id.to_owned(),
        certificate_sha256: certificate_sha256.to_owned(),
        access_hash: crypto::token_hash(&access),
        refresh_hash: crypto::token_hash(&refresh),
        access_expires_at: after(now, cx.rules.access_life),
        refresh_expires_at: after(now, cx.rules.refresh_life),
    };
    let expires_in_s = cx.rules.access_life.as_secs();
    (
        IssuedTokens {
            access_token: access.into(),
            refresh_token: refresh.into(),
            expires_in_s,
            payment,
        },
        pair,
    )
}

fn new_payment(cx: &Context, id: PaymentId, partner: &Partner, flags: TokenFlags) -> Payment {
    let now: Timestamp = cx.now();
    Payment {
        flexible_url: flags.flexible_url,
        link_to_pay: flags.link_to_pay,
        headless: flags.headless,
        ..Payment::new(id, &partner.id, partner.currency, now, after(now, cx.rules.link_life))
    }
}
