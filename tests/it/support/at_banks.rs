//! Connectors in conversation with the sandbox banks, with nothing of the application between them.

use super::browser::{Browser, Form, Page};
use super::{certificates, judge};
use smartpay::bank::access::Keeper;
use smartpay::bank::accounts::{AccountInformation as _, ConsentAnswer, ConsentKind, ConsentRequest, ConsentSession, ConsentVerdict};
use smartpay::bank::directory::{BankAccess, Banks, Directory};
use smartpay::bank::http::{BankHttp, BankHttpSettings};
use smartpay::bank::{Answer, BankError, Connector, Credentials, PsuContext, PsuReply, PsuStep, Tools, Verdict};
use smartpay::clock::Clock;
use smartpay::payment::{Amount, Currency, Iban, Instruction, Order, PaymentId};
use smartpay::sandbox::{self, Sandbox, SandboxClient, SandboxSettings};
use std::net::TcpListener;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// The id under which the banks know us.
pub const CLIENT: &str = "tpp-client";
/// Time between two steps of an order.
pub const STEP: Duration = Duration::from_secs(10);
/// Code and path of each bank.
const BANKS: [(&str, &str); 8] = [
    ("cec", "cec"),
    ("bt", "bt"),
    ("brd", "brd"),
    ("demo-standard", "standard"),
    ("demo-link", "link"),
    ("demo-mobil", "mobil"),
    ("demo-cod", "cod"),
    ("demo-pasi", "pasi"),
];

/// The connected banks and the other side of them.
pub struct AtBanks {
    pub banks: Banks,
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub base: Url,
    server: actix_web::dev::ServerHandle,
}

impl Drop for AtBanks {
    fn drop(&mut self) {
        // Nobody waits for the end.
        drop(self.server.stop(false));
    }
}

impl AtBanks {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        let base = Url::parse(&judge::before(&own, None).unwrap_or(own)).unwrap();
        let clock = Clock::default();
        let settings = SandboxSettings {
            step: STEP,
            clients: vec![SandboxClient {
                client_id: CLIENT.to_owned(),
                client_secret: None,
                redirect_uris: BANKS.iter().map(|(code, _)| return_url(code)).collect(),
            }],
            ..SandboxSettings::new(base.clone())
        };
        let (server, sandbox) = sandbox::start(listener, settings, clock.clone()).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            banks: connected(&base, CLIENT, None),
            sandbox,
            clock,
            base,
            server: handle,
        }
    }

    pub fn bank(&self, code: &str) -> &Connector {
        self.banks.get(code).unwrap().connector().unwrap()
    }

    /// The banks as a TPP of another name sees them.
    pub fn connected_as(&self, client_id: &str, secret: Option<&str>) -> Banks {
        connected(&self.base, client_id, secret)
    }

    /// A consent of 90 days.
    pub fn wanted(&self) -> ConsentRequest {
        ConsentRequest {
            consent: Uuid::now_v7(),
            partner: "partner".to_owned(),
            kind: ConsentKind::Accounts,
            valid_until: self.clock.now().date() + chrono::Days::new(90),
            recurring: true,
        }
    }

    /// Asks a bank for a consent.
    pub async fn ask_for_consent(&self, code: &str) -> Result<ConsentAnswer, BankError> {
        self.bank(code).request_consent(&self.wanted(), &psu(code)).await
    }

    /// The PSU authorises an order on the bank's page.
    pub async fn pay_on_the_page(&self, answer: &Answer, user: &str) -> PsuReply {
        let Verdict::PsuNeeded(PsuStep::GoToBank { url }) = &answer.verdict else {
            panic!("{:?} ({})", answer.verdict, answer.bank_word)
        };
        let browser = Browser::new();
        let login = browser.follow(&browser.get(url).await).await;
        let mut page = self.log_in(&browser, &login, "/conectare", user).await;
        if page.has("input[name=iban]") {
            page = browser.follow(&browser.submit(&page.form("/cont")).await).await;
        }
        let decided = browser.submit(&page.form("/decizie").with("decizie", "da")).await;
        let back = browser.follow(&decided).await.link("a.button");
        PsuReply::CameBack {
            query: back.query_pairs().into_owned().collect(),
        }
    }

    /// The PSU logs in on the page of a consent and fills in its form.
    pub async fn on_the_page(&self, answer: &ConsentAnswer, user: &str, choose: impl FnOnce(Form) -> Form) -> PsuReply {
        let ConsentVerdict::PsuNeeded(PsuStep::GoToBank { url }) = &answer.verdict else {
            panic!("{:?} ({})", answer.verdict, answer.bank_word)
        };
        let browser = Browser::new();
        let login = browser.follow(&browser.get(url).await).await;
        let choice = self.log_in(&browser, &login, "/conectare", user).await;
        let decided = browser.submit(&choose(choice.form("/decizie"))).await;
        let back = browser.follow(&decided).await.link("a.button");
        PsuReply::CameBack {
            query: back.query_pairs().into_owned().collect(),
        }
    }

    /// Fills in a login form with a customer's name and code.
    pub async fn log_in(&self, browser: &Browser, page: &Page, form: &str, user: &str) -> Page {
        let sent = browser.submit(&as_customer(page.form(form), user)).await;
        browser.follow(&sent).await
    }

    /// A consent that a customer gave to everything.
    pub async fn consent(&self, code: &str, user: &str) -> ConsentSession {
        let asked = self.ask_for_consent(code).await.unwrap();
        let reply = self.on_the_page(&asked, user, |form| form.with("decizie", "da")).await;
        let answer = self.bank(code).reply_to_consent(&asked.session, &reply).await.unwrap();
        assert_eq!(answer.verdict, ConsentVerdict::Valid, "{}", answer.bank_word);
        answer.session
    }
}

