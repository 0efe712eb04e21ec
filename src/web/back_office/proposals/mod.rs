//! Proposals: what waits, what it would change, old and new side by side, and the decision.
//!
//! **Invariant:** nothing is decided here: handlers read a form, start the flow of four eyes, and show what came of it.

mod show;
pub mod texts;
mod words;

use super::partners::address;
use super::roles::{Route, serve};
use crate::store::proposals::{self, Proposal};
use crate::store::{admins, partners};
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::gate::SignedIn;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use texts::ProposalTexts;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    serve(config, Route::Proposals, list);
    serve(config, Route::Proposal, show::show);
    serve(config, Route::ApproveProposal, show::approve);
    serve(config, Route::RefuseProposal, show::refuse);
}

/// A line of a list of proposals.
#[derive(Clone, Debug)]
pub struct ProposalLine {
    /// Its page.
    pub href: String,
    /// What kind of change.
    pub what: &'static str,
    /// Whose: a partner's name, or a payment's reference.
    pub about: String,
    /// Who proposed it.
    pub proposed_by: String,
    /// When, in local time.
    pub proposed_at: String,
    /// Until when it waits, in local time.
    pub expires_at: String,
    /// Where it stands.
    pub state: &'static str,
    /// How that looks.
    pub tone: &'static str,
}

/// The proposals that wait.
#[derive(Debug, Template)]
#[template(path = "back_office/proposals.html", whitespace = "minimize")]
struct ProposalList {
    shell: OfficeShell,
    t: &'static ProposalTexts,
    /// Whether the settings ask for a second admin.
    four_eyes: bool,
    proposals: Vec<ProposalLine>,
}

/// Proposals as lists show them.
pub(super) async fn lines(site: &Site, user: &SignedIn, all: Vec<Proposal>) -> Result<Vec<ProposalLine>, PageError> {
    let (t, language) = (ProposalTexts::of(user.language), user.language);
    let read = site.cx.db.read(move |a| {
        let mut lines = Vec::with_capacity(all.len());
        for proposal in all {
            let by = admins::get(a, &proposal.proposed_by)?.map(|admin| admin.user_name);
            let partner = partners::get(a, &proposal.subject)?.map(|partner| partner.name);
            let (state, tone) = t.state_word(&proposal.state);
            lines.push(ProposalLine {
                href: address(Route::Proposal, &proposal.id),
                what: t.kind_word(&proposal.kind),
                about: partner.unwrap_or_else(|| format!("{} {}", t.payment, proposal.subject)),
                proposed_by: by.unwrap_or(proposal.proposed_by),
                proposed_at: local_time(proposal.proposed_at, language),
                expires_at: local_time(proposal.expires_at, language),
                state,
                tone,
            });
        }
        Ok(lines)
    });
    read.await.map_err(|e| user.failed(site, e))
}

/// GET /back-office/proposals.
pub async fn list(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    let now = site.cx.now();
    let open = site
        .cx
        .db
        .read(move |a| proposals::open(a, now))
        .await
        .map_err(|e| user.failed(&site, e))?;
    let page = ProposalList {
        shell: user.shell(&site, &request, Route::Proposals),
        t: ProposalTexts::of(user.language),
        four_eyes: site.cx.rules.four_eyes,
        proposals: lines(&site, &user, open).await?,
    };
    Ok(html(StatusCode::OK, page.render()?))
}
