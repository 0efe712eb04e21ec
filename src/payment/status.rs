//! The states of a payment, and the words partners see for them.

use std::fmt;

/// Where a payment stands. The transition table in [`super::transition`] is the only way from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// A token was issued; the order may be known; nothing has been sent to a bank.
    Created,
    /// The order is about to be sent, or is being sent, to a bank. Written before the call leaves.
    Initiating,
    /// The bank has the order and waits for the PSU's strong customer authentication.
    AwaitingPsu,
    /// The bank has accepted the order and works on it.
    Processing,
    /// Nobody knows whether money moves. Never shown as failed, never sent again.
    InDoubt,
    /// The bank refused an attempt for good; the PSU may try again while the link lives, else the refusal stands.
    AttemptRefused,
    /// The bank says the money left the debtor's account (ACSC) or arrived (ACCC).
    Settled,
    /// Bulk: at least one instruction failed.
    PartlySettled,
    /// Refused, by the PSU at the bank or by the bank.
    Rejected,
    /// Cancelled before execution.
    Cancelled,
    /// The PSU gave up, or nothing happened in time.
    Abandoned,
    /// Stopped here by a limit or a fraud rule.
    Blocked,
}

/// The bank's intermediate words that partners may see (ISO 20022 `ExternalPaymentTransactionStatus1Code`).
const ON_ITS_WAY: [&str; 6] = ["RCVD", "PDNG", "ACTC", "ACCP", "ACSP", "PATC"];
/// The bank's words for the end of one instruction of several.
const ENDED: [&str; 4] = ["ACSC", "ACCC", "RJCT", "CANC"];

impl Status {
    /// Every status, in the order of a payment's life.
    pub const ALL: [Self; 12] = [
        Self::Created,
        Self::Initiating,
        Self::AwaitingPsu,
        Self::Processing,
        Self::InDoubt,
        Self::AttemptRefused,
        Self::Settled,
        Self::PartlySettled,
        Self::Rejected,
        Self::Cancelled,
        Self::Abandoned,
        Self::Blocked,
    ];

    /// The word stored in the database and shown to partners as `paymentStatus`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Initiating => "initiating",
            Self::AwaitingPsu => "awaiting_psu",
            Self::Processing => "processing",
            Self::InDoubt => "in_doubt",
            Self::AttemptRefused => "attempt_refused",
            Self::Settled => "settled",
            Self::PartlySettled => "partly_settled",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
            Self::Blocked => "blocked",
        }
    }

    /// The status of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Whether the payment has ended.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Settled | Self::PartlySettled | Self::Rejected | Self::Cancelled | Self::Abandoned | Self::Blocked
        )
    }

    /// Whether the money moved: the only success.
    #[must_use]
    pub const fn is_successful(self) -> bool {
        matches!(self, Self::Settled)
    }

    /// The partner's `transactionStatus`, derived from the status and the bank's last word. A word that
    /// contradicts the status is never shown: before the end only words that mean "on its way" pass.
    #[must_use]
    pub fn transaction_status(self, bank_word: Option<&str>) -> &'static str {
        let on_its_way = |otherwise| ON_ITS_WAY.into_iter().find(|w| Some(*w) == bank_word).unwrap_or(otherwise);
        match self {
            // Nothing is at a bank any more, and nothing has ended.
            Self::Created | Self::Initiating | Self::AttemptRefused => "INIT",
            Self::AwaitingPsu => on_its_way("RCVD"),
            Self::Processing | Self::InDoubt => on_its_way("PDNG"),
            Self::Settled if bank_word == Some("ACCC") => "ACCC",
            Self::Settled => "ACSC",
            Self::PartlySettled => "PART",
            Self::Rejected => "RJCT",
            Self::Cancelled => "CANC",
            Self::Abandoned => "ABND",
            Self::Blocked => "BLOCKED",
        }
    }

    /// The partner's `transactionStatus` of one instruction of several: the bank's own word of it where there is
    /// one and the payment is at the bank, or ended in part; else what is true of the whole.
    #[must_use]
    pub fn instruction_status(self, bank_word: Option<&str>, instruction_word: Option<&str>) -> &'static str {
        let own = || ON_ITS_WAY.into_iter().chain(ENDED).find(|w| Some(*w) == instruction_word);
        match self {
            Self::AwaitingPsu | Self::Processing | Self::InDoubt => own().unwrap_or_else(|| self.transaction_status(bank_word)),
            // What the bank did not tell of an instruction is not known.
            Self::PartlySettled => own().unwrap_or("PDNG"),
            _ => self.transaction_status(bank_word),
        }
    }
}

/// What became of one instruction of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InstructionOutcome {
    /// The bank says that it was carried out.
    Made,
    /// The bank says that it was refused or cancelled.
    NotMade,
    /// The bank did not say how it ended.
    Unknown,
}

impl InstructionOutcome {
    /// The outcome of the bank's word of an instruction.
    #[must_use]
    pub fn of(word: Option<&str>) -> Self {
        match word {
            Some("ACSC" | "ACCC") => Self::Made,
            Some("RJCT" | "CANC") => Self::NotMade,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_is_shown_only_for_settled_whatever_the_bank_said_last() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
            for word in [
                None,
                Some("ACSC"),
                Some("ACCC"),
                Some("RJCT"),
                Some("ACSP"),
                Some("Submit"),
                Some(""),
            ] {
                let shown = status.transaction_status(word);
                assert_eq!(matches!(shown, "ACSC" | "ACCC"), status == Status::Settled, "{status} {word:?}");
                assert_eq!(shown == "RJCT", status == Status::Rejected);
            }
        }
        assert_eq!(Status::Processing.transaction_status(Some("ACSP")), "ACSP");
        assert_eq!(Status::Processing.transaction_status(Some("Submit")), "PDNG");
    }

    #[test]
    fn an_instruction_is_shown_as_made_only_by_the_banks_word() {
        for status in Status::ALL {
            for whole in [None, Some("ACSC"), Some("RJCT"), Some("PART")] {
                for own in [
                    None,
                    Some("ACSC"),
                    Some("ACCC"),
                    Some("RJCT"),
                    Some("Submit"),
                    Some("PART"),
                    Some(""),
                ] {
                    let shown = status.instruction_status(whole, own);
                    let at_bank = matches!(
                        status,
                        Status::AwaitingPsu | Status::Processing | Status::InDoubt | Status::PartlySettled
                    );
                    let said = at_bank && matches!(own, Some("ACSC" | "ACCC"));
                    assert_eq!(
                        matches!(shown, "ACSC" | "ACCC"),
                        said || status == Status::Settled,
                        "{status} {own:?}"
                    );
                    assert_ne!(shown, "PART");
                }
            }
        }
        assert_eq!(Status::PartlySettled.instruction_status(Some("PART"), None), "PDNG");
        assert_eq!(Status::PartlySettled.instruction_status(Some("PART"), Some("RJCT")), "RJCT");
        assert_eq!(InstructionOutcome::of(Some("ACSP")), InstructionOutcome::Unknown);
    }
}
