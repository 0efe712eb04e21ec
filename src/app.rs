//! One builder starts production, the demo and the tests: settings in, listeners and worker out.

pub mod banks;
mod gateway_tls;
mod listeners;
mod rules;

pub use listeners::bind;

use crate::bank::Connector;
use crate::bank::calls::Calls;
use crate::bank::directory::Directory;
use crate::clock::Clock;
use crate::config::{MailTransport, Settings, SmtpEncryption};
use crate::crypto::Vault;
use crate::flow::Context;
use crate::flow::bank_states::BankStates;
use crate::flow::signing_keys::SigningKeys;
use crate::mail::{Mailer, SentMails, SmtpSettings, SmtpTls};
use crate::store::connection::Location;
use crate::store::{self, Db};
use crate::web::Detached;
use crate::web::hosted_page::gallery;
use crate::web::middleware::Stopping;
use crate::webhook::{Sender, TargetRules, WebhookSettings};
use crate::worker;
use actix_web::dev::{Server, ServerHandle};
use anyhow::{Context as _, bail};
use listeners::{MoreRoutes, gateway_server, operations_server, public_server};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Where the listeners are.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// Hosted page and back office.
    pub public: SocketAddr,
    /// Partner API.
    pub gateway: SocketAddr,
    /// Health and metrics.
    pub operations: SocketAddr,
}

/// The application: listening, but not yet answering until [`App::run`].
pub struct App {
    /// Where it listens.
    pub addresses: Addresses,
    /// What its flows work with.
    pub context: Context,
    /// The mails of a mailer that keeps them in memory.
    pub sent_mails: Option<SentMails>,
    servers: Vec<Server>,
    detached: Detached,
    pace: worker::Pace,
    drain: Duration,
    stop: CancellationToken,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// Makes aws-lc-rs the process's TLS provider; a second call changes nothing.
pub fn install_crypto_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

impl App {
    /// Opens the database, reads keys and certificates, and binds every listener. The database must have
    /// been migrated.
    ///
    /// # Errors
    /// A text that says what to mend.
    pub fn build(settings: &Settings, clock: Clock) -> anyhow::Result<Self> {
        Self::build_with(settings, clock, |_| ())
    }

    /// As [`App::build`], with what only the demo shows: the states of the payer's pages.
    ///
    /// # Errors
    /// As [`App::build`].
    pub fn build_demo(settings: &Settings, clock: Clock) -> anyhow::Result<Self> {
        Self::build_with(settings, clock, gallery::routes)
    }

    fn build_with(settings: &Settings, clock: Clock, more: MoreRoutes) -> anyhow::Result<Self> {
        install_crypto_provider();
        let public = bind(settings.public.bind, "public.bind")?;
        let gateway = bind(settings.gateway.bind, "gateway.bind")?;
        let operations = bind(settings.operations.bind, "operations.bind")?;
        let addresses = Addresses {
            public: public.local_addr()?,
            gateway: gateway.local_addr()?,
            operations: operations.local_addr()?,
        };
        let (context, sent_mails) = context_and_mails(settings, clock, addresses.public, addresses.gateway)?;
        let detached = Detached::here();
        let stop = CancellationToken::new();
        let stopping = Stopping::when(stop.clone());
        let servers = vec![
            public_server(settings, &context, detached.clone(), &stopping, (public, more))?,
            gateway_server(settings, &context, detached.clone(), &stopping, gateway)?,
            operations_server(&context, &stopping, operations)?,
        ];
        let pace = worker::Pace {
            interval: Duration::from_millis(settings.worker.interval_ms),
            at_once: settings.worker.payments_at_once,
        };
        Ok(Self {
            addresses,
            context,
            sent_mails,
            servers,
            detached,
            pace,
            drain: Duration::from_secs(settings.shutdown.drain_seconds),
            stop,
        })
    }

    /// Stops [`App::run`] when cancelled: the worker stops between jobs; for as long as `shutdown.drain_seconds`
    /// requests are still taken, each answer ending its connection; then those in flight finish.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Answers requests, and does what is due when `with_worker`, until stopped.
    ///
    /// # Errors
    /// When a listener fails.
    pub async fn run(self, with_worker: bool) -> anyhow::Result<()> {
        // The first start makes them; later ones know them before the first answer is signed.
        if let Err(error) = self.context.signing_keys().await {
            tracing::error!(%error, "there are no signing keys yet");
        }
        let handles: Vec<ServerHandle> = self.servers.iter().map(Server::handle).collect();
        let servers: Vec<_> = self.servers.into_iter().map(tokio::spawn).collect();
        let clock = self.context.clock.clone();
        let worker = with_worker.then(|| tokio::spawn(worker::run(self.context, self.pace, self.stop.clone())));
        self.stop.cancelled().await;
        clock.sleep(self.drain).await;
        for handle in &handles {
            handle.stop(true).await;
        }
        for server in servers {
            server.await??;
        }
        self.detached.finish().await;
        if let Some(worker) = worker {
            worker.await?;
        }
        Ok(())
    }
}

/// What flows work with, for commands that serve nobody.
///
/// # Errors
/// A text that says what to mend.
pub fn context(settings: &Settings, clock: Clock) -> anyhow::Result<Context> {
    install_crypto_provider();
    Ok(context_and_mails(settings, clock, settings.public.bind, settings.gateway.bind)?.0)
}

fn context_and_mails(
    settings: &Settings,
    clock: Clock,
    public: SocketAddr,
    gateway: SocketAddr,
) -> anyhow::Result<(Context, Option<SentMails>)> {
    let (mailer, sent_mails) = mailer(settings)?;
    let db = database(settings)?;
    let calls = Calls::new(clock.clone());
    let context = Context {
        banks: connected_banks(settings, &db, &clock, calls.clone())?,
        bank_states: BankStates::default(),
        signing_keys: SigningKeys::default(),
        webhooks: webhooks(settings)?,
        calls,
        db,
        mailer: Arc::new(mailer),
        clock,
        rules: Arc::new(rules::rules(settings, public, gateway)?),
    };
    Ok((context, sent_mails))
}

/// Opens the database with its keys.
///
/// # Errors
/// A text that says what to mend.
pub fn database(settings: &Settings) -> anyhow::Result<Db> {
    let location = Location::parse(settings.database.url.expose())?;
    let vault = Vault::open_file(&settings.encryption.key_file)?;
    if store::needs_migration(&location)? {
        bail!("the database is not up to date; run `smartpay migrate` with the same settings");
    }
    Ok(Db::open(&location, settings.database.readers, vault)?)
}

fn read(path: &Path, setting: &str) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{setting}: cannot read {}", path.display()))
}

