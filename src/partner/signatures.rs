//! With which keys a partner signs its requests (RFC 9421).

use serde::{Deserialize, Serialize};

/// A public key of a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredKey {
    /// The id by which its signatures name it (`keyid`).
    pub kid: String,
    /// The algorithm it is verified with, as RFC 9421 names it.
    pub algorithm: String,
    /// Its thumbprint (RFC 7638), for people to compare.
    pub thumbprint: String,
    /// The key, a JWK (RFC 7517).
    pub jwk: serde_json::Value,
}

/// A partner's keys, and whether its requests must be signed with one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureRules {
    /// Every call that changes something must be signed.
    pub required: bool,
    /// The keys; a signature of no other counts.
    pub keys: Vec<RegisteredKey>,
}
