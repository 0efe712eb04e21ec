//! The JSON of account information (NextGenPSD2 1.3.x sections 6 and 14): lenient in what is read. Amounts are
//! texts or numbers, and never pass through a floating-point number.

use super::wire::is_bank_id;
use crate::bank::BankError;
use crate::bank::accounts::{Account, Balance, ConsentRequest, Money, Page, Transaction};
use crate::bank::refusal::harmless;
use crate::payment::{Amount, Iban};
use chrono::NaiveDate;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::HashMap;
use url::Url;

/// Longest list read; a longer one is not read at all, because nobody would see what is missing.
const MAX_ITEMS: usize = 10_000;
/// Longest name kept, in characters (`Max140Text`).
const MAX_NAME_CHARS: usize = 140;
/// Longest remittance information kept, in characters.
const MAX_REMITTANCE_CHARS: usize = 500;
/// Longest of the bank's own words and dates kept, in characters.
const MAX_WORD_CHARS: usize = 35;
/// Longest query of a link to the next part, in bytes.
const MAX_PAGE_BYTES: usize = 1000;
/// Largest exponent read in a number (`1E+2`), either way.
const MAX_EXPONENT: i32 = 20;
/// How often a day a recurring consent may be used without the PSU (RTS 2018/389 Art. 36 (5)).
const TIMES_A_DAY: u8 = 4;

/// The body of a consent request (section 6.3.1): for all accounts, or for those that the PSU chooses at the bank.
///
/// # Errors
/// None in practice: the body is always JSON.
pub fn consent(wanted: &ConsentRequest, bank_offered: bool) -> Result<Vec<u8>, BankError> {
    let access = if bank_offered {
        json!({ "accounts": [], "balances": [], "transactions": [] })
    } else {
        json!({ "allPsd2": "allAccounts" })
    };
    let body = json!({
        "access": access,
        "recurringIndicator": wanted.recurring,
        "validUntil": wanted.valid_until,
        "frequencyPerDay": if wanted.recurring { TIMES_A_DAY } else { 1 },
        "combinedServiceIndicator": false,
    });
    serde_json::to_vec(&body).map_err(|_| BankError::Unsupported)
}

/// Reads the answer to a consent request: the bank's id and its word. `None` without a usable id.
pub fn consented(body: &[u8]) -> Option<(String, String)> {
    let read = Element::read(body)?;
    let id = read.id("consentId")?;
    Some((id, read.text("consentStatus", MAX_WORD_CHARS).unwrap_or_default()))
}

/// Reads a consent's status: the word as the bank wrote it, empty when there was none.
pub fn consent_status(body: &[u8]) -> Option<String> {
    Some(Element::read(body)?.exact("consentStatus").unwrap_or_default())
}

/// Reads the last day of a consent.
pub fn valid_until(body: &[u8]) -> Option<NaiveDate> {
    Element::read(body)?.exact("validUntil")?.parse().ok()
}

/// The body of a funds confirmation (section 10.1).
///
/// # Errors
/// None in practice: the body is always JSON.
pub fn funds(account: &Iban, amount: &Amount) -> Result<Vec<u8>, BankError> {
    let body = json!({
        "account": { "iban": account.electronic() },
        "instructedAmount": { "currency": amount.currency.code(), "amount": amount.wire() },
    });
    serde_json::to_vec(&body).map_err(|_| BankError::Unsupported)
}

/// Reads a list of accounts. One without an id cannot be asked about and is passed over.
pub fn accounts(body: &[u8]) -> Option<Page<Account>> {
    let read = Element::read(body)?;
    let list = read.list("accounts")?;
    let items = list.iter().filter(|account| account.id("resourceId").is_some());
    Some(Page {
        items: items.map(|a| one_account(a, None)).collect::<Option<_>>()?,
        next: next(&read),
    })
}

/// Reads one account, in an object of its own or bare. Its id is the one that was asked for.
pub fn account(body: &[u8], asked: &str) -> Option<Account> {
    let read = Element::read(body)?;
    one_account(&read.object("account").unwrap_or(read), Some(asked))
}

/// Reads a list of balances.
pub fn balances(body: &[u8]) -> Option<Vec<Balance>> {
    list_of_balances(&Element::read(body)?.list("balances")?)
}

