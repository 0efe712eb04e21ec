//! Whole payments, from the initiation to the money.

use super::support::{CLIENT, Psu, RETURN, SECRET, STEP, TestBank, VERIFIER, attribute, order, parameter};
use crate::clock::Clock;
use crate::sandbox::{Fault, Operation, Word};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const ANA: &str = "RO30CECEB00030RON0001001";

#[tokio::test]
async fn a_payment_is_authorised_and_booked_once() {
    let bank = TestBank::start();
    let (id, authorise) = bank.initiate(&order()).await;
    let back = bank.decide(&authorise, "ana", "da").await;
    assert!(back.as_str().starts_with(RETURN));
    assert_eq!(parameter(&back, "state").as_deref(), Some("st&ate"));
    let (status, tokens) = bank.exchange(&parameter(&back, "code").unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(tokens["token_type"], "bearer");
    assert_eq!(
        (&tokens["expires_in"], &tokens["refresh_token_expires_in"]),
        (&json!(3595), &json!(2_682_000))
    );
    assert_eq!(tokens["scope"], format!("PIS:{id}"));
    assert!(tokens["consented_on"].is_i64());
    let token = tokens["access_token"].as_str().unwrap();
    for word in ["RCVD", "ACCP", "ACTC", "ACSP", "ACSC", "ACSC"] {
        assert_eq!(bank.word(&id, token).await, word);
        bank.clock.advance(STEP);
    }
    assert_eq!(bank.sandbox.balance_minor(ANA), Some(1_250_000 - 12_350));
    let details = bank.call(Method::GET, &format!("/{id}")).bearer_auth(token).send().await.unwrap();
    let details: Value = details.json().await.unwrap();
    assert_eq!(details["debtorAccount"]["iban"], ANA);
    assert_eq!(details["instructedAmount"], order()["instructedAmount"]);
    let moved = ["status_moved"; 3];
    let expected = [&["order_received", "authorised", "token_issued"][..], &moved, &["booked"]].concat();
    assert_eq!(bank.events(), expected);
    let text = serde_json::to_string(&bank.sandbox.ledger()).unwrap();
    assert!(!text.contains(token) && !text.contains(&parameter(&back, "code").unwrap()));
}

#[tokio::test]
async fn the_psu_refuses() {
    let bank = TestBank::start();
    let (_, authorise) = bank.initiate(&order()).await;
    let back = bank.decide(&authorise, "mihai", "nu").await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("acces_denied"));
    assert_eq!(parameter(&back, "state").as_deref(), Some("st&ate"));
    assert_eq!(parameter(&back, "code"), None);
    assert_eq!(bank.sandbox.orders()[0].status, Word::Rjct);
    let again = bank.http.get(&authorise).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert!(again.text().await.unwrap().contains("Plata a fost refuzată"));
}

#[tokio::test]
async fn the_state_comes_back_only_when_it_was_sent() {
    let bank = TestBank::start();
    let (_, authorise) = bank.initiate(&order()).await;
    let back = bank.decide(authorise.split("&state=").next().unwrap(), "ana", "da").await;
    assert_eq!(parameter(&back, "state"), None);
    assert!(parameter(&back, "code").is_some());
}

#[tokio::test]
async fn three_wrong_codes_end_the_order() {
    let bank = TestBank::start();
    let (_, authorise) = bank.initiate(&order()).await;
    let mut psu = Psu::arrive(&bank, &authorise).await;
    for left in ["2 încercări", "o încercare"] {
        let page = psu.post("/conectare", &[("user", "ana"), ("code", "9999")]).await;
        assert!(page.contains(left) && page.contains("Eroare:"), "{page}");
    }
    let page = psu.post("/conectare", &[("user", "nobody"), ("code", "1111")]).await;
    assert!(attribute(&page, "a.button", "href").unwrap().contains("error=acces_denied"));
    assert_eq!(bank.sandbox.orders()[0].status, Word::Rjct);
}

