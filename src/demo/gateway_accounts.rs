//! The partner's side of the calls about a payer's accounts: one consent, with tokens of its own.

use super::gateway_client::{GatewayClient, GatewayError, InitAnswer, TokenAnswer, Tokens, checked, read};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use url::Url;

/// How a consent stands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsentStatus {
    pub consent_status: String,
    pub is_final: bool,
    pub is_usable: bool,
    #[serde(default)]
    pub bank: Option<String>,
    #[serde(default)]
    pub valid_until: Option<String>,
}

/// An amount as the gateway writes it: two decimals, signed.
#[derive(Deserialize)]
pub(super) struct Balance {
    pub amount: String,
    pub currency: String,
}

/// An account the payer let us see.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    account_id: String,
    #[serde(default)]
    pub iban: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub balances: Vec<Balance>,
}

#[derive(Deserialize)]
struct Accounts {
    accounts: Vec<Account>,
}

#[derive(Deserialize)]
struct Balances {
    balances: Vec<Balance>,
}

fn path(call: &str, tokens: &Tokens) -> String {
    format!("/gateway/core/rest/api/core/{call}/{}", tokens.payment_id)
}

impl GatewayClient {
    /// Opens a new consent and answers the page to send the payer to, who chooses the bank there.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub(super) async fn ask_consent(&self, redirect_url: &str) -> Result<(Tokens, Url), GatewayError> {
        let form = [("client_id", self.client_id()), ("isConsent", "1")];
        let call = self
            .call(Method::POST, "/gateway/authenticate/rest/api/authenticate/token")?
            .form(&form);
        let TokenAnswer { result: mut tokens } = read(call).await?;
        let terms = json!({"kind": "accounts", "redirectURL": redirect_url});
        let call = self.call(Method::POST, &path("initConsent", &tokens))?.json(&terms);
        let answer: InitAnswer = self.authorised(&mut tokens, call).await?;
        Ok((tokens, checked(answer)?))
    }

    /// How the consent stands. `tokens` may be replaced on the way: keep them.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub(super) async fn consent_status(&self, tokens: &mut Tokens) -> Result<ConsentStatus, GatewayError> {
        let call = self.call(Method::GET, &path("consentStatus", tokens))?;
        self.authorised(tokens, call).await
    }

    /// The accounts, with their balances.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub(super) async fn accounts(&self, tokens: &mut Tokens) -> Result<Vec<Account>, GatewayError> {
        let call = self.call(Method::GET, &path("accounts", tokens))?;
        let mut seen: Accounts = self.authorised(tokens, call).await?;
        for account in seen.accounts.iter_mut().filter(|a| a.balances.is_empty()) {
            let mut url = self.url(&path("accounts", tokens))?;
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.extend([account.account_id.as_str(), "balances"]);
            }
            let call = self.call(Method::GET, url.as_str())?;
            let found: Result<Balances, _> = self.authorised(tokens, call).await;
            // The payer may have hidden them.
            account.balances = found.map(|b| b.balances).unwrap_or_default();
        }
        Ok(seen.accounts)
    }

    /// Ends the consent.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub(super) async fn revoke_consent(&self, tokens: &mut Tokens) -> Result<ConsentStatus, GatewayError> {
        let call = self.call(Method::POST, &path("revokeConsent", tokens))?;
        self.authorised(tokens, call).await
    }
}
