//! Who somebody is, in the words of the company's OpenID Connect provider (OpenID Connect Core 1.0, code flow with
//! PKCE, RFC 7636).
//!
//! **Invariant:** a name leaves this module only out of an ID token that this provider signed for us, for this very
//! attempt; nothing here knows a user of ours, keeps anything, or writes a token, a code or a name into the log.

mod conversation;
mod http;

use crate::bank::http::{BankHttp, BankHttpError, BankHttpSettings, is_safe_destination};
use crate::clock::Timestamp;
use chrono::Duration;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey, CoreJsonWebKeySet,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, DiscoveryError, IssuerUrl, JsonWebKeySet, ProviderMetadata};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use url::Url;

/// How long what the provider publishes about itself is used before it is read again.
const DISCOVERY_LIFE: Duration = Duration::hours(1);
/// From the start of a call to the provider to a connection, in milliseconds; the setting counts the whole call.
const MOST_CONNECT_MS: u64 = 3000;

/// Which of the provider's words is the name of a user of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchBy {
    /// `email`, only when `email_verified` is true.
    Email,
    /// `preferred_username`.
    PreferredUsername,
    /// `sub`.
    Subject,
}

/// The provider, and what was agreed with it.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its name: an https URL, compared letter by letter (OpenID Connect Discovery 1.0 section 4.3).
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: SecretString,
    /// Where people are sent back to; registered there.
    pub redirect_uri: Url,
    /// Scopes beside `openid`.
    pub scopes: Vec<String>,
    /// Which word is the name of a user.
    pub match_by: MatchBy,
    /// The class of authentication (`acr`) that stands for two factors; it is asked for.
    pub second_factor_acr: Option<String>,
    /// Methods (`amr`, RFC 8176) that stand for a second factor.
    pub second_factor_amr: Vec<String>,
    /// Longest call, in milliseconds.
    pub timeout_ms: u64,
    /// PEM of further roots.
    pub extra_root_pem: Option<String>,
}

impl std::fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderSettings")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Why nobody was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It does not answer, or not as the standards say.
    #[error("the provider cannot be reached or does not answer as it should")]
    Unreachable,
    /// What came back is not good; the word says why, and names nobody.
    #[error("refused: {0}")]
    Refused(&'static str),
}

/// What must survive while somebody is at the provider; sealed where it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    state: String,
    nonce: String,
    verifier: String,
    /// Whether the person had to prove again to be there.
    anew: bool,
    began_at: Timestamp,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt").field("began_at", &self.began_at).finish_non_exhaustive()
    }
}

/// What comes back with the person (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct CameBack {
    /// Which attempt.
    pub state: String,
    /// What an ID token is bought with.
    pub code: String,
    /// Who says so.
    pub iss: Option<String>,
    /// What went wrong there.
    pub error: Option<String>,
}

impl std::fmt::Debug for CameBack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CameBack")
    }
}

/// Somebody whom the provider knows.
#[derive(Clone)]
pub struct Person {
    /// The word that is the name of a user of ours.
    pub name: String,
    /// Hash of issuer and subject: the same person there for ever, whatever the name becomes (OpenID Connect Core 1.0
    /// section 5.7).
    pub account: String,
    /// Whether the provider asked for a second factor.
    pub second_factor: bool,
    /// When the person proved there to be there, as far as the provider says.
    pub proved_at: Option<Timestamp>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person")
            .field("second_factor", &self.second_factor)
            .finish_non_exhaustive()
    }
}

/// RFC 9207 section 3.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Promises {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Promises {}

type Metadata = ProviderMetadata<
    Promises,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

struct Inner {
    settings: ProviderSettings,
    issuer: IssuerUrl,
    http: BankHttp,
    /// What it publishes about itself, with its keys, and when that was read.
    known: Mutex<Option<(Timestamp, Metadata)>>,
}

/// The provider. Clones share what was learnt about it.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Provider").field(&self.0.settings).finish()
    }
}

impl Provider {
    /// A provider; nothing is asked of it yet.
    ///
    /// # Errors
    /// When a root certificate cannot be read.
    pub fn new(settings: ProviderSettings) -> Result<Self, BankHttpError> {
        let http = BankHttp::new(&BankHttpSettings {
            connect_timeout: std::time::Duration::from_millis(MOST_CONNECT_MS.min(settings.timeout_ms / 2)),
            total_timeout: std::time::Duration::from_millis(settings.timeout_ms),
            extra_root_pem: settings.extra_root_pem.clone(),
            identity_pem: None,
        })?;
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|e| BankHttpError::Setup(e.to_string()))?;
        Ok(Self(Arc::new(Inner {
            settings,
            issuer,
            http,
            known: Mutex::new(None),
        })))
    }

    /// What the provider publishes about itself: as it was read within the last hour, or now.
    async fn metadata(&self, now: Timestamp) -> Result<Metadata, IdentityError> {
        if let Some((read_at, known)) = self.remembered()
            && now - read_at < DISCOVERY_LIFE
        {
            return Ok(known);
        }
        let ask = |request| http::exchange(&self.0.http, request);
        let found: Result<Metadata, DiscoveryError<_>> = ProviderMetadata::discover_async(self.0.issuer.clone(), &ask).await;
        let found = found.map_err(|error| {
            tracing::warn!(
                why = discovery_fault(&error),
                "the OpenID Connect provider publishes nothing usable"
            );
            IdentityError::Unreachable
        })?;
        if !is_safe_destination(found.authorization_endpoint().url()) {
            tracing::warn!("the OpenID Connect provider's authorization endpoint is not https");
            return Err(IdentityError::Unreachable);
        }
        self.remember(now, found.clone());
        Ok(found)
    }

    /// The same with the keys that the provider has now: it signs with one that was not there before.
    async fn with_new_keys(&self, metadata: Metadata, now: Timestamp) -> Result<Metadata, IdentityError> {
        let ask = |request| http::exchange(&self.0.http, request);
        let keys: Result<CoreJsonWebKeySet, _> = JsonWebKeySet::fetch_async(metadata.jwks_uri(), &ask).await;
        let keys = keys.map_err(|error| {
            tracing::warn!(why = discovery_fault(&error), "the OpenID Connect provider's keys cannot be read");
            IdentityError::Unreachable
        })?;
        let metadata = metadata.set_jwks(keys);
        self.remember(now, metadata.clone());
        Ok(metadata)
    }

    fn remembered(&self) -> Option<(Timestamp, Metadata)> {
        self.0.known.lock().ok().and_then(|known| known.clone())
    }

    fn remember(&self, now: Timestamp, metadata: Metadata) {
        if let Ok(mut known) = self.0.known.lock() {
            *known = Some((now, metadata));
        }
    }
}

/// The kind of fault; its text may quote what the provider sent.
fn discovery_fault<E: std::error::Error + 'static>(error: &DiscoveryError<E>) -> &'static str {
    match error {
        DiscoveryError::Request(_) => "no answer",
        DiscoveryError::Response(..) => "another answer than 200",
        DiscoveryError::Parse(_) => "not readable",
        DiscoveryError::Validation(_) => "another issuer",
        _ => "not usable",
    }
}
