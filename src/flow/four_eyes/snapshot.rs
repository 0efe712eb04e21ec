//! What a change would change, as it is now: kept with the proposal, and compared before it is carried out.

use super::change::Change;
use super::webhook;
use crate::flow::FlowError;
use crate::flow::error::FieldProblem;
use crate::partner::Partner;
use crate::payment::Status;
use crate::store::onboarding::{self, Standing};
use crate::store::{Access, StoreError, partner_certificates, partner_counts, partner_signatures, partners, payments};
use serde_json::{Value, json};

/// Certificates a partner may have at a time.
const MOST_CERTIFICATES: usize = 2;

/// What a change would change; `None` when there is no such partner or payment.
pub(super) fn of(a: &mut Access<'_>, change: &Change) -> Result<Option<Value>, StoreError> {
    if let Change::ResolveDoubt { payment, .. } = change {
        let found = payments::get(a, *payment)?;
        return Ok(found.map(|p| json!({ "status": p.status.as_str(), "bank_word": p.bank_word })));
    }
    let Some(partner) = profile(a, change)? else { return Ok(None) };
    Ok(Some(match change {
        Change::AddCertificate { .. } | Change::RemoveCertificate { .. } => json!({ "certificates": certificates(a, &partner.id)? }),
        Change::RedirectUrls { .. } => json!({ "urls": partner.redirect_urls, "flexible": partner.flexible_redirect }),
        Change::Limits { .. } => json!({ "limits": partner_counts::limits(a, &partner.id)? }),
        Change::SignedRequests { .. } => serde_json::to_value(partner_signatures::of(a, &partner.id)?)?,
        Change::SetWebhook { endpoint, .. } => webhook::before(a, &partner.id, &endpoint.id)?,
        Change::RemoveWebhook { id, .. } => webhook::before(a, &partner.id, id)?,
        Change::Activation { .. } | Change::ResolveDoubt { .. } => json!({ "active": partner.active }),
    }))
}

fn profile(a: &mut Access<'_>, change: &Change) -> Result<Option<Partner>, StoreError> {
    match change.partner() {
        Some(id) => partners::get(a, id),
        None => Ok(None),
    }
}

/// Makes others who change the same wait until the transaction ends.
pub(super) fn hold(a: &mut Access<'_>, change: &Change) -> Result<(), StoreError> {
    match change.partner() {
        Some(id) => partners::hold(a, id).map(drop),
        // A payment has its claim.
        None => Ok(()),
    }
}

/// Fingerprints of the certificates a partner may call with; empty for one that is named by its subject and issuer
/// only. None for a partner that has never had one.
pub(super) fn certificates(a: &mut Access<'_>, partner_id: &str) -> Result<Vec<String>, StoreError> {
    let mut all: Vec<String> = partner_certificates::live(a, partner_id)?.into_iter().map(|c| c.sha256).collect();
    let named = partners::get(a, partner_id)?.filter(Partner::has_certificate);
    if let Some(named) = named.map(|p| p.certificate_sha256.unwrap_or_default())
        && !all.contains(&named)
    {
        all.insert(0, named);
    }
    Ok(all)
}

/// Whether it can be done to what is there now, and changes anything.
pub(super) fn possible(a: &mut Access<'_>, change: &Change) -> Result<Result<(), FlowError>, StoreError> {
    let wrong = |field: &str, code, words: &str| Ok(Err(FlowError::Invalid(vec![FieldProblem::new(field, code, words)])));
    if let Change::ResolveDoubt { payment, .. } = change {
        let in_doubt = payments::get(a, *payment)?.is_some_and(|p| p.status == Status::InDoubt);
        return Ok(if in_doubt { Ok(()) } else { Err(FlowError::NotAllowed) });
    }
    let Some(partner) = profile(a, change)? else {
        return Ok(Err(FlowError::NotFound));
    };
    match change {
        Change::AddCertificate { certificate, .. } => {
            let known = certificates(a, &partner.id)?;
            if known.contains(&certificate.facts.sha256) {
                return wrong("certificate", "KNOWN", "the partner has this certificate already");
            }
            if known.len() >= MOST_CERTIFICATES {
                return wrong(
                    "certificate",
                    "TOO_MANY",
                    "a partner has at most two certificates at a time; remove one first",
                );
            }
            if partner_certificates::is_of_another(a, &partner.id, &certificate.facts)? {
                return wrong(
                    "certificate",
                    "TAKEN",
                    "another partner calls with this certificate, or with one of the same subject and CA",
                );
            }
        }
        Change::RemoveCertificate { sha256, .. } => {
            let known = certificates(a, &partner.id)?;
            if !known.contains(sha256) {
                return Ok(Err(FlowError::NotFound));
            }
            if known.len() < 2 {
                return wrong(
                    "certificate",
                    "THE_LAST",
                    "a partner needs a certificate; add the next one first, or deactivate the partner",
                );
            }
        }
        Change::RedirectUrls { urls, flexible, .. } if partner.redirect_urls == *urls && partner.flexible_redirect == *flexible => {
            return wrong("redirect_urls", "UNCHANGED", "nothing would change");
        }
        Change::Limits { limits, .. } if partner_counts::limits(a, &partner.id)? == *limits => {
            return wrong("limits", "UNCHANGED", "nothing would change");
        }
        Change::SignedRequests { rules, .. } if partner_signatures::of(a, &partner.id)? == *rules => {
            return wrong("signature_keys", "UNCHANGED", "nothing would change");
        }
        Change::Activation { active, .. } if partner.active == *active => return wrong("active", "UNCHANGED", "nothing would change"),
        Change::SetWebhook { endpoint, .. } => return webhook::possible(a, &partner.id, endpoint),
        Change::RemoveWebhook { id, .. } => return webhook::removable(a, &partner.id, id),
        Change::Activation { active: true, .. } => return may_be_activated(a, &partner),
        _ => {}
    }
    Ok(Ok(()))
}

/// What must be there before a partner may call.
fn may_be_activated(a: &mut Access<'_>, partner: &Partner) -> Result<Result<(), FlowError>, StoreError> {
    let mut problems = Vec::new();
    if !partner.has_certificate() {
        problems.push(FieldProblem::new("active", "NO_CERTIFICATE", "the partner has no certificate yet"));
    }
    if partner.redirect_urls.is_empty() {
        problems.push(FieldProblem::new(
            "active",
            "NO_REDIRECT_URL",
            "the partner has no redirect URL yet",
        ));
    }
    if onboarding::standing(a, &partner.id)? != Standing::Complete {
        problems.push(FieldProblem::new(
            "active",
            "NOT_ONBOARDED",
            "the onboarding of the partner is not complete",
        ));
    }
    Ok(if problems.is_empty() {
        Ok(())
    } else {
        Err(FlowError::Invalid(problems))
    })
}
