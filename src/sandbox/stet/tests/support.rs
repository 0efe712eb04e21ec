//! The running banks, TPPs with certificates, and a browser without scripts.

use super::tpp::Tpp;
use crate::clock::Clock;
use crate::demo::certificates::{DevelopmentCa, PemPair, Purpose};
use crate::sandbox::stet::{StetSettings, TrustedSeal};
use crate::sandbox::{Sandbox, SandboxClient, SandboxSettings, start_with_tls};
use reqwest::{Certificate, Client, Identity, redirect::Policy};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;
use url::{Url, form_urlencoded};

pub const TPP: &str = "PSDRO-NBR-40112233";
pub const OTHER: &str = "PSDFR-ACPR-99999";
pub const RETURN: &str = "https://tpp.example/back?keep=1";
pub const FAILED: &str = "https://tpp.example/failed";
pub const STEP: Duration = Duration::from_secs(10);
pub const MARC: &str = "D0999990I0";
pub const MARC_5158: &str = "FR7613807008043001965405158";
pub const MARC_5255: &str = "FR7613807008043001965405255";
pub const CREDITOR: &str = "DE89370400440532013000";
/// Wants `o-confirmation`.
pub const OUEST: &str = "13807";
/// Wants no confirmation, answers 200, names no Location.
pub const AURA: &str = "16807";
/// Wants `confirmation`.
pub const BFC: &str = "10807";
/// Keeps to the standard.
pub const CE: &str = "17515";

/// Made once for all tests: keys take their time.
struct Certificates {
    folder: tempfile::TempDir,
}

fn certificates() -> &'static Certificates {
    static MADE: OnceLock<Certificates> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let ca = DevelopmentCa::create(folder.path(), &Clock::default()).unwrap();
        ca.issue("tls", "Banks", Purpose::Server).unwrap();
        ca.issue_for_psp("seal", "Banks", "PSDFR-ACPR-13807", Purpose::Qsealc).unwrap();
        for (name, id) in [("one", TPP), ("two", OTHER)] {
            ca.issue_for_psp(&format!("{name}-qwac"), name, id, Purpose::Qwac).unwrap();
            ca.issue_for_psp(&format!("{name}-qsealc"), name, id, Purpose::Qsealc).unwrap();
        }
        ca.issue_for_psp("unknown-qwac", "Unknown", "PSDDE-BAFIN-1", Purpose::Qwac).unwrap();
        ca.issue("nobody-qwac", "Nobody", Purpose::Client).unwrap();
        let only_ai = [(3, "PSP_AI")];
        ca.issue_for_roles("ai-qwac", ("One", TPP), Purpose::Qwac, &only_ai).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        let stranger = DevelopmentCa::create(&elsewhere, &Clock::default()).unwrap();
        stranger.issue_for_psp("stranger-qwac", "One", TPP, Purpose::Qwac).unwrap();
        Certificates { folder }
    })
}

pub fn pem(name: &str) -> (Vec<u8>, Vec<u8>) {
    let folder = certificates().folder.path();
    let folder = if name.starts_with("stranger") {
        folder.join("elsewhere")
    } else {
        folder.to_owned()
    };
    let pair = PemPair::at(&folder, name);
    (std::fs::read(pair.certificate).unwrap(), std::fs::read(pair.key).unwrap())
}

pub struct TestBanks {
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub plain: String,
    pub api: String,
    /// A browser.
    pub http: Client,
    server: actix_web::dev::ServerHandle,
}

impl TestBanks {
    pub fn start() -> Self {
        Self::with(None, Clock::default())
    }

    pub fn with(ledger_file: Option<PathBuf>, clock: Clock) -> Self {
        Self::with_settings(clock, |settings| settings.ledger_file = ledger_file)
    }

