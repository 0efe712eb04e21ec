//! Recorded conversations (`tests/fixtures/epp`): every request is compared with the recording, in order.

mod contract_table;
mod many;

use super::conversation::Stage;
use super::{Channel, Epp, Protocol};
use crate::bank::access::{AccessKeeper as _, AccessKey, Grant, Holder, Keeper, MemoryKeeper, ServiceLogin};
use crate::bank::accounts::{AccountInformation as _, ConsentKind, ConsentRequest, ConsentVerdict, StatementFormat, StatementQuery};
use crate::bank::contract::{self, patient_http, psu};
use crate::bank::http::BankHttp;
use crate::bank::{Answer, BankError, PaymentInitiation as _, PsuReply, PsuStep, Reason, Session, SessionState, Tools, Verdict};
use crate::clock::Clock;
use crate::payment::giro::{Giro, Model};
use crate::payment::{Amount, Currency, Iban, Order};
use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;
use uuid::Uuid;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    about: String,
    exchanges: VecDeque<Exchange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    request: Value,
    response: Response,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    status: u16,
    json: Value,
}

/// The bank of a recording; it must be played to its end.
struct Played {
    server: MockServer,
    left: Arc<Mutex<VecDeque<Exchange>>>,
    about: String,
}

struct Player {
    left: Arc<Mutex<VecDeque<Exchange>>>,
    base: String,
}

impl Respond for Player {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let next = self.left.lock().unwrap().pop_front();
        let seen = seen(request);
        let Some(Exchange { request: wanted, response }) = next else {
            panic!("not recorded: {seen}")
        };
        let text = |value: &Value| value.to_string().replace("{base}", &self.base);
        assert_eq!(seen, serde_json::from_str::<Value>(&text(&wanted)).unwrap());
        let answer = ResponseTemplate::new(response.status);
        if response.json.is_null() {
            answer
        } else {
            answer.set_body_raw(text(&response.json), "application/json")
        }
    }
}

fn seen(request: &Request) -> Value {
    let header = |name: &str| request.headers.get(name).map(|v| v.to_str().unwrap().to_owned());
    let query: Map<String, Value> = request
        .url
        .query_pairs()
        .map(|(n, v)| (n.into_owned(), v.into_owned().into()))
        .collect();
    let mut seen = json!({ "method": request.method.as_str(), "path": request.url.path(), "query": query });
    for (name, value) in [("authorization", header("authorization")), ("referer", header("referer"))] {
        if let Some(value) = value {
            seen[name] = value.into();
        }
    }
    if !request.body.is_empty() {
        seen["json"] = serde_json::from_slice(&request.body).unwrap();
    }
    seen
}

impl Drop for Played {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.left.lock().unwrap().len(), 0, "{}: not played to the end", self.about);
        }
    }
}

