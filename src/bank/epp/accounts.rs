//! Account information with the service account: accounts, balances as given, statements. The bank has no call for
//! transactions; they are in the statements.

use super::desk::{Ask, Desk};
use super::{Epp, REQUEST_IDS, wire};
use crate::bank::accounts::{
    Account, AccountInformation, Balance, Beneficiary, ConsentAnswer, ConsentRequest, ConsentSession, ConsentVerdict, FundsConfirmation,
    Money, Page, Read, StatementFile, StatementFormat, StatementQuery, Transaction, TransactionQuery,
};
use crate::bank::http::{Body, Call, MAX_ANSWER_BYTES, Reply};
use crate::bank::{BankError, PsuContext, PsuReply};
use crate::payment::{Amount, Iban};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, REFERER};
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// Accounts asked for at a time.
const PER_PAGE: usize = 50;
/// Largest statement read, in bytes.
const MAX_STATEMENT_BYTES: usize = 16 * MAX_ANSWER_BYTES;
/// How often it makes sense to ask whether the credentials are still there.
const RARELY: Duration = Duration::from_secs(3600);

/// One use of a consent: a working copy of its session.
struct Use<'a> {
    bank: &'a Epp,
    desk: Desk<'a>,
    session: ConsentSession,
}

impl<'a> Use<'a> {
    /// The partner whose service account it is stands in the state.
    fn of(bank: &'a Epp, session: &ConsentSession) -> Self {
        let partner = session.state.get("partner").and_then(Value::as_str).unwrap_or_default();
        Self {
            bank,
            desk: Desk::new(bank, partner),
            session: session.clone(),
        }
    }

    fn request_id(&mut self, operation: &str) -> Uuid {
        let number = self.session.calls;
        self.session.calls = number.saturating_add(1);
        Uuid::new_v5(&REQUEST_IDS, format!("{}/{operation}/{number}", self.session.consent).as_bytes())
    }

    async fn get(&mut self, operation: &'static str, path: &[&str], query: &[(&str, &str)]) -> Result<Value, BankError> {
        let mut url = self.bank.address(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let ask = Ask {
            operation,
            request_id: self.request_id(operation),
            method: Method::GET,
            url,
            body: Body::Empty,
        };
        let answered = self.desk.call(ask).await?;
        match answered.error {
            Some(error) => Err(super::desk::refused(error)),
            None => Ok(answered.payload),
        }
    }

    async fn accounts(&mut self, page: Option<&str>) -> Result<Page<Account>, BankError> {
        let number: u32 = page.unwrap_or("1").parse().map_err(|_| BankError::Unsupported)?;
        let (per_page, asked) = (PER_PAGE.to_string(), number.to_string());
        let query = [("PerPage", per_page.as_str()), ("Page", asked.as_str()), ("SortBy", "Number")];
        let payload = self.get("accounts", &["bank-accounts"], &query).await?;
        let items = wire::items(&payload).ok_or_else(unreadable)?;
        Ok(Page {
            items: items.iter().take(PER_PAGE).filter_map(account).collect(),
            next: is_followed(&payload, items.len(), number).then(|| number.saturating_add(1).to_string()),
        })
    }

    async fn account(&mut self, id: &str) -> Result<Account, BankError> {
        let payload = self.get("account", &["bank-accounts", number(id)?], &[]).await?;
        account(&payload).ok_or_else(unreadable)
    }

    async fn statement(&mut self, id: &str, query: &StatementQuery) -> Result<StatementFile, BankError> {
        let number = number(id)?;
        let gone = |result: &Result<StatementFile, BankError>| matches!(result, Err(BankError::Refused { status: 410, .. }));
        let mut result = self.download(number, query).await;
        if gone(&result) {
            // The link was good for a minute, and that is over.
            result = self.download(number, query).await;
        }
        if gone(&result) {
            return Err(BankError::Unknown("the link to the statement was gone twice".to_owned()));
        }
        result
    }

    /// Asks for a link and follows it at once: it is good for 60 seconds, from the same address, with a `Referer`.
    async fn download(&mut self, number: &str, query: &StatementQuery) -> Result<StatementFile, BankError> {
        let date = query.date.to_string();
        let asked = [
            ("type", if query.special { "specialStatement" } else { "statement" }),
            ("format", format_word(query.format)),
            ("date", date.as_str()),
        ];
        let payload = self
            .get("statement_url", &["bank-accounts", number, "statement-url"], &asked)
            .await?;
        let url = self
            .link(&payload)
            .ok_or_else(|| BankError::Unknown("the bank gave no usable link".to_owned()))?;
        let mut referer = self.bank.base.clone();
        if !referer.path().ends_with('/') {
            referer.set_path(&format!("{}/", referer.path()));
        }
        let referer = HeaderValue::from_str(referer.as_str()).map_err(|_| BankError::Unsupported)?;
        let call = Call {
            bank: &self.bank.code,
            operation: "statement",
            request_id: self.request_id("statement"),
            method: Method::GET,
            url,
            headers: HeaderMap::from_iter([(REFERER, referer)]),
            body: Body::Empty,
            max_answer_bytes: MAX_STATEMENT_BYTES,
        };
        Ok(file(self.bank.http.call(call).await?, query.format))
    }

    /// A link to the bank's own host only: nothing else is ever called.
    fn link(&self, payload: &Value) -> Option<Url> {
        let text = match payload {
            Value::String(text) => text.as_str(),
            other => ["url", "statementUrl", "link"]
                .into_iter()
                .find_map(|name| other.get(name)?.as_str())?,
        };
        let url = self.bank.base.join(text).ok()?;
        (url.origin() == self.bank.base.origin() && url.username().is_empty() && url.password().is_none()).then_some(url)
    }
}

/// Whether a page of a list is not the last. The bank may give fewer than it was asked for; then it says how many
/// there are in all, and how many it gives at a time.
fn is_followed(payload: &Value, count: usize, page: u32) -> bool {
    let told = |name: &str| payload.get(name).and_then(Value::as_u64);
    match (told("totalCount"), told("perPage")) {
        (Some(total), Some(per_page)) => count > 0 && u64::from(page).saturating_mul(per_page) < total,
        _ => count >= PER_PAGE,
    }
}

fn unreadable() -> BankError {
    BankError::Unknown("the answer about accounts is unreadable".to_owned())
}

/// The number of an account in addresses: the 13 digits in its middle.
fn number(id: &str) -> Result<&str, BankError> {
    let good = id.len() == 13 && id.bytes().all(|b| b.is_ascii_digit());
    if good { Ok(id) } else { Err(BankError::Unsupported) }
}

const fn format_word(format: StatementFormat) -> &'static str {
    match format {
        StatementFormat::Pdf => "PDF",
        StatementFormat::Xml => "XML",
        StatementFormat::Json => "JSON",
    }
}

