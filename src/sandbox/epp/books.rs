//! Orders, payments and balances, all computed from the journal, and what falls due.

use super::journal::{Entry, Event, Journal};
use super::order::{Order, Received};
use super::users::{self, CLOSED_ACCOUNT, User};
use crate::clock::Timestamp;
use crate::sandbox::customers::OtpFormat;
use crate::sandbox::scenarios::Story;
use crate::sandbox::secrets::{one_time_code, random_word, same_secret, sha256_hex};
use chrono::TimeDelta;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::Path;

/// How long a code is good, and how long its orders are locked.
const CODE_TIME: TimeDelta = TimeDelta::minutes(5);
/// Wrong codes after which a payment is over.
const MAX_WRONG: u8 = 5;
/// How long an authenticator shows one code (RFC 6238 section 5.2), in seconds.
const AUTHENTICATOR_STEP_S: i64 = 30;
/// A step of an order that is told to be slow.
const SLOW_STEP: TimeDelta = TimeDelta::seconds(20);

/// A payment of several orders, from its start on.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub orders: Vec<u64>,
    pub channel: String,
    pub code: Option<String>,
    pub started_at: Timestamp,
    wrong: u8,
    used: Option<String>,
}

/// What became of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CodeCheck {
    /// The tag of the confirmed payment.
    Right(String),
    Wrong,
    Used,
    /// No payment waits under this tag.
    Over,
}

/// The books.
#[derive(Debug)]
pub(super) struct Books {
    journal: Journal,
    step: TimeDelta,
    pub orders: BTreeMap<u64, Order>,
    pub payments: HashMap<String, Payment>,
    balances: HashMap<&'static str, i64>,
}

impl Books {
    pub(super) fn open(step: TimeDelta, path: Option<&Path>) -> io::Result<Self> {
        let journal = Journal::open(path)?;
        let accounts = users::ALL.iter().flat_map(|u| u.accounts);
        let mut books = Self {
            journal,
            step,
            orders: BTreeMap::new(),
            payments: HashMap::new(),
            balances: accounts.map(|a| (a.number, a.opening_minor)).collect(),
        };
        for entry in books.journal.entries().to_vec() {
            books.apply(&entry);
        }
        Ok(books)
    }

    fn record(&mut self, at: Timestamp, events: Vec<Event>) -> io::Result<()> {
        let entries: Vec<Entry> = events.into_iter().map(|event| Entry { at, event }).collect();
        self.journal.append(entries.clone())?;
        entries.iter().for_each(|entry| self.apply(entry));
        Ok(())
    }

    pub(super) fn balance_minor(&self, number: &str) -> i64 {
        self.balances.get(number).copied().unwrap_or_default()
    }

