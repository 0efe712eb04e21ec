//! The rules of token pairs, the same for a payment's and a consent's: how one is drawn, exchanged and presented.

use super::{Context, FlowError, after};
use crate::crypto;
use crate::fail_point;
use crate::partner::{Partner, PeerCertificate};
use crate::store::tokens::{Hash, NewPair, TokenPair, TokenResource};
use crate::store::{Access, StoreError, partner_certificates, partners};
use secrecy::SecretString;

/// A new token pair.
#[derive(Clone, Debug)]
pub struct IssuedTokens<R> {
    /// Bearer token (RFC 6750).
    pub access_token: SecretString,
    /// Good for one exchange.
    pub refresh_token: SecretString,
    /// Seconds the access token lives.
    pub expires_in_s: u64,
    /// The payment or consent they are for.
    pub resource: R,
}

/// The partner that calls, if it may.
pub(super) async fn partner_of(cx: &Context, peer: &PeerCertificate, client_id: &str) -> Result<Partner, FlowError> {
    let (wanted, certificate) = (client_id.to_owned(), peer.clone());
    let partner = cx
        .db
        .read(move |a| {
            let Some(partner) = partners::by_client_id(a, &wanted)? else {
                return Ok(None);
            };
            Ok(partner_certificates::accepts(a, &partner, &certificate)?.then_some(partner))
        })
        .await?;
    partner.filter(|p| p.active).ok_or(FlowError::NotYou)
}

/// Draws a pair, bound to a partner and its certificate (SHA-256, lower-case hexadecimal).
pub(super) fn new_pair<R: TokenResource>(
    cx: &Context,
    resource: R,
    partner_id: &str,
    certificate_sha256: &str,
) -> (IssuedTokens<R>, NewPair<R>) {
    let (access, refresh) = (crypto::new_token(), crypto::new_token());
    let now = cx.now();
    let pair = NewPair {
        resource,
        partner_id: partner_id.to_owned(),
        certificate_sha256: certificate_sha256.to_owned(),
        access_hash: crypto::token_hash(&access),
        refresh_hash: crypto::token_hash(&refresh),
        access_expires_at: after(now, cx.rules.access_life),
        refresh_expires_at: after(now, cx.rules.refresh_life),
    };
    let issued = IssuedTokens {
        access_token: access.into(),
        refresh_token: refresh.into(),
        expires_in_s: cx.rules.access_life.as_secs(),
        resource,
    };
    (issued, pair)
}

/// Stores something new, under an id that is `draw`n, with its first pair.
pub(super) async fn issue_with<R: TokenResource, T: Send + 'static>(
    cx: &Context,
    (partner_id, certificate_sha256): (&str, &str),
    draw: impl Fn() -> R,
    make: impl Fn(R) -> T,
    add: fn(&mut Access<'_>, &T) -> Result<(), StoreError>,
) -> Result<IssuedTokens<R>, FlowError> {
    // A drawn id is taken once in 10^15 times; three draws are enough.
    for _ in 0..3 {
        let resource = draw();
        let (issued, pair) = new_pair(cx, resource, partner_id, certificate_sha256);
        let (new, now) = (make(resource), cx.now());
        let stored = cx
            .db
            .write(move |a| {
                add(a, &new)?;
                R::add(a, &pair, now)
            })
            .await;
        match stored {
            Err(StoreError::Taken(_)) => {}
            other => return Ok(other.map(|()| issued)?),
        }
    }
    Err(FlowError::Internal(format!("no free {} id", R::KIND)))
}

/// Exchanges a refresh token for the next pair. A refresh token that was exchanged before revokes the whole
/// family (OAuth 2.0 Security BCP, RFC 9700 section 4.14.2).
///
/// # Errors
/// [`FlowError::NotYou`], or [`FlowError::BadToken`] when the token is not good (any more).
pub async fn exchange<R: TokenResource>(
    cx: &Context,
    peer: &PeerCertificate,
    client_id: &str,
    refresh: &str,
) -> Result<IssuedTokens<R>, FlowError> {
    let partner = partner_of(cx, peer, client_id).await?;
    let hash = crypto::token_hash(refresh);
    let known = cx.db.read(move |a| R::find(a, Hash::Refresh(&hash))).await?;
    let known = known.ok_or(FlowError::BadToken)?;
    let now = cx.now();
    let ran_out = known.used_at.is_none() && known.refresh_expires_at <= now;
    if known.partner_id != partner.id || known.certificate_sha256 != peer.sha256 || known.revoked_at.is_some() || ran_out {
        return Err(FlowError::BadToken);
    }
    let resource = known.resource;
    let (issued, pair) = new_pair(cx, resource, &partner.id, &peer.sha256);
    let exchanged = cx
        .db
        .write(move |a| {
            if known.used_at.is_none() && R::mark_used(a, &known.id, now)? {
                R::add(a, &pair, now)?;
                return Ok(true);
            }
            resource.revoke_all(a, now)?;
            Ok(false)
        })
        .await?;
    fail_point::may_die("tokens_rotated");
    if exchanged {
        Ok(issued)
    } else {
        tracing::warn!(of = R::KIND, id = %resource, "a refresh token was used twice; its family is revoked");
        Err(FlowError::BadToken)
    }
}

/// Who presents this access token, for `asked` where the call names one. `owner` answers the id of the partner that
/// one is of; `None` where no partner has it.
///
/// # Errors
/// [`FlowError::BadToken`]; [`FlowError::NotYou`] when the partner may not call; [`FlowError::NotFound`] when
/// `asked` is not one of the partner's.
pub(super) async fn presented<R: TokenResource>(
    cx: &Context,
    peer: &PeerCertificate,
    access_token: &str,
    asked: Option<R>,
    owner: fn(&mut Access<'_>, R) -> Result<Option<String>, StoreError>,
) -> Result<Partner, FlowError> {
    let (hash, now, certificate) = (crypto::token_hash(access_token), cx.now(), peer.clone());
    let found = cx
        .db
        .read(move |a| {
            let Some(pair) = R::find(a, Hash::Access(&hash))? else {
                return Ok(None);
            };
            let Some(partner) = partners::get(a, &pair.partner_id)? else {
                return Ok(None);
            };
            let accepted = partner_certificates::accepts(a, &partner, &certificate)?;
            let other = asked.filter(|asked| pair.resource != *asked);
            let owner = other.map(|other| owner(a, other)).transpose()?;
            Ok(Some((pair, partner, accepted, owner)))
        })
        .await?;
    let (pair, partner, accepted, owner_of_other) = found.ok_or(FlowError::BadToken)?;
    if !is_good(&pair, peer, now) {
        return Err(FlowError::BadToken);
    }
    if !partner.active || !accepted {
        return Err(FlowError::NotYou);
    }
    // What is another partner's answers like what does not exist; another of one's own needs its own token.
    match owner_of_other {
        None => Ok(partner),
        Some(owner) if owner.as_ref() == Some(&partner.id) => Err(FlowError::BadToken),
        Some(_) => Err(FlowError::NotFound),
    }
}

fn is_good<R>(pair: &TokenPair<R>, peer: &PeerCertificate, now: crate::clock::Timestamp) -> bool {
    pair.revoked_at.is_none() && pair.used_at.is_none() && pair.access_expires_at > now && pair.certificate_sha256 == peer.sha256
}
