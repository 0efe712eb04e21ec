//! Faults around „Plătește”: the order leaves once, whatever happens in between.

use crate::support::node::Node;
use crate::support::partner::Started;
use crate::support::payer::{ANA, BRUTARIA, Payer};
use crate::support::proxy::{Act, http};
use crate::support::{A_LEASE, World, eventually};
use serde_json::json;
use smartpay::payment::Status;
use std::time::Duration;

/// Where orders are sent.
const POST: &str = "POST /cec/v1/payments";

struct Killed {
    world: World,
    node: Node,
    started: Started,
    payer: Payer,
}

impl Killed {
    /// Kills the program at a boundary of the submit, and starts it again.
    async fn at(place: &str) -> Self {
        let world = World::start().await;
        let mut node = world.node_with(&format!("{place}=return")).await;
        let started = world.started(json!({})).await;
        let payer = Payer::new();
        let form = payer.form(&started.link, ANA).await.unwrap();
        assert!(payer.submit(&form).await.is_err(), "the program died before it answered");
        node.died().await;
        let node = world.node().await;
        Self {
            world,
            node,
            started,
            payer,
        }
    }

    fn id(&self) -> i64 {
        self.started.tokens.payment
    }

    /// While the dead process's lease lives, nobody sends anything; afterwards the payer may try again.
    async fn lease_protects(&self, orders: usize) {
        let posts = self.world.door.seen(POST);
        // The timer of the new process has had its turns.
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(self.world.payment(self.id()).await.status, Status::Initiating);
        let page = self.payer.get(&self.started.link).await.unwrap();
        assert!(
            !page.has("form[action$='/payment-initiation'] input[name=debtor_iban]"),
            "no form: {}",
            page.text()
        );
        assert_eq!(self.world.orders(self.id()).len(), orders);
        assert_eq!(self.world.door.seen(POST), posts);
        self.world.advance(A_LEASE).await;
        self.world.becomes(self.id(), Status::Created).await;
        assert_eq!(self.world.door.seen(POST), posts, "nothing is sent by itself");
    }

