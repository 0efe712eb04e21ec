//! The certificate a partner presents; TLS has verified it before it comes here.

use super::Partner;
use x509_parser::prelude::{FromDer as _, X509Certificate};

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
