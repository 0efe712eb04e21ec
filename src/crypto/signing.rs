//! Keys that sign: ours (ECDSA on P-256 with SHA-256, the `ES256` of RFC 7518 and the `ecdsa-p256-sha256` of RFC 9421,
//! which everybody verifies), and the public keys of others.
//!
//! **Invariant:** a private key leaves its [`SigningKey`] by no way; a public key says itself which algorithm it is
//! verified with, so that no message can choose another one.

use super::CryptoError;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, KeyPair as _, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey as Parsed;
use x509_parser::x509::SubjectPublicKeyInfo;
use zeroize::Zeroizing;

/// The OID of Ed25519 (RFC 8410 section 3).
const ID_ED25519: &str = "1.3.101.112";
/// Members of a JWK that only a private or a symmetric key has (RFC 7518 section 6).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A key of ours.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
    kid: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A fresh private key, PKCS#8 DER.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when the operating system gives no randomness.
    pub fn generate() -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let fault = |_| CryptoError::Key("no new key can be made");
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).map_err(fault)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Reads a private key, PKCS#8 DER.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when it is none on P-256.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| CryptoError::Key("the private key is none on P-256"))?;
        let public = PublicKey::P256(pair.public_key().as_ref().to_vec());
        Ok(Self {
            kid: public.thumbprint(),
            public,
            pair,
            pkcs8: Zeroizing::new(der.to_vec()),
        })
    }

    /// Its id: the thumbprint of its public key (RFC 7638), unpadded base64url.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its public key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The private key for a library that signs by itself, PKCS#8 DER.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// A signature: r and s, 64 bytes (RFC 7518 section 3.4, RFC 9421 section 3.3.4).
    ///
    /// # Errors
    /// [`CryptoError::Key`] when the operating system gives no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        Ok(signature.map_err(|_| CryptoError::Key("nothing can be signed"))?.as_ref().to_vec())
    }
}

/// A public key, ours or somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// A point of P-256, uncompressed (65 bytes).
    P256(Vec<u8>),
    /// Ed25519 (32 bytes).
    Ed25519(Vec<u8>),
    /// RSA of 2048 to 8192 bits: modulus and exponent, big endian without leading zeros.
    Rsa(Vec<u8>, Vec<u8>),
}

