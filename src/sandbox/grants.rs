//! Authorisation codes and the tokens bought with them, as the ledger tells it. Only hashes are kept.

use super::ledger::GrantTerms;
use super::secrets::sha256_hex;
use crate::clock::Timestamp;
use chrono::TimeDelta;
use std::collections::HashMap;

/// A code may be exchanged for this long.
pub(super) const CODE_LIFE: TimeDelta = TimeDelta::seconds(60);
/// `expires_in` of an access token, in seconds.
pub(super) const ACCESS_LIFE_S: i64 = 3595;
/// `refresh_token_expires_in`, in seconds.
pub(super) const REFRESH_LIFE_S: i64 = 2_682_000;

/// What one authorisation code led to.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub terms: GrantTerms,
    pub payment_id: String,
    pub issued_at: Timestamp,
    pub code_spent: bool,
    pub revoked: bool,
    refresh: Option<(String, Timestamp)>,
}

/// An access token is not good for what it was sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenProblem {
    /// Unknown, revoked, or for another order or client.
    Invalid,
    /// Was good once.
    Expired,
}

/// How a refresh token stands.
#[derive(Clone, Debug)]
pub(super) enum RefreshToken<'a> {
    Current(&'a Grant),
    /// Rotated away earlier: somebody replays it.
    Spent(&'a Grant),
    Unknown,
}

/// All grants, found by the hashes of codes and tokens.
#[derive(Debug, Default)]
pub(super) struct Grants {
    by_code: HashMap<String, Grant>,
    access: HashMap<String, (String, Timestamp)>,
    refresh: HashMap<String, String>,
}

impl Grants {
    pub(super) fn issued(&mut self, payment_id: &str, terms: &GrantTerms, at: Timestamp) {
        let grant = Grant {
            terms: terms.clone(),
            payment_id: payment_id.to_owned(),
            issued_at: at,
            code_spent: false,
            revoked: false,
            refresh: None,
        };
        self.by_code.insert(terms.code_sha256.clone(), grant);
    }

    pub(super) fn exchanged(&mut self, code_sha256: &str, access_sha256: &str, refresh_sha256: &str, at: Timestamp) {
        if let Some(grant) = self.by_code.get_mut(code_sha256) {
            grant.code_spent = true;
            grant.refresh = Some((refresh_sha256.to_owned(), at + TimeDelta::seconds(REFRESH_LIFE_S)));
            self.refresh.insert(refresh_sha256.to_owned(), code_sha256.to_owned());
            let until = at + TimeDelta::seconds(ACCESS_LIFE_S);
            self.access.insert(access_sha256.to_owned(), (code_sha256.to_owned(), until));
        }
    }

    pub(super) fn revoked(&mut self, code_sha256: &str) {
        if let Some(grant) = self.by_code.get_mut(code_sha256) {
            grant.revoked = true;
        }
    }

    pub(super) fn by_code(&self, code: &str) -> Option<&Grant> {
        self.by_code.get(&sha256_hex(code.as_bytes()))
    }

    pub(super) fn by_refresh_token(&self, token: &str, now: Timestamp) -> RefreshToken<'_> {
        let hash = sha256_hex(token.as_bytes());
        let Some(grant) = self.refresh.get(&hash).and_then(|code| self.by_code.get(code)) else {
            return RefreshToken::Unknown;
        };
        match &grant.refresh {
            _ if grant.revoked => RefreshToken::Unknown,
            Some((current, until)) if *current == hash && now < *until => RefreshToken::Current(grant),
            Some((current, _)) if *current == hash => RefreshToken::Unknown,
            _ => RefreshToken::Spent(grant),
        }
    }

    /// Whether this access token may be used by this client for this order.
    pub(super) fn check_access(&self, token: &str, payment_id: &str, client_id: &str, now: Timestamp) -> Result<(), TokenProblem> {
        let (code, until) = self.access.get(&sha256_hex(token.as_bytes())).ok_or(TokenProblem::Invalid)?;
        let grant = self.by_code.get(code).ok_or(TokenProblem::Invalid)?;
        if grant.revoked || grant.payment_id != payment_id || grant.terms.client_id != client_id {
            return Err(TokenProblem::Invalid);
        }
        if now < *until { Ok(()) } else { Err(TokenProblem::Expired) }
    }
}
