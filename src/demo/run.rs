//! Starts everything: the application, the sandbox banks and the demo site, in one process.

use super::setup::{BANK_CLIENT_ID, DemoFile, DemoPartner, Ports, Setup, prepare};
use super::{DemoSite, OfficeLogin, PartnerLogin, start as start_site, stet_banks};
use crate::app::{self, App};
use crate::clock::Clock;
use crate::payment::Currency;
use crate::sandbox::{self, SandboxClient, SandboxSettings};
use anyhow::Context as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use tokio_util::sync::CancellationToken;
use url::Url;

/// The demo, ready to run.
pub struct Demo {
    /// Where everything is.
    pub file: DemoFile,
    /// Whether its folder was made just now.
    pub fresh: bool,
    app: App,
    banks: actix_web::dev::Server,
    site: actix_web::dev::Server,
    stop: CancellationToken,
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Demo").finish_non_exhaustive()
    }
}

impl Demo {
    /// Makes what is missing and binds every port.
    ///
    /// # Errors
    /// A text that says what to mend, such as a port that is taken.
    pub async fn build(folder: &Path, ports: Ports, reset: bool) -> anyhow::Result<Self> {
        app::install_crypto_provider();
        let clock = Clock::default();
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        // Ports first: nothing is made or reset while another demo runs.
        let banks_listener = app::bind(local(ports.banks), "--banks-port")?;
        let tls_listener = app::bind(local(ports.banks_tls), "--banks-tls-port")?;
        let site_listener = app::bind(local(ports.shop), "--shop-port")?;
        for (port, option) in [
            (ports.public, "--public-port"),
            (ports.gateway, "--gateway-port"),
            (ports.operations, "--operations-port"),
        ] {
            drop(app::bind(local(port), option)?);
        }
        let Setup {
            folder,
            settings,
            file,
            fresh,
        } = prepare(folder, ports, reset, &clock).await?;
        let app = App::build_demo(&settings, clock.clone())?;
        let banks = bank_settings(&folder, ports)?;
        let (banks, _) = sandbox::start_with_tls(banks_listener, tls_listener, banks, clock.clone())?;
        let site = start_site(site_listener, site_settings(&folder, &file)?, clock)?;
        Ok(Self {
            file,
            fresh,
            app,
            banks,
            site,
            stop: CancellationToken::new(),
        })
    }

    /// Stops [`Demo::run`] when cancelled.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs until stopped.
    ///
    /// # Errors
    /// When a listener fails.
    pub async fn run(self) -> anyhow::Result<()> {
        let app_stop = self.app.stop_token();
        let handles = [self.site.handle(), self.banks.handle()];
        let others = [tokio::spawn(self.site), tokio::spawn(self.banks)];
        let app = tokio::spawn(self.app.run(true));
        self.stop.cancelled().await;
        // The site first: it holds connections to the gateway, which would otherwise wait for them.
        for handle in handles {
            handle.stop(true).await;
        }
        for other in others {
            other.await??;
        }
        app_stop.cancel();
        app.await?
    }
}

fn bank_settings(folder: &Path, ports: Ports) -> anyhow::Result<SandboxSettings> {
    let mut settings = SandboxSettings::new(Url::parse(&format!("http://127.0.0.1:{}", ports.banks))?);
    let back = |bank: &str| Url::parse(&format!("http://127.0.0.1:{}/payment-return/{bank}", ports.public));
    let client = |client_id: &str, redirect_uris| SandboxClient {
        client_id: client_id.into(),
        client_secret: None,
        redirect_uris,
    };
    let offered = stet_banks::OFFERED.iter().map(|(code, _)| back(code)).collect::<Result<_, _>>()?;
    settings.clients = vec![
        client(BANK_CLIENT_ID, vec![back("cec")?, back("bt")?, back("demo-standard")?]),
        client(stet_banks::ORGANIZATION, offered),
    ];
    settings.ledger_file = Some(folder.join("bank-ledger.jsonl"));
    let certificates = folder.join("certificates");
    if stet_banks::are_made(&certificates) {
        let api_url = Url::parse(&format!("https://127.0.0.1:{}", ports.banks_tls))?;
        let ledger = folder.join("stet-bank-ledger.jsonl");
        settings.stet = Some(stet_banks::settings(&certificates, api_url, Some(ledger))?);
    }
    Ok(settings)
}

fn site_settings(folder: &Path, file: &DemoFile) -> anyhow::Result<DemoSite> {
    let read = |partner: &DemoPartner| -> anyhow::Result<PartnerLogin> {
        Ok(PartnerLogin {
            client_id: partner.client_id.clone(),
            certificate_pem: std::fs::read(&partner.certificate)?,
            key_pem: std::fs::read_to_string(&partner.key)?.into(),
            creditor_name: partner.company.clone(),
            creditor_iban: partner.creditor_iban.clone(),
        })
    };
    let find = |kind: &str, currency: Currency| {
        let is = |p: &&DemoPartner| p.kind == kind && p.currency == currency.code();
        file.partners.iter().find(is).map(read).transpose()
    };
    let missing = |kind: &str| format!("demo.json names no {kind} partner");
    Ok(DemoSite {
        base_url: Url::parse(&file.demo_site)?,
        gateway_base_url: Url::parse(&file.gateway)?,
        ca_pem: std::fs::read(&file.ca)?,
        shop: find("ecommerce", Currency::Ron)?.with_context(|| missing("ecommerce"))?,
        erp: find("finance", Currency::Ron)?.with_context(|| missing("finance"))?,
        shop_eur: find("ecommerce", Currency::Eur)?,
        erp_rsd: find("finance", Currency::Rsd)?,
        mailbox_dir: file.mailbox.clone(),
        state_file: Some(folder.join("orders.json")),
        links: vec![
            ("Băncile de test · Sandbox banks".into(), file.sandbox_banks.clone()),
            (
                "Telefoanele clienților · Customers’ phones".into(),
                format!("{}phone", file.sandbox_banks),
            ),
            ("Povești de încercat · Scenarios".into(), format!("{}scenarii", file.sandbox_banks)),
            ("Administrare · Back office".into(), file.back_office.clone()),
            (
                "Toate stările paginii de plată · Every state of the payment page".into(),
                Url::parse(&file.back_office)?.join("/demo/states")?.into(),
            ),
        ],
        office: Some(OfficeLogin {
            user: file.admin_user.clone(),
            password_file: folder.join("demo.json").display().to_string(),
            totp: file.admin_totp.clone(),
        }),
    })
}
