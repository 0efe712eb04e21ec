//! What the payer does on our page for the bank of the accounts to choose from: a code, another code, a method. Every
//! answer is a 303 to the page about choosing, or that page with what is wrong with what was entered.

use super::choose::AccountLink;
use super::{Checked, Posted, check, see_other};
use crate::bank::{PsuReply, PsuStep};
use crate::flow::FlowError;
use crate::flow::consents::choose::{self as flow, Choosing};
use crate::web::hosted_page::pages::read_code;
use crate::web::hosted_page::render::StepProblem;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret as _;

/// What a post is about and what the page about choosing shows; else the answer.
async fn open(site: &Site, request: &HttpRequest, posted: &Posted) -> Result<Result<(Checked, Choosing), HttpResponse>, PageError> {
    let checked = match check(site, request, posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(Err(answer)),
    };
    let page = checked.view(site).account_path();
    if checked.forged {
        return Ok(Err(see_other(&page)));
    }
    let (cx, id, browser) = (site.cx.clone(), checked.payment.id, checked.browser.hash());
    match site.detached.run(async move { flow::show(&cx, id, &browser).await }).await {
        Ok(choosing) => Ok(Ok((checked, choosing))),
        Err(FlowError::Busy) => Ok(Err(see_other(&page))),
        Err(other) => Err(PageError::new(site, checked.language, other)),
    }
}

/// What the bank waits for here.
fn step_of(choosing: &Choosing) -> Option<&PsuStep> {
    match choosing {
        Choosing::Step { open, .. } => open.step.as_ref(),
        _ => None,
    }
}

async fn answer(site: &Site, checked: &Checked, reply: PsuReply, more: &str) -> Result<HttpResponse, PageError> {
    let page = format!("{}{more}", checked.view(site).account_path());
    let (cx, id, browser) = (site.cx.clone(), checked.payment.id, checked.browser.hash());
    match site.detached.run(async move { flow::answer(&cx, id, &browser, reply).await }).await {
        Ok(()) | Err(FlowError::Busy) => Ok(see_other(&page)),
        Err(other) => Err(PageError::new(site, checked.language, other)),
    }
}

fn again(site: &Site, checked: &Checked, choosing: &Choosing, problem: StepProblem) -> Result<HttpResponse, PageError> {
    let view = checked.view(site);
    match view.choosing_step(choosing, Some(problem)) {
        Some(page) => Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page?)),
        None => Ok(see_other(&view.account_path())),
    }
}

/// POST /payment-initiation/account/code: the one-time code.
pub async fn code(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let (checked, choosing) = match open(&site, &request, &posted).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    let Some(PsuStep::EnterCode(prompt)) = step_of(&choosing) else {
        return Ok(see_other(&checked.view(&site).account_path()));
    };
    match read_code(posted.code.expose_secret(), prompt) {
        Ok(code) => answer(&site, &checked, PsuReply::Code(code.into()), "").await,
        Err(error) => again(&site, &checked, &choosing, StepProblem::Code(error)),
    }
}

/// POST /payment-initiation/account/resend: another code.
pub async fn resend(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let (checked, choosing) = match open(&site, &request, &posted).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    match step_of(&choosing) {
        Some(PsuStep::EnterCode(prompt)) if prompt.can_resend => answer(&site, &checked, PsuReply::Resend, "&resent=1").await,
        _ => Ok(see_other(&checked.view(&site).account_path())),
    }
}

/// POST /payment-initiation/account/method: how the payer wants to get the code.
pub async fn method(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let (checked, choosing) = match open(&site, &request, &posted).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    let Some(PsuStep::ChooseMethod { methods }) = step_of(&choosing) else {
        return Ok(see_other(&checked.view(&site).account_path()));
    };
    if methods.iter().any(|m| m.id == posted.method) {
        return answer(&site, &checked, PsuReply::Method(posted.method.clone()), "").await;
    }
    again(&site, &checked, &choosing, StepProblem::Method)
}

/// GET /payment-initiation/account/state: whether the page about choosing has something new to show.
pub async fn state(site: web::Data<Site>, request: HttpRequest, link: web::Query<AccountLink>) -> Result<HttpResponse, PageError> {
    let (seen, posted) = link.into_inner().into_posted();
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let shown = flow::shown(&site.cx, checked.payment.id, &checked.browser.hash()).await;
    let shown = shown.map_err(|e| PageError::new(&site, checked.language, e))?;
    let changed = shown.as_deref() != Some(seen.as_str());
    Ok(HttpResponse::Ok().json(serde_json::json!({ "changed": changed })))
}
