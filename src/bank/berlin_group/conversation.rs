//! The part of a conversation that comes after the order was taken: buying a token and asking.

use super::wire::Service;
use super::{BerlinGroup, headers, reading, wire};
use crate::bank::http::{Body, Call, Reply};
use crate::bank::oauth::{Grant, Secret, TokenEndpoint, Tokens};
use crate::bank::{Answer, BankError, PsuStep, Session, SessionState, Verdict};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;
use url::Url;

/// What must survive between two calls.
#[derive(Clone, Serialize, Deserialize)]
pub struct Conversation {
    /// Single or bulk.
    pub(super) service: Service,
    /// Sent with later calls (NextGenPSD2 `PSU-IP-Address`).
    pub(super) psu_ip: IpAddr,
    /// Sent with later calls (`PSU-User-Agent`).
    pub(super) psu_user_agent: Option<String>,
    /// The redirect URI, which the token endpoint compares.
    pub(super) return_url: Url,
    /// Where the PSU authorises.
    pub(super) authorise_url: Url,
    /// The scope asked for there.
    pub(super) scope: String,
    /// The OAuth `state`.
    pub(super) state: Secret,
    /// The PKCE code verifier.
    pub(super) verifier: Secret,
    /// A code that could not be exchanged yet because the bank was not reached.
    pub(super) code: Option<Secret>,
    /// What the code bought.
    pub(super) tokens: Option<Tokens>,
    /// The bank's last status word.
    pub(super) word: String,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation")
            .field("service", &self.service)
            .field("has_code", &self.code.is_some())
            .field("has_tokens", &self.tokens.is_some())
            .finish_non_exhaustive()
    }
}

impl Conversation {
    /// Whether the PSU has brought something from the bank.
    pub(super) const fn psu_was_there(&self) -> bool {
        self.code.is_some() || self.tokens.is_some()
    }
}

/// One continuation of a conversation: a working copy of the session and the calls made on it. It is lost
/// with an error, so that the same call made again has the same request id; once it holds something that
/// exists only here (`must_keep`), a later failure is no longer an error but "still working".
pub(super) struct Turn<'a> {
    bank: &'a BerlinGroup,
    session: Session,
    talk: Conversation,
    must_keep: bool,
}

impl<'a> Turn<'a> {
    pub(super) fn new(bank: &'a BerlinGroup, session: &Session) -> Self {
        let SessionState::BerlinGroup(talk) = &session.state;
        Self {
            bank,
            session: session.clone(),
            talk: talk.clone(),
            must_keep: false,
        }
    }

    pub(super) const fn talk(&self) -> &Conversation {
        &self.talk
    }

    /// Where things stand without asking.
    pub(super) fn standing(self) -> Answer {
        let verdict = if self.talk.psu_was_there() {
            Verdict::StillWorking
        } else {
            Verdict::PsuNeeded(PsuStep::GoToBank {
                url: self.talk.authorise_url.clone(),
            })
        };
        self.answer(verdict)
    }

    pub(super) fn answer(mut self, verdict: Verdict) -> Answer {
        let bank_word = reading::for_the_record(&self.talk.word);
        self.session.state = SessionState::BerlinGroup(self.talk);
        Answer {
            ask_again_after: reading::ask_again_after(&verdict),
            verdict,
            bank_word,
            session: self.session,
            instructions: Vec::new(),
        }
    }

    fn still_working(self, patience_s: Option<u64>) -> Answer {
        let mut answer = self.answer(Verdict::StillWorking);
        if let Some(seconds) = patience_s {
            answer.ask_again_after = answer.ask_again_after.max(Duration::from_secs(seconds));
        }
        answer
    }

