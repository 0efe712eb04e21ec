//! Starts the application as production does, on free ports, with a clock that can be moved, and gives out
//! clients for everybody who uses it.

pub mod admin;
pub mod at_banks;
pub mod browser;
pub mod certificates;
mod checks;
pub mod company;
pub mod consents;
pub mod database;
pub mod judge;
pub mod onboarding;
pub mod partner;
pub mod proposals;
pub mod provider;
pub mod psu;
pub mod receiver;
pub mod smtp_sink;
pub mod stet;

use database::Database;
use partner::Partner;
use psu::Psu;
use smartpay::app::App;
use smartpay::bank::access::Holder;
use smartpay::clock::Clock;
use smartpay::config::Settings;
use smartpay::crypto::{Vault, fingerprint};
use smartpay::demo::certificates::write_private;
use smartpay::flow::bank_access::set_credentials;
use smartpay::flow::{Context, add_partner::add_partner};
use smartpay::mail::SentMails;
use smartpay::partner::{Partner as Profile, PartnerKind, PeerCertificate};
use smartpay::payment::{Currency, PaymentId};
use smartpay::sandbox::{self, Sandbox, SandboxClient, SandboxSettings};
use smartpay::store::history::{self, StoredEntry};
use smartpay::store::partners;
use smartpay::store::payments::Payment;
use smartpay::{store, worker};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use stet::StetSide;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

const BANK_CLIENT_ID: &str = "smartpay-stories-tpp";

/// Where the shop's and the ERP's payers may be sent back to.
pub const RETURN_URL: &str = "https://shop.example/inapoi";

/// How the application is put together.
type Build = fn(&Settings, Clock) -> anyhow::Result<App>;

/// The application, its database, and the bank.
pub struct TestApp {
    /// What its flows work with, for looking inside.
    pub cx: Context,
    /// What was mailed; empty when the story chose another transport.
    pub mails: SentMails,
    /// The bank's books.
    pub bank: Sandbox,
    bank_url: Url,
    /// The database behind it.
    pub database: Database,
    gateway: Url,
    clock: Clock,
    stop: CancellationToken,
    running: Option<JoinHandle<anyhow::Result<()>>>,
    banks: actix_web::dev::ServerHandle,
    settings: Vec<String>,
    /// Where the public site listens.
    pub public_at: SocketAddr,
    folder: TempDir,
}

impl TestApp {
    /// Starts with the settings of the stories.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// Starts with more settings, as TOML, over those of the stories.
    pub async fn start_with(more: &str) -> Self {
        Self::begin(more, App::build, |_, _| None).await
    }

    /// Starts as the demo does, with what only it shows.
    pub async fn start_as_demo() -> Self {
        Self::begin("", App::build_demo, |_, _| None).await
    }

    /// Starts with STET banks beside the others.
    pub async fn start_with_stet() -> Self {
        Self::begin("", App::build, |folder, clock| Some(StetSide::make(folder, clock))).await
    }

    async fn begin(more: &str, build: Build, stet: impl FnOnce(&Path, &Clock) -> Option<StetSide>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::default();
        let stet = stet(folder.path(), &clock);
        certificates::write_to(folder.path());
        write_private(&folder.path().join("encryption.key"), Vault::new_key_file().as_bytes()).unwrap();
        let database = Database::create(folder.path());
        store::migrate(&database.location()).unwrap();
        let bank_listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = format!("http://{}", bank_listener.local_addr().unwrap());
        let bank_url = Url::parse(&judge::before(&own, None).unwrap_or(own)).unwrap();
        let of_stet = stet.as_ref().map(|stet| stet.app_settings(&bank_url)).unwrap_or_default();
        let settings = vec![settings(&folder, &database, &bank_url), of_stet, more.to_owned()];
        let app = build(&read(&settings), clock.clone()).unwrap();
        let (banks, bank) = start_bank(bank_listener, bank_url.clone(), &app.context, stet);
        for (name, kind, currency) in [
            ("shop", PartnerKind::Ecommerce, Currency::Ron),
            ("other-shop", PartnerKind::Ecommerce, Currency::Ron),
            ("erp", PartnerKind::Finance, Currency::Ron),
            ("dinar", PartnerKind::Finance, Currency::Rsd),
        ] {
            add_partner(&app.context.db, profile(name, kind, currency), None, "story", clock.now())
                .await
                .unwrap();
        }
        Self {
            cx: app.context.clone(),
            mails: app.sent_mails.clone().unwrap_or_default(),
            bank,
            bank_url,
            database,
            gateway: smartpay::app::local_url("https", app.addresses.gateway).unwrap(),
            clock,
            public_at: app.addresses.public,
            stop: app.stop_token(),
            running: Some(tokio::spawn(app.run(false))),
            banks,
            settings,
            folder,
        }
    }

