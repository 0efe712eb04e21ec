//! Tells the operator by mail when a partner's certificate is about to end: 60, 30 and 7 days before, once each.

use super::{Context, FlowError};
use crate::clock::Timestamp;
use crate::mail::{CertificateEnds, OutgoingMail, is_mailbox, render_certificate_ends};
use crate::store::outbox::{self, NewMessage};
use crate::store::partner_certificates::{self, StoredCertificate};
use chrono::Duration;

/// Days before the end.
const STEPS: [i64; 3] = [7, 30, 60];

/// The last step that a certificate has come to.
fn step(certificate: &StoredCertificate, now: Timestamp) -> Option<i64> {
    let left = certificate.not_after - now;
    STEPS.into_iter().find(|days| left < Duration::days(*days))
}

/// Stores a mail for every certificate that came to its next step; answers how many. An operator whose contact is
/// no address has the list of the back office only.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn warn_of_certificates(cx: &Context) -> Result<usize, FlowError> {
    let (now, rules) = (cx.now(), cx.rules.clone());
    if !is_mailbox(&rules.support_contact) {
        return Ok(0);
    }
    let due = cx.db.read(move |a| {
        let mut due = Vec::new();
        for (certificate, partner) in partner_certificates::ending(a, now + Duration::days(60))? {
            let Some(days) = step(&certificate, now) else { continue };
            let message_id = format!("certificate.{}.{days}@{}", certificate.sha256, rules.mail_domain);
            if !outbox::is_known(a, &message_id)? {
                due.push((certificate, partner, message_id));
            }
        }
        Ok(due)
    });
    let due = due.await?;
    let mut messages = Vec::with_capacity(due.len());
    for (certificate, partner, message_id) in due {
        let until = certificate.not_after.and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
        let told = CertificateEnds {
            partner,
            subject: certificate.subject,
            sha256: certificate.sha256,
            until: until.format("%d.%m.%Y, %H:%M").to_string(),
        };
        let rendered = render_certificate_ends(&told).map_err(|e| FlowError::Internal(format!("mail of a certificate: {e}")))?;
        let outgoing = OutgoingMail {
            message_id: message_id.clone(),
            from: cx.rules.mail_from.clone(),
            to: cx.rules.support_contact.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            date: now,
        };
        messages.push(NewMessage {
            kind: "certificate_ends",
            message_id,
            payload: serde_json::to_string(&outgoing)?,
        });
    }
    let count = messages.len();
    if count > 0 {
        let write = cx
            .db
            .write(move |a| messages.iter().try_for_each(|message| outbox::add_about(a, None, message, now)));
        write.await?;
    }
    Ok(count)
}
