//! The ledger: what the bank did, in order. Everything else the bank knows about orders, balances and
//! tokens is computed from it, so a restarted bank reads it back and goes on.

use super::money::Money;
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use url::Url;
use uuid::Uuid;

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Counts from 1 without gaps.
    pub seq: u64,
    /// When it happened (UTC). A status step that the bank notices late keeps the time it was due.
    pub at: Timestamp,
    /// Which bank.
    pub bank: String,
    /// What happened.
    #[serde(flatten)]
    pub event: LedgerEvent,
}

/// Something the bank did. Codes and tokens appear as SHA-256, in hex.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LedgerEvent {
    /// A payment initiation was accepted.
    OrderReceived {
        /// What was ordered.
        order: ReceivedOrder,
    },
    /// Somebody failed to log in for this order.
    LoginFailed { payment_id: String },
    /// The PSU authorised the order; an authorisation code was issued.
    Authorised {
        payment_id: String,
        /// The customer's login name.
        customer: String,
        debtor_iban: Iban,
        /// What the code may be exchanged for, and by whom.
        grant: GrantTerms,
    },
    /// The order ended without authorisation (RJCT).
    Refused { payment_id: String, by: RefusedBy },
    /// The bank itself refused the authorised order (CANC).
    Declined { payment_id: String, reason: DeclineReason },
    /// The TPP withdrew the order before authorisation (CANC).
    Cancelled { payment_id: String },
    /// The authorised order reached its next intermediate status.
    StatusMoved { payment_id: String, status: Word },
    /// The money left the debtor's account (ACSC).
    Booked {
        payment_id: String,
        debtor_iban: Iban,
        creditor_iban: Iban,
        money: Money,
    },
    /// A code or a refresh token was exchanged.
    TokenIssued {
        payment_id: String,
        /// The SHA-256 of the code the tokens descend from.
        code_sha256: String,
        access_sha256: String,
        refresh_sha256: String,
    },
    /// A code or a spent refresh token came back: all tokens of the code are void.
    TokensRevoked { payment_id: String, code_sha256: String },
}

impl LedgerEvent {
    /// The order this is about.
    #[must_use]
    pub fn payment_id(&self) -> &str {
        match self {
            Self::OrderReceived { order } => &order.payment_id,
            Self::LoginFailed { payment_id }
            | Self::Authorised { payment_id, .. }
            | Self::Refused { payment_id, .. }
            | Self::Declined { payment_id, .. }
            | Self::Cancelled { payment_id }
            | Self::StatusMoved { payment_id, .. }
            | Self::Booked { payment_id, .. }
            | Self::TokenIssued { payment_id, .. }
            | Self::TokensRevoked { payment_id, .. } => payment_id,
        }
    }
}

/// A payment initiation as it was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceivedOrder {
    /// The bank's id.
    pub payment_id: String,
    /// The TPP.
    pub client_id: String,
    /// The TPP's `X-Request-ID`: the key of a replay.
    pub request_id: Uuid,
    /// SHA-256 of the request body, hex: a replay must bring the same.
    pub body_sha256: String,
    /// The instructed amount.
    pub money: Money,
    /// The account to credit.
    pub creditor_iban: Iban,
    /// Its holder, as the TPP named it.
    pub creditor_name: String,
    /// Remittance information.
    pub remittance: Option<String>,
    /// End-to-end identification.
    pub end_to_end: Option<String>,
    /// The account to debit, when the TPP named one.
    pub debtor_iban: Option<Iban>,
    /// Where the PSU's browser is sent back to.
    pub redirect_uri: Url,
}

/// What an authorisation code stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantTerms {
    /// The TPP that may exchange the code.
    pub client_id: String,
    /// The address it has to repeat.
    pub redirect_uri: Url,
    /// SHA-256 of the code, hex.
    pub code_sha256: String,
    /// PKCE, method S256 (RFC 7636).
    pub code_challenge: String,
}

/// Who or what ended an order before it was authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedBy {
    /// The PSU said no.
    Psu,
    /// Three wrong logins.
    WrongCodes,
    /// Nobody authorised it in time.
    Lapse,
}

/// Why the bank refused an authorised order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// The account holds less than the order.
    InsufficientFunds,
}

/// The ISO 20022 status words this bank uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Word {
    /// Received.
    Rcvd,
    /// The customer profile check was successful.
    Accp,
    /// Technical validation was successful.
    Actc,
    /// Settlement is in process.
    Acsp,
    /// Settled on the debtor's account.
    Acsc,
    /// Here: the PSU did not authorise.
    Rjct,
    /// Here: the bank refused, or the TPP withdrew.
    Canc,
}

impl Word {
    /// The four letters.
    #[must_use]
    pub fn iso(self) -> &'static str {
        match self {
            Self::Rcvd => "RCVD",
            Self::Accp => "ACCP",
            Self::Actc => "ACTC",
            Self::Acsp => "ACSP",
            Self::Acsc => "ACSC",
            Self::Rjct => "RJCT",
            Self::Canc => "CANC",
        }
    }
}

/// The entries in memory and, where one was asked for, the file behind them.
#[derive(Debug)]
pub(super) struct Ledger {
    entries: Vec<LedgerEntry>,
    file: Option<LedgerFile>,
}

#[derive(Debug)]
struct LedgerFile {
    file: File,
    /// Bytes that are known to be whole lines.
    len: u64,
}

impl Ledger {
    /// Opens the ledger and reads what the file holds. A last line that a crash cut short is dropped: it
    /// was never acknowledged.
    ///
    /// # Errors
    /// The file cannot be opened or written, or a whole line is not the next ledger entry (two
    /// processes on one file would cause that).
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else {
            return Ok(Self {
                entries: Vec::new(),
                file: None,
            });
        };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let (entries, len) = read_entries(&mut file)?;
        file.set_len(len)?;
        Ok(Self {
            entries,
            file: Some(LedgerFile { file, len }),
        })
    }

    /// Appends an entry; with a file, it is on the disk before this returns.
    ///
    /// # Errors
    /// The file could not be written: nothing was recorded.
    pub(super) fn append(&mut self, at: Timestamp, bank: &str, event: LedgerEvent) -> io::Result<LedgerEntry> {
        let seq = self.entries.len() as u64 + 1;
        let entry = LedgerEntry {
            seq,
            at,
            bank: bank.to_owned(),
            event,
        };
        if let Some(file) = &mut self.file {
            file.write(&entry)?;
        }
        self.entries.push(entry.clone());
        Ok(entry)
    }

    pub(super) fn entries(&self) -> &[LedgerEntry] {
        &self.entries
    }
}

impl LedgerFile {
    fn write(&mut self, entry: &LedgerEntry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.len += line.len() as u64,
            Err(_) => self.file.set_len(self.len)?,
        }
        written
    }
}

fn read_entries(file: &mut File) -> io::Result<(Vec<LedgerEntry>, u64)> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let (mut entries, mut len, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok((entries, len));
        }
        let entry: LedgerEntry = serde_json::from_slice(&line)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("ledger line {}: {e}", entries.len() + 1)))?;
        if entry.seq != entries.len() as u64 + 1 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("ledger line {}: out of order", entries.len() + 1),
            ));
        }
        entries.push(entry);
        len += read as u64;
    }
}
