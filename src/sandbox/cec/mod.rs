//! The sandbox's CEC Bank: Berlin Group NextGenPSD2 with redirect and OAuth2 (PKCE), as an API Connect
//! gateway serves it.
//!
//! **Invariant:** nobody but the client that brought an order, with the token its PSU's authorisation led to,
//! reads it; and nobody is ever sent to an address that is not registered.

mod authorize;
mod client;
mod oauth;
mod payments;

#[cfg(test)]
mod tests;

use super::berlin::profile::Profile;
use super::berlin::reply::{Outcome, Reply, answer, answer_through};
use super::berlin::{Body, MAX_BULK_BODY};
use super::scenarios::Story;
use super::{BankCode, Operation, Sandbox, pages, visit};
use actix_web::{HttpRequest, HttpResponse, web};

type Bank = web::Data<Sandbox>;

/// Where orders are brought, one instruction or several.
const ORDERS: &str = "/v1/{service:payments|bulk-payments}/sepa-credit-transfer";

/// A payment service and the id of an order.
type Target = web::Path<(String, String)>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    let no_method = || web::to(|| async { Reply::method_not_allowed().send() });
    let profile: &'static Profile = Profile::of(BankCode::Cec);
    config.service(
        web::scope("/cec")
            .app_data(web::Data::new(profile))
            .service(
                web::resource(ORDERS)
                    .app_data(web::PayloadConfig::new(MAX_BULK_BODY))
                    .route(web::post().to(initiate))
                    .default_service(no_method()),
            )
            .service(
                web::resource(format!("{ORDERS}/{{id}}"))
                    .route(web::get().to(details))
                    .route(web::delete().to(cancel))
                    .default_service(no_method()),
            )
            .service(
                web::resource(format!("{ORDERS}/{{id}}/status"))
                    .route(web::get().to(status))
                    .default_service(no_method()),
            )
            .service(web::resource("/v1/{rest:.*}").route(web::to(|| async { Reply::unknown_resource().send() })))
            .route("/.well-known/oauth-authorization-server", web::get().to(oauth::metadata))
            .service(
                web::resource("/oauth2/token")
                    .route(web::post().to(token))
                    .default_service(no_method()),
            )
            .route("/oauth2/authorize", web::get().to(authorize::authorize))
            .configure(visit::pages::routes)
            .configure(pages::of_a_bank),
    );
}

async fn initiate(request: HttpRequest, bank: Bank, service: web::Path<String>, body: Body) -> HttpResponse {
    let story = body.as_ref().ok().and_then(|body| Story::of_body(body)).and_then(Story::fault);
    let fault = bank.take_fault(BankCode::Cec, Operation::Initiate).or(story);
    answer_through(&request, fault, || payments::initiate(&bank, &request, &service, body)).await
}

async fn status(request: HttpRequest, bank: Bank, target: Target) -> HttpResponse {
    let act = || payments::status(&bank, &request, &target);
    answer(&request, &bank, (BankCode::Cec, Operation::Status), act).await
}

async fn details(request: HttpRequest, bank: Bank, target: Target) -> HttpResponse {
    let act = || payments::details(&bank, &request, &target);
    answer(&request, &bank, (BankCode::Cec, Operation::Details), act).await
}

async fn cancel(request: HttpRequest, bank: Bank, target: Target) -> HttpResponse {
    let act = || payments::cancel(&bank, &request, &target);
    answer(&request, &bank, (BankCode::Cec, Operation::Cancel), act).await
}

async fn token(request: HttpRequest, bank: Bank, body: Body) -> HttpResponse {
    answer(&request, &bank, (BankCode::Cec, Operation::Token), || {
        oauth::token(&bank, &request, body)
    })
    .await
}
