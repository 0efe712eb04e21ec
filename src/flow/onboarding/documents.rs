//! Documents of onboarding files.

use super::{Refused, of, save};
use crate::flow::error::FieldProblem;
use crate::flow::{Context, FlowError};
use crate::partner::onboarding::{DocumentKind, MAX_DOCUMENT_BYTES, document_type};
use crate::payment::text::has_forbidden_characters;
use crate::store::onboarding_documents::{self, Document, WithContent};
use crate::store::{StoreError, audit};
use zeroize::Zeroizing;

/// Longest name of a document, in characters.
const MAX_NAME_CHARS: usize = 120;
/// Documents of one file, also those that were removed.
const MOST_DOCUMENTS: usize = 200;
/// A reason is at least and at most so many characters long.
pub const REASON_CHARS: std::ops::RangeInclusive<usize> = 10..=500;

/// Whether a reason that people will read years later says something.
#[must_use]
pub fn is_reason(reason: &str) -> bool {
    REASON_CHARS.contains(&reason.trim().chars().count()) && !has_forbidden_characters(&reason.replace(['\r', '\n'], " "))
}

fn wrong(field: &str, code: &'static str, message: &str) -> FlowError {
    FlowError::Invalid(vec![FieldProblem::new(field, code, message)])
}

/// The name as it is kept: without a path, in one line.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .map(|c| if has_forbidden_characters(&c.to_string()) { ' ' } else { c })
        .collect();
    let name = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let name: String = name.chars().take(MAX_NAME_CHARS).collect();
    if name.is_empty() { "document".into() } else { name }
}

/// Adds a document to a partner's file.
///
/// # Errors
/// [`FlowError::Invalid`] when it is empty, too large, or neither PDF, PNG nor JPEG by its content;
/// [`FlowError::NotAllowed`] when the relation has ended or there are too many already.
pub async fn add(
    cx: &Context,
    by: &str,
    partner_id: &str,
    kind: DocumentKind,
    name: &str,
    content: Zeroizing<Vec<u8>>,
) -> Result<(), FlowError> {
    if content.is_empty() {
        return Err(wrong("file", "MISSING", "choose a file"));
    }
    if content.len() > MAX_DOCUMENT_BYTES {
        return Err(wrong("file", "TOO_LARGE", "at most 10 MB"));
    }
    let Some(media_type) = document_type(&content) else {
        return Err(wrong("file", "NOT_A_DOCUMENT", "PDF, PNG or JPEG"));
    };
    let now = cx.now();
    let document = Document {
        id: uuid::Uuid::now_v7().to_string(),
        partner_id: partner_id.into(),
        kind,
        name: file_name(name),
        media_type: media_type.into(),
        size_bytes: i64::try_from(content.len()).unwrap_or(i64::MAX),
        added_at: now,
        added_by: by.into(),
        removed_at: None,
        removed_by: None,
        remove_reason: None,
    };
    let done = cx.db.write(move |a| {
        let Some(mut read) = of(a, &document.partner_id, now)? else {
            return Ok(Err(Refused::NoSuch));
        };
        if read.file.ended_at.is_some() || read.documents.len() >= MOST_DOCUMENTS {
            return Ok(Err(Refused::Ended));
        }
        onboarding_documents::add(a, &document, &content)?;
        let changed = [format!("document.{}.added", document.kind.as_str())];
        let by = document.added_by.clone();
        read.documents.push(document);
        save(a, read.file, &read.documents, &by, ("onboarding_document_added", &changed), now)?;
        Ok(Ok(()))
    });
    settled(done.await)
}

/// Removes a document's content, with a reason that stays.
///
/// # Errors
/// [`FlowError::Invalid`] without a reason; [`FlowError::NotFound`] when there is no such document (any more);
/// [`FlowError::NotAllowed`] when the relation has ended: the law asks us to keep what there is.
pub async fn remove(cx: &Context, by: &str, partner_id: &str, id: &str, reason: &str) -> Result<(), FlowError> {
    if !is_reason(reason) {
        return Err(wrong("reason", "NO_REASON", "10 to 500 characters"));
    }
    let (by, partner_id, id, reason, now) = (
        by.to_owned(),
        partner_id.to_owned(),
        id.to_owned(),
        reason.trim().to_owned(),
        cx.now(),
    );
    let done = cx.db.write(move |a| {
        let Some(mut read) = of(a, &partner_id, now)? else {
            return Ok(Err(Refused::NoSuch));
        };
        if read.file.ended_at.is_some() {
            return Ok(Err(Refused::Ended));
        }
        let Some(kind) = read.documents.iter().find(|d| d.id == id).map(|d| d.kind) else {
            return Ok(Err(Refused::NoSuch));
        };
        if !onboarding_documents::remove(a, &partner_id, &id, &by, &reason, now)? {
            return Ok(Err(Refused::NoSuch));
        }
        read.documents.retain(|d| d.id != id);
        let changed = [format!("document.{}.removed", kind.as_str())];
        save(a, read.file, &read.documents, &by, ("onboarding_document_removed", &changed), now)?;
        Ok(Ok(()))
    });
    settled(done.await)
}

fn settled(done: Result<Result<(), Refused>, StoreError>) -> Result<(), FlowError> {
    match done? {
        Ok(()) => Ok(()),
        Err(Refused::NoSuch) => Err(FlowError::NotFound),
        Err(Refused::Ended | Refused::Stale) => Err(FlowError::NotAllowed),
    }
}

/// A document with its content, for somebody who may read it; that they did is in the audit log before they get it.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such document of this partner (any more).
pub async fn download(cx: &Context, by: &str, partner_id: &str, id: &str) -> Result<WithContent, FlowError> {
    let (of, wanted) = (partner_id.to_owned(), id.to_owned());
    let found = cx.db.read(move |a| onboarding_documents::read(a, &of, &wanted)).await?;
    let found = found.ok_or(FlowError::NotFound)?;
    let (by, of, id, now) = (by.to_owned(), partner_id.to_owned(), id.to_owned(), cx.now());
    cx.db
        .write(move |a| audit::add(a, now, &by, "onboarding_document_read", Some(&of), Some(&id)))
        .await?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_name_is_one_line_without_a_path() {
        assert_eq!(file_name(r"C:\acte\buletin  nou.pdf"), "buletin nou.pdf");
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name("a\r\nX: y\u{202e}fdp.exe"), "a X: y fdp.exe");
        assert_eq!(file_name("/"), "document");
        assert_eq!(file_name(&"ș".repeat(500)).chars().count(), 120);
    }
}
