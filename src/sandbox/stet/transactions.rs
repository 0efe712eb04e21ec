//! What moved on an account: an invented past that comes from the calendar, and what the ledger booked.
//!
//! **Invariant:** an entry keeps its reference and its facts for as long as it is shown; references grow with
//! time.

use super::accounts::{consented, grant, resource_id};
use super::books::Books;
use super::call::{Call, Outcome};
use super::event::StetEvent;
use super::people::Account;
use super::view::{amount, link};
use crate::clock::Timestamp;
use crate::sandbox::berlin::reply::Reply;
use crate::sandbox::form::parameters;
use actix_web::http::StatusCode;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime};
use serde_json::{Value, json};
use std::collections::HashMap;
use url::form_urlencoded;

const PER_PAGE: usize = 10;
/// How many days back the past is shown; with `extended_transaction_history` a year.
const SHOWN_DAYS: u64 = 90;
const EXTENDED_DAYS: u64 = 365;
/// Something moved on every third day.
const EVERY: i32 = 3;
const NARRATIVES: [&str; 5] = ["Loyer", "Courses", "Abonnement mobile", "Électricité", "Restaurant"];

struct Entry {
    reference: String,
    at: Timestamp,
    /// In cents; below zero what was paid.
    minor: i64,
    end_to_end: Option<String>,
    remittance: Vec<String>,
}

/// `GET /accounts/{id}/transactions`, the newest first.
pub(super) fn list(call: &Call<'_>) -> Outcome {
    let (grant, persona) = grant(call)?;
    let account = consented(call, &grant, persona, |c| &c.transactions)?;
    let query = parameters(call.request.query_string().as_bytes()).ok_or_else(|| call.format_error("a parameter comes twice"))?;
    let days = if grant.has("extended_transaction_history") {
        EXTENDED_DAYS
    } else {
        SHOWN_DAYS
    };
    let filter = Filter::read(call, &query)?;
    let books = call.books()?;
    let mut entries = past(account, call.now().date(), days);
    entries.extend(booked(&books, account));
    drop(books);
    entries.retain(|entry| filter.takes(entry));
    entries.sort_by(|a, b| b.reference.cmp(&a.reference));
    let last = entries.len().div_ceil(PER_PAGE).max(1);
    let page = match query.get("page") {
        None => 1,
        Some(page) => page
            .parse()
            .ok()
            .filter(|page| (1..=last).contains(page))
            .ok_or_else(|| call.error(StatusCode::BAD_REQUEST, "IPGN", &format!("page must be from 1 to {last}")))?,
    };
    let shown = entries.iter().skip((page - 1) * PER_PAGE).take(PER_PAGE);
    let rows: Vec<Value> = shown.map(|entry| entry.row(call)).collect();
    let links = links(call, account, &query, (page, last));
    Ok(call.hal(StatusCode::OK, json!({ "transactions": rows, "_links": links })))
}

fn links(call: &Call<'_>, account: &Account, query: &HashMap<String, String>, (page, last): (usize, usize)) -> Value {
    let path = format!("/accounts/{}", resource_id(account));
    let mut kept: Vec<(&str, &str)> = query
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .filter(|(n, _)| *n != "page")
        .collect();
    kept.sort_unstable();
    let at = |page: usize| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(&kept).append_pair("page", &page.to_string()).finish();
        link(call.href(&format!("{path}/transactions?{query}")))
    };
    let mut links = json!({
        "self": at(page),
        "parent-list": link(call.href("/accounts")),
        "balances": link(call.href(&format!("{path}/balances"))),
        "first": at(1),
        "last": at(last),
    });
    if page > 1 {
        links["prev"] = at(page - 1);
    }
    if page < last {
        links["next"] = at(page + 1);
    }
    links
}

/// Which entries are wanted.
struct Filter {
    /// Inclusive.
    from: Option<NaiveDate>,
    /// Exclusive.
    to: Option<NaiveDate>,
    /// Exclusive.
    after: Option<String>,
    /// Inclusive.
    until: Option<String>,
}

