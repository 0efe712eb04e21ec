//! Faults around mail: a message leaves the outbox only when a server took it.

use crate::support::mail::Mood;
use crate::support::partner::Started;
use crate::support::payer::{ANA, EMAIL, Payer};
use crate::support::{World, eventually};
use serde_json::json;
use smartpay::payment::Status;
use std::time::Duration;

async fn settled(world: &World, email: &str) -> Started {
    let started = world.started(json!({})).await;
    Payer::with_email(email).pay_and_approve(&started.link, ANA).await.unwrap();
    world.becomes(started.tokens.payment, Status::Settled).await;
    started
}

/// Copies of the mail about a payment that the server kept.
fn copies(world: &World, started: &Started) -> usize {
    let id = started.tokens.payment.to_string();
    world.mail.message_ids().iter().filter(|m| m.contains(&id)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_25_the_mail_server_is_down_refuses_hangs_or_cuts() {
    let world = World::start().await;
    let node = world.node().await;
    for (mood, kept) in [(Mood::Down, 0), (Mood::Refuse, 0), (Mood::CutBefore250, 1), (Mood::Hang, 1)] {
        world.mail.set(mood);
        let started = settled(&world, EMAIL).await;
        // What is kept by the server without a 250 is sent again, under the same Message-ID.
        tokio::time::sleep(Duration::from_millis(1800)).await;
        assert!(copies(&world, &started) >= kept, "{mood:?}");
        world.mail.set(Mood::Take);
        let all = eventually("the mail arrives", async || {
            world.advance(Duration::from_secs(30)).await;
            let all = copies(&world, &started);
            (all > kept).then_some(all)
        })
        .await;
        assert!(all <= kept + 1, "{mood:?}: {all} copies");
    }
    world.ends_well().await;
    assert_eq!(node.said("panicked"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_25_killed_between_the_250_and_the_mark() {
    let world = World::start().await;
    let mut node = world.node_with("mail_delivered=return").await;
    let started = world.started(json!({})).await;
    Payer::new().pay_and_approve(&started.link, ANA).await.unwrap();
    node.died().await;
    assert_eq!(copies(&world, &started), 1);
    let _node = world.node().await;
    world.ends_well().await;
    assert_eq!(copies(&world, &started), 2, "once too often, rather than never");
    let mut ids = world.mail.message_ids();
    ids.dedup();
    assert_eq!(ids.len(), 1, "all copies share one Message-ID: {ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_26_a_poison_message_does_not_block_the_queue() {
    let world = World::start().await;
    let _node = world.node().await;
    world.mail.set(Mood::RefusePoison);
    let poisoned = settled(&world, "poison@payer.example").await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(settled(&world, EMAIL).await);
    }
    // One whose text cannot even be opened: somebody changed the row.
    let broken = settled_and_broken(&world).await;
    let last = settled(&world, EMAIL).await;
    others.push(last);
    for started in &others {
        eventually("the others' mails arrive", async || (copies(&world, started) == 1).then_some(())).await;
    }
    assert_eq!(copies(&world, &poisoned), 0);
    assert_eq!(copies(&world, &broken), 0);
}

/// A settled payment whose mail waits with a payload that does not open.
async fn settled_and_broken(world: &World) -> Started {
    use diesel::connection::SimpleConnection as _;
    world.mail.set(Mood::Down);
    let started = settled(world, EMAIL).await;
    let mut conn = crate::support::database::connect(&world.database.url());
    let payment = started.tokens.payment;
    conn.batch_execute(&format!("UPDATE outbox SET payload_sealed = x'0102' WHERE payment_id = {payment}"))
        .unwrap();
    world.mail.set(Mood::RefusePoison);
    world.advance(Duration::from_secs(200)).await;
    started
}
