//! What each command does.

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use smartpay::app::{self, App};
use smartpay::clock::Clock;
use smartpay::config::Settings;
use smartpay::crypto::Vault;
use smartpay::demo::run::Demo;
use smartpay::demo::setup::{Ports, read_certificate};
use smartpay::flow::{FlowError, add_admin, add_partner, after_restore};
use smartpay::partner::{Partner, PartnerKind};
use smartpay::payment::Currency;
use smartpay::sandbox::{self, SandboxClient, SandboxSettings};
use smartpay::store::connection::Location;
use smartpay::store::{self, partners};
use smartpay::telemetry;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;
use url::Url;

mod service_accounts;

use service_accounts::{bank_credentials, read_password};

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
    /// After an older copy of the database was put back, and before serving: nothing in it is sent to a bank again
    AfterRestore(ConfigFile),
    /// Print the settings, secrets masked
    CheckConfig(ConfigFile),
    /// Partners
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Users of the back office
    #[command(subcommand)]
    Admin(AdminCommand),
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
    /// Keeps the banks' books over a restart
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
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

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Ecommerce,
    Finance,
}

#[derive(Debug, Args)]
struct NewPartner {
    #[command(flatten)]
    config: ConfigFile,
    /// The id it presents at the gateway
    #[arg(long)]
    client_id: String,
    /// The name payers see
    #[arg(long)]
    name: String,
    /// What its payers may change
    #[arg(long, value_enum)]
    kind: Kind,
    /// ISO 4217 code
    #[arg(long, default_value = "RON")]
    currency: String,
    /// Its client certificate, PEM
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// Accept only this very certificate, not any of the same subject and issuer
    #[arg(long)]
    pin: bool,
    /// Where its payers may be sent back to (repeatable)
    #[arg(long = "redirect-url", required = true, value_name = "URL")]
    redirect_urls: Vec<Url>,
    /// It may vary path and query of the redirect URL
    #[arg(long)]
    flexible_redirect: bool,
    /// Its colour, #rrggbb
    #[arg(long, default_value = "#1f4e79")]
    colour: String,
    /// Its logo, PNG or JPEG, at most 200 kB
    #[arg(long, value_name = "FILE")]
    logo: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Add a user; the password is read from standard input
    Add {
        #[command(flatten)]
        config: ConfigFile,
        /// The name to sign in with
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
        Command::AfterRestore(file) => after_restored(&load(&file)?).await,
        Command::CheckConfig(file) => {
            println!("{}", load(&file)?.masked()?.trim_end());
            Ok(())
        }
        Command::Partner(PartnerCommand::Add(new)) => partner_add(*new).await,
        Command::Partner(PartnerCommand::List(file)) => partner_list(&load(&file)?).await,
        Command::Partner(PartnerCommand::BankCredentials {
            config,
            client_id,
            bank,
            user,
        }) => bank_credentials(&load(&config)?, &client_id, &bank, user).await,
        Command::Admin(AdminCommand::Add { config, user }) => admin_add(&load(&config)?, &user).await,
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
        operations_port,
        shop_port,
    } = options;
    let ports = Ports {
        public: public_port,
        gateway: gateway_port,
        banks: banks_port,
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
    format!(
        r"
  SmartPay is running, with everything to try it ({made}).

    Start here     {site}
    Shop           {site}shop         buy something, pay from a test account
    Accounting     {site}erp          pay an invoice whose fields can be changed
    Mailbox        {site}mailbox      the mails payers get
    Sandbox banks  {banks}            test customers and their codes
    Telephones     {banks}phone       approve pushed payments, read one-time codes
    Scenarios      {banks}scenarii    which amount or customer triggers which story
    Back office    {office}   user {user}, password in demo.json
    Partner API    {gateway}         mutual TLS; certificates in {dir}/certificates
    Health         {operations}health/ready

  All addresses, certificates and the admin's first login: {dir}/demo.json
  No real bank and no real money anywhere. Ctrl-C stops; --reset begins anew.
",
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
    settings.clients = vec![SandboxClient {
        client_id: options.client_id,
        client_secret: None,
        redirect_uris: options.redirect_uris,
    }];
    settings.ledger_file = options.ledger;
    let (server, _) = sandbox::start(listener, settings, Clock::default())?;
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

async fn partner_add(new: NewPartner) -> anyhow::Result<()> {
    let settings = load(&new.config)?;
    let certificate = read_certificate(&new.certificate)?;
    let Some(currency) = Currency::from_code(&new.currency.to_uppercase()) else {
        bail!("--currency: {} is not served; RON, EUR or RSD are", new.currency)
    };
    let logo = new.logo.as_deref().map(read_logo).transpose()?;
    let partner = Partner {
        id: uuid::Uuid::now_v7().to_string(),
        client_id: new.client_id.clone(),
        name: new.name,
        kind: match new.kind {
            Kind::Ecommerce => PartnerKind::Ecommerce,
            Kind::Finance => PartnerKind::Finance,
        },
        currency,
        certificate_subject: certificate.subject.clone(),
        certificate_issuer: certificate.issuer.clone(),
        certificate_sha256: new.pin.then(|| certificate.sha256.clone()),
        redirect_urls: new.redirect_urls,
        flexible_redirect: new.flexible_redirect,
        colour: new.colour,
        has_logo: logo.is_some(),
        active: true,
    };
    let db = app::database(&settings)?;
    add_partner::add_partner(&db, partner, logo, "cli", Clock::default().now())
        .await
        .map_err(refused)?;
    println!(
        "added {} with the certificate of {} (SHA-256 {})",
        new.client_id, certificate.subject, certificate.sha256
    );
    Ok(())
}

/// Reads a logo, typed by its content.
fn read_logo(path: &Path) -> anyhow::Result<(Vec<u8>, String)> {
    let bytes = std::fs::read(path).with_context(|| format!("--logo: cannot read {}", path.display()))?;
    if bytes.len() > 200_000 {
        bail!("--logo: {} is larger than 200 kB", path.display());
    }
    let media_type = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        _ => bail!("--logo: {} is neither PNG nor JPEG", path.display()),
    };
    Ok((bytes, media_type.into()))
}

async fn partner_list(settings: &Settings) -> anyhow::Result<()> {
    let db = app::database(settings)?;
    for partner in db.read(partners::list).await? {
        let state = if partner.active { "active" } else { "suspended" };
        println!(
            "{}\t{}\t{}\t{}\t{state}\t{}",
            partner.client_id,
            partner.name,
            partner.kind.as_str(),
            partner.currency,
            partner.certificate_subject
        );
    }
    Ok(())
}

async fn admin_add(settings: &Settings, user: &str) -> anyhow::Result<()> {
    let db = app::database(settings)?;
    let password = read_password(&format!("Password (at least {} characters): ", add_admin::MIN_PASSWORD_CHARS))?;
    add_admin::add_admin(&db, user, password, "cli", Clock::default().now())
        .await
        .map_err(refused)?;
    println!("added {user}");
    Ok(())
}
