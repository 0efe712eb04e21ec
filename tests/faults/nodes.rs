//! Faults of whole nodes: long outages, hangs, stalls, restarts.

use crate::support::balancer::Balancer;
use crate::support::node::Node;
use crate::support::payer::{ANA, BRUTARIA, Gone, Payer};
use crate::support::proxy::{Act, http};
use crate::support::shop::Shop;
use crate::support::{A_LEASE, World, eventually};
use serde_json::json;
use smartpay::payment::{PaymentId, Status};
use smartpay::store::{history, payments};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use url::Url;

const STATUS: &str = "GET /cec/v1/payments";
/// A bank that does not move by itself.
const A_DAY: Duration = Duration::from_secs(86_400);
const POST: &str = "POST /cec/v1/payments";
const OVERDUE: usize = 10_000;
/// Half of `worker.payments_at_once` by default: what one bank gets of one node.
const AT_ONCE: usize = 32;
/// How long the overdue payments sleep before all are due.
const SLEEP: Duration = Duration::from_secs(60);
/// Partners at work at the same time.
const VISITORS: usize = 4;
/// Partners that do nothing but ask.
const ASKING: usize = 8;

/// How one of the overdue payments is known at the bank.
fn order(n: usize) -> String {
    format!("restanta-{n:05}")
}

/// Of every fourth the bank says something that it has not said before.
fn has_news(n: usize) -> bool {
    n.is_multiple_of(4)
}

