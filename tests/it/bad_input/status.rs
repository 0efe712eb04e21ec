//! GET status.

use super::{BAD_TOKEN, NO_IDS, NO_PAYMENT, Snapshot, UNLIMITED, bad_tokens, is_refused};
use crate::support::TestApp;
use crate::support::partner::{STATUS, an_order, with};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn only_the_payments_own_token_reads_it() {
    let app = TestApp::start_with(UNLIMITED).await;
    let (shop, other) = (app.shop(), app.partner("other-shop"));
    let (mine, mine_too, foreign) = (shop.tokens().await, shop.tokens().await, other.tokens().await);
    shop.init(&mine, &with(an_order(), json!({ "psuEmail": "ana@payer.example" })))
        .await
        .good();
    let before = Snapshot::of(&app);
    let ask = async |partner: &crate::support::partner::Partner, id: &str, header: Option<&str>| {
        let mut request = partner.request(Method::GET, &format!("{STATUS}/{id}"));
        if let Some(header) = header {
            request = request.header(AUTHORIZATION, header);
        }
        partner.send(request).await
    };
    let id = mine.payment.to_string();
    for (row, header) in bad_tokens(&mine, &foreign) {
        is_refused(
            row,
            &ask(&shop, &id, header.as_deref()).await,
            BAD_TOKEN,
            &[&mine.access, &foreign.access],
        );
    }
    let bearer = format!("Bearer {}", mine.access);
    for no_id in NO_IDS {
        is_refused(no_id, &ask(&shop, no_id, Some(&bearer)).await, NO_PAYMENT, &[&mine.access]);
    }
    let theirs = foreign.payment.to_string();
    let other_own = mine_too.payment.to_string();
    let in_query = format!("{id}?access_token={}", mine.access);
    let stranger = app.partner("stranger");
    for (row, partner, path, header, wanted) in [
        ("another partner's payment", &shop, &theirs, Some(bearer.as_str()), NO_PAYMENT),
        ("another own payment", &shop, &other_own, Some(&bearer), BAD_TOKEN),
        ("another certificate", &other, &id, Some(&bearer), BAD_TOKEN),
        ("nobody's certificate", &stranger, &id, Some(&bearer), BAD_TOKEN),
        ("a token in the query", &shop, &in_query, None, BAD_TOKEN),
    ] {
        is_refused(row, &ask(partner, path, header).await, wanted, &[&mine.access, &theirs]);
    }
    let body = shop
        .request(Method::GET, &format!("{STATUS}/{id}"))
        .bearer_auth(&mine.access)
        .body("x".repeat(2_000_000));
    // A body means nothing here.
    assert_eq!(shop.send(body).await.status, 200);

    app.advance(Duration::from_secs(299));
    ask(&shop, &id, Some(&bearer)).await.good();
    app.advance(Duration::from_secs(1));
    is_refused(
        "an expired token",
        &ask(&shop, &id, Some(&bearer)).await,
        BAD_TOKEN,
        &[&mine.access],
    );
    before.is_still(&app, "asking");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_good_way_of_asking() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let (empty, full) = (shop.tokens().await, shop.tokens().await);
    shop.init(&full, &an_order()).await.good();
    let before = Snapshot::of(&app);
    for tokens in [&empty, &full] {
        for prefix in ["/gateway", ""] {
            for family in ["/core/rest/api/core", "/core/rest/api"] {
                for (end, scheme) in [("", "Bearer"), ("?", "bearer"), ("?unknown=1", "BEARER")] {
                    let path = format!("{prefix}{family}/status/{}{end}", tokens.payment);
                    let request = shop
                        .request(Method::GET, &path)
                        .header(AUTHORIZATION, format!("{scheme} {}", tokens.access));
                    let answer = shop.send(request).await.good();
                    assert_eq!(answer.json["paymentId"], tokens.payment, "{path}");
                    let amount = if tokens == &full { json!("123.45") } else { json!(null) };
                    assert_eq!(answer.json["amount"], amount, "{path}");
                    assert_eq!(answer.text("transactionStatus"), "INIT", "{path}");
                }
            }
        }
    }
    before.is_still(&app, "asking");
}
