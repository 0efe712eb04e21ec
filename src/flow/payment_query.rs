//! What a list of payments is asked for, as text: an address, a kept search or a long export holds it. There is no
//! personal data in it but sealed.

use crate::clock::Timestamp;
use crate::crypto::{Place as SealedFor, Vault};
use crate::payment::{Amount, Currency, Iban, PaymentId, Status};
use crate::store::payment_search::{Filter, From, Place};
use crate::store::search_keys::{IBAN_END, Person};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{NaiveDate, NaiveTime, TimeZone as _};
use serde::Deserialize;
use url::form_urlencoded;

const WHO: SealedFor<'static> = SealedFor {
    table: "search",
    column: "who",
    row: "address",
};
/// Longest text of a field, in bytes.
const LONGEST: usize = 200;

/// The fields as they stand in the address or in the posted form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A payment's id, or the partner's own id.
    pub id: String,
    /// A partner's id.
    pub partner: String,
    /// A bank's code.
    pub bank: String,
    /// A status word.
    pub status: String,
    /// Least amount, as people type it.
    pub least: String,
    /// Greatest amount.
    pub most: String,
    /// First day, `YYYY-MM-DD`, in Romania.
    pub from: String,
    /// Last day.
    pub to: String,
    /// In the address: an e-mail address or an account, sealed. In the form: as typed; empty keeps what was there.
    pub who: String,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked")
    }
}

/// A field that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is too long, or holds characters that no id has.
    Id,
    /// No such status.
    Status,
    /// Not an amount, or one with two meanings.
    Least,
    /// As [`Wrong::Least`].
    Most,
    /// Not a day.
    From,
    /// Not a day, or before the first one.
    To,
    /// Neither an e-mail address nor an account nor the end of one.
    Who,
}

impl Asked {
    /// What is looked for, or what cannot be read. An address changed by hand may hold anything.
    ///
    /// # Errors
    /// Every field that cannot be read.
    pub fn filter(&self, vault: &Vault) -> Result<Filter, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut filter = Filter::default();
        let id = self.id.trim();
        if id.len() > LONGEST || id.chars().any(char::is_control) {
            wrong.push(Wrong::Id);
        }
        match PaymentId::parse(id) {
            Some(known) => filter.id = Some(known),
            None => filter.external_id = some(id),
        }
        filter.partner_id = some(&self.partner).filter(|p| p.len() <= LONGEST);
        filter.bank_code = some(&self.bank).filter(|b| b.len() <= LONGEST);
        filter.status = some(&self.status).and_then(|word| Status::parse(&word).or_else(|| note(&mut wrong, Wrong::Status)));
        filter.from_minor = amount(&self.least).unwrap_or_else(|| note(&mut wrong, Wrong::Least));
        filter.to_minor = amount(&self.most).unwrap_or_else(|| note(&mut wrong, Wrong::Most));
        let from = day(&self.from).unwrap_or_else(|| note(&mut wrong, Wrong::From));
        let to = day(&self.to).unwrap_or_else(|| note(&mut wrong, Wrong::To));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            wrong.push(Wrong::To);
        }
        filter.created_from = from.and_then(begins);
        filter.created_before = to.and_then(|day| day.succ_opt()).and_then(begins);
        filter.person = match some(&self.who) {
            None => None,
            Some(sealed) => opened(&sealed, vault)
                .and_then(|text| person(&text))
                .or_else(|| note(&mut wrong, Wrong::Who)),
        };
        if wrong.is_empty() { Ok(filter) } else { Err(wrong) }
    }

    /// Takes over what was typed into the form about a person: sealed, because it is going to be in an address.
    ///
    /// # Errors
    /// [`Wrong::Who`] when it is neither an e-mail address nor an account nor the end of one.
    pub fn seal_person(&mut self, typed: &str, vault: &Vault) -> Result<(), Wrong> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(());
        }
        person(typed).ok_or(Wrong::Who)?;
        self.who = BASE64_URL_SAFE_NO_PAD.encode(vault.seal(WHO, typed.as_bytes()));
        Ok(())
    }

    /// Reads a query; what it does not know it leaves out.
    #[must_use]
    pub fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "id" => &mut asked.id,
                "partner" => &mut asked.partner,
                "bank" => &mut asked.bank,
                "status" => &mut asked.status,
                "least" => &mut asked.least,
                "most" => &mut asked.most,
                "from" => &mut asked.from,
                "to" => &mut asked.to,
                "who" => &mut asked.who,
                _ => continue,
            };
            *field = value.into_owned();
        }
        asked
    }

    /// The query of the address, without a place in the list.
    #[must_use]
    pub fn query(&self) -> String {
        let fields = [
            ("id", &self.id),
            ("partner", &self.partner),
            ("bank", &self.bank),
            ("status", &self.status),
            ("least", &self.least),
            ("most", &self.most),
            ("from", &self.from),
            ("to", &self.to),
            ("who", &self.who),
        ];
        let set = fields
            .into_iter()
            .map(|(name, value)| (name, value.trim()))
            .filter(|(_, value)| !value.is_empty());
        form_urlencoded::Serializer::new(String::new()).extend_pairs(set).finish()
    }
}

