//! What waits for people, for the first page: proposals to decide, applications, files to renew, and certificates about
//! to end. Each user sees what the table of routes lets the role open.

use super::gate::SignedIn;
use super::partners::address;
use super::partners::texts::{PartnerTexts, days};
use super::proposals::texts::ProposalTexts;
use super::proposals::{self as pages, ProposalLine};
use super::roles::Route;
use crate::clock::Timestamp;
use crate::flow::onboarding::{day_of, renewals};
use crate::payment::Language;
use crate::store::{applications, onboarding, partner_certificates, partners, proposals};
use crate::web::hosted_page::texts::catalogue;
use crate::web::{PageError, Site};
use chrono::Duration;

/// Lines of a kind on the first page; the others are on their own.
const MOST: usize = 5;
/// Days before a certificate's end from which on it is named here.
const CERTIFICATE_DAYS: i64 = 30;

catalogue! {
    /// The texts of what waits.
    WaitingTexts {
        certificate: "certificatul", "certificate";
        renewal: "reînnoirea dosarului", "renewal of the file";
        applications: "Cereri de înscriere noi sau în verificare", "Applications that are new or in review";
        more: "și altele", "and more";
        due_today: "astăzi", "today";
        overdue: "termen depășit", "overdue";
        ended: "a expirat", "has expired";
        within: "mai sunt", "left:";
    }
}

/// Something of a partner that ends.
#[derive(Clone, Debug)]
pub struct EndingItem {
    /// Where it is mended.
    pub href: String,
    /// The partner's name.
    pub partner: String,
    /// What ends.
    pub what: &'static str,
    /// When, in words.
    pub when: String,
    /// Whether it has ended, or ends within a week.
    pub is_urgent: bool,
}

/// What waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The heading.
    pub heading: &'static str,
    /// Before the day on which a proposal expires.
    pub until: &'static str,
    /// The texts.
    pub t: &'static WaitingTexts,
    /// The oldest proposals that wait for a decision.
    pub proposals: Vec<ProposalLine>,
    /// Certificates that end within 30 days, and files to renew within 60, the first to end first.
    pub ending: Vec<EndingItem>,
    /// Pages of those that are not named here.
    pub more: Vec<&'static str>,
    /// Applications that wait for us.
    pub applications: i64,
}

/// What is read of partners.
type Ends = Vec<(String, String, Timestamp)>;

impl Waiting {
    /// Nothing.
    #[must_use]
    pub const fn none(language: Language) -> Self {
        Self {
            heading: ProposalTexts::of(language).waiting,
            until: PartnerTexts::of(language).until,
            t: WaitingTexts::of(language),
            proposals: Vec::new(),
            ending: Vec::new(),
            more: Vec::new(),
            applications: 0,
        }
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.proposals.is_empty() && self.ending.is_empty() && self.applications == 0
    }

    /// What waits now.
    ///
    /// # Errors
    /// The page of a database error.
    pub async fn read(site: &Site, user: &SignedIn) -> Result<Self, PageError> {
        let now = site.cx.now();
        let (sees_files, sees_applications) = (Route::Onboarding.allows(user.role), Route::TakeApplication.allows(user.role));
        let read = site.cx.db.read(move |a| {
            let certificates = partner_certificates::ending(a, now + Duration::days(CERTIFICATE_DAYS))?;
            let certificates: Ends = certificates
                .into_iter()
                .map(|(certificate, partner)| (certificate.partner_id, partner, certificate.not_after))
                .collect();
            let mut files = Ends::new();
            if sees_files {
                for (id, due) in onboarding::to_renew(a, now + Duration::days(renewals::STEPS[0]))? {
                    let name = partners::get(a, &id)?.map(|p| p.name).unwrap_or_default();
                    files.push((id, name, due));
                }
            }
            let applications = if sees_applications {
                applications::count_waiting(a, None)?
            } else {
                0
            };
            Ok((proposals::open(a, now)?, certificates, files, applications))
        });
        let (mut open, certificates, files, applications) = read.await.map_err(|e| user.failed(site, e))?;
        let mut more = Vec::new();
        for (route, count) in [
            (Route::Proposals, open.len()),
            (Route::Partners, certificates.len()),
            (Route::Onboardings, files.len()),
        ] {
            if count > MOST {
                more.push(route.path());
            }
        }
        open.truncate(MOST);
        let none = Self::none(user.language);
        let mut ending: Vec<(Timestamp, EndingItem)> = Vec::new();
        for (what, page, ends) in [
            (none.t.certificate, Route::Partner, certificates),
            (none.t.renewal, Route::Onboarding, files),
        ] {
            for (id, partner, at) in ends.into_iter().take(MOST) {
                let (when, is_urgent) = words(none.t, user.language, page, at, now);
                let item = EndingItem {
                    href: address(page, &id),
                    partner,
                    what,
                    when,
                    is_urgent,
                };
                ending.push((at, item));
            }
        }
        ending.sort_by_key(|(at, _)| *at);
        Ok(Self {
            proposals: pages::lines(site, user, open).await?,
            ending: ending.into_iter().map(|(_, item)| item).collect(),
            more,
            applications,
            ..none
        })
    }
}

/// When something ends, in words, and whether that is urgent. A file is due by its day, a certificate by its moment.
fn words(t: &WaitingTexts, language: Language, page: Route, at: Timestamp, now: Timestamp) -> (String, bool) {
    let left = (day_of(at) - day_of(now)).num_days();
    let text = match left {
        _ if page == Route::Partner && at <= now => t.ended.to_owned(),
        ..0 => t.overdue.to_owned(),
        0 => t.due_today.to_owned(),
        left => format!("{} {}", t.within, days(language, left)),
    };
    (text, left < 7)
}
