//! camt.053, bank to customer statement (ISO 20022), versions 001.01 to 001.13: what differs between them is where a
//! status and a name stand. Read as a stream; entities that XML itself does not know are refused, not expanded.

use super::draft::{Draft, Transaction, day};
use super::{Covered, MAX_ENTRIES, Taker, Unreadable, Why, account};
use quick_xml::NsReader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

/// The namespace without its version.
const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.";
/// Deeper than any element of camt.053.
const MAX_DEPTH: usize = 40;
/// Longest text of one element, in bytes.
const MAX_ELEMENT: usize = 20_000;
const STATEMENT: &str = "Document/BkToCstmrStmt/Stmt";

struct Reading<'t, 'f> {
    take: &'t mut Taker<'f>,
    path: Vec<String>,
    text: String,
    currency: Option<String>,
    own: Option<String>,
    entry: Option<Draft>,
    transaction: Option<Transaction>,
    covered: Covered,
    entries: u64,
    statements: u64,
    line: u64,
}

/// Reads a file; each booked entry goes to `take`. `account` is ours where the file does not say it.
///
/// # Errors
/// What cannot be read and where, or what `take` answers.
pub fn read(text: &str, own: Option<&str>, take: &mut Taker<'_>) -> Result<Covered, Unreadable> {
    let mut reader = NsReader::from_str(text);
    let mut reading = Reading {
        take,
        path: Vec::new(),
        text: String::new(),
        currency: None,
        own: own.and_then(account),
        entry: None,
        transaction: None,
        covered: Covered::default(),
        entries: 0,
        statements: 0,
        line: 1,
    };
    let mut counted = 0;
    loop {
        let event = reader.read_resolved_event();
        let (namespace, event) = match event {
            Ok((namespace, event)) => (is_camt(&namespace), event),
            Err(error) => {
                let at = usize::try_from(reader.error_position()).unwrap_or(0).min(text.len());
                return Err(reading.syntax(&error, text, counted, at));
            }
        };
        let is_end = matches!(event, Event::Eof);
        reading.event(event, namespace)?;
        if is_end {
            return reading.end();
        }
        let here = usize::try_from(reader.buffer_position()).unwrap_or(text.len()).min(text.len());
        reading.line += lines(text, counted, here);
        counted = here;
    }
}

/// Line ends between two places.
fn lines(text: &str, from: usize, to: usize) -> u64 {
    let between = text.as_bytes().get(from..to).unwrap_or_default();
    between.iter().filter(|b| **b == b'\n').count() as u64
}

fn is_camt(namespace: &ResolveResult<'_>) -> bool {
    let ResolveResult::Bound(namespace) = namespace else { return false };
    let version = std::str::from_utf8(namespace.0).ok().and_then(|n| n.strip_prefix(NAMESPACE));
    version.is_some_and(|version| version.len() == 2 && version.bytes().all(|b| b.is_ascii_digit()))
}

impl Reading<'_, '_> {
    fn wrong(&self, why: Why) -> Unreadable {
        Unreadable::new(why, self.line, self.path.join("/"))
    }

    fn syntax(&self, error: &quick_xml::Error, text: &str, counted: usize, at: usize) -> Unreadable {
        let why = match error {
            quick_xml::Error::Syntax(_) => Why::CutOff,
            _ => Why::Syntax,
        };
        let line = self.line + lines(text, counted, at.max(counted));
        Unreadable::new(why, line, self.path.join("/"))
    }

