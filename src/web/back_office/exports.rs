//! Long exports of the list of payments: asking for one, seeing how far it is, and taking it.

use super::exports_page::{ExportList, ExportRow, ExportTexts};
use super::gate::{SignedIn, go};
use super::payment_list::ADDRESS as LIST;
use super::roles::Route;
use crate::flow::payment_query::Asked;
use crate::flow::{FlowError, export_job};
use crate::store::StoreError;
use crate::store::exports::{self, State};
use crate::web::hosted_page::local_time;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use futures_util::{TryStreamExt as _, stream};
use serde::Deserialize;

const ADDRESS: &str = "/back-office/exports";
/// Media type of XLSX (ISO/IEC 29500).
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// GET /back-office/exports.
pub async fn list(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    let wrong = |e: StoreError| user.failed(&site, e);
    let id = user.admin.id.clone();
    let found = site.cx.db.read(move |a| exports::of_admin(a, &id)).await.map_err(wrong)?;
    let row = |export: exports::Export| ExportRow {
        asked_at: local_time(export.created_at, user.language),
        state: export.state,
        rows: export.rows_done,
        address: (export.state == State::Ready).then(|| format!("{ADDRESS}/{}.xlsx", export.id)),
    };
    let page = ExportList {
        shell: user.shell(&site, &request, Route::Exports),
        l: ExportTexts::of(user.language),
        exports: found.into_iter().map(row).collect(),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// What is to be exported.
#[derive(Deserialize)]
pub struct Wanted {
    csrf: String,
    query: String,
}

/// POST /back-office/exports.
pub async fn ask(site: web::Data<Site>, request: HttpRequest, user: SignedIn, form: web::Form<Wanted>) -> Result<HttpResponse, PageError> {
    let asked = Asked::read(&form.query);
    if !site.is_own_form(&request, LIST, &form.csrf) || asked.filter(site.cx.db.vault()).is_err() {
        return Ok(go(LIST));
    }
    export_job::ask(&site.cx, &user.admin.id, asked.query(), user.language)
        .await
        .map_err(|e| user.failed(&site, e))?;
    Ok(go(ADDRESS))
}

/// GET /back-office/exports/{id}.xlsx: the file, a part at a time; only for who asked for it.
pub async fn download(site: web::Data<Site>, user: SignedIn, id: web::Path<String>) -> Result<HttpResponse, PageError> {
    let wrong = |e: StoreError| user.failed(&site, e);
    let (id, wanted) = (id.into_inner(), user.admin.id.clone());
    let asked = id.clone();
    if !site
        .cx
        .db
        .read(move |a| exports::is_ready(a, &wanted, &asked))
        .await
        .map_err(wrong)?
    {
        return Err(user.failed(&site, FlowError::NotFound));
    }
    let parts = stream::try_unfold((site.cx.db.clone(), id, 0), |(db, id, seq)| async move {
        let of = id.clone();
        let part = db.read(move |a| exports::part(a, &of, seq)).await.map_err(FlowError::from)?;
        Ok::<_, FlowError>(part.map(|part| (Bytes::from(part), (db, id, seq + 1))))
    });
    Ok(HttpResponse::Ok()
        .content_type(XLSX)
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"payments.xlsx\""))
        .streaming(Box::pin(parts.inspect_err(|e| tracing::error!(error = %e, "a download broke off")))))
}
