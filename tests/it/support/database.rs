//! A database for one test: a SQLite file, or a PostgreSQL database of its own.

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use smartpay::store::connection::{Conn, Location, open_for_migrations};
use std::path::{Path, PathBuf};
use url::Url;

/// Names a server on which databases may be created, such as `postgres://postgres@127.0.0.1/postgres`.
pub const SERVER: &str = "SMARTPAY_TEST_POSTGRES";

/// An empty database, removed when dropped.
pub enum Database {
    Sqlite { file: PathBuf },
    Postgres { server: String, name: String, url: String },
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Database {
    pub fn create(folder: &Path) -> Self {
        match std::env::var(SERVER) {
            Ok(server) if !server.is_empty() => {
                let name = format!("smartpay_it_{}", uuid::Uuid::now_v7().simple());
                connect(&server).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
                let mut url = Url::parse(&server).unwrap();
                url.set_path(&name);
                Self::Postgres {
                    server,
                    name,
                    url: url.into(),
                }
            }
            _ => Self::Sqlite {
                file: folder.join("smartpay.db"),
            },
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { file } => format!("sqlite://{}", file.display()),
            Self::Postgres { url, .. } => url.clone(),
        }
    }

    pub fn location(&self) -> Location {
        Location::parse(&self.url()).unwrap()
    }

    /// The first column of a query, as text.
    pub fn lines(&self, query: &str) -> Vec<String> {
        let rows: Vec<Line> = diesel::sql_query(query).load(&mut connect(&self.url())).unwrap();
        rows.into_iter().map(|row| row.line).collect()
    }

    /// Everything somebody who steals the disk could read: the file and its write-ahead log, or each row of
    /// each table as text.
    pub fn stolen(&self) -> Vec<(String, Vec<u8>)> {
        match self {
            Self::Sqlite { file } => ["", "-wal", "-shm"]
                .iter()
                .map(|end| PathBuf::from(format!("{}{end}", file.display())))
                .filter(|path| path.exists())
                .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
                .collect(),
            Self::Postgres { .. } => {
                let tables = "SELECT CAST(table_name AS TEXT) AS line FROM information_schema.tables WHERE table_schema = 'public'";
                let dump = |table: String| {
                    let rows = self.lines(&format!("SELECT CAST(t AS TEXT) AS line FROM \"{table}\" AS t"));
                    (table, rows.join("\n").into_bytes())
                };
                self.lines(tables).into_iter().map(dump).collect()
            }
        }
    }
}

/// A connection that may do everything.
pub fn connect(url: &str) -> Conn {
    open_for_migrations(&Location::parse(url).unwrap()).unwrap()
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { server, name, .. } = self {
            // The application's pool may still hold connections.
            let _ = connect(server).batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}
