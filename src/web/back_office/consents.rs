//! Consents: the list, one of them, and its end by an operator.

use super::consents_page::{ConsentLine, ConsentList, ConsentPage, ConsentTexts, HistoryLine};
use super::gate::SignedIn;
use super::look::{self, After};
use super::masking::Sight;
use super::onboarding::{address, name_of, names};
use super::partners::is_id;
use super::roles::Route;
use crate::consent::{ConsentId, Status};
use crate::flow::FlowError;
use crate::flow::consents::revoke::end_by_operator;
use crate::store::audit_search::{self, Entry};
use crate::store::consent_search::{self, Filter};
use crate::store::consents::{self, Consent};
use crate::store::partners;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;
use url::form_urlencoded;

/// Consents of a page.
const PAGE: usize = 50;
/// Entries of a consent's history that are shown.
const MOST_ENTRIES: i64 = 100;

/// What stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    state: String,
    partner: String,
    bank: String,
    before: String,
}

impl Asked {
    fn filter(&self, site: &Site) -> Filter {
        Filter {
            status: Status::parse(&self.state),
            partner_id: is_id(&self.partner).then(|| self.partner.clone()),
            bank_code: site.cx.banks.get(&self.bank).map(|bank| bank.code.clone()),
            before: ConsentId::parse(&self.before),
        }
    }

    /// The page from there on, of the same filter.
    fn page(&self, before: &str) -> String {
        let fields = [
            ("state", self.state.as_str()),
            ("partner", &self.partner),
            ("bank", &self.bank),
            ("before", before),
        ];
        let set = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(set).finish();
        format!("{}?{query}", Route::Consents.path())
    }
}

fn bank_name(site: &Site, code: Option<&str>) -> String {
    let known = code.and_then(|code| site.cx.banks.get(code)).map(|bank| bank.name.clone());
    known.unwrap_or_else(|| code.unwrap_or_default().to_owned())
}

fn day(text: &str) -> String {
    let day = text.parse::<NaiveDate>();
    day.map_or_else(|_| text.to_owned(), |day| day.format("%d.%m.%Y").to_string())
}

fn last_day(until: Option<NaiveDate>) -> String {
    until.map(|day| day.format("%d.%m.%Y").to_string()).unwrap_or_default()
}

