//! Codes and refresh tokens are exchanged (RFC 6749, RFC 7636).

use super::{Books, BooksError};
use crate::clock::Timestamp;
use crate::sandbox::grants::{CODE_LIFE, Grant, RefreshToken, TokenProblem};
use crate::sandbox::ledger::LedgerEvent;
use crate::sandbox::secrets::{pkce_challenge, random_word, same_secret, sha256_hex};
use std::io;
use url::Url;

/// Who asks for tokens.
#[derive(Debug)]
pub(in crate::sandbox) struct Redeemer<'a> {
    pub client_id: &'a str,
    /// The scope asked for, when one was sent: it has to be the order's.
    pub scope: Option<&'a str>,
}

impl Redeemer<'_> {
    fn may_redeem(&self, grant: &Grant) -> Result<(), BooksError> {
        if grant.terms.client_id != self.client_id {
            return Err(BooksError::InvalidGrant);
        }
        let same_scope = self.scope.is_none_or(|scope| scope == grant.scope);
        same_scope.then_some(()).ok_or(BooksError::InvalidScope)
    }
}

/// Freshly issued tokens, in clear: shown once.
#[derive(Clone)]
pub(in crate::sandbox) struct Tokens {
    pub access: String,
    pub refresh: String,
    pub scope: String,
    pub refresh_life_s: i64,
    pub consented_on: Timestamp,
}

impl Books {
    pub(in crate::sandbox) fn check_access(
        &self,
        token: &str,
        payment_id: &str,
        client_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), TokenProblem> {
        self.state.grants.check_access(token, payment_id, client_id, now)
    }

    /// Exchanges a code. A code that comes back a second time voids the tokens it bought (RFC 6749 §4.1.2).
    pub(in crate::sandbox) fn redeem_code(
        &mut self,
        code: &str,
        by: &Redeemer<'_>,
        address: (&str, &str),
        now: Timestamp,
    ) -> Result<Tokens, BooksError> {
        let grant = self.state.grants.by_code(code).cloned().ok_or(BooksError::InvalidGrant)?;
        let (redirect_uri, verifier) = address;
        by.may_redeem(&grant)?;
        if grant.code_spent {
            self.revoke(grant, now)?;
            return Err(BooksError::InvalidGrant);
        }
        let same_uri = Url::parse(redirect_uri).is_ok_and(|uri| uri == grant.terms.redirect_uri);
        let in_time = now < grant.issued_at + CODE_LIFE;
        if !same_uri || !in_time || !same_secret(&pkce_challenge(verifier), &grant.terms.code_challenge) {
            return Err(BooksError::InvalidGrant);
        }
        self.issue(grant, now)
    }

    /// Exchanges a refresh token for new tokens. A spent one voids them all (RFC 9700 §4.14.2).
    pub(in crate::sandbox) fn redeem_refresh(&mut self, token: &str, by: &Redeemer<'_>, now: Timestamp) -> Result<Tokens, BooksError> {
        match self.state.grants.by_refresh_token(token, now) {
            RefreshToken::Current(grant) => {
                by.may_redeem(grant)?;
                let grant = grant.clone();
                self.issue(grant, now)
            }
            RefreshToken::Spent(grant) => {
                by.may_redeem(grant)?;
                let grant = grant.clone();
                self.revoke(grant, now)?;
                Err(BooksError::InvalidGrant)
            }
            RefreshToken::Unknown => Err(BooksError::InvalidGrant),
        }
    }

    fn issue(&mut self, grant: Grant, now: Timestamp) -> Result<Tokens, BooksError> {
        let (access, refresh) = (random_word(), random_word());
        let (scope, refresh_life_s) = (grant.scope.clone(), grant.refresh_life_s());
        let event = LedgerEvent::TokenIssued {
            payment_id: grant.payment_id,
            code_sha256: grant.terms.code_sha256,
            access_sha256: sha256_hex(access.as_bytes()),
            refresh_sha256: sha256_hex(refresh.as_bytes()),
        };
        self.record(now, event)?;
        Ok(Tokens {
            access,
            refresh,
            scope,
            refresh_life_s,
            consented_on: grant.issued_at,
        })
    }

    fn revoke(&mut self, grant: Grant, now: Timestamp) -> io::Result<()> {
        let (payment_id, code_sha256) = (grant.payment_id, grant.terms.code_sha256);
        self.record(now, LedgerEvent::TokensRevoked { payment_id, code_sha256 })
    }
}
