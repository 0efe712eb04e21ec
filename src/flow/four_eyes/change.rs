//! What can be proposed: each change with its rules and how it is carried out.

use super::signature_keys::check_rules;
use super::snapshot::certificates;
use super::webhook::{self, WantedEndpoint};
use crate::clock::Timestamp;
use crate::crypto;
use crate::flow::add_partner::is_plain_url;
use crate::flow::error::FieldProblem;
use crate::flow::resolve_payment::{Resolution, check_reason};
use crate::flow::{Context, FlowError};
use crate::partner::{CertificateFacts, SignatureRules};
use crate::payment::PaymentId;
use crate::payment::amount::MAX_MINOR;
use crate::payment::limits::Limits;
use crate::store::partner_certificates::{self, StoredCertificate};
use crate::store::{Access, StoreError, partner_counts, partner_signatures, partners};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, Error as TlsError};
use serde::{Deserialize, Serialize};
use url::Url;

/// Largest count a figure may have.
pub const MAX_COUNT: i64 = 100_000_000;
/// Most redirect URLs of a partner.
pub const MOST_URLS: usize = 20;
/// The longest of them, in bytes.
pub const MAX_URL_BYTES: usize = 500;

/// A certificate that is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCertificate {
    /// What people are shown of it.
    pub facts: CertificateFacts,
    /// Its DER encoding, base64.
    der: String,
}

impl NewCertificate {
    /// Reads an uploaded file, PEM or DER, and checks that the gateway would accept it now.
    ///
    /// # Errors
    /// [`FlowError::Invalid`] says in words what is wrong.
    pub fn read(cx: &Context, file: &[u8]) -> Result<Self, FlowError> {
        let is_pem = file.starts_with(b"-----BEGIN") || file.windows(11).any(|w| w == b"-----BEGIN ");
        let der = if is_pem {
            CertificateDer::from_pem_slice(file)
                .map_err(|_| certificate_problem("NOT_READABLE"))?
                .to_vec()
        } else {
            file.to_vec()
        };
        let facts = CertificateFacts::from_der(&der, crypto::fingerprint(&der)).map_err(|_| certificate_problem("NOT_READABLE"))?;
        let read = Self {
            facts,
            der: BASE64_STANDARD.encode(&der),
        };
        read.checked(cx)?;
        Ok(read)
    }

    /// The certificate, PEM (RFC 7468).
    #[must_use]
    pub fn pem(&self) -> String {
        let digits = self.der.as_bytes().chunks(64);
        let lines: Vec<_> = digits.map(String::from_utf8_lossy).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }

    /// Whether the gateway would accept it now.
    ///
    /// # Errors
    /// [`FlowError::Invalid`] says in words why not.
    pub(super) fn checked(&self, cx: &Context) -> Result<(), FlowError> {
        let Some(cas) = &cx.rules.partner_cas else { return Ok(()) };
        let der = BASE64_STANDARD.decode(&self.der).map_err(|_| certificate_problem("NOT_READABLE"))?;
        let seconds = u64::try_from(cx.now().and_utc().timestamp()).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let judged = cas.verify_client_cert(&CertificateDer::from(der), &[], now);
        judged.map(drop).map_err(|error| {
            certificate_problem(match error {
                TlsError::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => "EXPIRED",
                TlsError::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
                    "NOT_VALID_YET"
                }
                TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => "UNKNOWN_CA",
                TlsError::InvalidCertificate(CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. }) => {
                    "NOT_FOR_CLIENTS"
                }
                _ => "NOT_ACCEPTED",
            })
        })
    }
}

fn certificate_problem(code: &'static str) -> FlowError {
    let words = match code {
        "EXPIRED" => "the certificate has expired",
        "NOT_VALID_YET" => "the certificate is not valid yet",
        "UNKNOWN_CA" => "the certificate was not signed by a CA that the gateway trusts",
        "NOT_FOR_CLIENTS" => "the certificate is not for TLS clients (extended key usage)",
        "NOT_READABLE" => "the file holds no X.509 certificate, neither PEM nor DER",
        _ => "the gateway would not accept the certificate",
    };
    FlowError::Invalid(vec![FieldProblem::new("certificate", code, words)])
}

