//! clientActivation's JSON, field by field: every problem is named, not only the first.

use super::input::{self, RawObject};
use super::reader::{Problems, Reader, Refused};
use crate::flow::add_partner::is_plain_url;
use crate::flow::four_eyes::{MAX_COUNT, MAX_URL_BYTES, MOST_URLS};
use crate::partner::PartnerKind;
use crate::partner::application::{Application, Contact, MAX_DISPLAY_NAME_CHARS, is_phone, is_registration_number};
use crate::partner::onboarding::fields::{LEGAL_FORMS, is_country};
use crate::partner::onboarding::numbers::{is_cui, is_trade_register_number};
use crate::payment::limits::{Action, Figure, Limit, Limits};
use crate::payment::text::has_forbidden_characters;
use crate::payment::{Amount, Currency};
use serde_json::value::RawValue;
use url::Url;

/// Reads an application, and the platform's id of the sub-merchant.
///
/// # Errors
/// Every problem found.
pub fn read(object: &RawObject) -> Result<(String, Application), Refused> {
    let mut problems = Problems::default();
    let r = &mut Reader::new(object, String::new(), &mut problems);
    let external_id = r.needed("externalClientId", |r, f| r.text_or_number(f, 64));
    let application = application(r);
    problems.or(external_id.zip(application))
}

fn application(r: &mut Reader<'_>) -> Option<Application> {
    let kind = r.needed("requestedKind", kind);
    let legal_form = r.needed("legalForm", legal_form);
    let name = r.needed("name", |r, f| line(r, f, 160));
    let display_name = line(r, "displayName", MAX_DISPLAY_NAME_CHARS);
    let country = r.needed("country", country);
    let romanian = country.as_deref() == Some("RO");
    let registration_number = r.needed("registrationNumber", |r, f| registration_number(r, f, romanian));
    let trade_register_number = trade_register_number(r, "tradeRegisterNumber", romanian);
    let address = r.needed("address", |r, f| line(r, f, 300));
    let activity_code = r.needed("activityCode", activity_code);
    let activity = line(r, "activity", 200);
    let website = r.url("website");
    let iban = r.needed("iban", Reader::iban);
    let currency = r.needed("currency", currency);
    let representative = r.needed("representative", representative);
    let redirect_urls = r.needed("redirectURLs", redirect_urls);
    let figures = r.needed("declaredFigures", |r, f| figures(r, f, currency));
    let contact_email = r.email("contactEmail");
    let name = name?;
    Some(Application {
        kind: kind?,
        legal_form: legal_form?,
        display_name: display_name.unwrap_or_else(|| name.chars().take(MAX_DISPLAY_NAME_CHARS).collect()),
        name,
        country: country?,
        registration_number: registration_number?,
        trade_register_number,
        address: address?,
        activity_code: activity_code?,
        activity,
        website,
        iban: iban?,
        currency: currency?,
        representative: representative?,
        redirect_urls: redirect_urls?,
        figures: figures?,
        contact_email,
    })
}

/// A text on one line, which pages and mails may show.
fn line(r: &mut Reader<'_>, field: &str, max: usize) -> Option<String> {
    let text = r.short_text(field, max)?;
    if has_forbidden_characters(&text) {
        return r.problem(field, "FORBIDDEN_CHARACTERS", "control characters are not allowed");
    }
    Some(text)
}

fn kind(r: &mut Reader<'_>, field: &str) -> Option<PartnerKind> {
    let text = r.text(field)?.to_lowercase();
    PartnerKind::parse(&text).or_else(|| r.problem(field, "UNKNOWN_KIND", "must be ecommerce or finance"))
}

fn legal_form(r: &mut Reader<'_>, field: &str) -> Option<String> {
    let text = r.text(field)?.to_lowercase();
    if LEGAL_FORMS.contains(&text.as_str()) {
        return Some(text);
    }
    r.problem(field, "UNKNOWN_LEGAL_FORM", format!("must be one of {}", LEGAL_FORMS.join(", ")))
}

fn country(r: &mut Reader<'_>, field: &str) -> Option<String> {
    let text = r.text(field)?.to_uppercase();
    if is_country(&text) {
        return Some(text);
    }
    r.problem(field, "INVALID_COUNTRY", "not a country of ISO 3166-1; write it like RO")
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_uppercase()
}

fn registration_number(r: &mut Reader<'_>, field: &str, romanian: bool) -> Option<String> {
    let number = without_spaces(&r.text_or_number(field, 40)?);
    if romanian && !is_cui(&number) {
        return r.problem(
            field,
            "INVALID_CUI",
            "not a Romanian registration code (CUI): the check digit does not fit",
        );
    }
    if !romanian && !is_registration_number(&number) {
        return r.problem(field, "INVALID_NUMBER", "2 to 30 letters, digits, dots, dashes or slashes");
    }
    Some(number)
}

