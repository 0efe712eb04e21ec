//! What a payer may ask for about their own data: a copy of everything that is held (GDPR art. 15 and 20), and the
//! erasure of what the law does not ask us to keep (art. 17 (1) and (3) b). A payer is known by an e-mail address.
//!
//! Payments are found by the keyed hash of the address and opened page by page by the worker; a crash loses one page at
//! most. A consent given to a partner has no address: it is found by the payer's id there, when a payment of the same
//! partner has both.

use super::consents::revoke::end_for_payer;
use super::error::FieldProblem;
use super::retention::payment_kept_until;
use super::{Context, FlowError};
use crate::clock::Timestamp;
use crate::consent::ConsentId;
use crate::payment::PaymentId;
use crate::payment::text::is_email;
use crate::store::erasure::{self, Because, Scope};
use crate::store::payer_requests::{self, Found, PayerRequest, RequestKind};
use crate::store::payments::Payment;
use crate::store::{Access, StoreError, audit, consent_search, consents, history, outbox, partners, payments};
use serde_json::{Value, json};

/// A consent that is ended before it is erased.
const ENDING: &str = "ending";
/// A consent of which nothing says any more whose it was.
const ERASED: &str = "erased";
/// Payments opened at once.
const PAGE: i64 = 500;

/// Enters a request; answers its id.
///
/// # Errors
/// [`FlowError::Invalid`] when the address is none.
pub async fn request(cx: &Context, by: &str, kind: RequestKind, email: &str) -> Result<String, FlowError> {
    let email = email.trim().to_owned();
    if !is_email(&email) {
        let problem = FieldProblem::new("email", "NOT_AN_EMAIL", "an e-mail address");
        return Err(FlowError::Invalid(vec![problem]));
    }
    let (by, now) = (by.to_owned(), cx.now());
    let written = cx.db.write(move |a| {
        let id = payer_requests::add(a, kind, &email, &by, now)?;
        let action = match kind {
            RequestKind::Export => "payer_export_requested",
            RequestKind::Erasure => "payer_erasure_requested",
        };
        audit::add(a, now, &by, action, Some(&id), None)?;
        Ok(id)
    });
    Ok(written.await?)
}

/// Ids of requests for which there is more to do.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn due(cx: &Context, limit: i64) -> Result<Vec<String>, FlowError> {
    let now = cx.now();
    Ok(cx.db.read(move |a| payer_requests::due(a, now, limit)).await?)
}

/// Ends the consents that an erasure found, then looks at the next page of payments for a request, and does there what
/// is asked for.
///
/// # Errors
/// [`FlowError::Busy`] when another node did so, or somebody acts on a payment or consent that is to be erased.
pub async fn look_at_a_page(cx: &Context, id: &str) -> Result<(), FlowError> {
    end_consents(cx, id).await?;
    let (cx2, id) = (cx.clone(), id.to_owned());
    let looked = cx.db.write(move |a| one_page(a, &cx2, &id, PAGE));
    Ok(looked.await?)
}

/// Ends each consent that is to be erased, here and at its bank, and erases whose it was. A payer who wants to be
/// forgotten gives no consent any more (GDPR art. 7 (3)).
async fn end_consents(cx: &Context, request: &str) -> Result<(), FlowError> {
    let about = request.to_owned();
    let found = cx.db.read(move |a| payer_requests::found_consents(a, &about)).await?;
    for (consent, _) in found.into_iter().filter(|(_, outcome)| outcome.as_deref() == Some(ENDING)) {
        end_for_payer(cx, consent).await?;
        let (request, now) = (request.to_owned(), cx.now());
        let erased = cx.db.write(move |a| {
            if consent_search::erase(a, consent, now)? {
                payer_requests::set_consent_outcome(a, &request, consent, ERASED)?;
            }
            Ok(())
        });
        erased.await?;
    }
    Ok(())
}

fn one_page(a: &mut Access<'_>, cx: &Context, id: &str, size: i64) -> Result<(), StoreError> {
    let now = cx.now();
    let Some(request) = payer_requests::get(a, id)?.filter(|r| r.ended_at.is_none()) else {
        return Ok(());
    };
    let Some(email) = request.email.as_deref().map(str::to_lowercase) else {
        return Ok(());
    };
    let page = payer_requests::page(a, &email, request.after_payment, size)?;
    for (number, address) in &page {
        if address.as_ref().is_some_and(|other| other.trim().to_lowercase() == email)
            && let Some(payment) = PaymentId::from_number(*number)
        {
            found(a, cx, &request, payment, now)?;
        }
    }
    let looked_at = i64::try_from(page.len()).unwrap_or(i64::MAX);
    let last = page.last().map_or(request.after_payment, |(number, _)| *number);
    // One more look when consents must be ended first.
    let waits = payer_requests::found_consents(a, id)?
        .iter()
        .any(|(_, o)| o.as_deref() == Some(ENDING));
    let end = (looked_at < size && !waits).then_some(now);
    payer_requests::progress(a, &request, last, looked_at, end)?;
    if end.is_some() {
        let count = payer_requests::count_found(a, id)?;
        let consents = payer_requests::found_consents(a, id)?.len();
        let detail = format!("{count} payments, {consents} consents");
        audit::add(a, now, "clock", "payer_request_done", Some(id), Some(&detail))?;
    }
    Ok(())
}

