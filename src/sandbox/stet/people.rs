//! The customers of the STET banks, as the Banques Populaires publish them for their sandbox. Every
//! establishment knows all of them.
//!
//! **Invariant:** nothing here changes: what is booked stands in the ledger.

use crate::sandbox::money::{Currency, Money};

/// The code with which everybody logs in.
pub const CODE: &str = "12345678";
/// An account that was closed. Nobody's.
pub const CLOSED_ACCOUNT: &str = "FR7613807008043001965000183";
/// An account that is blocked. Nobody's.
pub const BLOCKED_ACCOUNT: &str = "FR7613807008043001965000280";

/// An account as it is on the first day.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// IBAN, electronic form.
    pub iban: &'static str,
    /// The opening balance, in cents.
    pub opening_minor: i64,
}

impl Account {
    /// What the customer calls it.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "Compte de dépôt"
    }
}

/// A customer.
#[derive(Clone, Copy, Debug)]
pub struct Persona {
    /// The number used to log in at a distance.
    pub id: &'static str,
    /// Full name.
    pub name: &'static str,
    /// A company, not a person.
    pub company: bool,
    /// What this customer is good for in a trial.
    pub hint: &'static str,
    /// At least one.
    pub accounts: &'static [Account],
}

const fn account(iban: &'static str, opening_minor: i64) -> Account {
    Account { iban, opening_minor }
}

const fn persona(id: &'static str, name: &'static str, hint: &'static str, accounts: &'static [Account]) -> Persona {
    Persona {
        id,
        name,
        company: false,
        hint,
        accounts,
    }
}

/// Everybody.
pub const ALL: &[Persona] = &[
    persona(
        "D0999990I0",
        "Marc",
        "trei conturi, de ales la plată",
        &[
            account("FR7613807008043001965405158", 434_895),
            account("FR7613807008043001965405255", 45_956),
            account("FR7613807008043001965405352", 216_550),
        ],
    ),
    persona(
        "D0999991I0",
        "Marie",
        "două conturi cu bani destui",
        &[
            account("FR7613807008043001965406128", 175_403),
            account("FR7613807008043001965406225", 1_142_900),
        ],
    ),
    persona(
        "D0999980",
        "Thomas",
        "un cont cu datorii mari",
        &[
            account("FR7613807008043001965407195", 74_927),
            account("FR7613807008043001965407292", -2_000_000),
        ],
    ),
    persona(
        "D0999992I0",
        "Alix",
        "trei conturi cu bani puțini",
        &[
            account("FR7613807008043001965408165", 5_200),
            account("FR7613807008043001965408262", 39_545),
            account("FR7613807008043001965408359", 29_819),
        ],
    ),
    Persona {
        company: true,
        ..persona(
            "D0999993I0",
            "Tech’n Co",
            "o firmă cu bani mulți",
            &[account("FR7613807008043001965409135", 6_391_700)],
        )
    },
    persona(
        "D0999994I0",
        "Adam",
        "un cont gol și unul cu datorii",
        &[
            account("FR7613807008063031966574122", 0),
            account("FR7613807008063031966574219", -289_405),
        ],
    ),
    persona(
        "755238649",
        "Lea",
        "un cont cu datorii",
        &[account("FR7617515000920400430518020", -15_000)],
    ),
];

/// The customer with this number (case does not matter).
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Persona> {
    ALL.iter().find(|p| p.id.eq_ignore_ascii_case(id.trim()))
}

/// Whose account this is.
#[must_use]
pub fn by_iban(iban: &str) -> Option<(&'static Persona, &'static Account)> {
    ALL.iter().find_map(|p| Some((p, p.account(iban)?)))
}

impl Persona {
    /// The account of this customer with this IBAN.
    #[must_use]
    pub fn account(&self, iban: &str) -> Option<&'static Account> {
        self.accounts.iter().find(|a| a.iban == iban)
    }
}

/// An amount of the STET banks, which keep euros only.
pub(super) const fn eur(minor: i64) -> Money {
    let currency = Currency::Eur;
    Money { minor, currency }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::iban::Iban;
    use std::collections::HashSet;

    #[test]
    fn every_iban_is_valid_and_stands_once() {
        let mut seen = HashSet::new();
        let accounts = ALL.iter().flat_map(|p| p.accounts).map(|a| a.iban);
        for iban in accounts.chain([CLOSED_ACCOUNT, BLOCKED_ACCOUNT]) {
            assert_eq!(Iban::parse(iban).unwrap().electronic(), iban);
            assert!(seen.insert(iban), "{iban}");
        }
        assert_eq!(seen.len(), 16);
        assert_eq!(
            by_iban("FR7613807008043001965405255").map(|(p, a)| (p.name, a.opening_minor)),
            Some(("Marc", 45_956))
        );
        assert!(by_id(" d0999990i0 ").is_some() && by_iban(CLOSED_ACCOUNT).is_none());
    }
}