#[tokio::test]
async fn too_little_money_is_refused_by_the_bank_and_two_orders_cannot_share_it() {
    let bank = TestBank::start();
    let (id, authorise) = bank.initiate(&order()).await;
    let back = bank.decide(&authorise, "elena", "da").await;
    let (_, tokens) = bank.exchange(&parameter(&back, "code").unwrap()).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(bank.word(&id, token).await, "RCVD");
    bank.clock.advance(STEP);
    let answer: Value = bank.status(&id, token).await.json().await.unwrap();
    assert_eq!(answer["transactionStatus"], "CANC");
    assert!(answer["psuMessage"].as_str().unwrap().contains("fonduri insuficiente"));
    let mut most = order();
    most["instructedAmount"]["amount"] = "200".into();
    for _ in 0..2 {
        let (_, authorise) = bank.initiate(&most).await;
        bank.decide(&authorise, "stefan", "da").await;
    }
    bank.clock.advance(STEP * 5);
    let words: Vec<Word> = bank.sandbox.orders().iter().map(|o| o.status).collect();
    assert_eq!(words.iter().filter(|w| **w == Word::Acsc).count(), 1);
    assert_eq!(words.iter().filter(|w| **w == Word::Canc).count(), 2);
    assert_eq!(bank.sandbox.balance_minor("RO25CECEB00030RON0004001"), Some(5_000));
}

#[tokio::test]
async fn an_order_that_names_the_account_can_only_be_authorised_by_its_holder() {
    let bank = TestBank::start();
    let mut body = order();
    body["debtorAccount"] = json!({ "iban": "RO66CECEB00030RON0002002" });
    let (_, authorise) = bank.initiate(&body).await;
    let mut psu = Psu::arrive(&bank, &authorise).await;
    let page = psu.post("/conectare", &[("user", "ana"), ("code", "1111")]).await;
    assert!(page.contains("nu vă aparține"));
    assert!(psu.post("/decizie", &[("decizie", "da")]).await.contains("Conectați-vă"));
    bank.decide(&authorise, "mihai", "da").await;
    let orders = bank.sandbox.orders();
    assert_eq!(orders[0].debtor_iban().unwrap().electronic(), "RO66CECEB00030RON0002002");
}

#[tokio::test]
async fn a_visit_belongs_to_its_browser_and_a_decided_order_to_nobody() {
    let bank = TestBank::start();
    let (_, authorise) = bank.initiate(&order()).await;
    let (first, second) = (Psu::arrive(&bank, &authorise).await, Psu::arrive(&bank, &authorise).await);
    let page = bank.http.get(format!("{}{}", bank.base, first.path())).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    bank.decide(&authorise, "ana", "da").await;
    let (status, page) = second.get().await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("deja autorizată"));
    bank.clock.advance(std::time::Duration::from_secs(15 * 60));
    assert_eq!(first.get().await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_code_works_once_and_its_second_use_voids_the_token() {
    let bank = TestBank::start();
    let (id, authorise) = bank.initiate(&order()).await;
    let code = parameter(&bank.decide(&authorise, "ana", "da").await, "code").unwrap();
    let wrong = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", &code),
        ("redirect_uri", RETURN),
    ];
    let verifier = "x".repeat(43);
    let (status, answer) = bank.token(&[&wrong[..], &[("code_verifier", &verifier)]].concat()).await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
    let (status, answer) = bank.token(&wrong).await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")));
    let scope = [("code_verifier", VERIFIER), ("scope", "PIS:another")];
    assert_eq!(bank.token(&[&wrong[..], &scope].concat()).await.1["error"], "invalid_scope");
    let (_, tokens) = bank.exchange(&code).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(bank.word(&id, token).await, "RCVD");
    assert_eq!(bank.exchange(&code).await.1["error"], "invalid_grant");
    let answer = bank.status(&id, token).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json::<Value>().await.unwrap()["tppMessages"][0]["code"], "TOKEN_INVALID");
}

