//! Codes and tokens (RFC 6749). Only hashes are kept.

use super::{Books, BooksError};
use crate::clock::Timestamp;
use crate::sandbox::secrets::{random_word, sha256_hex};
use crate::sandbox::stet::establishment::Cdetab;
use crate::sandbox::stet::event::{AccessTerms, Consent, StetEntry, StetEvent};
use crate::sandbox::stet::request::PaymentRequest;
use chrono::TimeDelta;
use std::collections::HashMap;
use url::Url;

/// A code may be exchanged for this long.
const CODE_LIFE: TimeDelta = TimeDelta::minutes(5);
/// `expires_in` of an access token, in seconds.
pub(in crate::sandbox::stet) const ACCESS_LIFE_S: i64 = 3599;
/// A refresh token is good for this long after the PSU's yes.
const REFRESH_LIFE: TimeDelta = TimeDelta::days(180);

/// What one code led to.
#[derive(Clone, Debug)]
pub(in crate::sandbox::stet) struct Grant {
    pub bank: Cdetab,
    pub client_id: String,
    pub scope: String,
    /// The addresses of which the exchange has to repeat one.
    pub redirect_uris: Vec<Url>,
    /// For a payment's confirmation.
    pub payment_id: Option<String>,
    /// The PSU's number.
    pub customer: String,
    /// The accounts it is about, by IBAN.
    pub accounts: Vec<String>,
    pub code_sha256: String,
    /// What the TPP was allowed to see since.
    pub consent: Option<Consent>,
    issued_at: Timestamp,
    code_spent: bool,
    revoked: bool,
}

/// What an access token opens.
#[derive(Clone, Debug)]
pub(in crate::sandbox::stet) enum Access {
    /// The TPP's own (client credentials, scope `pisp`).
    Service,
    /// What a PSU granted.
    Granted(Box<Grant>),
}

/// Freshly issued tokens, in clear: shown once.
pub(in crate::sandbox::stet) struct Tokens {
    pub access: String,
    pub refresh: Option<String>,
    pub scope: String,
}

#[derive(Clone, Debug)]
enum Opens {
    Service { bank: Cdetab, client_id: String },
    Code(String),
}

/// All grants, found by the hashes of codes and tokens.
#[derive(Debug, Default)]
pub(super) struct Grants {
    by_code: HashMap<String, Grant>,
    access: HashMap<String, (Opens, Timestamp)>,
    refresh: HashMap<String, String>,
}

impl Grants {
    pub(super) fn apply(&mut self, entry: &StetEntry, requests: &HashMap<String, PaymentRequest>) {
        let until = entry.at + TimeDelta::seconds(ACCESS_LIFE_S);
        match &entry.event {
            StetEvent::Authorised {
                payment_id,
                customer,
                code_sha256: Some(code),
                debtor_iban,
            } => {
                if let Some(request) = requests.get(payment_id) {
                    let addresses = [Some(&request.received.success_url), request.received.failure_url.as_ref()];
                    let terms = AccessTerms {
                        client_id: request.received.client_id.clone(),
                        redirect_uri: request.received.success_url.clone(),
                        scope: "pisp".into(),
                        customer: customer.clone(),
                        accounts: vec![debtor_iban.electronic().to_owned()],
                        code_sha256: code.clone(),
                    };
                    let mut grant = Grant::new(terms, entry);
                    grant.redirect_uris = addresses.into_iter().flatten().cloned().collect();
                    grant.payment_id = Some(payment_id.clone());
                    self.by_code.insert(code.clone(), grant);
                }
            }
            StetEvent::AccessGranted { terms } => {
                self.by_code.insert(terms.code_sha256.clone(), Grant::new(terms.clone(), entry));
            }
            StetEvent::ServiceTokenIssued { client_id, access_sha256 } => {
                let (bank, client_id) = (entry.bank, client_id.clone());
                self.access
                    .insert(access_sha256.clone(), (Opens::Service { bank, client_id }, until));
            }
            StetEvent::TokenIssued {
                code_sha256,
                access_sha256,
                refresh_sha256,
            } => {
                self.access.insert(access_sha256.clone(), (Opens::Code(code_sha256.clone()), until));
                if let Some(refresh) = refresh_sha256 {
                    self.refresh.insert(refresh.clone(), code_sha256.clone());
                }
                if let Some(grant) = self.by_code.get_mut(code_sha256) {
                    grant.code_spent = true;
                }
            }
            StetEvent::TokensRevoked { code_sha256 } => {
                if let Some(grant) = self.by_code.get_mut(code_sha256) {
                    grant.revoked = true;
                }
            }
            StetEvent::ConsentGiven { code_sha256, consent } => {
                if let Some(grant) = self.by_code.get_mut(code_sha256) {
                    grant.consent = Some(consent.clone());
                }
            }
            _ => {}
        }
    }
}

impl Grant {
    fn new(terms: AccessTerms, entry: &StetEntry) -> Self {
        Self {
            bank: entry.bank,
            client_id: terms.client_id,
            scope: terms.scope,
            redirect_uris: vec![terms.redirect_uri],
            payment_id: None,
            customer: terms.customer,
            accounts: terms.accounts,
            code_sha256: terms.code_sha256,
            consent: None,
            issued_at: entry.at,
            code_spent: false,
            revoked: false,
        }
    }

