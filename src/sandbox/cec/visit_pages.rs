//! The bank's own pages: log in, choose the account, confirm or refuse, go back. They work without scripts.
//!
//! Every POST ends in a redirect to the visit's one address, which shows whatever comes next. The way back
//! is a page and not a redirect from the POST, because browsers apply `form-action` to that redirect too.

use super::visit::{Ending, Notice, Visit};
use super::{Bank, oauth};
use crate::payment::iban::Iban;
use crate::sandbox::books::BooksError;
use crate::sandbox::customers::{self, Customer};
use crate::sandbox::ledger::RefusedBy;
use crate::sandbox::money::Money;
use crate::sandbox::pages::{self, AccountRow, CustomerRow, html, message};
use crate::sandbox::secrets::same_secret;
use crate::sandbox::{Order, Word};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use std::collections::HashMap;

pub(super) const COOKIE: &str = "cec_visit";
/// The real bank spells it with one s.
const DENIED: (&str, &str) = ("error", "acces_denied");

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/plata/{visit}", web::get().to(show))
        .route("/plata/{visit}/conectare", web::post().to(log_in))
        .route("/plata/{visit}/cont", web::post().to(choose_account))
        .route("/plata/{visit}/decizie", web::post().to(decide));
}

pub(super) fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish()
}

/// The page for an order that was decided elsewhere or earlier.
pub(super) fn finished(order: &Order) -> HttpResponse {
    let (title, text) = match order.status {
        Word::Rjct => ("Plata a fost refuzată", "Ordinul este închis și nu mai poate fi autorizat."),
        Word::Canc if order.authorised.is_none() => (
            "Plata a fost anulată",
            "Comerciantul a retras ordinul. Nu mai aveți nimic de făcut.",
        ),
        Word::Canc => (
            "Plata a fost refuzată de bancă",
            "Ordinul este închis și nu mai poate fi autorizat.",
        ),
        _ => (
            "Plata a fost deja autorizată",
            "Un ordin se autorizează o singură dată. Nu mai aveți nimic de făcut.",
        ),
    };
    message(StatusCode::CONFLICT, title, text)
}

fn no_visit() -> HttpResponse {
    message(
        StatusCode::NOT_FOUND,
        "Sesiunea s-a încheiat",
        "Întoarceți-vă la comerciant și porniți plata din nou de acolo.",
    )
}

/// The visit this browser is on.
fn visit(http: &HttpRequest, bank: &Bank, id: &str) -> Option<Visit> {
    let cookie = http.cookie(COOKIE)?;
    bank.visits().find(id, cookie.value(), bank.now()).cloned()
}

/// What the PSU is asked to agree to.
struct Facts {
    amount: String,
    creditor_name: String,
    creditor_iban: String,
    remittance: Option<String>,
    end_to_end: Option<String>,
}

impl Facts {
    fn of(order: &Order) -> Self {
        let received = &order.received;
        Self {
            amount: received.money.shown(),
            creditor_name: received.creditor_name.clone(),
            creditor_iban: received.creditor_iban.grouped(),
            remittance: received.remittance.clone(),
            end_to_end: received.end_to_end.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "sandbox/login.html")]
struct LoginPage<'a> {
    visit: &'a str,
    facts: Facts,
    notice: Option<String>,
    user: &'a str,
    code: &'a str,
    customers: Vec<CustomerRow>,
}

#[derive(Template)]
#[template(path = "sandbox/account.html")]
struct AccountPage<'a> {
    visit: &'a str,
    facts: Facts,
    name: &'static str,
    accounts: Vec<AccountRow>,
}

#[derive(Template)]
#[template(path = "sandbox/confirm.html")]
struct ConfirmPage<'a> {
    visit: &'a str,
    facts: Facts,
    name: &'static str,
    debtor_iban: String,
    available: String,
}

