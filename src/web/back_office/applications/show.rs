//! An application's page, and the decision.

use super::state_word;
use super::texts::ApplicationTexts;
use crate::flow::FlowError;
use crate::flow::applications as flow;
use crate::partner::PartnerKind;
use crate::partner::application::{Application, ApplicationState};
use crate::payment::limits::Limits;
use crate::store::applications::{self, StoredApplication};
use crate::store::{admins, partners};
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::look::{self, After};
use crate::web::back_office::masking::{Sight, UnmaskForm};
use crate::web::back_office::onboarding::day;
use crate::web::back_office::onboarding::texts::choice_words;
use crate::web::back_office::partners::texts::PartnerTexts;
use crate::web::back_office::partners::{OwnForm, address};
use crate::web::back_office::roles::Route;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, html};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// Pages about an application.
#[derive(Debug)]
pub enum OfApplication {}

/// Who looks at an application.
type Look = look::Look<OfApplication>;

/// A fact: its label and its lines.
type Fact = (&'static str, Vec<String>);

/// What was typed into a form that came back.
#[derive(Clone, Debug, Default)]
struct Typed {
    text: String,
    reason: String,
    client_id: Option<String>,
}

/// The forms, where the role may use them.
#[derive(Clone, Debug)]
struct Forms {
    take: Option<OwnForm>,
    ask: OwnForm,
    refuse: OwnForm,
    approve: OwnForm,
    client_id: String,
}

#[derive(Debug, Template)]
#[template(path = "back_office/application.html", whitespace = "minimize")]
struct ApplicationPage {
    shell: OfficeShell,
    t: &'static ApplicationTexts,
    title: String,
    state: &'static str,
    tone: &'static str,
    notice: Option<&'static str>,
    problems: Vec<(&'static str, &'static str)>,
    platform: (String, String),
    facts: Vec<Fact>,
    /// Who decided and when.
    decided: Option<String>,
    /// The partner it became: name and page.
    partner: Option<(String, String)>,
    /// What was asked for, or why it was refused, where the role may know.
    note: Option<(&'static str, String)>,
    kept_until: Option<String>,
    erased: bool,
    unmask: Option<UnmaskForm>,
    confirm: Option<String>,
    version: i64,
    forms: Option<Forms>,
    typed: Typed,
}

/// A partner's name and client id.
type Named = (String, String);

/// What is read for the page.
struct Read {
    application: StoredApplication,
    platform: Option<Named>,
    partner: Option<Named>,
    decided_by: Option<String>,
}

impl Look {
    const fn t(&self) -> &'static ApplicationTexts {
        ApplicationTexts::of(self.user.language)
    }

    async fn read(&self) -> Result<Read, PageError> {
        let id = self.known_id()?;
        let read = self.site.cx.db.read(move |a| {
            let Some(application) = applications::get(a, &id)? else {
                return Ok(None);
            };
            let mut named = |id: Option<&String>| match id {
                Some(id) => Ok(partners::get(a, id)?.map(|p| (p.name, p.client_id))),
                None => Ok::<_, crate::store::StoreError>(None),
            };
            let platform = named(Some(&application.platform_id))?;
            let partner = named(application.partner_id.as_ref())?;
            let decided_by = match &application.decided_by {
                Some(id) => admins::get(a, id)?.map(|admin| admin.user_name),
                None => None,
            };
            Ok(Some(Read {
                application,
                platform,
                partner,
                decided_by,
            }))
        });
        let found = read.await.map_err(|e| self.failed(e))?;
        found.ok_or_else(|| self.failed(FlowError::NotFound))
    }

    async fn page(
        &self,
        status: StatusCode,
        notice: Option<&'static str>,
        problems: Vec<(&'static str, &'static str)>,
        typed: Typed,
    ) -> Result<HttpResponse, PageError> {
        let Read {
            application,
            platform,
            partner,
            decided_by,
        } = self.read().await?;
        let (t, language) = (self.t(), self.user.language);
        let about = format!("application:{}", application.id);
        let sight = self.user.sight(&about);
        let may_decide = Route::ApproveApplication.allows(self.user.role);
        let is_open = !application.state.is_final() && application.content.is_some();
        let (state, tone) = state_word(t, application.state);
        let (platform_name, platform_client_id) = platform.unwrap_or_default();
        let named = application.content.as_ref().map(|c| sight.name(&c.name));
        let page = ApplicationPage {
            shell: self.user.shell(&self.site, &self.request, Route::Application),
            t,
            title: named.unwrap_or_else(|| t.erased.to_owned()),
            state,
            tone,
            notice,
            problems,
            facts: facts(self, &application, sight),
            decided: application
                .decided_at
                .map(|at| format!("{}, {}", decided_by.unwrap_or_default(), local_time(at, language))),
            partner: partner
                .zip(application.partner_id.as_ref())
                .map(|((name, _), id)| (name, address(Route::Partner, id))),
            note: self.note(&application, may_decide),
            kept_until: application.keep_until.map(day),
            erased: application.erased_at.is_some(),
            unmask: UnmaskForm::of(&self.site, &self.request, &self.user, &about),
            confirm: self.confirm(Route::Application).filter(|_| is_open && may_decide),
            version: application.version,
            forms: (is_open && may_decide).then(|| self.forms(&application, &platform_client_id, &typed)),
            platform: (platform_name, address(Route::Partner, &application.platform_id)),
            typed,
        };
        Ok(html(status, page.render()?))
    }

    fn note(&self, application: &StoredApplication, may_decide: bool) -> Option<(&'static str, String)> {
        let label = match application.state {
            ApplicationState::Refused => self.t().note_refused,
            _ => self.t().note_asked,
        };
        application.note.clone().filter(|_| may_decide).map(|note| (label, note))
    }

    fn forms(&self, application: &StoredApplication, platform: &str, typed: &Typed) -> Forms {
        let proposed = || Application::client_id(platform, &application.external_client_id);
        Forms {
            take: (application.state == ApplicationState::Received).then(|| self.form(Route::TakeApplication)),
            ask: self.form(Route::AskApplicant),
            refuse: self.form(Route::RefuseApplication),
            approve: self.form(Route::ApproveApplication),
            client_id: typed.client_id.clone().unwrap_or_else(proposed),
        }
    }

    /// What is wrong with a form before its flow is asked: not ours, or not from somebody who has just proved to be there.
    fn barred(&self, route: Route, csrf: &str) -> Option<&'static str> {
        if !self.is_own(route, csrf) {
            Some("page")
        } else if route != Route::TakeApplication && !self.is_fresh() {
            Some("fresh")
        } else {
            None
        }
    }

    /// The page that follows a form.
    async fn answer(&self, done: Result<(), FlowError>, word: &str, typed: Typed) -> Result<HttpResponse, PageError> {
        let problems = match done {
            Ok(()) => return Ok(self.after(Route::Application, word)),
            Err(FlowError::Invalid(problems)) => problems.iter().map(|p| self.t().problem(&p.field, p.code)).collect(),
            Err(FlowError::NotAllowed) => vec![self.t().problem("", "")],
            Err(other) => return Err(self.failed(other)),
        };
        self.page(StatusCode::UNPROCESSABLE_ENTITY, None, problems, typed).await
    }

    async fn refused(&self, field: &str, typed: Typed) -> Result<HttpResponse, PageError> {
        self.page(StatusCode::FORBIDDEN, None, vec![self.t().problem(field, "")], typed)
            .await
    }
}

