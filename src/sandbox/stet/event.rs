//! What the STET banks did, and the payment requests they took in.

use super::establishment::{Cdetab, Version};
use crate::payment::iban::Iban;
use crate::sandbox::ledger::{DeclineReason, LedgerEntry, RefusedBy, Word};
use crate::sandbox::money::Money;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

/// One line of the ledger.
pub type StetEntry = LedgerEntry<Cdetab, StetEvent>;

/// Something a bank did. Codes and tokens appear as SHA-256, in hex.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum StetEvent {
    /// A payment request was accepted.
    RequestReceived {
        /// What was ordered.
        request: Box<ReceivedRequest>,
    },
    /// Somebody failed to log in for this payment.
    LoginFailed { payment_id: String },
    /// The PSU said yes to a payment.
    Authorised {
        payment_id: String,
        /// The customer's number.
        customer: String,
        debtor_iban: Iban,
        /// The code in the return address, where a confirmation is wanted.
        code_sha256: Option<String>,
    },
    /// The TPP confirmed a payment.
    Confirmed { payment_id: String },
    /// The payment ended without authorisation or confirmation (RJCT).
    Refused { payment_id: String, by: RefusedBy },
    /// The bank itself refused the payment (RJCT).
    Declined { payment_id: String, reason: DeclineReason },
    /// The TPP withdrew the payment (CANC).
    Cancelled { payment_id: String, reason: Withdrawal },
    /// The payment reached its next status.
    StatusMoved { payment_id: String, status: Word },
    /// The money left the debtor's account (ACSC).
    Booked {
        payment_id: String,
        debtor_iban: Iban,
        creditor_iban: Iban,
        creditor_name: String,
        money: Money,
        end_to_end: Option<String>,
        remittance: Vec<String>,
    },
    /// A TPP got a token of its own (client credentials).
    ServiceTokenIssued { client_id: String, access_sha256: String },
    /// A PSU let a TPP see accounts or ask for cover.
    AccessGranted {
        /// Who may do what, and how the code is exchanged.
        terms: AccessTerms,
    },
    /// A code or refresh token was exchanged.
    TokenIssued {
        /// The code that the tokens descend from.
        code_sha256: String,
        access_sha256: String,
        refresh_sha256: Option<String>,
    },
    /// A code came back: its tokens are void.
    TokensRevoked { code_sha256: String },
    /// A TPP said which accounts its PSU lets it see.
    ConsentGiven { code_sha256: String, consent: Consent },
}

impl StetEvent {
    /// The payment this is about, if it is about one.
    #[must_use]
    pub fn payment_id(&self) -> Option<&str> {
        match self {
            Self::RequestReceived { request } => Some(&request.payment_id),
            Self::LoginFailed { payment_id }
            | Self::Authorised { payment_id, .. }
            | Self::Confirmed { payment_id }
            | Self::Refused { payment_id, .. }
            | Self::Declined { payment_id, .. }
            | Self::Cancelled { payment_id, .. }
            | Self::StatusMoved { payment_id, .. }
            | Self::Booked { payment_id, .. } => Some(payment_id),
            Self::ServiceTokenIssued { .. }
            | Self::AccessGranted { .. }
            | Self::TokenIssued { .. }
            | Self::TokensRevoked { .. }
            | Self::ConsentGiven { .. } => None,
        }
    }
}

/// Why a TPP withdraws a payment (STET 1.4.2 §4.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Withdrawal {
    /// The PSU wants it.
    Ds02,
    /// It was ordered twice.
    Dupl,
    /// Fraud.
    Frad,
    /// A technical failure of the TPP.
    Tech,
}

impl Withdrawal {
    /// Reads the reason code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let all = [Self::Ds02, Self::Dupl, Self::Frad, Self::Tech];
        all.into_iter().find(|reason| reason.code() == code)
    }

    /// The reason code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ds02 => "DS02",
            Self::Dupl => "DUPL",
            Self::Frad => "FRAD",
            Self::Tech => "TECH",
        }
    }
}

/// A payment request as it was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceivedRequest {
    /// Where.
    pub bank: Cdetab,
    /// The bank's id.
    pub payment_id: String,
    /// The version it came in: its answers keep to that shape.
    pub version: Version,
    /// The TPP's `organizationIdentifier`.
    pub client_id: String,
    /// `X-Request-ID`: the key of a replay.
    pub request_id: String,
    /// SHA-256 of the body, hex: a replay must bring the same.
    pub body_sha256: String,
    /// The resource as the TPP wrote it.
    pub resource: Value,
    /// The instructed amount.
    pub money: Money,
    /// The account to credit.
    pub creditor_iban: Iban,
    /// Its holder, as the TPP named it.
    pub creditor_name: String,
    /// The account to debit, when the TPP named it.
    pub debtor_iban: Option<Iban>,
    /// Remittance information.
    pub remittance: Vec<String>,
    /// End-to-end identification.
    pub end_to_end: Option<String>,
    /// The day on which the money leaves.
    pub execution: NaiveDate,
    /// Where the PSU goes back to.
    pub success_url: Url,
    /// After a no; without it the other serves for both.
    pub failure_url: Option<Url>,
}

/// What a PSU granted to a TPP beyond a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTerms {
    /// The TPP.
    pub client_id: String,
    /// The address it has to repeat.
    pub redirect_uri: Url,
    /// Words with spaces between: `aisp`, `extended_transaction_history`, `cbpii`, `piisp`.
    pub scope: String,
    /// The customer's number.
    pub customer: String,
    /// The accounts it is about, by IBAN.
    pub accounts: Vec<String>,
    /// SHA-256 of the code, hex.
    pub code_sha256: String,
}

/// What an account information service may see (`PUT /consents`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// IBANs of the accounts whose balances it may see.
    pub balances: Vec<String>,
    /// IBANs of the accounts whose transactions it may see.
    pub transactions: Vec<String>,
    /// The beneficiaries that the PSU trusts.
    pub trusted_beneficiaries: bool,
    /// The PSU's name.
    pub psu_identity: bool,
}
