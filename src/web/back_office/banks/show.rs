//! One bank's page: how it stands, what was counted, its latest errors, and the times at which it is off.

use super::page::{BankPage, ClosureRow, Drawing, ErrorRow, KindRow, MaySwitch, OffForm};
use super::state::{Found, Spans, State};
use super::switch_texts::SwitchTexts;
use super::texts::BankTexts;
use super::{address, at_most, availability};
use crate::bank::calls::Kind;
use crate::bank::directory::Bank;
use crate::clock::Timestamp;
use crate::flow::FlowError;
use crate::payment::Language;
use crate::store::bank_calls::{BOUNDS_MS, Counts};
use crate::store::bank_closures::{self, Closure};
use crate::store::bank_contacts::{self, CallError, Contact};
use crate::store::{Access, StoreError, admins};
use crate::web::back_office::gate::SignedIn;
use crate::web::back_office::reports::chart::Chart;
use crate::web::back_office::roles::Route;
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Errors shown.
const MOST_ERRORS: i64 = 50;
/// Times off shown.
const MOST_CLOSURES: i64 = 30;

/// What a page is shown after.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Shown {
    off: String,
    on: String,
}

/// What is read of a bank.
struct Known {
    found: Found,
    contact: Option<Contact>,
    errors: Vec<CallError>,
    closures: Vec<Closure>,
    /// The users named in them, by id.
    names: BTreeMap<String, String>,
}

fn read(a: &mut Access<'_>, bank: &str, now: Timestamp) -> Result<Known, StoreError> {
    let closures = bank_closures::of_bank(a, bank, MOST_CLOSURES)?;
    let mut names = BTreeMap::new();
    for closure in &closures {
        if !names.contains_key(&closure.admin_id)
            && let Some(admin) = admins::get(a, &closure.admin_id)?
        {
            names.insert(closure.admin_id.clone(), admin.user_name);
        }
    }
    Ok(Known {
        found: Found::read(a, now, Some(bank))?,
        contact: bank_contacts::all(a)?.into_iter().find(|contact| contact.bank_code == bank),
        errors: bank_contacts::errors(a, bank, MOST_ERRORS)?,
        closures,
        names,
    })
}

/// GET /back-office/banks/{id}.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    code: web::Path<String>,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, PageError> {
    let s = SwitchTexts::of(user.language);
    let notice = if !shown.off.is_empty() {
        Some(s.done_off)
    } else {
        (!shown.on.is_empty()).then_some(s.done_on)
    };
    page(&site, &request, &user, &code, (StatusCode::OK, notice, OffForm::default())).await
}

/// The page of a bank, with what was typed into its form.
pub(super) async fn page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    code: &str,
    (status, notice, form): (StatusCode, Option<&'static str>, OffForm),
) -> Result<HttpResponse, PageError> {
    let failed = |e: FlowError| user.failed(site, e);
    let bank = site.cx.banks.get(code).ok_or_else(|| failed(FlowError::NotFound))?;
    site.cx.look_at_banks().await.map_err(failed)?;
    let (now, wanted) = (site.cx.now(), bank.code.clone());
    let known = site
        .cx
        .db
        .read(move |a| read(a, &wanted, now))
        .await
        .map_err(|e| user.failed(site, e))?;
    let (b, s, language) = (BankTexts::of(user.language), SwitchTexts::of(user.language), user.language);
    let spans = known.found.spans().remove(&bank.code).unwrap_or_default();
    let may_switch = Route::SwitchBankOff.allows(user.role) && bank.active();
    let page = BankPage {
        shell: user.shell(site, request, Route::Bank),
        name: bank.name.clone(),
        state: b.state(State::of(&site.cx, bank, known.contact.as_ref(), &spans)),
        notice,
        facts: b.facts_of(bank),
        tiles: tiles(b, language, &spans, known.contact.as_ref()),
        drawings: drawings(b, &known.found),
        kinds: kinds(b, language, &known.found),
        errors: known.errors.iter().map(|error| error_row(b, error)).collect(),
        closures: known
            .closures
            .iter()
            .map(|closure| closure_row(s, language, closure, &known.names, (now, may_switch)))
            .collect(),
        switch: may_switch.then(|| switch(site, request, user, bank, form)),
        b,
        s,
    };
    Ok(html(status, page.render()?))
}

fn switch(site: &Site, request: &HttpRequest, user: &SignedIn, bank: &Bank, form: OffForm) -> MaySwitch {
    let browser = Browser::of(request, site.https());
    let post = |route| {
        let action = address(route, &bank.code);
        let csrf = browser.csrf(site.cx.db.vault(), &action);
        (action, csrf)
    };
    let back = address(Route::Bank, &bank.code);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("back", &back)
        .finish();
    MaySwitch {
        is_fresh: user.is_fresh(site.cx.now()),
        confirm: format!("{}?{query}", Route::ConfirmPage.path()),
        off: post(Route::SwitchBankOff),
        on: post(Route::SwitchBankOn),
        form,
    }
}

