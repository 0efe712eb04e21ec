//! The languages payers are served in.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A language of the payer-facing texts. Romanian is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Romanian.
    #[default]
    Ro,
    /// English.
    En,
}

/// Entries of an `Accept-Language` header that are looked at; browsers send fewer than ten.
const MAX_ENTRIES: usize = 32;

impl Language {
    /// Every language, the default first.
    pub const ALL: [Self; 2] = [Self::Ro, Self::En];

    /// The ISO 639-1 code, as in the HTML `lang` attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ro => "ro",
            Self::En => "en",
        }
    }

    /// The language of a code or a BCP 47 tag: `ro`, `en-GB`, `RO_ro`.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|l| primary.eq_ignore_ascii_case(l.as_str()))
    }

    /// A number with its noun, singular and plural. Romanian puts "de" before the noun when the last two digits
    /// are 00 or 20..=99.
    #[must_use]
    pub fn counted(self, n: usize, ro: [&str; 2], en: [&str; 2]) -> String {
        match (self, n) {
            (Self::Ro, 1) => format!("1 {}", ro[0]),
            (Self::Ro, n) if n != 0 && !(1..20).contains(&(n % 100)) => format!("{n} de {}", ro[1]),
            (Self::Ro, n) => format!("{n} {}", ro[1]),
            (Self::En, 1) => format!("1 {}", en[0]),
            (Self::En, n) => format!("{n} {}", en[1]),
        }
    }

    /// So many payments.
    #[must_use]
    pub fn payments(self, n: usize) -> String {
        self.counted(n, ["plată", "plăți"], ["payment", "payments"])
    }

    /// So many creditors.
    #[must_use]
    pub fn payees(self, n: usize) -> String {
        self.counted(n, ["beneficiar", "beneficiari"], ["payee", "payees"])
    }

    /// The language of an `Accept-Language` header (RFC 9110 §12.5.4): the supported one with the highest
    /// quality, the earlier one among equals; the default when none is supported.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Self {
        let mut best: Option<(u16, Self)> = None;
        for entry in header.split(',').take(MAX_ENTRIES) {
            let mut parts = entry.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let language = if tag == "*" { Some(Self::default()) } else { Self::parse(tag) };
            let quality = parts
                .find_map(|p| p.trim().strip_prefix("q="))
                .map_or(Some(1000), quality_in_thousandths);
            if let (Some(language), Some(quality @ 1..)) = (language, quality)
                && best.is_none_or(|(highest, _)| quality > highest)
            {
                best = Some((quality, language));
            }
        }
        best.map_or_else(Self::default, |(_, language)| language)
    }
}

/// `0.8` → 800; `None` for anything RFC 9110's `qvalue` does not allow.
fn quality_in_thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_highest_quality_among_the_supported_wins() {
        for (header, expected) in [
            ("", Language::Ro),
            ("en", Language::En),
            ("en-GB,en;q=0.9,ro;q=0.8", Language::En),
            ("de, en;q=0.5, ro;q=0.7", Language::Ro),
            ("en;q=0.5,ro;q=0.5", Language::En),
            ("en;q=0, *", Language::Ro),
            ("de-DE,de;q=0.9", Language::Ro),
            ("en;q=9,ro;q=0.1", Language::Ro),
            ("EN_us", Language::En),
        ] {
            assert_eq!(Language::from_accept_language(header), expected, "{header}");
        }
    }

    #[test]
    fn romanian_numbers_take_their_preposition() {
        for (n, expected) in [
            (0, "0 plăți"),
            (1, "1 plată"),
            (2, "2 plăți"),
            (19, "19 plăți"),
            (20, "20 de plăți"),
            (100, "100 de plăți"),
            (101, "101 plăți"),
            (119, "119 plăți"),
            (120, "120 de plăți"),
            (5000, "5000 de plăți"),
        ] {
            assert_eq!(Language::Ro.payments(n), expected);
        }
        assert_eq!(
            (Language::En.payees(1), Language::En.payees(20)),
            ("1 payee".into(), "20 payees".into())
        );
    }

    #[test]
    fn the_code_survives_json_and_text() {
        for language in Language::ALL {
            assert_eq!(Language::parse(language.as_str()), Some(language));
            assert_eq!(serde_json::to_value(language).unwrap(), language.as_str());
        }
        assert_eq!(Language::parse("roman"), None);
    }

    proptest! {
        #[test]
        fn no_header_panics(header in "\\PC{0,80}") {
            let _ = Language::from_accept_language(&header);
        }
    }
}
