//! The consent's page over HTTP: a GET shows where the consent stands, a POST starts a flow and answers 303 to
//! the same page. It is bound to the first browser that opens it.

use super::{language, see_other, user_agent};
use crate::bank::PsuStep;
use crate::bank::directory::Bank;
use crate::consent::{ConsentId, Status};
use crate::flow::consents::ConsentError;
use crate::flow::consents::init::offers;
use crate::flow::consents::step::{OpenStep, fingerprint, open_step};
use crate::flow::consents::visit::{self, Opened, Returned, Then};
use crate::flow::init_payment::serves;
use crate::flow::open_page::own_link;
use crate::flow::submit_payment::PsuDevice;
use crate::flow::{Context, FlowError};
use crate::partner::Partner;
use crate::payment::Language;
use crate::payment::link::with_query;
use crate::store::consents::Consent;
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::consent_texts::ConsentTexts;
use crate::web::hosted_page::pages::{
    ConsentAtBank, ConsentBank, ConsentForm, ConsentPage, ConsentProblem, ConsentResult, Leave, NoticeKind, Shell, StepPaths,
};
use crate::web::hosted_page::render::{ACCOUNT, Rendered, StepPlace, StepProblem, brand, consent_notice, notice, off_message, step_page};
use crate::web::hosted_page::texts::Texts;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

/// What a consent's link and its forms carry.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Carried {
    pub(super) consent: String,
    pub(super) state: String,
    pub(super) csrf: String,
    lang: String,
    bank: String,
    user_code: SecretString,
    then: String,
    pub(super) code: SecretString,
    pub(super) method: String,
    /// What the page showed, for its script.
    pub(super) seen: String,
    /// Another code was asked for.
    resent: String,
}

/// A consent, for the browser it is bound to.
pub(in crate::web::hosted_page) struct Here {
    pub(super) browser: Browser,
    pub(super) consent: Box<Consent>,
    partner: Box<Partner>,
    pub(super) language: Language,
    resent: bool,
}

/// What the anti-forgery token of a consent's forms is about.
pub(super) fn about(id: ConsentId) -> String {
    format!("consent {id}")
}

/// Finds the consent, or answers the page that says why not.
pub(super) async fn find(site: &Site, request: &HttpRequest, carried: &Carried) -> Result<Result<Here, HttpResponse>, PageError> {
    let browser = Browser::of(request, site.https());
    let opened = match ConsentId::parse(&carried.consent) {
        Some(id) => visit::open_consent(&site.cx, id, &carried.state, &browser.hash()).await,
        None => Err(FlowError::NotFound),
    };
    let chosen = Some(carried.lang.as_str());
    let plain = |status, kind| Ok(Err(html(status, notice(site, language(request, chosen, None), kind)?)));
    match opened {
        Ok(Opened::Bound(consent, partner)) => {
            let chosen = Language::parse(&carried.lang).or(consent.language);
            Ok(Ok(Here {
                browser,
                consent,
                partner,
                language: chosen.unwrap_or_else(|| language(request, None, None)),
                resent: !carried.resent.is_empty(),
            }))
        }
        Ok(Opened::OtherBrowser) => plain(StatusCode::FORBIDDEN, NoticeKind::ConsentElsewhere),
        Err(FlowError::NotFound) => plain(StatusCode::NOT_FOUND, NoticeKind::NoConsent),
        Err(other) => Err(PageError::new(site, language(request, chosen, None), other)),
    }
}

impl Here {
    /// A consent as its browser sees it.
    pub(in crate::web::hosted_page) fn of(browser: Browser, consent: Consent, partner: Partner, language: Language) -> Self {
        Self {
            browser,
            consent: Box::new(consent),
            partner: Box::new(partner),
            language,
            resent: false,
        }
    }

    fn state(&self) -> &str {
        self.consent.link_state.as_deref().unwrap_or_default()
    }

    fn path(&self, language: Language) -> String {
        format!(
            "/account-consent?consent={}&state={}&lang={language}",
            self.consent.id,
            self.state()
        )
    }

    pub(super) fn back(&self) -> String {
        self.path(self.language)
    }

    fn form(&self, site: &Site) -> ConsentForm {
        ConsentForm {
            csrf: self.browser.csrf(site.cx.db.vault(), &about(self.consent.id)),
            consent: self.consent.id.to_string(),
            state: self.state().to_owned(),
        }
    }

    fn shell(&self, site: &Site) -> Shell {
        let mut shell = site.shell(self.language);
        shell.partner = Some(brand(&self.partner));
        let other = if self.language == Language::Ro {
            Language::En
        } else {
            Language::Ro
        };
        shell.other_language_url = Some(self.path(other));
        shell.reference = Some(self.consent.id.to_string());
        shell
    }

    fn bank_name(&self, cx: &Context) -> String {
        let bank = self.consent.bank_code.as_deref().and_then(|code| cx.banks.get(code));
        bank.map(|b| b.name.clone()).unwrap_or_default()
    }

