//! The languages people are spoken to in.

use serde::{Deserialize, Serialize};

/// A language of the hosted page, the back office and the mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Romanian, the default.
    #[default]
    Ro,
    /// English.
    En,
}

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

    /// The language of a tag such as `en` or `en-GB`, in any case (RFC 5646).
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|l| primary.eq_ignore_ascii_case(l.as_str()))
    }

    /// The language a browser prefers (`Accept-Language`, RFC 9110 section 12.5.4): the highest quality
    /// wins, the first among equals; anything unreadable is skipped and nothing known means Romanian.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Self {
        let mut best: Option<(u16, Self)> = None;
        for item in header.split(',').take(32) {
            let mut parts = item.split(';');
            let Some(language) = parts.next().and_then(Self::parse) else {
                continue;
            };
            let quality = parts.find_map(|p| p.trim().strip_prefix("q=")).map_or(Some(1000), thousandths);
            match quality {
                Some(quality) if quality > 0 && best.is_none_or(|(most, _)| quality > most) => best = Some((quality, language)),
                _ => {}
            }
        }
        best.map_or_else(Self::default, |(_, language)| language)
    }
}

/// A quality value (`0` to `1`, at most three decimals) in thousandths.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(decimals),
        "1" if decimals == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_highest_quality_wins_and_romanian_is_the_default() {
        for (header, language) in [
            ("", Language::Ro),
            ("en", Language::En),
            ("en-GB,en;q=0.9", Language::En),
            ("ro-RO,ro;q=0.9,en;q=0.8", Language::Ro),
            ("de, ro;q=0.3, en;q=0.5", Language::En),
            ("en;q=0.2, ro;q=0.7", Language::Ro),
            ("EN;q=1.000, ro", Language::En),
            ("en;q=0, fr", Language::Ro),
            ("en;q=2, fr;q=zz", Language::Ro),
            ("*", Language::Ro),
            ("english", Language::Ro),
        ] {
            assert_eq!(Language::from_accept_language(header), language, "{header}");
        }
        assert_eq!(serde_json::to_string(&Language::En).unwrap(), "\"en\"");
    }

    proptest! {
        #[test]
        fn no_header_panics(header in "\\PC{0,60}") {
            let _ = Language::from_accept_language(&header);
        }
    }
}
