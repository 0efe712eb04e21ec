//! Faults around the return from the bank: it may come twice, forged, late, early or never.

use crate::support::browser::Page;
use crate::support::node::Node;
use crate::support::partner::Started;
use crate::support::payer::{ANA, ANA_LINK, Payer};
use crate::support::proxy::Act;
use crate::support::{A_LEASE, A_LINK, World, eventually};
use serde_json::json;
use smartpay::payment::Status;
use std::time::Duration;
use url::Url;

/// Where codes are exchanged and tokens refreshed.
const TOKEN: &str = "POST /cec/oauth2/token";
const STATUS: &str = "GET /cec/v1/payments";

/// A payer who has approved at the bank and is not back yet.
struct Approved {
    world: World,
    node: Node,
    started: Started,
    payer: Payer,
    back: Url,
}

impl Approved {
    async fn now() -> Self {
        Self::in_world(World::start().await, "").await
    }

    async fn in_world(world: World, fail_points: &str) -> Self {
        let node = world.node_with(fail_points).await;
        let started = world.started(json!({})).await;
        let payer = Payer::new();
        let page = payer.pay(&started.link, ANA).await.unwrap();
        world.promises.lock().unwrap().at_bank.push(started.tokens.payment);
        let back = payer.decide(&page, ANA, "da").await.unwrap();
        Self {
            world,
            node,
            started,
            payer,
            back,
        }
    }

    fn id(&self) -> i64 {
        self.started.tokens.payment
    }

    async fn becomes(&self, status: Status) {
        self.world.becomes(self.id(), status).await;
    }

    async fn come_back(&self) -> Page {
        self.payer.come_back(&self.back).await.unwrap()
    }

    async fn restart(&mut self) {
        self.node.kill();
        self.node = self.world.node().await;
    }
}

