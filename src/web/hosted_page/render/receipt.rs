//! What the confirmation of a payment says.

use super::{View, local_time};
use crate::payment::{InstructionOutcome, Status};
use crate::web::hosted_page::list_texts::ListTexts;
use crate::web::hosted_page::pages::money;
use crate::web::hosted_page::receipt::{Receipt, ReceiptTexts};
use crate::web::hosted_page::texts::Texts;

/// Answers with the confirmation as a file.
pub const RECEIPT: &str = "/payment-initiation/receipt";

impl View<'_> {
    /// Where the confirmation is, once money has moved.
    pub(super) fn receipt_path(&self) -> Option<String> {
        let link = self.own_path();
        let (_, query) = link.split_once('?')?;
        self.has_receipt().then(|| format!("{RECEIPT}?{query}"))
    }

    fn has_receipt(&self) -> bool {
        matches!(self.payment.status, Status::Settled | Status::PartlySettled) && self.payment.schedule.is_none()
    }

    /// The confirmation; `None` as long as no money has moved, and for a standing order, which only begins.
    #[must_use]
    pub fn receipt(&self) -> Option<Receipt> {
        let payment = self.payment;
        let at = payment.ended_at.filter(|_| self.has_receipt())?;
        let (t, r) = (Texts::of(self.language), ReceiptTexts::of(self.language));
        let mut rows = vec![
            (r.shop.to_owned(), self.partner.name.clone()),
            (t.finished_at.to_owned(), local_time(at, self.language)),
        ];
        rows.extend(self.bank_name().map(|name| (t.your_bank.to_owned(), name)));
        rows.extend(payment.debtor_iban.as_ref().map(|iban| (t.your_account.to_owned(), iban.masked())));
        rows.push((r.our_reference.to_owned(), payment.id.to_string()));
        rows.extend(payment.bank_payment_id.clone().map(|id| (r.bank_reference.to_owned(), id)));
        rows.extend(payment.external_payment_id.clone().map(|id| (r.order.to_owned(), id)));
        rows.extend(self.lines());
        Some(Receipt {
            language: self.language,
            operator: self.site.operator.name.clone(),
            outcome: if payment.status == Status::Settled {
                t.settled_title
            } else {
                t.partly_title
            },
            rows,
            contact: self.site.operator.contact.clone(),
            at,
        })
    }

    /// The payments in it, each with what became of it where only some were made.
    fn lines(&self) -> Vec<(String, String)> {
        let (t, l, r) = (
            Texts::of(self.language),
            ListTexts::of(self.language),
            ReceiptTexts::of(self.language),
        );
        let words = self.payment.instruction_words.iter().map(Option::as_deref);
        let mut words: Vec<Option<&str>> = words.collect();
        words.resize(self.payment.instructions.len(), None);
        let mut lines = Vec::new();
        for (instruction, word) in self.payment.instructions.iter().zip(words) {
            let amount = money(self.language, instruction.amount);
            let outcome = match InstructionOutcome::of(word) {
                _ if self.payment.status == Status::Settled => String::new(),
                InstructionOutcome::Made => format!(" ({})", l.made),
                InstructionOutcome::NotMade => format!(" ({})", l.not_made),
                InstructionOutcome::Unknown => format!(" ({})", l.not_told),
            };
            lines.push((r.amount.to_owned(), format!("{amount}{outcome}")));
            lines.push((t.creditor_name.to_owned(), instruction.creditor_name.clone()));
            lines.push((t.creditor_iban.to_owned(), instruction.creditor_iban.grouped()));
            lines.push((t.details.to_owned(), instruction.details.clone()));
        }
        lines
    }
}
