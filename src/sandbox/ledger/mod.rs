//! The ledger: what the bank did, in order. Everything else the bank knows about orders, balances and
//! tokens is computed from it, so a restarted bank reads it back and goes on.
//!
//! **Invariant:** entries are only ever appended, whole, and numbered without gaps.

mod consent;
mod file;
mod order;
mod portal;

pub use consent::{EndedBy, ReceivedConsent, Rights};
pub(super) use file::Ledger;
pub use order::{Execution, Frequency, Instruction, PaymentService, ReceivedOrder, Schedule};
pub use portal::{EnrolledClient, PortalUser};

use super::BankCode;
use super::money::Money;
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

/// One line of a ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry<B = BankCode, E = LedgerEvent> {
    /// Counts from 1 without gaps.
    pub seq: u64,
    /// When it happened (UTC). A status step that the bank notices late keeps the time it was due.
    pub at: Timestamp,
    /// Which bank.
    pub bank: B,
    /// What happened.
    #[serde(flatten)]
    pub event: E,
}

/// Something the bank did. Authorisation codes and tokens appear as SHA-256, in hex; one-time codes in
/// clear, because the ledger is also what the customers' telephones show, and everybody may look at those.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LedgerEvent {
    /// A payment initiation was accepted.
    OrderReceived {
        /// What was ordered.
        order: Box<ReceivedOrder>,
    },
    /// An authorisation resource was made for the order or consent.
    AuthorisationStarted {
        /// The id of either.
        payment_id: String,
        authorisation_id: String,
        /// The TPP's `X-Request-ID` where the TPP started it; the order itself started it otherwise.
        request_id: Option<Uuid>,
        /// Login name of the customer, once the PSU is identified.
        customer: Option<String>,
    },
    /// A one-time code was sent to the customer.
    CodeSent {
        /// The order's or the consent's id.
        payment_id: String,
        authorisation_id: String,
        /// `authenticationMethodId`.
        method: String,
        code: String,
    },
    /// Somebody failed to log in for this order, or gave a wrong one-time code for it or for a consent.
    LoginFailed { payment_id: String },
    /// The PSU authorised the order; where the bank speaks OAuth2, an authorisation code was issued.
    Authorised {
        payment_id: String,
        /// The customer's login name.
        customer: String,
        debtor_iban: Iban,
        /// What the code may be exchanged for, and by whom.
        #[serde(default)]
        grant: Option<GrantTerms>,
    },
    /// The order ended without authorisation (RJCT).
    Refused { payment_id: String, by: RefusedBy },
    /// The bank itself refused the authorised order (RJCT; CANC at CEC).
    Declined { payment_id: String, reason: DeclineReason },
    /// The TPP withdrew the order before authorisation (CANC).
    Cancelled { payment_id: String },
    /// The authorised order reached its next status; the last one only where an order has several instructions.
    StatusMoved { payment_id: String, status: Word },
    /// The bank refused one instruction of an authorised order.
    InstructionFailed {
        payment_id: String,
        /// Its place in the order, from 0.
        index: usize,
        /// Its end-to-end identification.
        end_to_end: Option<String>,
        reason: DeclineReason,
    },
    /// The money of one instruction left the debtor's account.
    Booked {
        payment_id: String,
        /// The instruction's place in the order, from 0.
        #[serde(default)]
        index: usize,
        /// Its end-to-end identification.
        #[serde(default)]
        end_to_end: Option<String>,
        debtor_iban: Iban,
        creditor_iban: Iban,
        money: Money,
    },
    /// A code or a refresh token was exchanged.
    TokenIssued {
        payment_id: String,
        /// The SHA-256 of the code the tokens descend from.
        code_sha256: String,
        access_sha256: String,
        refresh_sha256: String,
    },
    /// A code or a spent refresh token came back: all tokens of the code are void.
    TokensRevoked { payment_id: String, code_sha256: String },
    /// A consent to account information was asked for.
    ConsentReceived {
        /// What was asked for.
        consent: Box<ReceivedConsent>,
    },
    /// The PSU gave it; where the bank speaks OAuth2, an authorisation code was issued.
    ConsentGiven {
        consent_id: String,
        /// The customer's login name.
        customer: String,
        rights: Rights,
        grant: Option<GrantTerms>,
    },
    /// The PSU did not give it.
    ConsentRefused { consent_id: String },
    /// It was ended before its time.
    ConsentEnded { consent_id: String, by: EndedBy },
    /// Somebody registered at the portal.
    UserRegistered { user: PortalUser },
    /// They opened the link in the mail.
    UserActivated { username: String },
    /// A TPP enrolled there.
    ClientEnrolled { client: EnrolledClient },
}

impl LedgerEvent {
    /// The order or consent this is about; nothing for what happens at the portal.
    #[must_use]
    pub fn payment_id(&self) -> &str {
        match self {
            Self::OrderReceived { order } => &order.payment_id,
            Self::AuthorisationStarted { payment_id, .. }
            | Self::CodeSent { payment_id, .. }
            | Self::LoginFailed { payment_id }
            | Self::InstructionFailed { payment_id, .. }
            | Self::Authorised { payment_id, .. }
            | Self::Refused { payment_id, .. }
            | Self::Declined { payment_id, .. }
            | Self::Cancelled { payment_id }
            | Self::StatusMoved { payment_id, .. }
            | Self::Booked { payment_id, .. }
            | Self::TokenIssued { payment_id, .. }
            | Self::TokensRevoked { payment_id, .. } => payment_id,
            Self::ConsentReceived { consent } => &consent.consent_id,
            Self::ConsentGiven { consent_id, .. } | Self::ConsentRefused { consent_id } | Self::ConsentEnded { consent_id, .. } => {
                consent_id
            }
            Self::UserRegistered { .. } | Self::UserActivated { .. } | Self::ClientEnrolled { .. } => "",
        }
    }
}

/// What an authorisation code stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantTerms {
    /// The TPP that may exchange the code.
    pub client_id: String,
    /// The address it has to repeat.
    pub redirect_uri: Url,
    /// SHA-256 of the code, hex.
    pub code_sha256: String,
    /// PKCE, method S256 (RFC 7636).
    pub code_challenge: String,
}

/// Who or what ended an order before it was authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedBy {
    /// The PSU said no.
    Psu,
    /// Too many wrong logins or codes.
    WrongCodes,
    /// Nobody authorised it in time.
    Lapse,
}

/// Why the bank refused an authorised order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// The account holds less than the order.
    InsufficientFunds,
    /// The account to credit is closed.
    CreditorAccountClosed,
    /// The bank's own rules, which it does not explain.
    BankRules,
}

/// The ISO 20022 status words the banks use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Word {
    /// Received.
    Rcvd,
    /// The customer profile check was successful.
    Accp,
    /// Technical validation was successful.
    Actc,
    /// Settlement is in process.
    Acsp,
    /// Settled on the debtor's account.
    Acsc,
    /// Some of several instructions were settled, the others refused.
    Part,
    /// Rejected. At CEC: the PSU did not authorise.
    Rjct,
    /// Cancelled: the TPP withdrew. At CEC also: the bank refused.
    Canc,
}

impl Word {
    /// The four letters.
    #[must_use]
    pub fn iso(self) -> &'static str {
        match self {
            Self::Rcvd => "RCVD",
            Self::Accp => "ACCP",
            Self::Actc => "ACTC",
            Self::Acsp => "ACSP",
            Self::Acsc => "ACSC",
            Self::Part => "PART",
            Self::Rjct => "RJCT",
            Self::Canc => "CANC",
        }
    }
}
