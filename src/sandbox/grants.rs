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

/// `refresh_token_expires_in` of account information, in seconds: as long as the consent, 180 days.
pub(super) const CONSENT_REFRESH_LIFE_S: i64 = 180 * 86_400;
/// What stands before an order's id in a scope.
pub(super) const PAYMENT: &str = "PIS:";
/// What stands before a consent's id in a scope.
pub(super) const CONSENT: &str = "AIS:";

/// What one authorisation code led to.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub terms: GrantTerms,
    /// The order or consent.
    pub payment_id: String,
    /// Its scope.
    pub scope: String,
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

impl Grant {
    /// How long its refresh tokens live, in seconds.
    pub(super) fn refresh_life_s(&self) -> i64 {
        if self.scope.starts_with(CONSENT) {
            CONSENT_REFRESH_LIFE_S
        } else {
            REFRESH_LIFE_S
        }
    }
}

impl Grants {
    pub(super) fn issued(&mut self, prefix: &str, payment_id: &str, terms: &GrantTerms, at: Timestamp) {
        let grant = Grant {
            terms: terms.clone(),
            payment_id: payment_id.to_owned(),
            scope: format!("{prefix}{payment_id}"),
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
            grant.refresh = Some((refresh_sha256.to_owned(), at + TimeDelta::seconds(grant.refresh_life_s())));
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

    /// Whether this access token may be used for this order or consent; where the bank names TPPs by their client
    /// ids, by this one only.
    pub(super) fn check_access(&self, token: &str, id: &str, client_id: Option<&str>, now: Timestamp) -> Result<(), TokenProblem> {
        let grant = self.good(token, client_id)?;
        if grant.payment_id != id {
            return Err(TokenProblem::Invalid);
        }
        self.scope_of(token, client_id, now).map(drop)
    }

    /// The scope of an access token.
    pub(super) fn scope_of(&self, token: &str, client_id: Option<&str>, now: Timestamp) -> Result<&str, TokenProblem> {
        let grant = self.good(token, client_id)?;
        let fresh = self
            .access
            .get(&sha256_hex(token.as_bytes()))
            .is_some_and(|(_, until)| now < *until);
        if fresh { Ok(&grant.scope) } else { Err(TokenProblem::Expired) }
    }

    fn good(&self, token: &str, client_id: Option<&str>) -> Result<&Grant, TokenProblem> {
        let (code, _) = self.access.get(&sha256_hex(token.as_bytes())).ok_or(TokenProblem::Invalid)?;
        let grant = self.by_code.get(code).ok_or(TokenProblem::Invalid)?;
        let good = !grant.revoked && client_id.is_none_or(|id| grant.terms.client_id == id);
        good.then_some(grant).ok_or(TokenProblem::Invalid)
    }
}
