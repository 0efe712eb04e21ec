//! The world around the program: a bank that is never killed and keeps its books, the door in front of it,
//! a mail server, files, and a clock that all of them share.

pub mod balancer;
#[expect(dead_code, reason = "shared with the stories, which use more of it")]
#[path = "../../it/support/browser.rs"]
pub mod browser;
#[path = "../../it/support/certificates.rs"]
pub mod certificates;
pub mod checks;
#[expect(dead_code, reason = "shared with the stories, which use more of it")]
#[path = "../../it/support/database.rs"]
pub mod database;
pub mod mail;
pub mod node;
#[expect(dead_code, reason = "shared with the stories, which use more of it")]
#[path = "../../it/support/partner.rs"]
pub mod partner;
pub mod payer;
pub mod proxy;
pub mod shop;
pub mod wire;

use database::Database;
use mail::Sink;
use node::{Node, Ports, Start};
use partner::Started;
use proxy::Proxy;
use shop::Shop;
use smartpay::clock::Clock;
use smartpay::crypto::{Vault, fingerprint};
use smartpay::demo::certificates::write_private;
use smartpay::flow::add_partner::add_partner;
use smartpay::partner::{Partner as Profile, PartnerKind, PeerCertificate};
use smartpay::payment::{Currency, PaymentId, Status};
use smartpay::sandbox::{self, Sandbox, SandboxClient, SandboxSettings};
use smartpay::store::payments::{self, Payment};
use smartpay::store::{self, Db, outbox};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use url::Url;

/// Names a server on which databases may be created.
pub use database::SERVER;

const BANK_CLIENT_ID: &str = "smartpay-faults-tpp";
/// Time between two status steps of an approved order at the bank.
const BANK_STEP: Duration = Duration::from_millis(50);
/// Longer than a lease with the time-outs below.
pub const A_LEASE: Duration = Duration::from_secs(20);
/// Longer than a link lives.
pub const A_LINK: Duration = Duration::from_secs(31 * 60);

/// What the program promised to somebody: it must hold after any crash.
#[derive(Debug, Default)]
pub struct Promises {
    /// Payments whose initPayment was answered with success.
    pub accepted: Vec<i64>,
    /// Final words that a partner was told, by payment.
    pub finals: BTreeMap<i64, String>,
    /// Payments whose payer was sent to the bank.
    pub at_bank: Vec<i64>,
}

/// Everything but the program.
pub struct World {
    /// The bank's books.
    pub bank: Sandbox,
    /// The bank's door.
    pub door: Proxy,
    /// The mail server.
    pub mail: Sink,
    /// The time of bank and program; the program follows within 20 ms.
    pub clock: Clock,
    pub database: Database,
    pub promises: Mutex<Promises>,
    /// The address payers know, when it is not the one node's own.
    pub ports: Ports,
    folder: TempDir,
    settings: String,
    ahead_ms: AtomicI64,
    banks: actix_web::dev::ServerHandle,
}

impl World {
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// With more settings for the program, as TOML.
    pub async fn start_with(more: &str) -> Self {
        Self::start_slow(more, BANK_STEP).await
    }

    /// With a bank that takes this long for each status step of an approved order.
    pub async fn start_slow(more: &str, bank_step: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::Sqlite {
            file: folder.path().join("smartpay.db"),
        };
        Self::build(folder, database, more, None, bank_step).await
    }

    /// On PostgreSQL, payers coming through the given port; `None` (and a line that says so) without a server.
    pub async fn on_postgres(more: &str, door: Option<u16>) -> Option<Self> {
        Self::on_postgres_slow(more, door, BANK_STEP).await
    }

    /// As [`Self::on_postgres`], with a bank that takes this long for each status step.
    pub async fn on_postgres_slow(more: &str, door: Option<u16>, bank_step: Duration) -> Option<Self> {
        if std::env::var(SERVER).is_ok_and(|s| !s.is_empty()) {
            let folder = tempfile::tempdir().unwrap();
            let database = Database::create(folder.path());
            Some(Self::build(folder, database, more, door, bank_step).await)
        } else {
            eprintln!("{SERVER} names no PostgreSQL: left out");
            None
        }
    }

