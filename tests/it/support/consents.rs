//! Consents: what partners call, and what payers do on the consent's page and at the bank.

use super::TestApp;
use super::browser::Page;
use super::partner::{Answer, Partner, TOKEN};
use super::psu::{Payer, Psu};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

pub const CORE: &str = "/gateway/core/rest/api/core";

/// A token pair and the consent it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentTokens {
    pub access: String,
    pub refresh: String,
    pub consent: i64,
}

impl ConsentTokens {
    pub fn of(answer: &Answer) -> Self {
        let result = &answer.json["result"];
        assert!(result.get("paymentId").is_none());
        let text = |field: &str| result[field].as_str().unwrap().to_owned();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
            consent: result["consentId"].as_i64().unwrap(),
        }
    }
}

/// The terms most stories ask for.
pub fn terms() -> Value {
    json!({ "bank": "cec", "kind": "accounts", "redirectURL": super::RETURN_URL })
}

impl Partner {
    /// The token call for a new consent, or for one the partner has.
    pub async fn consent_token(&self, more: (&str, &str)) -> Answer {
        let form = [("client_id", self.client_id.as_str()), more];
        self.send(self.request(Method::POST, TOKEN).form(&form)).await
    }

    pub async fn consent_tokens(&self) -> ConsentTokens {
        ConsentTokens::of(&self.consent_token(("isConsent", "1")).await.good())
    }

    /// Fresh tokens for a consent, because stories move the clock.
    pub async fn tokens_again(&self, tokens: &ConsentTokens) -> ConsentTokens {
        let again = ConsentTokens::of(&self.consent_token(("consentId", &tokens.consent.to_string())).await.good());
        assert_eq!(again.consent, tokens.consent);
        again
    }

    pub async fn init_consent(&self, tokens: &ConsentTokens, terms: &Value) -> Answer {
        self.post_consent("initConsent", tokens, terms).await
    }

    pub async fn post_consent(&self, call: &str, tokens: &ConsentTokens, body: &Value) -> Answer {
        let request = self.request(Method::POST, &format!("{CORE}/{call}/{}", tokens.consent));
        self.send(request.bearer_auth(&tokens.access).json(body)).await
    }

    /// GET `call/{consent}rest`.
    pub async fn get_consent(&self, call: &str, tokens: &ConsentTokens, rest: &str) -> Answer {
        let request = self.request(Method::GET, &format!("{CORE}/{call}/{}{rest}", tokens.consent));
        self.send(request.bearer_auth(&tokens.access)).await
    }

    pub async fn consent_status(&self, tokens: &ConsentTokens) -> String {
        let answer = self.get_consent("consentStatus", tokens, "").await.good();
        assert_eq!(answer.json["isUsable"], answer.text("consentStatus") == "valid");
        answer.text("consentStatus").to_owned()
    }

    /// Asks for a consent and answers the payer's link.
    pub async fn start_consent(&self, terms: &Value) -> (ConsentTokens, Url) {
        let tokens = self.consent_tokens().await;
        let answer = self.init_consent(&tokens, terms).await.good();
        (tokens, answer.text("redirectUri").parse().unwrap())
    }

    /// A consent that a payer has given at CEC.
    pub async fn given_consent(&self, app: &TestApp, payer: Payer, terms: &Value) -> ConsentTokens {
        let (tokens, link) = self.start_consent(terms).await;
        let psu = app.psu();
        let page = psu.to_consents_bank(&link, "cec").await;
        let back = psu.agree(&page, payer, |_| true).await;
        psu.come_back(&back).await.says("Ai dat accesul");
        tokens
    }
}

impl Psu {
    /// Opens a consent's link and chooses the bank; answers the page that leads there.
    pub async fn to_consents_bank(&self, link: &Url, bank: &str) -> Page {
        let page = self.get(link).await;
        let form = page.form("/account-consent").with("bank", bank);
        self.follow(&self.submit(&form).await).await
    }

    /// Goes to the bank and logs in; answers its page with the accounts.
    pub async fn log_in_for_consent(&self, page: &Page, payer: Payer) -> Page {
        let login = self.follow(&self.get(&page.link("a#go")).await).await;
        let form = login.form("/conectare").with("user", payer.user).with("code", payer.code);
        self.follow(&self.submit(&form).await).await
    }

    /// Gives the consent with the boxes that are wanted ticked; answers the way back, which is not taken yet.
    pub async fn agree(&self, page: &Page, payer: Payer, wanted: impl Fn(&str) -> bool) -> Url {
        let mut form = self.log_in_for_consent(page, payer).await.form("/decizie").with("decizie", "da");
        form.fields.retain(|(name, _)| name == "decizie" || wanted(name));
        self.follow(&self.submit(&form).await).await.link("a.button")
    }

    /// Says no at the bank; answers the way back, which is not taken yet.
    pub async fn disagree(&self, page: &Page, payer: Payer) -> Url {
        let form = self.log_in_for_consent(page, payer).await.form("/decizie").with("decizie", "nu");
        self.follow(&self.submit(&form).await).await.link("a.button")
    }

    /// Withdraws every consent on the bank's own page.
    pub async fn withdraw_consents_at_bank(&self, app: &TestApp, payer: Payer) {
        let at = app.bank_url().join("cec/acorduri").unwrap();
        let form = self
            .get(&at)
            .await
            .form("/acorduri")
            .with("user", payer.user)
            .with("code", payer.code);
        let given = self.submit(&form).await;
        let id = given.value_of("button[name=acord]");
        self.submit(&given.form("/acorduri/retragere").with("acord", &id)).await;
    }
}
