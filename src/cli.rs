//! What each command does.

mod admins;
mod bank;
mod copies;
mod fallback;
mod keys;
mod partners;
mod retention;
mod service_accounts;
mod signing_keys;
mod upkeep;

use partners::NewPartner;
use service_accounts::{bank_credentials, read_password};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use smartpay::app::{self, App};
use smartpay::clock::Clock;
use smartpay::config::Settings;
use smartpay::crypto::Vault;
use smartpay::demo::run::Demo;
use smartpay::demo::setup::Ports;
use smartpay::demo::stet_banks;
use smartpay::flow::{FlowError, after_restore};
use smartpay::sandbox::{self, SandboxClient, SandboxSettings};
use smartpay::store;
use smartpay::store::connection::Location;
use smartpay::telemetry;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;
use url::Url;

/// A hosted payment initiation service.
#[derive(Debug, Parser)]
#[command(name = "smartpay", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// Settings that go over config/default.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve hosted page, back office and partner API
    Serve(ConfigFile),
    /// Bring up everything on this machine: service, sandbox banks, demo shop, mailbox
    Demo(DemoOptions),
    /// Serve the sandbox banks only
    SandboxBanks(BankOptions),
    /// Bring the database up to date; makes the encryption key file when it is missing
    Migrate(ConfigFile),
    /// Write a copy of a SQLite database, also while the service goes on
    Backup(copies::Backup),
    /// Put a copy of a SQLite database back, with the service stopped: nothing in it is sent to a bank again
    Restore(copies::Restore),
    /// After an older copy of the database was put back by other means, and before serving: nothing in it is sent to a bank again
    AfterRestore(ConfigFile),
    /// Erase what the law no longer asks us to keep: onboarding files, and personal data of old payments
    Retention {
        #[command(flatten)]
        config: ConfigFile,
        /// Say what would be erased, and erase nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Change the key with which columns are sealed: prepare, switch, status, finish, with restarts in between
    #[command(subcommand)]
    RotateKey(keys::KeyCommand),
    /// Our own signing keys, for access tokens and signed answers
    #[command(subcommand)]
    SigningKey(signing_keys::SigningKeyCommand),
    /// Print the settings, secrets masked
    CheckConfig(ConfigFile),
    /// Banks
    #[command(subcommand)]
    Bank(bank::BankCommand),
    /// Partners
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Users of the back office
    #[command(subcommand)]
    Admin(admins::AdminCommand),
    /// The audit log
    #[command(subcommand)]
    Audit(upkeep::AuditCommand),
    /// Fill a database on this machine with payments that never were, to try pages and searches at size
    #[command(hide = true)]
    SeedVolume(upkeep::Volume),
}

#[derive(Debug, Args)]
struct DemoOptions {
    /// Where it keeps its files
    #[arg(long, default_value = "var/demo", value_name = "FOLDER")]
    dir: PathBuf,
    /// Begin anew
    #[arg(long)]
    reset: bool,
    /// Hosted page and back office
    #[arg(long, default_value_t = 8080)]
    public_port: u16,
    /// Partner API
    #[arg(long, default_value_t = 8443)]
    gateway_port: u16,
    /// Sandbox banks
    #[arg(long, default_value_t = 8090)]
    banks_port: u16,
    /// Sandbox banks that ask for a client certificate
    #[arg(long, default_value_t = 8091)]
    banks_tls_port: u16,
    /// Health and metrics
    #[arg(long, default_value_t = 8081)]
    operations_port: u16,
    /// Shop, accounting page and mailbox
    #[arg(long, default_value_t = 8070)]
    shop_port: u16,
}

