//! Every state of the payer's pages with sample data, for people and tools that look at them.
//!
//! **Invariant:** only the demo has these routes. Each page is made by the builders and templates that payers see, and
//! there is no second way to make one; nothing here reads the database, writes or calls a bank; no address on such a
//! page leads to a payment, and a posted form only shows its page again.

mod addresses;
mod around;
mod consents;
mod ends;
mod forms;
mod mails;
mod samples;
mod state;
mod steps;

use super::browser::Browser;
use super::colour::{Colour, partner_css};
use super::handlers::see_other;
use super::pages::{GalleryEntry, GalleryIndex};
use super::texts::catalogue;
use crate::flow::FlowError;
use crate::payment::{Language, Status};
use crate::web::{PageError, Site, browser_language, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use addresses::Instead;
use askama::Template as _;
use serde::Deserialize;
use state::{Group, Stage, State};

/// The index; everything else is below it.
const INDEX: &str = "/demo/states";
/// The colour of the sample partner.
const COLOUR: &str = "#7a2f5b";

catalogue! {
    /// The texts of the index.
    GalleryTexts {
        title: "Toate stările paginii de plată", "Every state of the payment page";
        lead: "Cu date inventate: nimic de aici nu pornește o plată și nu citește una.", "With invented data: nothing here starts a payment or reads one.";
        mails: "Mesajele către plătitor", "The mails to the payer";
        as_text: "text simplu", "plain text";
    }
}

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route(INDEX, web::get().to(index));
    config.route(&format!("{INDEX}/partner.css"), web::get().to(style));
    config.route(&format!("{INDEX}/unchanged"), web::get().to(unchanged));
    config.route(&format!("{INDEX}/mails/{{name}}"), web::get().to(mails::show));
    config.service(
        web::resource(format!("{INDEX}/{{name}}"))
            .route(web::get().to(show))
            .route(web::post().to(posted)),
    );
}

/// Every state. A status or a page that is new has no way around this table.
fn states() -> Vec<State> {
    let of_payments = Status::ALL.into_iter().flat_map(of_status);
    let mut states: Vec<State> = of_payments.collect();
    states.extend(consents::choosing());
    states.extend(consents::all());
    states.extend(around::notices());
    states.extend(around::others());
    states
}

fn of_status(status: Status) -> Vec<State> {
    match status {
        Status::Created => forms::created(),
        Status::Initiating => steps::initiating(),
        Status::AwaitingPsu => steps::awaiting(),
        Status::Processing => steps::processing(),
        Status::InDoubt => steps::in_doubt(),
        Status::AttemptRefused => ends::attempt_refused(),
        Status::Settled => ends::settled(),
        Status::PartlySettled => ends::partly_settled(),
        Status::Rejected => ends::rejected(),
        Status::Cancelled => ends::cancelled(),
        Status::Abandoned => ends::abandoned(),
        Status::Blocked => ends::blocked(),
    }
}

/// The query.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Chosen {
    lang: String,
    /// A mail's plain text.
    text: String,
}

impl Chosen {
    fn language(&self, request: &HttpRequest) -> Language {
        Language::parse(&self.lang).unwrap_or_else(|| browser_language(request))
    }
}

const fn other(language: Language) -> Language {
    match language {
        Language::Ro => Language::En,
        Language::En => Language::Ro,
    }
}

/// GET /demo/states.
async fn index(site: web::Data<Site>, request: HttpRequest, chosen: web::Query<Chosen>) -> Result<HttpResponse, PageError> {
    let language = chosen.language(&request);
    let browser = Browser::of(&request, site.https());
    let stage = Stage {
        site: &site,
        browser: &browser,
        language,
    };
    let states = states();
    let of_group = |group: Group| {
        let entries = states.iter().filter(|state| state.group == group).map(|state| entry(&stage, state));
        (group.title(language), entries.collect())
    };
    let mut shell = site.shell(language);
    shell.other_language_url = Some(format!("{INDEX}?lang={}", other(language)));
    let page = GalleryIndex {
        shell,
        g: GalleryTexts::of(language),
        groups: Group::ALL.into_iter().map(of_group).collect(),
        mails: mails::names(),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

fn entry(stage: &Stage<'_>, state: &State) -> GalleryEntry {
    let page = state.page(stage).and_then(Result::ok).unwrap_or_default();
    let heading = page.split_once("<h1>").and_then(|(_, rest)| rest.split_once("</h1>"));
    GalleryEntry {
        name: state.name.clone(),
        heading: heading.map(|(words, _)| words.to_owned()).unwrap_or_default(),
    }
}

/// GET /demo/states/{name}.
async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    name: web::Path<String>,
    chosen: web::Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let language = chosen.language(&request);
    let fault = |error| PageError::new(&site, language, error);
    let state = states()
        .into_iter()
        .find(|state| state.name == *name)
        .ok_or_else(|| fault(FlowError::NotFound))?;
    let browser = Browser::of(&request, site.https());
    let stage = Stage {
        site: &site,
        browser: &browser,
        language,
    };
    let page = state
        .page(&stage)
        .ok_or_else(|| fault(FlowError::Internal(format!("no sample for {name}"))))??;
    let instead = Instead {
        own: &format!("{INDEX}/{name}?lang={language}"),
        other_language: &format!("{INDEX}/{name}?lang={}", other(language)),
        unchanged: &format!("{INDEX}/unchanged"),
        style: &format!("{INDEX}/partner.css"),
    };
    Ok(html(StatusCode::OK, instead.over(&page)))
}

/// POST /demo/states/{name}: any form of any state. What was posted is not looked at.
async fn posted(name: web::Path<String>) -> HttpResponse {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    see_other(&format!("{INDEX}/{name}"))
}

/// GET /demo/states/unchanged: for the script of pages that watch a payment.
async fn unchanged() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "changed": false }))
}

/// GET /demo/states/partner.css: the sample partner's colour.
async fn style() -> HttpResponse {
    let css = Colour::parse(COLOUR).map(partner_css).unwrap_or_default();
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(css)
}
