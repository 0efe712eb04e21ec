//! The same faults at banks that push the approval to the payer's telephone. At Banca Mobil that happens as
//! soon as the bank has the order: after a lost answer nothing may ever be sent again. At BRD a second call
//! starts it, so a lost order is harmless, and a lost start is not.

use crate::support::payer::{Holder, Payer};
use crate::support::proxy::{Act, http};
use crate::support::{A_LEASE, World, eventually};
use serde_json::json;
use smartpay::payment::Status;

const MOBIL_POST: &str = "POST /mobil/v1/payments";
const BRD_START: &str = "POST /brd/v1/payments/";

struct Bank {
    code: &'static str,
    psu_id: &'static str,
    iban: &'static str,
}

const MOBIL: Bank = Bank {
    code: "demo-mobil",
    psu_id: "0700000101",
    iban: "RO50MOBIM00001RON0001001",
};

const BRD: Bank = Bank {
    code: "brd",
    psu_id: "30001001",
    iban: "RO14BRDE410000RON0001001",
};

/// Presses „Plătește” at a bank; answers the status of the answer, 0 when there was none.
async fn press(payer: &Payer, link: &url::Url, bank: &Bank) -> u16 {
    let holder = Holder {
        user: "ana",
        code: "1111",
        iban: bank.iban,
    };
    let Ok(form) = payer.form(link, holder).await else { return 0 };
    let form = form.with("bank", bank.code).with("user_code", bank.psu_id);
    payer.submit(&form).await.map_or(0, |answer| answer.status)
}

/// Whatever the payer tries, and however long everybody waits: no second order.
async fn stays_one(world: &World, id: i64, payer: &Payer, link: &url::Url, posts: usize) {
    for _ in 0..3 {
        world.advance(A_LEASE).await;
        press(payer, link, &MOBIL).await;
    }
    world.becomes(id, Status::InDoubt).await;
    assert_eq!(world.door.seen(MOBIL_POST), posts);
    world.ends_well().await;
    assert_eq!(world.payment(id).await.status, Status::InDoubt);
    assert_eq!(world.door.seen(MOBIL_POST), posts);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_01_killed_while_the_bank_already_asks_the_payer() {
    for place in ["initiate_bank_acted", "submit_unsaved", "submit_after_intent"] {
        let world = World::start().await;
        let mut node = world.node_with(&format!("{place}=return")).await;
        let started = world.started(json!({})).await;
        let payer = Payer::new();
        press(&payer, &started.link, &MOBIL).await;
        node.died().await;
        let _node = world.node().await;
        // The payer sees the request on the telephone and approves it.
        let approved = world.bank.approve_on_phone("ana").is_some();
        assert_eq!(approved, place != "submit_after_intent", "{place}");
        let posts = world.door.seen(MOBIL_POST);
        stays_one(&world, started.tokens.payment, &payer, &started.link, posts).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_04_and_06_the_answer_to_a_pushed_order_is_lost() {
    let acts = [
        Act::SwallowAnswer,
        Act::CutAfter,
        Act::CutMidAnswer,
        Act::SayAfter(http("502 Bad Gateway", "", "")),
        Act::SayAfter(http("201 Created", "Content-Type: application/json\r\n", "")),
        // The bank did not get these; nobody can know that.
        Act::BlackHole,
        Act::Say(http("500 Internal Server Error", "", "")),
    ];
    for act in acts {
        let world = World::start().await;
        let _node = world.node().await;
        let started = world.started(json!({})).await;
        let payer = Payer::new();
        world.door.once(MOBIL_POST, act);
        press(&payer, &started.link, &MOBIL).await;
        world.becomes(started.tokens.payment, Status::InDoubt).await;
        world.bank.approve_on_phone("ana");
        stays_one(&world, started.tokens.payment, &payer, &started.link, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_01_killed_between_the_pushed_order_and_the_page() {
    let world = World::start().await;
    let mut node = world.node_with("submit_saved=return").await;
    let started = world.started(json!({})).await;
    let payer = Payer::new();
    press(&payer, &started.link, &MOBIL).await;
    node.died().await;
    let _node = world.node().await;
    world.bank.approve_on_phone("ana").unwrap();
    eventually("the bank is asked", async || {
        world.advance(std::time::Duration::from_secs(5)).await;
        (world.payment(started.tokens.payment).await.status == Status::Settled).then_some(())
    })
    .await;
    world.ends_well().await;
    assert_eq!(world.door.seen(MOBIL_POST), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_01_killed_around_the_start_of_an_authorisation() {
    for (place, asked) in [("begin_saved", false), ("begin_unsaved", true)] {
        let world = World::start().await;
        let mut node = world.node_with(&format!("{place}=return")).await;
        let started = world.started(json!({})).await;
        let payer = Payer::new();
        press(&payer, &started.link, &BRD).await;
        node.died().await;
        let _node = world.node().await;
        assert_eq!(world.bank.approve_on_phone("ana").is_some(), asked, "{place}");
        let starts = world.door.seen(BRD_START);
        for _ in 0..3 {
            world.advance(A_LEASE).await;
            press(&payer, &started.link, &BRD).await;
        }
        let orders = world.orders(started.tokens.payment);
        let authorised = orders.iter().filter(|o| o.authorised.is_some()).count();
        assert_eq!(authorised, usize::from(asked), "{place}");
        assert!(!asked || orders.len() == 1, "{place}: {} orders, {starts} starts", orders.len());
        world.ends_well().await;
        let payment = world.payment(started.tokens.payment).await;
        assert!(asked == (payment.status == Status::Settled), "{place}: {payment:?}");
    }
}
