//! The scripted bank.

use super::super::*;
use crate::bank::contract::{self, patient_http, psu};
use crate::bank::directory::shipped_stet;
use crate::clock::Timestamp;
use crate::payment::{Amount, Currency, Iban};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

pub const CODE: &str = "bp-grand-ouest";
pub const API: &str = "/stet/psd2/v1.4.2";
pub const TOKEN: &str = "/stet/psd2/oauth/token";
pub const ORDERS: &str = "/stet/psd2/v1.4.2/payment-requests";
pub const ORDER: &str = "/stet/psd2/v1.4.2/payment-requests/R1";

const BANK_KEY: &str = include_str!("../../../../tests/fixtures/stet/bank.key");
const BANK_CERTIFICATE: &str = include_str!("../../../../tests/fixtures/stet/bank.pem");
const OUR_KEY: &str = include_str!("../../../../tests/fixtures/stet/qsealc.key");
const OUR_CERTIFICATE: &str = include_str!("../../../../tests/fixtures/stet/qsealc.pem");

pub fn credentials() -> Credentials {
    Credentials {
        client_id: "PSDRO-NBR-12345678".to_owned(),
        client_secret: None,
        signing_certificate_pem: Some(OUR_CERTIFICATE.to_owned()),
        signing_certificate_url: Some("https://pay.example/qsealc.pem".parse().unwrap()),
        signing_key_pem: Some(OUR_KEY.to_owned().into()),
        bank_signing_certificate_pem: Some(BANK_CERTIFICATE.to_owned()),
    }
}

/// One payment in euros.
pub fn order() -> Order {
    let mut order = contract::order();
    order.instructions.truncate(1);
    let one = &mut order.instructions[0];
    one.creditor_iban = Iban::parse("FR7613807008043001965406128").unwrap();
    one.amount = Amount::from_minor(12_350, Currency::Eur).unwrap();
    order.debtor_iban = Some(Iban::parse("FR7613807008043001965405158").unwrap());
    order
}

pub fn context() -> PsuContext {
    PsuContext {
        return_url: Url::parse("https://pay.example/payment-return/bp-grand-ouest").unwrap(),
        ..psu()
    }
}

/// A bank, what is asked of it, and the time.
pub struct World {
    pub server: MockServer,
    pub clock: Clock,
    pub bank: Stet,
}

impl World {
    pub async fn start() -> Self {
        Self::of(|_| {}).await
    }

    /// A bank whose facts differ.
    pub async fn of(change: impl FnOnce(&mut Protocol)) -> Self {
        let server = MockServer::builder().start().await;
        let clock = Clock::default();
        let tools = Tools {
            http: patient_http(),
            keeper: Keeper::in_memory(),
            clock: clock.clone(),
        };
        let mut protocol = shipped_stet(CODE).unwrap();
        change(&mut protocol);
        let base = Url::parse(&server.uri()).unwrap();
        let bank = Stet::new(CODE, &protocol, (&base, None), credentials(), &tools).unwrap();
        let world = Self { server, clock, bank };
        world.sells_tokens().await;
        world
    }

    /// The bank sells a token that says for what it was bought.
    async fn sells_tokens(&self) {
        let sell = |request: &Request| {
            let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
            let value = |name: &str| form.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
            let bought = match value("grant_type") {
                "client_credentials" => format!("for-{}", value("scope")),
                "authorization_code" => format!("of-{}", value("code")),
                _ => format!("renewed-{}", value("refresh_token")),
            };
            let mut answer = json!({"access_token": bought, "token_type": "bearer", "expires_in": 3599});
            if value("grant_type") == "authorization_code" {
                answer["refresh_token"] = json!("r1");
            }
            ResponseTemplate::new(200).set_body_json(answer)
        };
        let given = Mock::given(matchers::method("POST")).and(matchers::path(TOKEN));
        given.respond_with(sell).with_priority(9).mount(&self.server).await;
    }

    /// The bank answers so, signed.
    pub async fn says(&self, method: &str, path: &str, status: u16, body: Value) {
        self.answers(method, path, Signed::new(&self.clock, status, &body.to_string()))
            .await;
    }

    pub async fn answers(&self, method: &str, path: &str, answer: impl Respond + 'static) {
        let given = Mock::given(matchers::method(method)).and(matchers::path(path));
        given.respond_with(answer).mount(&self.server).await;
    }

    /// The bank says nothing any more but what is told from now on.
    pub async fn forget(&self) {
        self.server.reset().await;
        self.sells_tokens().await;
    }

