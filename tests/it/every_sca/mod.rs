//! The Berlin Group connector in conversation with the sandbox banks, one for each way in which a PSU authorises
//! an order, beginning at the bank or with a call of its own. Nothing of the application is between them.

mod decoupled;
mod embedded;
mod redirect;
mod several;

use crate::support::browser::Browser;
use crate::support::{certificates, judge};
use smartpay::bank::access::Keeper;
use smartpay::bank::directory::{BankAccess, Banks, Directory};
use smartpay::bank::http::{BankHttp, BankHttpSettings};
use smartpay::bank::{
    Answer, BankError, CodePrompt, Connector, Credentials, PaymentInitiation as _, PsuContext, PsuReply, PsuStep, Reason, Session, Tools,
    Verdict,
};
use smartpay::clock::Clock;
use smartpay::payment::{Amount, Currency, Iban, Instruction, Order, PaymentId};
use smartpay::sandbox::{self, Sandbox, SandboxSettings};
use std::cell::Cell;
use std::net::TcpListener;
use std::time::Duration;
use url::Url;

const STEP: Duration = Duration::from_secs(10);
const CREDITOR: &str = "RO49AAAA1B31007593840000";
/// No instruction to this account is ever paid.
const CLOSED_ACCOUNT: &str = "RO27CECEB00030RON0009009";

struct World {
    banks: Banks,
    sandbox: Sandbox,
    clock: Clock,
    payments: Cell<i64>,
    server: actix_web::dev::ServerHandle,
}

impl Drop for World {
    fn drop(&mut self) {
        // Nobody waits for the end.
        drop(self.server.stop(false));
    }
}

impl World {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        let base = Url::parse(&judge::before(&own, None).unwrap_or(own)).unwrap();
        let http = BankHttp::new(&BankHttpSettings::default()).unwrap();
        let keeper = Keeper::in_memory();
        let signing = String::from_utf8(certificates::pem("qsealc.pem").to_vec()).unwrap();
        let access = |path: &str| BankAccess {
            base_url: Some(base.join(path).unwrap()),
            credentials: Credentials {
                signing_certificate_pem: Some(signing.clone()),
                ..Credentials::default()
            },
            ..BankAccess::default()
        };
        let at = [
            ("brd", "brd"),
            ("demo-mobil", "mobil"),
            ("demo-cod", "cod"),
            ("demo-link", "link"),
            ("demo-pasi", "pasi"),
        ];
        let access = at.into_iter().map(|(code, path)| (code.to_owned(), access(path)));
        let clock = Clock::default();
        let tools = Tools {
            http,
            keeper,
            clock: clock.clone(),
        };
        let banks = Directory::shipped().unwrap().connect(access.collect(), &tools).unwrap();
        let settings = SandboxSettings {
            step: STEP,
            ..SandboxSettings::new(base)
        };
        let (server, sandbox) = sandbox::start(listener, settings, clock.clone()).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            banks,
            sandbox,
            clock,
            payments: Cell::new(1_000_000_000_000_000),
            server: handle,
        }
    }

    fn bank(&self, code: &str) -> &Connector {
        self.banks.get(code).unwrap().connector().unwrap()
    }

    /// A new payment of this many lei each to these accounts.
    fn order(&self, debtor: &str, creditors: &[&str], lei: i64) -> Order {
        self.payments.set(self.payments.get() + 1);
        let instruction = |(n, creditor): (usize, &&str)| Instruction {
            creditor_name: "Atelierul Ș".to_owned(),
            creditor_iban: Iban::parse(creditor).unwrap(),
            amount: Amount::from_minor(lei * 100, Currency::Ron).unwrap(),
            details: "Comanda 7".to_owned(),
            end_to_end_id: format!("E2E-{n}"),
            giro: None,
        };
        Order {
            partner: "partner".to_owned(),
            payment: PaymentId::from_number(self.payments.get()).unwrap(),
            attempt: 1,
            debtor_iban: Some(Iban::parse(debtor).unwrap()),
            instructions: creditors.iter().enumerate().map(instruction).collect(),
            schedule: None,
        }
    }

    /// Gives a bank an order; the PSU's id goes with it.
    async fn initiate(&self, code: &str, order: &Order, psu_id: &str) -> Result<Answer, BankError> {
        let psu = PsuContext {
            ip: "198.51.100.7".parse().unwrap(),
            user_agent: None,
            return_url: Url::parse(&format!("https://pay.example/payment-return/{code}")).unwrap(),
            state: "st-1".to_owned(),
            seed: [7; 32],
            psu_id: Some(psu_id.to_owned().into()),
        };
        self.bank(code).initiate(order, &psu).await
    }

    /// Gives a bank an order and starts its authorisation.
    async fn begin(&self, code: &str, order: &Order, psu_id: &str) -> Result<Answer, BankError> {
        let taken = self.initiate(code, order, psu_id).await?;
        assert_eq!(needed(&taken), &PsuStep::Begin);
        self.reply(code, &taken.session, begin_with(psu_id)).await
    }

    async fn reply(&self, code: &str, session: &Session, reply: PsuReply) -> Result<Answer, BankError> {
        self.bank(code).reply(session, &reply).await
    }

    /// Asks after this many steps of the bank.
    async fn after(&self, steps: u32, code: &str, session: &Session) -> Answer {
        self.clock.advance(STEP * steps);
        self.bank(code).ask(session).await.unwrap()
    }

    /// Goes to a bank's page, logs in and decides; answers where the browser is sent back to.
    async fn decide(&self, step: &PsuStep, user: &str, code: &str, decision: &str) -> Vec<(String, String)> {
        let PsuStep::GoToBank { url } = step else { panic!("{step:?}") };
        let browser = Browser::new();
        let login = browser.follow(&browser.get(url).await).await;
        let form = login.form("/conectare").with("user", user).with("code", code);
        let confirm = browser.follow(&browser.submit(&form).await).await;
        let form = confirm.form("/decizie").with("decizie", decision);
        let back = browser.follow(&browser.submit(&form).await).await.link("a.button");
        back.query_pairs().into_owned().collect()
    }
}

