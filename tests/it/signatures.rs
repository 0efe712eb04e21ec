//! Signatures on data in transit (RFC 9421): on every answer of the gateway, and on partners' requests.

use crate::support::TestApp;
use crate::support::partner::{Answer, BANKS, INIT, Partner, STATUS, TOKEN, an_order};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use smartpay::crypto::http_signature::{Component, Received, Target, content_digest, digest_matches, sign, sign_request};
use smartpay::crypto::signing::{PublicKey, SigningKey};
use smartpay::flow::four_eyes::{Change, read_keys};
use smartpay::partner::SignatureRules;
use std::time::Duration;
use url::Url;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
}

/// Sends a request and judges the signature on its answer, as a partner would.
async fn judged(app: &TestApp, partner: &Partner, request: RequestBuilder) -> Value {
    let request = request.build().unwrap();
    let target = Target::of_url(request.method().as_str(), request.url());
    let answer = partner.execute(request).await;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    assert!(digest_matches(text(&headers, "content-digest"), &body), "{status}");
    let [received] = Received::all(text(&headers, "signature-input"), text(&headers, "signature"))
        .unwrap()
        .try_into()
        .unwrap();
    let jwks: Value = reqwest::get(app.public("oauth2/jwks")).await.unwrap().json().await.unwrap();
    let key = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"].as_str() == received.key_id())
        .unwrap();
    for name in ["@status", "content-digest", "content-type"] {
        assert!(received.covers(Component::own(name)), "{name}");
    }
    for name in ["@method", "@authority", "@path", "@query"] {
        assert!(received.covers(Component::of_request(name)), "{name}");
    }
    assert_eq!(
        (
            received.tag(),
            (app.cx.now().and_utc().timestamp() - received.created().unwrap()).abs() < 60
        ),
        (Some("smartpay-answer"), true)
    );
    let value = |status: u16| {
        let (target, headers) = (&target, &headers);
        move |component: Component<'_>| match (component.of_request, component.name) {
            (true, name) => target.value(name),
            (false, "@status") => Some(status.to_string()),
            (false, name) => Some(text(headers, name).to_owned()),
        }
    };
    let key = PublicKey::from_jwk(key).unwrap();
    assert_eq!(received.verify(&key, value(status)), Ok(()), "{status} {target:?}");
    assert!(received.verify(&key, value(status + 1)).is_err(), "another status");
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_the_gateway_is_signed() {
    let app = TestApp::start_with("[gateway]\nrequests_per_minute = 1\nrequests_burst = 12").await;
    let (shop, stranger) = (app.shop(), app.partner("stranger"));
    let tokens = shop.tokens().await;
    let to = |method: Method, path: &str| shop.request(method, path);
    let status = format!("{STATUS}/{}", tokens.payment);
    let init = format!("{INIT}/{}", tokens.payment);
    for (request, expected) in [
        (to(Method::POST, TOKEN).form(&[("client_id", "shop")]), 200),
        (to(Method::GET, &status).bearer_auth(&tokens.access), 200),
        // A client of PHP always sends the question mark.
        (to(Method::GET, &format!("{status}?")).bearer_auth(&tokens.access), 200),
        (to(Method::GET, &format!("{status}?a=b%20c&d")).bearer_auth(&tokens.access), 200),
        (to(Method::POST, &init).bearer_auth(&tokens.access).json(&an_order()), 200),
        (to(Method::POST, &init).bearer_auth(&tokens.access).json(&json!({})), 400),
        (to(Method::GET, &status), 401),
        (to(Method::GET, "/gateway/nothing%2Fhere"), 404),
        (to(Method::GET, TOKEN), 405),
    ] {
        assert_eq!(judged(&app, &shop, request).await["status"], expected);
    }
    assert_eq!(judged(&app, &stranger, stranger.request(Method::GET, BANKS)).await["status"], 403);
    let document = judged(&app, &shop, to(Method::GET, "/.well-known/oauth-authorization-server")).await;
    assert!(document["issuer"].is_string());
    let refused = judged(&app, &shop, to(Method::POST, "/oauth2/token").form(&[("grant_type", "password")])).await;
    assert_eq!(refused["error"], "unsupported_grant_type");
    let mut last = json!(200);
    for _ in 0..12 {
        last = judged(&app, &shop, to(Method::GET, BANKS)).await["status"].clone();
    }
    assert_eq!(last, 429, "also what is refused before it is read");
}

