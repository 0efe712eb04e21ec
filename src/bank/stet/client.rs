//! Calls to a STET bank: signed, with a token, and the answers verified.

use super::Stet;
use super::tokens::Bought;
use crate::bank::BankError;
use crate::bank::access::{AccessKey, Grant, Holder, Kept, NotBought};
use crate::bank::http::{self, Body, Call, MAX_ANSWER_BYTES, Reply};
use crate::bank::oauth::Secret;
use crate::bank::signature::{NotSigned, Request};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use std::net::IpAddr;
use std::time::Duration;
use url::{Position, Url};
use uuid::Uuid;

/// Request ids live in a name space of their own (RFC 9562 section 5.5).
const REQUEST_IDS: Uuid = Uuid::from_u128(0x51e7_0d2c_94ab_4f0e_8a6d_7b13_c92f_e604);
/// The scope of payment initiation.
const PISP: &str = "pisp";

const PSU_IP_ADDRESS: HeaderName = HeaderName::from_static("psu-ip-address");
const PSU_USER_AGENT: HeaderName = HeaderName::from_static("psu-user-agent");

/// The id of a call: the same call made again has the same id, every other call another one.
pub(super) fn request_id(of: impl std::fmt::Display, attempt: u32, operation: &str, call: u32) -> Uuid {
    Uuid::new_v5(&REQUEST_IDS, format!("{of}/{attempt}/{operation}/{call}").as_bytes())
}

/// What the bank learns of the PSU.
pub(super) fn psu_headers(ip: IpAddr, user_agent: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&ip.to_canonical().to_string()) {
        headers.insert(PSU_IP_ADDRESS, value);
    }
    if let Some(value) = user_agent.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(PSU_USER_AGENT, value);
    }
    headers
}

/// A call to the API.
#[derive(Clone)]
pub(super) struct Ask {
    /// For the log.
    pub(super) operation: &'static str,
    /// See [`request_id`].
    pub(super) request_id: Uuid,
    pub(super) method: Method,
    pub(super) url: Url,
    /// Beyond what every call carries.
    pub(super) headers: HeaderMap,
    /// Sent as JSON; empty for none.
    pub(super) json: Vec<u8>,
}

impl Stet {
    /// Calls with our own token, which is bought where there is none. One that the bank refuses is spoiled, once.
    ///
    /// # Errors
    /// As [`Self::call`]; [`BankError::NotSent`] when there is no token to be had.
    pub(super) async fn call_as_operator(&self, ask: Ask) -> Result<Reply, BankError> {
        let token = self.operator_token(None).await?;
        match self.call(ask.clone(), &token).await {
            Err(BankError::Refused { status: 401, .. }) => {
                let fresh = self.operator_token(Some(&token)).await?;
                self.call(ask, &fresh).await
            }
            other => other,
        }
    }

    /// Calls with a token.
    ///
    /// # Errors
    /// As [`http::BankHttp::call`]; [`BankError::Unknown`] also when the bank's certificate is configured and the
    /// answer is not signed with it, because the bank may have acted.
    pub(super) async fn call(&self, ask: Ask, token: &Secret) -> Result<Reply, BankError> {
        let mut headers = ask.headers;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| BankError::Unsupported)?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        let id = ask.request_id.to_string();
        let method = ask.method.as_str().to_ascii_lowercase();
        let target = ask.url[Position::BeforePath..Position::AfterQuery].to_owned();
        let request = Request {
            method: &method,
            target: &target,
            request_id: &id,
            body: &ask.json,
        };
        headers.extend(self.signed(&request)?);
        let call = Call {
            bank: &self.code,
            operation: ask.operation,
            request_id: ask.request_id,
            method: ask.method,
            url: ask.url,
            headers,
            body: match ask.json.is_empty() {
                true => Body::Empty,
                false => Body::Json(ask.json.clone()),
            },
            max_answer_bytes: MAX_ANSWER_BYTES,
        };
        let reply = self.http.answer(call).await?;
        self.verified(&reply, &request)?;
        http::accepted(reply)
    }

    /// The signature headers of a request.
    pub(super) fn signed(&self, request: &Request<'_>) -> Result<HeaderMap, BankError> {
        let signed = self.signer.headers(request, self.clock.now());
        signed.ok_or_else(|| BankError::NotSent("the request could not be signed".to_owned()))
    }

    /// A refusal without a signature is believed: what stands before a bank's own servers refuses without one, and
    /// a refusal moves no money. A wrong signature is never believed.
    fn verified(&self, reply: &Reply, request: &Request<'_>) -> Result<(), BankError> {
        let Some(verifier) = &self.verifier else { return Ok(()) };
        match verifier.verify(&reply.headers, &reply.body, request, self.clock.now()) {
            Ok(()) => Ok(()),
            Err(NotSigned::Missing) if (400..500).contains(&reply.status) => Ok(()),
            Err(fault) => Err(BankError::Unknown(fault.to_string())),
        }
    }

    /// Our own token, shared by all nodes.
    async fn operator_token(&self, spoiled: Option<&Secret>) -> Result<Secret, BankError> {
        let of = AccessKey {
            bank: self.code.clone(),
            holder: Holder::Operator,
            scope: PISP,
        };
        let buy = |kept: Kept| async move {
            // Another id with every purchase: none may be answered from a memory.
            let id = request_id(format_args!("{}/{}", self.code, kept.version), 0, "token", 0);
            let form = self.tokens().client_credentials(PISP);
            match self.buy("token", form, id).await {
                Ok(bought) => Ok(grant(bought)),
                Err(error) => Err(not_bought(error)),
            }
        };
        self.keeper.token(&of, spoiled, buy).await
    }
}

fn grant(bought: Bought) -> Grant {
    Grant {
        access: bought.access,
        refresh: None,
        lives: bought.lives,
    }
}

/// Nothing of the call itself has been sent; a bank that asks for patience gets it.
fn not_bought(error: BankError) -> NotBought {
    let locked = match &error {
        BankError::Refused {
            retry_after_s: Some(seconds),
            ..
        } => Duration::from_secs(*seconds),
        _ => Duration::ZERO,
    };
    NotBought {
        error: BankError::NotSent(format!("no token: {error}")),
        locked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_call_again_has_the_same_id() {
        let id = request_id("7", 1, "status", 2);
        assert_eq!(id, request_id("7", 1, "status", 2));
        let others = [
            request_id("8", 1, "status", 2),
            request_id("7", 2, "status", 2),
            request_id("7", 1, "cancel", 2),
            request_id("7", 1, "status", 3),
        ];
        assert!(!others.contains(&id));
    }

    #[test]
    fn the_address_of_the_payer_is_written_as_ipv4_where_it_is_one() {
        let headers = psu_headers("::ffff:192.0.2.7".parse().unwrap(), Some("A b"));
        assert_eq!(
            (&headers[PSU_IP_ADDRESS], &headers[PSU_USER_AGENT]),
            (&"192.0.2.7".parse().unwrap(), &"A b".parse().unwrap())
        );
    }
}
