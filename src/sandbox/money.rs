//! The bank's own reading and writing of amounts: integer minor units, two decimals (RON and EUR).

use serde::{Deserialize, Serialize};

/// The currencies the accounts are kept in (ISO 4217). Both have two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    Ron,
    Eur,
}

impl Currency {
    /// Reads an ISO 4217 code; `None` for a currency the bank keeps no accounts in.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "RON" => Some(Self::Ron),
            "EUR" => Some(Self::Eur),
            _ => None,
        }
    }

    /// The ISO 4217 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ron => "RON",
            Self::Eur => "EUR",
        }
    }
}

/// An amount in minor units with its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Hundredths of the currency.
    pub minor: i64,
    /// ISO 4217.
    pub currency: Currency,
}

/// Reads an amount as Berlin Group writes it (`amountValue`): 1 to 14 digits, then at most two decimals
/// behind a dot. `None` for anything else, zero included.
#[must_use]
pub fn parse_minor(text: &str) -> Option<i64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if matches!(fraction.len(), 1 | 2) => (whole, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let minor: i64 = format!("{whole}{fraction:0<2}").parse().ok()?;
    (minor > 0).then_some(minor)
}

impl Money {
    /// As the API writes it: `123.50`.
    #[must_use]
    pub fn wire(self) -> String {
        format!("{}.{:02}", self.minor / 100, (self.minor % 100).abs())
    }

    /// For people, the Romanian way: `12.345,60 RON`.
    #[must_use]
    pub fn shown(self) -> String {
        let whole = (self.minor / 100).abs().to_string();
        let mut grouped = String::new();
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        let sign = if self.minor < 0 { "-" } else { "" };
        format!("{sign}{grouped},{:02} {}", (self.minor % 100).abs(), self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        for (text, minor) in [
            ("1", 100),
            ("0.01", 1),
            ("123.5", 12_350),
            ("99999999999999.99", 9_999_999_999_999_999),
        ] {
            assert_eq!(parse_minor(text), Some(minor), "{text}");
        }
        for text in [
            "",
            "0",
            "0.00",
            "-1",
            "+1",
            "1.",
            ".5",
            "1.234",
            "1,50",
            "1e3",
            " 1",
            "123456789012345",
            "1.5.0",
            "١",
        ] {
            assert_eq!(parse_minor(text), None, "{text}");
        }
    }

    #[test]
    fn people_see_thousands_and_a_comma() {
        let money = |minor| Money {
            minor,
            currency: Currency::Ron,
        };
        assert_eq!(money(1_234_560).shown(), "12.345,60 RON");
        assert_eq!(money(437).shown(), "4,37 RON");
        assert_eq!(money(100_000_000).shown(), "1.000.000,00 RON");
        assert_eq!(money(12_350).wire(), "123.50");
    }
}
