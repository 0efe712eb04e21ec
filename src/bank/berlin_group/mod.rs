//! Berlin Group NextGenPSD2, every SCA approach: redirect (plain, or with OAuth 2.0 and PKCE), decoupled, embedded.
//!
//! ```text
//! initiate  POST order                      -> what the PSU must do, by the links of the answer
//! reply     OAuth: code -> token, GET status (the return itself proves nothing)
//!           Begin: POST authorisation (explicit start); method, code: PUT authorisation
//! ask       GET the authorisation's status, GET the order's status, with a token where the bank wants one
//! withdraw  DELETE order
//! consent   POST consent, then as with an order: the bank's page, or POST and PUT authorisation; DELETE it
//! accounts  GET with the consent's id and token, refreshed once after a 401
//! ```
//!
//! **Invariant:** every address that is called is built from configuration, never taken from an answer. A
//! token or code that exists only here is never dropped with an error: it comes back in a session. The PSU's id
//! and one-time codes are passed on, never kept.

mod account_wire;
mod accounts;
mod address;
mod authorisation;
mod code_flow;
mod consent;
mod consent_parts;
mod conversation;
mod embedded;
pub mod enrolment;
mod headers;
mod links;
mod protocol;
mod reading;
mod sca;
mod subject;
mod wire;

#[cfg(test)]
mod tests;

pub use conversation::Conversation;
pub use protocol::{CertificateHeader, ConsentBody, ExecutionRule, Protocol, ScaApproach};

use super::http::{BankHttp, Body, Call, MAX_ANSWER_BYTES, Reply, clean_user_agent};
use super::oauth::{self, Secret, TokenEndpoint};
use super::{
    Answer, BankError, Credentials, Order, PaymentInitiation, PsuContext, PsuReply, PsuStep, Reason, Session, SessionState, Verdict,
};
use address::Addresses;
use authorisation::Authorisation;
use code_flow::CodeFlow;
use conversation::Turn;
use links::Links;
use reqwest::Method;
use reqwest::header::{HeaderMap, LOCATION};
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use url::Url;

/// A Berlin Group bank.
#[derive(Clone)]
pub struct BerlinGroup(Arc<Inner>);

/// What a connector knows; shared by its clones.
pub struct Inner {
    code: String,
    protocol: Protocol,
    addresses: Addresses,
    credentials: Credentials,
    common_headers: HeaderMap,
    http: BankHttp,
}

impl std::ops::Deref for BerlinGroup {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl std::fmt::Debug for BerlinGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("BerlinGroup").field(&self.code).finish()
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("code", &self.code).finish_non_exhaustive()
    }
}

impl BerlinGroup {
    /// A connector for the bank called `code`, at `base`.
    ///
    /// # Errors
    /// The field of the configuration and what is wrong with it.
    pub fn new(
        code: &str,
        protocol: &Protocol,
        base: &Url,
        credentials: Credentials,
        http: &BankHttp,
    ) -> Result<Self, (&'static str, String)> {
        Ok(Self(Arc::new(Inner {
            code: code.to_owned(),
            protocol: protocol.clone(),
            addresses: Addresses::new(protocol, base)?,
            common_headers: headers::common(protocol, &credentials)?,
            credentials,
            http: http.clone(),
        })))
    }

    /// The PSU's id goes with the order only to a bank that asks the PSU right away: elsewhere it could make the
    /// bank start what must not start before the order is saved.
    fn initiation_headers(&self, psu: &PsuContext, state: &Secret, user_agent: Option<&str>) -> Result<HeaderMap, BankError> {
        let mut headers = self.common_headers.clone();
        headers::psu(&mut headers, psu.ip, user_agent);
        headers::way(&mut headers, self.protocol.sca_approach, &psu.return_url, state)?;
        if self.protocol.sca_starts_on_post {
            headers::psu_id(&mut headers, psu.psu_id.as_ref())?;
        }
        Ok(headers)
    }

    /// Where the PSU authorises with OAuth, and what must be remembered of that.
    fn code_flow(&self, psu: &PsuContext, scope: &str, links: &Links, reply: &Reply, asked: &Url) -> Result<CodeFlow, BankError> {
        let location = reply.headers.get(LOCATION).and_then(|v| v.to_str().ok());
        let links = ["scaOAuth", "scaRedirect"].into_iter().filter_map(|l| links.get(l));
        let page = self
            .addresses
            .authorise_page(location.into_iter().chain(links), asked)
            .map_err(|_| BankError::Unknown("the bank sends the PSU to a host that is not allowed".to_owned()))?;
        let verifier = oauth::code_verifier(&psu.seed);
        let state = Secret::from(psu.state.clone());
        let request = oauth::AuthoriseRequest {
            client_id: &self.credentials.client_id,
            redirect_uri: &psu.return_url,
            scope,
            state: &state,
            verifier: &verifier,
        };
        let (authorise_url, scope) = oauth::authorise_url(&page, &request);
        Ok(CodeFlow {
            authorise_url,
            scope,
            verifier,
            code: None,
            tokens: None,
        })
    }