fn trade_register_number(r: &mut Reader<'_>, field: &str, romanian: bool) -> Option<String> {
    let number = without_spaces(&r.text_or_number(field, 40)?);
    let good = if romanian {
        is_trade_register_number(&number)
    } else {
        is_registration_number(&number)
    };
    if good {
        return Some(number);
    }
    r.problem(
        field,
        "INVALID_NUMBER",
        "not a number of a trade register; in Romania it is written like J40/1234/2020",
    )
}

fn activity_code(r: &mut Reader<'_>, field: &str) -> Option<String> {
    let code = r.text_or_number(field, 10)?;
    if code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit()) {
        return Some(code);
    }
    r.problem(field, "INVALID_CODE", "a class of activity (CAEN, NACE) has four digits")
}

fn currency(r: &mut Reader<'_>, field: &str) -> Option<Currency> {
    let text = r.text(field)?.to_uppercase();
    Currency::from_code(&text).or_else(|| r.problem(field, "UNKNOWN_CURRENCY", "must be RON, EUR or RSD"))
}

/// The fields of an object inside the call.
fn inside(r: &mut Reader<'_>, field: &str) -> Option<RawObject> {
    let raw = r.raw(field)?;
    match input::object(raw.as_bytes()) {
        Ok(object) => Some(object),
        Err(_) => r.problem(field, "WRONG_TYPE", "must be one object with each field once"),
    }
}

fn representative(r: &mut Reader<'_>, field: &str) -> Option<Contact> {
    let object = inside(r, field)?;
    let r = &mut Reader::new(&object, format!("{field}."), r.problems());
    let name = r.needed("name", |r, f| line(r, f, 140));
    let email = r.needed("email", Reader::email);
    let phone = r.needed("phone", |r, f| {
        let text = line(r, f, 40)?;
        if is_phone(&text) {
            return Some(text);
        }
        r.problem(f, "INVALID_PHONE", "not a telephone number; write it like +40 721 234 567")
    });
    Some(Contact {
        name: name?,
        email: email?,
        phone: phone?,
    })
}

fn redirect_urls(r: &mut Reader<'_>, field: &str) -> Option<Vec<Url>> {
    let raw = r.raw(field)?;
    let Ok(items) = serde_json::from_str::<Vec<Box<RawValue>>>(raw) else {
        return r.problem(field, "WRONG_TYPE", "this field must be a list of texts");
    };
    if items.is_empty() || items.len() > MOST_URLS {
        return r.problem(field, "WRONG_NUMBER", format!("1 to {MOST_URLS} URLs"));
    }
    let mut urls = Vec::with_capacity(items.len());
    for (n, item) in items.iter().enumerate() {
        let text = serde_json::from_str::<String>(item.get()).unwrap_or_default();
        match Url::parse(text.trim()) {
            Ok(url) if is_plain_url(&url) && url.as_str().len() <= MAX_URL_BYTES => urls.push(url),
            _ => {
                let words = "not an absolute http or https URL without query, fragment and user";
                let _: Option<()> = r.problem(&format!("{field}[{n}]"), "INVALID_URL", words);
            }
        }
    }
    Some(urls)
}

/// A figure's name in the call.
const fn figure_field(figure: Figure) -> &'static str {
    match figure {
        Figure::MaximumAmount => "maximumAmount",
        Figure::AverageAmount => "averageAmount",
        Figure::PaymentsPerDay => "paymentsPerDay",
        Figure::UnfinishedPerDay => "unfinishedPerDay",
        Figure::ClientPerDay => "clientPerDay",
        Figure::RegisteredClients => "registeredClients",
    }
}

/// The three that the contract asks for, and the others where they are said. They warn: whether one blocks is the
/// operator's decision.
fn figures(r: &mut Reader<'_>, field: &str, currency: Option<Currency>) -> Option<Limits> {
    let object = inside(r, field)?;
    let r = &mut Reader::new(&object, format!("{field}."), r.problems());
    let mut limits = Vec::new();
    for figure in Figure::ALL {
        let read = |r: &mut Reader<'_>, name: &str| {
            if figure.is_amount() {
                r.amount(name, currency.unwrap_or(Currency::Ron)).map(|a: Amount| a.minor)
            } else {
                count(r, name)
            }
        };
        let always = matches!(figure, Figure::MaximumAmount | Figure::AverageAmount | Figure::PaymentsPerDay);
        let name = figure_field(figure);
        let most = if always { r.needed(name, read) } else { read(r, name) };
        limits.extend(most.map(|most| Limit {
            figure,
            most,
            action: Action::Warn,
        }));
    }
    Some(Limits::new(limits))
}

