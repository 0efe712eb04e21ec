//! The interface for payment orders and payments. Every answer is `{"status", "payload"}`.

use super::books::CodeCheck;
use super::order::{self, amount};
use super::sessions::NoLogin;
use super::users::User;
use super::{Epp, EppCall, accounts, list};
use crate::sandbox::berlin::reply::{Outcome, Reply, answer_through};
use crate::sandbox::scenarios::Story;
use crate::sandbox::{Fault, Sandbox};
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Largest body, in bytes: 5000 orders with every text as long as it may be.
const MAX_BODY: usize = 12 * 1024 * 1024;
/// Most orders in one call.
const MAX_ORDERS: usize = 5000;
const CHANNELS: [&str; 4] = ["Postal", "Zimbra", "Nth", "Authenticator"];

type Bank = web::Data<Sandbox>;
type Body = Result<web::Bytes, actix_web::Error>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/epp/api")
            .app_data(web::PayloadConfig::new(MAX_BODY))
            .route("/login", web::post().to(log_in))
            .route("/login/refresh", web::get().to(renew))
            .route("/login/ping", web::get().to(ping))
            .route("/payment-orders", web::post().to(create))
            .route("/payment-orders/validate", web::post().to(validate))
            .route("/payment-orders", web::get().to(orders))
            .route("/payment-orders/{id}", web::get().to(one))
            .route("/payments", web::post().to(start))
            .route("/payments", web::put().to(confirm))
            .configure(accounts::routes)
            .default_service(web::to(nothing)),
    );
}

pub(super) fn good(payload: Value) -> Reply {
    Reply::json(
        StatusCode::OK,
        json!({ "status": { "code": 200, "message": "OK" }, "payload": payload }),
    )
}

pub(super) fn bad(status: StatusCode, name: &str) -> Reply {
    Reply::json(
        status,
        json!({ "status": { "code": status.as_u16(), "message": name }, "payload": null }),
    )
}

fn bad_request(name: &str) -> Reply {
    bad(StatusCode::BAD_REQUEST, name)
}

pub(super) fn out_of_order(error: &std::io::Error) -> Reply {
    tracing::error!(%error, "sandbox bank: the ePP journal cannot be written");
    bad(StatusCode::SERVICE_UNAVAILABLE, "Unavailable")
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The service account whose token the call carries.
pub(super) fn user(epp: &Epp, request: &HttpRequest, bank: &Sandbox) -> Result<&'static User, Reply> {
    let user = bearer(request).and_then(|token| epp.sessions.user(token, bank.now()));
    user.ok_or_else(|| bad(StatusCode::UNAUTHORIZED, "Unauthorized"))
}

fn json_of(body: Body) -> Result<Value, Reply> {
    let bytes = body.map_err(|_| bad(StatusCode::PAYLOAD_TOO_LARGE, "TooLarge"))?;
    serde_json::from_slice(&bytes).map_err(|_| bad_request("InvalidJson"))
}

async fn log_in(request: HttpRequest, bank: Bank, body: Body) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::Login);
    let act = || -> Outcome {
        let body = json_of(body)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let now = bank.now();
        match bank.epp().sessions.log_in(text("login"), text("password"), now) {
            Ok((access, refresh)) => Ok(good(json!({ "accessToken": access, "refreshToken": refresh }))),
            Err(NoLogin::Wrong) => Err(bad(StatusCode::UNAUTHORIZED, "InvalidCredentials")),
            Err(NoLogin::Locked) => Err(bad(StatusCode::FORBIDDEN, "UserLocked")),
        }
    };
    answer_through(&request, fault, act).await
}

async fn renew(request: HttpRequest, bank: Bank) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::Refresh);
    let act = || -> Outcome {
        let now = bank.now();
        let pair = bearer(&request).and_then(|token| bank.epp().sessions.renew(token, now));
        let (access, refresh) = pair.ok_or_else(|| bad(StatusCode::UNAUTHORIZED, "InvalidRefreshToken"))?;
        Ok(good(json!({ "accessToken": access, "refreshToken": refresh })))
    };
    answer_through(&request, fault, act).await
}

async fn ping(request: HttpRequest, bank: Bank) -> HttpResponse {
    let act = || user(&bank.epp(), &request, &bank).map(|user| good(json!({ "login": user.login })));
    answer_through(&request, None, act).await
}

async fn nothing() -> HttpResponse {
    bad(StatusCode::NOT_FOUND, "NotFound").send()
}

/// An order as it was sent, and what was read of it or what is wrong with it.
type ReadOrder = (Value, Result<order::Received, order::Refusal>);

/// The orders of a call, each as it is or with what is wrong with it.
fn read_orders(epp: &Epp, user: &User, body: Body) -> Result<Vec<ReadOrder>, Reply> {
    let body = json_of(body)?;
    let items = body.as_array().ok_or_else(|| bad_request("InvalidJson"))?;
    if !(1..=MAX_ORDERS).contains(&items.len()) {
        return Err(bad_request("InvalidNumberOfOrders"));
    }
    let mut known: HashSet<String> = epp.books.external_ids(user);
    let one = |item: &Value| {
        let read = order::read(item, user).and_then(|order| {
            if order.external_id.is_empty() || known.insert(order.external_id.clone()) {
                return Ok(order);
            }
            Err(("DuplicateExternalId", "Nalog sa ovim ExternalId već postoji".to_owned()))
        });
        (item.clone(), read)
    };
    Ok(items.iter().map(one).collect())
}

/// A refused order comes back as it was sent.
fn refused(item: &Value, (name, words): &order::Refusal) -> Value {
    let external_id = item.get("ExternalId").cloned().unwrap_or_default();
    json!({ "model": { "externalId": external_id }, "error": { "code": name, "message": words } })
}

