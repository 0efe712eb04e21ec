//! How often may be read, what funds confirmation tells, and a bank that does not answer.

use super::{DAY, first_account, refused};
use crate::support::TestApp;
use crate::support::consents::terms;
use crate::support::partner::with;
use crate::support::psu::{ANA, ELENA};
use serde_json::{Value, json};
use smartpay::sandbox::{Fault, Operation};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn funds_are_confirmed_denied_and_refused_for_other_accounts() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ELENA, &terms()).await;
    let ask = async |iban: &str, amount: Value| {
        erp.post_consent("fundsConfirmation", &tokens, &json!({ "iban": iban, "amount": amount }))
            .await
    };
    assert_eq!(ask(ELENA.iban, json!("4.37")).await.good().json["fundsAvailable"], true);
    assert_eq!(ask(ELENA.iban, json!(4.38)).await.good().json["fundsAvailable"], false);
    // As often as one likes: it tells nothing of the account.
    for _ in 0..4 {
        ask(ELENA.iban, json!("4.38")).await.good();
    }
    assert_eq!(refused(&ask(ANA.iban, json!("1.00")).await), (422, "ACCOUNT_NOT_IN_CONSENT"));
    assert_eq!(refused(&ask("RO00", json!("1.00")).await), (400, "INVALID_REQUEST"));
    assert_eq!(refused(&ask(ELENA.iban, json!("-1")).await), (400, "INVALID_REQUEST"));
    assert_eq!(erp.consent_status(&tokens).await, "valid");
    let funds = erp.given_consent(&app, ELENA, &with(terms(), json!({ "kind": "funds" }))).await;
    let answer = erp
        .post_consent("fundsConfirmation", &funds, &json!({ "iban": ELENA.iban, "amount": "1.00" }))
        .await;
    assert_eq!(answer.good().json["fundsAvailable"], true);
    assert_eq!(
        refused(&erp.get_consent("accounts", &funds, "").await),
        (409, "CONSENT_OF_OTHER_KIND")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_read_four_times_a_day() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    let id = first_account(&erp, &tokens).await;
    let balances = format!("/{id}/balances");
    for _ in 0..4 {
        erp.get_consent("accounts", &tokens, &balances).await.good();
    }
    let answer = erp.get_consent("accounts", &tokens, &balances).await;
    assert_eq!(refused(&answer), (429, "READ_TOO_OFTEN"));
    assert!(answer.headers.contains_key("retry-after"));
    // Something else may still be read, as often.
    erp.get_consent("accounts", &tokens, &format!("/{id}")).await.good();
    app.advance(DAY);
    let tokens = erp.tokens_again(&tokens).await;
    erp.get_consent("accounts", &tokens, &balances).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_read_one_after_another_and_no_more_than_four() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    // The bank's token has run out: whoever comes first buys the next, the others use it.
    app.advance(Duration::from_secs(2 * 3600));
    let tokens = erp.tokens_again(&tokens).await;
    let answers = futures_util::future::join_all((0..6).map(|_| erp.get_consent("accounts", &tokens, ""))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|a| a.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_fails_is_said_to_and_the_consent_stays() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    for fault in [Fault::Status(503), Fault::Malformed] {
        app.bank.fail_next(Operation::Accounts, fault.clone());
        let answer = erp.get_consent("accounts", &tokens, "").await;
        assert_eq!(refused(&answer), (503, "BANK_UNAVAILABLE"), "{fault:?}");
        assert!(!app.bank.has_faults());
    }
    let tokens = erp.tokens_again(&tokens).await;
    app.bank
        .fail_next(Operation::Accounts, Fault::TooManyRequests { retry_after_s: 60 });
    assert_eq!(refused(&erp.get_consent("accounts", &tokens, "").await), (429, "READ_TOO_OFTEN"));
    erp.get_consent("accounts", &tokens, "").await.good();
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}
