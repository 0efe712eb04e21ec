//! The sandbox's CEC Bank: Berlin Group NextGenPSD2 with redirect and OAuth2 (PKCE), as an API Connect
//! gateway serves it.
//!
//! **Invariant:** every answer of the API is built as a [`Reply`] by a function that has finished with the
//! books; what then goes wrong on the way to the caller (a [`Fault`]) cannot change what the bank did.

mod authorize;
mod caller;
mod oauth;
mod order_body;
mod payments;
mod visit;
mod visit_pages;

#[cfg(test)]
mod tests;

pub(super) use visit::Visits;

use super::books::BooksError;
use super::{Fault, Operation, Sandbox, Wire, pages};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde_json::{Value, json};

type Body = Result<web::Bytes, actix_web::Error>;
type Bank = web::Data<Sandbox>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    let no_method = || web::to(method_not_allowed);
    config.service(
        web::scope("/cec")
            .service(
                web::resource("/v1/payments/sepa-credit-transfer")
                    .route(web::post().to(initiate))
                    .default_service(no_method()),
            )
            .service(
                web::resource("/v1/payments/sepa-credit-transfer/{id}")
                    .route(web::get().to(details))
                    .route(web::delete().to(cancel))
                    .default_service(no_method()),
            )
            .service(
                web::resource("/v1/payments/sepa-credit-transfer/{id}/status")
                    .route(web::get().to(status))
                    .default_service(no_method()),
            )
            .service(web::resource("/v1/{rest:.*}").route(web::to(unknown_resource)))
            .route("/.well-known/oauth-authorization-server", web::get().to(oauth::metadata))
            .service(
                web::resource("/oauth2/token")
                    .route(web::post().to(token))
                    .default_service(no_method()),
            )
            .route("/oauth2/authorize", web::get().to(authorize::authorize))
            .configure(visit_pages::routes)
            .route("/ledger", web::get().to(pages::ledger)),
    );
}

async fn initiate(request: HttpRequest, bank: Bank, body: Body) -> HttpResponse {
    answer(&request, &bank, Operation::Initiate, || payments::initiate(&bank, &request, body)).await
}

async fn status(request: HttpRequest, bank: Bank, id: web::Path<String>) -> HttpResponse {
    answer(&request, &bank, Operation::Status, || payments::status(&bank, &request, &id)).await
}

async fn details(request: HttpRequest, bank: Bank, id: web::Path<String>) -> HttpResponse {
    answer(&request, &bank, Operation::Details, || payments::details(&bank, &request, &id)).await
}

async fn cancel(request: HttpRequest, bank: Bank, id: web::Path<String>) -> HttpResponse {
    answer(&request, &bank, Operation::Cancel, || payments::cancel(&bank, &request, &id)).await
}

async fn token(request: HttpRequest, bank: Bank, body: Body) -> HttpResponse {
    answer(&request, &bank, Operation::Token, || oauth::token(&bank, &request, body)).await
}

async fn method_not_allowed() -> HttpResponse {
    Reply::tpp_message(
        StatusCode::METHOD_NOT_ALLOWED,
        "SERVICE_INVALID",
        None,
        "this method is not offered here",
    )
    .send()
}

async fn unknown_resource() -> HttpResponse {
    Reply::tpp_message(StatusCode::NOT_FOUND, "RESOURCE_UNKNOWN", None, "there is no such resource").send()
}

/// An answer of the API before it is sent.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Option<Value>,
}

/// What a call of the API comes to; both are answers, and `?` ends the call early.
type Outcome = Result<Reply, Reply>;

impl Reply {
    fn json(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Some(body),
        }
    }

    fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: None,
        }
    }

    /// An error in the form of the standard (`tppMessages`). `path` names the offending header or field.
    fn tpp_message(status: StatusCode, code: &str, path: Option<&str>, text: &str) -> Self {
        let mut message = json!({ "category": "ERROR", "code": code, "text": text.chars().take(500).collect::<String>() });
        if let Some(path) = path {
            message["path"] = path.into();
        }
        Self::json(status, json!({ "tppMessages": [message] }))
    }

    fn format_error(path: &str, text: &str) -> Self {
        Self::tpp_message(StatusCode::BAD_REQUEST, "FORMAT_ERROR", Some(path), text)
    }

    fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn repeating_the_id_of(self, request: &HttpRequest) -> Self {
        match caller::request_id(request) {
            Some(id) => self.with(HeaderName::from_static("x-request-id"), id.to_string()),
            None => self,
        }
    }

    fn send(self) -> HttpResponse {
        let mut response = self.head();
        match self.body {
            Some(body) => response.json(body),
            None => response.finish(),
        }
    }

    fn send_broken_off(self) -> HttpResponse {
        let mut response = self.head();
        let text = self.body.map(|b| b.to_string()).unwrap_or_default();
        let half: String = text.chars().take(text.chars().count() / 2).collect();
        response.content_type("application/json").body(half)
    }

    fn head(&self) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.insert_header((name.clone(), value));
            }
        }
        response
    }

    fn with_status_word(mut self, word: &str) -> Self {
        if let Some(status) = self.body.as_mut().and_then(|b| b.get_mut("transactionStatus")) {
            *status = word.into();
        }
        self
    }
}

impl From<BooksError> for Reply {
    fn from(error: BooksError) -> Self {
        match error {
            BooksError::Ledger(error) => {
                tracing::error!(%error, "sandbox bank: the ledger cannot be written");
                Self::tpp_message(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "SERVICE_UNAVAILABLE",
                    None,
                    "the bank cannot record this now",
                )
            }
            BooksError::NotWaiting => Self::tpp_message(
                StatusCode::CONFLICT,
                "CANCELLATION_INVALID",
                None,
                "the payment can no longer be cancelled",
            ),
            BooksError::InvalidGrant | BooksError::InvalidScope => {
                Self::tpp_message(StatusCode::UNAUTHORIZED, "TOKEN_INVALID", None, "the token is not valid")
            }
        }
    }
}

/// Lets the bank act and sends its answer, through the fault that waits for this operation, if any.
async fn answer(request: &HttpRequest, bank: &Sandbox, operation: Operation, act: impl FnOnce() -> Outcome) -> HttpResponse {
    let act = || act().unwrap_or_else(|refusal| refusal).repeating_the_id_of(request);
    match bank.take_fault(operation) {
        None => act().send(),
        Some(Fault::DropBeforeEffect) => hang_up(request),
        Some(Fault::DropAfterEffect) => {
            act();
            hang_up(request)
        }
        Some(Fault::Status(code)) => HttpResponse::new(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)),
        Some(Fault::Malformed) => act().send_broken_off(),
        Some(Fault::Delay(time)) => {
            let reply = act();
            actix_web::rt::time::sleep(time).await;
            reply.send()
        }
        Some(Fault::UnknownWord(word)) => act().with_status_word(&word).send(),
    }
}

/// Cuts the connection; the response only ends the handler, nobody receives it.
fn hang_up(request: &HttpRequest) -> HttpResponse {
    if let Some(wire) = request.conn_data::<Wire>() {
        wire.cut();
    }
    HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR)
}
