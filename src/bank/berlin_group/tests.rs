//! Recorded conversations (`tests/fixtures/berlin_group`): what is sent is compared with the recording,
//! header by header and by the meaning of the body, and what comes back with the answer expected.

mod consents;
mod rules;

use super::*;
use crate::bank::contract::{self, bank_called, order, psu};
use crate::payment::{Frequency, Schedule};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    about: String,
    #[serde(default = "cec")]
    bank: String,
    steps: Vec<Step>,
}

fn cec() -> String {
    "cec".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    call: String,
    #[serde(default)]
    query: Vec<(String, String)>,
    /// The PSU's id, code, or chosen method.
    text: Option<String>,
    exchanges: VecDeque<Exchange>,
    expect: Value,
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
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
}

/// The bank's side: answers the next recorded exchange and remembers what did not fit.
struct Script {
    base: String,
    exchanges: Mutex<VecDeque<Exchange>>,
    differences: Mutex<Vec<String>>,
}

impl Script {
    fn next(&self, request: &Request) -> ResponseTemplate {
        let got = meaning(request);
        let Some(exchange) = self.exchanges.lock().unwrap().pop_front() else {
            self.differences.lock().unwrap().push(format!("one call too many: {got:#}"));
            return ResponseTemplate::new(599);
        };
        if got != exchange.request {
            let text = format!("sent {got:#}\nrecorded {:#}", exchange.request);
            self.differences.lock().unwrap().push(text);
        }
        let with_base = |text: &str| text.replace("{base}", &self.base);
        let mut answer = ResponseTemplate::new(exchange.response.status);
        if let Some(json) = exchange.response.json {
            answer = answer.set_body_raw(with_base(&json.to_string()), "application/json");
        } else if let Some(text) = exchange.response.text {
            answer = answer.set_body_raw(text, "text/html");
        }
        for (name, value) in &exchange.response.headers {
            answer = answer.insert_header(name.as_str(), with_base(value));
        }
        answer
    }
}

struct Shared(Arc<Script>);

impl Respond for Shared {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        self.0.next(request)
    }
}

/// A request as the recordings write it.
fn meaning(request: &Request) -> Value {
    let headers: BTreeMap<&str, &str> = request
        .headers
        .iter()
        .map(|(n, v)| (n.as_str(), v.to_str().unwrap()))
        .filter(|(n, _)| !matches!(*n, "host" | "user-agent" | "content-length"))
        .collect();
    let mut it = json!({ "method": request.method.as_str(), "path": request.url.path(), "headers": headers });
    match headers.get("content-type").copied() {
        Some("application/json") => it["json"] = request.body_json().unwrap(),
        Some(_) => {
            let pairs: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
            let form: BTreeMap<_, _> = pairs.iter().cloned().collect();
            assert_eq!(form.len(), pairs.len(), "a repeated parameter");
            it["form"] = json!(form);
        }
        None => assert!(request.body.is_empty()),
    }
    it
}

/// An outcome as the recordings write it.
fn outcome(result: &Result<Answer, BankError>) -> Value {
    let reason = |r: &Reason| r.as_str();
    match result {
        Ok(answer) => {
            let mut it = match &answer.verdict {
                Verdict::PsuNeeded(PsuStep::GoToBank { url }) => json!({"verdict": "psu_needed", "url": url}),
                Verdict::PsuNeeded(step) => json!({"verdict": "psu_needed", "step": step}),
                Verdict::StillWorking => json!({"verdict": "still_working"}),
                Verdict::Settled => json!({"verdict": "settled"}),
                Verdict::PartlySettled => json!({"verdict": "partly_settled"}),
                Verdict::Rejected(r) => json!({"verdict": "rejected", "reason": reason(r)}),
                Verdict::Cancelled(r) => json!({"verdict": "cancelled", "reason": reason(r)}),
            };
            it["word"] = json!(answer.bank_word);
            if !answer.instructions.is_empty() {
                let words: BTreeMap<_, _> = answer.instructions.iter().map(|i| (&i.end_to_end_id, &i.word)).collect();
                it["instructions"] = json!(words);
            }
            it
        }
        Err(BankError::NotSent(_)) => json!({"error": "not_sent"}),
        Err(BankError::Unknown(_)) => json!({"error": "unknown"}),
        Err(BankError::Unsupported) => json!({"error": "unsupported"}),
        Err(BankError::Refused {
            status,
            code,
            text,
            retry_after_s,
        }) => json!({"error": "refused", "status": status, "code": code, "text": text, "retry_after_s": retry_after_s}),
    }
}

