//! The service accounts of the bank and the accounts they may use. All of them are invented, and public on purpose.

/// An account, as it is on the first day.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// Bank, account and control digits, 18 together.
    pub number: &'static str,
    /// What its holder calls it.
    pub label: &'static str,
    /// The opening balance, in para.
    pub opening_minor: i64,
}

impl Account {
    /// The 13 digits by which the interface names it.
    #[must_use]
    pub fn short(&self) -> &'static str {
        &self.number[3..16]
    }
}

/// A service account.
#[derive(Clone, Copy, Debug)]
pub struct User {
    /// The name it logs in with.
    pub login: &'static str,
    /// Its password.
    pub password: &'static str,
    /// Whose it is.
    pub name: &'static str,
    /// What it is good for in a trial.
    pub hint: &'static str,
    /// The accounts it may pay from.
    pub accounts: &'static [Account],
}

/// All of them.
pub const ALL: &[User] = &[
    User {
        login: "opstina.vrelo",
        password: "Vrelo-2026",
        name: "Opština Vrelo",
        hint: "două conturi, pentru sume mari",
        accounts: &[
            Account {
                number: "840000074222184357",
                label: "Buget",
                opening_minor: 18_500_000_000,
            },
            Account {
                number: "840000000071411237",
                label: "Venituri proprii",
                opening_minor: 480_000_000,
            },
        ],
    },
    User {
        login: "skola.dunav",
        password: "Dunav-2026",
        name: "Osnovna škola „Dunav”",
        hint: "bani pentru facturi mici",
        accounts: &[Account {
            number: "840000000003084534",
            label: "Cont curent",
            opening_minor: 2_500_000,
        }],
    },
];

/// Bank codes in the register of the National Bank; an order to any other is refused.
pub const KNOWN_BANKS: [&str; 4] = ["840", "160", "265", "170"];
/// No order to this account is ever paid: it is closed.
pub const CLOSED_ACCOUNT: &str = "160000000011823212";

/// The service account with this login name.
#[must_use]
pub fn by_login(login: &str) -> Option<&'static User> {
    ALL.iter().find(|user| user.login == login)
}

/// The account with these 18 digits, and whose it is.
#[must_use]
pub fn by_number(number: &str) -> Option<(&'static User, &'static Account)> {
    ALL.iter()
        .find_map(|user| Some((user, user.accounts.iter().find(|a| a.number == number)?)))
}

impl User {
    /// Its account with these 13 digits.
    #[must_use]
    pub fn account(&self, short: &str) -> Option<&'static Account> {
        self.accounts.iter().find(|a| a.short() == short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::iban::Iban;

    #[test]
    fn every_number_has_the_right_control_digits() {
        let numbers = ALL.iter().flat_map(|u| u.accounts).map(|a| a.number).chain([CLOSED_ACCOUNT]);
        for number in numbers {
            assert_eq!(Iban::parse(number).unwrap().serbian_account(), Some(number));
            assert!(KNOWN_BANKS.contains(&&number[..3]));
        }
        let found = by_number("840000000071411237").map(|(u, a)| (u.login, a.short()));
        assert_eq!(found, Some(("opstina.vrelo", "0000000714112")));
    }
}