    /// Changes the settings, as TOML over those there are, for the next start and for commands.
    pub fn change_settings(&mut self, more: &str) {
        self.settings.push(more.to_owned());
    }

    /// Stops the application and starts it again, at other ports; the banks go on.
    pub async fn restart(&mut self) {
        self.stop.cancel();
        // Connections that browsers keep open may keep it a little longer; nobody waits for them.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.running.take().unwrap()).await;
        let app = App::build(&read(&self.settings), self.clock.clone()).unwrap();
        self.cx = app.context.clone();
        self.mails = app.sent_mails.clone().unwrap_or_default();
        self.gateway = smartpay::app::local_url("https", app.addresses.gateway).unwrap();
        self.public_at = app.addresses.public;
        self.stop = app.stop_token();
        self.running = Some(tokio::spawn(app.run(false)));
    }

    /// Runs a command of the program with the application's settings; `typed` is its standard input.
    pub fn command(&self, words: &[&str], typed: &str) -> Output {
        let file = self.folder.path().join("smartpay.toml");
        std::fs::write(&file, merged(&self.settings)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_smartpay"))
            .args(words)
            .arg("--config")
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that asks nothing may be gone already.
        let _ = child.stdin.take().unwrap().write_all(format!("{typed}\n").as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Where the keys of sealed columns are.
    pub fn key_file(&self) -> std::path::PathBuf {
        self.folder.path().join("encryption.key")
    }

    /// Does everything that is due.
    pub async fn tick(&self) {
        worker::tick(&self.cx).await;
    }

    /// Moves the time of the application and of the bank.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Lets time pass in steps, with the timer at work after each.
    pub async fn let_pass(&self, steps: u32, step: Duration) {
        for _ in 0..steps {
            self.advance(step);
            self.tick().await;
        }
    }

    /// The shop, which is an Ecommerce partner.
    pub fn shop(&self) -> Partner {
        self.partner("shop")
    }

    /// The ERP, which is a Finance partner.
    pub fn erp(&self) -> Partner {
        self.partner("erp")
    }

    /// The Serbian utility, which is a Finance partner in dinars.
    pub fn dinar(&self) -> Partner {
        self.partner("dinar")
    }

    /// Stores the login of the Serbian partner's service account, as the operator does.
    pub async fn enter_bank_login(&self, user: &str, password: &str) -> Holder {
        let known = self.cx.db.read(|a| partners::by_client_id(a, "dinar")).await.unwrap().unwrap();
        let (holder, now) = (Holder::Partner(known.id), self.clock.now());
        set_credentials(
            &self.cx.db,
            "epp",
            &holder,
            user.to_owned().into(),
            password.to_owned().into(),
            "story",
            now,
        )
        .await
        .unwrap();
        holder
    }

    /// A partner by its certificate: shop, other-shop, erp, dinar, or stranger.
    pub fn partner(&self, name: &str) -> Partner {
        Partner::new(self.gateway.clone(), name)
    }

    /// Makes somebody with a certificate a Finance partner that may ask for access to accounts.
    pub async fn add_finance_partner(&self, name: &str) -> Partner {
        let profile = Profile {
            account_access: true,
            ..profile(name, PartnerKind::Finance, Currency::Ron)
        };
        add_partner(&self.cx.db, profile, None, "story", self.clock.now()).await.unwrap();
        self.partner(name)
    }

    /// Where the banks are.
    pub const fn bank_url(&self) -> &Url {
        &self.bank_url
    }

    /// The day it is where the payers are.
    pub fn today(&self) -> chrono::NaiveDate {
        smartpay::flow::init_payment::today(self.clock.now())
    }

    /// A payer with a browser that was never here before.
    pub fn psu(&self) -> Psu {
        Psu::new()
    }

    /// An admin who has not signed in yet.
    pub async fn admin(&self) -> admin::Admin {
        admin::Admin::new(self).await
    }

    /// An address of the public site.
    pub fn public(&self, path: &str) -> Url {
        self.cx.rules.base_url.join(path).unwrap()
    }

    /// A payment as it is stored.
    pub async fn payment(&self, id: i64) -> Payment {
        self.cx.payment(PaymentId::from_number(id).unwrap()).await.unwrap().0
    }

    /// A payment's history.
    pub async fn history(&self, id: i64) -> Vec<StoredEntry> {
        let id = PaymentId::from_number(id).unwrap();
        self.cx.db.read(move |a| history::of(a, id)).await.unwrap()
    }
}

impl Drop for TestApp {
    /// Checks what the story left behind, unless it has failed already, and stops everything.
    fn drop(&mut self) {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                if !std::thread::panicking() {
                    checks::all(self).await;
                }
                self.stop.cancel();
                self.banks.stop(false).await;
                if let Some(running) = self.running.take() {
                    // Open connections may keep it a little longer; nobody waits for them.
                    let _ = tokio::time::timeout(Duration::from_millis(50), running).await;
                }
            });
        });
    }
}

