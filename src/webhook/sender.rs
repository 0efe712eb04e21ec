//! The one client that calls partners' endpoints.

use super::target::{TargetFault, TargetRules};
use crate::payment::text::has_forbidden_characters;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, redirect, retry};
use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Of an answer no more is read, in bytes.
const MAX_ANSWER_BYTES: usize = 8 * 1024;
/// Of an answer no more is kept, in characters.
const MAX_ANSWER_CHARS: usize = 500;
/// Longest description of a fault, in characters.
const MAX_FAULT_CHARS: usize = 200;
/// A connection that was idle longer than this is not used again.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// How endpoints are called.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Which hosts may be called.
    pub rules: TargetRules,
    /// More trusted certificate authorities than the system's, as PEM.
    pub extra_root_pem: Option<String>,
    /// From the start of the call to the last byte of the answer.
    pub timeout: Duration,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            rules: TargetRules::default(),
            extra_root_pem: None,
            timeout: Duration::from_secs(10),
        }
    }
}

/// Why there can be no client with these settings.
#[derive(Debug, thiserror::Error)]
#[error("the client for webhooks cannot be set up: {0}")]
pub struct WebhookError(String);

/// What an endpoint answered.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The beginning of the body, without control characters. Hostile text.
    pub text: String,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The client. Clones share connections.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    rules: Arc<TargetRules>,
}

impl Sender {
    /// Sets up the client.
    ///
    /// # Errors
    /// [`WebhookError`] when a certificate is unreadable, or the system trusts nobody.
    pub fn new(settings: WebhookSettings) -> Result<Self, WebhookError> {
        // Whoever starts the process usually has installed one already, which is then kept.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let rules = Arc::new(settings.rules);
        let wrong = |e: reqwest::Error| WebhookError(e.to_string());
        let mut builder = Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "-webhooks/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.timeout)
            .timeout(settings.timeout)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(POOL_IDLE)
            .dns_resolver(PublicOnly(rules.clone()));
        if let Some(pem) = &settings.extra_root_pem {
            let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(wrong)?;
            builder = builder.tls_certs_merge(roots);
        }
        let client = builder.build().map_err(wrong)?;
        Ok(Self { client, rules })
    }

    /// Whether a URL may be an endpoint.
    ///
    /// # Errors
    /// [`TargetFault`] says why not.
    pub fn check(&self, url: &Url) -> Result<(), TargetFault> {
        self.rules.check(url)
    }

    /// Posts JSON once.
    ///
    /// # Errors
    /// What went wrong before there was an answer, in words without the URL.
    pub async fn post(&self, url: &Url, headers: &[(&'static str, String)], body: String) -> Result<Answer, String> {
        // The client asks no resolver about an address that stands in the URL itself.
        self.check(url).map_err(|fault| fault.to_string())?;
        let mut all = HeaderMap::new();
        all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|_| "a header cannot be written".to_owned())?;
            all.insert(*name, value);
        }
        let sent = self.client.post(url.clone()).headers(all).body(body).send().await;
        let mut answer = sent.map_err(describe)?;
        let status = answer.status().as_u16();
        let mut bytes = Vec::new();
        // The status has answered; of what follows as much is kept as comes in time.
        while let Ok(Some(chunk)) = answer.chunk().await {
            bytes.extend_from_slice(&chunk);
            if bytes.len() >= MAX_ANSWER_BYTES {
                bytes.truncate(MAX_ANSWER_BYTES);
                break;
            }
        }
        Ok(Answer {
            status,
            text: harmless(&String::from_utf8_lossy(&bytes), MAX_ANSWER_CHARS),
        })
    }
}

/// Hostile text without control characters and direction overrides, at most `most` characters.
fn harmless(text: &str, most: usize) -> String {
    let mut one = [0; 4];
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !has_forbidden_characters(c.encode_utf8(&mut one)))
        .take(most)
        .collect()
}

/// The fault in words, without the URL, which may hold a secret of the partner's.
fn describe(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    harmless(&text, MAX_FAULT_CHARS)
}

/// Answers a name's addresses that may be connected to, and an error when there are none: whoever owns a name may let
/// it lead anywhere, and elsewhere a moment later.
#[derive(Clone, Debug)]
struct PublicOnly(Arc<TargetRules>);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| rules.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(Box::from(TargetFault::Address));
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_connected_to() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let resolver = PublicOnly(Arc::new(TargetRules::default()));
        let name = || "localhost".parse::<Name>().unwrap();
        assert!(resolver.resolve(name()).await.is_err());
        let open = PublicOnly(Arc::new(TargetRules {
            allow_loopback: true,
            ..TargetRules::default()
        }));
        assert!(open.resolve(name()).await.unwrap().next().is_some());
        let sender = Sender::new(WebhookSettings::default()).unwrap();
        for url in [
            format!("https://127.0.0.1:{port}/"),
            format!("https://localhost:{port}/"),
            // A name below localhost is no literal to us, but resolves to loopback where it resolves at all.
            format!("https://hooks.localhost:{port}/"),
        ] {
            assert!(sender.post(&Url::parse(&url).unwrap(), &[], "{}".into()).await.is_err(), "{url}");
        }
        assert!(listener.accept().is_err(), "nobody knocked");
    }

    #[test]
    fn an_answer_is_made_harmless() {
        assert_eq!(harmless("a\u{202e}b\u{0}\nc", 10), "ab c");
        assert_eq!(harmless("ăăăă", 2), "ăă");
    }
}
