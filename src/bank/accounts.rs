//! The contracts of account information (PSD2 Art. 67) and funds confirmation (Art. 65, or by the AISP's own
//! token), the same for every protocol.
//!
//! **Invariant:** stateless, as payment initiation is: what must survive is in a [`ConsentSession`], which comes
//! back with every answer, also with a failed one, because a token may have been exchanged on the way.

use super::{BankError, PsuContext, PsuReply, PsuStep, Reason};
use crate::payment::{Amount, Iban};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// What the PSU is asked to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// Accounts, balances and transactions.
    Accounts,
    /// The answer yes or no to "is there enough".
    Funds,
}

/// A consent to be asked for.
#[derive(Clone, Debug)]
pub struct ConsentRequest {
    /// Our own id of it; request ids derive from it.
    pub consent: Uuid,
    /// For which partner, by our own id; service accounts are a partner's own.
    pub partner: String,
    /// What for.
    pub kind: ConsentKind,
    /// The last day on which it is to be good, at most 180 days ahead.
    pub valid_until: NaiveDate,
    /// Read again without the PSU, or once only.
    pub recurring: bool,
}

/// What a connector needs to use a consent. Contains tokens: sealed at rest, never logged.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConsentSession {
    /// Our own id.
    pub consent: Uuid,
    /// How many calls have been made with it; request ids derive from it.
    pub calls: u32,
    /// The bank's own id of it.
    pub bank_consent_id: Option<String>,
    /// The protocol's own state, which only its connector reads.
    pub state: serde_json::Value,
}

impl std::fmt::Debug for ConsentSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsentSession")
            .field("consent", &self.consent)
            .finish_non_exhaustive()
    }
}

/// What the bank says of a consent now.
#[derive(Clone, Debug)]
pub struct ConsentAnswer {
    /// What it means.
    pub verdict: ConsentVerdict,
    /// The bank's own word, at most 35 characters.
    pub bank_word: String,
    /// What to keep for the next call.
    pub session: ConsentSession,
    /// The last day on which it is good, where the bank said so.
    pub valid_until: Option<NaiveDate>,
    /// When asking again makes sense.
    pub ask_again_after: Duration,
}

/// What an answer about a consent means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentVerdict {
    /// The bank waits for the PSU.
    PsuNeeded(PsuStep),
    /// Not decided yet.
    StillWorking,
    /// It can be used.
    Valid,
    /// Not given.
    Refused(Reason),
    /// Was good, and is not any more (`expired`, `terminatedByTpp`, `revokedByPsu`).
    Ended,
}

/// What was read, and the session after it, which must be kept whatever came of the reading.
#[derive(Debug)]
pub struct Read<T> {
    /// What was read.
    pub result: Result<T, BankError>,
    /// Replaces the session that was given.
    pub session: ConsentSession,
}

/// A part of a longer list.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Asks for what follows; opaque, made by the connector from the bank's link, never an address.
    pub next: Option<String>,
}

/// Money as banks tell it: a signed number of hundredths of the unit of any currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Hundredths of the unit; negative for a debit or a debt.
    pub hundredths: i64,
    /// ISO 4217, three capital letters.
    pub currency: String,
}

/// A balance (ISO 20022 `BalanceType`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// The bank's word for the kind, such as `interimAvailable`, `CLBD`.
    pub kind: String,
    /// How much.
    pub amount: Money,
    /// The day or moment it is of, as the bank wrote it.
    pub at: Option<String>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The bank's id of it in this consent.
    pub id: String,
    /// Its number, where it has one.
    pub iban: Option<Iban>,
    /// What the bank or the PSU calls it, capped; hostile text.
    pub name: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// The bank's word for its state, where told.
    pub status: Option<String>,
    /// The balances that came with it.
    pub balances: Vec<Balance>,
}

/// Which transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BookingStatus {
    /// Booked ones.
    Booked,
    /// Announced ones.
    Pending,
    /// Both.
    Both,
}

