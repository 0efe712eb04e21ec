//! The Berlin Group connector in conversation with the sandbox banks, one for each way in which a PSU authorises
//! an order, beginning at the bank or with a call of its own. Nothing of the application is between them.

use crate::support::browser::Browser;
use crate::support::certificates;
use smartpay::bank::Tools;
use smartpay::bank::access::Keeper;
use smartpay::bank::directory::{BankAccess, Banks, Directory};
use smartpay::bank::http::{BankHttp, BankHttpSettings};
use smartpay::bank::{
    Answer, BankError, CodeFormat, CodePrompt, Connector, Credentials, PaymentInitiation as _, PsuContext, PsuReply, PsuStep, Reason,
    Session, Verdict,
};
use smartpay::clock::Clock;
use smartpay::payment::{Amount, Currency, Frequency, Iban, Instruction, Order, PaymentId, Schedule};
use smartpay::sandbox::{self, BankCode, Fault, Operation, Sandbox, SandboxSettings};
use std::cell::Cell;
use std::collections::BTreeMap;
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
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let http = BankHttp::new(&BankHttpSettings::default()).unwrap();
        let signing = String::from_utf8(certificates::pem("qsealc.pem").to_vec()).unwrap();
        let access = |path: &str| BankAccess {
            base_url: Some(base.join(path).unwrap()),
            credentials: Credentials {
                signing_certificate_pem: Some(signing.clone()),
                ..Credentials::default()
            },
        };
        let at = [
            ("brd", "brd"),
            ("demo-mobil", "mobil"),
            ("demo-cod", "cod"),
            ("demo-link", "link"),
            ("demo-pasi", "pasi"),
        ];
        let access = at.into_iter().map(|(code, path)| (code.to_owned(), access(path)));
        let banks = Directory::shipped()
            .unwrap()
            .connect(
                access.collect(),
                &Tools {
                    http,
                    keeper: Keeper::in_memory(),
                },
            )
            .unwrap();
        let clock = Clock::default();
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
async fn decoupled_started_by_us() {
    let world = World::start();
    let order = world.order(ANA_AT_BRD, &[CREDITOR], 25);
    let begun = world.begin("brd", &order, "30001001").await.unwrap();
    assert!(message(&begun).unwrap().contains("aprobați plata"));
    let waiting = world.after(1, "brd", &begun.session).await;
    assert!(message(&waiting).unwrap().contains("aprobați plata"));
    assert!(world.sandbox.approve_on_phone("30001001").is_some());
    let working = world.after(1, "brd", &waiting.session).await;
    assert_eq!((working.verdict, working.bank_word.as_str()), (Verdict::StillWorking, "ACCP"));
    let settled = world.after(3, "brd", &working.session).await;
    assert_eq!((settled.verdict, settled.bank_word.as_str()), (Verdict::Settled, "ACSC"));
    assert!(world.bank("brd").withdraw(&settled.session).await.is_err());
}

