//! Instructed amounts: integer minor units (bani, cents, para) with an ISO 4217 currency.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Largest amount of one instruction, in minor units: 999,999,999.99 (ISO 20022 allows 18 digits; the
/// Berlin Group's implementation guidelines and every bank served here accept at least this).
pub const MAX_MINOR: i64 = 99_999_999_999;

/// A currency with two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Romanian leu.
    Ron,
    /// Euro.
    Eur,
    /// Serbian dinar.
    Rsd,
}

impl Currency {
    /// The ISO 4217 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ron => "RON",
            Self::Eur => "EUR",
            Self::Rsd => "RSD",
        }
    }

    /// The currency of an ISO 4217 code, if it is one we serve.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "RON" => Some(Self::Ron),
            "EUR" => Some(Self::Eur),
            "RSD" => Some(Self::Rsd),
            _ => None,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A positive amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Amount {
    /// Minor units (1/100), 1 ..= [`MAX_MINOR`].
    pub minor: i64,
    /// Its currency.
    pub currency: Currency,
}

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing there.
    #[error("the amount is missing")]
    Empty,
    /// Not a plain decimal number (signs, exponents, letters).
    #[error("the amount must be a plain decimal number such as 1234.56")]
    NotANumber,
    /// More than two digits after the decimal separator.
    #[error("the amount may have at most 2 decimals")]
    TooManyDecimals,
    /// Zero.
    #[error("the amount must be greater than zero")]
    Zero,
    /// Above [`MAX_MINOR`].
    #[error("the amount is too large; the largest is 999999999.99")]
    TooLarge,
    /// "1.234" may mean two different amounts.
    #[error("the amount can be read in two ways; write it with two decimals")]
    Ambiguous,
}

impl Amount {
    /// An amount from minor units.
    ///
    /// # Errors
    /// [`AmountError::Zero`] below 1, [`AmountError::TooLarge`] above [`MAX_MINOR`].
    pub const fn from_minor(minor: i64, currency: Currency) -> Result<Self, AmountError> {
        if minor <= 0 {
            return Err(AmountError::Zero);
        }
        if minor > MAX_MINOR {
            return Err(AmountError::TooLarge);
        }
        Ok(Self { minor, currency })
    }

    /// Reads the machine form: digits, optionally `.` and one or two digits. No sign, exponent or grouping.
    ///
    /// # Errors
    /// [`AmountError`] names what is wrong with the text.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AmountError::Empty);
        }
        let (whole, decimals) = text.split_once('.').map_or((text, None), |(w, d)| (w, Some(d)));
        Self::from_digits(whole, decimals, currency)
    }

    /// Reads what a person types: `1234,56`, `1.234,56`, `1,234.56`, `1 234`; refuses `1.234`, which two
    /// readers would take for two amounts.
    ///
    /// # Errors
    /// [`AmountError`] names what is wrong with the text.
    pub fn parse_typed(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if text.is_empty() {
            return Err(AmountError::Empty);
        }
        let Some(last) = text.rfind(['.', ',']) else {
            return Self::from_digits(&text, None, currency);
        };
        let (head, tail) = (&text[..last], &text[last + 1..]);
        let decimal = text.as_bytes()[last] as char;
        let group = if decimal == '.' { ',' } else { '.' };
        if head.contains(decimal) {
            // The same separator twice: it groups thousands and there are no decimals.
            return Self::from_digits(&ungroup(&text, decimal)?, None, currency);
        }
        if tail.len() == 3 && !head.contains(group) && tail.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AmountError::Ambiguous);
        }
        Self::from_digits(&ungroup(head, group)?, Some(tail), currency)
    }

    fn from_digits(whole: &str, decimals: Option<&str>, currency: Currency) -> Result<Self, AmountError> {
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || decimals.is_some_and(|d| !digits(d)) {
            return Err(AmountError::NotANumber);
        }
        let decimals = decimals.unwrap_or("0");
        if decimals.len() > 2 {
            return Err(AmountError::TooManyDecimals);
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > 9 {
            return Err(AmountError::TooLarge);
        }
        let whole: i64 = if whole.is_empty() {
            0
        } else {
            whole.parse().map_err(|_| AmountError::TooLarge)?
        };
        let hundredths: i64 = format!("{decimals:0<2}").parse().map_err(|_| AmountError::NotANumber)?;
        Self::from_minor(whole * 100 + hundredths, currency)
    }

    /// The machine form banks and partners use: `1234.56`.
    #[must_use]
    pub fn wire(&self) -> String {
        format!("{}.{:02}", self.minor / 100, self.minor % 100)
    }

    /// For Romanian readers: `1.234,56 RON`.
    #[must_use]
    pub fn romanian(&self) -> String {
        format!("{},{:02} {}", grouped(self.minor / 100, '.'), self.minor % 100, self.currency)
    }

    /// For English readers: `1,234.56 RON`.
    #[must_use]
    pub fn english(&self) -> String {
        format!("{}.{:02} {}", grouped(self.minor / 100, ','), self.minor % 100, self.currency)
    }
}

