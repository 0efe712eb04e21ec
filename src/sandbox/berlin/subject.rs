//! What a PSU authorises: an order, or a consent to account information. The authorisation resources below both are
//! alike (NextGenPSD2 1.3.11 §7).

use super::Call;
use super::authorisations::{must_be_able_to_pay, parties, usable_accounts, wrong_credentials};
use super::reply::Reply;
use crate::payment::iban::Iban;
use crate::sandbox::books::{Books, BooksError};
use crate::sandbox::consents::Consent;
use crate::sandbox::customers::Customer;
use crate::sandbox::{Authorisation, Order};

/// An order or a consent in the books.
#[derive(Clone, Copy)]
pub(super) enum Subject<'b> {
    Order(&'b Order),
    Consent(&'b Consent),
}

impl<'b> Subject<'b> {
    pub(super) fn id(self) -> &'b str {
        match self {
            Self::Order(order) => &order.received.payment_id,
            Self::Consent(consent) => &consent.received.consent_id,
        }
    }

    /// Oldest first. Only the last one counts.
    pub(super) fn authorisations(self) -> &'b [Authorisation] {
        match self {
            Self::Order(order) => &order.authorisations,
            Self::Consent(consent) => &consent.authorisations,
        }
    }

    /// Whether this is the authorisation that counts.
    pub(super) fn counts(self, authorisation_id: &str) -> bool {
        self.authorisations().last().is_some_and(|last| last.id == authorisation_id)
    }

    /// The PSU can still say yes or no.
    pub(super) fn is_waiting(self) -> bool {
        match self {
            Self::Order(order) => order.is_waiting(),
            Self::Consent(consent) => consent.is_waiting(),
        }
    }

    /// The PSU said yes.
    pub(super) const fn is_authorised(self) -> bool {
        match self {
            Self::Order(order) => order.authorised.is_some(),
            Self::Consent(consent) => consent.given.is_some(),
        }
    }

    /// Refuses a customer who has no account for it, before anybody is disturbed.
    pub(super) fn must_fit(self, call: &Call<'_>, customer: &Customer) -> Result<(), Reply> {
        match self {
            Self::Order(order) => {
                let (named, creditors) = parties(order);
                let creditors: Vec<&str> = creditors.iter().map(String::as_str).collect();
                must_be_able_to_pay(call.profile, customer, order.received.money, (named.as_deref(), &creditors))
            }
            Self::Consent(consent) if consent.offered(customer).is_empty() => Err(wrong_credentials("the PSU has no such account")),
            Self::Consent(_) => Ok(()),
        }
    }

    /// What the PSU's yes means where nothing can be chosen.
    pub(super) fn yes_of(self, customer: &'static Customer) -> Option<Yes> {
        match self {
            Self::Order(order) => {
                let account = *usable_accounts(order, customer).first()?;
                Some(Yes::Pay(Iban::parse(account.iban).ok()?))
            }
            Self::Consent(consent) => Some(Yes::Show(consent.everything(customer))).filter(|_| !consent.offered(customer).is_empty()),
        }
    }
}

/// What a PSU says yes to.
pub(super) enum Yes {
    /// Paying from this account.
    Pay(Iban),
    /// Showing these accounts.
    Show(crate::sandbox::Rights),
}

impl Yes {
    /// Writes it into the books.
    pub(super) fn record(self, call: &Call<'_>, books: &mut Books, id: &str, customer: &Customer) -> Result<(), BooksError> {
        let now = call.bank.now();
        match self {
            Self::Pay(iban) => books.authorise(id, (customer.user, iban), now),
            Self::Show(rights) => books.give_consent(id, (customer.user, rights), None, now).map(drop),
        }
    }
}