#[derive(Debug, Args)]
struct BankOptions {
    /// Port on loopback
    #[arg(long, default_value_t = 8090)]
    port: u16,
    /// Client id of the TPP
    #[arg(long)]
    client_id: String,
    /// Where PSUs may be sent back to (repeatable)
    #[arg(long = "redirect-uri", required = true, value_name = "URL")]
    redirect_uris: Vec<Url>,
    /// Address browsers and TPPs reach it under, when there is a proxy in between
    #[arg(long, value_name = "URL")]
    base_url: Option<Url>,
    /// Keeps the banks' books over a restart; those of the STET banks beside it
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Port on loopback of the STET banks, which ask for a client certificate
    #[arg(long, default_value_t = 8091)]
    banks_tls_port: u16,
    /// Runs the STET banks too, with certificates of a development CA in this folder; they are made when missing
    #[arg(long, value_name = "FOLDER")]
    certificates: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum PartnerCommand {
    /// Add a partner
    Add(Box<NewPartner>),
    /// List partners
    List(ConfigFile),
    /// Store the login of a partner's service account at a bank; the password is read from standard input
    BankCredentials {
        #[command(flatten)]
        config: ConfigFile,
        /// The partner
        #[arg(long)]
        client_id: String,
        /// The bank's code
        #[arg(long)]
        bank: String,
        /// The name the service account logs in with
        #[arg(long)]
        user: String,
    },
}

/// Runs a command.
///
/// # Errors
/// A text for the person at the terminal.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(file) => serve(&load(&file)?).await,
        Command::Demo(options) => demo(options).await,
        Command::SandboxBanks(options) => sandbox_banks(options).await,
        Command::Migrate(file) => migrate(&load(&file)?),
        Command::Backup(command) => copies::backup(&command),
        Command::Restore(command) => copies::restore(&command).await,
        Command::AfterRestore(file) => after_restored(&load(&file)?).await,
        Command::SigningKey(command) => signing_keys::run(command).await,
        Command::RotateKey(command) => keys::run(command).await,
        Command::Retention { config, dry_run } => retention::run(&load(&config)?, dry_run).await,
        Command::CheckConfig(file) => {
            println!("{}", load(&file)?.masked()?.trim_end());
            Ok(())
        }
        Command::Bank(command) => bank::run(command).await,
        Command::Partner(PartnerCommand::Add(new)) => partners::add(*new).await,
        Command::Partner(PartnerCommand::List(file)) => partners::list(&load(&file)?).await,
        Command::Partner(PartnerCommand::BankCredentials {
            config,
            client_id,
            bank,
            user,
        }) => bank_credentials(&load(&config)?, &client_id, &bank, user).await,
        Command::Admin(command) => admins::run(command).await,
        Command::Audit(command) => upkeep::audit(command).await,
        Command::SeedVolume(volume) => upkeep::seed_volume(volume).await,
    }
}

fn load(file: &ConfigFile) -> anyhow::Result<Settings> {
    Ok(Settings::load(file.config.as_deref())?)
}

/// Cancels the token at SIGTERM or Ctrl-C.
fn stop_on_signal(stop: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("stopping: requests in flight finish first");
        stop.cancel();
    });
    Ok(())
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    telemetry::start_logging(&settings.log).map_err(anyhow::Error::msg)?;
    let clock = Clock::default();
    #[cfg(feature = "fail-points")]
    smartpay::fail_point::start(&clock).map_err(anyhow::Error::msg)?;
    let app = App::build(settings, clock)?;
    stop_on_signal(app.stop_token())?;
    tracing::info!(public = %app.addresses.public, gateway = %app.addresses.gateway, operations = %app.addresses.operations, "serving");
    app.run(true).await
}

async fn demo(options: DemoOptions) -> anyhow::Result<()> {
    let DemoOptions {
        dir,
        reset,
        public_port,
        gateway_port,
        banks_port,
        banks_tls_port,
        operations_port,
        shop_port,
    } = options;
    let ports = Ports {
        public: public_port,
        gateway: gateway_port,
        banks: banks_port,
        banks_tls: banks_tls_port,
        operations: operations_port,
        shop: shop_port,
    };
    telemetry::start_logging(&Settings::demo_log()?).map_err(anyhow::Error::msg)?;
    let demo = Demo::build(&dir, ports, reset).await?;
    stop_on_signal(demo.stop_token())?;
    println!("{}", welcome(&demo, &dir));
    demo.run().await
}

