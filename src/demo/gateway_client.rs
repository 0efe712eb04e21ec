//! The partner's side of the public API: one certificate, one token pair for each payment.

use super::PartnerLogin;
use anyhow::Context;
use reqwest::{Certificate, Client, Identity, Method, RequestBuilder, StatusCode};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use url::{Host, Url};

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 512 * 1024;

/// The tokens of one payment, or of one consent. They open that and nothing else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// The gateway's id of the payment or the consent.
    #[serde(rename = "paymentId", alias = "consentId")]
    pub payment_id: i64,
    /// Lives about five minutes.
    pub access_token: String,
    /// Buys the next pair, once.
    pub refresh_token: String,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("payment_id", &self.payment_id)
            .finish_non_exhaustive()
    }
}

/// One transfer.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    /// Who receives the money.
    pub creditor_name: String,
    /// The account that receives it.
    pub creditor_iban: String,
    /// `123.45`, RON. A string, so that no reader makes a binary fraction of it.
    pub amount: String,
    /// Remittance information.
    pub details: String,
    /// The partner's own name for one of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_to_end_id: Option<String>,
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer").field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// What is to be paid: one transfer, or several that the payer approves at once.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum ToPay {
    /// The fields of the one.
    One(Transfer),
    /// A list, for Finance partners.
    Several {
        /// 1 to 5000.
        payments: Vec<Transfer>,
    },
}

/// When a standing order is carried out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StandingOrder {
    /// `2026-12-01`.
    pub start_date: String,
    /// `Monthly` and so on.
    #[serde(rename = "Frequency")]
    pub frequency: &'static str,
    /// 1 to 31.
    pub day_of_execution: u8,
}

/// The order a payment is started with.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InitPayment {
    /// What is to be paid.
    #[serde(flatten)]
    pub to_pay: ToPay,
    /// For a standing order.
    #[serde(flatten)]
    pub standing: Option<StandingOrder>,
    /// The payer's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psu_email: Option<String>,
    /// Where the payer comes back to.
    #[serde(rename = "redirectURL")]
    pub redirect_url: String,
}

impl fmt::Debug for InitPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InitPayment").field("to_pay", &self.to_pay).finish_non_exhaustive()
    }
}

/// What the gateway says about a payment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentStatus {
    /// ISO 20022 word, or one of the gateway's own.
    pub transaction_status: String,
    /// The gateway's plain word.
    #[serde(default)]
    pub payment_status: String,
    /// Whether the payment has ended.
    pub is_final: bool,
    /// Whether the money moved. Nothing else means that.
    pub is_successful: bool,
    /// Why it was refused, when known.
    #[serde(default)]
    pub status_reason: Option<String>,
    /// The payer's bank.
    #[serde(default)]
    pub bank: Option<String>,
    /// The amount the payer confirmed.
    #[serde(default, deserialize_with = "text_or_number")]
    pub amount: Option<String>,
    /// The account the payer confirmed; none where there are several.
    #[serde(default)]
    pub creditor_iban: Option<String>,
    /// Each of several.
    #[serde(default)]
    pub payments: Vec<OneOfSeveral>,
}

/// How one of several payments stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OneOfSeveral {
    /// Which one.
    pub end_to_end_id: String,
    /// ISO 20022 word, or one of the gateway's own.
    pub transaction_status: String,
}

/// A bank the payer can choose.
#[derive(Clone, Debug, Deserialize)]
pub struct Bank {
    /// What `debtorBank` takes.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// Whether it can be used now.
    pub active: bool,
}

/// Why the gateway gave no useful answer.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No connection, or no answer in time. Whether the call arrived is unknown.
    #[error("the payment gateway cannot be reached")]
    Unreachable,
    /// The gateway said no.
    #[error("the payment gateway refused: HTTP {status} {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `messageStatus`.
        code: String,
        /// One sentence for people.
        message: String,
        /// What to name when asking the gateway's operator.
        reference: Option<String>,
    },
    /// An answer that does not follow the API.
    #[error("the payment gateway's answer made no sense")]
    Garbled,
}

impl GatewayError {
    fn is_expired_token(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }
}

#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) result: Tokens,
}

#[derive(Deserialize)]
pub(super) struct InitAnswer {
    #[serde(rename = "redirectUri")]
    redirect_uri: Url,
}

#[derive(Deserialize)]
struct BanksAnswer {
    payload: Vec<Bank>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    #[serde(rename = "messageStatus")]
    message_status: String,
    message: String,
    reference: Option<String>,
}

/// A partner's connection to the gateway.
pub struct GatewayClient {
    http: Client,
    base: Url,
    client_id: String,
}

