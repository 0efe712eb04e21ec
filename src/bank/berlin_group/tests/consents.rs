//! Consents and what is read under them: what is sent, and what is kept whatever the bank answers.

use super::super::*;
use crate::bank::accounts::{
    AccountInformation as _, BookingStatus, ConsentAnswer, ConsentKind, ConsentRequest, ConsentSession, ConsentVerdict,
    FundsConfirmation as _, TransactionQuery,
};
use crate::bank::contract::{self, bank_called, psu};
use crate::payment::{Amount, Currency, Iban};
use serde_json::json;
use uuid::Uuid;
use wiremock::matchers::{body_string_contains, header, header_exists, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const IBAN: &str = "RO30CECEB00030RON0001001";

fn wanted() -> ConsentRequest {
    ConsentRequest {
        consent: Uuid::from_u128(7),
        partner: "partner-1".to_owned(),
        kind: ConsentKind::Accounts,
        valid_until: "2027-05-19".parse().unwrap(),
        recurring: true,
    }
}

async fn bank(code: &str) -> (MockServer, BerlinGroup) {
    let server = MockServer::builder().start().await;
    let base = server.uri().parse().unwrap();
    (server, bank_called(code, &base, &contract::patient_http()))
}

async fn answers(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(server).await;
}

fn status(word: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "consentStatus": word }))
}

fn tokens(n: u8) -> ResponseTemplate {
    let body = json!({ "access_token": format!("access-{n}"), "refresh_token": format!("refresh-{n}"), "token_type": "bearer" });
    ResponseTemplate::new(200).set_body_json(body)
}

fn with_code() -> PsuReply {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    PsuReply::CameBack {
        query: vec![pair("code", "the-code"), pair("state", &psu().state)],
    }
}

fn denied(word: &str) -> PsuReply {
    PsuReply::CameBack {
        query: vec![("error".to_owned(), word.to_owned()), ("state".to_owned(), psu().state)],
    }
}

/// CEC answers a consent request: `c 1` is an id that must be encoded.
async fn asked(server: &MockServer, bank: &BerlinGroup) -> ConsentAnswer {
    let location = format!("{}/oauth2/authorize?response_type=code&scope=AIS:c-1", server.uri());
    let created = ResponseTemplate::new(201)
        .insert_header("Location", location)
        .set_body_json(json!({ "consentStatus": "received", "consentId": "c-1", "_links": {} }));
    answers(server, "POST", "/v1/consents", created).await;
    bank.request_consent(&wanted(), &psu()).await.unwrap()
}

/// A consent at CEC that the PSU has given.
async fn given(server: &MockServer, bank: &BerlinGroup) -> ConsentSession {
    let answer = asked(server, bank).await;
    Mock::given(method("POST"))
        .and(path("/oauth2/token"))
        .and(body_string_contains("authorization_code"))
        .respond_with(tokens(1))
        .mount(server)
        .await;
    answers(server, "GET", "/v1/consents/c-1/status", status("valid")).await;
    let until = ResponseTemplate::new(200).set_body_json(json!({ "consentStatus": "valid", "validUntil": "2027-05-19" }));
    answers(server, "GET", "/v1/consents/c-1", until).await;
    let answer = bank.reply_to_consent(&answer.session, &with_code()).await.unwrap();
    assert_eq!(answer.verdict, ConsentVerdict::Valid);
    assert_eq!(answer.valid_until, "2027-05-19".parse().ok());
    answer.session
}

#[tokio::test]
async fn cec_is_asked_with_an_empty_body_and_sends_the_psu_to_its_page_with_our_challenge() {
    let (server, bank) = bank("cec").await;
    let answer = asked(&server, &bank).await;
    let ConsentVerdict::PsuNeeded(PsuStep::GoToBank { url }) = &answer.verdict else {
        panic!("{:?}", answer.verdict)
    };
    let query: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(
        (query["scope"].as_str(), query["state"].as_str()),
        ("AIS:c-1", psu().state.as_str())
    );
    assert_eq!(
        (query["code_challenge"].len(), query["code_challenge_method"].as_str()),
        (43, "S256")
    );
    let sent = &server.received_requests().await.unwrap()[0];
    assert!(sent.body.is_empty() && !sent.headers.contains_key("content-type"));
    for name in ["x-request-id", "psu-ip-address", "x-ibm-client-id", "tpp-signature-certificate"] {
        assert!(sent.headers.contains_key(name), "{name}");
    }
    // The same request made again is the same call.
    bank.request_consent(&wanted(), &psu()).await.unwrap();
    let all = server.received_requests().await.unwrap();
    assert_eq!(all[0].headers["x-request-id"], all[1].headers["x-request-id"]);
    assert!(!format!("{:?}", answer.session).contains("state"));
}

