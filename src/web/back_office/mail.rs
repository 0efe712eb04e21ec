//! Mail: what waits, what was sent, what was given up and why; a message tried again; and each kind of mail as
//! payers get it. Addresses are masked for everybody.

use super::frame::OfficeShell;
use super::gate::{SignedIn, go};
use super::mail_texts::MailTexts;
use super::roles::Route;
use crate::clock::Timestamp;
use crate::flow::FlowError;
use crate::flow::look_after_mail::{self, Mail, Preview};
use crate::flow::resend_mail::{Resending, resend_mail};
use crate::payment::Language;
use crate::store::mail_queue::{Again, Standing};
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::local_time;
use crate::web::hosted_page::pages::mask_email;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// What may be in a mail's own document: its own styles, and nothing that loads, runs or is clicked.
const MAIL_CSP: &str =
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// A line of the list, as it is shown.
#[derive(Debug)]
pub struct MailRow {
    to: String,
    kind: &'static str,
    payment: Option<String>,
    created_at: String,
    attempts: i32,
    /// The next try, or when it was sent.
    at: String,
    why: String,
    /// The address of its form, and the anti-forgery token.
    send_again: Option<(String, String)>,
}

#[derive(Debug, Template)]
#[template(path = "back_office/mail.html", whitespace = "minimize")]
struct MailPage {
    shell: OfficeShell,
    m: &'static MailTexts,
    standing: Standing,
    counts: [(Standing, Option<i64>); 3],
    rows: Vec<MailRow>,
    notice: Option<&'static str>,
}

#[derive(Debug, Template)]
#[template(path = "back_office/mail_preview.html", whitespace = "minimize")]
struct PreviewPage {
    shell: OfficeShell,
    m: &'static MailTexts,
    kind: &'static str,
    language: Language,
    kinds: Vec<&'static str>,
    preview: Preview,
}

/// The query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Shown {
    standing: String,
    again: String,
}

/// The query of a preview.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sample {
    kind: String,
    language: String,
}

impl Sample {
    /// The kind and language asked for: without a kind the first, without a language the reader's.
    fn of(&self, user: &SignedIn) -> Result<(&'static str, Language), FlowError> {
        let wanted = |known: &&str| self.kind.is_empty() || *known == self.kind;
        let kind = look_after_mail::mail_kinds().find(wanted).ok_or(FlowError::NotFound)?;
        let language = match self.language.as_str() {
            "" => user.language,
            word => Language::parse(word).ok_or(FlowError::NotFound)?,
        };
        Ok((kind, language))
    }
}

/// The posted form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SendingAgain {
    csrf: String,
}

/// Where a message's form is posted to.
fn again_address(id: &str) -> String {
    Route::SendMailAgain.path().replace("{id}", id)
}

