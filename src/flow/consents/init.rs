//! The partner says which consent it wants (initConsent). The same again answers the same; other terms are
//! refused. A renewal is a new consent with the terms of an old one.

use super::call::{self, Moves};
use super::tokens::{self, new_consent};
use super::{ConsentError, call::read};
use crate::bank::directory::Bank;
use crate::consent::terms::{last_day, renewed};
use crate::consent::{ConsentId, Event, Kind, MAX_DAYS};
use crate::crypto;
use crate::flow::init_payment::today;
use crate::flow::tokens::IssuedTokens;
use crate::flow::{Context, FieldProblem, FlowError, after};
use crate::partner::{Partner, PeerCertificate};
use crate::store::StoreError;
use crate::store::consents::{self, Consent};
use chrono::NaiveDate;
use serde::Serialize;
use url::Url;

/// What the partner wants, read and checked field by field.
#[derive(Clone, Serialize)]
pub struct ConsentTerms {
    /// The bank, when the partner knows it.
    pub bank: Option<String>,
    /// What for.
    pub kind: Kind,
    /// The last day; without one, the longest that is allowed.
    pub valid_until: Option<NaiveDate>,
    /// Read again without the PSU, or once only.
    pub recurring: bool,
    /// Where the PSU goes back to.
    pub redirect_url: Url,
    /// The PSU's id at the partner.
    pub psu_id_at_partner: Option<String>,
}

impl std::fmt::Debug for ConsentTerms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsentTerms").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Whether payers can give a consent of this kind there.
#[must_use]
pub const fn offers(bank: &Bank, kind: Kind) -> bool {
    bank.active()
        && match kind {
            Kind::Accounts => bank.facts.offers_accounts,
            Kind::Funds => bank.facts.offers_funds,
        }
}

/// Whether a payer can choose an account of their own there.
#[must_use]
pub const fn shows_accounts(bank: &Bank) -> bool {
    offers(bank, Kind::Accounts) && !bank.facts.service_account
}

/// Stores the terms and answers the PSU's link.
///
/// # Errors
/// [`FlowError::AgainstRules`], [`FlowError::OtherContent`]; nothing is stored then.
pub async fn init_consent(cx: &Context, partner: &Partner, id: ConsentId, terms: ConsentTerms) -> Result<Url, ConsentError> {
    check(cx, partner, &terms)?;
    let request_hash = crypto::token_hash(&serde_json::to_string(&terms)?);
    // Two calls at once: the other one was first, and if it was the same, its answer is ours too.
    for _ in 0..2 {
        let (consent, _) = read(cx, id).await?;
        if let Some(known) = &consent.request_hash {
            return if *known == request_hash {
                Ok(link(cx, &consent)?)
            } else {
                Err(FlowError::OtherContent.into())
            };
        }
        match store(cx, consent, terms.clone(), request_hash.clone()).await {
            Err(FlowError::Busy) => {}
            other => return Ok(link(cx, &other?)?),
        }
    }
    Err(FlowError::Busy.into())
}

async fn store(cx: &Context, mut consent: Consent, terms: ConsentTerms, request_hash: String) -> Result<Consent, FlowError> {
    let mut moves = Moves::default();
    if moves.advance(&mut consent, Event::TermsReceived, "partner").is_err() {
        return Err(FlowError::NotAllowed);
    }
    consent.expires_at = after(cx.now(), cx.rules.link_life);
    fill(&mut consent, terms, request_hash, today(cx.now()));
    call::save(cx, consent, moves).await
}

fn fill(consent: &mut Consent, terms: ConsentTerms, request_hash: String, today: NaiveDate) {
    consent.request_hash = Some(request_hash);
    consent.link_state = Some(crypto::new_token());
    consent.bank_code = terms.bank;
    consent.kind = terms.kind;
    consent.recurring = terms.recurring;
    consent.valid_until = Some(terms.valid_until.unwrap_or_else(|| last_day(today)));
    consent.redirect_url = Some(terms.redirect_url.into());
    consent.psu_id_at_partner = terms.psu_id_at_partner;
}

/// The PSU's link.
fn link(cx: &Context, consent: &Consent) -> Result<Url, FlowError> {
    let state = consent.link_state.as_deref().ok_or(FlowError::NotFound)?;
    let joined = cx.rules.base_url.join("account-consent");
    let mut url = joined.map_err(|e| FlowError::Internal(e.to_string()))?;
    url.query_pairs_mut()
        .append_pair("consent", &consent.id.to_string())
        .append_pair("state", state);
    Ok(url)
}

fn check(cx: &Context, partner: &Partner, terms: &ConsentTerms) -> Result<(), FlowError> {
    let mut problems = Vec::new();
    let mut refuse = |field: &str, code, message: String| problems.push(FieldProblem::new(field, code, message));
    match terms.bank.as_deref().map(|code| cx.banks.get(code)) {
        None => {}
        Some(None) => refuse(
            "bank",
            "UNKNOWN_BANK",
            "there is no bank of this code; the banks call lists them".into(),
        ),
        Some(Some(bank)) if !offers(bank, terms.kind) => {
            refuse(
                "bank",
                "BANK_DOES_NOT_OFFER",
                "this bank does not offer that, or is not active".into(),
            );
        }
        Some(Some(_)) => {}
    }
    let today = today(cx.now());
    if terms.valid_until.is_some_and(|day| day < today || day > last_day(today)) {
        let words = format!("must be today (in Romania) or later, and at most {MAX_DAYS} days from today");
        refuse("validUntil", "NOT_ALLOWED", words);
    }
    if !partner.allows_redirect(&terms.redirect_url, true) {
        let words = "this URL is not registered for the partner; scheme, host, port and path must match a registered one";
        refuse("redirectURL", "NOT_ALLOWED", words.into());
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(FlowError::AgainstRules(problems))
    }
}

/// A new consent with the terms of an old one and as many days; the old one stays as it is.
///
/// # Errors
/// [`FlowError::NotAllowed`] when the old one has no terms yet.
pub async fn renew(
    cx: &Context,
    peer: &PeerCertificate,
    partner: &Partner,
    id: ConsentId,
) -> Result<(IssuedTokens<ConsentId>, Url), ConsentError> {
    let (old, _) = read(cx, id).await?;
    if old.request_hash.is_none() {
        return Err(FlowError::NotAllowed.into());
    }
    let today = today(cx.now());
    let until = renewed(
        crate::flow::init_payment::today(old.created_at),
        old.valid_until.unwrap_or_else(|| last_day(today)),
        today,
    );
    let state = crypto::new_token();
    let issued = tokens::add(cx, &partner.id, &peer.sha256, |id| Consent {
        kind: old.kind,
        recurring: old.recurring,
        bank_code: old.bank_code.clone(),
        redirect_url: old.redirect_url.clone(),
        psu_id_at_partner: old.psu_id_at_partner.clone(),
        language: old.language,
        request_hash: old.request_hash.clone(),
        valid_until: Some(until),
        link_state: Some(state.clone()),
        ..new_consent(cx, id, &partner.id, None)
    })
    .await?;
    let (renewal, _) = read(cx, issued.resource).await?;
    Ok((issued, link(cx, &renewal)?))
}

/// A consent as it is stored, for its partner.
///
/// # Errors
/// [`FlowError::NotFound`].
pub async fn stored(cx: &Context, id: ConsentId) -> Result<Consent, FlowError> {
    let found = cx
        .db
        .read(move |a| consents::get(a, id))
        .await
        .map_err(|e: StoreError| FlowError::from(e))?;
    found.ok_or(FlowError::NotFound)
}
