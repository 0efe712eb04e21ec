//! One bank hangs. It takes half of each node's places and keeps them, and nobody else waits for it.

use crate::support::node::{Node, Ports};
use crate::support::payer::{ANA, ANA_LINK, Holder, Payer};
use crate::support::proxy::Act;
use crate::support::{World, eventually};
use serde_json::json;
use smartpay::payment::{PaymentId, Status};
use smartpay::store::payments::{self, Payment};
use smartpay::store::worklist;
use std::time::{Duration, Instant};

/// Payments of the bank that works, asked about once undisturbed and once beside the bank that hangs.
const OTHERS: i64 = 600;
/// Payments of the bank that hangs: many times what it gets places for.
const HANGING: i64 = 600;
/// Payers at the bank that works.
const PAYERS: usize = 16;
/// Payers who have pressed „Plătește” at the bank that hangs.
const STUCK: usize = 24;
/// Half of `worker.payments_at_once` by default.
const HALF: usize = 32;
/// A bank that hangs does so for longer than the scenario takes.
const HANGS: &str = "110000";
/// How much longer anything may take beside a bank that hangs. It costs nothing; the machine does.
const RATIO: u32 = 6;
const POLLS: &str = "GET /link/v1/payments";
const HUNG: &str = "GET /cec/v1/payments";

/// What a payer and the timer need at the bank that works.
struct Took {
    polls: Duration,
    submits: Duration,
}

/// One payment that its bank works on, with all that is needed to ask about it.
async fn processing(world: &World, holder: Holder, bank: &str) -> Payment {
    let started = world.started(json!({})).await;
    let payer = Payer::new();
    let form = payer.form(&started.link, holder).await.unwrap().with("bank", bank);
    let answer = payer.submit(&form).await.unwrap();
    let page = payer.follow(&answer).await.unwrap();
    let back = payer.decide(&page, holder, "da").await.unwrap();
    payer.come_back(&back).await.unwrap();
    world.becomes(started.tokens.payment, Status::Processing).await;
    let payment = world.payment(started.tokens.payment).await;
    assert!(payment.bank_session.is_some(), "it can be asked about");
    payment
}

/// Payments like one, all due.
async fn add_due(world: &World, like: &Payment, first: i64, many: i64, late_s: i64) {
    let (like, due_at) = (like.clone(), world.clock.now() - chrono::TimeDelta::seconds(late_s));
    let insert = move |a: &mut smartpay::store::Access<'_>| {
        for n in first..first + many {
            let mut copy = like.clone();
            copy.id = PaymentId::from_number(2_000_000_000_000_000 + n).unwrap();
            copy.due_at = Some(due_at);
            copy.callback_hash = None;
            copy.instructions.clear();
            // Asked often before, so that none is due a second time meanwhile.
            copy.polls = 100;
            payments::add(a, &copy)?;
        }
        Ok(())
    };
    world.db().write(insert).await.unwrap();
}

