//! What the PSU does on our page for the approval: a code, another code, a method. Every answer is a 303 to the
//! payment's page, or that page with what is wrong with what was entered. A code is never shown again.

use super::{Checked, Posted, check, see_other};
use crate::bank::{PsuReply, PsuStep};
use crate::flow::FlowError;
use crate::flow::answer_step::{MAX_CODE_TRIES, answer_step};
use crate::payment::Status;
use crate::web::hosted_page::pages::read_code;
use crate::web::hosted_page::render::step_of;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret as _;

/// What the bank waits for, when the post is the bound browser's own and there is something to answer.
fn open_step(checked: &Checked) -> Option<PsuStep> {
    let payment = &checked.payment;
    let open = !checked.forged && payment.status == Status::AwaitingPsu && payment.code_tries < MAX_CODE_TRIES;
    open.then(|| step_of(payment)).flatten()
}

/// Hands the answer to the bank, then shows the payment's page.
async fn answer(site: &Site, checked: &Checked, reply: PsuReply, back: &str) -> Result<HttpResponse, PageError> {
    let (cx, id, browser) = (site.cx.clone(), checked.payment.id, checked.browser.hash());
    match site.detached.run(async move { answer_step(&cx, id, &browser, reply).await }).await {
        Ok(()) | Err(FlowError::Busy) => Ok(see_other(back)),
        Err(other) => Err(PageError::new(site, checked.language, other)),
    }
}

/// POST /payment-initiation/code: the one-time code. What cannot be a code is not given to the bank, so that it
/// costs no try there.
pub async fn code(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let back = checked.back(&posted);
    let Some(PsuStep::EnterCode(prompt)) = open_step(&checked) else {
        return Ok(see_other(&back));
    };
    match read_code(posted.code.expose_secret(), &prompt) {
        Ok(code) => answer(&site, &checked, PsuReply::Code(code.into()), &back).await,
        Err(error) => {
            let page = checked.view(&site).enter_code(prompt, Some(error))?;
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}

/// POST /payment-initiation/resend: another code.
pub async fn resend(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let back = checked.back(&posted);
    match open_step(&checked) {
        Some(PsuStep::EnterCode(prompt)) if prompt.can_resend => {
            answer(&site, &checked, PsuReply::Resend, &format!("{back}&resent=1")).await
        }
        _ => Ok(see_other(&back)),
    }
}

/// POST /payment-initiation/method: how the PSU wants to get the code.
pub async fn method(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let back = checked.back(&posted);
    let Some(PsuStep::ChooseMethod { methods }) = open_step(&checked) else {
        return Ok(see_other(&back));
    };
    if methods.iter().any(|m| m.id == posted.method) {
        return answer(&site, &checked, PsuReply::Method(posted.method.clone()), &back).await;
    }
    let page = checked.view(&site).choose_method(&methods, true)?;
    Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page))
}
