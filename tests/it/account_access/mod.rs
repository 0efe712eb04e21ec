//! A Finance partner asks its payer for access to accounts, reads under it, renews it and gives it back.

mod kept_apart;
mod lifetime;
mod limits;
mod terms_sent;

use crate::support::TestApp;
use crate::support::consents::{ConsentTokens, terms};
use crate::support::partner::{Answer, Partner};
use crate::support::psu::Payer;
use serde_json::{Value, json};
use smartpay::sandbox::{EndedBy, LedgerEvent};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Has an account in lei and one in euro at CEC.
pub const STEFAN: Payer = Payer {
    user: "stefan",
    code: "4444",
    iban: "RO25CECEB00030RON0004001",
    email: "stefan.dumitru@payer.example",
};

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.text("messageStatus"))
}

async fn first_account(erp: &Partner, tokens: &ConsentTokens) -> String {
    let list = erp.get_consent("accounts", tokens, "").await.good();
    list.json["accounts"][0]["accountId"].as_str().unwrap().to_owned()
}

fn ended_at_bank(app: &TestApp) -> usize {
    let ended = |e: &&smartpay::sandbox::LedgerEntry| matches!(e.event, LedgerEvent::ConsentEnded { by: EndedBy::Tpp, .. });
    app.bank.ledger().iter().filter(ended).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_gives_access_and_the_partner_reads() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, STEFAN, &terms()).await;
    assert_eq!(erp.consent_status(&tokens).await, "valid");
    let list = erp.get_consent("accounts", &tokens, "").await.good();
    let accounts = list.json["accounts"].as_array().unwrap();
    assert_eq!((accounts.len(), &list.json["nextPage"]), (2, &Value::Null));
    assert_eq!(
        (&accounts[0]["iban"], &accounts[0]["currency"]),
        (&json!(STEFAN.iban), &json!("RON"))
    );
    assert_eq!(accounts[1]["currency"], "EUR");
    let id = accounts[0]["accountId"].as_str().unwrap().to_owned();
    let one = erp.get_consent("accounts", &tokens, &format!("/{id}")).await.good();
    assert_eq!(one.json["account"]["iban"], STEFAN.iban);
    let balances = erp.get_consent("accounts", &tokens, &format!("/{id}/balances")).await.good();
    let lei = &balances.json["balances"][0];
    assert_eq!((&lei["amount"], &lei["currency"]), (&json!("250.00"), &json!("RON")));
    // CEC sometimes writes numbers; partners always read texts.
    let euro = accounts[1]["accountId"].as_str().unwrap();
    let balances = erp.get_consent("accounts", &tokens, &format!("/{euro}/balances")).await.good();
    assert_eq!(balances.json["balances"][0]["amount"], "900.00");
    everything_in_parts(&app, &erp, &tokens, &id).await;
    for call in ["identity", "trustedBeneficiaries"] {
        let answer = erp.get_consent(call, &tokens, "").await;
        assert_eq!(refused(&answer), (422, "BANK_DOES_NOT_OFFER"), "{call}");
    }
    let statement = erp
        .get_consent("accounts", &tokens, &format!("/{id}/statement?date=2026-01-31"))
        .await;
    assert_eq!(refused(&statement), (422, "BANK_DOES_NOT_OFFER"));
}

/// Follows the parts of the list of transactions to its end, and reads one of them by its id.
async fn everything_in_parts(app: &TestApp, erp: &Partner, tokens: &ConsentTokens, account: &str) {
    let from = app.today() - chrono::Days::new(360);
    let query = format!("bookingStatus=booked&dateFrom={from}");
    let (mut seen, mut parts, mut next) = (Vec::new(), 0, None::<String>);
    loop {
        let page: String = next
            .iter()
            .map(|p| format!("&page={}", url::form_urlencoded::byte_serialize(p.as_bytes()).collect::<String>()))
            .collect();
        let answer = erp
            .get_consent("accounts", tokens, &format!("/{account}/transactions?{query}{page}"))
            .await
            .good();
        let items = answer.json["transactions"].as_array().unwrap();
        seen.extend(items.iter().map(|t| t["transactionId"].as_str().unwrap().to_owned()));
        parts += 1;
        next = answer.json["nextPage"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    let mut ids = seen.clone();
    ids.sort();
    ids.dedup();
    assert!(
        parts >= 2 && seen.len() > 20 && ids.len() == seen.len(),
        "{parts} parts with {} transactions",
        seen.len()
    );
    let one = erp
        .get_consent("accounts", tokens, &format!("/{account}/transactions/{}", seen[0]))
        .await
        .good();
    assert_eq!(one.json["transaction"]["transactionId"], seen[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_banks_say_which_consents_can_be_given_there() {
    let app = TestApp::start().await;
    let banks = app.erp().banks().await.good();
    let offers = |code: &str| {
        let bank = banks.json["payload"]
            .as_array()
            .unwrap()
            .iter()
            .find(|b| b["code"] == code)
            .unwrap();
        bank["accountAccess"].clone()
    };
    assert_eq!(offers("cec"), json!({ "accounts": true, "funds": true }));
    assert_eq!(offers("brd"), json!({ "accounts": true, "funds": false }));
    assert_eq!(offers("bcr"), json!({ "accounts": false, "funds": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_consent_does_not_cover_is_refused_and_the_consent_stays() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let (tokens, link) = erp.start_consent(&terms()).await;
    let psu = app.psu();
    let page = psu.to_consents_bank(&link, "cec").await;
    // The first account, without balances.
    let back = psu.agree(&page, STEFAN, |name| name == "cont-0" || name == "tranzactii").await;
    psu.come_back(&back).await;
    let list = erp.get_consent("accounts", &tokens, "").await.good();
    assert_eq!(list.json["accounts"].as_array().unwrap().len(), 1);
    let id = list.json["accounts"][0]["accountId"].as_str().unwrap().to_owned();
    for rest in [format!("/{id}/balances"), "/unknown".to_owned(), "/unknown/balances".to_owned()] {
        let answer = erp.get_consent("accounts", &tokens, &rest).await;
        assert_eq!(refused(&answer), (422, "ACCOUNT_NOT_IN_CONSENT"), "{rest}");
    }
    let bad = erp.get_consent("accounts", &tokens, &format!("/{id}/transactions")).await;
    assert_eq!((bad.status, &bad.json["moreDetails"][0]["field"]), (400, &json!("dateFrom")));
    for query in [
        "bookingStatus=all&dateFrom=2026-01-01",
        "dateFrom=2026-13-01",
        "dateFrom=2026-02-01&dateTo=2026-01-01",
    ] {
        let answer = erp.get_consent("accounts", &tokens, &format!("/{id}/transactions?{query}")).await;
        assert_eq!(refused(&answer), (400, "INVALID_REQUEST"), "{query}");
    }
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}
