//! What a consent's conversation is made of beside its own calls: the tokens of OAuth, and the authorisation that it
//! shares with orders.
//!
//! **Invariant:** a bought token replaces the one before in the same breath.

use super::address::CONSENTS;
use super::authorisation::Authorisation;
use super::consent::ConsentTurn;
use super::sca::ScaStatus;
use super::subject::Subject;
use super::{BerlinGroup, headers, reading};
use crate::bank::accounts::{ConsentAnswer, ConsentVerdict};
use crate::bank::http::Call;
use crate::bank::oauth::{Grant, Secret, Tokens};
use crate::bank::{BankError, PsuStep, Reason};
use reqwest::Method;
use url::Url;
use uuid::Uuid;

impl ConsentTurn<'_> {
    pub(super) fn tokens(&self) -> Option<&Tokens> {
        self.state.oauth.as_ref()?.tokens.as_ref()
    }

    pub(super) fn can_refresh(&self) -> bool {
        !self.must_keep && self.tokens().is_some_and(|tokens| tokens.refresh.is_some())
    }

    pub(super) async fn refresh(&mut self) -> Result<(), BankError> {
        let request_id = self.next_request_id("refresh_token");
        let Some(token) = self.tokens().and_then(|tokens| tokens.refresh.as_ref()) else {
            return Err(BankError::Unsupported);
        };
        let bought = self.bank.token_endpoint()?.buy(Grant::Refresh { token }, request_id).await?;
        self.keep(bought);
        Ok(())
    }

    pub(super) async fn exchange(&mut self, code: &Secret) -> Result<(), BankError> {
        let request_id = self.next_request_id("exchange_code");
        let flow = self.state.oauth.as_ref().ok_or(BankError::Unsupported)?;
        let grant = Grant::Code {
            code,
            redirect_uri: &self.state.return_url,
            scope: &flow.scope,
            verifier: &flow.verifier,
        };
        let bought = self.bank.token_endpoint()?.buy(grant, request_id).await?;
        self.keep(bought);
        Ok(())
    }

    fn keep(&mut self, tokens: Tokens) {
        if let Some(flow) = &mut self.state.oauth {
            (flow.tokens, flow.code) = (Some(tokens), None);
        }
        self.must_keep = true;
    }
}

impl Subject for ConsentTurn<'_> {
    type Answer = ConsentAnswer;
    const FRESH_WORD: &'static str = "received";

    fn bank(&self) -> &BerlinGroup {
        self.bank
    }

    fn sca(&self) -> &Authorisation {
        &self.state.sca
    }

    fn sca_mut(&mut self) -> &mut Authorisation {
        &mut self.state.sca
    }

    fn word(&self) -> &str {
        &self.state.word
    }

    fn way(&self) -> (&Url, &Secret) {
        (&self.state.return_url, &self.state.state)
    }

    fn authorisations(&self, id: Option<&str>) -> Result<Url, BankError> {
        let mut segments = vec![CONSENTS, self.id()?, "authorisations"];
        segments.extend(id);
        Ok(self.bank.addresses.resource(&segments))
    }

    fn prepare<'b>(&mut self, bank: &'b BerlinGroup, operation: &'static str, method: Method, url: Url) -> Result<Call<'b>, BankError> {
        self.prepare_call(bank, operation, method, url)
    }

    fn start_id(&self, number: u32) -> Uuid {
        headers::consent_request_id(self.session.consent, "begin", number)
    }

    async fn read_word(&mut self) -> Result<(), BankError> {
        self.look().await
    }

    fn is_over(&self) -> bool {
        let over = ["valid", "rejected", "expired", "terminatedByTpp", "revokedByPsu"];
        over.contains(&self.state.word.as_str())
    }

    async fn over(self, status: Option<ScaStatus>, wrong_code: bool) -> ConsentAnswer {
        match self.verdict() {
            ConsentVerdict::Valid => self.with_end().await,
            ConsentVerdict::Refused(_) if wrong_code && status == Some(ScaStatus::Failed) => {
                self.answer(ConsentVerdict::Refused(Reason::WrongCodes))
            }
            other => self.answer(other),
        }
    }

    fn open(self, step: Option<PsuStep>) -> ConsentAnswer {
        self.answer(step.map_or(ConsentVerdict::StillWorking, ConsentVerdict::PsuNeeded))
    }

    fn open_and_ask_soon(self, step: Option<PsuStep>) -> ConsentAnswer {
        let mut answer = self.open(step);
        answer.ask_again_after = reading::SOON;
        answer
    }

    fn copy(&self) -> Self {
        Self {
            bank: self.bank,
            state: self.state.clone(),
            session: self.session.clone(),
            must_keep: self.must_keep,
        }
    }
}
