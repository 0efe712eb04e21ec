//! The certificate a partner presents; TLS has verified it before it comes here.

use super::Partner;
use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

/// What the gateway keeps of a verified client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// Subject (RFC 4514 string).
    pub subject: String,
    /// Issuer (RFC 4514 string).
    pub issuer: String,
    /// SHA-256 of the DER encoding, lower-case hexadecimal (RFC 8705 uses the same thumbprint).
    pub sha256: String,
}

/// What people are shown of a certificate before they accept it, and what is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// Subject (RFC 4514 string).
    pub subject: String,
    /// Issuer (RFC 4514 string).
    pub issuer: String,
    /// SHA-256 of the DER encoding, lower-case hexadecimal.
    pub sha256: String,
    /// Kind and size of its key, such as `RSA 2048` or `EC 256`.
    pub key_kind: String,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}

impl CertificateFacts {
    /// Reads a DER certificate (RFC 5280); `sha256` is its fingerprint.
    ///
    /// # Errors
    /// A text that says what could not be read.
    pub fn from_der(der: &[u8], sha256: String) -> Result<Self, String> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|e| format!("not a DER certificate: {e}"))?;
        if !rest.is_empty() {
            return Err("there is more behind the certificate".into());
        }
        let time = |at: x509_parser::time::ASN1Time| chrono::DateTime::from_timestamp(at.timestamp(), 0).map(|t| t.naive_utc());
        let validity = certificate.validity();
        let key_kind = match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
            Ok(PublicKey::EC(key)) => format!("EC {}", key.key_size()),
            _ => certificate.public_key().algorithm.algorithm.to_id_string(),
        };
        Ok(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            sha256,
            key_kind,
            not_before: time(validity.not_before).ok_or("its validity cannot be read")?,
            not_after: time(validity.not_after).ok_or("its validity cannot be read")?,
        })
    }
}

impl PeerCertificate {
    /// Reads a DER certificate; `sha256` is its fingerprint.
    ///
    /// # Errors
    /// A text that says what could not be read.
    pub fn from_der(der: &[u8], sha256: String) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|e| format!("not a DER certificate: {e}"))?;
        Ok(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            sha256,
        })
    }

    /// Whether this certificate is the partner's: subject and issuer match, and so does the pinned
    /// fingerprint where there is one.
    #[must_use]
    pub fn belongs_to(&self, partner: &Partner) -> bool {
        self.subject == partner.certificate_subject
            && self.issuer == partner.certificate_issuer
            && partner.certificate_sha256.as_ref().is_none_or(|pinned| *pinned == self.sha256)
    }
}
