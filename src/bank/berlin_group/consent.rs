//! Consents to account information (NextGenPSD2 1.3.x section 6.3): asked for, given by the PSU (with OAuth on the
//! bank's page, else as orders are authorised), asked after and ended; and the calls that are made under one.
//!
//! **Invariant:** only the bank's word `valid` makes a consent valid, and with OAuth only together with a token.
//! Tokens that were bought on the way are never dropped with an error.

use super::address::CONSENTS;
use super::authorisation::{self, Authorisation};
use super::code_flow::CodeFlow;
use super::protocol::{ConsentBody, ScaApproach};
use super::sca::Sca;
use super::subject::Subject;
use super::{BerlinGroup, account_wire, headers, reading};
use crate::bank::accounts::{ConsentAnswer, ConsentRequest, ConsentSession, ConsentVerdict};
use crate::bank::http::{Body, Call, MAX_ANSWER_BYTES, Reply, clean_user_agent};
use crate::bank::oauth::{self, CameBack, Secret};
use crate::bank::{BankError, PsuContext, PsuReply, PsuStep, Reason};
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
pub(super) struct State {
    psu_ip: IpAddr,
    psu_user_agent: Option<String>,
    pub(super) return_url: Url,
    /// Comes back with the PSU.
    pub(super) state: Secret,
    /// The bank's last word, as it wrote it.
    pub(super) word: String,
    valid_until: Option<NaiveDate>,
    /// What OAuth needs; with the other approaches there is none.
    pub(super) oauth: Option<CodeFlow>,
    /// What the other approaches need.
    #[serde(default)]
    pub(super) sca: Authorisation,
}

