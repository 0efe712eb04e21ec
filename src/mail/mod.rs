//! Mail to payers: the messages, and the ways they leave (SMTP, a folder, memory).
//!
//! **Invariant:** nothing here decides whether a mail is due, stores it or retries it. A message that is sent
//! twice carries the same `Message-ID` and the same bytes. No address and no text of a message reaches a log
//! or an error.

pub mod application;
mod certificate_ends;
pub mod compliance;
pub mod daily_report;
mod folder;
pub mod messages;
mod smtp;
mod webhook_off;

pub use certificate_ends::{CertificateEnds, render_certificate_ends};
pub use messages::{MailKind, MailLine, PaymentMail, ReasonWord, Rendered, render};
pub use smtp::{Smtp, SmtpSettings, SmtpTls};
pub use webhook_off::{WebhookOff, render_webhook_off};

use crate::clock::Timestamp;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue, MessageId};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// One message, ready to leave.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingMail {
    /// RFC 5322 §3.6.4 message identifier without its angle brackets, the same for every copy.
    pub message_id: String,
    /// Mailbox of the sender, optionally with a display name.
    pub from: String,
    /// Mailbox of the one recipient.
    pub to: String,
    /// Subject, one line.
    pub subject: String,
    /// Plain text body.
    pub text: String,
    /// HTML body.
    pub html: String,
    /// The `Date` header (UTC).
    pub date: Timestamp,
}

impl fmt::Debug for OutgoingMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingMail")
            .field("message_id", &self.message_id)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// Whether a text is a mailbox that mail can be sent to (RFC 5322).
#[must_use]
pub fn is_mailbox(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// Why a mail did not leave. The text never names an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Worth another try later.
    #[error("the mail could not be sent now: {0}")]
    Temporary(String),
    /// The same message will be refused again.
    #[error("the mail cannot be sent: {0}")]
    Permanent(String),
}

/// The settings do not describe a usable way to send mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mail settings: {0}")]
pub struct MailSettingsError(pub(crate) String);

/// What a [`Mailer::memory`] has sent so far, oldest first.
#[derive(Clone, Debug, Default)]
pub struct SentMails(Arc<Mutex<Vec<OutgoingMail>>>);

impl SentMails {
    /// A copy of every mail sent so far.
    #[must_use]
    pub fn all(&self) -> Vec<OutgoingMail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets what was sent and returns it.
    #[must_use]
    pub fn take(&self) -> Vec<OutgoingMail> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, mail: OutgoingMail) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
    }
}

/// A way for mail to leave.
#[derive(Debug)]
pub enum Mailer {
    /// A mail server.
    Smtp(Box<Smtp>),
    /// One `.eml` file a message.
    Folder(PathBuf),
    /// Kept in memory, for tests.
    Memory(SentMails),
    /// The simulation's mail server.
    #[cfg(test)]
    Simulated(Box<dyn MailServer>),
}

/// A mail server of the simulation.
#[cfg(test)]
pub trait MailServer: fmt::Debug + Send + Sync {
    /// Takes one message, or says why not.
    fn take(&self, message_id: String) -> futures_util::future::BoxFuture<'_, Result<(), MailError>>;
}

impl Mailer {
    /// Sends through a mail server. The first connection is made by the first mail.
    ///
    /// # Errors
    /// [`MailSettingsError`] for an unusable root certificate, a user without a password (or the reverse),
    /// and for an unencrypted connection to anything but this machine.
    pub fn smtp(settings: SmtpSettings) -> Result<Self, MailSettingsError> {
        Smtp::new(settings).map(|s| Self::Smtp(Box::new(s)))
    }

    /// Writes each message to `folder`, which is created when the first one is sent.
    #[must_use]
    pub const fn folder(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }

    /// Keeps each message; the handle shows them.
    #[must_use]
    pub fn memory() -> (Self, SentMails) {
        let sent = SentMails::default();
        (Self::Memory(sent.clone()), sent)
    }

    /// Sends one message. `Ok` means that the next hop has taken responsibility for it.
    ///
    /// # Errors
    /// [`MailError::Temporary`] when another try may succeed, [`MailError::Permanent`] when it cannot.
    pub async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        let message = compose(mail)?;
        match self {
            Self::Smtp(smtp) => smtp.send(message).await,
            Self::Folder(folder) => folder::write(folder.clone(), folder::file_name(mail), message.formatted()).await,
            Self::Memory(sent) => {
                sent.push(mail.clone());
                Ok(())
            }
            #[cfg(test)]
            Self::Simulated(server) => server.take(mail.message_id.clone()).await,
        }
    }
}