fn figures(look: &Look, limits: &Limits) -> Vec<String> {
    let p = PartnerTexts::of(look.user.language);
    let line = |limit: &crate::payment::limits::Limit| {
        let most = if limit.figure.is_amount() {
            format!("{}.{:02}", limit.most / 100, limit.most % 100)
        } else {
            limit.most.to_string()
        };
        format!("{}: {most}", p.figure_word(limit.figure))
    };
    limits.iter().map(line).collect()
}

/// What was declared, as this user may see it.
fn facts(look: &Look, application: &StoredApplication, sight: Sight) -> Vec<Fact> {
    let t = look.t();
    let one = |text: &str| vec![text.to_owned()];
    let mut facts = vec![
        (t.reference, one(&application.id)),
        (t.came, one(&local_time(application.created_at, look.user.language))),
    ];
    let Some(c) = &application.content else { return facts };
    let kind = match c.kind {
        PartnerKind::Ecommerce => "Ecommerce",
        PartnerKind::Finance => "Finance",
    };
    let masked = |text: &str| match sight {
        Sight::Full => text.to_owned(),
        Sight::Masked => "•••".to_owned(),
    };
    let person = &c.representative;
    facts.extend([
        (t.external_id, one(&application.external_client_id)),
        (t.kind, one(kind)),
        (t.legal_form, vec![choice_words(look.user.language, "legal_form", &c.legal_form)]),
        (t.display_name, vec![sight.name(&c.display_name)]),
        (t.registration_number, vec![masked(&c.registration_number)]),
        (t.register_number, c.trade_register_number.iter().map(|n| masked(n)).collect()),
        (t.country, one(&c.country)),
        (t.address, vec![masked(&c.address)]),
        (t.activity_code, one(&c.activity_code)),
        (t.activity, c.activity.iter().cloned().collect()),
        (t.website, c.website.iter().map(|u| masked(u.as_str())).collect()),
        (t.iban, vec![sight.iban(&c.iban)]),
        (t.currency, one(c.currency.code())),
        (t.representative, vec![sight.name(&person.name)]),
        (t.email, vec![sight.email(&person.email)]),
        (t.phone, vec![masked(&person.phone)]),
        (t.redirect_urls, c.redirect_urls.iter().map(|u| masked(u.as_str())).collect()),
        (t.figures, figures(look, &c.figures)),
        (t.contact_email, c.contact_email.iter().map(|m| sight.email(m)).collect()),
    ]);
    facts.retain(|(_, lines)| !lines.is_empty());
    facts
}

