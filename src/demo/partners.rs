//! The demo's partners: who they are, and how they come into the database.

use super::certificates::PemPair;
use crate::clock::Timestamp;
use crate::flow::bank_access::set_partner_login;
use crate::flow::{add_partner, change_partner};
use crate::partner::{ButtonText, Logos, Partner, PartnerKind, PeerCertificate};
use crate::payment::Currency;
use crate::sandbox::epp;
use crate::store::Db;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use url::Url;

/// A demo partner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoPartner {
    /// Its client id at the gateway.
    pub client_id: String,
    /// ecommerce or finance.
    pub kind: String,
    /// ISO 4217 code of its payments; a file from before there were others means RON.
    #[serde(default = "lei")]
    pub currency: String,
    /// Its name.
    pub name: String,
    /// The company behind it.
    pub company: String,
    /// Its account.
    pub creditor_iban: String,
    /// Its certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

fn lei() -> String {
    Currency::Ron.code().to_owned()
}

/// A demo partner, as it is seeded.
pub(super) struct Seed {
    pub partner: DemoPartner,
    kind: PartnerKind,
    currency: Currency,
}

impl Seed {
    fn new(certificates: &Path, id: &str, kind: PartnerKind, currency: Currency, (name, company, iban): (&str, &str, &str)) -> Self {
        let PemPair { certificate, key } = PemPair::at(certificates, id);
        let partner = DemoPartner {
            client_id: id.into(),
            kind: kind.as_str().into(),
            currency: currency.code().into(),
            name: name.into(),
            company: company.into(),
            creditor_iban: iban.into(),
            certificate,
            key,
        };
        Self { partner, kind, currency }
    }

    const fn colour(&self) -> &'static str {
        match self.kind {
            PartnerKind::Ecommerce => "#a33b24",
            PartnerKind::Finance => "#14587a",
        }
    }

    fn logo(&self) -> (Vec<u8>, String) {
        let bytes: &[u8] = match self.kind {
            PartnerKind::Ecommerce => include_bytes!("../../static/demo/shop-logo.png"),
            PartnerKind::Finance => include_bytes!("../../static/demo/erp-logo.png"),
        };
        (bytes.to_vec(), "image/png".into())
    }
}

/// Everybody.
pub(super) fn all(certificates: &Path) -> [Seed; 4] {
    let seed = |id, kind, currency, who| Seed::new(certificates, id, kind, currency, who);
    let (shop, books) = (PartnerKind::Ecommerce, PartnerKind::Finance);
    [
        seed("demo-shop", shop, Currency::Ron, ("Foișor", "Foișor", "RO66BACX0000001234567890")),
        seed(
            "demo-erp",
            books,
            Currency::Ron,
            ("Registru", "Pietrarul Edificii SRL", "RO09PORL7789778256833565"),
        ),
        seed(
            "demo-shop-eur",
            shop,
            Currency::Eur,
            ("Foișor EUR", "Foișor", "RO10RZBR0000069999999970"),
        ),
        seed(
            "demo-erp-rsd",
            books,
            Currency::Rsd,
            ("Registru RSD", "Opština Vrelo", "840-742221843-57"),
        ),
    ]
}

/// Those with a certificate: a folder that was made before there were euros and dinars has two of them.
pub(super) fn present(certificates: &Path) -> impl Iterator<Item = Seed> {
    all(certificates).into_iter().filter(|seed| seed.partner.certificate.exists())
}

/// Puts the partners into a fresh database; in another only the addresses that payers are sent back to are renewed.
pub(super) async fn seed(db: &Db, certificates: &Path, shop_port: u16, fresh: bool, now: Timestamp) -> anyhow::Result<()> {
    for seed in present(certificates) {
        let section = if seed.kind == PartnerKind::Ecommerce { "shop" } else { "erp" };
        let redirect_urls = vec![Url::parse(&format!("http://127.0.0.1:{shop_port}/{section}"))?];
        if fresh {
            add(db, &seed, redirect_urls, now).await?;
        } else {
            change_partner::set_redirect_urls(db, &seed.partner.client_id, redirect_urls, "demo", now).await?;
        }
    }
    Ok(())
}

async fn add(db: &Db, seed: &Seed, redirect_urls: Vec<Url>, now: Timestamp) -> anyhow::Result<()> {
    let certificate: PeerCertificate = super::setup::read_certificate(&seed.partner.certificate)?;
    let id = uuid::Uuid::now_v7().to_string();
    let partner = Partner {
        id: id.clone(),
        client_id: seed.partner.client_id.clone(),
        name: seed.partner.name.clone(),
        kind: seed.kind,
        currency: seed.currency,
        certificate_subject: certificate.subject,
        certificate_issuer: certificate.issuer,
        certificate_sha256: Some(certificate.sha256),
        redirect_urls,
        flexible_redirect: false,
        colour: seed.colour().into(),
        has_logo: true,
        has_dark_logo: false,
        button_text: ButtonText::default(),
        active: true,
        account_access: seed.kind == PartnerKind::Finance,
    };
    let logos = Logos {
        light: Some(seed.logo()),
        dark: None,
    };
    add_partner::add_partner(db, partner, Some(logos), "demo", now).await?;
    if seed.currency == Currency::Rsd {
        let user = &epp::USERS[0];
        let login = (user.login.to_owned().into(), user.password.to_owned().into());
        set_partner_login(db, "epp", &id, login, "demo", now).await?;
    }
    Ok(())
}
