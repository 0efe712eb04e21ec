//! Our own signing keys: made here, followed by one another, the same on all nodes.
//!
//! Time alone says what a key is: the **next** one is shown among the public keys before it signs, so that whoever
//! keeps them has fetched it by then; the **active** one signs; a **retired** one is shown for a while, so that what
//! it has signed can still be verified. Nodes read the keys again within [`FRESH_S`] seconds, long before a next key
//! signs. Private keys are sealed in the database, and destroyed [`IDLE_HOURS`] hours after they have signed last.

use super::{Context, FlowError};
use crate::clock::Timestamp;
use crate::crypto::CryptoError;
use crate::crypto::signing::{PublicKey, SigningKey};
use crate::store::signing_keys::{self, StoredKey};
use crate::store::{Access, StoreError, audit};
use chrono::Duration;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// How old what a node knows of the keys may be, in seconds.
pub const FRESH_S: i64 = 30;
/// For how long a new key is shown before it signs, in minutes.
pub const LEAD_MINUTES: i64 = 60;
/// For how long a key is shown after it has signed last, in days.
pub const SHOWN_DAYS: i64 = 90;
/// By how much the clocks of two nodes may differ, in seconds.
pub const SKEW_S: i64 = 30;
/// When the private part of a key that signs no more is destroyed, in hours.
pub const IDLE_HOURS: i64 = 24;

/// What a node knows of the keys. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct SigningKeys(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    looked_at: Option<Timestamp>,
    set: Option<Arc<KeySet>>,
}

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Shown, and will sign.
    Next,
    /// Signs.
    Active,
    /// Signs no more, and is shown.
    Retired,
    /// Neither.
    Gone,
}

impl KeyState {
    /// The word people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Gone => "gone",
        }
    }
}

/// One of the keys.
#[derive(Debug)]
pub struct OurKey {
    /// The thumbprint of its public key (RFC 7638).
    pub kid: String,
    /// Its public key.
    pub public: PublicKey,
    /// From when on it signs.
    pub signs_from: Timestamp,
    /// Until when, if another one follows.
    pub signs_until: Option<Timestamp>,
    /// Until when its public key is shown.
    pub shown_until: Option<Timestamp>,
    private: Option<SigningKey>,
}

impl OurKey {
    fn read(stored: StoredKey) -> Result<Self, FlowError> {
        let private = stored
            .private
            .as_ref()
            .map(|der| SigningKey::from_pkcs8(der))
            .transpose()
            .map_err(fault)?;
        let jwk: Value = serde_json::from_str(&stored.public_jwk)?;
        Ok(Self {
            public: PublicKey::from_jwk(&jwk).map_err(fault)?,
            kid: stored.kid,
            signs_from: stored.signs_from,
            signs_until: stored.signs_until,
            shown_until: stored.shown_until,
            private,
        })
    }

    /// What it is then.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> KeyState {
        let over = |until: Option<Timestamp>| until.is_some_and(|until| until <= now);
        if over(self.shown_until) {
            KeyState::Gone
        } else if over(self.signs_until) {
            KeyState::Retired
        } else if self.signs_from > now {
            KeyState::Next
        } else {
            KeyState::Active
        }
    }
}

/// The keys, as one node has read them.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<OurKey>,
}

impl KeySet {
    /// All of them, oldest first.
    #[must_use]
    pub fn keys(&self) -> &[OurKey] {
        &self.keys
    }

    /// The key that signs then.
    #[must_use]
    pub fn signer(&self, now: Timestamp) -> Option<&SigningKey> {
        let active = self.keys.iter().rev().filter(|key| key.state(now) == KeyState::Active);
        active.filter_map(|key| key.private.as_ref()).next()
    }

    /// The key of an id, for what it may have signed at most `ago` before then. A key that is not shown any more
    /// verifies nothing.
    #[must_use]
    pub fn verifier(&self, kid: &str, now: Timestamp, ago: Duration) -> Option<&PublicKey> {
        let found = self.keys.iter().find(|key| key.kid == kid)?;
        let may = match found.state(now) {
            KeyState::Active => true,
            KeyState::Retired => found.signs_until.is_some_and(|until| now - until <= ago),
            // On the node that signed, the time may have come a little earlier.
            KeyState::Next => found.signs_from - now <= Duration::seconds(SKEW_S),
            KeyState::Gone => false,
        };
        may.then_some(&found.public)
    }

    /// The public keys that are shown then, as a JWK Set (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self, now: Timestamp) -> Value {
        let shown = self.keys.iter().filter(|key| key.state(now) != KeyState::Gone);
        json!({ "keys": shown.map(|key| key.public.jwk(&key.kid)).collect::<Vec<_>>() })
    }
}

