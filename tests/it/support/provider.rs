//! An OpenID Connect provider that speaks the real protocol over HTTP, with keys of its own, and does what a story
//! tells it: also what a provider must not do.

use super::TestApp;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use url::Url;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const CLIENT: &str = "smartpay";
const SECRET: &str = "secret:al+firmei";

/// What a provider does wrong with the next ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    WrongNonce,
    WrongAudience,
    WrongIssuer,
    Expired,
    FromTheFuture,
    NotSigned,
    /// HS256, with the public key as the secret.
    SignedWithThePublicKey,
    /// HS256, with our client secret.
    SignedWithTheSharedSecret,
    /// The known key's name over another key's signature.
    SignedBySomebodyElse,
    /// A key of which nobody has heard.
    SignedByAKeyNotPublished,
    WrongAccessTokenHash,
    NoIdToken,
}

impl Lie {
    /// Each, and the word of the audit log.
    pub const ALL: [(Self, &str); 12] = [
        (Self::WrongNonce, "nonce"),
        (Self::WrongAudience, "audience"),
        (Self::WrongIssuer, "issuer"),
        (Self::Expired, "expired"),
        (Self::FromTheFuture, "expired"),
        (Self::NotSigned, "signature"),
        (Self::SignedWithThePublicKey, "signature"),
        (Self::SignedWithTheSharedSecret, "signature"),
        (Self::SignedBySomebodyElse, "signature"),
        (Self::SignedByAKeyNotPublished, "signature"),
        (Self::WrongAccessTokenHash, "id_token"),
        (Self::NoIdToken, "id_token"),
    ];
}

struct Key {
    name: String,
    pair: KeyPair,
    is_rsa: bool,
}

impl Key {
    fn rsa(name: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        Self {
            name: name.into(),
            pair,
            is_rsa: true,
        }
    }

    fn elliptic(name: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        Self {
            name: name.into(),
            pair,
            is_rsa: false,
        }
    }

    /// RFC 7517, RFC 7518 section 6.
    fn published(&self) -> Value {
        let raw = self.pair.public_key_raw();
        let b64 = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        if self.is_rsa {
            // RSAPublicKey of 2048 bits in DER: a sequence, an integer of 257 bytes, and 65537.
            assert_eq!((raw.len(), &raw[raw.len() - 3..]), (270, [1, 0, 1].as_slice()));
            json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.name, "n": b64(&raw[9..265]), "e": "AQAB" })
        } else {
            assert_eq!((raw.len(), raw[0]), (65, 4));
            json!({ "kty": "EC", "use": "sig", "alg": "ES256", "kid": self.name, "crv": "P-256", "x": b64(&raw[1..33]), "y": b64(&raw[33..]) })
        }
    }

    fn sign(&self, claims: &Value) -> String {
        let pem = self.pair.serialize_pem();
        let (algorithm, key) = if self.is_rsa {
            (Algorithm::RS256, EncodingKey::from_rsa_pem(pem.as_bytes()))
        } else {
            (Algorithm::ES256, EncodingKey::from_ec_pem(pem.as_bytes()))
        };
        jsonwebtoken::encode(&header(algorithm, &self.name), claims, &key.unwrap()).unwrap()
    }
}

fn header(algorithm: Algorithm, key: &str) -> Header {
    Header {
        kid: Some(key.to_owned()),
        ..Header::new(algorithm)
    }
}

/// What a code is good for.
struct Grant {
    challenge: String,
    claims: Value,
    info: Value,
    lie: Option<Lie>,
}

#[derive(Default)]
struct State {
    keys: Vec<Key>,
    grants: HashMap<String, Grant>,
    infos: HashMap<String, Value>,
    calls: Vec<&'static str>,
    names_itself: bool,
}

/// Somebody at the provider.
#[derive(Clone)]
pub struct Somebody {
    /// Claims of the ID token beside those that every one has.
    pub claims: Value,
    /// Claims that UserInfo has.
    pub info: Value,
    pub lie: Option<Lie>,
}

