//! The authorisation resource of an order or a consent: started, listed, asked for its status (NextGenPSD2 1.3.11
//! §7.1, §7.4, §7.5).

use super::embedded;
use super::links::{Links, shaped};
use super::payments::SCA_APPROACH;
use super::profile::{Approach, Profile, PsuIdRule};
use super::reply::{Outcome, Reply};
use super::subject::Subject;
use super::{Body, Call, caller};
use crate::clock::Timestamp;
use crate::sandbox::books::Start;
use crate::sandbox::customers::{self, Account, Customer};
use crate::sandbox::money::Money;
use crate::sandbox::order::Authorisation;
use crate::sandbox::{Order, Sandbox};
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

/// What a bank says that has pushed a request to the PSU's telephone.
pub(super) const PUSH_MESSAGE: &str = "Deschideți aplicația băncii pe telefon și aprobați plata.";
/// The same for a request for access to accounts.
pub(in crate::sandbox) const PUSH_MESSAGE_OF_CONSENT: &str = "Deschideți aplicația băncii pe telefon și aprobați accesul la conturi.";

/// The customer that the `PSU-ID` header names; `None` at a bank that does not ask for it.
pub(in crate::sandbox) fn identified(profile: &Profile, request: &HttpRequest) -> Result<Option<&'static Customer>, Reply> {
    let refuse = |text| Reply::format_error("PSU-ID", text);
    let required = || caller::text(request, "PSU-ID").ok_or_else(|| refuse("PSU-ID is required"));
    let psu_id = match profile.psu_id {
        PsuIdRule::None => return Ok(None),
        PsuIdRule::Known => required()?,
        PsuIdRule::EightDigits => {
            let psu_id = required()?;
            let right = psu_id.len() == 8 && psu_id.bytes().all(|b| b.is_ascii_digit()) && psu_id.starts_with(['3', '4']);
            if !right {
                return Err(refuse("PSU-ID must be 8 digits, the first one 3 or 4"));
            }
            psu_id
        }
    };
    let customer = customers::by_psu_id(profile.bank, psu_id);
    customer.map(Some).ok_or_else(|| wrong_credentials("the PSU is not known"))
}

/// The PSU, or what the PSU gave, is not right.
pub(in crate::sandbox) fn wrong_credentials(text: &str) -> Reply {
    Reply::tpp_message(StatusCode::UNAUTHORIZED, "PSU_CREDENTIALS_INVALID", None, text)
}

/// An account of this customer that the order can be paid from. `parties` are the account that the order
/// names, if it names one, and the creditors'.
pub(in crate::sandbox) fn payable_from(
    profile: &Profile,
    customer: &Customer,
    money: Money,
    parties: (Option<&str>, &[&str]),
) -> impl Iterator<Item = &'static Account> {
    let (named, creditors) = parties;
    let fits =
        move |a: &&Account| a.opening.currency == money.currency && !creditors.contains(&a.iban) && named.is_none_or(|iban| iban == a.iban);
    customer.accounts(profile.bank).iter().filter(fits)
}

/// Refuses a customer who cannot pay the order from any account, before anybody is disturbed.
pub(super) fn must_be_able_to_pay(
    profile: &Profile,
    customer: &Customer,
    money: Money,
    parties: (Option<&str>, &[&str]),
) -> Result<(), Reply> {
    match parties.0 {
        Some(iban) if !customer.owns(iban) => Err(wrong_credentials("the account to debit is not this PSU's")),
        _ if payable_from(profile, customer, money, parties).next().is_none() => {
            let text = "the PSU has no account in the currency of the order";
            Err(Reply::tpp_message(StatusCode::BAD_REQUEST, "PAYMENT_FAILED", None, text))
        }
        _ => Ok(()),
    }
}

/// The order's account to debit and the creditors' accounts.
pub(super) fn parties(order: &Order) -> (Option<String>, Vec<String>) {
    let instructions = order.received.instructions();
    let creditors = instructions.iter().map(|i| i.creditor_iban.electronic().to_owned()).collect();
    (order.received.debtor_iban.as_ref().map(|i| i.electronic().to_owned()), creditors)
}

/// The accounts of the customer that the order can be paid from.
pub(in crate::sandbox) fn usable_accounts(order: &Order, customer: &Customer) -> Vec<&'static Account> {
    let (named, creditors) = parties(order);
    let creditors: Vec<&str> = creditors.iter().map(String::as_str).collect();
    payable_from(order.profile(), customer, order.received.money, (named.as_deref(), &creditors)).collect()
}

