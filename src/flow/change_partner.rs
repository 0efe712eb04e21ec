//! Changes a partner.

use super::FlowError;
use crate::clock::Timestamp;
use crate::store::{Db, audit, partners};
use url::Url;

/// Replaces the URLs a partner's payers may be sent back to; `actor` goes to the audit log.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such partner.
pub async fn set_redirect_urls(db: &Db, client_id: &str, urls: Vec<Url>, actor: &'static str, now: Timestamp) -> Result<(), FlowError> {
    let client_id = client_id.to_owned();
    let changed = db
        .write(move |a| {
            let changed = partners::set_redirect_urls(a, &client_id, &urls)?;
            audit::add(a, now, actor, "redirect_urls_changed", Some(&client_id), None)?;
            Ok(changed)
        })
        .await?;
    if changed { Ok(()) } else { Err(FlowError::NotFound) }
}
