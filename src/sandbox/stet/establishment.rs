//! The establishments as data, and the versions of the interface each of them serves.

use serde::{Deserialize, Serialize};

/// An establishment by the code in its host name and its IBANs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cdetab {
    /// Banque Populaire Grand Ouest: wants `o-confirmation`.
    #[default]
    #[serde(rename = "13807")]
    GrandOuest,
    /// Banque Populaire Auvergne Rhône Alpes: wants no confirmation, answers 200 and names no `Location`.
    #[serde(rename = "16807")]
    AuvergneRhoneAlpes,
    /// Banque Populaire Bourgogne Franche-Comté: wants `confirmation`.
    #[serde(rename = "10807")]
    BourgogneFrancheComte,
    /// Caisse d'Epargne Ile-de-France: wants no confirmation, and keeps to the standard.
    #[serde(rename = "17515")]
    IleDeFrance,
}

impl Cdetab {
    /// All of them, in the order the pages list them.
    pub const ALL: [Self; 4] = [
        Self::GrandOuest,
        Self::AuvergneRhoneAlpes,
        Self::BourgogneFrancheComte,
        Self::IleDeFrance,
    ];

    /// The establishment's name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        Establishment::of(self).name
    }

    /// The first segments of every path of the establishment, with their slashes.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::GrandOuest => "/stet/13807",
            Self::AuvergneRhoneAlpes => "/stet/16807",
            Self::BourgogneFrancheComte => "/stet/10807",
            Self::IleDeFrance => "/stet/17515",
        }
    }
}

/// Which confirmation an authorised payment request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// None: the PSU's yes is enough.
    None,
    /// `o-confirmation`, with the token that the returned code bought (STET 1.4 §4.7).
    OAuth,
    /// `confirmation`, with the TPP's own token or the code's.
    Plain,
}

/// One establishment.
#[derive(Debug)]
pub(super) struct Establishment {
    pub bank: Cdetab,
    /// For people.
    pub name: &'static str,
    pub bic: &'static str,
    pub confirmation: Confirmation,
    /// The answer to a payment request is 201; elsewhere 200.
    pub says_created: bool,
    /// The answer to a payment request names its address; elsewhere only the link's query holds the id.
    pub names_location: bool,
    /// Before 1.5: `_links` are left out, empty fields are sent as null, and times of errors are not ISO 8601.
    pub sparse: bool,
}

static GRAND_OUEST: Establishment = Establishment {
    bank: Cdetab::GrandOuest,
    name: "Banque Populaire Grand Ouest",
    bic: "CCBPFRPPNAN",
    confirmation: Confirmation::OAuth,
    says_created: true,
    names_location: true,
    sparse: true,
};

static AUVERGNE_RHONE_ALPES: Establishment = Establishment {
    bank: Cdetab::AuvergneRhoneAlpes,
    name: "Banque Populaire Auvergne Rhône Alpes",
    bic: "CCBPFRPPGRE",
    confirmation: Confirmation::None,
    says_created: false,
    names_location: false,
    sparse: true,
};

static BOURGOGNE_FRANCHE_COMTE: Establishment = Establishment {
    bank: Cdetab::BourgogneFrancheComte,
    name: "Banque Populaire Bourgogne Franche-Comté",
    bic: "CCBPFRPPDJN",
    confirmation: Confirmation::Plain,
    says_created: true,
    names_location: false,
    sparse: true,
};

static ILE_DE_FRANCE: Establishment = Establishment {
    bank: Cdetab::IleDeFrance,
    name: "Caisse d’Epargne Ile-de-France",
    bic: "CEPAFRPP751",
    confirmation: Confirmation::None,
    says_created: true,
    names_location: true,
    sparse: false,
};

impl Establishment {
    pub(super) fn of(bank: Cdetab) -> &'static Self {
        match bank {
            Cdetab::GrandOuest => &GRAND_OUEST,
            Cdetab::AuvergneRhoneAlpes => &AUVERGNE_RHONE_ALPES,
            Cdetab::BourgogneFrancheComte => &BOURGOGNE_FRANCHE_COMTE,
            Cdetab::IleDeFrance => &ILE_DE_FRANCE,
        }
    }

    /// What an authorised request of this version waits for. 1.5 knows no `o-confirmation`.
    pub(super) fn confirmation(&self, version: Version) -> Confirmation {
        match (self.confirmation, version) {
            (Confirmation::OAuth, Version::V1_5) => Confirmation::Plain,
            (confirmation, _) => confirmation,
        }
    }

    /// Whether answers of this version are as bare as the real ones.
    pub(super) fn is_sparse(&self, version: Version) -> bool {
        self.sparse && version != Version::V1_5
    }

    /// For people: what is special here.
    pub(super) fn about(&self) -> &'static str {
        match self.bank {
            Cdetab::GrandOuest => "plata așteaptă o-confirmation, cu tokenul cumpărat cu codul întors",
            Cdetab::AuvergneRhoneAlpes => "fără confirmare; răspunde 200 și nu spune Location",
            Cdetab::BourgogneFrancheComte => "plata așteaptă confirmation; nu spune Location",
            Cdetab::IleDeFrance => "fără confirmare; se ține de standard",
        }
    }
}

/// A version of the interface, with a path segment of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Version {
    /// Creditor at the top, amounts as text, funds confirmation under the scope `piisp`.
    #[serde(rename = "1.4.0")]
    V1_4_0,
    /// Beneficiary at the top, amounts as text.
    #[serde(rename = "1.4.2")]
    V1_4_2,
    /// Beneficiary and date in each instruction, amounts as numbers.
    #[serde(rename = "1.5")]
    V1_5,
}

impl Version {
    /// Reads the path segment.
    pub(super) fn parse(segment: &str) -> Option<Self> {
        let all = [Self::V1_4_0, Self::V1_4_2, Self::V1_5];
        all.into_iter().find(|version| version.segment() == segment)
    }

    /// The path segment.
    pub(super) const fn segment(self) -> &'static str {
        match self {
            Self::V1_4_0 => "v1.4.0",
            Self::V1_4_2 => "v1.4.2",
            Self::V1_5 => "v1.5",
        }
    }

    /// The scope of funds confirmations.
    pub(super) const fn funds_scope(self) -> &'static str {
        match self {
            Self::V1_4_0 => "piisp",
            Self::V1_4_2 | Self::V1_5 => "cbpii",
        }
    }
}
