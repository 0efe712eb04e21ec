//! Who is told that files must be renewed: the dashboard, and the compliance officer by mail.

use super::{Onboarded, all, day_of};
use crate::flow::{Context, FlowError};
use crate::mail::compliance::{ComplianceMail, render_compliance};
use crate::mail::{OutgoingMail, Rendered};
use crate::store::outbox::{self, NewMessage};
use chrono::NaiveDate;

/// Days before the due date from which on a file is among those to be renewed, and on which a mail is sent.
pub const STEPS: [i64; 3] = [60, 30, 0];

/// A file that must be renewed soon, or should have been.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The partner's id.
    pub partner_id: String,
    /// The partner's name.
    pub partner: String,
    /// By when.
    pub due: NaiveDate,
    /// Days left; negative when it is overdue.
    pub days_left: i64,
}

fn renewal(one: &Onboarded, today: NaiveDate) -> Option<Renewal> {
    let due = day_of(one.file.renewal_due_at?);
    let days_left = (due - today).num_days();
    (one.file.ended_at.is_none() && days_left <= STEPS[0]).then(|| Renewal {
        partner_id: one.partner.id.clone(),
        partner: one.partner.name.clone(),
        due,
        days_left,
    })
}

/// Files that must be renewed within 60 days, or should have been, the most urgent first.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn due(cx: &Context) -> Result<Vec<Renewal>, FlowError> {
    let today = day_of(cx.now());
    let mut found: Vec<Renewal> = all(cx).await?.iter().filter_map(|one| renewal(one, today)).collect();
    found.sort_by_key(|r| r.due);
    Ok(found)
}

/// Puts a mail into the outbox for each file that has come to its next step (60, 30, 0 days, overdue); one a step, as
/// the message's id says which. Without an address nobody is written to. Answers for how many files there is one.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn remind(cx: &Context) -> Result<usize, FlowError> {
    let due = due(cx).await?;
    let mut mails = Vec::new();
    for file in due {
        let reached = STEPS.into_iter().filter(|step| file.days_left <= *step).min();
        let step = match reached {
            Some(0) if file.days_left < 0 => "overdue".to_owned(),
            Some(step) => step.to_string(),
            None => continue,
        };
        let about = ComplianceMail::RenewalDue {
            partner: file.partner,
            due: file.due,
            days_left: file.days_left,
        };
        let name = format!("renewal.{}.{}.{step}", file.partner_id, file.due);
        mails.extend(message(cx, "onboarding_renewal", &name, &about)?);
    }
    let (count, now) = (mails.len(), cx.now());
    if count > 0 {
        cx.db
            .write(move |a| mails.iter().try_for_each(|mail| outbox::add_about(a, None, mail, now)))
            .await?;
    }
    Ok(count)
}

/// A mail to the compliance officer, `None` when the settings name none.
///
/// # Errors
/// [`FlowError::Internal`] when it cannot be rendered.
pub(in crate::flow) fn message(
    cx: &Context,
    kind: &'static str,
    name: &str,
    about: &ComplianceMail,
) -> Result<Option<NewMessage>, FlowError> {
    let Some(to) = &cx.rules.keeping.compliance_mail else {
        return Ok(None);
    };
    let rendered = render_compliance(about).map_err(|e| FlowError::Internal(e.to_string()))?;
    let Rendered { subject, text, html } = rendered;
    let message_id = format!("{name}@{}", cx.rules.mail_domain);
    let mail = OutgoingMail {
        message_id: message_id.clone(),
        from: cx.rules.mail_from.clone(),
        to: to.clone(),
        subject,
        text,
        html,
        date: cx.now(),
    };
    Ok(Some(NewMessage {
        kind,
        message_id,
        payload: serde_json::to_string(&mail)?,
    }))
}
