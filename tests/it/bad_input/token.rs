//! POST token.

use super::{
    BAD_TOKEN, Body, FORM, JSON, MULTIPART, NOT_YOU, Refusal, Snapshot, TOO_LARGE, UNLIMITED, UNREADABLE, WRONG_TYPE, by_hand, invalid,
    is_refused, multipart, token_by, two_megabytes,
};
use crate::support::TestApp;
use crate::support::partner::{Partner, TOKEN, Tokens};
use reqwest::Method;

const MISSING: Refusal = invalid(&[("client_id", "MISSING")]);
const TOO_LONG: Refusal = invalid(&[("client_id", "TOO_LONG")]);
const NOT_TEXT: Refusal = invalid(&[("client_id", "WRONG_TYPE")]);
const LINK: Refusal = invalid(&[("isLink2Pay", "WRONG_TYPE")]);
const FLEXIBLE: Refusal = invalid(&[("flexibleURL", "WRONG_TYPE")]);
const HEADLESS: Refusal = invalid(&[("isHeadless", "WRONG_TYPE")]);
const ALL: Refusal = invalid(&[
    ("client_id", "MISSING"),
    ("isLink2Pay", "WRONG_TYPE"),
    ("flexibleURL", "WRONG_TYPE"),
    ("isHeadless", "WRONG_TYPE"),
]);

fn long(count: usize) -> String {
    "x".repeat(count)
}

