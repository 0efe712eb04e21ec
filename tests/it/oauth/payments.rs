//! What an access token is good for.

use super::{PAYMENTS, challenge, get, pay, token_of};
use crate::support::TestApp;
use crate::support::partner::{Answer, BANKS, STATUS, an_order, with};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_its_scope_and_for_the_partners_own_payments() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop(), app.partner("other-shop"));
    let mut started = shop.start(json!({})).await;
    let status = format!("{STATUS}/{}", started.tokens.payment);
    let [banks, read, create] = ["banks:read", "payments:read", "payments:create"];
    for (scope, may_banks, may_read, may_create) in [(banks, 200, 403, 403), (read, 403, 200, 403), (create, 403, 403, 200)] {
        let token = token_of(&shop, scope).await;
        let tried = [
            (get(&shop, BANKS, &token).await, may_banks, banks),
            (get(&shop, &status, &token).await, may_read, read),
            (pay(&shop, &token, scope, &an_order()).await, may_create, create),
        ];
        for (answer, expected, needed) in tried {
            assert_eq!(answer.status, expected, "{scope}: {}", answer.json);
            if expected == 403 {
                assert_eq!(answer.text("messageStatus"), "INSUFFICIENT_SCOPE");
                let words = format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\"");
                assert_eq!(challenge(&answer), (403, words.as_str()));
            }
        }
    }
    let token = token_of(&shop, read).await;
    let seen = get(&shop, &status, &token).await.good().json;
    let own = shop.status(&started.tokens).await.good().json;
    assert_eq!(seen, own, "the same answer by either token");
    assert_eq!(shop.sees(&mut started).await.word, "INIT");
    // Another partner's payment is as one that does not exist.
    let foreign = get(&other, &status, &token_of(&other, read).await).await;
    let none = get(&other, &format!("{STATUS}/1234567890123456"), &token_of(&other, read).await).await;
    let without = |mut answer: Answer| {
        answer.json.as_object_mut().unwrap().remove("reference");
        (answer.status, answer.json)
    };
    assert_eq!(without(foreign), without(none));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_makes_a_payment_and_the_same_call_never_a_second_one() {
    let app = TestApp::start().await;
    let (shop, erp) = (app.shop(), app.erp());
    let token = token_of(&shop, "").await;
    let first = pay(&shop, &token, "comanda-4711", &an_order()).await.good();
    let id = first.json["paymentId"].as_i64().unwrap();
    assert_eq!(first.json["redirectURL"], first.json["redirectUri"]);
    let page = app.psu().open(&first.text("redirectUri").parse().unwrap()).await;
    assert!(page.text().contains("Foișor Atelier SRL"));
    // Again, also as a structured field string, and by many at once.
    assert_eq!(pay(&shop, &token, "\"comanda-4711\"", &an_order()).await.good().json, first.json);
    let many = (0..8).map(|_| async { pay(&shop, &token, "deodata", &an_order()).await.good().json["paymentId"].clone() });
    let ids = futures_util::future::join_all(many).await;
    assert!(ids.iter().all(|one| *one == ids[0]) && ids[0] != first.json["paymentId"], "{ids:?}");
    assert_eq!(app.database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM payments"), ["2"]);
    let refused = pay(&shop, &token, "comanda-4711", &with(an_order(), json!({ "amount": "9.99" }))).await;
    assert_eq!((refused.status, refused.text("messageStatus")), (422, "IDEMPOTENCY_KEY_REUSED"));
    let refused = pay(&shop, &token, "comanda-4711", &with(an_order(), json!({ "isLink2Pay": true }))).await;
    assert_eq!((refused.status, refused.text("messageStatus")), (422, "IDEMPOTENCY_KEY_REUSED"));
    // The key is the partner's own, and is stored as a hash.
    let of_erp = pay(&erp, &token_of(&erp, "").await, "comanda-4711", &an_order()).await.good();
    assert_ne!(of_erp.json["paymentId"].as_i64().unwrap(), id);
    assert!(
        app.database
            .lines("SELECT key_hash AS line FROM payment_keys")
            .iter()
            .all(|hash| !hash.contains("comanda"))
    );
    // What is refused leaves nothing behind, and the key free.
    for wrong in [
        json!({ "amount": "0" }),
        json!({ "amount": null }),
        json!({ "debtorBank": "nobank" }),
        json!({ "isHeadless": "maybe" }),
    ] {
        let refused = pay(&shop, &token, "inca-una", &with(an_order(), wrong)).await;
        assert!([400, 422].contains(&refused.status), "{}", refused.json);
    }
    assert_eq!(app.database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM payments"), ["3"]);
    pay(&shop, &token, "inca-una", &an_order()).await.good();
    for key in ["", "a b", &"k".repeat(256), "\"open"] {
        let refused = pay(&shop, &token, key, &an_order()).await;
        assert_eq!(
            (refused.status, &refused.json["moreDetails"][0]["field"]),
            (400, &json!("Idempotency-Key")),
            "{key}"
        );
    }
    let bare = shop.request(Method::POST, PAYMENTS).bearer_auth(&token).json(&an_order());
    assert_eq!(shop.send(bare).await.json["moreDetails"][0]["code"], "MISSING");
    let twice = shop
        .request(Method::POST, PAYMENTS)
        .bearer_auth(&token)
        .header("Idempotency-Key", "a")
        .header("Idempotency-Key", "b");
    assert_eq!(shop.send(twice.json(&an_order())).await.status, 400);
    let status = get(&shop, &format!("{STATUS}/{id}"), &token).await.good();
    assert_eq!((status.text("transactionStatus"), status.text("amount")), ("INIT", "123.45"));
}
