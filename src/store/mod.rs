//! All SQL.
//!
//! **Invariant:** nothing outside this folder speaks SQL or opens a transaction. Writes go through
//! [`Db::write`], one transaction each, acknowledged after the commit; a database error never becomes
//! "not found". Sensitive columns are sealed on the way in and opened on the way out, here.

pub mod admin_security;
pub mod admin_sessions;
pub mod admins;
pub mod applications;
pub mod audit;
pub mod audit_checkpoints;
pub mod audit_search;
pub mod bank_access;
pub mod bank_calls;
pub mod bank_closures;
pub mod bank_contacts;
#[cfg(test)]
pub(crate) mod between_jobs;
pub mod bulk;
pub mod connection;
mod consent_row;
pub mod consent_search;
pub mod consents;
pub mod copies;
pub mod erasure;
pub mod exports;
pub mod history;
pub mod instructions;
pub mod mail_queue;
pub mod onboarding;
pub mod onboarding_documents;
pub mod outbox;
pub mod partner_certificates;
pub mod partner_counts;
pub mod partner_signatures;
pub mod partners;
pub mod payer_requests;
pub mod payment_keys;
mod payment_row;
pub mod payment_search;
pub mod payments;
pub mod proposals;
pub mod reconciliation_book;
pub mod reconciliation_end;
pub mod reconciliation_lines;
pub mod reconciliations;
pub mod report_counts;
pub mod report_readers;
pub mod reports;
pub mod reseal;
pub mod saved_filters;
mod schema;
pub mod search_keys;
pub mod signing_keys;
pub mod tokens;
pub mod webhook_deliveries;
pub mod webhook_endpoints;
pub mod worklist;

use crate::crypto::{CryptoError, Place, Vault};
use connection::{Conn, Location, Manager, Writer};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use std::sync::Arc;
use zeroize::Zeroizing;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// What happened in the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Too much waits already, or the database is locked; nothing was written.
    #[error("the database is busy")]
    Busy,
    /// Somebody else changed the row first; nothing was written.
    #[error("another change came first")]
    Conflict,
    /// A value that must be unique is taken; nothing was written. The text names what.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// The commit failed or its answer was lost; what was written is not known.
    #[error("the commit's outcome is not known: {0}")]
    CommitUnknown(String),
    /// The database or a stored value cannot be used.
    #[error("the database failed: {0}")]
    Broken(String),
    /// It cannot even be opened.
    #[error("{0}")]
    Setup(String),
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        let text = error.to_string();
        if text.contains("database is locked") || text.contains("lock timeout") {
            Self::Busy
        } else {
            Self::Broken(text)
        }
    }
}

impl From<CryptoError> for StoreError {
    fn from(error: CryptoError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        // Only where it failed: serde's own text may quote the value.
        Self::Broken(format!(
            "a stored value is unreadable (line {}, column {})",
            error.line(),
            error.column()
        ))
    }
}

/// What a read or write works with.
#[derive(Debug)]
pub struct Access<'a> {
    conn: &'a mut Conn,
    vault: &'a Vault,
}

impl Access<'_> {
    fn seal(&self, table: &'static str, column: &'static str, row: &str, plain: &str) -> Vec<u8> {
        self.seal_bytes(table, column, row, plain.as_bytes())
    }

    fn seal_bytes(&self, table: &'static str, column: &'static str, row: &str, plain: &[u8]) -> Vec<u8> {
        self.vault.seal(Place { table, column, row }, plain)
    }

    fn open_bytes(&self, table: &'static str, column: &'static str, row: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        Ok(self.vault.open(Place { table, column, row }, sealed)?)
    }

    fn open(&self, table: &'static str, column: &'static str, row: &str, sealed: &[u8]) -> Result<Zeroizing<String>, StoreError> {
        let bytes = self.open_bytes(table, column, row, sealed)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| StoreError::Broken(format!("{table}.{column} is not text")))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Inserts in a savepoint, so that a taken value leaves the transaction usable on both databases.
    fn try_insert(&mut self, what: &'static str, insert: impl FnOnce(&mut Conn) -> diesel::QueryResult<usize>) -> Result<(), StoreError> {
        use diesel::connection::SimpleConnection as _;
        use diesel::result::{DatabaseErrorKind, Error};
        self.conn.batch_execute("SAVEPOINT one_insert")?;
        match insert(self.conn) {
            Ok(_) => Ok(self.conn.batch_execute("RELEASE SAVEPOINT one_insert")?),
            Err(error) => {
                self.conn
                    .batch_execute("ROLLBACK TO SAVEPOINT one_insert; RELEASE SAVEPOINT one_insert")?;
                match error {
                    Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Err(StoreError::Taken(what)),
                    other => Err(other.into()),
                }
            }
        }
    }
}

