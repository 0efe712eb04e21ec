//! Which event moves a payment from which state to which: the only place that decides it.
//!
//! **Invariant:** final states have no exit here. [`correct`] is the one other door, and it only leads from
//! "ended without money" to "settled", when the bank says so late.

use super::Status;
use std::fmt::Write as _;

/// What happened to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The partner sent the order (initPayment).
    OrderReceived,
    /// The PSU pressed „Plătește”; the intent is written before the bank is called.
    SubmitStarted,
    /// The call never left, so the bank has nothing.
    NotSent,
    /// The bank refused to take the order (a 4xx answer); there is no order at the bank.
    BankDeclined,
    /// The answer was lost, at a bank where an order without its link cannot be authorised.
    AttemptLost,
    /// The bank has the order and wants the PSU.
    PsuNeeded,
    /// The bank works on it.
    BankWorking,
    /// An answer was lost and the bank may act.
    AnswerLost,
    /// The bank says the money moved.
    BankSettled,
    /// The bank says some instructions failed.
    BankPartlySettled,
    /// The bank refused this attempt for good, and the PSU still has time for another.
    AttemptRefused,
    /// The bank says it was refused, and that stands.
    BankRejected,
    /// The bank says it was cancelled, and that stands.
    BankCancelled,
    /// The PSU wants another bank, and the bank confirmed that this attempt is withdrawn.
    AttemptWithdrawn,
    /// The PSU pressed „Renunță” and nothing can be executed any more.
    PsuGaveUp,
    /// The time ran out and nothing can be executed any more.
    Expired,
    /// A limit or a fraud rule stopped it.
    LimitHit,
    /// An admin learnt from the bank that the money moved.
    ResolvedSettled,
    /// An admin learnt from the bank that nothing was or will be executed.
    ResolvedNotExecuted,
    /// An older copy of the database was put back: what happened since then is not known.
    Restored,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 20] = [
        Self::OrderReceived,
        Self::SubmitStarted,
        Self::NotSent,
        Self::BankDeclined,
        Self::AttemptLost,
        Self::PsuNeeded,
        Self::BankWorking,
        Self::AnswerLost,
        Self::BankSettled,
        Self::BankPartlySettled,
        Self::AttemptRefused,
        Self::BankRejected,
        Self::BankCancelled,
        Self::AttemptWithdrawn,
        Self::PsuGaveUp,
        Self::Expired,
        Self::LimitHit,
        Self::ResolvedSettled,
        Self::ResolvedNotExecuted,
        Self::Restored,
    ];

    /// The word written to the payment's history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderReceived => "order_received",
            Self::SubmitStarted => "submit_started",
            Self::NotSent => "not_sent",
            Self::BankDeclined => "bank_declined",
            Self::AttemptLost => "attempt_lost",
            Self::PsuNeeded => "psu_needed",
            Self::BankWorking => "bank_working",
            Self::AnswerLost => "answer_lost",
            Self::BankSettled => "bank_settled",
            Self::BankPartlySettled => "bank_partly_settled",
            Self::AttemptRefused => "attempt_refused",
            Self::BankRejected => "bank_rejected",
            Self::BankCancelled => "bank_cancelled",
            Self::AttemptWithdrawn => "attempt_withdrawn",
            Self::PsuGaveUp => "psu_gave_up",
            Self::Expired => "expired",
            Self::LimitHit => "limit_hit",
            Self::ResolvedSettled => "resolved_settled",
            Self::ResolvedNotExecuted => "resolved_not_executed",
            Self::Restored => "restored",
        }
    }
}