/// What can be proposed. Partners by our own id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The partner may call with this certificate too.
    AddCertificate {
        /// The partner.
        partner: String,
        /// The certificate.
        certificate: Box<NewCertificate>,
    },
    /// The partner may not call with this certificate any more.
    RemoveCertificate {
        /// The partner.
        partner: String,
        /// SHA-256 of the certificate; empty for the one that was named by its subject and issuer only.
        sha256: String,
    },
    /// Where its payers may be sent back to.
    RedirectUrls {
        /// The partner.
        partner: String,
        /// The URLs.
        urls: Vec<Url>,
        /// Whether path and query may vary.
        flexible: bool,
    },
    /// Its declared figures.
    Limits {
        /// The partner.
        partner: String,
        /// The figures.
        limits: Limits,
    },
    /// With which keys it signs its requests, and whether it must.
    SignedRequests {
        /// The partner.
        partner: String,
        /// The keys, and whether it must.
        rules: SignatureRules,
    },
    /// Whether it may call at all.
    Activation {
        /// The partner.
        partner: String,
        /// Whether it may.
        active: bool,
    },
    /// An endpoint for webhooks: added, changed, switched on or off.
    SetWebhook {
        /// The partner.
        partner: String,
        /// The endpoint as it is to be.
        endpoint: WantedEndpoint,
    },
    /// An endpoint for webhooks is removed.
    RemoveWebhook {
        /// The partner.
        partner: String,
        /// The endpoint's id.
        id: String,
    },
    /// How a payment in doubt ended at the bank.
    ResolveDoubt {
        /// The payment.
        payment: PaymentId,
        /// What became of the order.
        resolution: Resolution,
        /// How the bank told; no personal data.
        reason: String,
    },
}

/// The kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A certificate is added.
    AddCertificate,
    /// A certificate is removed.
    RemoveCertificate,
    /// Redirect URLs.
    RedirectUrls,
    /// Declared figures.
    Limits,
    /// Signed requests.
    SignedRequests,
    /// Activation or deactivation.
    Activation,
    /// A webhook endpoint is added or changed.
    SetWebhook,
    /// A webhook endpoint is removed.
    RemoveWebhook,
    /// The end of a doubt.
    ResolveDoubt,
}

impl Kind {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AddCertificate => "add_certificate",
            Self::RemoveCertificate => "remove_certificate",
            Self::RedirectUrls => "redirect_urls",
            Self::Limits => "limits",
            Self::SignedRequests => "signed_requests",
            Self::Activation => "activation",
            Self::SetWebhook => "webhook",
            Self::RemoveWebhook => "remove_webhook",
            Self::ResolveDoubt => "resolve_doubt",
        }
    }
}