#[tokio::test]
async fn decoupled_refused_by_the_psu_by_the_bank_and_for_an_unknown_psu() {
    let world = World::start();
    let order = world.order(ANA_AT_BRD, &[CREDITOR], 25);
    let begun = world.begin("brd", &order, "30001001").await.unwrap();
    assert!(world.sandbox.refuse_on_phone("ana").is_some());
    let refused = world.after(0, "brd", &begun.session).await;
    assert_eq!(
        (refused.verdict, refused.bank_word.as_str()),
        (Verdict::Rejected(Reason::PsuDeclined), "RJCT")
    );

    let order = world.order(ELENA_AT_BRD, &[CREDITOR], 25);
    let begun = world.begin("brd", &order, "30003001").await.unwrap();
    assert!(world.sandbox.approve_on_phone("30003001").is_some());
    let declined = world.after(2, "brd", &begun.session).await;
    assert_eq!(declined.verdict, Verdict::Rejected(Reason::BankDeclined));

    for (psu_id, status, code) in [("50001001", 400, "FORMAT_ERROR"), ("39999999", 401, "PSU_CREDENTIALS_INVALID")] {
        let order = world.order(ANA_AT_BRD, &[CREDITOR], 25);
        let taken = world.initiate("brd", &order, psu_id).await.unwrap();
        let error = world.reply("brd", &taken.session, begin_with(psu_id)).await.unwrap_err();
        assert!(
            matches!(&error, BankError::Refused { status: s, code: c, .. } if (*s, c.as_str()) == (status, code)),
            "{error:?}"
        );
        let withdrawn = world.bank("brd").withdraw(&taken.session).await.unwrap();
        assert_eq!(withdrawn.verdict, Verdict::Cancelled(Reason::Withdrawn));
    }
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_found_again() {
    let world = World::start();
    for fault in [
        Fault::DropAfterEffect,
        Fault::StatusAfterEffect(500),
        Fault::Malformed,
        Fault::EmptyBody,
    ] {
        let order = world.order(ANA_AT_BRD, &[CREDITOR], 25);
        world.sandbox.fail_next_at(BankCode::Brd, Operation::Authorise, fault.clone());
        let begun = world.begin("brd", &order, "30001001").await.unwrap();
        assert_eq!(message(&begun), None, "{fault:?}");
        let again = world.reply("brd", &begun.session, begin_with("30001001")).await;
        assert!(matches!(again, Err(BankError::Unsupported)), "{fault:?}");
        let waiting = world.after(1, "brd", &begun.session).await;
        assert_eq!(message(&waiting), None, "{fault:?}");
        assert!(world.sandbox.approve_on_phone("30001001").is_some());
        assert_eq!(world.after(5, "brd", &waiting.session).await.verdict, Verdict::Settled, "{fault:?}");
    }
    // The session from before the start, as a crash leaves it, leads there too.
    let order = world.order(ANA_AT_BRD, &[CREDITOR], 25);
    let taken = world.initiate("brd", &order, "30001001").await.unwrap();
    assert_eq!(needed(&world.after(0, "brd", &taken.session).await), &PsuStep::Begin);
    world.reply("brd", &taken.session, begin_with("30001001")).await.unwrap();
    assert_eq!(message(&world.after(0, "brd", &taken.session).await), None);
}

#[tokio::test]
async fn decoupled_asked_with_the_order() {
    let world = World::start();
    let order = world.order(ANA_AT_MOBIL, &[CREDITOR], 25);
    let taken = world.initiate("demo-mobil", &order, "0700000101").await.unwrap();
    assert!(message(&taken).is_some());
    assert!(world.sandbox.approve_on_phone("0700000101").is_some());
    assert_eq!(world.after(5, "demo-mobil", &taken.session).await.verdict, Verdict::Settled);

    let mut standing = world.order(ANA_AT_MOBIL, &[CREDITOR], 25);
    let today = world.clock.now().date();
    standing.schedule = Some(Schedule {
        start_date: today + chrono::Days::new(3),
        frequency: Frequency::Weekly,
        day_of_execution: Some(31),
    });
    let taken = world.initiate("demo-mobil", &standing, "0700000101").await.unwrap();
    assert!(world.sandbox.approve_on_phone("0700000101").is_some());
    let accepted = world.after(3, "demo-mobil", &taken.session).await;
    assert_eq!(accepted.verdict, Verdict::StillWorking);
    world.clock.advance(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(world.after(3, "demo-mobil", &accepted.session).await.verdict, Verdict::Settled);

    let error = world.initiate("demo-mobil", &order_again(&order), "0799999999").await.unwrap_err();
    assert!(matches!(error, BankError::Refused { status: 401, .. }), "{error:?}");
    let several = world.order(ANA_AT_MOBIL, &[CREDITOR, CREDITOR], 25);
    let error = world.initiate("demo-mobil", &several, "0700000101").await.unwrap_err();
    assert!(matches!(error, BankError::Unsupported), "{error:?}");
}

/// The next attempt of an order.
fn order_again(order: &Order) -> Order {
    Order {
        attempt: order.attempt + 1,
        ..order.clone()
    }
}

#[tokio::test]
async fn embedded_with_one_method_and_wrong_codes() {
    let world = World::start();
    let order = world.order(ANA_AT_COD, &[CREDITOR], 25);
    let begun = world.begin("demo-cod", &order, "100101").await.unwrap();
    let shown = prompt(&begun);
    assert_eq!(
        (shown.format, shown.max_length, shown.can_resend),
        (CodeFormat::Digits, Some(6), true)
    );
    assert!(shown.message.as_deref().unwrap().contains("101") && shown.method.is_some());
    let wrong = world.reply("demo-cod", &begun.session, code_of("x")).await.unwrap();
    assert!(prompt(&wrong).wrong && prompt(&wrong).can_resend);
    let old = world.sandbox.codes_for("ana").pop().unwrap();
    let resent = world.reply("demo-cod", &wrong.session, PsuReply::Resend).await.unwrap();
    assert!(!prompt(&resent).wrong);
    let new = world.sandbox.codes_for("ana").pop().unwrap();
    let mut session = resent.session;
    if new != old {
        let answer = world.reply("demo-cod", &session, code_of(&old)).await.unwrap();
        assert!(prompt(&answer).wrong);
        session = answer.session;
    }
    let right = world.reply("demo-cod", &session, code_of(&new)).await.unwrap();
    assert_eq!(right.verdict, Verdict::StillWorking);
    assert_eq!(world.after(5, "demo-cod", &right.session).await.verdict, Verdict::Settled);

    let order = world.order(ANA_AT_COD, &[CREDITOR], 25);
    let mut answer = world.begin("demo-cod", &order, "100101").await.unwrap();
    for _ in 0..4 {
        answer = world.reply("demo-cod", &answer.session, code_of("x")).await.unwrap();
        assert!(prompt(&answer).wrong);
    }
    let ended = world.reply("demo-cod", &answer.session, code_of("x")).await.unwrap();
    assert_eq!(
        (ended.verdict, ended.bank_word.as_str()),
        (Verdict::Rejected(Reason::WrongCodes), "RJCT")
    );
}

#[tokio::test]
async fn embedded_with_a_choice_and_answers_that_are_lost() {
    let world = World::start();
    let order = world.order(MIHAI_AT_COD, &[CREDITOR], 25);
    let begun = world.begin("demo-cod", &order, "100102").await.unwrap();
    let PsuStep::ChooseMethod { methods } = needed(&begun) else {
        panic!("{begun:?}")
    };
    assert!(methods.len() > 1 && methods.iter().all(|m| !m.name.is_empty() && !m.kind.is_empty()));
    let last = methods.last().unwrap().clone();
    world
        .sandbox
        .fail_next_at(BankCode::Cod, Operation::PutAuthorisation, Fault::DropAfterEffect);
    let chosen = world.reply("demo-cod", &begun.session, PsuReply::Method(last.id)).await.unwrap();
    assert_eq!(prompt(&chosen).method.as_ref(), Some(&last.name));
    let code = world.sandbox.codes_for("mihai").pop().unwrap();

    world
        .sandbox
        .fail_next_at(BankCode::Cod, Operation::PutAuthorisation, Fault::DropBeforeEffect);
    let lost = world.reply("demo-cod", &chosen.session, code_of(&code)).await;
    assert!(matches!(lost, Err(BankError::Unknown(_))), "{lost:?}");
    let still = world.after(0, "demo-cod", &chosen.session).await;
    assert!(!prompt(&still).wrong);

    world
        .sandbox
        .fail_next_at(BankCode::Cod, Operation::PutAuthorisation, Fault::StatusAfterEffect(500));
    let lost = world.reply("demo-cod", &still.session, code_of(&code)).await;
    assert!(matches!(lost, Err(BankError::Unknown(_))), "{lost:?}");
    assert_eq!(world.after(1, "demo-cod", &still.session).await.verdict, Verdict::StillWorking);
    // The same code once more: the bank has it already, and says so.
    let again = world.reply("demo-cod", &still.session, code_of(&code)).await.unwrap();
    assert_eq!(again.verdict, Verdict::StillWorking);
    assert_eq!(world.after(5, "demo-cod", &again.session).await.verdict, Verdict::Settled);
}

#[tokio::test]
async fn several_instructions_one_of_which_fails() {
    let world = World::start();
    let order = world.order(ANA_AT_COD, &[CREDITOR, CLOSED_ACCOUNT, CREDITOR], 25);
    let begun = world.begin("demo-cod", &order, "100101").await.unwrap();
    let code = world.sandbox.codes_for("ana").pop().unwrap();
    let entered = world.reply("demo-cod", &begun.session, code_of(&code)).await.unwrap();
    world.sandbox.fail_next_at(BankCode::Cod, Operation::Details, Fault::Status(503));
    let later = world.after(6, "demo-cod", &entered.session).await;
    assert_eq!((later.verdict, later.bank_word.as_str()), (Verdict::StillWorking, "PART"));
    let ended = world.after(0, "demo-cod", &later.session).await;
    assert_eq!(ended.verdict, Verdict::PartlySettled);
    let words: BTreeMap<_, _> = ended
        .instructions
        .iter()
        .map(|i| (i.end_to_end_id.as_str(), i.word.as_str()))
        .collect();
    assert_eq!(words, BTreeMap::from([("E2E-0", "ACSC"), ("E2E-1", "RJCT"), ("E2E-2", "ACSC")]));
}

/// The resource of the largest order is more than other answers may be.
#[tokio::test]
async fn five_thousand_instructions() {
    let world = World::start();
    let mut creditors = vec![CREDITOR; 4999];
    creditors.push(CLOSED_ACCOUNT);
    let order = world.order(FIRM_AT_COD, &creditors, 1);
    let begun = world.begin("demo-cod", &order, "100105").await.unwrap();
    let PsuStep::ChooseMethod { methods } = needed(&begun) else {
        panic!("{begun:?}")
    };
    let method = PsuReply::Method(methods[0].id.clone());
    let chosen = world.reply("demo-cod", &begun.session, method).await.unwrap();
    let code = world.sandbox.codes_for("brutaria").pop().unwrap();
    let entered = world.reply("demo-cod", &chosen.session, code_of(&code)).await.unwrap();
    let ended = world.after(6, "demo-cod", &entered.session).await;
    assert_eq!(ended.verdict, Verdict::PartlySettled);
    assert_eq!(ended.instructions.iter().filter(|i| i.word == "ACSC").count(), 4999);
    assert_eq!(ended.instructions.last().map(|i| i.word.as_str()), Some("RJCT"));
}

#[tokio::test]
async fn a_plain_redirect_proves_nothing() {
    let world = World::start();
    let order = world.order(ANA_AT_LINK, &[CREDITOR, CREDITOR], 25);
    let taken = world.initiate("demo-link", &order, "").await.unwrap();
    let forged = vec![("state".to_owned(), "st-1".to_owned())];
    let back = world
        .reply("demo-link", &taken.session, PsuReply::CameBack { query: forged })
        .await
        .unwrap();
    assert_eq!(needed(&back), needed(&taken));
    let query = world.decide(needed(&back), "ana", "1111", "da").await;
    assert!(query.contains(&("state".to_owned(), "st-1".to_owned())) && query.iter().all(|(n, _)| n != "nok"));
    world.sandbox.fail_next_at(BankCode::Link, Operation::ScaStatus, Fault::Status(503));
    let silent = world
        .reply("demo-link", &back.session, PsuReply::CameBack { query: query.clone() })
        .await
        .unwrap();
    assert_eq!(needed(&silent), needed(&taken));
    let back = world
        .reply("demo-link", &silent.session, PsuReply::CameBack { query })
        .await
        .unwrap();
    assert_eq!(back.verdict, Verdict::StillWorking);
    let ended = world.after(5, "demo-link", &back.session).await;
    assert_eq!(ended.verdict, Verdict::Settled);
    assert!(ended.instructions.len() == 2 && ended.instructions.iter().all(|i| i.word == "ACSC"));

    let order = world.order(ANA_AT_LINK, &[CREDITOR], 25);
    let taken = world.initiate("demo-link", &order, "").await.unwrap();
    let query = world.decide(needed(&taken), "ana", "1111", "nu").await;
    assert!(query.contains(&("nok".to_owned(), "1".to_owned())));
    let refused = world
        .reply("demo-link", &taken.session, PsuReply::CameBack { query })
        .await
        .unwrap();
    assert_eq!(refused.verdict, Verdict::Rejected(Reason::PsuDeclined));
}

#[tokio::test]
async fn a_plain_redirect_that_we_start() {
    let world = World::start();
    let order = world.order(ANA_AT_PASI, &[CREDITOR], 25);
    world
        .sandbox
        .fail_next_at(BankCode::Pasi, Operation::Authorise, Fault::DropAfterEffect);
    let lost = world.begin("demo-pasi", &order, "").await.unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(needed(&lost), &PsuStep::Begin);
    assert_eq!(needed(&world.after(0, "demo-pasi", &lost.session).await), &PsuStep::Begin);
    let begun = world
        .reply("demo-pasi", &lost.session, PsuReply::Begin { psu_id: None })
        .await
        .unwrap();
    assert_eq!(
        world.sandbox.orders()[0].authorisations.len(),
        1,
        "the same start again is the same authorisation"
    );
    let query = world.decide(needed(&begun), "ana", "1111", "da").await;
    let back = world
        .reply("demo-pasi", &begun.session, PsuReply::CameBack { query })
        .await
        .unwrap();
    assert_eq!(back.verdict, Verdict::StillWorking);
    assert_eq!(world.after(5, "demo-pasi", &back.session).await.verdict, Verdict::Settled);

    let order = world.order(ANA_AT_PASI, &[CREDITOR], 25);
    let unsendable = world.begin("demo-pasi", &order, "1\n2").await;
    assert!(matches!(unsendable, Err(BankError::Unsupported)), "{unsendable:?}");
}

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
