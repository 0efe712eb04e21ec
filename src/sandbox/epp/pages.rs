//! The bank's pages: its service accounts with their balances, the orders, and where one-time codes arrive.

use super::books::{self, Books};
use super::order::Order;
use super::users::{self, User};
use super::{accounts, api};
use crate::payment::iban::Iban;
use crate::sandbox::Sandbox;
use crate::sandbox::pages::{html, message};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

/// How many orders and messages a page shows.
const SHOWN: usize = 50;

type Bank = web::Data<Sandbox>;

pub(in crate::sandbox) fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(api::routes)
        .route("/epp", web::get().to(bank_page))
        .route("/epp/statements/{word}", web::get().to(accounts::download))
        .route("/epp/coduri/{login}", web::get().to(codes));
}

impl User {
    /// Its accounts as people write them, with what was on them on the first day.
    pub(in crate::sandbox) fn opening(&self) -> Vec<(String, String)> {
        self.accounts.iter().map(|a| (local(a.number), shown(a.opening_minor))).collect()
    }
}

/// A code that went out.
pub(super) struct Message {
    pub channel: String,
    pub code: String,
    text: String,
    at: String,
}

/// The codes that went out to a service account, oldest first.
pub(super) fn messages(books: &Books, user: &User) -> Vec<Message> {
    let own = |orders: &[u64]| {
        orders
            .iter()
            .filter_map(|id| books.orders.get(id))
            .all(|o| o.received.user == user.login)
    };
    let mut sent: Vec<_> = books.payments.values().filter(|p| p.code.is_some() && own(&p.orders)).collect();
    sent.sort_by_key(|p| p.started_at);
    let message = |payment: &books::Payment| {
        let minor: i64 = payment
            .orders
            .iter()
            .filter_map(|id| books.orders.get(id))
            .map(|o| o.received.amount_minor)
            .sum();
        Message {
            channel: payment.channel.clone(),
            code: payment.code.clone().unwrap_or_default(),
            text: format!("Kod za plaćanje naloga ({}) ukupno {}:", payment.orders.len(), shown(minor)),
            at: payment.started_at.format("%d.%m.%Y %H:%M:%S").to_string(),
        }
    };
    sent.into_iter().map(message).collect()
}

fn shown(minor: i64) -> String {
    let whole = (minor / 100).to_string();
    let mut grouped = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(c);
    }
    format!("{grouped},{:02} RSD", (minor % 100).abs())
}

pub(in crate::sandbox) fn local(number: &str) -> String {
    Iban::parse(number).map(|iban| iban.grouped()).unwrap_or_default()
}

struct UserRow {
    user: &'static User,
    accounts: Vec<(String, &'static str, String)>,
}

struct OrderRow {
    id: u64,
    creditor: String,
    account: String,
    amount: String,
    state: String,
}

#[derive(Template)]
#[template(path = "sandbox/epp.html")]
struct BankPage {
    users: Vec<UserRow>,
    orders: Vec<OrderRow>,
}

fn state(order: &Order) -> String {
    match (&order.ended, order.begun_at, &order.confirmed, &order.started) {
        (Some((Ok(id), _)), ..) => format!("plătit, {id}"),
        (Some((Err(why), _)), ..) => format!("neplătit: {why}"),
        (None, Some(_), ..) => "în lucru".to_owned(),
        (None, None, Some(_), _) => "confirmat".to_owned(),
        (None, None, None, Some(_)) => "așteaptă codul sau a rămas neconfirmat".to_owned(),
        _ => "creat".to_owned(),
    }
}

async fn bank_page(bank: Bank) -> HttpResponse {
    let epp = bank.epp_caught_up();
    let account = |a: &'static users::Account| (local(a.number), a.label, shown(epp.books.balance_minor(a.number)));
    let user = |user: &'static User| UserRow {
        user,
        accounts: user.accounts.iter().map(account).collect(),
    };
    let order = |order: &Order| OrderRow {
        id: order.received.id,
        creditor: order.received.creditor_name.clone(),
        account: local(&order.received.creditor_bank_account),
        amount: shown(order.received.amount_minor),
        state: state(order),
    };
    let page = BankPage {
        users: users::ALL.iter().map(user).collect(),
        orders: epp.books.orders.values().rev().take(SHOWN).map(order).collect(),
    };
    drop(epp);
    html(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "sandbox/epp_codes.html")]
struct CodesPage {
    user: &'static User,
    authenticator: String,
    messages: Vec<Message>,
}

async fn codes(bank: Bank, login: web::Path<String>) -> HttpResponse {
    let Some(user) = users::by_login(&login) else {
        return message(
            StatusCode::NOT_FOUND,
            "Contul nu există",
            "Niciun cont de serviciu nu se numește așa.",
        );
    };
    let sent = messages(&bank.epp_caught_up().books, user);
    let page = CodesPage {
        user,
        authenticator: books::authenticator(user, bank.now()),
        messages: sent.into_iter().rev().take(SHOWN).collect(),
    };
    html(StatusCode::OK, &page)
}
