//! POST refreshToken.

use super::{
    BAD_TOKEN, Body, FORM, JSON, NOT_YOU, Refusal, Snapshot, TOO_LARGE, UNLIMITED, UNREADABLE, WRONG_TYPE, invalid, is_refused, multipart,
    two_megabytes,
};
use crate::support::TestApp;
use crate::support::partner::{Answer, Partner, REFRESH, Tokens};
use reqwest::Method;
use std::time::Duration;

const NO_TOKEN: Refusal = invalid(&[("refresh_token", "MISSING")]);
const NO_CLIENT: Refusal = invalid(&[("client_id", "MISSING")]);
const NOTHING: Refusal = invalid(&[("client_id", "MISSING"), ("refresh_token", "MISSING")]);
const LONG_TOKEN: Refusal = invalid(&[("refresh_token", "TOO_LONG")]);

async fn refresh_by(partner: &Partner, path: &str, body: Body) -> Answer {
    partner.send(body.on(partner.request(Method::POST, path))).await
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn rows(good: &str, access: &str) -> Vec<(&'static str, Body, Refusal)> {
    let form = |text: String| Body::new(FORM, text);
    let json = |text: String| Body::new(JSON, text);
    let long = "x".repeat(201);
    vec![
        ("nothing", form(String::new()), NOTHING),
        ("no client", form(format!("refresh_token={good}")), NO_CLIENT),
        ("an empty client", form(format!("refresh_token={good}&client_id=")), NO_CLIENT),
        (
            "a long client",
            form(format!("refresh_token={good}&client_id={long}")),
            invalid(&[("client_id", "TOO_LONG")]),
        ),
        (
            "an unknown client",
            form(format!("refresh_token={good}&client_id=unknown-client")),
            NOT_YOU,
        ),
        (
            "a foreign client",
            form(format!("refresh_token={good}&client_id=other-shop")),
            NOT_YOU,
        ),
        ("no token", form("client_id=shop".into()), NO_TOKEN),
        ("an empty token", form("client_id=shop&refresh_token=".into()), NO_TOKEN),
        ("a blank token", form("client_id=shop&refresh_token=+++".into()), NO_TOKEN),
        ("a long token", form(format!("client_id=shop&refresh_token={long}")), LONG_TOKEN),
        (
            "an unknown token",
            form("client_id=shop&refresh_token=garbage-garbage".into()),
            BAD_TOKEN,
        ),
        (
            "a token with NUL",
            form("client_id=shop&refresh_token=garbage%00".into()),
            invalid(&[("refresh_token", "FORBIDDEN_CHARACTERS")]),
        ),
        (
            "bytes that are no text",
            form("client_id=shop&refresh_token=%ff%fe%fd".into()),
            BAD_TOKEN,
        ),
        ("an access token", form(format!("client_id=shop&refresh_token={access}")), BAD_TOKEN),
        (
            "a cut token",
            form(format!("client_id=shop&refresh_token={}", &good[1..])),
            BAD_TOKEN,
        ),
        (
            "a token in capitals",
            form(format!("client_id=shop&refresh_token={}", good.to_uppercase())),
            BAD_TOKEN,
        ),
        ("null", json(r#"{"client_id":"shop","refresh_token":null}"#.into()), NO_TOKEN),
        ("a number", json(r#"{"client_id":"shop","refresh_token":5}"#.into()), BAD_TOKEN),
        (
            "a list",
            json(format!(r#"{{"client_id":"shop","refresh_token":["{good}"]}}"#)),
            invalid(&[("refresh_token", "WRONG_TYPE")]),
        ),
        (
            "two lists",
            json(r#"{"client_id":[],"refresh_token":{}}"#.into()),
            invalid(&[("client_id", "WRONG_TYPE"), ("refresh_token", "WRONG_TYPE")]),
        ),
        (
            "a token twice",
            json(format!(
                r#"{{"client_id":"shop","refresh_token":"{good}","refresh_token":"{good}"}}"#
            )),
            UNREADABLE,
        ),
        (
            "broken JSON",
            json(format!(r#"{{"client_id":"shop","refresh_token":"{good}"#)),
            UNREADABLE,
        ),
        (
            "an empty part",
            multipart(&[("client_id", "shop"), ("refresh_token", "")]),
            NO_TOKEN,
        ),
        (
            "a wrong type",
            Body::new("text/xml", format!("client_id=shop&refresh_token={good}")),
            WRONG_TYPE,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_change_no_token() {
    let app = TestApp::start_with(UNLIMITED).await;
    let (shop, other) = (app.shop(), app.partner("other-shop"));
    let (mut tokens, foreign) = (shop.tokens().await, other.tokens().await);
    let before = Snapshot::of(&app);
    for (row, body, wanted) in rows(&tokens.refresh, &tokens.access) {
        let answer = refresh_by(&shop, REFRESH, body).await;
        is_refused(
            row,
            &answer,
            wanted,
            &[&tokens.refresh, &tokens.access, "unknown-client", "garbage"],
        );
        before.is_still(&app, row);
    }
    let answer = shop.refresh(&foreign.refresh).await;
    is_refused("another partner's token", &answer, BAD_TOKEN, &[&foreign.refresh]);
    let answer = other.refresh(&tokens.refresh).await;
    is_refused("with another partner's certificate", &answer, BAD_TOKEN, &[&tokens.refresh]);
    for body in two_megabytes() {
        is_refused("2 MB", &refresh_by(&shop, REFRESH, body).await, TOO_LARGE, &[]);
    }
    before.is_still(&app, "foreign and large ones");
    tokens = Tokens::of(&shop.refresh(&tokens.refresh).await.good());
    shop.status(&tokens).await.good();

    // Two hours later it is over.
    app.advance(Duration::from_secs(120 * 60 + 1));
    let before = Snapshot::of(&app);
    is_refused(
        "an expired token",
        &shop.refresh(&tokens.refresh).await,
        BAD_TOKEN,
        &[&tokens.refresh],
    );
    before.is_still(&app, "an expired token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_exchanged_ends_the_whole_family() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let (first, bystander) = (shop.tokens().await, shop.tokens().await);
    let second = Tokens::of(&shop.refresh(&first.refresh).await.good());
    assert_eq!(first.payment, second.payment);
    is_refused("the access token before", &shop.status(&first).await, BAD_TOKEN, &[&first.access]);
    shop.status(&second).await.good();

    is_refused("the token again", &shop.refresh(&first.refresh).await, BAD_TOKEN, &[&first.refresh]);
    let revoked = Snapshot::of(&app);
    is_refused("the next access token", &shop.status(&second).await, BAD_TOKEN, &[&second.access]);
    is_refused(
        "the next refresh token",
        &shop.refresh(&second.refresh).await,
        BAD_TOKEN,
        &[&second.refresh],
    );
    is_refused(
        "the token a third time",
        &shop.refresh(&first.refresh).await,
        BAD_TOKEN,
        &[&first.refresh],
    );
    revoked.is_still(&app, "revoked tokens");
    shop.status(&bystander).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_good_way_of_asking() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let mut tokens = shop.tokens().await;
    let mut good = async |row: &str, path: &str, body: Body| {
        let fill = |text: &str| text.replace("TOKEN", &tokens.refresh);
        let body = Body {
            content_type: body.content_type,
            bytes: fill(&String::from_utf8(body.bytes).unwrap()).into_bytes(),
        };
        let answer = refresh_by(&shop, &fill(path), body).await;
        assert_eq!(answer.status, 200, "{row}: {}", answer.json);
        let next = Tokens::of(&answer.good());
        assert_eq!(next.payment, tokens.payment, "{row}");
        assert!(next.access != tokens.access && next.refresh != tokens.refresh, "{row}");
        tokens = next;
    };
    for prefix in ["/gateway", ""] {
        for family in ["/authenticate/rest/api/authenticate", "/authenticate/rest/api"] {
            let path = format!("{prefix}{family}/refreshToken");
            let all = format!("{path}?refresh_token=TOKEN&clientID=shop");
            good(&all, &all, Body::untyped("")).await;
            good(&path, &format!("{path}?"), Body::new(FORM, "refresh_token=TOKEN&clientId=shop")).await;
        }
    }
    good("form without a type", REFRESH, Body::untyped("refresh_token=TOKEN&client_id=shop")).await;
    good(
        "multipart",
        REFRESH,
        multipart(&[("refresh_token", "TOKEN"), ("client_id", "shop")]),
    )
    .await;
    good(
        "JSON",
        REFRESH,
        Body::new(JSON, r#"{"refresh_token":"TOKEN","client_id":"shop","more":[{}]}"#),
    )
    .await;
    let query = format!("{REFRESH}?client_id=shop");
    good("query and body", &query, Body::new(FORM, "refresh_token=TOKEN")).await;
    assert_eq!(Snapshot::of(&app).count("payments"), 1, "exchanging tokens makes no payments");
}
