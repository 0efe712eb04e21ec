//! Consent ids.

use crate::payment::PaymentId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The id of a consent: made like a payment's, so that it is exact in every JSON reader and cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConsentId(PaymentId);

impl ConsentId {
    /// An id from 16 random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(PaymentId::from_random(bytes))
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0.number()
    }

    /// The id of a number, if it can be one.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        PaymentId::from_number(number).map(Self)
    }

    /// The id a text names, if it can be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        PaymentId::parse(text).map(Self)
    }
}

impl fmt::Display for ConsentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
