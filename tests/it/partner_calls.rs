//! The partner API: who may call, what a token is good for, and what happens to an order that is sent twice.

use crate::support::TestApp;
use crate::support::partner::{INIT, Partner, STATUS, TOKEN, Tokens, an_order, with};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// The envelope without what differs from answer to answer.
fn alike(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("reference");
    body
}

async fn refused(partner: &Partner, tokens: &Tokens, payment: i64) -> (u16, Value) {
    let request = partner
        .request(Method::GET, &format!("{STATUS}/{payment}"))
        .bearer_auth(&tokens.access);
    let answer = partner.send(request).await;
    let again = partner
        .request(Method::POST, &format!("{INIT}/{payment}"))
        .bearer_auth(&tokens.access);
    let init = partner.send(again.json(&an_order())).await;
    assert_eq!(init.status, answer.status, "status and initPayment refuse alike");
    assert_eq!(answer.json["status"], answer.status, "the envelope repeats the HTTP status");
    (answer.status, alike(answer.json))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_must_be_the_clients() {
    let app = TestApp::start().await;
    let mut shop = app.shop();
    let tokens = shop.tokens().await;
    assert!((1_000_000_000_000_000..1 << 53).contains(&tokens.payment));
    for client_id in ["other-shop", "nobody", "shop' OR '1'='1"] {
        shop.client_id = client_id.into();
        assert_eq!(shop.token().await.status, 403, "{client_id}");
        assert_eq!(shop.refresh(&tokens.refresh).await.status, 403, "{client_id}");
    }
    let mut stranger = app.partner("stranger");
    for client_id in ["stranger", "shop"] {
        stranger.client_id = client_id.into();
        assert_eq!(stranger.token().await.status, 403, "{client_id}");
    }
    assert_eq!(stranger.banks().await.status, 403);
    assert_eq!(
        app.shop().banks().await.good().json["payload"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|b| b["active"] == true)
            .count(),
        6
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_there_is_no_conversation() {
    use crate::support::certificates;
    let app = TestApp::start().await;
    let url = app.shop().request(Method::POST, TOKEN).build().unwrap().url().clone();
    let foreign = rcgen::generate_simple_self_signed(vec!["shop".to_owned()]).unwrap();
    let foreign = format!("{}{}", foreign.cert.pem(), foreign.signing_key.serialize_pem());
    for identity in [None, Some(foreign)] {
        let ca = reqwest::Certificate::from_pem(certificates::pem("ca.pem")).unwrap();
        let mut client = reqwest::Client::builder().no_proxy().tls_certs_only([ca]);
        if let Some(pem) = &identity {
            client = client.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap());
        }
        let answer = client
            .build()
            .unwrap()
            .post(url.clone())
            .form(&[("client_id", "shop")])
            .send()
            .await;
        assert!(answer.is_err(), "foreign certificate: {}", identity.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_one_payment_and_one_certificate() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop(), app.partner("other-shop"));
    let (mine, second, theirs) = (shop.tokens().await, shop.tokens().await, other.tokens().await);
    assert_eq!(refused(&other, &mine, mine.payment).await.0, 401, "another certificate");
    assert_eq!(refused(&shop, &mine, second.payment).await.0, 401, "another payment of one's own");
    let (status, body) = refused(&shop, &mine, theirs.payment).await;
    let unknown = refused(&shop, &mine, 8_000_000_000_000_000).await;
    assert_eq!((status, body), unknown, "another partner's payment looks like none");
    assert_eq!(unknown.0, 404);
    let forged = Tokens {
        access: "x".repeat(43),
        ..mine.clone()
    };
    assert_eq!(refused(&shop, &forged, mine.payment).await.0, 401);
    // A refresh token is not an access token, and belongs to the certificate too.
    let swapped = Tokens {
        access: mine.refresh.clone(),
        ..mine.clone()
    };
    assert_eq!(refused(&shop, &swapped, mine.payment).await.0, 401);
    assert_eq!(other.refresh(&mine.refresh).await.status, 401);
    shop.status(&mine).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn access_tokens_live_five_minutes() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let answer = shop.token().await.good();
    assert_eq!(
        (
            answer.json["result"]["expires_in"].as_i64(),
            answer.json["result"]["token_type"].as_str()
        ),
        (Some(300), Some("Bearer"))
    );
    let tokens = Tokens::of(&answer);
    app.advance(Duration::from_secs(290));
    shop.status(&tokens).await.good();
    app.advance(Duration::from_secs(11));
    assert_eq!(shop.status(&tokens).await.status, 401);
    let renewed = Tokens::of(&shop.refresh(&tokens.refresh).await.good());
    assert_eq!(renewed.payment, tokens.payment);
    shop.status(&renewed).await.good();
    app.advance(Duration::from_secs(121 * 60));
    assert_eq!(shop.refresh(&renewed.refresh).await.status, 401, "refresh tokens end too");
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_rotate_and_a_replayed_one_revokes_the_family() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let first = shop.tokens().await;
    let second = Tokens::of(&shop.refresh(&first.refresh).await.good());
    assert!(first.access != second.access && first.refresh != second.refresh);
    let third = Tokens::of(&shop.refresh(&second.refresh).await.good());
    shop.status(&third).await.good();
    assert_eq!(shop.refresh(&first.refresh).await.status, 401, "somebody has a copy");
    for tokens in [&first, &second, &third] {
        assert_eq!(shop.status(tokens).await.status, 401);
        assert_eq!(shop.refresh(&tokens.refresh).await.status, 401);
    }
    // Other payments are not touched.
    let other = shop.tokens().await;
    shop.status(&other).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_exchanges_at_once_leave_at_most_one_pair() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let tokens = shop.tokens().await;
    let answers = futures_util::future::join_all((0..8).map(|_| shop.refresh(&tokens.refresh))).await;
    let won: Vec<_> = answers.iter().filter(|a| a.status == 200).collect();
    assert!(won.len() <= 1 && answers.iter().all(|a| [200, 401].contains(&a.status)));
    assert_eq!(shop.status(&tokens).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_order_twice_is_one_and_another_is_refused() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let tokens = shop.tokens().await;
    let order = with(an_order(), json!({ "psuEmail": "ana@payer.example", "externalPaymentId": 77 }));
    let first = shop.init(&tokens, &order).await.good();
    assert_eq!(first.json["externalPaymentId"], 77);
    assert_eq!(first.json["redirectUri"], first.json["redirectURL"]);
    // Another order of the fields, and null for absent, are the same content.
    let same = with(order.clone(), json!({ "amount": 123.45 }));
    for body in [&order, &same] {
        assert_eq!(shop.init(&tokens, body).await.good().json, first.json);
    }
    for (field, value) in [
        ("amount", json!("123.46")),
        ("creditorIban", json!("RO09PORL7789778256833565")),
        ("details", json!("altceva")),
        ("psuEmail", Value::Null),
    ] {
        let other = shop.init(&tokens, &with(order.clone(), json!({ field: value }))).await;
        assert_eq!((other.status, other.text("messageStatus")), (409, "OTHER_CONTENT"), "{field}");
    }
    let status = shop.status(&tokens).await.good();
    assert_eq!(status.text("amount"), "123.45");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_order_many_times_at_once_is_one() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let tokens = shop.tokens().await;
    let order = an_order();
    let answers = futures_util::future::join_all((0..20).map(|_| shop.init(&tokens, &order))).await;
    let first = shop.init(&tokens, &order).await.good();
    for answer in &answers {
        match answer.status {
            200 => assert_eq!(answer.json, first.json),
            // On PostgreSQL two may meet; the caller is told to come again.
            503 => assert!(answer.headers.contains_key("retry-after")),
            other => panic!("{other}: {}", answer.json),
        }
    }
    assert!(answers.iter().any(|a| a.status == 200));
    assert_eq!(app.history(tokens.payment).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn different_orders_at_once_leave_one_standing() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let tokens = shop.tokens().await;
    let orders: Vec<Value> = (1..=10).map(|n| with(an_order(), json!({ "amount": format!("{n}.00") }))).collect();
    let answers = futures_util::future::join_all(orders.iter().map(|o| shop.init(&tokens, o))).await;
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1);
    assert!(answers.iter().all(|a| [200, 409, 503].contains(&a.status)));
    let won = answers.iter().position(|a| a.status == 200).unwrap();
    assert_eq!(shop.status(&tokens).await.good().text("amount"), format!("{}.00", won + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_answers_under_all_its_addresses() {
    let app = TestApp::start().await;
    let shop = app.shop();
    for prefix in ["/gateway", ""] {
        for (authenticate, core) in [
            ("authenticate/rest/api/authenticate", "core/rest/api/core"),
            ("authenticate/rest/api", "core/rest/api"),
        ] {
            // A client in the field always sends a bare question mark.
            let token = shop.request(Method::POST, &format!("{prefix}/{authenticate}/token?"));
            let tokens = Tokens::of(&shop.send(token.form(&[("clientID", "shop")])).await.good());
            let init = shop.request(Method::POST, &format!("{prefix}/{core}/initPayment/{}", tokens.payment));
            shop.send(init.bearer_auth(&tokens.access).json(&an_order())).await.good();
            let status = shop.request(Method::GET, &format!("{prefix}/{core}/status/{}?", tokens.payment));
            shop.send(status.bearer_auth(&tokens.access)).await.good();
            shop.send(shop.request(Method::GET, &format!("{prefix}/{core}/banks"))).await.good();
            let refresh = shop.request(Method::POST, &format!("{prefix}/{authenticate}/refreshToken"));
            let fields = json!({ "client_id": "shop", "refresh_token": tokens.refresh });
            shop.send(refresh.json(&fields)).await.good();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payers_are_sent_back_only_where_the_partner_registered() {
    let app = TestApp::start().await;
    let shop = app.shop();
    for (url, status) in [
        ("https://shop.example/inapoi", 200),
        ("https://shop.example/inapoi/7?x=1", 200),
        ("https://shop.example/altundeva", 422),
        ("https://evil.example/inapoi", 422),
        ("http://shop.example/inapoi", 422),
    ] {
        let tokens = shop.tokens().await;
        let answer = shop.init(&tokens, &with(an_order(), json!({ "redirectURL": url }))).await;
        assert_eq!(answer.status, status, "{url}: {}", answer.json);
    }
}
