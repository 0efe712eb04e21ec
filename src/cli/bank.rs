//! The commands about banks.

use super::fallback::fallback;
use super::{ConfigFile, load, read_password};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use smartpay::app;
use smartpay::bank::BankError;
use smartpay::bank::access::Holder;
use smartpay::bank::berlin_group::enrolment::{AppRequest, Applicant, Portal};
use smartpay::bank::calls::Calls;
use smartpay::bank::directory::Directory;
use smartpay::clock::Clock;
use smartpay::flow::enrol_bank::{EnrolError, create_app};
use url::Url;

#[derive(Debug, Subcommand)]
pub enum BankCommand {
    /// Enrol at a bank's portal, in two runs: register a user; with --activated create the app
    Enrol(Box<Enrolment>),
    /// List the banks: active, or why not
    List(ConfigFile),
    /// Show where a STET bank's fallback interface leads, for when its own interface fails
    Fallback(Which),
}

#[derive(Debug, Args)]
pub struct Which {
    #[command(flatten)]
    config: ConfigFile,
    /// The bank's code
    bank: String,
}

#[derive(Debug, Args)]
pub struct Enrolment {
    #[command(flatten)]
    config: ConfigFile,
    /// The bank's code; its bank.CODE.base_url must be in the settings
    bank: String,
    /// User name at the portal; its password is read from standard input
    #[arg(long)]
    username: String,
    /// First name of the person who registers
    #[arg(long)]
    first_name: String,
    /// Last name of the person who registers
    #[arg(long)]
    last_name: String,
    /// Organization; spaces become - where the portal does not take them
    #[arg(long)]
    organization: String,
    /// Short name of the app
    #[arg(long)]
    app_name: String,
    /// What people read; the app's name when not given
    #[arg(long)]
    app_title: Option<String>,
    /// Where payers come back to: PUBLIC-ADDRESS/payment-return/BANK
    #[arg(long, value_name = "URL")]
    redirect_uri: Url,
    /// The link in the activation mail was opened: create the app
    #[arg(long)]
    activated: bool,
    /// Create a new app although one is stored
    #[arg(long)]
    replace: bool,
}

pub async fn run(command: BankCommand) -> anyhow::Result<()> {
    match command {
        BankCommand::Enrol(enrolment) => enrol(*enrolment).await,
        BankCommand::Fallback(which) => fallback(&load(&which.config)?, &which.bank).await,
        BankCommand::List(file) => {
            for bank in app::bank_standings(&load(&file)?)? {
                let state = bank.problem.unwrap_or_else(|| "active".to_owned());
                println!("{}\t{}\t{state}", bank.code, bank.name);
            }
            Ok(())
        }
    }
}

async fn enrol(wanted: Enrolment) -> anyhow::Result<()> {
    let settings = load(&wanted.config)?;
    let bank = wanted.bank.as_str();
    let configured = settings.bank.get(bank).and_then(|s| s.base_url.clone());
    let base = Directory::shipped()?.portal(bank, configured)?;
    let db = app::database(&settings)?;
    let tools = app::banks::tools(&settings, &db, &Clock::default(), Calls::default())?;
    let known = tools.keeper.login(bank, &Holder::Operator).await;
    match known {
        Ok(_) if !wanted.replace => bail!("{bank} is enrolled already; --replace creates a new app in its place"),
        Err(BankError::NotSent(problem)) => bail!("{problem}"),
        _ => {}
    }
    let portal = Portal::new(&tools.http, bank, &base).context("bank.base_url must be https, or http on this machine")?;
    let who = Applicant {
        username: wanted.username,
        password: read_password("Password at the portal: ")?,
        first_name: wanted.first_name,
        last_name: wanted.last_name,
        organization: wanted.organization,
    };
    if !wanted.activated {
        portal.register(&who).await.map_err(|e| in_words(e, false))?;
        println!("registered; the bank sends a mail: open the link in it, then run the same command with --activated");
        return Ok(());
    }
    let app = AppRequest {
        title: wanted.app_title.unwrap_or_else(|| wanted.app_name.clone()),
        name: wanted.app_name,
        redirect_uri: wanted.redirect_uri,
    };
    let created = create_app(&db, &portal, bank, (&who, &app), "cli", Clock::default().now()).await;
    let id = created.map_err(|error| match error {
        EnrolError::Bank(error) => in_words(error, true),
        other => other.into(),
    })?;
    println!("enrolled: client id {id}; the secret is stored sealed. `smartpay serve` uses both from its next start on");
    if settings.bank.get(bank).is_some_and(|s| !s.client_id.is_empty()) {
        println!("the settings name another client id: remove bank.{bank}.client_id and bank.{bank}.client_secret to use this one");
    }
    Ok(())
}

/// What the bank's answer means to the person at the terminal, and what can be done.
fn in_words(error: BankError, creating: bool) -> anyhow::Error {
    let mend = match &error {
        BankError::Refused { status: 409, .. } if !creating => {
            "the user is there already: run again with --activated once the mail is confirmed"
        }
        BankError::Refused { status: 401, .. } => "user name or password is wrong, or not registered yet: leave --activated away first",
        BankError::Refused { status: 403, .. } => "open the link in the activation mail first",
        BankError::Refused { status: 400 | 422, .. } => "mend what the bank names",
        BankError::Refused { status: 429, .. } => "wait some minutes",
        BankError::Refused { .. } => "look whether base_url is right",
        BankError::NotSent(_) => "nothing was sent: look at base_url, and at the certificates of bank_calls",
        BankError::Unknown(_) if creating => "look in the portal whether the app is there, and delete it before trying again",
        BankError::Unknown(_) => "trying again is safe",
        BankError::Unsupported => "look at base_url and redirect-uri",
    };
    match &error {
        BankError::Refused { text, .. } if !text.is_empty() => anyhow::anyhow!("{error} ({text}); {mend}"),
        _ => anyhow::anyhow!("{error}; {mend}"),
    }
}
