//! A statement's page: how far its comparison is, and what came of it.

use super::page::{ResultPage, ResultRow, SumRow, any_day, any_money, details, lines_of, other_side};
use super::texts::ReconciliationTexts;
use super::{address, columns_page, csv, is_id};
use crate::flow::reconcile::{may_come_later, taken_out};
use crate::flow::{FlowError, export};
use crate::payment::{Language, PaymentId};
use crate::statement::matching::{Finding, Instruction};
use crate::store::reconciliation_lines::{self as lines, Line};
use crate::store::reconciliations::{self, Reconciliation, State};
use crate::store::{Access, StoreError, partners, reconciliation_book as book};
use crate::web::back_office::gate::SignedIn;
use crate::web::back_office::roles::Route;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use futures_util::{TryStreamExt as _, stream};
use serde::Deserialize;
use std::collections::HashMap;

/// Lines of a page.
const PAGE: i64 = 100;
/// Lines read at a time for a file.
const AT_ONCE: i64 = 500;

/// Which lines.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    finding: String,
    after: String,
}

/// The statement of an address.
pub(super) async fn known(site: &Site, user: &SignedIn, id: &str) -> Result<Reconciliation, PageError> {
    if !is_id(id) {
        return Err(user.failed(site, FlowError::NotFound));
    }
    let wanted = id.to_owned();
    let found = site.cx.db.read(move |a| reconciliations::get(a, &wanted)).await;
    let found = found.map_err(|e| user.failed(site, e))?;
    found.ok_or_else(|| user.failed(site, FlowError::NotFound))
}

/// Lines with what we know of their payments.
type Lines = (Vec<Line>, HashMap<Instruction, (i64, String)>);

fn read_lines(a: &mut Access<'_>, id: &str, only: Option<Finding>, after: i64, limit: i64) -> Result<Lines, StoreError> {
    let found = lines::list(a, id, only, after, limit)?;
    let payments: Vec<i64> = found.iter().filter_map(|line| line.of.map(|(number, _)| number)).collect();
    let here = book::amounts(a, &payments)?;
    Ok((found, here))
}

/// GET /back-office/reconciliation/{id}.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let of = known(&site, &user, &id).await?;
    if of.state == State::Columns {
        return columns_page(&site, &request, &user, &of, None).await;
    }
    let only = Finding::parse(&asked.finding);
    let after: i64 = asked.after.parse().unwrap_or(0);
    let (wanted, hash, partner) = (of.id.clone(), of.file_hash.clone(), of.partner_id.clone());
    let is_ready = of.state == State::Ready;
    let read = site.cx.db.read(move |a| {
        let found = if is_ready {
            read_lines(a, &wanted, only, after, PAGE)?
        } else {
            Lines::default()
        };
        let partner = partner.map(|id| partners::get(a, &id)).transpose()?.flatten().map(|p| p.name);
        Ok((found, reconciliations::same_file(a, &wanted, &hash)?, partner))
    });
    let ((found, here), same, partner) = read.await.map_err(|e| user.failed(&site, e))?;
    let (r, language) = (ReconciliationTexts::of(user.language), user.language);
    let show = Show { r, language, of: &of };
    let page = ResultPage {
        shell: user.shell(&site, &request, Route::Reconciliation),
        r,
        address: address(&of.id),
        name: if of.file_name.is_empty() {
            r.erased.to_owned()
        } else {
            of.file_name.clone()
        },
        state: of.state,
        facts: show.facts(partner),
        same: same.map(|(id, at)| (address(&id), local_time(at, language))),
        rows_done: of.rows_done,
        problem: of.problem.as_ref().map(|problem| r.unreadable(problem)),
        sums: if is_ready { show.sums() } else { Vec::new() },
        only,
        next: found
            .last()
            .filter(|_| found.len() as i64 == PAGE)
            .map(|line| lines_of(&address(&of.id), only, Some(line.seq))),
        rows: found.iter().map(|line| show.row(line, &here)).collect(),
        is_later: after > 0,
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// What lines are shown with.
struct Show<'a> {
    r: &'static ReconciliationTexts,
    language: Language,
    of: &'a Reconciliation,
}

