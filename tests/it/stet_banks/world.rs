//! The connector, connected with the banks as an operator would, and a PSU at their pages.

use crate::support::judge;
use scraper::{Html, Selector};
use smartpay::bank::access::Keeper;
use smartpay::bank::accounts::{AccountInformation as _, ConsentKind, ConsentRequest, ConsentSession, ConsentVerdict};
use smartpay::bank::directory::{BankAccess, Banks, Directory};
use smartpay::bank::http::{BankHttp, BankHttpSettings};
use smartpay::bank::stet::Stet;
use smartpay::bank::{Answer, Connector, Credentials, PaymentInitiation as _, PsuContext, PsuReply, PsuStep, Session, Tools, Verdict};
use smartpay::clock::Clock;
use smartpay::demo::certificates::{DevelopmentCa, PemPair, Purpose};
use smartpay::payment::{Amount, Currency, Iban, Instruction, Order, PaymentId};
use smartpay::sandbox::stet::{StetSettings, TrustedSeal};
use smartpay::sandbox::{SandboxClient, SandboxSettings, start_with_tls};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

const TPP: &str = "PSDRO-NBR-40112233";
const BACK: &str = "https://pay.example/payment-return/stet";
const STEP: Duration = Duration::from_secs(10);
/// The version of the standard that the directory speaks with these banks.
const SHIPPED_VERSION: &str = "1.4.2";
const MARC: &str = "D0999990I0";
pub const MARC_5158: &str = "FR7613807008043001965405158";
pub const MARC_5255: &str = "FR7613807008043001965405255";
/// Our code, the bank's, and whether it waits for a confirmation.
pub const BANKS: [(&str, &str, bool); 4] = [
    ("bp-grand-ouest", "13807", true),
    ("bp-aura", "16807", false),
    ("bp-bourgogne", "10807", true),
    ("ce-ile-de-france", "17515", false),
];

fn certificate_and_key(folder: &Path, name: &str) -> (Vec<u8>, Vec<u8>) {
    let pair = PemPair::at(folder, name);
    (std::fs::read(pair.certificate).unwrap(), std::fs::read(pair.key).unwrap())
}

fn sandbox_settings(folder: &Path, base: &str, api: &str, root: &[u8]) -> SandboxSettings {
    let read = |name: &str| certificate_and_key(folder, name);
    let ((server_certificate, server_key), (bank_certificate, bank_key)) = (read("tls"), read("seal"));
    SandboxSettings {
        clients: vec![SandboxClient {
            client_id: TPP.to_owned(),
            client_secret: None,
            redirect_uris: vec![Url::parse(BACK).unwrap()],
        }],
        step: STEP,
        stet: Some(StetSettings {
            api_url: Url::parse(api).unwrap(),
            server_certificate,
            server_key,
            client_ca: root.to_vec(),
            seals: vec![TrustedSeal {
                certificate: read("qsealc").0,
                url: None,
            }],
            bank_certificate,
            bank_key,
            ledger_file: None,
            in_the_clear: None,
        }),
        ..SandboxSettings::new(Url::parse(base).unwrap())
    }
}

pub struct World {
    banks: Banks,
    pub clock: Clock,
    plain: String,
    server: actix_web::dev::ServerHandle,
    _folder: tempfile::TempDir,
}

