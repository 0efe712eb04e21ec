//! With which keys partners sign their requests, and which partners must.

use super::schema::partners;
use super::{Access, StoreError};
use crate::partner::SignatureRules;
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};

/// A partner's keys, and whether it must sign; none and no for a partner that does not exist.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of(a: &mut Access<'_>, partner_id: &str) -> Result<SignatureRules, StoreError> {
    let columns = (partners::signed_requests, partners::signature_keys);
    let found: Option<(bool, Option<String>)> = partners::table.find(partner_id).select(columns).first(a.conn).optional()?;
    let Some((required, keys)) = found else {
        return Ok(SignatureRules::default());
    };
    let keys = keys.as_deref().map(serde_json::from_str).transpose()?;
    Ok(SignatureRules {
        required,
        keys: keys.unwrap_or_default(),
    })
}

/// Replaces them.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set(a: &mut Access<'_>, partner_id: &str, rules: &SignatureRules) -> Result<bool, StoreError> {
    let set = (
        partners::signed_requests.eq(rules.required),
        partners::signature_keys.eq(Some(serde_json::to_string(&rules.keys)?)),
    );
    Ok(diesel::update(partners::table.find(partner_id)).set(set).execute(a.conn)? == 1)
}
