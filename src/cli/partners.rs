//! Partners on the command line.

use super::{ConfigFile, load, refused};
use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use smartpay::app;
use smartpay::clock::Clock;
use smartpay::config::Settings;
use smartpay::demo::setup::read_certificate;
use smartpay::flow::add_partner;
use smartpay::flow::partner_profile::redraw;
use smartpay::partner::{ButtonText, Logo, Logos, Partner, PartnerKind};
use smartpay::payment::Currency;
use smartpay::store::partners;
use std::path::{Path, PathBuf};
use url::Url;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Ecommerce,
    Finance,
}

#[derive(Debug, Args)]
pub(super) struct NewPartner {
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
    /// It may ask its payers for access to their accounts (Finance partners only)
    #[arg(long)]
    account_access: bool,
    /// Its colour, #rrggbb
    #[arg(long, default_value = "#1f4e79")]
    colour: String,
    /// Its logo, PNG or JPEG, at most 1 MB; it is drawn anew
    #[arg(long, value_name = "FILE")]
    logo: Option<PathBuf>,
    /// Another logo for dark screens
    #[arg(long, value_name = "FILE")]
    dark_logo: Option<PathBuf>,
    /// What its payers' button says: pay_amount, pay, confirm, donate or top_up
    #[arg(long, default_value = "pay_amount", value_parser = button_text)]
    button_text: ButtonText,
}

/// Adds a partner.
pub(super) async fn add(new: NewPartner) -> anyhow::Result<()> {
    let settings = load(&new.config)?;
    let certificate = read_certificate(&new.certificate)?;
    let Some(currency) = Currency::from_code(&new.currency.to_uppercase()) else {
        bail!("--currency: {} is not served; RON, EUR or RSD are", new.currency)
    };
    let read = |path: &Option<PathBuf>, option| path.as_deref().map(|path| read_logo(path, option)).transpose();
    let logos = Logos {
        light: read(&new.logo, "--logo")?,
        dark: read(&new.dark_logo, "--dark-logo")?,
    };
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
        has_logo: logos.light.is_some(),
        has_dark_logo: logos.dark.is_some(),
        button_text: new.button_text,
        active: true,
        account_access: new.account_access,
    };
    let db = app::database(&settings)?;
    add_partner::add_partner(&db, partner, Some(logos), "cli", Clock::default().now())
        .await
        .map_err(refused)?;
    println!(
        "added {} with the certificate of {} (SHA-256 {})",
        new.client_id, certificate.subject, certificate.sha256
    );
    Ok(())
}

/// Reads a logo and draws it anew, as the back office does.
fn read_logo(path: &Path, option: &str) -> anyhow::Result<Logo> {
    let bytes = std::fs::read(path).with_context(|| format!("{option}: cannot read {}", path.display()))?;
    redraw(&bytes)
        .map_err(refused)
        .with_context(|| format!("{option}: {}", path.display()))
}

fn button_text(word: &str) -> Result<ButtonText, String> {
    ButtonText::parse(word).ok_or_else(|| format!("one of {}", ButtonText::ALL.map(ButtonText::as_str).join(", ")))
}

/// Prints all partners.
pub(super) async fn list(settings: &Settings) -> anyhow::Result<()> {
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