fn begin_with(psu_id: &str) -> PsuReply {
    PsuReply::Begin {
        psu_id: Some(psu_id.to_owned().into()),
    }
}

fn code_of(text: &str) -> PsuReply {
    PsuReply::Code(text.to_owned().into())
}

fn needed(answer: &Answer) -> &PsuStep {
    match &answer.verdict {
        Verdict::PsuNeeded(step) => step,
        other => panic!("{other:?} ({})", answer.bank_word),
    }
}

fn prompt(answer: &Answer) -> &CodePrompt {
    match needed(answer) {
        PsuStep::EnterCode(prompt) => prompt,
        other => panic!("{other:?}"),
    }
}

fn message(answer: &Answer) -> Option<&str> {
    match needed(answer) {
        PsuStep::ApproveInApp { message } => message.as_deref(),
        other => panic!("{other:?}"),
    }
}

const ANA_AT_BRD: &str = "RO14BRDE410000RON0001001";
const ELENA_AT_BRD: &str = "RO43BRDE410000RON0003001";
const ANA_AT_MOBIL: &str = "RO50MOBIM00001RON0001001";
const ANA_AT_COD: &str = "RO83CODBC00001RON0001001";
const MIHAI_AT_COD: &str = "RO49CODBC00001RON0002001";
const FIRM_AT_COD: &str = "RO44CODBC00001RON0005001";
const ANA_AT_LINK: &str = "RO03LINKL00001RON0001001";
const ANA_AT_PASI: &str = "RO27PASIP00001RON0001001";

#[tokio::test]
async fn an_order_nobody_authorised_is_withdrawn_everywhere() {
    let world = World::start();
    for (code, debtor, psu_id) in [
        ("brd", ANA_AT_BRD, "30001001"),
        ("demo-mobil", ANA_AT_MOBIL, "0700000101"),
        ("demo-cod", ANA_AT_COD, "100101"),
        ("demo-link", ANA_AT_LINK, "x"),
        ("demo-pasi", ANA_AT_PASI, "x"),
    ] {
        let order = world.order(debtor, &[CREDITOR], 25);
        let taken = world.initiate(code, &order, psu_id).await.unwrap();
        let answer = match needed(&taken) {
            PsuStep::Begin => world.reply(code, &taken.session, begin_with(psu_id)).await.unwrap(),
            _ => taken,
        };
        let gone = world.bank(code).withdraw(&answer.session).await.unwrap();
        assert_eq!(gone.verdict, Verdict::Cancelled(Reason::Withdrawn), "{code}");
        assert!(
            matches!(world.after(0, code, &answer.session).await.verdict, Verdict::Cancelled(_)),
            "{code}"
        );
        assert_eq!(world.sandbox.approve_on_phone("ana"), None, "{code}");
    }
}
