//! The audit log: who did what, when. Rows are only ever added.

use super::schema::audit;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{Insertable, RunQueryDsl as _};

#[derive(Insertable)]
#[diesel(table_name = audit)]
struct Row<'a> {
    id: String,
    at: Timestamp,
    actor: &'a str,
    action: &'a str,
    subject: Option<&'a str>,
    detail: Option<&'a str>,
}

/// Adds a row. `detail` must hold no personal data and no secret.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(
    a: &mut Access<'_>,
    at: Timestamp,
    actor: &str,
    action: &str,
    subject: Option<&str>,
    detail: Option<&str>,
) -> Result<(), StoreError> {
    let row = Row {
        id: uuid::Uuid::now_v7().to_string(),
        at,
        actor,
        action,
        subject,
        detail,
    };
    diesel::insert_into(audit::table).values(&row).execute(a.conn)?;
    Ok(())
}
