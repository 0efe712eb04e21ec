//! Calls with the partner's own service account: one login for all nodes, renewed before it is bought anew.

use super::wire::{self, Answered};
use super::{Epp, TOKEN_LIFE};
use crate::bank::BankError;
use crate::bank::access::{AccessKey, Grant, Holder, Kept, NotBought};
use crate::bank::http::{Body, Call, MAX_ANSWER_BYTES};
use crate::bank::oauth::Secret;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// Largest answer read, in bytes: 5000 orders with every text as long as it may be.
const MAX_ORDERS_BYTES: usize = 12 * MAX_ANSWER_BYTES;
/// How long the bank is left alone after a refused login: the third in a minute would lock the account.
const AFTER_REFUSAL: Duration = Duration::from_secs(61);

/// A call, as it is made with whichever token is good.
pub(super) struct Ask {
    pub operation: &'static str,
    pub request_id: Uuid,
    pub method: Method,
    pub url: Url,
    pub body: Body,
}

/// The service account of one partner at the bank.
pub(super) struct Desk<'a> {
    bank: &'a Epp,
    key: AccessKey,
}

impl<'a> Desk<'a> {
    pub(super) fn new(bank: &'a Epp, partner: &str) -> Self {
        let key = AccessKey {
            bank: bank.code.clone(),
            holder: Holder::Partner(partner.to_owned()),
            scope: "epp",
        };
        Self { bank, key }
    }

    /// Whether the operator has entered credentials for this partner.
    pub(super) async fn has_login(&self) -> Result<bool, BankError> {
        match self.bank.keeper.login(&self.bank.code, &self.key.holder).await {
            Ok(_) => Ok(true),
            Err(BankError::Unsupported) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a call. After a 401, which means that nothing was done, it is made once more with another token.
    ///
    /// # Errors
    /// Those of [`crate::bank::http::BankHttp::call`]; [`BankError::NotSent`] when no token can be had;
    /// [`BankError::Unknown`] for a success that is not JSON.
    pub(super) async fn call(&self, ask: Ask) -> Result<Answered, BankError> {
        let token = self.token(None).await?;
        let reply = match self.send(&ask, &token).await {
            Err(BankError::Refused { status: 401, .. }) => {
                let another = self.token(Some(&token)).await?;
                self.send(&ask, &another).await?
            }
            other => other?,
        };
        wire::read(&reply).ok_or_else(|| BankError::Unknown("the answer is unreadable".to_owned()))
    }

    async fn send(&self, ask: &Ask, token: &Secret) -> Result<Vec<u8>, BankError> {
        let call = Call {
            bank: &self.bank.code,
            operation: ask.operation,
            request_id: ask.request_id,
            method: ask.method.clone(),
            url: ask.url.clone(),
            headers: bearer(token)?,
            body: ask.body.clone(),
            max_answer_bytes: MAX_ORDERS_BYTES,
        };
        match self.bank.http.call(call).await {
            Ok(reply) => Ok(reply.body),
            Err(error) => Err(error),
        }
    }

    async fn token(&self, spoiled: Option<&Secret>) -> Result<Secret, BankError> {
        self.bank.keeper.token(&self.key, spoiled, |kept| self.buy(kept)).await
    }

    /// The refresh token first; the password only where there is none or it is not taken any more. Whatever goes
    /// wrong here, the call that needs the token has not left.
    async fn buy(&self, kept: Kept) -> Result<Grant, NotBought> {
        if let Some(refresh) = &kept.refresh {
            match self.refresh(refresh).await {
                Err(BankError::Refused { status, .. }) if status != 429 => {}
                Err(error) => return Err(not_sent(&error).into()),
                Ok(grant) => return Ok(grant),
            }
        }
        let login = self.bank.keeper.login(&self.bank.code, &self.key.holder).await;
        let login = login.map_err(|error| match error {
            BankError::Unsupported => BankError::NotSent("the partner has no service account at this bank".to_owned()),
            other => other,
        })?;
        let body = json!({ "login": login.name.expose(), "password": login.password.expose() });
        let ask = self.at(Method::POST, &["login"], Body::Json(body.to_string().into_bytes()))?;
        match self.exchange("login", ask, HeaderMap::new()).await {
            Ok(grant) => Ok(grant),
            Err(error @ BankError::Refused { .. }) => Err(NotBought {
                error: not_sent(&error),
                locked: AFTER_REFUSAL,
            }),
            Err(error) => Err(not_sent(&error).into()),
        }
    }

    async fn refresh(&self, refresh: &Secret) -> Result<Grant, BankError> {
        let ask = self.at(Method::GET, &["login", "refresh"], Body::Empty)?;
        self.exchange("login_refresh", ask, bearer(refresh)?).await
    }

    fn at(&self, method: Method, path: &[&str], body: Body) -> Result<(Method, Url, Body), BankError> {
        Ok((method, self.bank.address(path)?, body))
    }

    async fn exchange(&self, operation: &'static str, ask: (Method, Url, Body), headers: HeaderMap) -> Result<Grant, BankError> {
        let (method, url, body) = ask;
        let call = Call {
            bank: &self.bank.code,
            operation,
            // Two logins are two calls, whoever makes them: nothing is to be recognised by this id.
            request_id: Uuid::nil(),
            method,
            url,
            headers,
            body,
            max_answer_bytes: MAX_ANSWER_BYTES,
        };
        let reply = self.bank.http.call(call).await?;
        let answered = wire::read(&reply.body).ok_or_else(unreadable)?;
        if let Some(error) = answered.error {
            return Err(refused(error));
        }
        grant(&answered.payload).ok_or_else(unreadable)
    }
}

/// A refusal that came with a success for a status.
pub(super) fn refused(code: String) -> BankError {
    BankError::Refused {
        status: 200,
        code,
        text: String::new(),
        retry_after_s: None,
    }
}

fn unreadable() -> BankError {
    BankError::Unknown("the answer to the login is unreadable".to_owned())
}

fn not_sent(error: &BankError) -> BankError {
    BankError::NotSent(format!("no login at the bank: {error}"))
}

fn grant(payload: &Value) -> Option<Grant> {
    let secret = |name: &str| {
        let text = payload.get(name)?.as_str()?;
        let usable = (1..=8192).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        usable.then(|| Secret::from(text.to_owned()))
    };
    Some(Grant {
        access: secret("accessToken")?,
        refresh: secret("refreshToken"),
        lives: TOKEN_LIFE,
    })
}

fn bearer(token: &Secret) -> Result<HeaderMap, BankError> {
    let value = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
    let mut value = value.map_err(|_| BankError::NotSent("the bank's token cannot be sent".to_owned()))?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}
