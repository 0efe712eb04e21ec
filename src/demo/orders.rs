//! What the two demo partners sold or owe, and the payments they started for it.

use super::gateway_client::{PaymentStatus, Tokens};
use crate::clock::Timestamp;
use crate::payment::{Amount, Currency};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Orders that are kept; the oldest make room.
const MAX_ORDERS: usize = 500;
/// Payments that may be started for one order.
pub(super) const MAX_ATTEMPTS: usize = 10;
const FIRST_NUMBER: u32 = 1001;

/// Which demo partner an order belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Site {
    Shop,
    Erp,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Line {
    pub title: String,
    pub quantity: u32,
    pub total: Amount,
    /// For one of several payments: the invoice, by its id in links.
    #[serde(default)]
    pub invoice: Option<String>,
}

/// One payment started for an order.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Attempt {
    pub tokens: Tokens,
    /// The hosted page; missing while it is unknown whether the gateway took the order.
    pub redirect_uri: Option<String>,
    pub started_at: Timestamp,
    pub asked_at: Option<Timestamp>,
    pub seen: Option<Seen>,
}

/// The gateway's last word about a payment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub stage: Stage,
    pub word: String,
    pub reason: Option<String>,
    pub bank: Option<String>,
    pub amount: Option<String>,
    pub creditor_iban: Option<String>,
    /// The word of each of several payments, by its end-to-end id.
    #[serde(default)]
    pub payments: BTreeMap<String, String>,
}

/// Where an order or a payment stands, as a buyer thinks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// The gateway has not taken the order yet.
    NotStarted,
    Waiting,
    Confirming,
    Paid,
    /// Of several, some.
    PartlyPaid,
    Refused,
    GivenUp,
    Blocked,
}

impl Stage {
    /// Reads the status answer. Only the word and the flag together mean "paid".
    pub(super) fn of(status: &PaymentStatus) -> Self {
        match status.transaction_status.as_str() {
            "ACSC" | "ACCC" if status.is_successful && status.is_final => Self::Paid,
            "PART" => Self::PartlyPaid,
            "RJCT" => Self::Refused,
            "CANC" | "ABND" => Self::GivenUp,
            "BLOCKED" => Self::Blocked,
            "INIT" | "RCVD" => Self::Waiting,
            _ if status.payment_status == "awaiting_psu" => Self::Waiting,
            _ => Self::Confirming,
        }
    }

    /// Whether the payment ended without money moving, so that another may be started.
    pub(super) const fn is_over_unpaid(self) -> bool {
        matches!(self, Self::Refused | Self::GivenUp | Self::Blocked)
    }

