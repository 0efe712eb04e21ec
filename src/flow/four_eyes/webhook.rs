//! Changes of a partner's webhook endpoints: where we tell of its payments is where an attacker would listen.

use crate::clock::Timestamp;
use crate::flow::error::FieldProblem;
use crate::flow::{Context, FlowError};
use crate::partner::webhook::{MAX_DESCRIPTION_CHARS, MAX_URL_BYTES, MOST_ENDPOINTS, WebhookEvent};
use crate::payment::text::has_forbidden_characters;
use crate::store::webhook_endpoints::{self as endpoints, Endpoint, OFF_BY_ADMIN};
use crate::store::{Access, StoreError, webhook_deliveries};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

/// An endpoint as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedEndpoint {
    /// Its id (UUID); a new one for an endpoint that is added.
    pub id: String,
    /// Where events are posted to.
    pub url: Url,
    /// Which events.
    pub events: Vec<WebhookEvent>,
    /// What the operator calls it.
    pub description: String,
    /// Whether anything is sent there.
    pub active: bool,
}

fn problem(code: &'static str, words: &str) -> FlowError {
    FlowError::Invalid(vec![FieldProblem::new("webhook", code, words)])
}

/// What can be said of it without looking at anything else.
pub(super) fn check(cx: &Context, wanted: &WantedEndpoint) -> Result<(), FlowError> {
    if wanted.url.as_str().len() > MAX_URL_BYTES || cx.webhooks.check(&wanted.url).is_err() {
        return Err(problem(
            "NOT_USABLE",
            "an https URL of a public host, port 443 or above 1023, without user and fragment",
        ));
    }
    if wanted.events.is_empty() {
        return Err(problem("NO_EVENT", "at least one event"));
    }
    let description = &wanted.description;
    if description.chars().count() > MAX_DESCRIPTION_CHARS || has_forbidden_characters(description) {
        return Err(problem("DESCRIPTION", "a description of at most 100 characters"));
    }
    if uuid::Uuid::try_parse(&wanted.id).is_err() {
        return Err(FlowError::NotFound);
    }
    Ok(())
}

fn known(a: &mut Access<'_>, partner_id: &str, id: &str) -> Result<Option<Endpoint>, StoreError> {
    let all = endpoints::of_partner(a, partner_id)?;
    Ok(all.into_iter().find(|endpoint| endpoint.id == id))
}

/// The endpoint as it is now.
pub(super) fn before(a: &mut Access<'_>, partner_id: &str, id: &str) -> Result<Value, StoreError> {
    let found = known(a, partner_id, id)?;
    Ok(json!({ "webhook": found.map(|e| {
        json!({ "url": e.url, "events": e.events, "description": e.description, "active": e.active })
    }) }))
}

/// Whether it can be done to what is there now, and changes anything.
pub(super) fn possible(a: &mut Access<'_>, partner_id: &str, wanted: &WantedEndpoint) -> Result<Result<(), FlowError>, StoreError> {
    let all = endpoints::of_partner(a, partner_id)?;
    let same_url = |e: &&Endpoint| e.url == wanted.url && e.id != wanted.id;
    if all.iter().any(|e| same_url(&e)) {
        return Ok(Err(problem("KNOWN", "the partner has an endpoint with this URL already")));
    }
    Ok(match all.iter().find(|e| e.id == wanted.id) {
        Some(e) if (&e.url, &e.events, &e.description, e.active) == (&wanted.url, &wanted.events, &wanted.description, wanted.active) => {
            Err(problem("UNCHANGED", "nothing would change"))
        }
        Some(_) => Ok(()),
        // One that was removed, or another partner's.
        None if endpoints::get(a, &wanted.id)?.is_some() => Err(FlowError::NotFound),
        None if all.len() >= MOST_ENDPOINTS => Err(problem("TOO_MANY", "a partner has at most five endpoints")),
        None => Ok(()),
    })
}

/// Whether there is one to remove.
pub(super) fn removable(a: &mut Access<'_>, partner_id: &str, id: &str) -> Result<Result<(), FlowError>, StoreError> {
    Ok(known(a, partner_id, id)?.map(drop).ok_or(FlowError::NotFound))
}

/// Adds or changes it. What waits for an endpoint that is switched off is given up.
pub(super) fn set(a: &mut Access<'_>, partner_id: &str, wanted: &WantedEndpoint, now: Timestamp) -> Result<(), StoreError> {
    let before = known(a, partner_id, &wanted.id)?;
    let was_active = before.as_ref().is_some_and(|e| e.active);
    let off = !wanted.active;
    let next = Endpoint {
        id: wanted.id.clone(),
        partner_id: partner_id.to_owned(),
        url: wanted.url.clone(),
        events: wanted.events.clone(),
        description: wanted.description.clone(),
        active: wanted.active,
        created_at: before.as_ref().map_or(now, |e| e.created_at),
        removed_at: None,
        failing_since: before.as_ref().and_then(|e| e.failing_since).filter(|_| was_active),
        off_at: off.then(|| before.as_ref().and_then(|e| e.off_at).unwrap_or(now)),
        off_because: off.then(|| {
            before
                .as_ref()
                .and_then(|e| e.off_because.clone())
                .unwrap_or_else(|| OFF_BY_ADMIN.into())
        }),
    };
    if before.is_none() {
        return endpoints::add(a, &next);
    }
    if off {
        webhook_deliveries::give_up_all(a, &next.id, "the endpoint is off")?;
    }
    match endpoints::change(a, &next)? {
        true => Ok(()),
        false => Err(StoreError::Conflict),
    }
}

/// Removes it, and gives up what waits for it.
pub(super) fn remove(a: &mut Access<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
    webhook_deliveries::give_up_all(a, id, "the endpoint was removed")?;
    match endpoints::remove(a, id, now)? {
        true => Ok(()),
        false => Err(StoreError::Conflict),
    }
}
