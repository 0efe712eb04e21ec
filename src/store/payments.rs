//! Payments: the row, with its instructions and its history, and the claim that lets one caller at a time act on it.
//!
//! A claim is a compare-and-set on `version` with a lease: whoever holds it may call the bank; whoever
//! finishes it writes status, history and outbox in one transaction. A lease that ran out can be taken over,
//! and the late holder's finish changes nothing ([`StoreError::Conflict`]).

use super::history::{self, Entry};
use super::instructions::{self, Said};
use super::outbox::NewMessage;
use super::payment_row::Row;
use super::schema::payments as t;
use super::{Access, StoreError, search_keys};
use crate::clock::Timestamp;
use crate::payment::{Amount, Currency, Iban, Instruction, Language, PaymentId, Schedule, Status};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use std::collections::{BTreeMap, HashMap};

/// A payment, opened.
#[derive(Clone)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Whose it is.
    pub partner_id: String,
    /// Where it stands.
    pub status: Status,
    /// The bank's last word.
    pub bank_word: Option<String>,
    /// Why it ended without money.
    pub reason: Option<String>,
    /// Changes with every write.
    pub version: i64,
    /// Until when somebody acts on it.
    pub lease_until: Option<Timestamp>,
    /// When the worker must look at it; every payment that has not ended has one.
    pub due_at: Option<Timestamp>,
    /// How often it was sent to a bank.
    pub attempts: i32,
    /// How often the bank was asked since its last new word.
    pub polls: i32,
    /// The partner asked to vary its redirect URL.
    pub flexible_url: bool,
    /// The partner sends the link to the payer.
    pub link_to_pay: bool,
    /// The partner shows no page of its own.
    pub headless: bool,
    /// The partner's own id.
    pub external_payment_id: Option<String>,
    /// Hash of the accepted initPayment.
    pub request_hash: Option<String>,
    /// The secret in the payer's link.
    pub link_state: Option<String>,
    /// Where the payer goes back to.
    pub redirect_url: Option<String>,
    /// The language of page and mail.
    pub language: Option<Language>,
    /// The payer accepted the terms.
    pub terms_accepted: bool,
    /// The currency.
    pub currency: Currency,
    /// The payer's id at the partner.
    pub psu_id_at_partner: Option<String>,
    /// The payer's e-mail address.
    pub psu_email: Option<String>,
    /// The payer's account.
    pub debtor_iban: Option<Iban>,
    /// The payer's bank.
    pub bank_code: Option<String>,
    /// Hash of the browser the link is bound to.
    pub browser_hash: Option<String>,
    /// Hash of what the payer confirmed.
    pub confirmed_hash: Option<String>,
    /// Hash of the value that comes back from the bank with the payer.
    pub callback_hash: Option<String>,
    /// The bank's id of the order.
    pub bank_payment_id: Option<String>,
    /// The connector's session, as JSON.
    pub bank_session: Option<String>,
    /// What the payer must do now, as JSON.
    pub psu_step: Option<String>,
    /// A word for the page: why the last attempt came to nothing.
    pub notice: Option<String>,
    /// When the token was issued.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it is given up unless something happens.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// For a standing order: when it is carried out.
    pub schedule: Option<Schedule>,
    /// How many wrong one-time codes the payer entered in this attempt.
    pub code_tries: i32,
    /// Hash of the one-time value that lets another browser take the link over.
    pub hand_over_hash: Option<String>,
    /// Until when it does.
    pub hand_over_until: Option<Timestamp>,
    /// It was in doubt at some time: no other attempt is offered after that.
    pub doubted: bool,
    /// Keyed hash over what it is found by in the back office; changes when that is written anew.
    pub search_stamp: Option<i64>,
    /// Up to when the payer may push `expires_at` back; none before the order is known.
    pub extendable_until: Option<Timestamp>,
    /// What is to be paid; empty until the order is known.
    pub instructions: Vec<Instruction>,
    /// What the bank said of each instruction, in the same order.
    pub instruction_words: Vec<Option<String>>,
    /// Why the bank refused each instruction, where it said so, in the same order. Hostile text.
    pub instruction_texts: Vec<Option<String>>,
}