/// Reads a list of transactions: booked ones first, as the bank ordered them.
pub fn transactions(body: &[u8]) -> Option<Page<Transaction>> {
    let read = Element::read(body)?;
    let report = read.object("transactions").unwrap_or_default();
    let mut items = Vec::new();
    for (name, booked) in [("booked", true), ("pending", false)] {
        if report.has(name) {
            for entry in report.list(name)? {
                items.push(one_transaction(&entry, booked)?);
            }
        }
    }
    let told = report.has("booked") || report.has("pending") || read.has("transactions");
    told.then(|| Page {
        items,
        next: next(&report).or_else(|| next(&read)),
    })
}

/// Reads one transaction, in an object of its own or bare; one with a booking date is booked.
pub fn transaction(body: &[u8]) -> Option<Transaction> {
    let read = Element::read(body)?;
    let inner = read.object("transactionsDetails").or_else(|| read.object("transactionDetails"));
    let details = inner.unwrap_or(read);
    // Versions of the standard differ in whether there is another object inside.
    let details = details.object("transactionDetails").unwrap_or(details);
    one_transaction(&details, details.has("bookingDate"))
}

fn one_account(read: &Element<'_>, asked: Option<&str>) -> Option<Account> {
    let id = read.id("resourceId").or_else(|| asked.map(str::to_owned))?;
    let balances = if read.has("balances") {
        list_of_balances(&read.list("balances")?)?
    } else {
        Vec::new()
    };
    let names = ["displayName", "name", "product"];
    Some(Account {
        id,
        iban: read.exact("iban").and_then(|iban| Iban::parse(&iban).ok()),
        name: names.into_iter().find_map(|name| read.text(name, MAX_NAME_CHARS)),
        currency: read.currency("currency").unwrap_or_else(|| "XXX".to_owned()),
        status: read.text("status", MAX_WORD_CHARS),
        balances,
    })
}

fn list_of_balances(list: &[Element<'_>]) -> Option<Vec<Balance>> {
    let one = |read: &Element<'_>| {
        Some(Balance {
            kind: read.text("balanceType", MAX_WORD_CHARS).unwrap_or_default(),
            amount: read.money("balanceAmount")?,
            at: ["lastChangeDateTime", "referenceDate"]
                .into_iter()
                .find_map(|at| read.text(at, MAX_WORD_CHARS)),
        })
    };
    list.iter().map(one).collect()
}

fn one_transaction(read: &Element<'_>, booked: bool) -> Option<Transaction> {
    let amount = read.money("transactionAmount")?;
    let other = if amount.hundredths < 0 { "creditor" } else { "debtor" };
    let account = read.object(&format!("{other}Account"));
    Some(Transaction {
        id: read.id("resourceId").or_else(|| read.id("transactionId")),
        booked,
        amount,
        booking_date: read.text("bookingDate", MAX_WORD_CHARS),
        value_date: read.text("valueDate", MAX_WORD_CHARS),
        counterparty_name: read.text(&format!("{other}Name"), MAX_NAME_CHARS),
        counterparty_iban: account.and_then(|account| ["iban", "bban"].into_iter().find_map(|name| account.text(name, MAX_WORD_CHARS))),
        remittance: remittance(read),
        end_to_end_id: read.text("endToEndId", MAX_WORD_CHARS),
    })
}

/// Unstructured, in one piece or in several, else the reference of the structured one.
fn remittance(read: &Element<'_>) -> Option<String> {
    let several = || {
        let pieces = read.texts("remittanceInformationUnstructuredArray")?;
        let joined = harmless(&pieces.join(" "), MAX_REMITTANCE_CHARS);
        (!joined.is_empty()).then_some(joined)
    };
    let structured = || read.object("remittanceInformationStructured")?.text("reference", MAX_WORD_CHARS);
    read.text("remittanceInformationUnstructured", MAX_REMITTANCE_CHARS)
        .or_else(several)
        .or_else(structured)
        .or_else(|| read.text("remittanceInformationStructured", MAX_REMITTANCE_CHARS))
}