    /// Exchanges a fresh code, then asks. A code that certainly did not reach the bank (not sent, or 429)
    /// stays in the session for [`Self::resume`].
    pub(super) async fn exchange_and_ask(mut self, code: Secret) -> Result<Answer, BankError> {
        match self.exchange(&code).await {
            Ok(()) => self.ask().await,
            Err(BankError::NotSent(_)) => {
                self.talk.code = Some(code);
                Ok(self.still_working(None))
            }
            Err(BankError::Refused {
                status: 429,
                retry_after_s,
                ..
            }) => {
                self.talk.code = Some(code);
                Ok(self.still_working(retry_after_s))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes the conversation up again: exchanges a code that is left over, then asks. A left-over code that
    /// the bank refuses is dropped; only a new return of the PSU can help then.
    pub(super) async fn resume(mut self) -> Result<Answer, BankError> {
        if let (None, Some(code)) = (&self.talk.tokens, self.talk.code.clone()) {
            match self.exchange(&code).await {
                Ok(()) => {}
                Err(BankError::Refused { status, code, .. }) if status != 429 => {
                    tracing::warn!(bank = %self.bank.code, status, %code, "the bank refused a late code");
                    self.talk.code = None;
                    return Ok(self.still_working(None));
                }
                Err(error) => return Err(error),
            }
        }
        if self.talk.tokens.is_none() && self.bank.protocol.status_needs_psu_token {
            return Err(BankError::Unsupported);
        }
        self.ask().await
    }

    async fn ask(mut self) -> Result<Answer, BankError> {
        match self.read_status().await {
            Ok(word) => {
                self.talk.word = word;
                let verdict = reading::ending(&self.talk.word, self.talk.service, &self.bank.protocol);
                Ok(match verdict {
                    Some(verdict) => self.answer(verdict),
                    None if self.talk.psu_was_there() => self.answer(Verdict::StillWorking),
                    None => self.standing(),
                })
            }
            Err(error) if self.must_keep => {
                tracing::warn!(bank = %self.bank.code, %error, "the tokens are bought, the status is not known yet");
                let patience_s = match error {
                    BankError::Refused { retry_after_s, .. } => retry_after_s,
                    _ => None,
                };
                Ok(self.still_working(patience_s))
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

    async fn get_status(&mut self) -> Result<String, BankError> {
        let id = self.session.bank_payment_id.as_deref().ok_or(BankError::Unsupported)?;
        let url = self.bank.addresses.status(self.talk.service, id).ok_or(BankError::Unsupported)?;
        let reply = self.call("status", Method::GET, url).await?;
        wire::status(&reply.body).ok_or_else(|| BankError::Unknown("the status answer is unreadable".to_owned()))
    }

    /// Deletes the order. The one word that proves it is 204 (NextGenPSD2 section 5.6).
    pub(super) async fn delete(&mut self) -> Result<Reply, BankError> {
        let id = self.session.bank_payment_id.as_deref().ok_or(BankError::Unsupported)?;
        let url = self.bank.addresses.order(self.talk.service, id).ok_or(BankError::Unsupported)?;
        self.call("withdraw", Method::DELETE, url).await
    }

    async fn call(&mut self, operation: &'static str, method: Method, url: Url) -> Result<Reply, BankError> {
        let mut headers = self.bank.common_headers.clone();
        headers::psu(&mut headers, self.talk.psu_ip, self.talk.psu_user_agent.as_deref());
        if let Some(tokens) = &self.talk.tokens {
            headers::bearer(&mut headers, &tokens.access);
        }
        let call = Call {
            bank: &self.bank.code,
            operation,
            request_id: self.next_request_id(operation),
            method,
            url,
            headers,
            body: Body::Empty,
        };
        self.bank.http.call(call).await
    }

    fn can_refresh(&self) -> bool {
        !self.must_keep && self.talk.tokens.as_ref().is_some_and(|t| t.refresh.is_some())
    }

    async fn refresh(&mut self) -> Result<(), BankError> {
        let request_id = self.next_request_id("refresh_token");
        let Some(token) = self.talk.tokens.as_ref().and_then(|t| t.refresh.as_ref()) else {
            return Err(BankError::Unsupported);
        };
        let bought = self.token_endpoint().buy(Grant::Refresh { token }, request_id).await?;
        self.keep(bought);
        Ok(())
    }

    async fn exchange(&mut self, code: &Secret) -> Result<(), BankError> {
        let request_id = self.next_request_id("exchange_code");
        let grant = Grant::Code {
            code,
            redirect_uri: &self.talk.return_url,
            scope: &self.talk.scope,
            verifier: &self.talk.verifier,
        };
        let bought = self.token_endpoint().buy(grant, request_id).await?;
        self.keep(bought);
        Ok(())
    }

    fn keep(&mut self, tokens: Tokens) {
        self.talk.tokens = Some(tokens);
        self.talk.code = None;
        self.must_keep = true;
    }

    fn token_endpoint(&self) -> TokenEndpoint<'a> {
        let bank = self.bank;
        TokenEndpoint {
            http: &bank.http,
            bank: &bank.code,
            url: bank.addresses.token(),
            headers: &bank.common_headers,
            client_id: &bank.credentials.client_id,
            client_secret: bank.credentials.client_secret.as_ref().map(|s| s.expose_secret()),
        }
    }

    fn next_request_id(&mut self, operation: &str) -> uuid::Uuid {
        let id = headers::request_id(self.session.payment, self.session.attempt, operation, self.session.calls);
        self.session.calls = self.session.calls.saturating_add(1);
        id
    }
}
