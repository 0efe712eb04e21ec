//! What is counted against a partner's declared figures.
//!
//! Counting and judging is one step: [`lock`] makes every other payment of the partner that day wait until this
//! transaction has ended, also on another node, so that no two are judged on the same counts.

use super::schema::{partner_counts as t, partners, payments};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::Status;
use crate::payment::limits::{Limits, NOT_APPROVED, Stage, Used};
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};

/// For what is counted over all days.
const EVER: &str = "";
/// For what is counted over all clients.
const ALL: &str = "";

#[derive(Insertable)]
#[diesel(table_name = t)]
struct Row<'a> {
    partner_id: &'a str,
    day: &'a str,
    stage: &'a str,
    client: &'a str,
    payments: i64,
    sum_minor: i64,
}

/// Whose counts: a partner, a day and a client.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The partner.
    pub partner: String,
    /// The day where the payers are, `2026-11-21`.
    pub day: String,
    /// When that day began, UTC.
    pub day_began: Timestamp,
    /// Started or sent.
    pub stage: Stage,
    /// Keyed hash of the PSU id at the partner, where the partner gave one ([`client_hash`]).
    pub client: Option<String>,
}

/// A partner's declared figures as they are now; nothing declared when there is no such partner.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn limits(a: &mut Access<'_>, partner_id: &str) -> Result<Limits, StoreError> {
    let stored: Option<Option<String>> = partners::table
        .find(partner_id)
        .select(partners::figures)
        .first(a.conn)
        .optional()?;
    let text = stored.flatten();
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
}

/// Replaces a partner's declared figures; `false` when there is no such partner.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_limits(a: &mut Access<'_>, partner_id: &str, limits: &Limits) -> Result<bool, StoreError> {
    let text = (!limits.is_empty()).then(|| serde_json::to_string(limits)).transpose()?;
    let set = partners::figures.eq(text);
    Ok(diesel::update(partners::table.find(partner_id)).set(set).execute(a.conn)? == 1)
}

/// What stands for a client in the counts: nobody can tell the PSU id from it without our key.
#[must_use]
pub fn client_hash(a: &Access<'_>, partner_id: &str, psu_id_at_partner: &str) -> String {
    a.vault.keyed_hash("partner client", &format!("{partner_id}|{psu_id_at_partner}"))
}

/// Makes other payments of this partner, day and stage wait until the transaction ends. Before anything else is
/// written in it, so that two transactions never wait for each other.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn lock(a: &mut Access<'_>, of: &Counted) -> Result<(), StoreError> {
    add(a, of, &of.day, ALL, (0, 0))
}

/// What was counted so far. After [`lock`].
///
/// # Errors
/// [`StoreError`] of the database.
pub fn used(a: &mut Access<'_>, of: &Counted, judges_unfinished: bool) -> Result<Used, StoreError> {
    let (payments, sum_minor) = counts(a, of, &of.day, ALL)?;
    let mut used = Used {
        payments,
        sum_minor,
        ..Used::default()
    };
    if let Some(client) = &of.client {
        used.of_client = Some(counts(a, of, &of.day, client)?.0);
        used.client_is_known = counts(a, of, EVER, client)?.0 > 0;
        used.clients = counts(a, of, EVER, ALL)?.0;
    }
    if judges_unfinished {
        used.unfinished = unfinished(a, of)?;
    }
    Ok(used)
}

/// Counts one payment.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count(a: &mut Access<'_>, of: &Counted, used: &Used, sum_minor: i64) -> Result<(), StoreError> {
    add(a, of, &of.day, ALL, (1, sum_minor))?;
    if let Some(client) = &of.client {
        add(a, of, &of.day, client, (1, sum_minor))?;
        add(a, of, EVER, client, (1, sum_minor))?;
        if !used.client_is_known {
            add(a, of, EVER, ALL, (1, 0))?;
        }
    }
    Ok(())
}

/// Payments of the day whose order is known and that the PSU has not approved: open ones, and those given up.
fn unfinished(a: &mut Access<'_>, of: &Counted) -> Result<i64, StoreError> {
    Ok(payments::table
        .filter(payments::partner_id.eq(&of.partner))
        .filter(payments::created_at.ge(of.day_began))
        .filter(payments::request_hash.is_not_null())
        .filter(payments::status.eq_any(NOT_APPROVED.map(Status::as_str)))
        .count()
        .get_result(a.conn)?)
}

fn counts(a: &mut Access<'_>, of: &Counted, day: &str, client: &str) -> Result<(i64, i64), StoreError> {
    let row = t::table.find((&of.partner, day, of.stage.as_str(), client));
    Ok(row
        .select((t::payments, t::sum_minor))
        .first(a.conn)
        .optional()?
        .unwrap_or_default())
}

/// Adds to a row, which is made when it is not there; the row is this transaction's until it ends.
fn add(a: &mut Access<'_>, of: &Counted, day: &str, client: &str, (payments, sum_minor): (i64, i64)) -> Result<(), StoreError> {
    let key = (&of.partner, day, of.stage.as_str(), client);
    let more = (t::payments.eq(t::payments + payments), t::sum_minor.eq(t::sum_minor + sum_minor));
    if diesel::update(t::table.find(key)).set(more).execute(a.conn)? == 1 {
        return Ok(());
    }
    let row = Row {
        partner_id: &of.partner,
        day,
        stage: of.stage.as_str(),
        client,
        payments,
        sum_minor,
    };
    match a.try_insert("the row of counts", |conn| diesel::insert_into(t::table).values(&row).execute(conn)) {
        // Another node made it meanwhile.
        Err(StoreError::Taken(_)) => {
            let more = (t::payments.eq(t::payments + payments), t::sum_minor.eq(t::sum_minor + sum_minor));
            diesel::update(t::table.find(key)).set(more).execute(a.conn)?;
            Ok(())
        }
        other => other,
    }
}

/// What clients did from a first day to a last: the most payments of one client on one day, and how many clients ever
/// started one. `None` where nothing was counted.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_clients(a: &mut Access<'_>, partner: &str, from: &str, to: &str) -> Result<(Option<i64>, Option<i64>), StoreError> {
    let started = Stage::Started.as_str();
    let most = t::table
        .filter(t::partner_id.eq(partner))
        .filter(t::day.between(from, to))
        .filter(t::stage.eq(started))
        .filter(t::client.ne(ALL))
        .select(diesel::dsl::max(t::payments))
        .first::<Option<i64>>(a.conn)?;
    let ever = t::table.find((partner, EVER, started, ALL)).select(t::payments);
    Ok((most, ever.first(a.conn).optional()?))
}

/// One line of a partner's day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCounts {
    /// Payments started, and their sum in minor units.
    pub started: (i64, i64),
    /// Payments sent to a bank, and their sum in minor units.
    pub sent: (i64, i64),
    /// Payments the PSU has not approved.
    pub unfinished: i64,
    /// Clients that ever started a payment.
    pub clients: i64,
}

/// What was counted on a day, for people.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_day(a: &mut Access<'_>, partner: &str, day: &str, day_began: Timestamp) -> Result<DayCounts, StoreError> {
    let of = |stage| Counted {
        partner: partner.to_owned(),
        day: day.to_owned(),
        day_began,
        stage,
        client: None,
    };
    let (started, sent) = (of(Stage::Started), of(Stage::Sent));
    Ok(DayCounts {
        started: counts(a, &started, day, ALL)?,
        sent: counts(a, &sent, day, ALL)?,
        unfinished: unfinished(a, &started)?,
        clients: counts(a, &started, EVER, ALL)?.0,
    })
}