/// GET /back-office/mail. A standing that does not exist is that of those that wait.
pub async fn list(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, PageError> {
    let known = Standing::ALL.into_iter().find(|s| s.as_str() == shown.standing);
    let standing = known.unwrap_or(Standing::Waiting);
    let found = look_after_mail::mails(&site.cx, standing).await;
    let found = found.map_err(|e| user.failed(&site, e))?;
    let m = MailTexts::of(user.language);
    let may_send = Route::SendMailAgain.allows(user.role) && standing != Standing::Sent;
    let browser = Browser::of(&request, site.https());
    let row = |mail: Mail| {
        let action = again_address(&mail.listed.id);
        let csrf = browser.csrf(site.cx.db.vault(), &action);
        row(m, user.language, mail, may_send.then_some((action, csrf)))
    };
    let page = MailPage {
        rows: found.mails.into_iter().map(row).collect(),
        counts: [
            (Standing::Waiting, Some(found.waiting)),
            (Standing::GivenUp, Some(found.given_up)),
            (Standing::Sent, None),
        ],
        notice: m.notice(&shown.again),
        shell: user.shell(&site, &request, Route::Mail),
        standing,
        m,
    };
    Ok(html(StatusCode::OK, page.render()?))
}

fn row(m: &MailTexts, language: Language, mail: Mail, send_again: Option<(String, String)>) -> MailRow {
    let listed = mail.listed;
    let time = |at: Option<Timestamp>| at.map(|at| local_time(at, language)).unwrap_or_default();
    MailRow {
        to: if mail.to.is_empty() {
            m.unreadable.to_owned()
        } else {
            mask_email(&mail.to)
        },
        kind: m.kind(&listed.kind),
        payment: listed.payment.map(|id| id.to_string()),
        created_at: time(Some(listed.created_at)),
        attempts: listed.attempts,
        at: time(listed.sent_at.or(listed.due_at)),
        why: listed.last_error.as_deref().map(without_addresses).unwrap_or_default(),
        send_again,
    }
}

/// A server's words with every address in them masked.
fn without_addresses(words: &str) -> String {
    let is_part = |c: char| !c.is_whitespace() && !"<>()[]{}\"',;:".contains(c);
    let mut shown = String::new();
    let mut rest = words;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.contains('@') {
            shown.push_str(&mask_email(word));
        } else {
            shown.push_str(word);
        }
        let gap = after.find(is_part).unwrap_or(after.len());
        shown.push_str(&after[..gap]);
        rest = &after[gap..];
    }
    shown
}

/// POST /back-office/mail/{id}/again.
pub async fn send_again(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    form: web::Form<SendingAgain>,
) -> Result<HttpResponse, PageError> {
    if !site.is_own_form(&request, &again_address(&id), &form.csrf) {
        return Err(user.failed(&site, FlowError::NotYou));
    }
    let resending = Resending {
        mail_id: id.into_inner(),
        payment: None,
        saw_sent: false,
    };
    let again = resend_mail(&site.cx, &user.admin.id, resending).await;
    let word = word(again.map_err(|e| user.failed(&site, e))?).ok_or_else(|| user.failed(&site, FlowError::NotFound))?;
    Ok(go(&format!("{}?again={word}", Route::Mail.path())))
}

/// What came of it, for the address of the page that says so; `None` when there is no such message.
pub(super) const fn word(again: Again) -> Option<&'static str> {
    match again {
        Again::Due => Some("due"),
        Again::Soon => Some("soon"),
        Again::Sent => Some("sent"),
        Again::Unknown => None,
    }
}

/// GET /back-office/mail/preview: a kind of mail with sample data, its subject and its text.
pub async fn preview(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    sample: web::Query<Sample>,
) -> Result<HttpResponse, PageError> {
    let (kind, language) = sample.of(&user).map_err(|e| user.failed(&site, e))?;
    let preview = look_after_mail::preview_mail(&site.cx, kind, language).map_err(|e| user.failed(&site, e))?;
    let page = PreviewPage {
        shell: user.shell(&site, &request, Route::MailPreview),
        m: MailTexts::of(user.language),
        kinds: look_after_mail::mail_kinds().collect(),
        kind,
        language,
        preview,
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// GET /back-office/mail/preview.html: its HTML, as a document of its own that can do nothing.
pub async fn preview_html(site: web::Data<Site>, user: SignedIn, sample: web::Query<Sample>) -> Result<HttpResponse, PageError> {
    let (kind, language) = sample.of(&user).map_err(|e| user.failed(&site, e))?;
    let preview = look_after_mail::preview_mail(&site.cx, kind, language).map_err(|e| user.failed(&site, e))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", MAIL_CSP))
        .body(preview.html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_left_in_a_servers_words() {
        for (words, shown) in [
            (
                "550 5.1.1 <ana@exemplu.ro>: unknown user",
                "550 5.1.1 <a•••@exemplu.ro>: unknown user",
            ),
            ("ana@exemplu.ro", "a•••@exemplu.ro"),
            ("to:ana@x.ro,\"ion@y.ro\" ș", "to:a•••@x.ro,\"i•••@y.ro\" ș"),
            ("timed out", "timed out"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(words), shown);
        }
    }
}
