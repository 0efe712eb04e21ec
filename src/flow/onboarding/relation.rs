//! The end of a relation with a partner, and the yearly renewal of its file.

use super::documents::is_reason;
use super::{Refused, of, save, stale, years_after};
use crate::flow::error::FieldProblem;
use crate::flow::{Context, FlowError};
use crate::store::{StoreError, audit, onboarding, partners};

/// Notes that a file was verified again; its next year begins.
///
/// # Errors
/// [`FlowError::NotAllowed`] while something misses or once the relation has ended; [`FlowError::Invalid`] when the file
/// has changed since it was on the page.
pub async fn confirm_renewal(cx: &Context, by: &str, partner_id: &str, version: i64) -> Result<(), FlowError> {
    let (by, id, now) = (by.to_owned(), partner_id.to_owned(), cx.now());
    let done = cx.db.write(move |a| {
        let Some(mut read) = of(a, &id, now)? else {
            return Ok(Err(Refused::NoSuch));
        };
        if read.file.ended_at.is_some() || !read.missing.is_empty() {
            return Ok(Err(Refused::Ended));
        }
        if read.file.version != version {
            return Ok(Err(Refused::Stale));
        }
        read.file.renewal_due_at = Some(years_after(now, 1));
        let changed = ["renewal".to_owned()];
        save(a, read.file, &read.documents, &by, ("onboarding_renewed", &changed), now)?;
        Ok(Ok(()))
    });
    answer(done.await)
}

/// Ends the relation: the partner may not call any more, and its file is erased when the law no longer asks for it.
///
/// # Errors
/// [`FlowError::Invalid`] without a reason; [`FlowError::NotAllowed`] when it has ended already.
pub async fn end(cx: &Context, by: &str, partner_id: &str, reason: &str) -> Result<(), FlowError> {
    if !is_reason(reason) {
        let problem = FieldProblem::new("reason", "NO_REASON", "10 to 500 characters");
        return Err(FlowError::Invalid(vec![problem]));
    }
    let (by, id, reason, now) = (by.to_owned(), partner_id.to_owned(), reason.trim().to_owned(), cx.now());
    let keep_until = years_after(now, cx.rules.keeping.partners_years);
    let done = cx.db.write(move |a| {
        let Some(mut read) = of(a, &id, now)? else {
            return Ok(Err(Refused::NoSuch));
        };
        if read.file.ended_at.is_some() {
            return Ok(Err(Refused::Ended));
        }
        partners::set_active(a, &id, false)?;
        read.file.ended_at = Some(now);
        read.file.ended_by = Some(by.clone());
        read.file.end_reason = Some(reason);
        read.file.keep_until = Some(keep_until);
        read.file.renewal_due_at = None;
        read.file.complete = false;
        let changed = ["relation_ended".to_owned()];
        onboarding::save(a, &read.file, &by, &changed, now)?;
        let detail = format!("file kept until {}", keep_until.date());
        audit::add(a, now, &by, "partner_relation_ended", Some(&id), Some(&detail))?;
        Ok(Ok(()))
    });
    answer(done.await)
}

fn answer(done: Result<Result<(), Refused>, StoreError>) -> Result<(), FlowError> {
    match done {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Refused::NoSuch)) => Err(FlowError::NotFound),
        Ok(Err(Refused::Ended)) => Err(FlowError::NotAllowed),
        Ok(Err(Refused::Stale)) | Err(StoreError::Conflict) => Err(stale()),
        Err(other) => Err(other.into()),
    }
}
