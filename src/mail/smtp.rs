//! Mail through a mail server (RFC 5321), encrypted by STARTTLS (RFC 3207) or from the first byte (RFC 8314).

use super::{MailError, MailSettingsError};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

/// How the connection is protected. There is no "if the server offers it": a missing STARTTLS is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Upgraded by STARTTLS before anything is said (usually port 587).
    StartTls,
    /// TLS from the first byte (usually port 465).
    Tls,
    /// None; only to this machine.
    Plain,
}

/// Where mail goes.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Name of the mail server; its certificate must carry it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Protection of the connection.
    pub tls: SmtpTls,
    /// User name, when the server wants a login.
    pub user: Option<String>,
    /// Password of the user.
    pub password: Option<SecretString>,
    /// Certificates to trust besides the public ones, PEM.
    pub extra_root_pem: Option<Vec<u8>>,
    /// Longest wait for the connection, and again for the delivery of a message.
    pub timeout: Duration,
}

/// A mail server and the connections to it.
pub struct Smtp {
    builder: AsyncSmtpTransportBuilder,
    patience: Duration,
    /// Made by the first mail: the pool needs the runtime it will live in.
    transport: OnceLock<AsyncSmtpTransport<Tokio1Executor>>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").finish_non_exhaustive()
    }
}

impl Smtp {
    pub(super) fn new(settings: SmtpSettings) -> Result<Self, MailSettingsError> {
        let tls = match settings.tls {
            SmtpTls::Plain if !is_this_machine(&settings.host) => {
                return Err(MailSettingsError(
                    "an unencrypted connection is allowed to this machine only".to_owned(),
                ));
            }
            SmtpTls::Plain => Tls::None,
            SmtpTls::StartTls => Tls::Required(tls_parameters(&settings)?),
            SmtpTls::Tls => Tls::Wrapper(tls_parameters(&settings)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .timeout(Some(settings.timeout))
            .tls(tls);
        let patience = settings.timeout * 2;
        match (settings.user, settings.password) {
            (Some(user), Some(password)) => {
                builder = builder.credentials(Credentials::new(user, password.expose_secret().to_owned()));
            }
            (None, None) => {}
            _ => return Err(MailSettingsError("user and password belong together".to_owned())),
        }
        Ok(Self {
            builder,
            patience,
            transport: OnceLock::new(),
        })
    }

    pub(super) async fn send(&self, message: Message) -> Result<(), MailError> {
        let transport = self.transport.get_or_init(|| self.builder.clone().build());
        let needs_smtputf8 = message.envelope().to().iter().any(|a| !AsRef::<str>::as_ref(a).is_ascii());
        // The transport's own time-out ends with the connection's greeting: a server that stops talking later
        // would never be given up.
        match tokio::time::timeout(self.patience, transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(e)) => Err(classify(&e, needs_smtputf8)),
            Err(_) => Err(MailError::Temporary("the mail server did not answer in time".to_owned())),
        }
    }
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, MailSettingsError> {
    let unusable = |_| MailSettingsError("the additional root certificate cannot be used".to_owned());
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.extra_root_pem {
        parameters = parameters.add_root_certificate(Certificate::from_pem(pem).map_err(unusable)?);
    }
    parameters.build().map_err(unusable)
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Sorts a failure. What the server said is reduced to its codes, because its words often repeat the address.
fn classify(error: &Error, needs_smtputf8: bool) -> MailError {
    if let Some(code) = error.status() {
        let code: u16 = code.into();
        let words = error.source().map(ToString::to_string).unwrap_or_default();
        let text = match enhanced_status(&words) {
            Some(enhanced) => format!("the mail server answered {code} {enhanced}"),
            None => format!("the mail server answered {code}"),
        };
        // RFC 4954 §6: these refuse us (login, encryption), not the message. An operator mends them.
        let about_login = matches!(code, 530 | 534 | 535 | 538);
        return if error.is_permanent() && !about_login {
            MailError::Permanent(text)
        } else {
            MailError::Temporary(text)
        };
    }
    if error.is_client() && needs_smtputf8 {
        return MailError::Permanent("the mail server takes no international addresses (SMTPUTF8)".to_owned());
    }
    MailError::Temporary(
        if error.is_timeout() {
            "the mail server did not answer in time"
        } else if error.is_tls() {
            "no trusted encrypted connection to the mail server"
        } else if error.is_client() {
            "the mail server does not offer the encryption or login we need"
        } else if error.is_response() {
            "the mail server's answer made no sense"
        } else {
            "the mail server could not be reached"
        }
        .to_owned(),
    )
}

/// The enhanced status code (RFC 3463: `5.1.1`) a reply begins with.
fn enhanced_status(words: &str) -> Option<&str> {
    let first = words.split_whitespace().next()?;
    let mut parts = first.split('.');
    let digits = |p: &str| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit());
    let shaped = parts.by_ref().take(3).filter(|p| digits(p)).count() == 3;
    (shaped && parts.next().is_none()).then_some(first)
}

#[cfg(test)]
#[path = "smtp_tests.rs"]
mod tests;