/// Builds the MIME message: `multipart/alternative` with the plain text first (RFC 2046 §5.1.4), marked as
/// automatic (RFC 3834 §5) so that no out-of-office answer comes back.
fn compose(mail: &OutgoingMail) -> Result<Message, MailError> {
    let permanent = |what: &str| MailError::Permanent(what.to_owned());
    if !is_message_id(&mail.message_id) {
        return Err(permanent("the message id is not valid"));
    }
    let from: Mailbox = mail.from.parse().map_err(|_| permanent("the sender is not a valid mailbox"))?;
    let to: Mailbox = mail.to.parse().map_err(|_| permanent("the recipient is not a valid mailbox"))?;
    let header = |name, value: String| HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
    // The boundary derives from the message id, so that a second copy is the same to the byte.
    let bodies = MultiPart::alternative()
        .boundary(format!("={}=", folder::digest(&mail.message_id)))
        .singlepart(SinglePart::plain(mail.text.clone()))
        .singlepart(SinglePart::html(mail.html.clone()));
    Message::builder()
        .header(MessageId::from(format!("<{}>", mail.message_id)))
        .raw_header(header("Date", mail.date.format("%a, %d %b %Y %H:%M:%S +0000").to_string()))
        .from(from)
        .to(to)
        .subject(one_line(&mail.subject))
        .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
        .multipart(bodies)
        .map_err(|_| permanent("the message could not be composed"))
}

fn is_message_id(id: &str) -> bool {
    let allowed = |c: char| c.is_ascii_graphic() && !"<>()[]\\,;:\"".contains(c);
    id.len() <= 200
        && id
            .split_once('@')
            .is_some_and(|(l, r)| !l.is_empty() && !r.is_empty() && !r.contains('@'))
        && id.chars().all(allowed)
}

/// The text with control characters (line breaks above all), bidirectional overrides and invisible characters
/// replaced by single spaces.
pub(crate) fn one_line(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|c| {
            let mut buffer = [0; 4];
            if crate::payment::text::has_forbidden_characters(c.encode_utf8(&mut buffer)) {
                ' '
            } else {
                c
            }
        })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn example() -> OutgoingMail {
        OutgoingMail {
            message_id: "settled.1234@pay.example".into(),
            from: "SmartPay <plati@pay.example>".into(),
            to: "ana@client.example".into(),
            subject: "Plată efectuată".into(),
            text: "Bună ziua".into(),
            html: "<p>Bună ziua</p>".into(),
            date: chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap().naive_utc(),
        }
    }

    #[test]
    fn the_message_has_what_a_mail_needs_and_is_the_same_each_time() {
        let raw = compose(&example()).unwrap().formatted();
        assert_eq!(raw, compose(&example()).unwrap().formatted());
        let mail = mail_parser::MessageParser::default().parse(&raw).unwrap();
        assert_eq!(mail.message_id(), Some("settled.1234@pay.example"));
        assert_eq!(mail.subject(), Some("Plată efectuată"));
        assert_eq!(mail.body_text(0).unwrap().trim(), "Bună ziua");
        assert_eq!(mail.body_html(0).unwrap().trim(), "<p>Bună ziua</p>");
        assert_eq!(mail.date().unwrap().to_timestamp(), 1_795_000_000);
        assert_eq!(mail.header_raw("Auto-Submitted").unwrap().trim(), "auto-generated");
        assert!(mail.header_raw("Content-Type").unwrap().contains("multipart/alternative"));
    }

    #[test]
    fn it_survives_the_outbox_and_prints_no_address() {
        let mail = example();
        let stored = serde_json::to_string(&mail).unwrap();
        assert_eq!(serde_json::from_str::<OutgoingMail>(&stored).unwrap(), mail);
        assert!(!format!("{mail:?}").contains("ana@"));
    }

    #[actix_web::test]
    async fn an_impossible_recipient_is_permanent_and_unnamed() {
        let (mailer, sent) = Mailer::memory();
        for to in ["", "ana", "ana@x.example\r\nBcc: eve@x.example", "a b@x.example"] {
            let error = mailer
                .send(&OutgoingMail {
                    to: to.into(),
                    ..example()
                })
                .await
                .unwrap_err();
            assert!(matches!(&error, MailError::Permanent(text) if !text.contains('@')), "{error}");
        }
        for id in ["", "no-at", "a@b>\r\nX: y", "a@b@c", "a b@c"] {
            let mail = OutgoingMail {
                message_id: id.into(),
                ..example()
            };
            assert!(matches!(mailer.send(&mail).await, Err(MailError::Permanent(_))), "{id}");
        }
        assert!(sent.all().is_empty());
        mailer.send(&example()).await.unwrap();
        assert_eq!(sent.take(), vec![example()]);
    }

    proptest! {
        #[test]
        fn no_subject_or_body_adds_a_header(subject in "\\PC{0,40}[\r\n]{1,3}Bcc: eve@x.example\\PC{0,40}", text in ".*", html in ".*") {
            let raw = compose(&OutgoingMail { subject, text, html, ..example() }).unwrap().formatted();
            let mail = mail_parser::MessageParser::default().parse(&raw).unwrap();
            prop_assert!(mail.bcc().is_none());
            prop_assert_eq!(mail.headers().len(), 8, "{:?}", mail.headers());
        }
    }
}
