//! „Alege contul din bancă” over HTTP: the form is kept, the payer goes to the bank, comes back to the list, and
//! picks. Every post answers 303.

use super::{Posted, check, see_other, user_agent};
use crate::flow::FlowError;
use crate::flow::consents::init::shows_accounts;
use crate::flow::consents::{ConsentError, choose as flow};
use crate::flow::submit_payment::PsuDevice;
use crate::partner::Field;
use crate::payment::Status;
use crate::web::hosted_page::form;
use crate::web::hosted_page::pages::{AccountNotice, FormNotice};
use crate::web::hosted_page::render::{Wrong, bank_choices, offering_accounts};
use crate::web::hosted_page::typed::Typed;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

/// The query of the page about choosing.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AccountLink {
    payment: String,
    state: String,
    lang: String,
    seen: String,
    resent: String,
}

impl AccountLink {
    /// What the page showed, and the rest as a post that carries nothing but the link.
    pub(super) fn into_posted(self) -> (String, Posted) {
        let posted = Posted {
            payment: self.payment,
            state: self.state,
            lang: self.lang,
            ..Posted::default()
        };
        (self.seen, posted)
    }
}

/// POST /payment-initiation/choose: keeps what was typed and asks the chosen bank.
pub async fn begin(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let posted = posted.into_inner();
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let back = checked.back(&posted);
    if !matches!(checked.payment.status, Status::Created | Status::AttemptRefused) {
        return Ok(see_other(&back));
    }
    let view = checked.view(&site);
    let to_list = view.account_path();
    let input = posted.into_input();
    if checked.forged {
        let page = view.form(Some(&Wrong { input, errors: Vec::new() }), true)?;
        return Ok(html(StatusCode::FORBIDDEN, page));
    }
    let banks = bank_choices(&site.cx, &checked.payment);
    let offering = banks
        .iter()
        .filter(|b| b.off.is_none() && site.cx.banks.get(&b.code).is_some_and(shows_accounts));
    let user_code = match form::user_code(&input.user_code, offering.into_iter().find(|b| b.code == input.bank)) {
        Ok(code) => code,
        Err(error) => {
            let errors = vec![(Field::UserCode, error)];
            let page = view.form_at(1, Some(&Wrong { input, errors }), None)?;
            return Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page));
        }
    };
    let psu = PsuDevice {
        ip: site.client_ip(&request),
        user_agent: user_agent(&request),
        browser_hash: checked.browser.hash(),
        psu_id: user_code.map(Into::into),
    };
    let typed = serde_json::to_value(&input).map_err(|e| PageError::new(&site, checked.language, e.into()))?;
    let (cx, id, bank, language) = (site.cx.clone(), checked.payment.id, input.bank.clone(), checked.language);
    let begun = site
        .detached
        .run(async move { Ok(flow::begin(&cx, id, &psu, &bank, typed, language).await) })
        .await
        .and_then(|begun| match begun {
            Err(ConsentError::Flow(error)) => Err(error),
            other => Ok(other),
        });
    let say = |notice| {
        let wrong = Wrong {
            input: input.clone(),
            errors: Vec::new(),
        };
        let page = view.form_at(1, Some(&wrong), Some(FormNotice::Account(notice)))?;
        Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page))
    };
    match begun {
        Ok(Ok(())) => Ok(Typed::forgotten(see_other(&to_list), site.https())),
        Ok(Err(_)) => say(AccountNotice::NotThere {
            banks: offering_accounts(&site, &checked.payment),
        }),
        Err(FlowError::TooMany) => say(AccountNotice::Failed {
            bank: site.cx.banks.get(&input.bank).map(|b| b.name.clone()).unwrap_or_default(),
        }),
        Err(FlowError::NotAllowed | FlowError::Busy) => Ok(see_other(&back)),
        Err(other) => Err(PageError::new(&site, checked.language, other)),
    }
}

/// GET /payment-initiation/account: the way to the bank, or the list; else the form.
pub async fn show(site: web::Data<Site>, request: HttpRequest, link: web::Query<AccountLink>) -> Result<HttpResponse, PageError> {
    let resent = !link.resent.is_empty();
    let (_, posted) = link.into_inner().into_posted();
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let (cx, id, browser) = (site.cx.clone(), checked.payment.id, checked.browser.hash());
    let choosing = match site.detached.run(async move { flow::show(&cx, id, &browser).await }).await {
        Ok(choosing) => choosing,
        Err(FlowError::Busy) => flow::Choosing::Form,
        Err(other) => return Err(PageError::new(&site, checked.language, other)),
    };
    let mut view = checked.view(&site);
    view.after.resent = resent;
    match view.choosing(&choosing) {
        Some(page) => Ok(html(StatusCode::OK, page?)),
        None => Ok(see_other(&checked.back(&posted))),
    }
}

/// POST /payment-initiation/account: this one.
pub async fn pick(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let (back, list) = (checked.back(&posted), checked.view(&site).account_path());
    if checked.forged {
        return Ok(see_other(&list));
    }
    let (cx, id, browser, account) = (site.cx.clone(), checked.payment.id, checked.browser.hash(), posted.account.clone());
    let picked = site.detached.run(async move { flow::pick(&cx, id, &browser, &account).await });
    match picked.await {
        Ok(()) => Ok(see_other(&back)),
        Err(FlowError::NotAllowed | FlowError::Busy) => Ok(see_other(&list)),
        Err(other) => Err(PageError::new(&site, checked.language, other)),
    }
}

/// POST /payment-initiation/account/leave: back to the form without picking.
pub async fn leave(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let back = checked.back(&posted);
    if checked.forged {
        return Ok(see_other(&back));
    }
    let (cx, id, browser) = (site.cx.clone(), checked.payment.id, checked.browser.hash());
    match site.detached.run(async move { flow::leave(&cx, id, &browser).await }).await {
        Ok(()) | Err(FlowError::Busy) => Ok(see_other(&back)),
        Err(other) => Err(PageError::new(&site, checked.language, other)),
    }
}
