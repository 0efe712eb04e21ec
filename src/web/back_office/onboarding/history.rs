//! The history of a file, and the file as it stood on a date.

use super::page::{Card, cards};
use super::texts::{FileTexts, choice_words, kind_name, section_name, words};
use super::{address, moment, name_of, names};
use crate::flow::onboarding::{self, day_of};
use crate::partner::onboarding::{DocumentKind, OnboardingFile, Section, fields::date};
use crate::payment::Language;
use crate::store::onboarding::Version;
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::gate::SignedIn;
use crate::web::back_office::roles::Route;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// One value that changed.
#[derive(Clone)]
pub struct ChangeLine {
    pub(super) what: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// One change of the file.
#[derive(Clone)]
pub struct VersionLine {
    pub(super) at: String,
    pub(super) who: String,
    pub(super) changes: Vec<ChangeLine>,
}

/// The file on a date.
#[derive(Clone)]
pub struct Then {
    pub(super) day: String,
    pub(super) cards: Vec<Card>,
    /// Documents that were there at the end of that day.
    pub(super) documents: Vec<String>,
}

/// The history of a file.
#[derive(Template)]
#[template(path = "back_office/onboarding_history.html", whitespace = "minimize")]
pub struct HistoryPage {
    pub(super) shell: OfficeShell,
    pub(super) f: &'static FileTexts,
    pub(super) partner: String,
    pub(super) back: String,
    pub(super) action: String,
    pub(super) on: String,
    pub(super) wrong_date: Option<&'static str>,
    pub(super) then: Option<Then>,
    pub(super) versions: Vec<VersionLine>,
}

/// The query of the history.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct On {
    on: String,
}

/// A path of the history in words: `owner.2.birth_date`, `document.articles`, `renewal`.
fn path_words(language: Language, path: &str) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    match parts.as_slice() {
        ["document", kind, what] => {
            let kind = DocumentKind::parse(kind).map_or(*kind, |k| kind_name(language, k));
            format!("{}: {kind}", words(language, &format!("document_{what}")))
        }
        [section, middle @ .., field] => {
            let section = Section::parse(section).map_or(*section, |s| section_name(language, s));
            let number: String = middle.iter().map(|n| format!(" {n}")).collect();
            format!("{section}{number}: {}", words(language, field))
        }
        _ => words(language, path).to_owned(),
    }
}

fn value(language: Language, file: Option<&OnboardingFile>, path: &str) -> String {
    let value = file.and_then(|f| f.paths().get(path).map(|v| (*v).to_owned())).unwrap_or_default();
    let field = path.rsplit('.').next().unwrap_or_default();
    let is_choice = Section::ALL.into_iter().flat_map(Section::fields);
    let is_choice = is_choice.filter(|f| f.name == field).any(|f| {
        let crate::partner::onboarding::Rule::Choice(choices) = f.rule else {
            return false;
        };
        choices.contains(&value.as_str())
    });
    if is_choice { choice_words(language, field, &value) } else { value }
}

fn lines(language: Language, versions: &[Version], who: impl Fn(&str) -> String) -> Vec<VersionLine> {
    let line = |(i, version): (usize, &Version)| {
        let before = i.checked_sub(1).and_then(|i| versions.get(i)).map(|v| &v.file);
        let changes = version.changed.iter().map(|path| ChangeLine {
            what: path_words(language, path),
            before: value(language, before, path),
            after: value(language, Some(&version.file), path),
        });
        VersionLine {
            at: moment(version.at),
            who: who(&version.actor),
            changes: changes.collect(),
        }
    };
    let mut lines: Vec<VersionLine> = versions.iter().enumerate().map(line).collect();
    lines.reverse();
    lines
}

/// GET /back-office/partners/{id}/onboarding/history.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    query: web::Query<On>,
) -> Result<HttpResponse, PageError> {
    let language = user.language;
    let (onboarded, versions) = onboarding::history(&site.cx, &id).await.map_err(|e| user.failed(&site, e))?;
    let actors = versions.iter().map(|v| v.actor.clone()).collect();
    let names = names(&site, actors).await.map_err(|e| user.failed(&site, e))?;
    let asked = query.into_inner().on;
    let on = date(&asked);
    let then = on.map(|day| {
        let version = versions.iter().rev().find(|v| day_of(v.at) <= day);
        let there = onboarded
            .documents
            .iter()
            .filter(|d| day_of(d.added_at) <= day && d.removed_at.is_none_or(|at| day_of(at) > day));
        Then {
            day: day.format("%d.%m.%Y").to_string(),
            cards: version.map(|v| cards(language, &v.file, &id)).unwrap_or_default(),
            documents: there.map(|d| format!("{} ({})", d.name, kind_name(language, d.kind))).collect(),
        }
    });
    let page = HistoryPage {
        shell: user.shell(&site, &request, Route::Onboardings),
        f: FileTexts::of(language),
        partner: onboarded.partner.name.clone(),
        back: address(Route::Onboarding, &id),
        action: address(Route::OnboardingHistory, &id),
        wrong_date: (on.is_none() && !asked.is_empty()).then(|| words(language, "NOT_A_DATE")),
        on: asked,
        then,
        versions: lines(language, &versions, |id| name_of(&names, &user, id)),
    };
    Ok(html(StatusCode::OK, page.render()?))
}