    async fn build(folder: TempDir, database: Database, more: &str, door: Option<u16>, bank_step: Duration) -> Self {
        smartpay::app::install_crypto_provider();
        certificates::write_to(folder.path());
        write_private(&folder.path().join("encryption.key"), Vault::new_key_file().as_bytes()).unwrap();
        std::fs::write(folder.path().join("clock"), "0").unwrap();
        store::migrate(&database.location()).unwrap();
        let ports = Ports::free();
        let base_url = Url::parse(&format!("http://127.0.0.1:{}", door.unwrap_or(ports.public))).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let door = Proxy::start(listener.local_addr().unwrap()).await;
        let clock = Clock::default();
        let mut bank = SandboxSettings::new(Url::parse(&format!("http://{}", door.address)).unwrap());
        bank.step = bank_step;
        bank.clients = vec![SandboxClient {
            client_id: BANK_CLIENT_ID.into(),
            client_secret: None,
            redirect_uris: ["cec", "brd", "demo-mobil", "demo-link"]
                .map(|bank| base_url.join(&format!("payment-return/{bank}")).unwrap())
                .to_vec(),
        }];
        let (server, bank) = sandbox::start(listener, bank, clock.clone()).unwrap();
        let banks = server.handle();
        tokio::spawn(server);
        let mail = Sink::start();
        let settings = format!("{}\n{more}", settings(&folder, &database, &base_url, &door, &mail));
        let world = Self {
            bank,
            door,
            mail,
            clock,
            database,
            promises: Mutex::default(),
            ports,
            folder,
            settings,
            ahead_ms: AtomicI64::new(0),
            banks,
        };
        add_partner(&world.db(), profile("shop"), None, "faults", world.clock.now())
            .await
            .unwrap();
        world
    }

    /// A file of this world.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database, as the program sees it. Only short-lived, so that a killed program finds its files alone.
    pub fn db(&self) -> Db {
        let vault = Vault::open_file(&self.file("encryption.key")).unwrap();
        Db::open(&self.database.location(), 2, vault).unwrap()
    }

    /// The settings file of the program, with lines over it when a scenario asks for them.
    pub fn settings_file(&self, name: &str, more: &str) -> PathBuf {
        let file = self.file(&format!("{name}.toml"));
        std::fs::write(&file, format!("{}\n{more}", self.settings)).unwrap();
        file
    }

    /// How a node of this world is started.
    pub fn how(&self, name: &str, ports: Ports, fail_points: &str) -> Start {
        Start {
            settings: self.settings_file(name, ""),
            clock: self.file("clock"),
            fail_points: fail_points.to_owned(),
            environment: Vec::new(),
            ports,
        }
    }

    /// The one node, ready.
    pub async fn node(&self) -> Node {
        self.node_with("").await
    }

    /// The one node, ready, with fail points.
    pub async fn node_with(&self, fail_points: &str) -> Node {
        let mut node = Node::spawn(&self.how("node", self.ports, fail_points));
        node.ready().await;
        node
    }

    /// A second node on the same database, ready, with ports of its own.
    pub async fn second_node(&self, fail_points: &str) -> (Node, Ports) {
        let ports = Ports::free();
        let mut node = Node::spawn(&self.how("second", ports, fail_points));
        node.ready().await;
        (node, ports)
    }

    pub fn shop(&self) -> Shop {
        Shop::at(Url::parse(&format!("https://127.0.0.1:{}", self.ports.gateway)).unwrap())
    }

    /// A partner that may ask for consents.
    pub async fn erp(&self) -> Shop {
        let profile = Profile {
            kind: PartnerKind::Finance,
            account_access: true,
            ..profile("erp")
        };
        add_partner(&self.db(), profile, None, "faults", self.clock.now()).await.unwrap();
        Shop::named(Url::parse(&format!("https://127.0.0.1:{}", self.ports.gateway)).unwrap(), "erp")
    }