impl Show<'_> {
    fn facts(&self, partner: Option<String>) -> Vec<(&'static str, String)> {
        let (r, of) = (self.r, self.of);
        let mut facts = vec![
            (r.at, local_time(of.created_at, self.language)),
            (r.partner, partner.unwrap_or_else(|| r.all_partners.to_owned())),
            (r.direction, r.direction_word(of.direction).to_owned()),
            (r.state, r.state_word(of.state).to_owned()),
        ];
        if let Some((from, to)) = of.days {
            let days = format!("{} – {}", any_day(self.language, from), any_day(self.language, to));
            facts.push((r.days, days));
        }
        if of.left_out > 0 {
            facts.push((r.left_out, of.left_out.to_string()));
        }
        facts
    }

    fn sums(&self) -> Vec<SumRow> {
        let row = |finding: Finding| {
            let mine = || self.of.totals.iter().filter(move |(of, ..)| *of == finding);
            SumRow {
                finding,
                href: lines_of(&address(&self.of.id), Some(finding), None),
                count: mine().map(|(_, _, total)| total.count).sum(),
                sums: mine()
                    .map(|(_, currency, total)| any_money(self.language, total.minor, currency))
                    .collect(),
            }
        };
        Finding::ALL.map(row).to_vec()
    }

    fn row(&self, line: &Line, here: &HashMap<Instruction, (i64, String)>) -> ResultRow {
        let known = line.of.and_then(|of| here.get(&of));
        let other = known.filter(|(minor, currency)| (*minor, currency) != (line.minor, &line.currency));
        let payment = line.of.and_then(|(number, _)| PaymentId::from_number(number));
        ResultRow {
            finding: line.finding,
            day: any_day(self.language, line.day),
            amount: any_money(self.language, line.minor, &line.currency),
            here: other
                .map(|(minor, currency)| any_money(self.language, *minor, currency))
                .unwrap_or_default(),
            payment: payment.map(|id| id.to_string()),
            other: other_side(line),
            details: details(line),
            note: self.note(line),
            line: line.entry.as_ref().map(|entry| entry.line.to_string()).unwrap_or_default(),
        }
    }

    fn note(&self, line: &Line) -> &'static str {
        let is_reversal = line.entry.as_ref().is_some_and(|entry| entry.is_reversal);
        match line.finding {
            _ if is_reversal => self.r.reversal,
            Finding::Surplus if line.of.is_some() => self.r.repeated,
            Finding::Missing if self.of.days.is_some_and(|(_, to)| may_come_later(line.day, to)) => self.r.may_come,
            _ => "",
        }
    }
}

/// GET /back-office/reconciliation/{id}/lines.csv.
pub async fn download(site: web::Data<Site>, user: SignedIn, id: web::Path<String>) -> Result<HttpResponse, PageError> {
    let of = known(&site, &user, &id).await?;
    if of.state != State::Ready {
        return Err(user.failed(&site, FlowError::NotFound));
    }
    taken_out(&site.cx, &user.admin.id).await.map_err(|e| user.failed(&site, e))?;
    let head = export::csv_head(&csv::HEAD).map_err(|e| user.failed(&site, e))?;
    let rest = stream::try_unfold((site.cx.db.clone(), of.id, 0), |(db, id, after)| async move {
        let wanted = id.clone();
        let read = db.read(move |a| read_lines(a, &wanted, None, after, AT_ONCE)).await;
        let (found, here) = read.map_err(FlowError::from)?;
        let Some(last) = found.last().map(|line| line.seq) else {
            return Ok(None);
        };
        Ok::<_, FlowError>(Some((Bytes::from(csv::rows(&found, &here)?), (db, id, last))))
    });
    let head = stream::once(async move { Ok::<_, FlowError>(Bytes::from(head)) });
    let all = futures_util::StreamExt::chain(head, rest);
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"reconciliation.csv\""))
        .streaming(Box::pin(all.inspect_err(|e| tracing::error!(error = %e, "a download broke off")))))
}
