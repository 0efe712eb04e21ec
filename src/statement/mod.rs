//! Bank statements as files: camt.053 (ISO 20022) and CSV, read into entries, and entries compared with the
//! payments that were made here.
//!
//! **Invariant:** no database, no web and no clock; a file is read as it comes, entry by entry, and what cannot be
//! read is named by its line and element, never by its content.

mod amount;
pub mod camt;
pub mod columns;
pub mod csv_file;
mod draft;
pub mod matching;
#[cfg(test)]
mod round_trip_tests;
mod text;

pub use text::{Format, decode, format_of};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;
/// Most entries of a file.
pub const MAX_ENTRIES: u64 = 200_000;
/// Longest text of an entry that is kept, in characters: ISO 20022 has 140 a line, and several lines.
const MAX_TEXT: usize = 1000;

/// One movement of money on the account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The line of the file it begins in, from 1.
    pub line: u64,
    /// The day it was booked.
    pub booked: NaiveDate,
    /// Whether money came in.
    pub is_credit: bool,
    /// Whether it takes an earlier entry back (`RvslInd`).
    pub is_reversal: bool,
    /// Minor units (1/100).
    pub minor: i64,
    /// ISO 4217 code, one of ours or not.
    pub currency: String,
    /// End-to-end identification; in a CSV file the column of the reference.
    pub end_to_end_id: Option<String>,
    /// The other side's name.
    pub name: Option<String>,
    /// The other side's account.
    pub iban: Option<String>,
    /// The creditor's account: our own for money that came in.
    pub creditor_iban: Option<String>,
    /// Remittance information.
    pub remittance: String,
    /// The bank's own reference.
    pub reference: Option<String>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("line", &self.line).finish_non_exhaustive()
    }
}

/// What a whole file says beside its entries.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Covered {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub to: Option<NaiveDate>,
    /// Entries that are not booked (pending, for information) and were left out.
    pub not_booked: u64,
    /// The accounts it is about, where they are known.
    pub accounts: BTreeSet<String>,
}

impl std::fmt::Debug for Covered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Covered")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl Covered {
    /// Widens the days by one.
    fn include(&mut self, day: NaiveDate) {
        self.from = Some(self.from.map_or(day, |from| from.min(day)));
        self.to = Some(self.to.map_or(day, |to| to.max(day)));
    }
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Neither XML nor a table of text.
    NotAStatement,
    /// XML, but not camt.053.
    NotCamt,
    /// Characters that are not in the encoding it names.
    Encoding,
    /// It has a document type declaration.
    Doctype,
    /// An entity that XML itself does not know.
    Entity,
    /// It is not well-formed.
    Syntax,
    /// It ends too early.
    CutOff,
    /// Elements inside one another too deep.
    TooDeep,
    /// More than [`MAX_ENTRIES`] entries.
    TooMany,
    /// An element or a cell that must be there is not.
    Missing,
    /// Not an amount, or one with more than two decimals.
    Amount,
    /// Not a currency code.
    Currency,
    /// Not a day.
    Day,
    /// Neither CRDT nor DBIT.
    Direction,
    /// No entries.
    Empty,
    /// Columns that cannot be: none for the day or the amount, or beyond the last.
    Columns,
    /// Whoever read the file could not go on.
    Stopped,
}

/// Why a file cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("line {line}: {why:?} ({at})")]
pub struct Unreadable {
    /// What is wrong.
    pub why: Why,
    /// The line of the file, from 1.
    pub line: u64,
    /// The element's path or the column's number; a name of the format, never content.
    pub at: String,
}

impl Unreadable {
    /// A fault at a place.
    #[must_use]
    pub fn new(why: Why, line: u64, at: impl Into<String>) -> Self {
        Self { why, line, at: at.into() }
    }
}

/// What takes the entries of a file one by one; an error ends the reading.
pub type Taker<'a> = dyn FnMut(Entry) -> Result<(), Unreadable> + 'a;

/// A text without control characters and doubled spaces, cut to its longest.
fn tidy(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.chars().take(MAX_TEXT).collect()
}

/// The same, `None` when nothing is left.
fn some(text: &str) -> Option<String> {
    Some(tidy(text)).filter(|text| !text.is_empty())
}

/// An account number without its spaces, upper case; `None` for what is too long or too short to be one.
fn account(text: &str) -> Option<String> {
    let text: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    (8..=34).contains(&text.len()).then(|| text.to_ascii_uppercase())
}
