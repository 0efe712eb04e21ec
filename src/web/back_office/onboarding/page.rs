//! A partner's file as plain data.

use super::texts::{FileTexts, choice_words, kind_name, missing_words, section_name, words};
use super::{address, day, moment, name_of, token};
use crate::flow::onboarding::Onboarded;
use crate::partner::onboarding::{DocumentKind, OnboardingFile, Record, Rule, Section};
use crate::payment::Language;
use crate::store::onboarding_documents::Document;
use crate::web::Site;
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::gate::SignedIn;
use crate::web::back_office::roles::Route;
use actix_web::HttpRequest;
use askama::Template;
use std::collections::BTreeMap;

/// What a file's page shows again after a form was posted.
#[derive(Clone, Default)]
pub struct Again {
    /// What was done.
    pub(super) done: Option<String>,
    /// Codes of what was wrong.
    pub(super) problems: Vec<&'static str>,
    /// The reason typed for the end of the relation.
    pub(super) end_reason: String,
    /// The document that was to be removed, and the reason typed.
    pub(super) remove: Option<(String, String)>,
    /// The kind chosen for a document.
    pub(super) kind: String,
}

/// A label and a value; the value is what somebody typed.
#[derive(Clone)]
pub struct Fact {
    pub(super) label: String,
    pub(super) value: String,
}

/// One record of the file.
#[derive(Clone)]
pub struct Card {
    /// Name of the section.
    pub(super) name: &'static str,
    /// Its word.
    pub(super) section: &'static str,
    /// Its number in a list.
    pub(super) number: Option<u32>,
    pub(super) facts: Vec<Fact>,
    /// Where it is changed.
    pub(super) edit: String,
}

/// A way to something that is not filled in yet.
#[derive(Clone)]
pub struct ToFill {
    pub(super) name: &'static str,
    pub(super) href: String,
}

/// A document in the list.
#[derive(Clone)]
pub struct DocumentLine {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) size: String,
    pub(super) added: String,
    pub(super) removed: String,
    pub(super) href: String,
    /// Where it is removed, and the token for that; none once it was removed or the relation has ended.
    pub(super) remove: Option<(String, String)>,
    /// A reason that was typed and is not good.
    pub(super) reason: String,
}

/// A partner's file.
#[derive(Template)]
#[template(path = "back_office/onboarding.html", whitespace = "minimize")]
pub struct FilePage {
    pub(super) shell: OfficeShell,
    pub(super) f: &'static FileTexts,
    pub(super) partner: String,
    pub(super) version: i64,
    pub(super) notice: Option<&'static str>,
    pub(super) problems: Vec<String>,
    pub(super) missing: Vec<String>,
    pub(super) cards: Vec<Card>,
    pub(super) to_fill: Vec<ToFill>,
    pub(super) documents: Vec<DocumentLine>,
    pub(super) kinds: Vec<(&'static str, &'static str, bool)>,
    pub(super) is_open: bool,
    pub(super) ended: Vec<Fact>,
    pub(super) renewal_due: String,
    pub(super) can_renew: bool,
    pub(super) end_reason: String,
    pub(super) history: String,
    pub(super) take_out: (String, String),
    pub(super) upload: (String, String),
    pub(super) renew: (String, String),
    pub(super) end: (String, String),
}

/// The values of a record in the order of the form.
pub fn facts(language: Language, section: Section, record: &Record) -> Vec<Fact> {
    let filled = section.fields().iter().filter(|field| !record.get(field.name).is_empty());
    filled
        .map(|field| Fact {
            label: words(language, field.name).to_owned(),
            value: match field.rule {
                Rule::Choice(_) => choice_words(language, field.name, record.get(field.name)),
                _ => record.get(field.name).to_owned(),
            },
        })
        .collect()
}

/// Every record of a file.
pub fn cards(language: Language, file: &OnboardingFile, partner_id: &str) -> Vec<Card> {
    let mut cards = Vec::new();
    for section in Section::ALL {
        let edit = address(Route::OnboardingForm, partner_id).replace("{section}", section.as_str());
        let single = file.section(section).map(|record| (None, record));
        let several = file.entries(section).iter().map(|e| (Some(e.number), &e.record));
        for (number, record) in single.into_iter().chain(several) {
            cards.push(Card {
                name: section_name(language, section),
                section: section.as_str(),
                number,
                facts: facts(language, section, record),
                edit: number.map_or_else(|| edit.clone(), |n| format!("{edit}?number={n}")),
            });
        }
    }
    cards
}

