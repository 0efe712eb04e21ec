//! Where partners want to be told of their payments. A row stays when an endpoint is removed: what was sent there
//! refers to it.

use super::schema::webhook_endpoints as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::partner::webhook::WebhookEvent;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};
use url::Url;

/// Why an endpoint is off: nothing was delivered for too long.
pub const OFF_FAILING: &str = "failing";
/// Why an endpoint is off: two admins said so.
pub const OFF_BY_ADMIN: &str = "admin";

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    id: String,
    partner_id: String,
    url: String,
    events: String,
    description: String,
    active: bool,
    created_at: Timestamp,
    removed_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    off_at: Option<Timestamp>,
    off_because: Option<String>,
}

/// An endpoint of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Our own id (UUID).
    pub id: String,
    /// Whose it is.
    pub partner_id: String,
    /// Where events are posted to.
    pub url: Url,
    /// Which events.
    pub events: Vec<WebhookEvent>,
    /// What the operator calls it; may be empty.
    pub description: String,
    /// Whether anything is sent there.
    pub active: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was removed.
    pub removed_at: Option<Timestamp>,
    /// Since when nothing was delivered although it was tried.
    pub failing_since: Option<Timestamp>,
    /// When it was switched off, if it is.
    pub off_at: Option<Timestamp>,
    /// Why: one of the words of this file.
    pub off_because: Option<String>,
}

impl Row {
    fn read(self) -> Result<Endpoint, StoreError> {
        Ok(Endpoint {
            url: Url::parse(&self.url).map_err(|_| StoreError::Broken("the URL of a webhook endpoint is unreadable".into()))?,
            events: self.events.split_whitespace().filter_map(WebhookEvent::parse).collect(),
            id: self.id,
            partner_id: self.partner_id,
            description: self.description,
            active: self.active,
            created_at: self.created_at,
            removed_at: self.removed_at,
            failing_since: self.failing_since,
            off_at: self.off_at,
            off_because: self.off_because,
        })
    }
}

fn words(events: &[WebhookEvent]) -> String {
    let words: Vec<&str> = events.iter().map(|event| event.as_str()).collect();
    words.join(" ")
}

/// The endpoints of a partner that were not removed, oldest first.
///
/// # Errors
/// [`StoreError`] of the database, also when a URL is unreadable.
pub fn of_partner(a: &mut Access<'_>, partner_id: &str) -> Result<Vec<Endpoint>, StoreError> {
    let live = t::table.filter(t::partner_id.eq(partner_id)).filter(t::removed_at.is_null());
    let rows: Vec<Row> = live.order((t::created_at, t::id)).load(a.conn)?;
    rows.into_iter().map(Row::read).collect()
}

/// An endpoint, also one that was removed.
///
/// # Errors
/// As [`of_partner`].
pub fn get(a: &mut Access<'_>, id: &str) -> Result<Option<Endpoint>, StoreError> {
    let row: Option<Row> = t::table.find(id).first(a.conn).optional()?;
    row.map(Row::read).transpose()
}

/// Adds an endpoint.
///
/// # Errors
/// [`StoreError::Taken`] when the id is.
pub fn add(a: &mut Access<'_>, endpoint: &Endpoint) -> Result<(), StoreError> {
    let row = Row {
        id: endpoint.id.clone(),
        partner_id: endpoint.partner_id.clone(),
        url: endpoint.url.to_string(),
        events: words(&endpoint.events),
        description: endpoint.description.clone(),
        active: endpoint.active,
        created_at: endpoint.created_at,
        removed_at: endpoint.removed_at,
        failing_since: endpoint.failing_since,
        off_at: endpoint.off_at,
        off_because: endpoint.off_because.clone(),
    };
    a.try_insert("the endpoint", |conn| diesel::insert_into(t::table).values(&row).execute(conn))
}

/// Writes what can be changed of an endpoint that was not removed; whether there is one. One that is on again begins
/// without failures.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn change(a: &mut Access<'_>, endpoint: &Endpoint) -> Result<bool, StoreError> {
    let live = t::table.filter(t::id.eq(&endpoint.id)).filter(t::removed_at.is_null());
    let set = (
        t::url.eq(endpoint.url.as_str()),
        t::events.eq(words(&endpoint.events)),
        t::description.eq(&endpoint.description),
        t::active.eq(endpoint.active),
        t::failing_since.eq(endpoint.failing_since),
        t::off_at.eq(endpoint.off_at),
        t::off_because.eq(&endpoint.off_because),
    );
    Ok(diesel::update(live).set(set).execute(a.conn)? == 1)
}

/// Removes an endpoint; whether there was one.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn remove(a: &mut Access<'_>, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let live = t::table.filter(t::id.eq(id)).filter(t::removed_at.is_null());
    let set = (t::active.eq(false), t::removed_at.eq(now));
    Ok(diesel::update(live).set(set).execute(a.conn)? == 1)
}

/// Notes that something was delivered, or since when nothing is. A later failure does not change the moment of the first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn note(a: &mut Access<'_>, id: &str, delivered: bool, now: Timestamp) -> Result<(), StoreError> {
    let one = t::table.filter(t::id.eq(id));
    if delivered {
        let failing = one.filter(t::failing_since.is_not_null());
        diesel::update(failing)
            .set(t::failing_since.eq(None::<Timestamp>))
            .execute(a.conn)?;
    } else {
        let well = one.filter(t::failing_since.is_null());
        diesel::update(well).set(t::failing_since.eq(now)).execute(a.conn)?;
    }
    Ok(())
}

/// Switches an endpoint off where nothing was delivered since `before` or earlier; whether it did.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn switch_off_failing(a: &mut Access<'_>, id: &str, before: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let failing = t::table
        .filter(t::id.eq(id))
        .filter(t::active.eq(true))
        .filter(t::failing_since.le(before));
    let set = (t::active.eq(false), t::off_at.eq(now), t::off_because.eq(OFF_FAILING));
    Ok(diesel::update(failing).set(set).execute(a.conn)? == 1)
}
