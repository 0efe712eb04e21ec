//! Consents to account information (NextGenPSD2 1.3.x section 6.3): asked for, given by the PSU on the bank's
//! page (with OAuth or as a plain redirect), asked after and ended; and the calls that are made under one.
//!
//! **Invariant:** only the bank's word `valid` makes a consent valid, and with OAuth only together with a token.
//! Tokens that were bought on the way are never dropped with an error.

use super::address::CONSENTS;
use super::code_flow::CodeFlow;
use super::links::Links;
use super::protocol::{ConsentBody, ScaApproach};
use super::{BerlinGroup, account_wire, headers, reading};
use crate::bank::accounts::{ConsentAnswer, ConsentRequest, ConsentSession, ConsentVerdict};
use crate::bank::http::{Body, Call, MAX_ANSWER_BYTES, Reply, clean_user_agent};
use crate::bank::oauth::{self, CameBack, Grant, Secret, Tokens};
use crate::bank::{BankError, PsuContext, PsuStep, Reason};
use chrono::NaiveDate;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// Largest list of transactions read, in bytes.
const MAX_LIST_BYTES: usize = 8 * MAX_ANSWER_BYTES;

/// What a consent's session keeps for this protocol.
#[derive(Clone, Serialize, Deserialize)]
struct State {
    psu_ip: IpAddr,
    psu_user_agent: Option<String>,
    return_url: Url,
    /// Comes back with the PSU.
    state: Secret,
    /// The bank's last word, as it wrote it.
    word: String,
    valid_until: Option<NaiveDate>,
    /// Where the PSU consents.
    page: Option<Url>,
    /// What OAuth needs; with a plain redirect there is none.
    oauth: Option<CodeFlow>,
}

/// One use of a consent: a working copy of the session, and the calls made on it.
pub(super) struct ConsentTurn<'a> {
    bank: &'a BerlinGroup,
    state: State,
    session: ConsentSession,
    /// Tokens were bought that exist only here.
    must_keep: bool,
}

impl BerlinGroup {
    /// Asks for a consent.
    ///
    /// # Errors
    /// [`BankError::Unknown`] when the answer names no consent, or sends the PSU to a host that is not the bank's.
    pub(super) async fn ask_for_consent(&self, wanted: &ConsentRequest, psu: &PsuContext) -> Result<ConsentAnswer, BankError> {
        let body = match self.protocol.accounts.ok_or(BankError::Unsupported)? {
            ConsentBody::EmptyBody => Body::Empty,
            ConsentBody::Standard => Body::Json(account_wire::consent(wanted, false)?),
            ConsentBody::BankOffered => Body::Json(account_wire::consent(wanted, true)?),
        };
        let user_agent = psu.user_agent.as_deref().and_then(clean_user_agent);
        let state = Secret::from(psu.state.clone());
        let url = self.addresses.resource(&[CONSENTS]);
        let call = Call {
            bank: &self.code,
            operation: "request_consent",
            request_id: headers::consent_request_id(wanted.consent, "request_consent", 0),
            method: Method::POST,
            url: url.clone(),
            headers: self.initiation_headers(psu, &state, user_agent.as_deref())?,
            body,
            max_answer_bytes: MAX_ANSWER_BYTES,
        };
        let reply = self.http.call(call).await?;
        let (id, word, links) = account_wire::consented(&reply.body)
            .ok_or_else(|| BankError::Unknown("the answer to the consent request names no consent".to_owned()))?;
        let oauth = match self.protocol.sca_approach {
            ScaApproach::OauthRedirect => {
                let prefix = self.protocol.consent_scope_prefix.as_deref().unwrap_or_default();
                Some(self.code_flow(psu, &format!("{prefix}{id}"), &links, &reply, &url)?)
            }
            _ => None,
        };
        let page = match &oauth {
            Some(flow) => Some(flow.authorise_url.clone()),
            None => self.consent_page(&links, &url, &word)?,
        };
        let turn = ConsentTurn {
            bank: self,
            state: State {
                psu_ip: psu.ip,
                psu_user_agent: user_agent,
                return_url: psu.return_url.clone(),
                state,
                word,
                valid_until: None,
                page,
                oauth,
            },
            session: ConsentSession {
                consent: wanted.consent,
                calls: 1,
                bank_consent_id: Some(id),
                state: serde_json::Value::Null,
            },
            must_keep: false,
        };
        let verdict = turn.verdict();
        turn.answer(verdict)
    }

