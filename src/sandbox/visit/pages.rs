//! The bank's own pages: log in, choose the account, confirm or refuse, go back. They work without scripts.
//!
//! Every POST ends in a redirect to the visit's one address, which shows whatever comes next. The way back
//! is a page and not a redirect from the POST, because browsers apply `form-action` to that redirect too.

use super::{Ending, Notice, Visit, Way};
use crate::payment::iban::Iban;
use crate::sandbox::berlin::authorisations::usable_accounts;
use crate::sandbox::berlin::profile::Profile;
use crate::sandbox::books::BooksError;
use crate::sandbox::customers;
use crate::sandbox::form::parameters;
use crate::sandbox::ledger::RefusedBy;
use crate::sandbox::money::Money;
use crate::sandbox::pages::{self, AccountRow, CustomerRow, Facts, html, message};
use crate::sandbox::secrets::same_secret;
use crate::sandbox::{Order, Sandbox, Word};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use std::collections::HashMap;

pub(super) const COOKIE: &str = "bank_visit";

type Bank = web::Data<Sandbox>;
type Of = web::Data<&'static Profile>;

pub(in crate::sandbox) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/plata/{visit}", web::get().to(show))
        .route("/plata/{visit}/conectare", web::post().to(log_in))
        .route("/plata/{visit}/cont", web::post().to(choose_account))
        .route("/plata/{visit}/decizie", web::post().to(decide));
}

pub(in crate::sandbox) fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish()
}

/// The page for an order that was decided elsewhere or earlier.
pub(in crate::sandbox) fn finished(order: &Order) -> HttpResponse {
    let (title, text) = match order.status {
        Word::Rjct if order.authorised.is_none() => ("Plata a fost refuzată", "Ordinul este închis și nu mai poate fi autorizat."),
        Word::Canc if order.authorised.is_none() => (
            "Plata a fost anulată",
            "Comerciantul a retras ordinul. Nu mai aveți nimic de făcut.",
        ),
        Word::Rjct | Word::Canc => (
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

/// The page for a bank whose ledger cannot be written.
pub(in crate::sandbox) fn out_of_order() -> HttpResponse {
    message(
        StatusCode::SERVICE_UNAVAILABLE,
        "Banca nu răspunde acum",
        "Încercați din nou peste câteva minute.",
    )
}

/// The visit at this bank that this browser is on.
fn visit(http: &HttpRequest, bank: &Bank, profile: &Profile, id: &str) -> Option<Visit> {
    let cookie = http.cookie(COOKIE)?;
    let found = bank.visits().find(id, cookie.value(), bank.now()).cloned();
    found.filter(|visit| visit.bank == profile.bank)
}

#[derive(Template)]
#[template(path = "sandbox/login.html")]
struct LoginPage<'a> {
    profile: &'static Profile,
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
    profile: &'static Profile,
    visit: &'a str,
    facts: Facts,
    name: &'static str,
    accounts: Vec<AccountRow>,
}

#[derive(Template)]
#[template(path = "sandbox/confirm.html")]
struct ConfirmPage<'a> {
    profile: &'static Profile,
    visit: &'a str,
    facts: Facts,
    name: &'static str,
    debtor_iban: String,
    available: String,
}

#[derive(Template)]
#[template(path = "sandbox/back.html")]
struct BackPage<'a> {
    profile: &'static Profile,
    title: &'static str,
    text: &'static str,
    good: bool,
    url: &'a str,
}

