//! The headers of NextGenPSD2 (section 4.8 and the tables of section 5).

use super::protocol::{CertificateHeader, Protocol, ScaApproach};
use crate::bank::oauth::Secret;
use crate::bank::{BankError, Credentials};
use crate::payment::PaymentId;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use std::net::IpAddr;
use url::Url;
use uuid::Uuid;

/// Request ids live in a name space of their own (RFC 9562 section 5.5).
const REQUEST_IDS: Uuid = Uuid::from_u128(0x8c1f_3a52_6d0b_4e77_9b6e_2f41_d7c5_a390);

const CLIENT_ID: HeaderName = HeaderName::from_static("x-ibm-client-id");
const CERTIFICATE: HeaderName = HeaderName::from_static("tpp-signature-certificate");
const CONSENT_ID: HeaderName = HeaderName::from_static("consent-id");
const PSU_IP_ADDRESS: HeaderName = HeaderName::from_static("psu-ip-address");
const PSU_USER_AGENT: HeaderName = HeaderName::from_static("psu-user-agent");
const PSU_ID: HeaderName = HeaderName::from_static("psu-id");
const REDIRECT_URI: HeaderName = HeaderName::from_static("tpp-redirect-uri");
const NOK_REDIRECT_URI: HeaderName = HeaderName::from_static("tpp-nok-redirect-uri");
const REDIRECT_PREFERRED: HeaderName = HeaderName::from_static("tpp-redirect-preferred");
const DECOUPLED_PREFERRED: HeaderName = HeaderName::from_static("tpp-decoupled-preferred");
/// The bank's own word on how the PSU authorises.
pub const SCA_APPROACH: HeaderName = HeaderName::from_static("aspsp-sca-approach");

/// The id of a call: the same call made again has the same id, every other call another one.
pub fn request_id(payment: PaymentId, attempt: u32, operation: &str, call: u32) -> Uuid {
    Uuid::new_v5(&REQUEST_IDS, format!("{payment}/{attempt}/{operation}/{call}").as_bytes())
}

/// The id of a call about a consent.
pub fn consent_request_id(consent: Uuid, operation: &str, call: u32) -> Uuid {
    Uuid::new_v5(&REQUEST_IDS, format!("consent/{consent}/{operation}/{call}").as_bytes())
}

/// Names the consent under which accounts are read (NextGenPSD2 section 6.5).
///
/// # Errors
/// [`BankError::Unsupported`] for an id that no header can carry.
pub fn consent(headers: &mut HeaderMap, id: &str) -> Result<(), BankError> {
    headers.insert(CONSENT_ID, sensitive(id).ok_or(BankError::Unsupported)?);
    Ok(())
}

/// What the bank wants on every call.
///
/// # Errors
/// The configured field and what is wrong with it.
pub fn common(protocol: &Protocol, credentials: &Credentials) -> Result<HeaderMap, (&'static str, String)> {
    let mut headers = HeaderMap::new();
    let by_client_id = protocol.sca_approach == ScaApproach::OauthRedirect || protocol.sends_client_id_header;
    if by_client_id && credentials.client_id.is_empty() {
        let problem = "is missing: set it, or enrol where the bank has a portal (`smartpay bank enrol`)";
        return Err(("client_id", problem.to_owned()));
    }
    if protocol.sends_client_id_header {
        let value = sensitive(&credentials.client_id).ok_or_else(|| ("client_id", "cannot be a header value".to_owned()))?;
        headers.insert(CLIENT_ID, value);
    }
    if let Some(pem) = &credentials.signing_certificate_pem {
        let value = certificate(pem, protocol.certificate_header)
            .and_then(|text| sensitive(&text))
            .ok_or_else(|| ("signing_certificate_pem", "holds no certificate in PEM".to_owned()))?;
        headers.insert(CERTIFICATE, value);
    }
    Ok(headers)
}

/// What the bank learns of the PSU.
pub fn psu(headers: &mut HeaderMap, ip: IpAddr, user_agent: Option<&str>) {
    if let Ok(value) = HeaderValue::from_str(&ip.to_canonical().to_string()) {
        headers.insert(PSU_IP_ADDRESS, value);
    }
    if let Some(value) = user_agent.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(PSU_USER_AGENT, value);
    }
}

