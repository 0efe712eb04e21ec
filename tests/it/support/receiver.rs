//! A partner's endpoint for webhooks: a real HTTPS server that keeps what it got and answers as a story tells it.

use super::{TestApp, certificates};
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use smartpay::flow::four_eyes::{Change, WantedEndpoint};
use smartpay::partner::webhook::WebhookEvent;
use std::collections::{BTreeMap, VecDeque};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use url::Url;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Got {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// A text of the body.
    pub fn text(&self, field: &str) -> String {
        self.json()[field]
            .as_str()
            .unwrap_or_else(|| panic!("{field} in {}", self.body))
            .to_owned()
    }
}

#[derive(Debug, Default)]
struct Told {
    got: Vec<Got>,
    /// The next answers; 200 when there are none.
    answers: VecDeque<u16>,
    /// Where a 3xx leads, and what every answer says.
    location: String,
    says: String,
    /// Whether answers are held back.
    hangs: bool,
}

/// The endpoint.
pub struct Receiver {
    pub url: Url,
    told: Arc<Mutex<Told>>,
    server: ServerHandle,
    folder: TempDir,
}

async fn take(told: web::Data<Mutex<Told>>, request: HttpRequest, body: String) -> HttpResponse {
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()));
    let got = Got {
        path: request.uri().path().to_owned(),
        headers: headers.collect(),
        body,
    };
    let (status, location, says, hangs) = {
        let mut told = told.lock().unwrap();
        told.got.push(got);
        let status = told.answers.pop_front().unwrap_or(200);
        (status, told.location.clone(), told.says.clone(), told.hangs)
    };
    if hangs {
        std::future::pending::<()>().await;
    }
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).unwrap());
    if (300..400).contains(&status) {
        answer.insert_header(("Location", location));
    }
    answer.body(says)
}

impl Receiver {
    pub fn start() -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificates::pem("ca.pem")).unwrap();
        smartpay::app::install_crypto_provider();
        let chain = CertificateDer::pem_slice_iter(certificates::pem("gateway.pem"));
        let key = PrivateKeyDer::from_pem_slice(certificates::pem("gateway.key")).unwrap();
        let tls = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain.collect::<Result<_, _>>().unwrap(), key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("https://{}/hooks", listener.local_addr().unwrap())).unwrap();
        let shared = web::Data::from(told.clone());
        let server = HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(take)))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(0)
            .listen_rustls_0_23(listener, tls)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            url,
            told,
            server: handle,
            folder,
        }
    }

    /// Settings with which the application trusts and may call it, and waits a second for its answer.
    pub fn settings(&self) -> String {
        let ca = self.folder.path().join("ca.pem");
        format!(
            "[webhooks]\nextra_ca = '{}'\nallow_private = [\"127.0.0.0/8\"]\ntimeout_ms = 1000\n",
            ca.display()
        )
    }

    pub fn got(&self) -> Vec<Got> {
        self.told.lock().unwrap().got.clone()
    }

    /// The types of what it got, in order.
    pub fn types(&self) -> Vec<String> {
        self.got().iter().map(|got| got.text("type")).collect()
    }

    pub fn answers(&self, next: &[u16]) {
        self.told.lock().unwrap().answers.extend(next);
    }

    /// Forgets what it was to answer.
    pub fn is_well(&self) {
        self.told.lock().unwrap().answers.clear();
    }

    pub fn leads_to(&self, location: &str) {
        self.told.lock().unwrap().location = location.into();
    }

    pub fn says(&self, words: &str) {
        self.told.lock().unwrap().says = words.into();
    }

    pub fn hangs(&self, hangs: bool) {
        self.told.lock().unwrap().hangs = hangs;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

/// An endpoint of the shop's at a receiver, for these events.
pub fn wanted(url: &Url, events: &[WebhookEvent]) -> WantedEndpoint {
    WantedEndpoint {
        id: uuid::Uuid::now_v7().to_string(),
        url: url.clone(),
        events: events.to_vec(),
        description: "Magazinul".into(),
        active: true,
    }
}

impl TestApp {
    /// Two admins give the shop an endpoint; answers its id.
    pub async fn hook(&self, url: &Url, events: &[WebhookEvent]) -> String {
        let (partner, endpoint) = (self.partner_id("shop").await, wanted(url, events));
        let id = endpoint.id.clone();
        self.carry_out(Change::SetWebhook { partner, endpoint }).await;
        id
    }
}