/// GET /back-office/applications/{id}.
pub async fn show(look: Look, after: web::Query<After>) -> Result<HttpResponse, PageError> {
    let notice = look.t().notice(after.word());
    look.page(StatusCode::OK, notice, Vec::new(), Typed::default()).await
}

/// A form of an application's page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DecisionForm {
    csrf: String,
    version: i64,
    text: String,
    reason: String,
    client_id: String,
}

/// POST /back-office/applications/{id}/take.
pub async fn take(look: Look, form: web::Form<DecisionForm>) -> Result<HttpResponse, PageError> {
    if let Some(problem) = look.barred(Route::TakeApplication, &form.csrf) {
        return look.refused(problem, Typed::default()).await;
    }
    let id = look.known_id()?;
    let done = flow::take(&look.site.cx, &look.user.admin.id, &id, form.version).await;
    look.answer(done, "taken", Typed::default()).await
}

/// POST /back-office/applications/{id}/ask.
pub async fn ask(look: Look, form: web::Form<DecisionForm>) -> Result<HttpResponse, PageError> {
    let typed = Typed {
        text: form.text.clone(),
        ..Typed::default()
    };
    if let Some(problem) = look.barred(Route::AskApplicant, &form.csrf) {
        return look.refused(problem, typed).await;
    }
    let id = look.known_id()?;
    let done = flow::ask_for_more(&look.site.cx, &look.user.admin.id, &id, form.version, &form.text).await;
    look.answer(done, "asked", typed).await
}

/// POST /back-office/applications/{id}/refuse.
pub async fn refuse(look: Look, form: web::Form<DecisionForm>) -> Result<HttpResponse, PageError> {
    let typed = Typed {
        reason: form.reason.clone(),
        ..Typed::default()
    };
    if let Some(problem) = look.barred(Route::RefuseApplication, &form.csrf) {
        return look.refused(problem, typed).await;
    }
    let id = look.known_id()?;
    let done = flow::refuse(&look.site.cx, &look.user.admin.id, &id, form.version, &form.reason).await;
    look.answer(done, "refused", typed).await
}

/// POST /back-office/applications/{id}/approve.
pub async fn approve(look: Look, form: web::Form<DecisionForm>) -> Result<HttpResponse, PageError> {
    let typed = Typed {
        client_id: Some(form.client_id.clone()),
        ..Typed::default()
    };
    if let Some(problem) = look.barred(Route::ApproveApplication, &form.csrf) {
        return look.refused(problem, typed).await;
    }
    let (cx, by, id) = (look.site.cx.clone(), look.user.admin.id.clone(), look.known_id()?);
    let (version, client_id) = (form.version, form.client_id.clone());
    // To the end even when the browser hangs up: the proposals follow the partner.
    let done = look
        .site
        .detached
        .run(async move { flow::approve(&cx, &by, &id, version, &client_id).await.map(drop) })
        .await;
    look.answer(done, "approved", typed).await
}
