//! Faults of the partner's calls: orders sent again, tokens used twice.

use crate::support::World;
use crate::support::partner::{Tokens, an_order, with};
use crate::support::payer::{ANA, Payer};
use crate::support::shop::{Shop, good};
use serde_json::json;
use smartpay::payment::Status;
use url::Url;

#[tokio::test(flavor = "multi_thread")]
async fn fault_10_the_same_order_is_sent_again_and_again() {
    let world = World::start().await;
    let mut node = world.node().await;
    let shop = world.shop();
    let tokens = shop.token().await.unwrap();
    let order = an_order();
    let at_once = futures_util::future::join_all((0..20).map(|_| shop.init(&tokens, &order))).await;
    let links: Vec<String> = at_once
        .into_iter()
        .map(|a| good(a.unwrap()).unwrap().text("redirectUri").to_owned())
        .collect();
    assert!(links.iter().all(|l| *l == links[0]), "{links:?}");
    world.promises.lock().unwrap().accepted.push(tokens.payment);
    let other = shop.init(&tokens, &with(an_order(), json!({ "amount": "123.46" }))).await.unwrap();
    assert_ne!(other.status, 200, "{}", other.json);
    node.kill();
    let _node = world.node().await;
    let shop = world.shop();
    assert_eq!(
        good(shop.init(&tokens, &an_order()).await.unwrap()).unwrap().text("redirectUri"),
        links[0]
    );
    let link = Url::parse(&links[0]).unwrap();
    Payer::new().pay_and_approve(&link, ANA).await.unwrap();
    world.becomes(tokens.payment, Status::Settled).await;
    // After the end: the same answer, and nothing begins anew.
    let again = shop.init(&tokens, &an_order()).await.unwrap();
    assert_eq!(good(again).unwrap().text("redirectUri"), links[0]);
    assert_ne!(
        shop.init(&tokens, &with(an_order(), json!({ "details": "alta" })))
            .await
            .unwrap()
            .status,
        200
    );
    world.ends_well().await;
    assert_eq!(world.orders(tokens.payment).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_10_the_same_order_at_once_on_two_nodes() {
    let Some(world) = World::on_postgres("", None).await else { return };
    let _one = world.node().await;
    let (two, _) = world.second_node("").await;
    let (shop, other) = (world.shop(), Shop::at(two.gateway()));
    for _ in 0..5 {
        let tokens = shop.token().await.unwrap();
        let order = an_order();
        let at_once = (0..20).map(|n| {
            if n % 2 == 0 {
                shop.init(&tokens, &order)
            } else {
                other.init(&tokens, &order)
            }
        });
        let answers = futures_util::future::join_all(at_once).await;
        let links: Vec<String> = answers
            .into_iter()
            .map(|a| good(a.unwrap()).unwrap().text("redirectUri").to_owned())
            .collect();
        assert!(links.iter().all(|l| *l == links[0]), "{links:?}");
        world.promises.lock().unwrap().accepted.push(tokens.payment);
    }
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_11_a_refresh_token_is_used_twice_at_once() {
    let world = World::start().await;
    let _node = world.node().await;
    let started = world.started(json!({})).await;
    let shop = world.shop();
    let answers = futures_util::future::join_all((0..8).map(|_| shop.refresh(&started.tokens.refresh))).await;
    let won: Vec<Tokens> = answers
        .into_iter()
        .filter_map(|a| good(a.unwrap()).ok())
        .map(|a| Tokens::of(&a))
        .collect();
    assert!(won.len() <= 1, "{won:?}");
    for tokens in won.iter().chain([&started.tokens]) {
        assert_eq!(shop.status(tokens).await.unwrap().status, 401, "somebody has a copy: all are void");
    }
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_11_killed_between_the_rotation_and_its_answer() {
    let world = World::start().await;
    let mut node = world.node_with("tokens_rotated=return").await;
    let started = world.started(json!({})).await;
    assert!(world.shop().refresh(&started.tokens.refresh).await.is_err());
    node.died().await;
    let _node = world.node().await;
    let shop = world.shop();
    // The old pair was exchanged, and is known to have been.
    assert_eq!(shop.status(&started.tokens).await.unwrap().status, 401);
    assert_eq!(shop.refresh(&started.tokens.refresh).await.unwrap().status, 401);
    // The payment itself goes on, and its payer gets the mail.
    Payer::new().pay_and_approve(&started.link, ANA).await.unwrap();
    world.becomes(started.tokens.payment, Status::Settled).await;
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_11_killed_between_the_rotation_of_a_consents_tokens_and_their_answer() {
    let world = World::start().await;
    let mut node = world.node_with("tokens_rotated=return").await;
    let erp = world.erp().await;
    let tokens = erp.consent_token(("isConsent", "1")).await.unwrap().json["result"].clone();
    let (consent, text) = (tokens["consentId"].as_i64().unwrap(), |field: &str| tokens[field].as_str().unwrap());
    assert_eq!(erp.consent_status(consent, text("access_token")).await.unwrap().status, 200);
    assert!(erp.refresh(text("refresh_token")).await.is_err());
    node.died().await;
    let _node = world.node().await;
    // The old pair was exchanged, and is known to have been; the lost one nobody has.
    assert_eq!(erp.consent_status(consent, text("access_token")).await.unwrap().status, 401);
    assert_eq!(erp.refresh(text("refresh_token")).await.unwrap().status, 401);
    // The consent itself goes on with tokens that the partner asks for anew.
    let again = erp.consent_token(("consentId", &consent.to_string())).await.unwrap().json["result"].clone();
    let access = again["access_token"].as_str().unwrap();
    assert_eq!(erp.consent_status(consent, access).await.unwrap().status, 200);
    world.ends_well().await;
}
