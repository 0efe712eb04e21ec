//! The sections of the settings, as they stand in the files.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use url::Url;

/// A secret setting: never printed.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The wrapped secret.
    #[must_use]
    pub const fn wrapped(&self) -> &SecretString {
        &self.0
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// All settings.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Hosted page and back office.
    pub public: Public,
    /// Partner API.
    pub gateway: Gateway,
    /// Health and metrics.
    pub operations: Operations,
    /// Where the data is.
    pub database: Database,
    /// Keys.
    pub encryption: Encryption,
    /// Who runs the service.
    pub operator: Operator,
    /// Lifetimes.
    pub payments: Payments,
    /// Calls to banks.
    pub bank_calls: BankCalls,
    /// Logos of banks.
    #[serde(default)]
    pub bank_logos: BankLogos,
    /// Credentials per bank code.
    #[serde(default)]
    pub bank: BTreeMap<String, BankSettings>,
    /// Mail.
    pub mail: Mail,
    /// Webhooks.
    pub webhooks: super::Webhooks,
    /// How long data is kept, and who looks after that.
    pub retention: Retention,
    /// Back office.
    pub back_office: BackOffice,
    /// Timers.
    pub worker: Worker,
    /// The end of the process.
    pub shutdown: Shutdown,
    /// Logging.
    pub log: Log,
}

/// The public listener.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Public {
    /// Address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// What payers see.
    pub base_url: Url,
    /// Addresses whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

/// The gateway listener.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Address to listen on.
    pub bind: SocketAddr,
    /// PEM chain.
    pub certificate: PathBuf,
    /// PEM private key.
    pub key: PathBuf,
    /// PEM of the CAs that may sign partners' certificates.
    pub client_ca: PathBuf,
    /// What partners call, where it is not the address listened on: the audience of access tokens.
    pub base_url: Option<Url>,
    /// How old the signature on a partner's request may be.
    pub signature_age_seconds: u32,
    /// Requests a minute per certificate.
    pub requests_per_minute: u32,
    /// Requests at once per certificate.
    pub requests_burst: u32,
}

/// The operations listener.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Operations {
    /// Address to listen on.
    pub bind: SocketAddr,
}

/// The database.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`; a secret, as it may hold a password.
    pub url: Secret,
    /// Pooled connections.
    pub readers: u32,
}

/// Keys.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// The key file, mode 0600.
    pub key_file: PathBuf,
}

/// Who runs the service.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Name payers see.
    pub name: String,
    /// Where payers turn to.
    pub contact: String,
}

/// Lifetimes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// Minutes until an untouched payment is given up.
    pub link_minutes: u32,
    /// Seconds an access token lives.
    pub access_token_seconds: u32,
    /// Minutes a refresh token lives.
    pub refresh_token_minutes: u32,
}

/// Logos of banks.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BankLogos {
    /// A folder of files named by the banks' codes, PNG or SVG; without one, initials stand for all banks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

/// Calls to banks.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BankCalls {
    /// Milliseconds to connect.
    pub connect_timeout_ms: u64,
    /// Milliseconds for a whole call.
    pub total_timeout_ms: u64,
    /// PEM of further roots.
    #[serde(default)]
    pub extra_root_ca: Option<PathBuf>,
    /// PEM of our QWAC and its chain: shown to banks as TLS client certificate.
    #[serde(default)]
    pub client_certificate: Option<PathBuf>,
    /// PEM of its private key (PKCS#8).
    #[serde(default)]
    pub client_key: Option<PathBuf>,
    /// PEM of our QSEALC.
    #[serde(default)]
    pub signing_certificate: Option<PathBuf>,
    /// Where banks can fetch the QSEALC, for those that find it by its address.
    #[serde(default)]
    pub signing_certificate_url: Option<Url>,
    /// PEM of its private key (PKCS#8).
    #[serde(default)]
    pub signing_key: Option<PathBuf>,
}

/// Our credentials at one bank.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BankSettings {
    /// Base URL of its API.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// Replaces the page of the directory on which payers give consents, at a STET bank; payers may be sent to its host.
    #[serde(default)]
    pub authorise_url: Option<Url>,
    /// Client id; empty at a bank that knows us by our certificate alone.
    #[serde(default)]
    pub client_id: String,
    /// Client secret.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// PEM of the certificate with which the bank signs its answers; without it they are not verified.
    #[serde(default)]
    pub signing_certificate: Option<PathBuf>,
}

/// How long data is kept (Romanian Law 129/2019 art. 21: five years).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Years for which a payment's personal data is kept after it has ended.
    pub payments_years: u32,
    /// Years for which an onboarding file is kept after the relation with the partner has ended.
    pub partners_years: u32,
    /// Address of the compliance officer, who is told of renewals and of what was erased.
    #[serde(default)]
    pub compliance_mail: Option<String>,
}

/// How mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// A mail server.
    Smtp,
    /// Files in a folder.
    Folder,
    /// Kept in memory, for tests.
    Memory,
}

/// Mail.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// How it leaves.
    pub transport: MailTransport,
    /// Sender, `Name <address>`.
    pub from: String,
    /// For `folder`.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// For `smtp`.
    pub smtp: Smtp,
}

/// Encryption towards the mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpEncryption {
    /// STARTTLS (RFC 3207), required.
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// None, only to loopback.
    None,
}

/// The mail server.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: SmtpEncryption,
    /// Milliseconds for one exchange.
    pub timeout_ms: u64,
    /// User name.
    #[serde(default)]
    pub user: Option<String>,
    /// Password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// PEM of a further root.
    #[serde(default)]
    pub extra_root_ca: Option<PathBuf>,
}

/// Back office.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BackOffice {
    /// Minutes without a request after which a session ends.
    pub idle_minutes: u32,
    /// Whether changes that matter (a partner's certificates, redirect URLs, limits and activation, the end of a
    /// doubt) need a second admin.
    pub four_eyes: bool,
    /// Hours after which a session ends even if it is used.
    pub session_hours: u32,
    /// Whether everybody needs a device for one-time codes.
    pub totp: TotpUse,
    /// Days after which a password must be changed; 0 for never.
    pub password_days: u32,
    /// Hour of the day, in Romanian time, from which the report of the day before is mailed to those who asked for it.
    pub report_hour: u32,
    /// Sign-in through the company's OpenID Connect provider.
    #[serde(default)]
    pub oidc: Option<super::Oidc>,
}

/// Whether users of the back office need one-time codes (TOTP, RFC 6238) beside their password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TotpUse {
    /// Everybody enrols a device when signing in for the first time.
    Required,
    /// Who has enrolled a device is asked for codes.
    Optional,
}

/// Timers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Milliseconds between two looks for due work.
    pub interval_ms: u64,
    /// Payments asked about at the same time.
    pub payments_at_once: usize,
}

/// The end of the process.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    /// Seconds after SIGTERM in which requests are still taken, every answer ending its connection, and
    /// `/health/ready` says no.
    pub drain_seconds: u64,
}

/// Logging.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Text or JSON.
    pub format: LogFormat,
    /// `tracing` filter directives.
    pub filter: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}
