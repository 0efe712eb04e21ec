//! Reading the body of a consent request.

use crate::payment::iban::Iban;
use crate::sandbox::berlin::profile::ConsentForm;
use crate::sandbox::berlin::reply::Reply;
use chrono::{Days, NaiveDate};
use serde_json::Value;

/// A consent lasts at most this long (RTS 2018/389 Art. 10).
pub(super) const MAX_DAYS: Days = Days::new(180);

/// What is asked for.
#[derive(Debug, PartialEq)]
pub(super) struct Wanted {
    pub named: Vec<Iban>,
    pub all: bool,
    pub recurring: bool,
    pub valid_until: NaiveDate,
}

/// Reads the body as this bank wants it.
pub(super) fn read(form: ConsentForm, body: &[u8], today: NaiveDate) -> Result<Wanted, Reply> {
    let longest = today.checked_add_days(MAX_DAYS).unwrap_or(today);
    match form {
        ConsentForm::Empty if body.is_empty() => Ok(Wanted {
            named: Vec::new(),
            all: false,
            recurring: true,
            valid_until: longest,
        }),
        ConsentForm::Empty => Err(Reply::format_error("body", "the body must be empty: the PSU chooses at the bank")),
        ConsentForm::Standard => standard(body, today, longest),
    }
}

fn standard(body: &[u8], today: NaiveDate, longest: NaiveDate) -> Result<Wanted, Reply> {
    let body: Value = serde_json::from_slice(body).map_err(|_| Reply::format_error("body", "the body must be a JSON object"))?;
    let wrong = |field: &str, text: &str| Err(Reply::format_error(field, text));
    let truth = |field: &str| {
        let value = body.get(field).and_then(Value::as_bool);
        value.ok_or_else(|| Reply::format_error(field, "must be true or false"))
    };
    let recurring = truth("recurringIndicator")?;
    truth("combinedServiceIndicator")?;
    let times = body.get("frequencyPerDay").and_then(Value::as_u64).unwrap_or_default();
    if times == 0 || (!recurring && times != 1) {
        return wrong("frequencyPerDay", "must be a positive number, and 1 where the consent is good once");
    }
    let until = body
        .get("validUntil")
        .and_then(Value::as_str)
        .and_then(|day| day.parse::<NaiveDate>().ok());
    let Some(until) = until.filter(|day| *day >= today) else {
        return wrong("validUntil", "must be a day that has not passed, YYYY-MM-DD");
    };
    let Some(access) = body.get("access").and_then(Value::as_object) else {
        return wrong("access", "must be an object");
    };
    let all = match access.get("allPsd2").map(Value::as_str) {
        None => false,
        Some(Some("allAccounts")) if access.len() == 1 => true,
        Some(_) => return wrong("access.allPsd2", "must be allAccounts, and alone"),
    };
    let mut named: Vec<Iban> = Vec::new();
    for (kind, list) in access.iter().filter(|_| !all) {
        let list = match (kind.as_str(), list.as_array()) {
            ("accounts" | "balances" | "transactions", Some(list)) => list,
            _ => return wrong("access", "accounts, balances and transactions are lists; nothing else is offered"),
        };
        for entry in list {
            let iban = entry.get("iban").and_then(Value::as_str).and_then(|iban| Iban::parse(iban).ok());
            match iban {
                Some(iban) if !named.contains(&iban) => named.push(iban),
                Some(_) => {}
                None => return wrong("access.accounts", "must name accounts by valid IBANs"),
            }
        }
    }
    if !all && access.is_empty() {
        return wrong("access", "must ask for something");
    }
    Ok(Wanted {
        named,
        all,
        recurring,
        valid_until: until.min(longest),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TODAY: &str = "2026-11-21";

    fn body() -> Value {
        json!({ "access": { "allPsd2": "allAccounts" }, "recurringIndicator": true, "validUntil": "2030-01-01",
            "frequencyPerDay": 4, "combinedServiceIndicator": false })
    }

    fn with(change: impl FnOnce(&mut Value)) -> Result<Wanted, Reply> {
        let mut body = body();
        change(&mut body);
        standard_of(&body)
    }

    fn standard_of(body: &Value) -> Result<Wanted, Reply> {
        read(ConsentForm::Standard, body.to_string().as_bytes(), TODAY.parse().unwrap())
    }

    #[test]
    fn the_body_of_the_standard_is_read_strictly_and_the_end_is_at_most_180_days_away() {
        let all = standard_of(&body()).unwrap();
        assert!(all.all && all.recurring && all.valid_until == "2027-05-20".parse().unwrap());
        let named = with(|b| b["access"] = json!({ "accounts": [{ "iban": "RO30CECEB00030RON0001001" }] })).unwrap();
        assert_eq!(named.named[0].electronic(), "RO30CECEB00030RON0001001");
        assert!(
            with(|b| b["access"] = json!({ "accounts": [], "balances": [], "transactions": [] }))
                .unwrap()
                .named
                .is_empty()
        );
        let wrong: [fn(&mut Value); 9] = [
            |b| b["access"] = json!({}),
            |b| b["access"] = json!({ "allPsd2": "some" }),
            |b| b["access"] = json!({ "allPsd2": "allAccounts", "accounts": [] }),
            |b| b["access"] = json!({ "accounts": [{ "iban": "RO00" }] }),
            |b| b["access"] = json!({ "cards": [] }),
            |b| b["validUntil"] = json!("2026-11-20"),
            |b| b["frequencyPerDay"] = json!("4"),
            |b| b["recurringIndicator"] = json!(false),
            |b| drop(b.as_object_mut().unwrap().remove("combinedServiceIndicator")),
        ];
        for change in wrong {
            assert!(with(change).is_err());
        }
    }

    #[test]
    fn where_the_psu_decides_nothing_is_sent() {
        let today = TODAY.parse().unwrap();
        assert!(read(ConsentForm::Empty, b"", today).is_ok());
        assert!(read(ConsentForm::Empty, b"{}", today).is_err());
    }
}