    /// What was asked: method, path, and who asked.
    pub async fn asked(&self) -> Vec<String> {
        let all = self.server.received_requests().await.unwrap();
        let bearer = |r: &Request| {
            r.headers
                .get("authorization")
                .map_or_else(String::new, |v| format!(" {}", v.to_str().unwrap().trim_start_matches("Bearer ")))
        };
        all.iter().map(|r| format!("{} {}{}", r.method, r.url.path(), bearer(r))).collect()
    }

    /// The bank has taken the order.
    pub async fn taken(&self) -> Session {
        self.says("POST", ORDERS, 201, self.link("R1")).await;
        self.bank.initiate(&order(), &context()).await.unwrap().session
    }

    pub fn link(&self, id: &str) -> Value {
        let href = format!("{}/psu?paymentRequestRessourceId={id}&nonce=n", self.server.uri());
        json!({"appliedAuthenticationApproach": "REDIRECT", "_links": {"consentApproval": {"href": href}}})
    }

    /// The order has this status from now on.
    pub async fn stands(&self, word: &str, reason: Option<&str>) {
        self.forget().await;
        self.says("GET", ORDER, 200, resource(word, reason)).await;
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The order as the bank has it, with the nulls of BPCE.
pub fn resource(word: &str, reason: Option<&str>) -> Value {
    json!({"paymentRequest": {
        "resourceId": "R1", "paymentInformationId": "1234567890123456-1", "paymentInformationStatus": word,
        "statusReasonInformation": reason, "fundsAvailability": null, "booking": null, "numberOfTransactions": 1,
        "creditTransferTransaction": [{"paymentId": {"instructionId": "1234567890123456-1", "endToEndId": "E2E-1", "uetr": null},
            "instructedAmount": {"currency": "EUR", "amount": "123.50"}, "transactionStatus": null}]}})
}

/// Signs an answer to the request that it gets.
pub struct Signed {
    clock: Clock,
    status: u16,
    body: String,
    pub headers: Vec<(&'static str, String)>,
    /// What goes wrong with the signature.
    pub lie: Option<Lie>,
    key: Arc<KeyPair>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// No signature.
    Missing,
    /// Signed, and then changed.
    Changed,
    /// Of another time.
    Old,
    /// To another request.
    Replayed,
}

impl Signed {
    pub fn new(clock: &Clock, status: u16, body: &str) -> Self {
        let der = PrivatePkcs8KeyDer::from_pem_slice(BANK_KEY.as_bytes()).unwrap();
        Self {
            clock: clock.clone(),
            status,
            body: body.to_owned(),
            headers: Vec::new(),
            lie: None,
            key: Arc::new(KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap()),
        }
    }

    pub fn lying(mut self, lie: Lie) -> Self {
        self.lie = Some(lie);
        self
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Respond for Signed {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let old = self.lie == Some(Lie::Old);
        let at = self.clock.now() - chrono::Duration::from_std(Duration::from_secs(if old { 301 } else { 0 })).unwrap();
        let date = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let id = match self.lie {
            Some(Lie::Replayed) => "00000000-0000-5000-8000-000000000000".to_owned(),
            _ => request.headers["x-request-id"].to_str().unwrap().to_owned(),
        };
        let digest = signature::digest_of(self.body.as_bytes());
        let text = format!("digest: {digest}\ndate: {date}\nx-request-id: {id}");
        let mut made = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut made)
            .unwrap();
        let header = format!(
            "keyId=\"bank\",algorithm=\"rsa-sha256\",headers=\"digest date x-request-id\",signature=\"{}\"",
            STANDARD.encode(made)
        );
        let body = match self.lie {
            Some(Lie::Changed) => self.body.replace("RJCT", "ACSC") + " ",
            _ => self.body.clone(),
        };
        let mut answer = ResponseTemplate::new(self.status)
            .insert_header("Date", date.as_str())
            .insert_header("X-Request-ID", id.as_str())
            .insert_header("Digest", digest.as_str())
            .set_body_raw(body, "application/hal+json; charset=utf-8");
        if self.lie != Some(Lie::Missing) {
            answer = answer.insert_header("Signature", header.as_str());
        }
        for (name, value) in &self.headers {
            answer = answer.insert_header(*name, value.as_str());
        }
        answer
    }
}

pub fn back(pairs: &[(&str, &str)]) -> PsuReply {
    PsuReply::CameBack {
        query: pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
    }
}

/// A session as it is after a crash: only what was saved.
pub fn saved(session: &Session) -> Session {
    serde_json::from_str(&serde_json::to_string(session).unwrap()).unwrap()
}
