//! Onboarding: what is known about a partner is entered, checked, renewed every year, and kept for as long as the law
//! asks after the relation has ended (Romanian Law 129/2019, art. 11 and 21).
//!
//! **Invariant:** every change of a file is one write with its place in the history and in the audit log. The audit log
//! names fields, never their values.

pub mod documents;
pub mod relation;
pub mod renewals;

use super::error::FieldProblem;
use super::init_payment::today;
use super::{Context, FlowError};
use crate::clock::Timestamp;
use crate::partner::Partner;
use crate::partner::onboarding::{DocumentKind, Missing, OnboardingFile, Record, Section, Wrong, check, missing};
use crate::store::onboarding::{self, Onboarding, Version};
use crate::store::onboarding_documents::Document;
use crate::store::{Access, StoreError, audit, onboarding_documents, partners};
use chrono::{Months, NaiveDate};

/// The field in which a problem of the whole form is told.
pub const WHOLE_FORM: &str = "";

/// A partner with its file.
#[derive(Clone, Debug)]
pub struct Onboarded {
    /// Who it is.
    pub partner: Partner,
    /// The file; of version 0 when nothing was entered yet.
    pub file: Onboarding,
    /// Its documents, also those that were removed.
    pub documents: Vec<Document>,
    /// What misses before the partner may be activated.
    pub missing: Vec<Missing>,
}

/// A partner with its file.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such partner.
pub async fn read(cx: &Context, partner_id: &str) -> Result<Onboarded, FlowError> {
    let (id, now) = (partner_id.to_owned(), cx.now());
    cx.db.read(move |a| of(a, &id, now)).await?.ok_or(FlowError::NotFound)
}

/// Every partner with its file, the list of the back office.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn all(cx: &Context) -> Result<Vec<Onboarded>, FlowError> {
    let now = cx.now();
    let found = cx.db.read(move |a| {
        let mut all = Vec::new();
        for partner in partners::list(a)? {
            all.extend(of(a, &partner.id, now)?);
        }
        Ok(all)
    });
    Ok(found.await?)
}

/// Every state that a partner's file was in, oldest first.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such partner.
pub async fn history(cx: &Context, partner_id: &str) -> Result<(Onboarded, Vec<Version>), FlowError> {
    let (id, now) = (partner_id.to_owned(), cx.now());
    let found = cx.db.read(move |a| {
        let Some(onboarded) = of(a, &id, now)? else { return Ok(None) };
        let versions = onboarding::versions(a, &id)?;
        Ok(Some((onboarded, versions)))
    });
    found.await?.ok_or(FlowError::NotFound)
}

fn of(a: &mut Access<'_>, partner_id: &str, now: Timestamp) -> Result<Option<Onboarded>, StoreError> {
    let Some(partner) = partners::get(a, partner_id)? else {
        return Ok(None);
    };
    let file = onboarding::get(a, partner_id)?.unwrap_or_else(|| Onboarding::begun(partner_id, now));
    let documents = onboarding_documents::of(a, partner_id)?;
    let missing = still_missing(&file.file, &documents, now);
    Ok(Some(Onboarded {
        partner,
        file,
        documents,
        missing,
    }))
}

fn still_missing(file: &OnboardingFile, documents: &[Document], now: Timestamp) -> Vec<Missing> {
    let there: Vec<DocumentKind> = documents.iter().filter(|d| d.removed_at.is_none()).map(|d| d.kind).collect();
    missing(file, &there, today(now))
}

/// Who changes what of which file.
#[derive(Clone, Debug)]
pub struct Change {
    /// The user.
    pub by: String,
    /// The partner.
    pub partner_id: String,
    /// The version of the file that was on the page.
    pub version: i64,
}

/// Enters a section, or one entry of it: `number` is the entry's, none for a new one. `value_of` answers what was typed.
///
/// # Errors
/// [`FlowError::Invalid`] names each wrong field, and [`WHOLE_FORM`] with `STALE` when the file has changed since it was
/// on the page; [`FlowError::NotAllowed`] when the relation has ended.
pub async fn enter<'t>(
    cx: &Context,
    change: Change,
    section: Section,
    number: Option<u32>,
    value_of: impl Fn(&str) -> &'t str,
) -> Result<(), FlowError> {
    let record: Record = check(section, value_of, today(cx.now())).map_err(invalid)?;
    apply(cx, change, "onboarding_changed", move |file| file.put(section, number, record)).await
}

