//! All partners with the state of their files, and those to be renewed.

use super::texts::FileTexts;
use super::{address, day};
use crate::flow::onboarding::{self, Onboarded, renewals};
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::gate::SignedIn;
use crate::web::back_office::roles::Route;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

/// A partner in the list.
#[derive(Clone)]
pub struct FileLine {
    pub(super) href: String,
    pub(super) partner: String,
    pub(super) state: &'static str,
    pub(super) tone: &'static str,
    pub(super) missing: usize,
    pub(super) due: String,
}

/// A file to be renewed.
#[derive(Clone)]
pub struct RenewalLine {
    pub(super) href: String,
    pub(super) partner: String,
    pub(super) due: String,
    pub(super) left: String,
    pub(super) is_urgent: bool,
}

/// The list.
#[derive(Template)]
#[template(path = "back_office/onboardings.html", whitespace = "minimize")]
pub struct ListPage {
    pub(super) shell: OfficeShell,
    pub(super) f: &'static FileTexts,
    pub(super) renewals: Vec<RenewalLine>,
    pub(super) files: Vec<FileLine>,
}

fn line(f: &'static FileTexts, one: &Onboarded) -> FileLine {
    let file = &one.file;
    let (state, tone) = if file.erased_at.is_some() {
        (f.erased, "ended")
    } else if file.ended_at.is_some() {
        (f.ended, "ended")
    } else if one.missing.is_empty() {
        (f.complete, "good")
    } else if file.version == 0 {
        (f.not_begun, "open")
    } else {
        (f.incomplete, "alarm")
    };
    FileLine {
        href: address(Route::Onboarding, &one.partner.id),
        partner: one.partner.name.clone(),
        state,
        tone,
        missing: if file.ended_at.is_some() { 0 } else { one.missing.len() },
        due: file.renewal_due_at.map(day).unwrap_or_default(),
    }
}

/// GET /back-office/onboarding.
pub async fn show(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    let f = FileTexts::of(user.language);
    let due = renewals::due(&site.cx).await.map_err(|e| user.failed(&site, e))?;
    let all = onboarding::all(&site.cx).await.map_err(|e| user.failed(&site, e))?;
    let renewals = due.into_iter().map(|r| RenewalLine {
        href: address(Route::Onboarding, &r.partner_id),
        partner: r.partner,
        due: r.due.format("%d.%m.%Y").to_string(),
        left: match r.days_left {
            ..0 => f.overdue.to_owned(),
            days => format!("{days} {}", f.days),
        },
        is_urgent: r.days_left <= 30,
    });
    let page = ListPage {
        shell: user.shell(&site, &request, Route::Onboardings),
        f,
        renewals: renewals.collect(),
        files: all.iter().map(|one| line(f, one)).collect(),
    };
    Ok(html(StatusCode::OK, page.render()?))
}