    /// Whether the scope has this word.
    pub(in crate::sandbox::stet) fn has(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|word| word == scope)
    }
}

impl Books {
    /// What the token opens for this TPP at this establishment.
    pub(in crate::sandbox::stet) fn access(&self, token: &str, of: (Cdetab, &str), now: Timestamp) -> Option<Access> {
        let (opens, until) = self.grants.access.get(&sha256_hex(token.as_bytes()))?;
        if now >= *until {
            return None;
        }
        match opens {
            Opens::Service { bank, client_id } => ((*bank, client_id.as_str()) == of).then_some(Access::Service),
            Opens::Code(code) => {
                let grant = self.grants.by_code.get(code).filter(|g| !g.revoked)?;
                ((grant.bank, grant.client_id.as_str()) == of).then(|| Access::Granted(Box::new(grant.clone())))
            }
        }
    }

    /// A token for the TPP itself.
    pub(in crate::sandbox::stet) fn issue_service_token(&mut self, of: (Cdetab, &str), now: Timestamp) -> Result<Tokens, BooksError> {
        let access = random_word();
        let event = StetEvent::ServiceTokenIssued {
            client_id: of.1.to_owned(),
            access_sha256: sha256_hex(access.as_bytes()),
        };
        self.record_all(now, of.0, vec![event])?;
        let (refresh, scope) = (None, "pisp".to_owned());
        Ok(Tokens { access, refresh, scope })
    }

    /// The PSU lets a TPP in. Returns the code.
    pub(in crate::sandbox::stet) fn grant(&mut self, bank: Cdetab, mut terms: AccessTerms, now: Timestamp) -> Result<String, BooksError> {
        let code = random_word();
        terms.code_sha256 = sha256_hex(code.as_bytes());
        self.record_all(now, bank, vec![StetEvent::AccessGranted { terms }])?;
        Ok(code)
    }

    /// Exchanges a code. One that comes back a second time voids the tokens it bought (RFC 6749 §4.1.2).
    pub(in crate::sandbox::stet) fn redeem_code(
        &mut self,
        code: &str,
        of: (Cdetab, &str),
        redirect_uri: Option<&str>,
        now: Timestamp,
    ) -> Result<Tokens, BooksError> {
        let grant = self.grants.by_code.get(&sha256_hex(code.as_bytes())).cloned();
        let grant = grant
            .filter(|g| (g.bank, g.client_id.as_str()) == of)
            .ok_or(BooksError::InvalidGrant)?;
        if grant.code_spent {
            let code_sha256 = grant.code_sha256;
            self.record_all(now, of.0, vec![StetEvent::TokensRevoked { code_sha256 }])?;
            return Err(BooksError::InvalidGrant);
        }
        let sent = redirect_uri.and_then(|uri| Url::parse(uri).ok());
        // A payment's code was not asked for with an address, so none has to be repeated.
        let repeated = match (&sent, &grant.payment_id) {
            (None, Some(_)) if redirect_uri.is_none() => true,
            _ => sent.is_some_and(|uri| grant.redirect_uris.contains(&uri)),
        };
        if !repeated || now >= grant.issued_at + CODE_LIFE {
            return Err(BooksError::InvalidGrant);
        }
        let refresh = grant.payment_id.is_none().then(random_word);
        self.issue(grant, refresh, now)
    }

    /// Exchanges a refresh token, which stays good until its 180 days are over.
    pub(in crate::sandbox::stet) fn redeem_refresh(
        &mut self,
        token: &str,
        of: (Cdetab, &str),
        now: Timestamp,
    ) -> Result<Tokens, BooksError> {
        let hash = sha256_hex(token.as_bytes());
        let grant = self
            .grants
            .refresh
            .get(&hash)
            .and_then(|code| self.grants.by_code.get(code))
            .cloned();
        let good = |g: &Grant| !g.revoked && (g.bank, g.client_id.as_str()) == of && now < g.issued_at + REFRESH_LIFE;
        let grant = grant.filter(good).ok_or(BooksError::InvalidGrant)?;
        self.issue(grant, Some(token.to_owned()), now)
    }

    fn issue(&mut self, grant: Grant, refresh: Option<String>, now: Timestamp) -> Result<Tokens, BooksError> {
        let access = random_word();
        let event = StetEvent::TokenIssued {
            code_sha256: grant.code_sha256,
            access_sha256: sha256_hex(access.as_bytes()),
            refresh_sha256: refresh.as_ref().map(|token| sha256_hex(token.as_bytes())),
        };
        self.record_all(now, grant.bank, vec![event])?;
        let scope = grant.scope;
        Ok(Tokens { access, refresh, scope })
    }

    /// Notes what the TPP may see from now on.
    pub(in crate::sandbox::stet) fn consent(&mut self, grant: &Grant, consent: Consent, now: Timestamp) -> Result<(), BooksError> {
        let code_sha256 = grant.code_sha256.clone();
        Ok(self.record_all(now, grant.bank, vec![StetEvent::ConsentGiven { code_sha256, consent }])?)
    }
}
