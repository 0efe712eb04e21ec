//! A statement as a table of text (RFC 4180 with any of four separators), read by the columns that people confirmed.

use super::columns::Columns;
use super::{Covered, Entry, MAX_ENTRIES, Taker, Unreadable, Why, account, amount, some};
use csv::StringRecord;

/// A reader of all rows, the head among them.
pub(super) fn reader(text: &str, separator: char) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or(b';'))
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes())
}

struct Row<'a> {
    record: &'a StringRecord,
    columns: &'a Columns,
    line: u64,
}

impl Row<'_> {
    fn cell(&self, column: Option<usize>) -> &str {
        column.and_then(|column| self.record.get(column)).unwrap_or_default().trim()
    }

    /// A fault in a column, which people count from 1.
    fn wrong(&self, why: Why, column: Option<usize>) -> Unreadable {
        let at = column.map(|column| (column + 1).to_string()).unwrap_or_default();
        Unreadable::new(why, self.line, at)
    }

    /// The amount, positive, and whether it came in.
    fn money(&self) -> Result<(i64, bool), Unreadable> {
        let Columns {
            amount,
            debit,
            credit,
            decimal,
            ..
        } = *self.columns;
        let read = |column: Option<usize>| {
            let cell = self.cell(column);
            if cell.is_empty() {
                return Ok(0);
            }
            amount::written(cell, decimal).ok_or_else(|| self.wrong(Why::Amount, column))
        };
        if let Some(column) = amount {
            if self.cell(amount).is_empty() {
                return Err(self.wrong(Why::Missing, Some(column)));
            }
            let signed = read(amount)?;
            return Ok((signed.abs(), signed >= 0));
        }
        // Some banks write what went out with a minus, in its own column too.
        match (read(debit)?.abs(), read(credit)?.abs()) {
            (0, 0) => Err(self.wrong(Why::Missing, credit.or(debit))),
            (0, came) => Ok((came, true)),
            (went, 0) => Ok((went, false)),
            _ => Err(self.wrong(Why::Amount, credit)),
        }
    }

    fn currency(&self) -> Result<String, Unreadable> {
        let cell = self.cell(self.columns.currency).to_ascii_uppercase();
        let code = match cell.as_str() {
            "" => self.columns.usual_currency.clone(),
            "LEI" => "RON".to_owned(),
            _ => cell,
        };
        if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
            return Ok(code);
        }
        Err(self.wrong(Why::Currency, self.columns.currency))
    }

    fn entry(&self, own: Option<&str>) -> Result<Entry, Unreadable> {
        let columns = self.columns;
        let day = self.cell(columns.day);
        if day.is_empty() {
            return Err(self.wrong(Why::Missing, columns.day));
        }
        let booked = columns.day_form.read(day).ok_or_else(|| self.wrong(Why::Day, columns.day))?;
        let (minor, is_credit) = self.money()?;
        let iban = account(self.cell(columns.iban));
        let reference = some(self.cell(columns.reference));
        Ok(Entry {
            line: self.line,
            booked,
            is_credit,
            is_reversal: false,
            minor,
            currency: self.currency()?,
            end_to_end_id: reference.clone(),
            name: some(self.cell(columns.name)),
            creditor_iban: if is_credit { own.map(str::to_owned) } else { iban.clone() },
            iban,
            remittance: some(self.cell(columns.remittance)).unwrap_or_default(),
            reference,
        })
    }

    /// Whether nothing stands where an entry has its day and its amount: an empty line, or words at the end.
    fn says_nothing(&self) -> bool {
        let columns = self.columns;
        let about = [columns.day, columns.amount, columns.debit, columns.credit];
        about.iter().all(|column| self.cell(*column).is_empty())
    }
}

/// The line in which a record begins: empty lines before it belong to its position, and not to it.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let begin = usize::try_from(at.byte()).unwrap_or(0);
    let rest = text.as_bytes().get(begin..).unwrap_or_default();
    let empty = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    at.line() + empty.filter(|b| **b == b'\n').count() as u64
}

/// Reads a file; each entry goes to `take`. `own` is our account, where it is known.
///
/// # Errors
/// What cannot be read and where, or what `take` answers.
pub fn read(text: &str, columns: &Columns, own: Option<&str>, take: &mut Taker<'_>) -> Result<Covered, Unreadable> {
    if !columns.can_be() {
        return Err(Unreadable::new(Why::Columns, 1, ""));
    }
    let own = own.and_then(account);
    let mut reader = reader(text, columns.separator);
    let (mut covered, mut entries, mut record) = (Covered::default(), 0, StringRecord::new());
    covered.accounts.extend(own.clone());
    let mut rows = 0_usize;
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => return Err(Unreadable::new(Why::Syntax, line, "")),
        }
        rows += 1;
        // The head is the last row that is not an entry.
        if rows <= columns.head + 1 {
            continue;
        }
        let row = Row {
            line: record.position().map_or(line, |at| line_of(text, at)),
            record: &record,
            columns,
        };
        if row.says_nothing() {
            continue;
        }
        let entry = row.entry(own.as_deref())?;
        entries += 1;
        if entries > MAX_ENTRIES {
            return Err(row.wrong(Why::TooMany, None));
        }
        covered.include(entry.booked);
        take(entry)?;
    }
    if entries == 0 {
        return Err(Unreadable::new(Why::Empty, 1, ""));
    }
    Ok(covered)
}
