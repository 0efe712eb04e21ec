//! The mailbox: every mail the service wrote to its folder. The mails are shown, never trusted.

use super::{Demo, pages};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::{HttpResponse, web};
use askama::Template;
use mail_parser::{Address, Message, MessageParser};
use std::path::{Path, PathBuf};

/// Mails that are listed, newest first.
const MAX_LISTED: usize = 200;
/// Files of the folder that are looked at.
const MAX_FILES: usize = 20_000;
/// Largest mail that is read, in bytes.
const MAX_MAIL: u64 = 1024 * 1024;
/// The mail's own page may use its own style and nothing else; it is its own origin.
const MAIL_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
     base-uri 'none'; frame-ancestors 'self'";

struct Mail {
    id: String,
    from: String,
    to: String,
    subject: String,
    date: String,
    message_id: String,
    text: String,
    html: Option<String>,
}

#[derive(Template)]
#[template(path = "demo/mailbox/list.html")]
struct ListPage {
    refresh_s: u32,
    mails: Vec<Mail>,
}

#[derive(Template)]
#[template(path = "demo/mailbox/mail.html")]
struct MailPage {
    refresh_s: u32,
    mail: Mail,
}

pub(super) async fn list(demo: web::Data<Demo>) -> HttpResponse {
    let folder = demo.site.mailbox_dir.clone();
    let mails = web::block(move || newest(&folder)).await.unwrap_or_default();
    pages::page(StatusCode::OK, &ListPage { refresh_s: 5, mails })
}

pub(super) async fn show(demo: web::Data<Demo>, id: web::Path<String>) -> HttpResponse {
    match find(&demo, id.into_inner()).await {
        Some(mail) => pages::page(StatusCode::OK, &MailPage { refresh_s: 0, mail }),
        None => pages::not_found(),
    }
}

/// The HTML part alone, for the frame on the mail's page.
pub(super) async fn html(demo: web::Data<Demo>, id: web::Path<String>) -> HttpResponse {
    match find(&demo, id.into_inner()).await.and_then(|m| m.html) {
        Some(html) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_SECURITY_POLICY, MAIL_POLICY))
            .body(html),
        None => pages::not_found(),
    }
}

async fn find(demo: &Demo, id: String) -> Option<Mail> {
    let folder = demo.site.mailbox_dir.clone();
    web::block(move || read(&folder, &id)).await.ok().flatten()
}

/// File names begin with the time, so that their order is the mails' order.
fn newest(folder: &Path) -> Vec<Mail> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut ids: Vec<String> = entries
        .take(MAX_FILES)
        .filter_map(|e| e.ok()?.file_name().to_str()?.strip_suffix(".eml").map(str::to_owned))
        .filter(|id| is_id(id))
        .collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.iter().take(MAX_LISTED).filter_map(|id| read(folder, id)).collect()
}

/// Letters, digits and dashes: no other file can be named.
fn is_id(id: &str) -> bool {
    (1..=120).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn read(folder: &Path, id: &str) -> Option<Mail> {
    if !is_id(id) {
        return None;
    }
    let path: PathBuf = folder.join(format!("{id}.eml"));
    if std::fs::metadata(&path).ok()?.len() > MAX_MAIL {
        return None;
    }
    let raw = std::fs::read(path).ok()?;
    let message = MessageParser::default().parse(&raw)?;
    Some(Mail {
        id: id.to_owned(),
        from: mailbox(message.from()),
        to: mailbox(message.to()),
        subject: message.subject().unwrap_or("(fără subiect)").to_owned(),
        date: date(&message),
        message_id: message.message_id().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        html: (message.html_body_count() > 0).then(|| message.body_html(0).unwrap_or_default().into_owned()),
    })
}

fn mailbox(address: Option<&Address<'_>>) -> String {
    let Some(first) = address.and_then(Address::first) else {
        return String::new();
    };
    match (first.name(), first.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (None, Some(address)) => address.to_owned(),
        (name, None) => name.unwrap_or_default().to_owned(),
    }
}

/// In Romanian time.
fn date(message: &Message<'_>) -> String {
    let at = message.date().and_then(|d| chrono::DateTime::from_timestamp(d.to_timestamp(), 0));
    at.map_or_else(String::new, |at| {
        at.with_timezone(&chrono_tz::Europe::Bucharest)
            .format("%d.%m.%Y %H:%M:%S")
            .to_string()
    })
}
