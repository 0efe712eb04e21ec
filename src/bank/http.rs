//! The one HTTP client for bank calls: what leaves, what comes back, and what is known when it fails.
//!
//! **Invariant:** one call is at most one request. Nothing here repeats, follows a redirect, uses a proxy
//! or logs a body, a header or a path; plain HTTP goes to this machine only.

use super::calls::{self, Calls, Seen};
use super::{BankError, refusal};
use crate::fail_point;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use std::error::Error as _;
use std::time::{Duration, Instant};
use tracing::Instrument as _;
use url::{Host, Url};
use uuid::Uuid;

/// Largest answer read unless a call says otherwise, in bytes.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// A connection that was idle longer than this is not used again.
const POOL_IDLE: Duration = Duration::from_secs(10);
/// Connections to one bank kept while idle: as many as questions are asked of it at once by default, so that
/// not every answer costs the next question a TLS handshake.
const KEPT_CONNECTIONS: usize = 32;
/// Longest user agent passed on, in characters.
const MAX_USER_AGENT_CHARS: usize = 256;
/// Longest description of a fault, in characters.
const MAX_FAULT_CHARS: usize = 200;

/// How banks are reached.
#[derive(Clone, Debug)]
pub struct BankHttpSettings {
    /// For name resolution, TCP and TLS together; shorter than `total_timeout`, so that a bank that cannot
    /// be reached is known not to have the request.
    pub connect_timeout: Duration,
    /// From the start of the call to the last byte of the answer.
    pub total_timeout: Duration,
    /// More trusted certificate authorities than the system's, as PEM.
    pub extra_root_pem: Option<String>,
    /// Our TLS client certificate (QWAC) chain and its key, as PEM.
    pub identity_pem: Option<SecretString>,
}

impl Default for BankHttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(20),
            extra_root_pem: None,
            identity_pem: None,
        }
    }
}

/// Why there can be no client with these settings.
#[derive(Debug, thiserror::Error)]
pub enum BankHttpError {
    /// The time-outs contradict each other.
    #[error("connect_timeout must be above zero and below total_timeout")]
    Timeouts,
    /// The certificates or the key are unreadable, or the system trusts nobody.
    #[error("the bank client cannot be set up: {0}")]
    Setup(String),
}

/// The client. Clones share connections.
#[derive(Clone, Debug)]
pub struct BankHttp {
    /// For calls that change nothing: keeps connections.
    reading: Client,
    /// For calls that act: a new connection each, because a kept one may die under the request, and then
    /// nobody knows whether the bank has it.
    acting: Client,
    /// Where it is noted what came of the calls.
    calls: Option<Calls>,
}

/// One request to a bank.
#[derive(Clone)]
pub struct Call<'a> {
    /// The bank's code, for the log.
    pub bank: &'a str,
    /// What is being done, for the log.
    pub operation: &'static str,
    /// Sent as `X-Request-ID`; the same again when the same call is made again.
    pub request_id: Uuid,
    /// The HTTP method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers beyond `X-Request-ID`, `Accept` and `Content-Type`.
    pub headers: HeaderMap,
    /// What is sent.
    pub body: Body,
    /// Largest answer read, in bytes.
    pub max_answer_bytes: usize,
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("bank", &self.bank)
            .field("operation", &self.operation)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// What a request carries.
#[derive(Clone)]
pub enum Body {
    /// Nothing.
    Empty,
    /// `application/json`.
    Json(Vec<u8>),
    /// `application/x-www-form-urlencoded`, already encoded.
    Form(String),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

/// An answer.
#[derive(Clone)]
pub struct Reply {
    /// 200..=299, and up to 499 from [`BankHttp::answer`].
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// At most what the call allows.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl BankHttp {
    /// Sets up the client.
    ///
    /// # Errors
    /// [`BankHttpError`] when the settings contradict each other or a certificate is unreadable.
    pub fn new(settings: &BankHttpSettings) -> Result<Self, BankHttpError> {
        if settings.connect_timeout.is_zero() || settings.connect_timeout >= settings.total_timeout {
            return Err(BankHttpError::Timeouts);
        }
        // Whoever starts the process usually has installed one already, which is then kept.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let build = |kept_connections| client(settings, kept_connections).map_err(|e| BankHttpError::Setup(describe(e)));
        Ok(Self {
            reading: build(KEPT_CONNECTIONS)?,
            acting: build(0)?,
            calls: None,
        })
    }

    /// The same client, which notes what comes of its calls.
    #[must_use]
    pub fn noting(self, calls: Calls) -> Self {
        Self {
            calls: Some(calls),
            ..self
        }
    }

    /// Makes one call.
    ///
    /// # Errors
    /// - [`BankError::NotSent`]: there was no connection (name, TCP, TLS), so no byte of the request left.
    /// - [`BankError::Refused`]: a 4xx answer, except 408, which gateways also send for their own time-outs.
    /// - [`BankError::Unknown`]: everything else (time-out, reset, 3xx, 5xx, an answer that is cut or too large).
    pub async fn call(&self, call: Call<'_>) -> Result<Reply, BankError> {
        self.logged(call, accepted).await
    }

    /// As [`Self::call`], with every answer below 500 as it came, for a caller who must verify a refusal or read
    /// where a redirect leads before it says what the answer means ([`accepted`]).
    ///
    /// # Errors
    /// [`BankError::NotSent`] and [`BankError::Unknown`] as there.
    pub async fn answer(&self, call: Call<'_>) -> Result<Reply, BankError> {
        self.logged(call, Ok).await
    }

