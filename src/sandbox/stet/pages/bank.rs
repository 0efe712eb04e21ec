//! What anybody may look at: the bank, its customers and its ledger.

use super::draw::customer_rows;
use super::out_of_order;
use crate::payment::iban::group;
use crate::sandbox::ledger::RefusedBy;
use crate::sandbox::pages::{CustomerRow, html, why};
use crate::sandbox::stet::establishment::Establishment;
use crate::sandbox::stet::event::{StetEntry, StetEvent};
use crate::sandbox::stet::people::{self, eur};
use crate::sandbox::stet::{Bank, Of, funds};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

/// How many entries the ledger page shows.
const SHOWN_ENTRIES: usize = 200;

#[derive(Template)]
#[template(path = "sandbox/stet_bank.html")]
struct BankPage {
    profile: &'static Establishment,
    api: String,
    closed: String,
    blocked: String,
    stories: Vec<(String, &'static str)>,
    customers: Vec<CustomerRow>,
}

/// What the bank is and who banks there.
pub(super) async fn overview(bank: Bank, of: Of) -> HttpResponse {
    let profile: &'static Establishment = of.get_ref();
    let Some(stet) = bank.inner.stet.as_ref() else {
        return out_of_order();
    };
    let api = stet.settings.api_url.as_str().trim_end_matches('/');
    let page = BankPage {
        profile,
        api: format!("{api}{}/", profile.bank.prefix()),
        closed: group(people::CLOSED_ACCOUNT),
        blocked: group(people::BLOCKED_ACCOUNT),
        stories: funds::STORIES.map(|(minor, _, code)| (eur(minor).shown(), code)).to_vec(),
        customers: customer_rows(&stet.caught_up(bank.now())),
    };
    html(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "sandbox/ledger.html")]
struct LedgerPage {
    profile: &'static Establishment,
    rows: Vec<LedgerRow>,
    total: usize,
}

struct LedgerRow {
    seq: u64,
    at: String,
    payment_id: String,
    what: String,
}

/// What one establishment did, the newest first.
pub(super) async fn ledger(bank: Bank, of: Of) -> HttpResponse {
    let profile: &'static Establishment = of.get_ref();
    let Some(stet) = bank.inner.stet.as_ref() else {
        return out_of_order();
    };
    let books = stet.caught_up(bank.now());
    let own: Vec<_> = books.entries().iter().rev().filter(|entry| entry.bank == profile.bank).collect();
    let row = |entry: &&StetEntry| LedgerRow {
        seq: entry.seq,
        at: entry.at.format("%d.%m.%Y %H:%M:%S%.3f").to_string(),
        payment_id: entry.event.payment_id().unwrap_or_default().to_owned(),
        what: told(&entry.event),
    };
    let page = LedgerPage {
        profile,
        rows: own.iter().take(SHOWN_ENTRIES).map(row).collect(),
        total: own.len(),
    };
    html(StatusCode::OK, &page)
}

fn told(event: &StetEvent) -> String {
    match event {
        StetEvent::RequestReceived { request } => format!(
            "Ordin primit: {} către {} ({})",
            request.money.shown(),
            request.creditor_name,
            request.creditor_iban.masked()
        ),
        StetEvent::LoginFailed { .. } => "Autentificare greșită".to_owned(),
        StetEvent::Authorised { customer, debtor_iban, .. } => format!("ACTC: autorizat de {customer} din contul {}", debtor_iban.masked()),
        StetEvent::Confirmed { .. } => "Confirmat de prestatorul de inițiere".to_owned(),
        StetEvent::Refused { by: RefusedBy::Psu, .. } => "RJCT: refuzat de client".to_owned(),
        StetEvent::Refused {
            by: RefusedBy::WrongCodes, ..
        } => "RJCT: cod greșit de 3 ori".to_owned(),
        StetEvent::Refused { by: RefusedBy::Lapse, .. } => "RJCT: neautorizat sau neconfirmat la timp".to_owned(),
        StetEvent::Declined { reason, .. } => format!("RJCT: {}", why(*reason)),
        StetEvent::Cancelled { reason, .. } => format!("CANC: retras de prestatorul de inițiere ({})", reason.code()),
        StetEvent::StatusMoved { status, .. } => status.iso().to_owned(),
        StetEvent::Booked { money, debtor_iban, .. } => format!("ACSC: {} debitați din {}", money.shown(), debtor_iban.masked()),
        StetEvent::ServiceTokenIssued { .. } => "Token emis pentru un prestator".to_owned(),
        StetEvent::AccessGranted { terms } => format!("Acces acordat de {} ({})", terms.customer, terms.scope),
        StetEvent::TokenIssued { .. } => "Token emis".to_owned(),
        StetEvent::TokensRevoked { .. } => "Tokenuri revocate: un cod a venit a doua oară".to_owned(),
        StetEvent::ConsentGiven { consent, .. } => format!(
            "Consimțământ: {} solduri, {} istorice",
            consent.balances.len(),
            consent.transactions.len()
        ),
    }
}