impl std::fmt::Debug for Payment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payment")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Payment {
    /// The sum of the instructions.
    #[must_use]
    pub fn total(&self) -> Option<Amount> {
        let minor = self.instructions.iter().try_fold(0_i64, |sum, i| sum.checked_add(i.amount.minor))?;
        (minor > 0).then_some(Amount {
            minor,
            currency: self.currency,
        })
    }

    /// Whether the partner sent a list of instructions, of which one may be all that the payer left: the only
    /// instruction of any other payment is named after it.
    #[must_use]
    pub fn came_as_list(&self) -> bool {
        match self.instructions.as_slice() {
            [] => false,
            [one] => one.end_to_end_id != format!("SP{}", self.id),
            _ => true,
        }
    }

    /// Takes over what the bank said of single instructions, by end-to-end id.
    pub fn hear(&mut self, words: &[(String, Said)]) {
        if words.is_empty() {
            return;
        }
        let said: HashMap<&str, &Said> = words.iter().map(|(id, said)| (id.as_str(), said)).collect();
        self.instruction_texts.resize(self.instructions.len(), None);
        let known = self.instruction_words.iter_mut().zip(&mut self.instruction_texts);
        for (instruction, (word, text)) in self.instructions.iter().zip(known) {
            if let Some(said) = said.get(instruction.end_to_end_id.as_str()) {
                *word = Some(said.word.clone());
                *text = said.text.clone().or(text.take());
            }
        }
    }

    /// Whether somebody acts on it right now.
    #[must_use]
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.lease_until.is_some_and(|until| until > now)
    }
}

/// A payment somebody may act on until the lease ends.
#[derive(Debug)]
pub struct Claim {
    /// As it is now; what is changed here is written by [`save`].
    pub payment: Payment,
}

/// Adds a payment.
///
/// # Errors
/// [`StoreError::Taken`] when the id is.
pub fn add(a: &mut Access<'_>, payment: &Payment) -> Result<(), StoreError> {
    let keys = search_keys::of(a, payment);
    let findable = Payment {
        search_stamp: Some(keys.stamp),
        ..payment.clone()
    };
    let row = Row::seal(a, &findable)?;
    a.try_insert("the payment id", |conn| diesel::insert_into(t::table).values(&row).execute(conn))?;
    search_keys::replace(a, payment, &keys)
}

/// The payment of an id.
///
/// # Errors
/// [`StoreError`] of the database, also when a sealed column does not open.
pub fn get(a: &mut Access<'_>, id: PaymentId) -> Result<Option<Payment>, StoreError> {
    let row: Option<Row> = t::table.find(id.number()).first(a.conn).optional()?;
    let Some(row) = row else { return Ok(None) };
    let mut payment = row.open(a)?;
    let read = instructions::of(a, id, payment.currency)?;
    (payment.instructions, payment.instruction_words, payment.instruction_texts) = read;
    Ok(Some(payment))
}

/// The payment that waits for this return from the bank.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn by_callback(a: &mut Access<'_>, hash: &str) -> Result<Option<PaymentId>, StoreError> {
    let number: Option<i64> = t::table.filter(t::callback_hash.eq(hash)).select(t::id).first(a.conn).optional()?;
    Ok(number.and_then(PaymentId::from_number))
}

/// Takes the lease until `until`.
///
/// # Errors
/// [`StoreError::Busy`] while somebody else holds it, [`StoreError::Conflict`] when the payment has changed
/// since it was read.
pub fn claim(a: &mut Access<'_>, read: Payment, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError> {
    if read.is_leased(now) {
        return Err(StoreError::Busy);
    }
    let mine = t::table.filter(t::id.eq(read.id.number())).filter(t::version.eq(read.version));
    if diesel::update(mine)
        .set((t::version.eq(read.version + 1), t::lease_until.eq(until)))
        .execute(a.conn)?
        == 0
    {
        return Err(StoreError::Conflict);
    }
    Ok(Claim {
        payment: Payment {
            version: read.version + 1,
            lease_until: Some(until),
            ..read
        },
    })
}

/// Writes a payment as it is in memory, with what happened and what is to be mailed, and releases the lease
/// unless `keep_lease`.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else wrote in between; nothing is written then.
pub fn save(
    a: &mut Access<'_>,
    payment: &Payment,
    entries: &[Entry],
    mails: &[NewMessage],
    now: Timestamp,
    keep_lease: bool,
) -> Result<Payment, StoreError> {
    let mut next = payment.clone();
    next.version += 1;
    next.updated_at = now;
    if !keep_lease {
        next.lease_until = None;
    }
    let keys = search_keys::of(a, payment);
    let found_anew = next.search_stamp != Some(keys.stamp);
    next.search_stamp = Some(keys.stamp);
    let row = Row::seal(a, &next)?;
    let mine = t::table
        .filter(t::id.eq(payment.id.number()))
        .filter(t::version.eq(payment.version));
    if diesel::update(mine).set(&row).execute(a.conn)? == 0 {
        return Err(StoreError::Conflict);
    }
    if found_anew {
        search_keys::replace(a, payment, &keys)?;
    }
    history::append(a, payment.id, entries, now)?;
    for mail in mails {
        super::outbox::add(a, payment.id, mail, now)?;
    }
    Ok(next)
}