    fn token_endpoint(&self) -> Result<TokenEndpoint<'_>, BankError> {
        Ok(TokenEndpoint {
            http: &self.http,
            bank: &self.code,
            url: self.addresses.token().ok_or(BankError::Unsupported)?,
            headers: &self.common_headers,
            client_id: &self.credentials.client_id,
            client_secret: self.credentials.client_secret.as_ref().map(|s| s.expose_secret()),
        })
    }
}

/// Checks a protocol table's addresses against a base URL.
///
/// # Errors
/// The field and what is wrong with it.
pub fn check_addresses(protocol: &Protocol, base: &Url) -> Result<(), (&'static str, String)> {
    Addresses::new(protocol, base).map(drop)
}

impl PaymentInitiation for BerlinGroup {
    /// An answer that names no order, or sends the PSU to a host that is not the bank's, is
    /// [`BankError::Unknown`]: an order may exist, and nobody can authorise it.
    async fn initiate(&self, order: &Order, psu: &PsuContext) -> Result<Answer, BankError> {
        let (service, body) = wire::order(order, &self.protocol)?;
        let url = self.addresses.orders(service).ok_or(BankError::Unsupported)?;
        let user_agent = psu.user_agent.as_deref().and_then(clean_user_agent);
        let state = Secret::from(psu.state.clone());
        let call = Call {
            bank: &self.code,
            operation: "initiate",
            request_id: headers::request_id(order.payment, order.attempt, "initiate", 0),
            method: Method::POST,
            url: url.clone(),
            headers: self.initiation_headers(psu, &state, user_agent.as_deref())?,
            body: Body::Json(body),
            max_answer_bytes: MAX_ANSWER_BYTES,
        };
        let reply = self.http.call(call).await?;
        let taken =
            wire::initiated(&reply.body).ok_or_else(|| BankError::Unknown("the answer to the order names no payment".to_owned()))?;
        let oauth = match self.protocol.sca_approach {
            ScaApproach::OauthRedirect => {
                let prefix = self.protocol.scope_prefix.as_deref().unwrap_or_default();
                let scope = format!("{prefix}{}", taken.bank_payment_id);
                Some(self.code_flow(psu, &scope, &taken.sca.links, &reply, &url)?)
            }
            _ => None,
        };
        let page = oauth.as_ref().map(|flow| flow.authorise_url.clone());
        let session = Session {
            payment: order.payment,
            attempt: order.attempt,
            calls: 1,
            bank_payment_id: Some(taken.bank_payment_id),
            state: SessionState::BerlinGroup(Box::new(Conversation {
                service,
                psu_ip: psu.ip,
                psu_user_agent: user_agent,
                return_url: psu.return_url.clone(),
                state,
                word: taken.word.clone(),
                oauth,
                sca: Authorisation::default(),
                unread: 0,
            })),
        };
        let turn = Turn::new(self, &session);
        match (reading::ending_at_once(&taken.word, service, &self.protocol), page) {
            (Some(ending), _) => Ok(turn.answer(ending)),
            (None, Some(url)) => Ok(turn.answer(Verdict::PsuNeeded(PsuStep::GoToBank { url }))),
            (None, None) => authorisation::taken(turn, &taken.sca, &reply, &url),
        }
    }

    /// What each reply does is told where it is done: [`Turn::came_back_with`], [`authorisation::begin`] and what follows.
    async fn reply(&self, session: &Session, reply: &PsuReply) -> Result<Answer, BankError> {
        let turn = Turn::new(self, session);
        let oauth = self.protocol.sca_approach == ScaApproach::OauthRedirect;
        let plain = self.protocol.sca_approach == ScaApproach::Redirect || matches!(turn.talk.sca.step, Some(PsuStep::GoToBank { .. }));
        match reply {
            PsuReply::CameBack { query } if oauth => turn.came_back_with(query).await,
            PsuReply::CameBack { .. } if plain => authorisation::came_back(turn).await,
            PsuReply::CameBack { .. } => Err(BankError::Unsupported),
            other => authorisation::answered(turn, other).await,
        }
    }

    async fn ask(&self, session: &Session) -> Result<Answer, BankError> {
        let turn = Turn::new(self, session);
        match self.protocol.sca_approach {
            ScaApproach::OauthRedirect => turn.resume().await,
            _ => authorisation::look(turn).await,
        }
    }

    /// Only 204 proves the withdrawal. Asking first is the caller's part: a token that has run out is not
    /// refreshed here, because a failing deletion would lose the new one.
    async fn withdraw(&self, session: &Session) -> Result<Answer, BankError> {
        let mut turn = Turn::new(self, session);
        let has_token = turn.talk.oauth.as_ref().is_some_and(|flow| flow.tokens.is_some());
        if !has_token && !self.protocol.withdraw_before_sca {
            return Err(BankError::Unsupported);
        }
        let reply = turn.delete().await?;
        match reply.status {
            204 => Ok(turn.answer(Verdict::Cancelled(Reason::Withdrawn))),
            // The PSU would have to authorise the cancellation (NextGenPSD2 section 5.6): nothing is cancelled.
            202 => Err(BankError::Unsupported),
            other => Err(BankError::Unknown(format!("HTTP {other} does not say that the order is cancelled"))),
        }
    }
}
