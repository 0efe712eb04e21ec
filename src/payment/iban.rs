//! International bank account numbers (ISO 13616), as people and systems write them. In Serbia people write the
//! national number instead (`840-742221843-57`): it is the same account, `RS35` and the 18 digits.

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

/// Characters of a whole IBAN by country, where payments go that are made here (IBAN Registry, ISO 13616).
pub const LENGTHS: [(&str, usize); 38] = [
    ("AD", 24),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GI", 23),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MD", 24),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("RS", 22),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
];

/// By how many characters what was typed is shorter (above 0) or longer (below 0) than an IBAN of its country;
/// `None` when it is none of [`LENGTHS`], as long as it should be, or nobody's slip of the finger.
#[must_use]
pub fn wanting(text: &str) -> Option<isize> {
    let typed: Vec<char> = pasted(text).chars().filter(|c| *c != '-').collect();
    if typed.len() > 40 || !typed.iter().all(char::is_ascii_alphanumeric) {
        return None;
    }
    let country: String = typed.iter().take(2).collect::<String>().to_ascii_uppercase();
    let (_, whole) = LENGTHS.iter().find(|(known, _)| *known == country)?;
    let (whole, typed) = (isize::try_from(*whole).ok()?, isize::try_from(typed.len()).ok()?);
    Some(whole - typed).filter(|n| *n != 0)
}

/// What is left of a text that was pasted: without spaces, characters that nobody sees (soft hyphens, zero widths,
/// marks of direction, though none that turns text round) and the word `IBAN` before the number; every dash is a hyphen.
fn pasted(text: &str) -> String {
    let visible = |c: &char| {
        let hidden = matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        !c.is_whitespace() && !hidden
    };
    let shown: String = text
        .chars()
        .filter(visible)
        .map(|c| {
            if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') {
                '-'
            } else {
                c
            }
        })
        .take(80)
        .collect();
    // No country's code is IB.
    let number = match shown.get(..4) {
        Some(word) if word.eq_ignore_ascii_case("iban") => &shown[4..],
        _ => &shown,
    };
    number.trim_start_matches([':', '.', '-', '=', '#']).to_owned()
}

/// Country and check digits of every Serbian account: a number whose own control digits are right leaves 1 when
/// divided by 97, and then the digits that ISO 13616 asks for are always 35.
const SERBIAN_PREFIX: &str = "RS35";

impl Iban {
    /// Reads an IBAN as people paste it: as [`Iban::parse`], also with `IBAN:` before it, or characters that nobody sees.
    ///
    /// # Errors
    /// [`InvalidIban`] when length, structure or check digits are wrong.
    pub fn parse_pasted(text: &str) -> Result<Self, InvalidIban> {
        Self::parse(&pasted(text))
    }

