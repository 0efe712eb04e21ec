//! The hosted page over HTTP: every GET renders the page that fits the payment's state, every POST starts a
//! flow and answers 303 to the same page.

pub mod around;
pub mod choose;
pub mod choose_steps;
pub mod consent;
pub mod consent_steps;
pub mod hand_over;
pub mod list;
pub mod receipt;
pub mod steps;
pub mod time;

use super::browser::Browser;
use super::form::{self, FormInput};
use super::pages::NoticeKind;
use super::render::{After, AskedTime, View, Wrong, bank_choices, fingerprint, known_order, notice, page_path};
use super::typed::Typed;
use crate::clock::Timestamp;
use crate::flow::consents::choose::{self as choosing, BeforeChoice};
use crate::flow::edit_instruction::is_as_shown;
use crate::flow::open_page::{Opened, open_page, own_link};
use crate::flow::submit_payment::{ConfirmedOrder, PsuDevice, submit_payment};
use crate::flow::withdraw_payment::{Then, withdraw_payment};
use crate::flow::{FlowError, reply_to_bank};
use crate::partner::Partner;
use crate::payment::transition::CORRECTION;
use crate::payment::{Language, PaymentId, Status};
use crate::store::history;
use crate::store::payments::Payment;
use crate::web::{PageError, Site, browser_language, html};
use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::SecretString;
use serde::Deserialize;

/// The query of a payment's link.
#[derive(Deserialize)]
pub struct Link {
    payment: String,
    state: String,
    lang: Option<String>,
    seen: Option<String>,
    again: Option<String>,
    returned: Option<String>,
    resent: Option<String>,
    time: Option<String>,
}

/// The language of a request: chosen on the page, else the payment's, else the browser's.
fn language(request: &HttpRequest, chosen: Option<&str>, payment: Option<&Payment>) -> Language {
    chosen
        .and_then(Language::parse)
        .or_else(|| payment.and_then(|p| p.language))
        .unwrap_or_else(|| browser_language(request))
}

/// GET /payment-initiation.
pub async fn show(site: web::Data<Site>, request: HttpRequest, link: Option<web::Query<Link>>) -> Result<HttpResponse, PageError> {
    let Some(link) = link else { return missing(&site, &request, None) };
    let chosen = link.lang.as_deref();
    let browser = Browser::of(&request, site.https());
    let opened = match PaymentId::parse(&link.payment) {
        Some(id) => open_page(&site.cx, id, &link.state, &browser.hash()).await,
        None => Err(FlowError::NotFound),
    };
    match opened {
        Ok(Opened::Bound(payment, partner)) => {
            let language = language(&request, chosen, Some(&payment));
            let (doubt_since, corrected) = past(&site, &payment).await.map_err(|e| PageError::new(&site, language, e))?;
            let after = After {
                returned: link.returned.is_some(),
                resent: link.resent.is_some(),
                asked_time: link.time.as_deref().and_then(AskedTime::parse),
                doubt_since,
                corrected,
            };
            let before_choice = before_choice(&site, &payment)
                .await
                .map_err(|e| PageError::new(&site, language, e))?;
            let page = View {
                site: &site,
                payment: &payment,
                partner: &partner,
                browser: &browser,
                language,
                after,
                typed: Typed::read(&request, &browser, site.https(), site.cx.db.vault(), payment.id),
                before_choice: before_choice.as_ref(),
            };
            let page = if link.again.is_some() { page.again()? } else { page.page()? };
            Ok(browser.remembered(html(StatusCode::OK, page)))
        }
        Ok(Opened::OtherBrowser) => elsewhere(&site, &request, &browser, &link.payment, chosen),
        Err(FlowError::NotFound) => missing(&site, &request, chosen),
        Err(other) => Err(PageError::new(&site, language(&request, chosen, None), other)),
    }
}

/// What was typed into the form before an account was chosen at the bank, where the form may be shown.
async fn before_choice(site: &Site, payment: &Payment) -> Result<Option<BeforeChoice>, FlowError> {
    match payment.status {
        Status::Created | Status::AttemptRefused => choosing::before_choice(&site.cx, payment).await,
        _ => Ok(None),
    }
}

/// Since when a payment is in doubt, and whether we said of one that was made that it was not.
async fn past(site: &Site, payment: &Payment) -> Result<(Option<Timestamp>, bool), FlowError> {
    if !matches!(payment.status, Status::InDoubt | Status::Settled) {
        return Ok((None, false));
    }
    let id = payment.id;
    let events = site.cx.db.read(move |a| history::of(a, id)).await?;
    let doubt = Status::InDoubt.as_str();
    let began = events.iter().rfind(|e| e.to_status == doubt && e.from_status != doubt);
    let since = began.filter(|_| payment.status == Status::InDoubt).map(|e| e.at);
    Ok((since, events.iter().any(|e| e.event == CORRECTION)))
}

