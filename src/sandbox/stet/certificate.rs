//! What the bank reads in a TPP's certificate: who it is, and as what it was authorised (ETSI TS 119 495).

use crate::clock::Timestamp;
use x509_parser::asn1_rs::{Any, Oid, Sequence, oid};
use x509_parser::prelude::{FromDer, X509Certificate};

/// `organizationIdentifier` (ITU-T X.520), which eIDAS certificates of payment service providers carry.
const ORGANIZATION_IDENTIFIER: Oid<'static> = oid!(2.5.4.97);
/// `qcStatements` (RFC 3739 §3.2.6).
const QC_STATEMENTS: Oid<'static> = oid!(1.3.6.1.5.5.7.1.3);
/// `id-etsi-psd2-qcStatement` (ETSI TS 119 495 §5.1).
const PSD2_STATEMENT: Oid<'static> = oid!(0.4.0.19495.2);

/// As what a TPP was authorised (ETSI TS 119 495 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// `PSP_PI`: payment initiation.
    PaymentInitiation,
    /// `PSP_AI`: account information.
    AccountInformation,
    /// `PSP_IC`: issuing of card-based payment instruments.
    CardIssuing,
}

impl Role {
    fn of(oid: &Oid<'_>) -> Option<Self> {
        let all = [
            (oid!(0.4.0.19495.1.2), Self::PaymentInitiation),
            (oid!(0.4.0.19495.1.3), Self::AccountInformation),
            (oid!(0.4.0.19495.1.4), Self::CardIssuing),
        ];
        all.into_iter().find(|(known, _)| known == oid).map(|(_, role)| role)
    }
}

/// A certificate as far as the bank reads it.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    /// `PSDxx-…`; it is the client id. `None` in a certificate that names no payment service provider.
    pub organization: Option<String>,
    pub roles: Vec<Role>,
    /// In hex, lower case, without leading zeros.
    pub serial: String,
    /// The issuer's distinguished name, its parts sorted.
    pub issuer: Vec<String>,
    /// The subject's public key, as in the certificate (a BIT STRING's content).
    pub public_key: Vec<u8>,
    not_before: i64,
    not_after: i64,
}

impl Certificate {
    /// `None` for what is no X.509 certificate.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut organization = certificate.subject().iter_by_oid(&ORGANIZATION_IDENTIFIER);
        Some(Self {
            organization: organization.next().and_then(|o| o.as_str().ok()).map(str::to_owned),
            roles: roles(&certificate).unwrap_or_default(),
            serial: serial(&certificate.raw_serial_as_string()),
            issuer: name_parts(&certificate.issuer().to_string()),
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
        })
    }

    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        let now = now.and_utc().timestamp();
        self.not_before <= now && now <= self.not_after
    }
}

/// A serial number in one spelling.
pub(super) fn serial(hex: &str) -> String {
    let digits: String = hex.chars().filter(char::is_ascii_hexdigit).collect();
    digits.trim_start_matches('0').to_ascii_lowercase()
}

/// A distinguished name in one spelling: order, case and white space count for nothing here, because TPPs
/// write their issuer's name in either order (RFC 4514 and OpenSSL differ).
pub(super) fn name_parts(name: &str) -> Vec<String> {
    let part = |part: &str| {
        let words: Vec<&str> = part.split_whitespace().collect();
        words
            .join(" ")
            .replace("= ", "=")
            .replace(" =", "=")
            .replace('\\', "")
            .to_lowercase()
    };
    let mut parts: Vec<String> = name.split(',').map(part).filter(|p| !p.is_empty()).collect();
    parts.sort();
    parts
}

/// The roles of the PSD2 statement; `None` when there is no such statement, or it cannot be read.
fn roles(certificate: &X509Certificate<'_>) -> Option<Vec<Role>> {
    let extension = certificate.get_extension_unique(&QC_STATEMENTS).ok()??;
    let (_, statements) = Sequence::from_der(extension.value).ok()?;
    for statement in items(&statements.content)? {
        let statement = items(statement.data)?;
        let id = statement.first().and_then(|id| id.clone().oid().ok());
        if id.is_some_and(|id| id == PSD2_STATEMENT) {
            let info = items(statement.get(1)?.data)?;
            return Some(
                items(info.first()?.data)?
                    .iter()
                    .filter_map(|role| Role::of(&items(role.data)?.first()?.clone().oid().ok()?))
                    .collect(),
            );
        }
    }
    None
}

/// The elements that stand one behind the other.
fn items(mut der: &[u8]) -> Option<Vec<Any<'_>>> {
    let mut found = Vec::new();
    while !der.is_empty() {
        let (rest, item) = Any::from_der(der).ok()?;
        found.push(item);
        der = rest;
    }
    Some(found)
}
