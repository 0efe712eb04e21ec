//! The keys with which a partner signs its requests, as an admin pastes them.

use crate::crypto::CryptoError;
use crate::crypto::signing::PublicKey;
use crate::flow::FlowError;
use crate::flow::error::FieldProblem;
use crate::partner::{RegisteredKey, SignatureRules};
use serde_json::Value;

/// Most keys of a partner: one, the next one, and some for its other machines.
pub const MOST_KEYS: usize = 8;
/// Longest text that is read, in bytes.
const MAX_BYTES: usize = 32 * 1024;
/// Longest id of a key, in bytes.
const MAX_KID_BYTES: usize = 128;

fn problem(code: &'static str, words: &str) -> FlowError {
    FlowError::Invalid(vec![FieldProblem::new("signature_keys", code, words)])
}

fn unusable(error: &CryptoError) -> FlowError {
    problem("NOT_READABLE", &error.to_string())
}

/// Reads a JWK Set (RFC 7517), one JWK, or PEM blocks (`PUBLIC KEY`, `CERTIFICATE`); nothing at all is no key. A key
/// without an id gets its thumbprint (RFC 7638).
///
/// # Errors
/// [`FlowError::Invalid`] says what is wrong.
pub fn read_keys(text: &str) -> Result<Vec<RegisteredKey>, FlowError> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return Err(problem("TOO_MANY", "at most 8 keys"));
    }
    let mut keys: Vec<(Option<String>, PublicKey)> = Vec::new();
    if text.starts_with('{') {
        let read: Value = serde_json::from_str(text).map_err(|_| problem("NOT_READABLE", "the JSON cannot be read"))?;
        let one = [read.clone()];
        let all = read.get("keys").and_then(Value::as_array).map_or(one.as_slice(), Vec::as_slice);
        for jwk in all {
            let kid = jwk.get("kid").and_then(Value::as_str).map(ToOwned::to_owned);
            keys.push((kid, PublicKey::from_jwk(jwk).map_err(|e| unusable(&e))?));
        }
    } else if !text.is_empty() {
        let read = PublicKey::all_of_pem(text).map_err(|e| unusable(&e))?;
        if read.is_empty() {
            return Err(problem("NOT_READABLE", "neither a JWK Set nor PEM"));
        }
        keys.extend(read.into_iter().map(|key| (None, key)));
    }
    let registered = |(kid, key): (Option<String>, PublicKey)| {
        let thumbprint = key.thumbprint();
        let kid = kid.unwrap_or_else(|| thumbprint.clone());
        RegisteredKey {
            algorithm: key.algorithm().to_owned(),
            jwk: key.jwk(&kid),
            thumbprint,
            kid,
        }
    };
    let keys: Vec<RegisteredKey> = keys.into_iter().map(registered).collect();
    check_rules(&SignatureRules {
        required: false,
        keys: keys.clone(),
    })?;
    Ok(keys)
}

/// What must hold of a partner's keys.
pub(super) fn check_rules(rules: &SignatureRules) -> Result<(), FlowError> {
    if rules.keys.len() > MOST_KEYS {
        return Err(problem("TOO_MANY", "at most 8 keys"));
    }
    if rules.required && rules.keys.is_empty() {
        return Err(problem("NO_KEY", "a partner that must sign needs a key"));
    }
    for (n, key) in rules.keys.iter().enumerate() {
        let fits = (1..=MAX_KID_BYTES).contains(&key.kid.len()) && key.kid.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            return Err(problem("KID", "the id of a key has 1 to 128 visible ASCII characters"));
        }
        if rules
            .keys
            .iter()
            .take(n)
            .any(|other| other.kid == key.kid || other.thumbprint == key.thumbprint)
        {
            return Err(problem("TWICE", "a key or an id stands twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::signing::SigningKey;
    use serde_json::json;

    fn jwk(kid: &str) -> Value {
        SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap().public().jwk(kid)
    }

    fn code(text: &str) -> &'static str {
        match read_keys(text) {
            Err(FlowError::Invalid(problems)) => problems[0].code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sets_single_keys_and_pem_are_read() {
        let (a, b) = (jwk("a"), jwk("b"));
        let two = read_keys(&json!({ "keys": [a, b] }).to_string()).unwrap();
        assert_eq!((two[0].kid.as_str(), two[1].kid.as_str()), ("a", "b"));
        assert_eq!(two[0].algorithm, "ecdsa-p256-sha256");
        let mut nameless = a.clone();
        nameless.as_object_mut().unwrap().remove("kid");
        let one = read_keys(&nameless.to_string()).unwrap();
        assert_eq!(one[0].kid, two[0].thumbprint, "its thumbprint is its name");
        let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().public_key_pem();
        assert_eq!(read_keys(&pem).unwrap()[0].algorithm, "ed25519");
        assert_eq!(read_keys("  ").unwrap(), []);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let (a, b) = (jwk("a"), jwk("b"));
        let private = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let renamed = |kid: &str| {
            let mut key = a.clone();
            key["kid"] = kid.into();
            key
        };
        for (text, expected) in [
            ("rubbish".to_owned(), "NOT_READABLE"),
            ("{".to_owned(), "NOT_READABLE"),
            (private, "NOT_READABLE"),
            (json!({ "keys": [{ "kty": "oct", "k": "AA" }] }).to_string(), "NOT_READABLE"),
            (json!({ "keys": [a, a] }).to_string(), "TWICE"),
            (json!({ "keys": [a, renamed("z")] }).to_string(), "TWICE"),
            (json!({ "keys": [b, renamed("b")] }).to_string(), "TWICE"),
            (renamed("a b").to_string(), "KID"),
            (renamed(&"k".repeat(129)).to_string(), "KID"),
            (
                json!({ "keys": (0..9).map(|n| jwk(&n.to_string())).collect::<Vec<_>>() }).to_string(),
                "TOO_MANY",
            ),
            ("x".repeat(40_000), "TOO_MANY"),
        ] {
            assert_eq!(code(&text), expected, "{text}");
        }
        let none = SignatureRules {
            required: true,
            keys: Vec::new(),
        };
        assert!(check_rules(&none).is_err(), "nobody can be made to sign without a key");
    }
}