fn read_optional(path: Option<&Path>, setting: &str) -> anyhow::Result<Option<Vec<u8>>> {
    path.map(|p| read(p, setting)).transpose()
}

fn read_pem(path: Option<&Path>, setting: &str) -> anyhow::Result<Option<String>> {
    let bytes = read_optional(path, setting)?;
    bytes
        .map(String::from_utf8)
        .transpose()
        .with_context(|| format!("{setting} is not PEM"))
}

fn connected_banks(settings: &Settings, db: &Db, clock: &Clock, calls: Calls) -> anyhow::Result<crate::bank::directory::Banks> {
    let mut access = BTreeMap::new();
    for code in settings.bank.keys() {
        access.extend(banks::access(settings, db, code)?.map(|found| (code.clone(), found)));
    }
    let connected = Directory::shipped()?.connect(access, &banks::tools(settings, db, clock, calls)?)?;
    banks::with_logos(connected, settings.bank_logos.folder.as_deref())
}

/// Every bank, and why it is not active where it is not.
///
/// # Errors
/// A text that says what to mend.
pub fn bank_standings(settings: &Settings) -> anyhow::Result<Vec<banks::Standing>> {
    install_crypto_provider();
    let db = database(settings)?;
    banks::standings(settings, &db, &banks::tools(settings, &db, &Clock::default(), Calls::default())?)
}

/// The connector of one configured bank, for a command.
///
/// # Errors
/// A text that says what to mend.
pub fn bank_connector(settings: &Settings, code: &str) -> anyhow::Result<Connector> {
    install_crypto_provider();
    let db = database(settings)?;
    banks::connector(
        settings,
        &db,
        &banks::tools(settings, &db, &Clock::default(), Calls::default())?,
        code,
    )
}

fn mailer(settings: &Settings) -> anyhow::Result<(Mailer, Option<SentMails>)> {
    let mail = &settings.mail;
    match mail.transport {
        MailTransport::Folder => {
            let folder = mail.folder.clone().context("mail.folder is missing")?;
            std::fs::create_dir_all(&folder).with_context(|| format!("mail.folder: cannot make {}", folder.display()))?;
            Ok((Mailer::folder(folder), None))
        }
        MailTransport::Memory => {
            let (mailer, sent) = Mailer::memory();
            Ok((mailer, Some(sent)))
        }
        MailTransport::Smtp => {
            let smtp = &mail.smtp;
            let mailer = Mailer::smtp(SmtpSettings {
                host: smtp.host.clone(),
                port: smtp.port,
                tls: match smtp.tls {
                    SmtpEncryption::Starttls => SmtpTls::StartTls,
                    SmtpEncryption::Tls => SmtpTls::Tls,
                    SmtpEncryption::None => SmtpTls::Plain,
                },
                user: smtp.user.clone(),
                password: smtp.password.as_ref().map(|p| p.wrapped().clone()),
                extra_root_pem: read_optional(smtp.extra_root_ca.as_deref(), "mail.smtp.extra_root_ca")?,
                timeout: Duration::from_millis(smtp.timeout_ms),
            })?;
            Ok((mailer, None))
        }
    }
}

fn webhooks(settings: &Settings) -> anyhow::Result<Sender> {
    let wanted = &settings.webhooks;
    Sender::new(WebhookSettings {
        rules: TargetRules {
            allow_private: wanted.allow_private.clone(),
            allow_loopback: wanted.allow_loopback,
        },
        extra_root_pem: read_pem(wanted.extra_ca.as_deref(), "webhooks.extra_ca")?,
        timeout: Duration::from_millis(wanted.timeout_ms),
    })
    .context("webhooks")
}

/// The URL of an address on this machine.
#[must_use]
pub fn local_url(scheme: &str, address: SocketAddr) -> Option<Url> {
    Url::parse(&format!("{scheme}://{address}")).ok()
}
