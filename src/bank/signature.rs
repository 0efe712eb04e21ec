//! HTTP signatures as STET banks use them: draft-cavage-http-signatures with `rsa-sha256`, and `Digest` (RFC 3230).
//!
//! **Invariant:** what is signed is what is sent, to the byte. An answer counts as the bank's own only when the
//! signature covers its body, its time and the request that it answers, so that none can be replayed.

use crate::clock::Timestamp;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::X509Name;

/// Oldest (or most future) `Date` of a signed answer, in seconds.
pub const MAX_AGE_S: i64 = 300;
/// What our requests sign, in this order.
const SIGNED: &str = "(request-target) date digest x-request-id";
/// RFC 9110 section 5.6.7, the form that is sent.
const IMF_FIXDATE: &str = "%a, %d %b %Y %H:%M:%S GMT";
/// Longest `Signature` header read, in bytes.
const MAX_HEADER_BYTES: usize = 8192;

const DIGEST: HeaderName = HeaderName::from_static("digest");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request, as far as its signature covers it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The HTTP method, in lower case.
    pub method: &'a str,
    /// Path and query, as on the request line.
    pub target: &'a str,
    /// `X-Request-ID`, as sent.
    pub request_id: &'a str,
    /// The body; empty when there is none.
    pub body: &'a [u8],
}

/// Signs requests with the operator's QSEALC key.
pub struct Signer {
    key: KeyPair,
    key_id: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer with a key (PEM, PKCS#8, RSA of 2048 bits or more) that banks find by `key_id`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new(key_pem: &str, key_id: String) -> Result<Self, String> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| "holds no PKCS#8 key in PEM".to_owned())?;
        let key = KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| "is no RSA key of 2048 bits or more".to_owned())?;
        let visible = |b: u8| matches!(b, b' '..=b'~');
        if key_id.is_empty() || !key_id.bytes().all(visible) {
            return Err("has no usable keyId".to_owned());
        }
        Ok(Self { key, key_id })
    }

    /// The headers `Date`, `Digest` and `Signature` of a request. `None` when the key cannot sign, or the texts
    /// cannot stand in a header.
    #[must_use]
    pub fn headers(&self, request: &Request<'_>, now: Timestamp) -> Option<HeaderMap> {
        let (date, digest) = (now.format(IMF_FIXDATE).to_string(), digest_of(request.body));
        let text = format!(
            "(request-target): {} {}\ndate: {date}\ndigest: {digest}\nx-request-id: {}",
            request.method, request.target, request.request_id
        );
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .ok()?;
        let signature = format!(
            "keyId=\"{}\",algorithm=\"rsa-sha256\",headers=\"{SIGNED}\",signature=\"{}\"",
            self.key_id,
            STANDARD.encode(signature)
        );
        let mut headers = HeaderMap::new();
        for (name, value) in [(DATE, date), (DIGEST, digest), (SIGNATURE, signature)] {
            headers.insert(name, HeaderValue::from_str(&value).ok()?);
        }
        Some(headers)
    }
}

/// `Digest` of a body (RFC 3230 with RFC 5843).
#[must_use]
pub fn digest_of(body: &[u8]) -> String {
    format!("SHA-256={}", STANDARD.encode(digest::digest(&digest::SHA256, body)))
}

/// Why an answer is not the bank's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// There is no signature at all.
    #[error("the bank's answer is not signed")]
    Missing,
    /// It does not cover the body, the time or the request.
    #[error("the bank's signature does not cover {0}")]
    NotCovered(&'static str),
    /// It is for another body, another request, by another key, or unreadable.
    #[error("the bank's signature is wrong")]
    Wrong,
    /// It is too old or from the future.
    #[error("the bank's signature is not of now")]
    Stale,
}

/// Verifies what a bank signed.
#[derive(Clone, Debug)]
pub struct Verifier {
    key: Vec<u8>,
}

