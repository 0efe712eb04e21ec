//! What stands around every page: the head, the navigation, the way out.

use super::gate::{SignedIn, language_of};
use super::roles::Route;
use super::texts::OfficeTexts;
use crate::flow::admins::password::{self, Standing};
use crate::flow::after;
use crate::payment::{Language, Status};
use crate::store::admins::Role;
use crate::web::hosted_page::browser::Browser;
use crate::web::{Site, assets};
use actix_web::{HttpRequest, http::Method};

/// An area's name among the texts.
type Name = fn(&OfficeTexts) -> &'static str;

/// The areas in the order of the navigation, each with its first page. A user sees those that the table lets
/// the role open.
const NAVIGATION: &[(Route, Name)] = &[
    (Route::Payments, |t| t.payments),
    (Route::Partners, |t| t.partners),
    (Route::Proposals, |t| t.proposals),
    (Route::Applications, |t| t.applications),
    (Route::Onboardings, |t| t.onboarding),
    (Route::Consents, |t| t.consents),
    (Route::PersonalData, |t| t.personal_data),
    (Route::Reports, |t| t.reports),
    (Route::Banks, |t| t.banks),
    (Route::Reconciliations, |t| t.reconciliation),
    (Route::Mail, |t| t.mail),
    (Route::AuditLog, |t| t.audit),
    (Route::Users, |t| t.users),
    (Route::Keys, |t| t.keys),
    (Route::Account, |t| t.account),
];

/// Which area a page belongs to: the longest first page that begins its address.
fn area_of(route: Route) -> Option<Route> {
    let first_pages = NAVIGATION.iter().map(|(first, _)| *first);
    first_pages
        .filter(|first| route.path().starts_with(first.path()))
        .max_by_key(|first| first.path().len())
}

/// A form that is a button and nothing else.
#[derive(Clone, Debug)]
pub struct Button {
    /// Where it is posted to.
    pub action: &'static str,
    /// The anti-forgery token: the field `csrf`.
    pub csrf: String,
}

impl Button {
    /// The button of a route that changes something.
    #[must_use]
    pub fn of(site: &Site, browser: &Browser, route: Route) -> Self {
        let action = route.path();
        Self {
            action,
            csrf: browser.csrf(site.cx.db.vault(), action),
        }
    }
}

/// An area in the navigation.
#[derive(Clone, Debug)]
pub struct Area {
    /// Its first page.
    pub href: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whether the page shown belongs to it.
    pub is_current: bool,
}

/// What is around the pages of somebody who has signed in.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The user's name.
    pub user: String,
    /// What the user may do.
    pub role: Role,
    /// The areas the role may open.
    pub areas: Vec<Area>,
    /// The way out.
    pub sign_out: Button,
    /// When the session ends.
    pub idle: Idle,
    /// Days in which the password must be changed, when they are few.
    pub password_days: Option<i64>,
}

/// When the session ends without another request.
#[derive(Clone, Debug)]
pub struct Idle {
    /// From now, in seconds.
    pub seconds: u64,
    /// The time of day.
    pub at: String,
    /// Keeps it alive: also the field `back`.
    pub extend: Button,
    /// The page to come back to.
    pub back: String,
}

/// The choice of the other language.
#[derive(Clone, Debug)]
pub struct LanguageForm {
    /// `csrf`, `language` and `back`.
    pub button: Button,
    /// The page to come back to.
    pub back: String,
}

/// What stands around a page.
#[derive(Clone, Debug)]
pub struct OfficeShell {
    language: Language,
    /// The texts of every page.
    pub(super) t: &'static OfficeTexts,
    pub(super) operator: String,
    pub(super) frame: Option<Frame>,
    pub(super) language_form: Option<LanguageForm>,
}

impl OfficeShell {
    /// Around a page with no navigation and no choices.
    #[must_use]
    pub const fn new(language: Language, operator: String) -> Self {
        Self {
            language,
            t: OfficeTexts::of(language),
            operator,
            frame: None,
            language_form: None,
        }
    }

    /// Around a page of somebody who has not signed in; the browser is remembered with the answer.
    #[must_use]
    pub fn signed_out(site: &Site, request: &HttpRequest, browser: &Browser) -> Self {
        Self {
            language_form: Some(language_form(site, request, browser)),
            ..Self::new(language_of(request), site.operator.name.clone())
        }
    }

