//! What the pages of partners' files say, in both languages side by side.

use crate::partner::onboarding::{DocumentKind, Missing, Section};
use crate::payment::Language;
use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts of partners' files.
    FileTexts {
        all_files: "Dosare parteneri", "Partner files";
        all_lead: "Cine este fiecare partener, cine îl deține și cine îl reprezintă (Legea 129/2019). Dosarul se reînnoiește în fiecare an și se păstrează cinci ani după ce relația s-a încheiat.",
            "Who each partner is, who owns it and who acts for it (Law 129/2019). The file is renewed every year and kept for five years after the relation has ended.";
        no_partners: "Nu există încă niciun partener. Adaugă unul și apoi completează-i dosarul aici.", "There is no partner yet. Add one, then fill in its file here.";
        to_renew: "De reînnoit", "To be renewed";
        nothing_to_renew: "Niciun dosar nu trebuie reînnoit în următoarele 60 de zile.", "No file must be renewed in the next 60 days.";
        partner: "Partener", "Partner";
        state: "Stare", "State";
        due: "Termen de reînnoire", "Renewal due";
        left: "Mai sunt", "Left";
        days: "zile", "days";
        overdue: "depășit", "overdue";
        complete: "complet", "complete";
        incomplete: "incomplet", "incomplete";
        ended: "relație încheiată", "relation ended";
        erased: "șters", "erased";
        not_begun: "neînceput", "not begun";
        file: "Dosarul partenerului", "The partner’s file";
        checklist: "Ce lipsește", "What is missing";
        checklist_lead: "Partenerul poate fi activat numai după ce lista este goală. Certificatul și adresele de întoarcere sunt în profil.", "The partner can be activated only when this list is empty. Certificate and return addresses are in its profile.";
        nothing_missing: "Nu lipsește nimic: dosarul este complet.", "Nothing is missing: the file is complete.";
        fill_in: "Completează", "Fill in";
        change: "Modifică", "Change";
        take_out: "Scoate", "Take out";
        as_company: "Completează ca persoană juridică", "Fill in as a company";
        as_person: "Completează ca persoană fizică", "Fill in as a natural person";
        documents: "Documente", "Documents";
        no_documents: "Niciun document. Încarcă mai jos documentele cerute.", "No documents. Upload the required ones below.";
        document: "Document", "Document";
        size: "Mărime", "Size";
        added: "Adăugat", "Added";
        removed: "Scos", "Removed";
        upload: "Încarcă un document", "Upload a document";
        upload_hint: "PDF, PNG sau JPEG, cel mult 10 MB. Se păstrează criptat; fiecare descărcare intră în jurnalul de audit.", "PDF, PNG or JPEG, at most 10 MB. It is stored encrypted; each download is in the audit log.";
        what_it_proves: "Ce dovedește", "What it proves";
        upload_button: "Încarcă", "Upload";
        remove: "Scoate documentul", "Remove the document";
        reason: "Motivul", "The reason";
        reason_hint: "Între 10 și 500 de caractere. Rămâne în dosar.", "10 to 500 characters. It stays in the file.";
        renewal: "Reînnoire anuală", "Yearly renewal";
        renewal_lead: "Verifică datele și documentele cu partenerul, apoi confirmă: începe un an nou.", "Verify data and documents with the partner, then confirm: a new year begins.";
        renew_button: "Am verificat, reînnoiește", "Verified, renew";
        no_renewal_yet: "Primul an începe când dosarul este complet.", "The first year begins when the file is complete.";
        end_relation: "Încheierea relației", "End of the relation";
        end_lead: "Partenerul nu mai poate trimite plăți. Dosarul nu se mai schimbă și este șters după termenul de păstrare.", "The partner can send no more payments. The file no longer changes, and is erased when its time is over.";
        end_button: "Încheie relația", "End the relation";
        ended_on: "Relația s-a încheiat la", "The relation ended on";
        kept_until: "Dosarul se păstrează până la", "The file is kept until";
        erased_on: "Dosarul a fost șters la", "The file was erased on";
        history: "Istoric", "History";
        history_lead: "Fiecare modificare, cu valorile de dinainte și de după.", "Every change, with the values before and after.";
        as_it_stood: "Cum arăta dosarul la o dată", "The file as it stood on a date";
        on_day: "Data", "Date";
        show: "Arată", "Show";
        stood_on: "Dosarul la sfârșitul zilei de", "The file at the end of";
        nothing_then: "La acea dată dosarul nu exista.", "There was no file on that date.";
        no_history: "Încă nu s-a completat nimic.", "Nothing was filled in yet.";
        when: "Când", "When";
        who: "Cine", "Who";
        what: "Ce", "What";
        before: "Înainte", "Before";
        after: "După", "After";
        back_to_file: "Înapoi la dosar", "Back to the file";
        save: "Salvează", "Save";
        optional: "dacă este cazul", "where it applies";
        choose: "Alege", "Choose";
        errors: "Verifică ce ai completat", "Check what you entered";
        saved: "Modificarea a fost salvată.", "The change was saved.";
        renewed: "Dosarul a fost reînnoit pentru un an.", "The file was renewed for a year.";
    }
}

