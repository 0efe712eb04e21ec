//! Consents to account information, and the TPPs that enrolled themselves.

use super::{Books, BooksError, Start};
use crate::clock::Timestamp;
use crate::sandbox::BankCode;
use crate::sandbox::consents::Consent;
use crate::sandbox::grants::TokenProblem;
use crate::sandbox::ledger::{EndedBy, EnrolledClient, GrantTerms, LedgerEvent, PortalUser, ReceivedConsent, Rights};
use crate::sandbox::portal::Portal;
use crate::sandbox::secrets::{random_word, sha256_hex};
use url::Url;

impl Books {
    pub(in crate::sandbox) fn consent(&self, id: &str) -> Option<&Consent> {
        self.state.consents.get(id)
    }

    /// Every consent, in no particular order.
    pub(in crate::sandbox) fn consents(&self) -> impl Iterator<Item = &Consent> {
        self.state.consents.values()
    }

    /// The scope of a good token; of any client, or of this one.
    pub(in crate::sandbox) fn scope_of(&self, token: &str, client_id: Option<&str>, now: Timestamp) -> Result<&str, TokenProblem> {
        self.state.grants.scope_of(token, client_id, now)
    }

    /// The consent at this bank that an authorisation belongs to.
    pub(in crate::sandbox) fn consent_by_authorisation(&self, bank: BankCode, authorisation_id: &str) -> Option<&Consent> {
        let id = self.state.by_authorisation.get(authorisation_id)?;
        self.consent(id).filter(|consent| consent.received.bank == bank)
    }

    /// Takes a consent request in; `implicit` starts its authorisation in the same breath.
    pub(in crate::sandbox) fn receive_consent(
        &mut self,
        consent: ReceivedConsent,
        implicit: Option<Start>,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        let bank = consent.bank;
        let started = implicit.map(|start| start.event(&consent.consent_id));
        let consent = Box::new(consent);
        let events = std::iter::once(LedgerEvent::ConsentReceived { consent }).chain(started);
        Ok(self.record_all(now, bank, events.collect())?)
    }

    /// The PSU agrees. Returns the authorisation code, which is empty at a bank without OAuth2.
    pub(in crate::sandbox) fn give_consent(
        &mut self,
        consent_id: &str,
        by: (&str, Rights),
        client: Option<(&str, &Url, &str)>,
        now: Timestamp,
    ) -> Result<String, BooksError> {
        self.consent_must_wait(consent_id)?;
        let code = if client.is_some() { random_word() } else { String::new() };
        let grant = client.map(|(client_id, redirect_uri, code_challenge)| GrantTerms {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.clone(),
            code_sha256: sha256_hex(code.as_bytes()),
            code_challenge: code_challenge.to_owned(),
        });
        let event = LedgerEvent::ConsentGiven {
            consent_id: consent_id.to_owned(),
            customer: by.0.to_owned(),
            rights: by.1,
            grant,
        };
        self.record(now, event)?;
        Ok(code)
    }

    pub(in crate::sandbox) fn refuse_consent(&mut self, consent_id: &str, now: Timestamp) -> Result<(), BooksError> {
        self.consent_must_wait(consent_id)?;
        let consent_id = consent_id.to_owned();
        Ok(self.record(now, LedgerEvent::ConsentRefused { consent_id })?)
    }

    pub(in crate::sandbox) fn end_consent(&mut self, consent_id: &str, by: EndedBy, now: Timestamp) -> Result<(), BooksError> {
        let consent_id = consent_id.to_owned();
        Ok(self.record(now, LedgerEvent::ConsentEnded { consent_id, by })?)
    }

    fn consent_must_wait(&self, id: &str) -> Result<(), BooksError> {
        let waits = self.consent(id).is_some_and(Consent::is_waiting);
        waits.then_some(()).ok_or(BooksError::NotWaiting)
    }

    pub(in crate::sandbox) const fn portal(&self) -> &Portal {
        &self.state.portal
    }

    pub(in crate::sandbox) fn register_user(&mut self, bank: BankCode, user: PortalUser, now: Timestamp) -> Result<(), BooksError> {
        Ok(self.record_all(now, bank, vec![LedgerEvent::UserRegistered { user }])?)
    }

    pub(in crate::sandbox) fn activate_user(&mut self, bank: BankCode, username: &str, now: Timestamp) -> Result<(), BooksError> {
        let username = username.to_owned();
        Ok(self.record_all(now, bank, vec![LedgerEvent::UserActivated { username }])?)
    }

    pub(in crate::sandbox) fn enrol_client(&mut self, bank: BankCode, client: EnrolledClient, now: Timestamp) -> Result<(), BooksError> {
        Ok(self.record_all(now, bank, vec![LedgerEvent::ClientEnrolled { client }])?)
    }
}
