//! A proposal's page, and the decision.

use super::texts::ProposalTexts;
use super::words::{Sides, sides};
use super::{ProposalLine, lines};
use crate::flow::FlowError;
use crate::flow::four_eyes::{self, Change, Decision};
use crate::payment::Currency;
use crate::store::proposals::{self, Proposal};
use crate::store::{admins, partners};
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::look::{self, After};
use crate::web::back_office::partners::{OwnForm, address};
use crate::web::back_office::roles::Route;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, html};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// A proposal's page.
#[derive(Debug, Template)]
#[template(path = "back_office/proposal.html", whitespace = "minimize")]
struct ProposalPage {
    shell: OfficeShell,
    t: &'static ProposalTexts,
    line: ProposalLine,
    /// The page of what it is about.
    about_href: String,
    sides: Sides,
    is_open: bool,
    /// Who decided and when.
    decided: Option<(String, String)>,
    reason: Option<String>,
    /// The forms, where the role may decide; no approval for who proposed it.
    approve: Option<OwnForm>,
    /// Where who may approve proves to be there, when that is asked for first.
    confirm: Option<String>,
    refuse: Option<OwnForm>,
    is_own: bool,
    notice: Option<&'static str>,
    problem: Option<&'static str>,
    typed: String,
}

/// Pages about a proposal.
#[derive(Debug)]
pub enum OfProposal {}

/// Who looks at a proposal's page.
type Look = look::Look<OfProposal>;

impl Look {
    const fn t(&self) -> &'static ProposalTexts {
        ProposalTexts::of(self.user.language)
    }

    async fn page(
        &self,
        status: StatusCode,
        notice: Option<&'static str>,
        problem: Option<&'static str>,
        typed: String,
    ) -> Result<HttpResponse, PageError> {
        let (site, user, now) = (&self.site, &self.user, self.site.cx.now());
        let wanted = self.known_id()?;
        let read = site.cx.db.read(move |a| {
            let Some(proposal) = proposals::get(a, &wanted)? else {
                return Ok(None);
            };
            let partner = partners::get(a, &proposal.subject)?;
            let by = match &proposal.decided_by {
                Some(id) => admins::get(a, id)?.map(|admin| admin.user_name).or_else(|| Some(id.clone())),
                None => None,
            };
            Ok(Some((proposal, partner, by)))
        });
        let found = read.await.map_err(|e| user.failed(site, e))?;
        let (proposal, partner, by) = found.ok_or_else(|| user.failed(site, FlowError::NotFound))?;
        let change = Change::stored(&proposal.change).map_err(|e| user.failed(site, e))?;
        let before = serde_json::from_str(&proposal.before).map_err(|e| user.failed(site, FlowError::from(e)))?;
        let currency = partner.as_ref().map_or(Currency::Ron, |p| p.currency);
        let is_open = proposal.state == proposals::OPEN && proposal.expires_at > now;
        let is_own = proposal.proposed_by == user.admin.id && site.cx.rules.four_eyes;
        let form = |route: Route| {
            let may = is_open && route.allows(user.role);
            may.then(|| self.form(route))
        };
        let may_approve = is_open && !is_own && Route::ApproveProposal.allows(user.role);
        let about = if partner.is_some() { Route::Partner } else { Route::Payment };
        let page = ProposalPage {
            shell: user.shell(site, &self.request, Route::Proposal),
            t: self.t(),
            about_href: address(about, &proposal.subject),
            sides: sides(user.language, &change, &before, currency),
            is_open,
            decided: proposal
                .decided_at
                .map(|at| (by.unwrap_or_else(|| self.t().clock.to_owned()), local_time(at, user.language))),
            reason: proposal.reason.clone(),
            confirm: self.confirm(Route::Proposal).filter(|_| may_approve),
            approve: form(Route::ApproveProposal).filter(|_| may_approve && self.is_fresh()),
            refuse: form(Route::RefuseProposal),
            is_own,
            notice,
            problem,
            typed,
            line: self.line(proposal).await?,
        };
        Ok(html(status, page.render()?))
    }

    async fn line(&self, proposal: Proposal) -> Result<ProposalLine, PageError> {
        let line = lines(&self.site, &self.user, vec![proposal]).await?.pop();
        line.ok_or_else(|| self.failed(FlowError::NotFound))
    }

    /// What a decision came to.
    async fn decided(&self, decision: Result<Decision, FlowError>, typed: String) -> Result<HttpResponse, PageError> {
        let t = self.t();
        let refused = |problem| self.page(StatusCode::UNPROCESSABLE_ENTITY, None, Some(problem), typed.clone());
        match decision {
            Ok(decision) => {
                let word = match decision {
                    Decision::Done => "done",
                    Decision::Stale => "stale",
                    Decision::Expired => "late",
                    Decision::Ended => "ended",
                };
                Ok(self.after(Route::Proposal, word))
            }
            Err(FlowError::NotYou) => refused(t.own).await,
            Err(FlowError::Busy) => refused(t.busy).await,
            Err(FlowError::Invalid(_)) => refused(t.no_reason).await,
            Err(other) => Err(self.failed(other)),
        }
    }

    async fn expired(&self) -> Result<HttpResponse, PageError> {
        self.page(StatusCode::FORBIDDEN, None, Some(self.t().page_expired), String::new())
            .await
    }
}

/// GET /back-office/proposals/{id}.
pub async fn show(look: Look, after: web::Query<After>) -> Result<HttpResponse, PageError> {
    let t = look.t();
    let notice = match after.word() {
        "done" => Some(t.done),
        "stale" => Some(t.was_stale),
        "late" => Some(t.was_late),
        "ended" => Some(t.was_ended),
        _ => None,
    };
    look.page(StatusCode::OK, notice, None, String::new()).await
}

/// The form of a decision.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DecisionForm {
    csrf: String,
    reason: String,
}

/// POST /back-office/proposals/{id}/approve.
pub async fn approve(look: Look, form: web::Form<DecisionForm>) -> Result<HttpResponse, PageError> {
    if !look.is_own(Route::ApproveProposal, &form.csrf) {
        return look.expired().await;
    }
    if !look.is_fresh() {
        return look
            .page(StatusCode::FORBIDDEN, None, Some(look.t().confirm_first), String::new())
            .await;
    }
    let (cx, by, proposal) = (look.site.cx.clone(), look.user.admin.id.clone(), look.id.clone());
    let decision = look
        .site
        .detached
        .run(async move { four_eyes::approve(&cx, &by, &proposal).await })
        .await;
    look.decided(decision, String::new()).await
}

/// POST /back-office/proposals/{id}/refuse.
pub async fn refuse(look: Look, form: web::Form<DecisionForm>) -> Result<HttpResponse, PageError> {
    if !look.is_own(Route::RefuseProposal, &form.csrf) {
        return look.expired().await;
    }
    let decision = four_eyes::refuse(&look.site.cx, &look.user.admin.id, &look.id, &form.reason).await;
    look.decided(decision, form.into_inner().reason).await
}