    /// Whether the page should look again by itself.
    pub(super) const fn is_moving(self) -> bool {
        matches!(self, Self::NotStarted | Self::Waiting | Self::Confirming)
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::NotStarted => "plata nu a pornit",
            Self::Waiting => "se așteaptă plata",
            Self::Confirming => "în curs de confirmare",
            Self::Paid => "plătit",
            Self::PartlyPaid => "plătit în parte",
            Self::Refused => "refuzat",
            Self::GivenUp => "anulat",
            Self::Blocked => "oprit",
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Paid => "good",
            Self::Refused | Self::Blocked | Self::PartlyPaid => "bad",
            Self::GivenUp => "off",
            Self::NotStarted | Self::Waiting | Self::Confirming => "busy",
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub number: u32,
    /// Unguessable name of the order in links.
    pub key: String,
    pub site: Site,
    /// The session or the invoice that it belongs to.
    pub owner: String,
    pub customer: String,
    pub email: String,
    pub lines: Vec<Line>,
    pub total: Amount,
    pub creditor_name: String,
    pub creditor_iban: String,
    pub details: String,
    pub created_at: Timestamp,
    pub attempts: Vec<Attempt>,
    /// Why the payment could not be started, for the buyer.
    pub problem: Option<String>,
    /// The first day of a standing order, paid every month.
    #[serde(default)]
    pub every_month_from: Option<NaiveDate>,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Order {
    /// Paid as soon as one payment is; otherwise where the latest payment stands.
    pub(super) fn stage(&self) -> Stage {
        if self.times_paid() > 0 {
            return Stage::Paid;
        }
        match self.attempts.last() {
            Some(attempt) if attempt.redirect_uri.is_some() => attempt.seen.as_ref().map_or(Stage::Waiting, |s| s.stage),
            _ => Stage::NotStarted,
        }
    }

    /// More than once is possible when an abandoned payment turns out to be paid after all.
    pub(super) fn times_paid(&self) -> usize {
        self.attempts.iter().filter(|a| a.stage() == Stage::Paid).count()
    }

    /// The hosted page of a payment the payer has not finished.
    pub(super) fn payment_page(&self) -> Option<&str> {
        let page = self.attempts.last()?.redirect_uri.as_deref();
        page.filter(|_| self.stage() == Stage::Waiting)
    }

    /// Several payments in one authorisation.
    pub(super) fn is_together(&self) -> bool {
        self.lines.iter().any(|line| line.invoice.is_some())
    }

    /// Where the payment of an invoice in this order stands.
    pub(super) fn stage_of(&self, invoice: &str) -> Stage {
        let stage = self.stage();
        let word = self.last_seen().and_then(|seen| seen.payments.get(invoice));
        match (stage, word.map(String::as_str)) {
            (Stage::PartlyPaid, Some("ACSC" | "ACCC")) => Stage::Paid,
            (Stage::PartlyPaid, Some("RJCT" | "CANC")) => Stage::Refused,
            (Stage::PartlyPaid, _) => Stage::Confirming,
            (other, _) => other,
        }
    }

    /// The order's own page.
    pub(super) fn path(&self) -> String {
        match self.site {
            Site::Shop => format!("/shop/comanda/{}", self.key),
            Site::Erp if self.is_together() || self.every_month_from.is_some() => format!("/erp/comanda/{}", self.key),
            Site::Erp => format!("/erp/plata/{}", self.key),
        }
    }

    /// What the gateway said last.
    pub(super) fn last_seen(&self) -> Option<&Seen> {
        self.attempts.last()?.seen.as_ref()
    }

    pub(super) fn may_start(&self) -> bool {
        let stage = self.stage();
        stage == Stage::NotStarted || (stage.is_over_unpaid() && self.attempts.len() < MAX_ATTEMPTS)
    }
}

impl Attempt {
    pub(super) fn stage(&self) -> Stage {
        self.seen.as_ref().map_or(Stage::Waiting, |s| s.stage)
    }

    /// When to ask again without being asked: often while it is young, rarely later, never after three days.
    /// A given-up payment is watched too: the bank may have carried it out.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let age = now - self.started_at;
        let watched = self.stage().is_moving() || self.stage() == Stage::GivenUp;
        let pause = (age / 10).clamp(chrono::Duration::seconds(4), chrono::Duration::minutes(10));
        let rested = self.asked_at.is_none_or(|at| now - at >= pause);
        self.redirect_uri.is_some() && watched && rested && age < chrono::Duration::days(3)
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Entries {
    last_number: u32,
    orders: BTreeMap<u32, Order>,
}

/// All orders, in memory and, when a file is named, on disk.
pub(super) struct Book {
    entries: Mutex<Entries>,
    /// Orders somebody is talking to the gateway about. Two at once would spend the same refresh token.
    busy: Mutex<HashSet<u32>>,
    file: Option<PathBuf>,
    /// Held while the file is written, so that the newest state is written last.
    writing: Mutex<()>,
}

/// The right to talk to the gateway about one order; ends when dropped.
pub(super) struct Claim {
    book: Arc<Book>,
    number: u32,
}

impl Drop for Claim {
    fn drop(&mut self) {
        locked(&self.book.busy).remove(&self.number);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Book {
    /// Opens the book; a file that cannot be read starts an empty one.
    pub(super) fn open(file: Option<PathBuf>) -> Self {
        let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
        Self {
            entries: Mutex::new(file.as_ref().and_then(read).unwrap_or_default()),
            busy: Mutex::default(),
            file,
            writing: Mutex::new(()),
        }
    }

    /// Enters an order unless its key is known already; answers whether it is new. The number is filled in.
    pub(super) fn enter(&self, mut order: Order, details: impl FnOnce(u32) -> String) -> bool {
        let mut entries = locked(&self.entries);
        if entries.orders.values().any(|o| o.key == order.key) {
            return false;
        }
        let number = entries.last_number.max(FIRST_NUMBER - 1) + 1;
        entries.last_number = number;
        order.number = number;
        order.details = details(number);
        entries.orders.insert(number, order);
        if entries.orders.len() > MAX_ORDERS {
            entries.orders.pop_first();
        }
        true
    }

    pub(super) fn find(&self, site: Site, key: &str) -> Option<Order> {
        locked(&self.entries)
            .orders
            .values()
            .find(|o| o.site == site && o.key == key)
            .cloned()
    }

    /// The orders of a session or an invoice, newest first.
    pub(super) fn of_owner(&self, site: Site, owner: &str) -> Vec<Order> {
        let entries = locked(&self.entries);
        entries
            .orders
            .values()
            .rev()
            .filter(|o| o.site == site && o.owner == owner)
            .cloned()
            .collect()
    }

    /// The newest order that pays an invoice, alone or with others.
    pub(super) fn of_invoice(&self, invoice: &str) -> Option<Order> {
        let entries = locked(&self.entries);
        let pays = |o: &&Order| o.site == Site::Erp && (o.key == invoice || o.lines.iter().any(|l| l.invoice.as_deref() == Some(invoice)));
        entries.orders.values().rev().find(pays).cloned()
    }

    /// How often exactly these invoices were paid together and came to an end.
    pub(super) fn times_together(&self, invoices: &[&str]) -> usize {
        let entries = locked(&self.entries);
        let same = |o: &&Order| o.lines.iter().map(|l| l.invoice.as_deref()).eq(invoices.iter().map(|i| Some(*i)));
        let over = |o: &&Order| !o.stage().is_moving() && !o.may_start();
        entries.orders.values().filter(same).filter(over).count()
    }

    /// The orders with a payment to ask about.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Order> {
        let entries = locked(&self.entries);
        entries
            .orders
            .values()
            .filter(|o| o.attempts.iter().any(|a| a.is_due(now)))
            .cloned()
            .collect()
    }

    /// Claims an order and reads it; `None` while somebody else holds it.
    pub(super) fn claim(self: &Arc<Self>, number: u32) -> Option<(Claim, Order)> {
        if !locked(&self.busy).insert(number) {
            return None;
        }
        let claim = Claim {
            book: self.clone(),
            number,
        };
        let order = locked(&self.entries).orders.get(&number).cloned()?;
        Some((claim, order))
    }

    /// Removes the paid orders of a site in a currency.
    pub(super) fn forget_paid(&self, site: Site, currency: Currency) {
        let is_over = |o: &Order| matches!(o.stage(), Stage::Paid | Stage::PartlyPaid);
        locked(&self.entries)
            .orders
            .retain(|_, o| o.site != site || o.total.currency != currency || !is_over(o));
    }

    /// Puts a claimed order back, in memory and on disk.
    pub(super) async fn save(self: &Arc<Self>, order: Order) {
        locked(&self.entries).orders.insert(order.number, order);
        self.store().await;
    }

    /// Writes the book to its file, if it has one. A failure is logged: the demo goes on in memory.
    pub(super) async fn store(self: &Arc<Self>) {
        let Some(file) = self.file.clone() else { return };
        let book = self.clone();
        let written = tokio::task::spawn_blocking(move || book.write(&file)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!("the demo's order file could not be written");
        }
    }

    fn write(&self, file: &std::path::Path) -> std::io::Result<()> {
        let _one_at_a_time = locked(&self.writing);
        let json = serde_json::to_vec(&*locked(&self.entries)).map_err(std::io::Error::other)?;
        let unfinished = file.with_extension("tmp");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // It holds the tokens of payments that are under way.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&unfinished)?.write_all(&json)?;
        std::fs::rename(unfinished, file)
    }
}
