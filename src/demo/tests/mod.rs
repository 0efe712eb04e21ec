//! The demonstration against a small stand-in for the gateway.

mod currencies;
mod gateway;
mod mutual_tls;
mod story;

use super::{DemoSite, PartnerLogin, start};
use crate::clock::Clock;
use gateway::FakeGateway;
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// The demonstration and a browser that keeps one cookie.
pub(super) struct Visit {
    pub base: Url,
    pub clock: Clock,
    http: reqwest::Client,
    cookie: std::cell::RefCell<Option<String>>,
    server: actix_web::dev::ServerHandle,
}

pub(super) struct Shown {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Shown {
    pub fn location(&self) -> &str {
        self.headers[LOCATION].to_str().unwrap()
    }

    /// The text people see in `<main>`, spaces folded.
    pub fn text(&self) -> String {
        let page = scraper::Html::parse_document(&self.body);
        let main = scraper::Selector::parse("main").unwrap();
        let text: String = page.select(&main).flat_map(|m| m.text()).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn login(client_id: &str, name: &str) -> PartnerLogin {
    PartnerLogin {
        client_id: client_id.to_owned(),
        certificate_pem: Vec::new(),
        key_pem: String::new().into(),
        creditor_name: name.to_owned(),
        creditor_iban: "RO49AAAA1B31007593840000".to_owned(),
    }
}

pub(super) fn site(gateway: &Url, base: Url, mailbox_dir: PathBuf, state_file: Option<PathBuf>) -> DemoSite {
    DemoSite {
        base_url: base,
        gateway_base_url: gateway.clone(),
        ca_pem: Vec::new(),
        shop: login("shop", "Foișor Atelier SRL"),
        erp: login("erp", "Atelier Nord SRL"),
        shop_eur: Some(login("shop-eur", "Foișor Atelier SRL")),
        erp_rsd: Some(login("erp-rsd", "Opština Vrelo")),
        mailbox_dir,
        state_file,
        links: vec![("Banca simulată".to_owned(), "http://127.0.0.1:8090/".to_owned())],
        office: None,
    }
}

impl Visit {
    pub fn new(gateway: &FakeGateway) -> Self {
        Self::with(&gateway.base, Path::new("/nonexistent"), None)
    }

    pub fn with(gateway: &Url, mailbox: &Path, state_file: Option<PathBuf>) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let clock = Clock::default();
        let site = site(gateway, base.clone(), mailbox.to_owned(), state_file);
        let server = start(listener, site, clock.clone()).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self {
            base,
            clock,
            http,
            cookie: std::cell::RefCell::new(None),
            server: handle,
        }
    }

    pub async fn get(&self, path: &str) -> Shown {
        self.run(self.http.get(self.base.join(path).unwrap())).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Shown {
        self.run(self.http.post(self.base.join(path).unwrap()).form(form)).await
    }

    pub async fn post_from(&self, origin: &str, path: &str, form: &[(&str, &str)]) -> Shown {
        let call = self.http.post(self.base.join(path).unwrap()).form(form).header("origin", origin);
        self.run(call).await
    }

    async fn run(&self, mut call: reqwest::RequestBuilder) -> Shown {
        if let Some(cookie) = &*self.cookie.borrow() {
            call = call.header(COOKIE, cookie);
        }
        let answer = call.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        if let Some(set) = headers.get(SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie.replace(Some(pair.to_owned()));
        }
        Shown {
            status,
            headers,
            body: answer.text().await.unwrap(),
        }
    }

    /// Lets the same browser visit another instance.
    pub fn adopt_cookie(&self, other: &Self) {
        self.cookie.replace(other.cookie.borrow().clone());
    }

    /// Buys a mug and two jars; answers the order's address.
    pub async fn order(&self) -> String {
        self.post("/shop/cos", &[("product", "cana")]).await;
        self.post("/shop/cos", &[("product", "miere"), ("quantity", "2")]).await;
        let form = self.get("/shop/finalizare").await;
        let key = form.body.split("name=\"key\" value=\"").nth(1).unwrap()[..32].to_owned();
        let sent = [("key", key.as_str()), ("name", "Ana Ionescu"), ("email", "ana@client.example")];
        let placed = self.post("/shop/finalizare", &sent).await;
        assert_eq!(
            (placed.status, placed.location()),
            (303, format!("/shop/comanda/{key}/plata").as_str())
        );
        format!("/shop/comanda/{key}")
    }

    /// Looks at a page after the shortest pause between two questions to the gateway.
    pub async fn look(&self, path: &str) -> String {
        self.clock.advance(Duration::from_secs(2));
        self.get(path).await.text()
    }

    pub async fn end(self) {
        self.server.stop(false).await;
    }
}