fn note<T>(wrong: &mut Vec<Wrong>, what: Wrong) -> Option<T> {
    wrong.push(what);
    None
}

fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Minor units: all currencies here have two decimals. The outer `None`: not an amount.
#[expect(clippy::option_option, reason = "nothing asked and nothing readable are two things")]
fn amount(text: &str) -> Option<Option<i64>> {
    match some(text) {
        None => Some(None),
        Some(text) => Amount::parse_typed(&text, Currency::Ron).ok().map(|amount| Some(amount.minor)),
    }
}

#[expect(clippy::option_option, reason = "nothing asked and nothing readable are two things")]
fn day(text: &str) -> Option<Option<NaiveDate>> {
    match some(text) {
        None => Some(None),
        Some(text) => NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .ok()
            .filter(|day| (2000..=2200).contains(&chrono::Datelike::year(day)))
            .map(Some),
    }
}

/// When a day begins in Romania, in UTC.
fn begins(day: NaiveDate) -> Option<Timestamp> {
    let local = chrono_tz::Europe::Bucharest
        .from_local_datetime(&day.and_time(NaiveTime::MIN))
        .earliest()?;
    Some(local.naive_utc())
}

/// The day of a field `YYYY-MM-DD`, as the moment it begins, or the one after it begins.
#[must_use]
pub fn moment(text: &str, next: bool) -> Option<Timestamp> {
    let day = day(text)??;
    begins(if next { day.succ_opt()? } else { day })
}

fn person(text: &str) -> Option<Person> {
    if text.len() > LONGEST {
        return None;
    }
    if text.contains('@') {
        return Some(Person::Email(text.to_owned()));
    }
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if compact.len() == IBAN_END && compact.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Some(Person::IbanEnd(compact.to_uppercase()));
    }
    Iban::parse_pasted(text).ok().map(Person::Iban)
}

fn opened(sealed: &str, vault: &Vault) -> Option<String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let plain = vault.open(WHO, &bytes).ok()?;
    String::from_utf8(plain.to_vec()).ok()
}

/// The place in the list that an address names: `after` or `before`, each as `microseconds.id`.
#[must_use]
pub fn place(after: &str, before: &str) -> From {
    match (read_place(after), read_place(before)) {
        (Some(place), _) => From::After(place),
        (None, Some(place)) => From::Before(place),
        (None, None) => From::Top,
    }
}

fn read_place(text: &str) -> Option<Place> {
    let (micros, id) = text.split_once('.')?;
    Some(Place {
        created_at: chrono::DateTime::from_timestamp_micros(micros.parse().ok()?)?.naive_utc(),
        id: PaymentId::parse(id)?,
    })
}

/// A place as it is written in an address.
#[must_use]
pub fn written(place: Place) -> String {
    format!("{}.{}", place.created_at.and_utc().timestamp_micros(), place.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::parse(&Vault::new_key_file()).unwrap()
    }

    #[test]
    fn what_was_asked_survives_the_address_without_personal_data() {
        let vault = vault();
        let mut asked = Asked {
            id: " CMD-1 ".into(),
            status: "settled".into(),
            least: "10".into(),
            most: "1.234,56".into(),
            from: "2026-03-28".into(),
            to: "2026-03-29".into(),
            ..Asked::default()
        };
        asked.seal_person("Ana.Pop@exemplu.example", &vault).unwrap();
        let query = asked.query();
        assert!(!query.contains("Ana") && !query.contains("exemplu"), "{query}");
        let again = Asked::read(&query);
        let filter = again.filter(&vault).unwrap();
        assert_eq!(filter, asked.filter(&vault).unwrap());
        assert_eq!((filter.from_minor, filter.to_minor), (Some(1000), Some(123_456)));
        assert_eq!(filter.external_id.as_deref(), Some("CMD-1"));
        // The second of these days is an hour short: summer time begins.
        let (from, before) = (filter.created_from.unwrap(), filter.created_before.unwrap());
        assert_eq!((before - from).num_hours(), 47);
        assert_eq!(filter.person, Some(Person::Email("Ana.Pop@exemplu.example".into())));
        // With another key nothing is looked for rather than the wrong person.
        assert_eq!(again.filter(&self::vault()).unwrap_err(), [Wrong::Who]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let asked = Asked {
            id: "a\u{1}".into(),
            status: "paid".into(),
            least: "1.234".into(),
            most: "much".into(),
            from: "21.11.2026".into(),
            to: "2026-02-30".into(),
            who: "ana@exemplu.example".into(),
            ..Asked::default()
        };
        let all = [
            Wrong::Id,
            Wrong::Status,
            Wrong::Least,
            Wrong::Most,
            Wrong::From,
            Wrong::To,
            Wrong::Who,
        ];
        assert_eq!(asked.filter(&vault()).unwrap_err(), all);
        assert_eq!(Asked::default().seal_person("RO00", &vault()), Ok(()));
        assert_eq!(Asked::default().seal_person("nobody", &vault()), Err(Wrong::Who));
        assert_eq!(place("1.2", "x"), From::Top);
        assert_eq!(place("99999999999999999999.1234567890123456", ""), From::Top);
    }
}
