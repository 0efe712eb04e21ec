//! The audit log's page: search, pages, and taking out what it shows.

use super::audit_page::{AuditAsked, AuditLine, AuditList, AuditTexts};
use super::gate::{SignedIn, go};
use super::roles::Route;
use crate::flow::FlowError;
use crate::flow::export::{csv_head, csv_rows};
use crate::flow::payment_query::moment;
use crate::flow::saved_searches::exported;
use crate::store::audit_search::{self, Entry, Filter, From};
use crate::store::{Db, StoreError, admins};
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use std::collections::HashMap;
use url::form_urlencoded;

const ADDRESS: &str = "/back-office/audit";
const CSV: &str = "/back-office/audit.csv";
/// Entries of a page.
const PAGE: usize = 50;
/// Entries read at a time for a file.
const AT_ONCE: i64 = 500;
const COLUMNS: [&str; 6] = ["number", "at", "actor", "action", "subject", "detail"];

/// What stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    actor: String,
    action: String,
    subject: String,
    from: String,
    to: String,
    after: String,
    before: String,
}

fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

impl Asked {
    /// `None` when a day cannot be read.
    async fn filter(&self, db: &Db) -> Result<Option<Filter>, StoreError> {
        let (from, before) = (moment(&self.from, false), moment(&self.to, true));
        if (some(&self.from).is_some() && from.is_none()) || (some(&self.to).is_some() && before.is_none()) {
            return Ok(None);
        }
        let actor = match some(&self.actor) {
            // A user is known by name, and written by id.
            Some(name) => {
                let wanted = name.clone();
                let user = db.read(move |a| admins::by_user_name(a, &wanted)).await?;
                Some(user.map_or(name, |user| user.id))
            }
            None => None,
        };
        Ok(Some(Filter {
            actor,
            action: some(&self.action),
            subject: some(&self.subject),
            from,
            before,
        }))
    }

    fn query(&self) -> String {
        let fields = [
            ("actor", &self.actor),
            ("action", &self.action),
            ("subject", &self.subject),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let set = fields
            .into_iter()
            .map(|(name, value)| (name, value.trim()))
            .filter(|(_, value)| !value.is_empty());
        form_urlencoded::Serializer::new(String::new()).extend_pairs(set).finish()
    }

    fn place(&self) -> From {
        match (self.after.parse(), self.before.parse()) {
            (Ok(seq), _) => From::After(seq),
            (Err(_), Ok(seq)) => From::Before(seq),
            _ => From::Top,
        }
    }
}

/// Entries with the names of the users among their actors.
async fn find(db: &Db, filter: Filter, from: From, limit: i64) -> Result<(Vec<Entry>, HashMap<String, String>), StoreError> {
    db.read(move |a| {
        let entries = audit_search::find(a, &filter, from, limit)?;
        let actors: Vec<String> = entries.iter().map(|e| e.actor.clone()).collect();
        Ok((entries, audit_search::names(a, &actors)?))
    })
    .await
}

/// GET /back-office/audit.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let wrong = |e: StoreError| user.failed(&site, e);
    let (filter, from, query) = (asked.filter(&site.cx.db).await.map_err(wrong)?, asked.place(), asked.query());
    let wrong_day = filter.is_none();
    let (mut entries, names) = match filter {
        Some(filter) => find(&site.cx.db, filter, from, PAGE as i64 + 1).await.map_err(wrong)?,
        None => (Vec::new(), HashMap::new()),
    };
    let more = entries.len() > PAGE;
    if more {
        // The one too many is the one furthest from where the page was read from.
        let extra = if matches!(from, From::Before(_)) { 0 } else { PAGE };
        entries.remove(extra);
    }
    let newer = more && matches!(from, From::Before(_)) || matches!(from, From::After(_));
    let older = more || matches!(from, From::Before(_));
    let link = |name: &str, entry: Option<&Entry>| {
        let joint = if query.is_empty() { "" } else { "&" };
        entry.map(|entry| format!("{ADDRESS}?{query}{joint}{name}={}", entry.seq))
    };
    let page = AuditList {
        shell: user.shell(&site, &request, Route::AuditLog),
        l: AuditTexts::of(user.language),
        asked: AuditAsked {
            actor: asked.actor.clone(),
            action: asked.action.clone(),
            subject: asked.subject.clone(),
            from: asked.from.clone(),
            to: asked.to.clone(),
        },
        searching: !query.is_empty(),
        wrong_day,
        newer: link("before", entries.first()).filter(|_| newer),
        older: link("after", entries.last()).filter(|_| older),
        csv: if query.is_empty() {
            CSV.to_owned()
        } else {
            format!("{CSV}?{query}")
        },
        lines: entries.into_iter().map(|entry| line(entry, &names)).collect(),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

fn line(entry: Entry, names: &HashMap<String, String>) -> AuditLine {
    let local = entry.at.and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
    AuditLine {
        number: entry.seq,
        at: local.format("%d.%m.%Y, %H:%M:%S").to_string(),
        who: names.get(&entry.actor).cloned().unwrap_or(entry.actor),
        action: entry.action,
        subject: entry.subject.unwrap_or_default(),
        detail: entry.detail.unwrap_or_default(),
    }
}

fn cells(entry: Entry, names: &HashMap<String, String>) -> [String; COLUMNS.len()] {
    [
        entry.seq.to_string(),
        entry.at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        names.get(&entry.actor).cloned().unwrap_or(entry.actor),
        entry.action,
        entry.subject.unwrap_or_default(),
        entry.detail.unwrap_or_default(),
    ]
}

/// GET /back-office/audit.csv: all entries of the page's search, written as they are read.
pub async fn csv(site: web::Data<Site>, user: SignedIn, asked: web::Query<Asked>) -> Result<HttpResponse, PageError> {
    let wrong = |e: StoreError| user.failed(&site, e);
    let Some(filter) = asked.filter(&site.cx.db).await.map_err(wrong)? else {
        return Ok(go(&format!("{ADDRESS}?{}", asked.query())));
    };
    let refused = |e: FlowError| user.failed(&site, e);
    exported(&site.cx, &user.admin.id, "audit_exported", "csv").await.map_err(refused)?;
    let head = csv_head(&COLUMNS).map_err(refused)?;
    let begin = (site.cx.db.clone(), filter, Some(From::Top));
    let rows = stream::try_unfold(begin, |(db, filter, from)| async move {
        let Some(from) = from else { return Ok(None) };
        let (entries, names) = find(&db, filter.clone(), from, AT_ONCE).await?;
        let next = entries
            .last()
            .filter(|_| entries.len() as i64 == AT_ONCE)
            .map(|e| From::After(e.seq));
        if entries.is_empty() {
            return Ok(None);
        }
        let rows: Vec<_> = entries.into_iter().map(|entry| cells(entry, &names)).collect();
        Ok::<_, FlowError>(Some((Bytes::from(csv_rows(&rows)?), (db, filter, next))))
    });
    let body = stream::once(async { Ok(Bytes::from(head)) }).chain(rows);
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""))
        .streaming(Box::pin(body.inspect_err(|e| tracing::error!(error = %e, "an export broke off")))))
}
