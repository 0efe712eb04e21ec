//! The logins of partners' service accounts at banks, and how secrets are typed.

use super::refused;
use anyhow::bail;
use secrecy::{ExposeSecret as _, SecretString};
use smartpay::app;
use smartpay::bank::directory::Directory;
use smartpay::clock::Clock;
use smartpay::config::Settings;
use smartpay::flow::bank_access;
use smartpay::store::partners;
use std::io::{BufRead as _, IsTerminal as _};

/// Stored sealed, and never printed: not even a wrong one.
pub(super) async fn bank_credentials(settings: &Settings, client_id: &str, bank: &str, user: String) -> anyhow::Result<()> {
    if !Directory::shipped()?.has_service_accounts(bank) {
        bail!("--bank: {bank} is no bank where partners have service accounts");
    }
    let db = app::database(settings)?;
    let wanted = client_id.to_owned();
    let partner = db.read(move |a| partners::by_client_id(a, &wanted)).await?;
    let Some(partner) = partner else {
        bail!("--client-id: there is no partner {client_id}")
    };
    let password = read_password("Password of the service account: ")?;
    if user.trim().is_empty() || password.expose_secret().is_empty() {
        bail!("neither --user nor the password may be empty");
    }
    let now = Clock::default().now();
    bank_access::set_partner_login(&db, bank, &partner.id, (user.into(), password), "cli", now)
        .await
        .map_err(refused)?;
    println!("stored the service account of {client_id} at {bank}");
    Ok(())
}

/// One line of standard input, without an echo where it is a terminal.
pub(super) fn read_password(prompt: &str) -> anyhow::Result<SecretString> {
    Ok(SecretString::from(if std::io::stdin().is_terminal() {
        rpassword::prompt_password(prompt)?
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    }))
}
