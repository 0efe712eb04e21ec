//! Sends a mail once more that a server has taken already, or has refused: the same words under the same
//! Message-ID, so that it is recognised as a copy.

use super::{Context, FlowError};
use crate::payment::PaymentId;
use crate::store::{audit, outbox};

/// Makes a message of a payment due again; one that waits to be sent is left as it is. Who did it goes to the
/// audit log.
///
/// # Errors
/// [`FlowError::NotFound`] when the payment has no such message.
pub async fn resend_mail(cx: &Context, id: PaymentId, message_id: &str, admin_id: &str) -> Result<(), FlowError> {
    let (now, message_id, admin_id) = (cx.now(), message_id.to_owned(), admin_id.to_owned());
    let known = cx
        .db
        .write(move |a| {
            let mails = outbox::of_payment(a, id)?;
            let Some(mail) = mails.into_iter().find(|m| m.message_id == message_id) else {
                return Ok(false);
            };
            if outbox::again(a, id, &message_id, now)? {
                audit::add(a, now, &admin_id, "mail_resent", Some(&id.to_string()), Some(&mail.kind))?;
            }
            Ok(true)
        })
        .await?;
    if known { Ok(()) } else { Err(FlowError::NotFound) }
}
