//! Faults a test can ask for: each one hits the next call of the named operation, once.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// A call of the bank's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The payment initiation.
    Initiate,
    /// The token endpoint, both grants.
    Token,
    /// The payment's status.
    Status,
    /// The payment's details.
    Details,
    /// The cancellation.
    Cancel,
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
    /// The bank did what was asked and answers with JSON that breaks off.
    Malformed,
    /// The bank did what was asked and answers only after this long.
    Delay(Duration),
    /// The bank did what was asked and names its status with this word.
    UnknownWord(String),
}

/// What is waiting to go wrong.
#[derive(Debug, Default)]
pub(super) struct Faults(HashMap<Operation, VecDeque<Fault>>);

impl Faults {
    pub(super) fn add(&mut self, operation: Operation, fault: Fault) {
        self.0.entry(operation).or_default().push_back(fault);
    }

    pub(super) fn take(&mut self, operation: Operation) -> Option<Fault> {
        self.0.get_mut(&operation)?.pop_front()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
