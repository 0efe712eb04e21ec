//! Funds confirmation, for issuers of card-based payment instruments (CBPII).

use super::call::{Call, Outcome};
use super::certificate::Role;
use super::view::link;
use super::{people, shape};
use crate::payment::iban::Iban;
use crate::sandbox::berlin::reply::Reply;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

const MAX_ID: usize = 35;

/// Amounts in cents that make the answer an error which nothing else here leads to: too many calls, failures of
/// the bank, a customer without access.
pub(super) const STORIES: [(i64, u16, &str); 4] = [
    (90_111, 429, "TMRQ"),
    (90_112, 500, "INTE"),
    (90_113, 503, "INTS"),
    (90_114, 403, "IPSU"),
];

/// `POST /funds-confirmations`: whether the account holds so much, beyond what it promised.
pub(super) fn confirm(call: &Call<'_>) -> Outcome {
    let grant = call.granted(Role::CardIssuing, call.version.funds_scope())?;
    let body = call.json()?;
    let id = body.get("paymentCoverageRequestId").and_then(Value::as_str);
    id.filter(|id| !id.trim().is_empty() && id.chars().count() <= MAX_ID)
        .ok_or_else(|| call.format_error("paymentCoverageRequestId must have 1 to 35 characters"))?;
    let wrong = |shape::Wrong(code, detail)| call.error(StatusCode::BAD_REQUEST, code, &detail);
    let minor = shape::amount(body.get("instructedAmount"), call.version).map_err(wrong)?;
    let iban = body.pointer("/accountId/iban").and_then(Value::as_str);
    let iban = iban.ok_or_else(|| call.format_error("accountId.iban is missing"))?;
    check_account(call, iban, &grant.accounts)?;
    if let Some((_, status, code)) = STORIES.into_iter().find(|(amount, ..)| *amount == minor) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Err(call.error(status, code, "this amount tells this story"));
    }
    let available = call.books()?.available_minor(iban).unwrap_or_default();
    let answer = json!({
        "request": body,
        "result": minor <= available,
        "_links": { "self": link(call.href("/funds-confirmations")) },
    });
    Ok(call.hal(StatusCode::OK, answer))
}

fn check_account(call: &Call<'_>, iban: &str, granted: &[String]) -> Result<(), Reply> {
    let refuse = |code, detail| Err(call.error(StatusCode::BAD_REQUEST, code, detail));
    match iban {
        people::CLOSED_ACCOUNT => refuse("AC04", "the account is closed"),
        people::BLOCKED_ACCOUNT => refuse("AC06", "the account is blocked"),
        _ if Iban::parse(iban).is_err() => refuse("AC01", "accountId.iban is no IBAN"),
        _ if people::by_iban(iban).is_none() => refuse("AC01", "the account is not known"),
        _ if granted.iter().any(|known| known == iban) => Ok(()),
        _ => Err(call.forbidden("NGAC", "the PSU has not granted this account")),
    }
}
