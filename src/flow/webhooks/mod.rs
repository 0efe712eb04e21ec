//! Webhooks: partners are told that something happened to a payment of theirs, and ask for its status then.
//!
//! An event is written with the status it tells of, one delivery an endpoint that wants it, and sent by the worker until
//! the endpoint has taken it or [`KEPT_TRYING`] is over.
//!
//! **Invariant:** no event is sent that is not true in the database, and none is lost between the two; every copy of an
//! event has the same id and says what was true when it happened.

mod deliver;
mod office;

pub use deliver::{deliver, due};
pub use office::{resend, send_test};

use super::status_view::StatusView;
use crate::clock::Timestamp;
use crate::partner::webhook::WebhookEvent;
use crate::payment::transition::CORRECTION;
use crate::store::history::Entry;
use crate::store::payments::Payment;
use crate::store::webhook_deliveries::{self, NewEvent};
use crate::store::{Access, StoreError, webhook_endpoints};
use chrono::{Duration, SecondsFormat};
use serde::Serialize;

/// For how long an event is sent again, and an endpoint that takes nothing stays on.
pub const KEPT_TRYING: Duration = Duration::hours(72);

/// An endpoint that has taken nothing for so long is switched off: a little less, because its first failure came a
/// little after the event whose last try failed now.
const OFF_AFTER: Duration = Duration::minutes(72 * 60 - 5);

/// What every event says about itself.
const NOTE: &str = "A hint only: ask for the payment's status before you act on it.";

/// The body of an event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
    note: &'static str,
    #[serde(flatten)]
    payment: Option<StatusView>,
}

fn new_event(kind: &'static str, payment: Option<&Payment>, now: Timestamp) -> Result<NewEvent, StoreError> {
    let event_id = format!("evt_{}", uuid::Uuid::new_v4().simple());
    let body = Body {
        id: &event_id,
        kind,
        created_at: now.and_utc().to_rfc3339_opts(SecondsFormat::Micros, true),
        note: NOTE,
        payment: payment.map(StatusView::of),
    };
    let payload = serde_json::to_string(&body)?;
    Ok(NewEvent {
        event_id,
        kind,
        payment: payment.map(|p| p.id),
        payload,
    })
}

/// Writes what these entries of a payment's history tell its partner, in the transaction that makes them true: at most
/// one event, that of the last move, to each endpoint that wants it.
pub(super) fn record(a: &mut Access<'_>, payment: &Payment, entries: &[Entry], now: Timestamp) -> Result<(), StoreError> {
    let moved = entries.iter().rfind(|e| e.from != e.to);
    let Some(event) = moved.and_then(|e| WebhookEvent::of_move(e.to, e.event == CORRECTION)) else {
        return Ok(());
    };
    let mut endpoints = webhook_endpoints::of_partner(a, &payment.partner_id)?;
    endpoints.retain(|endpoint| endpoint.active && endpoint.events.contains(&event));
    if endpoints.is_empty() {
        return Ok(());
    }
    let new = new_event(event.as_str(), Some(payment), now)?;
    for endpoint in endpoints {
        webhook_deliveries::add(a, &endpoint.id, &new, now)?;
    }
    Ok(())
}