/// Words of fields, choices and problems: key, Romanian, English. A choice is looked up as `field.choice` first.
const WORDS: &[(&str, &str, &str)] = &[
    ("name", "Nume", "Name"),
    ("country", "Țara (cod de două litere)", "Country (two letters)"),
    ("company_code", "CUI sau codul fiscal", "CUI or tax number"),
    ("register_number", "Numărul din registrul comerțului", "Trade register number"),
    ("legal_form", "Forma juridică", "Legal form"),
    ("seat", "Sediul social", "Registered office"),
    ("caen", "Cod CAEN", "CAEN (NACE) class"),
    ("activity", "Activitatea în cuvinte", "Activity in words"),
    ("purpose", "Scopul relației de afaceri", "Purpose of the business relation"),
    ("citizenship", "Cetățenia (cod de două litere)", "Citizenship (two letters)"),
    ("cnp", "CNP", "Personal number (CNP)"),
    ("birth_date", "Data nașterii", "Date of birth"),
    ("document_kind", "Actul de identitate", "Identity document"),
    ("document_number", "Seria și numărul actului", "Number of the document"),
    ("document_expires", "Actul este valabil până la", "The document is valid until"),
    ("address", "Domiciliul", "Address"),
    (
        "part_of_group",
        "Face parte dintr-un grup de firme",
        "Belongs to a group of companies",
    ),
    (
        "owners_exception",
        "Excepția legală de la beneficiarul real",
        "Legal exception from naming owners",
    ),
    ("exception_basis", "Temeiul excepției", "Basis of the exception"),
    (
        "residence",
        "Țara de reședință (cod de două litere)",
        "Country of residence (two letters)",
    ),
    ("control", "Cum controlează firma", "How the company is controlled"),
    ("share_percent", "Cota (%)", "Share (%)"),
    ("control_note", "Lămuriri despre control", "More about the control"),
    ("pep", "Persoană expusă public", "Politically exposed person"),
    ("relation", "Legătura cu partenerul", "Relation to the partner"),
    ("position", "Funcția", "Position"),
    ("email", "E-mail", "E-mail"),
    ("phone", "Telefon", "Telephone"),
    ("basis", "Temeiul mandatului", "Basis of the mandate"),
    ("mandate_date", "Data împuternicirii", "Date of the power of attorney"),
    (
        "mandate_expires",
        "Împuternicirea este valabilă până la",
        "The power of attorney is valid until",
    ),
    ("class", "Clasa de risc", "Risk class"),
    ("assessed_on", "Data evaluării", "Date of the assessment"),
    ("notes", "Motivarea clasei de risc", "Why this class"),
    ("no", "nu", "no"),
    ("yes", "da", "yes"),
    ("srl", "SRL", "SRL (limited company)"),
    ("sa", "SA", "SA (stock company)"),
    ("snc", "SNC", "SNC (general partnership)"),
    ("scs", "SCS", "SCS (limited partnership)"),
    ("sca", "SCA", "SCA (partnership limited by shares)"),
    ("pfa", "PFA", "PFA (sole trader)"),
    ("ii", "Întreprindere individuală", "II (sole proprietorship)"),
    ("if", "Întreprindere familială", "IF (family business)"),
    ("cooperative", "Societate cooperativă", "Cooperative"),
    ("association", "Asociație sau fundație", "Association or foundation"),
    ("public", "Instituție publică", "Public institution"),
    ("other", "altele", "other"),
    ("identity_card", "carte de identitate", "identity card"),
    ("passport", "pașaport", "passport"),
    ("residence_permit", "permis de ședere", "residence permit"),
    ("none", "fără excepție", "no exception"),
    (
        "listed",
        "societate listată pe o piață reglementată",
        "company listed on a regulated market",
    ),
    ("public_authority", "autoritate sau instituție publică", "public authority"),
    ("shares", "părți sociale sau acțiuni", "shares"),
    ("votes", "drepturi de vot", "voting rights"),
    (
        "management",
        "conducere (nu există alt beneficiar real)",
        "management (there is no other owner)",
    ),
    ("parent", "societate-mamă", "parent"),
    ("subsidiary", "filială", "subsidiary"),
    ("sister", "societate soră", "sister company"),
    ("law", "legea", "the law"),
    ("basis.articles", "actul constitutiv", "the articles of association"),
    ("power_of_attorney", "împuternicire", "power of attorney"),
    ("low", "scăzut", "low"),
    ("normal", "normal", "normal"),
    ("high", "ridicat", "high"),
    ("MISSING", "Completează câmpul.", "Fill in the field."),
    ("TOO_LONG", "Textul este prea lung.", "The text is too long."),
    (
        "FORBIDDEN_CHARACTERS",
        "Textul conține caractere care nu se văd. Scrie-l din nou.",
        "The text holds invisible characters. Type it again.",
    ),
    (
        "NOT_A_CUI",
        "Nu este un CUI: cifra de control nu se potrivește.",
        "Not a CUI: its check digit does not fit.",
    ),
    (
        "NOT_A_REGISTER_NUMBER",
        "Scrie numărul ca J40/1234/2020 sau J2024025879004.",
        "Write the number as J40/1234/2020 or J2024025879004.",
    ),
    ("NOT_A_CAEN_CLASS", "Codul CAEN are patru cifre.", "A CAEN class has four digits."),
    ("NOT_A_CNP", "Nu este un CNP: verifică cifrele.", "Not a CNP: check the digits."),
    (
        "CNP_DISAGREES",
        "CNP-ul conține altă dată de naștere.",
        "The CNP holds another date of birth.",
    ),
    ("NOT_A_DATE", "Scrie data ca AAAA-LL-ZZ.", "Write the date as YYYY-MM-DD."),
    ("IN_THE_FUTURE", "Data este în viitor.", "The date is in the future."),
    (
        "EXPIRED",
        "Data a trecut: documentul nu mai este valabil.",
        "The date has passed: the document is no longer valid.",
    ),
    (
        "NOT_A_COUNTRY",
        "Scrie codul țării, de exemplu RO.",
        "Write the country’s code, such as RO.",
    ),
    ("NOT_A_CHOICE", "Alege una dintre variante.", "Choose one of these."),
    (
        "NOT_A_SHARE",
        "Scrie un procent mai mare ca 0 și cel mult 100.",
        "Write a percentage above 0 and at most 100.",
    ),
    ("NOT_AN_EMAIL", "Nu este o adresă de e-mail.", "Not an e-mail address."),
    (
        "STALE",
        "Altcineva a schimbat dosarul între timp. Ce ai scris este mai jos; verifică și salvează din nou.",
        "Somebody else changed the file meanwhile. What you typed is below; check it and save again.",
    ),
    (
        "PAGE_EXPIRED",
        "Pagina a stat deschisă prea mult. Trimite din nou.",
        "The page was open for too long. Send it again.",
    ),
    (
        "NO_REASON",
        "Scrie motivul, între 10 și 500 de caractere.",
        "Give the reason, 10 to 500 characters.",
    ),
    (
        "TOO_LARGE",
        "Documentul este mai mare de 10 MB.",
        "The document is larger than 10 MB.",
    ),
    (
        "NOT_A_DOCUMENT",
        "Documentul nu este PDF, PNG sau JPEG.",
        "The document is neither PDF, PNG nor JPEG.",
    ),
    (
        "NOT_NOW",
        "Nu se poate acum: dosarul nu este complet sau relația s-a încheiat.",
        "Not possible now: the file is not complete, or the relation has ended.",
    ),
    ("clock", "automat", "automatic"),
    ("relation_ended", "relația s-a încheiat", "the relation ended"),
    ("document_added", "Document încărcat", "Document added"),
    ("document_removed", "Document scos", "Document removed"),
    ("renewal", "reînnoire", "renewal"),
];

