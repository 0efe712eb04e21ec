//! What the ledger says, added up: orders, accounts, grants, and what falls due when.

use super::consents::Consent;
use super::grants::{CONSENT, Grants, PAYMENT};
use super::ledger::{LedgerEntry, LedgerEvent, ReceivedOrder, Word};
use super::money::Money;
use super::order::{Authorisation, Order, Outcome, SentCode};
use super::portal::Portal;
use super::{BankCode, customers};
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use chrono::TimeDelta;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

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
    /// By bank, TPP and request id.
    pub by_request: HashMap<(BankCode, String, Uuid), String>,
    /// Order or consent by authorisation id.
    pub by_authorisation: HashMap<String, String>,
    pub grants: Grants,
    pub consents: HashMap<String, Consent>,
    pub portal: Portal,
    agenda: BTreeSet<(Timestamp, String)>,
}

impl State {
    /// The first day: no orders, opening balances. `step` is the time between two automatic status steps.
    pub(super) fn opening(step: TimeDelta) -> Self {
        let accounts = customers::ALL.iter().flat_map(|c| c.holdings).flat_map(|h| h.accounts);
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
            by_authorisation: HashMap::new(),
            agenda: BTreeSet::new(),
            grants: Grants::default(),
            consents: HashMap::new(),
            portal: Portal::default(),
        }
    }

    /// What an entry means for the books.
    pub(super) fn apply(&mut self, entry: &LedgerEntry) {
        match &entry.event {
            LedgerEvent::AuthorisationStarted {
                payment_id,
                authorisation_id,
                ..
            } => {
                self.by_authorisation.insert(authorisation_id.clone(), payment_id.clone());
                self.beside_orders(entry);
            }
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
            _ => self.beside_orders(entry),
        }
        let id = entry.event.payment_id();
        let Some(mut order) = self.orders.remove(id) else { return };
        self.forget_due(&order);
        self.change(&mut order, entry);
        self.note_due(&order);
        self.orders.insert(id.to_owned(), order);
    }

    /// Consents and the portal.
    fn beside_orders(&mut self, entry: &LedgerEntry) {
        match &entry.event {
            LedgerEvent::ConsentReceived { consent } => {
                let consent = Consent::open((**consent).clone(), entry.at);
                self.consents.insert(consent.received.consent_id.clone(), consent);
            }
            LedgerEvent::UserRegistered { user } => self.portal.registered(user),
            LedgerEvent::UserActivated { username } => self.portal.activated(username),
            LedgerEvent::ClientEnrolled { client } => self.portal.enrolled(client),
            event => {
                if let Some(consent) = self.consents.get_mut(event.payment_id()) {
                    consent.last_action = entry.at;
                    match event {
                        LedgerEvent::ConsentGiven {
                            customer, rights, grant, ..
                        } => {
                            consent.given = Some((customer.clone(), rights.clone(), entry.at));
                            if let Some(grant) = grant {
                                self.grants.issued(CONSENT, event.payment_id(), grant, entry.at);
                            }
                        }
                        LedgerEvent::ConsentRefused { .. } => consent.refused = true,
                        LedgerEvent::ConsentEnded { by, .. } => consent.ended = Some(*by),
                        LedgerEvent::AuthorisationStarted { .. } | LedgerEvent::CodeSent { .. } => {
                            note_authorisation(&mut consent.authorisations, entry);
                        }
                        LedgerEvent::LoginFailed { .. } => consent.wrong_codes = consent.wrong_codes.saturating_add(1),
                        _ => {}
                    }
                }
            }
        }
    }

    fn change(&mut self, order: &mut Order, entry: &LedgerEntry) {
        match &entry.event {
            LedgerEvent::AuthorisationStarted { .. } | LedgerEvent::CodeSent { .. } => note_authorisation(&mut order.authorisations, entry),
            LedgerEvent::LoginFailed { .. } => order.wrong_codes = order.wrong_codes.saturating_add(1),
            LedgerEvent::Authorised {
                customer,
                debtor_iban,
                grant,
                ..
            } => {
                order.authorised = Some((customer.clone(), debtor_iban.clone(), entry.at));
                if let Some(grant) = grant {
                    self.grants.issued(PAYMENT, &order.received.payment_id, grant, entry.at);
                }
            }
            LedgerEvent::Refused { by, .. } => (order.status, order.refused) = (Word::Rjct, Some(*by)),
            LedgerEvent::Cancelled { .. } => order.status = Word::Canc,
            LedgerEvent::Declined { reason, .. } => {
                order.status = order.profile().declined_word;
                order.declined = Some(*reason);
            }
            LedgerEvent::InstructionFailed { index, reason, .. } => {
                if let Some(outcome) = order.outcomes.get_mut(*index) {
                    *outcome = Outcome::Failed(*reason);
                }
            }
            LedgerEvent::StatusMoved { status, .. } => {
                order.status = *status;
                if *status == Word::Accp {
                    self.reserve(order);
                }
            }
            LedgerEvent::Booked {
                index,
                debtor_iban,
                creditor_iban,
                money,
                ..
            } => {
                if order.received.several.is_empty() {
                    order.status = Word::Acsc;
                }
                if let Some(outcome) = order.outcomes.get_mut(*index) {
                    *outcome = Outcome::Booked;
                }
                self.book((debtor_iban, creditor_iban), *money, order.reserves());
            }
            _ => {}
        }
    }

    /// Promises the money of the instructions that have not failed.
    fn reserve(&mut self, order: &Order) {
        let debtor = order.debtor_iban().and_then(|iban| self.accounts.get_mut(iban.electronic()));
        if let Some(debtor) = debtor.filter(|_| order.reserves()) {
            debtor.reserved_minor += order.pending().map(|(_, i)| i.money.minor).sum::<i64>();
        }
    }

    fn book(&mut self, (debtor_iban, creditor_iban): (&Iban, &Iban), money: Money, was_reserved: bool) {
        if let Some(debtor) = self.accounts.get_mut(debtor_iban.electronic()) {
            debtor.balance_minor -= money.minor;
            debtor.reserved_minor -= if was_reserved { money.minor } else { 0 };
        }
        // The creditor may bank here too; an account in another currency is not credited.
        let same_currency = customers::by_iban(creditor_iban.electronic()).is_some_and(|(_, a)| a.opening.currency == money.currency);
        if let (true, Some(creditor)) = (same_currency, self.accounts.get_mut(creditor_iban.electronic())) {
            creditor.balance_minor += money.minor;
        }
    }

    fn open_order(&mut self, received: &ReceivedOrder, at: Timestamp) {
        let id = received.payment_id.clone();
        self.by_request
            .insert((received.bank, received.client_id.clone(), received.request_id), id.clone());
        let order = Order::open(received.clone(), at);
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
            .extend(order.due(self.step).map(|due| (due, order.received.payment_id.clone())));
    }

    fn forget_due(&mut self, order: &Order) {
        if let Some(due) = order.due(self.step) {
            self.agenda.remove(&(due, order.received.payment_id.clone()));
        }
    }
}

fn note_authorisation(all: &mut Vec<Authorisation>, entry: &LedgerEntry) {
    match &entry.event {
        LedgerEvent::AuthorisationStarted {
            authorisation_id,
            request_id,
            customer,
            ..
        } => all.push(Authorisation {
            id: authorisation_id.clone(),
            request_id: *request_id,
            customer: customer.clone(),
            started_at: entry.at,
            codes: Vec::new(),
        }),
        LedgerEvent::CodeSent {
            authorisation_id,
            method,
            code,
            ..
        } => {
            if let Some(authorisation) = all.iter_mut().find(|a| a.id == *authorisation_id) {
                authorisation.codes.push(SentCode {
                    method: method.clone(),
                    code: code.clone(),
                    at: entry.at,
                });
            }
        }
        _ => {}
    }
}
