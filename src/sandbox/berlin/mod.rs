//! A Berlin Group NextGenPSD2 bank without OAuth2: the certificate names the TPP, and the [`Profile`] says
//! how the PSU authorises and how the answers look. CEC shares the reading and the answers.
//!
//! **Invariant:** every answer of the API is built as a [`Reply`](reply::Reply) by a function that has
//! finished with the books; what then goes wrong on the way to the caller (a [`Fault`](super::Fault))
//! cannot change what the bank did.

pub(super) mod authorisations;
pub(super) mod caller;
mod embedded;
pub(super) mod links;
pub(super) mod order_body;
pub(super) mod payments;
mod periodic;
pub(super) mod profile;
mod redirect;
pub(super) mod reply;
pub(super) mod resource;
mod subject;

#[cfg(test)]
pub(super) mod tests;

use super::books::{Books, BooksError};
use super::ledger::PaymentService;
use super::scenarios::Story;
use super::{BankCode, Operation, Order, Sandbox, consents, pages, visit};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use profile::{Approach, Profile};
use reply::{Reply, answer, answer_through};
use serde::Deserialize;
use std::sync::MutexGuard;
use subject::Subject;

/// A body as it arrived, or why it could not be read.
pub(super) type Body = Result<web::Bytes, actix_web::Error>;
type Bank = web::Data<Sandbox>;

/// Largest body of an order with one instruction, in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024;
/// Largest body of an order with many, in bytes.
pub(super) const MAX_BULK_BODY: usize = 4 * 1024 * 1024;

/// The banks served here.
const BANKS: [BankCode; 5] = [BankCode::Brd, BankCode::Mobil, BankCode::Cod, BankCode::Link, BankCode::Pasi];

pub(super) fn routes(config: &mut web::ServiceConfig) {
    for bank in BANKS {
        config.service(scope(Profile::of(bank)));
    }
}

fn scope(profile: &'static Profile) -> actix_web::Scope {
    let no_method = || web::to(method_not_allowed);
    let resource = |path: &str| web::resource(path.to_owned()).default_service(no_method());
    let scope = web::scope(profile.bank.prefix())
        .app_data(web::Data::new(profile))
        .app_data(web::PayloadConfig::new(MAX_BULK_BODY))
        .configure(|config| consents::routes(config, profile))
        .service(resource("/v1/{service}/{product}").route(web::post().to(initiate)))
        .service(
            resource("/v1/{service}/{product}/{id}")
                .route(web::get().to(details))
                .route(web::delete().to(cancel)),
        )
        .service(resource("/v1/{service}/{product}/{id}/status").route(web::get().to(status)))
        .service(
            resource("/v1/{service}/{product}/{id}/authorisations")
                .route(web::post().to(authorise))
                .route(web::get().to(authorisations)),
        )
        .service(
            resource("/v1/{service}/{product}/{id}/authorisations/{authorisation}")
                .route(web::get().to(sca_status))
                .route(web::put().to(put_authorisation)),
        )
        .service(web::resource("/v1/{rest:.*}").route(web::to(unknown_resource)))
        .configure(pages::of_a_bank);
    match profile.approach {
        Approach::Redirect => scope
            .route("/sca/{authorisation}", web::get().to(redirect::begin))
            .configure(visit::pages::routes),
        _ => scope,
    }
}

/// The authorisations of consents, at a bank without OAuth2.
pub(super) fn consent_authorisations(config: &mut web::ServiceConfig) {
    let resource = |path: &str| web::resource(path.to_owned()).default_service(web::to(method_not_allowed));
    config
        .service(
            resource("/v1/consents/{id}/authorisations")
                .route(web::post().to(authorise))
                .route(web::get().to(authorisations)),
        )
        .service(
            resource("/v1/consents/{id}/authorisations/{authorisation}")
                .route(web::get().to(sca_status))
                .route(web::put().to(put_authorisation)),
        );
}

/// What stands in a path below the interface; of a consent there is no service.
#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    service: String,
    #[serde(default)]
    product: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    authorisation: String,
}

/// A call of the interface.
struct Call<'a> {
    bank: &'a Sandbox,
    profile: &'static Profile,
    request: &'a HttpRequest,
    target: &'a Target,
}

impl<'a> Call<'a> {
    fn new(bank: &'a Sandbox, profile: &Of, request: &'a HttpRequest, target: &'a Target) -> Self {
        let profile = profile.get_ref();
        Self {
            bank,
            profile,
            request,
            target,
        }
    }

