//! The page of a partner's webhooks, as plain data.

use super::record::{DeliveryLine, line};
use super::{Look, WebhookTexts};
use crate::clock::Timestamp;
use crate::flow::FlowError;
use crate::partner::webhook::WebhookEvent;
use crate::payment::Language;
use crate::store::webhook_endpoints::{self, Endpoint, OFF_FAILING};
use crate::store::{partners, webhook_deliveries};
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::partners::{OwnForm, address};
use crate::web::back_office::roles::Route;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, html};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

/// Deliveries of a page.
const MOST: i64 = 50;

/// What was typed into an endpoint's form.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    /// Empty for a new one.
    pub id: String,
    pub url: String,
    pub description: String,
    pub events: Vec<WebhookEvent>,
    pub active: bool,
}

/// What the page is shown with.
#[derive(Debug, Default)]
pub(super) struct State {
    notice: Option<&'static str>,
    wrong: Option<String>,
    typed: Option<Typed>,
}

impl State {
    pub(super) fn noticed(notice: Option<&'static str>) -> Self {
        Self { notice, ..Self::default() }
    }

    pub(super) fn wrong(code: &str, typed: Option<Typed>) -> Self {
        Self {
            notice: None,
            wrong: Some(code.to_owned()),
            typed,
        }
    }
}

/// An endpoint in a line.
#[derive(Clone, Debug)]
pub struct EndpointLine {
    /// Its host; path and query may be a secret of the partner's.
    pub host: String,
    /// What the operator calls it.
    pub description: String,
    /// On or off, and why.
    pub state: &'static str,
    /// How that looks.
    pub tone: &'static str,
    /// Since when it fails.
    pub failing: Option<String>,
}

/// Endpoints in a line each.
#[must_use]
pub fn lines(language: Language, endpoints: &[Endpoint]) -> Vec<EndpointLine> {
    let t = WebhookTexts::of(language);
    let since = |at: Timestamp| format!("{} {}", t.failing, local_time(at, language));
    let line = |endpoint: &Endpoint| EndpointLine {
        host: endpoint.url.host_str().unwrap_or_default().to_owned(),
        description: endpoint.description.clone(),
        state: match (endpoint.active, endpoint.off_because.as_deref()) {
            (true, _) => t.on,
            (false, Some(OFF_FAILING)) => t.off_failing,
            (false, _) => t.off,
        },
        tone: if endpoint.active { "good" } else { "ended" },
        failing: endpoint.failing_since.filter(|_| endpoint.active).map(since),
    };
    endpoints.iter().map(line).collect()
}

/// The form of an endpoint.
#[derive(Clone, Debug)]
struct EndpointForm {
    /// What tells the ids of its fields apart.
    key: String,
    /// The endpoint, where it is none that is new.
    line: Option<EndpointLine>,
    typed: Typed,
}

impl EndpointForm {
    fn is_ticked(&self, event: &WebhookEvent) -> bool {
        self.typed.events.contains(event)
    }
}

/// The forms, where the role may use them.
#[derive(Clone, Debug)]
struct Forms {
    set: OwnForm,
    remove: OwnForm,
}

#[derive(Debug, Template)]
#[template(path = "back_office/webhooks.html", whitespace = "minimize")]
struct WebhooksPage {
    shell: OfficeShell,
    w: &'static WebhookTexts,
    partner: String,
    partner_href: String,
    notice: Option<&'static str>,
    /// Where the problem is, and what it is.
    problem: Option<(String, &'static str)>,
    confirm: Option<String>,
    endpoints: Vec<EndpointForm>,
    /// The form of a new one.
    new: EndpointForm,
    forms: Option<Forms>,
    test: Option<OwnForm>,
    resend: Option<OwnForm>,
    deliveries: Vec<DeliveryLine>,
}

impl WebhooksPage {
    const fn events() -> [WebhookEvent; 9] {
        WebhookEvent::ALL
    }
}

impl Look {
    /// The page, with what a form said.
    pub(super) async fn page(&self, status: StatusCode, state: State) -> Result<HttpResponse, PageError> {
        let id = self.known_id()?;
        let read = self.site.cx.db.read(move |a| {
            let Some(partner) = partners::get(a, &id)? else { return Ok(None) };
            let endpoints = webhook_endpoints::of_partner(a, &id)?;
            let ids: Vec<String> = endpoints.iter().map(|e| e.id.clone()).collect();
            let deliveries = webhook_deliveries::newest(a, &ids, MOST)?;
            Ok(Some((partner, endpoints, deliveries)))
        });
        let found = read.await.map_err(|e| self.failed(e))?;
        let (partner, endpoints, deliveries) = found.ok_or_else(|| self.failed(FlowError::NotFound))?;
        let (language, role) = (self.user.language, self.user.role);
        let w = WebhookTexts::of(language);
        let problem = state.wrong.as_deref().map(|code| {
            let (field, words) = w.problem(code);
            let key = state
                .typed
                .as_ref()
                .map_or("", |typed| if typed.id.is_empty() { "new" } else { &typed.id });
            match (field, code) {
                ("", "fresh") => ("confirm".to_owned(), words),
                ("", _) => ("main".to_owned(), words),
                _ => (format!("{field}-{key}"), words),
            }
        });
        let page = WebhooksPage {
            shell: self.user.shell(&self.site, &self.request, Route::PartnerWebhooks),
            w,
            partner: partner.name,
            partner_href: address(Route::Partner, &self.id),
            notice: state.notice,
            problem,
            confirm: self.confirm(Route::PartnerWebhooks).filter(|_| Route::ProposeWebhook.allows(role)),
            new: new_form(state.typed.as_ref()),
            deliveries: deliveries
                .into_iter()
                .map(|listed| {
                    let to = endpoints.iter().find(|e| e.id == listed.endpoint_id);
                    line(w, language, listed, to)
                })
                .collect(),
            endpoints: forms(language, &endpoints, state.typed.as_ref()),
            forms: Route::ProposeWebhook.allows(role).then(|| Forms {
                set: self.form(Route::ProposeWebhook),
                remove: self.form(Route::RemoveWebhook),
            }),
            test: Route::TestWebhook.allows(role).then(|| self.form(Route::TestWebhook)),
            resend: Route::ResendWebhook.allows(role).then(|| self.form(Route::ResendWebhook)),
        };
        Ok(html(status, page.render()?))
    }
}

fn new_form(typed: Option<&Typed>) -> EndpointForm {
    let typed = typed.filter(|typed| typed.id.is_empty()).cloned();
    EndpointForm {
        key: "new".into(),
        line: None,
        typed: typed.unwrap_or_else(|| Typed {
            events: WebhookEvent::ALL.to_vec(),
            active: true,
            ..Typed::default()
        }),
    }
}

fn forms(language: Language, endpoints: &[Endpoint], typed: Option<&Typed>) -> Vec<EndpointForm> {
    let form = |(endpoint, line): (&Endpoint, EndpointLine)| EndpointForm {
        key: endpoint.id.clone(),
        line: Some(line),
        typed: typed.filter(|typed| typed.id == endpoint.id).cloned().unwrap_or_else(|| Typed {
            id: endpoint.id.clone(),
            url: endpoint.url.to_string(),
            description: endpoint.description.clone(),
            events: endpoint.events.clone(),
            active: endpoint.active,
        }),
    };
    endpoints.iter().zip(lines(language, endpoints)).map(form).collect()
}
