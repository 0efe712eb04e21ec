//! The banks as data (`config/banks.toml`): a bank is an entry, not code.
//!
//! **Invariant:** what is read is checked before it is used, and an error names the bank and the field. A
//! bank has a connector exactly when it has a protocol, a base URL and credentials.

use super::berlin_group::BerlinGroup;
use super::epp::Epp;
use super::logo::Logo;
use super::stet::Stet;
use super::{Connector, Credentials, Tools};
use crate::payment::{Currency, Iban};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

mod entry;
mod facts;
mod groups;
pub mod rules;
#[cfg(test)]
pub mod simulated;

pub use facts::Facts;

use entry::{Entry, check, check_unique};
use groups::Groups;

/// Longest PSU id, in characters.
const MAX_PSU_ID_CHARS: usize = 64;

/// Why the directory cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Not TOML, something beside `[[bank]]` and `[group]` at the top, or a group that cannot be used.
    #[error("the bank directory: {0}")]
    File(String),
    /// A bank's entry, or the operator's settings for it.
    #[error("bank {bank:?}: {field}: {problem}")]
    Bank {
        /// Its code, or `#n` for the n-th entry when it has none.
        bank: String,
        /// The field.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// What the operator configures for a bank.
#[derive(Clone, Debug, Default)]
pub struct BankAccess {
    /// Replaces the directory's base URL; relative addresses of the entry follow it, and the PSU may be sent
    /// to its host.
    pub base_url: Option<Url>,
    /// Replaces the directory's page for consents; the PSU may be sent to its host. STET only.
    pub authorise_url: Option<Url>,
    /// The operator's credentials.
    pub credentials: Credentials,
}

/// The banks as read from a file, not yet connected.
#[derive(Clone, Debug)]
pub struct Directory {
    entries: Vec<(Entry, Option<PsuIdRule>)>,
}

/// A bank as it stands in the file.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its code.
    pub code: String,
    /// As people know it.
    pub name: String,
    /// A test bank: in no list unless the operator has settings for it.
    pub test: bool,
    /// Whether its protocol is known.
    pub has_protocol: bool,
}

/// The id by which a bank knows the PSU, where the PSU must type it.
#[derive(Clone, Debug)]
pub struct PsuIdRule {
    /// What the bank calls it, Romanian.
    pub label_ro: String,
    /// What the bank calls it, English.
    pub label_en: String,
    /// A regular expression for the whole text, fit for the HTML attribute of that name.
    pub pattern: String,
    whole: Regex,
}

impl PartialEq for PsuIdRule {
    fn eq(&self, other: &Self) -> bool {
        (&self.label_ro, &self.label_en, &self.pattern) == (&other.label_ro, &other.label_en, &other.pattern)
    }
}

impl Eq for PsuIdRule {}

impl PsuIdRule {
    /// Whether the text has the form of an id at this bank.
    #[must_use]
    pub fn accepts(&self, text: &str) -> bool {
        text.len() <= MAX_PSU_ID_CHARS && self.whole.is_match(text)
    }
}

/// How the PSU authorises (RTS 2018/389; NextGenPSD2 "SCA approach").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sca {
    /// On the bank's own page.
    Redirect,
    /// On the PSU's own device, asked by the bank.
    Decoupled,
    /// With a code that the PSU enters on our page.
    Embedded,
}

/// One bank.
#[derive(Clone, Debug)]
pub struct Bank {
    /// Short and stable: stored with payments, used by partners.
    pub code: String,
    /// As people know it.
    pub name: String,
    /// ISO 9362.
    pub bic: String,
    /// ISO 3166 country code.
    pub country: String,
    /// A file name in the operator's folder of logos; empty: the one called as its code.
    pub logo_file: String,
    /// The bank identifiers inside IBANs that suggest this bank.
    pub iban_codes: Vec<String>,
    /// The currency of its payments.
    pub currency: Currency,
    /// What must be known of it.
    pub facts: Facts,
    /// The id the PSU must type, where the bank wants one.
    pub psu_id: Option<PsuIdRule>,
    connector: Option<Connector>,
    logo: Option<Arc<Logo>>,
}

impl Bank {
    /// Its own logo, where the operator has one.
    #[must_use]
    pub fn logo(&self) -> Option<&Logo> {
        self.logo.as_deref()
    }

    /// Whether payments can be initiated there.
    #[must_use]
    pub const fn active(&self) -> bool {
        self.connector.is_some()
    }

    /// The connector of an active bank.
    #[must_use]
    pub const fn connector(&self) -> Option<&Connector> {
        self.connector.as_ref()
    }
}

