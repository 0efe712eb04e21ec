//! The list of an order of several payments over HTTP: its pages, and changing one payment of it.

use super::{Checked, Posted, check, see_other};
use crate::flow::FlowError;
use crate::flow::edit_instruction::{Change, edit_instruction};
use crate::web::hosted_page::form::{FormInput, validate_one};
use crate::web::hosted_page::pages::{EditNotice, FormNotice};
use crate::web::hosted_page::render::{View, Wrong, known_order};
use crate::web::hosted_page::typed::Typed;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

/// The query of a list's links.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ListLink {
    payment: String,
    state: String,
    lang: String,
    page: String,
    line: String,
}

impl ListLink {
    /// As a post that carries nothing but the link.
    fn into_posted(self) -> (Posted, usize) {
        let page = self.page.parse().unwrap_or(1);
        let posted = Posted {
            payment: self.payment,
            state: self.state,
            lang: self.lang,
            line: self.line,
            ..Posted::default()
        };
        (posted, page)
    }
}

/// GET /payment-initiation/list: a page of the list; the payment's page when there is no list (any more).
pub async fn list(site: web::Data<Site>, request: HttpRequest, link: web::Query<ListLink>) -> Result<HttpResponse, PageError> {
    let (posted, page) = link.into_inner().into_posted();
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let view = checked.view(&site);
    match view.list_page(page) {
        Some(page) => Ok(html(StatusCode::OK, page?)),
        None => Ok(see_other(&view.form_path())),
    }
}

/// POST /payment-initiation/list: another page of the list (`page`), or one payment of it (`line`). What the
/// payer has typed so far is kept, right or wrong, and nothing is said of it.
pub async fn turn(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let posted = posted.into_inner();
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let view = checked.view(&site);
    if !view.is_open_list() {
        return Ok(see_other(&view.form_path()));
    }
    let to = match view.line(&posted.line) {
        Some(_) => view.path_of_edit(&posted.line),
        None => view.path_of_page(posted.page.parse().unwrap_or(1)),
    };
    let input = posted.into_input();
    if checked.forged {
        let page = view.form(Some(&Wrong { input, errors: Vec::new() }), true)?;
        return Ok(html(StatusCode::FORBIDDEN, page));
    }
    let (vault, id) = (site.cx.db.vault(), checked.payment.id);
    Ok(Typed::of(&input).kept(see_other(&to), &checked.browser, site.https(), vault, id))
}

/// GET /payment-initiation/list/edit: one payment of the list.
pub async fn show_line(site: web::Data<Site>, request: HttpRequest, link: web::Query<ListLink>) -> Result<HttpResponse, PageError> {
    let (posted, _) = link.into_inner().into_posted();
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    edit_page(&checked.view(&site), &posted.line, None, StatusCode::OK)
}

/// The page of one payment, or the way back where it cannot be changed.
fn edit_page(view: &View<'_>, line: &str, notice: Option<EditNotice>, status: StatusCode) -> Result<HttpResponse, PageError> {
    match view.edit_page(line, None, notice) {
        Some(page) => Ok(html(status, page?)),
        None => Ok(see_other(&view.form_path())),
    }
}

/// POST /payment-initiation/list/edit: changes one payment of the list, or removes it with `then=remove`.
pub async fn change_line(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let posted = posted.into_inner();
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let view = checked.view(&site);
    if checked.forged {
        return edit_page(&view, &posted.line, Some(EditNotice::Expired), StatusCode::FORBIDDEN);
    }
    let Some((_, instruction)) = view.line(&posted.line) else {
        return Ok(see_other(&view.form_path()));
    };
    let (line, shown, remove) = (posted.line.clone(), posted.shown.clone(), posted.then == "remove");
    let change = if remove {
        Change::Remove
    } else {
        let input = posted.into_input();
        match validate_one(&input, &view.known_line(instruction), checked.partner.kind) {
            Ok(edited) => Change::Edit(edited),
            Err(errors) => {
                return match view.edit_page(&line, Some((&input, &errors)), None) {
                    Some(page) => Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page?)),
                    None => Ok(see_other(&view.form_path())),
                };
            }
        }
    };
    // Of a removed payment, its place in the list is shown.
    let back = view.path_of_line(&line);
    let (cx, id, browser) = (site.cx.clone(), checked.payment.id, checked.browser.hash());
    let by = line.clone();
    let written = site
        .detached
        .run(async move { edit_instruction(&cx, id, &browser, &by, &shown, change).await })
        .await;
    match written {
        Ok(()) | Err(FlowError::Busy | FlowError::NotAllowed | FlowError::NotFound) => Ok(see_other(&back)),
        Err(FlowError::OtherContent) => {
            let checked = checked.read_again(&site).await?;
            edit_page(&checked.view(&site), &line, Some(EditNotice::Changed), StatusCode::CONFLICT)
        }
        Err(other) => Err(PageError::new(&site, checked.language, other)),
    }
}

/// The form again, over the order as it is now, with what the payer had filled in: nothing was sent.
pub(super) async fn changed(site: &Site, checked: Checked, mut input: FormInput) -> Result<HttpResponse, PageError> {
    let checked = checked.read_again(site).await?;
    let known = known_order(&checked.payment);
    if known.several.is_none() && input.creditor_iban.is_empty() {
        // What was a list when it was shown is one payment now.
        input.creditor_name = known.creditor_name.unwrap_or_default();
        input.creditor_iban = known.creditor_iban.map(|i| i.grouped()).unwrap_or_default();
        input.amount = known.amount.map(|a| a.wire()).unwrap_or_default();
        input.details = known.details.unwrap_or_default();
    }
    let wrong = Wrong { input, errors: Vec::new() };
    let page = checked.view(site).form_at(1, Some(&wrong), Some(FormNotice::ListChanged))?;
    Ok(html(StatusCode::CONFLICT, page))
}
