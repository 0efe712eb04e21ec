//! Typed settings: `config/default.toml`, then a file, then the environment.
//!
//! **Invariant:** an unknown key, a missing secret or an impossible value stops the start and is named;
//! secrets are wrapped and print as `***`.

mod oidc;
mod sections;
mod webhooks;

use figment::Figment;
use figment::providers::{Env, Format as _, Toml};
pub use oidc::{Oidc, OidcMatch};
pub use sections::{
    BackOffice, BankCalls, BankSettings, Database, Encryption, Gateway, Log, LogFormat, Mail, MailTransport, Operations, Operator,
    Payments, Public, Retention, Secret, Settings, Smtp, SmtpEncryption, TotpUse, Worker,
};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;
use url::Url;
pub use webhooks::Webhooks;

/// What cannot be used, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[error("settings: {0}")]
pub struct ConfigError(String);

/// The defaults, compiled in.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// What the demo sets over the defaults, compiled in.
pub const DEMO: &str = include_str!("../config/demo.toml");

impl Settings {
    /// Reads the defaults, the file, the environment, and checks the result.
    ///
    /// # Errors
    /// [`ConfigError`] names the key and what is wrong with it.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut layers = Figment::from(Toml::string(DEFAULTS));
        if let Some(path) = file {
            if !path.is_file() {
                return Err(ConfigError(format!("there is no file {}", path.display())));
            }
            layers = layers.merge(Toml::file_exact(path));
        }
        Self::from_layers(layers.merge(Env::prefixed("SMARTPAY__").split("__")))
    }

    /// Reads the defaults and texts that go over them, the later over the earlier.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn from_texts(over: &[&str]) -> Result<Self, ConfigError> {
        Self::from_layers(over.iter().fold(Figment::from(Toml::string(DEFAULTS)), |layers, text| {
            layers.merge(Toml::string(text))
        }))
    }

    /// How the demo logs, before it has settings of its own.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn demo_log() -> Result<Log, ConfigError> {
        let layers = Figment::from(Toml::string(DEFAULTS))
            .merge(Toml::string(DEMO))
            .merge(Env::prefixed("SMARTPAY__").split("__"));
        layers.extract_inner("log").map_err(|e| ConfigError(explain(&e)))
    }

    fn from_layers(layers: Figment) -> Result<Self, ConfigError> {
        let settings: Self = layers.extract().map_err(|e| ConfigError(explain(&e)))?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: &str| Err(ConfigError(what.to_owned()));
        let base = &self.public.base_url;
        let loopback = base.host_str().is_some_and(is_loopback);
        if base.scheme() != "https" && !(base.scheme() == "http" && loopback) {
            return wrong("public.base_url must be https (http only for loopback)");
        }
        if base.path() != "/" || base.query().is_some() {
            return wrong("public.base_url must have no path and no query");
        }
        if self.gateway.base_url.as_ref().is_some_and(|url| !is_plain_https(url)) {
            return wrong("gateway.base_url must be https, with no path and no query");
        }
        if self.mail.smtp.tls == SmtpEncryption::None && self.mail.transport == MailTransport::Smtp && !is_loopback(&self.mail.smtp.host) {
            return wrong("mail.smtp.tls = \"none\" is possible only with a server on loopback");
        }
        if self.mail.transport == MailTransport::Folder && self.mail.folder.is_none() {
            return wrong("mail.folder is missing; mail.transport = \"folder\" needs it");
        }
        let officer = self.retention.compliance_mail.as_deref();
        if officer.is_some_and(|mail| !validator::ValidateEmail::validate_email(&mail)) {
            return wrong("retention.compliance_mail is not an e-mail address");
        }
        if let Some(fault) = self.back_office.oidc.as_ref().and_then(Oidc::fault) {
            return wrong(fault);
        }
        for (key, value, least, most) in self.in_range() {
            if !(least..=most).contains(&value) {
                return Err(ConfigError(format!("{key} must be between {least} and {most}, not {value}")));
            }
        }
        Ok(())
    }

    /// Settings that are numbers: the key, the value, the least and the most it may be.
    fn in_range(&self) -> [(&'static str, u64, u64, u64); 19] {
        [
            ("payments.link_minutes", u64::from(self.payments.link_minutes), 1, 7 * 24 * 60),
            (
                "payments.access_token_seconds",
                u64::from(self.payments.access_token_seconds),
                30,
                3600,
            ),
            (
                "payments.refresh_token_minutes",
                u64::from(self.payments.refresh_token_minutes),
                5,
                24 * 60,
            ),
            ("back_office.idle_minutes", u64::from(self.back_office.idle_minutes), 1, 60),
            ("back_office.session_hours", u64::from(self.back_office.session_hours), 1, 24),
            ("back_office.password_days", u64::from(self.back_office.password_days), 0, 3650),
            ("back_office.report_hour", u64::from(self.back_office.report_hour), 0, 23),
            ("database.readers", u64::from(self.database.readers), 1, 200),
            ("worker.interval_ms", self.worker.interval_ms, 10, 60_000),
            ("shutdown.drain_seconds", self.shutdown.drain_seconds, 0, 300),
            ("worker.payments_at_once", self.worker.payments_at_once as u64, 1, 1000),
            ("gateway.signature_age_seconds", self.gateway.signature_age_seconds.into(), 10, 3600),
            (
                "gateway.requests_per_minute",
                u64::from(self.gateway.requests_per_minute),
                1,
                10_000_000,
            ),
            ("gateway.requests_burst", u64::from(self.gateway.requests_burst), 1, 10_000_000),
            ("retention.payments_years", u64::from(self.retention.payments_years), 5, 10),
            ("retention.partners_years", u64::from(self.retention.partners_years), 5, 10),
            ("webhooks.timeout_ms", self.webhooks.timeout_ms, 100, 30_000),
            ("bank_calls.connect_timeout_ms", self.bank_calls.connect_timeout_ms, 100, 60_000),
            ("bank_calls.total_timeout_ms", self.bank_calls.total_timeout_ms, 100, 120_000),
        ]
    }

    /// The settings as TOML, secrets masked.
    ///
    /// # Errors
    /// [`ConfigError`] when they cannot be written as TOML.
    pub fn masked(&self) -> Result<String, ConfigError> {
        toml::to_string_pretty(self).map_err(|e| ConfigError(e.to_string()))
    }

    /// How long an untouched payment lives.
    #[must_use]
    pub fn link_life(&self) -> Duration {
        Duration::from_secs(u64::from(self.payments.link_minutes) * 60)
    }
}

