//! Berlin Group NextGenPSD2: redirect with OAuth 2.0 and PKCE.
//!
//! ```text
//! initiate  POST order            -> where the PSU authorises
//! reply     code -> token, GET status (the return itself proves nothing)
//! ask       GET status, with the token; a token that has run out is refreshed once
//! withdraw  DELETE order
//! ```
//!
//! **Invariant:** every address that is called is built from configuration, never taken from an answer. A
//! token or code that exists only here is never dropped with an error: it comes back in a session.

mod address;
mod conversation;
mod headers;
mod protocol;
mod reading;
mod wire;

#[cfg(test)]
mod tests;

pub use conversation::Conversation;
pub use protocol::{CertificateHeader, Protocol, ScaApproach};

use super::http::{BankHttp, Body, Call};
use super::oauth::{self, CameBack, Secret};
use super::{
    Answer, BankError, Credentials, Order, PaymentInitiation, PsuContext, PsuReply, PsuStep, Reason, Session, SessionState, Verdict,
};
use address::Addresses;
use conversation::Turn;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use std::sync::Arc;
use url::Url;

const REDIRECT_URI: HeaderName = HeaderName::from_static("tpp-redirect-uri");
const REDIRECT_PREFERRED: HeaderName = HeaderName::from_static("tpp-redirect-preferred");

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

    fn initiation_headers(&self, psu: &PsuContext, user_agent: Option<&str>) -> Result<HeaderMap, BankError> {
        let mut headers = self.common_headers.clone();
        headers::psu(&mut headers, psu.ip, user_agent);
        let return_url = HeaderValue::from_str(psu.return_url.as_str()).map_err(|_| BankError::Unsupported)?;
        headers.insert(REDIRECT_URI, return_url);
        headers.insert(REDIRECT_PREFERRED, HeaderValue::from_static("true"));
        Ok(headers)
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
        let user_agent = psu.user_agent.as_deref().and_then(headers::clean_user_agent);
        let call = Call {
            bank: &self.code,
            operation: "initiate",
            request_id: headers::request_id(order.payment, order.attempt, "initiate", 0),
            method: Method::POST,
            url: url.clone(),
            headers: self.initiation_headers(psu, user_agent.as_deref())?,
            body: Body::Json(body),
        };
        let reply = self.http.call(call).await?;
        let taken =
            wire::initiated(&reply.body).ok_or_else(|| BankError::Unknown("the answer to the order names no payment".to_owned()))?;
        let location = reply.headers.get(LOCATION).and_then(|v| v.to_str().ok());
        let page = self
            .addresses
            .authorise_page(location.into_iter().chain(taken.links.iter().map(String::as_str)), &url)
            .map_err(|_| BankError::Unknown("the bank sends the PSU to a host that is not allowed".to_owned()))?;
        let state = Secret::from(psu.state.clone());
        let verifier = oauth::code_verifier(&psu.seed);
        let request = oauth::AuthoriseRequest {
            client_id: &self.credentials.client_id,
            redirect_uri: &psu.return_url,
            scope: &format!("{}{}", self.protocol.scope_prefix, taken.bank_payment_id),
            state: &state,
            verifier: &verifier,
        };
        let (authorise_url, scope) = oauth::authorise_url(&page, &request);
        let session = Session {
            payment: order.payment,
            attempt: order.attempt,
            calls: 1,
            bank_payment_id: Some(taken.bank_payment_id),
            state: SessionState::BerlinGroup(Conversation {
                service,
                psu_ip: psu.ip,
                psu_user_agent: user_agent,
                return_url: psu.return_url.clone(),
                authorise_url: authorise_url.clone(),
                scope,
                state,
                verifier,
                code: None,
                tokens: None,
                word: taken.word.clone(),
            }),
        };
        let go = Verdict::PsuNeeded(PsuStep::GoToBank { url: authorise_url });
        let verdict = reading::ending_at_once(&taken.word, service, &self.protocol).unwrap_or(go);
        Ok(Turn::new(self, &session).answer(verdict))
    }

    /// - A code is exchanged and the status asked for. Where the exchange did not reach the bank the code stays
    ///   in the session (verdict `StillWorking`: the PSU has been there) and [`Self::ask`] completes it; where
    ///   its outcome is unknown, so is the error; where it is refused, nothing has changed.
    /// - A code when there is a token already only asks.
    /// - A denial with our `state` ends the payment, unless a code came before it.
    /// - All else changes nothing and calls nobody.
    async fn reply(&self, session: &Session, reply: &PsuReply) -> Result<Answer, BankError> {
        let PsuReply::CameBack { query } = reply else {
            return Err(BankError::Unsupported);
        };
        let turn = Turn::new(self, session);
        match oauth::came_back(query, &turn.talk().state) {
            CameBack::Code(_) if turn.talk().tokens.is_some() => turn.resume().await,
            CameBack::Code(code) => turn.exchange_and_ask(code).await,
            CameBack::Denied if !turn.talk().psu_was_there() => Ok(turn.answer(Verdict::Rejected(Reason::PsuDeclined))),
            CameBack::Denied | CameBack::Nothing => Ok(turn.standing()),
        }
    }

    async fn ask(&self, session: &Session) -> Result<Answer, BankError> {
        Turn::new(self, session).resume().await
    }

    /// Only 204 proves the withdrawal. Asking first is the caller's part: a token that has run out is not
    /// refreshed here, because a failing deletion would lose the new one.
    async fn withdraw(&self, session: &Session) -> Result<Answer, BankError> {
        let mut turn = Turn::new(self, session);
        if turn.talk().tokens.is_none() && !self.protocol.withdraw_before_sca {
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