fn count(r: &mut Reader<'_>, field: &str) -> Option<i64> {
    let text = r.text_or_number(field, 20)?;
    let count = text.parse::<i64>().ok().filter(|n| (1..=MAX_COUNT).contains(n));
    count.or_else(|| r.problem(field, "INVALID_COUNT", format!("must be a whole number from 1 to {MAX_COUNT}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn whole() -> Value {
        json!({
            "externalClientId": 77, "requestedKind": "ECOMMERCE", "legalForm": "SRL", "name": "Atelier SRL", "country": "ro",
            "registrationNumber": "RO 14399840", "tradeRegisterNumber": "j40/1234/2020", "address": "Str. Lungă 1, Brașov",
            "activityCode": "4791", "iban": "RO66 BACX 0000 0012 3456 7890", "currency": "ron",
            "representative": { "name": "Ion Radu", "email": "ion@atelier.example", "phone": "+40 721 234 567" },
            "redirectURLs": ["https://atelier.example/pay"],
            "declaredFigures": { "maximumAmount": 5000, "averageAmount": "150.50", "paymentsPerDay": 20 },
        })
    }

    fn problems(body: &Value) -> Vec<(String, &'static str)> {
        match read(&input::object(body.to_string().as_bytes()).unwrap()) {
            Ok(_) => Vec::new(),
            Err(Refused::IllFormed(named) | Refused::AgainstRules(named)) => named.into_iter().map(|p| (p.field, p.code)).collect(),
        }
    }

    #[test]
    fn a_whole_one_is_read_and_tidied() {
        let body = whole();
        let (external, application) = read(&input::object(body.to_string().as_bytes()).unwrap()).unwrap();
        assert_eq!(external, "77");
        assert_eq!(
            (application.country.as_str(), application.registration_number.as_str()),
            ("RO", "RO14399840")
        );
        assert_eq!(application.display_name, "Atelier SRL");
        let most = |figure| application.figures.of(figure).map(|l| l.most);
        assert_eq!(
            (most(Figure::MaximumAmount), most(Figure::AverageAmount)),
            (Some(500_000), Some(15_050))
        );
        assert_eq!((most(Figure::PaymentsPerDay), most(Figure::ClientPerDay)), (Some(20), None));
    }

    #[test]
    fn each_field_is_judged_by_itself_and_all_are_named() {
        assert_eq!(problems(&json!({})).len(), 13);
        assert!(problems(&json!({})).iter().all(|(_, code)| *code == "MISSING"));
        for (path, value, code) in [
            ("/registrationNumber", json!("RO14399841"), "INVALID_CUI"),
            ("/requestedKind", json!("bank"), "UNKNOWN_KIND"),
            ("/legalForm", json!("gmbh"), "UNKNOWN_LEGAL_FORM"),
            ("/country", json!("XX"), "INVALID_COUNTRY"),
            ("/tradeRegisterNumber", json!("J99/1/2020"), "INVALID_NUMBER"),
            ("/activityCode", json!("47911"), "INVALID_CODE"),
            ("/iban", json!("RO67BACX0000001234567890"), "INVALID_IBAN"),
            ("/currency", json!("USD"), "UNKNOWN_CURRENCY"),
            ("/name", json!("A\u{202e}B"), "FORBIDDEN_CHARACTERS"),
            ("/website", json!("javascript:alert(1)"), "INVALID_URL"),
            ("/contactEmail", json!("nimeni"), "INVALID_EMAIL"),
            ("/representative", json!("Ion"), "WRONG_TYPE"),
            ("/representative/email", json!("ion@"), "INVALID_EMAIL"),
            ("/representative/phone", json!("sună-mă"), "INVALID_PHONE"),
            ("/redirectURLs", json!("https://a.example/"), "WRONG_TYPE"),
            ("/redirectURLs", json!([]), "WRONG_NUMBER"),
            ("/redirectURLs", json!(["https://a.example/?x=1"]), "INVALID_URL"),
            ("/redirectURLs", json!([7]), "INVALID_URL"),
            ("/declaredFigures", json!([]), "WRONG_TYPE"),
            ("/declaredFigures/paymentsPerDay", json!(0), "INVALID_COUNT"),
            ("/declaredFigures/paymentsPerDay", json!(2.5), "INVALID_COUNT"),
            ("/declaredFigures/averageAmount", json!("1.234"), "INVALID_AMOUNT"),
            ("/declaredFigures/maximumAmount", Value::Null, "MISSING"),
        ] {
            let mut body = whole();
            match body.pointer_mut(path) {
                Some(place) => *place = value,
                None => body[&path[1..]] = value,
            }
            let found = problems(&body);
            assert!(found.len() == 1 && found[0].1 == code, "{path}: {found:?}");
            assert!(found[0].0.starts_with(&path[1..].replace('/', ".")), "{path}: {found:?}");
        }
        // What is a wrong number in Romania may be right elsewhere.
        let mut german = whole();
        german["country"] = "DE".into();
        german["registrationNumber"] = "HRB 12345".into();
        german["tradeRegisterNumber"] = Value::Null;
        assert_eq!(problems(&german), []);
    }
}
