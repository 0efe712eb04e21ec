//! What the operator sees of mail: what waits, was sent and was given up, and each kind of mail as payers get it.

use super::{Context, FlowError, daily_report};
use crate::mail::{self, MailKind, MailLine, OutgoingMail, PaymentMail, ReasonWord};
use crate::payment::{Amount, Currency, InstructionOutcome, Language};
use crate::store::mail_queue::{self, Listed, Standing};

/// Messages of a list.
const MOST: i64 = 50;

/// A message, and whom it goes to.
pub struct Mail {
    /// What the outbox knows.
    pub listed: Listed,
    /// The address; empty when the message does not open.
    pub to: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("listed", &self.listed).finish_non_exhaustive()
    }
}

/// Mails of one standing, and how many wait and how many were given up.
#[derive(Debug)]
pub struct Mails {
    /// At most 50.
    pub mails: Vec<Mail>,
    /// How many wait.
    pub waiting: i64,
    /// How many were given up.
    pub given_up: i64,
}

/// The mails of one standing.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn mails(cx: &Context, standing: Standing) -> Result<Mails, FlowError> {
    let read = cx
        .db
        .read(move |a| Ok((mail_queue::list(a, standing, MOST)?, mail_queue::counts(a)?)));
    let (listed, (waiting, given_up)) = read.await?;
    let with_address = |mut listed: Listed| {
        let payload = listed.payload.take();
        let mail = payload.and_then(|json| serde_json::from_str::<OutgoingMail>(&json).ok());
        Mail {
            listed,
            to: mail.map(|mail| mail.to).unwrap_or_default(),
        }
    };
    Ok(Mails {
        mails: listed.into_iter().map(with_address).collect(),
        waiting,
        given_up,
    })
}

/// A mail as payers get it, about a payment that does not exist.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML document.
    pub html: String,
}

/// The words of the kinds of mail.
pub fn mail_kinds() -> impl Iterator<Item = &'static str> {
    MailKind::ALL.into_iter().map(MailKind::as_str).chain([daily_report::KIND])
}

/// A kind of mail in a language, with sample data.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such kind.
pub fn preview_mail(cx: &Context, kind: &str, language: Language) -> Result<Preview, FlowError> {
    if kind == daily_report::KIND {
        return preview(mail::daily_report::render_daily_report(&daily_report::sample(cx, language)));
    }
    let kind = MailKind::ALL.into_iter().find(|known| known.as_str() == kind);
    rendered(&sample(cx, kind.ok_or(FlowError::NotFound)?, language))
}

/// A mail to a payer in its three forms.
pub(super) fn rendered(mail: &PaymentMail) -> Result<Preview, FlowError> {
    preview(mail::render(mail))
}

fn preview(rendered: Result<mail::Rendered, askama::Error>) -> Result<Preview, FlowError> {
    let rendered = rendered.map_err(|e| FlowError::Internal(e.to_string()))?;
    Ok(Preview {
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
    })
}

/// A mail of a kind about a payment that does not exist.
pub(super) fn sample(cx: &Context, kind: MailKind, language: Language) -> PaymentMail {
    let ron = |minor| Amount {
        minor,
        currency: Currency::Ron,
    };
    let line = |details: &str, amount, outcome| MailLine {
        creditor_name: "Librăria Exemplu SRL".into(),
        creditor_iban_masked: "RO49 •••• •••• 0000".into(),
        amount,
        details: details.into(),
        outcome,
    };
    let instructions = if kind == MailKind::PartlySettled {
        vec![
            line("Comanda 1001", ron(10_000), Some(InstructionOutcome::Made)),
            line("Comanda 1002", ron(2_345), Some(InstructionOutcome::NotMade)),
        ]
    } else {
        vec![line("Comanda 1001", ron(12_345), None)]
    };
    PaymentMail {
        kind,
        language,
        partner_name: "Librăria Exemplu".into(),
        instructions,
        total: ron(12_345),
        schedule: None,
        debtor_iban_masked: Some("RO66 •••• •••• 7890".into()),
        bank_name: "Banca Exemplu".into(),
        reference: "0000000000000000".into(),
        bank_reference: Some("EXEMPLU-1".into()),
        reason: matches!(kind, MailKind::Refused | MailKind::Cancelled).then_some(ReasonWord::PsuDeclined),
        at: cx.now(),
        support_contact: Some(cx.rules.support_contact.clone()),
    }
}
