//! What holds whatever a bank says: the contract of all connectors, and rules beyond the recordings.

use super::super::*;
use crate::bank::contract::{self, bank_at, bank_called, order, psu};
use crate::bank::directory::shipped_protocol;
use proptest::prelude::*;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

/// One bank for each SCA approach and each way of starting.
const BANKS: [&str; 6] = ["cec", "brd", "demo-mobil", "demo-cod", "demo-link", "demo-pasi"];

async fn keeps_the_contract(code: &str) {
    contract::keeps_the_contract(|base, http| crate::bank::Connector::BerlinGroup(bank_called(code, base, http))).await;
}

#[tokio::test]
async fn every_approach_keeps_the_contract() {
    for code in BANKS.into_iter().chain(["bt", "demo-standard"]) {
        keeps_the_contract(code).await;
    }
}

/// An order that is at the bank, and what its conversation waits for.
fn at_the_bank(bank: &BerlinGroup, step: Option<PsuStep>) -> Session {
    let mut sca = Authorisation::default();
    (sca.id, sca.step, sca.first_word) = (Some("a-1".to_owned()), step, "RCVD".to_owned());
    let oauth = bank.protocol.authorise_url.as_ref().map(|_| CodeFlow {
        authorise_url: psu().return_url,
        scope: String::new(),
        verifier: Secret::from("v".to_owned()),
        code: None,
        tokens: None,
    });
    Session {
        payment: order().payment,
        attempt: 1,
        calls: 1,
        bank_payment_id: Some("p-1".to_owned()),
        state: SessionState::BerlinGroup(Box::new(Conversation {
            service: wire::Service::Payments,
            psu_ip: psu().ip,
            psu_user_agent: None,
            return_url: psu().return_url,
            state: Secret::from(psu().state),
            word: "RCVD".to_owned(),
            oauth,
            sca,
            unread: 0,
        })),
    }
}

