//! The STET banks' books: payment requests, balances and grants, all computed from their ledger.
//!
//! **Invariant:** nothing changes here except through [`Books::record`], which writes the ledger first;
//! reading the ledger back therefore gives the same books. No money moves for a payment that its PSU has
//! not authorised, or that its TPP has not confirmed where that is wanted.

mod due;
mod grants;

pub(super) use grants::{ACCESS_LIFE_S, Access, Grant, Tokens};

use super::establishment::{Cdetab, Confirmation};
use super::event::{ReceivedRequest, StetEntry, StetEvent, Withdrawal};
use super::people;
use super::request::PaymentRequest;
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use crate::sandbox::ledger::{Ledger, RefusedBy, Word};
use crate::sandbox::secrets::{random_word, sha256_hex};
use chrono::TimeDelta;
use grants::Grants;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::{io, time::Duration};

/// Wrong logins that end a payment.
const MAX_FAILED_LOGINS: u8 = 3;

/// Why the books did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum BooksError {
    #[error("the ledger cannot be written")]
    Ledger(#[from] io::Error),
    #[error("the payment is not in a state for this")]
    NotNow,
    #[error("the code or token is not good for this")]
    InvalidGrant,
}

/// The books of all establishments.
#[derive(Debug)]
pub(in crate::sandbox) struct Books {
    ledger: Ledger<Cdetab, StetEvent>,
    step: TimeDelta,
    balances: HashMap<String, i64>,
    requests: HashMap<String, PaymentRequest>,
    /// Requests that are not final.
    open: BTreeSet<String>,
    /// By TPP and request id.
    by_request: HashMap<(Cdetab, String, String), String>,
    grants: Grants,
}

impl Books {
    /// Opens the ledger and computes the books from it.
    pub(super) fn open(step: Duration, ledger_file: Option<&Path>) -> io::Result<Self> {
        let ledger = Ledger::open(ledger_file)?;
        let accounts = people::ALL.iter().flat_map(|p| p.accounts);
        let mut books = Self {
            ledger: Ledger::open(None)?,
            step: TimeDelta::from_std(step).unwrap_or(TimeDelta::days(1)),
            balances: accounts.map(|a| (a.iban.to_owned(), a.opening_minor)).collect(),
            requests: HashMap::new(),
            open: BTreeSet::new(),
            by_request: HashMap::new(),
            grants: Grants::default(),
        };
        ledger.entries().iter().for_each(|entry| books.apply(entry));
        books.ledger = ledger;
        Ok(books)
    }

    pub(in crate::sandbox) fn entries(&self) -> &[StetEntry] {
        self.ledger.entries()
    }

    pub(in crate::sandbox) fn orders(&self) -> Vec<PaymentRequest> {
        let mut all: Vec<PaymentRequest> = self.requests.values().cloned().collect();
        all.sort_by(|a, b| (a.received_at, &a.received.payment_id).cmp(&(b.received_at, &b.received.payment_id)));
        all
    }

    /// What the account holds, in cents.
    pub(in crate::sandbox) fn balance_minor(&self, iban: &str) -> Option<i64> {
        self.balances.get(iban).copied()
    }

    /// What the account holds beyond what is promised already, in cents.
    pub(super) fn available_minor(&self, iban: &str) -> Option<i64> {
        let open = self.open.iter().filter_map(|id| self.requests.get(id));
        let promised = open.filter(|r| r.status == Word::Acsp && r.debtor_iban().is_some_and(|d| d.electronic() == iban));
        Some(self.balance_minor(iban)? - promised.map(|r| r.received.money.minor).sum::<i64>())
    }

    pub(super) fn request(&self, payment_id: &str) -> Option<&PaymentRequest> {
        self.requests.get(payment_id)
    }

    pub(super) fn by_request(&self, bank: Cdetab, client_id: &str, request_id: &str) -> Option<&PaymentRequest> {
        let id = self.by_request.get(&(bank, client_id.to_owned(), request_id.to_owned()))?;
        self.request(id)
    }

    pub(super) fn receive(&mut self, request: ReceivedRequest, now: Timestamp) -> Result<(), BooksError> {
        let bank = request.bank;
        let request = Box::new(request);
        Ok(self.record_all(now, bank, vec![StetEvent::RequestReceived { request }])?)
    }

    /// Counts a failed login; one too many refuses the payment. Returns how many tries are left.
    pub(super) fn login_failed(&mut self, payment_id: &str, now: Timestamp) -> Result<u8, BooksError> {
        let request = self.request(payment_id).filter(|r| r.is_waiting()).ok_or(BooksError::NotNow)?;
        let (bank, id) = (request.received.bank, payment_id.to_owned());
        let left = MAX_FAILED_LOGINS.saturating_sub(request.failed_logins + 1);
        let mut events = vec![StetEvent::LoginFailed { payment_id: id.clone() }];
        if left == 0 {
            let by = RefusedBy::WrongCodes;
            events.push(StetEvent::Refused { payment_id: id, by });
        }
        self.record_all(now, bank, events)?;
        Ok(left)
    }

