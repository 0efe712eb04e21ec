//! What belongs to no single bank: the index, the ledger for people, the style sheet, and how a page is sent.

use super::ledger::{LedgerEntry, LedgerEvent, RefusedBy};
use super::money::Money;
use super::{Sandbox, customers};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, web};
use askama::Template;

/// How many entries the ledger page shows.
const SHOWN_ENTRIES: usize = 200;
const STYLE: &str = include_str!("../../static/sandbox/sandbox.css");
const ICON: &str = include_str!("../../static/sandbox/icon.svg");
const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(index))
        .route("/sandbox.css", web::get().to(style))
        .route("/icon.svg", web::get().to(icon))
        .default_service(web::to(not_found));
}

/// A customer as the pages list them.
#[derive(Debug)]
pub(super) struct CustomerRow {
    pub name: &'static str,
    pub user: &'static str,
    pub code: &'static str,
    pub hint: &'static str,
    pub accounts: Vec<AccountRow>,
}

/// An account as the pages list it.
#[derive(Debug)]
pub(super) struct AccountRow {
    pub iban: &'static str,
    pub grouped: String,
    pub label: &'static str,
    pub balance: String,
}

/// The account rows of a customer, balances as they are now.
pub(super) fn account_rows(bank: &Sandbox, customer: &'static customers::Customer) -> Vec<AccountRow> {
    let books = bank.caught_up();
    let row = |account: &'static customers::Account| {
        let minor = books.balance_minor(account.iban).unwrap_or_default();
        AccountRow {
            iban: account.iban,
            grouped: crate::payment::iban::group(account.iban),
            label: account.label,
            balance: Money { minor, ..account.opening }.shown(),
        }
    };
    customer.accounts.iter().map(row).collect()
}

pub(super) fn customer_rows(bank: &Sandbox) -> Vec<CustomerRow> {
    let row = |customer: &'static customers::Customer| CustomerRow {
        name: customer.name,
        user: customer.user,
        code: customer.code,
        hint: customer.hint,
        accounts: account_rows(bank, customer),
    };
    customers::CEC.iter().map(row).collect()
}

#[derive(Template)]
#[template(path = "sandbox/index.html")]
struct IndexPage {
    customers: Vec<CustomerRow>,
    step_s: String,
}

async fn index(bank: web::Data<Sandbox>) -> HttpResponse {
    let step_s = bank.settings().step.as_millis();
    let step_s = format!("{},{}", step_s / 1000, step_s % 1000 / 100)
        .trim_end_matches(",0")
        .to_owned();
    html(
        StatusCode::OK,
        &IndexPage {
            customers: customer_rows(&bank),
            step_s,
        },
    )
}

async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", STYLE)
}

async fn icon() -> HttpResponse {
    file("image/svg+xml", ICON)
}

fn file(media_type: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(content)
}

async fn not_found() -> HttpResponse {
    message(StatusCode::NOT_FOUND, "Pagina nu există", "La această adresă nu este nimic.")
}

#[derive(Template)]
#[template(path = "sandbox/ledger.html")]
struct LedgerPage {
    rows: Vec<LedgerRow>,
    total: usize,
}

struct LedgerRow {
    seq: u64,
    at: String,
    payment_id: String,
    what: String,
}

pub(super) async fn ledger(bank: web::Data<Sandbox>) -> HttpResponse {
    let books = bank.caught_up();
    let entries = books.entries();
    let rows = entries.iter().rev().take(SHOWN_ENTRIES).map(row).collect();
    let page = LedgerPage {
        rows,
        total: entries.len(),
    };
    drop(books);
    html(StatusCode::OK, &page)
}

fn row(entry: &LedgerEntry) -> LedgerRow {
    let what = match &entry.event {
        LedgerEvent::OrderReceived { order } => {
            format!(
                "Ordin primit: {} către {} ({})",
                order.money.shown(),
                order.creditor_name,
                order.creditor_iban.masked()
            )
        }
        LedgerEvent::LoginFailed { .. } => "Autentificare greșită".to_owned(),
        LedgerEvent::Authorised { customer, debtor_iban, .. } => format!("Autorizat de {customer} din contul {}", debtor_iban.masked()),
        LedgerEvent::Refused { by: RefusedBy::Psu, .. } => "RJCT: refuzat de client".to_owned(),
        LedgerEvent::Refused {
            by: RefusedBy::WrongCodes, ..
        } => "RJCT: cod greșit de trei ori".to_owned(),
        LedgerEvent::Refused { by: RefusedBy::Lapse, .. } => "RJCT: neautorizat la timp".to_owned(),
        LedgerEvent::Declined { .. } => "CANC: fonduri insuficiente".to_owned(),
        LedgerEvent::Cancelled { .. } => "CANC: retras de prestatorul de inițiere".to_owned(),
        LedgerEvent::StatusMoved { status, .. } => status.iso().to_owned(),
        LedgerEvent::Booked { money, debtor_iban, .. } => format!("ACSC: {} debitați din {}", money.shown(), debtor_iban.masked()),
        LedgerEvent::TokenIssued { .. } => "Token emis".to_owned(),
        LedgerEvent::TokensRevoked { .. } => "Tokenuri revocate: un cod sau un token a venit a doua oară".to_owned(),
    };
    LedgerRow {
        seq: entry.seq,
        at: entry.at.format("%d.%m.%Y %H:%M:%S%.3f").to_string(),
        payment_id: entry.event.payment_id().to_owned(),
        what,
    }
}

#[derive(Template)]
#[template(path = "sandbox/message.html")]
struct MessagePage<'a> {
    title: &'a str,
    text: &'a str,
}

/// A page that says one thing and offers nothing.
pub(super) fn message(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    html(status, &MessagePage { title, text })
}

/// Sends a page with the headers every page has.
pub(super) fn html(status: StatusCode, page: &impl Template) -> HttpResponse {
    let Ok(body) = page.render() else {
        return HttpResponse::InternalServerError().finish();
    };
    HttpResponse::build(status)
        .content_type(ContentType::html())
        .insert_header((header::CONTENT_SECURITY_POLICY, CSP))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
        .insert_header(("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"))
        .body(body)
}
