//! The OAuth 2.0 token endpoint of a STET bank: our own tokens, those that a PSU's code buys, and their renewal.
//!
//! **Invariant:** who we are is told by the TLS client certificate and `client_id` (the organisation identifier in
//! it); there is no PKCE in STET, so a code counts only together with our own `state`.

use super::Stet;
use crate::bank::BankError;
use crate::bank::http::{self, Body, Call, MAX_ANSWER_BYTES, Reply};
use crate::bank::oauth::{Secret, is_token};
use crate::bank::signature::Request;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use std::time::Duration;
use url::{Position, Url, form_urlencoded};
use uuid::Uuid;

/// What a token is taken to live when the bank does not say.
const UNTOLD_LIFE: Duration = Duration::from_secs(300);
const FALLBACK: HeaderName = HeaderName::from_static("fallback");

/// What was bought.
pub(super) struct Bought {
    pub(super) access: Secret,
    pub(super) refresh: Option<Secret>,
    pub(super) lives: Duration,
}

/// Writes the forms of the token endpoint.
pub(super) struct Forms<'a> {
    client_id: &'a str,
    client_secret: Option<&'a str>,
}

impl Forms<'_> {
    /// A token of our own (RFC 6749 section 4.4).
    pub(super) fn client_credentials(&self, scope: &str) -> String {
        self.form(&[("grant_type", "client_credentials"), ("scope", scope)])
    }

    /// What a code buys (section 4.1.3). STET wants no scope here.
    pub(super) fn code(&self, code: &Secret, redirect_uri: &Url) -> String {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_uri.as_str()),
        ];
        self.form(&pairs)
    }

    /// The next token (section 6).
    pub(super) fn refresh(&self, token: &Secret) -> String {
        self.form(&[("grant_type", "refresh_token"), ("refresh_token", token.expose())])
    }

    fn form(&self, pairs: &[(&str, &str)]) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", self.client_id).extend_pairs(pairs);
        if let Some(secret) = self.client_secret {
            form.append_pair("client_secret", secret);
        }
        form.finish()
    }
}

/// Where a bank's fallback interface leads (RTS 2018/389 Art. 33): what it answers to a token call that says
/// `fallback: 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The HTTP status; 302 where the fallback is open.
    pub status: u16,
    /// Where the answer leads: the online bank's login.
    pub location: Option<Url>,
    /// The bank's error code, where it refused.
    pub refusal: Option<String>,
}

impl Stet {
    pub(super) fn tokens(&self) -> Forms<'_> {
        Forms {
            client_id: &self.credentials.client_id,
            client_secret: self.credentials.client_secret.as_ref().map(|s| s.expose_secret()),
        }
    }

    /// Buys a token.
    ///
    /// # Errors
    /// As [`http::BankHttp::call`]; [`BankError::Unknown`] also when a 2xx answer carries no usable bearer token.
    pub(super) async fn buy(&self, operation: &'static str, form: String, request_id: Uuid) -> Result<Bought, BankError> {
        let reply = self.token_call(operation, form, request_id, HeaderMap::new()).await?;
        read(&http::accepted(reply)?.body).ok_or_else(|| BankError::Unknown("no usable token in the answer".to_owned()))
    }

    /// Looks where the bank's fallback leads. Payment initiation is not offered there: it is for an operator who
    /// must know whether account information can still be had. Nothing is bought, kept or followed.
    ///
    /// # Errors
    /// As [`http::BankHttp::answer`].
    pub async fn fallback(&self) -> Result<Fallback, BankError> {
        let mut headers = HeaderMap::new();
        headers.insert(FALLBACK, HeaderValue::from_static("1"));
        let form = self.tokens().client_credentials("aisp");
        let reply = self.token_call("fallback", form, Uuid::new_v4(), headers).await?;
        let location = reply.headers.get(LOCATION).and_then(|v| v.to_str().ok());
        let (status, location) = (reply.status, location.and_then(|l| self.addresses.token().join(l).ok()));
        let refusal = match http::accepted(reply) {
            Err(BankError::Refused { code, .. }) => Some(code),
            _ => None,
        };
        Ok(Fallback { status, location, refusal })
    }

    async fn token_call(&self, operation: &'static str, form: String, id: Uuid, mut headers: HeaderMap) -> Result<Reply, BankError> {
        let url = self.addresses.token().clone();
        let request = Request {
            method: "post",
            target: &url[Position::BeforePath..Position::AfterQuery],
            request_id: &id.to_string(),
            body: form.as_bytes(),
        };
        headers.extend(self.signed(&request)?);
        let call = Call {
            bank: &self.code,
            operation,
            request_id: id,
            method: Method::POST,
            url: url.clone(),
            headers,
            body: Body::Form(form),
            max_answer_bytes: MAX_ANSWER_BYTES,
        };
        self.http.answer(call).await
    }
}

/// Reads RFC 6749 section 5.1.
fn read(body: &[u8]) -> Option<Bought> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: Secret,
        token_type: Option<String>,
        refresh_token: Option<Secret>,
        expires_in: Option<serde_json::Value>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let bearer = answer.token_type.is_none_or(|t| t.eq_ignore_ascii_case("bearer"));
    // Some banks write the number as text.
    let lives = answer.expires_in.and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok()));
    (bearer && is_token(answer.access_token.expose())).then_some(Bought {
        access: answer.access_token,
        refresh: answer.refresh_token.filter(|t| is_token(t.expose())),
        lives: lives.map_or(UNTOLD_LIFE, Duration::from_secs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_leniently_and_never_from_nothing() {
        let bought = read(br#"{"access_token":"A","token_type":"Bearer","expires_in":"3599","refresh_token":"R"}"#).unwrap();
        assert_eq!((bought.access.expose(), bought.lives), ("A", Duration::from_secs(3599)));
        assert_eq!(bought.refresh.unwrap().expose(), "R");
        assert_eq!(read(br#"{"access_token":"A"}"#).unwrap().lives, UNTOLD_LIFE);
        for bad in [
            r#"{"access_token":""}"#,
            r#"{"access_token":"A","token_type":"mac"}"#,
            r#"{"access_token":"A\nB"}"#,
            "{}",
            "<",
        ] {
            assert!(read(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_forms_are_those_of_stet() {
        let forms = Forms {
            client_id: "PSDRO-NBR-1",
            client_secret: None,
        };
        assert_eq!(
            forms.client_credentials("pisp"),
            "client_id=PSDRO-NBR-1&grant_type=client_credentials&scope=pisp"
        );
        let back = Url::parse("https://pay.example/back").unwrap();
        let form = forms.code(&Secret::from("c".to_owned()), &back);
        assert!(form.contains("code=c") && form.contains("redirect_uri=https%3A%2F%2Fpay.example%2Fback") && !form.contains("scope"));
    }
}