fn file(reply: Reply, format: StatementFormat) -> StatementFile {
    let told = reply.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let by_format = match format {
        StatementFormat::Pdf => "application/pdf",
        StatementFormat::Xml => "application/xml",
        StatementFormat::Json => "application/json",
    };
    StatementFile {
        media_type: told.unwrap_or(by_format).to_owned(),
        bytes: reply.body,
    }
}

/// An account: its number is the first text that is a Serbian one.
fn account(item: &Value) -> Option<Account> {
    let texts = ["bankAccount", "accountNumber", "bankAccountNumber", "number", "iban"];
    let iban = texts.into_iter().find_map(|name| {
        Iban::parse(item.get(name)?.as_str()?)
            .ok()
            .filter(|i| i.serbian_account().is_some())
    })?;
    let id = iban.serbian_account()?[3..16].to_owned();
    let currency = wire::text(item, "currency").filter(|c| c.len() == 3 && c.bytes().all(|b| b.is_ascii_uppercase()));
    let currency = currency.unwrap_or_else(|| "RSD".to_owned());
    let at = wire::text(item, "balanceDate");
    let balances = item
        .as_object()?
        .iter()
        .filter(|(name, _)| name.to_ascii_lowercase().ends_with("balance"));
    let balances = balances.filter_map(|(name, value)| {
        Some(Balance {
            kind: name.chars().take(35).collect(),
            amount: Money {
                hundredths: hundredths(value)?,
                currency: currency.clone(),
            },
            at: at.clone(),
        })
    });
    Some(Account {
        id,
        balances: balances.collect(),
        iban: Some(iban),
        name: wire::text(item, "name"),
        status: wire::text(item, "status"),
        currency,
    })
}

/// A decimal number, as a number or a text, without going through a float.
fn hundredths(value: &Value) -> Option<i64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || !plain(whole) || !plain(rest) || rest.len() > 2 {
        return None;
    }
    let hundredths: i64 = format!("{whole}{rest:0<2}").parse().ok()?;
    Some(sign * hundredths)
}

fn unsupported<T>(session: &ConsentSession) -> Read<T> {
    Read {
        result: Err(BankError::Unsupported),
        session: session.clone(),
    }
}

fn answer(verdict: ConsentVerdict, word: &str, session: ConsentSession) -> ConsentAnswer {
    ConsentAnswer {
        verdict,
        bank_word: word.to_owned(),
        session,
        valid_until: None,
        ask_again_after: RARELY,
    }
}