impl World {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl Fn(&mut Credentials)) -> Self {
        Self::speaking(SHIPPED_VERSION, change)
    }

    pub fn speaking(version: &str, change: impl Fn(&mut Credentials)) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::default();
        let ca = DevelopmentCa::create(folder.path(), &clock).unwrap();
        ca.issue("tls", "Banks", Purpose::Server).unwrap();
        ca.issue_for_psp("seal", "Banks", "PSDFR-ACPR-13807", Purpose::Qsealc).unwrap();
        ca.issue_for_psp("qwac", "SmartPay", TPP, Purpose::Qwac).unwrap();
        ca.issue_for_psp("qsealc", "SmartPay", TPP, Purpose::Qsealc).unwrap();
        let read = |name: &str| certificate_and_key(folder.path(), name);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let root = std::fs::read(DevelopmentCa::certificate(folder.path())).unwrap();
        let (plain, tls) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let (base, api) = (
            format!("http://{}", plain.local_addr().unwrap()),
            format!("https://{}", tls.local_addr().unwrap()),
        );
        // A judge speaks no TLS: it is told from whom the calls are.
        let front = judge::before(&base, Some((&text(read("qsealc").0), &text(read("seal").0))));
        let in_the_clear = front.is_some().then(|| TPP.to_owned());
        let (base, api) = front.map_or((base, api), |front| (front.clone(), front));
        let mut settings = sandbox_settings(folder.path(), &base, &api, &root);
        settings.stet.as_mut().unwrap().in_the_clear = in_the_clear;
        let (server, _) = start_with_tls(plain, tls, settings, clock.clone()).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let (qwac, qwac_key) = read("qwac");
        let (qsealc, qsealc_key) = read("qsealc");
        let mut credentials = Credentials {
            client_id: TPP.to_owned(),
            signing_certificate_pem: Some(text(qsealc)),
            signing_key_pem: Some(text(qsealc_key).into()),
            bank_signing_certificate_pem: Some(text(read("seal").0)),
            ..Credentials::default()
        };
        change(&mut credentials);
        let access = BANKS.map(|(code, cdetab, _)| {
            let access = BankAccess {
                base_url: Some(format!("{api}/stet/{cdetab}/").parse().unwrap()),
                authorise_url: Some(format!("{base}/stet/{cdetab}/authorize").parse().unwrap()),
                credentials: credentials.clone(),
            };
            (code.to_owned(), access)
        });
        let http = BankHttp::new(&BankHttpSettings {
            extra_root_pem: Some(text(root)),
            identity_pem: Some(format!("{}\n{}", text(qwac), text(qwac_key)).into()),
            ..BankHttpSettings::default()
        });
        let tools = Tools {
            http: http.unwrap(),
            keeper: Keeper::in_memory(),
            clock: clock.clone(),
        };
        let banks = directory(version).connect(BTreeMap::from(access), &tools).unwrap();
        Self {
            banks,
            clock,
            plain: base,
            server: handle,
            _folder: folder,
        }
    }

    pub fn bank(&self, code: &str) -> &Stet {
        match self.banks.get(code).unwrap().connector().unwrap() {
            Connector::Stet(bank) => bank,
            other => panic!("{other:?}"),
        }
    }

    pub async fn ordered(&self, code: &str, cents: i64) -> (Session, Url) {
        let answer = self.bank(code).initiate(&order(cents), &psu()).await.unwrap();
        match answer.verdict {
            Verdict::PsuNeeded(PsuStep::GoToBank { url }) => (answer.session, url),
            other => panic!("{other:?}"),
        }
    }

    /// Visits the bank's pages as Marc; answers what the way back carries.
    pub async fn visit(&self, page: &Url, decision: &str) -> PsuReply {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let arrived = http.get(page.as_str()).send().await.unwrap();
        let header = |name: &str| arrived.headers()[name].to_str().unwrap().to_owned();
        let (path, cookie) = (header("Location"), header("Set-Cookie").split(';').next().unwrap().to_owned());
        let get = async || {
            let page = http.get(format!("{}{path}", self.plain)).header("Cookie", &cookie);
            page.send().await.unwrap().text().await.unwrap()
        };
        let post = async |step: &str, form: &[(&str, &str)]| {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            let post = http.post(format!("{}{path}{step}", self.plain)).body(body);
            let post = post
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Cookie", &cookie);
            assert_eq!(post.send().await.unwrap().status(), 303);
            get().await
        };
        let shown = post("/conectare", &[("user", MARC), ("code", "12345678")]).await;
        if let Some(iban) = attributes(&shown, "input[name=iban]", "value").first() {
            post("/cont", &[("iban", iban)]).await;
        }
        let ticked = attributes(&shown, "input[type=checkbox]", "name");
        let mut form = vec![("decizie", decision)];
        form.extend(ticked.iter().map(|name| (name.as_str(), "da")));
        let shown = post("/decizie", &form).await;
        let back: Url = attributes(&shown, "a.button", "href")[0].parse().unwrap();
        assert!(back.as_str().starts_with(BACK), "{back}");
        PsuReply::CameBack {
            query: back.query_pairs().into_owned().collect(),
        }
    }

    /// Asks until the bank tells of an end.
    pub async fn end(&self, code: &str, mut session: Session) -> Answer {
        for _ in 0..8 {
            let answer = self.bank(code).ask(&session).await.unwrap();
            if !matches!(answer.verdict, Verdict::StillWorking | Verdict::PsuNeeded(_)) {
                return answer;
            }
            session = answer.session;
            self.clock.advance(STEP);
        }
        panic!("no end");
    }

    pub async fn consent(&self, code: &str, kind: ConsentKind) -> ConsentSession {
        let wanted = ConsentRequest {
            consent: Uuid::from_u128(9),
            partner: "p".to_owned(),
            kind,
            valid_until: self.clock.now().date() + chrono::Days::new(90),
            recurring: true,
        };
        let asked = self.bank(code).request_consent(&wanted, &psu()).await.unwrap();
        let ConsentVerdict::PsuNeeded(PsuStep::GoToBank { url }) = asked.verdict else {
            panic!("{:?}", asked.verdict)
        };
        let reply = self.visit(&url, "da").await;
        let given = self.bank(code).reply_to_consent(&asked.session, &reply).await.unwrap();
        assert_eq!(given.verdict, ConsentVerdict::Valid, "{code}");
        given.session
    }
}

