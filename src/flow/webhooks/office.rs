//! What operators do about webhooks by hand: an event that tests an endpoint, and one that is sent once more.

use super::{deliver, new_event};
use crate::flow::{Context, FlowError};
use crate::partner::webhook::TEST_EVENT;
use crate::payment::PaymentId;
use crate::store::webhook_deliveries::{self as deliveries, Again};
use crate::store::{audit, webhook_endpoints};

/// Sends a test event to an endpoint of a partner, also to one that is off, and waits until it has answered or has not;
/// whether it took it. It is tried once.
///
/// # Errors
/// [`FlowError::NotFound`] when the partner has no such endpoint.
pub async fn send_test(cx: &Context, admin_id: &str, partner_id: &str, endpoint_id: &str) -> Result<bool, FlowError> {
    let (now, admin) = (cx.now(), admin_id.to_owned());
    let (partner, endpoint) = (partner_id.to_owned(), endpoint_id.to_owned());
    let write = cx.db.write(move |a| {
        let found = webhook_endpoints::get(a, &endpoint)?;
        let Some(found) = found.filter(|e| e.partner_id == partner && e.removed_at.is_none()) else {
            return Ok(None);
        };
        let id = deliveries::add(a, &found.id, &new_event(TEST_EVENT, None, now)?, now)?;
        audit::add(a, now, &admin, "webhook_tested", Some(&partner), Some(&found.id))?;
        Ok(Some(id))
    });
    let id = write.await?.ok_or(FlowError::NotFound)?;
    deliver(cx, id.clone()).await?;
    Ok(cx.db.read(move |a| deliveries::was_delivered(a, &id)).await?)
}

/// Makes a delivery due at once: the same event under the same id. Of which partner and, where it is named, of which
/// payment it must be is checked.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn resend(
    cx: &Context,
    admin_id: &str,
    delivery_id: &str,
    partner_id: Option<&str>,
    payment: Option<PaymentId>,
) -> Result<Again, FlowError> {
    if uuid::Uuid::try_parse(delivery_id).is_err() {
        return Ok(Again::Unknown);
    }
    let (now, admin, id) = (cx.now(), admin_id.to_owned(), delivery_id.to_owned());
    let partner = partner_id.map(ToOwned::to_owned);
    let write = cx.db.write(move |a| {
        let owner = deliveries::partner_of(a, &id)?;
        let Some(owner) = owner.filter(|owner| partner.as_ref().is_none_or(|wanted| wanted == owner)) else {
            return Ok(Again::Unknown);
        };
        let (again, kind) = deliveries::try_again(a, &id, payment, now)?;
        if again == Again::Due {
            let subject = payment.map_or(owner, |payment| payment.to_string());
            audit::add(a, now, &admin, "webhook_sent_again", Some(&subject), Some(&format!("{kind} {id}")))?;
        }
        Ok(again)
    });
    Ok(write.await?)
}