impl Filter {
    fn read(call: &Call<'_>, query: &HashMap<String, String>) -> Result<Self, Reply> {
        let day = |name: &str| {
            let parse = |text: &String| {
                let moment = DateTime::parse_from_rfc3339(text).map(|m| m.date_naive());
                let day = moment.or_else(|_| text.parse());
                day.map_err(|_| call.format_error(&format!("{name} is no date")))
            };
            query.get(name).map(parse).transpose()
        };
        let after = query.get("afterEntryReference").or(query.get("entryReferenceFrom"));
        Ok(Self {
            from: day("dateFrom")?,
            to: day("dateTo")?,
            after: after.cloned(),
            until: query.get("entryReferenceto").cloned(),
        })
    }

    fn takes(&self, entry: &Entry) -> bool {
        let day = entry.at.date();
        self.from.is_none_or(|from| day >= from)
            && self.to.is_none_or(|to| day < to)
            && self.after.as_ref().is_none_or(|after| entry.reference > *after)
            && self.until.as_ref().is_none_or(|until| entry.reference <= *until)
    }
}

/// The past of an account up to yesterday. What came in on one day went out on the next that has an entry, so
/// that the balance stays what it is.
fn past(account: &Account, today: NaiveDate, days: u64) -> Vec<Entry> {
    let shift = i32::from(account.iban.as_bytes()[account.iban.len() - 3] % 3);
    let days = (1..=days).filter_map(|back| today.checked_sub_days(Days::new(back)));
    let moving = days.filter(|day| (day.num_days_from_ce() + shift) % EVERY == 0);
    let entry = |day: NaiveDate| {
        let turn = i64::from(day.num_days_from_ce() / EVERY);
        let size = 1_500 + (turn / 2 * 7_919) % 9_000;
        Entry {
            reference: format!("{}000000-000000", day.format("%Y%m%d")),
            at: day.and_time(NaiveTime::MIN),
            minor: if turn % 2 == 0 { -size } else { size },
            end_to_end: None,
            remittance: vec![NARRATIVES[usize::try_from(turn % 5).unwrap_or_default()].to_owned()],
        }
    };
    moving.map(entry).collect()
}

fn booked(books: &Books, account: &Account) -> Vec<Entry> {
    let entry = |entry: &super::StetEntry| {
        let StetEvent::Booked {
            debtor_iban,
            creditor_iban,
            money,
            end_to_end,
            remittance,
            ..
        } = &entry.event
        else {
            return None;
        };
        let sides = [(debtor_iban, -money.minor), (creditor_iban, money.minor)];
        let (_, minor) = sides.into_iter().find(|(iban, _)| iban.electronic() == account.iban)?;
        Some(Entry {
            reference: format!("{}-{:06}", entry.at.format("%Y%m%d%H%M%S"), entry.seq),
            at: entry.at,
            minor,
            end_to_end: end_to_end.clone(),
            remittance: remittance.clone(),
        })
    };
    books.entries().iter().filter_map(entry).collect()
}

impl Entry {
    fn row(&self, call: &Call<'_>) -> Value {
        let moment = self.at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut row = json!({
            "entryReference": self.reference,
            "transactionAmount": amount(self.minor.abs(), call.version),
            "creditDebitIndicator": if self.minor < 0 { "DBIT" } else { "CRDT" },
            "status": "BOOK",
            "bookingDate": moment,
            "transactionDate": moment,
            "remittanceInformation": match call.version {
                super::Version::V1_5 => json!({ "unstructured": self.remittance }),
                super::Version::V1_4_0 | super::Version::V1_4_2 => json!(self.remittance),
            },
        });
        if let Some(id) = &self.end_to_end {
            row["endToEndId"] = id.as_str().into();
        }
        row
    }
}