/// The one page of a visit: whatever comes next.
async fn show(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>) -> HttpResponse {
    let profile: &'static Profile = of.get_ref();
    let Some(visit) = visit(&http, &bank, profile, &id) else {
        return no_visit();
    };
    if let Some((ending, url)) = &visit.ended {
        return back_page(profile, *ending, url.as_str());
    }
    let Some(order) = bank.caught_up().order(&visit.payment_id).cloned() else {
        return no_visit();
    };
    if !order.is_waiting() {
        return finished(&order);
    }
    let facts = Facts::of(&order);
    match (visit.customer, visit.account) {
        (None, _) => login_page(&http, &bank, (profile, &id), facts, visit.notice),
        (Some(customer), None) => {
            let page = AccountPage {
                profile,
                visit: &id,
                facts,
                name: customer.name,
                accounts: pages::account_rows(&bank, usable_accounts(&order, customer)),
            };
            html(StatusCode::OK, &page)
        }
        (Some(customer), Some(account)) => {
            let minor = bank.caught_up().available_minor(account.electronic()).unwrap_or_default();
            let available = Money {
                minor,
                ..order.received.money
            }
            .shown();
            let page = ConfirmPage {
                profile,
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
fn login_page(http: &HttpRequest, bank: &Bank, place: (&'static Profile, &str), facts: Facts, notice: Option<Notice>) -> HttpResponse {
    let query = parameters(http.query_string().as_bytes()).unwrap_or_default();
    let chosen = query.get("client").and_then(|user| customers::by_user(user));
    let page = LoginPage {
        profile: place.0,
        visit: place.1,
        facts,
        notice: notice.map(|notice| match notice {
            Notice::WrongCode(1) => "Utilizator sau cod greșit. Mai aveți o încercare.".to_owned(),
            Notice::WrongCode(left) => format!("Utilizator sau cod greșit. Mai aveți {left} încercări."),
            Notice::NotTheOwner => "Ordinul numește un cont care nu vă aparține. Conectați-vă ca titularul lui.".to_owned(),
            Notice::NoAccount => "Nu aveți un cont potrivit în moneda plății.".to_owned(),
        }),
        user: chosen.map_or("", |c| c.user),
        code: chosen.map_or("", |c| c.code),
        customers: pages::customer_rows(bank, place.0.bank),
    };
    html(StatusCode::OK, &page)
}

fn back_page(profile: &'static Profile, ending: Ending, url: &str) -> HttpResponse {
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
            profile,
            title,
            text,
            good: ending == Ending::Authorised,
            url,
        },
    )
}

/// What every POST does: find the visit and its order, let the PSU act if the order still waits, and send
/// the browser to the page.
fn act(
    http: &HttpRequest,
    bank: &Bank,
    (profile, id): (&Profile, &str),
    step: impl FnOnce(&Visit, &Order) -> Result<(), BooksError>,
) -> HttpResponse {
    let Some(visit) = visit(http, bank, profile, id) else {
        return no_visit();
    };
    let Some(order) = bank.caught_up().order(&visit.payment_id).cloned() else {
        return no_visit();
    };
    let done = if order.is_waiting() && visit.ended.is_none() {
        step(&visit, &order)
    } else {
        Ok(())
    };
    if let Err(BooksError::Ledger(error)) = done {
        tracing::error!(%error, "sandbox bank: the ledger cannot be written");
        return out_of_order();
    }
    see_other(&format!("{}/plata/{id}", profile.bank.prefix()))
}

fn fields(body: &[u8]) -> HashMap<String, String> {
    parameters(body).unwrap_or_default()
}

async fn log_in(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = fields(&body);
    act(&http, &bank, (of.get_ref(), &id), |visit, order| {
        let field = |name: &str| form.get(name).map(|v| v.trim()).unwrap_or_default();
        let customer = customers::by_user(field("user")).filter(|c| same_secret(c.code, field("code")));
        let Some(customer) = customer else {
            let left = bank.books().login_failed(&visit.payment_id, bank.now())?;
            let back = visit.way.denied();
            bank.visits().update(&id, |v| match left {
                0 => v.ended = Some((Ending::TooManyTries, back)),
                left => v.notice = Some(Notice::WrongCode(left)),
            });
            return Ok(());
        };
        let named = order.received.debtor_iban.as_ref();
        let notice = match named {
            Some(iban) if !customer.owns(iban.electronic()) => Some(Notice::NotTheOwner),
            None if usable_accounts(order, customer).is_empty() => Some(Notice::NoAccount),
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

async fn choose_account(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = fields(&body);
    act(&http, &bank, (of.get_ref(), &id), |visit, order| {
        let asked = form.get("iban").map(String::as_str).unwrap_or_default();
        let usable = visit.customer.map(|customer| usable_accounts(order, customer)).unwrap_or_default();
        let chosen = usable.iter().find(|account| account.iban == asked);
        if let Some(iban) = chosen.and_then(|account| Iban::parse(account.iban).ok()) {
            bank.visits().update(&id, |v| v.account = Some(iban));
        }
        Ok(())
    })
}

/// Yes needs a customer and an account; no is open to whoever is on the visit.
async fn decide(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = fields(&body);
    act(&http, &bank, (of.get_ref(), &id), |visit, _| {
        let ended = match (form.get("decizie").map(String::as_str), visit.customer, &visit.account) {
            (Some("da"), Some(customer), Some(account)) => {
                let by = (customer.user, account.clone());
                (Ending::Authorised, authorise(&bank, visit, by)?)
            }
            (Some("nu"), _, _) => {
                bank.books().refuse(&visit.payment_id, RefusedBy::Psu, bank.now())?;
                (Ending::Refused, visit.way.denied())
            }
            _ => return Ok(()),
        };
        bank.visits().update(&id, |v| v.ended = Some(ended));
        Ok(())
    })
}

/// The PSU says yes. Returns the way back.
fn authorise(bank: &Sandbox, visit: &Visit, by: (&str, Iban)) -> Result<url::Url, BooksError> {
    let (id, now) = (&visit.payment_id, bank.now());
    match &visit.way {
        Way::OAuth(request) => {
            let client = (request.client_id.as_str(), &request.redirect_uri, request.code_challenge.as_str());
            let code = bank.books().authorise_with_code(id, by, client, now)?;
            Ok(request.back(&[("code", &code)]))
        }
        Way::Plain { ok, .. } => {
            bank.books().authorise(id, by, now)?;
            Ok(ok.clone())
        }
    }
}
