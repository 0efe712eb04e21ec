//! Faults a test can ask for: each one hits the next call of the named operation, once.

use super::BankCode;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// A call of the bank's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The payment initiation, of any payment service.
    Initiate,
    /// The token endpoint, both grants.
    Token,
    /// The payment's status.
    Status,
    /// The payment's details; also the list of its authorisations.
    Details,
    /// The cancellation.
    Cancel,
    /// An authorisation is started (POST).
    Authorise,
    /// An authorisation's status (GET).
    ScaStatus,
    /// An authorisation is given a method or a code (PUT).
    PutAuthorisation,
    /// A consent is asked for or ended.
    Consent,
    /// A consent's status or details.
    ConsentStatus,
    /// Accounts, balances, transactions.
    Accounts,
    /// The funds confirmation.
    Funds,
    /// The portal where TPPs enrol.
    Enrol,
    /// A payment request is confirmed (STET).
    Confirm,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut; the bank did nothing.
    DropBeforeEffect,
    /// The connection is cut; the bank did what was asked.
    DropAfterEffect,
    /// This HTTP status with an empty body; the bank did nothing.
    Status(u16),
    /// This HTTP status with an empty body; the bank did what was asked.
    StatusAfterEffect(u16),
    /// The bank did what was asked and answers with JSON that breaks off.
    Malformed,
    /// The bank did what was asked and answers only after this long.
    Delay(Duration),
    /// The bank did what was asked and names its status with this word.
    UnknownWord(String),
    /// The bank does nothing for this long, then cuts the connection.
    Silence(Duration),
    /// The bank did nothing and never answers, until the sandbox stops.
    Hang,
    /// The bank did what was asked and never answers, until the sandbox stops.
    HangAfterEffect,
    /// The bank did what was asked and answers with 20 MB of white space before the JSON.
    Huge,
    /// The bank did what was asked; its answer has the right status and no body.
    EmptyBody,
    /// 429; the bank did nothing.
    TooManyRequests {
        /// `Retry-After`, in seconds.
        retry_after_s: u32,
    },
}

/// What is waiting to go wrong: at one bank, or at whichever is called first.
#[derive(Debug, Default)]
pub(super) struct Faults(HashMap<(Option<BankCode>, Operation), VecDeque<Fault>>);

impl Faults {
    pub(super) fn add(&mut self, bank: Option<BankCode>, operation: Operation, fault: Fault) {
        self.0.entry((bank, operation)).or_default().push_back(fault);
    }

    pub(super) fn take(&mut self, bank: BankCode, operation: Operation) -> Option<Fault> {
        let own = self.0.get_mut(&(Some(bank), operation)).and_then(VecDeque::pop_front);
        own.or_else(|| self.take_anywhere(operation))
    }

    /// What waits for whichever bank is called first.
    pub(super) fn take_anywhere(&mut self, operation: Operation) -> Option<Fault> {
        self.0.get_mut(&(None, operation))?.pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.values().all(VecDeque::is_empty)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
