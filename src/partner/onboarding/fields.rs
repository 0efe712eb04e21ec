//! The fields of each section, and the rule of each field.

use super::numbers::{birth_date_of_cnp, is_cui, is_trade_register_number};
use super::{Record, Section};
use crate::payment::text::{has_forbidden_characters, is_email};
use chrono::NaiveDate;

/// What a field may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// One line of at most so many characters.
    Line(usize),
    /// Several lines, at most so many characters.
    Lines(usize),
    /// In Romania the unique registration code (CUI), elsewhere the number by which the company is known.
    CompanyCode,
    /// In Romania the trade register's number, elsewhere any.
    RegisterNumber,
    /// Class of activity (CAEN, NACE): four digits.
    Caen,
    /// Romanian personal number; may be missing only for a foreigner, and must agree with the date of birth.
    Cnp,
    /// `YYYY-MM-DD`, not after today.
    PastDate,
    /// `YYYY-MM-DD`, today or later: an expired document proves nothing.
    ValidUntil,
    /// ISO 3166-1 alpha-2.
    Country,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Percent, above 0 and at most 100, with at most two decimals.
    Share,
    /// An e-mail address.
    Email,
}

/// A field of a section.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in forms and in the history.
    pub name: &'static str,
    /// What it may hold.
    pub rule: Rule,
    /// Whether it must always be filled in; some others must in certain cases.
    pub required: bool,
}

const fn needed(name: &'static str, rule: Rule) -> Field {
    Field {
        name,
        rule,
        required: true,
    }
}

const fn optional(name: &'static str, rule: Rule) -> Field {
    Field {
        name,
        rule,
        required: false,
    }
}

const YES_NO: Rule = Rule::Choice(&["no", "yes"]);
const IDENTITY: Rule = Rule::Choice(&["identity_card", "passport", "residence_permit"]);
/// The legal forms of companies.
pub const LEGAL_FORMS: &[&str] = &[
    "srl",
    "sa",
    "snc",
    "scs",
    "sca",
    "pfa",
    "ii",
    "if",
    "cooperative",
    "association",
    "public",
    "other",
];

const COMPANY: &[Field] = &[
    needed("name", Rule::Line(160)),
    needed("country", Rule::Country),
    needed("company_code", Rule::CompanyCode),
    needed("register_number", Rule::RegisterNumber),
    needed("legal_form", Rule::Choice(LEGAL_FORMS)),
    needed("seat", Rule::Lines(300)),
    needed("caen", Rule::Caen),
    optional("activity", Rule::Line(200)),
    needed("purpose", Rule::Lines(500)),
];
const PERSON: &[Field] = &[
    needed("name", Rule::Line(140)),
    needed("citizenship", Rule::Country),
    optional("cnp", Rule::Cnp),
    needed("birth_date", Rule::PastDate),
    needed("document_kind", IDENTITY),
    needed("document_number", Rule::Line(20)),
    needed("document_expires", Rule::ValidUntil),
    needed("address", Rule::Lines(300)),
    needed("purpose", Rule::Lines(500)),
];
const OWNERSHIP: &[Field] = &[
    needed("part_of_group", YES_NO),
    needed("owners_exception", Rule::Choice(&["none", "listed", "public_authority"])),
    optional("exception_basis", Rule::Lines(300)),
];
const OWNER: &[Field] = &[
    needed("name", Rule::Line(140)),
    needed("citizenship", Rule::Country),
    optional("cnp", Rule::Cnp),
    needed("birth_date", Rule::PastDate),
    needed("residence", Rule::Country),
    needed("control", Rule::Choice(&["shares", "votes", "management", "other"])),
    optional("share_percent", Rule::Share),
    optional("control_note", Rule::Lines(300)),
    needed("pep", YES_NO),
];
const GROUP_COMPANY: &[Field] = &[
    needed("name", Rule::Line(160)),
    needed("country", Rule::Country),
    needed("company_code", Rule::CompanyCode),
    needed("relation", Rule::Choice(&["parent", "subsidiary", "sister"])),
];
const REPRESENTATIVE: &[Field] = &[
    needed("name", Rule::Line(140)),
    needed("position", Rule::Line(80)),
    needed("citizenship", Rule::Country),
    optional("cnp", Rule::Cnp),
    needed("birth_date", Rule::PastDate),
    needed("document_kind", IDENTITY),
    needed("document_number", Rule::Line(20)),
    needed("document_expires", Rule::ValidUntil),
    needed("email", Rule::Email),
    optional("phone", Rule::Line(30)),
    needed("basis", Rule::Choice(&["law", "articles", "power_of_attorney"])),
    optional("mandate_date", Rule::PastDate),
    optional("mandate_expires", Rule::ValidUntil),
    needed("pep", YES_NO),
];
const RISK: &[Field] = &[
    needed("class", Rule::Choice(&["low", "normal", "high"])),
    needed("assessed_on", Rule::PastDate),
    needed("notes", Rule::Lines(2000)),
];

