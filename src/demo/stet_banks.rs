//! What the sandbox's STET banks and their TPP need to know one another: certificates under the development CA.

use super::certificates::{DevelopmentCa, PemPair, Purpose};
use crate::clock::Clock;
use crate::sandbox::stet::{StetSettings, TrustedSeal};
use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};
use url::Url;

/// The TPP's `organizationIdentifier`, which is its client id at STET banks.
pub const ORGANIZATION: &str = "PSDRO-NBR-40112233";
const TLS: &str = "stet-banks";
const SEAL: &str = "stet-banks-seal";
/// The TPP's client certificate.
pub const QWAC: &str = "qwac";
/// The TPP's signing certificate.
pub const QSEALC: &str = "qsealc";

/// Signs the banks' certificates, and the TPP's.
///
/// # Errors
/// As [`DevelopmentCa::issue`].
pub fn make(ca: &DevelopmentCa) -> anyhow::Result<()> {
    ca.issue(TLS, "Sandbox banks", Purpose::Server)?;
    ca.issue_for_psp(SEAL, "Sandbox banks", "PSDFR-ACPR-13807", Purpose::Qsealc)?;
    ca.issue_for_psp(QWAC, "SmartPay Demo", ORGANIZATION, Purpose::Qwac)?;
    ca.issue_for_psp(QSEALC, "SmartPay Demo", ORGANIZATION, Purpose::Qsealc)?;
    Ok(())
}

/// Makes a development CA and all of these certificates in a folder that has none.
///
/// # Errors
/// As [`make`]; also a folder with the certificates of another CA, which is left as it is.
pub fn make_missing(folder: &Path, clock: &Clock) -> anyhow::Result<()> {
    if are_made(folder) {
        return Ok(());
    }
    if DevelopmentCa::certificate(folder).exists() {
        bail!(
            "{} has a CA but not the STET banks' certificates: name an empty folder",
            folder.display()
        );
    }
    make(&DevelopmentCa::create(folder, clock)?)
}

/// Whether the folder has what the banks need; one that was made before there were STET banks does not.
#[must_use]
pub fn are_made(folder: &Path) -> bool {
    [TLS, SEAL, QWAC, QSEALC].iter().all(|name| PemPair::at(folder, name).key.exists())
}

/// The establishments that the demo's payers can use: our code and the bank's.
pub const OFFERED: [(&str, &str); 2] = [("bp-grand-ouest", "13807"), ("ce-ile-de-france", "17515")];

/// The application's settings for the offered establishments, where the certificates are made. `ports`: the banks'
/// pages, and their interface.
pub(super) fn app_settings(folder: &Path, ports: (u16, u16)) -> String {
    if !are_made(folder) {
        return String::new();
    }
    let (pages, api) = ports;
    let path = |path: &Path| toml::Value::String(path.display().to_string());
    let (qwac, qsealc, seal) = (PemPair::at(folder, QWAC), PemPair::at(folder, QSEALC), PemPair::at(folder, SEAL));
    let mut toml = format!(
        "[bank_calls]\nextra_root_ca = {}\nclient_certificate = {}\nclient_key = {}\nsigning_certificate = {}\nsigning_key = {}\n",
        path(&DevelopmentCa::certificate(folder)),
        path(&qwac.certificate),
        path(&qwac.key),
        path(&qsealc.certificate),
        path(&qsealc.key),
    );
    for (code, cdetab) in OFFERED {
        toml += &format!(
            "[bank.{code}]\nbase_url = \"https://127.0.0.1:{api}/stet/{cdetab}/\"\nauthorise_url = \"http://127.0.0.1:{pages}/stet/{cdetab}/authorize\"\nclient_id = \"{ORGANIZATION}\"\nsigning_certificate = {}\n",
            path(&seal.certificate),
        );
    }
    toml
}

/// The banks' settings, from the certificates in this folder.
///
/// # Errors
/// A file that cannot be read.
pub fn settings(folder: &Path, api_url: Url, ledger_file: Option<PathBuf>) -> anyhow::Result<StetSettings> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let (tls, seal, qsealc) = (PemPair::at(folder, TLS), PemPair::at(folder, SEAL), PemPair::at(folder, QSEALC));
    Ok(StetSettings {
        api_url,
        server_certificate: read(&tls.certificate)?,
        server_key: read(&tls.key)?,
        client_ca: read(&DevelopmentCa::certificate(folder))?,
        seals: vec![TrustedSeal {
            certificate: read(&qsealc.certificate)?,
            url: None,
        }],
        bank_certificate: read(&seal.certificate)?,
        bank_key: read(&seal.key)?,
        ledger_file,
        in_the_clear: None,
    })
}
