//! Bank statements against payments: uploading one, saying what its columns mean, and the result.
//!
//! **Invariant:** nothing here changes a payment; who may not see personal data sees none of these pages.

mod csv;
mod page;
mod result;
mod texts;
mod upload;

use super::gate::{SignedIn, go};
use super::roles::{Route, serve};
use crate::flow::reconcile::{self, Uploaded};
use crate::flow::{FieldProblem, FlowError};
use crate::partner::PartnerKind;
use crate::statement::columns::{Columns, DayForm, MAX_HEAD};
use crate::statement::matching::Finding;
use crate::store::partners;
use crate::store::reconciliations::{self, Direction, Reconciliation};
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use page::{Choice, ColumnsPage, StatementList, StatementRow, UploadForm, any_day};
use serde::Deserialize;
use texts::ReconciliationTexts;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    serve(config, Route::Reconciliations, list);
    serve(config, Route::UploadStatement, add);
    serve(config, Route::ReconciliationFile, result::download);
    serve(config, Route::ChooseColumns, choose);
    serve(config, Route::Reconciliation, result::show);
}

/// The address of a statement's page.
fn address(id: &str) -> String {
    Route::Reconciliation.path().replace("{id}", id)
}

/// Ids are UUIDs; a database may take no text with NUL in it.
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Findings that want attention.
fn to_see(of: &Reconciliation) -> i64 {
    let quiet = [Finding::Matched, Finding::Probable];
    let loud = of.totals.iter().filter(|(finding, ..)| !quiet.contains(finding));
    loud.map(|(_, _, total)| total.count).sum()
}

/// GET /back-office/reconciliation.
pub async fn list(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    show_list(&site, &request, &user, None).await
}

/// The list; with what was posted and what is wrong with it.
async fn show_list(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    refused: Option<(upload::Posted, (&'static str, &'static str))>,
) -> Result<HttpResponse, PageError> {
    let read = site.cx.db.read(|a| Ok((reconciliations::newest(a)?, partners::list(a)?)));
    let (known, partners) = read.await.map_err(|e| user.failed(site, e))?;
    let (r, language) = (ReconciliationTexts::of(user.language), user.language);
    let (posted, problem) = refused.map_or_else(Default::default, |(posted, problem)| (posted, Some(problem)));
    let row = |of: Reconciliation| StatementRow {
        href: address(&of.id),
        at: local_time(of.created_at, language),
        partner: of.partner_id.as_ref().map_or_else(
            || r.all_partners.to_owned(),
            |id| partners.iter().find(|p| p.id == *id).map(|p| p.name.clone()).unwrap_or_default(),
        ),
        days: of
            .days
            .map(|(from, to)| format!("{} – {}", any_day(language, from), any_day(language, to)))
            .unwrap_or_default(),
        state: of.state,
        to_see: (of.state == reconciliations::State::Ready).then(|| to_see(&of)),
        name: if of.file_name.is_empty() {
            r.erased.to_owned()
        } else {
            of.file_name
        },
    };
    let form = Route::UploadStatement.allows(user.role).then(|| {
        let first = Choice {
            value: String::new(),
            name: r.all_partners.into(),
            is_chosen: posted.partner.is_empty(),
        };
        let choice = |p: &crate::partner::Partner| Choice {
            value: p.id.clone(),
            name: p.name.clone(),
            is_chosen: p.id == posted.partner,
        };
        UploadForm {
            csrf: Browser::of(request, site.https()).csrf(site.cx.db.vault(), Route::UploadStatement.path()),
            direction: Direction::parse(&posted.direction).unwrap_or_else(|| usual_direction(&partners)),
            partners: std::iter::once(first).chain(partners.iter().map(choice)).collect(),
            account: posted.account.clone(),
        }
    });
    let status = if problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = StatementList {
        shell: user.shell(site, request, Route::Reconciliations),
        statements: known.into_iter().map(row).collect(),
        form,
        problem,
        r,
    };
    Ok(html(status, page.render()?))
}

/// Shops are paid into their accounts; only Finance partners pay out of them.
fn usual_direction(partners: &[crate::partner::Partner]) -> Direction {
    let is_shop = |p: &crate::partner::Partner| p.kind == PartnerKind::Ecommerce;
    if partners.is_empty() || partners.iter().any(is_shop) {
        Direction::Incoming
    } else {
        Direction::Both
    }
}