#[derive(Template)]
#[template(path = "sandbox/back.html")]
struct BackPage<'a> {
    title: &'static str,
    text: &'static str,
    good: bool,
    url: &'a str,
}

/// The one page of a visit: whatever comes next.
async fn show(http: HttpRequest, bank: Bank, id: web::Path<String>) -> HttpResponse {
    let Some(visit) = visit(&http, &bank, &id) else { return no_visit() };
    if let Some((ending, url)) = &visit.ended {
        return back_page(*ending, url.as_str());
    }
    let Some(order) = bank.caught_up().order(&visit.request.payment_id).cloned() else {
        return no_visit();
    };
    if !order.is_waiting() {
        return finished(&order);
    }
    let facts = Facts::of(&order);
    match (visit.customer, visit.account) {
        (None, _) => login_page(&http, &bank, &id, facts, visit.notice),
        (Some(customer), None) => {
            let mut accounts = pages::account_rows(&bank, customer);
            accounts.retain(|row| usable(&order, customer).any(|iban| iban == row.iban));
            html(
                StatusCode::OK,
                &AccountPage {
                    visit: &id,
                    facts,
                    name: customer.name,
                    accounts,
                },
            )
        }
        (Some(customer), Some(account)) => {
            let minor = bank.caught_up().available_minor(account.electronic()).unwrap_or_default();
            let available = Money {
                minor,
                ..order.received.money
            }
            .shown();
            let page = ConfirmPage {
                visit: &id,
                facts,
                name: customer.name,
                debtor_iban: account.grouped(),
                available,
            };
            html(StatusCode::OK, &page)
        }
    }
}

/// `?client=ana` fills the form in: a link per test customer.
fn login_page(http: &HttpRequest, bank: &Bank, id: &str, facts: Facts, notice: Option<Notice>) -> HttpResponse {
    let query = oauth::parameters(http.query_string().as_bytes()).unwrap_or_default();
    let chosen = query.get("client").and_then(|user| customers::by_user(user));
    let page = LoginPage {
        visit: id,
        facts,
        notice: notice.map(|notice| match notice {
            Notice::WrongCode(1) => "Utilizator sau cod greșit. Mai aveți o încercare.".to_owned(),
            Notice::WrongCode(left) => format!("Utilizator sau cod greșit. Mai aveți {left} încercări."),
            Notice::NotTheOwner => "Ordinul numește un cont care nu vă aparține. Conectați-vă ca titularul lui.".to_owned(),
            Notice::NoAccount => "Nu aveți un cont potrivit în moneda plății.".to_owned(),
        }),
        user: chosen.map_or("", |c| c.user),
        code: chosen.map_or("", |c| c.code),
        customers: pages::customer_rows(bank),
    };
    html(StatusCode::OK, &page)
}

fn back_page(ending: Ending, url: &str) -> HttpResponse {
    let (title, text) = match ending {
        Ending::Authorised => ("Plata este confirmată", "Banca a primit acordul dumneavoastră și execută plata."),
        Ending::Refused => ("Ați refuzat plata", "Din cont nu pleacă niciun ban."),
        Ending::TooManyTries => (
            "Plata este oprită",
            "Codul a fost greșit de trei ori. Din cont nu pleacă niciun ban.",
        ),
    };
    html(
        StatusCode::OK,
        &BackPage {
            title,
            text,
            good: ending == Ending::Authorised,
            url,
        },
    )
}

