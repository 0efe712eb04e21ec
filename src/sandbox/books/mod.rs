//! The banks' books: orders, balances and grants, all computed from the ledger.
//!
//! **Invariant:** nothing changes here except through [`Books::record`], which writes the ledger first;
//! reading the ledger back therefore gives the same books.

mod consents;
mod due;
mod psu;
mod tokens;

pub(super) use psu::{CodeCheck, Start};
pub(super) use tokens::{Redeemer, Tokens};

use super::BankCode;
use super::ledger::{Ledger, LedgerEntry, LedgerEvent, ReceivedOrder, RefusedBy};
use super::order::Order;
use super::state::{Account, State};
use crate::clock::Timestamp;
use chrono::TimeDelta;
use std::{io, path::Path, time::Duration};
use uuid::Uuid;

/// Why the books did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(in crate::sandbox) enum BooksError {
    #[error("the ledger cannot be written")]
    Ledger(#[from] io::Error),
    #[error("the order is not waiting for its PSU any more")]
    NotWaiting,
    #[error("the code or token is not good for this")]
    InvalidGrant,
    #[error("the scope is not the one that was authorised")]
    InvalidScope,
}

/// The books of all banks.
#[derive(Debug)]
pub(in crate::sandbox) struct Books {
    ledger: Ledger,
    state: State,
}

impl Books {
    /// Opens the ledger and computes the books from it.
    pub(in crate::sandbox) fn open(step: Duration, ledger_file: Option<&Path>) -> io::Result<Self> {
        let ledger = Ledger::open(ledger_file)?;
        let mut state = State::opening(TimeDelta::from_std(step).unwrap_or(TimeDelta::days(1)));
        ledger.entries().iter().for_each(|entry| state.apply(entry));
        Ok(Self { ledger, state })
    }

    pub(in crate::sandbox) fn entries(&self) -> &[LedgerEntry] {
        self.ledger.entries()
    }

    /// Every order, in no particular order.
    pub(in crate::sandbox) fn all(&self) -> impl Iterator<Item = &Order> {
        self.state.orders.values()
    }

    pub(in crate::sandbox) fn orders(&self) -> Vec<Order> {
        let mut orders: Vec<Order> = self.state.orders.values().cloned().collect();
        orders.sort_by(|a, b| (a.received_at, &a.received.payment_id).cmp(&(b.received_at, &b.received.payment_id)));
        orders
    }

    /// What the account holds beyond what is promised already, in minor units.
    pub(in crate::sandbox) fn available_minor(&self, iban: &str) -> Option<i64> {
        self.state.accounts.get(iban).map(Account::available_minor)
    }

    pub(in crate::sandbox) fn order(&self, payment_id: &str) -> Option<&Order> {
        self.state.orders.get(payment_id)
    }

    /// What the account holds, in minor units.
    pub(in crate::sandbox) fn balance_minor(&self, iban: &str) -> Option<i64> {
        self.state.accounts.get(iban).map(|a| a.balance_minor)
    }

    pub(in crate::sandbox) fn by_request(&self, bank: BankCode, client_id: &str, request_id: Uuid) -> Option<&Order> {
        let id = self.state.by_request.get(&(bank, client_id.to_owned(), request_id))?;
        self.order(id)
    }

    /// The order at this bank that an authorisation belongs to.
    pub(in crate::sandbox) fn by_authorisation(&self, bank: BankCode, authorisation_id: &str) -> Option<&Order> {
        let id = self.state.by_authorisation.get(authorisation_id)?;
        self.order(id).filter(|order| order.received.bank == bank)
    }

    /// Takes an order in; `implicit` starts its authorisation in the same breath.
    pub(in crate::sandbox) fn receive(&mut self, order: ReceivedOrder, implicit: Option<Start>, now: Timestamp) -> Result<(), BooksError> {
        let (bank, payment_id) = (order.bank, order.payment_id.clone());
        let started = implicit.map(|start| start.event(&payment_id));
        let events = std::iter::once(LedgerEvent::OrderReceived { order: Box::new(order) })
            .chain(started)
            .collect();
        Ok(self.record_all(now, bank, events)?)
    }

    pub(in crate::sandbox) fn refuse(&mut self, payment_id: &str, by: RefusedBy, now: Timestamp) -> Result<(), BooksError> {
        self.must_wait(payment_id)?;
        let payment_id = payment_id.to_owned();
        Ok(self.record(now, LedgerEvent::Refused { payment_id, by })?)
    }

    pub(in crate::sandbox) fn cancel(&mut self, payment_id: &str, now: Timestamp) -> Result<(), BooksError> {
        self.must_wait(payment_id)?;
        let payment_id = payment_id.to_owned();
        Ok(self.record(now, LedgerEvent::Cancelled { payment_id })?)
    }

    fn must_wait(&self, payment_id: &str) -> Result<&Order, BooksError> {
        self.order(payment_id).filter(|o| o.is_waiting()).ok_or(BooksError::NotWaiting)
    }

    /// Records something about an order or a consent that is in the books.
    fn record(&mut self, at: Timestamp, event: LedgerEvent) -> io::Result<()> {
        let id = event.payment_id();
        let of_consent = || self.consent(id).map(|c| c.received.bank);
        let bank = self.order(id).map(|o| o.received.bank).or_else(of_consent).unwrap_or_default();
        self.record_all(at, bank, vec![event])
    }

    fn record_all(&mut self, at: Timestamp, bank: BankCode, events: Vec<LedgerEvent>) -> io::Result<()> {
        let entries = self.ledger.append(at, bank, events)?;
        entries.iter().for_each(|entry| self.state.apply(entry));
        Ok(())
    }
}