/// What a bank that was not reached, or whose answer was lost, means for each reply.
#[tokio::test]
async fn a_reply_is_lost_only_where_it_may_have_acted() {
    let nobody = Url::parse(&format!("http://127.0.0.1:{}", contract::closed_port())).unwrap();
    let silent = contract::scripted(true, None);
    let answering_nothing = contract::scripted(true, Some(Vec::new()));
    let code = || PsuReply::Code("123456".to_owned().into());
    let begin = || PsuReply::Begin { psu_id: None };
    let enter = || Some(PsuStep::EnterCode(crate::bank::CodePrompt::default()));
    for (bank, step, reply, not_sent) in [
        ("brd", Some(PsuStep::Begin), begin(), true),
        ("demo-cod", Some(PsuStep::Begin), begin(), true),
        ("demo-cod", enter(), code(), true),
        ("demo-link", None, PsuReply::CameBack { query: Vec::new() }, false),
    ] {
        let at = |base: &Url| bank_called(bank, base, &contract::hasty_http());
        let unreachable = bank_called(bank, &nobody, &contract::patient_http());
        let session = at_the_bank(&unreachable, step);
        let result = unreachable.reply(&session, &reply).await;
        assert_eq!(
            matches!(result, Err(BankError::NotSent(_))),
            not_sent,
            "{bank} {reply:?}: {result:?}"
        );
        for base in [&silent, &answering_nothing] {
            let result = at(base).reply(&session, &reply).await;
            match reply {
                PsuReply::Code(_) => assert!(matches!(result, Err(BankError::Unknown(_))), "{result:?}"),
                _ => assert!(result.is_ok(), "{bank} {reply:?}: {result:?}"),
            }
            let asked = at(base).ask(&session).await;
            assert!(matches!(asked, Err(BankError::Unknown(_))), "{asked:?}");
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_the_conversation_calls_nobody() {
    let nobody = Url::parse(&format!("http://127.0.0.1:{}", contract::closed_port())).unwrap();
    for code in BANKS {
        let bank = bank_called(code, &nobody, &contract::patient_http());
        let app = Some(PsuStep::ApproveInApp { message: None });
        for session in [at_the_bank(&bank, None), at_the_bank(&bank, app)] {
            for reply in [
                PsuReply::Begin { psu_id: None },
                PsuReply::Code("1".to_owned().into()),
                PsuReply::Method("sms".to_owned()),
                PsuReply::Resend,
            ] {
                let result = bank.reply(&session, &reply).await;
                assert!(matches!(result, Err(BankError::Unsupported)), "{code} {reply:?}: {result:?}");
            }
        }
    }
    let brd = bank_called("brd", &nobody, &contract::patient_http());
    let back = PsuReply::CameBack { query: Vec::new() };
    let result = brd.reply(&at_the_bank(&brd, None), &back).await;
    assert!(matches!(result, Err(BankError::Unsupported)));
}

/// Neither the PSU's id nor a code is kept, whatever comes of it.
#[tokio::test]
async fn what_the_psu_typed_is_in_no_session() {
    let server = MockServer::builder().start().await;
    let challenge = json!({"scaStatus": "scaMethodSelected", "authorisationId": "a-1", "challengeData": {}});
    let taken = json!({"paymentId": "p-1", "transactionStatus": "RCVD", "_links": {"startAuthorisation": "/x"}});
    for (method, path, answer) in [
        ("POST", "/v1/payments/sepa-credit-transfers", taken),
        ("POST", "/v1/payments/sepa-credit-transfers/p-1/authorisations", challenge.clone()),
        ("PUT", "/v1/payments/sepa-credit-transfers/p-1/authorisations/a-1", challenge),
    ] {
        let answer = ResponseTemplate::new(201).set_body_json(answer);
        let this = Mock::given(matchers::method(method)).and(matchers::path(path));
        this.respond_with(answer).expect(1).mount(&server).await;
    }
    let bank = bank_called("demo-cod", &server.uri().parse().unwrap(), &contract::patient_http());
    let mut one = order();
    one.instructions.truncate(1);
    let psu_id = Some("canary-id".to_owned().into());
    let psu = PsuContext {
        psu_id: psu_id.clone(),
        ..psu()
    };
    let taken = bank.initiate(&one, &psu).await.unwrap();
    let begun = bank.reply(&taken.session, &PsuReply::Begin { psu_id }).await.unwrap();
    let entered = bank
        .reply(&begun.session, &PsuReply::Code("canary-code".to_owned().into()))
        .await
        .unwrap();
    let expected = PsuStep::EnterCode(crate::bank::CodePrompt {
        wrong: true,
        ..crate::bank::CodePrompt::default()
    });
    assert_eq!(entered.verdict, Verdict::PsuNeeded(expected));
    for answer in [taken, begun, entered] {
        let kept = serde_json::to_string(&answer.session).unwrap();
        assert!(!kept.contains("canary") && !format!("{answer:?}").contains("canary"), "{kept}");
    }
    let requests = server.received_requests().await.unwrap();
    assert!(
        requests[0].headers.get("psu-id").is_none(),
        "it could make the bank ask before the order is saved"
    );
    assert_eq!(requests[1].headers["psu-id"], "canary-id");
}

/// A payment that was at the bank before this release goes on after it.
#[test]
fn a_session_of_an_earlier_release_is_understood() {
    let talk: Conversation = serde_json::from_value(json!({
        "service": "payments", "psu_ip": "198.51.100.7", "psu_user_agent": null,
        "return_url": "https://pay.example/payment-return/cec",
        "authorise_url": "https://bank.example/oauth2/authorize?scope=PIS:1", "scope": "PIS:1",
        "state": "st", "verifier": "v", "code": null, "tokens": {"access": "a", "refresh": null}, "word": "RCVD",
    }))
    .unwrap();
    let flow = talk.oauth.as_ref().unwrap();
    assert_eq!((flow.scope.as_str(), flow.tokens.is_some()), ("PIS:1", true));
    let kept = serde_json::to_value(&talk).unwrap();
    assert_eq!(
        (&kept["verifier"], &kept["authorise_url"]),
        (&json!("v"), &json!("https://bank.example/oauth2/authorize?scope=PIS:1"))
    );
}

fn a_status() -> impl Strategy<Value = Option<sca::ScaStatus>> {
    use sca::ScaStatus::{Done, Failed, MethodSelected, Waiting};
    prop::sample::select(vec![None, Some(Waiting), Some(MethodSelected), Some(Done), Some(Failed)])
}

fn a_step() -> impl Strategy<Value = Option<PsuStep>> {
    let steps = [
        PsuStep::Begin,
        PsuStep::ApproveInApp { message: None },
        PsuStep::EnterCode(crate::bank::CodePrompt::default()),
        PsuStep::GoToBank { url: psu().return_url },
    ];
    prop::sample::select(steps.map(Some).into_iter().chain([None]).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn only_the_orders_own_word_ends_it(
        word in "ACSC|ACCC|RJCT|CANC|PART|RCVD|ACTC|[A-Z]{4}|\\PC{0,12}",
        status in a_status(),
        step in a_step(),
        code in prop::sample::select(BANKS[1..].to_vec()),
    ) {
        let bank = bank_called(code, &Url::parse("https://bank.example").unwrap(), &contract::patient_http());
        let mut turn = Turn::new(&bank, &at_the_bank(&bank, step.clone()));
        turn.talk.word.clone_from(&word);
        let now = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = now.block_on(authorisation::conclude(turn, status));
        let ended = matches!(answer.verdict, Verdict::Settled | Verdict::Rejected(_) | Verdict::Cancelled(_));
        prop_assert_eq!(ended, matches!(word.as_str(), "ACSC" | "ACCC" | "RJCT" | "CANC"), "{:?}", answer.verdict);
        prop_assert_eq!(answer.verdict == Verdict::Settled, matches!(word.as_str(), "ACSC" | "ACCC"));
        if !ended {
            let waits = status.is_some_and(|s| s != sca::ScaStatus::Done) || (status.is_none() && word == "RCVD");
            let asks = matches!(answer.verdict, Verdict::PsuNeeded(_));
            let failed = status == Some(sca::ScaStatus::Failed);
            prop_assert_eq!(asks, waits && (step.is_some() || failed), "{:?}", answer.verdict);
        }
    }
}

/// A bank whose token endpoint is somewhere else than its API.
fn bank_with_tokens_at(base: &Url, token_url: &str) -> BerlinGroup {
    let protocol = Protocol {
        token_url: Some(token_url.to_owned()),
        ..shipped_protocol("cec").unwrap()
    };
    BerlinGroup::new("cec", &protocol, base, contract::credentials(), &contract::patient_http()).unwrap()
}

#[tokio::test]
async fn a_code_that_was_not_sent_is_exchanged_when_we_ask() {
    let server = MockServer::builder().start().await;
    let answer = |json: Value| ResponseTemplate::new(200).set_body_json(json);
    for (path, reply) in [
        ("/oauth2/token", answer(json!({"access_token": "a"}))),
        ("/v1/payments/sepa-credit-transfer", answer(json!({"paymentId": "p"}))),
        (
            "/v1/payments/sepa-credit-transfer/p/status",
            answer(json!({"transactionStatus": "ACSC"})),
        ),
    ] {
        Mock::given(matchers::path(path)).respond_with(reply).mount(&server).await;
    }
    let base: Url = server.uri().parse().unwrap();
    let nobody = format!("http://127.0.0.1:{}/token", contract::closed_port());
    let unreachable = bank_with_tokens_at(&base, &nobody);
    let mut one = order();
    one.instructions.truncate(1);
    let started = unreachable.initiate(&one, &psu()).await.unwrap();
    let reply = PsuReply::CameBack {
        query: vec![("code".to_owned(), "abc".to_owned()), ("state".to_owned(), psu().state)],
    };
    let back = unreachable.reply(&started.session, &reply).await.unwrap();
    assert_eq!(back.verdict, Verdict::StillWorking);
    assert!(matches!(unreachable.ask(&back.session).await, Err(BankError::NotSent(_))));
    let settled = bank_with_tokens_at(&base, "oauth2/token").ask(&back.session).await.unwrap();
    assert_eq!((settled.verdict, settled.bank_word.as_str()), (Verdict::Settled, "ACSC"));
}

#[tokio::test]
async fn an_order_the_bank_cannot_be_given_is_never_sent() {
    let nobody = Url::parse(&format!("http://127.0.0.1:{}", contract::closed_port())).unwrap();
    let strict = Protocol {
        requires_debtor_iban: true,
        bulk_product: None,
        ..shipped_protocol("cec").unwrap()
    };
    let bank = BerlinGroup::new("cec", &strict, &nobody, contract::credentials(), &contract::patient_http()).unwrap();
    let single = || {
        let mut it = order();
        it.instructions.truncate(1);
        it
    };
    let mut without_debtor = single();
    without_debtor.debtor_iban = None;
    let mut empty = single();
    empty.instructions.clear();
    let mut nameless = single();
    nameless.instructions[0].creditor_name = "//".to_owned();
    let mut mixed = order();
    mixed.instructions[1].amount.currency = crate::payment::Currency::Eur;
    for order in [without_debtor, empty, nameless, mixed, order()] {
        assert!(matches!(bank.initiate(&order, &psu()).await, Err(BankError::Unsupported)));
    }
    assert!(matches!(bank.initiate(&single(), &psu()).await, Err(BankError::NotSent(_))));
}

#[test]
fn nothing_secret_is_printed() {
    let base = Url::parse("https://bank.example").unwrap();
    let bank = bank_at(&base, &contract::patient_http());
    let hidden = || Secret::from("hidden".to_owned());
    let talk = Conversation {
        service: wire::Service::Payments,
        psu_ip: psu().ip,
        psu_user_agent: None,
        return_url: psu().return_url,
        state: hidden(),
        word: String::new(),
        oauth: Some(CodeFlow {
            authorise_url: base,
            scope: "hidden".to_owned(),
            verifier: hidden(),
            code: Some(hidden()),
            tokens: None,
        }),
        sca: Authorisation::default(),
        unread: 0,
    };
    let shown = format!(
        "{bank:?} {:?} {talk:?} {:?}",
        *bank,
        SessionState::BerlinGroup(Box::new(talk.clone()))
    );
    assert!(
        !shown.contains("hidden") && !shown.contains("hush") && !shown.contains("client-1"),
        "{shown}"
    );
}
