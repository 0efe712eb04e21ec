//! Faults of the database: it must not lose what was acknowledged, and nothing is sent without a saved intent.

use crate::support::database::connect;
use crate::support::node::{Node, run_to_end};
use crate::support::partner::{Started, an_order};
use crate::support::payer::{ANA, Payer};
use crate::support::proxy::Act;
use crate::support::shop::good;
use crate::support::wire::Wire;
use crate::support::{A_LEASE, World, eventually};
use diesel::connection::SimpleConnection as _;
use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::json;
use smartpay::payment::Status;
use std::time::Duration;
use url::Url;

const POST: &str = "POST /cec/v1/payments";

#[tokio::test(flavor = "multi_thread")]
async fn fault_03_a_database_that_would_lose_writes_is_refused() {
    let world = World::start().await;
    let settings = world.settings_file("lossy", "");
    // SQLite without a file has no write-ahead log (the program's own pragmas set all else).
    let (well, said) = run_to_end(&settings, &["partner", "list"], &[("SMARTPAY__DATABASE__URL", "sqlite://:memory:")]);
    assert!(!well && said.contains("migrate") || said.contains("power fails"), "{said}");
    let (well, said) = run_to_end(&settings, &["partner", "list"], &[]);
    assert!(well, "{said}");
    let Some(world) = World::on_postgres("", None).await else { return };
    let settings = world.settings_file("lossy", "");
    let lossy = format!("{}?options=-c%20synchronous_commit%3Doff", world.database.url());
    let (well, said) = run_to_end(&settings, &["serve"], &[("SMARTPAY__DATABASE__URL", &lossy)]);
    assert!(
        !well && said.contains("synchronous_commit = off") && said.contains("power fails"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_03_what_was_answered_is_on_the_disk() {
    // As much of a power cut as a process can have: the answer is out, and nothing is flushed after it.
    let world = World::start().await;
    for _ in 0..5 {
        let mut node = world.node().await;
        let started = world.started(json!({})).await;
        node.kill();
        assert!(world.payment(started.tokens.payment).await.request_hash.is_some());
    }
    let _node = world.node().await;
    world.ends_well().await;
}

/// The payer gets through in the end, however often they have to press.
async fn is_paid_in_the_end(world: &World, started: &Started, payer: &Payer) {
    for _ in 0..4 {
        let page = match payer.get(&started.link).await {
            Ok(page) if page.has("a#go") => page,
            _ => {
                let _ = payer.press(&started.link, ANA).await;
                world.advance(A_LEASE).await;
                continue;
            }
        };
        let Ok(back) = payer.decide(&page, ANA, "da").await else { continue };
        if payer.come_back(&back).await.is_err() {
            let _ = payer.come_back(&back).await;
        }
        break;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_23_the_answer_to_a_commit_is_lost() {
    let Some(world) = World::on_postgres("", None).await else { return };
    let wire = Wire::start(&Url::parse(&world.database.url()).unwrap()).await;
    let mut how = world.how("node", world.ports, "");
    how.environment
        .push(("SMARTPAY__DATABASE__URL", wire.through(&world.database.url())));
    let mut node = Node::spawn(&how);
    node.ready().await;
    let shop = world.shop();
    // initPayment: the partner repeats the call, and it is the same payment.
    let tokens = shop.token().await.unwrap();
    wire.lose_answer_of(0).await;
    let first = shop.init(&tokens, &an_order()).await.unwrap();
    assert!(first.status >= 500 && wire.has_cut(), "{}", first.json);
    let answer = good(shop.init(&tokens, &an_order()).await.unwrap()).unwrap();
    world.promises.lock().unwrap().accepted.push(tokens.payment);
    let link: Url = answer.text("redirectUri").parse().unwrap();
    // The intent: it may be on the disk, so nothing is sent, and after the lease the payer may try again.
    let payer = Payer::new();
    let form = payer.form(&link, ANA).await.unwrap();
    wire.lose_answer_of(0).await;
    assert!(payer.submit(&form).await.unwrap().status >= 500 && wire.has_cut());
    assert_eq!(world.door.seen(POST), 0, "no POST without a saved intent");
    assert_eq!(world.payment(tokens.payment).await.status, Status::Initiating);
    world.advance(A_LEASE).await;
    world.becomes(tokens.payment, Status::Created).await;
    // The record of the bank's answer: it was saved.
    let form = payer.form(&link, ANA).await.unwrap();
    wire.lose_answer_of(1).await;
    assert!(payer.submit(&form).await.unwrap().status >= 500 && wire.has_cut());
    let page = payer.get(&link).await.unwrap();
    assert!(page.has("a#go"), "{}", page.text());
    let back = payer.decide(&page, ANA, "da").await.unwrap();
    // The record of the code's exchange.
    wire.lose_answer_of(1).await;
    assert!(payer.get(&back).await.unwrap().status >= 500 && wire.has_cut());
    world.advance(A_LEASE).await;
    world.becomes(tokens.payment, Status::Settled).await;
    world.ends_well().await;
    assert_eq!(world.orders(tokens.payment).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_23_killed_after_each_commit_before_its_answer() {
    let world = World::start().await;
    // The very first start writes a signing key before it is ready; what is counted here comes after that.
    world.node().await.kill();
    for nth in 0..9 {
        let mut node = world.node_with(&format!("committed={nth}*off->return")).await;
        let shop = world.shop();
        let started = async {
            let started = shop.start(json!({})).await?;
            world.promises.lock().unwrap().accepted.push(started.tokens.payment);
            let payer = Payer::new();
            let ended = payer.pay_and_approve(&started.link, ANA).await;
            Ok::<_, String>((started, payer, ended.is_ok()))
        };
        let went = started.await;
        node.kill();
        let _again = world.node().await;
        if let Ok((started, payer, false)) = went {
            is_paid_in_the_end(&world, &started, &payer).await;
        }
    }
    let _node = world.node().await;
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_24_the_database_is_locked_by_somebody_else() {
    let world = World::start().await;
    let _node = world.node().await;
    let started = world.started(json!({})).await;
    let payer = Payer::new();
    let form = payer.form(&started.link, ANA).await.unwrap();
    let mut other = connect(&world.database.url());
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let answer = payer.submit(&form).await.unwrap();
    assert!(matches!(answer.status, 303 | 503), "{}: {}", answer.status, answer.text());
    assert_eq!(world.door.seen(POST), 0, "no POST without a saved intent");
    assert_eq!(payer.get(&started.link).await.unwrap().status, 200, "reading goes on");
    other.batch_execute("ROLLBACK").unwrap();
    payer.pay_and_approve(&started.link, ANA).await.unwrap();
    world.becomes(started.tokens.payment, Status::Settled).await;
    world.ends_well().await;
}

/// The largest file the node may write from now on; everything beyond fails as on a full disk.
fn limit_files(node: &Node, bytes: Option<u64>) {
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(node.pid()), Resource::Fsize, limit).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_24_the_disk_is_full() {
    let world = World::start().await;
    let node = world.node().await;
    let started = world.started(json!({})).await;
    let payer = Payer::new();
    let form = payer.form(&started.link, ANA).await.unwrap();
    limit_files(&node, Some(0));
    let answer = payer.submit(&form).await.unwrap();
    assert!(answer.status >= 500, "{}: {}", answer.status, answer.text());
    assert_eq!(world.door.seen(POST), 0, "no POST without a saved intent");
    assert!(world.shop().token().await.is_err(), "nothing is acknowledged");
    assert_eq!(payer.get(&started.link).await.unwrap().status, 200, "reading goes on");
    limit_files(&node, None);
    // It fills up while the order is at the bank: what the bank says cannot be saved.
    world.door.once(POST, Act::Delay(Duration::from_millis(500)));
    let form = payer.form(&started.link, ANA).await.unwrap();
    let fill = async {
        eventually("the bank has the order", async || {
            (!world.orders(started.tokens.payment).is_empty()).then_some(())
        })
        .await;
        limit_files(&node, Some(0));
    };
    let (answer, ()) = tokio::join!(payer.submit(&form), fill);
    assert!(answer.unwrap().status >= 500);
    assert_eq!(world.payment(started.tokens.payment).await.status, Status::Initiating);
    limit_files(&node, None);
    world.advance(A_LEASE).await;
    world.becomes(started.tokens.payment, Status::Created).await;
    payer.pay_and_approve(&started.link, ANA).await.unwrap();
    world.becomes(started.tokens.payment, Status::Settled).await;
    world.ends_well().await;
    assert_eq!(node.said("panicked"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_24_the_database_turns_read_only() {
    let Some(world) = World::on_postgres("", None).await else { return };
    let _node = world.node().await;
    let started = world.started(json!({})).await;
    let payer = Payer::new();
    let form = payer.form(&started.link, ANA).await.unwrap();
    let turn = |read_only: &str| {
        let mut conn = connect(&world.database.url());
        conn.batch_execute(&format!(
            "BEGIN READ WRITE; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {read_only}', current_database()); END $$; COMMIT"
        ))
        .unwrap();
        conn.batch_execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .unwrap();
    };
    turn("on");
    for _ in 0..3 {
        let answer = payer.submit(&form).await.unwrap();
        assert!(answer.status >= 500, "{}: {}", answer.status, answer.text());
    }
    assert_eq!(world.door.seen(POST), 0, "no POST without a saved intent");
    turn("off");
    eventually("it recovers", async || payer.pay_and_approve(&started.link, ANA).await.ok()).await;
    world.becomes(started.tokens.payment, Status::Settled).await;
    world.ends_well().await;
}
