//! Why a payment ended without money, as it is stored and shown to partners.

use serde::{Deserialize, Serialize};

/// Why a payment ended without money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The PSU refused at the bank, or did not authorise.
    PsuDeclined,
    /// The bank refused (funds, rules, fraud checks).
    BankDeclined,
    /// Withdrawn at the bank on our request before execution.
    Withdrawn,
    /// Too many wrong one-time codes.
    WrongCodes,
    /// An admin learnt from the bank that nothing was executed.
    NotExecuted,
    /// One of the accounts is not known (ISO 20022 `AC01`).
    AccountUnknown,
    /// One of the accounts is closed (`AC04`).
    AccountClosed,
    /// One of the accounts is blocked (`AC06`).
    AccountBlocked,
    /// The account is not for such payments (`AG01`).
    NotPermitted,
    /// The PSU refused, or there is not enough money: the bank does not tell which (`CUST`).
    PsuOrFunds,
    /// There is not enough money (`AM04`).
    InsufficientFunds,
    /// Suspicion of fraud (`FRAD`).
    FraudSuspected,
    /// The PSU did not authorise in time (`NOAS`).
    PsuNoAnswer,
    /// Name, address or identification of a party is missing or wrong (`RR01`, `RR03`, `RR12`).
    PartyNotAccepted,
    /// The law stands against it (`RR04`).
    Regulatory,
    /// Taken for one that was there already (`DUPL`).
    Duplicate,
    /// The order itself is not one the bank takes (`FF01`, `AM18`, `CH03`).
    OrderNotAccepted,
    /// Something failed at the bank (`TECH`).
    BankTechnical,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 18] = [
        Self::PsuDeclined,
        Self::BankDeclined,
        Self::Withdrawn,
        Self::WrongCodes,
        Self::NotExecuted,
        Self::AccountUnknown,
        Self::AccountClosed,
        Self::AccountBlocked,
        Self::NotPermitted,
        Self::PsuOrFunds,
        Self::InsufficientFunds,
        Self::FraudSuspected,
        Self::PsuNoAnswer,
        Self::PartyNotAccepted,
        Self::Regulatory,
        Self::Duplicate,
        Self::OrderNotAccepted,
        Self::BankTechnical,
    ];

    /// The word stored and shown to partners as `statusReason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PsuDeclined => "psu_declined",
            Self::BankDeclined => "bank_declined",
            Self::Withdrawn => "withdrawn",
            Self::WrongCodes => "wrong_codes",
            Self::NotExecuted => "not_executed",
            Self::AccountUnknown => "account_unknown",
            Self::AccountClosed => "account_closed",
            Self::AccountBlocked => "account_blocked",
            Self::NotPermitted => "not_permitted",
            Self::PsuOrFunds => "psu_or_funds",
            Self::InsufficientFunds => "insufficient_funds",
            Self::FraudSuspected => "fraud_suspected",
            Self::PsuNoAnswer => "psu_no_answer",
            Self::PartyNotAccepted => "party_not_accepted",
            Self::Regulatory => "regulatory",
            Self::Duplicate => "duplicate",
            Self::OrderNotAccepted => "order_not_accepted",
            Self::BankTechnical => "bank_technical",
        }
    }
}
