//! Writes a list of payments as an XLSX file, for which the whole must be known: a job with progress that one can
//! leave and come back to. The file lies sealed in the database, in parts, for a day.

use super::export::{COLUMNS, Cells, Export};
use super::payment_query::Asked;
use super::{Context, FlowError, after, saved_searches};
use crate::payment::Language;
use crate::store::StoreError;
use crate::store::exports::{self, Export as Job};
use rust_xlsxwriter::{Workbook, XlsxError};
use std::io::{Read as _, Seek as _};
use std::time::Duration;

/// How long a worker may be silent before another begins anew.
const LEASE: Duration = Duration::from_secs(120);
/// How long a file is kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Rows of one sheet; a sheet holds 1,048,576.
const SHEET_ROWS: u32 = 1_000_000;
/// Bytes of a part.
const PART: usize = 1 << 20;

/// Asks for a file of what this query finds, and says so in the audit log.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn ask(cx: &Context, admin_id: &str, query: String, language: Language) -> Result<(), FlowError> {
    saved_searches::exported(cx, admin_id, "payments_exported", "xlsx").await?;
    let (admin_id, now) = (admin_id.to_owned(), cx.now());
    let add = move |a: &mut crate::store::Access<'_>| exports::add(a, &admin_id, &query, language.as_str(), now);
    cx.db.write(add).await?;
    Ok(())
}

/// Writes one file, if one is due; whether there was one.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn write_one(cx: &Context) -> Result<bool, FlowError> {
    let now = cx.now();
    let Some(due) = cx.db.read(move |a| exports::next_due(a, now)).await? else {
        return Ok(false);
    };
    let until = after(now, LEASE);
    let Some(job) = cx.db.write(move |a| exports::claim(a, due, until)).await? else {
        return Ok(true);
    };
    let good = match write(cx, &job).await {
        Ok(()) => true,
        // Another worker has it now.
        Err(FlowError::Busy) => return Ok(true),
        Err(error) => {
            tracing::error!(export = job.id, %error, "an export failed");
            false
        }
    };
    let now = cx.now();
    cx.db.write(move |a| exports::finish(a, &job, good, now)).await?;
    Ok(true)
}

/// Removes files that were kept long enough.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn remove_old(cx: &Context) -> Result<(), FlowError> {
    let before = cx.now() - chrono::Duration::from_std(KEPT).unwrap_or_default();
    if cx.db.read(move |a| exports::has_old(a, before)).await? {
        cx.db.write(move |a| exports::remove_old(a, before)).await?;
    }
    Ok(())
}

fn internal(error: impl std::fmt::Display) -> FlowError {
    FlowError::Internal(format!("XLSX: {error}"))
}

async fn write(cx: &Context, job: &Job) -> Result<(), FlowError> {
    let filter = Asked::read(&job.query)
        .filter(cx.db.vault())
        .map_err(|_| FlowError::Internal("the query of an export cannot be read any more".into()))?;
    let mut export = Export::new(cx.clone(), filter);
    let (mut sheets, mut done) = (Sheets::default(), 0);
    while let Some(rows) = export.next().await? {
        done += rows.len() as i64;
        sheets.add(&rows).map_err(internal)?;
        let (job, until) = (job.clone(), after(cx.now(), LEASE));
        let said = cx.db.write(move |a| exports::progress(a, &job, done, until)).await;
        said.map_err(taken_over)?;
    }
    let finished = tokio::task::spawn_blocking(move || sheets.finish()).await;
    let mut file = finished.map_err(internal)??;
    let mut job = job.clone();
    job.rows_done = done;
    for seq in 0.. {
        let mut part = Vec::with_capacity(PART);
        file.by_ref().take(PART as u64).read_to_end(&mut part).map_err(internal)?;
        if part.is_empty() {
            break;
        }
        let (job, until) = (job.clone(), after(cx.now(), LEASE));
        let added = cx.db.write(move |a| exports::add_part(a, &job, seq, &part, until)).await;
        added.map_err(taken_over)?;
    }
    Ok(())
}

fn taken_over(error: StoreError) -> FlowError {
    match error {
        StoreError::Conflict => FlowError::Busy,
        other => other.into(),
    }
}

/// A workbook that keeps no row in memory: rows go to an unlinked temporary file.
struct Sheets {
    book: Workbook,
    /// The next row of the last sheet.
    row: u32,
}

impl Default for Sheets {
    fn default() -> Self {
        Self {
            book: Workbook::new(),
            row: SHEET_ROWS,
        }
    }
}

impl Sheets {
    fn add(&mut self, rows: &[Cells]) -> Result<(), XlsxError> {
        for cells in rows {
            if self.row >= SHEET_ROWS {
                self.begin()?;
            }
            self.write(cells.iter().map(String::as_str))?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), XlsxError> {
        self.book.add_worksheet_with_constant_memory();
        self.row = 0;
        self.write(COLUMNS.into_iter())
    }

    /// Everything is written as text: a spreadsheet takes none of it for a formula.
    fn write<'a>(&mut self, cells: impl Iterator<Item = &'a str>) -> Result<(), XlsxError> {
        let last = self.book.worksheets().len() - 1;
        let sheet = self.book.worksheet_from_index(last)?;
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(self.row, column, cell)?;
        }
        self.row += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<std::fs::File, FlowError> {
        if self.book.worksheets().is_empty() {
            self.begin().map_err(internal)?;
        }
        // Has no name: nobody can open it, and it is gone with the process.
        let mut file = tempfile::tempfile().map_err(internal)?;
        self.book.save_to_writer(&mut file).map_err(internal)?;
        file.rewind().map_err(internal)?;
        Ok(file)
    }
}
