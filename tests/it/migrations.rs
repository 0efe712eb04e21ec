//! The same tables on both databases, and a way back from every migration.

use crate::support::database::{Database, SERVER, connect};
use diesel::migration::MigrationSource;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use smartpay::store;
use smartpay::store::connection::Conn;
use std::path::{Path, PathBuf};

fn folder(database: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database)
}

fn names(database: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder(database)).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn both_databases_have_the_same_migrations_with_a_way_back() {
    assert_eq!(names("sqlite"), names("postgres"));
    for database in ["sqlite", "postgres"] {
        for name in names(database) {
            for script in ["up.sql", "down.sql"] {
                let file = folder(database).join(&name).join(script);
                assert!(std::fs::metadata(&file).is_ok_and(|f| f.len() > 0), "{}", file.display());
            }
        }
    }
}

/// Table, column and whether it may be null, in order.
fn columns(database: &Database) -> Vec<String> {
    let query = match database {
        Database::Sqlite { .. } => {
            "SELECT m.name || '.' || c.name || ' ' || CASE WHEN c.\"notnull\" = 1 THEN 'not null' ELSE 'null' END AS line \
             FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
        }
        Database::Postgres { .. } => {
            "SELECT CAST(table_name || '.' || column_name || ' ' || CASE is_nullable WHEN 'NO' THEN 'not null' ELSE 'null' END AS TEXT) \
             AS line FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    let mut lines = database.lines(query);
    // Diesel's own table of what has run.
    lines.retain(|line| !line.starts_with("__diesel"));
    lines.sort();
    lines
}

/// Runs all migrations, reverts them all, and runs them again.
fn there_and_back(database: &Database, folder: &Path) -> Vec<String> {
    let ran = store::migrate(&database.location()).unwrap();
    assert_eq!(ran.len(), std::fs::read_dir(folder).unwrap().count());
    assert!(!store::needs_migration(&database.location()).unwrap());
    let built = columns(database);
    revert(connect(&database.url()), folder);
    assert_eq!(columns(database), [] as [String; 0], "down.sql leaves nothing behind");
    assert!(store::needs_migration(&database.location()).unwrap());
    store::migrate(&database.location()).unwrap();
    assert_eq!(
        store::migrate(&database.location()).unwrap(),
        [] as [String; 0],
        "nothing is left to run"
    );
    assert_eq!(columns(database), built);
    built
}

fn revert(conn: Conn, folder: &Path) {
    fn all<DB: diesel::backend::Backend, C: MigrationHarness<DB>>(mut conn: C, folder: &Path)
    where
        FileBasedMigrations: MigrationSource<DB>,
    {
        let migrations = FileBasedMigrations::from_path(folder).unwrap();
        conn.revert_all_migrations(migrations).unwrap();
    }
    match conn {
        Conn::Sqlite(conn) => all(conn, folder),
        #[cfg(feature = "postgres")]
        Conn::Pg(conn) => all(conn, folder),
    }
}

#[test]
fn sqlite_goes_there_and_back() {
    let place = tempfile::tempdir().unwrap();
    let columns = there_and_back(&sqlite(place.path()), &folder("sqlite"));
    for column in ["payments.status not null", "payments.due_at null", "outbox.payload_sealed not null"] {
        assert!(columns.iter().any(|c| c == column), "{columns:?}");
    }
}

fn sqlite(place: &Path) -> Database {
    Database::Sqlite {
        file: place.join("migrations.db"),
    }
}

#[test]
fn postgres_has_the_same_tables() {
    if std::env::var(SERVER).is_ok_and(|s| !s.is_empty()) {
        let place = tempfile::tempdir().unwrap();
        let postgres = there_and_back(&Database::create(place.path()), &folder("postgres"));
        assert_eq!(postgres, there_and_back(&sqlite(place.path()), &folder("sqlite")));
    }
}
