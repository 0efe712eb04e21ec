//! OAuth 2.0 code flow with PKCE (RFC 6749, RFC 7636), as banks use it for strong customer authentication.
//!
//! **Invariant:** nothing here is random and nothing is remembered: the verifier derives from the attempt's
//! seed, and tokens live in the caller's session. A parameter never appears twice in a URL we send the PSU to.

use super::BankError;
use super::http::{BankHttp, Body, Call, MAX_ANSWER_BYTES};
use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Longest token or code accepted, in bytes.
const MAX_TOKEN_BYTES: usize = 8192;

/// A text that must not be seen: it serialises (into a session that is sealed) and never prints.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not depend on where the texts differ.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.as_bytes()).is_ok()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.expose().to_owned()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// What a code or a refresh token buys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tokens {
    /// Sent as bearer token.
    pub access: Secret,
    /// Buys the next access token, where the bank gave one.
    pub refresh: Option<Secret>,
}

/// The PKCE code verifier of an attempt: 43 characters (RFC 7636 section 4.1) that nobody can compute
/// without the seed.
#[must_use]
pub fn code_verifier(seed: &[u8; 32]) -> Secret {
    let key = hmac::Key::new(hmac::HMAC_SHA256, seed);
    let tag = hmac::sign(&key, b"pkce code_verifier");
    Secret::from(URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

/// The `S256` challenge of a verifier (RFC 7636 section 4.2).
#[must_use]
pub fn code_challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.expose().as_bytes()))
}

/// What the PSU's way to the bank must carry.
#[derive(Clone, Copy, Debug)]
pub struct AuthoriseRequest<'a> {
    /// Our id at the bank.
    pub client_id: &'a str,
    /// Where the PSU comes back to, exactly as registered.
    pub redirect_uri: &'a Url,
    /// The scope used when the bank's link names none.
    pub scope: &'a str,
    /// Comes back with the PSU.
    pub state: &'a Secret,
    /// Proves later that the code is ours.
    pub verifier: &'a Secret,
}

/// Completes the bank's authorise link (RFC 6749 section 4.1.1, RFC 7636 section 4.3) and tells which scope
/// it asks for. What binds the answer to us (`client_id`, `redirect_uri`, `state`, the challenge) is ours
/// whatever the link says; `response_type`, `scope` and all else stay the bank's where it gave them.
#[must_use]
pub fn authorise_url(link: &Url, request: &AuthoriseRequest<'_>) -> (Url, String) {
    let challenge = code_challenge(request.verifier);
    let ours = [
        ("client_id", request.client_id),
        ("redirect_uri", request.redirect_uri.as_str()),
        ("state", request.state.expose()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in link.query_pairs() {
        if !ours.iter().any(|(n, _)| *n == name) && !pairs.iter().any(|(n, _)| *n == name) {
            pairs.push((name.into_owned(), value.into_owned()));
        }
    }
    for (name, value) in [("response_type", "code"), ("scope", request.scope)] {
        match pairs.iter_mut().find(|(n, _)| n == name) {
            Some((_, given)) if given.is_empty() => value.clone_into(given),
            Some(_) => {}
            None => pairs.push((name.to_owned(), value.to_owned())),
        }
    }
    let scope = pairs
        .iter()
        .find(|(n, _)| n == "scope")
        .map_or_else(String::new, |(_, v)| v.clone());
    let mut url = link.clone();
    url.set_fragment(None);
    url.query_pairs_mut().clear().extend_pairs(&pairs).extend_pairs(ours);
    (url, scope)
}

/// What a PSU's return from the bank says.
#[derive(Debug, PartialEq, Eq)]
pub enum CameBack {
    /// A code to exchange.
    Code(Secret),
    /// The PSU said no, and the return carries our `state`.
    Denied,
    /// Nothing that may change anything: no code, another error, a forged or repeated parameter.
    Nothing,
}

/// Reads a return (RFC 6749 sections 4.1.2 and 4.1.2.1). A `state` that is there must be ours; a code
/// without one is taken, because PKCE binds it to this attempt, but a denial without one is not.
#[must_use]
pub fn came_back(query: &[(String, String)], state: &Secret) -> CameBack {
    let one = |name: &str| {
        let mut values = query.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str());
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(Some(value)),
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(()),
        }
    };
    let (Ok(given), Ok(code), Ok(error)) = (one("state"), one("code"), one("error")) else {
        return CameBack::Nothing;
    };
    if given.is_some_and(|given| !state.matches(given)) {
        return CameBack::Nothing;
    }
    match (code, error) {
        (Some(code), None) if is_token(code) => CameBack::Code(Secret::from(code.to_owned())),
        // One bank writes the word with one s.
        (None, Some("access_denied" | "acces_denied")) if given.is_some() => CameBack::Denied,
        _ => CameBack::Nothing,
    }
}

