//! A call of the interface: who makes it, what its token opens, and how it is answered.

use super::books::{Access, Books, BooksError, Grant};
use super::certificate::Role;
use super::establishment::{Establishment, Version};
use super::signature::{digest_of, verify};
use super::{Stet, TlsClient};
use crate::clock::Timestamp;
use crate::sandbox::berlin::Body;
use crate::sandbox::berlin::reply::{Reply, answer_through};
use crate::sandbox::{Fault, Sandbox, SandboxClient};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::sync::MutexGuard;

/// Longest `X-Request-ID` (STET 1.4.2, Correlation).
const MAX_REQUEST_ID: usize = 70;
const HAL: &str = "application/hal+json; charset=utf-8";

/// What a call comes to; both are answers, and `?` ends the call early.
pub(super) type Outcome = Result<Reply, Reply>;

/// A call of the interface.
pub(super) struct Call<'a> {
    pub bank: &'a Sandbox,
    pub stet: &'a Stet,
    pub at: &'static Establishment,
    pub version: Version,
    pub request: &'a HttpRequest,
    body: Body,
}

impl<'a> Call<'a> {
    pub(super) fn new(bank: &'a Sandbox, stet: &'a Stet, at: &'static Establishment, request: &'a HttpRequest, body: Body) -> Self {
        let version = request.match_info().get("version").and_then(Version::parse);
        Self {
            bank,
            stet,
            at,
            version: version.unwrap_or(Version::V1_5),
            request,
            body,
        }
    }

    /// Acts and answers, through the fault if there is one.
    pub(super) async fn answer(&self, fault: Option<Fault>, act: impl FnOnce(&Self) -> Outcome) -> HttpResponse {
        let act = || act(self).unwrap_or_else(|refusal| refusal);
        match fault {
            Some(Fault::UnknownWord(word)) => {
                let mut reply = act();
                let status = reply
                    .body
                    .as_mut()
                    .and_then(|b| b.pointer_mut("/paymentRequest/paymentInformationStatus"));
                if let Some(status) = status {
                    *status = word.into();
                }
                self.sealed(reply).send()
            }
            fault => answer_through(self.request, fault, || Ok(self.sealed(act()))).await,
        }
    }

    /// The answer with the bank's signature.
    fn sealed(&self, reply: Reply) -> Reply {
        let body = reply.text();
        let date = self.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let digest = (!body.is_empty()).then(|| digest_of(body.as_bytes()));
        let id = self.header("X-Request-ID").filter(|id| id.len() <= MAX_REQUEST_ID);
        let covered: Vec<(&str, &str)> = [("date", Some(date.as_str())), ("digest", digest.as_deref()), ("x-request-id", id)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let signature = self.stet.seal.sign(&covered);
        let headers = [
            (header::DATE, Some(date.clone())),
            (HeaderName::from_static("digest"), digest.clone()),
            (HeaderName::from_static("x-request-id"), id.map(str::to_owned)),
            (HeaderName::from_static("signature"), signature),
        ];
        let add = |reply: Reply, (name, value): (HeaderName, Option<String>)| match value {
            Some(value) => reply.with(name, value),
            None => reply,
        };
        headers.into_iter().fold(reply, add)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.bank.now()
    }

    /// The books with everything due done; a ledger that cannot be written is answered 503.
    pub(super) fn books(&self) -> Result<MutexGuard<'a, Books>, Reply> {
        let mut books = self.stet.books();
        books.catch_up(self.now()).map_err(|e| self.failed(BooksError::Ledger(e)))?;
        Ok(books)
    }

    /// A segment of the path.
    pub(super) fn segment(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// A header's text; `None` when it is missing, empty or not visible ASCII.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let value = self.request.headers().get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then_some(value)
    }

    pub(super) fn body(&self) -> Result<&[u8], Reply> {
        let unreadable = || self.format_error("the body is too large or broke off");
        self.body.as_ref().map(AsRef::as_ref).map_err(|_| unreadable())
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, Reply> {
        let media_type = self.header("Content-Type").and_then(|t| t.split(';').next()).unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/json") {
            return Err(self.format_error("Content-Type must be application/json"));
        }
        serde_json::from_slice(self.body()?).map_err(|_| self.format_error("the body is not JSON"))
    }

    /// An address of the interface in this call's version; `path` begins with a slash.
    pub(super) fn href(&self, path: &str) -> String {
        let api = self.stet.settings.api_url.as_str().trim_end_matches('/');
        format!("{api}{}/stet/psd2/{}{path}", self.at.bank.prefix(), self.version.segment())
    }

    pub(super) fn hal(&self, status: StatusCode, body: Value) -> Reply {
        Reply::json(status, body).with(header::CONTENT_TYPE, HAL)
    }

