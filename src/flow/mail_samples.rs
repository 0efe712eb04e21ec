//! Every mail to payers with invented data, as it would be sent.
//!
//! **Invariant:** nothing here is sent, and nothing is read or written.

use super::look_after_mail::{Preview, preview_mail, rendered, sample};
use super::notify::reason_word;
use super::{Context, FlowError, daily_report};
use crate::bank::Reason;
use crate::mail::{MailKind, PaymentMail};
use crate::payment::{Frequency, Language, Schedule};
use chrono::Days;

/// Payments of the long mail: more than it lists.
const MANY: usize = 60;

/// What a sample shows beside its kind.
#[derive(Clone, Copy)]
enum Shape {
    Plain,
    /// Refused or cancelled for a reason; without one the bank did not say.
    Because(Option<Reason>),
    StandingOrder,
    /// Several payments in one.
    Several,
    /// Nothing that may be missing.
    Short,
}

/// Every sample: its name, its kind and its shape.
fn samples() -> Vec<(String, MailKind, Shape)> {
    let mut samples: Vec<(String, MailKind, Shape)> = Vec::new();
    for kind in MailKind::ALL {
        let name = kind.as_str().replace('_', "-");
        if matches!(kind, MailKind::Refused | MailKind::Cancelled) {
            let reasons = Reason::ALL.into_iter().map(Some).chain([None]);
            samples.extend(reasons.map(|reason| {
                let word = reason.map_or("no-reason", Reason::as_str).replace('_', "-");
                (format!("{name}-{word}"), kind, Shape::Because(reason))
            }));
        } else {
            samples.push((name.clone(), kind, Shape::Plain));
        }
        if kind != MailKind::PartlySettled {
            samples.push((format!("{name}-standing-order"), kind, Shape::StandingOrder));
        }
    }
    samples.push(("settled-several".into(), MailKind::Settled, Shape::Several));
    samples.push(("partly-settled-many".into(), MailKind::PartlySettled, Shape::Several));
    samples.push(("settled-short".into(), MailKind::Settled, Shape::Short));
    samples
}

/// The names of the samples.
#[must_use]
pub fn mail_samples() -> Vec<String> {
    let payers = samples().into_iter().map(|(name, ..)| name);
    payers.chain([daily_report::KIND.replace('_', "-")]).collect()
}

/// A sample in a language.
///
/// # Errors
/// [`FlowError::NotFound`] when there is none of this name.
pub fn sample_mail(cx: &Context, name: &str, language: Language) -> Result<Preview, FlowError> {
    if name == daily_report::KIND.replace('_', "-") {
        return preview_mail(cx, daily_report::KIND, language);
    }
    let found = samples().into_iter().find(|(known, ..)| known == name);
    let (_, kind, shape) = found.ok_or(FlowError::NotFound)?;
    rendered(&shaped(cx, sample(cx, kind, language), shape))
}

fn shaped(cx: &Context, mut mail: PaymentMail, shape: Shape) -> PaymentMail {
    match shape {
        Shape::Plain => {}
        Shape::Because(reason) => mail.reason = Some(reason_word(reason.map(Reason::as_str), mail.language)),
        Shape::StandingOrder => {
            mail.schedule = Some(Schedule {
                start_date: cx.now().date() + Days::new(5),
                frequency: Frequency::Monthly,
                day_of_execution: Some(15),
            });
        }
        Shape::Several => {
            let lines = mail.instructions.clone();
            let line = |n: usize| {
                let mut line = lines[n % lines.len()].clone();
                line.creditor_name = format!("Furnizor cu un nume destul de lung {} SRL", n + 1);
                line
            };
            mail.instructions = (0..MANY).map(line).collect();
            mail.total.minor = mail.instructions.iter().map(|line| line.amount.minor).sum();
        }
        Shape::Short => {
            (mail.debtor_iban_masked, mail.bank_reference, mail.support_contact) = (None, None, None);
        }
    }
    mail
}