impl Context {
    /// The signing keys, at most [`FRESH_S`] seconds old; the first one is made here when there is none. While the
    /// database does not answer, those that were known before.
    ///
    /// # Errors
    /// [`FlowError`] of the database when none are known.
    pub async fn signing_keys(&self) -> Result<Arc<KeySet>, FlowError> {
        let now = self.now();
        let known = self.known_keys(|known| {
            let fresh = known.looked_at.is_some_and(|at| at <= now && now - at < Duration::seconds(FRESH_S));
            if known.set.is_some() && !fresh {
                // One looks; the others need not wait for it.
                known.looked_at = Some(now);
                return None;
            }
            known.set.clone().filter(|_| fresh)
        });
        if let Some(known) = known {
            return Ok(known);
        }
        match read(self).await {
            Ok(set) => {
                let set = Arc::new(set);
                self.known_keys(|known| {
                    *known = Known {
                        looked_at: Some(now),
                        set: Some(set.clone()),
                    };
                });
                Ok(set)
            }
            Err(error) => {
                tracing::warn!(%error, "the signing keys cannot be read");
                self.known_keys(|known| known.set.clone()).ok_or(error)
            }
        }
    }

    fn known_keys<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut self.signing_keys.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn fault(error: CryptoError) -> FlowError {
    FlowError::Internal(error.to_string())
}

async fn read(cx: &Context) -> Result<KeySet, FlowError> {
    let mut stored = cx.db.read(signing_keys::all).await?;
    if stored.is_empty() {
        let now = cx.now();
        let first = new_key(now, now)?;
        let kid = first.kid.clone();
        let add = move |a: &mut Access<'_>| {
            // Another request of this node may have made it meanwhile.
            let is_first = signing_keys::all(a)?.is_empty();
            if is_first {
                signing_keys::add(a, &first)?;
            }
            Ok(is_first)
        };
        match cx.db.write(add).await {
            Ok(true) => tracing::info!(kid, "the first signing key was made"),
            Ok(false) => {}
            // Another node was faster.
            Err(StoreError::Taken(_)) => {}
            Err(error) => return Err(error.into()),
        }
        stored = cx.db.read(signing_keys::all).await?;
    }
    let keys = stored.into_iter().map(OurKey::read).collect::<Result<_, _>>()?;
    Ok(KeySet { keys })
}

fn new_key(now: Timestamp, signs_from: Timestamp) -> Result<StoredKey, FlowError> {
    let private = SigningKey::generate().map_err(fault)?;
    let key = SigningKey::from_pkcs8(&private).map_err(fault)?;
    Ok(StoredKey {
        kid: key.kid().to_owned(),
        public_jwk: key.public().jwk(key.kid()).to_string(),
        private: Some(private),
        created_at: now,
        signs_from,
        signs_until: None,
        shown_until: None,
    })
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The new key.
    pub kid: String,
    /// From when on it signs.
    pub signs_from: Timestamp,
    /// The keys it follows.
    pub replaced: Vec<String>,
    /// Until when those are shown.
    pub shown_until: Timestamp,
}

/// Makes the next key. It signs after [`LEAD_MINUTES`]; what was signed with the one before can be verified for
/// [`SHOWN_DAYS`] days more. `compromised`: the keys that there are were stolen: the new one signs at once, and nothing
/// that the others have signed counts any more.
///
/// # Errors
/// [`FlowError::NotAllowed`] while a next key waits to sign already; [`FlowError::Busy`] when two rotate at once.
pub async fn rotate(cx: &Context, by: &str, compromised: bool) -> Result<Rotation, FlowError> {
    // A key follows another: the very first one signs at once.
    cx.signing_keys().await?;
    let (now, by) = (cx.now(), by.to_owned());
    let (lead, shown) = if compromised {
        (Duration::zero(), Duration::zero())
    } else {
        (Duration::minutes(LEAD_MINUTES), Duration::days(SHOWN_DAYS))
    };
    let key = new_key(now, now + lead)?;
    let rotated = cx.db.write(move |a| {
        let known = signing_keys::all(a)?;
        if !compromised && known.iter().any(|key| key.signs_from > now && key.signs_until.is_none()) {
            return Ok(Err(FlowError::NotAllowed));
        }
        let (signs_from, shown_until) = (key.signs_from, key.signs_from + shown);
        let mut replaced = Vec::new();
        for old in known {
            let signs = old.signs_until.is_none_or(|until| until > signs_from);
            if signs || (compromised && old.shown_until.is_none_or(|until| until > now)) {
                let until = old.signs_until.map_or(signs_from, |until| until.min(signs_from));
                signing_keys::end(a, &old.kid, until, shown_until)?;
                replaced.push(old.kid);
            }
        }
        signing_keys::add(a, &key)?;
        let detail = if compromised {
            "the keys before are compromised"
        } else {
            "as planned"
        };
        audit::add(a, now, &by, "signing_key_rotated", Some(&key.kid), Some(detail))?;
        Ok(Ok(Rotation {
            kid: key.kid,
            signs_from,
            replaced,
            shown_until,
        }))
    });
    let rotated = match rotated.await {
        Err(StoreError::Taken(_)) => return Err(FlowError::Busy),
        other => other??,
    };
    cx.known_keys(|known| known.looked_at = None);
    Ok(rotated)
}

/// Destroys private keys that have not signed for [`IDLE_HOURS`] hours.
///
/// # Errors
/// [`FlowError`] of the database.
pub async fn destroy_idle(cx: &Context) -> Result<(), FlowError> {
    let before = cx.now() - Duration::hours(IDLE_HOURS);
    if cx.db.read(move |a| signing_keys::has_idle(a, before)).await? {
        cx.db.write(move |a| signing_keys::destroy_idle(a, before)).await?;
    }
    Ok(())
}
