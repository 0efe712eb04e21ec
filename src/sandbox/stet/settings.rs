//! How the STET banks are run: TLS with a client certificate, and the keys that sign.

use super::signature::{BankSeal, KnownSeal};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::path::PathBuf;
use std::sync::Arc;
use std::{fmt, io};
use url::Url;

/// How the STET banks are run. Everything is PEM.
#[derive(Clone)]
pub struct StetSettings {
    /// Under which address TPPs reach the TLS listener, e.g. `https://127.0.0.1:8091`.
    pub api_url: Url,
    /// The TLS listener's certificate chain.
    pub server_certificate: Vec<u8>,
    /// Its key.
    pub server_key: Vec<u8>,
    /// The CA of the TPPs' client certificates (QWAC).
    pub client_ca: Vec<u8>,
    /// The TPPs' signing certificates (QSEALC) that the banks know.
    pub seals: Vec<TrustedSeal>,
    /// The certificate with which the banks sign their answers.
    pub bank_certificate: Vec<u8>,
    /// Its RSA key, PKCS#8.
    pub bank_key: Vec<u8>,
    /// Where the ledger is kept across restarts, as JSON lines; in memory only without it.
    pub ledger_file: Option<PathBuf>,
    /// For a judge that stands between and speaks no TLS: calls on the plain listener count as this TPP's
    /// (its `organizationIdentifier`). Only tests set it.
    pub in_the_clear: Option<String>,
}

/// A TPP's signing certificate.
#[derive(Clone)]
pub struct TrustedSeal {
    /// The certificate.
    pub certificate: Vec<u8>,
    /// Where the TPP publishes it, when its signatures name it by that address.
    pub url: Option<String>,
}

impl fmt::Debug for StetSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StetSettings")
            .field("api_url", &self.api_url)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TrustedSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedSeal").field("url", &self.url).finish_non_exhaustive()
    }
}

fn unusable(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("STET banks: {what} cannot be used"))
}

fn chain(pem: &[u8], what: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    chain.ok().filter(|c| !c.is_empty()).ok_or_else(|| unusable(what))
}

impl StetSettings {
    /// TLS 1.2 and 1.3; a client certificate of the CA is required by the handshake itself.
    pub(in crate::sandbox) fn tls(&self) -> io::Result<ServerConfig> {
        let mut roots = RootCertStore::empty();
        for ca in chain(&self.client_ca, "the client CA")? {
            roots.add(ca).map_err(|_| unusable("the client CA"))?;
        }
        let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
        let verifier = verifier.map_err(|_| unusable("the client CA"))?;
        let certificates = chain(&self.server_certificate, "the server certificate")?;
        let key = PrivateKeyDer::from_pem_slice(&self.server_key).map_err(|_| unusable("the server key"))?;
        ServerConfig::builder()
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificates, key)
            .map_err(|_| unusable("the server certificate with its key"))
    }

    pub(super) fn seals(&self) -> io::Result<Vec<KnownSeal>> {
        let read = |seal: &TrustedSeal| KnownSeal::from_pem(&seal.certificate, seal.url.clone());
        let seals: Option<Vec<KnownSeal>> = self.seals.iter().map(read).collect();
        seals.ok_or_else(|| unusable("a TPP's signing certificate"))
    }

    pub(super) fn bank_seal(&self) -> io::Result<BankSeal> {
        BankSeal::new(&self.bank_certificate, &self.bank_key).ok_or_else(|| unusable("the signing certificate with its key"))
    }
}
