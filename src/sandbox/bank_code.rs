//! Which of the banks.

use serde::{Deserialize, Serialize};

/// One of the sandbox banks. The ledger and the path prefixes use these names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BankCode {
    /// Redirect with OAuth2 and PKCE; orders of several instructions.
    #[default]
    Cec,
    /// Decoupled, explicit start, with the oddities seen in recorded traffic.
    Brd,
    /// Decoupled, implicit start; standing orders.
    Mobil,
    /// Embedded one-time code, explicit start; orders of several instructions.
    Cod,
    /// Plain redirect, implicit start; several instructions, and standing orders.
    Link,
    /// Plain redirect, explicit start.
    Pasi,
    /// Redirect with OAuth2 and PKCE, version 2 of the interface, a word of its own for orders on their way.
    Bt,
    /// Redirect with OAuth2 and PKCE as the standard has it, account information included.
    Standard,
}

impl BankCode {
    /// Every bank, in the order the pages list them.
    pub const ALL: [Self; 8] = [
        Self::Cec,
        Self::Brd,
        Self::Mobil,
        Self::Cod,
        Self::Link,
        Self::Pasi,
        Self::Bt,
        Self::Standard,
    ];

    /// The first segment of every path of the bank, with its slash.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Cec => "/cec",
            Self::Brd => "/brd",
            Self::Mobil => "/mobil",
            Self::Cod => "/cod",
            Self::Link => "/link",
            Self::Pasi => "/pasi",
            Self::Bt => "/bt",
            Self::Standard => "/standard",
        }
    }
}
