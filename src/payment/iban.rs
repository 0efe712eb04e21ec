//! International bank account numbers (ISO 13616), as people and systems write them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A valid IBAN in electronic form. It prints masked: an account number never reaches a log by accident.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Iban(String);

/// The text is not a valid IBAN (length, structure of its country, or ISO 7064 MOD 97-10 check digits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid IBAN")]
pub struct InvalidIban;

impl Iban {
    /// Reads an IBAN written with spaces, dashes or in lower case.
    ///
    /// # Errors
    /// [`InvalidIban`] when length, structure or check digits are wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidIban> {
        let compact: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}'))
            .flat_map(char::to_uppercase)
            .collect();
        if compact.len() > 34 {
            return Err(InvalidIban);
        }
        let valid = iban::Iban::from_str(&compact).map_err(|_| InvalidIban)?;
        Ok(Self(iban::IbanLike::electronic_str(&valid).to_owned()))
    }

    /// The electronic form, without spaces: what banks expect.
    #[must_use]
    pub fn electronic(&self) -> &str {
        &self.0
    }

    /// For people: groups of four.
    #[must_use]
    pub fn grouped(&self) -> String {
        group(&self.0)
    }

    /// For mails and confirmations: country, check digits and the last four characters.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{} •••• {}", &self.0[..4], &self.0[self.0.len() - 4..])
    }

    /// ISO 3166 country code.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.0[..2]
    }

    /// The bank identifier inside the IBAN (Romania: the first four letters of the BIC; France: the five digits
    /// of the `code banque`). It suggests a bank and never proves one: some institutions hold accounts under
    /// another bank's identifier.
    #[must_use]
    pub fn bank_identifier(&self) -> Option<&str> {
        match self.country() {
            "RO" => Some(&self.0[4..8]),
            "FR" => Some(&self.0[4..9]),
            _ => None,
        }
    }
}

/// Inserts a space after every four characters.
#[must_use]
pub fn group(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for (i, c) in text.chars().enumerate() {
        if i > 0 && i.is_multiple_of(4) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iban({}…)", self.country())
    }
}

impl FromStr for Iban {
    type Err = InvalidIban;
    fn from_str(text: &str) -> Result<Self, InvalidIban> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Iban {
    type Error = InvalidIban;
    fn try_from(text: String) -> Result<Self, InvalidIban> {
        Self::parse(&text)
    }
}

impl From<Iban> for String {
    fn from(iban: Iban) -> Self {
        iban.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALID: [&str; 5] = [
        "RO49AAAA1B31007593840000",
        "RO66BACX0000001234567890",
        "RO09PORL7789778256833565",
        "RO03RZBR0000069999999999",
        "FR7613807008043001965405158",
    ];

    #[test]
    fn accepts_what_people_paste() {
        for text in [
            "RO49 AAAA 1B31 0075 9384 0000",
            "ro49-aaaa-1b31-0075-9384-0000",
            " RO49AAAA1B31007593840000\t",
        ] {
            assert_eq!(Iban::parse(text).unwrap().electronic(), VALID[0]);
        }
        assert_eq!(Iban::parse(VALID[0]).unwrap().grouped(), "RO49 AAAA 1B31 0075 9384 0000");
        assert_eq!(Iban::parse(VALID[0]).unwrap().bank_identifier(), Some("AAAA"));
        assert_eq!(Iban::parse(VALID[0]).unwrap().masked(), "RO49 •••• 0000");
        assert_eq!(Iban::parse(VALID[4]).unwrap().bank_identifier(), Some("13807"));
        assert_eq!(Iban::parse("DE89370400440532013000").unwrap().bank_identifier(), None);
        assert!(!format!("{:?}", Iban::parse(VALID[0]).unwrap()).contains("7593840000"));
    }

    #[test]
    fn refuses_wrong_check_digits_length_and_structure() {
        for text in [
            "",
            "RO",
            "RO48AAAA1B31007593840000",
            "RO49AAAA1B3100759384000",
            "RO49AAAA1B310075938400001",
            "RO491234567890123456789012",
            "RO49AAAA1B31007593840000; DROP",
            "💶💶💶💶💶💶💶💶",
        ] {
            assert_eq!(Iban::parse(text), Err(InvalidIban), "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_digit_is_always_noticed(which in 0..VALID.len(), at in 2..24usize, digit in 0..10u8) {
            let mut bytes = VALID[which].as_bytes().to_vec();
            prop_assume!(bytes[at].is_ascii_digit() && bytes[at] != b'0' + digit);
            bytes[at] = b'0' + digit;
            prop_assert_eq!(Iban::parse(std::str::from_utf8(&bytes).unwrap()), Err(InvalidIban));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            if let Ok(iban) = Iban::parse(&text) {
                prop_assert_eq!(Iban::parse(&iban.grouped()).unwrap(), iban);
            }
        }
    }
}
