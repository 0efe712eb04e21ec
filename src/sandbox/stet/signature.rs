//! Signed requests and answers (draft-cavage-http-signatures, RSASSA-PKCS1-v1_5 with SHA-256).

use super::certificate::{Certificate, name_parts, serial};
use crate::clock::Timestamp;
use crate::sandbox::secrets::sha256_hex;
use actix_web::HttpRequest;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::collections::HashMap;
use std::fmt;

/// How far the date of a request may be from the bank's time.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// What a signature has to cover; the digest too where there is a body.
const COVERED: [&str; 3] = ["(request-target)", "date", "x-request-id"];

/// `Digest` of a body (RFC 3230).
pub(super) fn digest_of(body: &[u8]) -> String {
    format!("SHA-256={}", STANDARD.encode(digest(&SHA256, body)))
}

/// The `Signature` header, taken apart.
struct Parameters<'a> {
    key_id: &'a str,
    headers: Vec<&'a str>,
    signature: Vec<u8>,
}

impl<'a> Parameters<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let mut rest = header.trim();
        let mut fields = HashMap::new();
        while let Some((name, tail)) = rest.split_once("=\"") {
            let (value, tail) = tail.split_once('"')?;
            if fields.insert(name.trim(), value).is_some() {
                return None;
            }
            rest = tail.trim_start().trim_start_matches(',').trim_start();
        }
        // RSASSA-PKCS1-v1_5 is what every TPP uses; `hs2019` leaves it to the key.
        let known = matches!(fields.get("algorithm").copied(), None | Some("rsa-sha256" | "hs2019"));
        (known && rest.is_empty()).then_some(())?;
        Some(Self {
            key_id: fields.get("keyId")?,
            headers: fields.get("headers")?.split_whitespace().collect(),
            signature: STANDARD.decode(fields.get("signature")?).ok()?,
        })
    }
}

/// The certificate that a key id names: `SN=<hex>,CA=<issuer>`, or an address where it is published. An
/// address that ends in the certificate's SHA-256 names it too (STET 1.4.2 §3.6).
fn named<'a>(key_id: &str, known: &'a [KnownSeal]) -> Option<&'a Certificate> {
    let seal = match key_id.strip_prefix("SN=").and_then(|rest| rest.split_once(",CA=")) {
        Some((number, issuer)) => {
            let (number, issuer) = (serial(number), name_parts(issuer));
            known
                .iter()
                .find(|s| s.certificate.serial == number && s.certificate.issuer == issuer)
        }
        None => known.iter().find(|s| {
            let fingerprint = key_id.rsplit_once('_').map(|(_, end)| end.to_ascii_lowercase());
            s.url.as_deref() == Some(key_id) || key_id.starts_with("https://") && fingerprint.as_deref() == Some(&s.sha256)
        }),
    };
    seal.map(|s| &s.certificate)
}

/// A signing certificate that the bank knows.
#[derive(Debug)]
pub(super) struct KnownSeal {
    pub certificate: Certificate,
    pub url: Option<String>,
    /// Of the DER, in hex.
    pub sha256: String,
}

impl KnownSeal {
    pub(super) fn from_pem(pem: &[u8], url: Option<String>) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(pem).ok()?;
        let certificate = Certificate::from_der(&der)?;
        let sha256 = sha256_hex(&der);
        Some(Self { certificate, url, sha256 })
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok().map(str::trim)
}

/// Checks the signature of a request by this TPP. `targets` are the paths the request line may have had.
/// The error says what is wrong, for the TPP's developers.
pub(super) fn verify(
    request: &HttpRequest,
    body: &[u8],
    by: (&str, &[KnownSeal]),
    targets: &[&str],
    now: Timestamp,
) -> Result<(), &'static str> {
    let parameters = header(request, "Signature").ok_or("Signature is missing")?;
    let parameters = Parameters::parse(parameters).ok_or("Signature cannot be read")?;
    let covers = |name: &&str| parameters.headers.iter().any(|h| h.eq_ignore_ascii_case(name));
    if !COVERED.iter().all(covers) || !body.is_empty() && !covers(&"digest") {
        return Err("Signature must cover (request-target), date, digest and x-request-id");
    }
    match header(request, "Digest") {
        Some(sent) if sent == digest_of(body) => {}
        None if body.is_empty() => {}
        Some(_) => return Err("Digest is not the body's SHA-256"),
        None => return Err("Digest is missing"),
    }
    let date = header(request, "Date").and_then(|d| DateTime::parse_from_rfc2822(d).ok());
    let date = date.ok_or("Date is missing or cannot be read")?.naive_utc();
    if (now - date).abs() > TOLERANCE {
        return Err("Date is more than five minutes off");
    }
    let (client_id, known) = by;
    let seal = named(parameters.key_id, known).ok_or("keyId names no certificate known here")?;
    if seal.organization.as_deref() != Some(client_id) {
        return Err("the signing certificate is another organization's");
    }
    if !seal.is_valid_at(now) {
        return Err("the signing certificate has expired or is not valid yet");
    }
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &seal.public_key);
    let fits = |target: &&str| {
        let text = signing_text(request, &parameters.headers, target)?;
        key.verify(text.as_bytes(), &parameters.signature).ok()
    };
    targets.iter().find_map(fits).ok_or("the signature is wrong")
}

/// The signing string (draft-cavage-12 §2.3); `None` when a header it covers is missing.
fn signing_text(request: &HttpRequest, names: &[&str], target: &str) -> Option<String> {
    let line = |name: &&str| {
        let name = name.to_ascii_lowercase();
        let value = match name.as_str() {
            "(request-target)" => format!("{} {target}", request.method().as_str().to_ascii_lowercase()),
            _ => header(request, &name)?.to_owned(),
        };
        Some(format!("{name}: {value}"))
    };
    let lines: Option<Vec<String>> = names.iter().map(line).collect();
    Some(lines?.join("\n"))
}

/// With what the banks sign their answers.
pub(super) struct BankSeal {
    key: RsaKeyPair,
    key_id: String,
}

impl fmt::Debug for BankSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BankSeal").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl BankSeal {
    /// `None` when certificate or key cannot be read, or the key is not RSA.
    pub(super) fn new(certificate: &[u8], key: &[u8]) -> Option<Self> {
        let certificate = CertificateDer::from_pem_slice(certificate).ok()?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&certificate).ok()?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(key).ok()?;
        let number: String = parsed.raw_serial().iter().map(|b| format!("{b:02X}")).collect();
        Some(Self {
            key: RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok()?,
            key_id: format!("SN={number},CA={}", parsed.issuer()),
        })
    }

    /// The `Signature` over these headers, in this order.
    pub(super) fn sign(&self, headers: &[(&str, &str)]) -> Option<String> {
        let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let mut signature = vec![0; self.key.public_modulus_len()];
        let text = lines.join("\n");
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .ok()?;
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        Some(format!(
            "keyId=\"{}\",algorithm=\"rsa-sha256\",headers=\"{}\",signature=\"{}\"",
            self.key_id,
            names.join(" "),
            STANDARD.encode(signature)
        ))
    }
}
