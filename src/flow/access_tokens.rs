//! Access tokens of a partner as such (OAuth 2.0, RFC 6749 section 4.4), beside the token pairs of single payments: a
//! JWT (RFC 9068) signed by us, bound to the certificate that asked for it (RFC 8705 section 3), good for its scope.
//!
//! **Invariant:** a token alone is worth nothing: each use is judged together with the certificate that TLS verified,
//! and the partner must still be allowed to call with it.

use super::signing_keys::SKEW_S;
use super::tokens::partner_of;
use super::{Context, FlowError};
use crate::crypto;
use crate::partner::{Partner, PeerCertificate};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Duration;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// How long a token lives, in seconds.
pub const LIFE_S: i64 = 300;
/// The media type of the token (RFC 9068 section 2.1).
const TYPE: &str = "at+jwt";

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Start payments.
    CreatePayments,
    /// Read where the partner's own payments stand.
    ReadPayments,
    /// Read the banks.
    ReadBanks,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CreatePayments, Self::ReadPayments, Self::ReadBanks];

    /// Its name (RFC 6749 section 3.3).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreatePayments => "payments:create",
            Self::ReadPayments => "payments:read",
            Self::ReadBanks => "banks:read",
        }
    }

    /// The scope of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The JWT.
    pub access_token: SecretString,
    /// Seconds it lives.
    pub expires_in_s: i64,
    /// What it is good for, names with spaces between.
    pub scope: String,
}

/// Why a token is refused.
#[derive(Clone, Debug)]
pub enum TokenRefused {
    /// As for every other call.
    Flow(FlowError),
    /// It is good, but not for this (RFC 6750 section 3.1, `insufficient_scope`).
    Scope(Scope),
}

impl From<FlowError> for TokenRefused {
    fn from(error: FlowError) -> Self {
        Self::Flow(error)
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    client_id: String,
    iat: i64,
    exp: i64,
    jti: String,
    scope: String,
    cnf: Confirmation,
}

#[derive(Serialize, Deserialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256")]
    certificate: String,
}

impl Context {
    /// The issuer of access tokens (RFC 8414 section 2): the public site, without a slash at the end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.rules.base_url.as_str().trim_end_matches('/')
    }

    /// What access tokens are for (RFC 8707): the gateway, without a slash at the end.
    #[must_use]
    pub fn audience(&self) -> &str {
        self.rules.gateway_url.as_str().trim_end_matches('/')
    }
}

/// Issues a token to the partner of a certificate.
///
/// # Errors
/// [`FlowError::NotYou`] when the certificate is not the client's; [`FlowError`] of the keys.
pub async fn grant(cx: &Context, peer: &PeerCertificate, client_id: &str, scopes: &[Scope]) -> Result<Granted, FlowError> {
    let partner = partner_of(cx, peer, client_id).await?;
    let (keys, now) = (cx.signing_keys().await?, cx.now());
    let key = keys.signer(now).ok_or_else(|| FlowError::Internal("no key signs now".into()))?;
    let iat = now.and_utc().timestamp();
    let scope = scopes.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(" ");
    let claims = Claims {
        iss: cx.issuer().to_owned(),
        aud: cx.audience().to_owned(),
        sub: partner.client_id.clone(),
        client_id: partner.client_id,
        iat,
        exp: iat + LIFE_S,
        jti: crypto::new_state(),
        scope: scope.clone(),
        cnf: Confirmation {
            certificate: thumbprint(peer)?,
        },
    };
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some(TYPE.into());
    header.kid = Some(key.kid().to_owned());
    let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ec_der(key.pkcs8()))
        .map_err(|error| FlowError::Internal(format!("signing a token: {error}")))?;
    Ok(Granted {
        access_token: token.into(),
        expires_in_s: LIFE_S,
        scope,
    })
}

/// SHA-256 of the certificate as unpadded base64url (RFC 8705 section 3.1).
fn thumbprint(peer: &PeerCertificate) -> Result<String, FlowError> {
    let hex = peer.sha256.as_bytes().chunks(2);
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = hex.map(byte).collect();
    let bytes = bytes.ok_or_else(|| FlowError::Internal("a fingerprint is not hexadecimal".into()))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether a bearer token is one of these: those of single payments and consents have no dots.
#[must_use]
pub fn is_one(token: &str) -> bool {
    token.contains('.')
}

/// The partner that presents a token, for something that needs `needed`.
///
/// # Errors
/// [`FlowError::BadToken`] when the token is not ours, has ended, is for somebody else, or was issued to another
/// certificate; [`FlowError::NotYou`] when the partner may not call any more; [`TokenRefused::Scope`].
pub async fn presented(cx: &Context, peer: &PeerCertificate, token: &str, needed: Scope) -> Result<Partner, TokenRefused> {
    let claims = verified(cx, token).await?;
    if !crypto::same(&claims.cnf.certificate, &thumbprint(peer)?) {
        return Err(FlowError::BadToken.into());
    }
    let partner = partner_of(cx, peer, &claims.client_id).await?;
    if !claims.scope.split(' ').any(|scope| scope == needed.as_str()) {
        return Err(TokenRefused::Scope(needed));
    }
    Ok(partner)
}

async fn verified(cx: &Context, token: &str) -> Result<Claims, FlowError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| FlowError::BadToken)?;
    let is_ours = header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE)) && header.crit.is_none();
    let kid = header.kid.filter(|_| is_ours).ok_or(FlowError::BadToken)?;
    let (keys, now) = (cx.signing_keys().await?, cx.now());
    let key = keys
        .verifier(&kid, now, Duration::seconds(LIFE_S + SKEW_S))
        .ok_or(FlowError::BadToken)?;
    let crypto::signing::PublicKey::P256(point) = key else {
        return Err(FlowError::BadToken);
    };
    // The algorithm is ours to say, not the token's (RFC 8725 section 3.1).
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[cx.issuer()]);
    validation.set_audience(&[cx.audience()]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // By our own clock, below.
    validation.validate_exp = false;
    let read = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_ec_der(point), &validation);
    let claims = read.map_err(|_| FlowError::BadToken)?.claims;
    let now = now.and_utc().timestamp();
    if claims.exp <= now || claims.iat > now + SKEW_S || claims.sub != claims.client_id {
        return Err(FlowError::BadToken);
    }
    Ok(claims)
}