/// The link to what follows, reduced to its query: the address is ours.
fn next(read: &Element<'_>) -> Option<String> {
    let links = read.object("_links")?;
    let link = links
        .object("next")
        .and_then(|next| next.exact("href"))
        .or_else(|| links.exact("next"))?;
    let base = Url::parse("https://bank.invalid/").ok()?;
    let query = base.join(link.trim()).ok()?.query()?.to_owned();
    is_page(&query).then_some(query)
}

/// Whether a text can be the query of a link to what follows.
pub fn is_page(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_PAGE_BYTES && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

/// A JSON object, its values not read yet.
#[derive(Debug, Default)]
pub struct Element<'a>(HashMap<String, &'a RawValue>);

impl<'a> Element<'a> {
    /// Reads an object; `None` for anything else.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(Self)
    }

    fn of(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok().map(Self)
    }

    /// Whether there is something of that name.
    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|raw| raw.get() != "null")
    }

    fn object(&self, name: &str) -> Option<Element<'a>> {
        Self::of(self.0.get(name)?)
    }

    /// The objects of a list; `None` when something in it is no object, or it is too long.
    fn list(&self, name: &str) -> Option<Vec<Element<'a>>> {
        let raw: Vec<&'a RawValue> = serde_json::from_str(self.0.get(name)?.get()).ok()?;
        if raw.len() > MAX_ITEMS {
            return None;
        }
        raw.into_iter().map(Self::of).collect()
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        let texts: Vec<String> = serde_json::from_str(self.0.get(name)?.get()).ok()?;
        Some(texts.into_iter().take(MAX_WORD_CHARS).collect())
    }

    /// A text as it is, or a number as it is written.
    fn exact(&self, name: &str) -> Option<String> {
        let raw = self.0.get(name)?.get();
        match raw.as_bytes().first()? {
            b'"' => serde_json::from_str(raw).ok(),
            b'-' | b'0'..=b'9' => Some(raw.to_owned()),
            _ => None,
        }
    }

    /// A text made harmless; `None` when nothing is left.
    fn text(&self, name: &str, max_chars: usize) -> Option<String> {
        let text = harmless(self.exact(name)?.trim(), max_chars);
        (!text.is_empty()).then_some(text)
    }

    /// An id that can be part of an address.
    fn id(&self, name: &str) -> Option<String> {
        self.exact(name).filter(|id| is_bank_id(id))
    }

    fn currency(&self, name: &str) -> Option<String> {
        let code = self.exact(name)?;
        (code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())).then_some(code)
    }

    /// Yes or no, also written as a text.
    pub fn truth(&self, name: &str) -> Option<bool> {
        match self.0.get(name)?.get() {
            "true" | "\"true\"" => Some(true),
            "false" | "\"false\"" => Some(false),
            _ => None,
        }
    }

    /// An amount with its currency (section 14.3).
    fn money(&self, name: &str) -> Option<Money> {
        let read = self.object(name)?;
        Some(Money {
            hundredths: hundredths(read.exact("amount")?.trim())?,
            currency: read.currency("currency")?,
        })
    }
}

/// Reads a decimal number exactly. `None` when it is none, has more than two decimals that are not zero, or is
/// too large.
fn hundredths(text: &str) -> Option<i64> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok().filter(|e| e.abs() <= MAX_EXPONENT)?),
        None => (text, 0),
    };
    let negative = number.starts_with('-');
    let number = number.strip_prefix(['-', '+']).unwrap_or(number);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || digits.len() > 60 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Where the point stands among the digits, two places further right for hundredths.
    let point = i32::try_from(whole.len()).ok()? + exponent + 2;
    let (kept, dropped) = match usize::try_from(point) {
        Ok(point) if point <= digits.len() => digits.split_at(point),
        Ok(_) => (digits.as_str(), ""),
        Err(_) => ("", digits.as_str()),
    };
    if dropped.bytes().any(|b| b != b'0') {
        return None;
    }
    let missing = usize::try_from(point).unwrap_or_default().saturating_sub(digits.len());
    let text = format!("{}{kept}{:0<missing$}", if negative { "-" } else { "" }, "");
    match text.as_str() {
        "" | "-" => Some(0),
        text => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