/// A part of an account's transactions.
#[derive(Clone, Debug)]
pub struct TransactionQuery {
    /// Which.
    pub booking_status: BookingStatus,
    /// The first day; always needed for booked ones.
    pub date_from: Option<NaiveDate>,
    /// The last day, inclusive. A bank whose own limit is exclusive is sent the day after.
    pub date_to: Option<NaiveDate>,
    /// What [`Page::next`] said.
    pub page: Option<String>,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The bank's id of it, where it has one.
    pub id: Option<String>,
    /// Booked, or announced only.
    pub booked: bool,
    /// How much; negative when it left the account.
    pub amount: Money,
    /// When it was booked, as the bank wrote it (ISO 8601).
    pub booking_date: Option<String>,
    /// From when it counts.
    pub value_date: Option<String>,
    /// The other side's name, capped; hostile text.
    pub counterparty_name: Option<String>,
    /// The other side's account.
    pub counterparty_iban: Option<String>,
    /// Remittance information, capped; hostile text.
    pub remittance: Option<String>,
    /// ISO 20022 end-to-end identification.
    pub end_to_end_id: Option<String>,
}

/// Somebody whom the PSU trusts at the bank (STET trusted beneficiaries).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beneficiary {
    /// Name, capped; hostile text.
    pub name: String,
    /// Account.
    pub iban: Option<String>,
    /// Whether a payment to them needs no SCA.
    pub trusted: bool,
}

/// An account statement as a file.
#[derive(Clone, Debug)]
pub struct StatementQuery {
    /// The day it is of.
    pub date: NaiveDate,
    /// `PDF`, `XML` or `JSON`.
    pub format: StatementFormat,
    /// The special statement instead of the ordinary one.
    pub special: bool,
}

/// The form of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StatementFormat {
    /// For people.
    Pdf,
    /// For programs.
    Xml,
    /// For programs.
    Json,
}

/// A downloaded statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Media type.
    pub media_type: String,
}

/// Account information. Contract: no default bodies; an operation the bank does not have is
/// [`BankError::Unsupported`]; request ids derive from (consent, call); a refreshed token comes back in the
/// session also when the call after it failed.
pub trait AccountInformation {
    /// Asks for a consent. A service account needs no PSU: its answer is [`ConsentVerdict::Valid`] at once.
    fn request_consent(&self, wanted: &ConsentRequest, psu: &PsuContext) -> impl Future<Output = Result<ConsentAnswer, BankError>> + Send;
    /// Hands over what the PSU brought.
    fn reply_to_consent(&self, session: &ConsentSession, reply: &PsuReply)
    -> impl Future<Output = Result<ConsentAnswer, BankError>> + Send;
    /// Asks how the consent stands.
    fn ask_consent(&self, session: &ConsentSession) -> impl Future<Output = Result<ConsentAnswer, BankError>> + Send;
    /// Ends the consent at the bank. [`BankError::Unsupported`] where the bank has no such call: then forgetting
    /// its tokens is all there is.
    fn revoke_consent(&self, session: &ConsentSession) -> impl Future<Output = Result<ConsentAnswer, BankError>> + Send;
    /// The accounts; `page` is what [`Page::next`] said.
    fn accounts(&self, session: &ConsentSession, page: Option<&str>) -> impl Future<Output = Read<Page<Account>>> + Send;
    /// One account.
    fn account(&self, session: &ConsentSession, account: &str) -> impl Future<Output = Read<Account>> + Send;
    /// An account's balances.
    fn balances(&self, session: &ConsentSession, account: &str) -> impl Future<Output = Read<Vec<Balance>>> + Send;
    /// An account's transactions.
    fn transactions(
        &self,
        session: &ConsentSession,
        account: &str,
        query: &TransactionQuery,
    ) -> impl Future<Output = Read<Page<Transaction>>> + Send;
    /// One transaction.
    fn transaction(&self, session: &ConsentSession, account: &str, transaction: &str) -> impl Future<Output = Read<Transaction>> + Send;
    /// The PSU's name, as the bank knows it.
    fn identity(&self, session: &ConsentSession) -> impl Future<Output = Read<String>> + Send;
    /// Whom the PSU trusts.
    fn trusted_beneficiaries(&self, session: &ConsentSession, page: Option<&str>) -> impl Future<Output = Read<Page<Beneficiary>>> + Send;
    /// A statement.
    fn statement(
        &self,
        session: &ConsentSession,
        account: &str,
        query: &StatementQuery,
    ) -> impl Future<Output = Read<StatementFile>> + Send;
}

/// Funds confirmation.
pub trait FundsConfirmation {
    /// Whether the account has that much now. It reserves nothing.
    fn confirm_funds(&self, session: &ConsentSession, account: &Iban, amount: &Amount) -> impl Future<Output = Read<bool>> + Send;
}
