//! The forms of a partner's page.

use super::Look;
use super::list::input_of;
use super::page::ProfileFields;
use super::show::State;
use super::upload;
use crate::flow::four_eyes::{Change, Proposed, propose};
use crate::flow::partner_profile::{edit_partner, remove_dark_logo, set_logo};
use crate::partner::{ButtonText, Screen};
use crate::payment::Currency;
use crate::payment::amount::Amount;
use crate::payment::limits::{Action, Figure, Limit, Limits};
use crate::store::partners;
use crate::web::PageError;
use crate::web::back_office::roles::Route;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

impl Look {
    /// The page, because the form was not one of ours, or too old.
    pub(super) async fn expired(&self) -> Result<HttpResponse, PageError> {
        let state = State {
            problems: self.problems(&[("page", "")]),
            ..State::default()
        };
        self.page_with(StatusCode::FORBIDDEN, state).await
    }

    /// Proposes a change, for who has just proved to be there; what was typed is shown again when it is refused.
    pub(super) async fn propose(&self, change: Change, typed: State) -> Result<HttpResponse, PageError> {
        if !self.is_fresh() {
            let problems = self.problems(&[("fresh", "")]);
            return self.page_with(StatusCode::FORBIDDEN, State { problems, ..typed }).await;
        }
        match propose(&self.site.cx, &self.user.admin.id, change).await {
            Ok(Proposed::Waits(_)) => Ok(self.shown_after("proposed")),
            Ok(Proposed::Done(_)) => Ok(self.shown_after("done")),
            Err(error) => {
                let problems = self.refused(error)?;
                self.page(State { problems, ..typed }).await
            }
        }
    }

    fn shown_after(&self, what: &str) -> HttpResponse {
        self.after(Route::Partner, what)
    }
}

/// The profile's form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProfileForm {
    pub(super) csrf: String,
    pub(super) client_id: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) currency: String,
    pub(super) colour: String,
    pub(super) button_text: String,
    pub(super) account_access: String,
    pub(super) may_onboard: String,
}

impl ProfileForm {
    pub(super) fn fields(self) -> ProfileFields {
        ProfileFields {
            client_id: self.client_id,
            name: self.name,
            kind: self.kind,
            currency: self.currency,
            colour: self.colour,
            button_text: match self.button_text.as_str() {
                // A form of the release before has none.
                "" => ButtonText::default().as_str().to_owned(),
                _ => self.button_text,
            },
            account_access: !self.account_access.is_empty(),
            may_onboard: !self.may_onboard.is_empty(),
        }
    }
}

/// POST /back-office/partners/{id}/profile.
pub async fn edit(look: Look, form: web::Form<ProfileForm>) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    if !look.is_own(Route::EditPartner, &form.csrf) {
        return look.expired().await;
    }
    let fields = form.fields();
    let problems = match input_of(&fields) {
        None => look.problems(&[("kind", "")]),
        Some(input) => match edit_partner(&look.site.cx, &look.user.admin.id, &look.id, input).await {
            Ok(()) => return Ok(look.shown_after("saved")),
            Err(error) => look.refused(error)?,
        },
    };
    let state = State {
        problems,
        fields: Some(fields),
        ..State::default()
    };
    look.page(state).await
}

/// POST /back-office/partners/{id}/logo.
pub async fn logo(look: Look, payload: web::Payload) -> Result<HttpResponse, PageError> {
    let uploaded = upload::read(&look.request, payload).await;
    if !look.is_own(Route::PartnerLogo, &uploaded.csrf) {
        return look.expired().await;
    }
    let (cx, by) = (&look.site.cx, &look.user.admin.id);
    let kept = match (uploaded.screen, uploaded.is_removal) {
        (Screen::Dark, true) => remove_dark_logo(cx, by, &look.id).await,
        (screen, _) => set_logo(cx, by, &look.id, screen, uploaded.file).await,
    };
    match kept {
        Ok(()) => Ok(look.shown_after("saved")),
        Err(error) => {
            let problems = look.refused(error)?;
            look.page(State {
                problems,
                ..State::default()
            })
            .await
        }
    }
}

/// The form of redirect URLs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RedirectsForm {
    csrf: String,
    urls: String,
    flexible: String,
}

/// POST /back-office/partners/{id}/redirect-urls.
pub async fn redirects(look: Look, form: web::Form<RedirectsForm>) -> Result<HttpResponse, PageError> {
    if !look.is_own(Route::ProposeRedirects, &form.csrf) {
        return look.expired().await;
    }
    let flexible = !form.flexible.is_empty();
    let typed = State {
        redirects: Some((form.urls.clone(), flexible)),
        ..State::default()
    };
    let lines = form.urls.lines().map(str::trim).filter(|line| !line.is_empty());
    let Ok(urls) = lines.map(Url::parse).collect::<Result<Vec<Url>, _>>() else {
        let problems = look.problems(&[("redirect_urls", "")]);
        return look.page(State { problems, ..typed }).await;
    };
    let partner = look.id.clone();
    look.propose(Change::RedirectUrls { partner, urls, flexible }, typed).await
}

/// What a figure's field says; `None` when it is no number above zero.
fn figure(figure: Figure, text: &str, currency: Currency) -> Option<i64> {
    if figure.is_amount() {
        return Amount::parse_typed(text, currency).ok().map(|amount| amount.minor);
    }
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits.parse().ok().filter(|n| *n > 0)
}

/// POST /back-office/partners/{id}/limits: a field a figure, and `NAME_action` beside it.
pub async fn limits(look: Look, form: web::Form<BTreeMap<String, String>>) -> Result<HttpResponse, PageError> {
    let said = |name: &str| form.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    if !look.is_own(Route::ProposeLimits, &said("csrf")) {
        return look.expired().await;
    }
    let wanted = look.known_id()?;
    let partner = look.site.cx.db.read(move |a| partners::get(a, &wanted)).await;
    let currency = partner.map_err(|e| look.failed(e))?.map_or(Currency::Ron, |p| p.currency);
    let typed: Vec<(Figure, String, Action)> = Figure::ALL
        .into_iter()
        .map(|figure| {
            let blocks = said(&format!("{}_action", figure.as_str())) == "block";
            (figure, said(figure.as_str()), if blocks { Action::Block } else { Action::Warn })
        })
        .collect();
    let declared = typed.iter().filter(|(_, text, _)| !text.is_empty());
    let read: Option<Vec<Limit>> = declared
        .map(|(f, text, action)| {
            figure(*f, text, currency).map(|most| Limit {
                figure: *f,
                most,
                action: *action,
            })
        })
        .collect();
    let typed = State {
        figures: Some(typed),
        ..State::default()
    };
    let Some(read) = read else {
        let problems = look.problems(&[("limits", "")]);
        return look.page(State { problems, ..typed }).await;
    };
    let change = Change::Limits {
        partner: look.id.clone(),
        limits: Limits::new(read),
    };
    look.propose(change, typed).await
}

/// The form of activation and deactivation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ActivationForm {
    csrf: String,
    active: String,
}

/// POST /back-office/partners/{id}/activation.
pub async fn activation(look: Look, form: web::Form<ActivationForm>) -> Result<HttpResponse, PageError> {
    if !look.is_own(Route::ProposeActivation, &form.csrf) {
        return look.expired().await;
    }
    let change = Change::Activation {
        partner: look.id.clone(),
        active: form.active == "yes",
    };
    look.propose(change, State::default()).await
}
