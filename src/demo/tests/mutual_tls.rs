//! The client against a real TLS listener that demands a certificate.

use super::super::{GatewayClient, GatewayError, PartnerLogin};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use rustls::server::WebPkiClientVerifier;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use url::Url;

const ANSWER: &str = r#"{"status":200,"messageStatus":"SUCCESS","result":{"access_token":"a","refresh_token":"r","paymentId":7}}"#;

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn leaf(ca: &CertifiedIssuer<'static, KeyPair>, name: &str, usage: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, ca).unwrap(), key)
}

/// Answers one HTTPS request, from a client with a certificate of `ca` only.
fn serve_once(ca: &CertifiedIssuer<'static, KeyPair>) -> Url {
    let (certificate, key) = leaf(ca, "localhost", ExtendedKeyUsagePurpose::ServerAuth);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port())
        .parse()
        .unwrap();
    std::thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        let mut tls = rustls::StreamOwned::new(rustls::ServerConnection::new(Arc::new(config)).unwrap(), stream);
        let mut request = [0; 4096];
        if tls.read(&mut request).is_ok_and(|n| n > 0) {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{ANSWER}",
                ANSWER.len()
            );
            let _ = tls.write_all(head.as_bytes());
        }
    });
    url
}

fn client(url: &Url, trusted: &CertifiedIssuer<'static, KeyPair>, issuer: &CertifiedIssuer<'static, KeyPair>) -> GatewayClient {
    let (certificate, key) = leaf(issuer, "partner.example", ExtendedKeyUsagePurpose::ClientAuth);
    let login = PartnerLogin {
        certificate_pem: certificate.pem().into_bytes(),
        key_pem: key.serialize_pem().into(),
        ..super::login("shop", "Foișor")
    };
    GatewayClient::new(url, trusted.pem().as_bytes(), &login).unwrap()
}

#[actix_web::test]
async fn both_sides_prove_who_they_are() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (ca, stranger) = (authority(), authority());
    let tokens = client(&serve_once(&ca), &ca, &ca).token().await.unwrap();
    assert_eq!(tokens.payment_id, 7);
    for (trusted, issuer) in [(&ca, &stranger), (&stranger, &ca)] {
        let refused = client(&serve_once(&ca), trusted, issuer).token().await;
        assert!(matches!(refused, Err(GatewayError::Unreachable)), "{refused:?}");
    }
}

#[test]
fn plain_http_and_unusable_certificates_are_refused_at_the_start() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let login = super::login("shop", "Foișor");
    for url in ["http://gateway.example/", "https://localhost/"] {
        assert!(GatewayClient::new(&url.parse().unwrap(), b"", &login).is_err(), "{url}");
    }
}
