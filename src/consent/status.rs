//! The states of a consent, and which event leads from which to which: the only place that decides it.
//!
//! **Invariant:** a consent that has ended has no exit; another one must be asked for.

use std::fmt;

/// Where a consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// A token was issued; the terms may be known; no bank was asked, or none that the PSU still wants.
    Created,
    /// The bank was asked and waits for the PSU.
    AwaitingPsu,
    /// It can be used.
    Valid,
    /// Not given.
    Refused,
    /// Nobody pursued it in time.
    Abandoned,
    /// Was good, and is not any more.
    Ended,
}

impl Status {
    /// Every status, in the order of a consent's life.
    pub const ALL: [Self; 6] = [
        Self::Created,
        Self::AwaitingPsu,
        Self::Valid,
        Self::Refused,
        Self::Abandoned,
        Self::Ended,
    ];

    /// The word stored in the database and shown to partners as `consentStatus`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::AwaitingPsu => "awaiting_psu",
            Self::Valid => "valid",
            Self::Refused => "refused",
            Self::Abandoned => "abandoned",
            Self::Ended => "ended",
        }
    }

    /// The status of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Whether nothing can come of it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::Abandoned | Self::Ended)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happened to a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The partner said what it wants (initConsent).
    TermsReceived,
    /// The bank has it and wants the PSU, or has not decided yet.
    BankAsked,
    /// The bank says that it is given.
    Granted,
    /// The bank, or the PSU on our page, said no.
    Refused,
    /// The PSU wants another bank, or the attempt at this one came to nothing and may be made again.
    Withdrawn,
    /// The time of the link ran out.
    Expired,
    /// The bank says that it is over, or its last day has passed, or the partner or we gave it back.
    Over,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 7] = [
        Self::TermsReceived,
        Self::BankAsked,
        Self::Granted,
        Self::Refused,
        Self::Withdrawn,
        Self::Expired,
        Self::Over,
    ];

    /// The word written to the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TermsReceived => "terms_received",
            Self::BankAsked => "bank_asked",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Over => "over",
        }
    }
}

/// The event is not possible in that state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} is not possible for a consent that is {from}")]
pub struct NotAllowed {
    /// The state the consent is in.
    pub from: Status,
    /// What was to happen.
    pub event: Event,
}

/// The state that follows.
///
/// # Errors
/// [`NotAllowed`] when the table has no such edge; nothing may be saved then.
pub const fn next(from: Status, event: Event) -> Result<Status, NotAllowed> {
    use Event as E;
    use Status as S;
    Ok(match (from, event) {
        (S::Created, E::TermsReceived) => S::Created,
        (S::Created, E::BankAsked) => S::AwaitingPsu,
        // From created: a service account of the partner needs no PSU at the bank.
        (S::Created | S::AwaitingPsu, E::Granted) => S::Valid,
        (S::Created | S::AwaitingPsu, E::Refused) => S::Refused,
        (S::AwaitingPsu, E::Withdrawn) => S::Created,
        (S::Created | S::AwaitingPsu, E::Expired) => S::Abandoned,
        (S::Valid, E::Over) => S::Ended,
        _ => return Err(NotAllowed { from, event }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_this_one() {
        let mut edges = Vec::new();
        for from in Status::ALL {
            assert_eq!(Status::parse(from.as_str()), Some(from));
            for event in Event::ALL {
                match next(from, event) {
                    Ok(to) => {
                        assert!(!from.is_final(), "{from} is final, yet {event:?} leaves it");
                        assert_eq!(to == Status::Valid, event == Event::Granted);
                        assert_eq!(to == Status::Ended, event == Event::Over);
                        edges.push(format!("{from} {} {to}", event.as_str()));
                    }
                    Err(refused) => assert_eq!(refused, NotAllowed { from, event }),
                }
            }
        }
        assert_eq!(
            edges,
            [
                "created terms_received created",
                "created bank_asked awaiting_psu",
                "created granted valid",
                "created refused refused",
                "created expired abandoned",
                "awaiting_psu granted valid",
                "awaiting_psu refused refused",
                "awaiting_psu withdrawn created",
                "awaiting_psu expired abandoned",
                "valid over ended",
            ]
        );
    }
}