/// Registers a key of the shop, as two admins do.
async fn register(app: &TestApp, key: &SigningKey, required: bool) {
    let keys = read_keys(&json!({ "keys": [key.public().jwk("shop-1")] }).to_string()).unwrap();
    let partner = app.partner_id("shop").await;
    let rules = SignatureRules { required, keys };
    app.carry_out(Change::SignedRequests { partner, rules }).await;
}

/// What goes into a signature, to be changed by a story.
struct Signature<'a> {
    key: &'a SigningKey,
    method: &'a str,
    url: Url,
    body: Vec<u8>,
    digest: String,
    covered: Vec<&'a str>,
    created: i64,
    more: Vec<(&'a str, String)>,
}

impl<'a> Signature<'a> {
    fn of(app: &TestApp, key: &'a SigningKey, url: Url, body: &[u8]) -> Self {
        Self {
            key,
            method: "POST",
            url,
            digest: content_digest(body),
            body: body.to_vec(),
            covered: vec!["@method", "@target-uri", "content-digest"],
            created: app.cx.now().and_utc().timestamp(),
            more: Vec::new(),
        }
    }

    /// The headers, under the name that the partner registered.
    fn headers(&self) -> Vec<(&'static str, String)> {
        let target = Target::of_url(self.method, &self.url);
        let covered: Vec<Component<'_>> = self.covered.iter().copied().map(Component::own).collect();
        let signed = sign(self.key, "story", self.created, &covered, |c| match c.name {
            "content-digest" => Some(self.digest.clone()),
            name if name.starts_with('@') => target.value(name),
            name => self.more.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone()),
        })
        .unwrap();
        vec![
            ("Content-Digest", self.digest.clone()),
            ("Signature-Input", signed.input),
            ("Signature", signed.signature),
        ]
    }

    async fn send(&self, partner: &Partner) -> Answer {
        let mut request = partner
            .request(Method::POST, self.url.path())
            .header("Content-Type", FORM)
            .body(self.body.clone());
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        partner.send(request).await
    }
}

fn why(answer: &Answer) -> (u16, &str, &str) {
    (
        answer.status,
        answer.text("messageStatus"),
        answer.json["moreDetails"][0]["code"].as_str().unwrap_or_default(),
    )
}