    /// The payer comes back and pays; everything ends well with one booking.
    async fn ends_paid(self, orders: usize) {
        self.payer.pay_and_approve(&self.started.link, ANA).await.unwrap();
        self.world.becomes(self.id(), Status::Settled).await;
        self.world.ends_well().await;
        let all = self.world.orders(self.id());
        assert_eq!(all.len(), orders);
        assert_eq!(all.iter().filter(|o| o.authorised.is_some()).count(), 1);
        assert_eq!(self.node.said("panicked"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_01_killed_before_the_intent_is_committed() {
    let killed = Killed::at("submit_before_intent").await;
    assert_eq!(killed.world.payment(killed.id()).await.status, Status::Created);
    assert_eq!(killed.world.orders(killed.id()), []);
    killed.ends_paid(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_01_killed_between_the_intent_and_the_post() {
    let killed = Killed::at("submit_after_intent").await;
    killed.lease_protects(0).await;
    killed.ends_paid(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_01_killed_after_the_bank_acted() {
    let killed = Killed::at("initiate_bank_acted").await;
    killed.lease_protects(1).await;
    killed.ends_paid(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_01_killed_between_the_answer_and_its_record() {
    let killed = Killed::at("submit_unsaved").await;
    killed.lease_protects(1).await;
    killed.ends_paid(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_01_killed_between_the_record_and_the_redirect() {
    let killed = Killed::at("submit_saved").await;
    let page = killed.payer.get(&killed.started.link).await.unwrap();
    assert!(page.has("a#go"), "the way to the bank is known: {}", page.text());
    let back = killed.payer.decide(&page, ANA, "da").await.unwrap();
    killed.payer.come_back(&back).await.unwrap();
    killed.world.becomes(killed.id(), Status::Settled).await;
    killed.world.ends_well().await;
    assert_eq!(killed.world.orders(killed.id()).len(), 1);
}

/// The answer to the order is lost in this way: the payer is told, and the second try goes well.
async fn a_lost_answer(world: &World, act: Act, orders: usize) {
    let what = format!("{act:?}").chars().take(60).collect::<String>();
    let started = world.started(json!({})).await;
    let (payer, id) = (Payer::new(), started.tokens.payment);
    world.door.once(POST, act);
    let page = payer.press(&started.link, ANA).await.unwrap();
    assert!(page.has("p.notice"), "{what}: {}", page.text());
    assert_eq!(world.payment(id).await.status, Status::Created, "{what}");
    assert_eq!(world.orders(id).len(), orders, "{what}");
    let mut known = started.clone();
    let sight = world.shop().sees(&mut known).await.unwrap();
    assert_eq!((sight.word.as_str(), sight.is_final), ("INIT", false), "{what}");
    payer.pay_and_approve(&started.link, BRUTARIA).await.unwrap();
    world.becomes(id, Status::Settled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_04_the_post_times_out_and_the_bank_has_the_order() {
    let world = World::start().await;
    let _node = world.node().await;
    a_lost_answer(&world, Act::SwallowAnswer, 1).await;
    a_lost_answer(&world, Act::Delay(Duration::from_secs(2)), 1).await;
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_05_the_post_times_out_and_the_bank_never_saw_it() {
    let world = World::start().await;
    let _node = world.node().await;
    a_lost_answer(&world, Act::BlackHole, 0).await;
    world.ends_well().await;
}

/// Everything a bank or something in front of it can answer instead of the answer.
fn bad_answers() -> Vec<Vec<u8>> {
    let huge = "x".repeat(2 * 1024 * 1024);
    vec![
        http("500 Internal Server Error", "", ""),
        http("502 Bad Gateway", "Content-Type: text/html\r\n", "<html><h1>Bad Gateway</h1>"),
        http("503 Service Unavailable", "Retry-After: 1\r\n", "{}"),
        http("201 Created", "Content-Type: application/json\r\n", ""),
        http("201 Created", "Content-Type: application/json\r\n", "{\"transactionStatus\":\"RC"),
        http("201 Created", "Content-Type: application/json\r\n", "[1, 2, 3]"),
        http("201 Created", "Content-Type: application/json\r\n", &huge),
        b"HTTP/1.1 201 Created\r\nContent-Le".to_vec(),
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        Vec::new(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_06_the_order_meets_answers_of_every_bad_kind() {
    let world = World::start().await;
    let _node = world.node().await;
    a_lost_answer(&world, Act::CutBefore, 0).await;
    a_lost_answer(&world, Act::CutAfter, 1).await;
    a_lost_answer(&world, Act::CutMidAnswer, 1).await;
    for bytes in bad_answers() {
        a_lost_answer(&world, Act::Say(bytes.clone()), 0).await;
        a_lost_answer(&world, Act::SayAfter(bytes), 1).await;
    }
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_06_the_status_meets_answers_of_every_bad_kind() {
    let world = World::start().await;
    let _node = world.node().await;
    let mut acts = vec![Act::CutBefore, Act::CutAfter, Act::CutMidAnswer];
    acts.extend(bad_answers().into_iter().map(Act::Say));
    // The token is bought, and every question until now went wrong.
    for act in acts {
        world.door.once("GET /cec/v1/payments", act);
    }
    let started = world.started(json!({})).await;
    Payer::new().pay_and_approve(&started.link, BRUTARIA).await.unwrap();
    for _ in 0..40 {
        let payment = world.payment(started.tokens.payment).await;
        assert!(matches!(payment.status, Status::Processing | Status::Settled), "{payment:?}");
        world.advance(Duration::from_secs(3600)).await;
    }
    world.becomes(started.tokens.payment, Status::Settled).await;
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_07_too_many_requests_and_the_bank_says_when() {
    let world = World::start_slow("", Duration::from_secs(600)).await;
    let _node = world.node().await;
    let busy = http("429 Too Many Requests", "Retry-After: 300\r\n", "{}");
    // The order itself: the bank has nothing, and the payer may try again.
    a_refusal_for_now(&world, &busy).await;
    // The status: nobody asks again before the bank wants to be asked.
    let started = world.started(json!({})).await;
    Payer::new().pay_and_approve(&started.link, ANA).await.unwrap();
    world.becomes(started.tokens.payment, Status::Processing).await;
    world.door.once("GET /cec/v1/payments", Act::Say(busy));
    let before = world.door.seen("GET /cec/v1/payments");
    world.advance(Duration::from_secs(10)).await;
    eventually("the status is asked for", async || {
        (world.door.seen("GET /cec/v1/payments") > before).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let asked = world.door.seen("GET /cec/v1/payments");
    world.advance(Duration::from_secs(250)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.door.seen("GET /cec/v1/payments"), asked, "the bank asked for 300 seconds");
    world.advance(Duration::from_secs(60)).await;
    eventually("it is asked for again", async || {
        (world.door.seen("GET /cec/v1/payments") > asked).then_some(())
    })
    .await;
    world.ends_well().await;
}

async fn a_refusal_for_now(world: &World, busy: &[u8]) {
    let started = world.started(json!({})).await;
    world.door.once(POST, Act::Say(busy.to_vec()));
    let page = Payer::new().press(&started.link, ANA).await.unwrap();
    assert!(page.has("p.notice"), "{}", page.text());
    assert_eq!(world.orders(started.tokens.payment), []);
    assert_eq!(world.payment(started.tokens.payment).await.status, Status::Created);
}

/// Fifty times the same form at once, through one or two doors; the bank is slow to answer. Several times:
/// not every fifty meet.
async fn fifty_submits(world: &World, doors: &[u16]) {
    for _ in 0..4 {
        fifty_at_once(world, doors).await;
    }
    world.ends_well().await;
}

async fn fifty_at_once(world: &World, doors: &[u16]) {
    let started = world.started(json!({})).await;
    let payer = Payer::new();
    let form = payer.form(&started.link, ANA).await.unwrap();
    world.door.once(POST, Act::Delay(Duration::from_millis(300)));
    let posts = world.door.seen(POST);
    let all = (0..50).map(|n| {
        let mut form = form.clone();
        form.action.set_port(Some(doors[n % doors.len()])).unwrap();
        let payer = &payer;
        async move { payer.submit(&form).await.unwrap().status }
    });
    let statuses = futures_util::future::join_all(all).await;
    assert_eq!(statuses, [303; 50], "every tab is sent to the page that shows where it stands");
    assert_eq!(world.door.seen(POST), posts + 1);
    let page = payer.get(&started.link).await.unwrap();
    assert!(page.has("a#go"), "{}", page.text());
    let back = payer.decide(&page, ANA, "da").await.unwrap();
    payer.come_back(&back).await.unwrap();
    world.becomes(started.tokens.payment, Status::Settled).await;
    assert_eq!(world.orders(started.tokens.payment).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_08_fifty_submits_at_once() {
    let world = World::start().await;
    let _node = world.node().await;
    fifty_submits(&world, &[world.ports.public]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_08_fifty_submits_at_once_on_two_nodes() {
    let Some(world) = World::on_postgres("", None).await else { return };
    let _one = world.node().await;
    let (_two, other) = world.second_node("").await;
    fifty_submits(&world, &[world.ports.public, other.public]).await;
}