async fn validate(request: HttpRequest, bank: Bank, body: Body) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::Validate);
    let act = || -> Outcome {
        let epp = bank.epp_caught_up();
        let user = user(&epp, &request, &bank)?;
        let checked = read_orders(&epp, user, body)?;
        let shown = |(item, read): &ReadOrder| match read {
            Ok(order) => json!({ "model": { "externalId": order.external_id }, "error": null }),
            Err(refusal) => refused(item, refusal),
        };
        Ok(good(checked.iter().map(shown).collect()))
    };
    answer_through(&request, fault, act).await
}

/// What an amount makes of the answer: only an order alone tells a story.
fn story(body: &Body) -> Option<Fault> {
    let items: Vec<Value> = serde_json::from_slice(body.as_ref().ok()?).ok()?;
    let [item] = items.as_slice() else { return None };
    let minor = crate::sandbox::money::parse_minor(&item.get("Amount")?.to_string())?;
    Story::of_minor(minor)?.fault()
}

/// As the interface's own sample: a bare list, without the envelope.
async fn create(request: HttpRequest, bank: Bank, body: Body) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::Create).or_else(|| story(&body));
    let act = || -> Outcome {
        let mut epp = bank.epp_caught_up();
        let user = user(&epp, &request, &bank)?;
        let read = read_orders(&epp, user, body)?;
        let taken: Vec<order::Received> = read.iter().filter_map(|(_, order)| order.clone().ok()).collect();
        let ids = epp.books.create(taken, bank.now()).map_err(|e| out_of_order(&e))?;
        let mut ids = ids.into_iter();
        let shown = |(item, order): ReadOrder| match order {
            Err(refusal) => refused(&item, &refusal),
            Ok(_) => {
                let order = ids.next().and_then(|id| epp.books.orders.get(&id));
                json!({ "model": order.map(|order| order.shown(None)), "error": null })
            }
        };
        Ok(Reply::json(StatusCode::OK, read.into_iter().map(shown).collect()))
    };
    answer_through(&request, fault, act).await
}

async fn orders(request: HttpRequest, bank: Bank) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::Orders);
    let act = || -> Outcome {
        let epp = bank.epp_caught_up();
        let user = user(&epp, &request, &bank)?;
        let own = epp.books.orders.values().filter(|order| order.received.user == user.login);
        let shown = own.map(|order| order.shown(epp.books.waiting(order, bank.now()))).collect();
        let page = list::page(request.query_string(), shown).map_err(|name| bad_request(&format!("InvalidParameter {name}")))?;
        Ok(good(page))
    };
    answer_through(&request, fault, act).await
}

async fn one(request: HttpRequest, bank: Bank, id: web::Path<String>) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::Orders);
    let act = || -> Outcome {
        let epp = bank.epp_caught_up();
        let user = user(&epp, &request, &bank)?;
        let order = id.parse().ok().and_then(|id: u64| epp.books.orders.get(&id));
        let order = order.filter(|order| order.received.user == user.login);
        let order = order.ok_or_else(|| bad(StatusCode::NOT_FOUND, "NotFound"))?;
        Ok(good(order.shown(epp.books.waiting(order, bank.now()))))
    };
    answer_through(&request, fault, act).await
}

async fn start(request: HttpRequest, bank: Bank, body: Body) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::Start);
    let act = || -> Outcome {
        let mut epp = bank.epp_caught_up();
        let (user, now) = (user(&epp, &request, &bank)?, bank.now());
        let body = json_of(body)?;
        let ids: Option<Vec<u64>> = body
            .get("PaymentOrderIds")
            .and_then(Value::as_array)
            .map(|ids| ids.iter().filter_map(Value::as_u64).collect());
        let ids = ids
            .filter(|ids| !ids.is_empty())
            .ok_or_else(|| bad_request("InvalidPaymentOrderIds"))?;
        let channel = body.get("TwoFactorAuthenticationChannel").and_then(Value::as_str);
        let channel = channel
            .filter(|c| CHANNELS.contains(c))
            .ok_or_else(|| bad_request("InvalidChannel"))?;
        let mut total = 0;
        for id in &ids {
            let order = epp.books.orders.get(id).filter(|order| order.received.user == user.login);
            let order = order.ok_or_else(|| bad_request("UnknownPaymentOrder"))?;
            if order.confirmed.is_some() || epp.books.waiting(order, now).is_some() {
                return Err(bad(StatusCode::CONFLICT, "PaymentOrderLocked"));
            }
            total += order.received.amount_minor;
        }
        let count = ids.len();
        let tag = epp.books.start(ids, channel, now).map_err(|e| out_of_order(&e))?;
        Ok(good(
            json!({ "paymentIdTagName": tag, "totalAmount": amount(total), "totalCount": count }),
        ))
    };
    answer_through(&request, fault, act).await
}

async fn confirm(request: HttpRequest, bank: Bank, body: Body) -> HttpResponse {
    let fault = bank.epp_fault(EppCall::Confirm);
    let act = || -> Outcome {
        let mut epp = bank.epp_caught_up();
        let (user, now) = (user(&epp, &request, &bank)?, bank.now());
        let body = json_of(body)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let check = epp.books.confirm(user, text("PaymentIdTagName"), text("Token"), now);
        match check.map_err(|e| out_of_order(&e))? {
            CodeCheck::Right(tag) => Ok(good(json!({ "paymentTagName": tag }))),
            CodeCheck::Wrong => Err(bad_request("InvalidToken")),
            CodeCheck::Used => Err(bad_request("UsedToken")),
            CodeCheck::Over => Err(bad_request("PaymentExpired")),
        }
    };
    answer_through(&request, fault, act).await
}
