//! Sends a mail once more, for every page that offers it: the same words under the same Message-ID, so that a copy is
//! recognised as one.
//!
//! The rule: what may be in a sender's hands is left alone, so that payers do not get it twice by accident; what a
//! server has taken already is sent again only by somebody who saw that it was.

use super::deliver_mail::LEASE;
use super::{Context, FlowError, after};
use crate::payment::PaymentId;
use crate::store::audit;
use crate::store::mail_queue::{self, Again, Wanted};

/// Which message, as the page showed it.
#[derive(Clone, Debug)]
pub struct Resending {
    /// Its id.
    pub mail_id: String,
    /// The payment whose page it was; none for the list of all.
    pub payment: Option<PaymentId>,
    /// Whether the page said that a server has it.
    pub saw_sent: bool,
}

/// Makes a message due at once; what is being sent, or will be within two minutes, is left alone ([`Again::Soon`]), and
/// so is what was sent unless that was seen ([`Again::Sent`]). Who did it goes to the audit log.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn resend_mail(cx: &Context, admin_id: &str, resending: Resending) -> Result<Again, FlowError> {
    if uuid::Uuid::try_parse(&resending.mail_id).is_err() {
        return Ok(Again::Unknown);
    }
    let (admin, now) = (admin_id.to_owned(), cx.now());
    let soon = after(now, LEASE);
    let write = cx.db.write(move |a| {
        let wanted = Wanted {
            id: &resending.mail_id,
            payment: resending.payment,
            even_if_sent: resending.saw_sent,
        };
        let (again, kind) = mail_queue::try_again(a, wanted, now, soon)?;
        if again == Again::Due {
            let subject = match resending.payment {
                Some(payment) => payment.to_string(),
                None => format!("mail:{}", resending.mail_id),
            };
            audit::add(a, now, &admin, "mail_sent_again", Some(&subject), Some(&kind))?;
        }
        Ok(again)
    });
    Ok(write.await?)
}
