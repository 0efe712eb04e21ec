//! What happened, line by line, in memory and in a file beside the other banks' ledger.

use super::order::Received;
use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An order was created.
    Created {
        /// The order.
        order: Box<Received>,
    },
    /// A payment of orders was started: they are locked until its code is over.
    Started {
        /// `pa-…`.
        tag: String,
        /// The orders.
        orders: Vec<u64>,
        /// Where the code went.
        channel: String,
        /// The code; none for an authenticator, which makes its own.
        code: Option<String>,
    },
    /// A wrong code was given.
    WrongCode {
        /// `pa-…`.
        tag: String,
    },
    /// The right code was given.
    Confirmed {
        /// `pa-…`.
        tag: String,
        /// `p-…`.
        payment: String,
        /// The code, which is good once.
        code: String,
    },
    /// The order is being carried out.
    Begun {
        /// The order.
        order: u64,
    },
    /// The money moved.
    Paid {
        /// The order.
        order: u64,
        /// Of the transaction.
        transaction: String,
    },
    /// It did not, and why.
    Failed {
        /// The order.
        order: u64,
        /// In the bank's words.
        message: String,
    },
}

/// The entries and, where one was asked for, the file behind them.
#[derive(Debug)]
pub(super) struct Journal {
    entries: Vec<Entry>,
    file: Option<(File, u64)>,
}

impl Journal {
    /// Opens it and reads what the file holds. A last line that a crash cut short is dropped: nobody was told of it.
    ///
    /// # Errors
    /// The file cannot be opened or written, or holds something else.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else {
            return Ok(Self {
                entries: Vec::new(),
                file: None,
            });
        };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        let lines = text[..whole].split(|b| *b == b'\n').filter(|line| !line.is_empty());
        let entries = lines.map(serde_json::from_slice).collect::<Result<Vec<Entry>, _>>();
        let entries = entries.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("the ePP journal: {e}")))?;
        let len = whole as u64;
        file.set_len(len)?;
        Ok(Self {
            entries,
            file: Some((file, len)),
        })
    }

    /// Appends what happened together; with a file, it is on the disk before this returns.
    ///
    /// # Errors
    /// The file could not be written: nothing was recorded.
    pub(super) fn append(&mut self, entries: Vec<Entry>) -> io::Result<()> {
        if let Some((file, len)) = &mut self.file {
            let mut lines = Vec::new();
            for entry in &entries {
                serde_json::to_writer(&mut lines, entry)?;
                lines.push(b'\n');
            }
            match file.write_all(&lines).and_then(|()| file.sync_data()) {
                Ok(()) => *len += lines.len() as u64,
                Err(error) => {
                    file.set_len(*len)?;
                    return Err(error);
                }
            }
        }
        self.entries.extend(entries);
        Ok(())
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
