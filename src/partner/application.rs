//! What a platform sends of a sub-merchant that is to become a partner (clientActivation).
//!
//! An application is what somebody else declares: it pre-fills an onboarding file, and proves nothing in it.

use super::PartnerKind;
use super::onboarding::{Record, Section};
use crate::payment::limits::Limits;
use crate::payment::{Currency, Iban};
use serde::{Deserialize, Serialize};
use url::Url;

/// Where an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApplicationState {
    /// Nobody has looked at it yet.
    Received,
    /// Somebody looks at it.
    InReview,
    /// The platform must send more.
    MoreInformation,
    /// It is a partner, which may still lack what activation needs.
    Approved,
    /// It will not become a partner.
    Refused,
}

impl ApplicationState {
    /// Every state, in the order of an application's life.
    pub const ALL: [Self; 5] = [Self::Received, Self::InReview, Self::MoreInformation, Self::Approved, Self::Refused];

    /// The word that is stored, and that platforms read as `applicationStatus`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "RECEIVED",
            Self::InReview => "IN_REVIEW",
            Self::MoreInformation => "MORE_INFORMATION",
            Self::Approved => "APPROVED",
            Self::Refused => "REFUSED",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Whether it has been decided.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Approved | Self::Refused)
    }
}

/// Who acts for the sub-merchant.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Telephone number.
    pub phone: String,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact")
    }
}

/// What a platform declares of a sub-merchant, read and checked field by field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// What its payers may change.
    pub kind: PartnerKind,
    /// One of the legal forms of the onboarding file.
    pub legal_form: String,
    /// Registered name.
    pub name: String,
    /// The name payers are to see.
    pub display_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// In Romania the unique registration code (CUI), elsewhere the number by which it is known.
    pub registration_number: String,
    /// The trade register's number.
    pub trade_register_number: Option<String>,
    /// Registered seat.
    pub address: String,
    /// Class of activity (CAEN, NACE): four digits.
    pub activity_code: String,
    /// What it does, in words.
    pub activity: Option<String>,
    /// Its website.
    pub website: Option<Url>,
    /// The account that receives its payments.
    pub iban: Iban,
    /// The currency of its payments.
    pub currency: Currency,
    /// Who acts for it.
    pub representative: Contact,
    /// Where its payers are to be sent back to.
    pub redirect_urls: Vec<Url>,
    /// Its declared figures.
    pub figures: Limits,
    /// Who at the platform is told of the decision.
    pub contact_email: Option<String>,
}

impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Application").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Longest name that payers see, in characters.
pub const MAX_DISPLAY_NAME_CHARS: usize = 70;

impl Application {
    /// The sections of an onboarding file that it pre-fills. None of them is whole: what is left empty is for the
    /// officer, who verifies the rest.
    #[must_use]
    pub fn prefills(&self) -> Vec<(Section, Record)> {
        let record = |fields: &[(&str, &str)]| {
            let filled = fields.iter().filter(|(_, value)| !value.is_empty());
            Record(filled.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        let company = record(&[
            ("name", &self.name),
            ("country", &self.country),
            ("company_code", &self.registration_number),
            ("register_number", self.trade_register_number.as_deref().unwrap_or_default()),
            ("legal_form", &self.legal_form),
            ("seat", &self.address),
            ("caen", &self.activity_code),
            ("activity", self.activity.as_deref().unwrap_or_default()),
        ]);
        let person = &self.representative;
        let representative = record(&[("name", &person.name), ("email", &person.email), ("phone", &person.phone)]);
        vec![(Section::Company, company), (Section::Representative, representative)]
    }

    /// A client id for it: the platform's and the one it has there, in characters that a client id may have.
    #[must_use]
    pub fn client_id(platform_client_id: &str, external_client_id: &str) -> String {
        let usable = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
        let both = format!("{platform_client_id}.{external_client_id}");
        both.chars().map(usable).take(64).collect()
    }
}

/// Whether it can be a number by which a company outside Romania is known.
#[must_use]
pub fn is_registration_number(text: &str) -> bool {
    (2..=30).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"./-".contains(&b))
}

/// Whether it is a telephone number as people write one: 6 to 15 digits (ITU-T E.164), a leading plus, and spaces,
/// dots, dashes or brackets between them.
#[must_use]
pub fn is_phone(text: &str) -> bool {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let usable = |c: char| c.is_ascii_digit() || " .-()".contains(c);
    (6..=15).contains(&digits) && text.len() <= 30 && rest.chars().all(usable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_telephones_and_companies() {
        for good in ["+40 721 234 567", "0721.234.567", "(021) 312-3456", "+3812345678"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "",
            "+",
            "12345",
            "0721 234 567 ext 9",
            "1234567890123456",
            "0721+234567",
            "٠٧٢١٢٣٤٥٦٧",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
        for good in ["HRB12345", "12.345/B", "FN-1"] {
            assert!(is_registration_number(good), "{good}");
        }
        for bad in ["", "1", "HRB 12345", "ă1", "1234567890123456789012345678901"] {
            assert!(!is_registration_number(bad), "{bad}");
        }
    }

    #[test]
    fn a_client_id_has_only_characters_that_one_may_have() {
        assert_eq!(Application::client_id("platforma", "magazin 7/ș"), "platforma.magazin-7--");
        assert_eq!(Application::client_id(&"p".repeat(60), "123456789").len(), 64);
    }

    #[test]
    fn every_state_has_its_word() {
        for state in ApplicationState::ALL {
            assert_eq!(ApplicationState::parse(state.as_str()), Some(state));
        }
        assert_eq!(ApplicationState::parse("received"), None);
    }
}
