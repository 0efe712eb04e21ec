//! What the ledger says, added up: orders, accounts, grants, and what falls due when.

use super::customers;
use super::grants::Grants;
use super::ledger::{DeclineReason, LedgerEntry, LedgerEvent, ReceivedOrder, RefusedBy, Word};
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use chrono::TimeDelta;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// An order nobody authorises is refused after this long.
const LAPSE: TimeDelta = TimeDelta::minutes(60);

/// An order as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// What was ordered.
    pub received: ReceivedOrder,
    /// When.
    pub received_at: Timestamp,
    /// Its ISO 20022 status.
    pub status: Word,
    /// Login name of the customer who authorised it, the account to debit, and when.
    pub authorised: Option<(String, Iban, Timestamp)>,
    /// Why the bank refused it, if it did.
    pub declined: Option<DeclineReason>,
    /// Who ended it before authorisation, if anybody did.
    pub refused: Option<RefusedBy>,
    /// Failed logins so far.
    pub wrong_codes: u8,
}

impl Order {
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
}

/// What an account holds now.
#[derive(Debug)]
pub(super) struct Account {
    pub balance_minor: i64,
    /// Promised to orders that are accepted but not booked yet.
    reserved_minor: i64,
}

impl Account {
    /// What a new order can still take.
    pub(super) fn available_minor(&self) -> i64 {
        self.balance_minor - self.reserved_minor
    }
}

/// The sum of the ledger.
#[derive(Debug)]
pub(super) struct State {
    step: TimeDelta,
    pub accounts: HashMap<String, Account>,
    pub orders: HashMap<String, Order>,
    pub by_request: HashMap<(String, Uuid), String>,
    pub grants: Grants,
    agenda: BTreeSet<(Timestamp, String)>,
}

impl State {
    /// The first day: no orders, opening balances. `step` is the time between two automatic status steps.
    pub(super) fn opening(step: TimeDelta) -> Self {
        let accounts = customers::CEC.iter().flat_map(|c| c.accounts);
        Self {
            step,
            accounts: accounts
                .map(|a| {
                    (
                        a.iban.to_owned(),
                        Account {
                            balance_minor: a.opening.minor,
                            reserved_minor: 0,
                        },
                    )
                })
                .collect(),
            orders: HashMap::new(),
            by_request: HashMap::new(),
            agenda: BTreeSet::new(),
            grants: Grants::default(),
        }
    }

    /// What an entry means for the books.
    pub(super) fn apply(&mut self, entry: &LedgerEntry) {
        match &entry.event {
            LedgerEvent::OrderReceived { order } => return self.open_order(order, entry.at),
            LedgerEvent::TokenIssued {
                code_sha256,
                access_sha256,
                refresh_sha256,
                ..
            } => {
                return self.grants.exchanged(code_sha256, access_sha256, refresh_sha256, entry.at);
            }
            LedgerEvent::TokensRevoked { code_sha256, .. } => return self.grants.revoked(code_sha256),
            _ => {}
        }
        let id = entry.event.payment_id();
        let Some(mut order) = self.orders.remove(id) else { return };
        self.forget_due(&order);
        self.change(&mut order, entry);
        self.note_due(&order);
        self.orders.insert(id.to_owned(), order);
    }

    fn change(&mut self, order: &mut Order, entry: &LedgerEntry) {
        match &entry.event {
            LedgerEvent::LoginFailed { .. } => order.wrong_codes = order.wrong_codes.saturating_add(1),
            LedgerEvent::Authorised {
                customer,
                debtor_iban,
                grant,
                ..
            } => {
                order.authorised = Some((customer.clone(), debtor_iban.clone(), entry.at));
                self.grants.issued(&order.received.payment_id, grant, entry.at);
            }
            LedgerEvent::Refused { by, .. } => (order.status, order.refused) = (Word::Rjct, Some(*by)),
            LedgerEvent::Cancelled { .. } => order.status = Word::Canc,
            LedgerEvent::Declined { reason, .. } => (order.status, order.declined) = (Word::Canc, Some(*reason)),
            LedgerEvent::StatusMoved { status, .. } => {
                order.status = *status;
                let debtor = order.debtor_iban().and_then(|iban| self.accounts.get_mut(iban.electronic()));
                if let (Word::Accp, Some(debtor)) = (*status, debtor) {
                    debtor.reserved_minor += order.received.money.minor;
                }
            }
            LedgerEvent::Booked {
                debtor_iban,
                creditor_iban,
                money,
                ..
            } => {
                order.status = Word::Acsc;
                if let Some(debtor) = self.accounts.get_mut(debtor_iban.electronic()) {
                    debtor.balance_minor -= money.minor;
                    debtor.reserved_minor -= money.minor;
                }
                // The creditor may bank here too; an account in another currency is not credited.
                let same_currency =
                    customers::by_iban(creditor_iban.electronic()).is_some_and(|(_, a)| a.opening.currency == money.currency);
                if let (true, Some(creditor)) = (same_currency, self.accounts.get_mut(creditor_iban.electronic())) {
                    creditor.balance_minor += money.minor;
                }
            }
            LedgerEvent::OrderReceived { .. } | LedgerEvent::TokenIssued { .. } | LedgerEvent::TokensRevoked { .. } => {}
        }
    }

    fn open_order(&mut self, received: &ReceivedOrder, at: Timestamp) {
        let id = received.payment_id.clone();
        self.by_request
            .insert((received.client_id.clone(), received.request_id), id.clone());
        let order = Order {
            received: received.clone(),
            received_at: at,
            status: Word::Rcvd,
            authorised: None,
            declined: None,
            refused: None,
            wrong_codes: 0,
        };
        self.note_due(&order);
        self.orders.insert(id, order);
    }

    /// The order whose time comes first, and when that is.
    pub(super) fn first_due(&self) -> Option<(Timestamp, &Order)> {
        let (due, id) = self.agenda.first()?;
        Some((*due, self.orders.get(id)?))
    }

    fn note_due(&mut self, order: &Order) {
        self.agenda
            .extend(self.due(order).map(|due| (due, order.received.payment_id.clone())));
    }

    fn forget_due(&mut self, order: &Order) {
        if let Some(due) = self.due(order) {
            self.agenda.remove(&(due, order.received.payment_id.clone()));
        }
    }

    /// When something happens to this order by itself.
    fn due(&self, order: &Order) -> Option<Timestamp> {
        let Some((_, _, authorised_at)) = &order.authorised else {
            return (order.status == Word::Rcvd).then(|| order.received_at + LAPSE);
        };
        let steps = match order.status {
            Word::Rcvd => 1,
            Word::Accp => 2,
            Word::Actc => 3,
            Word::Acsp => 4,
            Word::Acsc | Word::Rjct | Word::Canc => return None,
        };
        Some(*authorised_at + self.step * steps)
    }
}