fn is_plain_https(url: &Url) -> bool {
    url.scheme() == "https" && url.path() == "/" && url.query().is_none()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Figment's error in one line: which key, and where it was set. Never the value, which may be a secret.
fn explain(error: &figment::Error) -> String {
    use figment::error::Kind;
    let path = error.path.join(".");
    let place = error
        .metadata
        .as_ref()
        .map(|m| {
            format!(
                " (set in {})",
                m.source.as_ref().map_or_else(|| m.name.to_string(), ToString::to_string)
            )
        })
        .unwrap_or_default();
    let key = |last: &str| {
        if path.is_empty() {
            last.to_owned()
        } else {
            format!("{path}.{last}")
        }
    };
    match &error.kind {
        Kind::MissingField(name) => format!(
            "{} is missing; set it in the file or as SMARTPAY__{}",
            key(name),
            key(name).to_uppercase().replace('.', "__")
        ),
        Kind::UnknownField(name, known) => {
            let whole = if path.ends_with(name.as_str()) { path.clone() } else { key(name) };
            format!("{whole} is not a setting{place}; known here: {}", known.join(", "))
        }
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => format!("{path} must be {expected}{place}"),
        Kind::Message(_) => format!("{path} has a value that cannot be read{place}"),
        _ => format!("{path}: it cannot be read{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = r#"
        [gateway]
        certificate = "a"
        key = "b"
        client_ca = "c"
        [database]
        url = "postgres://smartpay:geheim@db/smartpay"
        [encryption]
        key_file = "k"
        [bank.cec]
        client_id = "id"
        client_secret = "streng-geheim"
        [back_office.oidc]
        issuer = "https://login.example.ro"
        client_id = "smartpay"
        client_secret = "auch-geheim"
    "#;

    #[test]
    fn unknown_keys_are_named() {
        let error = Settings::from_texts(&[REST, "[payments]\nlink_minuts = 3"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("payments.link_minuts") && error.contains("link_minutes"), "{error}");
        let error = Settings::from_texts(&[REST, "typo = 1"]).unwrap_err().to_string();
        assert!(error.contains("typo"), "{error}");
    }

    #[test]
    fn missing_secrets_are_named_with_their_environment_variable() {
        let error = Settings::from_texts(&[]).unwrap_err().to_string();
        assert!(error.contains("is missing; set it in the file or as SMARTPAY__"), "{error}");
    }

    #[test]
    fn secrets_are_masked_wherever_settings_are_printed() {
        let settings = Settings::from_texts(&[REST]).unwrap();
        for printed in [settings.masked().unwrap(), format!("{settings:?}")] {
            assert!(!printed.contains("geheim"), "{printed}");
        }
        assert!(settings.masked().unwrap().contains("***"));
        assert_eq!(settings.database.url.expose(), "postgres://smartpay:geheim@db/smartpay");
    }

    #[test]
    fn impossible_values_are_refused() {
        for (over, named) in [
            ("[public]\nbase_url = \"http://pay.example.ro\"", "public.base_url"),
            ("[public]\nbind = \"nowhere\"", "public.bind"),
            ("[payments]\nlink_minutes = 0", "payments.link_minutes"),
            ("[retention]\npayments_years = 4", "retention.payments_years"),
            ("[webhooks]\nallow_private = [\"10.0.0.0/33\"]", "webhooks.allow_private"),
            ("[webhooks]\ntimeout_ms = 60000", "webhooks.timeout_ms"),
            ("[retention]\ncompliance_mail = \"ofițer\"", "retention.compliance_mail"),
            ("[mail]\ntransport = \"folder\"", "mail.folder"),
            (
                "[back_office.oidc]\nissuer = \"http://login.example.ro\"\nclient_id = \"a\"\nclient_secret = \"b\"",
                "back_office.oidc.issuer",
            ),
            (
                "[back_office.oidc]\nissuer = \"https://login.example.ro\"\nclient_id = \"a\"\nclient_secret = \"\"",
                "back_office.oidc.client_id",
            ),
            ("[mail]\ntransport = \"pigeon\"", "mail.transport"),
            ("[mail.smtp]\nhost = \"smtp.example.ro\"\ntls = \"none\"", "mail.smtp.tls"),
        ] {
            let error = Settings::from_texts(&[REST, over]).unwrap_err().to_string();
            assert!(error.contains(named), "{over}: {error}");
        }
    }

    #[test]
    fn the_production_example_is_valid() {
        assert!(Settings::from_texts(&[include_str!("../config/production.example.toml")]).is_ok());
    }
}