/// A login form with a customer's name and code.
pub fn as_customer(form: Form, user: &str) -> Form {
    let code = sandbox::customers::by_user(user).unwrap().code;
    form.with("user", user).with("code", code)
}

fn connected(base: &Url, client_id: &str, secret: Option<&str>) -> Banks {
    connected_by(Directory::shipped().unwrap(), base, client_id, secret)
}

/// Every bank, as a directory knows it, under this client id.
pub fn connected_by(directory: Directory, base: &Url, client_id: &str, secret: Option<&str>) -> Banks {
    let signing = String::from_utf8(certificates::pem("qsealc.pem").to_vec()).unwrap();
    let access = BANKS.iter().map(|(code, path)| {
        let access = BankAccess {
            base_url: base.join(path).ok(),
            credentials: Credentials {
                client_id: client_id.to_owned(),
                client_secret: secret.map(|secret| secret.to_owned().into()),
                signing_certificate_pem: Some(signing.clone()),
                ..Credentials::default()
            },
            ..BankAccess::default()
        };
        ((*code).to_owned(), access)
    });
    let tools = Tools {
        http: BankHttp::new(&BankHttpSettings::default()).unwrap(),
        keeper: Keeper::in_memory(),
        clock: Clock::default(),
    };
    directory.connect(access.collect(), &tools).unwrap()
}

/// A payment of this many lei, from whichever account the PSU chooses.
pub fn order(number: i64, lei: i64) -> Order {
    Order {
        payment: PaymentId::from_number(1_000_000_000_000_000 + number).unwrap(),
        partner: "partner".to_owned(),
        attempt: 1,
        debtor_iban: None,
        instructions: vec![Instruction {
            creditor_name: "Atelierul Ș".to_owned(),
            creditor_iban: Iban::parse("RO49AAAA1B31007593840000").unwrap(),
            amount: Amount::from_minor(lei * 100, Currency::Ron).unwrap(),
            details: "Comanda 7".to_owned(),
            end_to_end_id: "E2E-7".to_owned(),
            giro: None,
        }],
        schedule: None,
    }
}

pub fn return_url(code: &str) -> Url {
    Url::parse(&format!("https://pay.example/payment-return/{code}")).unwrap()
}

pub fn psu(code: &str) -> PsuContext {
    PsuContext {
        ip: "198.51.100.7".parse().unwrap(),
        user_agent: None,
        return_url: return_url(code),
        state: "st-1".to_owned(),
        seed: [7; 32],
        psu_id: None,
    }
}