fn in_query() -> Vec<(String, Refusal)> {
    vec![
        (String::new(), MISSING),
        ("?".into(), MISSING),
        ("?client_id".into(), MISSING),
        ("?client_id=".into(), MISSING),
        ("?client_id=%20%09".into(), MISSING),
        ("?CLIENT_ID=shop".into(), MISSING),
        ("?clientid=shop".into(), MISSING),
        ("?clientID=&other=shop".into(), MISSING),
        (format!("?client_id={}", long(201)), TOO_LONG),
        (format!("?clientId={}", long(9000)), TOO_LONG),
        ("?client_id=shop%00".into(), invalid(&[("client_id", "FORBIDDEN_CHARACTERS")])),
        ("?client_id=%ff%fe".into(), NOT_YOU),
        ("?client_id=SHOP".into(), NOT_YOU),
        ("?client_id=null".into(), NOT_YOU),
        ("?client_id=unknown-client".into(), NOT_YOU),
        ("?client_id=other-shop".into(), NOT_YOU),
        ("?client_id=shop%27%20OR%201=1--".into(), NOT_YOU),
        ("?client_id=shop&isLink2Pay=yes".into(), LINK),
        ("?client_id=shop&isLink2Pay=2".into(), LINK),
        ("?client_id=shop&flexibleURL=-1".into(), FLEXIBLE),
        ("?client_id=shop&flexibleURL=null".into(), FLEXIBLE),
        ("?client_id=shop&isHeadless=truetrue".into(), HEADLESS),
        (format!("?client_id=shop&isHeadless={}", long(5000)), HEADLESS),
        ("?isHeadless=x&isLink2Pay=x&flexibleURL=x".into(), ALL),
    ]
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn in_body() -> Vec<(&'static str, Body, Refusal)> {
    let many: String = (0..200).map(|n| format!("field{n}=1&")).collect();
    vec![
        ("an empty form", Body::new(FORM, ""), MISSING),
        ("a form without it", Body::new(FORM, "other=1"), MISSING),
        ("an empty value", Body::new(FORM, "client_id="), MISSING),
        ("a long value", Body::new(FORM, format!("client_id={}", long(201))), TOO_LONG),
        ("many fields", Body::new(FORM, many), UNREADABLE),
        ("an unknown client", Body::untyped("client_id=unknown-client"), NOT_YOU),
        ("an empty multipart body", Body::new(MULTIPART, "--zzz--\r\n"), MISSING),
        ("an empty part", multipart(&[("client_id", "")]), MISSING),
        ("a long part", multipart(&[("client_id", &long(201))]), TOO_LONG),
        (
            "a wrong flag in a part",
            multipart(&[("client_id", "shop"), ("isHeadless", "da")]),
            HEADLESS,
        ),
        (
            "multipart without a boundary",
            Body::new("multipart/form-data", "client_id=shop"),
            UNREADABLE,
        ),
        ("another boundary", Body::new(MULTIPART, "--yyy\r\n\r\nshop"), UNREADABLE),
        ("a part that breaks off", Body::new(MULTIPART, "--zzz\r\nContent-Dispo"), UNREADABLE),
        ("an empty object", Body::new(JSON, "{}"), MISSING),
        ("null", Body::new(JSON, r#"{"client_id":null}"#), MISSING),
        ("an empty text", Body::new(JSON, r#"{"client_id":""}"#), MISSING),
        (
            "a long text",
            Body::new(JSON, format!(r#"{{"client_id":"{}"}}"#, long(201))),
            TOO_LONG,
        ),
        ("a list", Body::new(JSON, r#"{"client_id":["shop"]}"#), NOT_TEXT),
        ("an object", Body::new(JSON, r#"{"client_id":{"a":"shop"}}"#), NOT_TEXT),
        ("a number", Body::new(JSON, r#"{"client_id":5}"#), NOT_YOU),
        ("a truth value", Body::new(JSON, r#"{"client_id":true}"#), NOT_YOU),
        ("a wrong flag", Body::new(JSON, r#"{"client_id":"shop","isLink2Pay":"da"}"#), LINK),
        (
            "a flag that is a number",
            Body::new(JSON, r#"{"client_id":"shop","flexibleURL":1.5}"#),
            FLEXIBLE,
        ),
        (
            "a flag that is a list",
            Body::new(JSON, r#"{"client_id":"shop","isHeadless":[]}"#),
            HEADLESS,
        ),
        (
            "a field twice",
            Body::new(JSON, r#"{"client_id":"shop","client_id":"shop"}"#),
            UNREADABLE,
        ),
        ("a JSON list", Body::new(JSON, r#"["shop"]"#), UNREADABLE),
        ("a JSON text", Body::new(JSON, r#""shop""#), UNREADABLE),
        ("broken JSON", Body::new(JSON, r#"{"client_id":"shop""#), UNREADABLE),
        ("JSON that goes on", Body::new(JSON, r#"{"client_id":"shop"}{}"#), UNREADABLE),
        (
            "bytes that are no text",
            Body::new(JSON, b"{\"client_id\":\"\xff\"}".as_slice()),
            UNREADABLE,
        ),
        ("deep JSON", Body::new(JSON, "{\"client_id\":".repeat(1000)), UNREADABLE),
        ("half a surrogate pair", Body::new(JSON, r#"{"client_id":"\ud800"}"#), UNREADABLE),
        ("XML", Body::new("application/xml", "<client_id>shop</client_id>"), WRONG_TYPE),
        ("plain text", Body::new("text/plain", "client_id=shop"), WRONG_TYPE),
        ("a type that is none", Body::new(";;;", "client_id=shop"), WRONG_TYPE),
        (
            "a kind of JSON",
            Body::new("application/vnd.api+json", r#"{"client_id":"shop"}"#),
            WRONG_TYPE,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_create_nothing() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    shop.tokens().await;
    let before = Snapshot::of(&app);
    for (query, wanted) in in_query() {
        is_refused(
            &query,
            &token_by(&shop, &query, None).await,
            wanted,
            &["unknown-client", "other-shop"],
        );
        before.is_still(&app, &query);
    }
    for (row, body, wanted) in in_body() {
        is_refused(row, &token_by(&shop, "", Some(body)).await, wanted, &["unknown-client"]);
        before.is_still(&app, row);
    }
    for body in two_megabytes() {
        let row = format!("2 MB of {:?}", body.content_type);
        is_refused(&row, &token_by(&shop, "", Some(body)).await, TOO_LARGE, &[]);
        before.is_still(&app, &row);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_have_a_token() {
    let app = TestApp::start_with(UNLIMITED).await;
    let (shop, other, stranger) = (app.shop(), app.partner("other-shop"), app.partner("stranger"));
    let tokens = shop.tokens().await;
    let ask = |partner: Partner, client_id: &'static str| async move { token_by(&partner, &format!("?client_id={client_id}"), None).await };
    let before = Snapshot::of(&app);
    let unknown = ask(shop.clone(), "nobody-at-all").await;
    let foreign = ask(shop.clone(), "other-shop").await;
    for (row, answer) in [("unknown", &unknown), ("foreign", &foreign)] {
        is_refused(row, answer, NOT_YOU, &["nobody-at-all", "other-shop"]);
    }
    assert_eq!(unknown.json["message"], foreign.json["message"], "the two are not told apart");
    is_refused("another partner's certificate", &ask(other.clone(), "shop").await, NOT_YOU, &[]);
    is_refused("nobody's certificate", &ask(stranger.clone(), "shop").await, NOT_YOU, &[]);
    is_refused("nobody's own name", &ask(stranger.clone(), "stranger").await, NOT_YOU, &[]);
    before.is_still(&app, "foreign certificates");

    by_hand(&app, "UPDATE partners SET active = FALSE WHERE client_id = 'shop'");
    let suspended = Snapshot::of(&app);
    is_refused("token while suspended", &shop.token().await, NOT_YOU, &[]);
    is_refused(
        "refresh while suspended",
        &shop.refresh(&tokens.refresh).await,
        NOT_YOU,
        &[&tokens.refresh],
    );
    is_refused("status while suspended", &shop.status(&tokens).await, NOT_YOU, &[&tokens.access]);
    is_refused("banks while suspended", &shop.banks().await, NOT_YOU, &[]);
    let order = crate::support::partner::an_order();
    is_refused(
        "init while suspended",
        &shop.init(&tokens, &order).await,
        NOT_YOU,
        &[&tokens.access],
    );
    suspended.is_still(&app, "a suspended partner");

    // Subject and issuer are right, the certificate is not the pinned one.
    by_hand(
        &app,
        "UPDATE partners SET active = TRUE, certificate_sha256 = 'ff' WHERE client_id = 'shop'",
    );
    let pinned = Snapshot::of(&app);
    is_refused("token, other pin", &shop.token().await, NOT_YOU, &[]);
    is_refused("refresh, other pin", &shop.refresh(&tokens.refresh).await, NOT_YOU, &[]);
    is_refused("status, other pin", &shop.status(&tokens).await, NOT_YOU, &[]);
    is_refused("banks, other pin", &shop.banks().await, NOT_YOU, &[]);
    is_refused("the other shop's token", &other.status(&tokens).await, BAD_TOKEN, &[&tokens.access]);
    pinned.is_still(&app, "a certificate that is not the pinned one");
}

/// isLink2Pay, flexibleURL, isHeadless.
type Flags = (bool, bool, bool);
const NONE: Flags = (false, false, false);

fn good_bodies() -> Vec<(&'static str, Body, Flags)> {
    let all = (true, true, true);
    vec![
        (
            "form",
            Body::new(FORM, "clientId=shop&isLink2Pay=1&flexibleURL=1&isHeadless=1"),
            all,
        ),
        (
            "form with charset",
            Body::new("application/x-www-form-urlencoded; charset=UTF-8", "clientID=shop"),
            NONE,
        ),
        (
            "form without a type",
            Body::untyped("client_id=shop&isHeadless=true"),
            (false, false, true),
        ),
        (
            "multipart",
            multipart(&[("clientID", "shop"), ("isLink2Pay", "true")]),
            (true, false, false),
        ),
        (
            "JSON",
            Body::new(JSON, r#"{"client_id":"shop","isLink2Pay":true,"flexibleURL":1,"isHeadless":"1"}"#),
            all,
        ),
        (
            "JSON with null",
            Body::new("Application/JSON; charset=utf-8", r#"{"clientId":"shop","isLink2Pay":null}"#),
            NONE,
        ),
        (
            "unknown JSON fields",
            Body::new(JSON, r#"{"client_id":"shop","more":{"a":[1]},"list":[]}"#),
            NONE,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_good_way_of_asking() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let mut count = 0;
    let mut good = async |row: &str, path: &str, body: Option<Body>, flags: Flags| {
        let request = shop.request(Method::POST, path);
        let request = match body {
            Some(body) => body.on(request),
            None => request,
        };
        let answer = shop.send(request).await;
        assert_eq!(answer.status, 200, "{row}: {}", answer.json);
        let tokens = Tokens::of(&answer.good());
        let payment = app.payment(tokens.payment).await;
        assert_eq!((payment.link_to_pay, payment.flexible_url, payment.headless), flags, "{row}");
        count += 1;
        let now = Snapshot::of(&app);
        assert_eq!((now.count("payments"), now.count("gateway_tokens")), (count, count), "{row}");
    };
    for prefix in ["/gateway", ""] {
        for family in ["/authenticate/rest/api/authenticate", "/authenticate/rest/api"] {
            for end in [
                "?client_id=shop",
                "?clientID=shop",
                "?clientId=shop&unknown=1",
                "?client_id=%20shop%20",
            ] {
                let path = format!("{prefix}{family}/token{end}");
                good(&path, &path, None, NONE).await;
            }
            let path = format!("{prefix}{family}/token?");
            good(&path, &path, Some(Body::new(FORM, "client_id=shop")), NONE).await;
        }
    }
    let in_query = [
        ("isLink2Pay=true", (true, false, false)),
        ("isLink2Pay=1&flexibleURL=TRUE", (true, true, false)),
        ("isHeadless=1&flexibleURL=0", (false, false, true)),
        ("isLink2Pay=&flexibleURL=false&isHeadless=False", NONE),
    ];
    for (query, flags) in in_query {
        good(query, &format!("{TOKEN}?client_id=shop&{query}"), None, flags).await;
    }
    for (row, body, flags) in good_bodies() {
        good(row, &format!("{TOKEN}?"), Some(body), flags).await;
    }
    good(
        "the body wins",
        &format!("{TOKEN}?client_id=other-shop"),
        Some(Body::new(FORM, "client_id=shop")),
        NONE,
    )
    .await;
}
