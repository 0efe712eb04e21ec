//! What is read under a consent: accounts, balances, transactions, and whether there is enough.

use super::history::{self, Entry};
use super::{Call, Consent};
use crate::payment::iban::Iban;
use crate::sandbox::berlin::profile::{Approach, Profile};
use crate::sandbox::berlin::reply::{Outcome, Reply};
use crate::sandbox::berlin::{Body, caller, caught_up};
use crate::sandbox::books::Books;
use crate::sandbox::cec::client;
use crate::sandbox::customers;
use crate::sandbox::form::parameters;
use crate::sandbox::grants::TokenProblem;
use crate::sandbox::money::{Currency, Money, parse_minor};
use crate::sandbox::secrets::sha256_hex;
use actix_web::http::StatusCode;
use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

/// Transactions in one answer unless the TPP wants fewer.
const PER_PAGE: usize = 20;

fn refuse(code: &str, text: &str) -> Reply {
    Reply::tpp_message(StatusCode::UNAUTHORIZED, code, None, text)
}

/// The consent that a call is made under. With OAuth the token names it, and `Consent-ID` must say the same;
/// funds are confirmed to the token alone.
fn consent<'b>(call: &Call<'_>, books: &'b Books, by_token_alone: bool) -> Result<&'b Consent, Reply> {
    let caller = client::identify(call.bank, call.profile, call.request)?;
    let named = caller::text(call.request, "Consent-ID");
    if named.is_none() && !(by_token_alone && call.profile.approach == Approach::OAuth) {
        return Err(Reply::format_error("Consent-ID", "Consent-ID is required"));
    }
    let id = if call.profile.approach == Approach::OAuth {
        let token = client::bearer(call.request).ok_or_else(|| refuse("TOKEN_INVALID", "a bearer token is required"))?;
        let scope = books
            .scope_of(token, caller.client_id(), call.bank.now())
            .map_err(|problem| match problem {
                TokenProblem::Invalid => refuse("TOKEN_INVALID", "the token is not known"),
                TokenProblem::Expired => refuse("TOKEN_EXPIRED", "the token has expired"),
            })?;
        let id = scope.strip_prefix("AIS:");
        id.ok_or_else(|| refuse("TOKEN_INVALID", "the scope of the token is not account information"))?
    } else {
        named.unwrap_or_default()
    };
    let own = |c: &&Consent| c.received.bank == call.profile.bank && c.received.client_id == caller.owner;
    let found = books.consent(id).filter(own).filter(|_| named.is_none_or(|named| named == id));
    let found = found.ok_or_else(|| refuse("CONSENT_INVALID", "the consent is not one of this TPP and token"))?;
    match found.status(call.bank.now()) {
        "valid" => Ok(found),
        "expired" => Err(refuse("CONSENT_EXPIRED", "the consent has expired")),
        _ => Err(refuse("CONSENT_INVALID", "the consent is not valid")),
    }
}

fn not_in_the_consent() -> Reply {
    let text = "the account is not in the consent";
    Reply::tpp_message(StatusCode::FORBIDDEN, "CONSENT_INVALID", None, text)
}

/// An account's `resourceId`: the same in every consent.
fn resource_id(iban: &str) -> String {
    let hash = sha256_hex(format!("account|{iban}").as_bytes());
    Uuid::parse_str(&hash[..32]).unwrap_or_default().to_string()
}

/// The account with this id: 403 when it is not in the consent, 404 when the bank has none such.
fn account_of<'b>(consent: &'b Consent, id: &str) -> Result<&'b Iban, Reply> {
    let accounts = consent.rights().map_or(&[][..], |rights| &rights.accounts);
    if let Some(iban) = accounts.iter().find(|iban| resource_id(iban.electronic()) == id) {
        return Ok(iban);
    }
    let all = customers::ALL.iter().flat_map(|c| c.accounts(consent.received.bank));
    let exists = all.into_iter().any(|account| resource_id(account.iban) == id);
    Err(if exists {
        not_in_the_consent()
    } else {
        Reply::tpp_message(
            StatusCode::NOT_FOUND,
            "RESOURCE_UNKNOWN",
            Some("account-id"),
            "there is no such account",
        )
    })
}

/// An amount as this bank writes it.
fn amount(profile: &Profile, money: Money) -> Value {
    let sign = if money.minor < 0 { "-" } else { "" };
    let abs = money.minor.unsigned_abs();
    let text = format!("{sign}{}.{:02}", abs / 100, abs % 100);
    let number = || serde_json::from_str(&text).unwrap_or(Value::Null);
    let odd = profile.odd_amounts && money.currency == Currency::Eur;
    json!({ "currency": money.currency.code(), "amount": if odd { number() } else { text.clone().into() } })
}