/// The accounts of the customer that this order can be paid from.
fn usable(order: &Order, customer: &'static Customer) -> impl Iterator<Item = &'static str> {
    let (money, creditor, named) = (
        order.received.money,
        order.received.creditor_iban.clone(),
        order.received.debtor_iban.clone(),
    );
    let fits = move |a: &&customers::Account| {
        a.opening.currency == money.currency
            && a.iban != creditor.electronic()
            && named.as_ref().is_none_or(|iban| iban.electronic() == a.iban)
    };
    customer.accounts.iter().filter(fits).map(|a| a.iban)
}

/// What every POST does: find the visit and its order, let the PSU act if the order still waits, and send
/// the browser to the page.
fn act(http: &HttpRequest, bank: &Bank, id: &str, step: impl FnOnce(&Visit, &Order) -> Result<(), BooksError>) -> HttpResponse {
    let Some(visit) = visit(http, bank, id) else { return no_visit() };
    let Some(order) = bank.caught_up().order(&visit.request.payment_id).cloned() else {
        return no_visit();
    };
    let done = if order.is_waiting() && visit.ended.is_none() {
        step(&visit, &order)
    } else {
        Ok(())
    };
    if let Err(BooksError::Ledger(error)) = done {
        tracing::error!(%error, "sandbox bank: the ledger cannot be written");
        return message(
            StatusCode::SERVICE_UNAVAILABLE,
            "Banca nu răspunde acum",
            "Încercați din nou peste câteva minute.",
        );
    }
    see_other(&format!("/cec/plata/{id}"))
}

fn fields(body: &[u8]) -> HashMap<String, String> {
    oauth::parameters(body).unwrap_or_default()
}

async fn log_in(http: HttpRequest, bank: Bank, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = fields(&body);
    act(&http, &bank, &id, |visit, order| {
        let field = |name: &str| form.get(name).map(|v| v.trim()).unwrap_or_default();
        let customer = customers::by_user(field("user")).filter(|c| same_secret(c.code, field("code")));
        let Some(customer) = customer else {
            let left = bank.books().login_failed(&visit.request.payment_id, bank.now())?;
            let back = visit.request.back(&[DENIED]);
            bank.visits().update(&id, |v| match left {
                0 => v.ended = Some((Ending::TooManyTries, back)),
                left => v.notice = Some(Notice::WrongCode(left)),
            });
            return Ok(());
        };
        let named = order.received.debtor_iban.as_ref();
        let notice = match named {
            Some(iban) if !customer.owns(iban.electronic()) => Some(Notice::NotTheOwner),
            None if usable(order, customer).next().is_none() => Some(Notice::NoAccount),
            _ => None,
        };
        bank.visits().update(&id, |v| {
            v.notice = notice;
            if notice.is_none() {
                (v.customer, v.account) = (Some(customer), named.cloned());
            }
        });
        Ok(())
    })
}

async fn choose_account(http: HttpRequest, bank: Bank, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = fields(&body);
    act(&http, &bank, &id, |visit, order| {
        let asked = form.get("iban").map(String::as_str).unwrap_or_default();
        let chosen = visit
            .customer
            .and_then(|customer| usable(order, customer).find(|iban| *iban == asked));
        if let Some(iban) = chosen.and_then(|iban| Iban::parse(iban).ok()) {
            bank.visits().update(&id, |v| v.account = Some(iban));
        }
        Ok(())
    })
}

/// Yes needs a customer and an account; no is open to whoever is on the visit.
async fn decide(http: HttpRequest, bank: Bank, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = fields(&body);
    act(&http, &bank, &id, |visit, _| {
        let request = &visit.request;
        let ended = match (form.get("decizie").map(String::as_str), visit.customer, &visit.account) {
            (Some("da"), Some(customer), Some(account)) => {
                let client = (request.client_id.as_str(), &request.redirect_uri, request.code_challenge.as_str());
                let code = bank
                    .books()
                    .authorise(&request.payment_id, (customer.user, account.clone()), client, bank.now())?;
                (Ending::Authorised, request.back(&[("code", &code)]))
            }
            (Some("nu"), _, _) => {
                bank.books().refuse(&request.payment_id, RefusedBy::Psu, bank.now())?;
                (Ending::Refused, request.back(&[DENIED]))
            }
            _ => return Ok(()),
        };
        bank.visits().update(&id, |v| v.ended = Some(ended));
        Ok(())
    })
}
