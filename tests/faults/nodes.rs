//! Faults of whole nodes: long outages, hangs, stalls, restarts.

use crate::support::balancer::Balancer;
use crate::support::node::Node;
use crate::support::payer::{ANA, BRUTARIA, Gone, Payer};
use crate::support::proxy::{Act, http};
use crate::support::shop::Shop;
use crate::support::{A_LEASE, World, eventually};
use serde_json::json;
use smartpay::payment::{PaymentId, Status};
use smartpay::store::payments;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use url::Url;

const STATUS: &str = "GET /cec/v1/payments";
const POST: &str = "POST /cec/v1/payments";
const OVERDUE: usize = 10_000;
/// How long the bank takes for each status.
const BANK_MS: u64 = 5;
/// Half of `worker.payments_at_once` by default: what one bank gets.
const AT_ONCE: u64 = 32;
/// Partners at work at the same time.
const VISITORS: usize = 4;
/// Partners that do nothing but ask.
const ASKING: usize = 8;

/// A payment that the bank works on, and thousands like it that are overdue, as after an outage.
async fn overdue(world: &World) -> Url {
    let mut node = world.node().await;
    let started = world.started(json!({})).await;
    Payer::new().pay_and_approve(&started.link, ANA).await.unwrap();
    world.becomes(started.tokens.payment, Status::Processing).await;
    let waiting = world.started(json!({})).await;
    node.kill();
    let like = world.payment(started.tokens.payment).await;
    let now = world.clock.now();
    let insert = move |a: &mut smartpay::store::Access<'_>| {
        for n in 0..OVERDUE {
            let mut copy = like.clone();
            copy.id = PaymentId::from_number(2_000_000_000_000_000 + i64::try_from(n).unwrap()).unwrap();
            copy.due_at = Some(now - chrono::TimeDelta::seconds(3600));
            copy.callback_hash = None;
            copy.instructions.clear();
            // Asked often before, so that none is due a second time meanwhile.
            copy.polls = 100;
            payments::add(a, &copy)?;
        }
        Ok(())
    };
    world.db().write(insert).await.unwrap();
    waiting.link
}

fn percentile_ms(times: &mut [Duration], of_100: usize) -> u128 {
    times.sort_unstable();
    times[(times.len() - 1) * of_100 / 100].as_millis()
}

