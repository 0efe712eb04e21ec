//! An admin chooses the language of the back office.

use super::{Context, FlowError};
use crate::payment::Language;
use crate::store::admins;

/// Keeps the choice.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn choose_language(cx: &Context, admin_id: &str, language: Language) -> Result<(), FlowError> {
    let id = admin_id.to_owned();
    Ok(cx.db.write(move |a| admins::set_language(a, &id, language)).await?)
}
