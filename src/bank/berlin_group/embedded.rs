//! The embedded approach: what the PSU chooses and enters on our page is passed on (NextGenPSD2 1.3.x
//! sections 7.2.3 and 7.2.4).
//!
//! **Invariant:** a code is in the request that carries it and nowhere else.

use super::conversation::Turn;
use super::sca::{Sca, ScaStatus};
use crate::bank::http::{Body, Reply};
use crate::bank::{Answer, BankError, CodePrompt, PsuStep};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

impl Turn<'_> {
    /// Chooses the method by which the code comes.
    pub(super) async fn choose(self, id: &str) -> Result<Answer, BankError> {
        let name = match &self.talk.sca.step {
            Some(PsuStep::ChooseMethod { methods }) => methods.iter().find(|m| m.id == id).map(|m| m.name.clone()),
            _ => None,
        };
        let name = name.ok_or(BankError::Unsupported)?;
        self.select(id.to_owned(), Some(name)).await
    }

    /// Asks for another code: by choosing the same method again.
    pub(super) async fn resend(self) -> Result<Answer, BankError> {
        let sca = &self.talk.sca;
        let (Some(prompt), Some(method)) = (sca.prompt(), sca.method.clone()) else {
            return Err(BankError::Unsupported);
        };
        let name = prompt.method.clone();
        self.select(method, name).await
    }

    /// The code may be on its way although the answer is lost: then the PSU can enter it, or ask for another.
    async fn select(mut self, id: String, name: Option<String>) -> Result<Answer, BankError> {
        let sent = self.put("choose_method", &json!({ "authenticationMethodId": id })).await;
        self.talk.sca.method = Some(id);
        let blind = CodePrompt {
            method: name.clone(),
            can_resend: true,
            ..CodePrompt::default()
        };
        let status = match sent {
            Ok((answer, reply, asked)) => {
                let step = self.step_of(&answer, &reply, &asked)?;
                self.talk.sca.take_over(&answer);
                self.talk.sca.step = Some(match step {
                    Some(PsuStep::EnterCode(_)) | None => PsuStep::EnterCode(CodePrompt {
                        can_resend: true,
                        ..answer.prompt(name.as_deref())
                    }),
                    Some(other) => other,
                });
                answer.status.unwrap_or(ScaStatus::MethodSelected)
            }
            Err(BankError::Unknown(_)) => {
                self.talk.sca.step = Some(PsuStep::EnterCode(blind));
                ScaStatus::MethodSelected
            }
            Err(error) => return Err(error),
        };
        self.told(status).await
    }

    /// Hands over the code that the PSU entered.
    pub(super) async fn enter(mut self, code: &SecretString) -> Result<Answer, BankError> {
        if self.talk.sca.prompt().is_none() {
            return Err(BankError::Unsupported);
        }
        let body = json!({ "scaAuthenticationData": code.expose_secret() });
        match self.put("enter_code", &body).await {
            Ok((answer, ..)) => match answer.status {
                Some(ScaStatus::MethodSelected) => {
                    self.was_wrong(true);
                    self.told(ScaStatus::MethodSelected).await
                }
                Some(status) => {
                    self.was_wrong(status == ScaStatus::Failed);
                    self.told(status).await
                }
                None => self.look().await,
            },
            Err(error @ BankError::Refused { status, .. }) if status != 429 => self.code_refused(error).await,
            Err(error) => Err(error),
        }
    }

    /// The authorisation's status tells whether the code was wrong once more or once too often, and whether
    /// the bank refuses a code because it has a good one already.
    async fn code_refused(mut self, error: BankError) -> Result<Answer, BankError> {
        let wrong = is_wrong_code(&error);
        self.was_wrong(wrong);
        match self.sca_status().await {
            Ok(Some(status @ (ScaStatus::Done | ScaStatus::Failed))) => self.told(status).await,
            _ if wrong => {
                let verdict = self.without_an_end(Some(ScaStatus::MethodSelected));
                Ok(self.answer(verdict))
            }
            _ => Err(error),
        }
    }

    fn was_wrong(&mut self, wrong: bool) {
        if let Some(PsuStep::EnterCode(prompt)) = &mut self.talk.sca.step {
            prompt.wrong = wrong;
        }
    }

    async fn put(&mut self, operation: &'static str, body: &Value) -> Result<(Sca, Reply, Url), BankError> {
        let id = self.talk.sca.id.as_deref().ok_or(BankError::Unsupported)?;
        let url = self.bank.addresses.authorisation(self.talk.service, self.order_id()?, id);
        let asked = url.clone().ok_or(BankError::Unsupported)?;
        let mut call = self.prepare(operation, Method::PUT, url)?;
        call.body = Body::Json(body.to_string().into_bytes());
        let reply = self.bank.http.call(call).await?;
        let answer = Sca::read(&reply.body);
        let answer = answer.ok_or_else(|| BankError::Unknown("the answer of the authorisation is unreadable".to_owned()))?;
        Ok((answer, reply, asked))
    }
}

/// The words for a code that is wrong (NextGenPSD2 section 14.11, message codes).
fn is_wrong_code(error: &BankError) -> bool {
    matches!(error, BankError::Refused { status: 400 | 401, code, .. }
        if matches!(code.as_str(), "PSU_CREDENTIALS_INVALID" | "SCA_INVALID"))
}
