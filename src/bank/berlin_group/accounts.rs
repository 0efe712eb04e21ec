//! Account information and funds confirmation under a consent (NextGenPSD2 1.3.x sections 6.5 and 10).

use super::BerlinGroup;
use super::account_wire::{self, Element};
use super::consent::ConsentTurn;
use super::wire::is_bank_id;
use crate::bank::accounts::{
    Account, AccountInformation, Balance, Beneficiary, BookingStatus, ConsentAnswer, ConsentKind, ConsentRequest, ConsentSession,
    FundsConfirmation, Page, Read, StatementFile, StatementQuery, Transaction, TransactionQuery,
};
use crate::bank::http::Body;
use crate::bank::{BankError, PsuContext, PsuReply};
use crate::payment::{Amount, Iban};
use reqwest::Method;
use url::{Url, form_urlencoded};

const ACCOUNTS: &str = "accounts";

impl AccountInformation for BerlinGroup {
    async fn request_consent(&self, wanted: &ConsentRequest, psu: &PsuContext) -> Result<ConsentAnswer, BankError> {
        // Funds are confirmed to the token of an account consent (PIIS by the AISP's own token).
        if wanted.kind == ConsentKind::Funds && !self.protocol.funds {
            return Err(BankError::Unsupported);
        }
        self.ask_for_consent(wanted, psu).await
    }

    async fn reply_to_consent(&self, session: &ConsentSession, reply: &PsuReply) -> Result<ConsentAnswer, BankError> {
        ConsentTurn::new(self, session)?.answered(reply).await
    }

    async fn ask_consent(&self, session: &ConsentSession) -> Result<ConsentAnswer, BankError> {
        ConsentTurn::new(self, session)?.ask().await
    }

    async fn revoke_consent(&self, session: &ConsentSession) -> Result<ConsentAnswer, BankError> {
        ConsentTurn::new(self, session)?.revoke().await
    }

    async fn accounts(&self, session: &ConsentSession, page: Option<&str>) -> Read<Page<Account>> {
        let url = self.below_accounts(&[]).and_then(|url| with_page(url, page));
        self.read(session, "accounts", url, account_wire::accounts).await
    }

    async fn account(&self, session: &ConsentSession, account: &str) -> Read<Account> {
        let url = self.below_accounts(&[account]);
        self.read(session, "account", url, |body| account_wire::account(body, account))
            .await
    }

    async fn balances(&self, session: &ConsentSession, account: &str) -> Read<Vec<Balance>> {
        let url = self.below_accounts(&[account, "balances"]);
        self.read(session, "balances", url, account_wire::balances).await
    }

    async fn transactions(&self, session: &ConsentSession, account: &str, query: &TransactionQuery) -> Read<Page<Transaction>> {
        let url = self
            .below_accounts(&[account, "transactions"])
            .and_then(|url| with_query(url, query));
        self.read(session, "transactions", url, account_wire::transactions).await
    }

    async fn transaction(&self, session: &ConsentSession, account: &str, transaction: &str) -> Read<Transaction> {
        let url = self.below_accounts(&[account, "transactions", transaction]);
        self.read(session, "transaction", url, account_wire::transaction).await
    }

    async fn identity(&self, session: &ConsentSession) -> Read<String> {
        not_offered(session)
    }

    async fn trusted_beneficiaries(&self, session: &ConsentSession, _page: Option<&str>) -> Read<Page<Beneficiary>> {
        not_offered(session)
    }

    async fn statement(&self, session: &ConsentSession, _account: &str, _query: &StatementQuery) -> Read<StatementFile> {
        not_offered(session)
    }
}

impl FundsConfirmation for BerlinGroup {
    async fn confirm_funds(&self, session: &ConsentSession, account: &Iban, amount: &Amount) -> Read<bool> {
        if !self.protocol.funds {
            return not_offered(session);
        }
        let body = account_wire::funds(account, amount).map(Body::Json);
        let url = self.addresses.resource(&["funds-confirmations"]);
        self.ask_bank(session, "confirm_funds", body.map(|body| (Method::POST, url, body)), |body| {
            Element::read(body)?.truth("fundsAvailable")
        })
        .await
    }
}

fn not_offered<T>(session: &ConsentSession) -> Read<T> {
    Read {
        result: Err(BankError::Unsupported),
        session: session.clone(),
    }
}

impl BerlinGroup {
    /// An address below the accounts. Ids come back from callers: what cannot be one of the bank's is refused here.
    fn below_accounts(&self, ids: &[&str]) -> Result<Url, BankError> {
        if !ids.iter().all(|id| is_bank_id(id)) {
            return Err(BankError::Unsupported);
        }
        Ok(self.addresses.resource(&[&[ACCOUNTS], ids].concat()))
    }

    async fn read<T>(
        &self,
        session: &ConsentSession,
        operation: &'static str,
        url: Result<Url, BankError>,
        parse: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Read<T> {
        let call = url.map(|url| (Method::GET, url, Body::Empty));
        self.ask_bank(session, operation, call, parse).await
    }

    async fn ask_bank<T>(
        &self,
        session: &ConsentSession,
        operation: &'static str,
        call: Result<(Method, Url, Body), BankError>,
        parse: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Read<T> {
        let opened = call.and_then(|call| Ok((call, ConsentTurn::new(self, session)?)));
        let ((method, url, body), mut turn) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                return Read {
                    result: Err(error),
                    session: session.clone(),
                };
            }
        };
        let unreadable = || BankError::Unknown(format!("the answer to {operation} is unreadable"));
        let reply = turn.call(operation, method, url, body).await;
        Read {
            result: reply.and_then(|reply| parse(&reply.body).ok_or_else(unreadable)),
            session: turn.close(),
        }
    }
}

/// The address of a part of a list. What comes back from callers goes into the query only, encoded anew.
fn with_page(mut url: Url, page: Option<&str>) -> Result<Url, BankError> {
    if let Some(page) = page {
        if !account_wire::is_page(page) {
            return Err(BankError::Unsupported);
        }
        url.query_pairs_mut().extend_pairs(form_urlencoded::parse(page.as_bytes()));
    }
    Ok(url)
}

fn with_query(url: Url, query: &TransactionQuery) -> Result<Url, BankError> {
    let mut url = with_page(url, query.page.as_deref())?;
    let status = match query.booking_status {
        BookingStatus::Booked => "booked",
        BookingStatus::Pending => "pending",
        BookingStatus::Both => "both",
    };
    let dates = [("dateFrom", query.date_from), ("dateTo", query.date_to)];
    let dates = dates.into_iter().filter_map(|(name, day)| Some((name, day?.to_string())));
    let wanted: Vec<_> = std::iter::once(("bookingStatus", status.to_owned())).chain(dates).collect();
    for (name, value) in wanted {
        // The bank's own link says it too, where it made one.
        if !url.query_pairs().any(|(there, _)| there == name) {
            url.query_pairs_mut().append_pair(name, &value);
        }
    }
    Ok(url)
}
