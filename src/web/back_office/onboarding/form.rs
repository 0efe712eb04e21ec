//! The form of a section.

use super::texts::{FileTexts, choice_words, section_name, words};
use super::{address, done, token};
use crate::flow::FlowError;
use crate::flow::onboarding::{self, Change, Onboarded, WHOLE_FORM};
use crate::partner::onboarding::{Field, Rule, Section};
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::gate::SignedIn;
use crate::web::back_office::roles::Route;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::collections::HashMap;

/// How a field is entered.
#[derive(Clone)]
pub enum Control {
    /// One line, with the type of the input.
    Line(&'static str),
    /// Several lines.
    Lines,
    /// Choices: value, words, whether it is chosen.
    Choice(Vec<(&'static str, String, bool)>),
}

/// A field as it is shown.
#[derive(Clone)]
pub struct Shown {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) required: bool,
    pub(super) value: String,
    pub(super) control: Control,
    pub(super) problem: Option<String>,
}

/// The form of a section.
#[derive(Template)]
#[template(path = "back_office/onboarding_form.html", whitespace = "minimize")]
pub struct FormPage {
    pub(super) shell: OfficeShell,
    pub(super) f: &'static FileTexts,
    pub(super) partner: String,
    pub(super) title: &'static str,
    pub(super) back: String,
    pub(super) action: String,
    pub(super) csrf: String,
    pub(super) version: i64,
    pub(super) problem: Option<String>,
    pub(super) fields: Vec<Shown>,
}

impl FormPage {
    fn has_problems(&self) -> bool {
        self.problem.is_some() || self.fields.iter().any(|f| f.problem.is_some())
    }
}

/// The entry of a list that is changed.
#[derive(Debug, Deserialize)]
pub struct Which {
    number: Option<u32>,
}

struct Look<'a> {
    site: &'a Site,
    request: &'a HttpRequest,
    user: &'a SignedIn,
    section: Section,
    number: Option<u32>,
}

impl Look<'_> {
    fn action(&self, partner_id: &str) -> String {
        address(Route::EnterOnboarding, partner_id).replace("{section}", self.section.as_str())
    }

    fn page(&self, onboarded: &Onboarded, value_of: impl Fn(&str) -> String, problems: &[(String, &'static str)]) -> FormPage {
        let language = self.user.language;
        let action = self.action(&onboarded.partner.id);
        let csrf = token(self.site, self.request, &action);
        let whole = problems.iter().find(|(field, _)| field == WHOLE_FORM);
        FormPage {
            shell: self.user.shell(self.site, self.request, Route::Onboardings),
            f: FileTexts::of(language),
            partner: onboarded.partner.name.clone(),
            title: section_name(language, self.section),
            back: address(Route::Onboarding, &onboarded.partner.id),
            action: self.number.map_or_else(|| action.clone(), |n| format!("{action}?number={n}")),
            csrf,
            version: onboarded.file.version,
            problem: whole.map(|(_, code)| words(language, code).to_owned()),
            fields: self
                .section
                .fields()
                .iter()
                .map(|field| self.field(field, value_of(field.name), problems))
                .collect(),
        }
    }

    fn field(&self, field: &Field, value: String, problems: &[(String, &'static str)]) -> Shown {
        let language = self.user.language;
        let control = match field.rule {
            Rule::Lines(_) => Control::Lines,
            Rule::PastDate | Rule::ValidUntil => Control::Line("date"),
            Rule::Email => Control::Line("email"),
            Rule::Choice(choices) => Control::Choice(
                choices
                    .iter()
                    .map(|choice| (*choice, choice_words(language, field.name, choice), *choice == value))
                    .collect(),
            ),
            _ => Control::Line("text"),
        };
        let problem = problems.iter().find(|(name, _)| name == field.name);
        Shown {
            name: field.name,
            label: words(language, field.name).to_owned(),
            required: field.required,
            value,
            control,
            problem: problem.map(|(_, code)| words(language, code).to_owned()),
        }
    }
}

/// GET /back-office/partners/{id}/onboarding/edit/{section}.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    path: web::Path<(String, String)>,
    which: web::Query<Which>,
) -> Result<HttpResponse, PageError> {
    let (id, word) = path.into_inner();
    let not_found = || user.failed(&site, FlowError::NotFound);
    let section = Section::parse(&word).ok_or_else(not_found)?;
    let onboarded = onboarding::read(&site.cx, &id).await.map_err(|e| user.failed(&site, e))?;
    let file = &onboarded.file.file;
    let known = match which.number {
        Some(number) => Some(file.entry(section, number).ok_or_else(not_found)?),
        None => file.section(section),
    };
    let value_of = |name: &str| known.map(|record| record.get(name).to_owned()).unwrap_or_default();
    let look = Look {
        site: &site,
        request: &request,
        user: &user,
        section,
        number: which.number,
    };
    Ok(html(StatusCode::OK, look.page(&onboarded, value_of, &[]).render()?))
}

/// POST /back-office/partners/{id}/onboarding/edit/{section}.
pub async fn enter(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    path: web::Path<(String, String)>,
    which: web::Query<Which>,
    form: web::Form<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let (id, word) = path.into_inner();
    let Some(section) = Section::parse(&word) else {
        return Err(user.failed(&site, FlowError::NotFound));
    };
    let typed = form.into_inner();
    let value_of = |name: &str| typed.get(name).map_or("", String::as_str);
    let look = Look {
        site: &site,
        request: &request,
        user: &user,
        section,
        number: which.number,
    };
    let version = value_of("version").parse().unwrap_or_default();
    let (status, problems) = if site.is_own_form(&request, &look.action(&id), value_of("csrf")) {
        let change = Change {
            by: user.admin.id.clone(),
            partner_id: id.clone(),
            version,
        };
        match onboarding::enter(&site.cx, change, section, which.number, value_of).await {
            Ok(()) => return Ok(done(&id, "saved")),
            Err(FlowError::Invalid(problems)) => {
                let codes = problems.into_iter().map(|p| (p.field, p.code)).collect();
                (StatusCode::UNPROCESSABLE_ENTITY, codes)
            }
            Err(FlowError::NotAllowed) => (StatusCode::UNPROCESSABLE_ENTITY, vec![(WHOLE_FORM.to_owned(), "NOT_NOW")]),
            Err(other) => return Err(user.failed(&site, other)),
        }
    } else {
        (StatusCode::FORBIDDEN, vec![(WHOLE_FORM.to_owned(), "PAGE_EXPIRED")])
    };
    let onboarded = onboarding::read(&site.cx, &id).await.map_err(|e| user.failed(&site, e))?;
    let page = look.page(&onboarded, |name| value_of(name).to_owned(), &problems);
    Ok(html(status, page.render()?))
}