/// Begins the file of a new partner with what an application declared; what is left empty keeps it incomplete.
pub(in crate::flow) fn prefill(
    a: &mut Access<'_>,
    partner_id: &str,
    by: &str,
    sections: Vec<(Section, Record)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut next = Onboarding::begun(partner_id, now);
    for (section, record) in sections {
        let _ = next.file.put(section, None, record);
    }
    let changed: Vec<String> = next.file.differs_in(&OnboardingFile::default()).into_iter().collect();
    save(a, next, &[], by, ("onboarding_prefilled", &changed), now).map(drop)
}

/// Takes an entry out of a section of which there may be several.
///
/// # Errors
/// As [`enter`]; [`FlowError::NotFound`] when there is none of this number.
pub async fn take_out(cx: &Context, change: Change, section: Section, number: u32) -> Result<(), FlowError> {
    apply(cx, change, "onboarding_changed", move |file| file.remove(section, number)).await
}

fn invalid(wrong: Vec<(&'static str, Wrong)>) -> FlowError {
    let problem = |(field, why): (&'static str, Wrong)| FieldProblem::new(field, why.code(), "see the field's rule");
    FlowError::Invalid(wrong.into_iter().map(problem).collect())
}

fn stale() -> FlowError {
    FlowError::Invalid(vec![FieldProblem::new(WHOLE_FORM, "STALE", "the file has changed meanwhile")])
}

/// What a write in which a rule was broken answers.
enum Refused {
    NoSuch,
    Ended,
    Stale,
}

async fn apply(
    cx: &Context,
    change: Change,
    action: &'static str,
    edit: impl FnOnce(&mut OnboardingFile) -> bool + Send + 'static,
) -> Result<(), FlowError> {
    let now = cx.now();
    let done = cx.db.write(move |a| {
        let Some(read) = of(a, &change.partner_id, now)? else {
            return Ok(Err(Refused::NoSuch));
        };
        if read.file.ended_at.is_some() {
            return Ok(Err(Refused::Ended));
        }
        if read.file.version != change.version {
            return Ok(Err(Refused::Stale));
        }
        let mut next = read.file.clone();
        if !edit(&mut next.file) {
            return Ok(Err(Refused::NoSuch));
        }
        let changed: Vec<String> = next.file.differs_in(&read.file.file).into_iter().collect();
        if !changed.is_empty() {
            save(a, next, &read.documents, &change.by, (action, &changed), now)?;
        }
        Ok(Ok(()))
    });
    match done.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Refused::NoSuch)) => Err(FlowError::NotFound),
        Ok(Err(Refused::Ended)) => Err(FlowError::NotAllowed),
        Ok(Err(Refused::Stale)) | Err(StoreError::Conflict) => Err(stale()),
        Err(other) => Err(other.into()),
    }
}

/// Writes the next state of a file with its history and its audit row. A file that is complete for the first time begins
/// its year.
fn save(
    a: &mut Access<'_>,
    mut next: Onboarding,
    documents: &[Document],
    by: &str,
    (action, changed): (&str, &[String]),
    now: Timestamp,
) -> Result<Onboarding, StoreError> {
    next.complete = still_missing(&next.file, documents, now).is_empty();
    if next.complete && next.renewal_due_at.is_none() {
        next.renewal_due_at = Some(years_after(now, 1));
    }
    let saved = onboarding::save(a, &next, by, changed, now)?;
    let detail = format!("version {}: {}", saved.version, changed.join(", "));
    let detail: String = detail.chars().take(1000).collect();
    audit::add(a, now, by, action, Some(&saved.partner_id), Some(&detail))?;
    Ok(saved)
}

/// The same moment some years later.
#[must_use]
pub fn years_after(from: Timestamp, years: u32) -> Timestamp {
    from.checked_add_months(Months::new(12 * years)).unwrap_or(Timestamp::MAX)
}

/// The day of a moment where the partners are.
#[must_use]
pub fn day_of(at: Timestamp) -> NaiveDate {
    today(at)
}

/// Looks again which files are complete: documents and mandates expire. Answers how many changed.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn look_again(cx: &Context) -> Result<usize, FlowError> {
    let mut changed = 0;
    for one in all(cx).await? {
        let complete = one.missing.is_empty();
        if one.file.version > 0 && one.file.ended_at.is_none() && one.file.complete != complete {
            let (id, version) = (one.partner.id, one.file.version);
            cx.db.write(move |a| onboarding::set_complete(a, &id, version, complete)).await?;
            changed += 1;
        }
    }
    Ok(changed)
}
