//! What waits for people, for the first page: proposals to decide, and certificates about to end.

use super::gate::SignedIn;
use super::partners::texts::PartnerTexts;
use super::proposals::texts::ProposalTexts;
use super::proposals::{self as pages, ProposalLine};
use crate::payment::Language;
use crate::store::{partner_certificates, proposals};
use crate::web::{PageError, Site};
use chrono::Duration;

/// Proposals named on the first page; the others are on their own.
const MOST: usize = 5;

/// What waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The texts.
    pub t: WaitingTexts,
    /// The oldest proposals that wait for a decision.
    pub proposals: Vec<ProposalLine>,
    /// Certificates that end within 30 days.
    pub ending: usize,
}

/// The texts.
#[derive(Clone, Copy, Debug)]
pub struct WaitingTexts {
    /// The heading.
    pub waiting: &'static str,
    /// Before the day on which a proposal expires.
    pub until: &'static str,
    /// Before the number of certificates.
    pub ending: &'static str,
}

impl Waiting {
    /// Nothing.
    #[must_use]
    pub const fn none(language: Language) -> Self {
        let (p, t) = (PartnerTexts::of(language), ProposalTexts::of(language));
        Self {
            t: WaitingTexts {
                waiting: t.waiting,
                until: p.until,
                ending: p.ending,
            },
            proposals: Vec::new(),
            ending: 0,
        }
    }

    /// What waits now.
    ///
    /// # Errors
    /// The page of a database error.
    pub async fn read(site: &Site, user: &SignedIn) -> Result<Self, PageError> {
        let now = site.cx.now();
        let read = site.cx.db.read(move |a| {
            let ending = partner_certificates::ending(a, now + Duration::days(30))?;
            Ok((proposals::open(a, now)?, ending.len()))
        });
        let (mut open, ending) = read.await.map_err(|e| user.failed(site, e))?;
        open.truncate(MOST);
        Ok(Self {
            proposals: pages::lines(site, user, open).await?,
            ending,
            ..Self::none(user.language)
        })
    }
}