    fn apply(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Created { order } => {
                self.orders.insert(order.id, Order::open((**order).clone(), entry.at));
            }
            Event::Started {
                tag,
                orders,
                channel,
                code,
            } => {
                for id in orders {
                    if let Some(order) = self.orders.get_mut(id) {
                        order.started = Some(tag.clone());
                    }
                }
                let payment = Payment {
                    orders: orders.clone(),
                    channel: channel.clone(),
                    code: code.clone(),
                    started_at: entry.at,
                    wrong: 0,
                    used: None,
                };
                self.payments.insert(tag.clone(), payment);
            }
            Event::WrongCode { tag } => {
                if let Some(payment) = self.payments.get_mut(tag) {
                    payment.wrong = payment.wrong.saturating_add(1);
                }
            }
            Event::Confirmed { tag, payment, code } => {
                let Some(started) = self.payments.get_mut(tag) else { return };
                started.used = Some(code.clone());
                for id in &started.orders {
                    if let Some(order) = self.orders.get_mut(id) {
                        order.confirmed = Some((payment.clone(), entry.at));
                    }
                }
            }
            Event::Begun { order } => self.change(*order, |order| order.begun_at = Some(entry.at)),
            Event::Failed { order, message } => self.change(*order, |order| order.ended = Some((Err(message.clone()), entry.at))),
            Event::Paid { order, transaction } => {
                self.change(*order, |order| order.ended = Some((Ok(transaction.clone()), entry.at)));
                self.move_money(*order);
            }
        }
    }

    fn change(&mut self, id: u64, change: impl FnOnce(&mut Order)) {
        if let Some(order) = self.orders.get_mut(&id) {
            change(order);
        }
    }

    fn move_money(&mut self, id: u64) {
        let Some(order) = self.orders.get(&id).map(|o| &o.received) else {
            return;
        };
        if let Some(balance) = self.balances.get_mut(order.debtor_bank_account.as_str()) {
            *balance -= order.amount_minor;
        }
        if let Some(balance) = self.balances.get_mut(order.creditor_bank_account.as_str()) {
            *balance += order.amount_minor;
        }
    }

    /// Takes orders in; each gets its number.
    pub(super) fn create(&mut self, mut orders: Vec<Received>, now: Timestamp) -> io::Result<Vec<u64>> {
        let first = self.orders.keys().next_back().map_or(1001, |last| last + 1);
        let ids: Vec<u64> = (first..).take(orders.len()).collect();
        for (order, id) in orders.iter_mut().zip(&ids) {
            order.id = *id;
        }
        let events = orders.into_iter().map(|order| Event::Created { order: Box::new(order) });
        self.record(now, events.collect())?;
        Ok(ids)
    }

    /// The external ids of this service account's orders.
    pub(super) fn external_ids(&self, user: &User) -> HashSet<String> {
        let own = self.orders.values().filter(|o| o.received.user == user.login);
        own.map(|o| o.received.external_id.clone()).collect()
    }

    /// The payment that waits for a code and locks this order.
    pub(super) fn waiting(&self, order: &Order, now: Timestamp) -> Option<&str> {
        let tag = order.started.as_deref().filter(|_| order.confirmed.is_none())?;
        let (tag, _) = self.payments.get_key_value(tag).filter(|(_, p)| p.is_open(now))?;
        Some(tag)
    }

    /// Starts a payment; its code goes to the channel.
    pub(super) fn start(&mut self, orders: Vec<u64>, channel: &str, now: Timestamp) -> io::Result<String> {
        let tag = format!("pa-{}", random_word().split_off(52));
        let code = (channel != "Authenticator").then(|| one_time_code(OtpFormat::Integer, 6));
        let event = Event::Started {
            tag: tag.clone(),
            orders,
            channel: channel.to_owned(),
            code,
        };
        self.record(now, vec![event])?;
        Ok(tag)
    }

    /// Compares a code with the one that went out, or that the authenticator shows.
    pub(super) fn confirm(&mut self, user: &User, tag: &str, given: &str, now: Timestamp) -> io::Result<CodeCheck> {
        let Some(payment) = self.payments.get(tag) else {
            return Ok(CodeCheck::Over);
        };
        if payment.used.is_some() {
            return Ok(CodeCheck::Used);
        }
        if !payment.is_open(now) {
            return Ok(CodeCheck::Over);
        }
        let right = match &payment.code {
            Some(code) => same_secret(code, given),
            None => [now, now - TimeDelta::seconds(AUTHENTICATOR_STEP_S)]
                .iter()
                .any(|at| same_secret(&authenticator(user, *at), given)),
        };
        if !right {
            self.record(now, vec![Event::WrongCode { tag: tag.to_owned() }])?;
            return Ok(CodeCheck::Wrong);
        }
        let from_authenticator = payment.code.is_none();
        if from_authenticator && self.payments.values().any(|p| p.code.is_none() && p.used.as_deref() == Some(given)) {
            return Ok(CodeCheck::Used);
        }
        let name = format!("p-{}", random_word().split_off(52));
        let event = Event::Confirmed {
            tag: tag.to_owned(),
            payment: name.clone(),
            code: given.to_owned(),
        };
        self.record(now, vec![event])?;
        Ok(CodeCheck::Right(name))
    }

    /// Does everything that has fallen due: confirmed orders are begun after one step and carried out after two.
    pub(super) fn catch_up(&mut self, now: Timestamp) -> io::Result<()> {
        while let Some(due) = self.orders.values().filter_map(|o| self.due(o)).min().filter(|due| *due <= now) {
            let events = self.due_events(due);
            self.record(due, events)?;
        }
        Ok(())
    }

    /// What happens at this moment, in the orders' own order: each takes from what the one before has left.
    fn due_events(&self, due: Timestamp) -> Vec<Event> {
        let mut left = self.balances.clone();
        let these = self.orders.values().filter(|order| self.due(order) == Some(due));
        let event = |order: &Order| {
            let (id, received) = (order.received.id, &order.received);
            if order.begun_at.is_none() {
                return Event::Begun { order: id };
            }
            let balance = left.get_mut(received.debtor_bank_account.as_str());
            match refusal(received, balance.as_deref().copied().unwrap_or_default()) {
                Some(message) => Event::Failed {
                    order: id,
                    message: message.to_owned(),
                },
                None => {
                    balance.into_iter().for_each(|left| *left -= received.amount_minor);
                    Event::Paid {
                        order: id,
                        transaction: format!("T{}{id}", due.format("%y%m%d")),
                    }
                }
            }
        };
        these.map(event).collect()
    }

    fn due(&self, order: &Order) -> Option<Timestamp> {
        let (_, confirmed_at) = order.confirmed.as_ref().filter(|_| order.ended.is_none())?;
        let step = match Story::of_minor(order.received.amount_minor) {
            Some(Story::Slow) => self.step.max(SLOW_STEP),
            _ => self.step,
        };
        Some(*confirmed_at + step * if order.begun_at.is_none() { 1 } else { 2 })
    }
}

/// Why the bank does not pay this, if it does not.
fn refusal(order: &Received, left_minor: i64) -> Option<&'static str> {
    match Story::of_minor(order.amount_minor) {
        Some(Story::BankRefuses) => Some("Nalog je odbijen"),
        Some(Story::TooLittleMoney) => Some("Nema dovoljno sredstava na računu"),
        _ if order.creditor_bank_account == CLOSED_ACCOUNT => Some("Račun primaoca je ugašen"),
        _ => (order.amount_minor > left_minor).then_some("Nema dovoljno sredstava na računu"),
    }
}

impl Payment {
    fn is_open(&self, now: Timestamp) -> bool {
        self.used.is_none() && self.wrong < MAX_WRONG && now < self.started_at + CODE_TIME
    }
}

/// What a service account's authenticator shows now.
pub(super) fn authenticator(user: &User, now: Timestamp) -> String {
    let step = now.and_utc().timestamp().div_euclid(AUTHENTICATOR_STEP_S);
    let digest = sha256_hex(format!("{}|{}|{step}", user.login, user.password).as_bytes());
    let number = u64::from_str_radix(&digest[..12], 16).unwrap_or_default();
    format!("{:06}", number % 1_000_000)
}
