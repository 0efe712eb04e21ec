//! Partners on the command line.

use super::{ConfigFile, load, refused};
use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use smartpay::app;
use smartpay::clock::Clock;
use smartpay::config::Settings;
use smartpay::demo::setup::read_certificate;
use smartpay::flow::add_partner;
use smartpay::partner::{Partner, PartnerKind};
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
    /// Its logo, PNG or JPEG, at most 200 kB
    #[arg(long, value_name = "FILE")]
    logo: Option<PathBuf>,
}

/// Adds a partner.
pub(super) async fn add(new: NewPartner) -> anyhow::Result<()> {
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
        account_access: new.account_access,
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
