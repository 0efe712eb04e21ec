//! The commands that look after the database: the audit log's verification, and filling it for trials.

use super::{ConfigFile, load};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use smartpay::app;
use smartpay::clock::Clock;
use smartpay::demo::volume;
use smartpay::store::audit::{self, Verified};
use smartpay::store::audit_checkpoints::{self, ROWS};

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Verify that no row of the audit log was changed, taken out, moved or cut off; says where if one was
    Verify {
        #[command(flatten)]
        config: ConfigFile,
        /// A checkpoint from the program's log that must still be there, as NUMBER:MAC (repeatable)
        #[arg(long = "checkpoint", value_name = "NUMBER:MAC")]
        checkpoints: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub struct Volume {
    #[command(flatten)]
    config: ConfigFile,
    /// How many payments
    payments: usize,
}

/// Runs a command about the audit log.
///
/// # Errors
/// When the log is not what was written, with the place; or a text for the person at the terminal.
pub async fn audit(command: AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::Verify { config, checkpoints } = command;
    let db = app::database(&load(&config)?)?;
    let known: Vec<(i64, String)> = checkpoints
        .iter()
        .map(|text| {
            let (number, mac) = text.split_once(':').context("a checkpoint is written NUMBER:MAC")?;
            Ok((number.parse().context("a checkpoint's number is a whole number")?, mac.to_owned()))
        })
        .collect::<anyhow::Result<_>>()?;
    match db.read(audit::verify).await? {
        Verified::Broken { at, what } => bail!("the audit log is not what was written: at row {at}, {}", what.as_str()),
        Verified::Intact { rows, checkpoints, beyond } => {
            for (number, mac) in known {
                let there = mac.clone();
                if !db.read(move |a| audit_checkpoints::is_there(a, number, &there)).await? {
                    bail!("checkpoint {number} is not there, or is another one: the newest rows and checkpoints were cut off");
                }
            }
            println!("the audit log is intact: {rows} rows, {checkpoints} checkpoints");
            if beyond > 0 {
                println!("no checkpoint vouches for the newest {beyond} rows yet (one is made after {ROWS} rows, and each day)");
            }
            Ok(())
        }
    }
}

/// Fills a database.
///
/// # Errors
/// When the service can be reached by others, or a text of the database.
pub async fn seed_volume(volume: Volume) -> anyhow::Result<()> {
    let context = app::context(&load(&volume.config)?, Clock::default())?;
    let (many, tenth) = (volume.payments, (volume.payments / 10).max(1));
    let mut said = 0;
    volume::seed(&context, many, |done| {
        if done / tenth > said {
            said = done / tenth;
            println!("{done} of {many} payments");
        }
    })
    .await
}