impl AccountInformation for Epp {
    /// A service account is the consent: it is good as long as the operator's credentials are there.
    async fn request_consent(&self, wanted: &ConsentRequest, _: &PsuContext) -> Result<ConsentAnswer, BankError> {
        let session = ConsentSession {
            consent: wanted.consent,
            calls: 0,
            bank_consent_id: None,
            state: json!({ "partner": wanted.partner }),
        };
        if Use::of(self, &session).desk.has_login().await? {
            Ok(answer(ConsentVerdict::Valid, "valid", session))
        } else {
            Err(BankError::Unsupported)
        }
    }

    async fn reply_to_consent(&self, _: &ConsentSession, _: &PsuReply) -> Result<ConsentAnswer, BankError> {
        Err(BankError::Unsupported)
    }

    async fn ask_consent(&self, session: &ConsentSession) -> Result<ConsentAnswer, BankError> {
        let there = Use::of(self, session).desk.has_login().await?;
        let (verdict, word) = if there {
            (ConsentVerdict::Valid, "valid")
        } else {
            (ConsentVerdict::Ended, "ended")
        };
        Ok(answer(verdict, word, session.clone()))
    }

    async fn revoke_consent(&self, _: &ConsentSession) -> Result<ConsentAnswer, BankError> {
        Err(BankError::Unsupported)
    }

    async fn accounts(&self, session: &ConsentSession, page: Option<&str>) -> Read<Page<Account>> {
        let mut one = Use::of(self, session);
        let result = one.accounts(page).await;
        Read {
            result,
            session: one.session,
        }
    }

    async fn account(&self, session: &ConsentSession, account: &str) -> Read<Account> {
        let mut one = Use::of(self, session);
        let result = one.account(account).await;
        Read {
            result,
            session: one.session,
        }
    }

    async fn balances(&self, session: &ConsentSession, account: &str) -> Read<Vec<Balance>> {
        let read = AccountInformation::account(self, session, account).await;
        Read {
            result: read.result.map(|account| account.balances),
            session: read.session,
        }
    }

    async fn transactions(&self, session: &ConsentSession, _: &str, _: &TransactionQuery) -> Read<Page<Transaction>> {
        unsupported(session)
    }

    async fn transaction(&self, session: &ConsentSession, _: &str, _: &str) -> Read<Transaction> {
        unsupported(session)
    }

    async fn identity(&self, session: &ConsentSession) -> Read<String> {
        unsupported(session)
    }

    async fn trusted_beneficiaries(&self, session: &ConsentSession, _: Option<&str>) -> Read<Page<Beneficiary>> {
        unsupported(session)
    }

    async fn statement(&self, session: &ConsentSession, account: &str, query: &StatementQuery) -> Read<StatementFile> {
        let mut one = Use::of(self, session);
        let result = one.statement(account, query).await;
        Read {
            result,
            session: one.session,
        }
    }
}

impl FundsConfirmation for Epp {
    async fn confirm_funds(&self, session: &ConsentSession, _: &Iban, _: &Amount) -> Read<bool> {
        unsupported(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_read_without_a_float() {
        for (value, minor) in [
            (json!(1234.56), Some(123_456)),
            (json!(-0.5), Some(-50)),
            (json!(7), Some(700)),
            (json!("1234.50"), Some(123_450)),
            (json!("1.234"), None),
            (json!("1,5"), None),
            (json!(1e30), None),
            (json!(null), None),
            (json!("--5"), None),
        ] {
            assert_eq!(hundredths(&value), minor, "{value}");
        }
    }

    #[test]
    fn a_list_goes_on_for_as_long_as_the_bank_says() {
        let is = |payload: Value, count, page| is_followed(&payload, count, page);
        assert!(is(json!({"totalCount": 45, "perPage": 20}), 20, 2) && !is(json!({"totalCount": 45, "perPage": 20}), 5, 3));
        assert!(!is(json!({"totalCount": 40, "perPage": 20}), 20, 2) && !is(json!({"totalCount": 99, "perPage": 20}), 0, 2));
        assert!(is(json!([]), PER_PAGE, 1) && !is(json!({"totalCount": 99}), PER_PAGE - 1, 1));
    }

    #[test]
    fn an_account_has_the_number_and_every_balance_that_was_given() {
        let item = json!({"bankAccount": "840-742221843-57", "name": "Opština", "balance": 12.5, "availableBalance": "10.00", "balanceDate": "2026-11-21"});
        let read = account(&item).unwrap();
        assert_eq!((read.id.as_str(), read.currency.as_str()), ("0000742221843", "RSD"));
        let kinds: Vec<_> = read.balances.iter().map(|b| (b.kind.as_str(), b.amount.hundredths)).collect();
        assert_eq!(kinds, [("availableBalance", 1_000), ("balance", 1_250)]);
        assert_eq!(
            account(&json!({"number": "0000742221843"})),
            None,
            "no number by which money could be sent"
        );
    }
}