    /// Where the PSU consents without OAuth. A bank that wants a call of its own first is not one we can ask.
    fn consent_page(&self, links: &Links, asked: &Url, word: &str) -> Result<Option<Url>, BankError> {
        match links.get("scaRedirect") {
            Some(link) => {
                let page = self.addresses.sca_page(link, asked);
                let foreign = |_| BankError::Unknown("the bank sends the PSU to a host that is not allowed".to_owned());
                page.map(Some).map_err(foreign)
            }
            None if word == "valid" => Ok(None),
            None => Err(BankError::Unknown("the bank does not say where the PSU consents".to_owned())),
        }
    }
}

impl<'a> ConsentTurn<'a> {
    /// Takes a consent up again.
    ///
    /// # Errors
    /// [`BankError::Unsupported`] for a session that is not of this protocol, or has no consent.
    pub(super) fn new(bank: &'a BerlinGroup, session: &ConsentSession) -> Result<Self, BankError> {
        let state = State::deserialize(&session.state).map_err(|_| BankError::Unsupported)?;
        Ok(Self {
            bank,
            state,
            session: session.clone(),
            must_keep: false,
        })
    }

    /// The session after this use.
    pub(super) fn close(mut self) -> ConsentSession {
        // What was read from a session can be written to one.
        self.session.state = serde_json::to_value(&self.state).unwrap_or(self.session.state);
        self.session
    }

    fn answer(self, verdict: ConsentVerdict) -> Result<ConsentAnswer, BankError> {
        Ok(ConsentAnswer {
            ask_again_after: ask_again_after(&verdict),
            verdict,
            bank_word: reading::for_the_record(&self.state.word),
            valid_until: self.state.valid_until,
            session: self.close(),
        })
    }

    fn patient_answer(self, verdict: ConsentVerdict, error: &BankError) -> Result<ConsentAnswer, BankError> {
        let mut answer = self.answer(verdict)?;
        if let BankError::Refused {
            retry_after_s: Some(seconds),
            ..
        } = error
        {
            answer.ask_again_after = answer.ask_again_after.max(Duration::from_secs(*seconds));
        }
        Ok(answer)
    }

    /// What the bank's last word means (NextGenPSD2 section 14.15 `consentStatus`); an unknown word means that
    /// nothing is decided.
    fn verdict(&self) -> ConsentVerdict {
        let usable = self.state.oauth.as_ref().is_none_or(|flow| flow.tokens.is_some());
        match self.state.word.as_str() {
            "valid" if usable => ConsentVerdict::Valid,
            "rejected" => ConsentVerdict::Refused(Reason::PsuDeclined),
            "expired" | "terminatedByTpp" | "revokedByPsu" => ConsentVerdict::Ended,
            _ => self.waiting(),
        }
    }

    fn waiting(&self) -> ConsentVerdict {
        let was_there = self.state.oauth.as_ref().is_some_and(CodeFlow::psu_was_there);
        match &self.state.page {
            Some(url) if !was_there => ConsentVerdict::PsuNeeded(PsuStep::GoToBank { url: url.clone() }),
            _ => ConsentVerdict::StillWorking,
        }
    }