fn found(a: &mut Access<'_>, cx: &Context, request: &PayerRequest, id: PaymentId, now: Timestamp) -> Result<(), StoreError> {
    let mut found = Found {
        request_id: request.id.clone(),
        payment_id: id.number(),
        outcome: None,
        keep_until: None,
    };
    let Some(payment) = payments::get(a, id)? else { return Ok(()) };
    found_consents(a, request, &payment, now)?;
    if request.kind == RequestKind::Erasure {
        let (outcome, keep_until) = match may_go(cx, &payment, now) {
            MayGo::Nothing => ("open", None),
            MayGo::Contact(until) => {
                erasure::erase(a, id, Scope::Contact, Because::Payer, now)?;
                ("reduced", Some(until))
            }
            MayGo::All => {
                erasure::erase(a, id, Scope::All, Because::Payer, now)?;
                ("erased", None)
            }
        };
        found.outcome = Some(outcome.into());
        found.keep_until = keep_until;
    }
    payer_requests::add_found(a, &found)
}

/// The consents that the payer of a payment gave its partner: noted, and erased where they have ended.
fn found_consents(a: &mut Access<'_>, request: &PayerRequest, payment: &Payment, now: Timestamp) -> Result<(), StoreError> {
    let Some(psu_id) = &payment.psu_id_at_partner else { return Ok(()) };
    for consent in consent_search::of_psu(a, &payment.partner_id, psu_id)? {
        let outcome = match request.kind {
            RequestKind::Export => None,
            RequestKind::Erasure if consent_search::erase(a, consent.id, now)? => Some(ERASED),
            RequestKind::Erasure => Some(ENDING),
        };
        payer_requests::add_consent(a, &request.id, consent.id, outcome)?;
    }
    Ok(())
}

/// What of a payment may be erased.
#[derive(Debug, PartialEq, Eq)]
enum MayGo {
    /// It has not ended: the data is needed to carry it out.
    Nothing,
    /// How the payer is reached; the law keeps the rest until then.
    Contact(Timestamp),
    /// Everything: it was never sent to a bank, so that there is no transaction, or the law's time is over.
    All,
}

fn may_go(cx: &Context, payment: &Payment, now: Timestamp) -> MayGo {
    let Some(ended_at) = payment.ended_at.filter(|_| payment.status.is_final()) else {
        return MayGo::Nothing;
    };
    let until = payment_kept_until(cx, ended_at);
    if payment.attempts == 0 || until <= now {
        MayGo::All
    } else {
        MayGo::Contact(until)
    }
}

/// A request with how far it is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The request.
    pub request: PayerRequest,
    /// Payments found.
    pub found: Vec<Found>,
    /// Consents found at partners, and what became of each.
    pub consents: Vec<(ConsentId, Option<String>)>,
}

/// A request with how far it is.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such request.
pub async fn progress(cx: &Context, id: &str) -> Result<Progress, FlowError> {
    let id = id.to_owned();
    let read = cx.db.read(move |a| {
        let Some(request) = payer_requests::get(a, &id)? else {
            return Ok(None);
        };
        Ok(Some(Progress {
            request,
            found: payer_requests::found(a, &id)?.into_iter().map(|(_, found)| found).collect(),
            consents: payer_requests::found_consents(a, &id)?,
        }))
    });
    read.await?.ok_or(FlowError::NotFound)
}

/// The newest requests.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn newest(cx: &Context) -> Result<Vec<PayerRequest>, FlowError> {
    Ok(cx.db.read(payer_requests::newest).await?)
}

