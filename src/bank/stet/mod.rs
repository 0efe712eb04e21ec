//! STET, the French standard (Banque Populaire, Caisse d'Epargne and others), editions 1.4.0, 1.4.2 and 1.5.
//!
//! ```text
//! initiate  POST payment-requests, with our own token   -> the bank's page, to which the PSU is sent
//! reply     the PSU is back: GET the order; where the bank wants it confirmed, the intent to do so is kept first
//! ask       code -> token, POST confirmation (once it is meant), GET the order
//! withdraw  GET the order, PUT it back as cancelled, GET it again
//! ```
//!
//! **Invariant:** every request is signed, and where the bank's certificate is configured no unsigned answer counts.
//! Every address that is called is built from configuration, never taken from an answer. Nothing is confirmed but
//! what a PSU's return asked for with our own `state`; the intent is saved before the first call about it.

mod account_information;
mod account_reading;
mod address;
mod client;
mod consent;
mod conversation;
mod funds;
mod protocol;
mod reading;
mod tokens;
mod wire;

#[cfg(test)]
mod tests;

pub use conversation::Conversation;
pub use protocol::{Confirmation, KeyId, Protocol, Version};
pub use tokens::Fallback;

use super::access::Keeper;
use super::http::{BankHttp, clean_user_agent};
use super::oauth::Secret;
use super::signature::{self, Signer, Verifier};
use super::{
    Answer, BankError, Credentials, Order, PaymentInitiation, PsuContext, PsuReply, PsuStep, Session, SessionState, Tools, Verdict,
};
use crate::clock::Clock;
use address::Addresses;
use client::Ask;
use conversation::Turn;
use reqwest::Method;
use reqwest::header::LOCATION;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use std::sync::Arc;
use url::Url;

/// A STET bank.
#[derive(Clone)]
pub struct Stet(Arc<Inner>);

/// What a connector knows; shared by its clones.
pub struct Inner {
    code: String,
    protocol: Protocol,
    addresses: Addresses,
    credentials: Credentials,
    /// Who we are, as our certificate says.
    party: String,
    signer: Signer,
    verifier: Option<Verifier>,
    http: BankHttp,
    keeper: Keeper,
    clock: Clock,
}

impl std::ops::Deref for Stet {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl std::fmt::Debug for Stet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stet").field(&self.code).finish()
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("code", &self.code).finish_non_exhaustive()
    }
}

impl Stet {
    /// A connector for the bank called `code`, at this base; the second address, where there is one, replaces the
    /// directory's page for consents.
    ///
    /// # Errors
    /// The field of the configuration and what is wrong with it.
    pub fn new(
        code: &str,
        protocol: &Protocol,
        (base, page): (&Url, Option<&Url>),
        credentials: Credentials,
        tools: &Tools,
    ) -> Result<Self, (&'static str, String)> {
        if credentials.client_id.is_empty() {
            return Err(("client_id", "is missing".to_owned()));
        }
        let certificate = credentials.signing_certificate_pem.as_deref();
        let certificate =
            certificate.ok_or_else(|| ("signing_certificate_pem", "is missing: this bank wants signed requests".to_owned()))?;
        let key = credentials.signing_key_pem.as_ref();
        let key = key.ok_or_else(|| ("signing_key_pem", "is missing: this bank wants signed requests".to_owned()))?;
        let key_id = match protocol.key_id {
            KeyId::SerialAndIssuer => signature::serial_and_issuer(certificate).map_err(|e| ("signing_certificate_pem", e))?,
            KeyId::CertificateUrl => credentials.signing_certificate_url.as_ref().map(Url::to_string).ok_or_else(|| {
                (
                    "signing_certificate_url",
                    "is missing: this bank finds the certificate by it".to_owned(),
                )
            })?,
        };
        let verifier = credentials.bank_signing_certificate_pem.as_deref().map(Verifier::new).transpose();
        Ok(Self(Arc::new(Inner {
            code: code.to_owned(),
            addresses: Addresses::new(protocol, base, page)?,
            protocol: protocol.clone(),
            party: signature::organisation(certificate).map_err(|e| ("signing_certificate_pem", e))?,
            signer: Signer::new(key.expose_secret(), key_id).map_err(|e| ("signing_key_pem", e))?,
            verifier: verifier.map_err(|e| ("signing_certificate", e))?,
            credentials,
            http: tools.http.clone(),
            keeper: tools.keeper.clone(),
            clock: tools.clock.clone(),
        })))
    }
}

