//! All banks, a line each.

use super::state::{Found, Spans, State};
use super::switch_texts::SwitchTexts;
use super::texts::BankTexts;
use super::{address, at_most, availability};
use crate::bank::directory::Bank;
use crate::flow::FlowError;
use crate::store::bank_closures::{self, Closure};
use crate::store::bank_contacts::{self, CallError, Contact};
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::gate::SignedIn;
use crate::web::back_office::roles::Route;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use std::collections::BTreeMap;

/// A bank's line.
#[derive(Debug)]
struct BankRow {
    href: String,
    name: String,
    state: (&'static str, &'static str),
    /// Until when it is off, or when it will be.
    note: Option<String>,
    hour: String,
    day: String,
    week: String,
    median: String,
    p95: String,
    last_done: String,
    last_error: Option<LastError>,
}

/// The latest error of a bank.
#[derive(Debug)]
struct LastError {
    at: String,
    what: String,
    request_id: String,
}

#[derive(Template)]
#[template(path = "back_office/banks.html", whitespace = "minimize")]
struct BanksPage {
    shell: OfficeShell,
    b: &'static BankTexts,
    none_called: bool,
    rows: Vec<BankRow>,
    /// Address and name of those that have no settings.
    without_settings: Vec<(String, String)>,
}

/// What is known of all banks.
struct Known {
    found: Found,
    contacts: Vec<Contact>,
    closures: Vec<Closure>,
    errors: BTreeMap<String, CallError>,
}

async fn known(site: &Site) -> Result<Known, FlowError> {
    let (cx, now) = (&site.cx, site.cx.now());
    cx.look_at_banks().await?;
    let codes: Vec<String> = cx.banks.list().iter().filter(|b| b.active()).map(|b| b.code.clone()).collect();
    let read = cx.db.read(move |a| {
        let mut errors = BTreeMap::new();
        for code in codes {
            let last = bank_contacts::errors(a, &code, 1)?.pop();
            errors.extend(last.map(|last| (code, last)));
        }
        Ok(Known {
            found: Found::read(a, now, None)?,
            contacts: bank_contacts::all(a)?,
            closures: bank_closures::open(a, now)?,
            errors,
        })
    });
    Ok(read.await?)
}

/// GET /back-office/banks.
pub async fn list(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    let known = known(&site).await.map_err(|e| user.failed(&site, e))?;
    let spans = known.found.spans();
    let none = Spans::default();
    let (configured, others): (Vec<&Bank>, Vec<&Bank>) = site.cx.banks.list().iter().partition(|bank| bank.active());
    let rows = configured
        .into_iter()
        .map(|bank| row(&site, &user, bank, &known, spans.get(&bank.code).unwrap_or(&none)));
    let page = BanksPage {
        rows: rows.collect(),
        without_settings: others
            .into_iter()
            .map(|bank| (address(Route::Bank, &bank.code), bank.name.clone()))
            .collect(),
        b: BankTexts::of(user.language),
        none_called: known.contacts.is_empty() && known.found.is_empty(),
        shell: user.shell(&site, &request, Route::Banks),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

fn row(site: &Site, user: &SignedIn, bank: &Bank, known: &Known, spans: &Spans) -> BankRow {
    let (b, language) = (BankTexts::of(user.language), user.language);
    let contact = known.contacts.iter().find(|contact| contact.bank_code == bank.code);
    let done_at = contact.and_then(|contact| contact.done_at);
    BankRow {
        href: address(Route::Bank, &bank.code),
        name: bank.name.clone(),
        state: b.state(State::of(&site.cx, bank, contact, spans)),
        note: note(site, user, &bank.code, known),
        hour: availability(language, &spans.hour),
        day: availability(language, &spans.day),
        week: availability(language, &spans.week),
        median: at_most(&spans.day, 50, b.beyond),
        p95: at_most(&spans.day, 95, b.beyond),
        last_done: done_at.map_or_else(String::new, |at| local_time(at, language)),
        last_error: known.errors.get(&bank.code).map(|error| LastError {
            at: local_time(error.at, language),
            what: what(b, error),
            request_id: error.request_id.clone(),
        }),
    }
}

/// The time at which a bank is off now, or else the next one.
fn note(site: &Site, user: &SignedIn, bank: &str, known: &Known) -> Option<String> {
    let (now, language) = (site.cx.now(), user.language);
    let of_bank = || known.closures.iter().filter(|closure| closure.bank_code == bank);
    if let Some(closure) = of_bank().find(|closure| closure.covers(now)) {
        let s = SwitchTexts::of(language);
        return Some(closure.until_at.map_or_else(
            || s.no_end.to_owned(),
            |until| format!("{} {}", s.until.to_lowercase(), local_time(until, language)),
        ));
    }
    let planned = of_bank().find(|closure| closure.is_planned(now))?;
    let words = BankTexts::of(language).planned;
    Some(format!("{words}: {}", local_time(planned.from_at, language)))
}

/// What went wrong: how, the HTTP status and the bank's own code.
pub(super) fn what(b: &BankTexts, error: &CallError) -> String {
    let mut words = b.outcome(&error.outcome).to_owned();
    if let Some(status) = error.http_status {
        words = format!("{words}, HTTP {status}");
    }
    if let Some(code) = &error.code {
        words = format!("{words}, {code}");
    }
    words
}