impl Change {
    /// The stored change of a proposal.
    ///
    /// # Errors
    /// [`FlowError::Internal`] when it cannot be read.
    pub fn stored(text: &str) -> Result<Self, FlowError> {
        Ok(serde_json::from_str(text)?)
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::AddCertificate { .. } => Kind::AddCertificate,
            Self::RemoveCertificate { .. } => Kind::RemoveCertificate,
            Self::RedirectUrls { .. } => Kind::RedirectUrls,
            Self::Limits { .. } => Kind::Limits,
            Self::SignedRequests { .. } => Kind::SignedRequests,
            Self::Activation { .. } => Kind::Activation,
            Self::SetWebhook { .. } => Kind::SetWebhook,
            Self::RemoveWebhook { .. } => Kind::RemoveWebhook,
            Self::ResolveDoubt { .. } => Kind::ResolveDoubt,
        }
    }

    /// The partner's or payment's id.
    #[must_use]
    pub fn subject(&self) -> String {
        self.partner().map_or_else(
            || match self {
                Self::ResolveDoubt { payment, .. } => payment.to_string(),
                _ => String::new(),
            },
            ToOwned::to_owned,
        )
    }

    /// The partner it is about, if it is about one.
    #[must_use]
    pub fn partner(&self) -> Option<&str> {
        match self {
            Self::AddCertificate { partner, .. }
            | Self::RemoveCertificate { partner, .. }
            | Self::RedirectUrls { partner, .. }
            | Self::Limits { partner, .. }
            | Self::SignedRequests { partner, .. }
            | Self::SetWebhook { partner, .. }
            | Self::RemoveWebhook { partner, .. }
            | Self::Activation { partner, .. } => Some(partner),
            Self::ResolveDoubt { .. } => None,
        }
    }

    /// The word in the audit log once it is carried out.
    pub(super) const fn audited_as(&self) -> &'static str {
        match self {
            Self::AddCertificate { .. } => "certificate_added",
            Self::RemoveCertificate { .. } => "certificate_removed",
            Self::RedirectUrls { .. } => "redirect_urls_changed",
            Self::Limits { .. } => "limits_changed",
            Self::SignedRequests { .. } => "signed_requests_changed",
            Self::Activation { active: true, .. } => "partner_activated",
            Self::Activation { active: false, .. } => "partner_deactivated",
            Self::SetWebhook { .. } => "webhook_changed",
            Self::RemoveWebhook { .. } => "webhook_removed",
            Self::ResolveDoubt {
                resolution: Resolution::Settled,
                ..
            } => "payment_resolved_settled",
            Self::ResolveDoubt {
                resolution: Resolution::NotExecuted,
                ..
            } => "payment_resolved_not_executed",
        }
    }

    /// What can be said of it without looking at anything else.
    pub(super) fn check(&self, cx: &Context) -> Result<(), FlowError> {
        let problem = |field: &str, code, words: &str| Err(FlowError::Invalid(vec![FieldProblem::new(field, code, words)]));
        match self {
            Self::RedirectUrls { urls, .. } => {
                let fits = |url: &Url| is_plain_url(url) && url.as_str().len() <= MAX_URL_BYTES;
                if urls.is_empty() || urls.len() > MOST_URLS || !urls.iter().all(fits) {
                    return problem("redirect_urls", "NOT_USABLE", "1 to 20 https URLs without query and fragment");
                }
                Ok(())
            }
            Self::Limits { limits, .. } => {
                let fits = |most: i64, is_amount: bool| (1..=if is_amount { MAX_MINOR } else { MAX_COUNT }).contains(&most);
                if !limits.iter().all(|limit| fits(limit.most, limit.figure.is_amount())) {
                    return problem("limits", "NOT_USABLE", "a figure is at least 1");
                }
                Ok(())
            }
            Self::SignedRequests { rules, .. } => check_rules(rules),
            Self::ResolveDoubt { reason, .. } => check_reason(reason),
            Self::SetWebhook { endpoint, .. } => webhook::check(cx, endpoint),
            Self::AddCertificate { .. } | Self::RemoveCertificate { .. } | Self::Activation { .. } | Self::RemoveWebhook { .. } => Ok(()),
        }
    }

    /// Carries it out. A doubt is ended elsewhere, with its payment.
    pub(super) fn apply(&self, a: &mut Access<'_>, now: Timestamp) -> Result<(), StoreError> {
        match self {
            Self::AddCertificate { partner, certificate } => add_certificate(a, partner, &certificate.facts, now),
            Self::RemoveCertificate { partner, sha256 } => remove_certificate(a, partner, sha256, now),
            Self::RedirectUrls { partner, urls, flexible } => partners::set_redirects(a, partner, urls, *flexible).map(drop),
            Self::Limits { partner, limits } => partner_counts::set_limits(a, partner, limits).map(drop),
            Self::SignedRequests { partner, rules } => partner_signatures::set(a, partner, rules).map(drop),
            Self::Activation { partner, active } => partners::set_active(a, partner, *active).map(drop),
            Self::SetWebhook { partner, endpoint } => webhook::set(a, partner, endpoint, now),
            Self::RemoveWebhook { id, .. } => webhook::remove(a, id, now),
            Self::ResolveDoubt { .. } => Ok(()),
        }
    }
}

fn add_certificate(a: &mut Access<'_>, partner: &str, facts: &CertificateFacts, now: Timestamp) -> Result<(), StoreError> {
    let is_first = certificates(a, partner)?.is_empty();
    let CertificateFacts {
        subject,
        issuer,
        sha256,
        key_kind,
        not_before,
        not_after,
    } = facts.clone();
    let certificate = StoredCertificate {
        sha256,
        partner_id: partner.to_owned(),
        subject,
        issuer,
        key_kind,
        not_before,
        not_after,
        added_at: now,
        removed_at: None,
    };
    partner_certificates::add(a, &certificate)?;
    if is_first {
        partner_certificates::name_in_profile(a, partner, &certificate)?;
    }
    Ok(())
}

/// The profile names one that stays.
fn remove_certificate(a: &mut Access<'_>, partner: &str, sha256: &str, now: Timestamp) -> Result<(), StoreError> {
    if !sha256.is_empty() {
        partner_certificates::remove(a, partner, sha256, now)?;
    }
    let left = partner_certificates::live(a, partner)?;
    let named = partners::get(a, partner)?.and_then(|p| p.certificate_sha256).unwrap_or_default();
    if named != sha256 {
        return Ok(());
    }
    let next = left.first().ok_or(StoreError::Conflict)?;
    partner_certificates::name_in_profile(a, partner, next)
}
