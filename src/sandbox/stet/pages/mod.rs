//! The banks' own pages: log in, choose the account, confirm or refuse, go back. They work without scripts.
//!
//! Every POST ends in a redirect to the visit's one address, which shows whatever comes next.
//!
//! **Invariant:** whoever says yes has logged in on this visit, with an account of their own; a page changes
//! nothing.

mod bank;
mod draw;

use super::authorize;
use super::books::BooksError;
use super::establishment::{Cdetab, Establishment};
use super::event::AccessTerms;
use super::people::{self, Persona};
use super::request::PaymentRequest;
use super::visit::{AccessAsked, COOKIE, Ending, Notice, Subject, Visit, way_back};
use super::{Bank, Of, Stet};
use crate::payment::iban::Iban;
use crate::sandbox::Sandbox;
use crate::sandbox::form::parameters;
use crate::sandbox::ledger::Word;
use crate::sandbox::pages::message;
use crate::sandbox::secrets::same_secret;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use draw::{access_page, back_page, payment_page};
use std::collections::HashMap;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("", web::get().to(bank::overview))
        .route("/ledger", web::get().to(bank::ledger))
        .route("/certificate.pem", web::get().to(authorize::certificate))
        .route("/banque-en-ligne", web::get().to(authorize::online_bank))
        .route("/paiement", web::get().to(authorize::payment))
        .route("/authorize", web::get().to(authorize::access))
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

