//! A partner's webhook endpoints, what was sent there, and the webhooks of a payment.
//!
//! **Invariant:** nothing is written here: handlers read a form, start one flow, and show the page again with what was
//! wrong and what was typed.

mod page;
mod record;
mod texts;

pub use page::{EndpointLine, lines};
pub use record::WebhookRecord;
pub use texts::WebhookTexts;

use super::look::{self, After};
use super::partners::is_id;
use super::roles::{Route, serve};
use crate::flow::FlowError;
use crate::flow::four_eyes::{Change, Proposed, WantedEndpoint, propose};
use crate::flow::webhooks::{resend, send_test};
use crate::partner::webhook::WebhookEvent;
use crate::payment::PaymentId;
use crate::store::webhook_deliveries::Again;
use crate::web::{PageError, Site};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use page::{State, Typed};
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

/// Pages about a partner's webhooks.
#[derive(Debug)]
pub enum OfWebhooks {}

/// Who looks at them.
type Look = look::Look<OfWebhooks>;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    serve(config, Route::PartnerWebhooks, show);
    serve(config, Route::ProposeWebhook, set);
    serve(config, Route::RemoveWebhook, remove);
    serve(config, Route::TestWebhook, test);
    serve(config, Route::ResendWebhook, again);
    serve(config, Route::ResendPaymentWebhook, again_of_payment);
}

/// GET /back-office/partners/{id}/webhooks.
pub async fn show(look: Look, after: web::Query<After>) -> Result<HttpResponse, PageError> {
    let notice = WebhookTexts::of(look.user.language).notice(after.word());
    look.page(StatusCode::OK, State::noticed(notice)).await
}

impl Look {
    async fn expired(&self) -> Result<HttpResponse, PageError> {
        self.page(StatusCode::FORBIDDEN, State::wrong("page", None)).await
    }

    /// Proposes a change, for who has just proved to be there.
    async fn propose(&self, change: Change, typed: Option<Typed>) -> Result<HttpResponse, PageError> {
        if !self.is_fresh() {
            return self.page(StatusCode::FORBIDDEN, State::wrong("fresh", typed)).await;
        }
        let code = match propose(&self.site.cx, &self.user.admin.id, change).await {
            Ok(Proposed::Waits(_)) => return Ok(self.after(Route::PartnerWebhooks, "proposed")),
            Ok(Proposed::Done(_)) => return Ok(self.after(Route::PartnerWebhooks, "done")),
            Err(FlowError::Invalid(problems)) => problems.first().map_or("", |problem| problem.code),
            Err(FlowError::NotAllowed) => "",
            Err(FlowError::TooMany) => "many",
            Err(other) => return Err(self.failed(other)),
        };
        self.page(StatusCode::UNPROCESSABLE_ENTITY, State::wrong(code, typed)).await
    }
}

/// POST /back-office/partners/{id}/webhooks: an endpoint as it is to be; an event a tick of its own.
pub async fn set(look: Look, form: web::Form<BTreeMap<String, String>>) -> Result<HttpResponse, PageError> {
    let said = |name: &str| form.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    if !look.is_own(Route::ProposeWebhook, &said("csrf")) {
        return look.expired().await;
    }
    let ticked = |event: &WebhookEvent| !said(event.as_str()).is_empty();
    let typed = Typed {
        id: said("endpoint"),
        url: said("url"),
        description: said("description"),
        events: WebhookEvent::ALL.into_iter().filter(ticked).collect(),
        active: !said("active").is_empty(),
    };
    let Ok(url) = Url::parse(&typed.url) else {
        return look
            .page(StatusCode::UNPROCESSABLE_ENTITY, State::wrong("NOT_USABLE", Some(typed)))
            .await;
    };
    let is_new = typed.id.is_empty();
    let endpoint = WantedEndpoint {
        id: if is_new {
            uuid::Uuid::now_v7().to_string()
        } else {
            typed.id.clone()
        },
        url,
        events: typed.events.clone(),
        description: typed.description.clone(),
        active: typed.active,
    };
    let partner = look.known_id()?;
    look.propose(Change::SetWebhook { partner, endpoint }, Some(typed)).await
}

/// A form about one endpoint or delivery.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct About {
    csrf: String,
    endpoint: String,
    delivery: String,
}

/// POST /back-office/partners/{id}/webhooks/remove.
pub async fn remove(look: Look, form: web::Form<About>) -> Result<HttpResponse, PageError> {
    if !look.is_own(Route::RemoveWebhook, &form.csrf) {
        return look.expired().await;
    }
    let change = Change::RemoveWebhook {
        partner: look.known_id()?,
        id: form.into_inner().endpoint,
    };
    look.propose(change, None).await
}

/// POST /back-office/partners/{id}/webhooks/test.
pub async fn test(look: Look, form: web::Form<About>) -> Result<HttpResponse, PageError> {
    if !look.is_own(Route::TestWebhook, &form.csrf) {
        return look.expired().await;
    }
    let partner = look.known_id()?;
    if !is_id(&form.endpoint) {
        return Err(look.failed(FlowError::NotFound));
    }
    let (cx, by, endpoint) = (look.site.cx.clone(), look.user.admin.id.clone(), form.into_inner().endpoint);
    let tested = look
        .site
        .detached
        .run(async move { send_test(&cx, &by, &partner, &endpoint).await });
    let word = if tested.await.map_err(|e| look.failed(e))? {
        "tested"
    } else {
        "test_failed"
    };
    Ok(look.after(Route::PartnerWebhooks, word))
}

/// What came of sending again, for the address of the page that says so; `None` when there is no such delivery.
const fn word(again: Again) -> Option<&'static str> {
    match again {
        Again::Due => Some("due"),
        Again::Soon => Some("soon"),
        Again::Waits => Some("off"),
        Again::Unknown => None,
    }
}

/// POST /back-office/partners/{id}/webhooks/resend.
pub async fn again(look: Look, form: web::Form<About>) -> Result<HttpResponse, PageError> {
    if !look.is_own(Route::ResendWebhook, &form.csrf) {
        return look.expired().await;
    }
    let partner = look.known_id()?;
    let again = resend(&look.site.cx, &look.user.admin.id, &form.delivery, Some(&partner), None).await;
    let word = word(again.map_err(|e| look.failed(e))?).ok_or_else(|| look.failed(FlowError::NotFound))?;
    Ok(look.after(Route::PartnerWebhooks, word))
}

/// POST /back-office/payments/{id}/webhooks: once more, from the page of the payment.
pub async fn again_of_payment(
    look: Look,
    request: HttpRequest,
    site: web::Data<Site>,
    form: web::Form<About>,
) -> Result<HttpResponse, PageError> {
    let id = PaymentId::parse(&look.id).ok_or_else(|| look.failed(FlowError::NotFound))?;
    if !site.is_own_form(&request, &record::action(id), &form.csrf) {
        return Err(look.failed(FlowError::NotYou));
    }
    let again = resend(&site.cx, &look.user.admin.id, &form.delivery, None, Some(id)).await;
    let word = word(again.map_err(|e| look.failed(e))?).ok_or_else(|| look.failed(FlowError::NotFound))?;
    Ok(super::gate::go(&format!("{}?webhook={word}", super::payment::address(id))))
}
