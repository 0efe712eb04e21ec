//! A stand-in for the gateway: the same paths and shapes, and a test decides what it says.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use url::Url;

#[derive(Default)]
pub(crate) struct Said {
    /// The status of every payment.
    pub word: &'static str,
    /// Each of several payments: end-to-end id and word.
    pub payments: Vec<(&'static str, &'static str)>,
    pub is_successful: bool,
    /// What `initPayment` was called with: payment id and body.
    pub inits: Vec<(i64, Value)>,
    /// Who asked for tokens.
    pub clients: Vec<String>,
    pub statuses_asked: usize,
    pub refreshes: usize,
    /// Answers every call with this status and sentence.
    pub refusal: Option<(u16, &'static str)>,
    /// Access token → payment id; the rest are refused.
    access: HashMap<String, i64>,
    refresh: HashMap<String, i64>,
    last: i64,
}

impl Said {
    pub fn payments(&self) -> i64 {
        self.last
    }

    /// All access tokens run out.
    pub fn expire(&mut self) {
        self.access.clear();
    }

    fn pair(&mut self, payment: i64) -> HttpResponse {
        let access = format!("a{}", uuid::Uuid::new_v4());
        let refresh = format!("r{}", uuid::Uuid::new_v4());
        self.access.insert(access.clone(), payment);
        self.refresh.insert(refresh.clone(), payment);
        let result = json!({"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 300,
            "paymentId": payment, "externalPaymentId": payment});
        HttpResponse::Ok().json(json!({"status": 200, "messageStatus": "SUCCESS", "result": result}))
    }

    fn refuse(&self) -> Option<HttpResponse> {
        self.refusal.map(|(status, message)| problem(status, message))
    }

    fn allows(&self, request: &HttpRequest, payment: i64) -> bool {
        let header = request.headers().get("authorization").and_then(|v| v.to_str().ok());
        let token = header.and_then(|h| h.strip_prefix("Bearer "));
        token.and_then(|t| self.access.get(t)) == Some(&payment)
    }
}

type State = web::Data<Mutex<Said>>;

fn problem(status: u16, message: &str) -> HttpResponse {
    HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).json(json!({
        "status": status, "messageStatus": "ERROR", "message": message, "reference": "ref-1"}))
}

async fn token(state: State, form: web::Form<HashMap<String, String>>) -> HttpResponse {
    let mut said = state.lock().unwrap();
    if let Some(refusal) = said.refuse() {
        return refusal;
    }
    assert!(matches!(form["client_id"].as_str(), "shop" | "erp" | "shop-eur" | "erp-rsd"));
    said.clients.push(form["client_id"].clone());
    said.last += 1;
    let payment = 1_000_000_000_000_000 + said.last;
    said.pair(payment)
}

async fn refresh(state: State, form: web::Form<HashMap<String, String>>) -> HttpResponse {
    let mut said = state.lock().unwrap();
    said.refreshes += 1;
    match said.refresh.remove(&form["refresh_token"]) {
        Some(payment) => said.pair(payment),
        None => problem(401, "spent"),
    }
}

async fn init(state: State, request: HttpRequest, payment: web::Path<i64>, order: web::Json<Value>) -> HttpResponse {
    let mut said = state.lock().unwrap();
    if let Some(refusal) = said.refuse() {
        return refusal;
    }
    if !said.allows(&request, *payment) {
        return problem(401, "expired");
    }
    said.inits.push((*payment, order.into_inner()));
    let page = format!("https://pay.example/payment-initiation?payment={payment}&state=s");
    HttpResponse::Ok().json(json!({"status": 200, "messageStatus": "SUCCESS", "paymentId": *payment, "redirectUri": page}))
}

async fn status(state: State, request: HttpRequest, payment: web::Path<i64>) -> HttpResponse {
    let mut said = state.lock().unwrap();
    said.statuses_asked += 1;
    if let Some(refusal) = said.refuse() {
        return refusal;
    }
    if !said.allows(&request, *payment) {
        return problem(401, "expired");
    }
    let each = |(id, word): &(&str, &str)| json!({"endToEndId": id, "transactionStatus": word});
    let payments: Vec<Value> = said.payments.iter().map(each).collect();
    let is_final = !matches!(said.word, "INIT" | "RCVD" | "PDNG" | "ACSP");
    HttpResponse::Ok().json(
        json!({"status": 200, "messageStatus": "SUCCESS", "paymentId": *payment, "transactionStatus": said.word,
        "paymentStatus": "x", "isFinal": is_final, "isSuccessful": said.is_successful, "bank": "Banca Exemplu", "amount": 113.0,
        "currency": "RON", "statusReason": null, "payments": payments}),
    )
}

pub(crate) struct FakeGateway {
    pub base: Url,
    state: State,
}

impl FakeGateway {
    pub fn start() -> Self {
        let state = web::Data::from(Arc::new(Mutex::new(Said {
            word: "INIT",
            ..Said::default()
        })));
        let shared = state.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/gateway/authenticate/rest/api/authenticate/token", web::post().to(token))
                .route("/gateway/authenticate/rest/api/authenticate/refreshToken", web::post().to(refresh))
                .route("/gateway/core/rest/api/core/initPayment/{id}", web::post().to(init))
                .route("/gateway/core/rest/api/core/status/{id}", web::get().to(status))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let base = format!("http://{}/", server.addrs()[0]).parse().unwrap();
        actix_web::rt::spawn(server.run());
        Self { base, state }
    }

    pub fn set<T>(&self, change: impl FnOnce(&mut Said) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub fn says(&self, word: &'static str, is_successful: bool) {
        self.set(|s| {
            s.word = word;
            s.is_successful = is_successful;
        });
    }
}
