//! The telephone as a page: what waits, and the codes that came.

use super::{Answer, Answered, Message, access_requests, messages, requests};
use crate::sandbox::books::BooksError;
use crate::sandbox::customers::{self, Customer};
use crate::sandbox::form::parameters;
use crate::sandbox::pages::{self, AccountRow, Facts, html, message};
use crate::sandbox::visit::pages::{out_of_order, see_other};
use crate::sandbox::{BankCode, Sandbox};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

/// How many messages a telephone keeps.
const SHOWN_MESSAGES: usize = 20;

type Bank = web::Data<Sandbox>;

pub(in crate::sandbox) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/phone", web::get().to(all))
        .route("/phone/{who}", web::get().to(one))
        .route("/phone/{who}/{order}", web::post().to(answer));
}

#[derive(Template)]
#[template(path = "sandbox/phones.html")]
struct PhonesPage {
    phones: Vec<PhoneRow>,
}

struct PhoneRow {
    customer: &'static Customer,
    waiting: usize,
    codes: usize,
}

async fn all(bank: Bank) -> HttpResponse {
    let books = bank.caught_up();
    let row = |customer| PhoneRow {
        customer,
        waiting: requests(&books, customer).len() + access_requests(&books, customer).len(),
        codes: messages(&books, customer).len(),
    };
    let phones = customers::ALL.iter().map(row).collect();
    drop(books);
    html(StatusCode::OK, &PhonesPage { phones })
}

#[derive(Template)]
#[template(path = "sandbox/phone.html")]
struct PhonePage {
    customer: &'static Customer,
    /// What became of the last answer.
    notice: Option<&'static str>,
    requests: Vec<RequestCard>,
    accesses: Vec<AccessCard>,
    messages: Vec<MessageCard>,
}

struct RequestCard {
    id: String,
    bank: &'static str,
    facts: Facts,
    accounts: Vec<AccountRow>,
}

/// Somebody asks for access to accounts.
struct AccessCard {
    id: String,
    bank: &'static str,
    tpp: String,
    until: String,
    recurring: bool,
    accounts: Vec<AccountRow>,
}

struct MessageCard {
    bank: &'static str,
    by: &'static str,
    text: String,
    code: String,
    at: String,
}

/// `?gata=…` says what the answer that led here came to.
async fn one(http: HttpRequest, bank: Bank, who: web::Path<String>) -> HttpResponse {
    let Some(customer) = customers::by_user(&who) else {
        return nobody();
    };
    let (waiting, asking, sent) = {
        let books = bank.caught_up();
        (
            requests(&books, customer),
            access_requests(&books, customer),
            messages(&books, customer),
        )
    };
    let access = |consent: &crate::sandbox::consents::Consent| AccessCard {
        id: consent.received.consent_id.clone(),
        bank: consent.profile().name,
        tpp: consent.received.client_id.clone(),
        until: consent.received.valid_until.format("%d.%m.%Y").to_string(),
        recurring: consent.received.recurring,
        accounts: pages::account_rows(&bank, consent.offered(customer)),
    };
    let card = |order: &crate::sandbox::Order| RequestCard {
        id: order.received.payment_id.clone(),
        bank: order.profile().name,
        facts: Facts::of(order),
        accounts: pages::account_rows(&bank, super::usable_accounts(order, customer)),
    };
    let query = parameters(http.query_string().as_bytes()).unwrap_or_default();
    let page = PhonePage {
        customer,
        notice: query.get("gata").and_then(|word| notice(word)),
        requests: waiting.iter().rev().map(card).collect(),
        accesses: asking.iter().rev().map(access).collect(),
        messages: sent.iter().rev().take(SHOWN_MESSAGES).map(|m| message_card(customer, m)).collect(),
    };
    html(StatusCode::OK, &page)
}

fn notice(word: &str) -> Option<&'static str> {
    match word {
        "da" => Some("Ați aprobat plata. Puteți închide telefonul."),
        "nu" => Some("Ați refuzat plata. Din cont nu pleacă niciun ban."),
        "acces" => Some("Ați dat acces la conturi. Îl puteți retrage oricând pe pagina băncii."),
        "fara-acces" => Some("Nu ați dat acces. Aplicația nu vede nimic din conturile dumneavoastră."),
        "tarziu" => Some("Cererea nu mai așteaptă un răspuns."),
        _ => None,
    }
}

fn message_card(customer: &Customer, message: &Message) -> MessageCard {
    let methods = customer.at(BankCode::Cod).map_or(&[][..], |h| h.methods);
    let sent = &message.sent;
    MessageCard {
        bank: message.profile.name,
        by: methods.iter().find(|m| m.id == sent.method).map_or("", |m| m.name),
        text: message.text.clone(),
        code: sent.code.clone(),
        at: sent.at.format("%d.%m.%Y %H:%M:%S").to_string(),
    }
}

async fn answer(bank: Bank, path: web::Path<(String, String)>, body: web::Bytes) -> HttpResponse {
    let (who, order) = path.into_inner();
    let Some(customer) = customers::by_user(&who) else {
        return nobody();
    };
    let form = parameters(&body).unwrap_or_default();
    let home = format!("/phone/{}", customer.user);
    let wanted = match form.get("decizie").map(String::as_str) {
        Some("da") => {
            let chosen = form.get("iban").and_then(|iban| customers::by_iban(iban));
            Answer::Approve(chosen.map(|(_, account)| account.iban))
        }
        Some("nu") => Answer::Refuse,
        _ => return see_other(&home),
    };
    let word = match bank.answer_request(customer, &order, wanted) {
        Ok(Answered::Payment) if wanted == Answer::Refuse => "nu",
        Ok(Answered::Payment) => "da",
        Ok(Answered::Access) if wanted == Answer::Refuse => "fara-acces",
        Ok(Answered::Access) => "acces",
        Ok(Answered::TooLate) | Err(BooksError::NotWaiting | BooksError::InvalidGrant | BooksError::InvalidScope) => "tarziu",
        Err(BooksError::Ledger(error)) => {
            tracing::error!(%error, "sandbox bank: the ledger cannot be written");
            return out_of_order();
        }
    };
    see_other(&format!("{home}?gata={word}"))
}

fn nobody() -> HttpResponse {
    message(
        StatusCode::NOT_FOUND,
        "Telefonul nu există",
        "Nimeni dintre clienții de probă nu se numește așa.",
    )
}