fn tiles(b: &BankTexts, language: Language, spans: &Spans, contact: Option<&Contact>) -> Vec<(&'static str, String)> {
    let done_at = contact.and_then(|contact| contact.done_at);
    vec![
        (b.hour, availability(language, &spans.hour)),
        (b.day, availability(language, &spans.day)),
        (b.week, availability(language, &spans.week)),
        (b.median, at_most(&spans.day, 50, b.beyond)),
        (b.p95, at_most(&spans.day, 95, b.beyond)),
        (
            b.last_done,
            done_at.map_or_else(|| b.never.to_owned(), |at| local_time(at, language)),
        ),
    ]
}

fn drawings(b: &BankTexts, found: &Found) -> Vec<Drawing> {
    let calls = |title: &str, counts: &[Counts], from| {
        let values: Vec<(i64, i64)> = counts.iter().map(|c| (c.answered(), c.all())).collect();
        Drawing {
            chart: Chart::of(title.to_owned(), &values, |most| most.to_string()),
            from,
            of_calls: true,
        }
    };
    let hours = found.by_hours();
    // What took longer than the last bound is drawn as twice that.
    let beyond = BOUNDS_MS[BOUNDS_MS.len() - 1] * 2;
    let time = |counts: &Counts| {
        let ms = counts.percentile_ms(95).map_or(0, |ms| ms.unwrap_or(beyond));
        i64::try_from(ms).unwrap_or(0)
    };
    let times: Vec<(i64, i64)> = hours.iter().map(|counts| (time(counts), time(counts))).collect();
    let highest = |most: i64| match u64::try_from(most) {
        Ok(most) if most >= beyond => b.beyond.to_owned(),
        _ => format!("{most} ms"),
    };
    let mut all = vec![
        calls(b.chart_hour, &found.by_five_minutes(), b.ago_hour),
        calls(b.chart_day, &hours, b.ago_day),
        calls(b.chart_week, &found.by_six_hours(), b.ago_week),
        Drawing {
            chart: Chart::of(b.chart_times.to_owned(), &times, highest),
            from: b.ago_day,
            of_calls: false,
        },
    ];
    all.retain(|drawing| !drawing.chart.is_empty());
    all
}

fn kinds(b: &BankTexts, language: Language, found: &Found) -> Vec<KindRow> {
    let row = |(kind, c): (String, Counts)| KindRow {
        name: b.call(&kind),
        cells: vec![
            c.all().to_string(),
            availability(language, &c),
            c.done.to_string(),
            c.refused.to_string(),
            c.too_many.to_string(),
            c.server_error.to_string(),
            c.timed_out.to_string(),
            c.unreachable.to_string(),
            c.malformed.to_string(),
            at_most(&c, 50, b.beyond),
            at_most(&c, 95, b.beyond),
        ],
    };
    found.by_kind().into_iter().map(row).collect()
}

fn error_row(b: &BankTexts, error: &CallError) -> ErrorRow {
    let local = error.at.and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
    ErrorRow {
        at: local.format("%d.%m.%Y, %H:%M:%S").to_string(),
        kind: b.call(Kind::of(&error.operation).as_str()),
        operation: error.operation.clone(),
        outcome: b.outcome(&error.outcome),
        status: error.http_status.map(|status| status.to_string()).unwrap_or_default(),
        code: error.code.clone().unwrap_or_default(),
        request_id: error.request_id.clone(),
        payment: error.payment().map(|id| id.to_string()),
    }
}

fn closure_row(
    s: &SwitchTexts,
    language: Language,
    closure: &Closure,
    names: &BTreeMap<String, String>,
    (now, may_switch): (Timestamp, bool),
) -> ClosureRow {
    let from = local_time(closure.from_at, language);
    let until = closure.until_at.map(|at| local_time(at, language));
    let (standing, end) = if closure.covers(now) {
        ((s.is_on, "alarm"), Some(s.switch_on))
    } else if closure.is_planned(now) {
        ((s.is_planned, "open"), Some(s.call_off))
    } else if closure.ended_at.is_some() {
        ((s.is_ended, "ended"), None)
    } else {
        ((s.is_over, "ended"), None)
    };
    ClosureRow {
        id: closure.id.clone(),
        period: format!("{from} – {}", until.as_deref().unwrap_or(s.no_end)),
        standing,
        messages: [closure.message_ro.clone(), closure.message_en.clone()],
        reason: closure.reason.clone(),
        who: names.get(&closure.admin_id).cloned().unwrap_or_default(),
        end: end.filter(|_| may_switch),
    }
}
