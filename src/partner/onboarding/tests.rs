use super::*;
use chrono::NaiveDate;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()
}

fn checked(section: Section, typed: &[(&str, &'static str)]) -> Result<Record, Vec<(&'static str, Wrong)>> {
    check(
        section,
        |name| typed.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value),
        today(),
    )
}

const COMPANY: [(&str, &str); 8] = [
    ("name", "  Atelierul   Galben SRL "),
    ("country", "ro"),
    ("company_code", "RO 14399840"),
    ("register_number", "j40/1234/2020"),
    ("legal_form", "srl"),
    ("seat", "Str. Lungă 1\r\nBrașov"),
    ("caen", "47 91"),
    ("purpose", "Încasări din magazinul online"),
];
const OWNER: [(&str, &str); 8] = [
    ("name", "Ana Pop"),
    ("citizenship", "RO"),
    ("cnp", "1800101221144"),
    ("birth_date", "1980-01-01"),
    ("residence", "RO"),
    ("control", "shares"),
    ("share_percent", "25,5 %"),
    ("pep", "no"),
];

fn with(fields: &[(&'static str, &'static str)], change: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<_> = fields
        .iter()
        .filter(|(name, _)| !change.iter().any(|(c, _)| c == name))
        .copied()
        .collect();
    all.extend(change);
    all
}

#[test]
fn what_is_right_is_kept_tidily() {
    let company = checked(Section::Company, &COMPANY).unwrap();
    assert_eq!(company.get("name"), "Atelierul Galben SRL");
    assert_eq!((company.get("country"), company.get("company_code")), ("RO", "RO14399840"));
    assert_eq!((company.get("register_number"), company.get("caen")), ("J40/1234/2020", "4791"));
    assert_eq!(company.get("seat"), "Str. Lungă 1\nBrașov");
    assert_eq!(checked(Section::Owner, &OWNER).unwrap().get("share_percent"), "25.5");
    assert!(!format!("{company:?}").contains("Galben"));
}

#[test]
fn each_wrong_field_is_named_with_its_reason() {
    let wrong = |fields: &[(&'static str, &'static str)], section, change: &[(&'static str, &'static str)]| {
        checked(section, &with(fields, change)).unwrap_err()
    };
    for (change, expected) in [
        (("company_code", "14399841"), Wrong::CompanyCode),
        (("register_number", "40/1234/2020"), Wrong::RegisterNumber),
        (("country", "XX"), Wrong::Country),
        (("caen", "47911"), Wrong::Caen),
        (("legal_form", "gmbh"), Wrong::Choice),
        (("name", ""), Wrong::Missing),
        (("name", "a\u{202e}b"), Wrong::Forbidden),
    ] {
        let found = wrong(&COMPANY, Section::Company, &[change]);
        assert!(found.contains(&(change.0, expected)), "{change:?}: {found:?}");
    }
    for (change, expected) in [
        (("cnp", "1800101221145"), Wrong::Cnp),
        (("cnp", ""), Wrong::Missing),
        (("birth_date", "1980-01-02"), Wrong::CnpDisagrees),
        (("birth_date", "2026-11-22"), Wrong::InFuture),
        (("birth_date", "1.1.1980"), Wrong::Date),
        (("share_percent", "100.01"), Wrong::Share),
        (("share_percent", "0"), Wrong::Share),
        (("share_percent", ""), Wrong::Missing),
    ] {
        let found = wrong(&OWNER, Section::Owner, &[change]);
        assert!(found.contains(&(change.0, expected)), "{change:?}: {found:?}");
    }
    assert!(checked(Section::Owner, &with(&OWNER, &[("citizenship", "FR"), ("cnp", "")])).is_ok());
    let foreign = with(
        &COMPANY,
        &[("country", "RS"), ("company_code", "112233445"), ("register_number", "BD 12/2020")],
    );
    assert!(checked(Section::Company, &foreign).is_ok(), "the check digits are Romania's");
    let long = "x".repeat(141).leak();
    let found = wrong(&OWNER, Section::Owner, &[("name", long)]);
    assert_eq!(found, [("name", Wrong::TooLong(140))]);
}

fn complete() -> (OnboardingFile, Vec<DocumentKind>) {
    let mut file = OnboardingFile::default();
    let representative = [
        ("name", "Ion Radu"),
        ("position", "administrator"),
        ("citizenship", "FR"),
        ("birth_date", "1975-05-05"),
        ("document_kind", "passport"),
        ("document_number", "AB123"),
        ("document_expires", "2027-01-01"),
        ("email", "ion@firma.example"),
        ("basis", "articles"),
        ("pep", "no"),
    ];
    let risk = [("class", "normal"), ("assessed_on", "2026-11-20"), ("notes", "magazin mic")];
    let ownership = [("part_of_group", "no"), ("owners_exception", "none")];
    for (section, fields) in [
        (Section::Company, COMPANY.as_slice()),
        (Section::Ownership, &ownership),
        (Section::Owner, &OWNER),
        (Section::Representative, &representative),
        (Section::Risk, &risk),
    ] {
        assert!(file.put(section, None, checked(section, fields).unwrap()));
    }
    let documents = vec![
        DocumentKind::RegistrationCertificate,
        DocumentKind::Articles,
        DocumentKind::OwnersDeclaration,
        DocumentKind::RepresentativeIdentity,
    ];
    (file, documents)
}

fn change(file: &mut OnboardingFile, section: Section, field: &str, value: &str) {
    let mut record = file.section(section).unwrap().clone();
    record.0.insert(field.into(), value.into());
    assert!(file.put(section, None, record));
}

#[test]
fn the_list_names_what_misses_and_nothing_else() {
    let (file, documents) = complete();
    assert_eq!(missing(&file, &documents, today()), []);
    let nothing = missing(&OnboardingFile::default(), &[], today());
    assert!(
        nothing.starts_with(&[Missing::Identification, Missing::Ownership, Missing::Representative, Missing::Risk]),
        "{nothing:?}"
    );
    for kind in &documents {
        let rest: Vec<DocumentKind> = documents.iter().filter(|k| *k != kind).copied().collect();
        assert_eq!(missing(&file, &rest, today()), [Missing::Document(*kind)]);
    }
    let mut mandated = file.clone();
    change(&mut mandated, Section::Representative, "basis", "power_of_attorney");
    assert_eq!(missing(&mandated, &documents, today()), [Missing::Document(DocumentKind::Mandate)]);
    let mut grouped = file.clone();
    change(&mut grouped, Section::Ownership, "part_of_group", "yes");
    assert_eq!(missing(&grouped, &documents, today()), [Missing::GroupCompany]);
    let mut ownerless = file.clone();
    assert!(ownerless.remove(Section::Owner, 1) && !ownerless.remove(Section::Owner, 1));
    assert_eq!(missing(&ownerless, &documents, today()), [Missing::Owner]);
    change(&mut ownerless, Section::Ownership, "owners_exception", "listed");
    assert_eq!(missing(&ownerless, &documents, today()), []);
    let next_year = today() + chrono::Days::new(90);
    assert_eq!(missing(&file, &documents, next_year), [Missing::RepresentativeExpired]);
}

#[test]
fn a_section_that_was_only_begun_is_still_missing() {
    for (section, field, what) in [
        (Section::Company, "purpose", Missing::Identification),
        (Section::Representative, "basis", Missing::Representative),
    ] {
        let (mut file, documents) = complete();
        change(&mut file, section, field, "");
        assert_eq!(missing(&file, &documents, today()), [what]);
    }
}

#[test]
fn a_politically_exposed_person_makes_the_risk_high() {
    let (mut file, documents) = complete();
    change(&mut file, Section::Representative, "pep", "yes");
    assert_eq!(missing(&file, &documents, today()), [Missing::HighRisk]);
    change(&mut file, Section::Risk, "class", "high");
    assert_eq!(missing(&file, &documents, today()), []);
}

#[test]
fn changes_are_named_by_their_fields_and_numbers_are_not_used_twice() {
    let (before, _) = complete();
    let mut after = before.clone();
    change(&mut after, Section::Risk, "class", "high");
    assert!(after.put(
        Section::Owner,
        Some(1),
        checked(Section::Owner, &with(&OWNER, &[("share_percent", "30")])).unwrap()
    ));
    assert_eq!(
        after.differs_in(&before).into_iter().collect::<Vec<_>>(),
        ["owner.1.share_percent", "risk.class"]
    );
    assert!(after.remove(Section::Owner, 1));
    assert!(after.put(Section::Owner, None, checked(Section::Owner, &OWNER).unwrap()));
    assert_eq!(after.entries(Section::Owner)[0].number, 2);
    assert!(!after.put(Section::Owner, Some(1), Record::default()));
    let stored = serde_json::to_string(&after).unwrap();
    assert_eq!(serde_json::from_str::<OnboardingFile>(&stored).unwrap(), after);
}

#[test]
fn the_type_of_a_document_is_what_it_is() {
    assert_eq!(document_type(b"%PDF-1.7\n%\xe2\xe3"), Some("application/pdf"));
    assert_eq!(document_type(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Some("image/png"));
    assert_eq!(document_type(b"\xff\xd8\xff\xe0\0\x10JFIF"), Some("image/jpeg"));
    for other in [b"MZ\x90\0".as_slice(), b"<html>", b"PK\x03\x04", b"GIF89a", b""] {
        assert_eq!(document_type(other), None);
    }
}
