//! Approval on the bank's page, without OAuth.

use super::{ANA_AT_LINK, ANA_AT_PASI, CREDITOR, World, needed};
use smartpay::bank::{BankError, PsuReply, PsuStep, Reason, Verdict};
use smartpay::sandbox::{BankCode, Fault, Operation};

#[tokio::test]
async fn a_plain_redirect_proves_nothing() {
    let world = World::start();
    let order = world.order(ANA_AT_LINK, &[CREDITOR, CREDITOR], 25);
    let taken = world.initiate("demo-link", &order, "").await.unwrap();
    let forged = vec![("state".to_owned(), "st-1".to_owned())];
    let back = world
        .reply("demo-link", &taken.session, PsuReply::CameBack { query: forged })
        .await
        .unwrap();
    assert_eq!(needed(&back), needed(&taken));
    let query = world.decide(needed(&back), "ana", "1111", "da").await;
    assert!(query.contains(&("state".to_owned(), "st-1".to_owned())) && query.iter().all(|(n, _)| n != "nok"));
    world.sandbox.fail_next_at(BankCode::Link, Operation::ScaStatus, Fault::Status(503));
    let silent = world
        .reply("demo-link", &back.session, PsuReply::CameBack { query: query.clone() })
        .await
        .unwrap();
    assert_eq!(needed(&silent), needed(&taken));
    let back = world
        .reply("demo-link", &silent.session, PsuReply::CameBack { query })
        .await
        .unwrap();
    assert_eq!(back.verdict, Verdict::StillWorking);
    let ended = world.after(5, "demo-link", &back.session).await;
    assert_eq!(ended.verdict, Verdict::Settled);
    assert!(ended.instructions.len() == 2 && ended.instructions.iter().all(|i| i.word == "ACSC"));

    let order = world.order(ANA_AT_LINK, &[CREDITOR], 25);
    let taken = world.initiate("demo-link", &order, "").await.unwrap();
    let query = world.decide(needed(&taken), "ana", "1111", "nu").await;
    assert!(query.contains(&("nok".to_owned(), "1".to_owned())));
    let refused = world
        .reply("demo-link", &taken.session, PsuReply::CameBack { query })
        .await
        .unwrap();
    assert_eq!(refused.verdict, Verdict::Rejected(Reason::PsuDeclined));
}

#[tokio::test]
async fn a_plain_redirect_that_we_start() {
    let world = World::start();
    let order = world.order(ANA_AT_PASI, &[CREDITOR], 25);
    world
        .sandbox
        .fail_next_at(BankCode::Pasi, Operation::Authorise, Fault::DropAfterEffect);
    let lost = world.begin("demo-pasi", &order, "").await.unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(needed(&lost), &PsuStep::Begin);
    assert_eq!(needed(&world.after(0, "demo-pasi", &lost.session).await), &PsuStep::Begin);
    let begun = world
        .reply("demo-pasi", &lost.session, PsuReply::Begin { psu_id: None })
        .await
        .unwrap();
    assert_eq!(
        world.sandbox.orders()[0].authorisations.len(),
        1,
        "the same start again is the same authorisation"
    );
    let query = world.decide(needed(&begun), "ana", "1111", "da").await;
    let back = world
        .reply("demo-pasi", &begun.session, PsuReply::CameBack { query })
        .await
        .unwrap();
    assert_eq!(back.verdict, Verdict::StillWorking);
    assert_eq!(world.after(5, "demo-pasi", &back.session).await.verdict, Verdict::Settled);

    let order = world.order(ANA_AT_PASI, &[CREDITOR], 25);
    let unsendable = world.begin("demo-pasi", &order, "1\n2").await;
    assert!(matches!(unsendable, Err(BankError::Unsupported)), "{unsendable:?}");
}
