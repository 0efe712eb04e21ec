//! The end of what the law asked us to keep (Romanian Law 129/2019 art. 21; GDPR art. 5 (1) e): once a day onboarding
//! files of partners whose relation ended, and the personal data of old payments, are erased, and what was erased is
//! reported.

use super::onboarding::{self, renewals, years_after};
use super::{Context, FlowError, count_bank_calls};
use crate::clock::Timestamp;
use crate::mail::compliance::ComplianceMail;
use crate::store::erasure::{self, Because, Erased, Report, Scope};
use crate::store::{applications, audit, onboarding as files, onboarding_documents, outbox, partners, payer_requests};
use chrono::Months;

/// How long data is kept.
#[derive(Clone)]
pub struct Keeping {
    /// Years for which a payment's personal data is kept after it has ended.
    pub payments_years: u32,
    /// Years for which an onboarding file is kept after the relation has ended.
    pub partners_years: u32,
    /// Who is told of renewals and of what was erased.
    pub compliance_mail: Option<String>,
}

impl Default for Keeping {
    /// What the law asks for.
    fn default() -> Self {
        Self {
            payments_years: 5,
            partners_years: 5,
            compliance_mail: None,
        }
    }
}

impl std::fmt::Debug for Keeping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeping")
            .field("payments_years", &self.payments_years)
            .field("partners_years", &self.partners_years)
            .finish_non_exhaustive()
    }
}

/// Payments erased in one write.
const AT_ONCE: i64 = 100;
/// How long a payer's data can be fetched after it was gathered.
const EXPORT_DAYS: i64 = 30;
const DAILY: &str = "retention";

/// A file whose time is over.
#[derive(Clone, Debug)]
pub struct DueFile {
    /// The partner's id.
    pub partner_id: String,
    /// The partner's name.
    pub partner: String,
    /// Until when the file was kept.
    pub kept_until: Timestamp,
    /// How many documents are in it.
    pub documents: i64,
}

/// What a run would erase now.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Onboarding files.
    pub files: Vec<DueFile>,
    /// Payments that ended before this moment lose their personal data.
    pub payments_before: Timestamp,
    /// How many those are.
    pub payments: i64,
    /// Applications that were refused, or for which the platform sent nothing more, a year ago.
    pub applications: i64,
}

fn payments_before(cx: &Context) -> Timestamp {
    let years = Months::new(12 * cx.rules.keeping.payments_years);
    cx.now().checked_sub_months(years).unwrap_or(Timestamp::MIN)
}

/// Says what a run would erase, and erases nothing.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn plan(cx: &Context) -> Result<Plan, FlowError> {
    let (now, before) = (cx.now(), payments_before(cx));
    let found = cx.db.read(move |a| {
        let mut due = Vec::new();
        for (partner_id, kept_until) in files::to_erase(a, now)? {
            due.push(DueFile {
                partner: partners::get(a, &partner_id)?.map(|p| p.name).unwrap_or_default(),
                documents: onboarding_documents::count_of(a, &partner_id)?,
                partner_id,
                kept_until,
            });
        }
        Ok((due, erasure::count_to_erase(a, before)?, applications::count_to_erase(a, now)?))
    });
    let (files, payments, applications) = found.await?;
    Ok(Plan {
        files,
        payments_before: before,
        payments,
        applications,
    })
}

/// Erases what is due and reports it; `None` when nothing was. What is written by then stays written when a later part
/// fails, and is in no report of this run but in the audit log.
///
/// # Errors
/// [`FlowError`] of the database.
pub async fn run(cx: &Context, actor: &str) -> Result<Option<Report>, FlowError> {
    let (mut partners, mut documents) = (0, 0);
    for file in plan(cx).await?.files {
        if let Some(erased) = erase_file(cx, actor, file.partner_id).await? {
            partners += 1;
            documents += i64::try_from(erased).unwrap_or(i64::MAX);
        }
    }
    let erased = erase_payments(cx).await?;
    let applications = erase_applications(cx, actor).await?;
    if partners == 0 && erased.payments == 0 && applications == 0 {
        return Ok(None);
    }
    let report = Report {
        id: uuid::Uuid::now_v7().to_string(),
        at: cx.now(),
        actor: actor.into(),
        partners,
        documents,
        payments: erased.payments,
        mails: erased.mails,
        consents: erased.consents,
        applications,
    };
    keep(cx, report.clone()).await?;
    Ok(Some(report))
}