    /// Reads an IBAN written with spaces, dashes or in lower case, or a Serbian account number: 18 digits, or
    /// `bank-account-control`, where leading zeros of the account are usually left out.
    ///
    /// # Errors
    /// [`InvalidIban`] when length, structure or check digits are wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidIban> {
        let spaced: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| if matches!(c, '\u{2010}'..='\u{2015}') { '-' } else { c })
            .take(80)
            .collect();
        if spaced.starts_with(|c: char| c.is_ascii_digit()) {
            return Self::serbian(&spaced);
        }
        let compact: String = spaced.chars().filter(|c| *c != '-').flat_map(char::to_uppercase).collect();
        if compact.len() > 34 {
            return Err(InvalidIban);
        }
        let valid = iban::Iban::from_str(&compact).map_err(|_| InvalidIban)?;
        let electronic = iban::IbanLike::electronic_str(&valid);
        match electronic.strip_prefix(SERBIAN_PREFIX) {
            None if electronic.starts_with("RS") => Err(InvalidIban),
            _ => Ok(Self(electronic.to_owned())),
        }
    }

    /// What stands where an account number was erased. It names no account; it is shown as a dash.
    #[must_use]
    pub const fn erased() -> Self {
        Self(String::new())
    }

    /// Reads the number that Serbian banks use inside the country, which begins with a digit.
    fn serbian(text: &str) -> Result<Self, InvalidIban> {
        let parts: Vec<&str> = text.split('-').collect();
        let digits = match parts.as_slice() {
            [all] => (*all).to_owned(),
            [bank, account, control] if bank.len() == 3 && (1..=13).contains(&account.len()) && control.len() == 2 => {
                format!("{bank}{account:0>13}{control}")
            }
            _ => return Err(InvalidIban),
        };
        if digits.len() == 18 && mod_97(&digits) == Some(1) {
            Ok(Self(format!("{SERBIAN_PREFIX}{digits}")))
        } else {
            Err(InvalidIban)
        }
    }

    /// The account of a country's own number (BBAN), with the check digits that belong to it.
    ///
    /// # Errors
    /// [`InvalidIban`] when the number has not the structure of the country.
    pub fn from_bban(country: &str, bban: &str) -> Result<Self, InvalidIban> {
        let rest = mod_97(&format!("{bban}{country}00")).ok_or(InvalidIban)?;
        Self::parse(&format!("{country}{:02}{bban}", 98 - rest))
    }

    /// The 18 digits of a Serbian account; `None` elsewhere.
    #[must_use]
    pub fn serbian_account(&self) -> Option<&str> {
        self.0.strip_prefix(SERBIAN_PREFIX)
    }

    /// A Serbian account as people write it there, `840-742221843-57`; `None` elsewhere.
    #[must_use]
    pub fn local(&self) -> Option<String> {
        let digits = self.serbian_account()?;
        let account = digits[3..16].trim_start_matches('0');
        let account = if account.is_empty() { "0" } else { account };
        Some(format!("{}-{account}-{}", &digits[..3], &digits[16..]))
    }

    /// The electronic form, without spaces: what banks expect.
    #[must_use]
    pub fn electronic(&self) -> &str {
        &self.0
    }

    /// For people: groups of four; a Serbian account in its local form.
    #[must_use]
    pub fn grouped(&self) -> String {
        self.local().unwrap_or_else(|| group(&self.0))
    }

    /// For mails and confirmations: country, check digits and the last four characters; of a Serbian account, the
    /// bank and the last four digits.
    #[must_use]
    pub fn masked(&self) -> String {
        if let Some(digits) = self.serbian_account() {
            return format!("{}-••••{}-{}", &digits[..3], &digits[14..16], &digits[16..]);
        }
        let (Some(first), Some(last)) = (self.0.get(..4), self.0.len().checked_sub(4)) else {
            return "–".into();
        };
        format!("{first} •••• {}", &self.0[last..])
    }

    /// ISO 3166 country code.
    #[must_use]
    pub fn country(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }

    /// The bank identifier inside the IBAN (Romania: the first four letters of the BIC; France: the five digits of
    /// the `code banque`; Serbia: three digits). It suggests a bank and never proves one: some institutions hold
    /// accounts under another bank's identifier.
    #[must_use]
    pub fn bank_identifier(&self) -> Option<&str> {
        match self.country() {
            "RO" => Some(&self.0[4..8]),
            "FR" => Some(&self.0[4..9]),
            "RS" => Some(&self.0[4..7]),
            _ => None,
        }
    }
}