/// Until each of the others' payments was asked about.
async fn polls(world: &World, like: &Payment, first: i64) -> Duration {
    let (db, before) = (world.db(), world.door.seen(POLLS));
    add_due(world, like, first, OTHERS, 60).await;
    let begun = Instant::now();
    loop {
        let (now, hung) = (world.clock.now(), ["cec".to_owned()]);
        let due = db.read(move |a| worklist::due(a, now, 1, &hung)).await.unwrap();
        let asked = world.door.seen(POLLS) - before;
        if due.is_empty() && asked >= usize::try_from(OTHERS).unwrap() {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{asked} of {OTHERS} asked, {due:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Payers at the bank that works, one after the other, at one node after the other.
async fn submits(world: &World, doors: &[u16]) -> Duration {
    let mut took = Duration::ZERO;
    for n in 0..PAYERS {
        let started = world.started(json!({})).await;
        let payer = Payer::new();
        let mut form = payer.form(&started.link, ANA_LINK).await.unwrap().with("bank", "demo-link");
        form.action.set_port(Some(doors[n % doors.len()])).unwrap();
        let begun = Instant::now();
        let answer = payer.submit(&form).await.unwrap();
        took += begun.elapsed();
        assert_eq!(answer.status, 303);
        assert!(payer.get(&started.link).await.unwrap().has("a#go"));
    }
    took
}

async fn measured(world: &World, like: &Payment, first: i64, doors: &[u16]) -> Took {
    let (polls, submits) = tokio::join!(polls(world, like, first), submits(world, doors));
    Took { polls, submits }
}

async fn patient(world: &World, name: &str, ports: Ports) -> Node {
    let mut how = world.how(name, ports, "");
    how.environment = vec![("SMARTPAY__BANK_CALLS__TOTAL_TIMEOUT_MS", HANGS.into())];
    let mut node = Node::spawn(&how);
    node.ready().await;
    node
}

/// Payers at the bank that hangs; they wait as long as the scenario takes.
async fn stuck(world: &World, doors: &[u16]) {
    let payers = (0..STUCK).map(|n| async move {
        let started = world.started(json!({})).await;
        let payer = Payer::new();
        let mut form = payer.form(&started.link, ANA).await.unwrap();
        form.action.set_port(Some(doors[n % doors.len()])).unwrap();
        // The payer's browser gives up before the bank does.
        let _ = payer.submit(&form).await;
        std::future::pending::<()>().await;
    });
    futures_util::future::join_all(payers).await;
}

async fn one_bank_hangs(world: World, nodes: usize) {
    let mut all = [("node", world.ports), ("second", Ports::free())];
    let mut running = Vec::new();
    for (name, ports) in all.iter_mut().take(nodes) {
        running.push(patient(&world, name, *ports).await);
    }
    let doors: Vec<u16> = all.iter().take(nodes).map(|(_, ports)| ports.public).collect();
    let hangs = processing(&world, ANA, "cec").await;
    let works = processing(&world, ANA_LINK, "demo-link").await;
    let alone = measured(&world, &works, 0, &doors).await;

    world.door.always(HUNG, Act::BlackHole);
    world.door.always("POST /cec/v1/payments", Act::BlackHole);
    let before = world.door.seen(HUNG);
    // Far longer overdue than everything else.
    add_due(&world, &hangs, 10_000, HANGING, 3600).await;
    let full = HALF * nodes;
    let occupied = async {
        eventually("the bank that hangs has all it gets", async || {
            let payers = world.door.seen("POST /cec/v1/payments") > STUCK;
            (payers && world.door.seen(HUNG) - before >= full).then_some(())
        })
        .await;
        measured(&world, &works, OTHERS, &doors).await
    };
    let beside = tokio::select! {
        () = stuck(&world, &doors) => unreachable!("they wait for good"),
        took = occupied => took,
    };
    eprintln!(
        "one bank hangs with {HANGING} payments, {nodes} node(s): the other's {OTHERS} were asked about in {} ms (undisturbed {} ms), {PAYERS} payers submitted in {} ms (undisturbed {} ms)",
        beside.polls.as_millis(),
        alone.polls.as_millis(),
        beside.submits.as_millis(),
        alone.submits.as_millis(),
    );
    // Not one of the calls that hang has ended meanwhile, so nobody waited for one.
    assert_eq!(world.door.seen(HUNG) - before, full, "half of the places, and no more");
    assert!(beside.polls < alone.polls * RATIO, "the timer");
    assert!(beside.submits < alone.submits * RATIO, "payers");
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_21_one_bank_hangs_and_the_others_stay_fast() {
    one_bank_hangs(World::start_slow("", Duration::from_secs(86_400)).await, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_21_one_bank_hangs_at_both_places_of_two_nodes() {
    if let Some(world) = World::on_postgres_slow("", None, Duration::from_secs(86_400)).await {
        one_bank_hangs(world, 2).await;
    }
}
