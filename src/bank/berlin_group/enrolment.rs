//! Enrolling at CEC Bank's portal, once per operator: register a user, then (after the mail was confirmed) create
//! an app, which gives client id and secret.

use crate::bank::BankError;
use crate::bank::http::{BankHttp, Body, Call, MAX_ANSWER_BYTES, is_safe_destination};
use crate::bank::oauth::Secret;
use crate::bank::refusal::harmless;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::Url;
use uuid::Uuid;

const REDIRECT_URI: HeaderName = HeaderName::from_static("redirect-uri");
/// Longest client id or secret accepted, in characters.
const MAX_CHARS: usize = 200;

/// The bank's portal.
#[derive(Clone, Debug)]
pub struct Portal {
    http: BankHttp,
    bank: String,
    base: Url,
}

/// Who registers.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// The name to sign in with at the portal.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// The person's first name.
    pub first_name: String,
    /// The person's last name.
    pub last_name: String,
    /// The organization; spaces become `-` where the portal does not take them.
    pub organization: String,
}

/// The app to be created.
#[derive(Clone, Debug)]
pub struct AppRequest {
    /// Short name.
    pub name: String,
    /// What people read.
    pub title: String,
    /// Where PSUs come back to.
    pub redirect_uri: Url,
}

/// What an app is known by.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Client id.
    pub id: String,
    /// Client secret.
    pub secret: Secret,
}

/// The organization as the portal takes it for an app: spaces become `-`.
#[must_use]
pub fn without_spaces(organization: &str) -> String {
    organization.split_whitespace().collect::<Vec<_>>().join("-")
}

impl Portal {
    /// The portal of the bank called `code`, below its base URL.
    ///
    /// # Errors
    /// [`BankError::Unsupported`] for an address that must not be called: only https, or this machine.
    pub fn new(http: &BankHttp, code: &str, base: &Url) -> Result<Self, BankError> {
        let mut base = base.clone();
        if !is_safe_destination(&base) {
            return Err(BankError::Unsupported);
        }
        if let Ok(mut path) = base.path_segments_mut() {
            path.pop_if_empty().push("");
        }
        Ok(Self {
            http: http.clone(),
            bank: code.to_owned(),
            base,
        })
    }

    /// Registers a user; the bank then sends an activation mail.
    ///
    /// # Errors
    /// As [`BankHttp::call`]; [`BankError::Unknown`] when the bank does not say 201.
    pub async fn register(&self, who: &Applicant) -> Result<(), BankError> {
        let body = json!({
            "username": who.username,
            "password": who.password.expose_secret(),
            "first_name": who.first_name,
            "last_name": who.last_name,
            "organization": who.organization,
        });
        self.post("register_user", "portal/users/register", HeaderMap::new(), &body)
            .await
            .map(drop)
    }

    /// Creates the app of a user whose mail was confirmed.
    ///
    /// # Errors
    /// As [`BankHttp::call`]; [`BankError::Unknown`] when the answer holds no usable client.
    pub async fn create_app(&self, who: &Applicant, app: &AppRequest) -> Result<NewClient, BankError> {
        let body = json!({
            "username": who.username,
            "password": who.password.expose_secret(),
            "app_name": app.name,
            "app_title": app.title,
            "organization": without_spaces(&who.organization),
        });
        let mut headers = HeaderMap::new();
        let redirect = HeaderValue::from_str(app.redirect_uri.as_str()).map_err(|_| BankError::Unsupported)?;
        headers.insert(REDIRECT_URI, redirect);
        let answer = self.post("create_app", "create/app", headers, &body).await?;
        read_client(&answer).ok_or_else(|| BankError::Unknown("the answer holds no usable client_id and client_secret".to_owned()))
    }

    async fn post(&self, operation: &'static str, path: &str, headers: HeaderMap, body: &serde_json::Value) -> Result<Vec<u8>, BankError> {
        let call = Call {
            bank: &self.bank,
            operation,
            request_id: Uuid::new_v4(),
            method: Method::POST,
            url: self.base.join(path).map_err(|_| BankError::Unsupported)?,
            headers,
            body: Body::Json(body.to_string().into_bytes()),
            max_answer_bytes: MAX_ANSWER_BYTES,
        };
        let reply = self.http.call(call).await?;
        match reply.status {
            201 => Ok(reply.body),
            other => Err(BankError::Unknown(format!("HTTP {other} where 201 was expected"))),
        }
    }
}

fn read_client(body: &[u8]) -> Option<NewClient> {
    #[derive(Deserialize)]
    struct Answer {
        client_id: String,
        client_secret: Secret,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let good = |text: &str| !text.is_empty() && text == harmless(text, MAX_CHARS) && text.bytes().all(|b| b.is_ascii_graphic());
    (good(&answer.client_id) && good(answer.client_secret.expose())).then_some(NewClient {
        id: answer.client_id,
        secret: answer.client_secret,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_client_is_one() {
        assert_eq!(without_spaces("  Pietrarul  Edificii SRL "), "Pietrarul-Edificii-SRL");
        let read = |body: &str| read_client(body.as_bytes()).map(|c| c.id);
        assert_eq!(read(r#"{"client_id":"c-1","client_secret":"s","more":1}"#).as_deref(), Some("c-1"));
        for body in [
            "",
            "{}",
            r#"{"client_id":"c-1"}"#,
            r#"{"client_id":"","client_secret":"s"}"#,
            r#"{"client_id":"c 1","client_secret":"s"}"#,
            r#"{"client_id":"c-1","client_secret":"s\n"}"#,
            r#"{"client_id":7,"client_secret":"s"}"#,
        ] {
            assert!(read(body).is_none(), "{body}");
        }
        assert!(!format!("{:?}", read_client(br#"{"client_id":"c","client_secret":"hush"}"#)).contains("hush"));
    }
}
