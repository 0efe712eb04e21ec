//! What a compliance officer enters about a company, as it is typed.

use super::TestApp;
use smartpay::flow::FlowError;
use smartpay::flow::onboarding::{self, Change, Onboarded};
use smartpay::partner::onboarding::{DocumentKind, Section};
use zeroize::Zeroizing;

pub const COMPANY_NAME: &str = "Atelierul Galben Canar SRL";
pub const OWNER_NAME: &str = "Ana-Canara Popescu";
pub const OWNER_CNP: &str = "1800101221144";
pub const REPRESENTATIVE: &str = "Ion-Canar Radu";
pub const DOCUMENT_WORD: &str = "cuvant-canar-din-document-5521";

pub type Typed = Vec<(&'static str, String)>;

fn typed(fields: &[(&'static str, &str)]) -> Typed {
    fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

pub fn company() -> Typed {
    typed(&[
        ("name", COMPANY_NAME),
        ("country", "RO"),
        ("company_code", "14399840"),
        ("register_number", "J40/1234/2020"),
        ("legal_form", "srl"),
        ("seat", "Str. Canarului 81, Brașov"),
        ("caen", "4791"),
        ("purpose", "Încasarea comenzilor din magazinul online"),
    ])
}

pub fn owner() -> Typed {
    typed(&[
        ("name", OWNER_NAME),
        ("citizenship", "RO"),
        ("cnp", OWNER_CNP),
        ("birth_date", "1980-01-01"),
        ("residence", "RO"),
        ("control", "shares"),
        ("share_percent", "100"),
        ("pep", "no"),
    ])
}

/// The representative, whose passport is good for years.
pub fn representative(app: &TestApp) -> Typed {
    let expires = (app.today() + chrono::Days::new(9 * 365)).to_string();
    typed(&[
        ("name", REPRESENTATIVE),
        ("position", "administrator"),
        ("citizenship", "FR"),
        ("birth_date", "1975-05-05"),
        ("document_kind", "passport"),
        ("document_number", "09AB12345"),
        ("document_expires", &expires),
        ("email", "ion.canar@firma.example"),
        ("basis", "articles"),
        ("pep", "no"),
    ])
}

pub fn ownership() -> Typed {
    typed(&[("part_of_group", "no"), ("owners_exception", "none")])
}

pub fn risk(app: &TestApp) -> Typed {
    let today = app.today().to_string();
    typed(&[("class", "normal"), ("assessed_on", &today), ("notes", "magazin mic, fără numerar")])
}

/// A document that is a PDF by its content, larger than one part.
pub fn pdf() -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    while bytes.len() < 600_000 {
        bytes.extend_from_slice(DOCUMENT_WORD.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

pub const DOCUMENTS: [DocumentKind; 4] = [
    DocumentKind::RegistrationCertificate,
    DocumentKind::Articles,
    DocumentKind::OwnersDeclaration,
    DocumentKind::RepresentativeIdentity,
];

impl TestApp {
    /// A partner's file as it is.
    pub async fn onboarded(&self, id: &str) -> Onboarded {
        onboarding::read(&self.cx, id).await.unwrap()
    }

    /// Enters a section, or the entry of this number, of the file as it is now.
    pub async fn enter(&self, id: &str, section: Section, number: Option<u32>, typed: &Typed) -> Result<(), FlowError> {
        let change = Change {
            by: "ofiter".into(),
            partner_id: id.into(),
            version: self.onboarded(id).await.file.version,
        };
        let value = |name: &str| typed.iter().find(|(known, _)| *known == name).map_or("", |(_, v)| v);
        onboarding::enter(&self.cx, change, section, number, value).await
    }

    /// Adds a document.
    pub async fn add_document(&self, id: &str, kind: DocumentKind) -> Result<(), FlowError> {
        let content = Zeroizing::new(pdf());
        onboarding::documents::add(&self.cx, "ofiter", id, kind, "act-canar.pdf", content).await
    }

    /// Enters all there is to enter about a partner.
    pub async fn onboard(&self, client_id: &str) -> String {
        let id = self.partner_id(client_id).await;
        for (section, typed) in [
            (Section::Company, company()),
            (Section::Ownership, ownership()),
            (Section::Owner, owner()),
            (Section::Representative, representative(self)),
            (Section::Risk, risk(self)),
        ] {
            self.enter(&id, section, None, &typed).await.unwrap();
        }
        for kind in DOCUMENTS {
            self.add_document(&id, kind).await.unwrap();
        }
        id
    }
}
