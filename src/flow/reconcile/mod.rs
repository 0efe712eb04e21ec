//! Compares a bank's statement with the payments that were made here: takes the file, has its columns confirmed, and
//! leaves the comparison to a worker.
//!
//! **Invariant:** no payment is changed by a statement, whatever it says; a payment in doubt is resolved by people, on
//! its own page. Of a file that cannot be read to its end nothing is kept.

mod compare;

pub use compare::{compare_one, may_come_later};

use super::saved_searches::exported;
use super::{Context, FieldProblem, FlowError};
use crate::crypto::fingerprint;
use crate::payment::Iban;
use crate::statement::columns::{Columns, guess};
use crate::statement::{Format, MAX_BYTES, Unreadable, csv_file, decode, format_of};
use crate::store::reconciliations::{self, Direction, New, Reconciliation, State};
use crate::store::{audit, partners, reconciliation_end};
use zeroize::Zeroizing;

/// How long a table waits for its columns.
const WAITS: chrono::Duration = chrono::Duration::days(1);
/// Longest name of a file that is kept, in characters.
const LONGEST_NAME: usize = 100;
/// Statements erased in one write.
const AT_ONCE: i64 = 20;

/// A file as it was uploaded.
pub struct Uploaded {
    /// The partner's id; empty for the payments of all partners.
    pub partner_id: String,
    /// Which entries are compared.
    pub direction: Direction,
    /// Our account, as it was typed; may be empty.
    pub account: String,
    /// As the browser calls it.
    pub file_name: String,
    /// Its bytes.
    pub file: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uploaded")
            .field("direction", &self.direction)
            .finish_non_exhaustive()
    }
}

fn wrong(field: &'static str, code: &'static str, message: &'static str) -> FlowError {
    FlowError::Invalid(vec![FieldProblem::new(field, code, message)])
}

/// Keeps a statement; answers its id.
///
/// # Errors
/// [`FlowError::Invalid`] names what is wrong: `file` (`MISSING`, `TOO_LARGE`, `NOT_A_STATEMENT`), `account`
/// (`NOT_AN_IBAN`), `partner` (`UNKNOWN`).
pub async fn upload(cx: &Context, admin_id: &str, uploaded: Uploaded) -> Result<String, FlowError> {
    let account = match uploaded.account.trim() {
        "" => None,
        typed => match Iban::parse(typed) {
            Ok(iban) => Some(iban.electronic().to_owned()),
            Err(_) => return Err(wrong("account", "NOT_AN_IBAN", "an IBAN, or nothing")),
        },
    };
    if uploaded.file.is_empty() {
        return Err(wrong("file", "MISSING", "choose a file"));
    }
    if uploaded.file.len() > MAX_BYTES {
        return Err(wrong("file", "TOO_LARGE", "at most 20 MB"));
    }
    let format = format_of(&uploaded.file).map_err(|_| wrong("file", "NOT_A_STATEMENT", "camt.053 or CSV"))?;
    let (admin_id, now) = (admin_id.to_owned(), cx.now());
    let new = New {
        partner_id: Some(uploaded.partner_id).filter(|id| !id.is_empty()),
        direction: uploaded.direction,
        format,
        file_name: plain_name(&uploaded.file_name),
        account,
        file_hash: fingerprint(&uploaded.file),
        file: uploaded.file,
        created_by: admin_id.clone(),
    };
    let kept = cx.db.write(move |a| {
        if let Some(partner) = &new.partner_id
            && partners::get(a, partner)?.is_none()
        {
            return Ok(None);
        }
        let id = reconciliations::add(a, &new, now)?;
        let detail = format!("{}, {} bytes", new.format.as_str(), new.file.len());
        audit::add(a, now, &admin_id, "statement_uploaded", Some(&id), Some(&detail))?;
        Ok(Some(id))
    });
    kept.await?
        .ok_or_else(|| wrong("partner", "UNKNOWN", "choose a partner of the list"))
}

/// A file's name without what cannot be shown.
fn plain_name(name: &str) -> String {
    let shown: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    crate::mail::one_line(&shown).chars().take(LONGEST_NAME).collect()
}

