//! Adds payments that never were, many at a time: for trying a database at size.

use super::Context;
use crate::store::bulk::{self, Made};
use crate::store::{StoreError, audit};

/// Why it did not work.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FillError(pub StoreError);

/// Adds them in one transaction.
///
/// # Errors
/// [`FillError`] of the database.
pub async fn add(cx: &Context, mut all: Vec<Made>) -> Result<(), FillError> {
    cx.db.write(move |a| bulk::add(a, &mut all)).await.map_err(FillError)
}

/// Says so in the audit log, and lets the database learn how the values are spread.
///
/// # Errors
/// [`FillError`] of the database.
pub async fn finished(cx: &Context, many: usize) -> Result<(), FillError> {
    let now = cx.now();
    cx.db
        .write(move |a| {
            audit::add(a, now, "cli", "volume_seeded", None, Some(&many.to_string()))?;
            bulk::analyse(a)
        })
        .await
        .map_err(FillError)
}