impl Somebody {
    /// Somebody with a verified e-mail address.
    pub fn with_mail(mail: &str) -> Self {
        Self::who_is(
            json!({ "sub": format!("24828976{}", mail.len() * 1000 + usize::from(mail.to_lowercase().as_bytes()[0])), "email": mail, "email_verified": true }),
        )
    }

    pub fn who_is(claims: Value) -> Self {
        Self {
            info: json!({ "sub": claims["sub"] }),
            claims,
            lie: None,
        }
    }

    pub fn who_lies(lie: Lie, mail: &str) -> Self {
        Self {
            lie: Some(lie),
            ..Self::with_mail(mail)
        }
    }

    /// The same with one claim more.
    pub fn and(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }
}

/// The provider.
pub struct Provider {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

impl Provider {
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        let state = Arc::new(Mutex::new(State {
            keys: vec![Key::rsa("first")],
            names_itself: true,
            ..State::default()
        }));
        let here = Self { server, state };
        here.answer("GET", "/.well-known/openid-configuration", metadata).await;
        here.answer("GET", "/keys", |state, _, _| {
            state.calls.push("keys");
            let keys: Vec<Value> = state.keys.iter().map(Key::published).collect();
            ResponseTemplate::new(200).set_body_json(json!({ "keys": keys }))
        })
        .await;
        here.answer("POST", "/token", token).await;
        here.answer("GET", "/userinfo", |state, request, _| {
            state.calls.push("userinfo");
            let shown = request.headers.get("authorization").map(|v| v.to_str().unwrap().to_owned());
            let info = shown.and_then(|shown| state.infos.get(shown.strip_prefix("Bearer ")?));
            match info {
                Some(info) => ResponseTemplate::new(200).set_body_json(info),
                None => ResponseTemplate::new(401),
            }
        })
        .await;
        here
    }

    async fn answer(&self, verb: &str, at: &str, what: fn(&mut State, &Request, &str) -> ResponseTemplate) {
        let (state, own) = (self.state.clone(), self.server.uri());
        let respond = move |request: &Request| what(&mut state.lock().unwrap(), request, &own);
        Mock::given(method(verb))
            .and(path(at))
            .respond_with(respond)
            .mount(&self.server)
            .await;
    }

    /// The settings that name it, and more of them for `[back_office.oidc]`.
    pub fn settings(&self, more: &str) -> String {
        format!(
            "[back_office.oidc]\nissuer = \"{}\"\nclient_id = \"{CLIENT}\"\nclient_secret = \"{SECRET}\"\n{more}\n",
            self.server.uri()
        )
    }

    /// What it was asked for so far.
    pub fn calls(&self) -> Vec<&'static str> {
        self.state.lock().unwrap().calls.clone()
    }

    /// Signs with another key from now on.
    pub fn change_keys(&self) {
        self.state.lock().unwrap().keys = vec![Key::elliptic("second")];
    }

    /// Does not name itself beside its answers any more.
    pub fn stop_naming_itself(&self) {
        self.state.lock().unwrap().names_itself = false;
    }

    /// Somebody signs in there; answers where the browser is sent to. Insists that the request is one that the
    /// standards know (OpenID Connect Core 1.0 section 3.1.2.1, RFC 7636 section 4.3).
    pub fn sign_in(&self, app: &TestApp, url: &Url, who: Somebody) -> Url {
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert!(url.as_str().starts_with(&format!("{}/authorize?", self.server.uri())), "{url}");
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT));
        assert_eq!(
            (asked["code_challenge_method"].as_str(), asked["code_challenge"].len()),
            ("S256", 43)
        );
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"), "{}", asked["scope"]);
        assert!(asked["state"].len() >= 32 && asked["nonce"].len() >= 32 && asked["state"] != asked["nonce"]);
        let back = app.public("back-office/login/company/return");
        assert_eq!(asked["redirect_uri"], back.as_str());
        let now = app.cx.now().and_utc().timestamp();
        let mut claims = json!({
            "iss": self.server.uri(), "aud": CLIENT, "iat": now, "exp": now + 300, "auth_time": now, "nonce": asked["nonce"],
        });
        for (name, value) in who.claims.as_object().unwrap() {
            claims[name] = value.clone();
        }
        match who.lie {
            Some(Lie::WrongNonce) => claims["nonce"] = json!("another"),
            Some(Lie::WrongAudience) => claims["aud"] = json!("somebody-else"),
            Some(Lie::WrongIssuer) => claims["iss"] = json!("https://login.evil.example"),
            Some(Lie::Expired) => claims["exp"] = json!(now - 1),
            Some(Lie::FromTheFuture) => claims["iat"] = json!(now + 120),
            _ => {}
        }
        let code = uuid::Uuid::new_v4().to_string();
        let grant = Grant {
            challenge: asked["code_challenge"].clone(),
            claims,
            info: who.info,
            lie: who.lie,
        };
        let mut state = self.state.lock().unwrap();
        state.grants.insert(code.clone(), grant);
        let mut way = back;
        way.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &asked["state"]);
        if state.names_itself {
            way.query_pairs_mut().append_pair("iss", &self.server.uri());
        }
        way
    }
}

