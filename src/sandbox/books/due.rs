//! What happens by itself: orders lapse, move on, and are booked or refused.

use super::Books;
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use crate::sandbox::ledger::{DeclineReason, Instruction, LedgerEvent, RefusedBy, Word};
use crate::sandbox::order::{Order, Outcome};
use crate::sandbox::scenarios::{self, Story};
use std::io;

impl Books {
    /// Does everything that has fallen due, in order: refuses orders nobody authorised in time, moves
    /// authorised ones on, books them.
    pub(in crate::sandbox) fn catch_up(&mut self, now: Timestamp) -> io::Result<()> {
        while let Some((due, order)) = self.state.first_due().filter(|(due, _)| *due <= now) {
            let (bank, events) = (order.received.bank, self.due_events(order));
            self.record_all(due, bank, events)?;
        }
        Ok(())
    }

    /// What happens to an order when its time has come.
    fn due_events(&self, order: &Order) -> Vec<LedgerEvent> {
        let payment_id = order.received.payment_id.clone();
        let Some((_, debtor_iban, _)) = &order.authorised else {
            let by = RefusedBy::Lapse;
            return vec![LedgerEvent::Refused { payment_id, by }];
        };
        let moved = |status| {
            vec![LedgerEvent::StatusMoved {
                payment_id: payment_id.clone(),
                status,
            }]
        };
        let standing = order.received.schedule.is_some();
        match order.status {
            Word::Rcvd if standing => moved(Word::Accp),
            Word::Rcvd => self.accepted(order, debtor_iban),
            Word::Accp => moved(Word::Actc),
            Word::Actc if standing => self.executed(order, debtor_iban),
            Word::Actc => moved(Word::Acsp),
            Word::Acsp | Word::Acsc | Word::Part | Word::Rjct | Word::Canc => booked(order, debtor_iban),
        }
    }

    /// The bank looks at its customer's money: every instruction that can be paid is promised, the others fail.
    fn accepted(&self, order: &Order, debtor_iban: &Iban) -> Vec<LedgerEvent> {
        let payment_id = order.received.payment_id.clone();
        let mut left = self.available_minor(debtor_iban.electronic()).unwrap_or_default();
        let mut events = Vec::new();
        let mut paid = 0;
        for (index, instruction) in order.pending() {
            match refusal(order, &instruction, left) {
                None => {
                    left -= instruction.money.minor;
                    paid += 1;
                }
                Some(reason) if order.received.several.is_empty() => return vec![LedgerEvent::Declined { payment_id, reason }],
                Some(reason) => events.push(LedgerEvent::InstructionFailed {
                    payment_id: payment_id.clone(),
                    index,
                    end_to_end: instruction.end_to_end,
                    reason,
                }),
            }
        }
        let status = Word::Accp;
        let reason = events.iter().find_map(|event| match event {
            LedgerEvent::InstructionFailed { reason, .. } => Some(*reason),
            _ => None,
        });
        events.push(match paid {
            0 => LedgerEvent::Declined {
                payment_id,
                reason: reason.unwrap_or(DeclineReason::BankRules),
            },
            _ => LedgerEvent::StatusMoved { payment_id, status },
        });
        events
    }

    /// A standing order's day has come.
    fn executed(&self, order: &Order, debtor_iban: &Iban) -> Vec<LedgerEvent> {
        let left = self.available_minor(debtor_iban.electronic()).unwrap_or_default();
        let refused = order.pending().find_map(|(_, i)| refusal(order, &i, left));
        let payment_id = order.received.payment_id.clone();
        match refused {
            Some(reason) => vec![LedgerEvent::Declined { payment_id, reason }],
            None => booked(order, debtor_iban),
        }
    }
}

/// Why the bank does not pay this, if it does not.
fn refusal(order: &Order, instruction: &Instruction, left_minor: i64) -> Option<DeclineReason> {
    match order.story() {
        Some(Story::BankRefuses) => Some(DeclineReason::BankRules),
        Some(Story::TooLittleMoney) => Some(DeclineReason::InsufficientFunds),
        _ if instruction.creditor_iban.electronic() == scenarios::CLOSED_ACCOUNT => Some(DeclineReason::CreditorAccountClosed),
        _ => (instruction.money.minor > left_minor).then_some(DeclineReason::InsufficientFunds),
    }
}

/// The money moves, instruction by instruction; several of them then get one word together.
fn booked(order: &Order, debtor_iban: &Iban) -> Vec<LedgerEvent> {
    let payment_id = order.received.payment_id.clone();
    let booking = |(index, instruction): (usize, Instruction)| LedgerEvent::Booked {
        payment_id: payment_id.clone(),
        index,
        end_to_end: instruction.end_to_end,
        debtor_iban: debtor_iban.clone(),
        creditor_iban: instruction.creditor_iban,
        money: instruction.money,
    };
    let mut events: Vec<LedgerEvent> = order.pending().map(booking).collect();
    if !order.received.several.is_empty() {
        let failed = order.outcomes.iter().any(|o| matches!(o, Outcome::Failed(_)));
        let status = if failed { Word::Part } else { Word::Acsc };
        events.push(LedgerEvent::StatusMoved {
            payment_id: payment_id.clone(),
            status,
        });
    }
    events
}
