//! Makes what the demo needs under one folder, once; a second start finds it there.

use super::certificates::{DevelopmentCa, Purpose, write_private};
pub use super::partners::DemoPartner;
use super::{partners, stet_banks};
use crate::app;
use crate::clock::Clock;
use crate::config::{DEMO, Settings};
use crate::crypto::{self, Vault, fingerprint};
use crate::flow::admins::second_factor;
use crate::flow::{FlowError, add_admin};
use crate::partner::PeerCertificate;
use crate::store::connection::Location;
use crate::store::{self, Db};
use anyhow::{Context as _, bail};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The sandbox bank's name for us.
pub const BANK_CLIENT_ID: &str = "smartpay-demo-tpp";
const ADMIN: &str = "admin";
/// The secret of the admin's one-time codes (base32): known to all, as everything of the demo.
const ADMIN_TOTP: &str = "SMARTPAYDEMODEMODEMODEMODEMODEMO";
/// Stands in every folder the demo made.
const MARK: &str = ".smartpay-demo";

/// Ports of the demo, all on loopback.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Hosted page and back office.
    pub public: u16,
    /// Partner API.
    pub gateway: u16,
    /// Sandbox banks.
    pub banks: u16,
    /// Sandbox banks that ask for a client certificate.
    pub banks_tls: u16,
    /// Health and metrics.
    pub operations: u16,
    /// Shop, accounting page and mailbox.
    pub shop: u16,
}

/// `demo.json`: what tools need to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoFile {
    /// The shop, the accounting page and the mailbox.
    pub demo_site: String,
    /// The hosted page.
    pub hosted_page: String,
    /// The back office.
    pub back_office: String,
    /// The partner API (mutual TLS).
    pub gateway: String,
    /// The sandbox banks.
    pub sandbox_banks: String,
    /// The sandbox banks of the STET family (TLS with a client certificate); none in a folder from before.
    #[serde(default)]
    pub stet_banks: Option<String>,
    /// Health and metrics.
    pub operations: String,
    /// The CA that signed the gateway's certificate.
    pub ca: PathBuf,
    /// Where mails are written.
    pub mailbox: PathBuf,
    /// The partners.
    pub partners: Vec<DemoPartner>,
    /// The first admin's name.
    pub admin_user: String,
    /// The first admin's password.
    pub admin_password: String,
    /// The secret of the admin's one-time codes (TOTP, base32), for an authenticator app.
    #[serde(default)]
    pub admin_totp: String,
}

/// The demo's folder and what is in it.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The folder.
    pub folder: PathBuf,
    /// The settings of the application.
    pub settings: Settings,
    /// What was written to `demo.json`.
    pub file: DemoFile,
    /// Whether it was made just now.
    pub fresh: bool,
}

