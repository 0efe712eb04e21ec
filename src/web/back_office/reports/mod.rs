//! What became of the payments of some days: figures by day, by partner and bank, as a page and as CSV.
//!
//! **Invariant:** no page and no file reads payments; all is added up from the figures that the worker keeps.
//! No personal data is among them.

mod chart;
mod csv;
mod page;
mod query;
mod texts;

use super::gate::SignedIn;
use super::roles::Route;
use crate::clock::Timestamp;
use crate::flow::FlowError;
use crate::flow::init_payment::today;
use crate::store::reports::{self, Wanted};
use crate::store::{Access, StoreError};
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use query::{Asked, Choices, Period, PeriodProblem};

/// What a report is made of.
struct Found<T> {
    figures: T,
    choices: Choices,
    counted_until: Option<Timestamp>,
}

async fn found<T: Send + 'static>(
    site: &Site,
    user: &SignedIn,
    period: &Period,
    figures: fn(&mut Access<'_>, &Wanted) -> Result<T, StoreError>,
) -> Result<Found<T>, PageError> {
    let wanted = period.wanted();
    let banks = site.cx.banks.list().iter().map(|b| (b.code.clone(), b.name.clone())).collect();
    let read = site.cx.db.read(move |a| {
        Ok(Found {
            figures: figures(a, &wanted)?,
            choices: Choices {
                partners: crate::store::partners::list(a)?
                    .into_iter()
                    .map(|p| (p.id, p.client_id, p.name))
                    .collect(),
                banks,
            },
            counted_until: reports::counted_until(a)?,
        })
    });
    read.await.map_err(|e| user.failed(site, e))
}

/// GET /back-office/reports. What cannot be read of the query is said on the page, with the last 30 days below.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let today = today(site.cx.now());
    match asked.period(today) {
        Ok(period) => page(&site, &request, &user, &period, None).await,
        Err(problem) => page(&site, &request, &user, &Period::last_days(today), Some(problem)).await,
    }
}

async fn page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    period: &Period,
    problem: Option<PeriodProblem>,
) -> Result<HttpResponse, PageError> {
    let found = found(site, user, period, reports::sums).await?;
    let status = if problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let shell = user.shell(site, request, Route::Reports);
    let page = page::ReportPage::of(shell, user.language, period, problem, &found);
    Ok(html(status, page.render()?))
}

/// GET /back-office/reports.csv: a line a day, partner, bank and currency.
pub async fn download(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let today = today(site.cx.now());
    let period = match asked.period(today) {
        Ok(period) => period,
        Err(problem) => return page(&site, &request, &user, &Period::last_days(today), Some(problem)).await,
    };
    let found = found(&site, &user, &period, reports::of_days).await?;
    let file = csv::file(&found.figures, &found.choices).map_err(|e| user.failed(&site, FlowError::Internal(e.to_string())))?;
    let name = format!("payments-{}-{}.csv", period.from, period.to);
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(ContentDisposition {
            disposition: DispositionType::Attachment,
            parameters: vec![DispositionParam::Filename(name)],
        })
        .body(file))
}
