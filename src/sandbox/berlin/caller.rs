//! The headers of a call: who calls, on whose behalf, and whether everything is in order.

use super::reply::Reply;
use crate::clock::Timestamp;
use crate::sandbox::secrets::sha256_hex;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::net::IpAddr;
use url::Url;
use uuid::Uuid;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A header's text; `None` when it is missing, empty or not visible ASCII.
pub(in crate::sandbox) fn text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let value = request.headers().get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then_some(value)
}

/// The id the TPP gave this call; every answer repeats it, refusals too.
pub(in crate::sandbox) fn request_id(request: &HttpRequest) -> Option<Uuid> {
    Uuid::try_parse(text(request, "X-Request-ID")?).ok()
}

/// `X-Request-ID`, which every call needs.
pub(in crate::sandbox) fn required_request_id(request: &HttpRequest) -> Result<Uuid, Reply> {
    request_id(request).ok_or_else(|| Reply::format_error("X-Request-ID", "X-Request-ID must be a UUID"))
}

/// Checks `TPP-Signature-Certificate`, which carries the PEM on one line, with or without its BEGIN and END
/// marks. Returns a name for the TPP: a hash of the subject, which a renewed certificate shares.
pub(in crate::sandbox) fn certificate_holder(request: &HttpRequest, now: Timestamp) -> Result<String, Reply> {
    let header = text(request, "TPP-Signature-Certificate");
    let refuse = |code, text| Reply::tpp_message(StatusCode::UNAUTHORIZED, code, Some("TPP-Signature-Certificate"), text);
    let pem = header.ok_or_else(|| refuse("CERTIFICATE_MISSING", "TPP-Signature-Certificate is missing"))?;
    let base64: String = pem
        .trim_start_matches("-----BEGIN CERTIFICATE-----")
        .trim_end_matches("-----END CERTIFICATE-----")
        .split_whitespace()
        .collect();
    let invalid = || {
        refuse(
            "CERTIFICATE_INVALID",
            "TPP-Signature-Certificate is not an X.509 certificate in PEM on one line",
        )
    };
    let der = STANDARD.decode(base64).map_err(|_| invalid())?;
    let (rest, certificate) = X509Certificate::from_der(&der).map_err(|_| invalid())?;
    if !rest.is_empty() {
        return Err(invalid());
    }
    if certificate.validity().not_after.timestamp() < now.and_utc().timestamp() {
        return Err(refuse("CERTIFICATE_EXPIRED", "the certificate has expired"));
    }
    let subject = sha256_hex(certificate.subject().as_raw());
    Ok(format!("certificate-{}", &subject[..32]))
}

/// `PSU-IP-Address` is required when a payment is initiated.
pub(in crate::sandbox) fn check_psu_address(request: &HttpRequest) -> Result<(), Reply> {
    let address = text(request, "PSU-IP-Address").and_then(|ip| ip.parse::<IpAddr>().ok());
    address
        .map(drop)
        .ok_or_else(|| Reply::format_error("PSU-IP-Address", "PSU-IP-Address must be an IP address"))
}

/// The JSON media type, which bodies have to have.
pub(in crate::sandbox) fn check_content_type(request: &HttpRequest) -> Result<(), Reply> {
    let content_type = text(request, "Content-Type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let (status, path) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, Some("Content-Type"));
    Err(Reply::tpp_message(
        status,
        "FORMAT_ERROR",
        path,
        "the body must be application/json",
    ))
}

/// An address to send the PSU's browser back to; `None` when the header is missing.
pub(in crate::sandbox) fn return_address(request: &HttpRequest, name: &'static str) -> Result<Option<Url>, Reply> {
    let parse = |sent: &str| Url::parse(sent).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let refuse = || Reply::format_error(name, "not an http or https address");
    text(request, name).map(|sent| parse(sent).ok_or_else(refuse)).transpose()
}