    pub fn with_settings(clock: Clock, change: impl FnOnce(&mut StetSettings)) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (plain, tls) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let base = format!("http://{}", plain.local_addr().unwrap());
        let api = format!("https://{}", tls.local_addr().unwrap());
        let client = |id: &str| SandboxClient {
            client_id: id.to_owned(),
            client_secret: None,
            redirect_uris: vec![Url::parse(RETURN).unwrap()],
        };
        let seal = |name: &str, url: Option<&str>| TrustedSeal {
            certificate: pem(name).0,
            url: url.map(str::to_owned),
        };
        let ((server_certificate, server_key), (bank_certificate, bank_key)) = (pem("tls"), pem("seal"));
        let mut stet = StetSettings {
            api_url: Url::parse(&api).unwrap(),
            server_certificate,
            server_key,
            client_ca: std::fs::read(DevelopmentCa::certificate(certificates().folder.path())).unwrap(),
            seals: vec![seal("one-qsealc", Some("https://tpp.example/qsealc.pem")), seal("two-qsealc", None)],
            bank_certificate,
            bank_key,
            ledger_file: None,
            in_the_clear: None,
        };
        change(&mut stet);
        let settings = SandboxSettings {
            clients: vec![client(TPP), client(OTHER)],
            step: STEP,
            stet: Some(stet),
            ..SandboxSettings::new(Url::parse(&base).unwrap())
        };
        let (server, sandbox) = start_with_tls(plain, tls, settings, clock.clone()).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self {
            sandbox,
            clock,
            plain: base,
            api,
            http,
            server: handle,
        }
    }

    pub async fn stop(self) {
        self.server.stop(false).await;
    }

    /// A client with this certificate; `None` for one without any.
    pub fn client(&self, qwac: Option<&str>) -> Client {
        let ca = std::fs::read(DevelopmentCa::certificate(certificates().folder.path())).unwrap();
        let builder = Client::builder().redirect(Policy::none()).no_proxy();
        let builder = builder.tls_certs_only(Certificate::from_pem_bundle(&ca).unwrap());
        let builder = match qwac {
            Some(name) => {
                let (certificate, key) = pem(name);
                builder.identity(Identity::from_pem(&[certificate, b"\n".to_vec(), key].concat()).unwrap())
            }
            None => builder,
        };
        builder.build().unwrap()
    }

    pub fn tpp(&self) -> Tpp<'_> {
        self.tpp_with("one-qwac", "one-qsealc")
    }

    pub fn tpp_with(&self, qwac: &str, qsealc: &str) -> Tpp<'_> {
        Tpp {
            bank: self,
            http: self.client(Some(qwac)),
            qsealc: qsealc.to_owned(),
        }
    }

    /// The PSU decides about a payment. Returns where the bank sends the browser.
    pub async fn decide(&self, page: &str, user: &str, decision: &str) -> Url {
        let mut psu = Psu::arrive(self, page).await;
        let shown = psu.post("/conectare", &[("user", user), ("code", "12345678")]).await;
        if let Some(iban) = attribute(&shown, "input[name=iban]", "value") {
            psu.post("/cont", &[("iban", &iban)]).await;
        }
        let shown = psu.post("/decizie", &[("decizie", decision)]).await;
        Url::parse(&attribute(&shown, "a.button", "href").unwrap()).unwrap()
    }

    /// The PSU lets the TPP in. Returns the code.
    pub async fn grant(&self, bank: &str, scope: &str, user: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("response_type", "code"), ("client_id", TPP), ("redirect_uri", RETURN)])
            .extend_pairs([("scope", scope), ("state", "s")])
            .finish();
        let mut psu = Psu::arrive(self, &format!("{}/stet/{bank}/authorize?{query}", self.plain)).await;
        let shown = psu.post("/conectare", &[("user", user), ("code", "12345678")]).await;
        let ticked: Vec<String> = attributes(&shown, "input[type=checkbox]", "name");
        let mut form = vec![("decizie", "da")];
        form.extend(ticked.iter().map(|name| (name.as_str(), "da")));
        let shown = psu.post("/decizie", &form).await;
        let back = Url::parse(&attribute(&shown, "a.button", "href").unwrap()).unwrap();
        assert_eq!(parameter(&back, "state").as_deref(), Some("s"));
        parameter(&back, "code").unwrap()
    }

    pub fn settle(&self) {
        self.clock.advance(STEP);
        self.clock.advance(STEP);
    }

    pub fn events(&self) -> Vec<String> {
        let name = |entry| serde_json::to_value(entry).unwrap()["event"].as_str().unwrap().to_owned();
        self.sandbox.stet_ledger().iter().map(name).collect()
    }
}

