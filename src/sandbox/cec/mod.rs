//! The banks with redirect and OAuth2 (PKCE): CEC Bank as an API Connect gateway serves it, Banca Transilvania and
//! the standard as it is written. What differs between them stands in their [`Profile`].
//!
//! **Invariant:** nobody but the client that brought an order, with the token its PSU's authorisation led to,
//! reads it; and nobody is ever sent to an address that is not registered.

mod authorize;
pub(super) mod client;
mod oauth;
mod payments;

#[cfg(test)]
mod tests;

use super::berlin::profile::Profile;
use super::berlin::reply::{Outcome, Reply, answer, answer_through};
use super::berlin::{Body, MAX_BULK_BODY};
use super::scenarios::Story;
use super::{BankCode, Operation, Sandbox, consents, pages, portal, visit};
use actix_web::{HttpRequest, HttpResponse, web};

type Bank = web::Data<Sandbox>;
type Of = web::Data<&'static Profile>;

/// The banks served here.
const BANKS: [BankCode; 3] = [BankCode::Cec, BankCode::Bt, BankCode::Standard];

/// A payment service and the id of an order.
type Target = web::Path<(String, String)>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    for bank in BANKS {
        config.service(scope(Profile::of(bank)));
    }
}

fn scope(profile: &'static Profile) -> actix_web::Scope {
    let no_method = || web::to(|| async { Reply::method_not_allowed().send() });
    let nothing = || web::to(|| async { Reply::unknown_resource().send() });
    // Where orders are brought, one instruction or several.
    let orders = format!("/{}/{{service:payments|bulk-payments}}/{}", profile.version, profile.product);
    web::scope(profile.bank.prefix())
        .app_data(web::Data::new(profile))
        .service(
            web::resource(orders.as_str())
                .app_data(web::PayloadConfig::new(MAX_BULK_BODY))
                .route(web::post().to(initiate))
                .default_service(no_method()),
        )
        .service(
            web::resource(format!("{orders}/{{id}}"))
                .route(web::get().to(details))
                .route(web::delete().to(cancel))
                .default_service(no_method()),
        )
        .service(
            web::resource(format!("{orders}/{{id}}/status"))
                .route(web::get().to(status))
                .default_service(no_method()),
        )
        .configure(|config| consents::routes(config, profile))
        .service(web::resource(format!("/{}/{{rest:.*}}", profile.version)).route(nothing()))
        .route("/.well-known/oauth-authorization-server", web::get().to(oauth::metadata))
        .service(
            web::resource("/oauth2/token")
                .route(web::post().to(token))
                .default_service(no_method()),
        )
        .route("/oauth2/authorize", web::get().to(authorize::authorize))
        .configure(|config| portal::routes(config, profile))
        .configure(visit::pages::routes)
        .configure(pages::of_a_bank)
}

async fn initiate(request: HttpRequest, bank: Bank, of: Of, service: web::Path<String>, body: Body) -> HttpResponse {
    let story = body.as_ref().ok().and_then(|body| Story::of_body(body)).and_then(Story::fault);
    let fault = bank.take_fault(of.bank, Operation::Initiate).or(story);
    let act = || payments::initiate(&bank, of.get_ref(), &request, &service, body);
    answer_through(&request, fault, act).await
}

async fn status(request: HttpRequest, bank: Bank, of: Of, target: Target) -> HttpResponse {
    let act = || payments::status(&bank, of.get_ref(), &request, &target);
    answer(&request, &bank, (of.bank, Operation::Status), act).await
}

async fn details(request: HttpRequest, bank: Bank, of: Of, target: Target) -> HttpResponse {
    let act = || payments::details(&bank, of.get_ref(), &request, &target);
    answer(&request, &bank, (of.bank, Operation::Details), act).await
}

async fn cancel(request: HttpRequest, bank: Bank, of: Of, target: Target) -> HttpResponse {
    let act = || payments::cancel(&bank, of.get_ref(), &request, &target);
    answer(&request, &bank, (of.bank, Operation::Cancel), act).await
}

async fn token(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    answer(&request, &bank, (of.bank, Operation::Token), || oauth::token(&bank, &request, body)).await
}