/// The event is not possible in that state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} is not possible in {from}")]
pub struct NotAllowed {
    /// The state the payment is in.
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
    let to = match (from, event) {
        (S::Created, E::OrderReceived) => S::Created,
        (S::Created | S::AttemptRefused, E::SubmitStarted) => S::Initiating,
        (S::Created | S::AttemptRefused, E::LimitHit) => S::Blocked,
        (S::Initiating, E::NotSent | E::BankDeclined | E::AttemptLost) => S::Created,
        (S::AwaitingPsu, E::AttemptWithdrawn) => S::Created,
        // From doubt: the bank itself says that the one order it has still waits for the PSU.
        (S::Initiating | S::InDoubt, E::PsuNeeded) => S::AwaitingPsu,
        (S::Initiating | S::AwaitingPsu | S::Processing, E::AnswerLost) => S::InDoubt,
        (S::Initiating | S::AwaitingPsu | S::Processing | S::InDoubt, E::BankWorking) => S::Processing,
        (S::Initiating | S::AwaitingPsu | S::Processing | S::InDoubt, E::BankSettled) => S::Settled,
        (S::Initiating | S::AwaitingPsu | S::Processing | S::InDoubt, E::BankPartlySettled) => S::PartlySettled,
        // Never from doubt: a payment that was in doubt is not tried again.
        (S::Initiating | S::AwaitingPsu | S::Processing, E::AttemptRefused) => S::AttemptRefused,
        (S::Initiating | S::AwaitingPsu | S::Processing | S::InDoubt | S::AttemptRefused, E::BankRejected) => S::Rejected,
        (S::Initiating | S::AwaitingPsu | S::Processing | S::InDoubt | S::AttemptRefused, E::BankCancelled) => S::Cancelled,
        (S::Created | S::AwaitingPsu, E::PsuGaveUp | E::Expired) => S::Abandoned,
        (S::InDoubt, E::ResolvedSettled) => S::Settled,
        (S::InDoubt, E::ResolvedNotExecuted) => S::Cancelled,
        (S::Created | S::Initiating | S::AwaitingPsu | S::Processing | S::AttemptRefused, E::Restored) => S::InDoubt,
        _ => return Err(NotAllowed { from, event }),
    };
    Ok(to)
}

/// The word written to the history when [`correct`] is used.
pub const CORRECTION: &str = "corrected";

/// The second, loud door: a payment that ended here without money and is settled late at the bank. A refusal
/// is among them because a browser can bring one (`error=access_denied`) that the bank never said.
///
/// # Errors
/// [`NotAllowed`] from any other state.
pub const fn correct(from: Status) -> Result<Status, NotAllowed> {
    match from {
        Status::Abandoned | Status::Cancelled | Status::Rejected => Ok(Status::Settled),
        _ => Err(NotAllowed {
            from,
            event: Event::BankSettled,
        }),
    }
}

/// The state diagram in Mermaid's notation, drawn from the table itself.
#[must_use]
pub fn diagram() -> String {
    let mut out = String::from("stateDiagram-v2\n    [*] --> created\n");
    for from in Status::ALL {
        for to in Status::ALL {
            let events: Vec<&str> = Event::ALL
                .into_iter()
                .filter(|e| next(from, *e) == Ok(to))
                .map(Event::as_str)
                .collect();
            if !events.is_empty() {
                let _ = writeln!(out, "    {from} --> {to}: {}", events.join(", "));
            }
        }
    }
    for from in Status::ALL.into_iter().filter(|s| correct(*s).is_ok()) {
        let _ = writeln!(out, "    {from} --> settled: {CORRECTION}");
    }
    for status in Status::ALL.into_iter().filter(|s| s.is_final()) {
        let _ = writeln!(out, "    {status} --> [*]");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_have_no_exit_and_only_bank_words_lead_to_success() {
        for from in Status::ALL {
            for event in Event::ALL {
                match next(from, event) {
                    Ok(to) => {
                        assert!(!from.is_final(), "{from} is final, yet {event:?} leaves it");
                        let settled = matches!(event, Event::BankSettled | Event::ResolvedSettled);
                        assert_eq!(to == Status::Settled, settled);
                        assert_eq!(to == Status::Rejected, event == Event::BankRejected);
                        let nothing_at_a_bank = matches!(from, Status::Created | Status::Initiating) || event == Event::AttemptWithdrawn;
                        assert!(to != Status::Created || nothing_at_a_bank);
                    }
                    Err(refused) => assert_eq!(refused, NotAllowed { from, event }),
                }
            }
            assert_eq!(
                correct(from).is_ok(),
                matches!(from, Status::Abandoned | Status::Cancelled | Status::Rejected)
            );
        }
    }

    #[test]
    fn doubt_is_left_only_by_the_banks_word_or_by_an_admin_and_never_for_a_new_attempt() {
        let ways_out: Vec<Event> = Event::ALL.into_iter().filter(|e| next(Status::InDoubt, *e).is_ok()).collect();
        assert_eq!(
            ways_out,
            [
                Event::PsuNeeded,
                Event::BankWorking,
                Event::BankSettled,
                Event::BankPartlySettled,
                Event::BankRejected,
                Event::BankCancelled,
                Event::ResolvedSettled,
                Event::ResolvedNotExecuted
            ]
        );
    }

    #[test]
    fn the_readme_shows_the_table_as_it_is() {
        let readme = include_str!("../../README.md");
        assert!(
            readme.contains(&diagram()),
            "the README's state diagram is stale; it should be:\n{}",
            diagram()
        );
    }
}