#[tokio::test]
async fn the_standard_is_asked_with_its_body() {
    for (code, access) in [
        ("demo-standard", json!({ "allPsd2": "allAccounts" })),
        ("demo-link", json!({ "accounts": [], "balances": [], "transactions": [] })),
    ] {
        let (server, bank) = bank(code).await;
        let page = format!("{}/sca/1", server.uri());
        let created = json!({ "consentStatus": "received", "consentId": "c-1", "_links": { "scaRedirect": { "href": page } } });
        answers(&server, "POST", "/v1/consents", ResponseTemplate::new(201).set_body_json(created)).await;
        let answer = bank.request_consent(&wanted(), &psu()).await.unwrap();
        assert!(
            matches!(answer.verdict, ConsentVerdict::PsuNeeded(PsuStep::GoToBank { .. })),
            "{code}"
        );
        let sent: serde_json::Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
        let expected = json!({ "access": access, "recurringIndicator": true, "validUntil": "2027-05-19",
            "frequencyPerDay": 4, "combinedServiceIndicator": false });
        assert_eq!(sent, expected, "{code}");
    }
}

#[tokio::test]
async fn only_our_own_denial_refuses_in_both_spellings() {
    let (server, bank) = bank("cec").await;
    let session = asked(&server, &bank).await.session;
    for word in ["acces_denied", "access_denied"] {
        let answer = bank.reply_to_consent(&session, &denied(word)).await.unwrap();
        assert_eq!(answer.verdict, ConsentVerdict::Refused(Reason::PsuDeclined), "{word}");
    }
    let without_state = PsuReply::CameBack {
        query: vec![("error".to_owned(), "access_denied".to_owned())],
    };
    let forged = PsuReply::CameBack {
        query: vec![("code".to_owned(), "x".to_owned()), ("state".to_owned(), "other".to_owned())],
    };
    for reply in [
        without_state,
        forged,
        denied("server_error"),
        PsuReply::CameBack { query: Vec::new() },
    ] {
        let answer = bank.reply_to_consent(&session, &reply).await.unwrap();
        assert!(matches!(answer.verdict, ConsentVerdict::PsuNeeded(_)));
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
    // Without a token the bank tells nothing.
    assert!(matches!(bank.ask_consent(&session).await, Err(BankError::Unsupported)));
}

#[tokio::test]
async fn every_word_of_a_consent_means_one_thing() {
    let (server, bank) = bank("cec").await;
    let session = given(&server, &bank).await;
    for (word, verdict) in [
        ("valid", ConsentVerdict::Valid),
        ("received", ConsentVerdict::StillWorking),
        ("partiallyAuthorised", ConsentVerdict::StillWorking),
        ("Valid", ConsentVerdict::StillWorking),
        ("valid ", ConsentVerdict::StillWorking),
        ("", ConsentVerdict::StillWorking),
        ("rejected", ConsentVerdict::Refused(Reason::PsuDeclined)),
        ("expired", ConsentVerdict::Ended),
        ("terminatedByTpp", ConsentVerdict::Ended),
        ("revokedByPsu", ConsentVerdict::Ended),
    ] {
        server.reset().await;
        answers(&server, "GET", "/v1/consents/c-1/status", status(word)).await;
        assert_eq!(bank.ask_consent(&session).await.unwrap().verdict, verdict, "{word:?}");
    }
}

#[tokio::test]
async fn a_code_is_kept_until_the_bank_is_reached_and_tokens_whatever_comes_next() {
    let (server, bank) = bank("cec").await;
    let session = asked(&server, &bank).await.session;
    let busy = ResponseTemplate::new(429).insert_header("Retry-After", "30");
    answers(&server, "POST", "/oauth2/token", busy).await;
    let answer = bank.reply_to_consent(&session, &with_code()).await.unwrap();
    assert_eq!(
        (&answer.verdict, answer.ask_again_after.as_secs()),
        (&ConsentVerdict::StillWorking, 30)
    );
    server.reset().await;
    answers(&server, "POST", "/oauth2/token", tokens(1)).await;
    answers(&server, "GET", "/v1/consents/c-1/status", ResponseTemplate::new(500)).await;
    let answer = bank.ask_consent(&answer.session).await.unwrap();
    assert_eq!(answer.verdict, ConsentVerdict::StillWorking);
    assert!(answer.session.state.to_string().contains("access-1"));
    // A fresh code that the bank refuses is an error, and nothing has changed.
    server.reset().await;
    answers(&server, "POST", "/oauth2/token", ResponseTemplate::new(400)).await;
    assert!(matches!(
        bank.reply_to_consent(&session, &with_code()).await,
        Err(BankError::Refused { status: 400, .. })
    ));
}

#[tokio::test]
async fn a_token_that_has_run_out_is_refreshed_once_and_kept_also_when_the_call_fails() {
    let (server, bank) = bank("cec").await;
    let session = given(&server, &bank).await;
    server.reset().await;
    let refresh = Mock::given(method("POST"))
        .and(path("/oauth2/token"))
        .and(body_string_contains("refresh_token=refresh-1"));
    refresh.respond_with(tokens(2)).expect(2).mount(&server).await;
    let old = Mock::given(method("GET"))
        .and(path("/v1/accounts"))
        .and(header("authorization", "Bearer access-1"));
    old.respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let new = Mock::given(method("GET"))
        .and(path("/v1/accounts"))
        .and(header("authorization", "Bearer access-2"));
    let new = new.and(header("consent-id", "c-1")).and(header_exists("psu-ip-address"));
    let list = ResponseTemplate::new(200).set_body_json(json!({ "accounts": [] }));
    new.respond_with(list).up_to_n_times(1).mount(&server).await;
    let read = bank.accounts(&session, None).await;
    assert!(read.result.unwrap().items.is_empty());
    assert!(read.session.state.to_string().contains("access-2") && read.session.calls > session.calls);
    // The same again, and the call after the refresh fails.
    let read = bank.accounts(&session, None).await;
    assert!(
        matches!(read.result, Err(BankError::Refused { status: 404, .. })),
        "{:?}",
        read.result
    );
    assert!(read.session.state.to_string().contains("refresh-2"));
    server.verify().await;
    // A refused refresh leaves what the bank said first.
    server.reset().await;
    answers(&server, "POST", "/oauth2/token", ResponseTemplate::new(400)).await;
    let body = json!({ "tppMessages": [{ "category": "ERROR", "code": "CONSENT_EXPIRED" }] });
    answers(&server, "GET", "/v1/accounts", ResponseTemplate::new(401).set_body_json(body)).await;
    let read = bank.accounts(&session, None).await;
    assert!(matches!(read.result, Err(BankError::Refused { status: 401, code, .. }) if code == "CONSENT_EXPIRED"));
}

#[tokio::test]
async fn a_consent_is_ended_only_by_204() {
    let (server, bank) = bank("cec").await;
    let session = given(&server, &bank).await;
    answers(&server, "DELETE", "/v1/consents/c-1", ResponseTemplate::new(200)).await;
    assert!(matches!(bank.revoke_consent(&session).await, Err(BankError::Unknown(_))));
    server.reset().await;
    answers(&server, "DELETE", "/v1/consents/c-1", ResponseTemplate::new(204)).await;
    let answer = bank.revoke_consent(&session).await.unwrap();
    assert_eq!(answer.verdict, ConsentVerdict::Ended);
    assert!(!answer.session.state.to_string().contains("access-1"));
}

#[tokio::test]
async fn what_follows_is_asked_at_our_address_with_the_banks_query() {
    let (server, bank) = bank("cec").await;
    let session = given(&server, &bank).await;
    let links = json!({ "account": { "href": "/x" }, "next": { "href": "https://evil.example/v1/other?bookingStatus=both&page=2&a=%26" } });
    let first = json!({ "transactions": { "booked": [], "_links": links } });
    let list = || Mock::given(method("GET")).and(path("/v1/accounts/a%2F1/transactions"));
    let asked = list()
        .and(query_param("dateFrom", "2026-11-01"))
        .and(query_param("dateTo", "2026-11-20"));
    let asked = asked.and(query_param("bookingStatus", "both"));
    asked
        .respond_with(ResponseTemplate::new(200).set_body_json(first))
        .expect(1)
        .mount(&server)
        .await;
    let mut query = TransactionQuery {
        booking_status: BookingStatus::Both,
        date_from: "2026-11-01".parse().ok(),
        date_to: "2026-11-20".parse().ok(),
        page: None,
    };
    let page = bank.transactions(&session, "a/1", &query).await.result.unwrap();
    assert_eq!(page.next.as_deref(), Some("bookingStatus=both&page=2&a=%26"));
    server.reset().await;
    let next = list().and(query_param("page", "2")).and(query_param("a", "&"));
    let last = ResponseTemplate::new(200).set_body_json(json!({ "transactions": { "pending": [], "_links": {} } }));
    next.respond_with(last).expect(1).mount(&server).await;
    query.page = page.next;
    assert_eq!(bank.transactions(&session, "a/1", &query).await.result.unwrap().next, None);
    let sent = &server.received_requests().await.unwrap()[0];
    assert_eq!(sent.url.query_pairs().filter(|(name, _)| name == "bookingStatus").count(), 1);
    for (account, page) in [("..", None), ("", None), ("a\u{e9}", None), ("a", Some("x#y")), ("a", Some("ț"))] {
        query.page = page.map(str::to_owned);
        let read = bank.transactions(&session, account, &query).await;
        assert!(matches!(read.result, Err(BankError::Unsupported)), "{account} {page:?}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn funds_are_confirmed_to_the_token_of_a_consent() {
    let (server, bank) = bank("cec").await;
    let session = given(&server, &bank).await;
    let (iban, amount) = (Iban::parse(IBAN).unwrap(), Amount::from_minor(12_350, Currency::Ron).unwrap());
    for (body, expected) in [
        (json!({ "fundsAvailable": true }), Some(true)),
        (json!({ "fundsAvailable": "false", "new": 1 }), Some(false)),
        (json!({ "fundsAvailable": 1 }), None),
        (json!({}), None),
    ] {
        server.reset().await;
        let asked = Mock::given(method("POST")).and(path("/v1/funds-confirmations"));
        let asked = asked.and(header("authorization", "Bearer access-1"));
        let asked = asked.and(wiremock::matchers::body_json(
            json!({ "account": { "iban": IBAN }, "instructedAmount": { "currency": "RON", "amount": "123.50" } }),
        ));
        asked
            .respond_with(ResponseTemplate::new(200).set_body_json(&body))
            .mount(&server)
            .await;
        let read = bank.confirm_funds(&session, &iban, &amount).await;
        assert_eq!(read.result.ok(), expected, "{body}");
    }
    for (code, reason) in [(401, "TOKEN_INVALID"), (403, "CONSENT_INVALID")] {
        server.reset().await;
        let body = json!({ "tppMessages": [{ "category": "ERROR", "code": reason }] });
        answers(
            &server,
            "POST",
            "/v1/funds-confirmations",
            ResponseTemplate::new(code).set_body_json(body),
        )
        .await;
        let read = bank.confirm_funds(&session, &iban, &amount).await;
        assert!(matches!(read.result, Err(BankError::Refused { status, .. }) if status == code));
    }
}

#[tokio::test]
async fn reading_keeps_the_contract_at_bad_banks() {
    for code in ["cec", "demo-standard"] {
        let (server, good) = bank(code).await;
        let session = asked(&server, &good).await.session;
        contract::reading_keeps_the_contract(&session, |base, http| {
            crate::bank::Connector::BerlinGroup(bank_called(code, base, http))
        })
        .await;
    }
}

#[tokio::test]
async fn what_the_bank_does_not_have_is_not_asked() {
    let (_, bank) = bank("bt").await;
    assert!(matches!(bank.request_consent(&wanted(), &psu()).await, Err(BankError::Unsupported)));
    let foreign = ConsentSession {
        consent: Uuid::from_u128(1),
        calls: 0,
        bank_consent_id: None,
        state: json!({ "another": "protocol" }),
    };
    assert!(matches!(bank.accounts(&foreign, None).await.result, Err(BankError::Unsupported)));
    assert!(matches!(bank.identity(&foreign).await.result, Err(BankError::Unsupported)));
}

/// The bank took the request and wants to be asked to begin.
async fn begun_with(code: &str, start: ResponseTemplate) -> (MockServer, Result<ConsentAnswer, BankError>) {
    let (server, bank) = bank(code).await;
    let links = json!({ "startAuthorisationWithPsuIdentification": "/v1/consents/c-1/authorisations" });
    let created = ResponseTemplate::new(201).set_body_json(json!({ "consentStatus": "received", "consentId": "c-1", "_links": links }));
    answers(&server, "POST", "/v1/consents", created).await;
    answers(&server, "POST", "/v1/consents/c-1/authorisations", start).await;
    let asked = bank.request_consent(&wanted(), &psu()).await.unwrap();
    assert_eq!(asked.verdict, ConsentVerdict::PsuNeeded(PsuStep::Begin));
    let psu_id = Some("30001001".to_owned().into());
    let begun = bank.reply_to_consent(&asked.session, &PsuReply::Begin { psu_id }).await;
    if let Ok(answer) = &begun {
        assert!(!answer.session.state.to_string().contains("30001001"), "the PSU's id is not kept");
    }
    (server, begun)
}

#[tokio::test]
async fn a_start_says_what_the_psu_must_do_and_leads_nobody_elsewhere() {
    let started = |body| ResponseTemplate::new(201).set_body_json(body);
    // As some banks write it: the message among the links.
    let pushed = json!({ "scaStatus": "received", "authorisationId": "a-1", "_links": { "psuMessage": "Aprobați.", "scaStatus": "/x" } });
    let (server, answer) = begun_with("brd", started(pushed)).await;
    let message = Some("Aprobați.".to_owned());
    assert_eq!(
        answer.unwrap().verdict,
        ConsentVerdict::PsuNeeded(PsuStep::ApproveInApp { message })
    );
    let sent = server.received_requests().await.unwrap();
    assert!(!sent[0].headers.contains_key("psu-id"), "not before the consent is saved");
    assert_eq!(sent[1].headers["psu-id"], "30001001");
    let elsewhere = json!({ "scaStatus": "received", "_links": { "scaRedirect": "https://evil.example/sca" } });
    let (_, answer) = begun_with("demo-pasi", started(elsewhere)).await;
    assert!(matches!(answer, Err(BankError::Unknown(_))), "{answer:?}");
    let password = json!({ "scaStatus": "received", "_links": { "updatePsuAuthentication": "/x" } });
    let (_, answer) = begun_with("demo-cod", started(password)).await;
    assert!(
        matches!(answer, Err(BankError::Unsupported)),
        "we never take a password: {answer:?}"
    );
    // A lost answer: the PSU may have been asked where the bank pushes, and not elsewhere.
    for (code, expected) in [("brd", PsuStep::ApproveInApp { message: None }), ("demo-cod", PsuStep::Begin)] {
        let (_, answer) = begun_with(code, ResponseTemplate::new(500)).await;
        assert_eq!(answer.unwrap().verdict, ConsentVerdict::PsuNeeded(expected), "{code}");
    }
}

#[tokio::test]
async fn a_failed_authorisation_ends_no_consent_and_a_finished_one_gives_none() {
    for (sca, word, expected) in [
        ("failed", "received", ConsentVerdict::PsuNeeded(PsuStep::Begin)),
        ("failed", "rejected", ConsentVerdict::Refused(Reason::PsuDeclined)),
        ("finalised", "received", ConsentVerdict::StillWorking),
        ("finalised", "partiallyAuthorised", ConsentVerdict::StillWorking),
        ("received", "valid", ConsentVerdict::Valid),
    ] {
        let pushed = json!({ "scaStatus": "received", "authorisationId": "a-1" });
        let (server, answer) = begun_with("brd", ResponseTemplate::new(201).set_body_json(pushed)).await;
        let bank = bank_called("brd", &server.uri().parse().unwrap(), &contract::patient_http());
        let now = ResponseTemplate::new(200).set_body_json(json!({ "scaStatus": sca }));
        answers(&server, "GET", "/v1/consents/c-1/authorisations/a-1", now).await;
        answers(&server, "GET", "/v1/consents/c-1/status", status(word)).await;
        let asked = bank.ask_consent(&answer.unwrap().session).await.unwrap();
        assert_eq!(asked.verdict, expected, "{sca} {word}");
    }
}