/// Everything held about the payer of an export that is done, as JSON; that it was fetched is in the audit log first.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such export; [`FlowError::NotAllowed`] while it is not done, or when it is
/// too old.
pub async fn export(cx: &Context, by: &str, id: &str) -> Result<Value, FlowError> {
    let progress = progress(cx, id).await?;
    if progress.request.kind != RequestKind::Export {
        return Err(FlowError::NotFound);
    }
    let (Some(email), Some(_)) = (progress.request.email, progress.request.ended_at) else {
        return Err(FlowError::NotAllowed);
    };
    let (by, now, about, cx2) = (by.to_owned(), cx.now(), id.to_owned(), cx.clone());
    let of = cx.db.write(move |a| {
        audit::add(a, now, &by, "payer_export_read", Some(&about), None)?;
        let mut all = Vec::new();
        for (payment, _) in payer_requests::found(a, &about)? {
            let Some(payment) = payment else { continue };
            all.extend(everything(a, &cx2, payment)?);
        }
        let mut given = Vec::new();
        for (consent, _) in payer_requests::found_consents(a, &about)? {
            given.extend(consent_at_partner(a, consent)?);
        }
        Ok((all, given))
    });
    let (payments, given) = of.await?;
    Ok(json!({
        "controller": cx.rules.mail_from,
        "made_at": now.and_utc().to_rfc3339(),
        "about": { "email": email },
        "payments": payments,
        "consents_at_partners": given,
    }))
}

fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| at.and_utc().to_rfc3339().into())
}

/// What is held about a consent that the payer gave a partner.
fn consent_at_partner(a: &mut Access<'_>, id: ConsentId) -> Result<Option<Value>, StoreError> {
    let Some(consent) = consents::get(a, id)? else { return Ok(None) };
    let partner = partners::get(a, &consent.partner_id)?;
    Ok(Some(json!({
        "reference": id.to_string(),
        "given_to": partner.map(|p| p.name),
        "for": consent.kind.as_str(),
        "bank": consent.bank_code,
        "status": consent.status.as_str(),
        "status_at_bank": consent.bank_word,
        "recurring": consent.recurring,
        "valid_until": consent.valid_until.map(|day| day.to_string()),
        "language": consent.language.map(|l| l.as_str()),
        "id_at_partner": consent.psu_id_at_partner,
        "last_read_on": consent_search::last_read(a, id)?,
        "created_at": moment(Some(consent.created_at)),
        "ended_at": moment(consent.ended_at),
    })))
}

fn everything(a: &mut Access<'_>, cx: &Context, id: PaymentId) -> Result<Option<Value>, StoreError> {
    let Some(payment) = payments::get(a, id)? else { return Ok(None) };
    let partner = partners::get(a, &payment.partner_id)?;
    let instructions: Vec<Value> = payment
        .instructions
        .iter()
        .zip(payment.instruction_words.iter().chain(std::iter::repeat(&None)))
        .map(|(i, word)| {
            json!({
                "creditor_name": i.creditor_name,
                "creditor_iban": i.creditor_iban.electronic(),
                "amount": i.amount.wire(),
                "remittance_information": i.details,
                "end_to_end_id": i.end_to_end_id,
                "status_at_bank": word,
            })
        })
        .collect();
    let events = history::of(a, id)?;
    let events: Vec<Value> = events
        .iter()
        .map(|e| json!({ "at": moment(Some(e.at)), "event": e.event, "by": e.actor, "status": e.to_status, "status_at_bank": e.bank_word }))
        .collect();
    let mails = outbox::of_payment(a, id)?;
    let mails: Vec<Value> = mails
        .iter()
        .map(|m| json!({ "about": m.kind, "sent_at": moment(m.sent_at) }))
        .collect();
    let consents: Vec<Value> = consents::of_payment(a, id)?
        .into_iter()
        .map(|(status, from, until)| json!({ "status": status, "given_at": moment(Some(from)), "ended_at": moment(until) }))
        .collect();
    Ok(Some(json!({
        "reference": id.to_string(),
        "paid_from": partner.map(|p| p.name),
        "status": payment.status.as_str(),
        "reason": payment.reason,
        "created_at": moment(Some(payment.created_at)),
        "ended_at": moment(payment.ended_at),
        "amount": payment.total().map(|t| t.wire()),
        "currency": payment.currency.code(),
        "email": payment.psu_email,
        "language": payment.language.map(|l| l.as_str()),
        "id_at_partner": payment.psu_id_at_partner,
        "debtor_iban": payment.debtor_iban.as_ref().map(|i| i.electronic().to_owned()),
        "bank": cx.bank_of(&payment).map(|b| b.name.clone()),
        "reference_at_bank": payment.bank_payment_id,
        "instructions": instructions,
        "events": events,
        "mails": mails,
        "account_consents": consents,
        "kept_until": moment(payment.ended_at.map(|at| payment_kept_until(cx, at))),
    })))
}