/// A table, and what its columns seem to say.
pub struct Table {
    /// What was guessed.
    pub columns: Columns,
    /// Its first rows, from the head on.
    pub rows: Vec<Vec<String>>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("columns", &self.columns).finish_non_exhaustive()
    }
}

async fn waiting(cx: &Context, id: &str) -> Result<(Reconciliation, Zeroizing<Vec<u8>>, Option<String>), FlowError> {
    let id = id.to_owned();
    let found = cx.db.read(move |a| {
        let Some(known) = reconciliations::get(a, &id)? else {
            return Ok(None);
        };
        let file = reconciliations::file(a, &id)?;
        let partner = known
            .partner_id
            .as_deref()
            .map(|partner| partners::get(a, partner))
            .transpose()?
            .flatten();
        Ok(Some((known, file, partner.map(|partner| partner.currency.code().to_owned()))))
    });
    let found = found.await?.ok_or(FlowError::NotFound)?;
    if found.0.state != State::Columns || found.0.format != Format::Csv {
        return Err(FlowError::NotAllowed);
    }
    Ok(found)
}

/// What the columns of a table seem to say, for people to check.
///
/// # Errors
/// [`FlowError::NotFound`]; [`FlowError::NotAllowed`] when nothing waits for columns.
pub async fn table(cx: &Context, id: &str) -> Result<Table, FlowError> {
    let (_, file, currency) = waiting(cx, id).await?;
    let guessed = tokio::task::spawn_blocking(move || {
        let text = decode(&file).unwrap_or_default();
        guess(&text, currency.as_deref().unwrap_or("RON"))
    });
    let (columns, rows) = guessed.await.map_err(|e| FlowError::Internal(e.to_string()))?;
    Ok(Table { columns, rows })
}

/// Takes the columns of a table after the whole file was read by them once; says what cannot be read, if anything.
///
/// # Errors
/// As [`table`].
pub async fn set_columns(cx: &Context, id: &str, columns: Columns) -> Result<Result<(), Unreadable>, FlowError> {
    let (known, file, _) = waiting(cx, id).await?;
    let tried = columns.clone();
    let readable = tokio::task::spawn_blocking(move || {
        let text = decode(&file)?;
        csv_file::read(&text, &tried, known.account.as_deref(), &mut |_| Ok(())).map(drop)
    });
    if let Err(unreadable) = readable.await.map_err(|e| FlowError::Internal(e.to_string()))? {
        return Ok(Err(unreadable));
    }
    let (id, now) = (id.to_owned(), cx.now());
    cx.db.write(move |a| reconciliations::set_columns(a, &id, &columns, now)).await?;
    Ok(Ok(()))
}

/// Writes to the audit log that a user takes a result out, before its first row leaves.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn taken_out(cx: &Context, admin_id: &str) -> Result<(), FlowError> {
    exported(cx, admin_id, "reconciliation_exported", "csv").await
}

/// Removes tables whose columns nobody confirmed for a day.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn remove_forgotten(cx: &Context) -> Result<(), FlowError> {
    let before = cx.now() - WAITS;
    let forgotten = cx.db.read(move |a| reconciliation_end::forgotten(a, before)).await?;
    if !forgotten.is_empty() {
        let remove = move |a: &mut crate::store::Access<'_>| forgotten.iter().try_for_each(|id| reconciliation_end::remove(a, id));
        cx.db.write(remove).await?;
    }
    Ok(())
}

/// Erases the personal data of statements that are as old as payments whose data is erased; findings and sums stay.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub(super) async fn erase_old(cx: &Context, before: crate::clock::Timestamp) -> Result<(), FlowError> {
    loop {
        let erased = cx.db.write(move |a| {
            let due = reconciliation_end::to_erase(a, before, AT_ONCE)?;
            due.iter().try_for_each(|id| reconciliation_end::erase(a, id))?;
            Ok(due.len())
        });
        if erased.await? == 0 {
            return Ok(());
        }
    }
}
