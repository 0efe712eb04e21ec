//! The list of applications, by state and platform, newest first.

use super::state_word;
use super::texts::ApplicationTexts;
use crate::flow::FlowError;
use crate::partner::application::ApplicationState;
use crate::store::applications::{self, Filter, StoredApplication};
use crate::store::partners;
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::gate::SignedIn;
use crate::web::back_office::partners::{address, is_id};
use crate::web::back_office::roles::Route;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::collections::BTreeMap;
use url::form_urlencoded;

/// Applications of a page.
const PAGE: usize = 50;

/// A line of the list.
#[derive(Clone, Debug)]
pub struct ApplicationLine {
    href: String,
    merchant: String,
    platform: String,
    external_id: String,
    came: String,
    changed: String,
    state: &'static str,
    tone: &'static str,
}

/// A choice of a filter: value, words, whether it is chosen.
type Choice = (String, String, bool);

#[derive(Debug, Template)]
#[template(path = "back_office/applications.html", whitespace = "minimize")]
struct ApplicationList {
    shell: OfficeShell,
    t: &'static ApplicationTexts,
    action: &'static str,
    filtered: bool,
    states: Vec<Choice>,
    platforms: Vec<Choice>,
    lines: Vec<ApplicationLine>,
    older: Option<String>,
    newest: Option<String>,
}

/// What stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    state: String,
    platform: String,
    before: String,
}

impl Asked {
    fn filter(&self) -> Filter {
        let id = |text: &str| is_id(text).then(|| text.to_owned());
        Filter {
            state: ApplicationState::parse(&self.state),
            platform_id: id(&self.platform),
            before: id(&self.before),
        }
    }

    /// The page from there on, of the same filter.
    fn page(&self, before: &str) -> String {
        let fields = [("state", self.state.as_str()), ("platform", &self.platform), ("before", before)];
        let set = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(set).finish();
        format!("{}?{query}", Route::Applications.path())
    }
}

/// GET /back-office/applications.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let filter = asked.filter();
    let wanted = filter.clone();
    let read = site.cx.db.read(move |a| {
        let found = applications::list(a, &wanted, PAGE as i64 + 1)?;
        let mut names = BTreeMap::new();
        for id in applications::platforms(a)? {
            let name = partners::get(a, &id)?.map(|p| p.name).unwrap_or_default();
            names.insert(id, name);
        }
        Ok((found, names))
    });
    let (mut found, names) = read.await.map_err(|e| user.failed(&site, FlowError::from(e)))?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let t = ApplicationTexts::of(user.language);
    let states = ApplicationState::ALL.map(|s| (s.as_str().to_owned(), state_word(t, s).0.to_owned(), filter.state == Some(s)));
    let page = ApplicationList {
        shell: user.shell(&site, &request, Route::Applications),
        t,
        action: Route::Applications.path(),
        filtered: filter.state.is_some() || filter.platform_id.is_some(),
        states: states.to_vec(),
        platforms: names
            .iter()
            .map(|(id, name)| (id.clone(), name.clone(), filter.platform_id.as_ref() == Some(id)))
            .collect(),
        older: found.last().filter(|_| more).map(|last| asked.page(&last.id)),
        newest: filter.before.is_some().then(|| asked.page("")),
        lines: found.iter().map(|one| line(t, &user, &names, one)).collect(),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

fn line(t: &ApplicationTexts, user: &SignedIn, names: &BTreeMap<String, String>, one: &StoredApplication) -> ApplicationLine {
    let sight = user.sight(&format!("application:{}", one.id));
    let (state, tone) = state_word(t, one.state);
    ApplicationLine {
        href: address(Route::Application, &one.id),
        merchant: one.content.as_ref().map_or_else(|| t.erased.to_owned(), |c| sight.name(&c.name)),
        platform: names.get(&one.platform_id).cloned().unwrap_or_default(),
        external_id: if one.erased_at.is_some() {
            String::new()
        } else {
            one.external_client_id.clone()
        },
        came: local_time(one.created_at, user.language),
        changed: local_time(one.updated_at, user.language),
        state,
        tone,
    }
}