/// The remainder modulo 97 of a text of digits and capital letters, a letter counting as two digits from `A` = 10
/// (ISO 7064 MOD 97-10). `None` for anything else.
pub(super) fn mod_97(text: &str) -> Option<u32> {
    text.bytes().try_fold(0, |rest: u32, byte| match byte {
        b'0'..=b'9' => Some((rest * 10 + u32::from(byte - b'0')) % 97),
        b'A'..=b'Z' => Some((rest * 100 + u32::from(byte - b'A') + 10) % 97),
        _ => None,
    })
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

    #[test]
    fn what_is_missing_is_counted() {
        for (text, expected) in [
            ("RO49 AAAA 1B31 0075 9384 00", Some(2)),
            ("ro49-aaaa-1b31-0075-9384-0000-1", Some(-1)),
            ("RO49AAAA1B31007593840000", None),
            ("IBAN: RO49 AAAA 1B31 0075 9384 00", Some(2)),
            ("RO49\u{200b}AAAA 1B31 0075 9384 00", Some(2)),
            ("IBAN", None),
            ("IBA€", None),
            ("RO", Some(22)),
            ("R", None),
            ("XX12", None),
            ("840-742221843-57", None),
            ("RO49AAAA1B3100759384000\0", None),
            ("", None),
        ] {
            assert_eq!(wanting(text), expected, "{text}");
        }
        // Examples of the registry, right in every character.
        for example in [
            "AT611904300234573201",
            "BE68539007547034",
            "BG80BNBG96611020345678",
            "CH9300762011623852957",
            "DE89370400440532013000",
            "ES9121000418450200051332",
            "FR1420041010050500013M02606",
            "GB29NWBK60161331926819",
            "HU42117730161111101800000000",
            "IT60X0542811101000000123456",
            "MD24AG000225100013104168",
            "MT84MALT011000012345MTLCAST001S",
            "NL91ABNA0417164300",
            "NO9386011117947",
            "PL61109010140000071219812874",
            "RS35260005601001611379",
            "SI56263300012039086",
        ] {
            assert!(Iban::parse(example).is_ok() && wanting(example).is_none(), "{example}");
        }
    }
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
        for text in [
            "RO49 AAAA 1B31 0075 9384 0000",
            "IBAN: RO49 AAAA 1B31 0075 9384 0000",
            "iban RO49AAAA1B31007593840000",
            "Iban:RO49\u{a0}AAAA\u{202f}1B31\u{2212}0075 9384 0000",
            "\u{feff}\u{200e}RO49\u{ad}AAAA1B31\u{200b}007593840000\u{2069}",
        ] {
            assert_eq!(Iban::parse_pasted(text).unwrap().electronic(), VALID[0]);
        }
        for text in ["IBAN: RO49AAAA1B31007593840000", "RO49\u{200b}AAAA1B31007593840000"] {
            assert_eq!(Iban::parse(text), Err(InvalidIban), "no person wrote it: {text}");
        }
        assert_eq!(Iban::parse_pasted("RO49AAAA1B31007593840000\u{202e}"), Err(InvalidIban));
        assert_eq!(Iban::parse(VALID[0]).unwrap().grouped(), "RO49 AAAA 1B31 0075 9384 0000");
        assert_eq!(Iban::parse(VALID[0]).unwrap().bank_identifier(), Some("AAAA"));
        assert_eq!(Iban::from_bban("RO", &VALID[1][4..]).unwrap().electronic(), VALID[1]);
        assert_eq!(Iban::from_bban("RO", "BACX"), Err(InvalidIban));
        assert_eq!(Iban::parse(VALID[0]).unwrap().masked(), "RO49 •••• 0000");
        assert_eq!(Iban::parse("840-742221843-57").unwrap().masked(), "840-••••43-57");
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

    #[test]
    fn a_serbian_account_is_read_as_people_there_write_it() {
        for text in [
            "840-742221843-57",
            "840 - 742221843 - 57",
            "840-0000742221843-57",
            "840000074222184357",
            "RS35840000074222184357",
            "840–742221843–57",
        ] {
            let iban = Iban::parse(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(iban.electronic(), "RS35840000074222184357", "{text}");
            assert_eq!(iban.serbian_account(), Some("840000074222184357"));
            assert_eq!((iban.grouped().as_str(), iban.bank_identifier()), ("840-742221843-57", Some("840")));
        }
        for text in [
            "840-742221843-58",
            "840-742221843-5",
            "84-742221843-57",
            "840-12345678901234-57",
            "840--59",
            "840-742221843-57-1",
            "840000074222184358",
            "84000007422218435",
            "840-7422x1843-57",
            "RS36840000074222184357",
        ] {
            assert_eq!(Iban::parse(text), Err(InvalidIban), "{text}");
        }
        assert_eq!(Iban::parse(VALID[0]).unwrap().local(), None);
    }

    proptest! {
        #[test]
        fn the_check_digits_of_a_serbian_account_are_always_35(bank in 100..1000u32, account in 0..10_000_000_000_000u64) {
            let body = format!("{bank}{account:013}");
            let control = 98 - mod_97(&format!("{body}00")).unwrap();
            let iban = Iban::parse(&format!("{bank}-{account}-{control:02}")).unwrap();
            // The library computes the international check digits on its own.
            let other = iban::Iban::from_str(iban.electronic());
            prop_assert!(other.is_ok(), "{}", iban.electronic());
            prop_assert_eq!(Iban::parse(&iban.local().unwrap()).unwrap(), iban);
        }

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
