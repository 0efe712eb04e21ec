//! The sandbox's banks of the STET family (Banque Populaire, Caisse d'Epargne): TLS with a client certificate,
//! signed requests and answers, redirect, confirmation, account information and funds confirmation, in the
//! versions 1.4.0, 1.4.2 and 1.5.
//!
//! **Invariant:** every call of the interface is made by the organization that the client certificate names,
//! signed with that organization's known key, and answered with what its own token opens; and nobody is ever
//! sent to an address that is not registered.

mod accounts;
mod authorize;
mod books;
mod call;
mod certificate;
mod establishment;
mod event;
mod funds;
mod oauth;
mod pages;
mod payments;
pub mod people;
mod request;
mod settings;
mod shape;
mod signature;
mod transactions;
mod view;
mod visit;

#[cfg(test)]
mod tests;

pub use establishment::{Cdetab, Version};
pub use event::{AccessTerms, Consent, ReceivedRequest, StetEntry, StetEvent, Withdrawal};
pub use request::PaymentRequest;
pub use settings::{StetSettings, TrustedSeal};

use super::berlin::{Body, MAX_BODY};
use super::scenarios::Story;
use super::{Fault, Operation, Sandbox, lock};
use crate::clock::Timestamp;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use books::Books;
use call::{Call, Outcome};
use certificate::Certificate;
use establishment::Establishment;
use rustls::ServerConnection;
use signature::{BankSeal, KnownSeal};
use std::sync::{Arc, Mutex, MutexGuard};
use std::{io, time::Duration};
use visit::Visits;

/// The banks of the family, as one listener's pages and another's interface share them.
#[derive(Debug)]
pub(super) struct Stet {
    settings: StetSettings,
    seals: Vec<KnownSeal>,
    seal: BankSeal,
    books: Mutex<Books>,
    visits: Mutex<Visits>,
}

impl Stet {
    pub(super) fn open(settings: StetSettings, step: Duration) -> io::Result<Self> {
        Ok(Self {
            seals: settings.seals()?,
            seal: settings.bank_seal()?,
            books: Mutex::new(Books::open(step, settings.ledger_file.as_deref())?),
            visits: Mutex::default(),
            settings,
        })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    fn visits(&self) -> MutexGuard<'_, Visits> {
        lock(&self.visits)
    }

    /// The books with everything due done. A ledger that cannot be written stops the clock's work.
    pub(super) fn caught_up(&self, now: Timestamp) -> MutexGuard<'_, Books> {
        let mut books = self.books();
        if let Err(error) = books.catch_up(now) {
            tracing::error!(%error, "sandbox bank: the ledger cannot be written");
        }
        books
    }
}

/// Who is at the other end of a TLS connection.
#[derive(Clone, Debug)]
pub(super) struct TlsClient(Arc<Certificate>);

impl TlsClient {
    /// `None` when the certificate cannot be read.
    pub(super) fn of(connection: &ServerConnection) -> Option<Self> {
        let leaf = connection.peer_certificates()?.first()?;
        Some(Self(Arc::new(Certificate::from_der(leaf)?)))
    }
}

/// The establishments as the index lists them: path, name, what is special.
pub(super) fn listed() -> Vec<(&'static str, &'static str, &'static str)> {
    let row = |bank: Cdetab| (bank.prefix(), Establishment::of(bank).name, Establishment::of(bank).about());
    Cdetab::ALL.map(row).to_vec()
}

type Bank = web::Data<Sandbox>;
type Of = web::Data<&'static Establishment>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    for bank in Cdetab::ALL {
        config.service(scope(Establishment::of(bank)));
    }
}

fn scope(establishment: &'static Establishment) -> actix_web::Scope {
    let resource = |path: &str| web::resource(path.to_owned()).default_service(web::to(not_offered));
    let interface = web::scope("/stet/psd2/{version:v1\\.4\\.0|v1\\.4\\.2|v1\\.5}")
        .service(resource("/payment-requests").route(web::post().to(initiate)))
        .service(
            resource("/payment-requests/{id}")
                .route(web::get().to(read))
                .route(web::put().to(cancel)),
        )
        .service(resource("/payment-requests/{id}/{confirmation:o-confirmation|confirmation}").route(web::post().to(confirm)))
        .service(resource("/funds-confirmations").route(web::post().to(confirm_funds)))
        .service(resource("/consents").route(web::put().to(consent)))
        .service(resource("/accounts").route(web::get().to(list_accounts)))
        .service(resource("/accounts/{id}/balances").route(web::get().to(balances)))
        .service(resource("/accounts/{id}/transactions").route(web::get().to(list_transactions)))
        .service(resource("/end-user-identity").route(web::get().to(identity)))
        .service(resource("/trusted-beneficiaries").route(web::get().to(beneficiaries)))
        .default_service(web::to(unknown));
    web::scope(establishment.bank.prefix())
        .app_data(web::Data::new(establishment))
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .service(resource("/stet/psd2/oauth/token").route(web::post().to(token)))
        .service(interface)
        .configure(pages::routes)
}

/// A call of the interface: the bank acts, unless a fault says that it does not, and signs its answer.
async fn serve(place: (HttpRequest, Bank, Of, Body), operation: Option<Operation>, act: impl FnOnce(&Call<'_>) -> Outcome) -> HttpResponse {
    let (request, bank, of, body) = place;
    let Some(stet) = bank.inner.stet.as_ref() else {
        return HttpResponse::NotFound().finish();
    };
    let fault = operation.and_then(|operation| bank.take_fault_anywhere(operation));
    let told = || match operation {
        Some(Operation::Initiate) => body.as_ref().ok().and_then(|body| story_fault(body)),
        _ => None,
    };
    let fault = fault.or_else(told);
    let call = Call::new(&bank, stet, of.get_ref(), &request, body);
    call.answer(fault, act).await
}

/// What the story of an order makes of the answer to it.
fn story_fault(body: &[u8]) -> Option<Fault> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let minor = shape::amount_minor(body.pointer("/creditTransferTransaction/0/instructedAmount/amount")?)?;
    Story::of_minor(minor).and_then(Story::fault)
}

async fn not_offered(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    let refuse = |call: &Call<'_>| Err(call.error(StatusCode::METHOD_NOT_ALLOWED, "NIMP", "this method is not offered here"));
    serve((request, bank, of, body), None, refuse).await
}

async fn unknown(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    let refuse = |call: &Call<'_>| Err(call.error(StatusCode::NOT_FOUND, "NIMP", "there is no such resource"));
    serve((request, bank, of, body), None, refuse).await
}

async fn token(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Token), oauth::token).await
}

async fn initiate(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Initiate), payments::initiate).await
}

async fn read(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Details), payments::read).await
}

async fn cancel(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Cancel), payments::cancel).await
}

async fn confirm(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Confirm), payments::confirm).await
}

async fn confirm_funds(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Funds), funds::confirm).await
}

async fn consent(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Accounts), accounts::consent).await
}

async fn list_accounts(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Accounts), accounts::list).await
}

async fn balances(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Accounts), accounts::balances).await
}

async fn list_transactions(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Accounts), transactions::list).await
}

async fn identity(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Accounts), accounts::identity).await
}

async fn beneficiaries(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    serve((request, bank, of, body), Some(Operation::Accounts), accounts::beneficiaries).await
}