impl Section {
    /// Its fields, in the order of the form.
    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Company => COMPANY,
            Self::Person => PERSON,
            Self::Ownership => OWNERSHIP,
            Self::Owner => OWNER,
            Self::GroupCompany => GROUP_COMPANY,
            Self::Representative => REPRESENTATIVE,
            Self::Risk => RISK,
        }
    }
}

/// Why a field cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is empty.
    Missing,
    /// It is longer than so many characters.
    TooLong(usize),
    /// It holds control characters, or characters that disguise a text.
    Forbidden,
    /// The check digit of the CUI does not fit.
    CompanyCode,
    /// Not a number of the trade register.
    RegisterNumber,
    /// Not four digits.
    Caen,
    /// The check digit of the CNP does not fit, or its date does not exist.
    Cnp,
    /// The CNP holds another date of birth.
    CnpDisagrees,
    /// Not a date.
    Date,
    /// After today.
    InFuture,
    /// Before today.
    Expired,
    /// No such country.
    Country,
    /// Nothing of what can be chosen.
    Choice,
    /// Not a share between 0 and 100 percent.
    Share,
    /// Not an e-mail address.
    Email,
}

impl Wrong {
    /// A stable word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "MISSING",
            Self::TooLong(_) => "TOO_LONG",
            Self::Forbidden => "FORBIDDEN_CHARACTERS",
            Self::CompanyCode => "NOT_A_CUI",
            Self::RegisterNumber => "NOT_A_REGISTER_NUMBER",
            Self::Caen => "NOT_A_CAEN_CLASS",
            Self::Cnp => "NOT_A_CNP",
            Self::CnpDisagrees => "CNP_DISAGREES",
            Self::Date => "NOT_A_DATE",
            Self::InFuture => "IN_THE_FUTURE",
            Self::Expired => "EXPIRED",
            Self::Country => "NOT_A_COUNTRY",
            Self::Choice => "NOT_A_CHOICE",
            Self::Share => "NOT_A_SHARE",
            Self::Email => "NOT_AN_EMAIL",
        }
    }
}

/// Checks what was typed into a section, each field by its rule and with those it depends on; `value_of` answers what
/// was typed into a field. Answers the record as it is kept: trimmed, codes in capital letters, shares with a point.
///
/// # Errors
/// Every field that cannot be taken, and why, in the order of the form.
pub fn check<'t>(section: Section, value_of: impl Fn(&str) -> &'t str, today: NaiveDate) -> Result<Record, Vec<(&'static str, Wrong)>> {
    let (mut record, mut wrong) = (Record::default(), Vec::new());
    for field in section.fields() {
        let typed = tidy(field.rule, value_of(field.name));
        if typed.is_empty() {
            if field.required {
                wrong.push((field.name, Wrong::Missing));
            }
            continue;
        }
        match one(field.rule, &typed, &value_of, today) {
            Some(why) => wrong.push((field.name, why)),
            None => {
                record.0.insert(field.name.into(), typed);
            }
        }
    }
    together(section, &record, &mut wrong, today);
    if wrong.is_empty() { Ok(record) } else { Err(wrong) }
}