async fn play(name: &str) -> Played {
    let path = format!("{}/tests/fixtures/epp/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let recording: Recording = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let server = MockServer::builder().start().await;
    let left = Arc::new(Mutex::new(recording.exchanges));
    let player = Player {
        left: left.clone(),
        base: server.uri(),
    };
    Mock::given(matchers::any()).respond_with(player).mount(&server).await;
    Played {
        server,
        left,
        about: recording.about,
    }
}

fn protocol() -> Protocol {
    Protocol {
        base_url: None,
        channels: vec![Channel::Zimbra, Channel::Authenticator],
        max_name_chars: 70,
        max_purpose_chars: 140,
        ask_limit_hours: 72,
    }
}

fn holder() -> Holder {
    Holder::Partner("partner-1".to_owned())
}

fn with_login() -> MemoryKeeper {
    let login = ServiceLogin {
        name: "opstina.vrelo".to_owned().into(),
        password: "hush".to_owned().into(),
    };
    MemoryKeeper::default().with_login("epp", holder(), login)
}

/// A keeper that has a token already.
fn logged_in() -> Keeper {
    let keeper = with_login();
    let (bank, scope) = ("epp".to_owned(), "epp");
    let key = AccessKey {
        bank,
        holder: holder(),
        scope,
    };
    let grant = Grant {
        access: "A1".to_owned().into(),
        refresh: Some("R1".to_owned().into()),
        lives: Duration::from_secs(60),
    };
    keeper.keep(&key, &grant).now_or_never().unwrap().unwrap();
    Keeper::new(Arc::new(keeper))
}

fn bank_at(base: &Url, http: &BankHttp, keeper: Keeper) -> Epp {
    let tools = Tools {
        http: http.clone(),
        keeper,
        clock: Clock::default(),
    };
    Epp::new("epp", &protocol(), base, &tools).unwrap()
}

fn bank_of(played: &Played, keeper: Keeper) -> Epp {
    let base = Url::parse(&format!("{}/t", played.server.uri())).unwrap();
    bank_at(&base, &patient_http(), keeper)
}

fn new_bank_of(played: &Played) -> Epp {
    bank_of(played, Keeper::new(Arc::new(with_login())))
}

fn order() -> Order {
    let mut order = contract::order();
    order.debtor_iban = Some(Iban::parse("840-742221843-57").unwrap());
    let [one, two] = order.instructions.as_mut_slice() else { panic!() };
    one.creditor_name = "Vodovod i kanalizacija".into();
    one.creditor_iban = Iban::parse("265-1100310000002-43").unwrap();
    one.details = "Račun 12 – voda".into();
    one.giro = Some(Giro {
        payment_code: "221".into(),
        creditor_model: Some(Model::M97),
        creditor_reference: Some("163220000111111111000".into()),
        creditor_address: Some("Niš, Nušićeva 3".into()),
        urgent: true,
        ..Giro::default()
    });
    two.creditor_name = "Drugi".into();
    two.creditor_iban = Iban::parse("160-118232-12").unwrap();
    two.details = "Ostatak".into();
    two.giro = Some(Giro {
        debtor_model: Some(Model::M11),
        debtor_reference: Some("12-34".into()),
        ..Giro::default()
    });
    for i in &mut order.instructions {
        i.amount = Amount::from_minor(i.amount.minor, Currency::Rsd).unwrap();
    }
    order
}

/// The session after the orders were created, and after their payment was started.
fn session(stage: Stage) -> Session {
    let item = |n: u64, id: &str| super::Item {
        end_to_end_id: id.to_owned(),
        order_id: n.to_string(),
        paid: None,
    };
    Session {
        payment: order().payment,
        attempt: 1,
        calls: 0,
        bank_payment_id: None,
        state: SessionState::Epp(Box::new(super::Conversation {
            partner: "partner-1".to_owned(),
            items: vec![item(1001, "E2E-1"), item(1002, "E2E-2")],
            stage,
        })),
    }
}

fn started() -> Session {
    session(Stage::Started {
        tag: "pa-1".into(),
        channel: Some(Channel::Zimbra),
        wrong: false,
    })
}

fn code(text: &str) -> PsuReply {
    PsuReply::Code(text.to_owned().into())
}

fn waits_for_code(answer: &Answer, wrong: bool) -> bool {
    matches!(&answer.verdict, Verdict::PsuNeeded(PsuStep::EnterCode(prompt)) if prompt.wrong == wrong) && answer.bank_word == "RCVD"
}

fn offers_channels(answer: &Answer) -> bool {
    matches!(&answer.verdict, Verdict::PsuNeeded(PsuStep::ChooseMethod { methods }) if methods.len() == 2)
}

#[tokio::test]
async fn from_the_login_to_the_money() {
    let played = play("paid").await;
    let bank = new_bank_of(&played);
    let answer = bank.initiate(&order(), &psu()).await.unwrap();
    assert!(offers_channels(&answer), "{answer:?}");
    let answer = bank.reply(&answer.session, &PsuReply::Method("Zimbra".into())).await.unwrap();
    assert!(waits_for_code(&answer, false));
    let answer = bank.reply(&answer.session, &code("1111")).await.unwrap();
    assert!(waits_for_code(&answer, true));
    let kept = serde_json::to_string(&answer.session).unwrap();
    assert!(
        !kept.contains("1111") && !kept.contains("hush"),
        "neither code nor password is kept"
    );
    let answer = bank.reply(&answer.session, &code("2222")).await.unwrap();
    assert_eq!(
        (answer.verdict, answer.session.bank_payment_id.as_deref()),
        (Verdict::StillWorking, Some("p-1"))
    );
    let answer = bank.ask(&answer.session).await.unwrap();
    assert_eq!((answer.verdict, answer.instructions.len()), (Verdict::StillWorking, 0));
    let answer = bank.ask(&answer.session).await.unwrap();
    assert_eq!((answer.verdict, answer.bank_word.as_str()), (Verdict::PartlySettled, "PART"));
    let said: Vec<_> = answer
        .instructions
        .iter()
        .map(|i| (i.end_to_end_id.as_str(), i.word.as_str(), i.text.as_deref()))
        .collect();
    assert_eq!(said, [("E2E-1", "ACSC", None), ("E2E-2", "RJCT", Some("Račun primaoca je ugašen"))]);
}

#[tokio::test]
async fn an_order_that_the_bank_does_not_take_ends_the_attempt_before_anything_is_started() {
    for (name, text) in [("refused", "Banka primaoca ne postoji"), ("refused_late", "Limit")] {
        let played = play(name).await;
        let answer = new_bank_of(&played).initiate(&order(), &psu()).await.unwrap();
        assert_eq!(answer.verdict, Verdict::Rejected(Reason::BankDeclined));
        let said: Vec<_> = answer
            .instructions
            .iter()
            .map(|i| (i.end_to_end_id.as_str(), i.text.as_deref()))
            .collect();
        assert_eq!(said, [("E2E-2", Some(text))]);
    }
}

#[tokio::test]
async fn orders_are_created_once() {
    for name in ["create_lost", "again"] {
        let played = play(name).await;
        let answer = new_bank_of(&played).initiate(&order(), &psu()).await.unwrap();
        assert!(offers_channels(&answer), "{name}");
        assert_eq!(answer.session.state.epp().items[1].order_id, "1002");
    }
    let played = play("create_half_lost").await;
    let error = new_bank_of(&played).initiate(&order(), &psu()).await.unwrap_err();
    assert!(matches!(error, BankError::Unknown(_)), "{error:?}");
}

#[tokio::test]
async fn a_lost_answer_to_the_start_is_looked_up() {
    let played = play("start_lost").await;
    let bank = bank_of(&played, logged_in());
    let reply = PsuReply::Method("Zimbra".into());
    let answer = bank.reply(&session(Stage::Created), &reply).await.unwrap();
    assert!(waits_for_code(&answer, false));
    let played = play("start_not_done").await;
    let answer = bank_of(&played, logged_in()).reply(&session(Stage::Created), &reply).await.unwrap();
    assert!(offers_channels(&answer));
    for wrong in [
        PsuReply::Method("Pigeon".into()),
        PsuReply::Resend,
        code("1"),
        PsuReply::Begin { psu_id: None },
    ] {
        let answer = bank_of(&played, logged_in()).reply(&session(Stage::Created), &wrong).await;
        assert!(matches!(answer, Err(BankError::Unsupported)), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_code_leaves_once() {
    let after = async |name: &str| {
        let played = play(name).await;
        bank_of(&played, logged_in()).reply(&started(), &code("2222")).await
    };
    assert_eq!(after("code_lost_right").await.unwrap().verdict, Verdict::StillWorking);
    for name in ["code_lost", "code_odd"] {
        let error = after(name).await.unwrap_err();
        assert!(matches!(error, BankError::Unknown(_)), "{name}: {error:?}");
    }
    assert!(waits_for_code(&after("code_used").await.unwrap(), true));
    assert!(offers_channels(&after("code_late").await.unwrap()));
}

#[tokio::test]
async fn a_token_is_renewed_before_the_password_is_used_again() {
    for name in ["token_runs_out", "refresh_refused"] {
        let played = play(name).await;
        let answer = bank_of(&played, logged_in()).ask(&started()).await.unwrap();
        assert!(waits_for_code(&answer, false), "{name}");
    }
}

#[tokio::test]
async fn cancelled_means_that_nothing_waits_for_a_code() {
    let after = async |name: &str| {
        let played = play(name).await;
        bank_of(&played, logged_in()).withdraw(&started()).await
    };
    assert_eq!(after("withdraw").await.unwrap().verdict, Verdict::Cancelled(Reason::Withdrawn));
    assert!(matches!(after("withdraw_not_yet").await, Err(BankError::NotSent(_))));
    assert_eq!(after("withdraw_too_late").await.unwrap().verdict, Verdict::StillWorking);
}

#[tokio::test]
async fn a_refused_login_leaves_the_bank_alone() {
    let server = MockServer::builder().start().await;
    Mock::given(matchers::any())
        .respond_with(ResponseTemplate::new(401))
        .expect(1)
        .mount(&server)
        .await;
    let bank = bank_at(&server.uri().parse().unwrap(), &patient_http(), Keeper::new(Arc::new(with_login())));
    for _ in 0..2 {
        let error = bank.initiate(&order(), &psu()).await.unwrap_err();
        assert!(matches!(error, BankError::NotSent(_)), "{error:?}");
    }
    let nobody = bank_at(&server.uri().parse().unwrap(), &patient_http(), Keeper::in_memory());
    assert!(
        matches!(nobody.initiate(&order(), &psu()).await, Err(BankError::NotSent(_))),
        "no service account"
    );
}

#[tokio::test]
async fn accounts_and_statements_need_no_payer() {
    let wanted = ConsentRequest {
        consent: Uuid::nil(),
        partner: "partner-1".to_owned(),
        kind: ConsentKind::Accounts,
        valid_until: "2027-01-01".parse().unwrap(),
        recurring: true,
    };
    let played = play("accounts").await;
    let bank = bank_of(&played, logged_in());
    let consent = bank.request_consent(&wanted, &psu()).await.unwrap();
    assert_eq!(consent.verdict, ConsentVerdict::Valid);
    let read = bank.accounts(&consent.session, None).await;
    let page = read.result.unwrap();
    assert_eq!((page.items[0].id.as_str(), page.next), ("0000742221843", None));
    let read = bank.balances(&read.session, "0000742221843").await;
    assert_eq!((read.result.unwrap()[0].amount.hundredths, read.session.calls), (-50, 2));
    let strange = bank.account(&read.session, "../login").await.result;
    assert!(matches!(strange, Err(BankError::Unsupported)));

    let played = play("statement").await;
    let query = StatementQuery {
        date: "2026-11-20".parse().unwrap(),
        format: StatementFormat::Json,
        special: false,
    };
    let file = bank_of(&played, logged_in())
        .statement(&consent.session, "0000742221843", &query)
        .await
        .result
        .unwrap();
    assert_eq!(
        (file.media_type.as_str(), file.bytes.as_slice()),
        ("application/json", b"{\"items\":[]}".as_slice())
    );
    let played = play("statement_elsewhere").await;
    let read = bank_of(&played, logged_in())
        .statement(&consent.session, "0000742221843", &query)
        .await;
    assert!(matches!(read.result, Err(BankError::Unknown(_))));

    let nobody = bank_of(&played, Keeper::in_memory());
    assert!(matches!(nobody.request_consent(&wanted, &psu()).await, Err(BankError::Unsupported)));
    assert_eq!(nobody.ask_consent(&consent.session).await.unwrap().verdict, ConsentVerdict::Ended);
}

#[tokio::test]
async fn only_orders_inside_serbia_are_sent() {
    let played = play("again").await;
    let bank = new_bank_of(&played);
    let change = |change: fn(&mut Order)| {
        let mut order = order();
        change(&mut order);
        order
    };
    for order in [
        contract::order(),
        change(|o| o.debtor_iban = None),
        change(|o| o.instructions.clear()),
        change(|o| o.instructions[0].creditor_iban = Iban::parse("RO49AAAA1B31007593840000").unwrap()),
        change(|o| o.instructions[1].creditor_name = "\u{200b}".into()),
    ] {
        assert!(matches!(bank.initiate(&order, &psu()).await, Err(BankError::Unsupported)));
    }
    bank.initiate(&order(), &psu()).await.unwrap();
}
