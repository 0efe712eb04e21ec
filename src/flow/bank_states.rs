//! Which banks are switched off, and which do not answer: what every page of a payer asks, so it is read at most
//! once in five seconds. What one node says, all know within that time.

use super::{Context, FlowError};
use crate::clock::Timestamp;
use crate::store::bank_closures::{self, Closure};
use crate::store::bank_contacts::{self, Contact};
use std::sync::{Arc, Mutex, PoisonError};

/// How old what is known may be, in seconds.
const FRESH_S: i64 = 5;
/// So many calls in a row must have failed before payers are warned.
pub const SILENT_AFTER: i64 = 3;
/// A failure from longer ago says nothing of now, in minutes.
pub const SILENT_MINUTES: i64 = 15;

/// What is known of the banks. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct BankStates(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    read_at: Option<Timestamp>,
    closures: Arc<[Closure]>,
    contacts: Arc<[Contact]>,
}

impl BankStates {
    /// What a look at this time saw.
    #[must_use]
    pub fn as_seen(at: Timestamp, closures: Vec<Closure>, contacts: Vec<Contact>) -> Self {
        Self(Arc::new(Mutex::new(Known {
            read_at: Some(at),
            closures: closures.into(),
            contacts: contacts.into(),
        })))
    }
}

/// Whether a bank does not answer: its last calls, at least [`SILENT_AFTER`] in a row, all failed, the latest within
/// the last [`SILENT_MINUTES`] minutes.
#[must_use]
pub fn is_silent(contact: &Contact, now: Timestamp) -> bool {
    let recent = contact
        .failed_at
        .is_some_and(|at| now - at < chrono::Duration::minutes(SILENT_MINUTES));
    recent && contact.failed_in_row >= SILENT_AFTER
}

impl Context {
    /// Reads what is known of the banks when it is older than five seconds.
    ///
    /// # Errors
    /// Of the database.
    pub async fn look_at_banks(&self) -> Result<(), FlowError> {
        let now = self.now();
        let fresh = chrono::Duration::seconds(FRESH_S);
        if self.known(|known| known.read_at.is_some_and(|at| at <= now && now - at < fresh)) {
            return Ok(());
        }
        let read = self.db.read(move |a| Ok((bank_closures::open(a, now)?, bank_contacts::all(a)?)));
        let (closures, contacts) = read.await?;
        self.known(|known| {
            *known = Known {
                read_at: Some(now),
                closures: closures.into(),
                contacts: contacts.into(),
            };
        });
        Ok(())
    }

    /// The next look reads again: something was changed here.
    pub(super) fn forget_banks(&self) {
        self.known(|known| known.read_at = None);
    }

    /// Why a bank takes no new payments now, because somebody said so. As of the last look.
    #[must_use]
    pub fn closure_of(&self, bank: &str) -> Option<Closure> {
        let (now, closures) = (self.now(), self.known(|known| known.closures.clone()));
        closures.iter().find(|c| c.bank_code == bank && c.covers(now)).cloned()
    }

    /// Whether a bank does not answer ([`is_silent`]). As of the last look.
    #[must_use]
    pub fn is_bank_silent(&self, bank: &str) -> bool {
        let (now, contacts) = (self.now(), self.known(|known| known.contacts.clone()));
        contacts.iter().any(|c| c.bank_code == bank && is_silent(c, now))
    }

    fn known<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut self.bank_states.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Duration};

    #[test]
    fn three_failures_in_a_row_make_a_bank_silent_for_a_quarter_of_an_hour() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap().naive_utc();
        let silent = |failed_in_row, ago| {
            let contact = Contact {
                failed_in_row,
                failed_at: Some(now - ago),
                ..Contact::new("cec")
            };
            is_silent(&contact, now)
        };
        assert!(silent(3, Duration::zero()) && silent(9, Duration::seconds(899)));
        assert!(!silent(2, Duration::zero()) && !silent(9, Duration::seconds(900)));
        assert!(!is_silent(&Contact::new("cec"), now));
    }
}
