//! The embedded approach: methods to choose from, and one-time codes that the TPP passes on
//! (NextGenPSD2 1.3.11 §7.2.3 and §7.2.4), for an order or a consent.

use super::authorisations::{find, own_path, sca_status, wrong_credentials};
use super::links::{Links, shaped};
use super::profile::Approach;
use super::reply::{Outcome, Reply};
use super::{Body, Call, caller};
use crate::sandbox::books::{Books, CodeCheck};
use crate::sandbox::customers::{self, Customer, OtpFormat, ScaMethod};
use crate::sandbox::order::Authorisation;
use actix_web::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the TPP may bring: exactly one of these.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    authentication_method_id: Option<String>,
    sca_authentication_data: Option<String>,
}

/// The PSU of an authorisation and the methods there are.
fn methods(call: &Call<'_>, authorisation: &Authorisation) -> Option<(&'static Customer, &'static [ScaMethod])> {
    let customer = customers::by_user(authorisation.customer.as_deref()?)?;
    Some((customer, customer.at(call.profile.bank)?.methods))
}

/// Adds the methods to choose from, or the challenge that was sent, and says what comes next.
pub(super) fn describe<'a>(call: &Call<'_>, authorisation: &Authorisation, body: &mut Value, links: Links<'a>) -> Links<'a> {
    let Some((customer, methods)) = methods(call, authorisation) else {
        return links;
    };
    let path = own_path(call, &authorisation.id);
    let sent = authorisation.codes.last().map(|sent| sent.method.as_str());
    let Some(chosen) = methods.iter().find(|m| Some(m.id) == sent) else {
        body["scaMethods"] = methods.iter().map(method_json).collect();
        return links.to("selectAuthenticationMethod", &path);
    };
    body["chosenScaMethod"] = method_json(chosen);
    body["challengeData"] = json!({
        "otpFormat": match chosen.format {
            OtpFormat::Integer => "integer",
            OtpFormat::Characters => "characters",
        },
        "otpMaxLength": chosen.length,
        "additionalInformation": format!("{}, {}.", chosen.name, ending(customer.phone)),
    });
    links.to("authoriseTransaction", &path)
}

fn method_json(method: &ScaMethod) -> Value {
    json!({
        "authenticationType": method.kind,
        "authenticationMethodId": method.id,
        "name": method.name,
    })
}

/// As much of a number as a stranger may see: the last three digits.
fn ending(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    format!("numărul care se termină în {}", &digits[digits.len().saturating_sub(3)..])
}

/// `PUT …/authorisations/{id}`: chooses a method, which sends a new code every time, or brings the code.
pub(super) fn update(call: &Call<'_>, body: Body) -> Outcome {
    let tpp = caller::certificate_holder(call.request, call.bank.now())?;
    caller::required_request_id(call.request)?;
    if call.profile.approach != Approach::Embedded {
        return Err(Reply::method_not_allowed());
    }
    caller::check_content_type(call.request)?;
    let unreadable = |_| Reply::format_error("body", "the body cannot be read or is too large");
    let body = body.map_err(unreadable)?;
    let update: Update = serde_json::from_slice(&body).map_err(|e| Reply::format_error("body", &e.to_string()))?;
    let mut books = call.books()?;
    let subject = call.subject(&books, &tpp)?;
    let authorisation = find(call, subject)?.clone();
    if !subject.is_waiting() || !subject.counts(&authorisation.id) {
        let text = "the authorisation is finished";
        return Err(Reply::tpp_message(StatusCode::CONFLICT, "STATUS_INVALID", None, text));
    }
    let id = subject.id().to_owned();
    let of = Of {
        tpp: &tpp,
        id: &id,
        authorisation: &authorisation,
    };
    match (update.authentication_method_id, update.sca_authentication_data) {
        (Some(method), None) => choose(call, &mut books, &of, &method),
        (None, Some(code)) => check(call, &mut books, &of, &code),
        _ => Err(Reply::format_error("body", "authenticationMethodId or scaAuthenticationData")),
    }
}

/// Whose authorisation of which order or consent.
struct Of<'a> {
    tpp: &'a str,
    id: &'a str,
    authorisation: &'a Authorisation,
}

fn choose(call: &Call<'_>, books: &mut Books, of: &Of<'_>, method: &str) -> Outcome {
    let methods = methods(call, of.authorisation).map_or(&[][..], |(_, methods)| methods);
    let Some(method) = methods.iter().find(|m| m.id == method) else {
        let (status, path) = (StatusCode::BAD_REQUEST, Some("authenticationMethodId"));
        return Err(Reply::tpp_message(status, "SCA_METHOD_UNKNOWN", path, "the PSU has no such method"));
    };
    books.send_code(of.id, method, call.bank.now())?;
    let subject = call.subject(books, of.tpp)?;
    let authorisation = find(call, subject)?;
    let links = Links::new(call.profile, call.bank.settings()).to("scaStatus", &own_path(call, &authorisation.id));
    let mut body = json!({ "scaStatus": sca_status(call.profile, subject, authorisation, call.bank) });
    let links = describe(call, authorisation, &mut body, links);
    Ok(Reply::json(StatusCode::OK, shaped(call.profile, links.into(body, None))))
}

fn check(call: &Call<'_>, books: &mut Books, of: &Of<'_>, code: &str) -> Outcome {
    if of.authorisation.codes.is_empty() {
        let text = "no method was chosen, so no code was sent";
        return Err(Reply::tpp_message(StatusCode::CONFLICT, "STATUS_INVALID", None, text));
    }
    match books.check_code(of.id, code, call.bank.now())? {
        CodeCheck::Wrong(0) => return Err(wrong_credentials("the code is wrong; the authorisation has failed")),
        CodeCheck::Wrong(left) => return Err(wrong_credentials(&format!("the code is wrong; {left} tries are left"))),
        CodeCheck::Right => {}
    }
    let subject = call.subject(books, of.tpp)?;
    let customer = methods(call, of.authorisation).map(|(customer, _)| customer);
    let Some((customer, yes)) = customer.and_then(|c| Some((c, subject.yes_of(c)?))) else {
        return Err(wrong_credentials("the PSU has no account for this"));
    };
    yes.record(call, books, of.id, customer)?;
    tracing::info!(id = of.id, "sandbox bank: authorised");
    let links = Links::new(call.profile, call.bank.settings()).to("scaStatus", &own_path(call, &of.authorisation.id));
    let body = json!({ "scaStatus": "finalised" });
    Ok(Reply::json(StatusCode::OK, shaped(call.profile, links.into(body, None))))
}