    /// Moves the time of the bank and of the program.
    pub async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        let by_ms = i64::try_from(by.as_millis()).unwrap();
        self.set_program_clock(self.ahead_ms.load(Ordering::SeqCst) + by_ms).await;
    }

    /// Sets only the program's clock, milliseconds before the system's.
    pub async fn set_program_clock(&self, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::SeqCst);
        let draft = self.file("clock.draft");
        std::fs::write(&draft, ahead_ms.to_string()).unwrap();
        std::fs::rename(draft, self.file("clock")).unwrap();
        tokio::time::sleep(Duration::from_millis(40)).await;
    }

    /// A payment as it is stored.
    pub async fn payment(&self, id: i64) -> Payment {
        let id = PaymentId::from_number(id).unwrap();
        self.db().read(move |a| payments::get(a, id)).await.unwrap().unwrap()
    }

    /// Waits until a payment stands like this.
    pub async fn becomes(&self, id: i64, status: Status) {
        let begun = Instant::now();
        loop {
            let payment = self.payment(id).await;
            if payment.status == status {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(15), "{payment:?} does not become {status}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Orders at the bank for a payment.
    pub fn orders(&self, id: i64) -> Vec<sandbox::Order> {
        let end_to_end = format!("SP{id}");
        let all = self.bank.orders().into_iter();
        all.filter(|o| o.received.end_to_end.as_deref() == Some(&end_to_end)).collect()
    }

    /// Starts a payment and notes the promise.
    pub async fn started(&self, order: serde_json::Value) -> Started {
        let started = self.shop().start(order).await.unwrap();
        self.promises.lock().unwrap().accepted.push(started.tokens.payment);
        started
    }

    /// Lets everything come to its end: no more faults, leases and links run out, the bank gives up orders
    /// nobody authorised, mails leave. The node must be running.
    pub async fn heal(&self) {
        self.door.clear();
        self.bank.clear_faults();
        self.mail.set(mail::Mood::Take);
        let db = self.db();
        for step in [
            A_LEASE,
            A_LEASE,
            Duration::from_secs(150),
            A_LINK,
            A_LINK,
            Duration::from_secs(3600),
            A_LEASE,
        ] {
            self.advance(step).await;
            self.until_idle(&db).await;
        }
    }

    /// Waits until nothing is due.
    async fn until_idle(&self, db: &Db) {
        let begun = Instant::now();
        let mut quiet = 0;
        while quiet < 2 {
            let now = self.clock.now();
            let (payments, mails) = db
                .read(move |a| Ok((payments::due(a, now, 9)?, outbox::due(a, now, 9)?)))
                .await
                .unwrap();
            quiet = if payments.is_empty() && mails.is_empty() { quiet + 1 } else { 0 };
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "never idle: payments {payments:?}, {} mails",
                mails.len()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Heals and checks all invariants: the end of most scenarios.
    pub async fn ends_well(&self) {
        self.heal().await;
        checks::insist(self).await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.banks.stop(false)));
    }
}

/// Tries until it works, for ten seconds.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn settings(folder: &TempDir, database: &Database, base_url: &Url, door: &Proxy, mail: &Sink) -> String {
    let path = |name: &str| toml::Value::String(folder.path().join(name).display().to_string());
    format!(
        r#"
public.base_url = "{base_url}"
gateway.certificate = {certificate}
gateway.key = {key}
gateway.client_ca = {ca}
gateway.requests_per_minute = 1000000
gateway.requests_burst = 100000
database.url = {url}
encryption.key_file = {key_file}
operator.name = "SmartPay Avarii"
operator.contact = "ajutor@smartpay.example"
bank_calls.signing_certificate = {qsealc}
bank_calls.connect_timeout_ms = 400
bank_calls.total_timeout_ms = 1500
bank.cec = {{ base_url = "http://{bank}/cec", client_id = "{BANK_CLIENT_ID}" }}
bank.brd = {{ base_url = "http://{bank}/brd", client_id = "{BANK_CLIENT_ID}" }}
bank.demo-mobil = {{ base_url = "http://{bank}/mobil", client_id = "{BANK_CLIENT_ID}" }}
bank.demo-link = {{ base_url = "http://{bank}/link", client_id = "{BANK_CLIENT_ID}" }}
mail.from = "SmartPay <plati@smartpay.example>"
mail.smtp = {{ host = "127.0.0.1", port = {smtp}, tls = "none", timeout_ms = 1500 }}
worker.interval_ms = 40
shutdown.drain_seconds = 3
log.filter = "info,actix_server=warn"
"#,
        certificate = path("gateway.pem"),
        key = path("gateway.key"),
        ca = path("ca.pem"),
        url = toml::Value::String(database.url()),
        key_file = path("encryption.key"),
        qsealc = path("qsealc.pem"),
        bank = door.address,
        smtp = mail.address.port(),
    )
}

/// A shop with the certificate of this name.
fn profile(client_id: &str) -> Profile {
    let pem = certificates::pem(&format!("{client_id}.pem"));
    let der = <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(pem).unwrap();
    let certificate = PeerCertificate::from_der(&der, fingerprint(&der)).unwrap();
    Profile {
        id: uuid::Uuid::now_v7().to_string(),
        client_id: client_id.into(),
        name: "Foișor Atelier".into(),
        kind: PartnerKind::Ecommerce,
        currency: Currency::Ron,
        certificate_subject: certificate.subject,
        certificate_issuer: certificate.issuer,
        certificate_sha256: Some(certificate.sha256),
        redirect_urls: vec![Url::parse("https://shop.example/inapoi").unwrap()],
        flexible_redirect: false,
        colour: "#14587a".into(),
        has_logo: false,
        has_dark_logo: false,
        button_text: smartpay::partner::ButtonText::default(),
        active: true,
        account_access: false,
    }
}
