//! STET banks beside the others: their interface speaks TLS, asks for our certificate, and signs.

use smartpay::clock::Clock;
use smartpay::demo::certificates::{DevelopmentCa, PemPair};
use smartpay::demo::stet_banks;
use smartpay::sandbox::stet::StetSettings;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use url::Url;

/// The id under which these banks know us.
pub const TPP: &str = stet_banks::ORGANIZATION;
/// Our code, and the bank's own. The first waits for a confirmation of what was authorised.
pub const BANKS: [(&str, &str); 2] = stet_banks::OFFERED;

/// What the application and the banks need of one another before either is started.
pub struct StetSide {
    pub listener: TcpListener,
    folder: PathBuf,
}

impl StetSide {
    pub fn make(folder: &Path, clock: &Clock) -> Self {
        let folder = folder.join("stet");
        std::fs::create_dir(&folder).unwrap();
        stet_banks::make(&DevelopmentCa::create(&folder, clock).unwrap()).unwrap();
        Self {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            folder,
        }
    }

    fn api(&self) -> String {
        format!("https://{}/", self.listener.local_addr().unwrap())
    }

    /// The application's settings; `pages` is where the banks' pages are.
    pub fn app_settings(&self, pages: &Url) -> String {
        let path = |path: &Path| toml::Value::String(path.display().to_string());
        let pair = |name: &str| PemPair::at(&self.folder, name);
        let (qwac, qsealc) = (pair(stet_banks::QWAC), pair(stet_banks::QSEALC));
        let mut text = format!(
            "[bank_calls]\nextra_root_ca = {}\nclient_certificate = {}\nclient_key = {}\nsigning_certificate = {}\nsigning_key = {}\n",
            path(&DevelopmentCa::certificate(&self.folder)),
            path(&qwac.certificate),
            path(&qwac.key),
            path(&qsealc.certificate),
            path(&qsealc.key),
        );
        for (code, cdetab) in BANKS {
            text += &format!(
                "[bank.{code}]\nbase_url = \"{}stet/{cdetab}/\"\nauthorise_url = \"{pages}stet/{cdetab}/authorize\"\nclient_id = \"{TPP}\"\n",
                self.api()
            );
        }
        text
    }

    /// The banks' settings.
    pub fn bank_settings(&self) -> StetSettings {
        stet_banks::settings(&self.folder, self.api().parse().unwrap(), None).unwrap()
    }
}
