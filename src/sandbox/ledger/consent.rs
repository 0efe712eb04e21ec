//! A consent as it was asked for, and as it was given.

use crate::payment::iban::Iban;
use crate::sandbox::BankCode;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

/// A consent request as it was accepted (NextGenPSD2 1.3.11 §6.3.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceivedConsent {
    /// Which bank has it.
    pub bank: BankCode,
    /// The bank's id.
    pub consent_id: String,
    /// The TPP, as orders name it.
    pub client_id: String,
    /// The TPP's `X-Request-ID`: the key of a replay.
    pub request_id: Uuid,
    /// SHA-256 of the request body, hex: a replay must bring the same.
    pub body_sha256: String,
    /// The accounts that were named; with none the PSU chooses.
    pub named: Vec<Iban>,
    /// For all of the PSU's accounts.
    pub all: bool,
    /// Good more than once.
    pub recurring: bool,
    /// The last day on which it is good.
    pub valid_until: NaiveDate,
    /// Where the PSU's browser is sent back to, at a bank to whose page it goes.
    pub redirect_uri: Option<Url>,
    /// Where it is sent after a refusal, when that is another place.
    pub nok_redirect_uri: Option<Url>,
}

/// What a PSU allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// The accounts that may be seen.
    pub accounts: Vec<Iban>,
    /// Their balances too.
    pub balances: bool,
    /// Their transactions too.
    pub transactions: bool,
}

/// Who ended a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The TPP (`terminatedByTpp`).
    Tpp,
    /// The PSU, at the bank (`revokedByPsu`).
    Psu,
}
