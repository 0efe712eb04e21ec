//! Accounts, balances, and statements behind links that are good for a minute.

use super::api::{bad, good, user};
use super::order::{amount, moment};
use super::sessions::Link;
use super::users::{self, Account};
use super::{Epp, EppCall, list, paid_at};
use crate::sandbox::berlin::reply::{Outcome, Reply, answer_through};
use crate::sandbox::form::parameters;
use crate::sandbox::{Fault, Sandbox};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, REFERER};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde_json::{Value, json};

type Bank = web::Data<Sandbox>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/bank-accounts", web::get().to(all))
        .route("/bank-accounts/{number}", web::get().to(one))
        .route("/bank-accounts/{number}/statement-url", web::get().to(statement_url));
}

fn shown(epp: &Epp, account: &Account, bank: &Sandbox) -> Value {
    let minor = epp.books.balance_minor(account.number);
    json!({
        "number": account.short(),
        "bankAccount": account.number,
        "name": account.label,
        "currency": "RSD",
        "balance": amount(minor),
        "availableBalance": amount(minor),
        "balanceDate": bank.now().date().to_string(),
    })
}

async fn all(request: HttpRequest, bank: Bank) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::Accounts);
    let act = || -> Outcome {
        let epp = bank.epp_caught_up();
        let user = user(&epp, &request, &bank)?;
        let accounts = user.accounts.iter().map(|account| shown(&epp, account, &bank)).collect();
        let page = list::page(request.query_string(), accounts);
        page.map(good)
            .map_err(|name| bad(StatusCode::BAD_REQUEST, &format!("InvalidParameter {name}")))
    };
    answer_through(&request, fault, act).await
}

/// The account that the path names; somebody else's is as unknown as one that never was.
fn account(epp: &Epp, request: &HttpRequest, bank: &Sandbox, number: &str) -> Result<&'static Account, Reply> {
    let user = user(epp, request, bank)?;
    user.account(number).ok_or_else(|| bad(StatusCode::NOT_FOUND, "NotFound"))
}

async fn one(request: HttpRequest, bank: Bank, number: web::Path<String>) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::Accounts);
    let act = || -> Outcome {
        let epp = bank.epp_caught_up();
        let account = account(&epp, &request, &bank, &number)?;
        Ok(good(shown(&epp, account, &bank)))
    };
    answer_through(&request, fault, act).await
}

async fn statement_url(request: HttpRequest, bank: Bank, number: web::Path<String>) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::StatementUrl);
    let act = || -> Outcome {
        let mut epp = bank.epp_caught_up();
        let account = account(&epp, &request, &bank, &number)?;
        let query = parameters(request.query_string().as_bytes()).unwrap_or_default();
        let said = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let wrong = |name: &str| bad(StatusCode::BAD_REQUEST, &format!("InvalidParameter {name}"));
        let date: NaiveDate = said("date").parse().map_err(|_| wrong("date"))?;
        let (kind, format) = (said("type"), said("format"));
        if !["statement", "specialStatement"].contains(&kind) {
            return Err(wrong("type"));
        }
        if !["PDF", "XML", "JSON"].contains(&format) {
            return Err(wrong("format"));
        }
        let now = bank.now();
        let link = Link {
            number: account.number.to_owned(),
            date,
            format: format.to_owned(),
            special: kind == "specialStatement",
            until: now,
            address: request.peer_addr().map(|peer| peer.ip()),
        };
        let word = epp.sessions.link(link, now);
        Ok(good(json!({ "url": bank.settings().url(&format!("/epp/statements/{word}")) })))
    };
    answer_through(&request, fault, act).await
}

