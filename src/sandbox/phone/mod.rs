//! The customers' telephones: requests that banks have pushed to them, and one-time codes.
//!
//! **Invariant:** a telephone keeps nothing of its own: what it shows is in the books, and an answer counts only
//! while the order waits for this customer.

pub(super) mod pages;

#[cfg(test)]
mod tests;

use super::berlin::authorisations::usable_accounts;
use super::berlin::profile::Approach;
use super::books::{Books, BooksError};
use super::customers::{self, Customer};
use super::ledger::RefusedBy;
use super::order::SentCode;
use super::{Order, Sandbox};
use crate::payment::iban::Iban;

/// What the customer answers to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Pay, from this account; from the first that fits where none is named.
    Approve(Option<&'static str>),
    Refuse,
}

impl Sandbox {
    /// The customer approves the newest request on the telephone, from the first account that fits. `who` is a
    /// login name or a `PSU-ID`. Returns the order's id; `None` when nothing waits there.
    pub fn approve_on_phone(&self, who: &str) -> Option<String> {
        self.answer_newest(who, Answer::Approve(None))
    }

    /// The customer refuses the newest request on the telephone, as [`Sandbox::approve_on_phone`] approves it.
    pub fn refuse_on_phone(&self, who: &str) -> Option<String> {
        self.answer_newest(who, Answer::Refuse)
    }

    /// The one-time codes the customer got, from any bank, oldest first. `who` is a login name or a `PSU-ID`.
    #[must_use]
    pub fn codes_for(&self, who: &str) -> Vec<String> {
        let Some(customer) = customers::by_any_name(who) else {
            return Vec::new();
        };
        let books = self.caught_up();
        messages(&books, customer).into_iter().map(|(_, sent)| sent.code).collect()
    }

    fn answer_newest(&self, who: &str, answer: Answer) -> Option<String> {
        let customer = customers::by_any_name(who)?;
        let newest = requests(&self.caught_up(), customer).pop()?;
        let id = newest.received.payment_id;
        self.answer_request(customer, &id, answer).ok()?.then_some(id)
    }

    /// Answers a request. `false` when it no longer waits on this telephone.
    fn answer_request(&self, customer: &Customer, payment_id: &str, answer: Answer) -> Result<bool, BooksError> {
        let now = self.now();
        let mut books = self.caught_up();
        let waiting = requests(&books, customer).into_iter().find(|o| o.received.payment_id == payment_id);
        let Some(order) = waiting else { return Ok(false) };
        let Answer::Approve(wanted) = answer else {
            books.refuse(payment_id, RefusedBy::Psu, now)?;
            return Ok(true);
        };
        let accounts = usable_accounts(&order, customer);
        let account = accounts.iter().find(|a| wanted.is_none_or(|iban| iban == a.iban));
        let Some(iban) = account.and_then(|a| Iban::parse(a.iban).ok()) else {
            return Ok(false);
        };
        books.authorise(payment_id, (customer.user, iban), now)?;
        Ok(true)
    }
}

/// The orders that wait on this customer's telephone, oldest first.
fn requests(books: &Books, customer: &Customer) -> Vec<Order> {
    let mine = |order: &Order| {
        let who = order.authorisation().and_then(|a| a.customer.as_deref());
        order.profile().approach == Approach::Decoupled && order.is_waiting() && who == Some(customer.user)
    };
    let mut waiting: Vec<Order> = books.all().filter(|order| mine(order)).cloned().collect();
    waiting.sort_by_key(|order| order.authorisation().map(|a| a.started_at));
    waiting
}

/// The codes sent to this customer, oldest first, each with its order.
fn messages(books: &Books, customer: &Customer) -> Vec<(Order, SentCode)> {
    let mut sent: Vec<(Order, SentCode)> = Vec::new();
    for order in books.all() {
        let mine = order.authorisations.iter().filter(|a| a.customer.as_deref() == Some(customer.user));
        sent.extend(mine.flat_map(|a| &a.codes).map(|code| (order.clone(), code.clone())));
    }
    sent.sort_by_key(|(_, code)| code.at);
    sent
}
