//! The Serbian Treasury's side of ePP: service accounts, payment orders, one-time codes, statements.
//!
//! **Invariant:** what happened stands in the journal, and the books are what it adds up to; logins, tokens and
//! links to statements live in memory and end with the process.

mod accounts;
mod api;
mod books;
mod journal;
mod list;
mod order;
pub(super) mod pages;
mod sessions;
#[cfg(test)]
mod tests;
pub(super) mod users;

pub(super) use pages::local;

pub use order::{Order, Received};
pub use users::{ALL as USERS, Account, CLOSED_ACCOUNT, User};

use super::{Fault, Sandbox};
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use books::Books;
use sessions::Sessions;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::MutexGuard;
use std::time::Duration;

/// A call of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EppCall {
    /// `POST login`.
    Login,
    /// `GET login/refresh`.
    Refresh,
    /// `POST payment-orders/validate`.
    Validate,
    /// `POST payment-orders`.
    Create,
    /// `GET payment-orders` and one of them.
    Orders,
    /// `POST payments`.
    Start,
    /// `PUT payments`.
    Confirm,
    /// `GET bank-accounts` and one of them.
    Accounts,
    /// `GET …/statement-url`.
    StatementUrl,
    /// The statement itself.
    Download,
}

/// Money that moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Booking {
    /// The caller's words in the order (`Comment`).
    pub comment: String,
    /// Amount in para.
    pub amount_minor: i64,
    /// Who got it.
    pub creditor_iban: Iban,
}

/// The bank.
#[derive(Debug)]
pub(super) struct Epp {
    books: Books,
    sessions: Sessions,
    faults: HashMap<EppCall, VecDeque<Fault>>,
    calls: HashMap<EppCall, u32>,
}

impl Epp {
    /// `ledger` is where the other banks keep theirs: the journal lies beside it.
    pub(super) fn open(step: Duration, ledger: Option<&Path>) -> io::Result<Self> {
        let step = chrono::TimeDelta::from_std(step).unwrap_or_default();
        let path = ledger.map(|ledger| ledger.with_extension("epp.jsonl"));
        Ok(Self {
            books: Books::open(step, path.as_deref())?,
            sessions: Sessions::default(),
            faults: HashMap::new(),
            calls: HashMap::new(),
        })
    }
}

impl Sandbox {
    fn epp(&self) -> MutexGuard<'_, Epp> {
        super::lock(&self.inner.epp)
    }

    /// The ePP bank with everything due done.
    fn epp_caught_up(&self) -> MutexGuard<'_, Epp> {
        let mut epp = self.epp();
        if let Err(error) = epp.books.catch_up(self.now()) {
            tracing::error!(%error, "sandbox bank: the ePP journal cannot be written");
        }
        epp
    }

    /// Every order of the ePP bank as it stands, oldest first.
    #[must_use]
    pub fn epp_orders(&self) -> Vec<Order> {
        self.epp_caught_up().books.orders.values().cloned().collect()
    }

    /// The money that the ePP bank moved, oldest first.
    #[must_use]
    pub fn epp_bookings(&self) -> Vec<Booking> {
        let epp = self.epp_caught_up();
        let mut paid: Vec<(Timestamp, &Order)> = epp.books.orders.values().filter_map(|o| Some((paid_at(o)?, o))).collect();
        paid.sort_by_key(|(at, order)| (*at, order.received.id));
        let booking = |(_, order): (Timestamp, &Order)| {
            Some(Booking {
                comment: order.received.comment.clone(),
                amount_minor: order.received.amount_minor,
                creditor_iban: order.creditor_iban()?,
            })
        };
        paid.into_iter().filter_map(booking).collect()
    }

    /// What an account of the ePP bank holds, in para, by its 18 digits.
    #[must_use]
    pub fn epp_balance_minor(&self, number: &str) -> i64 {
        self.epp_caught_up().books.balance_minor(number)
    }

    /// The codes that went out to a service account, oldest first; then what its authenticator shows now.
    #[must_use]
    pub fn epp_codes(&self, login: &str) -> (Vec<String>, Option<String>) {
        let epp = self.epp_caught_up();
        let Some(user) = users::by_login(login) else {
            return (Vec::new(), None);
        };
        let messages = pages::messages(&epp.books, user);
        (
            messages.into_iter().map(|m| m.code).collect(),
            Some(books::authenticator(user, self.now())),
        )
    }

    /// The next such call of the ePP bank meets this fault. Several faults for one call queue up.
    pub fn fail_next_epp(&self, call: EppCall, fault: Fault) {
        self.epp().faults.entry(call).or_default().push_back(fault);
    }

    /// How often the ePP bank was called so.
    #[must_use]
    pub fn epp_calls(&self, call: EppCall) -> u32 {
        self.epp().calls.get(&call).copied().unwrap_or_default()
    }

    /// Ends every session at the ePP bank, as its restart would: access and refresh tokens are void.
    pub fn end_epp_sessions(&self) {
        self.epp().sessions = Sessions::default();
    }

    /// Counts a call and takes the fault that waits for it.
    fn epp_fault(&self, call: EppCall) -> Option<Fault> {
        let mut epp = self.epp();
        *epp.calls.entry(call).or_default() += 1;
        epp.faults.get_mut(&call)?.pop_front()
    }
}

fn paid_at(order: &Order) -> Option<Timestamp> {
    match &order.ended {
        Some((Ok(_), at)) => Some(*at),
        _ => None,
    }
}
