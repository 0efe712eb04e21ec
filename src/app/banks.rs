//! The banks as they are configured: their credentials, from the settings or from an enrolment, and why one is
//! not active.

use super::read_pem;
use crate::bank::Tools;
use crate::bank::access::{Holder, Keeper};
use crate::bank::calls::Calls;
use crate::bank::directory::{BankAccess, Banks, Directory};
use crate::bank::http::{BankHttp, BankHttpSettings};
use crate::bank::logo::Logo;
use crate::bank::{Connector, Credentials};
use crate::clock::Clock;
use crate::config::Settings;
use crate::flow::bank_access::DatabaseKeeper;
use crate::store::{Db, bank_access};
use anyhow::{Context as _, bail};
use secrecy::SecretString;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What connectors share; what comes of their calls is noted in `noted`.
///
/// # Errors
/// A text that says what to mend.
pub fn tools(settings: &Settings, db: &Db, clock: &Clock, noted: Calls) -> anyhow::Result<Tools> {
    let calls = &settings.bank_calls;
    let http = BankHttp::new(&BankHttpSettings {
        connect_timeout: Duration::from_millis(calls.connect_timeout_ms),
        total_timeout: Duration::from_millis(calls.total_timeout_ms),
        extra_root_pem: read_pem(calls.extra_root_ca.as_deref(), "bank_calls.extra_root_ca")?,
        identity_pem: client_identity(settings)?,
    })?
    .noting(noted);
    let keeper = Keeper::new(Arc::new(DatabaseKeeper::new(db.clone(), clock.clone())));
    Ok(Tools {
        http,
        keeper,
        clock: clock.clone(),
    })
}

/// The certificate that banks see in TLS, with its key.
fn client_identity(settings: &Settings) -> anyhow::Result<Option<SecretString>> {
    let calls = &settings.bank_calls;
    let certificate = read_pem(calls.client_certificate.as_deref(), "bank_calls.client_certificate")?;
    let key = read_pem(calls.client_key.as_deref(), "bank_calls.client_key")?;
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some(SecretString::from(format!("{certificate}\n{key}")))),
        (None, None) => Ok(None),
        _ => bail!("bank_calls.client_certificate and bank_calls.client_key belong together"),
    }
}

/// The banks with the logos of the operator's folder: of a bank the file that the directory names, else the one that
/// is called as its code.
///
/// # Errors
/// A file that cannot be read or is no logo, and one that the directory names and that is not there.
pub(super) fn with_logos(banks: Banks, folder: Option<&Path>) -> anyhow::Result<Banks> {
    const SETTING: &str = "bank_logos.folder";
    let Some(folder) = folder else { return Ok(banks) };
    let entries = std::fs::read_dir(folder).with_context(|| format!("{SETTING}: cannot read {}", folder.display()))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut left = names
        .collect::<std::io::Result<BTreeSet<String>>>()
        .with_context(|| format!("{SETTING}: cannot read {}", folder.display()))?;
    left.retain(|name| !name.starts_with('.'));
    let there = left.clone();
    let left = RefCell::new(left);
    let banks = banks.with_logos(|bank| {
        let by_code = || [format!("{}.svg", bank.code), format!("{}.png", bank.code)];
        let name = match bank.logo_file.as_str() {
            "" => by_code().into_iter().find(|name| there.contains(name)),
            named => Some(named.to_owned()),
        };
        let Some(name) = name else { return Ok(None) };
        left.borrow_mut().remove(&name);
        let path = folder.join(&name);
        let bytes = super::read(&path, SETTING)?;
        let logo = Logo::read(&bytes).map_err(|problem| anyhow::anyhow!("{SETTING}: {} {problem}", path.display()))?;
        anyhow::Ok(Some(logo))
    })?;
    for stray in left.into_inner() {
        tracing::warn!(file = %stray, "{SETTING}: no bank of the list is called so; a logo is called by the bank's code");
    }
    Ok(banks)
}

/// A bank of the directory, and how it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its code.
    pub code: String,
    /// As people know it.
    pub name: String,
    /// Nothing for an active bank, else what keeps it from being one.
    pub problem: Option<String>,
}

/// What is configured for one bank. Where the settings name no client, one that enrolled itself is used.
pub(super) fn access(settings: &Settings, db: &Db, code: &str) -> anyhow::Result<Option<BankAccess>> {
    let Some(s) = settings.bank.get(code) else {
        return Ok(None);
    };
    let calls = &settings.bank_calls;
    let mut credentials = Credentials {
        client_id: s.client_id.clone(),
        client_secret: s.client_secret.as_ref().map(|secret| secret.wrapped().clone()),
        signing_certificate_pem: read_pem(calls.signing_certificate.as_deref(), "bank_calls.signing_certificate")?,
        signing_certificate_url: calls.signing_certificate_url.clone(),
        signing_key_pem: read_pem(calls.signing_key.as_deref(), "bank_calls.signing_key")?.map(SecretString::from),
        bank_signing_certificate_pem: read_pem(s.signing_certificate.as_deref(), &format!("bank.{code}.signing_certificate"))?,
    };
    if credentials.client_id.is_empty() {
        let stored = db.read_at_start(|a| bank_access::credentials(a, code, Holder::Operator.as_str()))?;
        if let Some((id, secret)) = stored {
            credentials.client_id = id.to_string();
            credentials.client_secret = Some(SecretString::from(secret.to_string()));
        }
    }
    Ok(Some(BankAccess {
        base_url: s.base_url.clone(),
        authorise_url: s.authorise_url.clone(),
        credentials,
    }))
}

/// The connector of one bank.
///
/// # Errors
/// No settings for it, no such bank, or settings that cannot be used.
pub(super) fn connector(settings: &Settings, db: &Db, tools: &Tools, code: &str) -> anyhow::Result<Connector> {
    let Some(access) = access(settings, db, code)? else {
        bail!("there are no settings for {code}: add [bank.{code}]");
    };
    let banks = Directory::shipped()?.connect(BTreeMap::from([(code.to_owned(), access)]), tools)?;
    let connector = banks.get(code).and_then(|bank| bank.connector().cloned());
    connector.with_context(|| format!("no base URL: set bank.{code}.base_url"))
}

/// Every bank of the directory but the test banks nobody has settings for, by code.
///
/// # Errors
/// The database, or a file that the settings name and that cannot be read.
pub fn standings(settings: &Settings, db: &Db, tools: &Tools) -> anyhow::Result<Vec<Standing>> {
    let directory = Directory::shipped()?;
    let mut standings = Vec::new();
    for listed in directory.listed() {
        let configured = access(settings, db, &listed.code)?;
        let problem = match configured {
            None if listed.test => continue,
            None if !listed.has_protocol => Some("the directory has no protocol for it".to_owned()),
            None => Some(format!("no settings: add [bank.{}] with its base_url", listed.code)),
            Some(access) => {
                let one = BTreeMap::from([(listed.code.clone(), access)]);
                match Directory::shipped()?.connect(one, tools) {
                    Err(error) => Some(error.to_string()),
                    Ok(banks) if banks.get(&listed.code).is_some_and(|bank| bank.active()) => None,
                    Ok(_) => Some(format!("no base URL: set bank.{}.base_url", listed.code)),
                }
            }
        };
        standings.push(Standing {
            code: listed.code,
            name: listed.name,
            problem,
        });
    }
    standings.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(standings)
}
