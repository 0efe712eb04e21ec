//! Connections to either database, and how a write is committed.
//!
//! SQLite allows one writer at a time, so all writes go through one thread that commits many jobs at once:
//! a savepoint a job, one `fsync` a batch, and no answer before the commit. PostgreSQL writes in a
//! transaction of its own on a pooled connection.

use super::{Access, StoreError};
use crate::crypto::Vault;
use crate::fail_point;
use diesel::connection::SimpleConnection as _;
use diesel::r2d2::R2D2Connection as _;
use diesel::{Connection as _, SqliteConnection};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// SQLite, always compiled in.
    Sqlite(SqliteConnection),
    /// PostgreSQL, with the cargo feature `postgres`.
    #[cfg(feature = "postgres")]
    Pg(diesel::PgConnection),
}

impl std::fmt::Debug for Conn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Conn")
    }
}

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file.
    Sqlite(String),
    /// A server; the URL contains a password, so it is never printed.
    Postgres(String),
}

impl Location {
    /// Reads `sqlite://path/to/file` or `postgres://…`.
    ///
    /// # Errors
    /// [`StoreError::Setup`] for anything else, and for PostgreSQL when it is not compiled in.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return Ok(Self::Sqlite(path.to_owned()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            if cfg!(feature = "postgres") {
                return Ok(Self::Postgres(url.to_owned()));
            }
            return Err(StoreError::Setup(
                "this binary was built without PostgreSQL; build it with --features postgres".into(),
            ));
        }
        Err(StoreError::Setup("database.url must begin with sqlite:// or postgres://".into()))
    }
}

/// What a new connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Read,
    Write,
}

fn open(location: &Location, purpose: Use) -> Result<Conn, StoreError> {
    let failed = |e: diesel::ConnectionError| StoreError::Setup(format!("cannot open the database: {e}"));
    match location {
        Location::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(path).map_err(failed)?;
            // FULL: an answer leaves only after the write-ahead log is on the disk.
            conn.batch_execute(
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
            )?;
            if purpose == Use::Read {
                conn.batch_execute("PRAGMA query_only = ON;")?;
            }
            Ok(Conn::Sqlite(conn))
        }
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => {
            let mut conn = diesel::PgConnection::establish(url).map_err(failed)?;
            conn.batch_execute("SET TIME ZONE 'UTC'; SET lock_timeout = '5s'; SET statement_timeout = '30s';")?;
            Ok(Conn::Pg(conn))
        }
        #[cfg(not(feature = "postgres"))]
        Location::Postgres(_) => Err(StoreError::Setup("this binary was built without PostgreSQL".into())),
    }
}

/// Opens a connection for migrations, which need to write schema.
///
/// # Errors
/// [`StoreError::Setup`] when the database cannot be opened.
pub fn open_for_migrations(location: &Location) -> Result<Conn, StoreError> {
    open(location, Use::Write)
}

/// Insists that an acknowledged write survives a power cut.
///
/// # Errors
/// [`StoreError::Setup`] names the setting of the database that would lose writes.
pub fn insist_on_durability(location: &Location) -> Result<(), StoreError> {
    match open(location, Use::Write)? {
        Conn::Sqlite(mut conn) => sqlite_is_durable(&mut conn),
        #[cfg(feature = "postgres")]
        Conn::Pg(mut conn) => {
            for name in ["synchronous_commit", "fsync"] {
                let value = setting(&mut conn, &format!("SELECT current_setting('{name}') AS value"))?;
                if value == "off" {
                    return Err(lossy(&format!("PostgreSQL runs with {name} = off")));
                }
            }
            Ok(())
        }
    }
}

fn sqlite_is_durable(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let mode = setting(conn, "SELECT CAST(journal_mode AS TEXT) AS value FROM pragma_journal_mode")?;
    if mode != "wal" {
        return Err(lossy(&format!("SQLite keeps its journal as \"{mode}\", not as a write-ahead log")));
    }
    let level = setting(conn, "SELECT CAST(synchronous AS TEXT) AS value FROM pragma_synchronous")?;
    // 2 is FULL, 3 is EXTRA.
    if !matches!(level.as_str(), "2" | "3") {
        return Err(lossy(&format!("SQLite runs with synchronous = {level}, not FULL")));
    }
    Ok(())
}

fn lossy(what: &str) -> StoreError {
    StoreError::Setup(format!(
        "the database would lose acknowledged writes when the power fails: {what}; mend it in the database's own settings"
    ))
}

