//! The people who hold accounts at the sandbox banks. All of them are invented.

use super::money::{Currency, Money};

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

/// A customer of a sandbox bank. User and code are public on purpose: the login page lists them.
#[derive(Clone, Copy, Debug)]
pub struct Customer {
    /// The name used to log in.
    pub user: &'static str,
    /// The code used to log in.
    pub code: &'static str,
    /// Full name.
    pub name: &'static str,
    /// What this customer is good for in a trial.
    pub hint: &'static str,
    /// The accounts; at least one.
    pub accounts: &'static [Account],
}

impl Customer {
    /// Whether the account belongs to this customer.
    #[must_use]
    pub fn owns(&self, iban: &str) -> bool {
        self.accounts.iter().any(|a| a.iban == iban)
    }
}

const fn ron(minor: i64) -> Money {
    Money {
        minor,
        currency: Currency::Ron,
    }
}

const fn eur(minor: i64) -> Money {
    Money {
        minor,
        currency: Currency::Eur,
    }
}

/// The customers of the sandbox's CEC Bank.
pub const CEC: &[Customer] = &[
    Customer {
        user: "ana",
        code: "1111",
        name: "Ana Popescu",
        hint: "un cont cu bani destui",
        accounts: &[Account {
            iban: "RO30CECEB00030RON0001001",
            label: "Cont curent",
            opening: ron(1_250_000),
        }],
    },
    Customer {
        user: "mihai",
        code: "2222",
        name: "Mihai Ionescu",
        hint: "două conturi, de ales la plată",
        accounts: &[
            Account {
                iban: "RO93CECEB00030RON0002001",
                label: "Cont curent",
                opening: ron(320_050),
            },
            Account {
                iban: "RO66CECEB00030RON0002002",
                label: "Cont de economii",
                opening: ron(4_800_000),
            },
        ],
    },
    Customer {
        user: "elena",
        code: "3333",
        name: "Elena Radu",
        hint: "aproape fără bani: banca refuză plata",
        accounts: &[Account {
            iban: "RO59CECEB00030RON0003001",
            label: "Cont curent",
            opening: ron(437),
        }],
    },
    Customer {
        user: "stefan",
        code: "4444",
        name: "Ștefan Dumitru",
        hint: "un cont în lei și unul în euro",
        accounts: &[
            Account {
                iban: "RO25CECEB00030RON0004001",
                label: "Cont curent",
                opening: ron(25_000),
            },
            Account {
                iban: "RO65CECEB00030EUR0004002",
                label: "Cont în euro",
                opening: eur(90_000),
            },
        ],
    },
    Customer {
        user: "brutaria",
        code: "5555",
        name: "Brutăria Spicul SRL",
        hint: "o firmă, pentru sume mari",
        accounts: &[Account {
            iban: "RO88CECEB00030RON0005001",
            label: "Cont de firmă",
            opening: ron(185_000_000),
        }],
    },
];

/// The customer with this login name (case does not matter).
#[must_use]
pub fn by_user(user: &str) -> Option<&'static Customer> {
    CEC.iter().find(|c| c.user.eq_ignore_ascii_case(user.trim()))
}

/// The account with this IBAN and who holds it.
#[must_use]
pub fn by_iban(iban: &str) -> Option<(&'static Customer, &'static Account)> {
    CEC.iter().find_map(|c| c.accounts.iter().find(|a| a.iban == iban).map(|a| (c, a)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::iban::Iban;

    #[test]
    fn every_account_has_a_valid_iban_of_the_bank_and_nobody_shares_one() {
        let mut seen = std::collections::HashSet::new();
        for account in CEC.iter().flat_map(|c| c.accounts) {
            let iban = Iban::parse(account.iban).unwrap();
            assert_eq!(iban.electronic(), account.iban);
            assert_eq!(iban.bank_identifier(), Some("CECE"));
            assert!(seen.insert(account.iban) && account.opening.minor > 0);
        }
        assert!(CEC.iter().all(|c| !c.accounts.is_empty() && by_user(c.user).is_some()));
        assert!(by_user(" ANA ").is_some() && by_user("nimeni").is_none());
    }
}