fn welcome(demo: &Demo, dir: &Path) -> String {
    let file = &demo.file;
    let made = if demo.fresh { "made just now" } else { "found from last time" };
    let older = if stet_banks::are_made(&dir.join("certificates")) && file.partners.len() > 2 {
        ""
    } else {
        "\n  This folder is from before there were payments in euro and dinars: --reset adds them.\n"
    };
    format!(
        r"
  SmartPay is running, with everything to try it ({made}).

    Start here     {site}
    Shop           {site}shop         buy something, pay from a test account
    Accounting     {site}erp          pay an invoice whose fields can be changed; /erp/dinari in dinars
    Mailbox        {site}mailbox      the mails payers get
    Sandbox banks  {banks}            test customers and their codes
    Telephones     {banks}phone       approve pushed payments, read one-time codes
    Scenarios      {banks}scenarii    which amount or customer triggers which story
    Back office    {office}   user {user}, password in demo.json, one-time code on the first page
    Partner API    {gateway}         mutual TLS; certificates in {dir}/certificates
    Health         {operations}health/ready

  All addresses, certificates and the admin's first login: {dir}/demo.json
  No real bank and no real money anywhere. Ctrl-C stops; --reset begins anew.
{older}",
        site = file.demo_site,
        banks = file.sandbox_banks,
        office = file.back_office,
        user = file.admin_user,
        gateway = file.gateway,
        operations = file.operations,
        dir = dir.display(),
    )
}

async fn sandbox_banks(options: BankOptions) -> anyhow::Result<()> {
    telemetry::start_logging(&Settings::demo_log()?).map_err(anyhow::Error::msg)?;
    let listener = app::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)), "--port")?;
    let local = app::local_url("http", listener.local_addr()?).context("no address")?;
    let base_url = options.base_url.unwrap_or(local);
    let mut settings = SandboxSettings::new(base_url.clone());
    let client = |client_id: String| SandboxClient {
        client_id,
        client_secret: None,
        redirect_uris: options.redirect_uris.clone(),
    };
    settings.clients = vec![client(options.client_id), client(stet_banks::ORGANIZATION.into())];
    let clock = Clock::default();
    let (server, _) = match options.certificates {
        None => {
            settings.ledger_file = options.ledger;
            sandbox::start(listener, settings, clock)?
        }
        Some(folder) => {
            stet_banks::make_missing(&folder, &clock)?;
            let tls = app::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.banks_tls_port)), "--banks-tls-port")?;
            let api_url = app::local_url("https", tls.local_addr()?).context("no address")?;
            let stet_ledger = options.ledger.as_ref().map(|file| file.with_extension("stet.jsonl"));
            println!(
                "STET banks at {api_url}stet/ for {} (certificates in {})",
                stet_banks::ORGANIZATION,
                folder.display()
            );
            settings.stet = Some(stet_banks::settings(&folder, api_url, stet_ledger)?);
            settings.ledger_file = options.ledger;
            sandbox::start_with_tls(listener, tls, settings, clock)?
        }
    };
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    println!("Sandbox banks at {base_url} (no real money). Ctrl-C stops.");
    let handle = server.handle();
    let running = tokio::spawn(server);
    stop.cancelled().await;
    handle.stop(true).await;
    Ok(running.await??)
}

fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let key_file = &settings.encryption.key_file;
    if !key_file.exists() {
        smartpay::demo::certificates::write_private(key_file, Vault::new_key_file().as_bytes())?;
        println!(
            "made the encryption key file {} (mode 0600): keep a copy in a safe place",
            key_file.display()
        );
    }
    Vault::open_file(key_file)?;
    let done = store::migrate(&Location::parse(settings.database.url.expose())?)?;
    match done.len() {
        0 => println!("the database is up to date"),
        _ => println!("migrated: {}", done.join(", ")),
    }
    Ok(())
}

async fn after_restored(settings: &Settings) -> anyhow::Result<()> {
    let clock = Clock::default();
    let context = app::context(settings, clock)?;
    let done = after_restore::after_restore(&context, "cli").await?;
    println!("{done} payments are in doubt now; their banks are asked where that is possible, and admins resolve the rest");
    Ok(())
}

fn refused(error: FlowError) -> anyhow::Error {
    match error {
        FlowError::Invalid(problems) => {
            let lines: Vec<String> = problems.iter().map(|p| format!("{}: {}", p.field, p.message)).collect();
            anyhow::anyhow!("{}", lines.join("\n"))
        }
        other => other.into(),
    }
}
