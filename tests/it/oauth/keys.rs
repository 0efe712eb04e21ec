//! The keys that sign, one after another.

use super::{INVALID, challenge, get, on_site, opened, token_of};
use crate::support::TestApp;
use crate::support::partner::BANKS;
use serde_json::Value;
use smartpay::flow::signing_keys::{KeySet, SigningKeys, destroy_idle, rotate};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn kids(jwks: &Value) -> Vec<String> {
    let keys = jwks["keys"].as_array().unwrap();
    assert!(
        keys.iter()
            .all(|key| key.get("d").is_none() && key["use"] == "sig" && key["alg"] == "ES256")
    );
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_follows_another_without_a_gap() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let [first] = kids(&on_site(&app, "oauth2/jwks").await).try_into().unwrap();
    let kid = |token: &str| opened(token).0["kid"].as_str().unwrap().to_owned();
    assert_eq!(kid(&token_of(&shop, "").await), first);
    // By the command, in another process; the service reads it within half a minute.
    let output = app.command(&["signing-key", "rotate"], "");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("signs from"), "{said}");
    app.advance(Duration::from_secs(31));
    let shown = kids(&on_site(&app, "oauth2/jwks").await);
    assert_eq!((shown.len(), &shown[0]), (2, &first), "the next one is shown first");
    assert_eq!(kid(&token_of(&shop, "").await), first, "and does not sign yet");
    let again = app.command(&["signing-key", "rotate"], "");
    assert!(!again.status.success() && String::from_utf8(again.stderr).unwrap().contains("waits to sign already"));
    app.advance(58 * MINUTE);
    let old = token_of(&shop, "").await;
    assert_eq!(kid(&old), first);
    app.advance(3 * MINUTE);
    let new = token_of(&shop, "").await;
    assert_eq!(kid(&new), shown[1]);
    assert_eq!(get(&shop, BANKS, &old).await.status, 200, "what the old key has signed lives on");
    app.advance(4 * MINUTE);
    assert_eq!(challenge(&get(&shop, BANKS, &old).await), INVALID, "for its time");
    // Nobody can make more with the old key, though it is shown.
    let keys = app.cx.signing_keys().await.unwrap();
    let retired = keys.keys().iter().find(|key| key.kid == first).unwrap();
    assert_eq!(retired.state(app.cx.now()).as_str(), "retired");
    assert!(keys.verifier(&first, app.cx.now(), chrono::Duration::minutes(10)).is_some());
    app.advance(6 * MINUTE);
    assert!(keys.verifier(&first, app.cx.now(), chrono::Duration::minutes(10)).is_none());
    assert_eq!(kids(&on_site(&app, "oauth2/jwks").await).len(), 2);
    app.advance(Duration::from_secs(25 * 3600));
    destroy_idle(&app.cx).await.unwrap();
    let private = app
        .database
        .lines("SELECT kid || ' ' || (private_sealed IS NULL) AS line FROM signing_keys ORDER BY seq");
    assert!(private[0].ends_with('1') || private[0].ends_with("true"), "{private:?}");
    assert!(private[1].ends_with('0') || private[1].ends_with("false"), "{private:?}");
    app.advance(Duration::from_secs(90 * 86_400));
    assert_eq!(kids(&on_site(&app, "oauth2/jwks").await), [shown[1].clone()]);
    let audited = app
        .database
        .lines("SELECT actor || ' ' || action AS line FROM audit WHERE action LIKE 'signing_key%'");
    assert_eq!(audited, ["cli signing_key_rotated"]);
    let list = app.command(&["signing-key", "list"], "");
    assert!(String::from_utf8(list.stdout).unwrap().contains(&shown[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_key_counts_no_more() {
    let app = TestApp::start().await;
    let shop = app.shop();
    rotate(&app.cx, "story", false).await.unwrap();
    let token = token_of(&shop, "").await;
    let made = rotate(&app.cx, "story", true).await.unwrap();
    assert_eq!(made.replaced.len(), 2, "the first one, and the next one too");
    assert_eq!(kids(&on_site(&app, "oauth2/jwks").await), std::slice::from_ref(&made.kid));
    assert_eq!(challenge(&get(&shop, BANKS, &token).await), INVALID);
    let token = token_of(&shop, "").await;
    assert_eq!(opened(&token).0["kid"], made.kid.as_str());
    assert_eq!(get(&shop, BANKS, &token).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_have_the_same_first_key() {
    let app = TestApp::start().await;
    let other = smartpay::flow::Context {
        signing_keys: SigningKeys::default(),
        ..app.cx.clone()
    };
    let of = |keys: &KeySet| keys.signer(app.cx.now()).unwrap().kid().to_owned();
    assert_eq!(of(&app.cx.signing_keys().await.unwrap()), of(&other.signing_keys().await.unwrap()));
    assert_eq!(app.database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM signing_keys"), ["1"]);
}