/// The database.
#[derive(Clone, Debug)]
pub struct Db {
    pool: r2d2::Pool<Manager>,
    writer: Option<Arc<Writer>>,
    vault: Vault,
}

impl Db {
    /// Opens the database (already migrated) with `readers` pooled connections.
    ///
    /// # Errors
    /// [`StoreError::Setup`] says what to mend.
    pub fn open(location: &Location, readers: u32, vault: Vault) -> Result<Self, StoreError> {
        connection::insist_on_durability(location)?;
        let writer = match location {
            Location::Sqlite(_) => Some(Arc::new(Writer::start(location, vault.clone())?)),
            Location::Postgres(_) => None,
        };
        let pool = r2d2::Pool::builder()
            .max_size(readers)
            .min_idle(Some(1))
            .connection_timeout(std::time::Duration::from_secs(5))
            .error_handler(Box::new(LogPoolErrors))
            .build(Manager::new(location.clone()))
            .map_err(|e| StoreError::Setup(format!("cannot open the database: {e}")))?;
        Ok(Self { pool, writer, vault })
    }

    /// The keys, for values derived from them.
    #[must_use]
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Reads.
    ///
    /// # Errors
    /// What the job answers; [`StoreError::Busy`] when no connection is free within 5 seconds.
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Access<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let db = self.clone();
        let result = off_thread(move || {
            let mut conn = db.pool.get().map_err(|_| StoreError::Busy)?;
            job(&mut Access {
                conn: &mut conn,
                vault: &db.vault,
            })
        })
        .await;
        #[cfg(test)]
        between_jobs::stand_still().await;
        result
    }

    /// Reads on this very thread: for the start of the program, before anybody is served.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_at_start<T>(&self, job: impl FnOnce(&mut Access<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut conn = self.pool.get().map_err(|_| StoreError::Busy)?;
        job(&mut Access {
            conn: &mut conn,
            vault: &self.vault,
        })
    }

    /// Writes, in one transaction; returns after the commit.
    ///
    /// # Errors
    /// What the job answers (nothing is written then); [`StoreError::Busy`] when nothing was written;
    /// [`StoreError::CommitUnknown`] when it may have been.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Access<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        #[cfg(test)]
        between_jobs::may_write()?;
        let result = self.commit(job).await;
        #[cfg(test)]
        let result = between_jobs::answered(result);
        #[cfg(test)]
        between_jobs::stand_still().await;
        result
    }

    async fn commit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Access<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Some(writer) = &self.writer {
            let (done, answer) = tokio::sync::oneshot::channel();
            writer.submit(job, done)?;
            return answer
                .await
                .unwrap_or_else(|_| Err(StoreError::CommitUnknown("the writer stopped".into())));
        }
        let db = self.clone();
        off_thread(move || {
            let mut conn = db.pool.get().map_err(|_| StoreError::Busy)?;
            connection::write_alone(&mut conn, &db.vault, job)
        })
        .await
    }
}

async fn off_thread<T: Send + 'static>(job: impl FnOnce() -> Result<T, StoreError> + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(job)
        .await
        .unwrap_or_else(|_| Err(StoreError::Broken("a database job panicked".into())))
}

/// Brings the schema up to date; answers the names of the migrations that ran.
///
/// # Errors
/// [`StoreError::Setup`] with the database's words.
pub fn migrate(location: &Location) -> Result<Vec<String>, StoreError> {
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| StoreError::Setup(format!("migration failed: {e}"));
    match connection::open_for_migrations(location)? {
        Conn::Sqlite(mut conn) => Ok(conn
            .run_pending_migrations(SQLITE_MIGRATIONS)
            .map_err(failed)?
            .iter()
            .map(ToString::to_string)
            .collect()),
        #[cfg(feature = "postgres")]
        Conn::Pg(mut conn) => Ok(conn
            .run_pending_migrations(POSTGRES_MIGRATIONS)
            .map_err(failed)?
            .iter()
            .map(ToString::to_string)
            .collect()),
    }
}

/// Whether migrations wait to be run.
///
/// # Errors
/// [`StoreError::Setup`] with the database's words.
pub fn needs_migration(location: &Location) -> Result<bool, StoreError> {
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| StoreError::Setup(format!("cannot compare migrations: {e}"));
    match connection::open_for_migrations(location)? {
        Conn::Sqlite(mut conn) => conn.has_pending_migration(SQLITE_MIGRATIONS).map_err(failed),
        #[cfg(feature = "postgres")]
        Conn::Pg(mut conn) => conn.has_pending_migration(POSTGRES_MIGRATIONS).map_err(failed),
    }
}

#[derive(Debug)]
struct LogPoolErrors;

impl r2d2::HandleError<StoreError> for LogPoolErrors {
    fn handle_error(&self, error: StoreError) {
        tracing::error!(%error, "database connection");
    }
}
