//! Takes out exactly what a list of payments shows: the same filter, the same order, some rows at a time, so that
//! the memory it takes does not depend on how many there are.
//!
//! Payments that are created meanwhile are not in it; one whose state changes meanwhile is as it is when its turn
//! comes.

use super::{Context, FlowError};
use crate::payment::Status;
use crate::store::payment_search::{self, Filter, From, Line};

/// Rows read at a time.
const AT_ONCE: i64 = 500;

/// The columns. Times are UTC (ISO 8601), amounts have a decimal point and no thousands separator.
pub const COLUMNS: [&str; 10] = [
    "paymentId",
    "createdAt",
    "partner",
    "externalPaymentId",
    "creditorName",
    "amount",
    "currency",
    "bank",
    "paymentStatus",
    "bankWord",
];

/// A row as text, in the order of [`COLUMNS`].
pub type Cells = [String; COLUMNS.len()];

/// An export under way.
#[derive(Clone, Debug)]
pub struct Export {
    cx: Context,
    filter: Filter,
    /// From where on; none when everything was read.
    from: Option<From>,
}

impl Export {
    /// Begins with the newest payment of a filter.
    #[must_use]
    pub const fn new(cx: Context, filter: Filter) -> Self {
        Self {
            cx,
            filter,
            from: Some(From::Top),
        }
    }

    /// The next rows; none when there are no more.
    ///
    /// # Errors
    /// [`FlowError::Internal`] of the database.
    pub async fn next(&mut self) -> Result<Option<Vec<Cells>>, FlowError> {
        let Some(from) = self.from.take() else { return Ok(None) };
        let filter = self.filter.clone();
        let (last, lines) = self
            .cx
            .db
            .read(move |a| {
                let places = payment_search::find(a, &filter, from, AT_ONCE)?;
                let last = places.last().copied().filter(|_| places.len() as i64 == AT_ONCE);
                Ok((last, payment_search::lines(a, &places)?))
            })
            .await?;
        self.from = last.map(From::After);
        if lines.is_empty() {
            return Ok(None);
        }
        Ok(Some(lines.into_iter().map(|line| self.cells(line)).collect()))
    }

    fn cells(&self, line: Line) -> Cells {
        let bank = line.bank_code.as_deref();
        let bank = bank.map(|code| self.cx.banks.get(code).map_or_else(|| code.to_owned(), |bank| bank.name.clone()));
        [
            line.id.to_string(),
            line.created_at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            line.partner,
            line.external_id.unwrap_or_default(),
            line.creditor,
            line.amount.map(|amount| amount.wire()).unwrap_or_default(),
            line.amount.map(|amount| amount.currency.code().to_owned()).unwrap_or_default(),
            bank.unwrap_or_default(),
            line.status.map_or("unreadable", Status::as_str).to_owned(),
            line.bank_word.unwrap_or_default(),
        ]
    }
}

/// What a CSV file begins with: the mark by which spreadsheets know UTF-8, and the names of the columns.
///
/// # Errors
/// [`FlowError::Internal`] when it cannot be written.
pub fn csv_head(columns: &[&str]) -> Result<Vec<u8>, FlowError> {
    let mut out = b"\xEF\xBB\xBF".to_vec();
    out.extend(csv_rows([columns])?);
    Ok(out)
}

/// Rows of a CSV file (RFC 4180). A cell that a spreadsheet would take for a formula becomes text (OWASP, CSV
/// injection).
///
/// # Errors
/// [`FlowError::Internal`] when they cannot be written.
pub fn csv_rows<R, C>(rows: impl IntoIterator<Item = R>) -> Result<Vec<u8>, FlowError>
where
    R: AsRef<[C]>,
    C: AsRef<str>,
{
    let internal = |e: String| FlowError::Internal(format!("CSV: {e}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        let cells = row.as_ref().iter().map(|cell| harmless(cell.as_ref()));
        writer.write_record(cells).map_err(|e| internal(e.to_string()))?;
    }
    writer.into_inner().map_err(|e| internal(e.to_string()))
}

/// A cell that begins like a formula gets an apostrophe before it: spreadsheets show it as text.
fn harmless(cell: &str) -> String {
    let dangerous = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if cell.trim_start_matches(' ').starts_with(dangerous) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_begins_like_a_formula_becomes_text() {
        for cell in ["=1+1", "+4", "-4", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", " =1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        for cell in ["", "Ana", "12.50", "a=b", "x-y", "mail@exemplu.example"] {
            assert_eq!(harmless(cell), cell);
        }
        let rows = csv_rows([["a\"b", "=x,y", "două\nrânduri"]]).unwrap();
        assert_eq!(String::from_utf8(rows).unwrap(), "\"a\"\"b\",\"'=x,y\",\"două\nrânduri\"\r\n");
        assert!(csv_head(&COLUMNS).unwrap().starts_with(b"\xEF\xBB\xBFpaymentId,"));
    }
}