/// `POST …/authorisations`. The same request id is answered with the same authorisation; another request
/// starts anew, and what was started before counts no more.
pub(super) fn start(call: &Call<'_>, body: Body) -> Outcome {
    let now = call.bank.now();
    let tpp = caller::certificate_holder(call.request, now)?;
    let request_id = caller::required_request_id(call.request)?;
    let mut books = call.books()?;
    let subject = call.subject(&books, &tpp)?;
    let unreadable = |_| Reply::format_error("body", "the body cannot be read or is too large");
    let body = body.map_err(unreadable)?;
    if !body.is_empty() && !serde_json::from_slice::<Value>(&body).is_ok_and(|json| json.is_object()) {
        return Err(Reply::format_error("body", "nothing, or a JSON object"));
    }
    let id = subject.id().to_owned();
    if let Some(same) = subject.authorisations().iter().find(|a| a.request_id == Some(request_id)) {
        return Ok(started(call, subject, same));
    }
    let customer = identified(call.profile, call.request)?;
    if !subject.is_waiting() {
        let text = "nothing waits for an authorisation here";
        return Err(Reply::tpp_message(StatusCode::CONFLICT, "STATUS_INVALID", None, text));
    }
    if let Some(customer) = customer {
        subject.must_fit(call, customer)?;
    }
    books.start_authorisation(&id, Start::new(Some(request_id), customer.map(|c| c.user)), now)?;
    if let Some([only]) = customer.and_then(|c| c.at(call.profile.bank)).map(|h| h.methods) {
        books.send_code(&id, only, now)?;
    }
    tracing::info!(id, "sandbox bank: authorisation started");
    let subject = call.subject(&books, &tpp)?;
    let begun = subject.authorisations().last().ok_or_else(Reply::unknown_payment)?;
    Ok(started(call, subject, begun))
}

/// The 201 of a started authorisation.
fn started(call: &Call<'_>, subject: Subject<'_>, begun: &Authorisation) -> Reply {
    let profile = call.profile;
    let path = own_path(call, &begun.id);
    let mut links = Links::new(profile, call.bank.settings()).to("scaStatus", &path);
    let mut body = json!({
        "scaStatus": sca_status(profile, subject, begun, call.bank),
        "authorisationId": begun.id,
    });
    let mut message = None;
    match (profile.approach, subject) {
        (Approach::Redirect | Approach::OAuth, Subject::Order(_)) => {
            links = links.for_the_browser("scaRedirect", &format!("/sca/{}", begun.id));
        }
        (Approach::Redirect | Approach::OAuth, Subject::Consent(_)) => {
            links = links.for_the_browser("scaRedirect", &format!("/acord-nou/{}", begun.id));
        }
        (Approach::Decoupled, Subject::Order(_)) => message = Some(PUSH_MESSAGE),
        (Approach::Decoupled, Subject::Consent(_)) => message = Some(PUSH_MESSAGE_OF_CONSENT),
        (Approach::Embedded, _) => links = embedded::describe(call, begun, &mut body, links),
    }
    Reply::json(StatusCode::CREATED, shaped(profile, links.into(body, message))).with(SCA_APPROACH, profile.approach.header())
}

/// The path of an authorisation, behind the bank's prefix.
pub(super) fn own_path(call: &Call<'_>, authorisation_id: &str) -> String {
    format!("{}/authorisations/{authorisation_id}", call.own_path())
}

/// `GET …/authorisations`.
pub(super) fn list(call: &Call<'_>) -> Outcome {
    let tpp = caller::certificate_holder(call.request, call.bank.now())?;
    caller::required_request_id(call.request)?;
    let books = call.books()?;
    let subject = call.subject(&books, &tpp)?;
    let ids: Vec<&str> = subject.authorisations().iter().map(|a| a.id.as_str()).collect();
    Ok(Reply::json(StatusCode::OK, json!({ "authorisationIds": ids })))
}

/// `GET …/authorisations/{id}`.
pub(super) fn status(call: &Call<'_>) -> Outcome {
    let tpp = caller::certificate_holder(call.request, call.bank.now())?;
    caller::required_request_id(call.request)?;
    let books = call.books()?;
    let subject = call.subject(&books, &tpp)?;
    let authorisation = find(call, subject)?;
    let body = json!({ "scaStatus": sca_status(call.profile, subject, authorisation, call.bank) });
    Ok(Reply::json(StatusCode::OK, body))
}

/// The authorisation that the path names.
pub(super) fn find<'b>(call: &Call<'_>, subject: Subject<'b>) -> Result<&'b Authorisation, Reply> {
    let found = subject.authorisations().iter().find(|a| a.id == call.target.authorisation);
    found.ok_or_else(|| {
        let text = "there is no such authorisation";
        Reply::tpp_message(StatusCode::NOT_FOUND, "RESOURCE_UNKNOWN", Some("authorisationId"), text)
    })
}

/// `scaStatus` as it is now.
pub(super) fn sca_status(profile: &Profile, subject: Subject<'_>, authorisation: &Authorisation, bank: &Sandbox) -> &'static str {
    if !subject.counts(&authorisation.id) {
        return "failed";
    }
    if subject.is_authorised() {
        return "finalised";
    }
    if !subject.is_waiting() {
        return "failed";
    }
    match profile.approach {
        Approach::Embedded if authorisation.codes.is_empty() => "psuIdentified",
        Approach::Embedded => "scaMethodSelected",
        Approach::Decoupled => pushed(authorisation, bank),
        Approach::Redirect | Approach::OAuth => "received",
    }
}

/// A push is on its way for a step, then known to the telephone, then shown on it.
fn pushed(authorisation: &Authorisation, bank: &Sandbox) -> &'static str {
    let step = TimeDelta::from_std(bank.settings().step).unwrap_or(TimeDelta::days(1));
    let since: Timestamp = authorisation.started_at;
    match bank.now() - since {
        time if time < step => "received",
        time if time < step * 2 => "psuIdentified",
        _ => "started",
    }
}