/// All banks, ready for use. Clones share them.
#[derive(Clone, Debug)]
pub struct Banks(Arc<[Bank]>);

impl Banks {
    /// The same banks with the logos that `find` has for them.
    ///
    /// # Errors
    /// What `find` says.
    pub fn with_logos<E>(self, find: impl Fn(&Bank) -> Result<Option<Logo>, E>) -> Result<Self, E> {
        let with = |bank: &Bank| {
            Ok(Bank {
                logo: find(bank)?.map(Arc::new),
                ..bank.clone()
            })
        };
        Ok(Self(self.0.iter().map(with).collect::<Result<Vec<_>, E>>()?.into()))
    }

    /// Active banks first, each part by name.
    #[must_use]
    pub fn list(&self) -> &[Bank] {
        &self.0
    }

    /// The bank of a code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Bank> {
        self.0.iter().find(|b| b.code == code)
    }

    /// The bank an account number suggests, active or not. It is a suggestion: some institutions hold
    /// accounts under another bank's identifier.
    #[must_use]
    pub fn suggest(&self, iban: &Iban) -> Option<&Bank> {
        let identifier = iban.bank_identifier()?;
        self.0
            .iter()
            .find(|b| b.country == iban.country() && b.iban_codes.iter().any(|c| c == identifier))
    }
}

impl Directory {
    /// Reads and checks a directory.
    ///
    /// # Errors
    /// [`DirectoryError`] names the bank and the field.
    pub fn parse(toml_text: &str) -> Result<Self, DirectoryError> {
        let mut file: toml::Table = toml_text
            .parse()
            .map_err(|e: toml::de::Error| DirectoryError::File(e.to_string()))?;
        let banks = file.remove("bank").unwrap_or_else(|| toml::Value::Array(Vec::new()));
        let mut groups = Groups::of(file.remove("group"))?;
        if let Some(key) = file.keys().next() {
            return Err(DirectoryError::File(format!("unknown key {key:?}")));
        }
        let toml::Value::Array(banks) = banks else {
            return Err(DirectoryError::File("banks are written as [[bank]]".to_owned()));
        };
        let mut entries = Vec::with_capacity(banks.len());
        for (n, mut value) in banks.into_iter().enumerate() {
            let code = value.get("code").and_then(toml::Value::as_str).map(str::to_owned);
            let named = code.unwrap_or_else(|| format!("#{}", n + 1));
            let group = groups.complete(&named, &mut value)?;
            let of_group = group.map_or_else(String::new, |name| format!(" (with what its group {name:?} says)"));
            let unreadable = |e: toml::de::Error| {
                let problem = e.to_string().trim().replace('\n', " ");
                wrong(&named, "entry", problem + &of_group)
            };
            let entry: Entry = value.try_into().map_err(unreadable)?;
            let rule = check(&entry)?;
            entries.push((entry, rule));
        }
        groups.all_used()?;
        check_unique(&entries)?;
        Ok(Self { entries })
    }

    /// Whether a bank of this code is used with service accounts of the partners' own.
    #[must_use]
    pub fn has_service_accounts(&self, code: &str) -> bool {
        self.entries.iter().any(|(entry, _)| entry.code == code && entry.epp.is_some())
    }

    /// The directory that comes with the program.
    ///
    /// # Errors
    /// None for a released program: a test reads it.
    pub fn shipped() -> Result<Self, DirectoryError> {
        Self::parse(include_str!("../../config/banks.toml"))
    }

