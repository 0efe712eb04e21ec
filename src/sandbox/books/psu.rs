//! What the PSU does: is identified, gets codes and gives them back, says yes.

use super::{Books, BooksError};
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use crate::sandbox::customers::ScaMethod;
use crate::sandbox::ledger::{GrantTerms, LedgerEvent, RefusedBy};
use crate::sandbox::order::Authorisation;
use crate::sandbox::secrets::{one_time_code, random_word, same_secret, sha256_hex};
use url::Url;
use uuid::Uuid;

/// An authorisation that begins.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Start {
    /// `authorisationId`.
    pub id: String,
    /// The TPP's request, where it asked for it.
    pub request_id: Option<Uuid>,
    /// The PSU's login name, where the PSU is identified.
    pub customer: Option<&'static str>,
}

impl Start {
    /// With a fresh id.
    pub(in crate::sandbox) fn new(request_id: Option<Uuid>, customer: Option<&'static str>) -> Self {
        let id = random_word().split_off(32);
        Self { id, request_id, customer }
    }

    pub(super) fn event(self, payment_id: &str) -> LedgerEvent {
        LedgerEvent::AuthorisationStarted {
            payment_id: payment_id.to_owned(),
            authorisation_id: self.id,
            request_id: self.request_id,
            customer: self.customer.map(str::to_owned),
        }
    }
}

/// What became of a one-time code that was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum CodeCheck {
    Right,
    /// How many tries are left; with none the order is refused.
    Wrong(u8),
}

impl Books {
    /// The authorisations of an order or a consent that waits for its PSU.
    fn waiting(&self, id: &str) -> Result<&[Authorisation], BooksError> {
        match self.consent(id) {
            Some(consent) if consent.is_waiting() => Ok(&consent.authorisations),
            Some(_) => Err(BooksError::NotWaiting),
            None => Ok(&self.must_wait(id)?.authorisations),
        }
    }

    /// Starts an authorisation; an earlier one of the order or consent counts no more.
    pub(in crate::sandbox) fn start_authorisation(&mut self, id: &str, start: Start, now: Timestamp) -> Result<(), BooksError> {
        self.waiting(id)?;
        Ok(self.record(now, start.event(id))?)
    }

    /// Sends a new code for the authorisation of an order or a consent; the one before is void.
    pub(in crate::sandbox) fn send_code(&mut self, payment_id: &str, method: &ScaMethod, now: Timestamp) -> Result<(), BooksError> {
        let authorisation = self.waiting(payment_id)?.last().ok_or(BooksError::NotWaiting)?;
        let event = LedgerEvent::CodeSent {
            payment_id: payment_id.to_owned(),
            authorisation_id: authorisation.id.clone(),
            method: method.id.to_owned(),
            code: one_time_code(method.format, method.length),
        };
        Ok(self.record(now, event)?)
    }

    /// Compares a one-time code with the last one that was sent; too many wrong ones refuse the order or consent.
    pub(in crate::sandbox) fn check_code(&mut self, payment_id: &str, given: &str, now: Timestamp) -> Result<CodeCheck, BooksError> {
        let sent = self.waiting(payment_id)?.last().and_then(|a| a.codes.last());
        let sent = sent.ok_or(BooksError::NotWaiting)?;
        if same_secret(&sent.code, given) {
            return Ok(CodeCheck::Right);
        }
        Ok(CodeCheck::Wrong(self.login_failed(payment_id, now)?))
    }

    /// Counts a failed login or a wrong code; one too many refuses the order or consent. Returns how many tries are
    /// left.
    pub(in crate::sandbox) fn login_failed(&mut self, payment_id: &str, now: Timestamp) -> Result<u8, BooksError> {
        self.waiting(payment_id)?;
        let failed = LedgerEvent::LoginFailed {
            payment_id: payment_id.to_owned(),
        };
        self.record(now, failed)?;
        if let Some(consent) = self.consent(payment_id) {
            let left = consent.profile().max_wrong_codes.saturating_sub(consent.wrong_codes);
            if left == 0 {
                self.refuse_consent(payment_id, now)?;
            }
            return Ok(left);
        }
        let order = self.must_wait(payment_id)?;
        let left = order.profile().max_wrong_codes.saturating_sub(order.wrong_codes);
        if left == 0 {
            self.refuse(payment_id, RefusedBy::WrongCodes, now)?;
        }
        Ok(left)
    }

    /// The PSU said yes at a bank without OAuth2.
    pub(in crate::sandbox) fn authorise(&mut self, payment_id: &str, by: (&str, Iban), now: Timestamp) -> Result<(), BooksError> {
        self.authorised(payment_id, by, None, now)
    }

    /// The PSU said yes at a bank with OAuth2. Returns the authorisation code.
    pub(in crate::sandbox) fn authorise_with_code(
        &mut self,
        payment_id: &str,
        by: (&str, Iban),
        client: (&str, &Url, &str),
        now: Timestamp,
    ) -> Result<String, BooksError> {
        let code = random_word();
        let (client_id, redirect_uri, code_challenge) = client;
        let grant = GrantTerms {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.clone(),
            code_sha256: sha256_hex(code.as_bytes()),
            code_challenge: code_challenge.to_owned(),
        };
        self.authorised(payment_id, by, Some(grant), now)?;
        Ok(code)
    }

    fn authorised(&mut self, payment_id: &str, by: (&str, Iban), grant: Option<GrantTerms>, now: Timestamp) -> Result<(), BooksError> {
        self.must_wait(payment_id)?;
        let event = LedgerEvent::Authorised {
            payment_id: payment_id.to_owned(),
            customer: by.0.to_owned(),
            debtor_iban: by.1,
            grant,
        };
        Ok(self.record(now, event)?)
    }
}
