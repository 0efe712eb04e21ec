//! The OAuth redirect approach after the order was taken: buying a token with the code that the PSU brings
//! back, and asking with it (NextGenPSD2 section 5.1.2, RFC 6749).

use super::conversation::Turn;
use super::reading;
use crate::bank::oauth::{self, CameBack, Grant, Secret, Tokens};
use crate::bank::{Answer, BankError, PsuStep, Reason, Verdict};
use serde::{Deserialize, Serialize};
use url::Url;

/// What the code flow must remember.
#[derive(Clone, Serialize, Deserialize)]
pub struct CodeFlow {
    /// Where the PSU authorises.
    pub(super) authorise_url: Url,
    /// The scope asked for there.
    pub(super) scope: String,
    /// The PKCE code verifier.
    pub(super) verifier: Secret,
    /// A code that could not be exchanged yet because the bank was not reached.
    pub(super) code: Option<Secret>,
    /// What the code bought.
    pub(super) tokens: Option<Tokens>,
}

impl std::fmt::Debug for CodeFlow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeFlow")
            .field("has_code", &self.code.is_some())
            .field("has_tokens", &self.tokens.is_some())
            .finish_non_exhaustive()
    }
}

impl CodeFlow {
    /// Whether the PSU has brought something from the bank.
    pub(super) const fn psu_was_there(&self) -> bool {
        self.code.is_some() || self.tokens.is_some()
    }
}

impl Turn<'_> {
    fn flow(&self) -> Result<&CodeFlow, BankError> {
        self.talk.oauth.as_ref().ok_or(BankError::Unsupported)
    }

    fn flow_mut(&mut self) -> Result<&mut CodeFlow, BankError> {
        self.talk.oauth.as_mut().ok_or(BankError::Unsupported)
    }

    /// - A code is exchanged and the status asked for. Where the exchange did not reach the bank the code stays
    ///   in the session (verdict `StillWorking`: the PSU has been there) and [`Self::resume`] completes it; where
    ///   its outcome is unknown, so is the error; where it is refused, nothing has changed.
    /// - A code when there is a token already only asks.
    /// - A denial with our `state` ends the payment, unless a code came before it.
    /// - All else changes nothing and calls nobody.
    pub(super) async fn came_back_with(self, query: &[(String, String)]) -> Result<Answer, BankError> {
        let flow = self.flow()?;
        match oauth::came_back(query, &self.talk.state) {
            CameBack::Code(_) if flow.tokens.is_some() => self.resume().await,
            CameBack::Code(code) => self.exchange_and_ask(code).await,
            CameBack::Denied if !flow.psu_was_there() => Ok(self.answer(Verdict::Rejected(Reason::PsuDeclined))),
            CameBack::Denied | CameBack::Nothing => self.where_it_stands(),
        }
    }

    fn where_it_stands(self) -> Result<Answer, BankError> {
        let flow = self.flow()?;
        let verdict = if flow.psu_was_there() {
            Verdict::StillWorking
        } else {
            let url = flow.authorise_url.clone();
            Verdict::PsuNeeded(PsuStep::GoToBank { url })
        };
        Ok(self.answer(verdict))
    }

    /// Exchanges a fresh code, then asks. A code that certainly did not reach the bank (not sent, or 429)
    /// stays in the session for [`Self::resume`].
    async fn exchange_and_ask(mut self, code: Secret) -> Result<Answer, BankError> {
        let retry_after_s = match self.exchange(&code).await {
            Ok(()) => return self.ask_with_token().await,
            Err(BankError::NotSent(_)) => None,
            Err(BankError::Refused {
                status: 429,
                retry_after_s,
                ..
            }) => retry_after_s,
            Err(error) => return Err(error),
        };
        self.flow_mut()?.code = Some(code);
        Ok(self.patient_answer(Verdict::StillWorking, retry_after_s))
    }

    /// Takes the conversation up again: exchanges a code that is left over, then asks. A left-over code that
    /// the bank refuses is dropped; only a new return of the PSU can help then.
    pub(super) async fn resume(mut self) -> Result<Answer, BankError> {
        let flow = self.flow()?;
        if let (None, Some(code)) = (&flow.tokens, flow.code.clone()) {
            match self.exchange(&code).await {
                Ok(()) => {}
                Err(BankError::Refused { status, code, .. }) if status != 429 => {
                    tracing::warn!(bank = %self.bank.code, status, %code, "the bank refused a late code");
                    self.flow_mut()?.code = None;
                    return Ok(self.answer(Verdict::StillWorking));
                }
                Err(error) => return Err(error),
            }
        }
        if self.flow()?.tokens.is_none() && self.bank.protocol.status_needs_psu_token {
            return Err(BankError::Unsupported);
        }
        self.ask_with_token().await
    }

    async fn ask_with_token(mut self) -> Result<Answer, BankError> {
        match self.read_status().await {
            Ok(word) => {
                self.talk.word = word;
                match reading::ending(&self.talk.word, self.talk.service, &self.bank.protocol) {
                    Some(verdict) => Ok(self.end(verdict).await),
                    None => self.where_it_stands(),
                }
            }
            Err(error) if self.must_keep => {
                tracing::warn!(bank = %self.bank.code, %error, "the tokens are bought, the status is not known yet");
                let retry_after_s = match error {
                    BankError::Refused { retry_after_s, .. } => retry_after_s,
                    _ => None,
                };
                Ok(self.patient_answer(Verdict::StillWorking, retry_after_s))
            }
            Err(error) => Err(error),
        }
    }

    /// The status word. An access token that has run out (there is no clock here: the bank says 401) is
    /// refreshed once.
    async fn read_status(&mut self) -> Result<String, BankError> {
        match self.get_status().await {
            Err(BankError::Refused { status: 401, .. }) if self.can_refresh() => {
                self.refresh().await?;
                self.get_status().await
            }
            other => other,
        }
    }

    fn can_refresh(&self) -> bool {
        let tokens = self.talk.oauth.as_ref().and_then(|flow| flow.tokens.as_ref());
        !self.must_keep && tokens.is_some_and(|t| t.refresh.is_some())
    }

    async fn refresh(&mut self) -> Result<(), BankError> {
        let request_id = self.next_request_id("refresh_token");
        let Some(token) = self.flow()?.tokens.as_ref().and_then(|t| t.refresh.as_ref()) else {
            return Err(BankError::Unsupported);
        };
        let bought = self.bank.token_endpoint()?.buy(Grant::Refresh { token }, request_id).await?;
        self.keep(bought)
    }

    async fn exchange(&mut self, code: &Secret) -> Result<(), BankError> {
        let request_id = self.next_request_id("exchange_code");
        let flow = self.flow()?;
        let grant = Grant::Code {
            code,
            redirect_uri: &self.talk.return_url,
            scope: &flow.scope,
            verifier: &flow.verifier,
        };
        let bought = self.bank.token_endpoint()?.buy(grant, request_id).await?;
        self.keep(bought)
    }

    fn keep(&mut self, tokens: Tokens) -> Result<(), BankError> {
        let flow = self.flow_mut()?;
        flow.tokens = Some(tokens);
        flow.code = None;
        self.must_keep = true;
        Ok(())
    }
}
