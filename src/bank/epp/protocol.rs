//! What the directory knows of an ePP bank.

use crate::bank::directory::rules::{Wrong, all_hold, check_limits};
use serde::{Deserialize, Serialize};

/// Longest creditor name, in characters.
const MAX_NAME_CHARS: usize = 70;
/// Longest purpose of a payment, in characters.
const MAX_PURPOSE_CHARS: usize = 140;

/// The table `[bank.epp]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Where the API lives, without `/api`; absent when only the operator can know it.
    pub base_url: Option<String>,
    /// The ways by which the payer may get the one-time code. With one there is nothing to choose.
    pub channels: Vec<Channel>,
    /// Longest creditor name, in characters.
    pub max_name_chars: usize,
    /// Longest purpose of a payment („svrha plaćanja”), in characters.
    pub max_purpose_chars: usize,
    /// How long asking makes sense, in hours.
    pub ask_limit_hours: u32,
}

/// A way to get the one-time code (`TwoFactorAuthenticationChannel`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Channel {
    /// The Treasury's own mail.
    Postal,
    /// The Zimbra mail server.
    Zimbra,
    /// A text message.
    Nth,
    /// An authenticator app (RFC 6238).
    Authenticator,
}

impl Channel {
    /// The word of the interface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postal => "Postal",
            Self::Zimbra => "Zimbra",
            Self::Nth => "Nth",
            Self::Authenticator => "Authenticator",
        }
    }

    /// How payers know it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postal => "E-mail – Postal",
            Self::Zimbra => "E-mail – Zimbra",
            Self::Nth => "SMS – NTH",
            Self::Authenticator => "Authenticator",
        }
    }

    /// The nearest `authenticationType`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Postal | Self::Zimbra => "SMTP_OTP",
            Self::Nth => "SMS_OTP",
            Self::Authenticator => "CHIP_OTP",
        }
    }
}

impl Protocol {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(&self) -> Result<(), Wrong> {
        let mut once = self.channels.clone();
        once.sort_unstable();
        once.dedup();
        all_hold([(
            !once.is_empty() && once.len() == self.channels.len(),
            "channels",
            "must be there, each once",
        )])?;
        let lengths = [
            ("max_name_chars", self.max_name_chars, MAX_NAME_CHARS),
            ("max_purpose_chars", self.max_purpose_chars, MAX_PURPOSE_CHARS),
        ];
        check_limits(&lengths, self.ask_limit_hours)
    }
}