/// The page for a payment that was decided elsewhere or earlier.
pub(super) fn finished(request: &PaymentRequest) -> HttpResponse {
    let (title, text) = match request.status {
        Word::Rjct => ("Plata a fost refuzată", "Ordinul este închis și nu mai poate fi autorizat."),
        Word::Canc => (
            "Plata a fost anulată",
            "Comerciantul a retras ordinul. Nu mai aveți nimic de făcut.",
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
        "Întoarceți-vă de unde ați venit și porniți din nou de acolo.",
    )
}

/// The page for a bank whose ledger cannot be written.
pub(super) fn out_of_order() -> HttpResponse {
    message(
        StatusCode::SERVICE_UNAVAILABLE,
        "Banca nu răspunde acum",
        "Încercați din nou peste câteva minute.",
    )
}

/// The visit at this establishment that this browser is on.
fn visit(http: &HttpRequest, bank: &Bank, stet: &Stet, (code, id): (Cdetab, &str)) -> Option<Visit> {
    let cookie = http.cookie(COOKIE)?;
    let found = stet.visits().find(id, cookie.value(), bank.now()).cloned();
    found.filter(|visit| visit.bank == code)
}

/// The one page of a visit: whatever comes next.
async fn show(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>) -> HttpResponse {
    let profile: &'static Establishment = of.get_ref();
    let Some(stet) = bank.inner.stet.as_ref() else {
        return out_of_order();
    };
    let Some(visit) = visit(&http, &bank, stet, (profile.bank, &id)) else {
        return no_visit();
    };
    if let Some((ending, url)) = &visit.ended {
        return back_page(profile, (&visit.subject, *ending), url.as_str());
    }
    let books = stet.caught_up(bank.now());
    match &visit.subject {
        Subject::Access(asked) => access_page(&http, &books, (profile, &id), &visit, asked),
        Subject::Payment(payment) => match books.request(payment) {
            None => no_visit(),
            Some(request) if !request.is_waiting() => finished(request),
            Some(request) => payment_page(&http, &books, (profile, &id), &visit, request),
        },
    }
}

/// What every POST does: find the visit, let the PSU act if there is still something to decide, and send the
/// browser to the page.
fn act(
    http: &HttpRequest,
    bank: &Bank,
    (of, id): (&Of, &str),
    step: impl FnOnce(&Stet, &Visit, Option<&PaymentRequest>) -> Result<(), BooksError>,
) -> HttpResponse {
    let code = of.bank;
    let Some(stet) = bank.inner.stet.as_ref() else {
        return out_of_order();
    };
    let Some(visit) = visit(http, bank, stet, (code, id)) else {
        return no_visit();
    };
    let request = match &visit.subject {
        Subject::Payment(payment) => stet.caught_up(bank.now()).request(payment).cloned(),
        Subject::Access(_) => None,
    };
    let open = visit.ended.is_none() && request.as_ref().is_none_or(PaymentRequest::is_waiting);
    let done = if open { step(stet, &visit, request.as_ref()) } else { Ok(()) };
    if let Err(BooksError::Ledger(error)) = done {
        tracing::error!(%error, "sandbox bank: the ledger cannot be written");
        return out_of_order();
    }
    see_other(&format!("{}/plata/{id}", code.prefix()))
}

fn fields(body: &[u8]) -> HashMap<String, String> {
    parameters(body).unwrap_or_default()
}

async fn log_in(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = fields(&body);
    act(&http, &bank, (&of, &id), |stet, visit, request| {
        let field = |name: &str| form.get(name).map(|v| v.trim()).unwrap_or_default();
        let customer = people::by_id(field("user")).filter(|_| same_secret(people::CODE, field("code")));
        let Some(customer) = customer else {
            return failed_login(&bank, stet, (&id, visit), request);
        };
        let named = request.and_then(|r| r.received.debtor_iban.as_ref());
        let owner = named.is_none_or(|iban| customer.account(iban.electronic()).is_some());
        stet.visits().update(&id, |v| {
            v.notice = (!owner).then_some(Notice::NotTheOwner);
            if owner {
                (v.customer, v.account) = (Some(customer), named.cloned());
            }
        });
        Ok(())
    })
}

fn failed_login(bank: &Sandbox, stet: &Stet, (id, visit): (&str, &Visit), request: Option<&PaymentRequest>) -> Result<(), BooksError> {
    let (left, back) = match (&visit.subject, request) {
        (Subject::Payment(payment), Some(request)) => {
            let left = stet.books().login_failed(payment, bank.now())?;
            (left, way_back(request, false, None))
        }
        (Subject::Access(asked), _) => (2_u8.saturating_sub(visit.failed_logins), asked.back(&[("error", "access_denied")])),
        (Subject::Payment(_), None) => return Ok(()),
    };
    stet.visits().update(id, |v| {
        v.failed_logins = v.failed_logins.saturating_add(1);
        match left {
            0 => v.ended = Some((Ending::TooManyTries, back)),
            left => v.notice = Some(Notice::WrongCode(left)),
        }
    });
    Ok(())
}

async fn choose_account(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = fields(&body);
    act(&http, &bank, (&of, &id), |stet, visit, _| {
        let asked = form.get("iban").map(String::as_str).unwrap_or_default();
        let own = visit.customer.and_then(|customer| customer.account(asked));
        if let Some(iban) = own.and_then(|account| Iban::parse(account.iban).ok()) {
            stet.visits().update(&id, |v| v.account = Some(iban));
        }
        Ok(())
    })
}

/// Yes needs a customer, and for a payment an account; no is open to whoever is on the visit.
async fn decide(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = fields(&body);
    act(&http, &bank, (&of, &id), |stet, visit, request| {
        let yes = form.get("decizie").map(String::as_str);
        let now = bank.now();
        let ended = match (yes, &visit.subject, request) {
            (Some("da"), Subject::Payment(payment), Some(request)) => {
                let (Some(customer), Some(account)) = (visit.customer, &visit.account) else {
                    return Ok(());
                };
                let code = stet.books().authorise(payment, (customer.id, account.clone()), now)?;
                (Ending::Agreed, way_back(request, true, code.as_deref()))
            }
            (Some("nu"), Subject::Payment(payment), Some(request)) => {
                stet.books().refuse(payment, now)?;
                (Ending::Refused, way_back(request, false, None))
            }
            (Some("da"), Subject::Access(asked), _) => {
                let Some(terms) = visit.customer.and_then(|c| terms(asked, c, &form)) else {
                    return Ok(());
                };
                let code = stet.books().grant(visit.bank, terms, now)?;
                (Ending::Agreed, asked.back(&[("code", &code)]))
            }
            (Some("nu"), Subject::Access(asked), _) => (Ending::Refused, asked.back(&[("error", "access_denied")])),
            _ => return Ok(()),
        };
        stet.visits().update(&id, |v| v.ended = Some(ended));
        Ok(())
    })
}

/// What the PSU grants: all accounts to see, or those that were ticked to ask for cover; `None` when none was.
fn terms(asked: &AccessAsked, customer: &Persona, form: &HashMap<String, String>) -> Option<AccessTerms> {
    let ticked = |iban: &str| asked.scope.starts_with("aisp") || form.contains_key(&format!("cont-{iban}"));
    let accounts = customer.accounts.iter().map(|a| a.iban).filter(|iban| ticked(iban));
    let accounts: Vec<String> = accounts.map(str::to_owned).collect();
    (!accounts.is_empty()).then(|| AccessTerms {
        client_id: asked.client_id.clone(),
        redirect_uri: asked.redirect_uri.clone(),
        scope: asked.scope.clone(),
        customer: customer.id.to_owned(),
        accounts,
        code_sha256: String::new(),
    })
}