fn path(call: &Call<'_>, rest: &str) -> Value {
    let profile = call.profile;
    let url = format!("{}/{}/accounts/{rest}", profile.bank.prefix(), profile.version);
    json!({ "href": call.bank.settings().url(&url) })
}

fn details(call: &Call<'_>, consent: &Consent, iban: &Iban) -> Value {
    let id = resource_id(iban.electronic());
    let known = customers::by_iban(iban.electronic());
    let mut links = json!({});
    if let Some(rights) = consent.rights() {
        for (name, told) in [("balances", rights.balances), ("transactions", rights.transactions)] {
            if told {
                links[name] = path(call, &format!("{id}/{name}"));
            }
        }
    }
    json!({
        "resourceId": id,
        "iban": iban.electronic(),
        "currency": known.map_or("RON", |(_, account)| account.opening.currency.code()),
        "name": known.map_or("", |(_, account)| account.label),
        "cashAccountType": "CACC",
        "status": "enabled",
        "_links": links,
    })
}

/// `GET /accounts`.
pub(super) fn accounts(call: &Call<'_>) -> Outcome {
    let books = caught_up(call.bank)?;
    let consent = consent(call, &books, false)?;
    let accounts = consent.rights().map_or(&[][..], |rights| &rights.accounts);
    let accounts: Vec<Value> = accounts.iter().map(|iban| details(call, consent, iban)).collect();
    Ok(Reply::json(StatusCode::OK, json!({ "accounts": accounts })))
}

/// `GET /accounts/{id}`.
pub(super) fn account(call: &Call<'_>, id: &str) -> Outcome {
    let books = caught_up(call.bank)?;
    let consent = consent(call, &books, false)?;
    let iban = account_of(consent, id)?;
    Ok(Reply::json(StatusCode::OK, json!({ "account": details(call, consent, iban) })))
}

/// `GET /accounts/{id}/balances`.
pub(super) fn balances(call: &Call<'_>, id: &str) -> Outcome {
    let books = caught_up(call.bank)?;
    let consent = consent(call, &books, false)?;
    let iban = account_of(consent, id)?;
    if !consent.rights().is_some_and(|rights| rights.balances) {
        return Err(refuse("CONSENT_INVALID", "the consent does not cover balances"));
    }
    let currency = currency_of(iban);
    let today = call.bank.now().date();
    let balance = |kind: &str, minor: Option<i64>| {
        let minor = minor.unwrap_or_default();
        json!({ "balanceType": kind, "balanceAmount": amount(call.profile, Money { minor, currency }), "referenceDate": today })
    };
    let list = [
        balance("interimAvailable", books.available_minor(iban.electronic())),
        balance("interimBooked", books.balance_minor(iban.electronic())),
    ];
    let body = json!({ "account": { "iban": iban.electronic() }, "balances": list });
    Ok(Reply::json(StatusCode::OK, body))
}

fn currency_of(iban: &Iban) -> Currency {
    customers::by_iban(iban.electronic()).map_or(Currency::Ron, |(_, account)| account.opening.currency)
}

fn entry_json(profile: &Profile, account: &Iban, entry: &Entry) -> Value {
    let mut body = json!({
        "transactionId": entry.id,
        "transactionAmount": amount(profile, entry.money),
    });
    let (own, other) = if entry.money.minor < 0 {
        ("debtor", "creditor")
    } else {
        ("creditor", "debtor")
    };
    body[format!("{own}Account")] = json!({ "iban": account.electronic() });
    body[format!("{other}Name")] = entry.other_name.as_str().into();
    if let Some(iban) = &entry.other_iban {
        body[format!("{other}Account")] = json!({ "iban": iban.electronic() });
    }
    let day = entry.booked_on.map(|day| day.to_string());
    let optional = [
        ("bookingDate", &day),
        ("valueDate", &day),
        ("remittanceInformationUnstructured", &entry.remittance),
        ("endToEndId", &entry.end_to_end),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body[name] = value.as_str().into();
        }
    }
    body
}

/// The account whose transactions may be read.
fn readable<'b>(consent: &'b Consent, id: &str) -> Result<&'b Iban, Reply> {
    let iban = account_of(consent, id)?;
    let told = consent.rights().is_some_and(|rights| rights.transactions);
    told.then_some(iban)
        .ok_or_else(|| refuse("CONSENT_INVALID", "the consent does not cover transactions"))
}