/// One use of a consent: a working copy of the session, and the calls made on it.
pub(super) struct ConsentTurn<'a> {
    pub(super) bank: &'a BerlinGroup,
    pub(super) state: State,
    pub(super) session: ConsentSession,
    /// Tokens were bought that exist only here.
    pub(super) must_keep: bool,
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
        let (id, word) = account_wire::consented(&reply.body)
            .ok_or_else(|| BankError::Unknown("the answer to the consent request names no consent".to_owned()))?;
        let answer =
            Sca::read(&reply.body).ok_or_else(|| BankError::Unknown("the answer to the consent request is unreadable".to_owned()))?;
        let oauth = match self.protocol.sca_approach {
            ScaApproach::OauthRedirect => {
                let prefix = self.protocol.consent_scope_prefix.as_deref().unwrap_or_default();
                Some(self.code_flow(psu, &format!("{prefix}{id}"), &answer.links, &reply, &url)?)
            }
            _ => None,
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
                oauth,
                sca: Authorisation::default(),
            },
            session: ConsentSession {
                consent: wanted.consent,
                calls: 1,
                bank_consent_id: Some(id),
                state: serde_json::Value::Null,
            },
            must_keep: false,
        };
        if turn.state.oauth.is_some() || turn.is_over() {
            let verdict = turn.verdict();
            return Ok(turn.answer(verdict));
        }
        let answer = authorisation::taken(turn, &answer, &reply, &url)?;
        match answer.verdict {
            ConsentVerdict::StillWorking => Err(BankError::Unknown("the bank does not say how the PSU consents".to_owned())),
            _ => Ok(answer),
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

    pub(super) fn answer(self, verdict: ConsentVerdict) -> ConsentAnswer {
        ConsentAnswer {
            ask_again_after: ask_again_after(&verdict),
            verdict,
            bank_word: reading::for_the_record(&self.state.word),
            valid_until: self.state.valid_until,
            session: self.close(),
        }
    }

    fn patient_answer(self, verdict: ConsentVerdict, error: &BankError) -> ConsentAnswer {
        let mut answer = self.answer(verdict);
        if let BankError::Refused {
            retry_after_s: Some(seconds),
            ..
        } = error
        {
            answer.ask_again_after = answer.ask_again_after.max(Duration::from_secs(*seconds));
        }
        answer
    }

    /// What the bank's last word means (NextGenPSD2 section 14.15 `consentStatus`); an unknown word means that
    /// nothing is decided.
    pub(super) fn verdict(&self) -> ConsentVerdict {
        let usable = self.state.oauth.as_ref().is_none_or(|flow| flow.tokens.is_some());
        match self.state.word.as_str() {
            "valid" if usable => ConsentVerdict::Valid,
            "rejected" => ConsentVerdict::Refused(Reason::PsuDeclined),
            "expired" | "terminatedByTpp" | "revokedByPsu" => ConsentVerdict::Ended,
            _ => self.waiting(),
        }
    }

    fn waiting(&self) -> ConsentVerdict {
        let step = match &self.state.oauth {
            Some(flow) if flow.psu_was_there() => None,
            Some(flow) => Some(PsuStep::GoToBank {
                url: flow.authorise_url.clone(),
            }),
            None => self.state.sca.step.clone(),
        };
        step.map_or(ConsentVerdict::StillWorking, ConsentVerdict::PsuNeeded)
    }

    /// What the PSU brought or gave. A return proves nothing without OAuth: the bank is asked.
    pub(super) async fn answered(self, reply: &PsuReply) -> Result<ConsentAnswer, BankError> {
        let at_the_bank = matches!(self.state.sca.step, Some(PsuStep::GoToBank { .. }));
        match reply {
            PsuReply::CameBack { query } if self.state.oauth.is_some() => self.came_back(query).await,
            PsuReply::CameBack { .. } if self.is_over() => self.ask().await,
            PsuReply::CameBack { .. } if at_the_bank => authorisation::came_back(self).await,
            _ if self.state.oauth.is_some() => Err(BankError::Unsupported),
            other => authorisation::answered(self, other).await,
        }
    }

    /// The PSU came back with OAuth: a code is exchanged and the consent asked after; a denial with our `state`
    /// refuses, unless a code came before it; all else changes nothing.
    async fn came_back(mut self, query: &[(String, String)]) -> Result<ConsentAnswer, BankError> {
        let Some(flow) = &mut self.state.oauth else {
            return Err(BankError::Unsupported);
        };
        match oauth::came_back(query, &self.state.state) {
            CameBack::Code(code) => {
                if flow.tokens.is_none() {
                    flow.code = Some(code);
                }
                self.ask_with_code(true).await
            }
            CameBack::Denied if !flow.psu_was_there() => Ok(self.answer(ConsentVerdict::Refused(Reason::PsuDeclined))),
            CameBack::Denied | CameBack::Nothing => {
                let verdict = self.verdict();
                Ok(self.answer(verdict))
            }
        }
    }

    /// Asks how the consent stands: with OAuth after exchanging a code that is left over, else also how its
    /// authorisation stands, as long as the PSU has not decided.
    pub(super) async fn ask(mut self) -> Result<ConsentAnswer, BankError> {
        if self.state.oauth.is_some() {
            return self.ask_with_code(false).await;
        }
        if !self.is_over() {
            return authorisation::look(self).await;
        }
        self.look().await?;
        Ok(self.with_end().await)
    }

    /// A code that did not reach the bank stays for the next time; one that is refused is of no use any more:
    /// an error when it is fresh, else the PSU may go to the bank again.
    async fn ask_with_code(mut self, fresh: bool) -> Result<ConsentAnswer, BankError> {
        let code = self.state.oauth.as_ref().and_then(|flow| flow.code.clone());
        if let Some(code) = code {
            match self.exchange(&code).await {
                Ok(()) => {}
                Err(error @ (BankError::NotSent(_) | BankError::Refused { status: 429, .. })) => {
                    return Ok(self.patient_answer(ConsentVerdict::StillWorking, &error));
                }
                Err(BankError::Refused { status, code, .. }) if !fresh => {
                    tracing::warn!(bank = %self.bank.code, status, %code, "the bank refused a late code");
                    if let Some(flow) = &mut self.state.oauth {
                        flow.code = None;
                    }
                    let verdict = self.verdict();
                    return Ok(self.answer(verdict));
                }
                Err(error) => return Err(error),
            }
        }
        let has_token = self.state.oauth.as_ref().is_some_and(|flow| flow.tokens.is_some());
        if self.bank.protocol.status_needs_psu_token && !has_token {
            return Err(BankError::Unsupported);
        }
        match self.look().await {
            Ok(()) => Ok(self.with_end().await),
            Err(error) if self.must_keep => {
                tracing::warn!(bank = %self.bank.code, %error, "tokens are bought, how the consent stands is not known");
                let verdict = self.verdict();
                Ok(self.patient_answer(verdict, &error))
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the bank's word.
    pub(super) async fn look(&mut self) -> Result<(), BankError> {
        let url = self.bank.addresses.resource(&[CONSENTS, self.id()?, "status"]);
        let reply = self.call("consent_status", Method::GET, url, Body::Empty).await?;
        let word = account_wire::consent_status(&reply.body);
        self.state.word = word.ok_or_else(|| BankError::Unknown("the consent's status is unreadable".to_owned()))?;
        Ok(())
    }

    /// Of a valid consent the bank is asked once how long it lasts; without an answer that stays unknown.
    pub(super) async fn with_end(mut self) -> ConsentAnswer {
        let verdict = self.verdict();
        if verdict == ConsentVerdict::Valid && self.state.valid_until.is_none() {
            let told = match self.id().map(|id| self.bank.addresses.resource(&[CONSENTS, id])) {
                Ok(url) => self.call("consent", Method::GET, url, Body::Empty).await,
                Err(error) => Err(error),
            };
            match told {
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
                return Ok(self.answer(ConsentVerdict::Ended));
            }
            Ok(reply) => BankError::Unknown(format!("HTTP {} does not say that the consent is ended", reply.status)),
            Err(error) => error,
        };
        if !self.must_keep {
            return Err(error);
        }
        tracing::warn!(bank = %self.bank.code, %error, "tokens are bought, and the consent is not ended");
        let verdict = self.verdict();
        Ok(self.patient_answer(verdict, &error))
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
        let mut call = self.prepare_call(self.bank, operation, method.clone(), url.clone())?;
        call.body = body.clone();
        self.bank.http.call(call).await
    }

    /// A call about the consent or under it, without a body.
    pub(super) fn prepare_call<'b>(
        &mut self,
        bank: &'b BerlinGroup,
        operation: &'static str,
        method: Method,
        url: Url,
    ) -> Result<Call<'b>, BankError> {
        let mut headers = bank.common_headers.clone();
        headers::psu(&mut headers, self.state.psu_ip, self.state.psu_user_agent.as_deref());
        if !url.path().contains(&format!("/{CONSENTS}/")) {
            headers::consent(&mut headers, self.id()?)?;
        }
        if let Some(tokens) = self.tokens() {
            headers::bearer(&mut headers, &tokens.access);
        }
        Ok(Call {
            bank: &bank.code,
            operation,
            request_id: self.next_request_id(operation),
            method,
            url,
            headers,
            body: Body::Empty,
            max_answer_bytes: MAX_LIST_BYTES,
        })
    }

    pub(super) fn id(&self) -> Result<&str, BankError> {
        self.session.bank_consent_id.as_deref().ok_or(BankError::Unsupported)
    }

    pub(super) fn next_request_id(&mut self, operation: &str) -> Uuid {
        let id = headers::consent_request_id(self.session.consent, operation, self.session.calls);
        self.session.calls = self.session.calls.saturating_add(1);
        id
    }
}

/// When asking again makes sense. The caller lets it grow.
const fn ask_again_after(verdict: &ConsentVerdict) -> Duration {
    match verdict {
        // The PSU holds the telephone and watches our page.
        ConsentVerdict::PsuNeeded(PsuStep::ApproveInApp { .. }) => reading::SOON,
        ConsentVerdict::PsuNeeded(_) => Duration::from_secs(15),
        ConsentVerdict::StillWorking => reading::SOON,
        ConsentVerdict::Valid | ConsentVerdict::Refused(_) | ConsentVerdict::Ended => Duration::ZERO,
    }
}
