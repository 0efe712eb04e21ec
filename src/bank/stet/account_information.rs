//! Account information at a STET bank (PSD2 Art. 67): consents, accounts, balances, transactions, the PSU's name and
//! trusted beneficiaries.

use super::account_reading as reading;
use super::address::{is_bank_id, is_page};
use super::consent::{Consent, using};
use super::{Stet, unknown};
use crate::bank::accounts::{
    Account, AccountInformation, Balance, Beneficiary, BookingStatus, ConsentAnswer, ConsentKind, ConsentRequest, ConsentSession, Page,
    Read, StatementFile, StatementQuery, Transaction, TransactionQuery,
};
use crate::bank::{BankError, PsuContext, PsuReply};
use chrono::{Days, NaiveDate};
use serde_json::Value;
use url::Url;

/// Most pages looked through for one account.
const MAX_PAGES: usize = 20;

impl Stet {
    async fn read<T>(
        &self,
        session: &ConsentSession,
        operation: &'static str,
        url: Result<Url, BankError>,
        read: impl FnOnce(Option<Value>, &Url) -> Option<T>,
    ) -> Read<T> {
        using(self, session, ConsentKind::Accounts, async |consent| {
            let url = url?;
            let body = consent.get(operation, url.clone()).await?;
            read(body, &url).ok_or_else(|| unknown("the answer is unreadable"))
        })
        .await
    }

    /// A list, or a later page of it. `page` is a stranger's: it becomes a query and nothing else.
    fn list(&self, segments: &[&str], page: Option<&str>) -> Result<Url, BankError> {
        if segments.iter().any(|s| !is_bank_id(s)) || page.is_some_and(|p| !is_page(p)) {
            return Err(BankError::Unsupported);
        }
        let mut url = self.addresses.api(segments);
        url.set_query(page);
        Ok(url)
    }
}

fn nothing<T>() -> Page<T> {
    Page {
        items: Vec::new(),
        next: None,
    }
}

fn at_midnight(day: NaiveDate) -> String {
    format!("{}T00:00:00Z", day.format("%Y-%m-%d"))
}

/// The days of a first page; a later one has them from the bank. STET's upper limit is exclusive.
fn with_days(mut url: Url, query: &TransactionQuery) -> Url {
    if query.page.is_some() {
        return url;
    }
    let until = query.date_to.and_then(|day| day.checked_add_days(Days::new(1)));
    let days = [("dateFrom", query.date_from), ("dateTo", until)];
    let days = days.into_iter().filter_map(|(name, day)| Some((name, at_midnight(day?))));
    if query.date_from.is_some() || until.is_some() {
        url.query_pairs_mut().extend_pairs(days);
    }
    url
}

impl AccountInformation for Stet {
    async fn request_consent(&self, wanted: &ConsentRequest, psu: &PsuContext) -> Result<ConsentAnswer, BankError> {
        Consent::request(self, wanted, psu)
    }

    async fn reply_to_consent(&self, session: &ConsentSession, reply: &PsuReply) -> Result<ConsentAnswer, BankError> {
        Consent::open(self, session)?.reply(reply).await
    }

    async fn ask_consent(&self, session: &ConsentSession) -> Result<ConsentAnswer, BankError> {
        Consent::open(self, session)?.ask().await
    }

    async fn revoke_consent(&self, session: &ConsentSession) -> Result<ConsentAnswer, BankError> {
        Consent::open(self, session)?.revoke().await
    }

    async fn accounts(&self, session: &ConsentSession, page: Option<&str>) -> Read<Page<Account>> {
        let url = self.list(&["accounts"], page);
        self.read(session, "accounts", url, |body, url| match body {
            Some(body) => reading::accounts(&body, url),
            None => Some(nothing()),
        })
        .await
    }

    /// STET has no call for one account: it is looked up in the list.
    async fn account(&self, session: &ConsentSession, account: &str) -> Read<Account> {
        using(self, session, ConsentKind::Accounts, async |consent| {
            let mut url = self.list(&["accounts"], None)?;
            for _ in 0..MAX_PAGES {
                let Some(body) = consent.get("accounts", url.clone()).await? else {
                    break;
                };
                let page = reading::accounts(&body, &url).ok_or_else(|| unknown("the answer is unreadable"))?;
                if let Some(found) = page.items.into_iter().find(|a| a.id == account) {
                    return Ok(found);
                }
                let Some(next) = page.next else { break };
                url.set_query(Some(&next));
            }
            Err(BankError::Refused {
                status: 404,
                code: String::new(),
                text: String::new(),
                retry_after_s: None,
            })
        })
        .await
    }

    async fn balances(&self, session: &ConsentSession, account: &str) -> Read<Vec<Balance>> {
        let url = self.list(&["accounts", account, "balances"], None);
        self.read(session, "balances", url, |body, _| match body {
            Some(body) => reading::balances(&body),
            None => Some(Vec::new()),
        })
        .await
    }

    /// The bank lists booked and pending ones together: those not asked for are left out here.
    async fn transactions(&self, session: &ConsentSession, account: &str, query: &TransactionQuery) -> Read<Page<Transaction>> {
        let url = self.list(&["accounts", account, "transactions"], query.page.as_deref());
        let url = url.map(|url| with_days(url, query));
        let wanted = query.booking_status;
        self.read(session, "transactions", url, |body, url| {
            let Some(body) = body else { return Some(nothing()) };
            let mut page = reading::transactions(&body, url)?;
            page.items.retain(|t| match wanted {
                BookingStatus::Booked => t.booked,
                BookingStatus::Pending => !t.booked,
                BookingStatus::Both => true,
            });
            Some(page)
        })
        .await
    }

    /// STET banks tell all there is in the list.
    async fn transaction(&self, session: &ConsentSession, _account: &str, _transaction: &str) -> Read<Transaction> {
        unsupported(session)
    }

    async fn identity(&self, session: &ConsentSession) -> Read<String> {
        let url = self.list(&["end-user-identity"], None);
        self.read(session, "end_user_identity", url, |body, _| reading::identity(&body?))
            .await
    }

    async fn trusted_beneficiaries(&self, session: &ConsentSession, page: Option<&str>) -> Read<Page<Beneficiary>> {
        let url = self.list(&["trusted-beneficiaries"], page);
        self.read(session, "trusted_beneficiaries", url, |body, url| match body {
            Some(body) => reading::beneficiaries(&body, url),
            None => Some(nothing()),
        })
        .await
    }

    async fn statement(&self, session: &ConsentSession, _account: &str, _query: &StatementQuery) -> Read<StatementFile> {
        unsupported(session)
    }
}

fn unsupported<T>(session: &ConsentSession) -> Read<T> {
    Read {
        result: Err(BankError::Unsupported),
        session: session.clone(),
    }
}