fn metadata(state: &mut State, _: &Request, own: &str) -> ResponseTemplate {
    state.calls.push("metadata");
    ResponseTemplate::new(200).set_body_json(json!({
        "issuer": own,
        "authorization_endpoint": format!("{own}/authorize"),
        "token_endpoint": format!("{own}/token"),
        "userinfo_endpoint": format!("{own}/userinfo"),
        "jwks_uri": format!("{own}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

/// RFC 6749 section 4.1.3, with HTTP Basic (section 2.3.1) and PKCE (RFC 7636 section 4.6).
fn token(state: &mut State, request: &Request, _: &str) -> ResponseTemplate {
    state.calls.push("token");
    let refused = |word: &str| ResponseTemplate::new(400).set_body_json(json!({ "error": word }));
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = BASE64_STANDARD.encode(format!("{CLIENT}:{}", encoded(SECRET)));
    if request
        .headers
        .get("authorization")
        .is_none_or(|shown| shown.to_str().unwrap() != format!("Basic {basic}"))
    {
        return refused("invalid_client");
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    assert_eq!(form["grant_type"], "authorization_code");
    assert!(form["redirect_uri"].ends_with("/back-office/login/company/return"));
    let Some(mut grant) = state.grants.remove(&form["code"]) else {
        return refused("invalid_grant");
    };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
    if challenge != grant.challenge {
        return refused("invalid_grant");
    }
    let access = uuid::Uuid::new_v4().to_string();
    let hashed = digest(&SHA256, access.as_bytes());
    grant.claims["at_hash"] = json!(BASE64_URL_SAFE_NO_PAD.encode(&hashed.as_ref()[..16]));
    if grant.lie == Some(Lie::WrongAccessTokenHash) {
        grant.claims["at_hash"] = json!(BASE64_URL_SAFE_NO_PAD.encode([7u8; 16]));
    }
    state.infos.insert(access.clone(), grant.info.clone());
    let mut answer = json!({ "access_token": access, "token_type": "Bearer", "expires_in": 60 });
    if grant.lie != Some(Lie::NoIdToken) {
        answer["id_token"] = json!(signed(&state.keys[0], &grant));
    }
    ResponseTemplate::new(200).set_body_json(answer)
}

fn signed(key: &Key, grant: &Grant) -> String {
    let shared = |secret: &[u8]| {
        let header = header(Algorithm::HS256, &key.name);
        jsonwebtoken::encode(&header, &grant.claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    match grant.lie {
        Some(Lie::NotSigned) => {
            let b64 = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.", b64(&json!({ "alg": "none", "kid": key.name })), b64(&grant.claims))
        }
        Some(Lie::SignedWithThePublicKey) => shared(key.pair.public_key_pem().as_bytes()),
        Some(Lie::SignedWithTheSharedSecret) => shared(SECRET.as_bytes()),
        Some(Lie::SignedBySomebodyElse) => Key::rsa(&key.name).sign(&grant.claims),
        Some(Lie::SignedByAKeyNotPublished) => Key::rsa("unheard-of").sign(&grant.claims),
        _ => key.sign(&grant.claims),
    }
}
