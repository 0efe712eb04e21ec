//! A payment's page, and the end of a doubt.

use super::confirm::way;
use super::gate::{SignedIn, go};
use super::mail_texts::MailTexts;
use super::masking::{Sight, UnmaskForm};
use super::payment_mails::MailRecord;
use super::payment_page::{EventLine, Fact, InstructionLine, PaymentPage, PaymentTexts, ResolveForm, ResolveProblem};
use super::roles::Route;
use super::texts::OfficeTexts;
use super::webhooks::{WebhookRecord, WebhookTexts};
use crate::clock::Timestamp;
use crate::flow::FlowError;
use crate::flow::four_eyes::{Change, Proposed, propose};
use crate::flow::resolve_payment::Resolution;
use crate::payment::{Language, PaymentId, Status};
use crate::store::history::{self, StoredEntry};
use crate::store::payments::Payment;
use crate::store::{outbox, webhook_deliveries};
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::local_time;
use crate::web::hosted_page::pages::money;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use serde::Deserialize;

/// Instructions shown of a payment of many.
const MOST_INSTRUCTIONS: usize = 50;

/// The address of a payment's page.
pub fn address(id: PaymentId) -> String {
    format!("/back-office/payments/{id}")
}

fn about(id: PaymentId) -> String {
    format!("{}/resolve", address(id))
}

/// What a payment's page is shown after.
#[derive(Deserialize)]
pub struct Shown {
    resolved: Option<String>,
    proposed: Option<String>,
    refused: Option<String>,
    mail: Option<String>,
    webhook: Option<String>,
}

/// What is rendered: who looks, in which language, and what was posted.
struct Look<'a> {
    site: &'a Site,
    request: &'a HttpRequest,
    user: &'a SignedIn,
    language: Language,
}

impl Look<'_> {
    /// The page of a payment.
    async fn page(&self, id: PaymentId, form: ResolveForm, notice: Option<&'static str>) -> Result<String, PageError> {
        let (site, language) = (self.site, self.language);
        let wrong = |e: FlowError| PageError::of_office(site, language, e);
        let (payment, partner) = site.cx.payment(id).await.map_err(wrong)?;
        let read = site.cx.db.read(move |a| {
            Ok((
                history::of(a, id)?,
                outbox::of_payment(a, id)?,
                webhook_deliveries::of_payment(a, id)?,
            ))
        });
        let (events, mails, deliveries) = read.await.map_err(|e| wrong(e.into()))?;
        let browser = Browser::of(self.request, site.https());
        let about_personal_data = format!("payment:{id}");
        let sight = self.user.sight(&about_personal_data);
        let resolve = (payment.status == Status::InDoubt).then(|| ResolveForm {
            action: about(id),
            csrf: browser.csrf(site.cx.db.vault(), &about(id)),
            confirm: (!self.user.is_fresh(site.cx.now())).then(|| way(&address(id))),
            ..form
        });
        let page = PaymentPage {
            shell: self.user.shell(site, self.request, Route::Payment),
            p: PaymentTexts::of(language),
            reference: id.to_string(),
            status: payment.status,
            facts: self.facts(&payment, partner.name, sight),
            instructions: instructions(&payment, language, sight),
            instruction_count: payment.instructions.len(),
            mails: MailRecord::of(site, self.request, self.user, id, mails),
            webhooks: WebhookRecord::of(site, self.request, self.user, id, deliveries),
            timeline: events.into_iter().filter_map(event).collect(),
            resolve,
            notice,
            unmask: UnmaskForm::of(site, self.request, self.user, &about_personal_data),
        };
        Ok(page.render()?)
    }

    fn facts(&self, payment: &Payment, partner: String, sight: Sight) -> Vec<Fact> {
        let (t, p, language) = (OfficeTexts::of(self.language), PaymentTexts::of(self.language), self.language);
        let time = |at: Option<Timestamp>| at.map(|at| local_time(at, language)).unwrap_or_default();
        let facts = [
            (t.partner, partner),
            (t.amount, payment.total().map(|total| money(language, total)).unwrap_or_default()),
            (t.bank, self.site.cx.bank_of(payment).map(|b| b.name.clone()).unwrap_or_default()),
            (p.bank_order, payment.bank_payment_id.clone().unwrap_or_default()),
            (t.bank_word, payment.bank_word.clone().unwrap_or_default()),
            (p.reason, payment.reason.clone().unwrap_or_default()),
            (
                p.debtor_iban,
                payment.debtor_iban.as_ref().map(|i| sight.iban(i)).unwrap_or_default(),
            ),
            (p.mail, payment.psu_email.as_deref().map(|m| sight.email(m)).unwrap_or_default()),
            (p.attempts, payment.attempts.to_string()),
            (t.created_at, time(Some(payment.created_at))),
            (p.expires_at, time((!payment.status.is_final()).then_some(payment.expires_at))),
            (p.due_at, time(payment.due_at)),
            (p.ended_at, time(payment.ended_at)),
        ];
        facts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(label, value)| Fact { label, value })
            .collect()
    }
}

