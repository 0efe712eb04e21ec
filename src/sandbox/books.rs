//! The bank's books: orders, balances and grants, all computed from the ledger.
//!
//! **Invariant:** nothing changes here except through [`Books::record`], which writes the ledger first;
//! reading the ledger back therefore gives the same books.

use super::grants::{CODE_LIFE, Grant, RefreshToken, TokenProblem};
use super::ledger::{DeclineReason, GrantTerms, Ledger, LedgerEntry, LedgerEvent, ReceivedOrder, RefusedBy, Word};
use super::money::Money;
use super::secrets::{pkce_challenge, random_word, same_secret, sha256_hex};
use super::state::{Account, Order, State};
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use chrono::TimeDelta;
use std::{io, path::Path, time::Duration};
use url::Url;
use uuid::Uuid;

/// Wrong logins that end an order.
pub(super) const MAX_WRONG_CODES: u8 = 3;

/// Why the books did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum BooksError {
    #[error("the ledger cannot be written")]
    Ledger(#[from] io::Error),
    #[error("the order is not waiting for its PSU any more")]
    NotWaiting,
    #[error("the code or token is not good for this")]
    InvalidGrant,
    #[error("the scope is not the one that was authorised")]
    InvalidScope,
}

/// Who asks for tokens.
#[derive(Debug)]
pub(super) struct Redeemer<'a> {
    pub client_id: &'a str,
    /// The scope asked for, when one was sent: it has to be the order's.
    pub scope: Option<&'a str>,
}

impl Redeemer<'_> {
    fn may_redeem(&self, grant: &Grant) -> Result<(), BooksError> {
        if grant.terms.client_id != self.client_id {
            return Err(BooksError::InvalidGrant);
        }
        let same_scope = self
            .scope
            .is_none_or(|scope| scope.strip_prefix("PIS:") == Some(grant.payment_id.as_str()));
        same_scope.then_some(()).ok_or(BooksError::InvalidScope)
    }
}

/// Freshly issued tokens, in clear: shown once.
#[derive(Clone)]
pub(super) struct Tokens {
    pub access: String,
    pub refresh: String,
    pub payment_id: String,
    pub consented_on: Timestamp,
}

/// The books of one bank.
#[derive(Debug)]
pub(super) struct Books {
    bank: &'static str,
    ledger: Ledger,
    state: State,
}

impl Books {
    /// Opens the ledger and computes the books from it.
    pub(super) fn open(bank: &'static str, step: Duration, ledger_file: Option<&Path>) -> io::Result<Self> {
        let ledger = Ledger::open(ledger_file)?;
        let mut state = State::opening(TimeDelta::from_std(step).unwrap_or(TimeDelta::days(1)));
        ledger.entries().iter().for_each(|entry| state.apply(entry));
        Ok(Self { bank, ledger, state })
    }

    pub(super) fn entries(&self) -> &[LedgerEntry] {
        self.ledger.entries()
    }

    pub(super) fn orders(&self) -> Vec<Order> {
        let mut orders: Vec<Order> = self.state.orders.values().cloned().collect();
        orders.sort_by(|a, b| (a.received_at, &a.received.payment_id).cmp(&(b.received_at, &b.received.payment_id)));
        orders
    }

    /// What the account holds beyond what is promised already, in minor units.
    pub(super) fn available_minor(&self, iban: &str) -> Option<i64> {
        self.state.accounts.get(iban).map(Account::available_minor)
    }

    pub(super) fn order(&self, payment_id: &str) -> Option<&Order> {
        self.state.orders.get(payment_id)
    }

    /// What the account holds, in minor units.
    pub(super) fn balance_minor(&self, iban: &str) -> Option<i64> {
        self.state.accounts.get(iban).map(|a| a.balance_minor)
    }

    pub(super) fn by_request(&self, client_id: &str, request_id: Uuid) -> Option<&Order> {
        let id = self.state.by_request.get(&(client_id.to_owned(), request_id))?;
        self.order(id)
    }

    pub(super) fn check_access(&self, token: &str, payment_id: &str, client_id: &str, now: Timestamp) -> Result<(), TokenProblem> {
        self.state.grants.check_access(token, payment_id, client_id, now)
    }

    /// Does everything that has fallen due, in order: refuses orders nobody authorised in time, moves
    /// authorised ones on, books them.
    pub(super) fn catch_up(&mut self, now: Timestamp) -> io::Result<()> {
        while let Some((due, order)) = self.state.first_due().filter(|(due, _)| *due <= now) {
            let event = self.due_event(order);
            self.record(due, event)?;
        }
        Ok(())
    }

