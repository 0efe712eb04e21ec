//! The people who hold accounts at the sandbox banks. All of them are invented.
//!
//! **Invariant:** nothing here changes: what is booked stands in the ledger.

mod people;

pub use people::ALL;

use super::BankCode;
use super::money::Money;

/// An account as it is on the first day, before anything was booked.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// IBAN, electronic form.
    pub iban: &'static str,
    /// What the customer calls it.
    pub label: &'static str,
    /// The opening balance.
    pub opening: Money,
}

/// What a one-time code is made of (`otpFormat`, NextGenPSD2 1.3.11 §14.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtpFormat {
    /// Digits.
    Integer,
    /// Letters and digits.
    Characters,
}

/// A way to get a one-time code (`authenticationObject`, NextGenPSD2 1.3.11 §14.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaMethod {
    /// `authenticationMethodId`.
    pub id: &'static str,
    /// `authenticationType`.
    pub kind: &'static str,
    /// What the customer calls it.
    pub name: &'static str,
    /// What the code is made of.
    pub format: OtpFormat,
    /// How many characters the code has.
    pub length: usize,
}

/// What a customer has at one bank.
#[derive(Clone, Copy, Debug)]
pub struct Holding {
    /// Where.
    pub bank: BankCode,
    /// How the bank knows the customer (`PSU-ID`).
    pub psu_id: &'static str,
    /// The ways to get a one-time code, where the bank sends such codes.
    pub methods: &'static [ScaMethod],
    /// The accounts; at least one.
    pub accounts: &'static [Account],
}

/// A customer of the sandbox banks. User and code are public on purpose: the login page lists them.
#[derive(Clone, Copy, Debug)]
pub struct Customer {
    /// The name used to log in, the same at every bank.
    pub user: &'static str,
    /// The code used to log in.
    pub code: &'static str,
    /// Full name.
    pub name: &'static str,
    /// What this customer is good for in a trial.
    pub hint: &'static str,
    /// Number of the telephone that gets requests and codes.
    pub phone: &'static str,
    /// What the customer has, bank by bank.
    pub holdings: &'static [Holding],
}

impl Customer {
    /// What the customer has at this bank.
    #[must_use]
    pub fn at(&self, bank: BankCode) -> Option<&'static Holding> {
        self.holdings.iter().find(|h| h.bank == bank)
    }

    /// The accounts at this bank; empty for somebody who is no customer there.
    #[must_use]
    pub fn accounts(&self, bank: BankCode) -> &'static [Account] {
        self.at(bank).map_or(&[], |h| h.accounts)
    }

    /// Whether the account belongs to this customer.
    #[must_use]
    pub fn owns(&self, iban: &str) -> bool {
        self.holdings.iter().any(|h| h.accounts.iter().any(|a| a.iban == iban))
    }
}

/// The customer with this login name (case does not matter).
#[must_use]
pub fn by_user(user: &str) -> Option<&'static Customer> {
    ALL.iter().find(|c| c.user.eq_ignore_ascii_case(user.trim()))
}

/// The customer whom this bank knows by this `PSU-ID`.
#[must_use]
pub fn by_psu_id(bank: BankCode, psu_id: &str) -> Option<&'static Customer> {
    ALL.iter().find(|c| c.at(bank).is_some_and(|h| h.psu_id == psu_id))
}

/// The customer with this login name, or with this `PSU-ID` at any bank.
#[must_use]
pub fn by_any_name(name: &str) -> Option<&'static Customer> {
    by_user(name).or_else(|| BankCode::ALL.iter().find_map(|bank| by_psu_id(*bank, name)))
}

/// Whose account this is.
#[must_use]
pub fn holder(iban: &str) -> Option<&'static Customer> {
    ALL.iter().find(|c| c.owns(iban))
}

/// The account with this IBAN, and at which bank it is kept.
#[must_use]
pub fn by_iban(iban: &str) -> Option<(BankCode, &'static Account)> {
    let mut holdings = ALL.iter().flat_map(|c| c.holdings);
    holdings.find_map(|h| h.accounts.iter().find(|a| a.iban == iban).map(|a| (h.bank, a)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::iban::Iban;
    use std::collections::HashSet;

    #[test]
    fn every_account_has_a_valid_iban_of_its_bank_and_nobody_shares_one() {
        let codes = ["CECE", "BRDE", "MOBI", "CODB", "LINK", "PASI", "BTRL", "STDR"];
        let mut seen = HashSet::new();
        for customer in ALL {
            for (bank, code) in BankCode::ALL.into_iter().zip(codes) {
                assert!(!customer.accounts(bank).is_empty());
                for account in customer.accounts(bank) {
                    let iban = Iban::parse(account.iban).unwrap();
                    assert_eq!((iban.electronic(), iban.bank_identifier()), (account.iban, Some(code)));
                    assert!(seen.insert(account.iban) && account.opening.minor > 0 && customer.owns(account.iban));
                    assert_eq!(by_iban(account.iban).map(|(at, _)| at), Some(bank));
                }
            }
        }
        assert!(by_user(" ANA ").is_some() && by_user("nimeni").is_none());
    }

    #[test]
    fn every_psu_id_names_one_customer_of_the_bank() {
        let brd = regex::Regex::new("^[34][0-9]{7}$").unwrap();
        let mut seen = HashSet::new();
        for holding in ALL.iter().flat_map(|c| c.holdings) {
            assert!(seen.insert((holding.bank, holding.psu_id)));
            assert!(holding.bank != BankCode::Brd || brd.is_match(holding.psu_id));
            assert_eq!(holding.bank == BankCode::Cod, !holding.methods.is_empty());
        }
        assert_eq!(by_any_name("40002001").map(|c| c.user), Some("mihai"));
        assert!(by_psu_id(BankCode::Mobil, "40002001").is_none());
    }
}