/// The id by which the bank knows the PSU, where there is one.
///
/// # Errors
/// [`BankError::Unsupported`] for a text that no header can carry.
pub fn psu_id(headers: &mut HeaderMap, id: Option<&SecretString>) -> Result<(), BankError> {
    if let Some(id) = id.map(|id| id.expose_secret()).filter(|id| !id.is_empty()) {
        headers.insert(PSU_ID, sensitive(id).ok_or(BankError::Unsupported)?);
    }
    Ok(())
}

/// How we want the PSU to authorise, and where the bank's page sends them back to (NextGenPSD2 section 5.3.1).
/// A plain redirect brings back nothing of the bank's, so both addresses carry our `state`; the second, for
/// a refusal, is told apart by `nok`, which is a hint for people reading logs and proves nothing. With OAuth
/// the address is the registered one.
///
/// # Errors
/// [`BankError::Unsupported`] for an address that no header can carry.
pub fn way(headers: &mut HeaderMap, approach: ScaApproach, return_url: &Url, state: &Secret) -> Result<(), BankError> {
    let header = |url: &Url| HeaderValue::from_str(url.as_str()).map_err(|_| BankError::Unsupported);
    let flag = |yes| HeaderValue::from_static(if yes { "true" } else { "false" });
    match approach {
        ScaApproach::OauthRedirect => {
            headers.insert(REDIRECT_URI, header(return_url)?);
        }
        ScaApproach::Redirect => {
            let mut back = return_url.clone();
            back.query_pairs_mut().append_pair("state", state.expose());
            headers.insert(REDIRECT_URI, header(&back)?);
            back.query_pairs_mut().append_pair("nok", "1");
            headers.insert(NOK_REDIRECT_URI, header(&back)?);
        }
        ScaApproach::Decoupled | ScaApproach::Embedded => {
            headers.insert(DECOUPLED_PREFERRED, flag(approach == ScaApproach::Decoupled));
        }
    }
    let redirect = matches!(approach, ScaApproach::OauthRedirect | ScaApproach::Redirect);
    headers.insert(REDIRECT_PREFERRED, flag(redirect));
    Ok(())
}

/// Authorises a call with the PSU's token.
pub fn bearer(headers: &mut HeaderMap, token: &Secret) {
    if let Some(value) = sensitive(&format!("Bearer {}", token.expose())) {
        headers.insert(AUTHORIZATION, value);
    }
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The first certificate of a PEM text.
fn certificate(pem: &str, form: CertificateHeader) -> Option<String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let (_, rest) = pem.split_once(BEGIN)?;
    let (inner, _) = rest.split_once(END)?;
    let base64: String = inner.split_whitespace().collect();
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    if base64.is_empty() || !base64.bytes().all(good) {
        return None;
    }
    Some(match form {
        CertificateHeader::Base64 => base64,
        CertificateHeader::OneLinePem => format!("{BEGIN}{base64}{END}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_call_again_has_the_same_id() {
        let payment = PaymentId::from_random([7; 16]);
        let id = request_id(payment, 1, "status", 2);
        assert_eq!(id, request_id(payment, 1, "status", 2));
        let others = [
            request_id(payment, 1, "status", 3),
            request_id(payment, 2, "status", 2),
            request_id(payment, 1, "withdraw", 2),
            request_id(PaymentId::from_random([8; 16]), 1, "status", 2),
        ];
        assert!(!others.contains(&id));
        assert_eq!(id.get_version_num(), 5);
    }

    #[test]
    fn the_certificate_goes_on_one_line() {
        let pem = "Bag Attributes\n-----BEGIN CERTIFICATE-----\r\nQUJD\r\nREVG\r\n-----END CERTIFICATE-----\r\n-----BEGIN CERTIFICATE-----\nWFla\n-----END CERTIFICATE-----\n";
        assert_eq!(certificate(pem, CertificateHeader::Base64).unwrap(), "QUJDREVG");
        assert_eq!(
            certificate(pem, CertificateHeader::OneLinePem).unwrap(),
            "-----BEGIN CERTIFICATE-----QUJDREVG-----END CERTIFICATE-----"
        );
        for bad in ["", "QUJD", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----"] {
            assert_eq!(certificate(bad, CertificateHeader::Base64), None);
        }
    }

    #[test]
    fn the_address_of_the_payer_is_written_as_ipv4_where_it_is_one() {
        let mut headers = HeaderMap::new();
        psu(&mut headers, "::ffff:192.0.2.7".parse().unwrap(), None);
        assert_eq!(headers[PSU_IP_ADDRESS], "192.0.2.7");
    }
}
