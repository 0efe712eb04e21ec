//! What the directory knows of a STET bank: the facts that differ from bank to bank.

use crate::bank::directory::rules::{Wrong, all_hold, check_limits, is_path_segment};
use serde::Deserialize;

/// Longest creditor name STET allows, in characters.
const MAX_NAME_CHARS: usize = 140;
/// Longest line of remittance information, in characters.
const MAX_REMITTANCE_CHARS: usize = 140;

/// The table `[bank.stet]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Where the bank lives; absent when only the operator can know it.
    pub base_url: Option<String>,
    /// Which edition of the standard the bank speaks.
    pub version: Version,
    /// The API's path below the base URL, with the version as this bank writes it.
    pub api_path: String,
    /// The OAuth token endpoint, absolute or relative to the base URL.
    pub token_url: String,
    /// The OAuth page on which the PSU gives consents, absolute or relative to the base URL.
    pub authorise_url: String,
    /// Hosts (`host` or `host:port`) the PSU may be sent to, beside those of the base and authorise URLs.
    #[serde(default)]
    pub psu_hosts: Vec<String>,
    /// How the bank finds our certificate.
    pub key_id: KeyId,
    /// What must follow the PSU's return before the bank executes anything.
    pub confirmation: Confirmation,
    /// Whether the accounts the PSU chose must be sent to the bank before it tells anything of them (STET "mixed
    /// detailed consent").
    pub detailed_consent: bool,
    /// Longest creditor name, in characters.
    pub max_name_chars: usize,
    /// Longest remittance information, in characters.
    pub max_remittance_chars: usize,
    /// The bank lets us cancel an order that the PSU has not authorised.
    pub withdraw_before_sca: bool,
    /// How long asking makes sense, in hours.
    pub ask_limit_hours: u32,
}

/// An edition of the STET PSD2 API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Version {
    /// 1.4.0: creditor and date beside the instruction, `piisp` for funds.
    #[serde(rename = "1.4.0")]
    V1_4_0,
    /// 1.4.2: `beneficiary` beside the instruction, `cbpii` for funds.
    #[serde(rename = "1.4.2")]
    V1_4_2,
    /// 1.5: beneficiary and date in the instruction, amounts as numbers.
    #[serde(rename = "1.5")]
    V1_5,
}

impl Version {
    /// The OAuth scope of funds confirmation.
    pub const fn funds_scope(self) -> &'static str {
        match self {
            Self::V1_4_0 => "piisp",
            Self::V1_4_2 | Self::V1_5 => "cbpii",
        }
    }
}

/// What `keyId` of our signatures is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyId {
    /// `SN=<serial>,CA=<issuer>` of the certificate.
    SerialAndIssuer,
    /// The address at which the certificate can be fetched.
    CertificateUrl,
}

/// The call that confirms an order after the PSU's return (STET section "Confirmation of a payment request").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// None: the bank executes what the PSU approved.
    None,
    /// `POST …/o-confirmation`, with the token that the returned code buys; `…/confirmation` where the bank does not
    /// know the former (banks of one group differ). Nothing where no code comes back.
    OConfirmation,
    /// `POST …/confirmation`, with that token, or with our own where no code came back and the bank offers it.
    Confirmation,
}

impl Confirmation {
    /// The path's last segment, in the order in which they are tried.
    pub const fn segments(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::OConfirmation => &["o-confirmation", "confirmation"],
            Self::Confirmation => &["confirmation"],
        }
    }
}

impl Protocol {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(&self) -> Result<(), Wrong> {
        let mut segments = self.api_path.split('/');
        all_hold([(
            segments.all(|s| is_path_segment(s) && !s.starts_with('.')),
            "api_path",
            "must be path segments such as stet/psd2/v1.4.2",
        )])?;
        let lengths = [
            ("max_name_chars", self.max_name_chars, MAX_NAME_CHARS),
            ("max_remittance_chars", self.max_remittance_chars, MAX_REMITTANCE_CHARS),
        ];
        check_limits(&lengths, self.ask_limit_hours)
    }
}