/// Registers the key under its thumbprint, which is what [`sign`] names it.
async fn register_by_thumbprint(app: &TestApp, key: &SigningKey, required: bool) {
    let keys = read_keys(&key.public().jwk(key.kid()).to_string()).unwrap();
    let partner = app.partner_id("shop").await;
    app.carry_out(Change::SignedRequests {
        partner,
        rules: SignatureRules { required, keys },
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one table of all that can be wrong")]
async fn a_partner_that_must_sign_is_heard_only_when_it_does() {
    let app = TestApp::start().await;
    let (shop, key, other) = (app.shop(), key(), key());
    assert_eq!(shop.token().await.status, 200, "until then nothing is asked");
    register_by_thumbprint(&app, &key, true).await;
    let unsigned = shop.token().await;
    assert_eq!(why(&unsigned), (401, "SIGNATURE_REQUIRED", ""));
    assert_eq!(
        text(&unsigned.headers, "accept-signature"),
        r#"sig1=("@method" "@target-uri" "content-digest");created;keyid"#
    );
    assert_eq!(shop.banks().await.status, 200, "what changes nothing need not be signed");
    assert_eq!(app.partner("other-shop").token().await.status, 200, "nor what others send");
    let url = shop.url(TOKEN);
    let right = || Signature::of(&app, &key, url.clone(), b"client_id=shop");
    right().send(&shop).await.good();
    let parts = Signature {
        covered: vec!["@method", "@authority", "@path", "@query", "content-digest"],
        ..right()
    };
    parts.send(&shop).await.good();
    let now = right().created;
    for (what, wrong, expected) in [
        (
            "another body",
            Signature {
                body: b"client_id=erp".to_vec(),
                ..right()
            },
            "OTHER_BODY",
        ),
        ("another key", Signature { key: &other, ..right() }, "UNKNOWN_KEY"),
        ("another method", Signature { method: "PUT", ..right() }, "NOT_VERIFIED"),
        (
            "too old",
            Signature {
                created: now - 301,
                ..right()
            },
            "NOT_NOW",
        ),
        (
            "from the future",
            Signature {
                created: now + 120,
                ..right()
            },
            "NOT_NOW",
        ),
        (
            "no method",
            Signature {
                covered: vec!["@target-uri", "content-digest"],
                ..right()
            },
            "NOT_COVERED",
        ),
        (
            "no address",
            Signature {
                covered: vec!["@method", "@path", "content-digest"],
                ..right()
            },
            "NOT_COVERED",
        ),
        (
            "no body",
            Signature {
                covered: vec!["@method", "@target-uri"],
                ..right()
            },
            "NOT_COVERED",
        ),
    ] {
        let refused = wrong.send(&shop).await;
        assert_eq!(why(&refused), (401, "SIGNATURE_INVALID", expected), "{what}: {}", refused.json);
        judged(&app, &shop, shop.request(Method::POST, TOKEN)).await;
    }
    // Headers that were changed on the way.
    let changed = |name: &'static str, to: &dyn Fn(&str) -> String| {
        let mut request = shop
            .request(Method::POST, TOKEN)
            .header("Content-Type", FORM)
            .body("client_id=shop");
        for (n, value) in right().headers() {
            request = request.header(n, if n == name { to(&value) } else { value });
        }
        request
    };
    for (request, expected) in [
        (changed("Content-Digest", &|_| content_digest(b"client_id=erp")), "NOT_VERIFIED"),
        (changed("Signature", &|_| "sig1=:AAAA:".into()), "NOT_VERIFIED"),
        (changed("Signature", &|_| "sig2=:AAAA:".into()), "UNREADABLE"),
        (
            changed("Signature-Input", &|v| v.replace("ecdsa-p256-sha256", "ed25519")),
            "NOT_VERIFIED",
        ),
        (changed("Signature-Input", &|v| v.replace("created=", "x=")), "MISSING"),
        (
            changed("Signature-Input", &|v| v.replace("(\"@method\"", "(\"@method\" \"date\"")),
            "NOT_VERIFIED",
        ),
        (changed("Signature-Input", &|v| format!("{v};expires=1")), "NOT_NOW"),
    ] {
        assert_eq!(why(&shop.send(request).await), (401, "SIGNATURE_INVALID", expected));
    }
    let half = shop
        .request(Method::POST, TOKEN)
        .header("Signature", "sig1=:AAAA:")
        .form(&[("client_id", "shop")]);
    assert_eq!(why(&shop.send(half).await), (401, "SIGNATURE_INVALID", "MISSING"));
    // Signed for one address, sent to another.
    let elsewhere = Signature {
        url: shop.url("/gateway/authenticate/rest/api/token"),
        ..right()
    }
    .headers();
    let mut request = shop
        .request(Method::POST, TOKEN)
        .header("Content-Type", FORM)
        .body("client_id=shop");
    for (name, value) in elsewhere {
        request = request.header(name, value);
    }
    assert_eq!(why(&shop.send(request).await), (401, "SIGNATURE_INVALID", "NOT_VERIFIED"));
    let refused = shop
        .send(
            shop.request(Method::POST, "/oauth2/token")
                .form(&[("grant_type", "client_credentials")]),
        )
        .await;
    assert_eq!((refused.status, refused.text("error")), (401, "invalid_request"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_payment_of_a_partner_that_signs() {
    let app = TestApp::start().await;
    let (shop, key) = (app.shop(), key());
    register_by_thumbprint(&app, &key, true).await;
    let url = shop.url(TOKEN);
    let tokens = Signature::of(&app, &key, url, b"client_id=shop").send(&shop).await.good();
    let access = tokens.json["result"]["access_token"].as_str().unwrap().to_owned();
    let payment = tokens.json["result"]["paymentId"].as_i64().unwrap();
    // As the public function for outgoing requests does it.
    let (path, body) = (format!("{INIT}/{payment}"), an_order().to_string());
    let signed = |created: i64| {
        let url = shop.url(&path);
        let headers = sign_request(&key, ("POST", &url), (JSON, body.as_bytes()), created).unwrap();
        let request = shop.request(Method::POST, &path).bearer_auth(&access).header("Content-Type", JSON);
        headers
            .into_iter()
            .fold(request, |request, (name, value)| request.header(name, value))
            .body(body.clone())
    };
    let now = app.cx.now().and_utc().timestamp();
    let first = shop.send(signed(now)).await.good();
    assert_eq!(
        shop.send(signed(now)).await.good().json,
        first.json,
        "sent again it is the same payment"
    );
    app.advance(Duration::from_secs(280));
    assert_eq!(shop.send(signed(now)).await.good().json, first.json, "within five minutes");
    app.advance(Duration::from_secs(25));
    assert_eq!(why(&shop.send(signed(now)).await), (401, "SIGNATURE_INVALID", "NOT_NOW"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_must_be_covered() {
    let app = TestApp::start().await;
    let (shop, key) = (app.shop(), key());
    let token = shop.send(
        shop.request(Method::POST, "/oauth2/token")
            .form(&[("grant_type", "client_credentials"), ("client_id", "shop")]),
    );
    let token = token.await.text("access_token").to_owned();
    register_by_thumbprint(&app, &key, true).await;
    let (path, body) = ("/gateway/core/rest/api/payments", an_order().to_string());
    let request = |covered: Vec<&'static str>| {
        let more = vec![("idempotency-key", "a-1".to_owned())];
        let signature = Signature {
            covered,
            more,
            ..Signature::of(&app, &key, shop.url(path), body.as_bytes())
        };
        let request = shop
            .request(Method::POST, path)
            .bearer_auth(&token)
            .header("Content-Type", JSON)
            .header("Idempotency-Key", "a-1");
        let with = |request: RequestBuilder, (name, value): (&str, String)| request.header(name, value);
        signature.headers().into_iter().fold(request, with).body(body.clone())
    };
    let enough = vec!["@method", "@target-uri", "content-digest"];
    assert_eq!(
        why(&shop.send(request(enough.clone())).await),
        (401, "SIGNATURE_INVALID", "NOT_COVERED")
    );
    shop.send(request([enough, vec!["idempotency-key"]].concat())).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_nobody_asked_for_is_judged_if_there_is_a_key() {
    let app = TestApp::start().await;
    let (shop, key) = (app.shop(), key());
    let wrong = |partner: &Partner| {
        partner
            .request(Method::POST, TOKEN)
            .header("Signature-Input", "rubbish")
            .header("Signature", "x")
    };
    let send = |partner: Partner| async move {
        let form = [("client_id", partner.client_id.clone())];
        partner.send(wrong(&partner).form(&form)).await
    };
    assert_eq!(send(shop.clone()).await.status, 200, "there is nothing to judge it with");
    register(&app, &key, false).await;
    assert_eq!(shop.token().await.status, 200, "none is needed");
    assert_eq!(why(&send(shop.clone()).await), (401, "SIGNATURE_INVALID", "UNREADABLE"));
    let get = shop
        .request(Method::GET, BANKS)
        .header("Signature-Input", "rubbish")
        .header("Signature", "x");
    assert_eq!(why(&shop.send(get).await), (401, "SIGNATURE_INVALID", "UNREADABLE"));
    assert_eq!(send(app.partner("other-shop")).await.status, 200);
    let audited = app
        .database
        .lines("SELECT action AS line FROM audit WHERE action LIKE 'signed_requests%'");
    assert_eq!(audited, ["signed_requests_changed"]);
}
