//! Payment ids and the secrets that travel in links.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The id of a payment: 16 decimal digits below 2^53, so that it is exact in every JSON reader, and drawn
/// from about 8·10^15 values, so that it cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PaymentId(i64);

const LOWEST: i64 = 1_000_000_000_000_000;
const PAST_HIGHEST: i64 = 1 << 53;

impl PaymentId {
    /// A payment id from 16 random bytes (so many that the reduction keeps no visible bias).
    #[must_use]
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        let wide = u128::from_be_bytes(bytes) % (PAST_HIGHEST - LOWEST) as u128;
        Self(LOWEST + wide as i64)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The id of a number, if it can be one.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        (LOWEST..PAST_HIGHEST).contains(&number).then_some(Self(number))
    }

    /// The id a text names, if it can be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().ok().and_then(Self::from_number))
            .flatten()
    }
}

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Appends query parameters to a partner's URL, keeping the query it already has.
#[must_use]
pub fn with_query(url: &url::Url, pairs: &[(&str, &str)]) -> url::Url {
    let mut url = url.clone();
    url.query_pairs_mut().extend_pairs(pairs);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_the_partners_query() {
        let url = url::Url::parse("https://shop.example/back?cart=7").unwrap();
        assert_eq!(
            with_query(&url, &[("id", "1"), ("message", "a b&c")]).as_str(),
            "https://shop.example/back?cart=7&id=1&message=a+b%26c"
        );
    }

    proptest! {
        #[test]
        fn every_id_survives_text_and_a_double(bytes: [u8; 16]) {
            let id = PaymentId::from_random(bytes);
            prop_assert_eq!(PaymentId::parse(&id.to_string()), Some(id));
            prop_assert!(id.number() < 1 << 53);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            let _ = PaymentId::parse(&text);
        }
    }
}
