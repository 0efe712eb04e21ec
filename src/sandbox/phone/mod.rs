//! The customers' telephones: requests that banks have pushed to them, and one-time codes.
//!
//! **Invariant:** a telephone keeps nothing of its own: what it shows is in the books, and an answer counts only
//! while the order or consent waits for this customer.

pub(super) mod pages;

#[cfg(test)]
mod tests;

use super::berlin::authorisations::usable_accounts;
use super::berlin::profile::{Approach, Profile};
use super::books::{Books, BooksError};
use super::consents::Consent;
use super::customers::{self, Customer};
use super::ledger::RefusedBy;
use super::order::{Authorisation, SentCode};
use super::{Order, Sandbox};
use crate::clock::Timestamp;
use crate::payment::iban::Iban;

/// What the customer answers to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Pay, from this account; from the first that fits where none is named. Or show the accounts.
    Approve(Option<&'static str>),
    Refuse,
}

/// What an answer came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    /// It was about a payment.
    Payment,
    /// It was about access to accounts.
    Access,
    /// Nothing waits there any more.
    TooLate,
}

impl Sandbox {
    /// The customer approves the newest request on the telephone, from the first account that fits, or for all
    /// accounts that were asked for. `who` is a login name or a `PSU-ID`. Returns the id of the order or consent;
    /// `None` when nothing waits there.
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
        messages(&books, customer).into_iter().map(|message| message.sent.code).collect()
    }

    fn answer_newest(&self, who: &str, answer: Answer) -> Option<String> {
        let customer = customers::by_any_name(who)?;
        let (order, consent) = {
            let books = self.caught_up();
            (requests(&books, customer).pop(), access_requests(&books, customer).pop())
        };
        let order = order.map(|o| (since(&o.authorisations), o.received.payment_id));
        let consent = consent.map(|c| (since(&c.authorisations), c.received.consent_id));
        let (_, id) = order.into_iter().chain(consent).max()?;
        let answered = self.answer_request(customer, &id, answer).ok()?;
        (answered != Answered::TooLate).then_some(id)
    }

    /// Answers a request.
    fn answer_request(&self, customer: &Customer, id: &str, answer: Answer) -> Result<Answered, BooksError> {
        let now = self.now();
        let mut books = self.caught_up();
        if let Some(consent) = access_requests(&books, customer).into_iter().find(|c| c.received.consent_id == id) {
            match answer {
                Answer::Refuse => books.refuse_consent(id, now)?,
                Answer::Approve(_) => drop(books.give_consent(id, (customer.user, consent.everything(customer)), None, now)?),
            }
            return Ok(Answered::Access);
        }
        let waiting = requests(&books, customer).into_iter().find(|o| o.received.payment_id == id);
        let Some(order) = waiting else { return Ok(Answered::TooLate) };
        let Answer::Approve(wanted) = answer else {
            books.refuse(id, RefusedBy::Psu, now)?;
            return Ok(Answered::Payment);
        };
        let accounts = usable_accounts(&order, customer);
        let account = accounts.iter().find(|a| wanted.is_none_or(|iban| iban == a.iban));
        let Some(iban) = account.and_then(|a| Iban::parse(a.iban).ok()) else {
            return Ok(Answered::TooLate);
        };
        books.authorise(id, (customer.user, iban), now)?;
        Ok(Answered::Payment)
    }
}

/// When the authorisation that counts was started.
fn since(authorisations: &[Authorisation]) -> Option<Timestamp> {
    authorisations.last().map(|a| a.started_at)
}

/// Whether the authorisation that counts was pushed to this customer's telephone.
fn is_pushed_to(profile: &Profile, authorisations: &[Authorisation], customer: &Customer) -> bool {
    let who = authorisations.last().and_then(|a| a.customer.as_deref());
    profile.approach == Approach::Decoupled && who == Some(customer.user)
}

/// The orders that wait on this customer's telephone, oldest first.
fn requests(books: &Books, customer: &Customer) -> Vec<Order> {
    let mine = |o: &&Order| o.is_waiting() && is_pushed_to(o.profile(), &o.authorisations, customer);
    let mut waiting: Vec<Order> = books.all().filter(mine).cloned().collect();
    waiting.sort_by_key(|order| since(&order.authorisations));
    waiting
}

/// The consents that wait on this customer's telephone, oldest first.
fn access_requests(books: &Books, customer: &Customer) -> Vec<Consent> {
    let mine = |c: &&Consent| c.is_waiting() && is_pushed_to(c.profile(), &c.authorisations, customer);
    let mut waiting: Vec<Consent> = books.consents().filter(mine).cloned().collect();
    waiting.sort_by_key(|consent| since(&consent.authorisations));
    waiting
}

/// A one-time code on a telephone.
struct Message {
    profile: &'static Profile,
    /// What the code is for.
    text: String,
    sent: SentCode,
}

/// The codes sent to this customer, oldest first.
fn messages(books: &Books, customer: &Customer) -> Vec<Message> {
    let mut all: Vec<Message> = Vec::new();
    let mut add = |profile, text: String, authorisations: &[Authorisation]| {
        let mine = authorisations.iter().filter(|a| a.customer.as_deref() == Some(customer.user));
        all.extend(mine.flat_map(|a| &a.codes).map(|sent| Message {
            profile,
            text: text.clone(),
            sent: sent.clone(),
        }));
    };
    for order in books.all() {
        let to = match order.received.several.len() {
            0 => order.received.creditor_name.clone(),
            n => format!("{n} beneficiari"),
        };
        let text = format!("Codul pentru plata de {} către {to}:", order.received.money.shown());
        add(order.profile(), text, &order.authorisations);
    }
    for consent in books.consents() {
        let until = consent.received.valid_until.format("%d.%m.%Y");
        let text = format!("Codul cu care dați unei aplicații acces la conturile dumneavoastră până la {until} (nu este o plată):");
        add(consent.profile(), text, &consent.authorisations);
    }
    all.sort_by_key(|message| message.sent.at);
    all
}