    /// Around a page of somebody who has.
    #[must_use]
    pub fn signed_in(site: &Site, request: &HttpRequest, user: &SignedIn, route: Route) -> Self {
        let t = OfficeTexts::of(user.language);
        let browser = Browser::of(request, site.https());
        let current = area_of(route);
        let through = user.is_through(site);
        let areas = NAVIGATION
            .iter()
            .filter(|_| through)
            .filter(|(first, _)| first.allows(user.role))
            .map(|(first, name)| Area {
                href: first.path(),
                name: name(t),
                is_current: current == Some(*first),
            })
            .collect();
        Self {
            frame: Some(Frame {
                user: user.admin.user_name.clone(),
                role: user.role,
                areas,
                sign_out: Button::of(site, &browser, Route::SignOut),
                idle: idle(site, request, &browser, user),
                password_days: match password::standing(&site.cx, &user.admin) {
                    Standing::EndsIn(days) if through && !user.session.by_company => Some(days),
                    _ => None,
                },
            }),
            language_form: Some(language_form(site, request, &browser)),
            ..Self::new(user.language, site.operator.name.clone())
        }
    }

    pub(super) const fn language(&self) -> Language {
        self.language
    }

    /// The language one may change to.
    pub(super) const fn other_language(&self) -> Language {
        match self.language {
            Language::Ro => Language::En,
            Language::En => Language::Ro,
        }
    }

    pub(super) fn css(&self) -> String {
        assets::url("office.css")
    }

    pub(super) fn script(&self) -> String {
        assets::url("office.js")
    }

    /// The words of the days in which the password must be changed.
    pub(super) fn password_ends(&self, days: &i64) -> String {
        let days = usize::try_from(*days).unwrap_or(0);
        let counted = self.language.counted(days, ["zi", "zile"], ["day", "days"]);
        match self.language {
            Language::Ro => format!("Parola trebuie schimbată în cel mult {counted}."),
            Language::En => format!("The password must be changed within {counted}."),
        }
    }

    pub(super) fn icon(&self) -> String {
        assets::url("icon.svg")
    }

    /// The word of a line of a list, which may not be readable.
    pub(super) const fn row_word(&self, status: &Option<Status>) -> &'static str {
        match status {
            Some(status) => self.t.status_word(status),
            None => self.t.unreadable,
        }
    }

    pub(super) const fn row_tone(&self, status: &Option<Status>) -> &'static str {
        match status {
            Some(status) => self.tone(status),
            None => "alarm",
        }
    }

    /// How a status looks: never the only sign of it.
    pub(super) const fn tone(&self, status: &Status) -> &'static str {
        match status {
            Status::Settled => "good",
            Status::InDoubt | Status::PartlySettled | Status::Blocked => "alarm",
            Status::Rejected | Status::Cancelled | Status::Abandoned => "ended",
            Status::Created | Status::Initiating | Status::AwaitingPsu | Status::Processing | Status::AttemptRefused => "open",
        }
    }
}

fn idle(site: &Site, request: &HttpRequest, browser: &Browser, user: &SignedIn) -> Idle {
    let now = site.cx.now();
    let at = after(now, site.cx.rules.office.idle).min(user.session.ends_at);
    let local = at.and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
    Idle {
        seconds: u64::try_from((at - now).num_seconds()).unwrap_or(0),
        at: local.format("%H:%M:%S").to_string(),
        extend: Button::of(site, browser, Route::Extend),
        back: shown_address(request),
    }
}

fn language_form(site: &Site, request: &HttpRequest, browser: &Browser) -> LanguageForm {
    LanguageForm {
        button: Button::of(site, browser, Route::ChooseLanguage),
        back: shown_address(request),
    }
}

/// The address of the page that is shown, to come back to; the first page's when it answers a post.
pub(super) fn shown_address(request: &HttpRequest) -> String {
    let shown = request.uri().path_and_query().filter(|_| request.method() == Method::GET);
    shown.map_or_else(|| Route::Payments.path().to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::super::roles::Verb;
    use super::*;

    #[test]
    fn the_navigation_leads_to_pages_without_places() {
        for (first, _) in NAVIGATION {
            assert!(first.entry().verb == Verb::Get && !first.path().contains('{'), "{first:?}");
        }
        assert_eq!(area_of(Route::Payment), Some(Route::Payments));
    }
}
