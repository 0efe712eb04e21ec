//! What must be known about a partner before it may be activated (Romanian Law 129/2019, art. 11 and 19): who it is,
//! who owns it, who acts for it and by which mandate, how risky it is, and which documents prove that.
//!
//! **Invariant:** plain rules; nothing here reads a database, a request or a clock. What a person typed is checked by
//! the field's own rule, and nothing of it is ever in `Debug`.

pub mod checklist;
pub mod fields;
pub mod numbers;

pub use checklist::{Missing, missing};
pub use fields::{Field, Rule, Wrong, check};

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A part of the onboarding file: the fields that are entered together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// The partner, when it is a company or another legal person.
    Company,
    /// The partner, when it is a natural person.
    Person,
    /// Whether it belongs to a group, and whether the law spares it from naming its owners.
    Ownership,
    /// A beneficial owner (art. 4); there may be several.
    Owner,
    /// A company of the same group; there may be several.
    GroupCompany,
    /// Who acts for the partner, and by which mandate.
    Representative,
    /// The risk class (art. 11 (6)) and why.
    Risk,
}

impl Section {
    /// Every section, in the order of the file.
    pub const ALL: [Self; 7] = [
        Self::Company,
        Self::Person,
        Self::Ownership,
        Self::Owner,
        Self::GroupCompany,
        Self::Representative,
        Self::Risk,
    ];

    /// The word in addresses and in the history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Person => "person",
            Self::Ownership => "ownership",
            Self::Owner => "owner",
            Self::GroupCompany => "group_company",
            Self::Representative => "representative",
            Self::Risk => "risk",
        }
    }

    /// The section of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Whether there may be several of it.
    #[must_use]
    pub const fn is_list(self) -> bool {
        matches!(self, Self::Owner | Self::GroupCompany)
    }
}

/// What was entered in a section: the value of each field that has one.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Record(pub BTreeMap<String, String>);

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Record {
    /// The value of a field; empty when it has none.
    #[must_use]
    pub fn get(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }
}

/// One of several entries of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, which no other entry of the file ever has.
    pub number: u32,
    /// What was entered.
    pub record: Record,
}

/// The onboarding file of a partner, without its documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnboardingFile {
    /// Sections of which there is one, by their word.
    sections: BTreeMap<String, Record>,
    /// Beneficial owners.
    owners: Vec<Entry>,
    /// Companies of the group.
    group: Vec<Entry>,
    /// The number of the entry added last.
    last_number: u32,
}

impl OnboardingFile {
    /// What was entered in a section of which there is one.
    #[must_use]
    pub fn section(&self, section: Section) -> Option<&Record> {
        self.sections.get(section.as_str())
    }

    /// The entries of a section of which there may be several.
    #[must_use]
    pub fn entries(&self, section: Section) -> &[Entry] {
        match section {
            Section::Owner => &self.owners,
            Section::GroupCompany => &self.group,
            _ => &[],
        }
    }

    /// One entry of such a section.
    #[must_use]
    pub fn entry(&self, section: Section, number: u32) -> Option<&Record> {
        self.entries(section).iter().find(|e| e.number == number).map(|e| &e.record)
    }

    fn entries_mut(&mut self, section: Section) -> Option<&mut Vec<Entry>> {
        match section {
            Section::Owner => Some(&mut self.owners),
            Section::GroupCompany => Some(&mut self.group),
            _ => None,
        }
    }

    /// Whether the partner is a natural person.
    #[must_use]
    pub fn is_person(&self) -> bool {
        self.section(Section::Person).is_some()
    }

    /// Puts a checked record in its place: in a list as the entry of this number, or as a new one without a number.
    /// `false` when there is no entry of this number. A partner is a company or a person: one takes the other's place.
    #[must_use]
    pub fn put(&mut self, section: Section, number: Option<u32>, record: Record) -> bool {
        let next = self.last_number + 1;
        if let Some(entries) = self.entries_mut(section) {
            match number {
                Some(number) => match entries.iter_mut().find(|e| e.number == number) {
                    Some(entry) => entry.record = record,
                    None => return false,
                },
                None => {
                    entries.push(Entry { number: next, record });
                    self.last_number = next;
                }
            }
            return true;
        }
        match section {
            Section::Company => self.sections.remove(Section::Person.as_str()),
            Section::Person => self.sections.remove(Section::Company.as_str()),
            _ => None,
        };
        self.sections.insert(section.as_str().into(), record);
        true
    }

    /// Takes an entry of a list out; `false` when there is none of this number.
    #[must_use]
    pub fn remove(&mut self, section: Section, number: u32) -> bool {
        let Some(entries) = self.entries_mut(section) else { return false };
        let before = entries.len();
        entries.retain(|e| e.number != number);
        entries.len() < before
    }

    /// Every value by its path, such as `owner.2.birth_date`.
    #[must_use]
    pub fn paths(&self) -> BTreeMap<String, &str> {
        let mut all = BTreeMap::new();
        let single = self.sections.iter().map(|(word, record)| (word.clone(), record));
        let several = [Section::Owner, Section::GroupCompany].into_iter().flat_map(|s| {
            let numbered = move |e: &Entry| format!("{}.{}", s.as_str(), e.number);
            self.entries(s).iter().map(move |e| (numbered(e), &e.record))
        });
        for (prefix, record) in single.chain(several) {
            all.extend(record.0.iter().map(|(field, value)| (format!("{prefix}.{field}"), value.as_str())));
        }
        all
    }

    /// Paths of the values that differ from another state of the file.
    #[must_use]
    pub fn differs_in(&self, other: &Self) -> BTreeSet<String> {
        let (own, others) = (self.paths(), other.paths());
        let all = own.keys().chain(others.keys());
        all.filter(|path| own.get(*path) != others.get(*path)).cloned().collect()
    }
}

/// What a document proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// Certificate of registration at the trade register.
    RegistrationCertificate,
    /// Articles of association in force.
    Articles,
    /// Identity document of a partner that is a natural person.
    HolderIdentity,
    /// Identity document of the representative.
    RepresentativeIdentity,
    /// Power of attorney.
    Mandate,
    /// Declaration of the beneficial owners.
    OwnersDeclaration,
    /// Anything else.
    Other,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::RegistrationCertificate,
        Self::Articles,
        Self::HolderIdentity,
        Self::RepresentativeIdentity,
        Self::Mandate,
        Self::OwnersDeclaration,
        Self::Other,
    ];

    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RegistrationCertificate => "registration_certificate",
            Self::Articles => "articles",
            Self::HolderIdentity => "holder_identity",
            Self::RepresentativeIdentity => "representative_identity",
            Self::Mandate => "mandate",
            Self::OwnersDeclaration => "owners_declaration",
            Self::Other => "other",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == word)
    }
}

/// Largest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 10 * 1024 * 1024;

/// The media type of a document, decided by what it is and not by its name: PDF, PNG or JPEG.
#[must_use]
pub fn document_type(content: &[u8]) -> Option<&'static str> {
    let found = infer::get(content)?.mime_type();
    ["application/pdf", "image/png", "image/jpeg"]
        .into_iter()
        .find(|known| *known == found)
}

#[cfg(test)]
mod tests;