/// A browser on one visit.
pub struct Psu<'a> {
    bank: &'a TestBanks,
    path: String,
    cookie: String,
}

impl<'a> Psu<'a> {
    pub async fn arrive(bank: &'a TestBanks, page: &str) -> Self {
        let answer = bank.http.get(page).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let cookie = header("Set-Cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains(&header("Location")));
        Self {
            bank,
            path: header("Location"),
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    pub async fn get(&self) -> (u16, String) {
        let page = self.bank.http.get(format!("{}{}", self.bank.plain, self.path));
        let page = page.header("Cookie", &self.cookie).send().await.unwrap();
        let policy = page.headers()["Content-Security-Policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"));
        (page.status().as_u16(), page.text().await.unwrap())
    }

    /// Posts a form and shows the page that follows.
    pub async fn post(&mut self, step: &str, form: &[(&str, &str)]) -> String {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let post = self.bank.http.post(format!("{}{}{step}", self.bank.plain, self.path)).body(body);
        let post = post.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = post.header("Cookie", &self.cookie).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        self.get().await.1
    }
}

pub fn attributes(page: &str, selector: &str, name: &str) -> Vec<String> {
    let selector = scraper::Selector::parse(selector).unwrap();
    let page = scraper::Html::parse_document(page);
    page.select(&selector)
        .filter_map(|e| e.value().attr(name))
        .map(str::to_owned)
        .collect()
}

/// The attribute of the first element that the selector finds.
pub fn attribute(page: &str, selector: &str, name: &str) -> Option<String> {
    attributes(page, selector, name).into_iter().next()
}

/// One parameter of an address.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

/// A payment in the shape of 1.4.2.
pub fn payment(bank: &TestBanks, amount: &str) -> Value {
    let now = bank.clock.now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!({
        "paymentInformationId": "PMT-1",
        "creationDateTime": now,
        "numberOfTransactions": 1,
        "initiatingParty": { "name": "SmartPay" },
        "paymentTypeInformation": { "serviceLevel": "SEPA", "categoryPurpose": "DVPM" },
        "beneficiary": { "creditor": { "name": "Magazin SRL" }, "creditorAccount": { "iban": CREDITOR } },
        "chargeBearer": "SLEV",
        "requestedExecutionDate": now,
        "creditTransferTransaction": [{
            "paymentId": { "instructionId": "I-1", "endToEndId": "E2E-1" },
            "instructedAmount": { "currency": "EUR", "amount": amount },
            "remittanceInformation": ["Factura 12"],
        }],
        "supplementaryData": {
            "acceptedAuthenticationApproach": ["REDIRECT"],
            "successfulReportUrl": RETURN,
            "unsuccessfulReportUrl": FAILED,
        },
    })
}

/// The same in the shape of 1.4.0: the creditor at the top.
pub fn payment_1_4_0(bank: &TestBanks, amount: &str) -> Value {
    let mut body = payment(bank, amount);
    let beneficiary = body["beneficiary"].take();
    body.as_object_mut().unwrap().remove("beneficiary");
    body["creditor"] = beneficiary["creditor"].clone();
    body["creditorAccount"] = beneficiary["creditorAccount"].clone();
    body
}

/// The same in the shape of 1.5: beneficiary and date in the instruction, the amount a number.
pub fn payment_1_5(bank: &TestBanks, amount: &str) -> Value {
    let mut body = payment(bank, amount);
    let top = body.as_object_mut().unwrap();
    let (beneficiary, date) = (top.remove("beneficiary").unwrap(), top.remove("requestedExecutionDate").unwrap());
    let instruction = &mut body["creditTransferTransaction"][0];
    instruction["beneficiary"] = beneficiary;
    instruction["requestedExecutionDate"] = date;
    instruction["instructedAmount"]["amount"] = serde_json::from_str(amount).unwrap();
    instruction["remittanceInformation"] = json!({ "unstructured": ["Factura 12"] });
    body
}
