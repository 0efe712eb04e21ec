//! A bank's entry in the file, and what must be true of it.

use super::rules::{Wrong, all_hold};
use super::{DirectoryError, PsuIdRule, Sca, wrong};
use crate::bank::berlin_group::{Protocol, ScaApproach, check_addresses};
use crate::bank::epp;
use crate::bank::stet;
use crate::payment::Currency;
use regex::Regex;
use serde::Deserialize;
use std::collections::BTreeSet;
use url::Url;

/// Longest name of a bank, in characters.
const MAX_NAME_CHARS: usize = 70;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) iban_codes: Vec<String>,
    pub(super) bic: String,
    pub(super) country: String,
    pub(super) currency: Currency,
    pub(super) logo: String,
    #[serde(default)]
    pub(super) test: bool,
    pub(super) psu_id: Option<PsuIdEntry>,
    pub(super) berlin_group: Option<Protocol>,
    pub(super) stet: Option<stet::Protocol>,
    pub(super) epp: Option<epp::Protocol>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PsuIdEntry {
    pub(super) label_ro: String,
    pub(super) label_en: String,
    pub(super) pattern: String,
}

/// Whether a bank identifier has the form it has inside the IBANs of a country.
fn is_iban_code(country: &str, code: &str) -> bool {
    let length = match country {
        "RO" => Some(4),
        "FR" => Some(5),
        "RS" => Some(3),
        _ => None,
    };
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    !code.is_empty() && code.bytes().all(upper) && length.is_none_or(|length| code.len() == length)
}

/// Checks what the types cannot, and compiles the PSU id's pattern.
pub(super) fn check(entry: &Entry) -> Result<Option<PsuIdRule>, DirectoryError> {
    let all = |text: &str, good: fn(u8) -> bool| text.bytes().all(good);
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let file = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let name = entry.name.trim();
    let approach = entry.berlin_group.as_ref().map(|p| p.sca_approach);
    let checks = [
        (
            (2..=20).contains(&entry.code.len()) && all(&entry.code, lower),
            "code",
            "must be 2 to 20 of a-z 0-9 - _",
        ),
        (
            !name.is_empty() && name == entry.name && name.chars().count() <= MAX_NAME_CHARS,
            "name",
            "must be 1 to 70 characters",
        ),
        (
            matches!(entry.bic.len(), 8 | 11) && all(&entry.bic, upper),
            "bic",
            "must be 8 or 11 of A-Z 0-9",
        ),
        (
            entry.country.len() == 2 && all(&entry.country, |b| b.is_ascii_uppercase()),
            "country",
            "must be two letters",
        ),
        (
            entry.iban_codes.iter().all(|c| is_iban_code(&entry.country, c)),
            "iban_codes",
            "must be A-Z 0-9, four of them for RO, five for FR, three for RS",
        ),
        (
            all(&entry.logo, file) && !entry.logo.starts_with('.'),
            "logo",
            "must be a file name, or empty",
        ),
        (
            approach.is_none_or(|a| a != ScaApproach::OauthRedirect) || entry.psu_id.is_none(),
            "psu_id",
            "is not used by the oauth_redirect approach",
        ),
        (
            approach.is_none_or(|a| a.sca() == Sca::Redirect) || entry.psu_id.is_some(),
            "psu_id",
            "is missing: without it the bank does not know whom to ask",
        ),
    ];
    all_hold(checks)
        .and_then(|()| check_protocol(entry))
        .map_err(|(field, problem)| wrong(&entry.code, field, problem))?;
    entry.psu_id.as_ref().map(|rule| psu_id_rule(&entry.code, rule)).transpose()
}

/// Checks the table of the bank's protocol, where it has one.
fn check_protocol(entry: &Entry) -> Result<(), Wrong> {
    let one = "a bank speaks one protocol";
    all_hold([
        (entry.epp.is_none() || entry.berlin_group.is_none(), "epp", one),
        (
            entry.stet.is_none() || (entry.berlin_group.is_none() && entry.epp.is_none()),
            "stet",
            one,
        ),
    ])?;
    if let Some(protocol) = &entry.epp {
        protocol.check()?;
    }
    if let Some(protocol) = &entry.berlin_group {
        protocol.check()?;
        check_addresses(protocol, &base_to_check(protocol.base_url.as_deref())?)?;
    }
    if let Some(protocol) = &entry.stet {
        all_hold([
            (entry.currency == Currency::Eur, "currency", "is EUR with this protocol"),
            (entry.psu_id.is_none(), "psu_id", "is not used by this protocol"),
        ])?;
        protocol.check()?;
        stet::check_addresses(protocol, &base_to_check(protocol.base_url.as_deref())?)?;
    }
    Ok(())
}

/// The base URL, or one to check relative addresses with where only the operator can know it.
fn base_to_check(known: Option<&str>) -> Result<Url, Wrong> {
    Url::parse(known.unwrap_or("https://bank.invalid/")).map_err(|e| ("base_url", e.to_string()))
}

fn psu_id_rule(bank: &str, rule: &PsuIdEntry) -> Result<PsuIdRule, DirectoryError> {
    let whole = Regex::new(&format!("^(?:{})$", rule.pattern)).map_err(|e| wrong(bank, "psu_id.pattern", e.to_string()))?;
    if rule.label_ro.is_empty() || rule.label_en.is_empty() {
        return Err(wrong(bank, "psu_id", "needs both labels"));
    }
    Ok(PsuIdRule {
        label_ro: rule.label_ro.clone(),
        label_en: rule.label_en.clone(),
        pattern: rule.pattern.clone(),
        whole,
    })
}

/// Codes and bank identifiers stand for one bank each.
pub(super) fn check_unique(entries: &[(Entry, Option<PsuIdRule>)]) -> Result<(), DirectoryError> {
    let (mut codes, mut identifiers) = (BTreeSet::new(), BTreeSet::new());
    for (entry, _) in entries {
        if !codes.insert(&entry.code) {
            return Err(wrong(&entry.code, "code", "is there twice"));
        }
        for identifier in &entry.iban_codes {
            if !identifiers.insert((&entry.country, identifier)) {
                return Err(wrong(&entry.code, "iban_codes", format!("{identifier} is there twice")));
            }
        }
    }
    Ok(())
}
