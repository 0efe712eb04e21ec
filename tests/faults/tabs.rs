//! Faults of people at browsers: back, reload, and several tabs of one browser that want different banks.

use crate::support::World;
use crate::support::browser::Form;
use crate::support::payer::{ANA, ANA_LINK, BRUTARIA, Gone, Payer, form_of};
use serde_json::json;
use smartpay::payment::Status;
use std::time::Duration;
use url::Url;

const POST: &str = "POST /cec/v1/payments";
/// How often two tabs meet.
const MEETINGS: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn fault_09_back_reload_and_two_tabs() {
    let world = World::start().await;
    let _node = world.node().await;
    let started = world.started(json!({})).await;
    let (payer, id) = (Payer::new(), started.tokens.payment);
    let one = payer.form(&started.link, ANA).await.unwrap();
    let other = payer.form(&started.link, BRUTARIA).await.unwrap();
    let first = payer.submit(&one).await.unwrap();
    // The second tab, another bank in it; then back and „Plătește” again, several times.
    for form in [&other.clone().with("bank", "brd"), &other, &one, &one] {
        let answer = payer.submit(form).await.unwrap();
        let page = payer.follow(&answer).await.unwrap();
        assert!(page.has("a#go"), "it shows where the payment stands: {}", page.text());
    }
    assert_eq!(world.door.seen(POST), 1);
    assert_eq!(world.payment(id).await.debtor_iban.unwrap().electronic(), ANA.iban);
    let page = payer.follow(&first).await.unwrap();
    let back = payer.decide(&page, ANA, "da").await.unwrap();
    for _ in 0..3 {
        payer.come_back(&back).await.unwrap();
        payer.get(&started.link).await.unwrap();
    }
    world.becomes(id, Status::Settled).await;
    let after = payer.submit(&other).await.unwrap();
    assert_eq!(payer.follow(&after).await.unwrap().status, 200);
    world.ends_well().await;
    assert_eq!(world.orders(id).len(), 1);
}

/// The form of a tab in which the other bank is chosen.
async fn link_form(payer: &Payer, link: &Url) -> Form {
    payer.form(link, ANA_LINK).await.unwrap().with("bank", "demo-link")
}

/// Two tabs of one browser, each with a bank of its own, press „Plătește” at the same moment, each through a
/// door of its own: one of them wins, and both tabs show the winner's way to the bank.
async fn two_banks_at_once(world: &World, doors: [u16; 2]) {
    let mut won = Vec::new();
    for meeting in 0..MEETINGS {
        let started = world.started(json!({})).await;
        let (payer, id) = (Payer::new(), started.tokens.payment);
        let mut tabs = [
            payer.form(&started.link, ANA).await.unwrap(),
            link_form(&payer, &started.link).await,
        ];
        for (tab, door) in tabs.iter_mut().zip(doors) {
            tab.action.set_port(Some(door)).unwrap();
        }
        if meeting % 2 == 1 {
            tabs.reverse();
        }
        let (one, other) = tokio::join!(payer.submit(&tabs[0]), payer.submit(&tabs[1]));
        assert_eq!((one.unwrap().status, other.unwrap().status), (303, 303));
        let orders = world.orders(id);
        assert_eq!(orders.len(), 1, "one of the two: {orders:?}");
        let payment = world.payment(id).await;
        let order = &orders[0].received;
        assert_eq!(
            (payment.attempts, payment.bank_payment_id.as_deref()),
            (1, Some(order.payment_id.as_str()))
        );
        let bank = payment.bank_code.unwrap();
        let holder = if bank == "cec" { ANA } else { ANA_LINK };
        assert_eq!(
            payment.debtor_iban.unwrap().electronic(),
            holder.iban,
            "account and bank of one tab"
        );
        let (first, second) = (payer.get(&started.link).await.unwrap(), payer.get(&started.link).await.unwrap());
        assert_eq!(first.link("a#go"), second.link("a#go"), "both tabs lead to {bank}");
        won.push(bank);
        let back = payer.decide(&first, holder, "da").await.unwrap();
        payer.come_back(&back).await.unwrap();
        world.becomes(id, Status::Settled).await;
    }
    eprintln!("two tabs at once: {won:?} won");
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_09_two_tabs_choose_different_banks() {
    let world = World::start().await;
    let _node = world.node().await;
    two_banks_at_once(&world, [world.ports.public; 2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_09_two_tabs_choose_different_banks_on_two_nodes() {
    let Some(world) = World::on_postgres("", None).await else { return };
    let _one = world.node().await;
    let (_two, other) = world.second_node("").await;
    two_banks_at_once(&world, [world.ports.public, other.public]).await;
}

/// The other tab: „Altă bancă”, and then all the way to the other bank, as far as it is let.
async fn another_bank(payer: &Payer, link: &Url, withdraw: &Form) -> Result<(), Gone> {
    payer.submit(withdraw).await?;
    let form = payer.form(link, ANA_LINK).await?.with("bank", "demo-link");
    let answer = payer.submit(&form).await?;
    let page = payer.follow(&answer).await?;
    let back = payer.decide(&page, ANA_LINK, "da").await?;
    payer.come_back(&back).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_09_one_tab_approves_while_the_other_wants_another_bank() {
    let world = World::start().await;
    let _node = world.node().await;
    let (mut stayed, mut changed) = (0, 0);
    for meeting in 0..MEETINGS * 2 {
        let started = world.started(json!({})).await;
        let (payer, id) = (Payer::new(), started.tokens.payment);
        let page = payer.pay(&started.link, ANA).await.unwrap();
        let withdraw = form_of(&page, "/withdraw").unwrap().with("then", "another");
        let approve = async {
            tokio::time::sleep(Duration::from_millis(12 * (2 * MEETINGS - meeting))).await;
            let back = payer.decide(&page, ANA, "da").await?;
            payer.come_back(&back).await.map(drop)
        };
        let change = async {
            tokio::time::sleep(Duration::from_millis(6 * meeting)).await;
            another_bank(&payer, &started.link, &withdraw).await
        };
        // Either may come too late.
        let (approved, another) = tokio::join!(approve, change);
        assert!(approved.is_ok() || another.is_ok(), "{approved:?}, {another:?}");
        let authorised: Vec<_> = world.orders(id).into_iter().filter(|o| o.authorised.is_some()).collect();
        assert_eq!(authorised.len(), 1, "meeting {meeting}: {authorised:#?}");
        let payment = world.payment(id).await;
        assert_eq!(
            payment.bank_payment_id.as_deref(),
            Some(authorised[0].received.payment_id.as_str()),
            "the one we know"
        );
        if payment.bank_code.as_deref() == Some("cec") {
            stayed += 1
        } else {
            changed += 1
        }
    }
    eprintln!("„Altă bancă” against an approval: {stayed} stayed, {changed} changed");
    world.ends_well().await;
}
