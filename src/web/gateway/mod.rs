//! The partner API. Every handler reads input, starts one flow and writes one envelope.
//!
//! **Invariant:** no answer but HTTP 200 means success; nothing a client can send makes a 500; a request is
//! always judged together with the certificate TLS verified.

mod access_token;
mod account_calls;
mod account_views;
mod activation;
mod activation_input;
mod calls;
mod consent_errors;
mod consents;
mod envelope;
mod giro;
mod input;
mod oauth;
mod order;
mod payments;
mod reader;
mod several;
mod signed_answers;
mod signed_requests;
mod status;

pub use envelope::ApiError;
pub use signed_answers::sign_answer;
pub use signed_requests::check_signature;

use crate::flow::Context;
use crate::partner::PeerCertificate;
use crate::web::Detached;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, web};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Arc;
use url::Url;

/// What the gateway's handlers work with.
#[derive(Clone)]
pub struct Gateway {
    /// The flows' context.
    pub cx: Context,
    /// Where calls to banks run that must not end with the connection that started them.
    detached: Detached,
    /// Requests per certificate.
    limit: Arc<DefaultKeyedRateLimiter<String>>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    /// A gateway that lets each certificate make so many requests.
    #[must_use]
    pub fn new(cx: Context, detached: Detached, per_minute: u32, burst: u32) -> Self {
        let least = NonZeroU32::MIN;
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(least)).allow_burst(NonZeroU32::new(burst).unwrap_or(least));
        Self {
            cx,
            detached,
            limit: Arc::new(RateLimiter::keyed(quota)),
        }
    }

    /// What payers see in the address bar, for links in answers.
    fn public_url(&self) -> &Url {
        &self.cx.rules.base_url
    }
}

/// The routes: each call under the manual's path and under the one real clients use, with and without the
/// `/gateway` prefix.
pub fn routes(config: &mut web::ServiceConfig) {
    for prefix in ["/gateway", ""] {
        config.service(only(&format!("{prefix}/oauth2/token"), "POST", web::post().to(oauth::token)));
        config.service(only(&format!("{prefix}/oauth2/jwks"), "GET", web::get().to(oauth::jwks)));
        for family in ["/authenticate/rest/api/authenticate", "/authenticate/rest/api"] {
            let path = |call: &str| format!("{prefix}{family}/{call}");
            config.service(only(&path("token"), "POST", web::post().to(calls::token)));
            config.service(only(&path("refreshToken"), "POST", web::post().to(calls::refresh_token)));
        }
        for family in ["/core/rest/api/core", "/core/rest/api"] {
            let path = |call: &str| format!("{prefix}{family}/{call}");
            config.service(only(&path("initPayment/{payment}"), "POST", web::post().to(calls::init_payment)));
            config.service(only(&path("status/{payment}"), "GET", web::get().to(status::status)));
            config.service(only(&path("payments"), "POST", web::post().to(payments::create)));
            config.service(only(&path("banks"), "GET", web::get().to(calls::banks)));
            config.service(only(&path("clientActivation"), "POST", web::post().to(activation::apply)));
            config.service(only(
                &path("clientActivation/{application}"),
                "GET",
                web::get().to(activation::status),
            ));
            account_access(config, path);
        }
    }
    for path in DISCOVERY {
        config.service(only(path, "GET", web::get().to(oauth::metadata)));
    }
}

/// What says how this authorisation server works (RFC 8414 section 3, OpenID Connect Discovery 1.0 section 4).
pub const DISCOVERY: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

/// The calls about consents and what is read under them.
fn account_access(config: &mut web::ServiceConfig, path: impl Fn(&str) -> String) {
    use account_calls as read;
    let calls: [(&str, &'static str, actix_web::Route); 13] = [
        ("initConsent/{consent}", "POST", web::post().to(consents::init)),
        ("consentStatus/{consent}", "GET", web::get().to(consents::status)),
        ("revokeConsent/{consent}", "POST", web::post().to(consents::revoke)),
        ("renewConsent/{consent}", "POST", web::post().to(consents::renew)),
        ("fundsConfirmation/{consent}", "POST", web::post().to(read::funds)),
        ("identity/{consent}", "GET", web::get().to(read::identity)),
        ("trustedBeneficiaries/{consent}", "GET", web::get().to(read::beneficiaries)),
        ("accounts/{consent}", "GET", web::get().to(read::accounts)),
        ("accounts/{consent}/{account}", "GET", web::get().to(read::account)),
        ("accounts/{consent}/{account}/balances", "GET", web::get().to(read::balances)),
        (
            "accounts/{consent}/{account}/transactions",
            "GET",
            web::get().to(read::transactions),
        ),
        (
            "accounts/{consent}/{account}/transactions/{transaction}",
            "GET",
            web::get().to(read::transaction),
        ),
        ("accounts/{consent}/{account}/statement", "GET", web::get().to(read::statement)),
    ];
    for (call, method, route) in calls {
        config.service(only(&path(call), method, route));
    }
}

/// A call with one method, which the answer to every other names.
fn only(path: &str, method: &'static str, route: actix_web::Route) -> actix_web::Resource {
    let refused = web::to(move || std::future::ready(ApiError::wrong_method(method).error_response()));
    web::resource(path).route(route).default_service(refused)
}

/// Anything that is no call of the API.
pub async fn no_such_call() -> HttpResponse {
    ApiError::no_such_call().error_response()
}

/// Limits how often one certificate calls.
///
/// # Errors
/// What the handler answers.
pub async fn limit(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let gateway = request.app_data::<web::Data<Gateway>>().cloned();
    let of_oauth = request.path().ends_with(oauth::TOKEN_PATH);
    let peer = request.conn_data::<PeerCertificate>().map(|p| p.sha256.clone()).unwrap_or_default();
    if let Some(gateway) = gateway
        && let Err(not_until) = gateway.limit.check_key(&peer)
    {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        let refused = ApiError::too_many(wait.as_secs() + 1);
        let answer = if of_oauth {
            oauth::from_envelope(&refused)
        } else {
            refused.error_response()
        };
        return Ok(request.into_response(answer).map_into_right_body());
    }
    // Kept with the request, so that handlers need not know about connections.
    if let Some(peer) = request.conn_data::<PeerCertificate>().cloned() {
        request.extensions_mut().insert(peer);
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// The verified certificate of this request.
fn peer(request: &HttpRequest) -> Result<PeerCertificate, ApiError> {
    request.extensions().get::<PeerCertificate>().cloned().ok_or_else(ApiError::not_you)
}