fn ungroup(text: &str, group: char) -> Result<String, AmountError> {
    let mut parts = text.split(group);
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let well_grouped = rest.is_empty() || (first.len() <= 3 && rest.iter().all(|p| p.len() == 3));
    if !well_grouped {
        return Err(AmountError::NotANumber);
    }
    Ok(std::iter::once(first).chain(rest).collect())
}

fn grouped(whole: i64, separator: char) -> String {
    let digits = whole.to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ron(text: &str) -> Result<i64, AmountError> {
        Amount::parse(text, Currency::Ron).map(|a| a.minor)
    }

    #[test]
    fn reads_the_machine_form_and_nothing_else() {
        assert_eq!(ron("1234.56"), Ok(123_456));
        assert_eq!(ron("5"), Ok(500));
        assert_eq!(ron("0.1"), Ok(10));
        assert_eq!(ron("999999999.99"), Ok(MAX_MINOR));
        for (text, error) in [
            ("", AmountError::Empty),
            ("0", AmountError::Zero),
            ("0.00", AmountError::Zero),
            ("-1", AmountError::NotANumber),
            ("+1", AmountError::NotANumber),
            ("1e3", AmountError::NotANumber),
            ("1,50", AmountError::NotANumber),
            ("1.", AmountError::NotANumber),
            (".5", AmountError::NotANumber),
            ("NaN", AmountError::NotANumber),
            ("١", AmountError::NotANumber),
            ("1.234", AmountError::TooManyDecimals),
            ("1000000000", AmountError::TooLarge),
            ("99999999999999999999999999", AmountError::TooLarge),
        ] {
            assert_eq!(ron(text), Err(error), "{text}");
        }
    }

    #[test]
    fn reads_what_people_type_and_refuses_what_has_two_meanings() {
        let typed = |t| Amount::parse_typed(t, Currency::Ron).map(|a| a.minor);
        for (text, minor) in [
            ("1234,56", 123_456),
            ("1.234,56", 123_456),
            ("1,234.56", 123_456),
            ("1 234", 123_400),
            ("1.234.567", 123_456_700),
            ("12,5", 1250),
        ] {
            assert_eq!(typed(text), Ok(minor), "{text}");
        }
        assert_eq!(typed("1.234"), Err(AmountError::Ambiguous));
        assert_eq!(typed("1,234"), Err(AmountError::Ambiguous));
        assert_eq!(typed("12.34,5"), Err(AmountError::NotANumber));
        assert_eq!(typed("1.2345"), Err(AmountError::TooManyDecimals));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_exactly(minor in 1..=MAX_MINOR) {
            let amount = Amount::from_minor(minor, Currency::Ron).unwrap();
            prop_assert_eq!(Amount::parse(&amount.wire(), Currency::Ron), Ok(amount));
            let shown = amount.romanian();
            let number = shown.strip_suffix(" RON").unwrap();
            prop_assert_eq!(Amount::parse_typed(number, Currency::Ron), Ok(amount));
            let shown = amount.english();
            let number = shown.strip_suffix(" RON").unwrap();
            prop_assert_eq!(Amount::parse_typed(number, Currency::Ron), Ok(amount));
        }

        #[test]
        fn no_text_panics_or_yields_money_out_of_range(text in "\\PC{0,24}") {
            for amount in [Amount::parse(&text, Currency::Ron), Amount::parse_typed(&text, Currency::Ron)].into_iter().flatten() {
                prop_assert!((1..=MAX_MINOR).contains(&amount.minor));
            }
        }
    }
}
