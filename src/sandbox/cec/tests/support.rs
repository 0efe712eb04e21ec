//! A running bank with one TPP, and a browser without scripts.

use crate::clock::Clock;
use crate::sandbox::secrets::pkce_challenge;
use crate::sandbox::{Sandbox, SandboxClient, SandboxSettings, start};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;
use url::{Url, form_urlencoded};
use uuid::Uuid;

pub const CLIENT: &str = "tpp-one";
pub const SECRET: &str = "a secret of the client";
pub const RETURN: &str = "https://tpp.example/back?keep=1";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const STEP: Duration = Duration::from_secs(10);
const PAYMENTS: &str = "/cec/v1/payments/sepa-credit-transfer";

pub struct TestBank {
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub http: Client,
    pub base: String,
    pub certificate: String,
    server: actix_web::dev::ServerHandle,
}

impl TestBank {
    pub fn start() -> Self {
        Self::with_ledger(None, Clock::default())
    }

    pub fn with_ledger(ledger_file: Option<PathBuf>, clock: Clock) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let client = |id: &str, secret: Option<&str>| SandboxClient {
            client_id: id.to_owned(),
            client_secret: secret.map(str::to_owned),
            redirect_uris: vec![Url::parse(RETURN).unwrap()],
        };
        let settings = SandboxSettings {
            clients: vec![client(CLIENT, None), client("tpp-two", Some(SECRET))],
            step: STEP,
            ledger_file,
            ..SandboxSettings::new(Url::parse(&base).unwrap())
        };
        let (server, sandbox) = start(listener, settings, clock.clone()).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let pem = rcgen::generate_simple_self_signed(["tpp.example".to_owned()]).unwrap().cert.pem();
        let certificate = pem.lines().collect();
        Self {
            sandbox,
            clock,
            http,
            base,
            certificate,
            server: handle,
        }
    }

    pub async fn stop(self) {
        self.server.stop(false).await;
    }

    /// A call with all the headers that every call needs.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{PAYMENTS}{path}", self.base))
            .header("x-ibm-client-id", CLIENT)
            .header("TPP-Signature-Certificate", &self.certificate)
            .header("X-Request-ID", Uuid::new_v4().to_string())
    }

    pub fn initiation(&self, body: &Value) -> RequestBuilder {
        let call = self
            .call(Method::POST, "")
            .header("PSU-IP-Address", "192.0.2.7")
            .header("TPP-Redirect-URI", RETURN);
        call.header("Content-Type", "application/json").body(body.to_string())
    }

    /// Initiates a payment. Returns its id and the authorise address as the TPP completes it.
    pub async fn initiate(&self, body: &Value) -> (String, String) {
        let created = self.initiation(body).send().await.unwrap();
        assert_eq!(created.status(), StatusCode::CREATED);
        let location = created.headers()["Location"].to_str().unwrap().to_owned();
        let challenge = pkce_challenge(VERIFIER);
        let id = created.json::<Value>().await.unwrap()["paymentId"].as_str().unwrap().to_owned();
        (
            id,
            format!("{location}&code_challenge={challenge}&code_challenge_method=S256&state=st%26ate"),
        )
    }

    /// The PSU logs in, takes the first account, and decides. Returns where the bank sends the browser.
    pub async fn decide(&self, authorise: &str, user: &str, decision: &str) -> Url {
        let mut psu = Psu::arrive(self, authorise).await;
        let code = crate::sandbox::customers::by_user(user).unwrap().code;
        let page = psu.post("/conectare", &[("user", user), ("code", code)]).await;
        if let Some(iban) = attribute(&page, "input[name=iban]", "value") {
            psu.post("/cont", &[("iban", &iban)]).await;
        }
        let page = psu.post("/decizie", &[("decizie", decision)]).await;
        Url::parse(&attribute(&page, "a.button", "href").unwrap()).unwrap()
    }

    pub async fn token(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let call = self.http.post(format!("{}/cec/oauth2/token", self.base));
        let answer = call
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    pub async fn exchange(&self, code: &str) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("code", code),
            ("redirect_uri", RETURN),
        ];
        self.token(&[&form[..], &[("code_verifier", VERIFIER)]].concat()).await
    }

    pub async fn status(&self, id: &str, token: &str) -> Response {
        self.call(Method::GET, &format!("/{id}/status"))
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
    }

    pub async fn word(&self, id: &str, token: &str) -> String {
        let answer = self.status(id, token).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json::<Value>().await.unwrap()["transactionStatus"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// One event name per ledger entry.
    pub fn events(&self) -> Vec<String> {
        let name = |entry| serde_json::to_value(entry).unwrap()["event"].as_str().unwrap().to_owned();
        self.sandbox.ledger().iter().map(name).collect()
    }
}

/// A browser on one visit.
pub struct Psu<'a> {
    bank: &'a TestBank,
    path: String,
    cookie: String,
}

impl<'a> Psu<'a> {
    pub async fn arrive(bank: &'a TestBank, authorise: &str) -> Self {
        let answer = bank.http.get(authorise).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let cookie = header("Set-Cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains(&header("Location")));
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self {
            bank,
            path: header("Location"),
            cookie,
        }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub async fn get(&self) -> (StatusCode, String) {
        let page = self.bank.http.get(format!("{}{}", self.bank.base, self.path));
        let page = page.header("Cookie", &self.cookie).send().await.unwrap();
        assert!(
            page.headers()["Content-Security-Policy"]
                .to_str()
                .unwrap()
                .contains("default-src 'none'")
        );
        (page.status(), page.text().await.unwrap())
    }

    /// Posts a form and shows the page that follows.
    pub async fn post(&mut self, step: &str, form: &[(&str, &str)]) -> String {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let post = self.bank.http.post(format!("{}{}{step}", self.bank.base, self.path)).body(body);
        let post = post
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Cookie", &self.cookie);
        let answer = post.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        self.get().await.1
    }
}

/// The attribute of the first element that the selector finds.
pub fn attribute(page: &str, selector: &str, name: &str) -> Option<String> {
    let selector = scraper::Selector::parse(selector).unwrap();
    let page = scraper::Html::parse_document(page);
    page.select(&selector).next()?.value().attr(name).map(str::to_owned)
}

/// One parameter of an address.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

/// A payment of 123.50 RON.
pub fn order() -> Value {
    json!({
        "endToEndIdentification": "E2E-1",
        "instructedAmount": { "currency": "RON", "amount": "123.50" },
        "creditorAccount": { "iban": "RO24BTRLRONCRT0000000001" },
        "creditorName": "Magazin SRL",
        "remittanceInformationUnstructured": "Factura 12",
    })
}