/// A payment that the bank works on, and thousands like it that are due at one moment, as after an outage.
async fn overdue(world: &World) -> Url {
    let mut node = world.node().await;
    let started = world.started(json!({})).await;
    Payer::new().pay_and_approve(&started.link, ANA).await.unwrap();
    world.becomes(started.tokens.payment, Status::Processing).await;
    let waiting = world.started(json!({})).await;
    node.kill();
    let like = world.payment(started.tokens.payment).await;
    let due = world.clock.now() + chrono::TimeDelta::from_std(SLEEP).unwrap();
    let talk: serde_json::Value = serde_json::from_str(like.bank_session.as_ref().unwrap()).unwrap();
    let insert = move |a: &mut smartpay::store::Access<'_>| {
        for n in 0..OVERDUE {
            let mut copy = like.clone();
            copy.id = PaymentId::from_number(2_000_000_000_000_000 + i64::try_from(n).unwrap()).unwrap();
            copy.bank_payment_id = Some(order(n));
            let mut talk = talk.clone();
            talk["bank_payment_id"] = order(n).into();
            copy.bank_session = Some(talk.to_string());
            copy.due_at = Some(due);
            // Of most, the bank has nothing new to say.
            copy.bank_word = Some(if has_news(n) { "ACTC" } else { "ACSP" }.into());
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

/// How often the bank was asked about each order of these names.
fn questions(world: &World) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for line in world.door.lines(STATUS) {
        if let Some(at) = line.find("restanta-") {
            *times.entry(line[at..at + order(0).len()].to_owned()).or_default() += 1;
        }
    }
    times
}

/// The same questions by a client that does nothing else, as many at once as all nodes together may ask: what
/// this bank gives on this machine.
async fn asked_directly(world: &World, at_once: usize) -> Duration {
    use futures_util::StreamExt as _;
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .pool_max_idle_per_host(at_once)
        .build()
        .unwrap();
    let begun = Instant::now();
    let all = (0..OVERDUE).map(|n| {
        let url = format!(
            "http://{}/cec/v1/payments/RON-credit-transfers/directly-{n:05}/status",
            world.door.address
        );
        let http = http.clone();
        async move { http.get(url).send().await.unwrap().bytes().await.unwrap().len() }
    });
    let bytes: usize = futures_util::stream::iter(all)
        .buffer_unordered(at_once)
        .fold(0, async |sum, n| sum + n)
        .await;
    assert!(bytes > OVERDUE);
    begun.elapsed()
}

fn percentile_ms(times: &mut [Duration], of_100: usize) -> u128 {
    times.sort_unstable();
    times[(times.len() - 1) * of_100 / 100].as_millis()
}

/// Measures until every overdue payment was asked about and none is due, with pages opened all the while.
async fn drained(world: &World, link: &Url, begun: Instant) -> (Duration, Vec<Duration>) {
    let (db, now) = (world.db(), world.clock.now());
    let payer = Payer::new();
    let (mut pages, mut before) = (Vec::new(), world.door.seen(STATUS));
    loop {
        let asked = Instant::now();
        assert_eq!(payer.get(link).await.unwrap().status, 200);
        pages.push(asked.elapsed());
        // Counting what was asked is not free, so it comes last.
        let left = db.read(move |a| payments::due(a, now, 5)).await.unwrap();
        let seen = world.door.seen(STATUS);
        if left.is_empty() && seen == before && questions(world).len() == OVERDUE {
            return (begun.elapsed(), pages);
        }
        before = seen;
        assert!(begun.elapsed() < Duration::from_secs(180), "{seen} asked of {OVERDUE}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn ten_thousand(world: World, nodes: usize, bank_ms: u64) -> Duration {
    let link = overdue(&world).await;
    let answer = http("200 OK", "Content-Type: application/json\r\n", "{\"transactionStatus\":\"ACSP\"}");
    world.door.always(STATUS, Act::SayLate(Duration::from_millis(bank_ms), answer));
    let directly = asked_directly(&world, AT_ONCE * nodes).await;
    let _one = world.node().await;
    let _two = if nodes > 1 { Some(world.second_node("").await) } else { None };
    let begun = Instant::now();
    world.advance(SLEEP + Duration::from_secs(1)).await;
    let (took, mut pages) = drained(&world, &link, begun).await;
    let asked = questions(&world);
    eprintln!(
        "{OVERDUE} overdue polls, {nodes} node(s), bank answers in {bank_ms} ms: {} ms; asked directly, {} at once: {} ms; ratio {}.{:02}; pages meanwhile: median {} ms, p99 {} ms",
        took.as_millis(),
        AT_ONCE * nodes,
        directly.as_millis(),
        took.as_millis() / directly.as_millis(),
        took.as_millis() * 100 / directly.as_millis() % 100,
        percentile_ms(&mut pages, 50),
        percentile_ms(&mut pages, 99),
    );
    let twice: Vec<_> = asked.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "asked more than once: {twice:?}");
    assert_eq!(asked.len(), OVERDUE, "each is asked about");
    assert!(percentile_ms(&mut pages, 99) < 1500);
    all_put_off(&world).await;
    took
}

/// Every one of them was asked about once more, says so, and is due again later; news are in the history.
async fn all_put_off(world: &World) {
    let now = world.clock.now();
    let db = world.db();
    for n in (0..OVERDUE).step_by(97) {
        let id = PaymentId::from_number(2_000_000_000_000_000 + i64::try_from(n).unwrap()).unwrap();
        // The last answers may still be on their way to the disk.
        let (payment, history) = eventually("the answer is saved", async || {
            let read = db.read(move |a| Ok((payments::get(a, id)?.unwrap(), history::of(a, id)?)));
            Some(read.await.unwrap()).filter(|(payment, _)| payment.lease_until.is_none())
        })
        .await;
        assert_eq!((payment.status, payment.polls), (Status::Processing, 101));
        assert!(payment.due_at.unwrap() > now, "due again later");
        let words: Vec<_> = history.iter().map(|e| e.bank_word.as_deref()).collect();
        let news: &[_] = if has_news(n) { &[Some("ACSP")] } else { &[] };
        assert_eq!(words, news);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_20_ten_thousand_overdue_polls() {
    ten_thousand(World::start_slow("", A_DAY).await, 1, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_20_ten_thousand_overdue_polls_on_two_nodes() {
    for bank_ms in [5, 50] {
        let mut took = Vec::new();
        for nodes in [1, 2] {
            let Some(world) = World::on_postgres_slow("", None, A_DAY).await else {
                return;
            };
            took.push(ten_thousand(world, nodes, bank_ms).await.as_millis());
        }
        let gain = took[0] * 100 / took[1];
        eprintln!(
            "two nodes on PostgreSQL, bank answers in {bank_ms} ms: {}.{:02} times one",
            gain / 100,
            gain % 100
        );
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
