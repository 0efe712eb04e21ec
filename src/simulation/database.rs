//! A migrated database, a copy of one that is made once. Runs that go well share one, one after the other: no
//! payment, browser or message of one is another's.

use super::actor::complete;
use crate::clock::Timestamp;
use crate::crypto::Vault;
use crate::flow::add_partner::add_partner;
use crate::partner::{ButtonText, Partner, PartnerKind, PeerCertificate};
use crate::payment::Currency;
use crate::store::connection::Location;
use crate::store::{Db, migrate};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

/// One connection to read with: one flow is moved at a time.
const READERS: u32 = 1;
pub(super) const CLIENT_ID: &str = "shop";

/// A folder in memory where there is one: a run makes thousands of commits.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.unwrap()
}

fn open(folder: &TempDir) -> (Location, Vault) {
    let location = Location::Sqlite(folder.path().join("db").to_str().unwrap().to_owned());
    let vault = Vault::parse("1:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=").unwrap();
    (location, vault)
}

/// A database, open; clones share it. Its folder goes with the last of them.
#[derive(Clone)]
pub(super) struct Database {
    pub(super) db: Db,
    _folder: Arc<TempDir>,
}

impl Database {
    /// Opens a new database with one partner in it.
    pub(super) fn new() -> Self {
        static TEMPLATE: OnceLock<(Option<Vec<u8>>, Vec<u8>)> = OnceLock::new();
        let (log, template) = TEMPLATE.get_or_init(|| {
            let folder = folder();
            let (location, vault) = open(&folder);
            migrate(&location).unwrap();
            let db = Db::open(&location, READERS, vault).unwrap();
            complete(add_partner(&db, partner(), None, "simulation", start())).unwrap();
            drop(db);
            // Its connections may close a little later and take the log into the database: copied in this order,
            // what is written is in one of the two, or in both.
            let log = std::fs::read(folder.path().join("db-wal")).ok();
            (log, std::fs::read(folder.path().join("db")).unwrap())
        });
        let folder = folder();
        std::fs::write(folder.path().join("db"), template).unwrap();
        if let Some(log) = log {
            std::fs::write(folder.path().join("db-wal"), log).unwrap();
        }
        let (location, vault) = open(&folder);
        Self {
            db: Db::open(&location, READERS, vault).unwrap(),
            _folder: Arc::new(folder),
        }
    }
}

/// When every run begins.
pub(super) fn start() -> Timestamp {
    chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap().naive_utc()
}

/// The partner's certificate.
pub(super) fn certificate() -> PeerCertificate {
    PeerCertificate {
        subject: "CN=shop".into(),
        issuer: "CN=authority".into(),
        sha256: "00".into(),
    }
}

fn partner() -> Partner {
    Partner {
        id: "00000000-0000-4000-8000-000000000001".into(),
        client_id: CLIENT_ID.into(),
        name: "Magazin".into(),
        kind: PartnerKind::Ecommerce,
        currency: Currency::Ron,
        certificate_subject: certificate().subject,
        certificate_issuer: certificate().issuer,
        certificate_sha256: None,
        redirect_urls: Vec::new(),
        flexible_redirect: false,
        colour: "#005bbb".into(),
        has_logo: false,
        has_dark_logo: false,
        button_text: ButtonText::default(),
        active: true,
        account_access: false,
    }
}
