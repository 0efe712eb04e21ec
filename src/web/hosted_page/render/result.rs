//! How the payment ended, in the payer's words.

use super::{Rendered, View, WITHDRAW, local_time};
use crate::bank::Reason;
use crate::flow::limits::blocked_by;
use crate::flow::open_page::START_DATE_PASSED;
use crate::payment::{Status, refusal};
use crate::web::hosted_page::pages::{self, Outcome, Refusal, TryAgain};
use askama::Template as _;

impl View<'_> {
    pub(super) fn result(&self) -> Rendered {
        self.result_at(1)
    }

    /// The result, over a page of the list where there are several payments.
    pub(super) fn result_at(&self, page: usize) -> Rendered {
        let payment = self.payment;
        let refusal = self.refusal();
        let outcome = match payment.status {
            Status::Settled => Outcome::Settled,
            Status::PartlySettled => Outcome::PartlySettled,
            Status::Rejected | Status::AttemptRefused => Outcome::Rejected(refusal),
            // The bank's own refusal is a refusal to the payer, whichever word the bank uses for it.
            Status::Cancelled if matches!(refusal, Refusal::ByBank | Refusal::Because(_)) => Outcome::Rejected(refusal),
            Status::Cancelled => Outcome::Cancelled(refusal),
            Status::Blocked => Outcome::Blocked(blocked_by(payment)),
            _ if payment.reason.as_deref() == Some(START_DATE_PASSED) => Outcome::TooLateToBegin,
            _ if payment.expires_at <= payment.updated_at => Outcome::Expired,
            _ => Outcome::GivenUp,
        };
        pages::Result {
            shell: self.shell(),
            outcome,
            order: self.order(),
            bank: self.bank_name(),
            debtor_iban: payment.debtor_iban.as_ref().map(|i| i.masked()),
            corrected: self.after.corrected,
            finished_at: payment.ended_at.map(|at| local_time(at, self.language)),
            mail_to: payment
                .psu_email
                .as_deref()
                .filter(|_| payment.status.is_final() && !is_without_mail(outcome))
                .map(pages::mask_email),
            return_url: self.return_url().filter(|_| payment.status.is_final()),
            parts: self.parts(page),
            refused: self.refused_items(),
            receipt: self.receipt_path(),
            try_again: self.may_try_again().then(|| TryAgain {
                url: format!("{}&again=1", self.own_path()),
                leave: self.post_form(WITHDRAW),
            }),
        }
        .render()
    }

    /// Why no money moved.
    fn refusal(&self) -> Refusal {
        match self.payment.reason.as_deref() {
            Some(word) if word == Reason::PsuDeclined.as_str() => Refusal::NotApproved,
            Some(word) if word == Reason::BankDeclined.as_str() => Refusal::ByBank,
            Some(word) if word == Reason::WrongCodes.as_str() => Refusal::WrongCodes,
            Some(word) if word == Reason::Withdrawn.as_str() => Refusal::Withdrawn,
            Some(word) if word == Reason::NotExecuted.as_str() => Refusal::NotExecuted,
            Some(word) => refusal::why(word, self.language).map_or(Refusal::Unknown, Refusal::Because),
            None => Refusal::Unknown,
        }
    }
}

/// The ends that nobody is written to about.
fn is_without_mail(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::GivenUp | Outcome::Expired | Outcome::TooLateToBegin | Outcome::Blocked(_)
    )
}
