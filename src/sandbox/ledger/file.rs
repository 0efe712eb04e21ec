//! Where the ledger is kept: in memory and, where one was asked for, in a file.

use super::{LedgerEntry, LedgerEvent};
use crate::clock::Timestamp;
use crate::sandbox::BankCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

/// The entries in memory and, where one was asked for, the file behind them.
#[derive(Debug)]
pub(in crate::sandbox) struct Ledger<B = BankCode, E = LedgerEvent> {
    entries: Vec<LedgerEntry<B, E>>,
    file: Option<LedgerFile>,
}

#[derive(Debug)]
struct LedgerFile {
    file: File,
    /// Bytes that are known to be whole lines.
    len: u64,
}

impl<B: Copy + Serialize + DeserializeOwned, E: Serialize + DeserializeOwned> Ledger<B, E> {
    /// Opens the ledger and reads what the file holds. A last line that a crash cut short is dropped: it
    /// was never acknowledged.
    ///
    /// # Errors
    /// The file cannot be opened or written, or a whole line is not the next ledger entry (two
    /// processes on one file would cause that).
    pub(in crate::sandbox) fn open(path: Option<&Path>) -> io::Result<Self> {
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

    /// Appends what happened together; with a file, it is on the disk before this returns.
    ///
    /// # Errors
    /// The file could not be written: nothing was recorded.
    pub(in crate::sandbox) fn append(&mut self, at: Timestamp, bank: B, events: Vec<E>) -> io::Result<&[LedgerEntry<B, E>]> {
        let before = self.entries.len();
        let seqs = before as u64 + 1..;
        let entries: Vec<LedgerEntry<B, E>> = seqs.zip(events).map(|(seq, event)| LedgerEntry { seq, at, bank, event }).collect();
        if let Some(file) = &mut self.file {
            file.write(&entries)?;
        }
        self.entries.extend(entries);
        Ok(&self.entries[before..])
    }

    pub(in crate::sandbox) fn entries(&self) -> &[LedgerEntry<B, E>] {
        &self.entries
    }
}

impl LedgerFile {
    fn write(&mut self, entries: &[impl Serialize]) -> io::Result<()> {
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.len += lines.len() as u64,
            Err(_) => self.file.set_len(self.len)?,
        }
        written
    }
}

/// Whole entries, and how many bytes they take.
type Read<B, E> = (Vec<LedgerEntry<B, E>>, u64);

fn read_entries<B: DeserializeOwned, E: DeserializeOwned>(file: &mut File) -> io::Result<Read<B, E>> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let (mut entries, mut len, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok((entries, len));
        }
        let entry: LedgerEntry<B, E> = serde_json::from_slice(&line)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::ledger::PaymentService;

    #[test]
    fn a_ledger_from_before_there_were_several_banks_is_still_read() {
        let order = r#"{"payment_id":"p","client_id":"c","request_id":"6c00a887-7b42-439e-b298-9e29d16fe301","body_sha256":"x",
            "money":{"minor":100,"currency":"RON"},"creditor_iban":"RO24BTRLRONCRT0000000001","creditor_name":"M","remittance":null,
            "end_to_end":"E","debtor_iban":null,"redirect_uri":"https://tpp.example/"}"#;
        let grant = r#"{"client_id":"c","redirect_uri":"https://tpp.example/","code_sha256":"y","code_challenge":"z"}"#;
        let iban = "RO30CECEB00030RON0001001";
        let lines = [
            format!(r#""event":"order_received","order":{}"#, order.replace('\n', "")),
            format!(r#""event":"authorised","payment_id":"p","customer":"ana","debtor_iban":"{iban}","grant":{grant}"#),
            format!(
                r#""event":"booked","payment_id":"p","debtor_iban":"{iban}","creditor_iban":"RO24BTRLRONCRT0000000001","money":{{"minor":100,"currency":"RON"}}"#
            ),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let text: String = (1..)
            .zip(lines)
            .map(|(seq, rest)| format!("{{\"seq\":{seq},\"at\":\"2026-11-20T10:00:00\",\"bank\":\"CEC\",{rest}}}\n"))
            .collect();
        std::fs::write(&path, text).unwrap();
        let ledger: Ledger = Ledger::open(Some(&path)).unwrap();
        let LedgerEvent::OrderReceived { order } = &ledger.entries()[0].event else {
            panic!("{:?}", ledger.entries()[0]);
        };
        assert_eq!((order.bank, order.service()), (BankCode::Cec, PaymentService::Payments));
        assert!(matches!(&ledger.entries()[1].event, LedgerEvent::Authorised { grant: Some(_), .. }));
        assert!(matches!(&ledger.entries()[2].event, LedgerEvent::Booked { index: 0, .. }));
    }
}