impl Verifier {
    /// A verifier with the bank's certificate (PEM, RSA).
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new(certificate_pem: &str) -> Result<Self, String> {
        let der = certificate_der(certificate_pem)?;
        let certificate = parse(&der)?;
        let key = certificate.public_key();
        match key.parsed() {
            Ok(x509_parser::public_key::PublicKey::RSA(_)) => Ok(Self {
                key: key.subject_public_key.data.to_vec(),
            }),
            _ => Err("is not of an RSA key".to_owned()),
        }
    }

    /// Whether the answer (its headers and body) to this request was signed by the bank, and just now. The order
    /// of headers and parameters and the case of names do not matter.
    ///
    /// # Errors
    /// [`NotSigned`] says why not.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], request: &Request<'_>, now: Timestamp) -> Result<(), NotSigned> {
        let header = headers.get(&SIGNATURE).ok_or(NotSigned::Missing)?;
        let given = Parameters::read(header).ok_or(NotSigned::Wrong)?;
        let covered: Vec<String> = given.headers.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
        let covers = |name: &str| covered.iter().any(|c| c == name);
        let needed = [
            (!body.is_empty(), "digest", "its body"),
            (true, "date", "its time"),
            (true, "x-request-id", "the request"),
        ];
        if let Some((_, _, what)) = needed.into_iter().find(|(needed, name, _)| *needed && !covers(name)) {
            return Err(NotSigned::NotCovered(what));
        }
        let lines: Option<Vec<String>> = covered.iter().map(|name| line(name, headers, request)).collect();
        let text = lines.ok_or(NotSigned::Wrong)?.join("\n");
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.key)
            .verify(text.as_bytes(), &given.signature)
            .map_err(|_| NotSigned::Wrong)?;
        let same_id = value_of(headers, &REQUEST_ID).is_some_and(|id| id.eq_ignore_ascii_case(request.request_id));
        let same_body = !covers("digest") || value_of(headers, &DIGEST).is_some_and(|text| is_digest_of(&text, body));
        if !same_id || !same_body {
            return Err(NotSigned::Wrong);
        }
        let date = value_of(headers, &DATE).and_then(|text| Timestamp::parse_from_str(&text, IMF_FIXDATE).ok());
        match date {
            Some(at) if (now - at).num_seconds().abs() <= MAX_AGE_S => Ok(()),
            _ => Err(NotSigned::Stale),
        }
    }
}

/// A line of the text that was signed (draft-cavage section 2.3).
fn line(name: &str, headers: &HeaderMap, request: &Request<'_>) -> Option<String> {
    let value = match name {
        "(request-target)" => format!("{} {}", request.method, request.target),
        _ => value_of(headers, &HeaderName::from_bytes(name.as_bytes()).ok()?)?,
    };
    Some(format!("{name}: {value}"))
}

/// All values of a header, as they are signed.
fn value_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Result<Vec<&str>, _> = headers.get_all(name).iter().map(|v| v.to_str().map(str::trim)).collect();
    values.ok().filter(|v| !v.is_empty()).map(|v| v.join(", "))
}

/// One of the digests is ours, and none of this kind is another.
fn is_digest_of(text: &str, body: &[u8]) -> bool {
    let ours = digest_of(body);
    let mut of_this_kind = text.split(',').filter_map(|one| {
        let (kind, value) = one.trim().split_once('=')?;
        kind.eq_ignore_ascii_case("SHA-256").then_some(value)
    });
    let same = |value: &str| constant_time::verify_slices_are_equal(value.as_bytes(), &ours.as_bytes()["SHA-256=".len()..]).is_ok();
    let first = of_this_kind.next().is_some_and(same);
    first && of_this_kind.all(same)
}

/// The parameters of a `Signature` header (draft-cavage section 2.1).
struct Parameters {
    headers: String,
    signature: Vec<u8>,
}