async fn erase_file(cx: &Context, actor: &str, partner_id: String) -> Result<Option<usize>, FlowError> {
    let (now, actor) = (cx.now(), actor.to_owned());
    let erased = cx.db.write(move |a| {
        let erased = files::erase(a, &partner_id, now)?;
        if let Some(documents) = erased {
            let detail = format!("{documents} documents");
            audit::add(a, now, &actor, "onboarding_file_erased", Some(&partner_id), Some(&detail))?;
        }
        Ok(erased)
    });
    Ok(erased.await?)
}

async fn erase_applications(cx: &Context, actor: &str) -> Result<i64, FlowError> {
    let mut all = 0;
    loop {
        let (now, actor) = (cx.now(), actor.to_owned());
        let page = cx.db.write(move |a| {
            let mut erased = 0;
            for id in applications::to_erase(a, now)? {
                if applications::erase(a, &id, now)? {
                    audit::add(a, now, &actor, "application_erased", Some(&id), None)?;
                    erased += 1;
                }
            }
            Ok(erased)
        });
        match page.await? {
            0 => return Ok(all),
            erased => all += erased,
        }
    }
}

/// Erases page by page, so that nobody waits long for the one writer.
async fn erase_payments(cx: &Context) -> Result<Erased, FlowError> {
    let (now, before) = (cx.now(), payments_before(cx));
    let mut all = Erased::default();
    loop {
        let page = cx.db.write(move |a| {
            let mut done = Erased::default();
            for id in erasure::to_erase(a, before, AT_ONCE)? {
                done = done.and(erasure::erase(a, id, Scope::All, Because::Retention, now)?);
            }
            Ok(done)
        });
        let done = page.await?;
        // None: nothing is left that can be erased.
        if done.payments == 0 {
            return Ok(all);
        }
        all = all.and(done);
    }
}

async fn keep(cx: &Context, report: Report) -> Result<(), FlowError> {
    let about = ComplianceMail::Erased {
        partners: report.partners,
        documents: report.documents,
        payments: report.payments,
        applications: report.applications,
    };
    let mail = renewals::message(cx, "retention_report", &format!("retention.{}", report.id), &about)?;
    let written = cx.db.write(move |a| {
        erasure::add_report(a, &report)?;
        if let Some(mail) = &mail {
            outbox::add_about(a, None, mail, report.at)?;
        }
        let detail = format!(
            "{} files, {} documents, {} payments, {} mails, {} consents, {} applications",
            report.partners, report.documents, report.payments, report.mails, report.consents, report.applications
        );
        audit::add(a, report.at, &report.actor, "retention_run", Some(&report.id), Some(&detail))
    });
    Ok(written.await?)
}

/// The newest reports.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn reports(cx: &Context) -> Result<Vec<Report>, FlowError> {
    Ok(cx.db.read(erasure::reports).await?)
}

/// Once a day, on one node: reminds of renewals, looks again which files are complete, erases what is due, and forgets
/// whom gathered data was about that nobody fetched any more.
///
/// # Errors
/// [`FlowError`] of the database; what was not done is done on the next day.
pub async fn daily(cx: &Context) -> Result<(), FlowError> {
    let day = onboarding::day_of(cx.now()).to_string();
    let today = day.clone();
    if cx
        .db
        .read(move |a| erasure::last_day(a, DAILY))
        .await?
        .is_some_and(|last| last >= today)
    {
        return Ok(());
    }
    if !cx.db.write(move |a| erasure::take_day(a, DAILY, &day)).await? {
        return Ok(());
    }
    renewals::remind(cx).await?;
    onboarding::look_again(cx).await?;
    forget_old_exports(cx).await?;
    count_bank_calls::forget_old(cx).await?;
    super::reconcile::erase_old(cx, payments_before(cx)).await?;
    run(cx, "clock").await.map(drop)
}

async fn forget_old_exports(cx: &Context) -> Result<(), FlowError> {
    let before = cx.now() - chrono::Duration::days(EXPORT_DAYS);
    let stale = cx.db.read(move |a| payer_requests::stale(a, before)).await?;
    if !stale.is_empty() {
        cx.db
            .write(move |a| stale.iter().try_for_each(|id| payer_requests::forget(a, id)))
            .await?;
    }
    Ok(())
}

/// When the law no longer asks for a payment that ended then.
#[must_use]
pub fn payment_kept_until(cx: &Context, ended_at: Timestamp) -> Timestamp {
    years_after(ended_at, cx.rules.keeping.payments_years)
}