    /// The PSU came back. With OAuth: a code is exchanged and the consent asked after; a denial with our `state`
    /// refuses, unless a code came before it; all else changes nothing. Without: the return proves nothing.
    pub(super) async fn came_back(mut self, query: &[(String, String)]) -> Result<ConsentAnswer, BankError> {
        let Some(flow) = &mut self.state.oauth else {
            return match self.look().await {
                Ok(()) => self.with_end().await,
                Err(error) => {
                    tracing::warn!(bank = %self.bank.code, %error, "the PSU came back, and the bank does not answer");
                    let verdict = self.verdict();
                    self.patient_answer(verdict, &error)
                }
            };
        };
        match oauth::came_back(query, &self.state.state) {
            CameBack::Code(code) => {
                if flow.tokens.is_none() {
                    flow.code = Some(code);
                }
                self.ask_with_code(true).await
            }
            CameBack::Denied if !flow.psu_was_there() => self.answer(ConsentVerdict::Refused(Reason::PsuDeclined)),
            CameBack::Denied | CameBack::Nothing => {
                let verdict = self.verdict();
                self.answer(verdict)
            }
        }
    }

    /// Asks how the consent stands, after exchanging a code that is left over.
    pub(super) async fn ask(self) -> Result<ConsentAnswer, BankError> {
        self.ask_with_code(false).await
    }