impl Parameters {
    fn read(header: &HeaderValue) -> Option<Self> {
        let text = std::str::from_utf8(header.as_bytes())
            .ok()
            .filter(|t| t.len() <= MAX_HEADER_BYTES)?;
        let pairs = pairs(text)?;
        let one = |name: &str| {
            let mut found = pairs.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
            match (found.next(), found.next()) {
                (value, None) => Some(value),
                _ => None,
            }
        };
        let algorithm = one("algorithm")?.unwrap_or("hs2019");
        // With hs2019 the key decides, and the key is RSA.
        if !["rsa-sha256", "hs2019"].iter().any(|known| algorithm.eq_ignore_ascii_case(known)) {
            return None;
        }
        Some(Self {
            // Without the parameter it is `date` alone.
            headers: one("headers")?.unwrap_or("date").to_owned(),
            signature: STANDARD.decode(one("signature")??).ok()?,
        })
    }
}

/// `name="value"` and `name=value`, separated by commas.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let (mut rest, mut found) = (text.trim(), Vec::new());
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => until_quote(quoted)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        found.push((name.trim().to_owned(), value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(found)
}

/// A quoted text and what follows it; a backslash keeps the next character from ending it.
fn until_quote(text: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return Some((text[..at].to_owned(), &text[at + 1..])),
            _ => escaped = c == '\\' && !escaped,
        }
    }
    None
}

/// `SN=<serial in hexadecimal>,CA=<issuer>` of a certificate (PEM): how BPCE wants the key to be named. The
/// issuer is written as RFC 4514 says.
///
/// # Errors
/// What is wrong, in words.
pub fn serial_and_issuer(certificate_pem: &str) -> Result<String, String> {
    let der = certificate_der(certificate_pem)?;
    let certificate = parse(&der)?;
    let raw = certificate.raw_serial();
    let serial: String = raw
        .iter()
        .enumerate()
        .filter(|(at, byte)| **byte != 0 || *at > 0 || raw.len() == 1)
        .map(|(_, byte)| format!("{byte:02X}"))
        .collect();
    Ok(format!("SN={serial},CA={}", distinguished_name(certificate.issuer())))
}

/// The organisation that a certificate (PEM) is of, or its common name.
///
/// # Errors
/// What is wrong, in words.
pub fn organisation(certificate_pem: &str) -> Result<String, String> {
    let der = certificate_der(certificate_pem)?;
    let certificate = parse(&der)?;
    let subject = certificate.subject();
    let named = subject.iter_organization().chain(subject.iter_common_name());
    named
        .filter_map(|a| a.as_str().ok())
        .find(|name| !name.trim().is_empty())
        .map(str::to_owned)
        .ok_or_else(|| "names no organisation".to_owned())
}

fn certificate_der(pem: &str) -> Result<CertificateDer<'static>, String> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| "holds no certificate in PEM".to_owned())
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| "holds no certificate".to_owned())?;
    Ok(certificate)
}

/// RFC 4514: the most particular part first.
fn distinguished_name(name: &X509Name<'_>) -> String {
    let registry = x509_parser::objects::oid_registry();
    let parts: Vec<&x509_parser::x509::RelativeDistinguishedName<'_>> = name.iter_rdn().collect();
    let part = |rdn: &x509_parser::x509::RelativeDistinguishedName<'_>| {
        let attributes: Vec<String> = rdn
            .iter()
            .map(|a| {
                let oid = a.attr_type();
                let kind = x509_parser::objects::oid2abbrev(oid, registry).map_or_else(|_| oid.to_id_string(), str::to_owned);
                format!("{kind}={}", escaped(a.as_str().unwrap_or_default()))
            })
            .collect();
        attributes.join("+")
    };
    parts.into_iter().rev().map(part).collect::<Vec<_>>().join(",")
}

/// RFC 4514 section 2.4, with everything beyond ASCII in hexadecimal: it goes into a header.
fn escaped(value: &str) -> String {
    let last = value.len().saturating_sub(1);
    let mut out = String::with_capacity(value.len());
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b'#' | b' ' if at == 0 => out.push_str(&format!("\\{}", char::from(byte))),
            b' ' if at == last => out.push_str("\\ "),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests;