fn instructions(payment: &Payment, language: Language, sight: Sight) -> Vec<InstructionLine> {
    let words = payment
        .instruction_words
        .iter()
        .map(Option::as_deref)
        .chain(std::iter::repeat(None));
    payment
        .instructions
        .iter()
        .zip(words)
        .take(MOST_INSTRUCTIONS)
        .map(|(i, word)| InstructionLine {
            creditor: sight.name(&i.creditor_name),
            iban: sight.iban(&i.creditor_iban),
            amount: money(language, i.amount),
            end_to_end_id: i.end_to_end_id.clone(),
            bank_word: word.unwrap_or_default().to_owned(),
        })
        .collect()
}

fn event(entry: StoredEntry) -> Option<EventLine> {
    let local = entry.at.and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
    Some(EventLine {
        at: local.format("%d.%m.%Y, %H:%M:%S").to_string(),
        from: Status::parse(&entry.from_status)?,
        to: Status::parse(&entry.to_status)?,
        event: entry.event,
        actor: entry.actor,
        bank_word: entry.bank_word.unwrap_or_default(),
        detail: entry.detail.unwrap_or_default(),
        request_id: entry.request_id.unwrap_or_default(),
    })
}

/// The payment of an address, or the page that says that there is none.
fn payment_of(site: &Site, language: Language, id: &str) -> Result<PaymentId, PageError> {
    PaymentId::parse(id).ok_or_else(|| PageError::of_office(site, language, FlowError::NotFound))
}

/// GET /back-office/payments/{id}.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, PageError> {
    let language = user.language;
    let id = payment_of(&site, language, &id)?;
    let p = PaymentTexts::of(language);
    let notice = if shown.resolved.is_some() {
        Some(p.resolved)
    } else if shown.proposed.is_some() {
        Some(p.proposed)
    } else if shown.refused.is_some() {
        Some(p.not_in_doubt)
    } else {
        let mail = shown.mail.as_deref().and_then(|word| MailTexts::of(language).notice(word));
        let webhook = || shown.webhook.as_deref().and_then(|word| WebhookTexts::of(language).notice(word));
        mail.or_else(webhook)
    };
    let look = Look {
        site: &site,
        request: &request,
        user: &user,
        language,
    };
    Ok(html(StatusCode::OK, look.page(id, ResolveForm::default(), notice).await?))
}

/// The form that ends a doubt.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Resolving {
    csrf: String,
    outcome: String,
    reason: String,
    confirmed: String,
}

/// POST /back-office/payments/{id}/resolve.
pub async fn resolve(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    form: web::Form<Resolving>,
) -> Result<HttpResponse, PageError> {
    let language = user.language;
    let id = payment_of(&site, language, &id)?;
    let own = site.is_own_form(&request, &about(id), &form.csrf);
    let outcome = match form.outcome.as_str() {
        "settled" => Some(Resolution::Settled),
        "not_executed" => Some(Resolution::NotExecuted),
        _ => None,
    };
    let missing = [
        (!own, ResolveProblem::PageExpired),
        (!user.is_fresh(site.cx.now()), ResolveProblem::NotFresh),
        (outcome.is_none(), ResolveProblem::NoOutcome),
        (form.confirmed.is_empty(), ResolveProblem::NotConfirmed),
    ];
    let mut problems: Vec<ResolveProblem> = missing
        .into_iter()
        .filter_map(|(wrong, problem)| wrong.then_some(problem))
        .collect();
    if let (Some(resolution), true) = (outcome, problems.is_empty()) {
        let (cx, by, reason) = (site.cx.clone(), user.admin.id.clone(), form.reason.trim().to_owned());
        let change = Change::ResolveDoubt {
            payment: id,
            resolution,
            reason,
        };
        let ended = site.detached.run(async move { propose(&cx, &by, change).await });
        match ended.await {
            Ok(Proposed::Done(_)) => return Ok(go(&format!("{}?resolved=1", address(id)))),
            Ok(Proposed::Waits(_)) => return Ok(go(&format!("{}?proposed=1", address(id)))),
            Err(FlowError::NotAllowed) => return Ok(go(&format!("{}?refused=1", address(id)))),
            Err(FlowError::Invalid(_)) => problems.push(ResolveProblem::NoReason),
            Err(FlowError::Busy) => problems.push(ResolveProblem::Busy),
            Err(other) => return Err(PageError::of_office(&site, language, other)),
        }
    }
    let status = if own {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::FORBIDDEN
    };
    let form = ResolveForm {
        outcome,
        reason: form.into_inner().reason,
        problems,
        ..ResolveForm::default()
    };
    let look = Look {
        site: &site,
        request: &request,
        user: &user,
        language,
    };
    Ok(html(status, look.page(id, form, None).await?))
}