/// A payer who is at the bank and has decided nothing.
async fn at_the_bank(world: &World) -> (Started, Payer, Page) {
    let started = world.started(json!({})).await;
    let payer = Payer::new();
    let page = payer.pay(&started.link, ANA).await.unwrap();
    (started, payer, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_12_the_callback_comes_again_and_again() {
    let mut a = Approved::now().await;
    let at_once = futures_util::future::join_all((0..10).map(|_| a.payer.come_back(&a.back))).await;
    assert!(at_once.iter().all(|p| p.as_ref().is_ok_and(|p| p.status == 200)), "{at_once:?}");
    assert_eq!(a.world.door.seen(TOKEN), 1, "a code works once");
    a.come_back().await;
    a.restart().await;
    a.come_back().await;
    a.becomes(Status::Settled).await;
    let page = a.come_back().await;
    assert!(page.status == 200 && page.url.path() == "/payment-initiation", "{page:?}");
    a.restart().await;
    a.come_back().await;
    let stranger = Payer::new().come_back(&a.back).await.unwrap();
    assert_eq!((stranger.status, stranger.url.path()), (200, "/payment-return/cec"));
    assert_eq!(a.world.door.seen(TOKEN), 1);
    a.world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_13_forged_callbacks_change_nothing() {
    let world = World::start().await;
    let _node = world.node().await;
    let (started, payer, page) = at_the_bank(&world).await;
    let id = started.tokens.payment;
    let before = world.payment(id).await;
    let target = Url::parse(&format!("http://127.0.0.1:{}/payment-return/cec", world.ports.public)).unwrap();
    let stranger = Payer::new();
    for query in [
        "code=forged&state=forged",
        "error=access_denied&state=forged",
        "error=access_denied",
        "code=forged",
        "",
        "state=&code=",
        "error=acces_denied&state=forged&code=forged",
        "code=%00%ff&state=%00",
    ] {
        let mut url = target.clone();
        url.set_query(Some(query));
        assert!(stranger.get(&url).await.unwrap().status < 500, "{query}");
        // The payer's own browser, led there by a hostile page.
        assert!(payer.get(&url).await.unwrap().status < 500, "{query}");
        let now = world.payment(id).await;
        assert_eq!(now.status, before.status, "{query}");
        assert_eq!(now.bank_payment_id, before.bank_payment_id, "{query}");
    }
    assert!(
        world.orders(id).iter().all(smartpay::sandbox::Order::is_waiting),
        "nothing was withdrawn"
    );
    let back = payer.decide(&page, ANA, "da").await.unwrap();
    payer.come_back(&back).await.unwrap();
    world.becomes(id, Status::Settled).await;
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_14_the_callback_never_comes() {
    let a = Approved::now().await;
    // The tab was closed. The bank books; we cannot ask it, and do not pretend to know.
    a.world.advance(A_LINK).await;
    a.becomes(Status::InDoubt).await;
    a.world.ends_well().await;
    let mut started = a.started.clone();
    let sight = a.world.shop().sees(&mut started).await;
    assert!(sight.is_err() || sight.is_ok_and(|s| !s.is_final));
    assert_eq!(a.world.payment(a.id()).await.status, Status::InDoubt);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_14_the_callback_comes_two_hours_late() {
    let a = Approved::now().await;
    // Only our clock: the bank still takes the code.
    a.world.set_program_clock(2 * 3600 * 1000).await;
    a.becomes(Status::InDoubt).await;
    a.come_back().await;
    a.becomes(Status::Settled).await;
    a.world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_14_the_callback_is_too_late_for_the_bank() {
    let a = Approved::now().await;
    a.world.advance(Duration::from_secs(2 * 3600)).await;
    a.becomes(Status::InDoubt).await;
    let page = a.come_back().await;
    assert_eq!(page.status, 200);
    assert_eq!(a.world.payment(a.id()).await.status, Status::InDoubt, "the code has run out");
    a.world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_15_a_forged_callback_before_the_answer_to_the_order_is_saved() {
    let world = World::start().await;
    let _node = world.node().await;
    let started = world.started(json!({})).await;
    let (payer, stranger, id) = (Payer::new(), Payer::new(), started.tokens.payment);
    let form = payer.form(&started.link, ANA).await.unwrap();
    world.door.once("POST /cec/v1/payments", Act::Delay(Duration::from_millis(1200)));
    let target = Url::parse(&format!("http://127.0.0.1:{}/payment-return/cec", world.ports.public)).unwrap();
    let early = async {
        eventually("the bank has the order", async || (!world.orders(id).is_empty()).then_some(())).await;
        let before = world.payment(id).await;
        assert_eq!(before.status, Status::Initiating);
        for query in [
            "code=early",
            "error=access_denied",
            "error=access_denied&state=early",
            "code=early&state=early",
            "",
        ] {
            let mut url = target.clone();
            url.set_query(Some(query));
            for who in [&payer, &stranger] {
                assert_eq!(who.get(&url).await.unwrap().status, 200, "{query}");
            }
            let now = world.payment(id).await;
            let saved = now.status == Status::AwaitingPsu && now.version == before.version + 1;
            assert!(
                saved || (now.status, now.version) == (before.status, before.version),
                "{query}: {now:?}"
            );
        }
    };
    let (answer, ()) = tokio::join!(payer.submit(&form), early);
    let page = payer.follow(&answer.unwrap()).await.unwrap();
    assert!(page.has("a#go"), "{}", page.text());
    assert_eq!(world.door.seen(TOKEN), 0);
    let back = payer.decide(&page, ANA, "da").await.unwrap();
    payer.come_back(&back).await.unwrap();
    world.becomes(id, Status::Settled).await;
    world.ends_well().await;
}

/// Where the bank wants the payer, out of the answer to the order that it has not got rid of yet.
fn bank_page(world: &World) -> Option<Url> {
    let answer = world.door.late_answer();
    let json: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    Url::parse(json["_links"]["scaRedirect"]["href"].as_str()?).ok()
}

/// The bank leads the payer on by itself, as by a message to the telephone, and is slow to answer us.
#[tokio::test(flavor = "multi_thread")]
async fn fault_15_a_genuine_callback_before_the_answer_to_the_order_is_saved() {
    for (decision, heard) in [("da", Status::Processing), ("nu", Status::AttemptRefused)] {
        let world = World::start_slow("", Duration::from_secs(86_400)).await;
        let mut how = world.how("node", world.ports, "");
        how.environment = vec![("SMARTPAY__BANK_CALLS__TOTAL_TIMEOUT_MS", "8000".into())];
        let mut node = Node::spawn(&how);
        node.ready().await;
        let started = world.started(json!({})).await;
        let (payer, id) = (Payer::new(), started.tokens.payment);
        let form = payer.form(&started.link, ANA_LINK).await.unwrap().with("bank", "demo-link");
        world.door.once("POST /link/v1/payments", Act::Delay(Duration::from_secs(3)));
        let early = async {
            let bank = eventually("the bank sends its link", async || bank_page(&world)).await;
            let back = payer.decide_at(&bank, ANA_LINK, decision).await.unwrap();
            let before = world.payment(id).await;
            assert_eq!((before.status, before.bank_payment_id), (Status::Initiating, None));
            let page = payer.come_back(&back).await.unwrap();
            (page, world.payment(id).await)
        };
        let (answer, (page, after)) = tokio::join!(payer.submit(&form), early);
        assert_eq!((answer.unwrap().status, page.status), (303, 200));
        // The return itself was heard: nobody had to ask later.
        assert_eq!((after.status, after.polls), (heard, 0), "{decision}");
        assert_eq!(page.url.path(), "/payment-initiation", "{decision}");
        assert_eq!(world.orders(id).len(), 1);
        world.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_16_the_exchange_times_out_and_the_bank_spent_the_code() {
    let a = Approved::now().await;
    a.world.door.once(TOKEN, Act::SwallowAnswer);
    a.come_back().await;
    a.becomes(Status::InDoubt).await;
    a.come_back().await;
    assert_eq!(a.world.payment(a.id()).await.status, Status::InDoubt, "the code works once");
    a.world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_16_the_exchange_times_out_and_the_bank_never_saw_the_code() {
    let a = Approved::now().await;
    a.world.door.once(TOKEN, Act::BlackHole);
    a.come_back().await;
    a.becomes(Status::InDoubt).await;
    // The payer reloads: the code is still good.
    a.come_back().await;
    a.becomes(Status::Settled).await;
    a.world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_16_killed_between_the_exchange_and_its_record() {
    for place in ["exchange_code_bank_acted", "reply_unsaved"] {
        let mut a = Approved::in_world(World::start().await, &format!("{place}=return")).await;
        assert!(a.payer.come_back(&a.back).await.is_err(), "{place}");
        a.node.died().await;
        a.node = a.world.node().await;
        assert_eq!(a.world.payment(a.id()).await.status, Status::AwaitingPsu, "{place}");
        a.world.advance(A_LEASE).await;
        a.come_back().await;
        a.world.ends_well().await;
        // The bank booked, and nobody can ask it: it must not be given up.
        assert_eq!(a.world.payment(a.id()).await.status, Status::InDoubt, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_17_killed_between_the_refresh_and_its_record() {
    for place in ["refresh_token_bank_acted", "ask_unsaved"] {
        let hour = Duration::from_secs(3600);
        let mut a = Approved::in_world(World::start_slow("", hour).await, &format!("{place}=return")).await;
        if place == "ask_unsaved" {
            // The first question is to be the one after the token has run out.
            a.come_back().await;
            a.world.advance(hour).await;
        } else {
            a.come_back().await;
            a.becomes(Status::Processing).await;
            a.world.advance(hour).await;
        }
        a.node.died().await;
        a.node = a.world.node().await;
        a.world.ends_well().await;
        // The bank has voided the tokens; it booked, and nobody can ask it.
        let payment = a.world.payment(a.id()).await;
        assert!(matches!(payment.status, Status::InDoubt | Status::Settled), "{place}: {payment:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_18_expiry_meets_an_approval() {
    // Approved, not back: never given up.
    let a = Approved::now().await;
    a.world.set_program_clock(i64::try_from(A_LINK.as_millis()).unwrap()).await;
    a.becomes(Status::InDoubt).await;
    a.come_back().await;
    a.becomes(Status::Settled).await;
    // Not approved: given up here and at the bank, and the payer cannot approve any more.
    let (started, payer, page) = at_the_bank(&a.world).await;
    a.world.set_program_clock(2 * i64::try_from(A_LINK.as_millis()).unwrap()).await;
    a.world.becomes(started.tokens.payment, Status::Abandoned).await;
    assert!(payer.decide(&page, ANA, "da").await.is_err());
    // The bank's word on the withdrawal is lost: nothing is given up without it.
    let (started, _, _) = at_the_bank(&a.world).await;
    let door = &a.world.door;
    (0..3).for_each(|_| door.once("DELETE /cec/v1/payments", Act::CutAfter));
    a.world.set_program_clock(3 * i64::try_from(A_LINK.as_millis()).unwrap()).await;
    eventually("the withdrawal is sent", async || (door.seen("DELETE ") >= 3).then_some(())).await;
    let payment = a.world.payment(started.tokens.payment).await;
    assert!(matches!(payment.status, Status::AwaitingPsu | Status::Abandoned), "{payment:?}");
    a.world.ends_well().await;
    assert_eq!(a.world.payment(started.tokens.payment).await.status, Status::Abandoned);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_18_many_approvals_race_their_expiry() {
    let world = World::start().await;
    let _node = world.node().await;
    let mut at_bank = Vec::new();
    for _ in 0..12 {
        at_bank.push(at_the_bank(&world).await);
    }
    let decide = at_bank.iter().enumerate().map(|(n, (_, payer, page))| async move {
        tokio::time::sleep(Duration::from_millis(8 * n as u64)).await;
        if let Ok(back) = payer.decide(page, ANA, "da").await {
            let _ = payer.come_back(&back).await;
        }
    });
    let expire = world.set_program_clock(i64::try_from(A_LINK.as_millis()).unwrap());
    tokio::join!(futures_util::future::join_all(decide), expire);
    world.ends_well().await;
    let asked = world.door.seen(STATUS) + world.door.seen("DELETE ");
    assert!(asked >= 12, "the bank was asked before anything was given up: {asked}");
}
