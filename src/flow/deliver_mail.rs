//! Sends what waits in the outbox. A message leaves the outbox only when a mail server took it.

use super::{Context, FlowError, after};
use crate::fail_point;
use crate::mail::{MailError, OutgoingMail};
use crate::store::outbox::{self, Outcome};
use std::time::Duration;

/// How long one attempt may take before another sender may try.
pub(super) const LEASE: Duration = Duration::from_secs(120);

/// Ids of messages that are due.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn due_mails(cx: &Context, limit: i64) -> Result<Vec<String>, FlowError> {
    let now = cx.now();
    Ok(cx.db.read(move |a| outbox::due(a, now, limit)).await?)
}

/// Sends one message, if it is still due.
///
/// # Errors
/// [`FlowError::Internal`] of the database, or when the message cannot be read.
pub async fn deliver_mail(cx: &Context, id: String) -> Result<(), FlowError> {
    let now = cx.now();
    let claimed = cx.db.write(move |a| outbox::claim(a, &id, now, after(now, LEASE))).await?;
    let Some(claimed) = claimed else { return Ok(()) };
    let mail: OutgoingMail = serde_json::from_str(&claimed.payload)?;
    let sent = cx.mailer.send(&mail).await;
    fail_point::may_die("mail_delivered");
    let outcome = match sent {
        Ok(()) => Outcome::Sent,
        Err(MailError::Temporary(why)) => Outcome::Again(after(cx.now(), pause(claimed.attempts)), why),
        Err(MailError::Permanent(why)) => {
            tracing::error!(message = mail.message_id, why, "the mail server refused a message for good");
            Outcome::GivenUp(why)
        }
    };
    metrics::counter!("smartpay_mails_total", "outcome" => word(&outcome)).increment(1);
    let now = cx.now();
    Ok(cx.db.write(move |a| outbox::finish(a, &claimed, &outcome, now)).await?)
}

const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Sent => "sent",
        Outcome::Again(..) => "again",
        Outcome::GivenUp(_) => "given_up",
    }
}

/// 10 s, 20 s, 40 s … at most an hour: mail is never dropped for a server that is down.
fn pause(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(0).min(9);
    Duration::from_secs((10 << doublings).min(3600))
}
