//! Stories on demand: amounts and accounts that make any bank behave in a certain way.
//!
//! **Invariant:** a story is read from the order alone, so a restarted bank goes on telling it.

pub(super) mod pages;

#[cfg(test)]
mod tests;

use super::Fault;
use super::ledger::{PaymentService, ReceivedOrder};
use super::money::parse_minor;
use serde::Deserialize;
use std::time::Duration;

/// No instruction to this account is ever paid: it is closed.
pub const CLOSED_ACCOUNT: &str = "RO27CECEB00030RON0009009";
/// How long the bank says nothing where the story says so.
const SILENCE: Duration = Duration::from_secs(60);

/// What an amount makes the bank do. Only orders with one instruction have a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// The bank refuses the authorised order.
    BankRefuses,
    /// The account holds too little, whoever pays.
    TooLittleMoney,
    /// Every step takes 20 seconds.
    Slow,
    /// The initiation is not answered for a minute, and the bank does nothing.
    Silent,
    /// The bank takes the order in, but its answer needs a minute.
    LateAnswer,
    /// Between authorisation and settlement the status is a word nobody knows.
    UnknownWord,
    /// The bank takes the order in and answers 500.
    ErrorAfterwards,
}

impl Story {
    /// Which amount, in minor units of any currency, tells which story.
    pub const ALL: [(i64, Self); 7] = [
        (90_101, Self::BankRefuses),
        (90_102, Self::TooLittleMoney),
        (90_103, Self::Slow),
        (90_104, Self::Silent),
        (90_105, Self::LateAnswer),
        (90_106, Self::UnknownWord),
        (90_107, Self::ErrorAfterwards),
    ];

    /// The story of an amount in minor units.
    pub(super) fn of_minor(minor: i64) -> Option<Self> {
        Self::ALL.iter().find(|(amount, _)| *amount == minor).map(|(_, story)| *story)
    }

    pub(super) fn of(order: &ReceivedOrder) -> Option<Self> {
        (order.service() != PaymentService::BulkPayments)
            .then(|| Self::of_minor(order.money.minor))
            .flatten()
    }

    /// The story of an initiation that was not read yet.
    pub(super) fn of_body(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            instructed_amount: Amount,
        }
        #[derive(Deserialize)]
        struct Amount {
            amount: String,
        }
        let body: Body = serde_json::from_slice(body).ok()?;
        Self::of_minor(parse_minor(&body.instructed_amount.amount)?)
    }

    /// What becomes of the answer to the initiation.
    pub(super) fn fault(self) -> Option<Fault> {
        match self {
            Self::Silent => Some(Fault::Silence(SILENCE)),
            Self::LateAnswer => Some(Fault::Delay(SILENCE)),
            Self::ErrorAfterwards => Some(Fault::StatusAfterEffect(500)),
            Self::BankRefuses | Self::TooLittleMoney | Self::Slow | Self::UnknownWord => None,
        }
    }
}
