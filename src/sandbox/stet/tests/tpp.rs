//! A payment service provider that signs what it sends, and checks what it gets.

use super::support::{RETURN, TPP, TestBanks, parameter, pem};
use crate::sandbox::secrets::sha256_hex;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use uuid::Uuid;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A payment service provider.
pub struct Tpp<'a> {
    pub bank: &'a TestBanks,
    pub http: Client,
    pub qsealc: String,
}

/// A request before it is signed and sent; a test may spoil anything in it.
pub struct Draft<'a> {
    tpp: &'a Tpp<'a>,
    pub method: Method,
    pub url: String,
    pub path: String,
    pub body: Vec<u8>,
    pub date: String,
    pub digest: String,
    pub request_id: String,
    pub key_id: String,
    pub covered: &'static str,
    pub token: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub body: Value,
}

impl Answer {
    pub fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub fn refusal(&self) -> (u16, String) {
        (self.status, self.text("/message"))
    }
}

pub fn sha256_b64(bytes: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, bytes))
}

impl Tpp<'_> {
    pub fn key_id(&self) -> String {
        let der = CertificateDer::from_pem_slice(&pem(&self.qsealc).0).unwrap();
        let (_, certificate) = X509Certificate::from_der(&der).unwrap();
        // The issuer the other way round and closer together than the bank writes it.
        let issuer = certificate.issuer().to_string();
        let mut parts: Vec<&str> = issuer.split(", ").collect();
        parts.reverse();
        format!("SN={:X},CA={}", certificate.serial, parts.join(","))
    }

    /// The address of this TPP's certificate as STET recommends it, with its fingerprint.
    pub fn fingerprint_key_id(&self) -> String {
        let der = CertificateDer::from_pem_slice(&pem(&self.qsealc).0).unwrap();
        format!("https://elsewhere.example/seal_{}", sha256_hex(&der))
    }

    pub fn draft(&self, method: Method, path: &str, body: Option<&Value>, token: &str) -> Draft<'_> {
        let body = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        Draft {
            tpp: self,
            method,
            url: format!("{}{path}", self.bank.api),
            path: path.to_owned(),
            date: self.bank.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
            digest: format!("SHA-256={}", sha256_b64(&body)),
            body,
            request_id: Uuid::new_v4().to_string(),
            key_id: self.key_id(),
            covered: "(request-target) date digest x-request-id",
            token: token.to_owned(),
        }
    }

    pub async fn post(&self, path: &str, body: &Value, token: &str) -> Answer {
        self.draft(Method::POST, path, Some(body), token).send().await
    }

    pub async fn put(&self, path: &str, body: &Value, token: &str) -> Answer {
        self.draft(Method::PUT, path, Some(body), token).send().await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.draft(Method::GET, path, None, token).send().await
    }

    pub async fn token(&self, bank: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let call = self.http.post(format!("{}/stet/{bank}/stet/psd2/oauth/token", self.bank.api));
        let call = call.header("Content-Type", "application/x-www-form-urlencoded").body(body);
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A token of the TPP's own.
    pub async fn own_token(&self, bank: &str) -> String {
        let form = [("client_id", TPP), ("grant_type", "client_credentials"), ("scope", "pisp")];
        let (status, body) = self.token(bank, &form).await;
        assert_eq!((status, &body["expires_in"]), (200, &json!(3599)));
        body["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn exchange(&self, bank: &str, code: &str) -> (u16, Value) {
        let form = [
            ("client_id", TPP),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", RETURN),
        ];
        self.token(bank, &form).await
    }

    /// A token for what this PSU grants.
    pub async fn granted(&self, bank: &str, scope: &str, user: &str) -> String {
        let code = self.bank.grant(bank, scope, user).await;
        let (status, body) = self.exchange(bank, &code).await;
        assert_eq!((status, &body["scope"]), (200, &json!(scope)));
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// Orders a payment. Returns its path and the page that its PSU is sent to.
    pub async fn order(&self, bank: &str, version: &str, body: &Value, token: &str) -> (String, String) {
        let path = format!("/stet/{bank}/stet/psd2/{version}/payment-requests");
        let created = self.post(&path, body, token).await;
        assert!(matches!(created.status, 200 | 201), "{created:?}");
        let page = created.text("/_links/consentApproval/href");
        let id = parameter(&Url::parse(&page).unwrap(), "paymentRequestRessourceId").unwrap();
        (format!("{path}/{id}"), page)
    }

    pub async fn word(&self, path: &str, token: &str) -> String {
        self.get(path, token).await.text("/paymentRequest/paymentInformationStatus")
    }
}

impl Draft<'_> {
    fn signing_text(&self) -> String {
        let line = |name: &str| match name {
            "(request-target)" => format!("(request-target): {} {}", self.method.as_str().to_lowercase(), self.path),
            "date" => format!("date: {}", self.date),
            "digest" => format!("digest: {}", self.digest),
            name => format!("{name}: {}", self.request_id),
        };
        self.covered.split(' ').map(line).collect::<Vec<_>>().join("\n")
    }

    pub fn request(&self) -> reqwest::RequestBuilder {
        let key = PrivatePkcs8KeyDer::from_pem_slice(&pem(&self.tpp.qsealc).1).unwrap();
        let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        let text = self.signing_text();
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .unwrap();
        let signature = format!(
            "keyId=\"{}\",algorithm=\"rsa-sha256\",headers=\"{}\",signature=\"{}\"",
            self.key_id,
            self.covered,
            STANDARD.encode(signature)
        );
        let call = self.tpp.http.request(self.method.clone(), &self.url).bearer_auth(&self.token);
        let call = call
            .header("Date", &self.date)
            .header("Digest", &self.digest)
            .header("Signature", signature);
        let call = call.header("X-Request-ID", &self.request_id);
        match self.body.is_empty() {
            true => call,
            false => call.header("Content-Type", "application/json").body(self.body.clone()),
        }
    }

    /// Sends it; the answer has to bear the bank's good signature, refusals too.
    pub async fn send(&self) -> Answer {
        read(self.request().send().await.unwrap()).await
    }
}

pub async fn read(answer: reqwest::Response) -> Answer {
    let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
    let (status, location, signature) = (answer.status().as_u16(), header("Location"), header("Signature").unwrap());
    let field = |name: &str| {
        signature
            .split(&format!("{name}=\""))
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    };
    let names = field("headers");
    let lines: Vec<String> = names.split(' ').map(|n| format!("{n}: {}", header(n).unwrap())).collect();
    let der = CertificateDer::from_pem_slice(&pem("seal").0).unwrap();
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &certificate.public_key().subject_public_key.data);
    let bytes = STANDARD.decode(field("signature")).unwrap();
    key.verify(lines.join("\n").as_bytes(), &bytes).unwrap();
    let digest = header("Digest");
    let body = answer.bytes().await.unwrap();
    if !body.is_empty() {
        assert!(names.contains("digest"));
        assert_eq!(digest.unwrap(), format!("SHA-256={}", sha256_b64(&body)));
    }
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Answer { status, location, body }
}
