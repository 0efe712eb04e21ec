//! The change of the key with which columns are sealed, step by step, on the command line.

use super::{ConfigFile, load};
use anyhow::{Context as _, bail};
use clap::Subcommand;
use smartpay::app;
use smartpay::config::Settings;
use smartpay::crypto::key_file;
use smartpay::store::Db;
use smartpay::store::reseal::{self, Pass};
use std::path::Path;
use zeroize::Zeroizing;

/// Values that the last look reads at once.
const AT_ONCE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// First step: add a new key that opens and does not seal yet. Then give the file to all nodes and restart them
    Prepare(ConfigFile),
    /// Second step: the new key seals. Give the file to all nodes, restart them; they seal all again while they serve
    Switch(ConfigFile),
    /// How far they are
    Status(ConfigFile),
    /// Last step: take the old keys out of the file, once nothing in the database is sealed with them
    Finish(ConfigFile),
}

pub(super) async fn run(command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Prepare(config) => prepare(&load(&config)?),
        KeyCommand::Switch(config) => switch(&load(&config)?),
        KeyCommand::Status(config) => status(&app::database(&load(&config)?)?).await,
        KeyCommand::Finish(config) => finish(&load(&config)?).await,
    }
}

fn text(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Zeroizing::new(text))
}

fn prepare(settings: &Settings) -> anyhow::Result<()> {
    let path = &settings.encryption.key_file;
    let (new, id) = key_file::prepared(&text(path)?)?;
    key_file::replace(path, &new)?;
    println!("key {id} was added to {}; it opens and does not seal yet", path.display());
    println!("next: give the file to every node, restart each, keep a copy in a safe place; then `smartpay rotate-key switch`");
    Ok(())
}

fn switch(settings: &Settings) -> anyhow::Result<()> {
    let path = &settings.encryption.key_file;
    let (new, id) = key_file::switched(&text(path)?)?;
    key_file::replace(path, &new)?;
    println!("key {id} seals in {}; the older ones open", path.display());
    println!("next: give the file to every node and restart each; they seal again what older keys have sealed, while they");
    println!("serve. `smartpay rotate-key status` says how far they are; at the end: `smartpay rotate-key finish`");
    Ok(())
}

fn said(pass: &Pass, sealing: u32) -> String {
    let key = i64::from(sealing);
    match (pass.key_id == key, pass.ended_at, pass.started_at) {
        (true, Some(ended), _) => format!(
            "done at {} UTC: {} values looked at, {} sealed again with key {key}",
            ended.format("%Y-%m-%d %H:%M:%S"),
            pass.rows_seen,
            pass.values_resealed
        ),
        (true, None, Some(started)) => format!(
            "{} of {} values looked at since {} UTC, {} sealed again with key {key}",
            pass.rows_seen,
            pass.rows_all.max(pass.rows_seen),
            started.format("%Y-%m-%d %H:%M:%S"),
            pass.values_resealed
        ),
        _ => format!("not begun: no node that seals with key {key} has looked for older keys' values yet"),
    }
}

async fn status(db: &Db) -> anyhow::Result<()> {
    let vault = db.vault();
    if vault.keys() < 2 {
        println!("one key, {}: no change of key is under way", vault.seals_with());
        return Ok(());
    }
    println!("{}", said(&db.read(reseal::state).await?, vault.seals_with()));
    Ok(())
}

async fn finish(settings: &Settings) -> anyhow::Result<()> {
    let path = &settings.encryption.key_file;
    // Refused here when there is nothing to take out.
    let end = key_file::finished(&text(path)?)?;
    let db = app::database(settings)?;
    let sealing = db.vault().seals_with();
    let pass = db.read(reseal::state).await?;
    if pass.key_id != i64::from(sealing) || pass.ended_at.is_none() {
        bail!("not yet: {}", said(&pass, sealing));
    }
    let older = db.read(|a| reseal::not_resealed(a, AT_ONCE)).await?;
    if older > 0 {
        db.write(reseal::begin_again).await?;
        bail!(
            "still sealed with older keys: {older} values, perhaps by a node that was not restarted since the switch. \
             Restart it; the nodes look through all again. A value that does not open at all is named in their log"
        );
    }
    let names: Vec<String> = end.ids.iter().map(ToString::to_string).collect();
    let kept = path.with_extension(format!("retired-{}", names.join("-")));
    if kept.exists() {
        bail!("{} is there already: move it away first", kept.display());
    }
    key_file::replace(&kept, &end.retired)?;
    key_file::replace(path, &end.kept)?;
    println!(
        "nothing in the database needs key {} any more; it was moved to {}",
        names.join(", "),
        kept.display()
    );
    println!("keep that file apart, for as long as you keep backups from before today: they open only with it");
    Ok(())
}
