//! The calls that read under a consent.

use super::account_views::{AccountView, BalanceView, BeneficiaryView, TransactionView, split};
use super::consents::authorised;
use super::envelope::success;
use super::input::{self, SMALL_BODY};
use super::reader::{Problems, Reader};
use super::{ApiError, Gateway};
use crate::bank::accounts::{BookingStatus, StatementFormat, StatementQuery, TransactionQuery};
use crate::consent::ConsentId;
use crate::flow::consents::read::{Found, Question, read};
use crate::flow::{FieldProblem, FlowError};
use crate::payment::text::has_forbidden_characters;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

/// Longest id of an account or a transaction, in bytes (ISO 20022 `Max70Text` is what banks use at most).
const MAX_ID_BYTES: usize = 140;
/// Longest text that asks for the next part of a list, in bytes.
const MAX_PAGE_BYTES: usize = 2000;

/// Asks under a consent, to the end even when the partner hangs up: a token may be exchanged on the way.
async fn ask(gateway: &Gateway, id: ConsentId, question: Question) -> Result<Found, ApiError> {
    let cx = gateway.cx.clone();
    let found = gateway.detached.run(async move { Ok(read(&cx, id, question).await) }).await?;
    Ok(found?)
}

/// The bank answered another question.
fn mixed_up() -> ApiError {
    FlowError::Internal("the answer is to another question".into()).into()
}

/// An id of the bank's, as it may stand in a path.
fn bank_id(text: &str) -> Result<String, ApiError> {
    let plain = text.bytes().all(|b| b.is_ascii_graphic()) && !matches!(text, "" | "." | "..");
    if plain && text.len() <= MAX_ID_BYTES {
        Ok(text.to_owned())
    } else {
        Err(ApiError::not_in_consent())
    }
}

/// The query of a call, and what is wrong with it.
struct Query {
    fields: BTreeMap<String, String>,
    problems: Vec<FieldProblem>,
}

impl Query {
    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let mut fields = input::query(request)?;
        fields.retain(|_, value| !value.trim().is_empty());
        Ok(Self {
            fields,
            problems: Vec::new(),
        })
    }

    fn problem<T>(&mut self, field: &str, code: &'static str, message: &str) -> Option<T> {
        self.problems.push(FieldProblem::new(field, code, message));
        None
    }

    fn text(&self, field: &str) -> Option<String> {
        self.fields.get(field).map(|v| v.trim().to_owned())
    }

    fn date(&mut self, field: &str) -> Option<NaiveDate> {
        let text = self.text(field)?;
        let date: Option<NaiveDate> = text.parse().ok().filter(|date: &NaiveDate| date.to_string() == text);
        date.or_else(|| self.problem(field, "INVALID_DATE", "not a date; write it like 2026-12-01"))
    }

    fn page(&mut self) -> Option<String> {
        let page = self.text("page")?;
        if page.len() > MAX_PAGE_BYTES || has_forbidden_characters(&page) {
            return self.problem("page", "NOT_A_PAGE", "must be what nextPage of the answer before said");
        }
        Some(page)
    }

    fn or<T>(self, value: T) -> Result<T, ApiError> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(ApiError::invalid(self.problems))
        }
    }
}

#[derive(Serialize)]
struct Accounts {
    accounts: Vec<AccountView>,
    #[serde(rename = "nextPage")]
    next_page: Option<String>,
}

/// GET accounts.
pub async fn accounts(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let (id, _) = authorised(&gateway, &request, &path).await?;
    let mut query = Query::of(&request)?;
    let page = query.page();
    let Found::Accounts(page) = ask(&gateway, id, Question::Accounts(query.or(page)?)).await? else {
        return Err(mixed_up());
    };
    let (accounts, next_page) = split(page);
    Ok(success(Accounts { accounts, next_page }))
}

#[derive(Serialize)]
struct OneAccount {
    account: AccountView,
}

/// GET accounts/{consent}/{account}.
pub async fn account(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, _) = authorised(&gateway, &request, &path.0).await?;
    let Found::Account(account) = ask(&gateway, id, Question::Account(bank_id(&path.1)?)).await? else {
        return Err(mixed_up());
    };
    Ok(success(OneAccount { account: account.into() }))
}

#[derive(Serialize)]
struct Balances {
    balances: Vec<BalanceView>,
}

/// GET balances.
pub async fn balances(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, _) = authorised(&gateway, &request, &path.0).await?;
    let Found::Balances(balances) = ask(&gateway, id, Question::Balances(bank_id(&path.1)?)).await? else {
        return Err(mixed_up());
    };
    let balances = balances.into_iter().map(Into::into).collect();
    Ok(success(Balances { balances }))
}

#[derive(Serialize)]
struct Transactions {
    transactions: Vec<TransactionView>,
    #[serde(rename = "nextPage")]
    next_page: Option<String>,
}