async fn call(
    bank: &BerlinGroup,
    session: Option<&Session>,
    name: &str,
    text: Option<String>,
    query: Vec<(String, String)>,
) -> Result<Answer, BankError> {
    let secret = || SecretString::from(text.clone().unwrap());
    let psu_id = text.clone().map(SecretString::from);
    let reply = match name {
        "reply" => PsuReply::CameBack { query },
        "begin" => PsuReply::Begin { psu_id },
        "code" => PsuReply::Code(secret()),
        "method" => PsuReply::Method(text.unwrap()),
        "resend" => PsuReply::Resend,
        "ask" => return bank.ask(session.unwrap()).await,
        "withdraw" => return bank.withdraw(session.unwrap()).await,
        _ => {
            let psu = PsuContext { psu_id, ..psu() };
            return bank.initiate(&order_for(name), &psu).await;
        }
    };
    bank.reply(session.unwrap(), &reply).await
}

fn order_for(call: &str) -> Order {
    let mut order = order();
    match call {
        "initiate_bulk" => return order,
        "initiate" => {}
        "initiate_without_debtor" => order.debtor_iban = None,
        "initiate_standing" => order.schedule = Some(monthly()),
        other => panic!("{other}"),
    }
    order.instructions.truncate(1);
    order
}

fn monthly() -> Schedule {
    Schedule {
        start_date: "2026-12-01".parse().unwrap(),
        frequency: Frequency::Monthly,
        day_of_execution: Some(5),
    }
}

async fn play(name: &str) {
    let path = format!("{}/tests/fixtures/berlin_group/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let recording: Recording = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let server = MockServer::builder().start().await;
    let base = format!("{}/{}", server.uri(), recording.bank);
    let script = Arc::new(Script {
        base: base.clone(),
        exchanges: Mutex::default(),
        differences: Mutex::default(),
    });
    Mock::given(matchers::any())
        .respond_with(Shared(script.clone()))
        .mount(&server)
        .await;
    let bank = bank_called(&recording.bank, &base.parse().unwrap(), &contract::patient_http());
    let mut session: Option<Session> = None;
    for (n, step) in recording.steps.into_iter().enumerate() {
        let at = format!("{name}, step {n} ({}): {}", step.call, recording.about);
        *script.exchanges.lock().unwrap() = step.exchanges;
        let result = call(&bank, session.as_ref(), &step.call, step.text, step.query).await;
        let mut expected: Value = serde_json::from_str(&step.expect.to_string().replace("{base}", &base)).unwrap();
        if let (Some(patience), Ok(answer)) = (expected.as_object_mut().unwrap().remove("ask_again_after_s"), &result) {
            assert_eq!(answer.ask_again_after.as_secs(), patience.as_u64().unwrap(), "{at}");
        }
        assert_eq!(outcome(&result), expected, "{at}");
        assert_eq!(*script.differences.lock().unwrap(), Vec::<String>::new(), "{at}");
        assert!(script.exchanges.lock().unwrap().is_empty(), "a call is missing: {at}");
        if let Ok(answer) = result {
            // What is kept goes through JSON, as it does at rest.
            let kept = serde_json::to_string(&answer.session).unwrap();
            session = Some(serde_json::from_str(&kept).unwrap());
        }
    }
}

macro_rules! recordings {
    ($($name:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            play(stringify!($name)).await;
        })*

        #[test]
        fn every_recording_is_played() {
            let played = [$(stringify!($name)),*];
            for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/berlin_group")).unwrap() {
                let path = file.unwrap().path();
                assert!(played.contains(&path.file_stem().unwrap().to_str().unwrap()), "{path:?}");
            }
        }
    };
}

recordings!(
    settled,
    bulk,
    psu_chooses_account,
    refused,
    links,
    unreadable,
    status_words,
    token_runs_out,
    forged_returns,
    denied,
    returns_twice,
    late_code,
    withdrawn,
    decoupled,
    decoupled_refused,
    decoupled_declined,
    decoupled_unknown_psu,
    decoupled_start_lost,
    decoupled_start_not_saved,
    decoupled_start_unread,
    decoupled_at_once,
    not_asked,
    embedded,
    embedded_wrong_codes,
    embedded_code_refused,
    embedded_code_lost,
    embedded_answers_lost,
    embedded_to_the_app,
    redirect,
    redirect_refused,
    redirect_without_authorisation,
    redirect_elsewhere,
    redirect_started,
    standing_order,
    bulk_words,
);
