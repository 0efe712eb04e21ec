//! What compliance does with an application.

use super::{KEPT_MONTHS, propose_what_it_asks};
use crate::clock::Timestamp;
use crate::flow::add_partner::problems_of;
use crate::flow::error::FieldProblem;
use crate::flow::onboarding::documents::is_reason;
use crate::flow::onboarding::prefill;
use crate::flow::{Context, FlowError};
use crate::mail::application::{ApplicationMail, Decision, render_application};
use crate::mail::{OutgoingMail, Rendered};
use crate::partner::application::{Application, ApplicationState};
use crate::partner::{ButtonText, Partner};
use crate::store::applications::{self, StoredApplication};
use crate::store::outbox::{self, NewMessage};
use crate::store::{Access, StoreError, audit, partners};
use chrono::Months;

/// The colour of a partner that has not chosen one.
const COLOUR: &str = "#14506b";

/// An application that became a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// Our own id of the partner, which is not active.
    pub partner_id: String,
}

fn problem(field: &str, code: &'static str, words: &str) -> FlowError {
    FlowError::Invalid(vec![FieldProblem::new(field, code, words)])
}

/// A text of 10 to 500 characters, which may have several lines.
fn checked(field: &str, text: &str) -> Result<String, FlowError> {
    if is_reason(text) {
        Ok(text.trim().replace("\r\n", "\n"))
    } else {
        Err(problem(field, "REASON", "10 to 500 characters"))
    }
}

/// The application as it was on the page, when it can still be decided.
fn open(a: &mut Access<'_>, id: &str, version: i64) -> Result<Result<StoredApplication, FlowError>, StoreError> {
    let Some(read) = applications::get(a, id)? else {
        return Ok(Err(FlowError::NotFound));
    };
    if read.version != version {
        return Ok(Err(problem("", "STALE", "the application has changed meanwhile")));
    }
    if read.state.is_final() || read.content.is_none() {
        return Ok(Err(FlowError::NotAllowed));
    }
    Ok(Ok(read))
}

/// Begins to look at an application; its platform sees that.
///
/// # Errors
/// [`FlowError::NotFound`]; [`FlowError::NotAllowed`] unless it has just been received; [`FlowError::Invalid`] with
/// `STALE` when it has changed since it was on the page.
pub async fn take(cx: &Context, by: &str, id: &str, version: i64) -> Result<(), FlowError> {
    let (by, id, now) = (by.to_owned(), id.to_owned(), cx.now());
    let written = cx.db.write(move |a| {
        let mut read = match open(a, &id, version)? {
            Ok(read) => read,
            Err(refused) => return Ok(Err(refused)),
        };
        if read.state != ApplicationState::Received {
            return Ok(Err(FlowError::NotAllowed));
        }
        read.state = ApplicationState::InReview;
        applications::save(a, &read, now)?;
        audit::add(a, now, &by, "application_taken", Some(&id), None)?;
        Ok(Ok(()))
    });
    settled(written.await)
}

/// Asks the platform for more: it reads the text and sends the application again.
///
/// # Errors
/// As [`take`]; [`FlowError::Invalid`] without a text of 10 to 500 characters.
pub async fn ask_for_more(cx: &Context, by: &str, id: &str, version: i64, text: &str) -> Result<(), FlowError> {
    let text = checked("text", text)?;
    decide(cx, by, id, version, Decision::MoreInformation, text).await
}

/// Refuses an application. The reason stays here: the platform learns only that it was refused (Law 129/2019 art. 38
/// forbids to tell of a suspicion).
///
/// # Errors
/// As [`take`]; [`FlowError::Invalid`] without a reason of 10 to 500 characters.
pub async fn refuse(cx: &Context, by: &str, id: &str, version: i64, reason: &str) -> Result<(), FlowError> {
    let reason = checked("reason", reason)?;
    decide(cx, by, id, version, Decision::Refused, reason).await
}

async fn decide(cx: &Context, by: &str, id: &str, version: i64, decision: Decision, note: String) -> Result<(), FlowError> {
    let (by, id, now, cx2) = (by.to_owned(), id.to_owned(), cx.now(), cx.clone());
    let (state, action) = match decision {
        Decision::MoreInformation => (ApplicationState::MoreInformation, "application_asked"),
        Decision::Approved | Decision::Refused => (ApplicationState::Refused, "application_refused"),
    };
    let written = cx.db.write(move |a| {
        let read = match open(a, &id, version)? {
            Ok(read) => read,
            Err(refused) => return Ok(Err(refused)),
        };
        let next = StoredApplication {
            state,
            note: Some(note),
            decided_by: Some(by.clone()),
            decided_at: Some(now),
            keep_until: now.checked_add_months(Months::new(KEPT_MONTHS)),
            ..read
        };
        applications::save(a, &next, now)?;
        audit::add(a, now, &by, action, Some(&id), None)?;
        tell(a, &cx2, &next, decision, now)?;
        Ok(Ok(()))
    });
    settled(written.await)
}

