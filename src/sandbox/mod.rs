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
mod consents;
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
mod portal;
pub mod scenarios;
mod secrets;
mod state;
pub mod stet;
mod visit;

pub use bank_code::BankCode;
pub use faults::{Fault, Operation};
pub use ledger::{DeclineReason, EndedBy, EnrolledClient, LedgerEntry, LedgerEvent, PortalUser, ReceivedConsent, RefusedBy, Rights, Word};
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
use stet::{Stet, StetSettings};
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
    /// The banks of the STET family; without it there are none.
    pub stet: Option<StetSettings>,
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
            stet: None,
        }
    }

    /// A TPP of the settings.
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

/// A TPP as the banks know it.
struct Tpp {
    client_id: String,
    secret_sha256: Option<String>,
    redirect_uris: Vec<Url>,
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
    consent_visits: Mutex<consents::Visits>,
    stet: Option<Stet>,
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
        let stet = || self.inner.stet.as_ref()?.caught_up(self.now()).balance_minor(iban);
        self.caught_up().balance_minor(iban).or_else(stet)
    }

    /// Everything the STET banks did up to now, oldest first; empty where there are none.
    #[must_use]
    pub fn stet_ledger(&self) -> Vec<stet::StetEntry> {
        let entries = |stet: &Stet| stet.caught_up(self.now()).entries().to_vec();
        self.inner.stet.as_ref().map(entries).unwrap_or_default()
    }

    /// Every payment request at the STET banks as it stands, oldest first.
    #[must_use]
    pub fn stet_orders(&self) -> Vec<stet::PaymentRequest> {
        let orders = |stet: &Stet| stet.caught_up(self.now()).orders();
        self.inner.stet.as_ref().map(orders).unwrap_or_default()
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
        let (faults, visits, consent_visits) = (Mutex::default(), Mutex::default(), Mutex::default());
        let stet = settings.stet.clone().map(|s| Stet::open(s, settings.step)).transpose()?;
        let epp = Mutex::new(epp::Epp::open(settings.step, settings.ledger_file.as_deref())?);
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                clock,
                books,
                faults,
                visits,
                consent_visits,
                stet,
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

    /// The TPP with this client id: one of the settings, or one that enrolled itself.
    fn tpp(&self, client_id: &str) -> Option<Tpp> {
        let of_settings = self.settings().client(client_id).map(|c| Tpp {
            client_id: c.client_id.clone(),
            secret_sha256: c.client_secret.as_ref().map(|secret| secrets::sha256_hex(secret.as_bytes())),
            redirect_uris: c.redirect_uris.clone(),
        });
        of_settings.or_else(|| {
            let books = self.books();
            let client = books.portal().client(client_id)?;
            Some(Tpp {
                client_id: client.client_id.clone(),
                secret_sha256: Some(client.secret_sha256.clone()),
                redirect_uris: vec![client.redirect_uri.clone()],
            })
        })
    }

    fn consent_visits(&self) -> MutexGuard<'_, consents::Visits> {
        lock(&self.inner.consent_visits)
    }

    fn take_fault_anywhere(&self, operation: Operation) -> Option<Fault> {
        lock(&self.inner.faults).take_anywhere(operation)
    }

    fn visits(&self) -> MutexGuard<'_, visit::Visits> {
        lock(&self.inner.visits)
    }
}

/// A panic elsewhere does not take the bank down: what it was doing is either in the ledger or was not done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection of the TLS listener.
type TlsStream = actix_tls::accept::rustls_0_23::TlsStream<actix_web::rt::net::TcpStream>;

/// A second handle on a connection's socket, to cut it in the middle of a call.
#[derive(Debug)]
struct Wire(TcpStream);

impl Wire {
    fn of(connection: &dyn Any) -> Option<Self> {
        let plain = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
        let stream = plain.or_else(|| connection.downcast_ref::<TlsStream>().map(|s| s.get_ref().0))?;
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
    start_on((listener, None), settings, clock)
}

/// Starts the banks on two listeners: one for browsers and for the banks that ask for no client certificate,
/// and one with TLS for those that do ([`SandboxSettings::stet`], without which it is only closed again).
///
/// # Errors
/// As [`start`]; also certificates or keys that cannot be used.
pub fn start_with_tls(plain: TcpListener, tls: TcpListener, settings: SandboxSettings, clock: Clock) -> io::Result<(Server, Sandbox)> {
    start_on((plain, Some(tls)), settings, clock)
}

fn start_on((plain, tls): (TcpListener, Option<TcpListener>), settings: SandboxSettings, clock: Clock) -> io::Result<(Server, Sandbox)> {
    let tls = tls.zip(settings.stet.as_ref().map(StetSettings::tls).transpose()?);
    let sandbox = Sandbox::open(settings, clock)?;
    let shared = sandbox.clone();
    let app = move || {
        let with_stet = shared.inner.stet.is_some();
        App::new()
            .app_data(web::Data::new(shared.clone()))
            .app_data(web::PayloadConfig::new(berlin::MAX_BODY))
            .configure(cec::routes)
            .configure(berlin::routes)
            .configure(|config| {
                if with_stet {
                    stet::routes(config)
                }
            })
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
            if let Some(client) = connection
                .downcast_ref::<TlsStream>()
                .and_then(|s| stet::TlsClient::of(s.get_ref().1))
            {
                data.insert(client);
            }
        })
        .listen(plain)?;
    let server = match tls {
        Some((listener, config)) => server.listen_rustls_0_23(listener, config)?,
        None => server,
    };
    Ok((server.run(), sandbox))
}
