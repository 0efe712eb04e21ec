//! Webhooks: what a partner can be told of a payment, and where it wants to be told.

use crate::payment::Status;
use serde::{Deserialize, Serialize};

/// Endpoints a partner may have at a time.
pub const MOST_ENDPOINTS: usize = 5;
/// The longest URL of one, in bytes.
pub const MAX_URL_BYTES: usize = 500;
/// The longest description of one, in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 100;

/// What happened to a payment, as far as partners are told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WebhookEvent {
    /// The bank works on it.
    #[serde(rename = "payment.accepted")]
    Accepted,
    /// Nobody knows whether money moves.
    #[serde(rename = "payment.in_doubt")]
    InDoubt,
    /// The money moved.
    #[serde(rename = "payment.settled")]
    Settled,
    /// Some of several instructions were not carried out.
    #[serde(rename = "payment.partly_settled")]
    PartlySettled,
    /// It was refused.
    #[serde(rename = "payment.refused")]
    Refused,
    /// It was cancelled before execution.
    #[serde(rename = "payment.cancelled")]
    Cancelled,
    /// The payer gave up, or nothing happened in time.
    #[serde(rename = "payment.abandoned")]
    Abandoned,
    /// A limit stopped it.
    #[serde(rename = "payment.blocked")]
    Blocked,
    /// It had ended without money, and the bank says that the money moved after all.
    #[serde(rename = "payment.corrected")]
    Corrected,
}

/// The type of an event that an operator sends by hand to see whether an endpoint answers.
pub const TEST_EVENT: &str = "webhook.test";

impl WebhookEvent {
    /// Every event, in the order of a payment's life.
    pub const ALL: [Self; 9] = [
        Self::Accepted,
        Self::InDoubt,
        Self::Settled,
        Self::PartlySettled,
        Self::Refused,
        Self::Cancelled,
        Self::Abandoned,
        Self::Blocked,
        Self::Corrected,
    ];

    /// The word partners read as `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "payment.accepted",
            Self::InDoubt => "payment.in_doubt",
            Self::Settled => "payment.settled",
            Self::PartlySettled => "payment.partly_settled",
            Self::Refused => "payment.refused",
            Self::Cancelled => "payment.cancelled",
            Self::Abandoned => "payment.abandoned",
            Self::Blocked => "payment.blocked",
            Self::Corrected => "payment.corrected",
        }
    }

    /// The event of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == word)
    }

    /// What a move to a state tells the partner, if anything. Moves while the payer still has to act tell nothing.
    #[must_use]
    pub const fn of_move(to: Status, is_correction: bool) -> Option<Self> {
        match to {
            Status::Settled if is_correction => Some(Self::Corrected),
            Status::Settled => Some(Self::Settled),
            Status::PartlySettled => Some(Self::PartlySettled),
            Status::Processing => Some(Self::Accepted),
            Status::InDoubt => Some(Self::InDoubt),
            Status::Rejected => Some(Self::Refused),
            Status::Cancelled => Some(Self::Cancelled),
            Status::Abandoned => Some(Self::Abandoned),
            Status::Blocked => Some(Self::Blocked),
            Status::Created | Status::Initiating | Status::AwaitingPsu | Status::AttemptRefused => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_is_told_and_every_word_is_read_back() {
        for event in WebhookEvent::ALL {
            assert_eq!(WebhookEvent::parse(event.as_str()), Some(event));
            assert_eq!(serde_json::to_string(&event).unwrap(), format!("\"{}\"", event.as_str()));
        }
        assert_eq!(WebhookEvent::parse(TEST_EVENT), None);
        for status in Status::ALL.into_iter().filter(|s| s.is_final()) {
            assert!(WebhookEvent::of_move(status, false).is_some(), "{status}");
        }
        assert_eq!(WebhookEvent::of_move(Status::Settled, true), Some(WebhookEvent::Corrected));
        assert_eq!(WebhookEvent::of_move(Status::AwaitingPsu, false), None);
    }
}