/// For a browser that the payment is not bound to: tells nothing of it, only that it moved on, where this
/// browser itself handed it over.
fn elsewhere(
    site: &Site,
    request: &HttpRequest,
    browser: &Browser,
    payment: &str,
    chosen: Option<&str>,
) -> Result<HttpResponse, PageError> {
    let mine = PaymentId::parse(payment).is_some_and(|id| browser.is_marked(request, site.cx.db.vault(), id));
    let (status, kind) = if mine {
        (StatusCode::OK, NoticeKind::MovedOn)
    } else {
        (StatusCode::FORBIDDEN, NoticeKind::OtherBrowser)
    };
    Ok(html(status, notice(site, language(request, chosen, None), kind)?))
}

fn missing(site: &Site, request: &HttpRequest, chosen: Option<&str>) -> Result<HttpResponse, PageError> {
    Ok(html(
        StatusCode::NOT_FOUND,
        notice(site, language(request, chosen, None), NoticeKind::NotFound)?,
    ))
}

/// A posted form of the page. Fields that a page did not show are simply absent.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Posted {
    payment: String,
    state: String,
    csrf: String,
    lang: String,
    creditor_name: String,
    creditor_iban: String,
    amount: String,
    details: String,
    bank: String,
    debtor_iban: String,
    email: String,
    user_code: String,
    terms: String,
    then: String,
    /// Which payment of a list, by its end-to-end id.
    line: String,
    /// Which page of a list, from 1.
    page: String,
    /// Hash of what the page showed.
    shown: String,
    /// When the time ended that the page showed, in microseconds since 1970.
    until: String,
    code: SecretString,
    method: String,
    /// Which account, by the bank's id of it.
    account: String,
}

impl Posted {
    fn into_input(self) -> FormInput {
        FormInput {
            creditor_name: self.creditor_name,
            creditor_iban: self.creditor_iban,
            amount: self.amount,
            details: self.details,
            bank: self.bank,
            debtor_iban: self.debtor_iban,
            email: self.email,
            user_code: self.user_code,
            terms: self.terms,
        }
    }
}

/// What a post is about, once it is known to be the bound browser's own.
struct Checked {
    browser: Browser,
    payment: Box<Payment>,
    partner: Box<Partner>,
    language: Language,
    forged: bool,
    typed: Option<Typed>,
}

impl Checked {
    fn view<'a>(&'a self, site: &'a Site) -> View<'a> {
        View {
            site,
            payment: &self.payment,
            partner: &self.partner,
            browser: &self.browser,
            language: self.language,
            after: After::default(),
            typed: self.typed.clone(),
            before_choice: None,
        }
    }

    /// The payment's page.
    fn back(&self, posted: &Posted) -> String {
        format!("{}&lang={}", page_path(self.payment.id, &posted.state), self.language)
    }

    /// The same with the payment read again.
    async fn read_again(self, site: &Site) -> Result<Self, PageError> {
        let read = site.cx.payment(self.payment.id).await;
        let (payment, _) = read.map_err(|e| PageError::new(site, self.language, e))?;
        Ok(Self {
            payment: Box::new(payment),
            ..self
        })
    }
}

/// Finds the payment of a post, or answers the page that says why not.
async fn check(site: &Site, request: &HttpRequest, posted: &Posted) -> Result<Result<Checked, HttpResponse>, PageError> {
    let chosen = Some(posted.lang.as_str());
    let browser = Browser::of(request, site.https());
    let opened = match PaymentId::parse(&posted.payment) {
        Some(id) if Browser::known(request, site.https()).is_some() => open_page(&site.cx, id, &posted.state, &browser.hash()).await,
        _ => Err(FlowError::NotFound),
    };
    match opened {
        Ok(Opened::Bound(payment, partner)) => {
            let own = site.is_own_form(request, &payment.id.to_string(), &posted.csrf);
            let language = language(request, chosen, Some(&payment));
            let typed = Typed::read(request, &browser, site.https(), site.cx.db.vault(), payment.id);
            Ok(Ok(Checked {
                typed,
                browser,
                payment,
                partner,
                language,
                forged: !own,
            }))
        }
        Ok(Opened::OtherBrowser) => elsewhere(site, request, &browser, &posted.payment, chosen).map(Err),
        Err(FlowError::NotFound) => missing(site, request, chosen).map(Err),
        Err(other) => Err(PageError::new(site, language(request, chosen, None), other)),
    }
}