/// The words of a key; the key itself when there are none, which a test rules out for what pages show.
#[must_use]
pub fn words(language: Language, key: &str) -> &str {
    let found = WORDS.iter().find(|(known, ..)| *known == key);
    found.map_or(key, |(_, ro, en)| if language == Language::Ro { ro } else { en })
}

/// A choice of a field in words.
#[must_use]
pub fn choice_words(language: Language, field: &str, choice: &str) -> String {
    let own = format!("{field}.{choice}");
    let key = if WORDS.iter().any(|(known, ..)| *known == own) {
        &own
    } else {
        choice
    };
    words(language, key).to_owned()
}

const fn pick(language: Language, ro: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ro => ro,
        Language::En => en,
    }
}

/// The name of a section.
#[must_use]
pub const fn section_name(language: Language, section: Section) -> &'static str {
    let (ro, en) = match section {
        Section::Company => ("Persoana juridică", "Company"),
        Section::Person => ("Persoana fizică", "Natural person"),
        Section::Ownership => ("Grup și beneficiari reali", "Group and ownership"),
        Section::Owner => ("Beneficiar real", "Beneficial owner"),
        Section::GroupCompany => ("Firmă din grup", "Company of the group"),
        Section::Representative => ("Reprezentant și mandat", "Representative and mandate"),
        Section::Risk => ("Risc", "Risk"),
    };
    pick(language, ro, en)
}

