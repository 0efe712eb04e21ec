//! The running banks, a TPP with a certificate, and a browser without scripts.

use crate::clock::Clock;
use crate::sandbox::{BankCode, Sandbox, SandboxSettings, customers, start};
use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;
use url::{Url, form_urlencoded};
use uuid::Uuid;

pub const STEP: Duration = Duration::from_secs(10);
pub const OK: &str = "https://tpp.example/back?keep=1";
pub const NOK: &str = "https://tpp.example/no";

pub struct Banks {
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub http: Client,
    pub base: String,
    pub certificate: String,
    pub server: actix_web::dev::ServerHandle,
}

/// A self-signed certificate of this name, as the header carries it.
pub fn certificate(name: &str) -> String {
    let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    let key = rcgen::KeyPair::generate().unwrap();
    parameters.self_signed(&key).unwrap().pem().lines().collect()
}

/// What a call came to.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub approach: Option<String>,
    pub body: Value,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let approach = response.headers().get("ASPSP-SCA-Approach").map(|v| v.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, approach, body }
    }

    pub fn text(&self, pointer: &str) -> String {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("{pointer} in {}", self.body)).to_owned()
    }

    /// Status, code and path of a refusal.
    pub fn refusal(&self) -> (u16, String, String) {
        let message = &self.body["tppMessages"][0];
        let field = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        (self.status, field("code"), field("path"))
    }
}

pub fn refused(status: u16, code: &str, path: &str) -> (u16, String, String) {
    (status, code.to_owned(), path.to_owned())
}

impl Banks {
    pub fn start() -> Self {
        Self::with_ledger(None, Clock::default())
    }

    pub fn with_ledger(ledger_file: Option<PathBuf>, clock: Clock) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let settings = SandboxSettings {
            step: STEP,
            ledger_file,
            ..SandboxSettings::new(Url::parse(&base).unwrap())
        };
        let (server, sandbox) = start(listener, settings, clock.clone()).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let certificate = certificate("tpp.example");
        Self {
            sandbox,
            clock,
            http,
            base,
            certificate,
            server: handle,
        }
    }

    /// A call with all the headers that every call needs; `path` begins behind the host.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let call = self.http.request(method, format!("{}{path}", self.base));
        call.header("TPP-Signature-Certificate", &self.certificate)
            .header("X-Request-ID", Uuid::new_v4().to_string())
    }

    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let call = self.call(Method::POST, path);
        call.header("PSU-IP-Address", "192.0.2.7")
            .header("TPP-Redirect-URI", OK)
            .header("TPP-Nok-Redirect-URI", NOK)
            .header("Content-Type", "application/json")
            .body(body.to_string())
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.call(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        let call = self.call(Method::PUT, path).header("Content-Type", "application/json");
        Answer::of(call.body(body.to_string()).send().await.unwrap()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.call(Method::DELETE, path).send().await.unwrap()).await
    }

    /// Brings an order. Returns the answer and the order's path.
    pub async fn order(&self, bank: BankCode, psu_id: Option<&str>, body: &Value) -> (Answer, String) {
        let service = match body {
            body if body.get("payments").is_some() => "bulk-payments",
            body if body.get("startDate").is_some() => "periodic-payments",
            _ => "payments",
        };
        let path = format!("{}/v1/{service}/sepa-credit-transfers", bank.prefix());
        let call = self.post(&path, body);
        let call = psu_id.into_iter().fold(call, |call, id| call.header("PSU-ID", id));
        let answer = Answer::of(call.send().await.unwrap()).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let id = answer.text("/paymentId");
        (answer, format!("{path}/{id}"))
    }

    /// Starts an authorisation of the order at this path.
    pub async fn authorise(&self, path: &str, psu_id: Option<&str>) -> Answer {
        let call = self.call(Method::POST, &format!("{path}/authorisations"));
        let call = psu_id.into_iter().fold(call, |call, id| call.header("PSU-ID", id));
        Answer::of(call.send().await.unwrap()).await
    }

    pub async fn word(&self, path: &str) -> String {
        self.get(&format!("{path}/status")).await.text("/transactionStatus")
    }

    /// Five steps: an authorised order is at its end.
    pub fn settle(&self) {
        self.clock.advance(STEP * 5);
    }

    /// One event name per ledger entry.
    pub fn events(&self) -> Vec<String> {
        let name = |entry| serde_json::to_value(entry).unwrap()["event"].as_str().unwrap().to_owned();
        self.sandbox.ledger().iter().map(name).collect()
    }

    /// The PSU opens this address, logs in, takes the first account, and decides. Returns where the bank sends
    /// the browser.
    pub async fn visit(&self, url: &str, user: &str, decision: &str) -> String {
        let arrived = self.http.get(url).send().await.unwrap();
        assert_eq!(arrived.status(), 303);
        let header = |name: &str| arrived.headers()[name].to_str().unwrap().to_owned();
        let cookie = header("Set-Cookie").split(';').next().unwrap().to_owned();
        let visit = format!("{}{}", self.base, header("Location"));
        let post = async |step: &str, form: &[(&str, &str)]| {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            let call = self.http.post(format!("{visit}{step}")).header("Cookie", &cookie);
            let call = call.header("Content-Type", "application/x-www-form-urlencoded");
            assert_eq!(call.body(body).send().await.unwrap().status(), 303);
            let page = self.http.get(&visit).header("Cookie", &cookie).send().await.unwrap();
            page.text().await.unwrap()
        };
        let code = customers::by_user(user).unwrap().code;
        let page = post("/conectare", &[("user", user), ("code", code)]).await;
        if let Some(iban) = attribute(&page, "input[name=iban]", "value") {
            post("/cont", &[("iban", &iban)]).await;
        }
        let page = post("/decizie", &[("decizie", decision)]).await;
        attribute(&page, "a.button", "href").unwrap()
    }
}

/// The attribute of the first element that the selector finds.
pub fn attribute(page: &str, selector: &str, name: &str) -> Option<String> {
    let selector = scraper::Selector::parse(selector).unwrap();
    let page = scraper::Html::parse_document(page);
    page.select(&selector).next()?.value().attr(name).map(str::to_owned)
}

/// A payment of this amount in RON.
pub fn payment(amount: &str) -> Value {
    json!({
        "endToEndIdentification": "E2E-1",
        "instructedAmount": { "currency": "RON", "amount": amount },
        "creditorAccount": { "iban": "RO24BTRLRONCRT0000000001" },
        "creditorName": "Magazin SRL",
        "remittanceInformationUnstructured": "Factura 12",
    })
}
