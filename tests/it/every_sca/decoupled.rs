//! Approval on the PSU's own device, started by us or with the order.

use super::{ANA_AT_BRD, ANA_AT_MOBIL, CREDITOR, ELENA_AT_BRD, World, begin_with, message, needed};
use smartpay::bank::{BankError, PaymentInitiation as _, PsuStep, Reason, Verdict};
use smartpay::payment::{Frequency, Order, Schedule};
use smartpay::sandbox::{BankCode, Fault, Operation};
use std::time::Duration;

#[tokio::test]
async fn decoupled_started_by_us() {
    let world = World::start();
    let order = world.order(ANA_AT_BRD, &[CREDITOR], 25);
    let begun = world.begin("brd", &order, "30001001").await.unwrap();
    assert!(message(&begun).unwrap().contains("aprobați plata"));
    let waiting = world.after(1, "brd", &begun.session).await;
    assert!(message(&waiting).unwrap().contains("aprobați plata"));
    assert!(world.sandbox.approve_on_phone("30001001").is_some());
    let working = world.after(1, "brd", &waiting.session).await;
    assert_eq!((working.verdict, working.bank_word.as_str()), (Verdict::StillWorking, "ACCP"));
    let settled = world.after(3, "brd", &working.session).await;
    assert_eq!((settled.verdict, settled.bank_word.as_str()), (Verdict::Settled, "ACSC"));
    assert!(world.bank("brd").withdraw(&settled.session).await.is_err());
}

#[tokio::test]
async fn decoupled_refused_by_the_psu_by_the_bank_and_for_an_unknown_psu() {
    let world = World::start();
    let order = world.order(ANA_AT_BRD, &[CREDITOR], 25);
    let begun = world.begin("brd", &order, "30001001").await.unwrap();
    assert!(world.sandbox.refuse_on_phone("ana").is_some());
    let refused = world.after(0, "brd", &begun.session).await;
    assert_eq!(
        (refused.verdict, refused.bank_word.as_str()),
        (Verdict::Rejected(Reason::PsuDeclined), "RJCT")
    );

    let order = world.order(ELENA_AT_BRD, &[CREDITOR], 25);
    let begun = world.begin("brd", &order, "30003001").await.unwrap();
    assert!(world.sandbox.approve_on_phone("30003001").is_some());
    let declined = world.after(2, "brd", &begun.session).await;
    assert_eq!(declined.verdict, Verdict::Rejected(Reason::BankDeclined));

    for (psu_id, status, code) in [("50001001", 400, "FORMAT_ERROR"), ("39999999", 401, "PSU_CREDENTIALS_INVALID")] {
        let order = world.order(ANA_AT_BRD, &[CREDITOR], 25);
        let taken = world.initiate("brd", &order, psu_id).await.unwrap();
        let error = world.reply("brd", &taken.session, begin_with(psu_id)).await.unwrap_err();
        assert!(
            matches!(&error, BankError::Refused { status: s, code: c, .. } if (*s, c.as_str()) == (status, code)),
            "{error:?}"
        );
        let withdrawn = world.bank("brd").withdraw(&taken.session).await.unwrap();
        assert_eq!(withdrawn.verdict, Verdict::Cancelled(Reason::Withdrawn));
    }
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_found_again() {
    let world = World::start();
    for fault in [
        Fault::DropAfterEffect,
        Fault::StatusAfterEffect(500),
        Fault::Malformed,
        Fault::EmptyBody,
    ] {
        let order = world.order(ANA_AT_BRD, &[CREDITOR], 25);
        world.sandbox.fail_next_at(BankCode::Brd, Operation::Authorise, fault.clone());
        let begun = world.begin("brd", &order, "30001001").await.unwrap();
        assert_eq!(message(&begun), None, "{fault:?}");
        let again = world.reply("brd", &begun.session, begin_with("30001001")).await;
        assert!(matches!(again, Err(BankError::Unsupported)), "{fault:?}");
        let waiting = world.after(1, "brd", &begun.session).await;
        assert_eq!(message(&waiting), None, "{fault:?}");
        assert!(world.sandbox.approve_on_phone("30001001").is_some());
        assert_eq!(world.after(5, "brd", &waiting.session).await.verdict, Verdict::Settled, "{fault:?}");
    }
    // The session from before the start, as a crash leaves it, leads there too.
    let order = world.order(ANA_AT_BRD, &[CREDITOR], 25);
    let taken = world.initiate("brd", &order, "30001001").await.unwrap();
    assert_eq!(needed(&world.after(0, "brd", &taken.session).await), &PsuStep::Begin);
    world.reply("brd", &taken.session, begin_with("30001001")).await.unwrap();
    assert_eq!(message(&world.after(0, "brd", &taken.session).await), None);
}

#[tokio::test]
async fn decoupled_asked_with_the_order() {
    let world = World::start();
    let order = world.order(ANA_AT_MOBIL, &[CREDITOR], 25);
    let taken = world.initiate("demo-mobil", &order, "0700000101").await.unwrap();
    assert!(message(&taken).is_some());
    assert!(world.sandbox.approve_on_phone("0700000101").is_some());
    assert_eq!(world.after(5, "demo-mobil", &taken.session).await.verdict, Verdict::Settled);

    let mut standing = world.order(ANA_AT_MOBIL, &[CREDITOR], 25);
    let today = world.clock.now().date();
    standing.schedule = Some(Schedule {
        start_date: today + chrono::Days::new(3),
        frequency: Frequency::Weekly,
        day_of_execution: Some(31),
    });
    let taken = world.initiate("demo-mobil", &standing, "0700000101").await.unwrap();
    assert!(world.sandbox.approve_on_phone("0700000101").is_some());
    let accepted = world.after(3, "demo-mobil", &taken.session).await;
    assert_eq!(accepted.verdict, Verdict::StillWorking);
    world.clock.advance(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(world.after(3, "demo-mobil", &accepted.session).await.verdict, Verdict::Settled);

    let error = world.initiate("demo-mobil", &order_again(&order), "0799999999").await.unwrap_err();
    assert!(matches!(error, BankError::Refused { status: 401, .. }), "{error:?}");
    let several = world.order(ANA_AT_MOBIL, &[CREDITOR, CREDITOR], 25);
    let error = world.initiate("demo-mobil", &several, "0700000101").await.unwrap_err();
    assert!(matches!(error, BankError::Unsupported), "{error:?}");
}

/// The next attempt of an order.
fn order_again(order: &Order) -> Order {
    Order {
        attempt: order.attempt + 1,
        ..order.clone()
    }
}