    /// Why the last try came to nothing.
    fn last_try(&self, cx: &Context) -> Option<String> {
        let word = self.consent.notice.as_deref()?;
        Some(consent_notice(self.language, word, &self.bank_name(cx)))
    }

    fn until(&self) -> String {
        let format = if self.language == Language::Ro { "%d.%m.%Y" } else { "%d/%m/%Y" };
        let day = self.consent.valid_until;
        day.map(|day| day.format(format).to_string()).unwrap_or_default()
    }

    /// The page for where the consent stands.
    pub(in crate::web::hosted_page) fn page(&self, site: &Site) -> Rendered {
        let in_time = self.consent.expires_at > site.cx.now();
        match self.consent.status {
            Status::Created if in_time => self.question(site, None, None),
            Status::AwaitingPsu if in_time => self.at_bank(site),
            _ => self.result(site),
        }
    }

    fn choice(&self, cx: &Context, bank: &Bank) -> ConsentBank {
        let off = off_message(cx, &bank.code).map(|off| off.text(self.language).to_owned());
        ConsentBank {
            code: bank.code.clone(),
            name: bank.name.clone(),
            chosen: off.is_none() && self.consent.bank_code.as_deref() == Some(&bank.code),
            needs_user_code: bank.facts.requires_psu_id,
            warning: (off.is_none() && cx.is_bank_silent(&bank.code)).then_some(Texts::of(self.language).bank_silent),
            off,
        }
    }

    /// Who asks for what; perhaps with what is wrong with what was posted, or with something to know first.
    pub(in crate::web::hosted_page) fn question(&self, site: &Site, problem: Option<ConsentProblem>, notice: Option<String>) -> Rendered {
        let here = |b: &&Bank| offers(b, self.consent.kind) && serves(b, self.partner.currency);
        let banks = site.cx.banks.list().iter().filter(here);
        ConsentPage {
            shell: self.shell(site),
            c: ConsentTexts::of(self.language),
            form: self.form(site),
            kind: self.consent.kind,
            until: self.until(),
            recurring: self.consent.recurring,
            banks: banks.map(|b| self.choice(&site.cx, b)).collect(),
            notice: notice.or_else(|| self.last_try(&site.cx)),
            problem,
        }
        .render()
    }

    /// The page for what the bank wants of the payer here, perhaps with what is wrong with what was posted.
    pub(in crate::web::hosted_page) fn step(&self, site: &Site, open: &OpenStep, problem: Option<StepProblem>) -> Option<Rendered> {
        let below = |name: &str| format!("/account-consent/{name}");
        let place = StepPlace {
            shell: self.shell(site),
            bank: self.bank_name(&site.cx),
            paths: StepPaths {
                page: self.back(),
                status: self.status_path(site),
                code: below("code"),
                resend: below("resend"),
                method: below("method"),
            },
            leave: Leave::Consent(self.form(site)),
            resent: self.resent,
        };
        step_page(place, open, problem, site.cx.now())
    }

    fn status_path(&self, site: &Site) -> String {
        let (id, seen) = (self.consent.id, fingerprint(&self.consent, site.cx.now()));
        format!("/account-consent/state?consent={id}&state={}&seen={seen}", self.state())
    }

    fn at_bank(&self, site: &Site) -> Rendered {
        let open = open_step(&self.consent).ok();
        if let Some(page) = open.as_ref().and_then(|open| self.step(site, open, None)) {
            return page;
        }
        let go = match open.and_then(|open| open.step) {
            Some(PsuStep::GoToBank { url }) => Some((url.to_string(), url.host_str().unwrap_or_default().to_owned())),
            _ => None,
        };
        let c = ConsentTexts::of(self.language);
        ConsentAtBank {
            shell: self.shell(site),
            c,
            bank: self.bank_name(&site.cx),
            go,
            lead: c.at_lead,
            refresh_url: self.back(),
            status_url: self.status_path(site),
            notice: self.last_try(&site.cx),
            leave: Leave::Consent(self.form(site)),
        }
        .render()
    }

    fn result(&self, site: &Site) -> Rendered {
        let c = ConsentTexts::of(self.language);
        let given = self.consent.status == Status::Valid;
        let (title, lead) = match self.consent.status {
            Status::Valid => (c.given_title, c.given_lead),
            Status::Refused => (c.refused_title, c.refused_lead),
            Status::Ended => (c.ended_title, c.ended_lead),
            _ => (c.late_title, c.late_lead),
        };
        let lead = lead
            .replace("{partner}", &self.partner.name)
            .replace("{bank}", &self.bank_name(&site.cx));
        ConsentResult {
            shell: self.shell(site),
            c,
            tone: if given { "good" } else { "calm" },
            title,
            lead,
            until: given.then(|| (c.until, self.until())).filter(|(_, day)| !day.is_empty()),
            return_url: self.return_url(),
        }
        .render()
    }