    /// What happens to an order when its time has come.
    fn due_event(&self, order: &Order) -> LedgerEvent {
        let payment_id = order.received.payment_id.clone();
        let Some((_, debtor_iban, _)) = &order.authorised else {
            return LedgerEvent::Refused {
                payment_id,
                by: RefusedBy::Lapse,
            };
        };
        let status = match order.status {
            Word::Rcvd if !self.covers(debtor_iban, order.received.money) => {
                let reason = DeclineReason::InsufficientFunds;
                return LedgerEvent::Declined { payment_id, reason };
            }
            Word::Rcvd => Word::Accp,
            Word::Accp => Word::Actc,
            Word::Actc => Word::Acsp,
            Word::Acsp | Word::Acsc | Word::Rjct | Word::Canc => {
                return LedgerEvent::Booked {
                    payment_id,
                    debtor_iban: debtor_iban.clone(),
                    creditor_iban: order.received.creditor_iban.clone(),
                    money: order.received.money,
                };
            }
        };
        LedgerEvent::StatusMoved { payment_id, status }
    }

    fn covers(&self, iban: &Iban, money: Money) -> bool {
        self.available_minor(iban.electronic()).is_some_and(|minor| minor >= money.minor)
    }

    pub(super) fn receive(&mut self, order: ReceivedOrder, now: Timestamp) -> Result<(), BooksError> {
        Ok(self.record(now, LedgerEvent::OrderReceived { order })?)
    }

    /// Counts a failed login; the third one refuses the order. Returns how many tries are left.
    pub(super) fn login_failed(&mut self, payment_id: &str, now: Timestamp) -> Result<u8, BooksError> {
        self.must_wait(payment_id)?;
        self.record(
            now,
            LedgerEvent::LoginFailed {
                payment_id: payment_id.to_owned(),
            },
        )?;
        let left = MAX_WRONG_CODES - self.must_wait(payment_id)?.wrong_codes.min(MAX_WRONG_CODES);
        if left == 0 {
            self.refuse(payment_id, RefusedBy::WrongCodes, now)?;
        }
        Ok(left)
    }

    pub(super) fn refuse(&mut self, payment_id: &str, by: RefusedBy, now: Timestamp) -> Result<(), BooksError> {
        self.must_wait(payment_id)?;
        Ok(self.record(
            now,
            LedgerEvent::Refused {
                payment_id: payment_id.to_owned(),
                by,
            },
        )?)
    }

    pub(super) fn cancel(&mut self, payment_id: &str, now: Timestamp) -> Result<(), BooksError> {
        self.must_wait(payment_id)?;
        Ok(self.record(
            now,
            LedgerEvent::Cancelled {
                payment_id: payment_id.to_owned(),
            },
        )?)
    }

    /// The PSU said yes. Returns the authorisation code.
    pub(super) fn authorise(
        &mut self,
        payment_id: &str,
        by: (&str, Iban),
        client: (&str, &Url, &str),
        now: Timestamp,
    ) -> Result<String, BooksError> {
        self.must_wait(payment_id)?;
        let code = random_word();
        let (client_id, redirect_uri, code_challenge) = client;
        let grant = GrantTerms {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.clone(),
            code_sha256: sha256_hex(code.as_bytes()),
            code_challenge: code_challenge.to_owned(),
        };
        let event = LedgerEvent::Authorised {
            payment_id: payment_id.to_owned(),
            customer: by.0.to_owned(),
            debtor_iban: by.1,
            grant,
        };
        self.record(now, event)?;
        Ok(code)
    }

    /// Exchanges a code. A code that comes back a second time voids the tokens it bought (RFC 6749 §4.1.2).
    pub(super) fn redeem_code(
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
    pub(super) fn redeem_refresh(&mut self, token: &str, by: &Redeemer<'_>, now: Timestamp) -> Result<Tokens, BooksError> {
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
        let event = LedgerEvent::TokenIssued {
            payment_id: grant.payment_id.clone(),
            code_sha256: grant.terms.code_sha256,
            access_sha256: sha256_hex(access.as_bytes()),
            refresh_sha256: sha256_hex(refresh.as_bytes()),
        };
        self.record(now, event)?;
        Ok(Tokens {
            access,
            refresh,
            payment_id: grant.payment_id,
            consented_on: grant.issued_at,
        })
    }

    fn revoke(&mut self, grant: Grant, now: Timestamp) -> io::Result<()> {
        let (payment_id, code_sha256) = (grant.payment_id, grant.terms.code_sha256);
        self.record(now, LedgerEvent::TokensRevoked { payment_id, code_sha256 })
    }

    fn must_wait(&self, payment_id: &str) -> Result<&Order, BooksError> {
        self.order(payment_id).filter(|o| o.is_waiting()).ok_or(BooksError::NotWaiting)
    }

    fn record(&mut self, at: Timestamp, event: LedgerEvent) -> io::Result<()> {
        let entry = self.ledger.append(at, self.bank, event)?;
        self.state.apply(&entry);
        Ok(())
    }
}
