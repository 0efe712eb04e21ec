//! The sandbox banks: the ASPSP's side of the bank protocols, with their own pages, customers and money.
//!
//! One listener serves all of them, each under a path prefix of its own ([`BankCode::prefix`]). The banks'
//! books are what their common [ledger] adds up to.
//!
//! **Invariant:** this is the other side. Nothing here knows the payment service: it reads what arrives
//! over HTTP by its own rules, and shares only [`Iban`](crate::payment::iban::Iban) and the clock.

mod bank_code;
mod berlin;
mod books;
mod cec;
pub mod customers;
pub mod epp;
mod faults;
mod form;
mod grants;
pub mod ledger;
pub mod money;
mod order;
mod pages;
mod phone;
pub mod scenarios;
mod secrets;
mod state;
mod visit;

pub use bank_code::BankCode;
pub use faults::{Fault, Operation};
pub use ledger::{DeclineReason, LedgerEntry, LedgerEvent, RefusedBy, Word};
pub use order::{Authorisation, Order, Outcome, SentCode};

use crate::clock::{Clock, Timestamp};
use actix_web::{App, HttpServer, dev::Server, web};
use books::Books;
use faults::Faults;
use std::any::Any;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};
use url::Url;

/// How the sandbox banks are run.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// Under which address browsers and TPPs reach the listener, e.g. `http://127.0.0.1:8090`.
    pub base_url: Url,
    /// The TPPs enrolled at the banks.
    pub clients: Vec<SandboxClient>,
    /// Time between two automatic status steps of an authorised order.
    pub step: Duration,
    /// Where the ledger is kept across restarts, as JSON lines; in memory only without it.
    pub ledger_file: Option<PathBuf>,
}

impl SandboxSettings {
    /// Settings with one second between status steps, no clients yet, and the ledger in memory.
    #[must_use]
    pub fn new(base_url: Url) -> Self {
        Self {
            base_url,
            clients: Vec::new(),
            step: Duration::from_secs(1),
            ledger_file: None,
        }
    }

    fn client(&self, client_id: &str) -> Option<&SandboxClient> {
        self.clients.iter().find(|c| c.client_id == client_id)
    }

    /// An absolute address of the listener; `path` begins with a slash.
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.as_str().trim_end_matches('/'))
    }
}

/// A TPP that enrolled at the banks.
#[derive(Clone)]
pub struct SandboxClient {
    /// `x-ibm-client-id`, and the OAuth client id.
    pub client_id: String,
    /// Checked at the token endpoint when there is one.
    pub client_secret: Option<String>,
    /// Where PSUs may be sent back to: whole addresses, compared exactly.
    pub redirect_uris: Vec<Url>,
}

impl fmt::Debug for SandboxClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxClient")
            .field("client_id", &self.client_id)
            .field("redirect_uris", &self.redirect_uris)
            .finish_non_exhaustive()
    }
}

/// A handle on the running banks: their books to look at, and faults to order.
#[derive(Clone, Debug)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: SandboxSettings,
    clock: Clock,
    books: Mutex<Books>,
    faults: Mutex<Faults>,
    visits: Mutex<visit::Visits>,
    epp: Mutex<epp::Epp>,
}

impl Sandbox {
    /// Everything the banks did up to now, oldest first; steps that have fallen due are done first.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.caught_up().entries().to_vec()
    }

    /// Every order as it stands, oldest first.
    #[must_use]
    pub fn orders(&self) -> Vec<Order> {
        self.caught_up().orders()
    }

    /// What an account holds, in minor units; `None` for an account the banks do not keep.
    #[must_use]
    pub fn balance_minor(&self, iban: &str) -> Option<i64> {
        self.caught_up().balance_minor(iban)
    }

    /// The next call of this operation, at any bank, meets this fault. Several faults for one operation queue up.
    pub fn fail_next(&self, operation: Operation, fault: Fault) {
        lock(&self.inner.faults).add(None, operation, fault);
    }

    /// The next call of this operation at this bank meets this fault, before one that waits at any bank.
    pub fn fail_next_at(&self, bank: BankCode, operation: Operation, fault: Fault) {
        lock(&self.inner.faults).add(Some(bank), operation, fault);
    }

    /// Whether a fault has not struck yet.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        !lock(&self.inner.faults).is_empty()
    }

    /// Forgets the faults that have not struck yet.
    pub fn clear_faults(&self) {
        lock(&self.inner.faults).clear();
    }

    fn open(settings: SandboxSettings, clock: Clock) -> io::Result<Self> {
        let books = Mutex::new(Books::open(settings.step, settings.ledger_file.as_deref())?);
        let epp = Mutex::new(epp::Epp::open(settings.step, settings.ledger_file.as_deref())?);
        let (faults, visits) = (Mutex::default(), Mutex::default());
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                clock,
                books,
                faults,
                visits,
                epp,
            }),
        })
    }

    fn settings(&self) -> &SandboxSettings {
        &self.inner.settings
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.inner.books)
    }

    /// The books with everything due done. A ledger that cannot be written stops the clock's work, and the
    /// next call of the API says so.
    fn caught_up(&self) -> MutexGuard<'_, Books> {
        let mut books = self.books();
        if let Err(error) = books.catch_up(self.now()) {
            tracing::error!(%error, "sandbox bank: the ledger cannot be written");
        }
        books
    }

    fn take_fault(&self, bank: BankCode, operation: Operation) -> Option<Fault> {
        lock(&self.inner.faults).take(bank, operation)
    }

    fn visits(&self) -> MutexGuard<'_, visit::Visits> {
        lock(&self.inner.visits)
    }
}

/// A panic elsewhere does not take the bank down: what it was doing is either in the ledger or was not done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A second handle on a connection's socket, to cut it in the middle of a call.
#[derive(Debug)]
struct Wire(TcpStream);

impl Wire {
    fn of(connection: &dyn Any) -> Option<Self> {
        let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>()?;
        let fd: OwnedFd = stream.as_fd().try_clone_to_owned().ok()?;
        Some(Self(TcpStream::from(fd)))
    }

    fn cut(&self) {
        // It fails only when the other side was faster.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Starts the banks on a listener. The server is a future that has to be spawned.
///
/// # Errors
/// The ledger file cannot be opened or read, or the listener cannot be used.
pub fn start(listener: TcpListener, settings: SandboxSettings, clock: Clock) -> io::Result<(Server, Sandbox)> {
    let sandbox = Sandbox::open(settings, clock)?;
    let shared = sandbox.clone();
    let app = move || {
        App::new()
            .app_data(web::Data::new(shared.clone()))
            .app_data(web::PayloadConfig::new(berlin::MAX_BODY))
            .configure(cec::routes)
            .configure(berlin::routes)
            .configure(epp::pages::routes)
            .configure(phone::pages::routes)
            .configure(scenarios::pages::routes)
            .configure(pages::routes)
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        // A call that hangs on purpose does not hold up the end.
        .shutdown_timeout(2)
        .on_connect(|connection, data| {
            if let Some(wire) = Wire::of(connection) {
                data.insert(wire);
            }
        })
        .listen(listener)?
        .run();
    Ok((server, sandbox))
}