    /// A code that did not reach the bank stays for the next time; one that is refused is of no use any more:
    /// an error when it is fresh, else the PSU may go to the bank again.
    async fn ask_with_code(mut self, fresh: bool) -> Result<ConsentAnswer, BankError> {
        let code = self.state.oauth.as_ref().and_then(|flow| flow.code.clone());
        if let Some(code) = code {
            match self.exchange(&code).await {
                Ok(()) => {}
                Err(error @ (BankError::NotSent(_) | BankError::Refused { status: 429, .. })) => {
                    return self.patient_answer(ConsentVerdict::StillWorking, &error);
                }
                Err(BankError::Refused { status, code, .. }) if !fresh => {
                    tracing::warn!(bank = %self.bank.code, status, %code, "the bank refused a late code");
                    if let Some(flow) = &mut self.state.oauth {
                        flow.code = None;
                    }
                    let verdict = self.verdict();
                    return self.answer(verdict);
                }
                Err(error) => return Err(error),
            }
        }
        let has_token = self.state.oauth.as_ref().is_some_and(|flow| flow.tokens.is_some());
        if self.bank.protocol.status_needs_psu_token && !has_token {
            return Err(BankError::Unsupported);
        }
        match self.look().await {
            Ok(()) => self.with_end().await,
            Err(error) if self.must_keep => {
                tracing::warn!(bank = %self.bank.code, %error, "tokens are bought, how the consent stands is not known");
                let verdict = self.verdict();
                self.patient_answer(verdict, &error)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the bank's word.
    async fn look(&mut self) -> Result<(), BankError> {
        let url = self.bank.addresses.resource(&[CONSENTS, self.id()?, "status"]);
        let reply = self.call("consent_status", Method::GET, url, Body::Empty).await?;
        let word = account_wire::consent_status(&reply.body);
        self.state.word = word.ok_or_else(|| BankError::Unknown("the consent's status is unreadable".to_owned()))?;
        Ok(())
    }

    /// Of a valid consent the bank is asked once how long it lasts; without an answer that stays unknown.
    async fn with_end(mut self) -> Result<ConsentAnswer, BankError> {
        let verdict = self.verdict();
        if verdict == ConsentVerdict::Valid && self.state.valid_until.is_none() {
            let url = self.bank.addresses.resource(&[CONSENTS, self.id()?]);
            match self.call("consent", Method::GET, url, Body::Empty).await {
                Ok(reply) => self.state.valid_until = account_wire::valid_until(&reply.body),
                Err(error) => tracing::info!(bank = %self.bank.code, %error, "how long a consent lasts is not known"),
            }
        }
        self.answer(verdict)
    }

    /// Ends the consent. 204 is the one word that proves it (NextGenPSD2 section 6.4.4).
    pub(super) async fn revoke(mut self) -> Result<ConsentAnswer, BankError> {
        let url = self.bank.addresses.resource(&[CONSENTS, self.id()?]);
        let error = match self.call("revoke_consent", Method::DELETE, url, Body::Empty).await {
            Ok(reply) if reply.status == 204 => {
                "terminatedByTpp".clone_into(&mut self.state.word);
                if let Some(flow) = &mut self.state.oauth {
                    (flow.code, flow.tokens) = (None, None);
                }
                return self.answer(ConsentVerdict::Ended);
            }
            Ok(reply) => BankError::Unknown(format!("HTTP {} does not say that the consent is ended", reply.status)),
            Err(error) => error,
        };
        if !self.must_keep {
            return Err(error);
        }
        tracing::warn!(bank = %self.bank.code, %error, "tokens are bought, and the consent is not ended");
        let verdict = self.verdict();
        self.patient_answer(verdict, &error)
    }

    /// Makes a call under the consent. A token that has run out (there is no clock here: the bank says 401) is
    /// refreshed once.
    pub(super) async fn call(&mut self, operation: &'static str, method: Method, url: Url, body: Body) -> Result<Reply, BankError> {
        let refused = match self.try_call(operation, &method, &url, &body).await {
            Err(error @ BankError::Refused { status: 401, .. }) if self.can_refresh() => error,
            other => return other,
        };
        match self.refresh().await {
            Ok(()) => self.try_call(operation, &method, &url, &body).await,
            // The refresh token is not good either: what the bank said first is what counts.
            Err(BankError::Refused { status, .. }) if status != 429 => Err(refused),
            Err(error) => Err(error),
        }
    }

    async fn try_call(&mut self, operation: &'static str, method: &Method, url: &Url, body: &Body) -> Result<Reply, BankError> {
        let mut headers = self.bank.common_headers.clone();
        headers::psu(&mut headers, self.state.psu_ip, self.state.psu_user_agent.as_deref());
        if !url.path().contains(&format!("/{CONSENTS}/")) {
            headers::consent(&mut headers, self.id()?)?;
        }
        if let Some(tokens) = self.tokens() {
            headers::bearer(&mut headers, &tokens.access);
        }
        let call = Call {
            bank: &self.bank.code,
            operation,
            request_id: self.next_request_id(operation),
            method: method.clone(),
            url: url.clone(),
            headers,
            body: body.clone(),
            max_answer_bytes: MAX_LIST_BYTES,
        };
        self.bank.http.call(call).await
    }

    fn tokens(&self) -> Option<&Tokens> {
        self.state.oauth.as_ref()?.tokens.as_ref()
    }

    fn can_refresh(&self) -> bool {
        !self.must_keep && self.tokens().is_some_and(|tokens| tokens.refresh.is_some())
    }

    async fn refresh(&mut self) -> Result<(), BankError> {
        let request_id = self.next_request_id("refresh_token");
        let Some(token) = self.tokens().and_then(|tokens| tokens.refresh.as_ref()) else {
            return Err(BankError::Unsupported);
        };
        let bought = self.bank.token_endpoint()?.buy(Grant::Refresh { token }, request_id).await?;
        self.keep(bought);
        Ok(())
    }

    async fn exchange(&mut self, code: &Secret) -> Result<(), BankError> {
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

    fn id(&self) -> Result<&str, BankError> {
        self.session.bank_consent_id.as_deref().ok_or(BankError::Unsupported)
    }

    fn next_request_id(&mut self, operation: &str) -> Uuid {
        let id = headers::consent_request_id(self.session.consent, operation, self.session.calls);
        self.session.calls = self.session.calls.saturating_add(1);
        id
    }
}

/// When asking again makes sense. The caller lets it grow.
const fn ask_again_after(verdict: &ConsentVerdict) -> Duration {
    match verdict {
        ConsentVerdict::PsuNeeded(_) => Duration::from_secs(15),
        ConsentVerdict::StillWorking => reading::SOON,
        ConsentVerdict::Valid | ConsentVerdict::Refused(_) | ConsentVerdict::Ended => Duration::ZERO,
    }
}
