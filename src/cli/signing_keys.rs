//! Our own signing keys, on the command line.

use super::{ConfigFile, load};
use anyhow::bail;
use clap::Subcommand;
use smartpay::app;
use smartpay::clock::{Clock, Timestamp};
use smartpay::flow::FlowError;
use smartpay::flow::signing_keys::{FRESH_S, LEAD_MINUTES, rotate};

#[derive(Debug, Subcommand)]
pub(super) enum SigningKeyCommand {
    /// The keys there are: next, active, retired
    List(ConfigFile),
    /// Make the next key; it is shown at once, signs in an hour, and the one before stays verifiable
    Rotate {
        #[command(flatten)]
        config: ConfigFile,
        /// The keys there are were stolen: the new one signs at once, and nothing of theirs counts any more
        #[arg(long)]
        compromised: bool,
    },
}

fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".into(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string())
}

pub(super) async fn run(command: SigningKeyCommand) -> anyhow::Result<()> {
    match command {
        SigningKeyCommand::List(config) => {
            let cx = app::context(&load(&config)?, Clock::default())?;
            println!(
                "{:<43}  {:<7}  {:<19}  {:<19}  {:<19}",
                "kid", "state", "signs from (UTC)", "until", "shown until"
            );
            for key in cx.signing_keys().await?.keys() {
                let state = key.state(cx.now()).as_str();
                let (from, until, shown) = (time(Some(key.signs_from)), time(key.signs_until), time(key.shown_until));
                println!("{:<43}  {state:<7}  {from:<19}  {until:<19}  {shown:<19}", key.kid);
            }
        }
        SigningKeyCommand::Rotate { config, compromised } => {
            let cx = app::context(&load(&config)?, Clock::default())?;
            let made = match rotate(&cx, "cli", compromised).await {
                Err(FlowError::NotAllowed) => bail!(
                    "a next key waits to sign already (`smartpay signing-key list`); it takes over {LEAD_MINUTES} minutes after it was made"
                ),
                other => other?,
            };
            println!("key {} signs from {} UTC", made.kid, time(Some(made.signs_from)));
            if compromised {
                println!("nothing that the keys before have signed counts any more, on every node within {FRESH_S} seconds");
            } else {
                println!(
                    "the key before is shown until {} UTC; nothing is to be restarted",
                    time(Some(made.shown_until))
                );
            }
        }
    }
    Ok(())
}