/// Good for a minute, from the address that asked for it, coming from a page of the bank: else it is gone.
pub(super) async fn download(request: HttpRequest, bank: Bank, word: web::Path<String>) -> HttpResponse {
    let gone = || HttpResponse::Gone().finish();
    if let Some(Fault::Status(code)) = bank.epp_fault(EppCall::Download) {
        return HttpResponse::new(StatusCode::from_u16(code).unwrap_or(StatusCode::GONE));
    }
    let referer = request.headers().get(REFERER).and_then(|v| v.to_str().ok());
    if !referer.is_some_and(|r| r.starts_with(&bank.settings().url("/")) && r.ends_with('/')) {
        return gone();
    }
    let epp = bank.epp_caught_up();
    let address = request.peer_addr().map(|peer| peer.ip());
    let Some(link) = epp.sessions.follow(&word, bank.now(), address).cloned() else {
        return gone();
    };
    let Some(statement) = statement(&epp, &link) else { return gone() };
    let (media_type, bytes) = match link.format.as_str() {
        "JSON" => ("application/json", statement.to_string().into_bytes()),
        "XML" => ("application/xml", xml(&statement).into_bytes()),
        _ => ("application/pdf", pdf(&statement)),
    };
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(bytes)
}

/// Everything that moved on an account on one day.
fn statement(epp: &Epp, link: &Link) -> Option<Value> {
    let (owner, account) = users::by_number(&link.number)?;
    let (mut before, mut on_the_day) = (account.opening_minor, 0);
    let mut lines = Vec::new();
    let mut paid: Vec<_> = epp.books.orders.values().filter_map(|o| Some((paid_at(o)?, o))).collect();
    paid.sort_by_key(|(at, order)| (*at, order.received.id));
    for (at, order) in paid {
        let received = &order.received;
        let debit = received.debtor_bank_account == link.number;
        if (!debit && received.creditor_bank_account != link.number) || at.date() > link.date {
            continue;
        }
        let signed = if debit { -received.amount_minor } else { received.amount_minor };
        if at.date() < link.date {
            before += signed;
            continue;
        }
        on_the_day += signed;
        lines.push(json!({
            "orderId": received.id,
            "amount": amount(signed),
            "at": moment(at),
            "paymentBasis": received.payment_basis,
            "name": if debit { received.creditor_name.as_str() } else { "" },
            "bankAccount": if debit { &received.creditor_bank_account } else { &received.debtor_bank_account },
        }));
    }
    Some(json!({
        "type": if link.special { "specialStatement" } else { "statement" },
        "bankAccount": link.number,
        "owner": owner.name,
        "date": link.date.to_string(),
        "openingBalance": amount(before),
        "closingBalance": amount(before + on_the_day),
        "items": lines,
    }))
}

fn escaped(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn xml(statement: &Value) -> String {
    let fields = ["type", "bankAccount", "owner", "date", "openingBalance", "closingBalance"];
    let head: String = fields.iter().map(|f| format!("<{f}>{}</{f}>", escaped(&statement[*f]))).collect();
    let item = |item: &Value| {
        let fields = item.as_object().into_iter().flatten();
        let inner: String = fields.map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value))).collect();
        format!("<item>{inner}</item>")
    };
    let items: String = statement["items"].as_array().into_iter().flatten().map(item).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<statement>{head}<items>{items}</items></statement>\n")
}

/// One page of plain lines (ISO 32000-1), letters beyond ASCII left out.
fn pdf(statement: &Value) -> Vec<u8> {
    let head = ["owner", "bankAccount", "date", "openingBalance", "closingBalance"];
    let items = statement["items"].as_array().into_iter().flatten();
    let lines = head.iter().map(|f| format!("{f}: {}", escaped(&statement[*f])));
    let lines = lines.chain(items.map(|i| {
        format!(
            "{} {} {}",
            escaped(&i["amount"]),
            escaped(&i["bankAccount"]),
            escaped(&i["paymentBasis"])
        )
    }));
    let plain = |line: String| {
        line.chars()
            .filter(|c| c.is_ascii_graphic() || *c == ' ')
            .filter(|c| !"()\\".contains(*c))
            .collect::<String>()
    };
    let text: String = lines.take(45).map(|line| format!("({}) Tj T*\n", plain(line))).collect();
    let content = format!("BT /F1 10 Tf 50 780 Td 16 TL\n{text}ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(out.len());
        out.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let start = out.len();
    let table: String = places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
    let end = format!(
        "xref\n0 {0}\n0000000000 65535 f \n{table}trailer\n<< /Size {0} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        places.len() + 1
    );
    out.extend(end.bytes());
    out
}