/// POST /payment-initiation: „Plătește”.
pub async fn submit(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let posted = posted.into_inner();
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let back = checked.back(&posted);
    if !matches!(checked.payment.status, Status::Created | Status::AttemptRefused) {
        return Ok(see_other(&back));
    }
    let shown = Some(posted.shown.clone()).filter(|s| !s.is_empty());
    let view = checked.view(&site);
    let input = posted.into_input();
    if checked.forged {
        let page = view.form(Some(&Wrong { input, errors: Vec::new() }), true)?;
        return Ok(html(StatusCode::FORBIDDEN, page));
    }
    if !is_as_shown(&checked.payment, shown.as_deref()) {
        return list::changed(&site, checked, input).await;
    }
    let banks = bank_choices(&site.cx, &checked.payment);
    let read = form::validate(&input, &known_order(&checked.payment), checked.partner.kind, &banks);
    let confirmed = match read.outcome {
        Ok(confirmed) => confirmed,
        Err(errors) => {
            return Ok(html(
                StatusCode::UNPROCESSABLE_ENTITY,
                view.form(Some(&Wrong { input, errors }), false)?,
            ));
        }
    };
    let user_code = confirmed.user_code;
    let confirmed = ConfirmedOrder {
        instruction: confirmed.instruction,
        shown,
        bank_code: confirmed.bank,
        debtor_iban: confirmed.debtor_iban,
        email: confirmed.email,
        language: checked.language,
    };
    let psu = PsuDevice {
        ip: site.client_ip(&request),
        user_agent: user_agent(&request),
        browser_hash: checked.browser.hash(),
        psu_id: user_code.map(Into::into),
    };
    let (cx, id, tampered) = (site.cx.clone(), checked.payment.id, read.tampered);
    let sent = site
        .detached
        .run(async move { submit_payment(&cx, id, &psu, confirmed, &tampered).await })
        .await;
    match sent {
        // What was sent is the payment's now.
        Ok(()) if checked.typed.is_some() => Ok(Typed::forgotten(see_other(&back), site.https())),
        // Busy: another tab is at it; the page shows it.
        Ok(()) | Err(FlowError::Busy) => Ok(see_other(&back)),
        Err(FlowError::OtherContent) => list::changed(&site, checked, input).await,
        Err(other) => Err(PageError::new(&site, checked.language, other)),
    }
}

fn user_agent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(200).collect())
}

pub(super) fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// POST /payment-initiation/withdraw: „Renunță”, or „Altă bancă” with `then=another`.
pub async fn withdraw(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let back = checked.back(&posted);
    if checked.forged {
        return Ok(see_other(&back));
    }
    let (cx, id, browser) = (site.cx.clone(), checked.payment.id, checked.browser.hash());
    let then = if posted.then == "another" { Then::AnotherWay } else { Then::End };
    match site
        .detached
        .run(async move { withdraw_payment(&cx, id, &browser, then).await })
        .await
    {
        Ok(()) | Err(FlowError::Busy | FlowError::NotAllowed) => Ok(see_other(&back)),
        Err(other) => Err(PageError::new(&site, checked.language, other)),
    }
}

/// GET /payment-initiation/state: whether the page has something new to show. Only for the bound browser.
pub async fn state(site: web::Data<Site>, request: HttpRequest, link: web::Query<Link>) -> HttpResponse {
    let (Some(id), Some(browser)) = (PaymentId::parse(&link.payment), Browser::known(&request, site.https())) else {
        return HttpResponse::NotFound().finish();
    };
    match open_page(&site.cx, id, &link.state, &browser.hash()).await {
        Ok(Opened::Bound(payment, _)) => {
            let changed = link.seen.as_deref() != Some(fingerprint(&payment, site.cx.now()).as_str());
            HttpResponse::Ok().json(serde_json::json!({ "changed": changed }))
        }
        // The page that offered the hand-over watches for it to be taken.
        Ok(Opened::OtherBrowser) if browser.is_marked(&request, site.cx.db.vault(), id) => {
            HttpResponse::Ok().json(serde_json::json!({ "changed": true }))
        }
        Ok(Opened::OtherBrowser) | Err(FlowError::NotFound) => HttpResponse::NotFound().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().insert_header(("Retry-After", "2")).finish(),
    }
}

/// GET /payment-return/{bank}: back from the bank, perhaps in another browser, twice, late or forged.
pub async fn came_back(site: web::Data<Site>, request: HttpRequest, bank: web::Path<String>) -> Result<HttpResponse, PageError> {
    let query: Vec<(String, String)> = url::form_urlencoded::parse(request.query_string().as_bytes())
        .take(20)
        .map(|(n, v)| (n.into_owned(), v.chars().take(4096).collect()))
        .collect();
    let browser = Browser::known(&request, site.https()).map(|b| b.hash());
    let (cx, bank, by) = (site.cx.clone(), bank.into_inner(), browser.clone());
    let (of_payment, of_bank) = (query.clone(), bank.clone());
    let mut outcome = site
        .detached
        .run(async move { reply_to_bank::reply_to_bank(&cx, &of_bank, of_payment, by.as_deref()).await })
        .await;
    if matches!(outcome, Err(FlowError::NotFound)) {
        match consent::came_back(&site, bank, query, browser.as_deref()).await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => {}
            Err(error) => outcome = Err(error),
        }
    }
    let neutral = || -> Result<HttpResponse, PageError> {
        Ok(html(
            StatusCode::OK,
            notice(&site, language(&request, None, None), NoticeKind::ReturnedElsewhere)?,
        ))
    };
    match (outcome, browser) {
        (Ok(id), Some(browser)) => match own_link(&site.cx, id, &browser).await {
            Ok(link) => Ok(see_other(&format!(
                "{}?{}&returned=1",
                link.path(),
                link.query().unwrap_or_default()
            ))),
            Err(_) => neutral(),
        },
        (Ok(_) | Err(FlowError::NotFound | FlowError::Busy), _) => neutral(),
        (Err(other), _) => Err(PageError::new(&site, language(&request, None, None), other)),
    }
}
