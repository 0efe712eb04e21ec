//! The API's answers: how they are built, and how they are sent through the faults a test asked for.

use super::caller;
use crate::sandbox::books::BooksError;
use crate::sandbox::{BankCode, Fault, Operation, Sandbox, Wire};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::stream;
use serde_json::{Value, json};
use std::convert::Infallible;

/// A piece of the huge answer, and how many pieces there are: 20 MB together.
const HUGE_PIECE: &[u8] = &[b' '; 64 * 1024];
const HUGE_PIECES: usize = 320;
/// On answers that are spoiled on purpose, for whoever compares answers with the standard.
const FAULT: (&str, &str) = ("x-sandbox-fault", "1");

/// An answer of the API before it is sent.
#[derive(Debug)]
pub(in crate::sandbox) struct Reply {
    pub status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    pub body: Option<Value>,
}

/// What a call of the API comes to; both are answers, and `?` ends the call early.
pub(in crate::sandbox) type Outcome = Result<Reply, Reply>;

impl Reply {
    pub(in crate::sandbox) fn json(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Some(body),
        }
    }

    pub(in crate::sandbox) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: None,
        }
    }

    /// An error in the form of the standard (`tppMessages`). `path` names the offending header or field.
    pub(in crate::sandbox) fn tpp_message(status: StatusCode, code: &str, path: Option<&str>, text: &str) -> Self {
        let mut message = json!({ "category": "ERROR", "code": code, "text": text.chars().take(500).collect::<String>() });
        if let Some(path) = path {
            message["path"] = path.into();
        }
        Self::json(status, json!({ "tppMessages": [message] }))
    }

    pub(in crate::sandbox) fn format_error(path: &str, text: &str) -> Self {
        Self::tpp_message(StatusCode::BAD_REQUEST, "FORMAT_ERROR", Some(path), text)
    }

    pub(in crate::sandbox) fn method_not_allowed() -> Self {
        let text = "this method is not offered here";
        Self::tpp_message(StatusCode::METHOD_NOT_ALLOWED, "SERVICE_INVALID", None, text)
    }

    pub(in crate::sandbox) fn unknown_resource() -> Self {
        Self::tpp_message(StatusCode::NOT_FOUND, "RESOURCE_UNKNOWN", None, "there is no such resource")
    }

    /// The bank has no such payment, or not for this TPP.
    pub(in crate::sandbox) fn unknown_payment() -> Self {
        let text = "there is no such payment";
        Self::tpp_message(StatusCode::NOT_FOUND, "RESOURCE_UNKNOWN", Some("paymentId"), text)
    }

    pub(in crate::sandbox) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn repeating_the_id_of(self, request: &HttpRequest) -> Self {
        match caller::request_id(request) {
            Some(id) => self.with(HeaderName::from_static("x-request-id"), id.to_string()),
            None => self,
        }
    }

    pub(in crate::sandbox) fn send(self) -> HttpResponse {
        let mut response = self.head();
        match self.body {
            Some(body) => response.json(body),
            None => response.finish(),
        }
    }

    fn send_broken_off(self) -> HttpResponse {
        let mut response = self.head();
        let text = self.text();
        let half: String = text.chars().take(text.chars().count() / 2).collect();
        response.insert_header(FAULT).content_type("application/json").body(half)
    }

    /// White space may stand before JSON: only the size is wrong.
    fn send_huge(self) -> HttpResponse {
        let mut response = self.head();
        let space = (0..HUGE_PIECES).map(|_| web::Bytes::from_static(HUGE_PIECE));
        let pieces = space.chain([web::Bytes::from(self.text())]).map(Ok::<_, Infallible>);
        response.content_type("application/json").streaming(stream::iter(pieces))
    }

    /// The body as it is sent.
    pub(in crate::sandbox) fn text(&self) -> String {
        self.body.as_ref().map(Value::to_string).unwrap_or_default()
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
                let text = "the bank cannot record this now";
                Self::tpp_message(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", None, text)
            }
            BooksError::NotWaiting => {
                let text = "the payment no longer waits for its PSU";
                Self::tpp_message(StatusCode::CONFLICT, "STATUS_INVALID", None, text)
            }
            BooksError::InvalidGrant | BooksError::InvalidScope => {
                Self::tpp_message(StatusCode::UNAUTHORIZED, "TOKEN_INVALID", None, "the token is not valid")
            }
        }
    }
}

/// Lets the bank act and sends its answer, through the fault that waits for this operation, if any.
pub(in crate::sandbox) async fn answer(
    request: &HttpRequest,
    bank: &Sandbox,
    operation: (BankCode, Operation),
    act: impl FnOnce() -> Outcome,
) -> HttpResponse {
    let fault = bank.take_fault(operation.0, operation.1);
    answer_through(request, fault, act).await
}

/// Lets the bank act, unless the fault is that it does not, and sends its answer.
pub(in crate::sandbox) async fn answer_through(request: &HttpRequest, fault: Option<Fault>, act: impl FnOnce() -> Outcome) -> HttpResponse {
    let act = || act().unwrap_or_else(|refusal| refusal).repeating_the_id_of(request);
    let bare = |code| {
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status).insert_header(FAULT).finish()
    };
    match fault {
        None => act().send(),
        Some(Fault::DropBeforeEffect) => hang_up(request),
        Some(Fault::DropAfterEffect) => {
            act();
            hang_up(request)
        }
        Some(Fault::Status(code)) => bare(code),
        Some(Fault::StatusAfterEffect(code)) => {
            act();
            bare(code)
        }
        Some(Fault::Malformed) => act().send_broken_off(),
        Some(Fault::Delay(time)) => {
            let reply = act();
            actix_web::rt::time::sleep(time).await;
            reply.send()
        }
        Some(Fault::UnknownWord(word)) => act().with_status_word(&word).send(),
        Some(Fault::Silence(time)) => {
            actix_web::rt::time::sleep(time).await;
            hang_up(request)
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::HangAfterEffect) => {
            act();
            std::future::pending().await
        }
        Some(Fault::Huge) => act().send_huge(),
        Some(Fault::EmptyBody) => act().head().insert_header(FAULT).finish(),
        Some(Fault::TooManyRequests { retry_after_s }) => HttpResponse::TooManyRequests()
            .insert_header((header::RETRY_AFTER, retry_after_s))
            .insert_header(FAULT)
            .finish(),
    }
}

/// Cuts the connection; the response only ends the handler, nobody receives it.
fn hang_up(request: &HttpRequest) -> HttpResponse {
    if let Some(wire) = request.conn_data::<Wire>() {
        wire.cut();
    }
    HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR)
}
