//! The embedded approach: methods to choose from, and one-time codes that the TPP passes on
//! (NextGenPSD2 1.3.11 §7.2.3 and §7.2.4).

use super::authorisations::{find, own_path, sca_status, usable_accounts, wrong_credentials};
use super::links::{Links, shaped};
use super::profile::Approach;
use super::reply::{Outcome, Reply};
use super::{Body, Call, caller};
use crate::payment::iban::Iban;
use crate::sandbox::Order;
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
    let order = call.order(&books, &tpp)?.clone();
    let authorisation = find(call, &order)?;
    let counts = order.authorisation().is_some_and(|last| last.id == authorisation.id);
    if !order.is_waiting() || !counts {
        let text = "the authorisation is finished";
        return Err(Reply::tpp_message(StatusCode::CONFLICT, "STATUS_INVALID", None, text));
    }
    match (update.authentication_method_id, update.sca_authentication_data) {
        (Some(id), None) => choose(call, &mut books, (&order, authorisation), &id),
        (None, Some(code)) => check(call, &mut books, (&order, authorisation), &code),
        _ => Err(Reply::format_error("body", "authenticationMethodId or scaAuthenticationData")),
    }
}

fn choose(call: &Call<'_>, books: &mut Books, (order, authorisation): (&Order, &Authorisation), id: &str) -> Outcome {
    let methods = methods(call, authorisation).map_or(&[][..], |(_, methods)| methods);
    let Some(method) = methods.iter().find(|m| m.id == id) else {
        let (status, path) = (StatusCode::BAD_REQUEST, Some("authenticationMethodId"));
        return Err(Reply::tpp_message(status, "SCA_METHOD_UNKNOWN", path, "the PSU has no such method"));
    };
    books.send_code(&order.received.payment_id, method, call.bank.now())?;
    let order = books.order(&order.received.payment_id).ok_or_else(Reply::unknown_payment)?;
    let authorisation = find(call, order)?;
    let links = Links::new(call.profile, call.bank.settings()).to("scaStatus", &own_path(call, &authorisation.id));
    let mut body = json!({ "scaStatus": sca_status(order, authorisation, call.bank) });
    let links = describe(call, authorisation, &mut body, links);
    Ok(Reply::json(StatusCode::OK, shaped(call.profile, links.into(body, None))))
}

fn check(call: &Call<'_>, books: &mut Books, (order, authorisation): (&Order, &Authorisation), code: &str) -> Outcome {
    let id = &order.received.payment_id;
    if authorisation.codes.is_empty() {
        let text = "no method was chosen, so no code was sent";
        return Err(Reply::tpp_message(StatusCode::CONFLICT, "STATUS_INVALID", None, text));
    }
    match books.check_code(id, code, call.bank.now())? {
        CodeCheck::Wrong(0) => return Err(wrong_credentials("the code is wrong; the authorisation has failed")),
        CodeCheck::Wrong(left) => return Err(wrong_credentials(&format!("the code is wrong; {left} tries are left"))),
        CodeCheck::Right => {}
    }
    let customer = methods(call, authorisation).map(|(customer, _)| customer);
    let account = customer.and_then(|c| Some((c, *usable_accounts(order, c).first()?)));
    let Some((customer, iban)) = account.and_then(|(c, a)| Some((c, Iban::parse(a.iban).ok()?))) else {
        return Err(wrong_credentials("the PSU has no account for this order"));
    };
    books.authorise(id, (customer.user, iban), call.bank.now())?;
    tracing::info!(payment_id = id, "sandbox bank: order authorised");
    let links = Links::new(call.profile, call.bank.settings()).to("scaStatus", &own_path(call, &authorisation.id));
    let body = json!({ "scaStatus": "finalised" });
    Ok(Reply::json(StatusCode::OK, shaped(call.profile, links.into(body, None))))
}
