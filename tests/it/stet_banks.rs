//! The STET connector against the sandbox's banks: mutual TLS, signatures on both sides, the PSU at the bank's pages.

use crate::support::judge;
use scraper::{Html, Selector};
use smartpay::bank::access::Keeper;
use smartpay::bank::accounts::{
    AccountInformation as _, BookingStatus, ConsentKind, ConsentRequest, ConsentSession, ConsentVerdict, FundsConfirmation as _,
    TransactionQuery,
};
use smartpay::bank::directory::{BankAccess, Banks, Directory};
use smartpay::bank::http::{BankHttp, BankHttpSettings};
use smartpay::bank::stet::Stet;
use smartpay::bank::{
    Answer, BankError, Connector, Credentials, PaymentInitiation as _, PsuContext, PsuReply, PsuStep, Reason, Session, Tools, Verdict,
};
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
const MARC_5158: &str = "FR7613807008043001965405158";
const MARC_5255: &str = "FR7613807008043001965405255";
/// Our code, the bank's, and whether it waits for a confirmation.
const BANKS: [(&str, &str, bool); 4] = [
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

struct World {
    banks: Banks,
    clock: Clock,
    plain: String,
    server: actix_web::dev::ServerHandle,
    _folder: tempfile::TempDir,
}

impl World {
    fn start() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl Fn(&mut Credentials)) -> Self {
        Self::speaking(SHIPPED_VERSION, change)
    }

    fn speaking(version: &str, change: impl Fn(&mut Credentials)) -> Self {
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

    fn bank(&self, code: &str) -> &Stet {
        match self.banks.get(code).unwrap().connector().unwrap() {
            Connector::Stet(bank) => bank,
            other => panic!("{other:?}"),
        }
    }

    async fn ordered(&self, code: &str, cents: i64) -> (Session, Url) {
        let answer = self.bank(code).initiate(&order(cents), &psu()).await.unwrap();
        match answer.verdict {
            Verdict::PsuNeeded(PsuStep::GoToBank { url }) => (answer.session, url),
            other => panic!("{other:?}"),
        }
    }

    /// Visits the bank's pages as Marc; answers what the way back carries.
    async fn visit(&self, page: &Url, decision: &str) -> PsuReply {
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
    async fn end(&self, code: &str, mut session: Session) -> Answer {
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

    async fn consent(&self, code: &str, kind: ConsentKind) -> ConsentSession {
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
    let shipped = include_str!("../../config/banks.toml");
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

fn psu() -> PsuContext {
    PsuContext {
        ip: "198.51.100.7".parse().unwrap(),
        user_agent: Some("Mozilla/5.0".to_owned()),
        return_url: Url::parse(BACK).unwrap(),
        state: "st-0123456789".to_owned(),
        seed: [7; 32],
        psu_id: None,
    }
}

fn order(cents: i64) -> Order {
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

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_payment_is_executed_and_confirmed_where_the_bank_wants_it() {
    for (code, _, confirms) in BANKS {
        let world = World::start();
        let (session, page) = world.ordered(code, 1051).await;
        let reply = world.visit(&page, "da").await;
        let answer = world.bank(code).reply(&session, &reply).await.unwrap();
        assert_eq!(answer.verdict, Verdict::StillWorking, "{code}");
        let PsuReply::CameBack { query } = &reply else { unreachable!() };
        assert_eq!(query.iter().any(|(n, _)| n == "code"), confirms, "{code}");
        let saved: Session = serde_json::from_str(&serde_json::to_string(&answer.session).unwrap()).unwrap();
        let end = world.end(code, saved).await;
        assert_eq!((end.verdict, &*end.bank_word), (Verdict::Settled, "ACSC"), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_a_withdrawn_and_an_abandoned_one_are_told_apart() {
    for (code, ..) in BANKS {
        let world = World::start();
        let (session, page) = world.ordered(code, 1051).await;
        let reply = world.visit(&page, "nu").await;
        let answer = world.bank(code).reply(&session, &reply).await.unwrap();
        assert!(
            matches!(answer.verdict, Verdict::Rejected(Reason::PsuOrFunds | Reason::PsuDeclined)),
            "{code}: {:?}",
            answer.verdict
        );
    }
    let world = World::start();
    let (session, _) = world.ordered("bp-grand-ouest", 1051).await;
    let withdrawn = world.bank("bp-grand-ouest").withdraw(&session).await.unwrap();
    assert_eq!(
        (withdrawn.verdict, &*withdrawn.bank_word),
        (Verdict::Cancelled(Reason::Withdrawn), "CANC")
    );
    let world = World::start();
    let (session, _) = world.ordered("ce-ile-de-france", 1051).await;
    world.clock.advance(Duration::from_secs(3700));
    let end = world.end("ce-ile-de-france", session).await;
    assert_eq!(end.verdict, Verdict::Rejected(Reason::PsuNoAnswer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_does_not_know_our_key_refuses_and_answers_of_another_key_are_unknown() {
    let file = |name: &str| std::fs::read_to_string(format!("{}/tests/fixtures/stet/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let foreign = (file("qsealc.pem"), file("qsealc.key"));
    let world = World::with(|c| {
        c.signing_certificate_pem = Some(foreign.0.clone());
        c.signing_key_pem = Some(foreign.1.clone().into());
    });
    let result = world.bank("bp-grand-ouest").initiate(&order(1051), &psu()).await;
    assert!(matches!(result, Err(BankError::Refused { .. })), "{result:?}");
    let world = World::with(|c| c.bank_signing_certificate_pem = Some(foreign.0.clone()));
    let result = world.bank("bp-grand-ouest").initiate(&order(1051), &psu()).await;
    assert!(matches!(result, Err(BankError::Unknown(_))), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_read_with_a_consent() {
    for code in ["bp-grand-ouest", "ce-ile-de-france"] {
        accounts_are_read(&World::start(), code).await;
    }
}

async fn accounts_are_read(world: &World, code: &str) {
    let bank = world.bank(code);
    let session = world.consent(code, ConsentKind::Accounts).await;
    let accounts = bank.accounts(&session, None).await.result.unwrap().items;
    let account = accounts
        .iter()
        .find(|a| a.iban.as_ref().is_some_and(|i| i.electronic() == MARC_5158))
        .unwrap();
    let balances = bank.balances(&session, &account.id).await.result.unwrap();
    assert!(balances.iter().any(|b| b.amount.hundredths == 434_895), "{balances:?}");
    let query = TransactionQuery {
        booking_status: BookingStatus::Both,
        date_from: Some(world.clock.now().date() - chrono::Days::new(90)),
        date_to: Some(world.clock.now().date()),
        page: None,
    };
    let (mut session, mut query, mut seen) = (session, query, 0);
    for _ in 0..20 {
        let read = bank.transactions(&session, &account.id, &query).await;
        let page = read.result.unwrap();
        seen += page.items.len();
        session = read.session;
        query.page = page.next;
        if query.page.is_none() {
            break;
        }
    }
    assert!(seen > 0 && query.page.is_none(), "{code}: {seen} transactions");
    assert!(bank.identity(&session).await.result.unwrap().contains("Marc"));
    bank.trusted_beneficiaries(&session, None).await.result.unwrap();
    let ended = bank.revoke_consent(&session).await.unwrap();
    assert_eq!(ended.verdict, ConsentVerdict::Ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_versions_are_spoken_as_well() {
    for version in ["1.4.0", "1.5"] {
        for (code, ..) in BANKS {
            let world = World::speaking(version, |_| {});
            // While nothing is spent.
            accounts_are_read(&world, code).await;
            let (session, page) = world.ordered(code, 1051).await;
            let reply = world.visit(&page, "da").await;
            let answer = world.bank(code).reply(&session, &reply).await.unwrap();
            let end = world.end(code, answer.session).await;
            assert_eq!((end.verdict, &*end.bank_word), (Verdict::Settled, "ACSC"), "{version} {code}");
            let (session, page) = world.ordered(code, 1052).await;
            let reply = world.visit(&page, "nu").await;
            let answer = world.bank(code).reply(&session, &reply).await.unwrap();
            assert!(
                matches!(answer.verdict, Verdict::Rejected(_)),
                "{version} {code}: {:?}",
                answer.verdict
            );
            let (session, _) = world.ordered(code, 1053).await;
            let withdrawn = world.bank(code).withdraw(&session).await.unwrap();
            assert_eq!(withdrawn.verdict, Verdict::Cancelled(Reason::Withdrawn), "{version} {code}");
            let funds = world.consent(code, ConsentKind::Funds).await;
            let amount = Amount::from_minor(434_896, Currency::Eur).unwrap();
            let read = world
                .bank(code)
                .confirm_funds(&funds, &Iban::parse(MARC_5255).unwrap(), &amount)
                .await;
            assert!(!read.result.unwrap(), "{version} {code}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn funds_and_the_fallback() {
    let world = World::start();
    let bank = world.bank("bp-grand-ouest");
    let session = world.consent("bp-grand-ouest", ConsentKind::Funds).await;
    for (iban, cents, enough) in [
        (MARC_5255, 45_800, true),
        (MARC_5158, 417_900, true),
        (MARC_5158, 434_895, true),
        (MARC_5158, 434_896, false),
    ] {
        let amount = Amount::from_minor(cents, Currency::Eur).unwrap();
        let read = bank.confirm_funds(&session, &Iban::parse(iban).unwrap(), &amount).await;
        assert_eq!(read.result.unwrap(), enough, "{iban} {cents}");
    }
    let amount = Amount::from_minor(1, Currency::Eur).unwrap();
    let unknown = bank
        .confirm_funds(&session, &Iban::parse("FR7630006000011234567890189").unwrap(), &amount)
        .await;
    assert!(
        matches!(&unknown.result, Err(BankError::Refused { code, .. }) if code == "AC01"),
        "{:?}",
        unknown.result
    );
    // An hour later the token has run out and is renewed.
    world.clock.advance(Duration::from_secs(3700));
    let read = bank
        .confirm_funds(&unknown.session, &Iban::parse(MARC_5255).unwrap(), &amount)
        .await;
    assert!(read.result.unwrap());
    let fallback = bank.fallback().await.unwrap();
    assert_eq!(fallback.status, 302);
    assert!(fallback.location.unwrap().path().ends_with("/banque-en-ligne"));
}
