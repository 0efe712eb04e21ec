//! What was sent to endpoints, as it is shown: on the partner's page of webhooks and on a payment's page.

use super::WebhookTexts;
use crate::clock::Timestamp;
use crate::payment::{Language, PaymentId};
use crate::store::webhook_deliveries::Listed;
use crate::store::webhook_endpoints::Endpoint;
use crate::web::Site;
use crate::web::back_office::gate::SignedIn;
use crate::web::back_office::payment;
use crate::web::back_office::roles::Route;
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::local_time;
use actix_web::HttpRequest;

/// A delivery, as it is shown.
#[derive(Clone, Debug)]
pub struct DeliveryLine {
    /// Its id, by which it is sent again.
    pub id: String,
    /// The event's type.
    pub kind: String,
    /// The event's id, the same in every copy.
    pub event_id: String,
    /// The payment's page and number.
    pub payment: Option<(String, String)>,
    /// The endpoint's host.
    pub host: String,
    /// When it happened, in local time.
    pub when: String,
    /// What became of it, and when.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next.
    pub next: String,
    /// The last answer's status, or what went wrong.
    pub code: String,
    /// The body that is sent; none where it was erased.
    pub payload: Option<String>,
    /// The beginning of the last answer. Hostile text.
    pub answer: String,
    /// Whether it can be sent again.
    pub rests: bool,
}

/// A delivery in words.
pub(super) fn line(w: &WebhookTexts, language: Language, listed: Listed, endpoint: Option<&Endpoint>) -> DeliveryLine {
    let time = |at: Timestamp| local_time(at, language);
    let state = match (listed.due_at, listed.delivered_at) {
        (Some(_), _) => w.waiting.to_owned(),
        (None, Some(at)) => format!("{}, {}", w.delivered, time(at)),
        (None, None) => w.given_up.to_owned(),
    };
    let code = listed.status_code.map(|code| code.to_string());
    DeliveryLine {
        host: endpoint.and_then(|e| e.url.host_str()).unwrap_or_default().to_owned(),
        payment: listed.payment.map(|id| (payment::address(id), id.to_string())),
        when: time(listed.created_at),
        state,
        attempts: listed.attempts,
        next: listed.due_at.map(time).unwrap_or_default(),
        code: code.or(listed.last_error).unwrap_or_default(),
        rests: listed.payload.is_some() && listed.payment.is_some() && endpoint.is_some_and(|e| e.active),
        payload: listed.payload.map(|text| text.to_string()),
        answer: listed.answer.map(|text| text.to_string()).unwrap_or_default(),
        id: listed.id,
        kind: listed.kind,
        event_id: listed.event_id,
    }
}

/// Where sending again is posted to from a payment's page.
pub(super) fn action(id: PaymentId) -> String {
    Route::ResendPaymentWebhook.path().replace("{id}", &id.to_string())
}

/// The webhooks of a payment.
#[derive(Clone, Debug)]
pub struct WebhookRecord {
    /// The texts.
    pub w: &'static WebhookTexts,
    /// Oldest first.
    pub deliveries: Vec<DeliveryLine>,
    /// Where sending again is posted to, and the anti-forgery token; none for those who may not.
    pub resend: Option<(String, String)>,
}

impl WebhookRecord {
    /// The record as a user sees it.
    #[must_use]
    pub fn of(site: &Site, request: &HttpRequest, user: &SignedIn, id: PaymentId, deliveries: Vec<(Listed, Endpoint)>) -> Self {
        let w = WebhookTexts::of(user.language);
        let csrf = || Browser::of(request, site.https()).csrf(site.cx.db.vault(), &action(id));
        Self {
            w,
            deliveries: deliveries
                .into_iter()
                .map(|(listed, endpoint)| line(w, user.language, listed, Some(&endpoint)))
                .collect(),
            resend: Route::ResendPaymentWebhook.allows(user.role).then(|| (action(id), csrf())),
        }
    }
}
