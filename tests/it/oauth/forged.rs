//! Tokens that were not issued so.

use super::{INVALID, challenge, get, opened, token_of};
use crate::support::TestApp;
use crate::support::partner::BANKS;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use smartpay::crypto::signing::SigningKey;

/// A token with this header and these claims, signed by a key.
fn signed(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).unwrap());
    format!("{message}.{signature}")
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one table of all that can be forged")]
async fn a_token_that_we_did_not_issue_so_is_refused() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let token = token_of(&shop, "").await;
    let (header, claims) = opened(&token);
    let keys = app.cx.signing_keys().await.unwrap();
    let ours = keys.signer(app.cx.now()).unwrap();
    let other = SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap();
    let set = |value: &Value, name: &str, to: Value| {
        let mut changed = value.clone();
        changed[name] = to;
        changed
    };
    assert_eq!(
        get(&shop, BANKS, &signed(&header, &claims, ours)).await.status,
        200,
        "the forger’s tools work"
    );
    let now = claims["iat"].as_i64().unwrap();
    let mut wrong = vec![
        ("another key under our id", signed(&header, &claims, &other)),
        (
            "an id we do not know",
            signed(&set(&header, "kid", other.kid().into()), &claims, &other),
        ),
        ("no id", signed(&set(&header, "kid", Value::Null), &claims, ours)),
        ("another type", signed(&set(&header, "typ", "JWT".into()), &claims, ours)),
        ("something critical", signed(&set(&header, "crit", json!(["b64"])), &claims, ours)),
        ("another algorithm", signed(&set(&header, "alg", "RS256".into()), &claims, ours)),
        (
            "another issuer",
            signed(&header, &set(&claims, "iss", "https://elsewhere.example".into()), ours),
        ),
        (
            "another audience",
            signed(&header, &set(&claims, "aud", "https://elsewhere.example".into()), ours),
        ),
        ("no audience", signed(&header, &set(&claims, "aud", Value::Null), ours)),
        ("at its end", signed(&header, &set(&claims, "exp", (now - 1).into()), ours)),
        ("from the future", signed(&header, &set(&claims, "iat", (now + 3600).into()), ours)),
        (
            "another client",
            signed(&header, &set(&claims, "client_id", "other-shop".into()), ours),
        ),
        (
            "another certificate",
            signed(&header, &set(&claims, "cnf", json!({ "x5t#S256": "AAAA" })), ours),
        ),
        ("no certificate", signed(&header, &set(&claims, "cnf", Value::Null), ours)),
        ("rubbish", "a.b.c".into()),
        ("dots", "..".into()),
    ];
    // The two classics: no algorithm at all, and our public key as a shared secret.
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    for alg in ["none", "None", "NONE"] {
        wrong.push((
            "no algorithm",
            format!("{}.{}.", part(&set(&header, "alg", alg.into())), part(&claims)),
        ));
    }
    let smartpay::crypto::signing::PublicKey::P256(point) = ours.public() else {
        panic!()
    };
    let mut hmac = jsonwebtoken::Header::new(Algorithm::HS256);
    (hmac.typ, hmac.kid) = (Some("at+jwt".into()), Some(ours.kid().into()));
    for secret in [point.as_slice(), ours.public().jwk(ours.kid()).to_string().as_bytes()] {
        let key = jsonwebtoken::EncodingKey::from_secret(secret);
        wrong.push(("a shared secret", jsonwebtoken::encode(&hmac, &claims, &key).unwrap()));
    }
    let (start, end) = token.rsplit_once('.').unwrap();
    wrong.push(("no signature", format!("{start}.")));
    wrong.push(("half a signature", format!("{start}.{}", &end[..43])));
    wrong.push((
        "another payload",
        format!("{}.{}.{end}", part(&header), part(&set(&claims, "scope", "x".into()))),
    ));
    for (what, token) in wrong {
        assert_eq!(challenge(&get(&shop, BANKS, &token).await), INVALID, "{what}");
    }
}