    /// The PSU says no.
    pub(super) fn refuse(&mut self, payment_id: &str, now: Timestamp) -> Result<(), BooksError> {
        let by = RefusedBy::Psu;
        let payment_id = payment_id.to_owned();
        self.change(
            &payment_id.clone(),
            PaymentRequest::is_waiting,
            StetEvent::Refused { payment_id, by },
            now,
        )
    }

    /// The PSU says yes. Returns the code for the way back, where a confirmation is wanted.
    pub(super) fn authorise(&mut self, payment_id: &str, by: (&str, Iban), now: Timestamp) -> Result<Option<String>, BooksError> {
        let request = self.request(payment_id).ok_or(BooksError::NotNow)?;
        let code = (request.confirmation() != Confirmation::None).then(random_word);
        let event = StetEvent::Authorised {
            payment_id: payment_id.to_owned(),
            customer: by.0.to_owned(),
            debtor_iban: by.1,
            code_sha256: code.as_ref().map(|code| sha256_hex(code.as_bytes())),
        };
        self.change(payment_id, PaymentRequest::is_waiting, event, now)?;
        Ok(code)
    }

    /// The TPP confirms. A second confirmation changes nothing.
    pub(super) fn confirm(&mut self, payment_id: &str, now: Timestamp) -> Result<(), BooksError> {
        if self.request(payment_id).is_some_and(|r| r.confirmed_at.is_some()) {
            return Ok(());
        }
        let payment_id = payment_id.to_owned();
        self.change(
            &payment_id.clone(),
            PaymentRequest::awaits_confirmation,
            StetEvent::Confirmed { payment_id },
            now,
        )
    }

    /// The TPP withdraws, as long as the money has not moved.
    pub(super) fn withdraw(&mut self, payment_id: &str, reason: Withdrawal, now: Timestamp) -> Result<(), BooksError> {
        let payment_id = payment_id.to_owned();
        let open = |r: &PaymentRequest| !r.is_final();
        self.change(&payment_id.clone(), open, StetEvent::Cancelled { payment_id, reason }, now)
    }

    fn change(
        &mut self,
        payment_id: &str,
        may: impl FnOnce(&PaymentRequest) -> bool,
        event: StetEvent,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        let request = self.request(payment_id).filter(|r| may(r)).ok_or(BooksError::NotNow)?;
        let bank = request.received.bank;
        Ok(self.record_all(now, bank, vec![event])?)
    }

    /// Writes what happened, and then lets it count.
    fn record_all(&mut self, at: Timestamp, bank: Cdetab, events: Vec<StetEvent>) -> io::Result<()> {
        let entries = self.ledger.append(at, bank, events)?.to_vec();
        entries.iter().for_each(|entry| self.apply(entry));
        Ok(())
    }

    /// What an entry means for the books.
    fn apply(&mut self, entry: &StetEntry) {
        if let StetEvent::RequestReceived { request } = &entry.event {
            let id = request.payment_id.clone();
            let key = (request.bank, request.client_id.clone(), request.request_id.clone());
            self.by_request.insert(key, id.clone());
            self.open.insert(id.clone());
            self.requests.insert(id, PaymentRequest::open((**request).clone(), entry.at));
            return;
        }
        self.grants.apply(entry, &self.requests);
        if let StetEvent::Booked {
            debtor_iban,
            creditor_iban,
            money,
            ..
        } = &entry.event
        {
            for (iban, minor) in [(debtor_iban, -money.minor), (creditor_iban, money.minor)] {
                // The creditor may bank here too.
                if let Some(balance) = self.balances.get_mut(iban.electronic()) {
                    *balance += minor;
                }
            }
        }
        let Some(request) = entry.event.payment_id().and_then(|id| self.requests.get_mut(id)) else {
            return;
        };
        change(request, entry);
        if request.is_final() {
            self.open.remove(&request.received.payment_id);
        }
    }
}

fn change(request: &mut PaymentRequest, entry: &StetEntry) {
    match &entry.event {
        StetEvent::LoginFailed { .. } => request.failed_logins = request.failed_logins.saturating_add(1),
        StetEvent::Authorised { customer, debtor_iban, .. } => {
            request.authorised = Some((customer.clone(), debtor_iban.clone(), entry.at));
            request.status = Word::Actc;
        }
        StetEvent::Confirmed { .. } => request.confirmed_at = Some(entry.at),
        StetEvent::Refused { by, .. } => (request.status, request.refused) = (Word::Rjct, Some(*by)),
        StetEvent::Declined { reason, .. } => (request.status, request.declined) = (Word::Rjct, Some(*reason)),
        StetEvent::Cancelled { reason, .. } => (request.status, request.withdrawn) = (Word::Canc, Some(*reason)),
        StetEvent::StatusMoved { status, .. } => request.status = *status,
        StetEvent::Booked { .. } => request.status = Word::Acsc,
        _ => {}
    }
}
