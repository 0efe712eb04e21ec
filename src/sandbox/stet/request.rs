//! A payment request as it stands, and what that means for the words the bank uses.

use super::establishment::{Confirmation, Establishment};
use super::event::{ReceivedRequest, Withdrawal};
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use crate::sandbox::ledger::{DeclineReason, RefusedBy, Word};
use crate::sandbox::scenarios::Story;
use chrono::{NaiveTime, TimeDelta};

/// A request that nobody authorises and confirms is refused after this long.
const LAPSE: TimeDelta = TimeDelta::minutes(60);
/// A step of a payment that is told to be slow.
const SLOW_STEP: TimeDelta = TimeDelta::seconds(20);

/// A payment request as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentRequest {
    /// What was ordered.
    pub received: ReceivedRequest,
    /// When.
    pub received_at: Timestamp,
    /// Its ISO 20022 status.
    pub status: Word,
    /// Number of the customer who said yes, the account to debit, and when.
    pub authorised: Option<(String, Iban, Timestamp)>,
    /// When the TPP confirmed, where that is wanted.
    pub confirmed_at: Option<Timestamp>,
    /// Who ended it, if somebody did before the bank looked at the money.
    pub refused: Option<RefusedBy>,
    /// Why the bank refused it, if it did.
    pub declined: Option<DeclineReason>,
    /// Why the TPP withdrew it, if it did.
    pub withdrawn: Option<Withdrawal>,
    /// Failed logins.
    pub failed_logins: u8,
}

impl PaymentRequest {
    pub(super) fn open(received: ReceivedRequest, at: Timestamp) -> Self {
        Self {
            received,
            received_at: at,
            status: Word::Rcvd,
            authorised: None,
            confirmed_at: None,
            refused: None,
            declined: None,
            withdrawn: None,
            failed_logins: 0,
        }
    }

    pub(super) fn establishment(&self) -> &'static Establishment {
        Establishment::of(self.received.bank)
    }

    pub(super) fn confirmation(&self) -> Confirmation {
        self.establishment().confirmation(self.received.version)
    }

    /// The PSU can still say yes or no.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.status == Word::Rcvd
    }

    /// Nothing will change any more.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.status, Word::Acsc | Word::Rjct | Word::Canc)
    }

    /// The PSU said yes, and the TPP has to confirm it now.
    #[must_use]
    pub fn awaits_confirmation(&self) -> bool {
        self.status == Word::Actc && self.confirmation() != Confirmation::None && self.confirmed_at.is_none()
    }

    /// The account to debit, once it is known.
    #[must_use]
    pub fn debtor_iban(&self) -> Option<&Iban> {
        self.authorised.as_ref().map(|a| &a.1).or(self.received.debtor_iban.as_ref())
    }

    pub(super) fn story(&self) -> Option<Story> {
        Story::of_minor(self.received.money.minor)
    }

    /// The status word that the bank's API says now.
    #[must_use]
    pub fn said_word(&self) -> &'static str {
        match (self.story(), self.status) {
            (Some(Story::UnknownWord), Word::Actc | Word::Acsp) => "XYZW",
            (_, status) => status.iso(),
        }
    }

    /// The word for the one instruction. It has no RCVD.
    #[must_use]
    pub fn instruction_word(&self) -> &'static str {
        match self.status {
            Word::Rcvd => "PDNG",
            _ => self.said_word(),
        }
    }

    /// `statusReasonInformation` (STET 1.4.2 §4.6.2): CUST covers the PSU's no and too little money.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        let refused = self.refused.map(|by| match by {
            RefusedBy::Psu => "CUST",
            RefusedBy::WrongCodes => "MS03",
            RefusedBy::Lapse => "NOAS",
        });
        let declined = self.declined.map(|why| match why {
            DeclineReason::InsufficientFunds => "CUST",
            DeclineReason::CreditorAccountClosed => "AC04",
            DeclineReason::BankRules => "AG01",
        });
        refused.or(declined).or(self.withdrawn.map(Withdrawal::code))
    }

    /// When something happens to this request by itself; `step` is the time between two steps.
    pub(super) fn due(&self, step: TimeDelta) -> Option<Timestamp> {
        let lapse = self.received_at + LAPSE;
        let step = match self.story() {
            Some(Story::Slow) => step.max(SLOW_STEP),
            _ => step,
        };
        let (_, _, authorised_at) = match &self.authorised {
            Some(authorised) => authorised,
            None => return self.is_waiting().then_some(lapse),
        };
        let begun = self.confirmed_at.unwrap_or(*authorised_at);
        match self.status {
            Word::Actc if self.awaits_confirmation() => Some(lapse),
            Word::Actc => Some(begun + step),
            Word::Acsp => Some((begun + step * 2).max(self.received.execution.and_time(NaiveTime::MIN))),
            _ => None,
        }
    }
}