    /// Back to the partner with id and status: a convenience for the payer, never proof for the partner.
    fn return_url(&self) -> String {
        let text = self.consent.redirect_url.as_deref().unwrap_or_default();
        let (id, status) = (self.consent.id.to_string(), self.consent.status.as_str());
        match Url::parse(text) {
            Ok(url) => with_query(&url, &[("id", &id), ("status", status)]).into(),
            Err(_) => String::new(),
        }
    }
}

/// GET /account-consent.
pub async fn show(site: web::Data<Site>, request: HttpRequest, link: web::Query<Carried>) -> Result<HttpResponse, PageError> {
    match find(&site, &request, &link).await? {
        Ok(here) => Ok(here.browser.remembered(html(StatusCode::OK, here.page(&site)?))),
        Err(answer) => Ok(answer),
    }
}

/// The user code in the bank's form; an error where it asks for one and gets none that could be.
fn user_code(bank: &Bank, typed: &SecretString) -> Result<Option<SecretString>, ConsentProblem> {
    let Some(rule) = &bank.psu_id else { return Ok(None) };
    let text = typed.expose_secret().trim();
    if rule.accepts(text) {
        Ok(Some(text.to_owned().into()))
    } else {
        Err(ConsentProblem::UserCode)
    }
}

/// POST /account-consent: „Continuă la bancă”.
pub async fn go(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Carried>) -> Result<HttpResponse, PageError> {
    let here = match find(&site, &request, &posted).await? {
        Ok(here) => here,
        Err(answer) => return Ok(answer),
    };
    if here.consent.status != Status::Created {
        return Ok(see_other(&here.back()));
    }
    if !site.is_own_form(&request, &about(here.consent.id), &posted.csrf) {
        let words = ConsentTexts::of(here.language).expired_page.to_owned();
        let page = here.question(&site, None, Some(words))?;
        return Ok(here.browser.remembered(html(StatusCode::FORBIDDEN, page)));
    }
    let bank = site.cx.banks.get(&posted.bank);
    let bank = bank.filter(|b| offers(b, here.consent.kind) && serves(b, here.partner.currency));
    let code = bank.ok_or(ConsentProblem::Bank).and_then(|b| user_code(b, &posted.user_code));
    let psu_id = match code {
        Ok(code) => code,
        Err(problem) => return Ok(html(StatusCode::UNPROCESSABLE_ENTITY, here.question(&site, Some(problem), None)?)),
    };
    let psu = PsuDevice {
        ip: site.client_ip(&request),
        user_agent: user_agent(&request),
        browser_hash: here.browser.hash(),
        psu_id,
    };
    let (cx, id, bank, language) = (site.cx.clone(), here.consent.id, posted.bank.clone(), here.language);
    let asked = site
        .detached
        .run(async move { Ok(visit::go_to_bank(&cx, id, &psu, &bank, language).await) })
        .await;
    match asked {
        Ok(Ok(()) | Err(ConsentError::Flow(FlowError::Busy))) => Ok(see_other(&here.back())),
        Ok(Err(ConsentError::Flow(error))) | Err(error) => Err(PageError::new(&site, here.language, error)),
        Ok(Err(_)) => {
            let page = here.question(&site, Some(ConsentProblem::Bank), None)?;
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}

/// POST /account-consent/leave: „Nu sunt de acord”, or „Altă bancă” with `then=another`.
pub async fn leave(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Carried>) -> Result<HttpResponse, PageError> {
    let here = match find(&site, &request, &posted).await? {
        Ok(here) => here,
        Err(answer) => return Ok(answer),
    };
    if !site.is_own_form(&request, &about(here.consent.id), &posted.csrf) {
        return Ok(see_other(&here.back()));
    }
    let (cx, id, browser) = (site.cx.clone(), here.consent.id, here.browser.hash());
    let then = if posted.then == "another" {
        Then::AnotherBank
    } else {
        Then::Refuse
    };
    match site
        .detached
        .run(async move { visit::step_back(&cx, id, &browser, then).await })
        .await
    {
        Ok(()) | Err(FlowError::Busy) => Ok(see_other(&here.back())),
        Err(other) => Err(PageError::new(&site, here.language, other)),
    }
}

/// Back from the bank with a consent; `None` when the return belongs to none of this browser.
pub(super) async fn came_back(
    site: &Site,
    bank: String,
    query: Vec<(String, String)>,
    browser: Option<&str>,
) -> Result<Option<HttpResponse>, FlowError> {
    let (cx, by) = (site.cx.clone(), browser.map(str::to_owned));
    let returned = site
        .detached
        .run(async move { visit::came_back(&cx, &bank, query, by.as_deref()).await })
        .await?;
    let (Returned::Here(id, payment), Some(browser)) = (returned, browser) else {
        return Ok(None);
    };
    let path = match payment {
        Some(payment) => {
            let link = own_link(&site.cx, payment, browser).await?;
            format!("{ACCOUNT}?{}", link.query().unwrap_or_default())
        }
        None => visit::own_path(&site.cx, id, browser).await?,
    };
    Ok(Some(see_other(&path)))
}