/// The name of a kind of document.
#[must_use]
pub const fn kind_name(language: Language, kind: DocumentKind) -> &'static str {
    let (ro, en) = match kind {
        DocumentKind::RegistrationCertificate => ("certificatul de înregistrare", "certificate of registration"),
        DocumentKind::Articles => ("actul constitutiv", "articles of association"),
        DocumentKind::HolderIdentity => ("actul de identitate al partenerului", "identity document of the partner"),
        DocumentKind::RepresentativeIdentity => ("actul de identitate al reprezentantului", "identity document of the representative"),
        DocumentKind::Mandate => ("împuternicirea", "power of attorney"),
        DocumentKind::OwnersDeclaration => ("declarația beneficiarilor reali", "declaration of the beneficial owners"),
        DocumentKind::Other => ("alt document", "another document"),
    };
    pick(language, ro, en)
}

/// What misses, as a sentence.
#[must_use]
pub fn missing_words(language: Language, missing: Missing) -> String {
    let (ro, en) = match missing {
        Missing::Identification => (
            "Cine este partenerul: persoană juridică sau fizică.",
            "Who the partner is: a company or a natural person.",
        ),
        Missing::IdentityExpired => (
            "Actul de identitate al partenerului a expirat.",
            "The partner’s identity document has expired.",
        ),
        Missing::Ownership => (
            "Dacă face parte dintr-un grup și dacă are beneficiari reali.",
            "Whether it belongs to a group, and whether it has owners to name.",
        ),
        Missing::Owner => (
            "Cel puțin un beneficiar real sau excepția legală.",
            "At least one beneficial owner, or the legal exception.",
        ),
        Missing::GroupCompany => (
            "Cel puțin o firmă din grupul din care face parte.",
            "At least one company of the group it belongs to.",
        ),
        Missing::Representative => ("Cine îl reprezintă și cu ce mandat.", "Who acts for it, and by which mandate."),
        Missing::RepresentativeExpired => (
            "Actul de identitate al reprezentantului a expirat.",
            "The representative’s identity document has expired.",
        ),
        Missing::MandateExpired => ("Împuternicirea a expirat.", "The power of attorney has expired."),
        Missing::Risk => ("Clasa de risc și motivarea ei.", "The risk class, and why."),
        Missing::HighRisk => (
            "Există o persoană expusă public: clasa de risc trebuie să fie „ridicat” (art. 17).",
            "There is a politically exposed person: the risk class must be high (art. 17).",
        ),
        Missing::Document(kind) => {
            let name = kind_name(language, kind);
            return format!("{} {name}.", pick(language, "Document:", "Document:"));
        }
    };
    pick(language, ro, en).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::onboarding::{Rule, Wrong};

    #[test]
    fn everything_has_words_in_both_languages_with_the_right_letters() {
        for (key, ro, en) in WORDS {
            assert!(!ro.is_empty() && !en.is_empty() && !ro.contains(['ş', 'ţ']), "{key}");
        }
        let known = |key: &str| WORDS.iter().any(|(k, ..)| *k == key);
        for field in Section::ALL.into_iter().flat_map(Section::fields) {
            assert!(known(field.name), "{}", field.name);
            if let Rule::Choice(choices) = field.rule {
                for choice in choices {
                    assert!(
                        known(choice) || known(&format!("{}.{choice}", field.name)),
                        "{}.{choice}",
                        field.name
                    );
                }
            }
        }
        for wrong in [
            Wrong::Missing,
            Wrong::TooLong(1),
            Wrong::Forbidden,
            Wrong::CompanyCode,
            Wrong::RegisterNumber,
            Wrong::Caen,
            Wrong::Cnp,
            Wrong::CnpDisagrees,
            Wrong::Date,
            Wrong::InFuture,
            Wrong::Expired,
            Wrong::Country,
            Wrong::Choice,
            Wrong::Share,
            Wrong::Email,
        ] {
            assert!(known(wrong.code()), "{}", wrong.code());
        }
        assert_eq!(choice_words(Language::Ro, "basis", "articles"), "actul constitutiv");
    }
}