/// Measures until every overdue payment was asked about once, with pages opened all the while.
async fn drained(world: &World, link: &Url, begun: Instant, enough: usize) -> (Duration, Vec<Duration>) {
    let (db, now) = (world.db(), world.clock.now());
    let payer = Payer::new();
    let mut pages = Vec::new();
    loop {
        let asked = Instant::now();
        assert_eq!(payer.get(link).await.unwrap().status, 200);
        pages.push(asked.elapsed());
        let left = db.read(move |a| payments::due(a, now, 5)).await.unwrap();
        // Those that are being asked about are not due any more.
        if left.is_empty() && world.door.seen(STATUS) >= enough {
            return (begun.elapsed(), pages);
        }
        assert!(
            begun.elapsed() < Duration::from_secs(180),
            "{} asked of {OVERDUE}",
            world.door.seen(STATUS)
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn ten_thousand(world: World, two_nodes: bool) {
    let link = overdue(&world).await;
    let answer = http("200 OK", "Content-Type: application/json\r\n", "{\"transactionStatus\":\"ACSP\"}");
    world.door.always(STATUS, Act::SayLate(Duration::from_millis(BANK_MS), answer));
    let before = world.door.seen(STATUS);
    let begun = Instant::now();
    let _node = world.node().await;
    let _second = if two_nodes { Some(world.second_node("").await) } else { None };
    let (took, mut pages) = drained(&world, &link, begun, before + OVERDUE).await;
    let asked = world.door.seen(STATUS) - before;
    let nodes = 1 + u64::from(two_nodes);
    let ideal_ms = OVERDUE as u64 * BANK_MS / AT_ONCE / nodes;
    eprintln!(
        "{OVERDUE} overdue polls, {nodes} node(s): {} ms (ideal with {AT_ONCE} at once: {ideal_ms} ms), {asked} questions, pages meanwhile: median {} ms, p99 {} ms",
        took.as_millis(),
        percentile_ms(&mut pages, 50),
        percentile_ms(&mut pages, 99),
    );
    assert!((OVERDUE..OVERDUE + OVERDUE / 20).contains(&asked), "each is asked once: {asked}");
    assert!(percentile_ms(&mut pages, 99) < 1500);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_20_ten_thousand_overdue_polls() {
    ten_thousand(World::start_slow("", Duration::from_secs(86_400)).await, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_20_ten_thousand_overdue_polls_on_two_nodes() {
    if let Some(world) = World::on_postgres_slow("", None, Duration::from_secs(86_400)).await {
        ten_thousand(world, true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_22_a_node_stalls_past_its_lease_and_wakes() {
    let Some(world) = World::on_postgres("", None).await else { return };
    let one = world.node().await;
    let started = world.started(json!({})).await;
    let (payer, id) = (Payer::new(), started.tokens.payment);
    let form = payer.form(&started.link, ANA).await.unwrap();
    world.door.once(POST, Act::Delay(Duration::from_millis(500)));
    let stall = async {
        eventually("the bank has the order", async || (!world.orders(id).is_empty()).then_some(())).await;
        one.halt();
        // The other node takes over when the lease has run out, and the payer tries again there.
        let (two, ports) = world.second_node("").await;
        world.advance(A_LEASE).await;
        world.becomes(id, Status::Created).await;
        let mut elsewhere = form.clone();
        elsewhere.action.set_port(Some(ports.public)).unwrap();
        assert_eq!(payer.submit(&elsewhere).await.unwrap().status, 303);
        world.becomes(id, Status::AwaitingPsu).await;
        let before = world.payment(id).await;
        one.go_on();
        (two, before)
    };
    let (stalled, (_two, before)) = tokio::join!(payer.submit(&form), stall);
    // Whatever the woken node says to its browser, it changes nothing.
    drop(stalled);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let after = world.payment(id).await;
    assert_eq!((after.version, &after.bank_payment_id), (before.version, &before.bank_payment_id));
    let page = payer.get(&started.link).await.unwrap();
    let back = payer.decide(&page, ANA, "da").await.unwrap();
    payer.come_back(&back).await.unwrap();
    world.becomes(id, Status::Settled).await;
    world.ends_well().await;
    assert_eq!(world.orders(id).len(), 2);
}

/// A partner and its payers, who come all the time and keep their connections; what failed for them.
async fn visitors(gateway: &Url, stop: &AtomicBool) -> (usize, Vec<Gone>) {
    let (mut done, mut failed) = (0, Vec::new());
    let shop = Shop::at(gateway.clone());
    while !stop.load(Ordering::SeqCst) {
        let visit = async {
            let mut started = shop.start(json!({})).await?;
            let payer = Payer::who_keeps_connections();
            payer.pay_and_approve(&started.link, BRUTARIA).await?;
            shop.sees(&mut started).await.map(drop)
        };
        match visit.await {
            Ok(()) => done += 1,
            Err(gone) => failed.push(gone),
        }
    }
    (done, failed)
}

/// A partner that asks one question after the other on the connection it has.
async fn asking(gateway: &Url, stop: &AtomicBool) -> (usize, Vec<Gone>) {
    let (mut done, mut failed) = (0, Vec::new());
    let shop = Shop::at(gateway.clone());
    let started = shop.start(json!({})).await.unwrap();
    while !stop.load(Ordering::SeqCst) {
        match shop.status(&started.tokens).await {
            Ok(answer) if answer.status == 200 => done += 1,
            Ok(answer) => failed.push(format!("{} {}", answer.status, answer.json)),
            Err(gone) => failed.push(gone),
        }
    }
    (done, failed)
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_28_rolling_restart_under_load() {
    let balancer = Balancer::start().await;
    let Some(world) = World::on_postgres("", Some(balancer.public)).await else {
        return;
    };
    let one = world.node().await;
    let (two, other_ports) = world.second_node("").await;
    let nodes = [(one, "node", world.ports), (two, "second", other_ports)];
    balancer.serve_with([world.ports, other_ports]);
    let gateway = balancer.gateway();
    let stop = AtomicBool::new(false);
    let restart_both = async {
        let mut ended = Vec::new();
        for (at, (mut node, name, ports)) in nodes.into_iter().enumerate() {
            tokio::time::sleep(Duration::from_millis(700)).await;
            // As an operator does it: no new connections, then the signal, then the new process.
            balancer.open(at, false);
            tokio::time::sleep(Duration::from_millis(300)).await;
            node.ask_to_stop();
            let begun = Instant::now();
            let status = node.ended().await;
            assert!(status.success(), "{status}: {}", node.log().join("\n"));
            let mut again = Node::spawn(&world.how(name, ports, ""));
            again.ready().await;
            eprintln!("rolling restart: node {} was away for {} ms", at + 1, begun.elapsed().as_millis());
            balancer.open(at, true);
            ended.push(again);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        stop.store(true, Ordering::SeqCst);
        ended
    };
    let load = futures_util::future::join_all((0..VISITORS).map(|_| visitors(&gateway, &stop)));
    let questions = futures_util::future::join_all((0..ASKING).map(|_| asking(&gateway, &stop)));
    let (_nodes, load, questions) = tokio::join!(restart_both, load, questions);
    let sum = |all: &[(usize, Vec<Gone>)]| all.iter().map(|(done, _)| done).sum::<usize>();
    let (done, asked) = (sum(&load), sum(&questions));
    let failed: Vec<Gone> = load.into_iter().chain(questions).flat_map(|(_, failed)| failed).collect();
    eprintln!(
        "rolling restart: {done} payments and {asked} questions meanwhile over {} connections of partners, {} failed",
        balancer.partners(),
        failed.len()
    );
    assert!(failed.is_empty() && done > 10, "{failed:#?}");
    assert!(balancer.partners() < (3 * done + asked) / 2, "connections are kept");
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_28_kept_connections_are_told_to_leave() {
    let world = World::start().await;
    let mut node = world.node().await;
    let balancer = Balancer::start().await;
    balancer.serve_with([world.ports; 2]);
    let (shop, idle) = (Shop::at(balancer.gateway()), Shop::at(balancer.gateway()));
    let started = shop.start(json!({})).await.unwrap();
    idle.token().await.unwrap();
    let payer = Payer::who_keeps_connections();
    let mut link = started.link.clone();
    link.set_port(Some(balancer.public)).unwrap();
    payer.get(&link).await.unwrap();
    // From now on there are no others than the kept ones.
    balancer.open(0, false);
    balancer.open(1, false);
    node.ask_to_stop();
    let begun = Instant::now();
    eventually("balancers are told", async || (node.readiness().await == 503).then_some(())).await;
    let answer = shop.status(&started.tokens).await.unwrap();
    assert_eq!((answer.status, answer.headers["connection"].as_bytes()), (200, &b"close"[..]));
    let page = payer.get(&link).await.unwrap();
    assert_eq!((page.status, page.headers["connection"].as_bytes()), (200, &b"close"[..]));
    assert!(shop.status(&started.tokens).await.is_err() && payer.get(&link).await.is_err());
    // The one that says nothing any more holds nothing up for good.
    assert!(node.ended().await.success());
    eprintln!("stopped {} ms after SIGTERM with an idle connection", begun.elapsed().as_millis());
    assert_eq!(balancer.partners(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_28_a_submit_in_flight_survives_sigterm() {
    let world = World::start().await;
    let mut node = world.node().await;
    let started = world.started(json!({})).await;
    let payer = Payer::new();
    let form = payer.form(&started.link, ANA).await.unwrap();
    world.door.once(POST, Act::Delay(Duration::from_millis(900)));
    let stop = async {
        eventually("the bank has the order", async || {
            (!world.orders(started.tokens.payment).is_empty()).then_some(())
        })
        .await;
        node.ask_to_stop();
    };
    let (answer, ()) = tokio::join!(payer.submit(&form), stop);
    assert_eq!(answer.unwrap().status, 303);
    assert!(node.ended().await.success());
    let _node = world.node().await;
    let page = payer.get(&started.link).await.unwrap();
    let back = payer.decide(&page, ANA, "da").await.unwrap();
    payer.come_back(&back).await.unwrap();
    world.becomes(started.tokens.payment, Status::Settled).await;
    world.ends_well().await;
}