/// Ways to what can be filled in: sections that are not there, and one more of those of which there may be several.
fn to_fill(language: Language, file: &OnboardingFile, partner_id: &str) -> Vec<ToFill> {
    let f = FileTexts::of(language);
    let wanted = |section: &Section| section.is_list() && !file.is_person() || !section.is_list() && file.section(*section).is_none();
    let ways = Section::ALL.into_iter().filter(wanted);
    let ways = ways.filter(|section| !(file.is_person() && *section == Section::Ownership));
    ways.map(|section| ToFill {
        name: match section {
            Section::Company => f.as_company,
            Section::Person => f.as_person,
            other => section_name(language, other),
        },
        href: address(Route::OnboardingForm, partner_id).replace("{section}", section.as_str()),
    })
    .collect()
}

fn size(bytes: i64) -> String {
    match bytes {
        ..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} kB", bytes / 1024),
        _ => format!("{},{} MB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

impl FilePage {
    /// The page of a file.
    pub fn of(
        site: &Site,
        request: &HttpRequest,
        user: &SignedIn,
        onboarded: &Onboarded,
        names: &BTreeMap<String, String>,
        again: Again,
    ) -> Self {
        let (language, f) = (user.language, FileTexts::of(user.language));
        let (partner_id, file) = (onboarded.partner.id.as_str(), &onboarded.file);
        let is_open = file.ended_at.is_none();
        let form = |route: Route| {
            let action = address(route, partner_id);
            let csrf = token(site, request, &action);
            (action, csrf)
        };
        let line = |d: &Document| document(site, request, user, d, names, is_open, &again);
        let kinds = DocumentKind::ALL.map(|k| (k.as_str(), kind_name(language, k), k.as_str() == again.kind));
        let ended = [
            (f.ended_on, file.ended_at.map(day)),
            (f.who, file.ended_by.as_deref().map(|id| name_of(names, user, id))),
            (f.reason, file.end_reason.clone()),
            (f.kept_until, file.keep_until.map(day)),
            (f.erased_on, file.erased_at.map(day)),
        ];
        let notice = match again.done.as_deref() {
            Some("renewed") => Some(f.renewed),
            Some(_) => Some(f.saved),
            None => None,
        };
        let missing = onboarded.missing.iter().map(|m| missing_words(language, *m));
        Self {
            shell: user.shell(site, request, Route::Onboardings),
            f,
            partner: onboarded.partner.name.clone(),
            version: file.version,
            notice,
            problems: again.problems.iter().map(|code| words(language, code).to_owned()).collect(),
            missing: missing.filter(|_| is_open).collect(),
            cards: cards(language, &file.file, partner_id),
            to_fill: if is_open {
                to_fill(language, &file.file, partner_id)
            } else {
                Vec::new()
            },
            documents: onboarded.documents.iter().map(line).collect(),
            kinds: kinds.to_vec(),
            is_open,
            ended: fact_lines(ended),
            renewal_due: file.renewal_due_at.map(day).unwrap_or_default(),
            can_renew: is_open && onboarded.missing.is_empty() && file.renewal_due_at.is_some(),
            history: address(Route::OnboardingHistory, partner_id),
            take_out: form(Route::TakeOutEntry),
            upload: form(Route::AddDocument),
            renew: form(Route::ConfirmRenewal),
            end: form(Route::EndRelation),
            end_reason: again.end_reason,
        }
    }
}

fn fact_lines<const N: usize>(lines: [(&'static str, Option<String>); N]) -> Vec<Fact> {
    let filled = lines.into_iter().filter_map(|(label, value)| {
        Some(Fact {
            label: label.to_owned(),
            value: value?,
        })
    });
    filled.collect()
}

fn document(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    document: &Document,
    names: &BTreeMap<String, String>,
    is_open: bool,
    again: &Again,
) -> DocumentLine {
    let route = |route: Route| address(route, &document.partner_id).replace("{document}", &document.id);
    let remove = route(Route::RemoveDocument);
    let removed = document.removed_at.map(|at| {
        let who = document
            .removed_by
            .as_deref()
            .map(|id| name_of(names, user, id))
            .unwrap_or_default();
        format!("{} · {who} · {}", moment(at), document.remove_reason.clone().unwrap_or_default())
    });
    let typed = again.remove.as_ref().filter(|(id, _)| *id == document.id);
    DocumentLine {
        name: document.name.clone(),
        kind: kind_name(user.language, document.kind),
        size: size(document.size_bytes),
        added: format!("{} · {}", moment(document.added_at), name_of(names, user, &document.added_by)),
        href: route(Route::Document),
        remove: (is_open && document.removed_at.is_none()).then(|| {
            let csrf = token(site, request, &remove);
            (remove, csrf)
        }),
        removed: removed.unwrap_or_default(),
        reason: typed.map(|(_, reason)| reason.clone()).unwrap_or_default(),
    }
}