fn transaction_query(request: &HttpRequest) -> Result<TransactionQuery, ApiError> {
    let mut query = Query::of(request)?;
    let status = query.text("bookingStatus");
    let booking_status = match status.as_deref() {
        None | Some("booked") => BookingStatus::Booked,
        Some("pending") => BookingStatus::Pending,
        Some("both") => BookingStatus::Both,
        Some(_) => {
            let _: Option<()> = query.problem("bookingStatus", "UNKNOWN_STATUS", "must be booked, pending or both");
            BookingStatus::Booked
        }
    };
    let (date_from, date_to) = (query.date("dateFrom"), query.date("dateTo"));
    if date_from.is_none() && booking_status != BookingStatus::Pending && !query.fields.contains_key("dateFrom") {
        let _: Option<()> = query.problem("dateFrom", "MISSING", "this field is needed for booked transactions");
    }
    if let (Some(from), Some(to)) = (date_from, date_to)
        && to < from
    {
        let _: Option<()> = query.problem("dateTo", "BEFORE_THE_FIRST", "must not be before dateFrom");
    }
    let page = query.page();
    query.or(TransactionQuery {
        booking_status,
        date_from,
        date_to,
        page,
    })
}

/// GET transactions.
pub async fn transactions(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, _) = authorised(&gateway, &request, &path.0).await?;
    let question = Question::Transactions(bank_id(&path.1)?, transaction_query(&request)?);
    let Found::Transactions(page) = ask(&gateway, id, question).await? else {
        return Err(mixed_up());
    };
    let (transactions, next_page) = split(page);
    Ok(success(Transactions { transactions, next_page }))
}

#[derive(Serialize)]
struct OneTransaction {
    transaction: TransactionView,
}

/// GET transactions/{transaction}.
pub async fn transaction(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, _) = authorised(&gateway, &request, &path.0).await?;
    let question = Question::Transaction(bank_id(&path.1)?, bank_id(&path.2)?);
    let Found::Transaction(transaction) = ask(&gateway, id, question).await? else {
        return Err(mixed_up());
    };
    Ok(success(OneTransaction {
        transaction: transaction.into(),
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    media_type: String,
    /// Base64 (RFC 4648 section 4).
    content: String,
}

fn statement_query(request: &HttpRequest) -> Result<StatementQuery, ApiError> {
    let mut query = Query::of(request)?;
    let date = query.date("date");
    if date.is_none() && !query.fields.contains_key("date") {
        let _: Option<()> = query.problem("date", "MISSING", "this field is needed");
    }
    let name = query.text("format").map(|f| f.to_ascii_uppercase());
    let format = match name.as_deref() {
        None | Some("PDF") => StatementFormat::Pdf,
        Some("XML") => StatementFormat::Xml,
        Some("JSON") => StatementFormat::Json,
        Some(_) => {
            let _: Option<()> = query.problem("format", "UNKNOWN_FORMAT", "must be PDF, XML or JSON");
            StatementFormat::Pdf
        }
    };
    let special = input::flag(&query.fields, "special", &mut query.problems);
    query.or(StatementQuery {
        date: date.unwrap_or_default(),
        format,
        special,
    })
}

/// GET statement.
pub async fn statement(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, _) = authorised(&gateway, &request, &path.0).await?;
    let question = Question::Statement(bank_id(&path.1)?, statement_query(&request)?);
    let Found::Statement(file) = ask(&gateway, id, question).await? else {
        return Err(mixed_up());
    };
    Ok(success(Statement {
        media_type: file.media_type,
        content: BASE64_STANDARD.encode(file.bytes),
    }))
}

#[derive(Serialize)]
struct Identity {
    name: String,
}

/// GET identity.
pub async fn identity(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let (id, _) = authorised(&gateway, &request, &path).await?;
    let Found::Identity(name) = ask(&gateway, id, Question::Identity).await? else {
        return Err(mixed_up());
    };
    Ok(success(Identity { name }))
}

#[derive(Serialize)]
struct Beneficiaries {
    beneficiaries: Vec<BeneficiaryView>,
    #[serde(rename = "nextPage")]
    next_page: Option<String>,
}

/// GET trustedBeneficiaries.
pub async fn beneficiaries(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let (id, _) = authorised(&gateway, &request, &path).await?;
    let mut query = Query::of(&request)?;
    let page = query.page();
    let Found::Beneficiaries(page) = ask(&gateway, id, Question::Beneficiaries(query.or(page)?)).await? else {
        return Err(mixed_up());
    };
    let (beneficiaries, next_page) = split(page);
    Ok(success(Beneficiaries { beneficiaries, next_page }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Funds {
    funds_available: bool,
}

/// POST fundsConfirmation.
pub async fn funds(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let (id, partner) = authorised(&gateway, &request, &path).await?;
    input::must_be_json(&request)?;
    let body = input::body(&request, payload, SMALL_BODY).await?;
    let object = input::json_object(&body)?;
    let mut problems = Problems::default();
    let r = &mut Reader::new(&object, String::new(), &mut problems);
    let iban = r.needed("iban", Reader::iban);
    let amount = r.needed("amount", |r, field| r.amount(field, partner.currency));
    let (iban, amount) = problems.or(iban.zip(amount))?;
    let Found::Funds(funds_available) = ask(&gateway, id, Question::Funds(iban, amount)).await? else {
        return Err(mixed_up());
    };
    Ok(success(Funds { funds_available }))
}
