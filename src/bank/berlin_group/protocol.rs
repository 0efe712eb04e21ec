//! What the directory knows of a Berlin Group bank: the facts that differ from bank to bank.

use crate::bank::directory::Sca;
use crate::bank::directory::rules::{Wrong, all_hold, check_limits, is_path_segment};
use serde::{Deserialize, Serialize};

/// Longest creditor name NextGenPSD2 allows, in characters.
const MAX_NAME_CHARS: usize = 70;
/// Longest unstructured remittance information NextGenPSD2 allows, in characters.
const MAX_REMITTANCE_CHARS: usize = 140;

/// The table `[bank.berlin_group]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Where the API lives, without the version; absent when only the operator can know it.
    pub base_url: Option<String>,
    /// The path's first segment, such as `v1`.
    pub path_version: String,
    /// The payment product of one credit transfer, as this bank spells it.
    pub product: String,
    /// The product of several in one authorisation; absent when the bank does not offer that.
    pub bulk_product: Option<String>,
    /// The product of standing orders; absent when the bank does not offer them.
    pub periodic_product: Option<String>,
    /// How the PSU authorises.
    pub sca_approach: ScaApproach,
    /// OAuth only: the authorise page, absolute or relative to the base URL.
    pub authorise_url: Option<String>,
    /// OAuth only: the token endpoint, absolute or relative to the base URL.
    pub token_url: Option<String>,
    /// OAuth only: what stands before the bank's payment id in the scope.
    pub scope_prefix: Option<String>,
    /// What is sent to ask for a consent to account information; absent when the bank does not offer it.
    pub accounts: Option<ConsentBody>,
    /// OAuth with account information only: what stands before the bank's consent id in the scope.
    pub consent_scope_prefix: Option<String>,
    /// Whether the bank confirms funds to a holder of a consent.
    #[serde(default)]
    pub funds: bool,
    /// Whether TPPs enrol themselves, at a portal below the base URL.
    #[serde(default)]
    pub enrolment: bool,
    /// Hosts (`host` or `host:port`) the PSU may be sent to, beside those of the base and authorise URLs.
    #[serde(default)]
    pub psu_hosts: Vec<String>,
    /// Whether every call carries `x-ibm-client-id`.
    pub sends_client_id_header: bool,
    /// How `TPP-Signature-Certificate` is written.
    pub certificate_header: CertificateHeader,
    /// Whether an order must name the debtor's account.
    pub requires_debtor_iban: bool,
    /// What a standing order says of days on which the bank does not work; absent when nothing is sent.
    pub execution_rule: Option<ExecutionRule>,
    /// Longest creditor name, in characters.
    pub max_name_chars: usize,
    /// Longest remittance information, in characters.
    pub max_remittance_chars: usize,
    /// RJCT means that the PSU did not authorise (else: the bank refused).
    pub rjct_means_psu_declined: bool,
    /// CANC means that the bank refused (else: the PSU cancelled).
    pub canc_means_bank_declined: bool,
    /// The bank asks the PSU for approval as soon as it has the order, without a link from us.
    pub sca_starts_on_post: bool,
    /// The bank tells the status only to a token bought with the code the PSU brings back.
    pub status_needs_psu_token: bool,
    /// The bank makes one order of two POSTs with the same request id.
    pub post_is_idempotent: bool,
    /// The bank lets us delete an order that the PSU has not authorised, without a token.
    pub withdraw_before_sca: bool,
    /// How long asking makes sense, in hours.
    pub ask_limit_hours: u32,
}

/// How the PSU authorises (NextGenPSD2 section 5.1, "SCA approach"). Whether the authorisation starts with the
/// order or by a call of its own is read from the links of the bank's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaApproach {
    /// On the bank's page, which hands out an OAuth 2.0 code.
    OauthRedirect,
    /// On the bank's page, from which the PSU comes back with nothing that proves anything.
    Redirect,
    /// On the PSU's own device, asked by the bank.
    Decoupled,
    /// With a code that the PSU enters on our page.
    Embedded,
}

impl ScaApproach {
    /// The approach as the rest of the program knows it.
    pub const fn sca(self) -> Sca {
        match self {
            Self::OauthRedirect | Self::Redirect => Sca::Redirect,
            Self::Decoupled => Sca::Decoupled,
            Self::Embedded => Sca::Embedded,
        }
    }
}

/// What is sent to ask for a consent (NextGenPSD2 section 6.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentBody {
    /// Nothing: the PSU chooses accounts, rights and time at the bank.
    EmptyBody,
    /// The standard's body, for all accounts (`allPsd2`).
    Standard,
    /// The standard's body with empty lists: the PSU chooses the accounts at the bank.
    BankOffered,
}

/// `executionRule` of a standing order: when it is carried out instead of on a day the bank does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionRule {
    /// On the next working day.
    Following,
    /// On the last working day before.
    Preceding,
}

/// How `TPP-Signature-Certificate` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateHeader {
    /// The PEM without its line breaks.
    OneLinePem,
    /// The base64 of the certificate alone, as the standard says.
    Base64,
}

impl Protocol {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(&self) -> Result<(), Wrong> {
        let product = |s: &Option<String>| s.as_deref().is_none_or(is_path_segment);
        let segments = "must be one path segment";
        all_hold([
            (
                is_path_segment(&self.path_version) && self.path_version.starts_with('v'),
                "path_version",
                "must be like v1",
            ),
            (is_path_segment(&self.product), "product", segments),
            (product(&self.bulk_product), "bulk_product", segments),
            (product(&self.periodic_product), "periodic_product", segments),
            (
                self.execution_rule.is_none() || self.periodic_product.is_some(),
                "execution_rule",
                "is for a bank with periodic_product only",
            ),
        ])?;
        let lengths = [
            ("max_name_chars", self.max_name_chars, MAX_NAME_CHARS),
            ("max_remittance_chars", self.max_remittance_chars, MAX_REMITTANCE_CHARS),
        ];
        check_limits(&lengths, self.ask_limit_hours)?;
        all_hold(self.of_the_approach())
    }

    /// What belongs to one SCA approach is there with it and absent with the others.
    fn of_the_approach(&self) -> [(bool, &'static str, &'static str); 9] {
        let oauth = self.sca_approach == ScaApproach::OauthRedirect;
        let there = "belongs to the oauth_redirect approach, which needs it, and to no other";
        let prefix = |text: &Option<String>| text.as_deref().is_none_or(|text| text.is_ascii() && text.len() <= 20);
        let scope_prefix = "must be short ASCII";
        [
            (self.authorise_url.is_some() == oauth, "authorise_url", there),
            (self.token_url.is_some() == oauth, "token_url", there),
            (self.scope_prefix.is_some() == oauth, "scope_prefix", there),
            (prefix(&self.scope_prefix), "scope_prefix", scope_prefix),
            (
                oauth || !self.status_needs_psu_token,
                "status_needs_psu_token",
                "only the oauth_redirect approach has such tokens",
            ),
            (
                self.sca_approach.sca() != Sca::Redirect || !self.sca_starts_on_post,
                "sca_starts_on_post",
                "is impossible where the PSU authorises on the bank's page",
            ),
            (
                self.consent_scope_prefix.is_some() == (oauth && self.accounts.is_some()),
                "consent_scope_prefix",
                "belongs to the oauth_redirect approach with accounts, which needs it, and to no other",
            ),
            (prefix(&self.consent_scope_prefix), "consent_scope_prefix", scope_prefix),
            (
                self.accounts.is_some() || !self.funds,
                "funds",
                "are confirmed to the token of a consent: accounts is missing",
            ),
        ]
    }
}