/// Checks a protocol table's addresses against a base URL.
///
/// # Errors
/// The field and what is wrong with it.
pub fn check_addresses(protocol: &Protocol, base: &Url) -> Result<(), (&'static str, String)> {
    Addresses::new(protocol, base, None).map(drop)
}

impl PaymentInitiation for Stet {
    /// An answer that names no order, or sends the PSU to a host that is not the bank's, is
    /// [`BankError::Unknown`]: an order may exist, and nobody can authorise it.
    async fn initiate(&self, order: &Order, psu: &PsuContext) -> Result<Answer, BankError> {
        let report_url = with(&psu.return_url, "state", &psu.state);
        let around = wire::Around {
            party: &self.party,
            report_url: &report_url,
            // A hint for people who read logs; it proves nothing.
            unsuccessful_url: &with(&report_url, "nok", "1"),
            now: self.clock.now(),
        };
        let sent = wire::order(order, &self.protocol, around)?;
        let user_agent = psu.user_agent.as_deref().and_then(clean_user_agent);
        let ask = Ask {
            operation: "initiate",
            request_id: client::request_id(order.payment, order.attempt, "initiate", 0),
            method: Method::POST,
            url: self.addresses.api(&["payment-requests"]),
            headers: client::psu_headers(psu.ip, user_agent.as_deref()),
            json: sent.body,
        };
        let reply = self.call_as_operator(ask).await?;
        let body: Value = serde_json::from_slice(&reply.body).map_err(|_| unknown("the answer to the order is unreadable"))?;
        let link = body.pointer("/_links/consentApproval/href").and_then(Value::as_str);
        let link = link.ok_or_else(|| unknown("the answer to the order has no link for the PSU"))?;
        let approval_url = self
            .addresses
            .approval(link)
            .ok_or_else(|| unknown("the bank sends the PSU to a host that is not allowed"))?;
        let location = reply.headers.get(LOCATION).and_then(|v| v.to_str().ok());
        let order_id =
            address::order_id(location, &approval_url).ok_or_else(|| unknown("the answer to the order names no order, or two"))?;
        let talk = Conversation {
            psu_ip: psu.ip,
            psu_user_agent: user_agent,
            information_id: sent.information_id,
            end_to_end_id: sent.end_to_end_id,
            report_url,
            state: Secret::from(psu.state.clone()),
            approval_url: approval_url.clone(),
            word: String::new(),
            ended: None,
            was_back: false,
            intent: None,
            tries: 0,
            confirmed: false,
        };
        let session = Session {
            payment: order.payment,
            attempt: order.attempt,
            calls: 1,
            bank_payment_id: Some(order_id),
            state: SessionState::Stet(Box::new(talk)),
        };
        Ok(Turn::new(self, &session).answer(Verdict::PsuNeeded(PsuStep::GoToBank { url: approval_url })))
    }

    async fn reply(&self, session: &Session, reply: &PsuReply) -> Result<Answer, BankError> {
        match reply {
            PsuReply::CameBack { query } => Turn::new(self, session).came_back(query).await,
            PsuReply::Begin { .. } | PsuReply::Code(_) | PsuReply::Method(_) | PsuReply::Resend => Err(BankError::Unsupported),
        }
    }

    async fn ask(&self, session: &Session) -> Result<Answer, BankError> {
        Turn::new(self, session).resume().await
    }

    /// The bank's own word after the cancellation counts, not the answer to it.
    async fn withdraw(&self, session: &Session) -> Result<Answer, BankError> {
        Turn::new(self, session).withdraw().await
    }
}

fn unknown(what: &str) -> BankError {
    BankError::Unknown(what.to_owned())
}

fn with(url: &Url, name: &str, value: &str) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair(name, value);
    url
}
