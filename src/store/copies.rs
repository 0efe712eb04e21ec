//! Copies of a SQLite database: one is written while the service goes on, and one is put in the place of another
//! when nobody has that open. (PostgreSQL has its own programs for both.)
//!
//! **Invariant:** at every moment there is a whole database in its place, the old one or the new one.

use super::schema::payment_instructions as i;
use super::{Access, StoreError};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel::{Connection as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _, SqliteConnection};
use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

fn setup(what: impl std::fmt::Display) -> StoreError {
    StoreError::Setup(what.to_string())
}

fn connect(path: &Path) -> Result<SqliteConnection, StoreError> {
    let text = path.to_str().ok_or_else(|| setup("a path that is not UTF-8"))?;
    let mut conn = SqliteConnection::establish(text).map_err(setup)?;
    conn.batch_execute("PRAGMA busy_timeout = 5000;")?;
    Ok(conn)
}

/// Writes a copy of a database as it is at one moment, also while it is in use. The copy is on the disk, only its owner
/// can read it, and it was read through once.
///
/// # Errors
/// [`StoreError::Setup`] when there is a file of that name, or it cannot be written; [`StoreError`] of the database.
pub fn write(database: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(setup(format!("there is a file {} already", to.display())));
    }
    if !database.is_file() {
        return Err(setup(format!("there is no database {}", database.display())));
    }
    let part = beside(to, "part");
    let written = part.to_str().ok_or_else(|| setup("a path that is not UTF-8"))?.to_owned();
    // An empty file of ours, so that nobody else can read what comes into it.
    only_for_its_owner(&part)?;
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(written)
        .execute(&mut connect(database)?)?;
    check(&part)?;
    keep(&part)?;
    std::fs::rename(&part, to).map_err(setup)?;
    keep_folder_of(to)
}

fn only_for_its_owner(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    made.map(drop).map_err(|e| setup(format!("{}: {e}", path.display())))
}

fn beside(path: &Path, word: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{word}"));
    name.into()
}

fn keep(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(setup)
}

fn keep_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    keep(folder)
}

#[derive(diesel::QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    value: String,
}

fn words(conn: &mut SqliteConnection, sql: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<Word> = diesel::sql_query(sql).load(conn)?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

/// Insists that a file is a whole database of this program, of this release or an earlier one.
///
/// # Errors
/// [`StoreError::Setup`] says what is wrong with it.
pub fn check(copy: &Path) -> Result<(), StoreError> {
    if !copy.is_file() {
        return Err(setup(format!("there is no file {}", copy.display())));
    }
    let mut conn = connect(copy)?;
    conn.batch_execute("PRAGMA query_only = ON;")?;
    let damaged = |what: String| setup(format!("{} is damaged: {what}", copy.display()));
    let ran = words(&mut conn, "SELECT version AS value FROM __diesel_schema_migrations").map_err(|e| match e.to_string() {
        text if text.contains("not a database") || text.contains("no such table") => {
            setup(format!("{} is no SQLite database of this program", copy.display()))
        }
        text => damaged(text),
    })?;
    let found = words(&mut conn, "SELECT integrity_check AS value FROM pragma_integrity_check").map_err(|e| damaged(e.to_string()))?;
    if found != ["ok"] {
        return Err(damaged(found.join("; ")));
    }
    let known = MigrationSourceNames::of(&super::SQLITE_MIGRATIONS)?;
    match ran.iter().find(|version| !known.0.contains(*version)) {
        Some(newer) => Err(setup(format!(
            "{} is of a later release than this program: it has the migration {newer}",
            copy.display()
        ))),
        None => Ok(()),
    }
}

struct MigrationSourceNames(HashSet<String>);

impl MigrationSourceNames {
    fn of(source: &diesel_migrations::EmbeddedMigrations) -> Result<Self, StoreError> {
        let all = diesel::migration::MigrationSource::<Sqlite>::migrations(source).map_err(setup)?;
        Ok(Self(all.iter().map(|m| m.name().version().to_string()).collect()))
    }
}

/// Insists that the keys at hand open what the database has sealed: its oldest and its newest order.
///
/// # Errors
/// [`StoreError::Crypto`] when they do not; [`StoreError`] of the database.
pub fn opens(a: &mut Access<'_>) -> Result<(), StoreError> {
    type Sealed = (i64, i32, Vec<u8>);
    let columns = (i::payment_id, i::seq, i::creditor_name_sealed);
    let ends: [Option<Sealed>; 2] = [
        i::table.select(columns).order(i::payment_id.asc()).first(a.conn).optional()?,
        i::table.select(columns).order(i::payment_id.desc()).first(a.conn).optional()?,
    ];
    for (payment, seq, sealed) in ends.into_iter().flatten() {
        a.open("payment_instructions", "creditor_name", &format!("{payment}/{seq}"), &sealed)?;
    }
    Ok(())
}

/// A database that nobody else has open, and nobody can open while this is held.
#[derive(Debug)]
pub struct Alone {
    path: PathBuf,
    // Closed last: with it the file is let go.
    _held: HeldConnection,
}

struct HeldConnection(#[expect(dead_code, reason = "it is held, not used")] SqliteConnection);

impl std::fmt::Debug for HeldConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeldConnection")
    }
}

impl Alone {
    /// Takes hold of a database; all that it has is in its one file then.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when somebody else has it open, such as a service that is running.
    pub fn with(path: &Path) -> Result<Self, StoreError> {
        let in_use = |_| setup(format!("{} is in use: stop the service first", path.display()));
        let mut conn = connect(path)?;
        conn.batch_execute("PRAGMA busy_timeout = 3000; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;")
            .map_err(in_use)?;
        conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE);").map_err(in_use)?;
        Ok(Self {
            path: path.to_owned(),
            _held: HeldConnection(conn),
        })
    }

    /// Puts another database, which nobody has open either, in the place of this one. This one stays beside it under a
    /// name that ends in `aside`; answers that name.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the file system refuses; then nothing has changed.
    pub fn replace_by(self, other: Self, aside: &str) -> Result<PathBuf, StoreError> {
        let kept = beside(&self.path, aside);
        keep(&other.path)?;
        std::fs::hard_link(&self.path, &kept).map_err(|e| setup(format!("{}: {e}", kept.display())))?;
        std::fs::rename(&other.path, &self.path).map_err(setup)?;
        keep_folder_of(&self.path)?;
        Ok(kept)
    }
}
