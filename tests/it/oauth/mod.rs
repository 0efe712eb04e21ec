//! Partners as OAuth clients: discovery, access tokens bound to a certificate, and what they are good for.

mod forged;
mod keys;
mod payments;

use crate::support::TestApp;
use crate::support::partner::{Answer, BANKS, Partner, STATUS, Tokens, an_order};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use smartpay::store::partners;
use std::time::Duration;

const TOKEN: &str = "/oauth2/token";
const PAYMENTS: &str = "/gateway/core/rest/api/payments";

async fn on_site(app: &TestApp, path: &str) -> Value {
    let answer = reqwest::get(app.public(path)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
    answer.json().await.unwrap()
}

async fn ask(partner: &Partner, form: &[(&str, &str)]) -> Answer {
    partner.send(partner.request(Method::POST, TOKEN).form(form)).await
}

/// An access token for everything, or for one scope.
async fn token_of(partner: &Partner, scope: &str) -> String {
    let mut form = vec![("grant_type", "client_credentials"), ("client_id", partner.client_id.as_str())];
    form.extend(Some(("scope", scope)).filter(|_| !scope.is_empty()));
    let answer = ask(partner, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer.text("access_token").to_owned()
}

async fn get(partner: &Partner, path: &str, token: &str) -> Answer {
    partner.send(partner.request(Method::GET, path).bearer_auth(token)).await
}

async fn pay(partner: &Partner, token: &str, key: &str, order: &Value) -> Answer {
    let request = partner.request(Method::POST, PAYMENTS).bearer_auth(token);
    partner.send(request.header("Idempotency-Key", key).json(order)).await
}

fn challenge(answer: &Answer) -> (u16, &str) {
    (
        answer.status,
        answer.headers.get("www-authenticate").map_or("", |v| v.to_str().unwrap()),
    )
}

const INVALID: (u16, &str) = (401, "Bearer error=\"invalid_token\"");

/// Header and claims of a token, not verified.
fn opened(token: &str) -> (Value, Value) {
    let part = |n: usize| {
        let part = token.split('.').nth(n).unwrap();
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    (part(0), part(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_knows_only_the_standards_finds_its_way() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let metadata = on_site(&app, ".well-known/oauth-authorization-server").await;
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        assert_eq!(on_site(&app, path.trim_start_matches('/')).await, metadata);
        assert_eq!(
            shop.send(shop.request(Method::GET, path)).await.json,
            metadata,
            "the same on the gateway"
        );
    }
    let issuer = app.public("").as_str().trim_end_matches('/').to_owned();
    assert_eq!(metadata["issuer"], issuer.as_str());
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], json!(["tls_client_auth"]));
    assert_eq!(metadata["mtls_endpoint_aliases"]["token_endpoint"], metadata["token_endpoint"]);
    let endpoint: url::Url = metadata["token_endpoint"].as_str().unwrap().parse().unwrap();
    assert_eq!((endpoint.scheme(), endpoint.path()), ("https", TOKEN));
    let answer = ask(&shop, &[("grant_type", "client_credentials"), ("client_id", "shop")]).await;
    assert_eq!((answer.status, answer.text("token_type")), (200, "Bearer"));
    assert_eq!(
        (&answer.json["expires_in"], answer.text("scope")),
        (&json!(300), "payments:create payments:read banks:read")
    );
    assert_eq!(
        (&answer.headers["cache-control"], &answer.headers["pragma"]),
        (&"no-store".parse().unwrap(), &"no-cache".parse().unwrap())
    );
    // By the keys that everybody can read, and by a library that knows nothing of us.
    let keys: JwkSet = serde_json::from_value(on_site(&app, "oauth2/jwks").await).unwrap();
    let token = answer.text("access_token");
    let (header, _) = opened(token);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("ES256")));
    let key = keys.find(header["kid"].as_str().unwrap()).unwrap();
    assert_eq!(
        key.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256),
        header["kid"].as_str().unwrap()
    );
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[&issuer]);
    let gateway = format!("https://{}:{}", endpoint.host_str().unwrap(), endpoint.port().unwrap());
    validation.set_audience(&[&gateway]);
    let claims = jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation)
        .unwrap()
        .claims;
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("shop"), &json!("shop")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!(claims["cnf"]["x5t#S256"].as_str().unwrap().len(), 43);
    assert!(claims["jti"].as_str().unwrap().len() >= 32);
    assert_ne!(opened(&token_of(&shop, "").await).1["jti"], claims["jti"]);
    let banks = get(&shop, BANKS, token).await.good();
    assert_eq!(banks.json["payload"], shop.banks().await.good().json["payload"]);
    let alias = shop.request(Method::POST, "/gateway/oauth2/token");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "shop"),
        ("resource", gateway.as_str()),
        ("scope", "banks:read"),
    ];
    assert_eq!(shop.send(alias.form(&form)).await.text("scope"), "banks:read");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_endpoint_refuses_in_the_words_of_rfc_6749() {
    let app = TestApp::start_with("[gateway]\nrequests_per_minute = 1\nrequests_burst = 40").await;
    let shop = app.shop();
    let grant = ("grant_type", "client_credentials");
    let client = ("client_id", "shop");
    for (form, status, error) in [
        (vec![client], 400, "invalid_request"),
        (vec![grant], 400, "invalid_request"),
        (vec![grant, ("client_id", "")], 400, "invalid_request"),
        (vec![grant, client, client], 400, "invalid_request"),
        (vec![grant, client, ("client_secret", "x")], 400, "invalid_request"),
        (vec![grant, client, ("client_assertion", "x")], 400, "invalid_request"),
        (vec![("grant_type", "password"), client], 400, "unsupported_grant_type"),
        (vec![("grant_type", "authorization_code"), client], 400, "unsupported_grant_type"),
        (vec![grant, client, ("scope", "everything")], 400, "invalid_scope"),
        (vec![grant, client, ("scope", "banks:read  payments:read")], 400, "invalid_scope"),
        (
            vec![grant, client, ("resource", "https://elsewhere.example")],
            400,
            "invalid_target",
        ),
        (vec![grant, ("client_id", "other-shop")], 401, "invalid_client"),
        (vec![grant, ("client_id", "nobody")], 401, "invalid_client"),
        (vec![grant, ("client_id", "shop\0")], 401, "invalid_client"),
    ] {
        let answer = ask(&shop, &form).await;
        assert_eq!((answer.status, answer.text("error")), (status, error), "{form:?}: {}", answer.json);
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert!(answer.json.get("access_token").is_none());
    }
    let form = [grant, client];
    let in_query = shop.request(Method::POST, &format!("{TOKEN}?grant_type=client_credentials&client_id=shop"));
    let as_json = shop
        .request(Method::POST, TOKEN)
        .json(&json!({ "grant_type": "client_credentials", "client_id": "shop" }));
    let basic = shop.request(Method::POST, TOKEN).basic_auth("shop", Some("secret")).form(&form);
    let large = shop.request(Method::POST, TOKEN).form(&[grant, client, ("x", &"x".repeat(20_000))]);
    for (request, status) in [(in_query, 400), (as_json, 400), (basic, 400), (large, 413)] {
        let answer = shop.send(request).await;
        assert_eq!((answer.status, answer.text("error")), (status, "invalid_request"));
    }
    let stranger = ask(&app.partner("stranger"), &[grant, ("client_id", "stranger")]).await;
    assert_eq!((stranger.status, stranger.text("error")), (401, "invalid_client"));
    assert_eq!(shop.send(shop.request(Method::GET, TOKEN)).await.status, 405);
    // One certificate may ask only so often.
    let mut limited = None;
    for _ in 0..40 {
        let answer = ask(&shop, &form).await;
        if answer.status != 200 {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.unwrap();
    assert_eq!((limited.status, limited.text("error")), (429, "temporarily_unavailable"));
    assert!(limited.headers.contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_worth_nothing_with_another_certificate_or_after_its_time() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop(), app.partner("other-shop"));
    let token = token_of(&shop, "").await;
    let tokens = shop.tokens().await;
    let status = format!("{STATUS}/{}", tokens.payment);
    assert_eq!(get(&shop, &status, &token).await.status, 200);
    for path in [BANKS, status.as_str()] {
        assert_eq!(challenge(&get(&other, path, &token).await), INVALID, "{path}");
    }
    assert_eq!(challenge(&pay(&other, &token, "a", &an_order()).await), INVALID);
    // The same partner with its next certificate asks for a token of its own.
    assert_eq!(challenge(&get(&shop.with_certificate("shop-next"), &status, &token).await), INVALID);
    // A payment's own token keeps its answer, and is none of these.
    assert_eq!(challenge(&get(&other, &status, &tokens.access).await), (401, "Bearer"));
    assert_eq!(challenge(&pay(&shop, &tokens.access, "a", &an_order()).await), INVALID);
    assert_eq!(
        shop.init(
            &Tokens {
                access: token.clone(),
                ..tokens.clone()
            },
            &an_order()
        )
        .await
        .status,
        401
    );
    app.advance(Duration::from_secs(301));
    assert_eq!(challenge(&get(&shop, &status, &token).await), INVALID);
    let token = token_of(&shop, "").await;
    let id = app.partner_id("shop").await;
    app.cx.db.write(move |a| partners::set_active(a, &id, false)).await.unwrap();
    for path in [BANKS, status.as_str()] {
        let refused = get(&shop, path, &token).await;
        assert_eq!((refused.status, refused.text("messageStatus")), (403, "CLIENT_NOT_ALLOWED"));
    }
    let refused = ask(&shop, &[("grant_type", "client_credentials"), ("client_id", "shop")]).await;
    assert_eq!((refused.status, refused.text("error")), (401, "invalid_client"));
}
