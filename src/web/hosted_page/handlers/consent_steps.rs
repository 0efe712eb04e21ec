//! What the payer does on our page for a consent: a code, another code, a method. Every answer is a 303 to the
//! consent's page, or that page with what is wrong with what was entered. A code is never shown again.

use super::consent::{Carried, Here, about, find};
use super::see_other;
use crate::bank::{PsuReply, PsuStep};
use crate::consent::{ConsentId, Status};
use crate::flow::FlowError;
use crate::flow::consents::step::{self, OpenStep, fingerprint, open_step};
use crate::flow::consents::visit::{Opened, open_consent};
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::pages::read_code;
use crate::web::hosted_page::render::StepProblem;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret as _;

/// The consent of a post that is the bound browser's own, and what its bank waits for; else the answer.
async fn open(site: &Site, request: &HttpRequest, posted: &Carried) -> Result<Result<(Here, OpenStep), HttpResponse>, PageError> {
    let here = match find(site, request, posted).await? {
        Ok(here) => here,
        Err(answer) => return Ok(Err(answer)),
    };
    let own = site.is_own_form(request, &about(here.consent.id), &posted.csrf);
    let waits = own && here.consent.status == Status::AwaitingPsu && here.consent.expires_at > site.cx.now();
    let step = open_step(&here.consent).map_err(|e| PageError::new(site, here.language, e))?;
    if waits && step.tries_left > 0 {
        return Ok(Ok((here, step)));
    }
    Ok(Err(see_other(&here.back())))
}

/// Hands the answer to the bank, then shows the consent's page.
async fn answer(site: &Site, here: &Here, reply: PsuReply, back: &str) -> Result<HttpResponse, PageError> {
    let (cx, id, browser) = (site.cx.clone(), here.consent.id, here.browser.hash());
    match site.detached.run(async move { step::answer(&cx, id, &browser, reply).await }).await {
        Ok(()) | Err(FlowError::Busy) => Ok(see_other(back)),
        Err(other) => Err(PageError::new(site, here.language, other)),
    }
}

/// The page again, with what is wrong.
fn again(site: &Site, here: &Here, open: &OpenStep, problem: StepProblem) -> Result<HttpResponse, PageError> {
    match here.step(site, open, Some(problem)) {
        Some(page) => Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page?)),
        None => Ok(see_other(&here.back())),
    }
}

/// POST /account-consent/code: the one-time code. What cannot be a code is not given to the bank, so that it costs
/// no try there.
pub async fn code(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Carried>) -> Result<HttpResponse, PageError> {
    let (here, open) = match open(&site, &request, &posted).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    let Some(PsuStep::EnterCode(prompt)) = &open.step else {
        return Ok(see_other(&here.back()));
    };
    match read_code(posted.code.expose_secret(), prompt) {
        Ok(code) => answer(&site, &here, PsuReply::Code(code.into()), &here.back()).await,
        Err(error) => again(&site, &here, &open, StepProblem::Code(error)),
    }
}

/// POST /account-consent/resend: another code.
pub async fn resend(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Carried>) -> Result<HttpResponse, PageError> {
    let (here, open) = match open(&site, &request, &posted).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    match &open.step {
        Some(PsuStep::EnterCode(prompt)) if prompt.can_resend => {
            let back = format!("{}&resent=1", here.back());
            answer(&site, &here, PsuReply::Resend, &back).await
        }
        _ => Ok(see_other(&here.back())),
    }
}

/// POST /account-consent/method: how the payer wants to get the code.
pub async fn method(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Carried>) -> Result<HttpResponse, PageError> {
    let (here, open) = match open(&site, &request, &posted).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    let Some(PsuStep::ChooseMethod { methods }) = &open.step else {
        return Ok(see_other(&here.back()));
    };
    if methods.iter().any(|m| m.id == posted.method) {
        return answer(&site, &here, PsuReply::Method(posted.method.clone()), &here.back()).await;
    }
    again(&site, &here, &open, StepProblem::Method)
}

/// GET /account-consent/state: whether the page has something new to show. Only for the bound browser.
pub async fn state(site: web::Data<Site>, request: HttpRequest, link: web::Query<Carried>) -> HttpResponse {
    let (Some(id), Some(browser)) = (ConsentId::parse(&link.consent), Browser::known(&request, site.https())) else {
        return HttpResponse::NotFound().finish();
    };
    match open_consent(&site.cx, id, &link.state, &browser.hash()).await {
        Ok(Opened::Bound(consent, _)) => {
            let changed = link.seen != fingerprint(&consent, site.cx.now());
            HttpResponse::Ok().json(serde_json::json!({ "changed": changed }))
        }
        Ok(Opened::OtherBrowser) | Err(FlowError::NotFound) => HttpResponse::NotFound().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().insert_header(("Retry-After", "2")).finish(),
    }
}
