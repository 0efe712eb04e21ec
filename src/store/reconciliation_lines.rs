//! What came of each entry of a statement, and the payments that no entry is about. Names, accounts and remittance
//! information are sealed.

use super::connection::Conn;
use super::schema::reconciliation_lines as t;
use super::{Access, StoreError};
use crate::payment::PaymentId;
use crate::statement::Entry;
use crate::statement::matching::{Finding, Instruction};
use chrono::NaiveDate;
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};

/// Rows of one statement.
const BATCH: usize = 500;

#[derive(Queryable, Insertable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
struct Row {
    reconciliation_id: String,
    seq: i64,
    finding: String,
    payment_id: Option<i64>,
    instruction: Option<i32>,
    day: String,
    amount_minor: i64,
    currency: String,
    entry_sealed: Option<Vec<u8>>,
}

/// A line of a result.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its place.
    pub seq: i64,
    /// What came of it.
    pub finding: Finding,
    /// The instruction it is about.
    pub of: Option<Instruction>,
    /// When it was booked; of a missing payment when it was settled.
    pub day: NaiveDate,
    /// Minor units of the entry; of a missing payment its own.
    pub minor: i64,
    /// ISO 4217 code of it.
    pub currency: String,
    /// The entry; none of a missing payment, and once it was erased.
    pub entry: Option<Entry>,
}

fn place(id: &str, seq: i64) -> String {
    format!("{id}/{seq}")
}

/// Adds lines.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, id: &str, lines: &[Line]) -> Result<(), StoreError> {
    let row = |line: &Line| {
        let entry = line.entry.as_ref().map(serde_json::to_string).transpose()?;
        let sealed = entry.map(|text| a.seal("reconciliation_lines", "entry", &place(id, line.seq), &text));
        Ok(Row {
            reconciliation_id: id.into(),
            seq: line.seq,
            finding: line.finding.as_str().into(),
            payment_id: line.of.map(|(number, _)| number),
            instruction: line.of.map(|(_, seq)| seq),
            day: line.day.to_string(),
            amount_minor: line.minor,
            currency: line.currency.clone(),
            entry_sealed: sealed,
        })
    };
    let rows: Vec<Row> = lines.iter().map(row).collect::<Result<_, StoreError>>()?;
    for some in rows.chunks(BATCH) {
        match a.conn {
            Conn::Sqlite(conn) => diesel::insert_into(t::table).values(some).execute(conn)?,
            #[cfg(feature = "postgres")]
            Conn::Pg(conn) => diesel::insert_into(t::table).values(some).execute(conn)?,
        };
    }
    Ok(())
}

/// Says of entries that named nothing which payments they are probably about.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn pair(a: &mut Access<'_>, id: &str, pairs: &[(i64, Instruction)]) -> Result<(), StoreError> {
    for (seq, (number, instruction)) in pairs {
        let set = (
            t::finding.eq(Finding::Probable.as_str()),
            t::payment_id.eq(number),
            t::instruction.eq(instruction),
        );
        diesel::update(t::table.find((id, *seq))).set(set).execute(a.conn)?;
    }
    Ok(())
}

/// Lines of a finding (or all) after a place, at most `limit`.
///
/// # Errors
/// [`StoreError`] of the database, also when an entry does not open.
pub fn list(a: &mut Access<'_>, id: &str, finding: Option<Finding>, after: i64, limit: i64) -> Result<Vec<Line>, StoreError> {
    let mut query = t::table.filter(t::reconciliation_id.eq(id)).filter(t::seq.gt(after)).into_boxed();
    if let Some(finding) = finding {
        query = query.filter(t::finding.eq(finding.as_str()));
    }
    let rows: Vec<Row> = query.order(t::seq).limit(limit).load(a.conn)?;
    rows.into_iter().map(|row| opened(a, row)).collect()
}

fn opened(a: &Access<'_>, row: Row) -> Result<Line, StoreError> {
    let broken = |column: &str| StoreError::Broken(format!("reconciliation_lines.{column} is unreadable"));
    let key = place(&row.reconciliation_id, row.seq);
    let text = row
        .entry_sealed
        .map(|sealed| a.open("reconciliation_lines", "entry", &key, &sealed));
    Ok(Line {
        seq: row.seq,
        finding: Finding::parse(&row.finding).ok_or_else(|| broken("finding"))?,
        of: row.payment_id.zip(row.instruction),
        day: row.day.parse().map_err(|_| broken("day"))?,
        minor: row.amount_minor,
        currency: row.currency,
        entry: text.transpose()?.map(|text| serde_json::from_str(&text)).transpose()?,
    })
}

/// Forgets what entries said that are about a payment.
pub(super) fn erase_of(a: &mut Access<'_>, payment: PaymentId) -> Result<(), StoreError> {
    diesel::update(t::table.filter(t::payment_id.eq(payment.number())))
        .set(t::entry_sealed.eq(None::<Vec<u8>>))
        .execute(a.conn)?;
    Ok(())
}