/// Makes or finds everything the demo needs.
///
/// # Errors
/// A text that says what could not be made.
pub async fn prepare(folder: &Path, ports: Ports, reset: bool, clock: &Clock) -> anyhow::Result<Setup> {
    if reset && folder.exists() {
        // Only what the demo itself made is removed: a wrong --dir must not cost anybody their files.
        if !folder.join(MARK).exists() && std::fs::read_dir(folder)?.next().is_some() {
            bail!(
                "{} was not made by the demo (it has no {MARK}), so --reset leaves it alone",
                folder.display()
            );
        }
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let folder = folder.canonicalize()?;
    std::fs::write(folder.join(MARK), "made by `smartpay demo`; --reset removes this folder\n")?;
    let json = folder.join("demo.json");
    let known: Option<DemoFile> = match std::fs::read(&json) {
        Ok(bytes) => {
            Some(serde_json::from_slice(&bytes).with_context(|| format!("{} cannot be read; begin anew with --reset", json.display()))?)
        }
        Err(_) => None,
    };
    let fresh = known.is_none();
    let certificates = folder.join("certificates");
    if fresh {
        make_certificates(&certificates, clock)?;
        write_private(&folder.join("encryption.key"), Vault::new_key_file().as_bytes())?;
    }
    let settings = settings(&folder, ports)?;
    store::migrate(&Location::parse(settings.database.url.expose())?)?;
    let db = app::database(&settings)?;
    let admin_password = known.map_or_else(crypto::new_token, |k| k.admin_password);
    seed(&db, &certificates, ports, &admin_password, fresh, clock).await?;
    let file = demo_file(&folder, ports, admin_password);
    write_private(&json, serde_json::to_string_pretty(&file)?.as_bytes())?;
    Ok(Setup {
        folder,
        settings,
        file,
        fresh,
    })
}

fn make_certificates(folder: &Path, clock: &Clock) -> anyhow::Result<()> {
    let ca = DevelopmentCa::create(folder, clock)?;
    ca.issue("gateway", "SmartPay Demo", Purpose::Server)?;
    stet_banks::make(&ca)?;
    for seed in partners::all(folder) {
        ca.issue(&seed.partner.client_id, &seed.partner.name, Purpose::Client)?;
    }
    Ok(())
}

fn settings(folder: &Path, ports: Ports) -> anyhow::Result<Settings> {
    let path = |name: &str| toml::Value::String(folder.join(name).display().to_string());
    let Ports {
        public,
        gateway,
        banks,
        operations,
        ..
    } = ports;
    let over = format!(
        r#"[mail]
folder = {mail}
[public]
bind = "127.0.0.1:{public}"
base_url = "http://127.0.0.1:{public}"
[gateway]
bind = "127.0.0.1:{gateway}"
certificate = {gateway_pem}
key = {gateway_key}
client_ca = {ca}
[operations]
bind = "127.0.0.1:{operations}"
[database]
url = {url}
[encryption]
key_file = {key_file}
[bank.cec]
base_url = "http://127.0.0.1:{banks}/cec"
client_id = "{BANK_CLIENT_ID}"
[bank.brd]
base_url = "http://127.0.0.1:{banks}/brd"
[bank.demo-mobil]
base_url = "http://127.0.0.1:{banks}/mobil"
[bank.demo-cod]
base_url = "http://127.0.0.1:{banks}/cod"
[bank.demo-link]
base_url = "http://127.0.0.1:{banks}/link"
[bank.demo-pasi]
base_url = "http://127.0.0.1:{banks}/pasi"
[bank.bt]
base_url = "http://127.0.0.1:{banks}/bt"
client_id = "{BANK_CLIENT_ID}"
[bank.demo-standard]
base_url = "http://127.0.0.1:{banks}/standard"
client_id = "{BANK_CLIENT_ID}"
[bank.epp]
base_url = "http://127.0.0.1:{banks}/epp"
"#,
        gateway_pem = path("certificates/gateway.pem"),
        gateway_key = path("certificates/gateway.key"),
        ca = path("certificates/ca.pem"),
        key_file = path("encryption.key"),
        mail = path("mail"),
        url = toml::Value::String(format!("sqlite://{}", folder.join("smartpay.db").display())),
    );
    let stet = stet_banks::app_settings(&folder.join("certificates"), (ports.banks, ports.banks_tls));
    Ok(Settings::from_texts(&[DEMO, &over, &stet])?)
}

async fn seed(db: &Db, certificates: &Path, ports: Ports, admin_password: &str, fresh: bool, clock: &Clock) -> anyhow::Result<()> {
    let now = clock.now();
    partners::seed(db, certificates, ports.shop, fresh, now).await?;
    if fresh {
        add_admin::add_admin(db, ADMIN, admin_password.to_owned().into(), "demo", now).await?;
    }
    // A folder from before there were one-time codes is given them too.
    match second_factor::enrol_known(db, ADMIN, ADMIN_TOTP, "demo", now).await {
        Ok(()) | Err(FlowError::NotFound) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

/// Reads the first certificate of a PEM file.
///
/// # Errors
/// A text that names the file.
pub fn read_certificate(path: &Path) -> anyhow::Result<PeerCertificate> {
    let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let der = CertificateDer::from_pem_slice(&pem).with_context(|| format!("{} is not a PEM certificate", path.display()))?;
    PeerCertificate::from_der(&der, fingerprint(&der)).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))
}

fn demo_file(folder: &Path, ports: Ports, admin_password: String) -> DemoFile {
    let http = |port: u16, path: &str| format!("http://127.0.0.1:{port}{path}");
    let certificates = folder.join("certificates");
    DemoFile {
        demo_site: http(ports.shop, "/"),
        hosted_page: http(ports.public, "/payment-initiation"),
        back_office: http(ports.public, "/back-office"),
        gateway: format!("https://127.0.0.1:{}", ports.gateway),
        sandbox_banks: http(ports.banks, "/"),
        stet_banks: stet_banks::are_made(&certificates).then(|| format!("https://127.0.0.1:{}/stet/", ports.banks_tls)),
        operations: http(ports.operations, "/"),
        ca: certificates.join("ca.pem"),
        mailbox: folder.join("mail"),
        partners: partners::present(&certificates).map(|seed| seed.partner).collect(),
        admin_user: ADMIN.into(),
        admin_password,
        admin_totp: ADMIN_TOTP.into(),
    }
}