    /// An error in the form of the standard. `code` is what programs read, `detail` is for people.
    pub(super) fn error(&self, status: StatusCode, code: &str, detail: &str) -> Reply {
        let format = match self.at.is_sparse(self.version) {
            true => "%Y-%m-%dT%H:%M:%S%.3f+0000",
            false => "%Y-%m-%dT%H:%M:%S%.3fZ",
        };
        let short = |text: &str| text.chars().take(140).collect::<String>();
        let reason = status.canonical_reason().unwrap_or_default();
        let body = json!({
            "timestamp": self.now().format(format).to_string(),
            "status": status.as_u16(),
            "error": short(&format!("{reason}: {detail}")),
            "message": code,
            "path": short(self.request.path()),
        });
        self.hal(status, body)
    }

    pub(super) fn format_error(&self, detail: &str) -> Reply {
        self.error(StatusCode::BAD_REQUEST, "FF01", detail)
    }

    fn unauthorized(&self, detail: &str) -> Reply {
        self.error(StatusCode::UNAUTHORIZED, "Unauthorized", detail)
    }

    pub(super) fn forbidden(&self, code: &str, detail: &str) -> Reply {
        self.error(StatusCode::FORBIDDEN, code, detail)
    }

    pub(super) fn failed(&self, error: BooksError) -> Reply {
        match error {
            BooksError::Ledger(error) => {
                tracing::error!(%error, "sandbox bank: the ledger cannot be written");
                self.error(StatusCode::SERVICE_UNAVAILABLE, "INTS", "the bank cannot record this now")
            }
            BooksError::NotNow => self.error(StatusCode::CONFLICT, "Conflict", "the payment is not in a state for this"),
            BooksError::InvalidGrant => self.unauthorized("the token is not good for this"),
        }
    }

    /// The TPP that the client certificate names; it has to be enrolled.
    pub(super) fn tpp(&self) -> Result<&'a SandboxClient, Reply> {
        let organization = self.organization(None)?;
        self.enrolled(&organization)
    }

    fn enrolled(&self, organization: &str) -> Result<&'a SandboxClient, Reply> {
        let known = self.bank.settings().client(organization);
        known.ok_or_else(|| self.forbidden("BE05", "this organization is not enrolled"))
    }

    fn organization(&self, role: Option<Role>) -> Result<String, Reply> {
        let Some(TlsClient(certificate)) = self.request.conn_data::<TlsClient>() else {
            let clear = self.stet.settings.in_the_clear.clone();
            return clear.ok_or_else(|| self.unauthorized("a client certificate is required: use the TLS listener"));
        };
        if !certificate.is_valid_at(self.now()) {
            return Err(self.unauthorized("the client certificate has expired or is not valid yet"));
        }
        if role.is_some_and(|role| !certificate.roles.contains(&role)) {
            return Err(self.forbidden("BE05", "the client certificate does not name the role for this"));
        }
        let named = certificate.organization.clone();
        named.ok_or_else(|| self.forbidden("BE05", "the client certificate has no organizationIdentifier"))
    }

    /// The TPP, for a call that needs this role: certificate, request id and signature are in order.
    pub(super) fn signed_by(&self, role: Role) -> Result<&'a SandboxClient, Reply> {
        let organization = self.organization(Some(role))?;
        let client = self.enrolled(&organization)?;
        let id = self.header("X-Request-ID");
        id.filter(|id| id.len() <= MAX_REQUEST_ID)
            .ok_or_else(|| self.format_error("X-Request-ID is missing or longer than 70 characters"))?;
        let target = self.request.uri().path_and_query().map_or("/", |p| p.as_str());
        let mut targets = vec![target];
        // A judge in between adds the establishment's prefix, or all up to the version: the TPP signed neither.
        if self.stet.settings.in_the_clear.is_some() {
            let shorter = target.strip_prefix(self.at.bank.prefix());
            let version = format!("/stet/psd2/{}", self.version.segment());
            targets.extend(shorter.into_iter().chain(shorter.and_then(|s| s.strip_prefix(&version))));
        }
        let by = (client.client_id.as_str(), self.stet.seals.as_slice());
        verify(self.request, self.body()?, by, &targets, self.now()).map_err(|why| self.unauthorized(why))?;
        Ok(client)
    }

    /// What the call's bearer token opens (RFC 6750 §2.1).
    pub(super) fn access(&self, client: &SandboxClient) -> Result<Access, Reply> {
        let bearer = self.header("Authorization").and_then(|value| value.split_once(' '));
        let token = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, token) = token.ok_or_else(|| self.unauthorized("a bearer token is required"))?;
        let of = (self.at.bank, client.client_id.as_str());
        let access = self.books()?.access(token.trim(), of, self.now());
        access.ok_or_else(|| self.unauthorized("the token is unknown, expired, revoked or another organization's"))
    }

    /// What a PSU granted, with this scope.
    pub(super) fn granted(&self, role: Role, scope: &str) -> Result<Grant, Reply> {
        let client = self.signed_by(role)?;
        match self.access(client)? {
            Access::Granted(grant) if grant.has(scope) => Ok(*grant),
            _ => Err(self.forbidden("BADS", "the token has another scope")),
        }
    }
}
