//! What still misses before a partner may be activated.

use super::fields::date;
use super::{DocumentKind, OnboardingFile, Record, Section};
use chrono::NaiveDate;

/// Something that is not there yet, or no longer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// Who the partner is.
    Identification,
    /// The partner's own identity document has expired.
    IdentityExpired,
    /// Whether it belongs to a group, and whether the law spares it from naming its owners.
    Ownership,
    /// A beneficial owner; none is entered, and no exception either.
    Owner,
    /// A company of the group it is said to belong to.
    GroupCompany,
    /// Who acts for it.
    Representative,
    /// The representative's identity document has expired.
    RepresentativeExpired,
    /// The power of attorney has expired.
    MandateExpired,
    /// The risk class.
    Risk,
    /// Somebody is a politically exposed person, and the class is not high (Law 129/2019, art. 17).
    HighRisk,
    /// A document.
    Document(DocumentKind),
}

impl Missing {
    /// The section in which it is mended; `None` for a document.
    #[must_use]
    pub const fn section(self) -> Option<Section> {
        Some(match self {
            Self::Identification => Section::Company,
            Self::IdentityExpired => Section::Person,
            Self::Ownership => Section::Ownership,
            Self::Owner => Section::Owner,
            Self::GroupCompany => Section::GroupCompany,
            Self::Representative | Self::RepresentativeExpired | Self::MandateExpired => Section::Representative,
            Self::Risk | Self::HighRisk => Section::Risk,
            Self::Document(_) => return None,
        })
    }
}

/// What misses in a file with these documents, in the order of the file. Redirect URLs and the certificate are the
/// profile's. A natural person is its own owner, and may act for itself.
#[must_use]
pub fn missing(file: &OnboardingFile, documents: &[DocumentKind], today: NaiveDate) -> Vec<Missing> {
    let mut found = Vec::new();
    let mut need = |good: bool, what: Missing| {
        if !good {
            found.push(what);
        }
    };
    let whole = |section: Section| file.section(section).is_some_and(|record| is_whole(section, record));
    let representative = file.section(Section::Representative);
    let expired = |record: Option<&Record>, field: &str| {
        let until = record.and_then(|r| date(r.get(field)));
        until.is_some_and(|until| until < today)
    };
    let person = file.section(Section::Person);
    if person.is_some() {
        need(!expired(person, "document_expires"), Missing::IdentityExpired);
    } else {
        need(whole(Section::Company), Missing::Identification);
        need_owners(file, &mut need);
        need(whole(Section::Representative), Missing::Representative);
    }
    need(!expired(representative, "document_expires"), Missing::RepresentativeExpired);
    need(!expired(representative, "mandate_expires"), Missing::MandateExpired);
    let risk = file.section(Section::Risk);
    need(risk.is_some(), Missing::Risk);
    let people = file.entries(Section::Owner).iter().map(|e| &e.record).chain(representative);
    let exposed = people.into_iter().any(|p| p.get("pep") == "yes");
    need(!exposed || risk.is_none_or(|r| r.get("class") == "high"), Missing::HighRisk);
    for kind in required(file) {
        need(documents.contains(&kind), Missing::Document(kind));
    }
    found
}

/// Whether everything that must be entered is: a section that an application pre-filled is not whole.
fn is_whole(section: Section, record: &Record) -> bool {
    let mut needed = section.fields().iter().filter(|field| field.required);
    needed.all(|field| !record.get(field.name).is_empty())
}

fn need_owners(file: &OnboardingFile, need: &mut impl FnMut(bool, Missing)) {
    let Some(ownership) = file.section(Section::Ownership) else {
        return need(false, Missing::Ownership);
    };
    let spared = ownership.get("owners_exception") != "none";
    need(spared || !file.entries(Section::Owner).is_empty(), Missing::Owner);
    let in_group = ownership.get("part_of_group") == "yes";
    need(!in_group || !file.entries(Section::GroupCompany).is_empty(), Missing::GroupCompany);
}

/// The documents that a file needs.
#[must_use]
pub fn required(file: &OnboardingFile) -> Vec<DocumentKind> {
    let mut kinds = Vec::new();
    if file.is_person() {
        kinds.push(DocumentKind::HolderIdentity);
    } else {
        kinds.extend([DocumentKind::RegistrationCertificate, DocumentKind::Articles]);
        let spared = file
            .section(Section::Ownership)
            .is_some_and(|o| o.get("owners_exception") != "none");
        if !spared {
            kinds.push(DocumentKind::OwnersDeclaration);
        }
    }
    let representative = file.section(Section::Representative);
    if representative.is_some() || !file.is_person() {
        kinds.push(DocumentKind::RepresentativeIdentity);
    }
    if representative.is_some_and(|r| r.get("basis") == "power_of_attorney") {
        kinds.push(DocumentKind::Mandate);
    }
    kinds
}