/// Makes a partner of an application: not active, its file begun with what was declared, its return addresses and
/// figures proposed to a second pair of eyes.
///
/// # Errors
/// As [`take`]; [`FlowError::Invalid`] when the client id cannot be used or is taken.
pub async fn approve(cx: &Context, by: &str, id: &str, version: i64, client_id: &str) -> Result<Approved, FlowError> {
    let (now, cx2) = (cx.now(), cx.clone());
    let (by2, id, client_id) = (by.to_owned(), id.to_owned(), client_id.trim().to_owned());
    let written = cx.db.write(move |a| {
        let read = match open(a, &id, version)? {
            Ok(read) => read,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(content) = read.content.clone() else {
            return Ok(Err(FlowError::NotAllowed));
        };
        let partner = partner_of(&content, client_id);
        let problems = problems_of(&partner, true);
        if !problems.is_empty() {
            return Ok(Err(FlowError::Invalid(problems)));
        }
        partners::add(a, &partner, now)?;
        partners::set_came_through(a, &partner.id, &read.platform_id)?;
        audit::add(a, now, &by2, "partner_added", Some(&partner.id), Some(&id))?;
        prefill(a, &partner.id, &by2, content.prefills(), now)?;
        let next = StoredApplication {
            state: ApplicationState::Approved,
            note: None,
            partner_id: Some(partner.id.clone()),
            decided_by: Some(by2.clone()),
            decided_at: Some(now),
            keep_until: None,
            ..read
        };
        applications::save(a, &next, now)?;
        audit::add(a, now, &by2, "application_approved", Some(&id), Some(&partner.id))?;
        tell(a, &cx2, &next, Decision::Approved, now)?;
        Ok(Ok((partner.id, content)))
    });
    let (partner_id, content) = match written.await {
        Err(StoreError::Taken(_)) => return Err(problem("client_id", "TAKEN", "there is a partner of this client id already")),
        other => settled(other)?,
    };
    propose_what_it_asks(cx, by, &partner_id, &content).await;
    Ok(Approved { partner_id })
}

fn settled<T>(written: Result<Result<T, FlowError>, StoreError>) -> Result<T, FlowError> {
    match written {
        Err(StoreError::Conflict) => Err(problem("", "STALE", "the application has changed meanwhile")),
        other => other?,
    }
}

fn partner_of(content: &Application, client_id: String) -> Partner {
    let id = uuid::Uuid::now_v7().to_string();
    Partner {
        client_id,
        name: content.display_name.clone(),
        kind: content.kind,
        currency: content.currency,
        // None yet. No certificate has an issuer that is a bare UUID, and the pair must be its own.
        certificate_subject: String::new(),
        certificate_issuer: id.clone(),
        certificate_sha256: None,
        redirect_urls: Vec::new(),
        flexible_redirect: false,
        colour: COLOUR.into(),
        has_logo: false,
        has_dark_logo: false,
        button_text: ButtonText::default(),
        active: false,
        account_access: false,
        id,
    }
}

/// Puts a mail to the platform into the outbox, where it named somebody to be told.
fn tell(a: &mut Access<'_>, cx: &Context, decided: &StoredApplication, decision: Decision, now: Timestamp) -> Result<(), StoreError> {
    let Some(to) = decided.content.as_ref().and_then(|c| c.contact_email.clone()) else {
        return Ok(());
    };
    let about = ApplicationMail {
        decision,
        reference: decided.id.clone(),
        external_id: decided.external_client_id.clone(),
    };
    let rendered = render_application(&about).map_err(|e| StoreError::Broken(e.to_string()))?;
    let Rendered { subject, text, html } = rendered;
    let message_id = format!("application.{}.{}.decided@{}", decided.id, decided.version, cx.rules.mail_domain);
    let mail = OutgoingMail {
        message_id: message_id.clone(),
        from: cx.rules.mail_from.clone(),
        to,
        subject,
        text,
        html,
        date: now,
    };
    let new = NewMessage {
        kind: "application_decided",
        message_id,
        payload: serde_json::to_string(&mail)?,
    };
    outbox::add_about(a, None, &new, now)
}
