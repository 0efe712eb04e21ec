//! An order as it stands, and what that means for the words the bank uses.

use super::berlin::profile::Profile;
use super::ledger::{DeclineReason, Instruction, ReceivedOrder, RefusedBy, Word};
use super::scenarios::Story;
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use chrono::TimeDelta;
use uuid::Uuid;

/// An order nobody authorises is refused after this long.
const LAPSE: TimeDelta = TimeDelta::minutes(60);
/// A step of an order that is told to be slow.
const SLOW_STEP: TimeDelta = TimeDelta::seconds(20);

/// An order as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// What was ordered.
    pub received: ReceivedOrder,
    /// When.
    pub received_at: Timestamp,
    /// Its ISO 20022 status.
    pub status: Word,
    /// The authorisation resources, oldest first. Only the last one counts.
    pub authorisations: Vec<Authorisation>,
    /// Login name of the customer who authorised it, the account to debit, and when.
    pub authorised: Option<(String, Iban, Timestamp)>,
    /// Why the bank refused it, if it did.
    pub declined: Option<DeclineReason>,
    /// Who ended it before authorisation, if anybody did.
    pub refused: Option<RefusedBy>,
    /// Failed logins and wrong codes so far.
    pub wrong_codes: u8,
    /// What became of each instruction, in the order they came.
    pub outcomes: Vec<Outcome>,
}

/// What became of one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Pending,
    /// Its money has moved.
    Booked,
    /// The bank refused it.
    Failed(DeclineReason),
}

/// An authorisation resource (NextGenPSD2 1.3.11 §7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// `authorisationId`.
    pub id: String,
    /// The request that started it, where the TPP did.
    pub request_id: Option<Uuid>,
    /// Login name of the customer, once the PSU is identified.
    pub customer: Option<String>,
    /// When it was made.
    pub started_at: Timestamp,
    /// The one-time codes sent for it, oldest first. Only the last one is good.
    pub codes: Vec<SentCode>,
}

/// A one-time code that went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCode {
    /// `authenticationMethodId`.
    pub method: String,
    /// The code.
    pub code: String,
    /// When.
    pub at: Timestamp,
}

impl Order {
    pub(super) fn open(received: ReceivedOrder, at: Timestamp) -> Self {
        let outcomes = vec![Outcome::Pending; received.several.len().max(1)];
        Self {
            received,
            received_at: at,
            status: Word::Rcvd,
            authorisations: Vec::new(),
            authorised: None,
            declined: None,
            refused: None,
            wrong_codes: 0,
            outcomes,
        }
    }

    pub(super) fn profile(&self) -> &'static Profile {
        Profile::of(self.received.bank)
    }

    /// The PSU can still say yes or no.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.status == Word::Rcvd && self.authorised.is_none()
    }

    /// The account to debit, once it is known.
    #[must_use]
    pub fn debtor_iban(&self) -> Option<&Iban> {
        self.authorised.as_ref().map(|a| &a.1).or(self.received.debtor_iban.as_ref())
    }

    /// The authorisation resource that counts.
    #[must_use]
    pub fn authorisation(&self) -> Option<&Authorisation> {
        self.authorisations.last()
    }

    /// The instructions nothing has happened to, with their places.
    pub(super) fn pending(&self) -> impl Iterator<Item = (usize, Instruction)> {
        let outcomes = self.outcomes.iter().enumerate();
        let open = outcomes.filter(|(_, outcome)| **outcome == Outcome::Pending).map(|(i, _)| i);
        let mut instructions = self.received.instructions().into_iter().map(Some).collect::<Vec<_>>();
        let open: Vec<usize> = open.collect();
        open.into_iter().filter_map(move |i| Some((i, instructions.get_mut(i)?.take()?)))
    }

    /// Whether the money is promised before it is booked. A standing order takes it on its day.
    pub(super) fn reserves(&self) -> bool {
        self.received.schedule.is_none()
    }

    /// The word for one instruction, as the payment resource shows it.
    #[must_use]
    pub fn instruction_word(&self, index: usize) -> Word {
        match self.outcomes.get(index) {
            Some(Outcome::Booked) => Word::Acsc,
            Some(Outcome::Failed(_)) => Word::Rjct,
            // Of an order that is partly done everything is done; the whole one's word says the rest.
            Some(Outcome::Pending) | None => self.status,
        }
    }

    pub(super) fn story(&self) -> Option<Story> {
        Story::of(&self.received)
    }

    /// The status word that the bank's API says now.
    #[must_use]
    pub fn said_word(&self) -> &'static str {
        match (self.story(), self.status) {
            (Some(Story::UnknownWord), Word::Accp | Word::Actc | Word::Acsp) => "XYZW",
            (_, Word::Accp | Word::Actc | Word::Acsp) => self.profile().on_the_way.unwrap_or(self.status.iso()),
            (_, status) => status.iso(),
        }
    }

    /// When something happens to this order by itself; `step` is the time between two steps.
    pub(super) fn due(&self, step: TimeDelta) -> Option<Timestamp> {
        let Some((_, _, authorised_at)) = &self.authorised else {
            return (self.status == Word::Rcvd).then(|| self.received_at + LAPSE);
        };
        let step = match self.story() {
            Some(Story::Slow) => step.max(SLOW_STEP),
            _ => step,
        };
        let steps = match self.status {
            Word::Rcvd => 1,
            Word::Accp => 2,
            Word::Actc => 3,
            Word::Acsp => 4,
            Word::Acsc | Word::Part | Word::Rjct | Word::Canc => return None,
        };
        let due = *authorised_at + step * steps;
        match &self.received.schedule {
            Some(schedule) if self.status == Word::Actc => Some(due.max(schedule.first_execution())),
            _ => Some(due),
        }
    }
}
