//! Copies of the database: writing one while the service goes on, and putting one back.

use super::load;
use anyhow::{Context as _, bail};
use clap::Args;
use smartpay::app;
use smartpay::clock::Clock;
use smartpay::config::{Secret, Settings};
use smartpay::flow::after_restore::after_restore;
use smartpay::store;
use smartpay::store::connection::Location;
use smartpay::store::copies::{self, Alone};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    config: super::ConfigFile,
    /// Where to write the copy; there must be no such file yet
    #[arg(value_name = "FILE")]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    config: super::ConfigFile,
    /// The copy
    #[arg(value_name = "FILE")]
    from: PathBuf,
}

/// The database's file.
fn file_of(settings: &Settings) -> anyhow::Result<PathBuf> {
    match Location::parse(settings.database.url.expose())? {
        Location::Sqlite(path) => Ok(path.into()),
        Location::Postgres(_) => bail!(
            "the database is PostgreSQL: copies are written by pg_dump or pg_basebackup and put back by pg_restore or from the \
             archive; after putting one back, and before serving, run smartpay after-restore"
        ),
    }
}

/// Writes a copy.
///
/// # Errors
/// A text that says what to mend.
pub fn backup(command: &Backup) -> anyhow::Result<()> {
    let settings = load(&command.config)?;
    copies::write(&file_of(&settings)?, &command.to)?;
    let bytes = std::fs::metadata(&command.to)?.len();
    println!("wrote {} ({bytes} bytes) and read it through", command.to.display());
    println!(
        "What it has sealed opens only with the keys of {}: keep a copy of that file too, and elsewhere.",
        settings.encryption.key_file.display()
    );
    Ok(())
}

/// Puts a copy back. Everything that could fail is done to a file beside the database; only then is it exchanged.
///
/// # Errors
/// A text that says what to mend; the database is as it was then.
pub async fn restore(command: &Restore) -> anyhow::Result<()> {
    let settings = load(&command.config)?;
    let database = file_of(&settings)?;
    copies::check(&command.from)?;
    let made_new = !database.exists();
    if made_new {
        // So that there is something to put aside, and to hold against a service that is being started.
        store::migrate(&Location::parse(settings.database.url.expose())?)?;
    }
    let held = Alone::with(&database)?;
    let prepared = PathBuf::from(format!("{}.restoring", database.display()));
    let in_doubt = match prepare(&settings, &command.from, &prepared).await {
        Ok(in_doubt) => in_doubt,
        Err(error) => {
            forget(&prepared);
            return Err(error);
        }
    };
    let aside = format!("before-restore-{}", Clock::default().now().format("%Y%m%dT%H%M%SZ"));
    let kept = held.replace_by(Alone::with(&prepared)?, &aside)?;
    forget(&prepared);
    println!("{} is in place as {}", command.from.display(), database.display());
    if made_new {
        std::fs::remove_file(&kept)?;
    } else {
        println!("what was there before is kept as {}", kept.display());
    }
    println!(
        "{in_doubt} payments are in doubt now: what happened after the copy was written is not in it, so none of them is sent to a bank again."
    );
    println!("Their banks are asked where that is possible, and admins resolve the rest. The service may be started.");
    Ok(())
}

/// Copies the copy, brings it up to date, tries the keys, and puts in doubt what had not ended; answers how much that was.
async fn prepare(settings: &Settings, from: &Path, prepared: &Path) -> anyhow::Result<usize> {
    forget(prepared);
    std::fs::copy(from, prepared).with_context(|| format!("cannot write {}", prepared.display()))?;
    let mut settings = settings.clone();
    settings.database.url = Secret::new(format!("sqlite://{}", prepared.display()));
    store::migrate(&Location::parse(settings.database.url.expose())?)?;
    let context = app::context(&settings, Clock::default())?;
    context.db.read(copies::opens).await.with_context(|| {
        format!(
            "the keys of {} do not open this copy: restore the key file of its time first",
            settings.encryption.key_file.display()
        )
    })?;
    Ok(after_restore(&context, "cli").await?)
}

/// Removes what a restore that broke off has left.
fn forget(prepared: &Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", prepared.display()));
    }
}