    fn event(&mut self, event: Event<'_>, is_camt: bool) -> Result<(), Unreadable> {
        match event {
            Event::Start(element) => self.start(&element, is_camt),
            Event::Empty(element) => {
                self.start(&element, is_camt)?;
                self.close()
            }
            Event::End(_) => self.close(),
            Event::Text(text) => {
                let text = text.decode().map_err(|_| self.wrong(Why::Encoding))?;
                self.add(&text)
            }
            Event::CData(text) => {
                let text = text.decode().map_err(|_| self.wrong(Why::Encoding))?;
                self.add(&text)
            }
            Event::GeneralRef(entity) => self.entity(&entity),
            Event::DocType(_) => Err(self.wrong(Why::Doctype)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    /// A character reference, or one of XML's own five entities.
    fn entity(&mut self, entity: &BytesRef<'_>) -> Result<(), Unreadable> {
        if let Ok(Some(character)) = entity.resolve_char_ref() {
            return self.add(character.encode_utf8(&mut [0; 4]));
        }
        let name = entity.decode().map_err(|_| self.wrong(Why::Entity))?;
        let text = resolve_predefined_entity(&name).ok_or_else(|| self.wrong(Why::Entity))?;
        self.add(text)
    }

    fn add(&mut self, text: &str) -> Result<(), Unreadable> {
        if self.text.len() + text.len() > MAX_ELEMENT {
            return Err(self.wrong(Why::TooDeep));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn start(&mut self, element: &BytesStart<'_>, is_camt: bool) -> Result<(), Unreadable> {
        let name = String::from_utf8_lossy(element.local_name().as_ref()).chars().take(60).collect();
        if self.path.is_empty() && (name != "Document" || !is_camt) {
            return Err(self.wrong(Why::NotCamt));
        }
        if self.path.len() >= MAX_DEPTH {
            return Err(self.wrong(Why::TooDeep));
        }
        self.path.push(name);
        self.text.clear();
        let currency = element.try_get_attribute("Ccy").ok().flatten();
        self.currency = currency.map(|value| String::from_utf8_lossy(&value.value).trim().to_owned());
        match self.path.join("/").strip_prefix(STATEMENT) {
            Some("") => {
                self.statements += 1;
            }
            Some("/Ntry") => {
                self.entry = Some(Draft {
                    line: self.line,
                    ..Draft::default()
                });
            }
            Some("/Ntry/NtryDtls/TxDtls") => self.transaction = Some(Transaction::default()),
            _ => {}
        }
        Ok(())
    }

    /// What an element said, at its end.
    fn close(&mut self) -> Result<(), Unreadable> {
        let path = self.path.join("/");
        if path == "Document" && self.statements == 0 {
            return Err(self.wrong(Why::NotCamt));
        }
        if let Some(at) = path.strip_prefix(STATEMENT).and_then(|rest| rest.strip_prefix('/')) {
            self.element(at)?;
        }
        self.path.pop();
        self.text.clear();
        self.currency = None;
        Ok(())
    }

    fn element(&mut self, at: &str) -> Result<(), Unreadable> {
        let text = std::mem::take(&mut self.text);
        let currency = self.currency.take();
        match at {
            "Acct/Id/IBAN" => {
                self.own = account(&text);
                self.covered.accounts.extend(self.own.clone());
            }
            "FrToDt/FrDtTm" | "FrToDt/ToDtTm" => {
                let day = day(&text).map_err(|why| self.wrong(why))?;
                self.covered.include(day);
            }
            "Ntry/NtryDtls/TxDtls" => {
                let ended = self.transaction.take();
                if let Some(entry) = &mut self.entry {
                    entry.transactions.extend(ended);
                }
            }
            "Ntry" => return self.emit(),
            _ => {
                let Some(inside) = at.strip_prefix("Ntry/") else { return Ok(()) };
                let details = inside.strip_prefix("NtryDtls/TxDtls/");
                let taken = match (details, &mut self.transaction, &mut self.entry) {
                    (Some(at), Some(transaction), _) => transaction.take(at, &text, currency.as_deref()),
                    (None, _, Some(entry)) => entry.take(inside, &text, currency.as_deref()),
                    _ => Ok(()),
                };
                taken.map_err(|why| self.wrong(why))?;
            }
        }
        Ok(())
    }

    fn emit(&mut self) -> Result<(), Unreadable> {
        let Some(entry) = self.entry.take() else { return Ok(()) };
        for entry in entry.entries(self.own.as_deref(), &mut self.covered)? {
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return Err(self.wrong(Why::TooMany));
            }
            (self.take)(entry)?;
        }
        Ok(())
    }

    fn end(self) -> Result<Covered, Unreadable> {
        if !self.path.is_empty() {
            return Err(self.wrong(Why::CutOff));
        }
        if self.statements == 0 {
            return Err(self.wrong(Why::NotCamt));
        }
        if self.covered.from.is_none() {
            return Err(self.wrong(Why::Empty));
        }
        Ok(self.covered)
    }
}
