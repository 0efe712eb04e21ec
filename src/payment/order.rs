//! An order: 1..=5000 instructions that the PSU authorises once.

use super::{Amount, Currency, Giro, Iban, PaymentId, Schedule};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest remittance information, in characters (Berlin Group `remittanceInformationUnstructured`: 140).
pub const MAX_DETAILS_CHARS: usize = 140;
/// Longest creditor name, in characters (ISO 20022 `Max70Text`, what the Berlin Group allows).
pub const MAX_NAME_CHARS: usize = 70;
/// Most instructions one authorisation may cover.
pub const MAX_INSTRUCTIONS: usize = 5000;
/// Longest end-to-end identification, in characters (ISO 20022 `Max35Text`).
pub const MAX_END_TO_END_CHARS: usize = 35;

// The sum of an order always fits.
const _: () = assert!(super::amount::MAX_MINOR < i64::MAX / MAX_INSTRUCTIONS as i64);

/// One credit transfer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// Who receives the money.
    pub creditor_name: String,
    /// The account that receives it.
    pub creditor_iban: Iban,
    /// How much.
    pub amount: Amount,
    /// Remittance information, as the PSU sees it (before transliteration for the bank).
    pub details: String,
    /// ISO 20022 end-to-end identification, at most 35 characters; no two of an order are the same.
    pub end_to_end_id: String,
    /// What a Serbian payment order has beside that; `None` outside Serbia.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub giro: Option<Giro>,
}

impl fmt::Debug for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instruction").field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// What is sent to a bank: everything the PSU confirmed, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The payment it belongs to.
    pub payment: PaymentId,
    /// The partner it is for, by our own id: a service account at a bank belongs to one partner.
    pub partner: String,
    /// How many times this payment has been sent to a bank, counting this one, from 1. Request ids derive from it.
    pub attempt: u32,
    /// The PSU's account; a bank that lets the PSU choose may do without.
    pub debtor_iban: Option<Iban>,
    /// 1..=[`MAX_INSTRUCTIONS`], all in one currency.
    pub instructions: Vec<Instruction>,
    /// For a standing order, which has one instruction: when it is carried out.
    pub schedule: Option<Schedule>,
}

impl Order {
    /// The currency of the order.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.instructions.first().map(|i| i.amount.currency)
    }
}
