//! A partner whose gateway may die at any moment: every call says whether it went through.

use super::partner::{Answer, INIT, Partner, REFRESH, STATUS, Sight, Started, TOKEN, Tokens, an_order, with};
use super::payer::Gone;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// The shop.
#[derive(Clone)]
pub struct Shop(Partner);

impl Shop {
    pub fn at(gateway: url::Url) -> Self {
        Self::named(gateway, "shop")
    }

    /// Another partner, by its client id and certificate.
    pub fn named(gateway: url::Url, client_id: &str) -> Self {
        Self(Partner::new(gateway, client_id))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, Gone> {
        let answer = request.send().await.map_err(|e| format!("gateway: {e:?}"))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let json = answer.json().await.map_err(|e| format!("gateway: {e:?}"))?;
        Ok(Answer { status, headers, json })
    }

    pub async fn token(&self) -> Result<Tokens, Gone> {
        let form = [("client_id", self.0.client_id.as_str())];
        let answer = self.send(self.0.request(Method::POST, TOKEN).form(&form)).await?;
        good(answer).map(|a| Tokens::of(&a))
    }

    /// Tokens for a consent: `isConsent` for a new one, `consentId` for one there is.
    pub async fn consent_token(&self, which: (&str, &str)) -> Result<Answer, Gone> {
        let form = [("client_id", self.0.client_id.as_str()), which];
        good(self.send(self.0.request(Method::POST, TOKEN).form(&form)).await?)
    }

    pub async fn consent_status(&self, consent: i64, access: &str) -> Result<Answer, Gone> {
        let path = format!("/gateway/core/rest/api/core/consentStatus/{consent}");
        self.send(self.0.request(Method::GET, &path).bearer_auth(access)).await
    }

    pub async fn refresh(&self, refresh_token: &str) -> Result<Answer, Gone> {
        let form = [("client_id", self.0.client_id.as_str()), ("refresh_token", refresh_token)];
        self.send(self.0.request(Method::POST, REFRESH).form(&form)).await
    }

    pub async fn init(&self, tokens: &Tokens, order: &Value) -> Result<Answer, Gone> {
        let request = self.0.request(Method::POST, &format!("{INIT}/{}", tokens.payment));
        self.send(request.bearer_auth(&tokens.access).json(order)).await
    }

    /// Starts a payment; `order` replaces and adds fields of the usual order.
    pub async fn start(&self, order: Value) -> Result<Started, Gone> {
        let tokens = self.token().await?;
        let answer = good(self.init(&tokens, &with(an_order(), order)).await?)?;
        let link = answer.text("redirectUri").parse().unwrap();
        Ok(Started { tokens, link })
    }

    pub async fn status(&self, tokens: &Tokens) -> Result<Answer, Gone> {
        let request = self.0.request(Method::GET, &format!("{STATUS}/{}", tokens.payment));
        self.send(request.bearer_auth(&tokens.access)).await
    }

    /// The status as the partner sees it, with a fresh token when the old one has run out.
    pub async fn sees(&self, started: &mut Started) -> Result<Sight, Gone> {
        let mut answer = self.status(&started.tokens).await?;
        if answer.status == 401 {
            started.tokens = Tokens::of(&good(self.refresh(&started.tokens.refresh).await?)?);
            answer = self.status(&started.tokens).await?;
        }
        good(answer).map(|a| Sight::of(&a))
    }
}

/// Only an answer that says success.
pub fn good(answer: Answer) -> Result<Answer, Gone> {
    if answer.status == 200 && answer.json["messageStatus"] == "SUCCESS" {
        Ok(answer)
    } else {
        Err(format!("gateway: {} {}", answer.status, answer.json))
    }
}