    async fn logged(&self, call: Call<'_>, read: fn(Reply) -> Result<Reply, BankError>) -> Result<Reply, BankError> {
        let span = tracing::info_span!(
            "bank_call",
            bank = call.bank,
            operation = call.operation,
            method = %call.method,
            host = call.url.host_str().unwrap_or_default(),
            request_id = %call.request_id,
            status = tracing::field::Empty,
            duration_ms = tracing::field::Empty,
        );
        let (bank, operation, request_id) = (call.bank, call.operation, call.request_id);
        calls::leaves(request_id);
        let (started, mut met) = (Instant::now(), Met::default());
        let result = self.exchange(call, &mut met).instrument(span.clone()).await;
        let took = started.elapsed();
        if let Some(calls) = &self.calls {
            let seen = Seen::of(operation, met.status, met.timed_out, &result);
            calls.note(bank, operation, request_id, seen, took);
        }
        let result = result.and_then(read);
        if let Some(status) = met.status {
            span.record("status", status);
        }
        span.record("duration_ms", u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        span.in_scope(|| match &result {
            Ok(_) => tracing::info!("the bank answered"),
            Err(error) => tracing::warn!(%error, "the bank call failed"),
        });
        result
    }

    async fn exchange(&self, call: Call<'_>, met: &mut Met) -> Result<Reply, BankError> {
        if !is_safe_destination(&call.url) {
            return Err(BankError::NotSent("only https, or http on this machine".to_owned()));
        }
        let most = call.max_answer_bytes;
        let client = if call.method.is_safe() { &self.reading } else { &self.acting };
        let mut request = client
            .request(call.method, call.url)
            .headers(call.headers)
            .header("X-Request-ID", call.request_id.to_string())
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        request = match call.body {
            Body::Empty => request,
            Body::Json(bytes) => request.header(CONTENT_TYPE, "application/json").body(bytes),
            Body::Form(text) => request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(text),
        };
        let answer = request.send().await.map_err(|e| {
            met.timed_out = e.is_timeout();
            before_the_answer(e)
        })?;
        fail_point::may_die_in(call.operation, "bank_acted");
        let code = answer.status();
        met.status = Some(code.as_u16());
        if code.is_server_error() || code.is_informational() || code == StatusCode::REQUEST_TIMEOUT {
            return Err(BankError::Unknown(format!("HTTP {}", code.as_u16())));
        }
        let headers = answer.headers().clone();
        let body = match read_bounded(answer, most, &mut met.timed_out).await {
            Err(fault) if code.is_success() => return Err(BankError::Unknown(fault)),
            // The status has refused already; a body that cannot be read only takes the explanation away.
            body => body.unwrap_or_default(),
        };
        Ok(Reply {
            status: code.as_u16(),
            headers,
            body,
        })
    }
}

/// What was met on the way.
#[derive(Debug, Default)]
struct Met {
    /// The answer's status, where there was one.
    status: Option<u16>,
    /// The time was over.
    timed_out: bool,
}

/// What an answer below 500 means.
///
/// # Errors
/// [`BankError::Refused`] for 4xx, [`BankError::Unknown`] for what is neither that nor 2xx.
pub fn accepted(reply: Reply) -> Result<Reply, BankError> {
    match reply.status {
        200..=299 => Ok(reply),
        400..=499 => Err(refusal::read(reply.status, &reply.headers, &reply.body)),
        other => Err(BankError::Unknown(format!("HTTP {other}"))),
    }
}

/// A browser's words as a header can carry them: visible ASCII, not too long; `None` when nothing is left.
#[must_use]
pub fn clean_user_agent(text: &str) -> Option<String> {
    let clean: String = text
        .chars()
        .filter(|c| c.is_ascii_graphic() || *c == ' ')
        .take(MAX_USER_AGENT_CHARS)
        .collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// Whether a URL may be called at all: https, or http to this machine (development, sandbox banks).
#[must_use]
pub fn is_safe_destination(url: &Url) -> bool {
    let anonymous = url.username().is_empty() && url.password().is_none();
    anonymous
        && match url.scheme() {
            "https" => url.host().is_some(),
            "http" => match url.host() {
                Some(Host::Ipv4(ip)) => ip.is_loopback(),
                Some(Host::Ipv6(ip)) => ip.is_loopback(),
                Some(Host::Domain(name)) => name == "localhost",
                None => false,
            },
            _ => false,
        }
}

fn client(settings: &BankHttpSettings, kept_connections: usize) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.total_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .pool_max_idle_per_host(kept_connections)
        .pool_idle_timeout(POOL_IDLE);
    if let Some(pem) = &settings.extra_root_pem {
        builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem.as_bytes())?);
    }
    if let Some(pem) = &settings.identity_pem {
        builder = builder.identity(reqwest::Identity::from_pem(pem.expose_secret().as_bytes())?);
    }
    builder.build()
}

/// A request that failed before a status line came back. `is_connect` covers name resolution, TCP and the
/// TLS handshake, `is_builder` a request that could not even be formed: both before the first byte of it.
/// A server that rejects our certificate under TLS 1.3 does so after the handshake: that stays unknown.
fn before_the_answer(error: reqwest::Error) -> BankError {
    let not_sent = error.is_connect() || error.is_builder();
    let description = describe(error);
    if not_sent {
        BankError::NotSent(description)
    } else {
        BankError::Unknown(description)
    }
}

/// The fault in words, without the URL (whose path names the payment).
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    refusal::harmless(&text, MAX_FAULT_CHARS)
}

async fn read_bounded(mut answer: reqwest::Response, most: usize, timed_out: &mut bool) -> Result<Vec<u8>, String> {
    let too_large = || format!("the answer is larger than {most} bytes");
    if answer.content_length().is_some_and(|n| n > most as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| {
        *timed_out = e.is_timeout();
        describe(e)
    })? {
        if body.len() + chunk.len() > most {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