fn settings(folder: &TempDir, database: &Database, bank: &Url) -> String {
    let path = |name: &str| toml::Value::String(folder.path().join(name).display().to_string());
    format!(
        r#"
[public]
bind = "127.0.0.1:0"
base_url = "http://127.0.0.1:0"
[gateway]
bind = "127.0.0.1:0"
certificate = {certificate}
key = {key}
client_ca = {ca}
[operations]
bind = "127.0.0.1:0"
[database]
url = {url}
[encryption]
key_file = {key_file}
[operator]
name = "SmartPay Povești"
contact = "ajutor@smartpay.example"
[bank_calls]
signing_certificate = {qsealc}
[bank.cec]
base_url = "{bank}cec"
client_id = "{BANK_CLIENT_ID}"
[bank.brd]
base_url = "{bank}brd"
[bank.demo-mobil]
base_url = "{bank}mobil"
[bank.demo-cod]
base_url = "{bank}cod"
[bank.demo-link]
base_url = "{bank}link"
[bank.demo-pasi]
base_url = "{bank}pasi"
[bank.epp]
base_url = "{bank}epp"
[shutdown]
drain_seconds = 0
[back_office]
totp = "optional"
[mail]
transport = "memory"
from = "SmartPay <plati@smartpay.example>"
"#,
        certificate = path("gateway.pem"),
        key = path("gateway.key"),
        ca = path("ca.pem"),
        url = toml::Value::String(database.url()),
        key_file = path("encryption.key"),
        qsealc = path("qsealc.pem"),
    )
}

fn read(settings: &[String]) -> Settings {
    Settings::from_texts(&settings.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
}

/// The settings as one file.
fn merged(settings: &[String]) -> String {
    fn over(all: &mut toml::Table, more: toml::Table) {
        for (name, value) in more {
            match (all.get_mut(&name), value) {
                (Some(toml::Value::Table(known)), toml::Value::Table(more)) => over(known, more),
                (_, value) => drop(all.insert(name, value)),
            }
        }
    }
    let mut all = toml::Table::new();
    settings.iter().for_each(|text| over(&mut all, text.parse().unwrap()));
    toml::to_string(&all).unwrap()
}

fn start_bank(listener: TcpListener, url: Url, cx: &Context, stet: Option<StetSide>) -> (actix_web::dev::ServerHandle, Sandbox) {
    let mut settings = SandboxSettings::new(url);
    let client = |client_id: &str, banks: &[&str]| SandboxClient {
        client_id: client_id.into(),
        client_secret: None,
        redirect_uris: banks.iter().map(|code| cx.return_url(code).unwrap()).collect(),
    };
    settings.clients = vec![
        client(BANK_CLIENT_ID, &["cec"]),
        client(stet::TPP, &stet::BANKS.map(|(code, _)| code)),
    ];
    settings.stet = stet.as_ref().map(StetSide::bank_settings);
    let clock = cx.clock.clone();
    let (server, bank) = match stet {
        None => sandbox::start(listener, settings, clock),
        Some(stet) => sandbox::start_with_tls(listener, stet.listener, settings, clock),
    }
    .unwrap();
    let handle = server.handle();
    tokio::spawn(server);
    (handle, bank)
}

/// A partner that has the certificate of this name.
pub fn profile(name: &str, kind: PartnerKind, currency: Currency) -> Profile {
    let pem = certificates::pem(&format!("{name}.pem"));
    let der = <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(pem).unwrap();
    let certificate = PeerCertificate::from_der(&der, fingerprint(&der)).unwrap();
    Profile {
        id: uuid::Uuid::now_v7().to_string(),
        client_id: name.into(),
        name: format!("Partener {name}"),
        kind,
        currency,
        certificate_subject: certificate.subject,
        certificate_issuer: certificate.issuer,
        certificate_sha256: Some(certificate.sha256),
        redirect_urls: vec![Url::parse(RETURN_URL).unwrap()],
        flexible_redirect: false,
        colour: "#14587a".into(),
        has_logo: false,
        has_dark_logo: false,
        button_text: smartpay::partner::ButtonText::default(),
        active: true,
        account_access: name == "erp",
    }
}