/// As [`save`], and writes the instructions too.
///
/// # Errors
/// As [`save`].
pub fn save_order(
    a: &mut Access<'_>,
    payment: &Payment,
    entries: &[Entry],
    now: Timestamp,
    keep_lease: bool,
) -> Result<Payment, StoreError> {
    let saved = save(a, payment, entries, &[], now, keep_lease)?;
    instructions::replace(a, payment)?;
    Ok(saved)
}

/// Binds a payment's link to a browser; `false` when it is bound already.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn bind_browser(a: &mut Access<'_>, id: PaymentId, browser_hash: &str) -> Result<bool, StoreError> {
    let unbound = t::table.filter(t::id.eq(id.number())).filter(t::browser_hash.is_null());
    // The version moves too: a writer that read the payment unbound must not write that back.
    let set = (t::browser_hash.eq(browser_hash), t::version.eq(t::version + 1));
    Ok(diesel::update(unbound).set(set).execute(a.conn)? == 1)
}

/// Lets another browser take a payment's link over: once, with the hand-over value and in time. `false` when
/// the value is not good (any more), or somebody acts on the payment, whose answer must not be lost over it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn take_over(a: &mut Access<'_>, id: PaymentId, hand_over_hash: &str, browser_hash: &str, now: Timestamp) -> Result<bool, StoreError> {
    use diesel::BoolExpressionMethods as _;
    let good = t::table
        .filter(t::id.eq(id.number()))
        .filter(t::lease_until.is_null().or(t::lease_until.le(now)))
        .filter(t::hand_over_hash.eq(hand_over_hash))
        .filter(t::hand_over_until.gt(now));
    let set = (
        t::browser_hash.eq(browser_hash),
        t::hand_over_hash.eq(None::<String>),
        t::hand_over_until.eq(None::<Timestamp>),
        t::version.eq(t::version + 1),
    );
    Ok(diesel::update(good).set(set).execute(a.conn)? == 1)
}

/// Writes the hash of a new hand-over value, if the link is this browser's and nobody acts on the payment. The
/// value before is void.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn offer_hand_over(
    a: &mut Access<'_>,
    id: PaymentId,
    browser_hash: &str,
    hand_over_hash: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    use diesel::BoolExpressionMethods as _;
    let own = t::table
        .filter(t::id.eq(id.number()))
        .filter(t::lease_until.is_null().or(t::lease_until.le(now)))
        .filter(t::browser_hash.eq(browser_hash));
    let set = (
        t::hand_over_hash.eq(hand_over_hash),
        t::hand_over_until.eq(until),
        t::version.eq(t::version + 1),
    );
    Ok(diesel::update(own).set(set).execute(a.conn)? == 1)
}

/// Ids of payments that are due and that nobody acts on, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn due(a: &mut Access<'_>, now: Timestamp, limit: i64) -> Result<Vec<PaymentId>, StoreError> {
    use diesel::BoolExpressionMethods as _;
    let free = t::lease_until.is_null().or(t::lease_until.le(now));
    let numbers: Vec<i64> = t::table
        .filter(t::due_at.le(now))
        .filter(free)
        .order(t::due_at)
        .limit(limit)
        .select(t::id)
        .load(a.conn)?;
    Ok(numbers.into_iter().filter_map(PaymentId::from_number).collect())
}

/// How many payments stand in each state.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn counts(a: &mut Access<'_>) -> Result<BTreeMap<String, i64>, StoreError> {
    let rows: Vec<(String, i64)> = t::table
        .group_by(t::status)
        .select((t::status, diesel::dsl::count_star()))
        .load(a.conn)?;
    Ok(rows.into_iter().collect())
}

/// Ids of the newest payments.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn newest(a: &mut Access<'_>, limit: i64) -> Result<Vec<PaymentId>, StoreError> {
    let numbers: Vec<i64> = t::table.order(t::created_at.desc()).limit(limit).select(t::id).load(a.conn)?;
    Ok(numbers.into_iter().filter_map(PaymentId::from_number).collect())
}

/// The newest payment that this browser has open at this bank.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn awaiting_in_browser(a: &mut Access<'_>, browser_hash: &str, bank_code: &str) -> Result<Option<PaymentId>, StoreError> {
    let open = t::table
        .filter(t::browser_hash.eq(browser_hash))
        .filter(t::bank_code.eq(bank_code))
        .filter(t::status.eq(Status::AwaitingPsu.as_str()));
    let number: Option<i64> = open.order(t::updated_at.desc()).select(t::id).first(a.conn).optional()?;
    Ok(number.and_then(PaymentId::from_number))
}