impl PublicKey {
    /// Reads a JSON Web Key (RFC 7517): `EC` on P-256, `OKP` Ed25519 (RFC 8037) or `RSA`.
    ///
    /// # Errors
    /// [`CryptoError::Key`] says what is wrong, also when it holds more than a public key.
    pub fn from_jwk(jwk: &Value) -> Result<Self, CryptoError> {
        if PRIVATE_MEMBERS.iter().any(|member| jwk.get(member).is_some()) {
            return Err(CryptoError::Key("it is a private key; only the public one is needed here"));
        }
        let member = |name: &str| {
            let text = jwk.get(name).and_then(Value::as_str).filter(|text| text.len() <= 2048);
            let bytes = text.and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
            bytes.ok_or(CryptoError::Key("a part of the key is missing or is not base64url"))
        };
        let (kty, crv) = (jwk.get("kty").and_then(Value::as_str), jwk.get("crv").and_then(Value::as_str));
        let key = match (kty, crv) {
            (Some("EC"), Some("P-256")) => {
                let (x, y) = (member("x")?, member("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(CryptoError::Key("a coordinate of P-256 has 32 bytes"));
                }
                Self::P256([&[4], x.as_slice(), &y].concat())
            }
            (Some("OKP"), Some("Ed25519")) => Self::Ed25519(member("x")?),
            (Some("RSA"), _) => Self::Rsa(stripped(&member("n")?), stripped(&member("e")?)),
            _ => return Err(CryptoError::Key("only EC on P-256, Ed25519 and RSA keys can be used")),
        };
        key.checked()
    }

    /// Reads every public key of a PEM text: `PUBLIC KEY` (RFC 7468 section 13) and `CERTIFICATE`.
    ///
    /// # Errors
    /// [`CryptoError::Key`] says what is wrong, also when there is a private key among them.
    pub fn all_of_pem(text: &str) -> Result<Vec<Self>, CryptoError> {
        let unreadable = CryptoError::Key("the PEM text cannot be read");
        let mut keys = Vec::new();
        for block in Pem::iter_from_buffer(text.as_bytes()) {
            let Ok(block) = block else { return Err(unreadable) };
            keys.push(match block.label.as_str() {
                "PUBLIC KEY" => match SubjectPublicKeyInfo::from_der(&block.contents) {
                    Ok((_, info)) => Self::of_info(&info)?,
                    Err(_) => return Err(unreadable),
                },
                "CERTIFICATE" => match X509Certificate::from_der(&block.contents) {
                    Ok((_, certificate)) => Self::of_info(certificate.public_key())?,
                    Err(_) => return Err(unreadable),
                },
                label if label.contains("PRIVATE") => {
                    return Err(CryptoError::Key("it is a private key; only the public one is needed here"));
                }
                _ => return Err(CryptoError::Key("only PUBLIC KEY and CERTIFICATE can be used")),
            });
        }
        Ok(keys)
    }

    fn of_info(info: &SubjectPublicKeyInfo<'_>) -> Result<Self, CryptoError> {
        if info.algorithm.algorithm.to_id_string() == ID_ED25519 {
            return Self::Ed25519(info.subject_public_key.data.to_vec()).checked();
        }
        match info.parsed() {
            Ok(Parsed::EC(point)) => Self::P256(point.data().to_vec()).checked(),
            Ok(Parsed::RSA(rsa)) => Self::Rsa(stripped(rsa.modulus), stripped(rsa.exponent)).checked(),
            _ => Err(CryptoError::Key("only EC on P-256, Ed25519 and RSA keys can be used")),
        }
    }

    fn checked(self) -> Result<Self, CryptoError> {
        let usable = match &self {
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).parse().is_ok(),
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).parse().is_ok(),
            Self::Rsa(n, e) => (256..=1024).contains(&n.len()) && n.first().is_some_and(|b| b & 0x80 != 0) && (1..=8).contains(&e.len()),
        };
        let words = "the key is not on P-256, is no point of the curve, or is an RSA key below 2048 or above 8192 bits";
        if usable { Ok(self) } else { Err(CryptoError::Key(words)) }
    }

    /// The name of the only algorithm it is verified with (HTTP Signature Algorithms registry, RFC 9421 section 6.2).
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::P256(_) => "ecdsa-p256-sha256",
            Self::Ed25519(_) => "ed25519",
            Self::Rsa(..) => "rsa-pss-sha512",
        }
    }

    /// Whether this key has signed these bytes.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rsa(n, e) => PublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA512, message, signature),
        }
        .is_ok()
    }

    /// Its members in a JSON Web Key, in the order that RFC 7638 section 3.2 asks for.
    fn members(&self) -> Vec<(&'static str, String)> {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let fixed = |name, value: &str| (name, value.to_owned());
        match self {
            Self::P256(point) => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at(32.min(point.len().saturating_sub(1)));
                vec![fixed("crv", "P-256"), fixed("kty", "EC"), ("x", text(x)), ("y", text(y))]
            }
            Self::Ed25519(key) => vec![fixed("crv", "Ed25519"), fixed("kty", "OKP"), ("x", text(key))],
            Self::Rsa(n, e) => vec![("e", text(e)), fixed("kty", "RSA"), ("n", text(n))],
        }
    }

    /// Its thumbprint (RFC 7638), SHA-256 as unpadded base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let members = self.members();
        let parts: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("{{{}}}", parts.join(",")).as_bytes()))
    }

    /// As a JSON Web Key for signatures (RFC 7517), with this id.
    #[must_use]
    pub fn jwk(&self, kid: &str) -> Value {
        let mut jwk = json!({ "kid": kid, "use": "sig" });
        if let Self::P256(_) = self {
            jwk["alg"] = "ES256".into();
        }
        for (name, value) in self.members() {
            jwk[name] = value.into();
        }
        jwk
    }
}

fn stripped(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|b| **b == 0).count();
    number.get(zeros..).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_of_rfc_7638() {
        // Section 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PublicKey::from_jwk(&json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256" })).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn what_a_key_signs_only_it_verifies() {
        let key = SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap();
        let other = SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap();
        let signature = key.sign(b"message").unwrap();
        assert_eq!(signature.len(), 64);
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"another", &signature));
        assert!(!other.public().verifies(b"message", &signature));
        assert!(!PublicKey::Ed25519(vec![1; 32]).verifies(b"message", &signature));
        let read = PublicKey::from_jwk(&key.public().jwk("x")).unwrap();
        assert_eq!((&read, read.thumbprint().as_str()), (key.public(), key.kid()));
        assert!(!format!("{key:?}").contains("pkcs8"));
    }

    #[test]
    fn keys_are_read_from_pem_and_from_certificates() {
        let ec = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let ed = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let large = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&ec).unwrap();
        let keys = PublicKey::all_of_pem(&format!("{}{}{}", ec.public_key_pem(), ed.public_key_pem(), certificate.pem())).unwrap();
        let kinds: Vec<&str> = keys.iter().map(PublicKey::algorithm).collect();
        assert_eq!(kinds, ["ecdsa-p256-sha256", "ed25519", "ecdsa-p256-sha256"]);
        assert_eq!(keys[0], keys[2]);
        for wrong in [ec.serialize_pem(), large.public_key_pem()] {
            assert!(PublicKey::all_of_pem(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(PublicKey::all_of_pem("no key").unwrap(), []);
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        let good = SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap().public().jwk("x");
        let with = |name: &str, value: Value| {
            let mut jwk = good.clone();
            jwk[name] = value;
            jwk
        };
        for jwk in [
            json!(null),
            json!({ "kty": "oct", "k": "AAAA" }),
            with("d", "AAAA".into()),
            with("crv", "P-384".into()),
            with("x", "AAAA".into()),
            with("x", good["y"].clone()),
            json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA" }),
        ] {
            assert!(PublicKey::from_jwk(&jwk).is_err(), "{jwk}");
        }
    }
}
