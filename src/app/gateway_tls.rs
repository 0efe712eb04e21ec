//! TLS of the gateway: a certificate is required, and judged by the CAs that may sign partners' certificates.

use super::read;
use crate::config::Settings;
use anyhow::Context as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use std::sync::Arc;

/// Judges partners' certificates by the configured CAs.
pub(super) fn partner_verifier(settings: &Settings) -> anyhow::Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for ca in CertificateDer::pem_slice_iter(&read(&settings.gateway.client_ca, "gateway.client_ca")?) {
        roots.add(ca.context("gateway.client_ca is not PEM")?)?;
    }
    WebPkiClientVerifier::builder(Arc::new(roots)).build().context("gateway.client_ca")
}

/// TLS 1.2 and 1.3; a client certificate of a configured CA is required by the handshake itself. No session
/// is resumed, so that every connection proves its certificate anew.
pub(super) fn gateway_tls(settings: &Settings) -> anyhow::Result<ServerConfig> {
    let g = &settings.gateway;
    let verifier = partner_verifier(settings)?;
    let chain = CertificateDer::pem_slice_iter(&read(&g.certificate, "gateway.certificate")?)
        .collect::<Result<Vec<_>, _>>()
        .context("gateway.certificate is not PEM")?;
    let key = PrivateKeyDer::from_pem_slice(&read(&g.key, "gateway.key")?).context("gateway.key is not a PEM private key")?;
    let mut tls = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .context("gateway.certificate and gateway.key")?;
    tls.session_storage = Arc::new(NoServerSessionStorage {});
    tls.send_tls13_tickets = 0;
    Ok(tls)
}
