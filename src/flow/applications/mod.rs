//! Applications of sub-merchants: a platform sends one, compliance decides, and an approved one is a partner that
//! goes the way of every other: a complete file, a certificate, and an activation that takes two.
//!
//! **Invariant:** an application never changes what a partner may do; what it declares pre-fills a file and proposals,
//! and is proof of nothing. The platform learns how it was decided, never why it was refused.

mod review;

pub use review::{Approved, approve, ask_for_more, refuse, take};

use super::four_eyes;
use super::onboarding::renewals::message;
use super::{Context, FlowError};
use crate::mail::compliance::ComplianceMail;
use crate::partner::Partner;
use crate::partner::application::{Application, ApplicationState};
use crate::store::applications::{self, StoredApplication};
use crate::store::onboarding::{self, Standing};
use crate::store::outbox::{self, NewMessage};
use crate::store::{Access, StoreError, audit, partners};

/// Applications of one platform that may wait for us at the same time.
const MOST_WAITING: i64 = 500;
/// Months for which a refused application is kept, or one for which the platform sends nothing more.
pub const KEPT_MONTHS: u32 = 12;

/// What still misses before a sub-merchant can start payments, as its platform may know it. What of the file misses
/// is between us and the law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needed {
    /// What compliance asks the platform for.
    Information(String),
    /// The onboarding file is not complete.
    File,
    /// No certificate is registered.
    Certificate,
    /// No return address is registered.
    RedirectUrl,
    /// The operator has not activated it yet.
    Activation,
}

/// An application as its platform sees it.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The application.
    pub application: StoredApplication,
    /// The client id of the partner it became.
    pub client_id: Option<String>,
    /// What misses; nothing while it waits for us, once it is refused, and when the partner is active.
    pub needed: Vec<Needed>,
}

/// Takes an application. The same one again answers the same; one that compliance asked more about is replaced.
///
/// # Errors
/// [`FlowError::NotYou`] when the partner may not send any; [`FlowError::OtherContent`] when another one of this id was
/// sent before; [`FlowError::TooMany`] while too many wait.
pub async fn receive(cx: &Context, platform: &Partner, external_id: &str, application: Application) -> Result<Progress, FlowError> {
    // Two calls at once: the other one was first, and if it was the same, its answer is ours too.
    let id = match store(cx, platform, external_id, application.clone()).await {
        Err(FlowError::Busy) => store(cx, platform, external_id, application).await?,
        outcome => outcome?,
    };
    progress(cx, &platform.id, &id).await
}

async fn store(cx: &Context, platform: &Partner, external_id: &str, application: Application) -> Result<String, FlowError> {
    let request_hash = cx.db.vault().keyed_hash("application", &serde_json::to_string(&application)?);
    let (platform_id, external, now) = (platform.id.clone(), external_id.to_owned(), cx.now());
    let (cx2, name) = (cx.clone(), platform.name.clone());
    let written = cx.db.write(move |a| {
        if !partners::platform(a, &platform_id)?.may_onboard {
            return Ok(Err(FlowError::NotYou));
        }
        let known = applications::of_external(a, &platform_id, &external)?;
        let (stored, action) = match known {
            Some(known) if known.request_hash == request_hash => return Ok(Ok(known.id)),
            Some(known) if known.state == ApplicationState::MoreInformation => {
                let next = StoredApplication {
                    request_hash,
                    state: ApplicationState::Received,
                    content: Some(application),
                    note: None,
                    keep_until: None,
                    ..known
                };
                applications::save(a, &next, now)?;
                (next, "application_completed")
            }
            Some(_) => return Ok(Err(FlowError::OtherContent)),
            None if applications::count_waiting(a, Some(&platform_id))? >= MOST_WAITING => return Ok(Err(FlowError::TooMany)),
            None => {
                let new = new(&platform_id, external, request_hash, application, now);
                applications::add(a, &new)?;
                (new, "application_received")
            }
        };
        audit::add(a, now, "partner", action, Some(&stored.id), Some(&platform_id))?;
        if let Some(mail) = arrived(&cx2, &stored, name)? {
            outbox::add_about(a, None, &mail, now)?;
        }
        Ok(Ok(stored.id))
    });
    written.await?
}

fn new(
    platform_id: &str,
    external_client_id: String,
    request_hash: String,
    application: Application,
    now: crate::clock::Timestamp,
) -> StoredApplication {
    StoredApplication {
        id: uuid::Uuid::now_v7().to_string(),
        platform_id: platform_id.to_owned(),
        external_client_id,
        request_hash,
        state: ApplicationState::Received,
        content: Some(application),
        note: None,
        partner_id: None,
        version: 0,
        decided_by: None,
        decided_at: None,
        keep_until: None,
        erased_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// The mail to the compliance officer, who finds the rest in the back office.
fn arrived(cx: &Context, stored: &StoredApplication, platform: String) -> Result<Option<NewMessage>, StoreError> {
    let about = ComplianceMail::ApplicationArrived {
        platform,
        reference: stored.id.clone(),
    };
    let name = format!("application.{}.{}", stored.id, stored.version);
    message(cx, "application_arrived", &name, &about).map_err(|e| StoreError::Broken(e.to_string()))
}

/// An application of a platform, and what still misses.
///
/// # Errors
/// [`FlowError::NotFound`] when the platform has none of this id.
pub async fn progress(cx: &Context, platform_id: &str, id: &str) -> Result<Progress, FlowError> {
    let (platform_id, id) = (platform_id.to_owned(), id.to_owned());
    let read = cx.db.read(move |a| {
        let Some(application) = applications::get(a, &id)?.filter(|s| s.platform_id == platform_id) else {
            return Ok(None);
        };
        let partner = match &application.partner_id {
            Some(id) => partners::get(a, id)?,
            None => None,
        };
        let needed = match (&application.state, &partner) {
            (ApplicationState::MoreInformation, _) => application.note.clone().map(Needed::Information).into_iter().collect(),
            (_, Some(partner)) if !partner.active => before_activation(a, partner)?,
            _ => Vec::new(),
        };
        Ok(Some(Progress {
            client_id: partner.map(|p| p.client_id),
            application,
            needed,
        }))
    });
    read.await?.ok_or(FlowError::NotFound)
}

fn before_activation(a: &mut Access<'_>, partner: &Partner) -> Result<Vec<Needed>, StoreError> {
    let mut needed = Vec::new();
    if onboarding::standing(a, &partner.id)? != Standing::Complete {
        needed.push(Needed::File);
    }
    if !partner.has_certificate() {
        needed.push(Needed::Certificate);
    }
    if partner.redirect_urls.is_empty() {
        needed.push(Needed::RedirectUrl);
    }
    needed.push(Needed::Activation);
    Ok(needed)
}

/// What an approved application asks for and two must decide: return addresses and declared figures.
async fn propose_what_it_asks(cx: &Context, by: &str, partner_id: &str, content: &Application) {
    let mut changes = vec![four_eyes::Change::RedirectUrls {
        partner: partner_id.to_owned(),
        urls: content.redirect_urls.clone(),
        flexible: false,
    }];
    if !content.figures.is_empty() {
        changes.push(four_eyes::Change::Limits {
            partner: partner_id.to_owned(),
            limits: content.figures.clone(),
        });
    }
    for change in changes {
        // The partner is there and may be completed by hand: nothing to take back.
        if let Err(error) = four_eyes::propose(cx, by, change).await {
            tracing::warn!(partner_id, %error, "what an application asks for was not proposed");
        }
    }
}
