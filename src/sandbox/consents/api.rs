//! The consent resource: asked for, looked at, ended.

use super::{Call, Consent, body};
use crate::sandbox::berlin::profile::{Approach, ConsentForm};
use crate::sandbox::berlin::reply::{Outcome, Reply};
use crate::sandbox::berlin::{Body, caller, caught_up};
use crate::sandbox::books::Books;
use crate::sandbox::cec::client::{self, Caller};
use crate::sandbox::ledger::{EndedBy, ReceivedConsent};
use crate::sandbox::secrets::{random_word, sha256_hex};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use serde_json::{Value, json};
use url::form_urlencoded;

const SCA_APPROACH: HeaderName = HeaderName::from_static("aspsp-sca-approach");

/// `POST /consents`. The same request id with the same body is answered with the same consent.
pub(super) fn request(call: &Call<'_>, body: Body) -> Outcome {
    let caller = client::identify(call.bank, call.profile, call.request)?;
    caller::check_psu_address(call.request)?;
    let form = call.profile.consents.ok_or_else(Reply::unknown_resource)?;
    let redirect_uri = client::redirect_uri(call.request, &caller)?;
    let nok_redirect_uri = caller::return_address(call.request, "TPP-Nok-Redirect-URI")?;
    let body = body.map_err(|_| Reply::format_error("body", "the body cannot be read or is too large"))?;
    if form == ConsentForm::Standard {
        caller::check_content_type(call.request)?;
    }
    let body_sha256 = sha256_hex(&body);
    let now = call.bank.now();
    let mut books = caught_up(call.bank)?;
    let same = |c: &&Consent| {
        let known = &c.received;
        (known.bank, known.client_id.as_str(), known.request_id) == (call.profile.bank, caller.owner.as_str(), caller.request_id)
    };
    if let Some(consent) = books.consents().find(same) {
        if consent.received.body_sha256 == body_sha256 {
            return Ok(created(call, consent));
        }
        let text = "this X-Request-ID was used with another body";
        return Err(Reply::tpp_message(
            StatusCode::CONFLICT,
            "STATUS_INVALID",
            Some("X-Request-ID"),
            text,
        ));
    }
    let wanted = body::read(form, &body, now.date())?;
    let received = ReceivedConsent {
        bank: call.profile.bank,
        consent_id: random_word().split_off(32),
        client_id: caller.owner,
        request_id: caller.request_id,
        body_sha256,
        named: wanted.named,
        all: wanted.all,
        recurring: wanted.recurring,
        valid_until: wanted.valid_until,
        redirect_uri,
        nok_redirect_uri,
    };
    let id = received.consent_id.clone();
    books.receive_consent(received, now)?;
    tracing::info!(consent_id = id, "sandbox bank: consent asked for");
    books.consent(&id).map(|consent| created(call, consent)).ok_or_else(unknown)
}

fn unknown() -> Reply {
    Reply::tpp_message(StatusCode::FORBIDDEN, "CONSENT_UNKNOWN", None, "there is no such consent")
}

/// The 201. With OAuth, `Location` is the authorise address without `code_challenge` and `state`.
fn created(call: &Call<'_>, consent: &Consent) -> Reply {
    let (profile, id) = (call.profile, &consent.received.consent_id);
    let url = |path: &str| call.bank.settings().url(&format!("{}{path}", profile.bank.prefix()));
    let own = format!("/{}/consents/{id}", profile.version);
    let mut links = json!({ "self": { "href": url(&own) }, "status": { "href": url(&format!("{own}/status")) } });
    let location = if profile.approach == Approach::OAuth {
        links["scaOAuth"] = json!({ "href": url("/.well-known/oauth-authorization-server") });
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("response_type", "code");
        if profile.client_header {
            query.append_pair("client_id", &consent.received.client_id);
        }
        query
            .append_pair("scope", &format!("AIS:{id}"))
            .append_pair("redirect_uri", consent.received.redirect_uri.as_str());
        url(&format!("/oauth2/authorize?{}", query.finish()))
    } else {
        links["scaRedirect"] = json!({ "href": url(&format!("/acord-nou/{id}")) });
        url(&own)
    };
    let body = json!({ "consentStatus": consent.status(call.bank.now()), "consentId": id, "_links": links });
    Reply::json(StatusCode::CREATED, body)
        .with(header::LOCATION, location)
        .with(SCA_APPROACH, "REDIRECT")
}

/// The consent of this TPP. With OAuth it is told only to the token that the PSU's agreement led to.
fn own<'b>(call: &Call<'_>, books: &'b Books, caller: &Caller, id: &str) -> Result<&'b Consent, Reply> {
    let own = |c: &&Consent| c.received.bank == call.profile.bank && c.received.client_id == caller.owner;
    books.consent(id).filter(own).ok_or_else(unknown)
}

fn read(call: &Call<'_>, id: &str, show: impl FnOnce(&Consent) -> Value) -> Outcome {
    let caller = client::identify(call.bank, call.profile, call.request)?;
    let books = caught_up(call.bank)?;
    let consent = own(call, &books, &caller, id)?;
    if call.profile.approach == Approach::OAuth {
        client::check_token(call.bank, &books, call.request, &caller, id)?;
    }
    Ok(Reply::json(StatusCode::OK, show(consent)))
}

/// `GET /consents/{id}/status`.
pub(super) fn status(call: &Call<'_>, id: &str) -> Outcome {
    read(call, id, |consent| json!({ "consentStatus": consent.status(call.bank.now()) }))
}

/// `GET /consents/{id}`.
pub(super) fn details(call: &Call<'_>, id: &str) -> Outcome {
    read(call, id, |consent| {
        let references = |told: bool| -> Vec<Value> {
            let rights = consent.rights().filter(|_| told);
            let accounts = rights.map_or(&[][..], |rights| &rights.accounts);
            accounts.iter().map(|iban| json!({ "iban": iban.electronic() })).collect()
        };
        let rights = consent.rights();
        json!({
            "access": {
                "accounts": references(true),
                "balances": references(rights.is_some_and(|r| r.balances)),
                "transactions": references(rights.is_some_and(|r| r.transactions)),
            },
            "recurringIndicator": consent.received.recurring,
            "validUntil": consent.received.valid_until,
            "frequencyPerDay": if consent.received.recurring { 4 } else { 1 },
            "lastActionDate": consent.last_action.date(),
            "consentStatus": consent.status(call.bank.now()),
        })
    })
}

/// `DELETE /consents/{id}`. Needs no token; a consent that has ended is answered as when it ended.
pub(super) fn end(call: &Call<'_>, id: &str) -> Outcome {
    let caller = client::identify(call.bank, call.profile, call.request)?;
    let mut books = caught_up(call.bank)?;
    let over = own(call, &books, &caller, id)?.ended.is_some();
    if !over {
        books.end_consent(id, EndedBy::Tpp, call.bank.now())?;
        tracing::info!(consent_id = id, "sandbox bank: consent ended by the TPP");
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