/// The value as it is kept.
fn tidy(rule: Rule, typed: &str) -> String {
    let typed = typed.trim();
    match rule {
        Rule::Lines(_) => typed.replace("\r\n", "\n"),
        Rule::CompanyCode | Rule::RegisterNumber | Rule::Country => typed.split_whitespace().collect::<String>().to_uppercase(),
        Rule::Cnp | Rule::Caen => typed.split_whitespace().collect(),
        Rule::Share => typed.trim_end_matches('%').trim().replace(',', "."),
        _ => typed.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn one<'t>(rule: Rule, typed: &str, value_of: &impl Fn(&str) -> &'t str, today: NaiveDate) -> Option<Wrong> {
    let longest = match rule {
        Rule::Line(most) | Rule::Lines(most) => most,
        _ => 254,
    };
    if typed.chars().count() > longest {
        return Some(Wrong::TooLong(longest));
    }
    if has_forbidden_characters(&typed.replace('\n', " ")) {
        return Some(Wrong::Forbidden);
    }
    let romanian = value_of("country").trim().eq_ignore_ascii_case("RO");
    let short = typed.chars().count() <= 30;
    let (good, why) = match rule {
        Rule::Line(_) | Rule::Lines(_) => (true, Wrong::Missing),
        Rule::CompanyCode => (if romanian { is_cui(typed) } else { short }, Wrong::CompanyCode),
        Rule::RegisterNumber => (
            if romanian { is_trade_register_number(typed) } else { short },
            Wrong::RegisterNumber,
        ),
        Rule::Caen => (typed.len() == 4 && typed.bytes().all(|b| b.is_ascii_digit()), Wrong::Caen),
        Rule::Cnp => (birth_date_of_cnp(typed, today).is_some(), Wrong::Cnp),
        Rule::Country => (is_country(typed), Wrong::Country),
        Rule::Choice(words) => (words.contains(&typed), Wrong::Choice),
        Rule::Share => (is_share(typed), Wrong::Share),
        Rule::Email => (is_email(typed), Wrong::Email),
        Rule::PastDate | Rule::ValidUntil => match date(typed) {
            None => (false, Wrong::Date),
            Some(day) if rule == Rule::PastDate => (day <= today, Wrong::InFuture),
            Some(day) => (day >= today, Wrong::Expired),
        },
    };
    (!good).then_some(why)
}

/// The rules that bind fields to one another. Only fields that are good by themselves are looked at.
fn together(section: Section, record: &Record, wrong: &mut Vec<(&'static str, Wrong)>, today: NaiveDate) {
    let mut need = |field: &'static str, when: bool| {
        if when && record.get(field).is_empty() && !wrong.iter().any(|(known, _)| *known == field) {
            wrong.push((field, Wrong::Missing));
        }
    };
    // Every Romanian citizen has one.
    need("cnp", record.get("citizenship") == "RO");
    match section {
        Section::Ownership => need("exception_basis", !matches!(record.get("owners_exception"), "" | "none")),
        Section::Owner => {
            need("share_percent", matches!(record.get("control"), "shares" | "votes"));
            need("control_note", record.get("control") == "other");
        }
        Section::Representative => need("mandate_date", record.get("basis") == "power_of_attorney"),
        _ => {}
    }
    let in_number = birth_date_of_cnp(record.get("cnp"), today);
    let entered = date(record.get("birth_date"));
    if in_number.zip(entered).is_some_and(|(a, b)| a != b) {
        wrong.push(("birth_date", Wrong::CnpDisagrees));
    }
    let order = |name: &str| section.fields().iter().position(|f| f.name == name);
    wrong.sort_by_key(|(name, _)| order(name));
}

/// A date as forms send it (ISO 8601), in this or the last century.
#[must_use]
pub fn date(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (text.len() == 10 && (1900..=2199).contains(&chrono::Datelike::year(&day))).then_some(day)
}

/// Integer arithmetic: hundredths of a percent.
fn is_share(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str, most: usize| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 3) || !digits(part, 2) {
        return false;
    }
    let hundredths = format!("{whole}{part:0<2}").parse::<u32>();
    matches!(hundredths, Ok(1..=10_000))
}

/// ISO 3166-1 alpha-2, and XK, by which Kosovo is known in payments.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH \
GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB \
LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM \
PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG \
TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW XK";

/// Whether it is a country's code of two capital letters.
#[must_use]
pub fn is_country(text: &str) -> bool {
    COUNTRIES.split_ascii_whitespace().any(|code| code == text)
}
