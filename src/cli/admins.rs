//! Users of the back office on the command line: the first one, and those who cannot get in any more.

use super::{ConfigFile, load, read_password, refused};
use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use smartpay::app;
use smartpay::clock::Clock;
use smartpay::config::Settings;
use smartpay::flow::admins::manage::{Act, Actor, NewAdmin, act, add, set_password};
use smartpay::flow::admins::policy::MIN_PASSWORD_CHARS;
use smartpay::store::Db;
use smartpay::store::admins::{self, Admin, Role};

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Add a user; the first password is read from standard input and must be changed at the first sign-in
    Add {
        #[command(flatten)]
        who: Who,
        /// What the user may do
        #[arg(long, value_enum, default_value_t = RoleName::Administrator)]
        role: RoleName,
    },
    /// Give a user a new password, read from standard input, that must be changed at the next sign-in; ends the sessions
    Reset {
        #[command(flatten)]
        who: Who,
        /// Forget the authenticator app and the recovery codes too, for a user who lost them
        #[arg(long)]
        totp: bool,
    },
    /// Let a locked user sign in again
    Unlock(Who),
    /// List users: name, role, state, whether an authenticator app is connected, last sign-in (UTC)
    List(ConfigFile),
}

#[derive(Debug, Args)]
pub(super) struct Who {
    #[command(flatten)]
    config: ConfigFile,
    /// The name to sign in with
    #[arg(long)]
    user: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RoleName {
    Administrator,
    Operations,
    Support,
    Compliance,
    ReadOnly,
}

impl RoleName {
    const fn role(self) -> Role {
        match self {
            Self::Administrator => Role::Administrator,
            Self::Operations => Role::Operations,
            Self::Support => Role::Support,
            Self::Compliance => Role::Compliance,
            Self::ReadOnly => Role::ReadOnly,
        }
    }
}

pub(super) async fn run(command: AdminCommand) -> anyhow::Result<()> {
    match command {
        AdminCommand::Add { who, role } => added(&load(&who.config)?, who.user, role.role()).await,
        AdminCommand::Reset { who, totp } => reset(&load(&who.config)?, &who.user, totp).await,
        AdminCommand::Unlock(who) => unlock(&load(&who.config)?, &who.user).await,
        AdminCommand::List(file) => list(&load(&file)?).await,
    }
}

fn prompt() -> String {
    format!("First password (at least {MIN_PASSWORD_CHARS} characters): ")
}

async fn added(settings: &Settings, user_name: String, role: Role) -> anyhow::Result<()> {
    let db = app::database(settings)?;
    let name = user_name.clone();
    let new = NewAdmin {
        user_name,
        password: read_password(&prompt())?,
        role,
        must_change_password: true,
    };
    add(&db, new, &settings.operator.name, "cli", Clock::default().now())
        .await
        .map_err(refused)?;
    println!(
        "added {name} ({}); the password must be changed at the first sign-in",
        role.as_str()
    );
    Ok(())
}

async fn known(db: &Db, user_name: &str) -> anyhow::Result<Admin> {
    let wanted = user_name.to_owned();
    match db.read(move |a| admins::by_user_name(a, &wanted)).await? {
        Some(admin) => Ok(admin),
        None => bail!("--user: there is no user {user_name}; `smartpay admin list` shows all"),
    }
}

async fn reset(settings: &Settings, user_name: &str, totp: bool) -> anyhow::Result<()> {
    let db = app::database(settings)?;
    let (admin, now) = (known(&db, user_name).await?, Clock::default().now());
    let password = read_password(&prompt())?;
    let actor = Actor::CommandLine;
    set_password(&db, &admin.id, password, &actor, &settings.operator.name, now)
        .await
        .map_err(refused)?;
    if totp {
        act(&db, &admin.id, Act::ResetTotp, &actor, now).await.map_err(refused)?;
    }
    println!("{user_name} has a new password, which must be changed at the next sign-in");
    Ok(())
}

async fn unlock(settings: &Settings, user_name: &str) -> anyhow::Result<()> {
    let db = app::database(settings)?;
    let admin = known(&db, user_name).await?;
    act(&db, &admin.id, Act::Unlock, &Actor::CommandLine, Clock::default().now())
        .await
        .map_err(refused)?;
    println!("{user_name} may sign in");
    Ok(())
}

async fn list(settings: &Settings) -> anyhow::Result<()> {
    let db = app::database(settings)?;
    for admin in db.read(admins::all).await? {
        let state = if admin.active { "active" } else { "locked" };
        let device = if admin.has_totp { "app" } else { "no-app" };
        let last = admin
            .last_sign_in_at
            .map_or_else(|| "never".into(), |at| at.format("%Y-%m-%d %H:%M").to_string());
        println!("{}\t{}\t{state}\t{device}\t{last}", admin.user_name, admin.role.as_str());
    }
    Ok(())
}