/// GET /back-office/consents.
pub async fn list(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let filter = asked.filter(&site);
    let wanted = filter.clone();
    let read = site.cx.db.read(move |a| {
        let mut found = Vec::new();
        for consent in consent_search::list(a, &wanted, PAGE as i64 + 1)? {
            let last = consent_search::last_read(a, consent.id)?;
            found.push((consent, last));
        }
        let names: BTreeMap<String, String> = partners::list(a)?.into_iter().map(|p| (p.id, p.name)).collect();
        Ok((found, names))
    });
    let (mut found, names) = read.await.map_err(|e| user.failed(&site, e))?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let t = ConsentTexts::of(user.language);
    let banks = site.cx.banks.list().iter();
    let page = ConsentList {
        shell: user.shell(&site, &request, Route::Consents),
        t,
        action: Route::Consents.path(),
        filtered: filter.status.is_some() || filter.partner_id.is_some() || filter.bank_code.is_some(),
        states: Status::ALL
            .map(|s| (s.as_str().to_owned(), t.status(s).0.to_owned(), filter.status == Some(s)))
            .to_vec(),
        partners: names
            .iter()
            .map(|(id, name)| (id.clone(), name.clone(), filter.partner_id.as_ref() == Some(id)))
            .collect(),
        banks: banks
            .map(|b| (b.code.clone(), b.name.clone(), filter.bank_code.as_ref() == Some(&b.code)))
            .collect(),
        older: found.last().filter(|_| more).map(|(last, _)| asked.page(&last.id.to_string())),
        newest: filter.before.is_some().then(|| asked.page("")),
        lines: found
            .into_iter()
            .map(|(consent, last)| line(&site, &user, t, &names, &consent, last))
            .collect(),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

fn line(
    site: &Site,
    user: &SignedIn,
    t: &ConsentTexts,
    names: &BTreeMap<String, String>,
    consent: &Consent,
    last_use: Option<String>,
) -> ConsentLine {
    let (state, tone) = t.status(consent.status);
    let reference = consent.id.to_string();
    ConsentLine {
        href: address(Route::Consent, &reference),
        reference,
        partner: names.get(&consent.partner_id).cloned().unwrap_or_default(),
        bank: bank_name(site, consent.bank_code.as_deref()),
        state,
        tone,
        valid_until: last_day(consent.valid_until),
        last_use: last_use.as_deref().map(day).unwrap_or_default(),
        created: local_time(consent.created_at, user.language),
    }
}

/// Pages about a consent.
#[derive(Debug)]
pub enum OfConsent {}

/// Who looks at a consent.
type Look = look::Look<OfConsent>;

/// What is read for the page.
struct Read {
    consent: Consent,
    partner: String,
    last_read: Option<String>,
    reads: i64,
    entries: Vec<Entry>,
}

impl Look {
    const fn t(&self) -> &'static ConsentTexts {
        ConsentTexts::of(self.user.language)
    }

    fn consent_id(&self) -> Result<ConsentId, PageError> {
        ConsentId::parse(&self.id).ok_or_else(|| self.failed(FlowError::NotFound))
    }

    async fn read(&self) -> Result<Read, PageError> {
        let id = self.consent_id()?;
        let read = self.site.cx.db.read(move |a| {
            let Some(consent) = consents::get(a, id)? else { return Ok(None) };
            let about = audit_search::Filter {
                subject: Some(id.to_string()),
                ..audit_search::Filter::default()
            };
            let entries = audit_search::find(a, &about, audit_search::From::Top, MOST_ENTRIES)?;
            Ok(Some(Read {
                partner: partners::get(a, &consent.partner_id)?.map(|p| p.name).unwrap_or_default(),
                last_read: consent_search::last_read(a, id)?,
                reads: consent_search::reads(a, id)?,
                // A payment may have the number of a consent.
                entries: entries.into_iter().filter(|e| e.action.starts_with("consent_")).collect(),
                consent,
            }))
        });
        let found = read.await.map_err(|e| self.failed(e))?;
        found.ok_or_else(|| self.failed(FlowError::NotFound))
    }

    async fn page(
        &self,
        status: StatusCode,
        notice: Option<&'static str>,
        problem: Option<(&'static str, &'static str)>,
        typed: String,
    ) -> Result<HttpResponse, PageError> {
        let read = self.read().await?;
        let (t, consent) = (self.t(), &read.consent);
        let may_end = Route::EndConsent.allows(self.user.role) && !consent.status.is_final();
        let (state, tone) = t.status(consent.status);
        let reference = consent.id.to_string();
        let history = self.history(&read.entries).await?;
        let page = ConsentPage {
            shell: self.user.shell(&self.site, &self.request, Route::Consent),
            t,
            state,
            tone,
            partner: (read.partner.clone(), address(Route::Partner, &consent.partner_id)),
            payment: consent
                .payment
                .map(|payment| (payment.to_string(), address(Route::Payment, &payment.to_string()))),
            facts: self.facts(&read),
            history,
            notice,
            problem,
            confirm: self.confirm(Route::Consent).filter(|_| may_end),
            end: may_end.then(|| self.form(Route::EndConsent)),
            typed,
            reference,
        };
        Ok(html(status, page.render()?))
    }

    fn facts(&self, read: &Read) -> Vec<(&'static str, String)> {
        let (t, c, language) = (self.t(), &read.consent, self.user.language);
        let psu_id = c.psu_id_at_partner.as_deref().map(|id| match self.user.sight("consents:list") {
            Sight::Full => id.to_owned(),
            Sight::Masked => "•••".to_owned(),
        });
        let is_told = c.session.is_none() || !c.status.is_final();
        let facts = [
            (t.scope, t.kind(c.kind).to_owned()),
            (t.use_, if c.recurring { t.recurring } else { t.once }.to_owned()),
            (t.bank, bank_name(&self.site, c.bank_code.as_deref())),
            (t.bank_word, c.bank_word.clone().unwrap_or_default()),
            (t.reason, c.reason.clone().unwrap_or_default()),
            (t.psu_id, psu_id.unwrap_or_default()),
            (t.created, local_time(c.created_at, language)),
            (t.valid_until, last_day(c.valid_until)),
            (t.last_use, read.last_read.as_deref().map(day).unwrap_or_default()),
            (t.reads, read.reads.to_string()),
            (t.ended, c.ended_at.map(|at| local_time(at, language)).unwrap_or_default()),
            (t.at_bank, if is_told { "" } else { t.to_be_told }.to_owned()),
        ];
        facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    async fn history(&self, entries: &[Entry]) -> Result<Vec<HistoryLine>, PageError> {
        let ids = entries.iter().map(|e| e.actor.clone()).collect();
        let names = names(&self.site, ids).await.map_err(|e| self.failed(e))?;
        let t = self.t();
        let line = |e: &Entry| {
            let detail = e.detail.clone().unwrap_or_default();
            HistoryLine {
                at: local_time(e.at, self.user.language),
                what: t.action(&e.action).to_owned(),
                who: name_of(&names, &self.user, &e.actor),
                detail: Status::parse(&detail).map_or_else(|| detail.clone(), |status| t.status(status).0.to_owned()),
            }
        };
        Ok(entries.iter().map(line).collect())
    }
}

/// GET /back-office/consents/{id}.
pub async fn show(look: Look, after: web::Query<After>) -> Result<HttpResponse, PageError> {
    let notice = (after.word() == "ended").then_some(look.t().was_ended);
    look.page(StatusCode::OK, notice, None, String::new()).await
}

/// The form that ends a consent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EndForm {
    csrf: String,
    reason: String,
}

/// POST /back-office/consents/{id}/end.
pub async fn end(look: Look, form: web::Form<EndForm>) -> Result<HttpResponse, PageError> {
    let (t, id, reason) = (look.t(), look.consent_id()?, form.reason.clone());
    let refused = |status, problem| look.page(status, None, Some(problem), form.reason.clone());
    if !look.is_own(Route::EndConsent, &form.csrf) {
        return refused(StatusCode::FORBIDDEN, ("main", t.page_expired)).await;
    }
    if !look.is_fresh() {
        return refused(StatusCode::FORBIDDEN, ("confirm", t.not_fresh)).await;
    }
    let (cx, by) = (look.site.cx.clone(), look.user.admin.id.clone());
    // To the end even when the browser hangs up: the bank is told on the way.
    let ended = look.site.detached.run(async move { end_by_operator(&cx, id, &by, &reason).await });
    let problem = match ended.await {
        Ok(()) => return Ok(look.after(Route::Consent, "ended")),
        Err(FlowError::Invalid(_)) => ("reason", t.no_reason),
        Err(FlowError::Busy) => ("main", t.busy),
        Err(FlowError::NotAllowed) => ("main", t.not_now),
        Err(other) => return Err(look.failed(other)),
    };
    refused(StatusCode::UNPROCESSABLE_ENTITY, problem).await
}