#[tokio::test]
async fn a_code_lives_a_minute_and_a_token_an_hour() {
    let bank = TestBank::start();
    let (_, authorise) = bank.initiate(&order()).await;
    let code = parameter(&bank.decide(&authorise, "ana", "da").await, "code").unwrap();
    bank.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(bank.exchange(&code).await.1["error"], "invalid_grant");
    let (id, authorise) = bank.initiate(&order()).await;
    let code = parameter(&bank.decide(&authorise, "ana", "da").await, "code").unwrap();
    let (_, tokens) = bank.exchange(&code).await;
    bank.clock.advance(std::time::Duration::from_secs(3595));
    let answer = bank.status(&id, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["tppMessages"][0]["code"], "TOKEN_EXPIRED");
    let refresh =
        |token: &str| [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token)].map(|(a, b)| (a, b.to_owned()));
    let old = refresh(tokens["refresh_token"].as_str().unwrap());
    let old: Vec<(&str, &str)> = old.iter().map(|(a, b)| (*a, b.as_str())).collect();
    let (status, renewed) = bank.token(&old).await;
    assert_eq!(status, StatusCode::OK);
    let token = renewed["access_token"].as_str().unwrap();
    assert_eq!(bank.word(&id, token).await, "ACSC");
    assert_eq!(bank.token(&old).await.1["error"], "invalid_grant");
    assert_eq!(bank.status(&id, token).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_client_with_a_secret_shows_it() {
    let bank = TestBank::start();
    let form = [("grant_type", "refresh_token"), ("refresh_token", "none"), ("client_id", "tpp-two")];
    let (status, answer) = bank.token(&form).await;
    assert_eq!((status, &answer["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_client")));
    let (_, answer) = bank.token(&[&form[..], &[("client_secret", SECRET)]].concat()).await;
    assert_eq!(answer["error"], "invalid_grant");
    assert_eq!(
        bank.token(&[&form[..], &[("client_id", "tpp-two")]].concat()).await.1["error"],
        "invalid_request"
    );
}

#[tokio::test]
async fn a_restarted_bank_reads_its_ledger_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.jsonl");
    let clock = Clock::default();
    let bank = TestBank::with_ledger(Some(file.clone()), clock.clone());
    let (id, authorise) = bank.initiate(&order()).await;
    let back = bank.decide(&authorise, "ana", "da").await;
    let (_, tokens) = bank.exchange(&parameter(&back, "code").unwrap()).await;
    clock.advance(STEP);
    let before = bank.sandbox.ledger();
    bank.stop().await;
    // A crash in the middle of a line.
    let mut text = std::fs::read(&file).unwrap();
    text.extend_from_slice(b"{\"seq\":99,");
    std::fs::write(&file, text).unwrap();

    let bank = TestBank::with_ledger(Some(file), clock.clone());
    assert_eq!(bank.sandbox.ledger(), before);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(bank.word(&id, token).await, "ACCP");
    clock.advance(STEP * 3);
    assert_eq!(bank.word(&id, token).await, "ACSC");
    assert_eq!(bank.sandbox.balance_minor(ANA), Some(1_250_000 - 12_350));
    let entries = bank.sandbox.ledger();
    assert!(entries.iter().zip(1..).all(|(e, n)| e.seq == n) && entries.len() == before.len() + 3);
}

#[tokio::test]
async fn faults_strike_once_before_or_after_the_effect() {
    let bank = TestBank::start();
    let (id, authorise) = bank.initiate(&order()).await;
    bank.sandbox.fail_next(Operation::Initiate, Fault::DropBeforeEffect);
    assert!(bank.initiation(&order()).send().await.is_err());
    bank.sandbox.fail_next(Operation::Initiate, Fault::Status(503));
    assert_eq!(
        bank.initiation(&order()).send().await.unwrap().status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(bank.sandbox.orders().len(), 1);
    bank.sandbox.fail_next(Operation::Initiate, Fault::DropAfterEffect);
    assert!(bank.initiation(&order()).send().await.is_err());
    assert_eq!(bank.sandbox.orders().len(), 2);
    let code = parameter(&bank.decide(&authorise, "ana", "da").await, "code").unwrap();
    let (_, tokens) = bank.exchange(&code).await;
    let token = tokens["access_token"].as_str().unwrap();
    bank.sandbox.fail_next(Operation::Status, Fault::UnknownWord("Submit".to_owned()));
    bank.sandbox.fail_next(Operation::Status, Fault::Malformed);
    bank.sandbox
        .fail_next(Operation::Status, Fault::Delay(std::time::Duration::from_millis(1)));
    assert_eq!(bank.word(&id, token).await, "Submit");
    assert!(bank.status(&id, token).await.json::<Value>().await.is_err());
    assert_eq!(bank.word(&id, token).await, "RCVD");
}
