use super::{CLOSED_ACCOUNT, Story};
use crate::sandbox::berlin::tests::support::{Answer, Banks, STEP, payment};
use crate::sandbox::money::{Currency, Money};
use crate::sandbox::{BankCode, DeclineReason};
use std::time::Duration;

fn amount(story: Story) -> String {
    let (minor, _) = Story::ALL.into_iter().find(|(_, s)| *s == story).unwrap();
    let currency = Currency::Ron;
    Money { minor, currency }.wire()
}

/// Brings an order at the bank that asks on the telephone, and approves it there. Returns its path.
async fn approved(banks: &Banks, amount: &str) -> String {
    let (_, path) = banks.order(BankCode::Mobil, Some("0700000105"), &payment(amount)).await;
    banks.sandbox.approve_on_phone("brutaria").unwrap();
    path
}

#[tokio::test]
async fn the_bank_refuses_or_finds_too_little_money() {
    for (story, why) in [
        (Story::BankRefuses, DeclineReason::BankRules),
        (Story::TooLittleMoney, DeclineReason::InsufficientFunds),
    ] {
        let banks = Banks::start();
        let path = approved(&banks, &amount(story)).await;
        banks.settle();
        assert_eq!(banks.word(&path).await, "RJCT");
        assert_eq!(banks.sandbox.orders()[0].declined, Some(why));
    }
}

#[tokio::test]
async fn a_closed_account_is_never_paid() {
    let banks = Banks::start();
    let mut body = payment("10.00");
    body["creditorAccount"]["iban"] = CLOSED_ACCOUNT.into();
    let (created, path) = banks.order(BankCode::Link, None, &body).await;
    banks.visit(&created.text("/_links/scaRedirect/href"), "ana", "da").await;
    banks.settle();
    assert_eq!(banks.word(&path).await, "RJCT");
}

#[tokio::test]
async fn slow_takes_twenty_seconds_a_step() {
    let banks = Banks::start();
    let path = approved(&banks, &amount(Story::Slow)).await;
    banks.clock.advance(STEP);
    assert_eq!(banks.word(&path).await, "RCVD");
    for word in ["ACCP", "ACTC", "ACSP", "ACSC"] {
        banks.clock.advance(if word == "ACCP" { STEP } else { Duration::from_secs(20) });
        assert_eq!(banks.word(&path).await, word);
    }
}

#[tokio::test]
async fn an_unknown_word_ends_in_a_known_one() {
    let banks = Banks::start();
    let path = approved(&banks, &amount(Story::UnknownWord)).await;
    for word in ["RCVD", "XYZW", "XYZW", "XYZW", "ACSC"] {
        assert_eq!(banks.word(&path).await, word);
        banks.clock.advance(STEP);
    }
}

#[tokio::test]
async fn an_error_after_the_effect_leaves_an_order() {
    let banks = Banks::start();
    let body = payment(&amount(Story::ErrorAfterwards));
    let post = banks.post("/link/v1/payments/sepa-credit-transfers", &body);
    let answer = Answer::of(post.send().await.unwrap()).await;
    assert_eq!((answer.status, banks.sandbox.orders().len()), (500, 1));
}

#[tokio::test]
async fn silence_leaves_nothing_and_a_late_answer_leaves_an_order() {
    let banks = Banks::start();
    for (story, orders) in [(Story::Silent, 0), (Story::LateAnswer, 1)] {
        let post = banks.post("/link/v1/payments/sepa-credit-transfers", &payment(&amount(story)));
        let answer = post.timeout(Duration::from_millis(300)).send().await;
        assert!(answer.unwrap_err().is_timeout());
        assert_eq!(banks.sandbox.orders().len(), orders, "{story:?}");
    }
}

#[tokio::test]
async fn the_page_lists_every_story_and_is_linked_from_everywhere() {
    let banks = Banks::start();
    let page = async |path: &str| {
        let answer = banks.http.get(format!("{}{path}", banks.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    };
    let listed = page("/scenarii").await;
    for (minor, _) in Story::ALL {
        let currency = Currency::Ron;
        assert!(listed.contains(&Money { minor, currency }.shown()));
    }
    assert!(listed.contains("RO27 CECE B000 30RO N000 9009") && listed.contains("30001001"));
    for told in [
        "D0999990I0 / 12345678",
        "4.348,95 EUR",
        "opstina.vrelo",
        "840-742221843-57",
        "185.000.000,00 RSD",
    ] {
        assert!(listed.contains(told), "{told}");
    }
    for bank in BankCode::ALL {
        let own = page(bank.prefix()).await;
        assert!(own.contains("href=\"/scenarii\"") && own.contains("Ana Popescu"));
        page(&format!("{}/ledger", bank.prefix())).await;
    }
    assert!(page("/").await.contains("href=\"/scenarii\""));
}