impl fmt::Debug for GatewayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayClient")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl GatewayClient {
    /// A client that shows the partner's certificate and trusts one certification authority only.
    ///
    /// # Errors
    /// A certificate, key or address that cannot be used. Plain HTTP is taken for this machine only.
    pub fn new(base: &Url, ca_pem: &[u8], login: &PartnerLogin) -> anyhow::Result<Self> {
        let mut builder = Client::builder()
            .timeout(TIMEOUT)
            .no_proxy()
            // What the gateway speaks.
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("smartpay-demo-partner");
        if base.scheme() == "https" {
            let identity = [&login.certificate_pem, b"\n".as_slice(), login.key_pem.expose_secret().as_bytes()].concat();
            builder = builder
                .https_only(true)
                .tls_certs_only(Certificate::from_pem_bundle(ca_pem).context("the gateway's certification authority")?)
                .identity(Identity::from_pem(&identity).context("the partner's certificate and key")?);
        } else {
            anyhow::ensure!(is_loopback(base), "the gateway is called over HTTPS");
        }
        Ok(Self {
            http: builder.build()?,
            base: base.clone(),
            client_id: login.client_id.clone(),
        })
    }

    /// Opens a new payment.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn token(&self) -> Result<Tokens, GatewayError> {
        let path = "/gateway/authenticate/rest/api/authenticate/token";
        let answer: TokenAnswer = read(self.call(Method::POST, path)?.form(&[("client_id", &self.client_id)])).await?;
        Ok(answer.result)
    }

    /// Buys the next pair; the old refresh token is worthless afterwards.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn refresh_token(&self, tokens: &Tokens) -> Result<Tokens, GatewayError> {
        let path = "/gateway/authenticate/rest/api/authenticate/refreshToken";
        let form = [("client_id", &self.client_id), ("refresh_token", &tokens.refresh_token)];
        let answer: TokenAnswer = read(self.call(Method::POST, path)?.form(&form)).await?;
        Ok(answer.result)
    }

    /// Sends the order; answers the page to send the payer to. Repeating it with the same order is safe.
    /// `tokens` may be replaced on the way, also when an error is returned: keep them.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn init_payment(&self, tokens: &mut Tokens, order: &InitPayment) -> Result<Url, GatewayError> {
        let path = format!("/gateway/core/rest/api/core/initPayment/{}", tokens.payment_id);
        let call = self.call(Method::POST, &path)?.json(order);
        let answer: InitAnswer = self.authorised(tokens, call).await?;
        checked(answer)
    }

    /// Asks how the payment stands. `tokens` may be replaced on the way: keep them.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn status(&self, tokens: &mut Tokens) -> Result<PaymentStatus, GatewayError> {
        let path = format!("/gateway/core/rest/api/core/status/{}", tokens.payment_id);
        let call = self.call(Method::GET, &path)?;
        self.authorised(tokens, call).await
    }

    /// The banks a payer can choose. `tokens` may be replaced on the way: keep them.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn banks(&self, tokens: &mut Tokens) -> Result<Vec<Bank>, GatewayError> {
        let call = self.call(Method::GET, "/gateway/core/rest/api/core/banks")?;
        let answer: BanksAnswer = self.authorised(tokens, call).await?;
        Ok(answer.payload)
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(super) fn url(&self, path: &str) -> Result<Url, GatewayError> {
        self.base.join(path).map_err(|_| GatewayError::Garbled)
    }

    pub(super) fn call(&self, method: Method, path: &str) -> Result<RequestBuilder, GatewayError> {
        Ok(self.http.request(method, self.url(path)?))
    }

    /// Makes a call with the access token; when that has run out, buys a new one and tries once more.
    pub(super) async fn authorised<T: DeserializeOwned>(&self, tokens: &mut Tokens, call: RequestBuilder) -> Result<T, GatewayError> {
        let again = call.try_clone();
        match read(call.bearer_auth(&tokens.access_token)).await {
            Err(e) if e.is_expired_token() => {
                let again = again.ok_or(e)?;
                *tokens = self.refresh_token(tokens).await?;
                read(again.bearer_auth(&tokens.access_token)).await
            }
            other => other,
        }
    }
}

/// The page for the payer, when a browser may be sent there.
pub(super) fn checked(answer: InitAnswer) -> Result<Url, GatewayError> {
    let uri = answer.redirect_uri;
    let safe = uri.scheme() == "https" || (uri.scheme() == "http" && is_loopback(&uri));
    if safe { Ok(uri) } else { Err(GatewayError::Garbled) }
}

pub(super) async fn read<T: DeserializeOwned>(call: RequestBuilder) -> Result<T, GatewayError> {
    let mut answer = call.send().await.map_err(|e| {
        tracing::warn!(
            timeout = e.is_timeout(),
            connect = e.is_connect(),
            "no answer from the payment gateway"
        );
        GatewayError::Unreachable
    })?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| GatewayError::Unreachable)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(GatewayError::Garbled);
        }
        body.extend_from_slice(&chunk);
    }
    if status == StatusCode::OK {
        return serde_json::from_slice(&body).map_err(|_| GatewayError::Garbled);
    }
    let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
    let short = |text: String| text.chars().take(300).collect::<String>();
    Err(GatewayError::Refused {
        status: status.as_u16(),
        code: short(problem.message_status),
        message: short(problem.message),
        reference: problem.reference.map(short),
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn text_or_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}