/// `GET /accounts/{id}/transactions?bookingStatus&dateFrom&dateTo&pageIndex&itemsPerPage`, both days inclusive,
/// the newest first.
pub(super) fn transactions(call: &Call<'_>, id: &str) -> Outcome {
    let books = caught_up(call.bank)?;
    let consent = consent(call, &books, false)?;
    let iban = readable(consent, id)?;
    let wrong = |field: &str, text: &str| Reply::format_error(field, text);
    let query = parameters(call.request.query_string().as_bytes()).ok_or_else(|| wrong("query", "a parameter comes twice"))?;
    let day = |name: &str| {
        let text = query.get(name).map(|text| text.parse::<NaiveDate>());
        text.transpose().map_err(|_| wrong(name, "must be a day, YYYY-MM-DD"))
    };
    let number = |name: &str, default: usize| {
        let text = query.get(name).map(|text| text.parse::<usize>());
        text.transpose()
            .map(|n| n.unwrap_or(default))
            .map_err(|_| wrong(name, "must be a number"))
    };
    let (from, to) = (day("dateFrom")?, day("dateTo")?);
    let (page, size) = (number("pageIndex", 0)?, number("itemsPerPage", PER_PAGE)?.clamp(1, PER_PAGE));
    let (with_booked, with_pending) = match query.get("bookingStatus").map(String::as_str) {
        Some("booked") => (true, false),
        Some("pending") => (false, true),
        Some("both") => (true, true),
        _ => return Err(wrong("bookingStatus", "must be booked, pending or both")),
    };
    let Some(from) = from.or((!with_booked).then_some(NaiveDate::MIN)) else {
        return Err(wrong("dateFrom", "is required for booked transactions"));
    };
    let today = call.bank.now().date();
    let to = to.unwrap_or(today);
    let booked = history::booked(&books, iban, today).into_iter();
    let booked: Vec<Entry> = booked.filter(|e| e.booked_on.is_some_and(|day| day >= from && day <= to)).collect();
    let start = page.saturating_mul(size).min(booked.len());
    let end = start.saturating_add(size).min(booked.len());
    let shown = |entries: &[Entry]| -> Vec<Value> { entries.iter().map(|e| entry_json(call.profile, iban, e)).collect() };
    let mut report = json!({ "_links": { "account": path(call, id) } });
    if with_booked {
        report["booked"] = shown(&booked[start..end]).into();
        if end < booked.len() {
            let status = if with_pending { "both" } else { "booked" };
            let next = format!(
                "{id}/transactions?bookingStatus={status}&dateFrom={from}&dateTo={to}&itemsPerPage={size}&pageIndex={}",
                page + 1
            );
            report["_links"]["next"] = path(call, &next);
        }
    }
    if with_pending {
        let pending = if page == 0 { history::pending(&books, iban) } else { Vec::new() };
        report["pending"] = shown(&pending).into();
    }
    let body = json!({ "account": { "iban": iban.electronic() }, "transactions": report });
    Ok(Reply::json(StatusCode::OK, body))
}

/// `GET /accounts/{id}/transactions/{transactionId}`.
pub(super) fn transaction(call: &Call<'_>, id: &str, transaction: &str) -> Outcome {
    let books = caught_up(call.bank)?;
    let consent = consent(call, &books, false)?;
    let iban = readable(consent, id)?;
    let all = history::booked(&books, iban, call.bank.now().date()).into_iter();
    let found = all.chain(history::pending(&books, iban)).find(|entry| entry.id == transaction);
    let Some(entry) = found else {
        let text = "there is no such transaction";
        return Err(Reply::tpp_message(
            StatusCode::NOT_FOUND,
            "RESOURCE_UNKNOWN",
            Some("transactionId"),
            text,
        ));
    };
    let body = json!({ "transactionsDetails": entry_json(call.profile, iban, &entry) });
    Ok(Reply::json(StatusCode::OK, body))
}

/// `POST /funds-confirmations` (§10.1).
pub(super) fn funds(call: &Call<'_>, body: Body) -> Outcome {
    let books = caught_up(call.bank)?;
    let consent = consent(call, &books, true)?;
    caller::check_content_type(call.request)?;
    let body = body.map_err(|_| Reply::format_error("body", "the body cannot be read or is too large"))?;
    let body: Value = serde_json::from_slice(&body).map_err(|_| Reply::format_error("body", "the body must be a JSON object"))?;
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let iban = Iban::parse(text("/account/iban")).map_err(|_| Reply::format_error("account", "must be a valid IBAN"))?;
    let minor = parse_minor(text("/instructedAmount/amount"));
    let currency = Currency::parse(text("/instructedAmount/currency"));
    let (Some(minor), Some(currency)) = (minor, currency) else {
        return Err(Reply::format_error("instructedAmount", "must be a positive amount in RON or EUR"));
    };
    let allowed = consent.rights().is_some_and(|rights| rights.accounts.contains(&iban));
    if !allowed {
        return Err(not_in_the_consent());
    }
    let available = books.available_minor(iban.electronic()).unwrap_or_default();
    let enough = currency_of(&iban) == currency && available >= minor;
    Ok(Reply::json(StatusCode::OK, json!({ "fundsAvailable": enough })))
}