/// POST /back-office/reconciliation.
pub async fn add(site: web::Data<Site>, request: HttpRequest, user: SignedIn, payload: web::Payload) -> Result<HttpResponse, PageError> {
    let r = ReconciliationTexts::of(user.language);
    let words = |problems: &[FieldProblem]| problems.first().map_or(("file", r.expired), |p| r.problem(&p.field, p.code));
    let posted = match upload::read(&request, payload).await {
        Ok(posted) => posted,
        Err(FlowError::Invalid(problems)) => {
            let refused = (upload::Posted::default(), words(&problems));
            return show_list(&site, &request, &user, Some(refused)).await;
        }
        Err(other) => return Err(user.failed(&site, other)),
    };
    if !site.is_own_form(&request, Route::UploadStatement.path(), &posted.csrf) {
        return show_list(&site, &request, &user, Some((posted, ("file", r.expired)))).await;
    }
    let uploaded = Uploaded {
        partner_id: posted.partner.clone(),
        direction: Direction::parse(&posted.direction).unwrap_or(Direction::Both),
        account: posted.account.clone(),
        file_name: posted.file_name.clone(),
        file: posted.file.clone(),
    };
    match reconcile::upload(&site.cx, &user.admin.id, uploaded).await {
        Ok(id) => Ok(go(&address(&id))),
        Err(FlowError::Invalid(problems)) => show_list(&site, &request, &user, Some((posted, words(&problems)))).await,
        Err(other) => Err(user.failed(&site, other)),
    }
}

/// The columns as they are posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Chosen {
    csrf: String,
    separator: String,
    head: String,
    day: String,
    day_form: String,
    amount: String,
    debit: String,
    credit: String,
    decimal: String,
    currency: String,
    usual_currency: String,
    name: String,
    iban: String,
    remittance: String,
    reference: String,
}

impl Chosen {
    /// What it means; what cannot be read is left as it was guessed, or left out.
    fn columns(&self, guessed: &Columns) -> Columns {
        let column = |text: &str| text.trim().parse().ok();
        let separator = match self.separator.as_str() {
            "tab" => Some('\t'),
            other => other.chars().next(),
        };
        let head: Option<usize> = self.head.trim().parse().ok();
        Columns {
            separator: separator.unwrap_or(guessed.separator),
            // People count rows from 1.
            head: head
                .and_then(|row| row.checked_sub(1))
                .filter(|row| *row < MAX_HEAD)
                .unwrap_or(guessed.head),
            day: column(&self.day),
            day_form: DayForm::parse(&self.day_form).unwrap_or(guessed.day_form),
            amount: column(&self.amount),
            debit: column(&self.debit),
            credit: column(&self.credit),
            decimal: self.decimal.chars().next().unwrap_or(guessed.decimal),
            currency: column(&self.currency),
            usual_currency: self.usual_currency.trim().to_ascii_uppercase(),
            name: column(&self.name),
            iban: column(&self.iban),
            remittance: column(&self.remittance),
            reference: column(&self.reference),
        }
    }
}

/// The page that asks what the columns mean; with what was chosen, when the file cannot be read by it.
async fn columns_page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    of: &Reconciliation,
    chosen: Option<(Columns, String)>,
) -> Result<HttpResponse, PageError> {
    let table = reconcile::table(&site.cx, &of.id).await.map_err(|e| user.failed(site, e))?;
    let action = Route::ChooseColumns.path().replace("{id}", &of.id);
    let mut rows = table.rows.into_iter();
    let (columns, problem) = chosen.map_or((table.columns, None), |(columns, problem)| (columns, Some(problem)));
    let status = if problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = ColumnsPage {
        shell: user.shell(site, request, Route::Reconciliation),
        r: ReconciliationTexts::of(user.language),
        name: of.file_name.clone(),
        csrf: Browser::of(request, site.https()).csrf(site.cx.db.vault(), &action),
        heads: rows.next().unwrap_or_default(),
        rows: rows.collect(),
        may_choose: Route::ChooseColumns.allows(user.role),
        action,
        columns,
        problem,
    };
    Ok(html(status, page.render()?))
}

/// POST /back-office/reconciliation/{id}/columns.
pub async fn choose(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    form: web::Form<Chosen>,
) -> Result<HttpResponse, PageError> {
    let known = result::known(&site, &user, &id).await?;
    let action = Route::ChooseColumns.path().replace("{id}", &id);
    if known.state != reconciliations::State::Columns || !site.is_own_form(&request, &action, &form.csrf) {
        return Ok(go(&address(&id)));
    }
    let guessed = reconcile::table(&site.cx, &id).await.map_err(|e| user.failed(&site, e))?;
    let columns = form.columns(&guessed.columns);
    let taken = reconcile::set_columns(&site.cx, &id, columns.clone()).await;
    match taken.map_err(|e| user.failed(&site, e))? {
        Ok(()) => Ok(go(&address(&id))),
        Err(unreadable) => {
            let words = ReconciliationTexts::of(user.language).unreadable(&unreadable);
            columns_page(&site, &request, &user, &known, Some((columns, words))).await
        }
    }
}