    /// The payment service that the path names.
    fn service(&self) -> Result<PaymentService, Reply> {
        let service = PaymentService::parse(&self.target.service).ok_or_else(Reply::unknown_resource)?;
        if !self.profile.services.contains(&service) {
            let text = "this bank does not offer this payment service";
            return Err(Reply::tpp_message(StatusCode::BAD_REQUEST, "SERVICE_INVALID", None, text));
        }
        if self.target.product != self.profile.product {
            let text = "this bank does not offer this payment product";
            return Err(Reply::tpp_message(StatusCode::NOT_FOUND, "PRODUCT_UNKNOWN", None, text));
        }
        Ok(service)
    }

    /// The books with everything due done.
    fn books(&self) -> Result<MutexGuard<'a, Books>, Reply> {
        caught_up(self.bank)
    }

    /// The order that the path names; another TPP's is as unknown as one that never was.
    fn order<'b>(&self, books: &'b Books, tpp: &str) -> Result<&'b Order, Reply> {
        let service = self.service()?;
        let order = books.order(&self.target.id).filter(|order| {
            let received = &order.received;
            received.bank == self.profile.bank && received.client_id == tpp && received.service() == service
        });
        order.ok_or_else(Reply::unknown_payment)
    }

    /// The order or consent that the path names, of this TPP.
    fn subject<'b>(&self, books: &'b Books, tpp: &str) -> Result<Subject<'b>, Reply> {
        if !self.target.service.is_empty() {
            return self.order(books, tpp).map(Subject::Order);
        }
        let own = |c: &&consents::Consent| c.received.bank == self.profile.bank && c.received.client_id == tpp;
        let consent = books.consent(&self.target.id).filter(own);
        consent.map(Subject::Consent).ok_or_else(consents::unknown)
    }

    /// The path of that order or consent, behind the bank's prefix.
    fn own_path(&self) -> String {
        let Target { service, product, id, .. } = self.target;
        if service.is_empty() {
            format!("/v1/consents/{id}")
        } else {
            format!("/v1/{service}/{product}/{id}")
        }
    }
}

/// The books with everything due done; a ledger that cannot be written is answered 503.
pub(super) fn caught_up(bank: &Sandbox) -> Result<MutexGuard<'_, Books>, Reply> {
    let mut books = bank.books();
    books.catch_up(bank.now()).map_err(BooksError::Ledger)?;
    Ok(books)
}

type Of = web::Data<&'static Profile>;
type Path = web::Path<Target>;

async fn initiate(request: HttpRequest, bank: Bank, of: Of, target: Path, body: Body) -> HttpResponse {
    let story = body.as_ref().ok().and_then(|body| Story::of_body(body)).and_then(Story::fault);
    let fault = bank.take_fault(of.bank, Operation::Initiate).or(story);
    let act = || payments::initiate(&Call::new(&bank, &of, &request, &target), body);
    answer_through(&request, fault, act).await
}

async fn details(request: HttpRequest, bank: Bank, of: Of, target: Path) -> HttpResponse {
    let act = || payments::details(&Call::new(&bank, &of, &request, &target));
    answer(&request, &bank, (of.bank, Operation::Details), act).await
}

async fn status(request: HttpRequest, bank: Bank, of: Of, target: Path) -> HttpResponse {
    let act = || payments::status(&Call::new(&bank, &of, &request, &target));
    answer(&request, &bank, (of.bank, Operation::Status), act).await
}

async fn cancel(request: HttpRequest, bank: Bank, of: Of, target: Path) -> HttpResponse {
    let act = || payments::cancel(&Call::new(&bank, &of, &request, &target));
    answer(&request, &bank, (of.bank, Operation::Cancel), act).await
}

async fn authorise(request: HttpRequest, bank: Bank, of: Of, target: Path, body: Body) -> HttpResponse {
    let act = || authorisations::start(&Call::new(&bank, &of, &request, &target), body);
    answer(&request, &bank, (of.bank, Operation::Authorise), act).await
}

async fn authorisations(request: HttpRequest, bank: Bank, of: Of, target: Path) -> HttpResponse {
    let act = || authorisations::list(&Call::new(&bank, &of, &request, &target));
    answer(&request, &bank, (of.bank, Operation::Details), act).await
}

async fn sca_status(request: HttpRequest, bank: Bank, of: Of, target: Path) -> HttpResponse {
    let act = || authorisations::status(&Call::new(&bank, &of, &request, &target));
    answer(&request, &bank, (of.bank, Operation::ScaStatus), act).await
}

async fn put_authorisation(request: HttpRequest, bank: Bank, of: Of, target: Path, body: Body) -> HttpResponse {
    let act = || embedded::update(&Call::new(&bank, &of, &request, &target), body);
    answer(&request, &bank, (of.bank, Operation::PutAuthorisation), act).await
}

async fn method_not_allowed() -> HttpResponse {
    Reply::method_not_allowed().send()
}

async fn unknown_resource() -> HttpResponse {
    Reply::unknown_resource().send()
}