#[derive(diesel::QueryableByName)]
struct Setting {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

fn setting<C>(conn: &mut C, query: &str) -> Result<String, StoreError>
where
    C: diesel::connection::LoadConnection,
    diesel::query_builder::SqlQuery: diesel::query_dsl::LoadQuery<'static, C, Setting>,
{
    use diesel::RunQueryDsl as _;
    Ok(diesel::sql_query(query).get_result::<Setting>(conn)?.value)
}

/// Our own r2d2 manager: the derived one hides why a connection failed.
#[derive(Debug)]
pub struct Manager {
    location: Location,
    purpose: Use,
}

impl Manager {
    /// Connections for reading (and, on PostgreSQL, for writing).
    #[must_use]
    pub fn new(location: Location) -> Self {
        let purpose = if matches!(location, Location::Sqlite(_)) {
            Use::Read
        } else {
            Use::Write
        };
        Self { location, purpose }
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Conn;
    type Error = StoreError;

    fn connect(&self) -> Result<Conn, StoreError> {
        open(&self.location, self.purpose)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), StoreError> {
        Ok(conn.ping()?)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        // A panic inside a transaction leaves it open; such a connection is not used again.
        std::thread::panicking() || conn.is_broken()
    }
}

/// Runs one write on a pooled connection, in a transaction of its own.
///
/// # Errors
/// What the job answers, or [`StoreError`] of the database.
pub fn write_alone<T>(conn: &mut Conn, vault: &Vault, job: impl FnOnce(&mut Access<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
    conn.batch_execute("BEGIN")?;
    match job(&mut Access { conn, vault }) {
        Ok(value) => {
            conn.batch_execute("COMMIT").map_err(|e| StoreError::CommitUnknown(e.to_string()))?;
            Ok(value)
        }
        Err(error) => {
            conn.batch_execute("ROLLBACK")?;
            Err(error)
        }
    }
}

/// Tells the caller how its job ended, once the batch is committed (or not).
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Does the work inside a savepoint and says whether to keep it.
type Job = Box<dyn FnOnce(&mut Access<'_>) -> (bool, Answer) + Send>;

/// Jobs that may wait; more than that is an overload that callers are told of.
const QUEUE: usize = 2048;
/// Jobs committed together at most.
const BATCH: usize = 64;

/// The one writer of a SQLite database.
#[derive(Debug)]
pub struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the writer thread on a connection of its own.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the database cannot be opened or is not durable.
    pub fn start(location: &Location, vault: Vault) -> Result<Self, StoreError> {
        let mut conn = open(location, Use::Write)?;
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || write_batches(&mut conn, &vault, &queue))
            .map_err(|e| StoreError::Setup(format!("cannot start the writer thread: {e}")))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Hands over a job; its answer comes after the commit.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when too many wait.
    pub fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Access<'_>) -> Result<T, StoreError> + Send + 'static,
        done: tokio::sync::oneshot::Sender<Result<T, StoreError>>,
    ) -> Result<(), StoreError> {
        let boxed: Job = Box::new(move |access| {
            let result =
                catch_unwind(AssertUnwindSafe(|| job(access))).unwrap_or_else(|_| Err(StoreError::Broken("a write panicked".into())));
            let keep = result.is_ok();
            let answer: Answer = Box::new(move |committed| {
                let _ = done.send(result.and_then(|value| committed.map(|()| value)));
            });
            (keep, answer)
        });
        let jobs = self
            .jobs
            .as_ref()
            .ok_or_else(|| StoreError::Broken("the writer has stopped".into()))?;
        jobs.try_send(boxed).map_err(|e| match e {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Broken("the writer has stopped".into()),
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_batches(conn: &mut Conn, vault: &Vault, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut answers = Vec::new();
        let mut next = Some(first);
        let begun = conn.batch_execute("BEGIN IMMEDIATE");
        let mut broken = begun.as_ref().err().map(ToString::to_string);
        while let Some(job) = next {
            answers.push(run_in_savepoint(conn, vault, job, &mut broken));
            next = if answers.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        let committed = match broken {
            Some(why) => {
                let _ = conn.batch_execute("ROLLBACK");
                Err(why)
            }
            None => commit(conn),
        };
        for answer in answers {
            answer(committed.clone().map_err(|why| {
                if begun.is_err() {
                    StoreError::Busy
                } else {
                    StoreError::CommitUnknown(why)
                }
            }));
        }
    }
}

fn commit(conn: &mut Conn) -> Result<(), String> {
    let committed = conn.batch_execute("COMMIT").map_err(|e| {
        let _ = conn.batch_execute("ROLLBACK");
        e.to_string()
    });
    fail_point::may_die("committed");
    if fail_point::may_fail("commit_unanswered") {
        return Err("the answer to the commit was lost".into());
    }
    committed
}

/// Runs a job whose changes vanish when it fails. Once `broken` is set, nothing of the batch is kept.
fn run_in_savepoint(conn: &mut Conn, vault: &Vault, job: Job, broken: &mut Option<String>) -> Answer {
    let mark = conn.batch_execute("SAVEPOINT job").map_err(|e| e.to_string());
    let (keep, answer) = job(&mut Access { conn, vault });
    let end = mark.and_then(|()| {
        let how = if keep { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
        conn.batch_execute(how).map_err(|e| e.to_string())
    });
    if let Err(why) = end {
        broken.get_or_insert(why);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_would_lose_writes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = Location::Sqlite(folder.path().join("a.db").display().to_string());
        insist_on_durability(&file).unwrap();
        let Ok(Conn::Sqlite(mut conn)) = open(&file, Use::Write) else {
            panic!("SQLite")
        };
        for (level, durable) in [("EXTRA", true), ("NORMAL", false), ("OFF", false), ("FULL", true)] {
            conn.batch_execute(&format!("PRAGMA synchronous = {level}")).unwrap();
            assert_eq!(sqlite_is_durable(&mut conn).is_ok(), durable, "{level}");
        }
        conn.batch_execute("PRAGMA journal_mode = MEMORY").unwrap();
        let refused = sqlite_is_durable(&mut conn).unwrap_err().to_string();
        assert!(refused.contains("power") && refused.contains("\"memory\""), "{refused}");
        let nowhere = insist_on_durability(&Location::Sqlite(":memory:".into())).unwrap_err();
        assert!(nowhere.to_string().contains("write-ahead log"), "{nowhere}");
    }
}
