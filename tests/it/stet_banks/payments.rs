//! Payments: approved, refused, withdrawn, abandoned; and keys that one side does not know.

use super::world::{BANKS, World, order, psu};
use smartpay::bank::{BankError, PaymentInitiation as _, PsuReply, Reason, Session, Verdict};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_payment_is_executed_and_confirmed_where_the_bank_wants_it() {
    for (code, _, confirms) in BANKS {
        let world = World::start();
        let (session, page) = world.ordered(code, 1051).await;
        let reply = world.visit(&page, "da").await;
        let answer = world.bank(code).reply(&session, &reply).await.unwrap();
        assert_eq!(answer.verdict, Verdict::StillWorking, "{code}");
        let PsuReply::CameBack { query } = &reply else { unreachable!() };
        assert_eq!(query.iter().any(|(n, _)| n == "code"), confirms, "{code}");
        let saved: Session = serde_json::from_str(&serde_json::to_string(&answer.session).unwrap()).unwrap();
        let end = world.end(code, saved).await;
        assert_eq!((end.verdict, &*end.bank_word), (Verdict::Settled, "ACSC"), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_a_withdrawn_and_an_abandoned_one_are_told_apart() {
    for (code, ..) in BANKS {
        let world = World::start();
        let (session, page) = world.ordered(code, 1051).await;
        let reply = world.visit(&page, "nu").await;
        let answer = world.bank(code).reply(&session, &reply).await.unwrap();
        assert!(
            matches!(answer.verdict, Verdict::Rejected(Reason::PsuOrFunds | Reason::PsuDeclined)),
            "{code}: {:?}",
            answer.verdict
        );
    }
    let world = World::start();
    let (session, _) = world.ordered("bp-grand-ouest", 1051).await;
    let withdrawn = world.bank("bp-grand-ouest").withdraw(&session).await.unwrap();
    assert_eq!(
        (withdrawn.verdict, &*withdrawn.bank_word),
        (Verdict::Cancelled(Reason::Withdrawn), "CANC")
    );
    let world = World::start();
    let (session, _) = world.ordered("ce-ile-de-france", 1051).await;
    world.clock.advance(Duration::from_secs(3700));
    let end = world.end("ce-ile-de-france", session).await;
    assert_eq!(end.verdict, Verdict::Rejected(Reason::PsuNoAnswer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_does_not_know_our_key_refuses_and_answers_of_another_key_are_unknown() {
    let file = |name: &str| std::fs::read_to_string(format!("{}/tests/fixtures/stet/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let foreign = (file("qsealc.pem"), file("qsealc.key"));
    let world = World::with(|c| {
        c.signing_certificate_pem = Some(foreign.0.clone());
        c.signing_key_pem = Some(foreign.1.clone().into());
    });
    let result = world.bank("bp-grand-ouest").initiate(&order(1051), &psu()).await;
    assert!(matches!(result, Err(BankError::Refused { .. })), "{result:?}");
    let world = World::with(|c| c.bank_signing_certificate_pem = Some(foreign.0.clone()));
    let result = world.bank("bp-grand-ouest").initiate(&order(1051), &psu()).await;
    assert!(matches!(result, Err(BankError::Unknown(_))), "{result:?}");
}