/// A bank's token endpoint and how we identify ourselves there.
#[derive(Clone, Copy, Debug)]
pub struct TokenEndpoint<'a> {
    /// The client for bank calls.
    pub http: &'a BankHttp,
    /// The bank's code, for the log.
    pub bank: &'a str,
    /// Its address.
    pub url: &'a Url,
    /// Headers the bank wants on every call.
    pub headers: &'a HeaderMap,
    /// Our id at the bank.
    pub client_id: &'a str,
    /// Sent in the form where the bank gave one (RFC 6749 section 2.3.1).
    pub client_secret: Option<&'a str>,
}

/// What is bought at the token endpoint.
#[derive(Clone, Copy, Debug)]
pub enum Grant<'a> {
    /// `authorization_code` (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
    Code {
        /// The code; it works once.
        code: &'a Secret,
        /// As in the authorise URL.
        redirect_uri: &'a Url,
        /// As in the authorise URL.
        scope: &'a str,
        /// Whose challenge went with the authorise URL.
        verifier: &'a Secret,
    },
    /// `refresh_token` (RFC 6749 section 6).
    Refresh {
        /// The refresh token, which stays ours when the answer brings no new one.
        token: &'a Secret,
    },
}

impl TokenEndpoint<'_> {
    /// Buys tokens.
    ///
    /// # Errors
    /// As [`BankHttp::call`]; [`BankError::Unknown`] also when a 2xx answer carries no usable bearer token.
    pub async fn buy(&self, grant: Grant<'_>, request_id: Uuid) -> Result<Tokens, BankError> {
        let (operation, kept) = match grant {
            Grant::Code { .. } => ("exchange_code", None),
            Grant::Refresh { token } => ("refresh_token", Some(token)),
        };
        let reply = self
            .http
            .call(Call {
                bank: self.bank,
                operation,
                request_id,
                method: Method::POST,
                url: self.url.clone(),
                headers: self.headers.clone(),
                body: Body::Form(self.form(grant)),
                max_answer_bytes: MAX_ANSWER_BYTES,
            })
            .await?;
        read_tokens(&reply.body, kept).ok_or_else(|| BankError::Unknown("no usable token in the answer".to_owned()))
    }

    fn form(&self, grant: Grant<'_>) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        match grant {
            Grant::Code {
                code,
                redirect_uri,
                scope,
                verifier,
            } => form
                .append_pair("grant_type", "authorization_code")
                .append_pair("code", code.expose())
                .append_pair("redirect_uri", redirect_uri.as_str())
                .append_pair("scope", scope)
                .append_pair("code_verifier", verifier.expose()),
            Grant::Refresh { token } => form
                .append_pair("grant_type", "refresh_token")
                .append_pair("refresh_token", token.expose()),
        };
        form.append_pair("client_id", self.client_id);
        if let Some(secret) = self.client_secret {
            form.append_pair("client_secret", secret);
        }
        form.finish()
    }
}

/// Reads RFC 6749 section 5.1. Lifetimes are not kept: there is no clock here, and the bank says 401.
fn read_tokens(body: &[u8], kept: Option<&Secret>) -> Option<Tokens> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: Secret,
        token_type: Option<String>,
        refresh_token: Option<Secret>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let bearer = answer.token_type.is_none_or(|t| t.eq_ignore_ascii_case("bearer"));
    let refresh = answer.refresh_token.filter(|t| is_token(t.expose())).or_else(|| kept.cloned());
    (bearer && is_token(answer.access_token.expose())).then_some(Tokens {
        access: answer.access_token,
        refresh,
    })
}

/// RFC 6749 appendix A: codes and tokens are visible ASCII (or space).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TOKEN_BYTES && text.bytes().all(|b| (0x20..0x7f).contains(&b))
}

#[cfg(test)]
mod tests;
