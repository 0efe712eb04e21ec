//! Sign-in to the back office through the company's OpenID Connect provider.

use super::Secret;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[back_office.oidc]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider's name, an https URL exactly as it stands in its ID tokens.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: Secret,
    /// Which of the provider's words is the user's name here.
    #[serde(default)]
    pub match_by: OidcMatch,
    /// Scopes asked for beside `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// The `acr` that stands for two factors; it is asked for.
    #[serde(default)]
    pub second_factor_acr: Option<String>,
    /// The `amr` words (RFC 8176) that stand for a second factor.
    #[serde(default)]
    pub second_factor_amr: Vec<String>,
    /// Whether this is the only way in, but for a password given by `smartpay admin reset`.
    #[serde(default)]
    pub only: bool,
    /// Milliseconds for one call to the provider.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// PEM of further roots.
    #[serde(default)]
    pub extra_root_ca: Option<PathBuf>,
}

fn scopes() -> Vec<String> {
    vec!["email".into(), "profile".into()]
}

const fn timeout_ms() -> u64 {
    5000
}

/// Which of the provider's words is the user's name here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OidcMatch {
    /// The e-mail address, which the provider must have verified.
    #[default]
    Email,
    /// `preferred_username`.
    PreferredUsername,
    /// `sub`.
    Sub,
}

impl Oidc {
    /// What cannot be used.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let issuer = url::Url::parse(&self.issuer);
        let usable = issuer.is_ok_and(|url| {
            let loopback = url.host_str().is_some_and(super::is_loopback);
            (url.scheme() == "https" || (url.scheme() == "http" && loopback)) && url.query().is_none() && url.fragment().is_none()
        });
        if !usable {
            return Some("back_office.oidc.issuer must be an https URL (http only for loopback) without query");
        }
        if self.client_id.is_empty() || self.client_secret.expose().is_empty() {
            return Some("back_office.oidc.client_id and client_secret must not be empty");
        }
        if !(500..=60_000).contains(&self.timeout_ms) {
            return Some("back_office.oidc.timeout_ms must be between 500 and 60000");
        }
        None
    }
}