impl Drop for World {
    fn drop(&mut self) {
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.server.stop(false)));
    }
}

/// The directory with banks that speak this version of the standard.
fn directory(version: &str) -> Directory {
    let shipped = include_str!("../../../config/banks.toml");
    let with = |sign: &str, version: &str| format!("{sign}{version}");
    let mut text = shipped
        .replace(&with("version = \"", SHIPPED_VERSION), &with("version = \"", version))
        .replace(&with("psd2/v", SHIPPED_VERSION), &with("psd2/v", version));
    if version == "1.5" {
        // It knows no other.
        text = text.replace("\"o_confirmation\"", "\"confirmation\"");
    }
    Directory::parse(&text).unwrap()
}

fn attributes(page: &str, selector: &str, name: &str) -> Vec<String> {
    let (page, selector) = (Html::parse_document(page), Selector::parse(selector).unwrap());
    page.select(&selector)
        .filter_map(|e| e.value().attr(name))
        .map(str::to_owned)
        .collect()
}

pub fn psu() -> PsuContext {
    PsuContext {
        ip: "198.51.100.7".parse().unwrap(),
        user_agent: Some("Mozilla/5.0".to_owned()),
        return_url: Url::parse(BACK).unwrap(),
        state: "st-0123456789".to_owned(),
        seed: [7; 32],
        psu_id: None,
    }
}

pub fn order(cents: i64) -> Order {
    Order {
        payment: PaymentId::from_number(1_234_567_890_000_000 + cents).unwrap(),
        partner: "p".to_owned(),
        attempt: 1,
        debtor_iban: Some(Iban::parse(MARC_5158).unwrap()),
        instructions: vec![Instruction {
            creditor_name: "Magazin Ș SRL".to_owned(),
            creditor_iban: Iban::parse("DE89370400440532013000").unwrap(),
            amount: Amount::from_minor(cents, Currency::Eur).unwrap(),
            details: "Comanda 4711".to_owned(),
            end_to_end_id: "E2E-1".to_owned(),
            giro: None,
        }],
        schedule: None,
    }
}
