//! The pages of an order of several payments: the list, one of it, and what became of each.

use super::{Rendered, View, known_order};
use crate::flow::edit_instruction::{instruction_hash, is_open, shown_hash};
use crate::partner::Field;
use crate::payment::{Instruction, InstructionOutcome, Status};
use crate::web::hosted_page::form::{FieldError, FormInput, KnownOrder};
use crate::web::hosted_page::pages::{
    EditNotice, EditPage, Edited, LINES_A_PAGE, ListUrls, Numbered, Parts, PaymentList, RefusedItems, money,
};
use askama::Template as _;

/// The address of the pages of a list.
pub const LIST: &str = "/payment-initiation/list";
/// The address of one payment of a list.
pub const EDIT: &str = "/payment-initiation/list/edit";

struct Urls<'a> {
    view: &'a View<'a>,
    /// The payment form stands beside the list.
    with_form: bool,
}

impl ListUrls for Urls<'_> {
    fn page(&self, page: usize) -> String {
        self.view.path_of_page(page)
    }

    fn form_action(&self) -> Option<String> {
        self.with_form.then(|| LIST.to_owned())
    }

    fn editable(&self) -> bool {
        self.with_form && self.view.partner.kind.editable(Field::Amount)
    }
}

impl View<'_> {
    fn path_of(&self, page: &str) -> String {
        format!("{page}?payment={}&state={}&lang={}", self.payment.id, self.state(), self.language)
    }

    fn is_list(&self) -> bool {
        self.payment.instructions.len() > 1
    }

    /// A page of the list, from 1.
    pub fn path_of_page(&self, page: usize) -> String {
        format!("{}&page={page}", self.path_of(LIST))
    }

    /// Where one payment of the list is edited.
    pub fn path_of_edit(&self, end_to_end_id: &str) -> String {
        let line: String = url::form_urlencoded::byte_serialize(end_to_end_id.as_bytes()).collect();
        format!("{}&line={line}", self.path_of(EDIT))
    }

    /// Whether the payments can be checked and changed now.
    pub fn is_open_list(&self) -> bool {
        let cx = &self.site.cx;
        self.is_list() && is_open(cx, self.payment) && !self.payment.is_leased(cx.now())
    }

    /// The list as the form shows it.
    pub(super) fn payment_list(&self, page: usize) -> Option<PaymentList> {
        let urls = Urls {
            view: self,
            with_form: true,
        };
        let all: Vec<Numbered<'_>> = (1..).zip(&self.payment.instructions).map(|(n, i)| (n, i, None)).collect();
        self.is_list()
            .then(|| PaymentList::new(self.language, &all, page, &urls, shown_hash(self.payment)))
            .map(|list| list.with_bank_texts(&self.payment.instruction_texts))
    }

    /// What the bank refused before anything was paid; where some was, [`Self::parts`] tells of each.
    pub(super) fn refused_items(&self) -> Option<RefusedItems> {
        let payment = self.payment;
        if !matches!(payment.status, Status::AttemptRefused | Status::Rejected) {
            return None;
        }
        let url = |i: &Instruction| self.is_open_list().then(|| self.path_of_line(&i.end_to_end_id));
        RefusedItems::new(self.language, &payment.instructions, &payment.instruction_texts, url)
    }

    /// What became of each, when not all were made.
    pub(super) fn parts(&self, page: usize) -> Option<Parts> {
        if self.payment.status != Status::PartlySettled {
            return None;
        }
        let urls = Urls {
            view: self,
            with_form: false,
        };
        let words = self.payment.instruction_words.iter().map(Option::as_deref);
        let all = (1..)
            .zip(&self.payment.instructions)
            .zip(words)
            .map(|((n, i), word)| (n, i, Some(InstructionOutcome::of(word))))
            .collect();
        Some(Parts::new(self.language, all, page, &urls).with_bank_texts(&self.payment.instruction_texts))
    }

    /// A page of the list, while there is one to show.
    pub fn list_page(&self, page: usize) -> Option<Rendered> {
        if self.is_open_list() {
            Some(self.form_at(page, None, None))
        } else {
            (self.payment.status == Status::PartlySettled).then(|| self.result_at(page))
        }
    }

    /// The payment's page, with the form where it can be sent.
    pub fn form_path(&self) -> String {
        let again = if self.payment.status == Status::AttemptRefused {
            "&again=1"
        } else {
            ""
        };
        format!("{}{again}", self.own_path())
    }

    /// The page of the list on which a payment stands.
    pub fn path_of_line(&self, end_to_end_id: &str) -> String {
        let position = self.payment.instructions.iter().position(|i| i.end_to_end_id == end_to_end_id);
        match position {
            Some(n) => format!("{}#line-{}", self.path_of_page(n / LINES_A_PAGE + 1), n + 1),
            None => self.form_path(),
        }
    }

    /// One payment of the list.
    pub fn line(&self, end_to_end_id: &str) -> Option<(usize, &Instruction)> {
        let found = self
            .payment
            .instructions
            .iter()
            .enumerate()
            .find(|(_, i)| i.end_to_end_id == end_to_end_id);
        found.filter(|_| self.is_open_list() && self.partner.kind.editable(Field::Amount))
    }

    /// What is known of one payment of the list.
    pub fn known_line(&self, instruction: &Instruction) -> KnownOrder {
        KnownOrder {
            creditor_name: Some(instruction.creditor_name.clone()),
            creditor_iban: Some(instruction.creditor_iban.clone()),
            amount: Some(instruction.amount),
            details: Some(instruction.details.clone()),
            several: None,
            ..known_order(self.payment)
        }
    }

    /// The page of one payment, as it is or as it was posted; `None` when it cannot be changed (any more).
    pub fn edit_page(
        &self,
        end_to_end_id: &str,
        posted: Option<(&FormInput, &[(Field, FieldError)])>,
        notice: Option<EditNotice>,
    ) -> Option<Rendered> {
        let (n, instruction) = self.line(end_to_end_id)?;
        let stored = FormInput {
            creditor_name: instruction.creditor_name.clone(),
            creditor_iban: instruction.creditor_iban.grouped(),
            amount: money(self.language, instruction.amount)
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
            details: instruction.details.clone(),
            ..FormInput::default()
        };
        let edited = Edited {
            number: n + 1,
            end_to_end_id: end_to_end_id.to_owned(),
            shown: instruction_hash(instruction),
            back_url: self.path_of_line(end_to_end_id),
        };
        let (input, errors) = posted.unwrap_or((&stored, &[]));
        let page = EditPage::new(self.shell(), self.post_form(EDIT), edited, input, errors);
        Some(match notice {
            Some(notice) => page.with_notice(notice).render(),
            None => page.render(),
        })
    }
}