    /// Every bank as it stands in the file.
    pub fn listed(&self) -> impl Iterator<Item = Listed> + '_ {
        self.entries.iter().map(|(entry, _)| Listed {
            code: entry.code.clone(),
            name: entry.name.clone(),
            test: entry.test,
            has_protocol: entry.berlin_group.is_some() || entry.stet.is_some() || entry.epp.is_some(),
        })
    }

    /// The base URL of a bank where TPPs enrol themselves; `configured` is the operator's own.
    ///
    /// # Errors
    /// [`DirectoryError`] when there is no such bank, no portal, or no base URL.
    pub fn portal(&self, code: &str, configured: Option<Url>) -> Result<Url, DirectoryError> {
        let found = self.entries.iter().find(|(entry, _)| entry.code == code);
        let (entry, _) = found.ok_or_else(|| wrong(code, "code", "is not in the bank directory"))?;
        let protocol = entry.berlin_group.as_ref().filter(|p| p.enrolment);
        let no_portal = "the bank has no portal: its credentials go into the operator's settings by hand";
        let protocol = protocol.ok_or_else(|| wrong(code, "enrolment", no_portal))?;
        match (configured, &protocol.base_url) {
            (Some(url), _) => Ok(url),
            (None, Some(text)) => Url::parse(text).map_err(|e| wrong(code, "base_url", e.to_string())),
            (None, None) => Err(wrong(code, "base_url", format!("is missing: set bank.{code}.base_url"))),
        }
    }

    /// Joins the directory with what the operator configured, by bank code. A bank without settings, or
    /// without a base URL in either, is listed but inactive; a test bank without settings is not listed.
    ///
    /// # Errors
    /// [`DirectoryError`] when settings are for a bank that is not in the directory or has no protocol, or
    /// cannot be used.
    pub fn connect(self, mut access: BTreeMap<String, BankAccess>, tools: &Tools) -> Result<Banks, DirectoryError> {
        let mut banks = Vec::with_capacity(self.entries.len());
        for (entry, psu_id) in self.entries {
            let connector = match access.remove(&entry.code) {
                Some(access) => connector(&entry, access, tools)?,
                None if entry.test => continue,
                None => None,
            };
            banks.push(Bank {
                facts: Facts::of(&entry),
                code: entry.code,
                name: entry.name,
                bic: entry.bic,
                country: entry.country,
                logo_file: entry.logo,
                logo: None,
                iban_codes: entry.iban_codes,
                currency: entry.currency,
                psu_id,
                connector,
            });
        }
        if let Some(unknown) = access.keys().next() {
            return Err(wrong(unknown, "code", "is not in the bank directory"));
        }
        banks.sort_by_cached_key(|b| (!b.active(), b.name.to_lowercase()));
        Ok(Banks(banks.into()))
    }
}

fn connector(entry: &Entry, access: BankAccess, tools: &Tools) -> Result<Option<Connector>, DirectoryError> {
    let failed = |(field, problem): (&'static str, String)| wrong(&entry.code, field, problem);
    let known = match (&entry.berlin_group, &entry.stet, &entry.epp) {
        (Some(protocol), ..) => &protocol.base_url,
        (_, Some(protocol), _) => &protocol.base_url,
        (.., Some(protocol)) => &protocol.base_url,
        (None, None, None) => {
            let problem = "the bank has no protocol in the directory, so it needs no settings";
            return Err(wrong(&entry.code, "berlin_group", problem));
        }
    };
    let Some(base) = base_url(entry, access.base_url, known.as_deref())? else {
        return Ok(None);
    };
    if let Some(protocol) = &entry.stet {
        let bank = Stet::new(
            &entry.code,
            protocol,
            (&base, access.authorise_url.as_ref()),
            access.credentials,
            tools,
        )
        .map_err(failed)?;
        return Ok(Some(Connector::Stet(bank)));
    }
    if access.authorise_url.is_some() {
        return Err(wrong(&entry.code, "authorise_url", "is for STET banks only"));
    }
    if let Some(protocol) = &entry.epp {
        return Ok(Some(Connector::Epp(Epp::new(&entry.code, protocol, &base, tools).map_err(failed)?)));
    }
    let Some(protocol) = &entry.berlin_group else { return Ok(None) };
    let bank = BerlinGroup::new(&entry.code, protocol, &base, access.credentials, &tools.http).map_err(failed)?;
    Ok(Some(Connector::BerlinGroup(bank)))
}

/// The operator's base URL, or the directory's.
fn base_url(entry: &Entry, given: Option<Url>, known: Option<&str>) -> Result<Option<Url>, DirectoryError> {
    match (given, known) {
        (Some(url), _) => Ok(Some(url)),
        (None, Some(text)) => Url::parse(text)
            .map(Some)
            .map_err(|e| wrong(&entry.code, "base_url", e.to_string())),
        (None, None) => {
            tracing::warn!(bank = %entry.code, "no base URL is configured: the bank stays inactive");
            Ok(None)
        }
    }
}

fn wrong(bank: &str, field: &str, problem: impl Into<String>) -> DirectoryError {
    DirectoryError::Bank {
        bank: bank.to_owned(),
        field: field.to_owned(),
        problem: problem.into(),
    }
}

/// A protocol table of the shipped directory.
#[cfg(test)]
pub(in crate::bank) fn shipped_protocol(code: &str) -> Option<super::berlin_group::Protocol> {
    let entries = Directory::shipped().ok()?.entries;
    entries.into_iter().find(|(e, _)| e.code == code)?.0.berlin_group
}

/// The same of a STET bank.
#[cfg(test)]
pub(in crate::bank) fn shipped_stet(code: &str) -> Option<super::stet::Protocol> {
    let entries = Directory::shipped().ok()?.entries;
    entries.into_iter().find(|(e, _)| e.code == code)?.0.stet
}

#[cfg(test)]
mod tests;
