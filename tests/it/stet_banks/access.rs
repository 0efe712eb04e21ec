//! Accounts, funds, and the other versions of the standard.

use super::world::{BANKS, MARC_5158, MARC_5255, World};
use smartpay::bank::accounts::{
    AccountInformation as _, BookingStatus, ConsentKind, ConsentVerdict, FundsConfirmation as _, TransactionQuery,
};
use smartpay::bank::{BankError, PaymentInitiation as _, Reason, Verdict};
use smartpay::payment::{Amount, Currency, Iban};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_read_with_a_consent() {
    for code in ["bp-grand-ouest", "ce-ile-de-france"] {
        accounts_are_read(&World::start(), code).await;
    }
}

async fn accounts_are_read(world: &World, code: &str) {
    let bank = world.bank(code);
    let session = world.consent(code, ConsentKind::Accounts).await;
    let accounts = bank.accounts(&session, None).await.result.unwrap().items;
    let account = accounts
        .iter()
        .find(|a| a.iban.as_ref().is_some_and(|i| i.electronic() == MARC_5158))
        .unwrap();
    let balances = bank.balances(&session, &account.id).await.result.unwrap();
    assert!(balances.iter().any(|b| b.amount.hundredths == 434_895), "{balances:?}");
    let query = TransactionQuery {
        booking_status: BookingStatus::Both,
        date_from: Some(world.clock.now().date() - chrono::Days::new(90)),
        date_to: Some(world.clock.now().date()),
        page: None,
    };
    let (mut session, mut query, mut seen) = (session, query, 0);
    for _ in 0..20 {
        let read = bank.transactions(&session, &account.id, &query).await;
        let page = read.result.unwrap();
        seen += page.items.len();
        session = read.session;
        query.page = page.next;
        if query.page.is_none() {
            break;
        }
    }
    assert!(seen > 0 && query.page.is_none(), "{code}: {seen} transactions");
    assert!(bank.identity(&session).await.result.unwrap().contains("Marc"));
    bank.trusted_beneficiaries(&session, None).await.result.unwrap();
    let ended = bank.revoke_consent(&session).await.unwrap();
    assert_eq!(ended.verdict, ConsentVerdict::Ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_versions_are_spoken_as_well() {
    for version in ["1.4.0", "1.5"] {
        for (code, ..) in BANKS {
            let world = World::speaking(version, |_| {});
            // While nothing is spent.
            accounts_are_read(&world, code).await;
            let (session, page) = world.ordered(code, 1051).await;
            let reply = world.visit(&page, "da").await;
            let answer = world.bank(code).reply(&session, &reply).await.unwrap();
            let end = world.end(code, answer.session).await;
            assert_eq!((end.verdict, &*end.bank_word), (Verdict::Settled, "ACSC"), "{version} {code}");
            let (session, page) = world.ordered(code, 1052).await;
            let reply = world.visit(&page, "nu").await;
            let answer = world.bank(code).reply(&session, &reply).await.unwrap();
            assert!(
                matches!(answer.verdict, Verdict::Rejected(_)),
                "{version} {code}: {:?}",
                answer.verdict
            );
            let (session, _) = world.ordered(code, 1053).await;
            let withdrawn = world.bank(code).withdraw(&session).await.unwrap();
            assert_eq!(withdrawn.verdict, Verdict::Cancelled(Reason::Withdrawn), "{version} {code}");
            let funds = world.consent(code, ConsentKind::Funds).await;
            let amount = Amount::from_minor(434_896, Currency::Eur).unwrap();
            let read = world
                .bank(code)
                .confirm_funds(&funds, &Iban::parse(MARC_5255).unwrap(), &amount)
                .await;
            assert!(!read.result.unwrap(), "{version} {code}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn funds_and_the_fallback() {
    let world = World::start();
    let bank = world.bank("bp-grand-ouest");
    let session = world.consent("bp-grand-ouest", ConsentKind::Funds).await;
    for (iban, cents, enough) in [
        (MARC_5255, 45_800, true),
        (MARC_5158, 417_900, true),
        (MARC_5158, 434_895, true),
        (MARC_5158, 434_896, false),
    ] {
        let amount = Amount::from_minor(cents, Currency::Eur).unwrap();
        let read = bank.confirm_funds(&session, &Iban::parse(iban).unwrap(), &amount).await;
        assert_eq!(read.result.unwrap(), enough, "{iban} {cents}");
    }
    let amount = Amount::from_minor(1, Currency::Eur).unwrap();
    let unknown = bank
        .confirm_funds(&session, &Iban::parse("FR7630006000011234567890189").unwrap(), &amount)
        .await;
    assert!(
        matches!(&unknown.result, Err(BankError::Refused { code, .. }) if code == "AC01"),
        "{:?}",
        unknown.result
    );
    // An hour later the token has run out and is renewed.
    world.clock.advance(Duration::from_secs(3700));
    let read = bank
        .confirm_funds(&unknown.session, &Iban::parse(MARC_5255).unwrap(), &amount)
        .await;
    assert!(read.result.unwrap());
    let fallback = bank.fallback().await.unwrap();
    assert_eq!(fallback.status, 302);
    assert!(fallback.location.unwrap().path().ends_with("/banque-en-ligne"));
}
