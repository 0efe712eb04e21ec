//! What happens by itself: requests lapse, move on, and are booked or refused.

use super::Books;
use crate::clock::Timestamp;
use crate::sandbox::ledger::{DeclineReason, RefusedBy, Word};
use crate::sandbox::scenarios::{self, Story};
use crate::sandbox::stet::event::StetEvent;
use crate::sandbox::stet::people;
use crate::sandbox::stet::request::PaymentRequest;
use std::io;

impl Books {
    /// Does everything that has fallen due, in order.
    pub(in crate::sandbox::stet) fn catch_up(&mut self, now: Timestamp) -> io::Result<()> {
        while let Some((due, request)) = self.first_due().filter(|(due, _)| *due <= now) {
            let (bank, event) = (request.received.bank, self.due_event(request));
            self.record_all(due, bank, vec![event])?;
        }
        Ok(())
    }

    fn first_due(&self) -> Option<(Timestamp, &PaymentRequest)> {
        let open = self.open.iter().filter_map(|id| self.requests.get(id));
        open.filter_map(|r| Some((r.due(self.step)?, r))).min_by_key(|(due, _)| *due)
    }

    fn due_event(&self, request: &PaymentRequest) -> StetEvent {
        let payment_id = request.received.payment_id.clone();
        let authorised = request.authorised.as_ref().filter(|_| !request.awaits_confirmation());
        let Some((_, debtor_iban, _)) = authorised else {
            let by = RefusedBy::Lapse;
            return StetEvent::Refused { payment_id, by };
        };
        if request.status == Word::Acsp {
            let received = &request.received;
            return StetEvent::Booked {
                payment_id,
                debtor_iban: debtor_iban.clone(),
                creditor_iban: received.creditor_iban.clone(),
                creditor_name: received.creditor_name.clone(),
                money: received.money,
                end_to_end: received.end_to_end.clone(),
                remittance: received.remittance.clone(),
            };
        }
        let left = self.available_minor(debtor_iban.electronic()).unwrap_or_default();
        match refusal(request, left) {
            Some(reason) => StetEvent::Declined { payment_id, reason },
            None => StetEvent::StatusMoved {
                payment_id,
                status: Word::Acsp,
            },
        }
    }
}

/// Why the bank does not pay this, if it does not.
fn refusal(request: &PaymentRequest, left_minor: i64) -> Option<DeclineReason> {
    let closed = [scenarios::CLOSED_ACCOUNT, people::CLOSED_ACCOUNT];
    match request.story() {
        Some(Story::BankRefuses) => Some(DeclineReason::BankRules),
        Some(Story::TooLittleMoney) => Some(DeclineReason::InsufficientFunds),
        _ if closed.contains(&request.received.creditor_iban.electronic()) => Some(DeclineReason::CreditorAccountClosed),
        _ => (request.received.money.minor > left_minor).then_some(DeclineReason::InsufficientFunds),
    }
}
