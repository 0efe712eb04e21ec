//! The consent resource: asked for, looked at, ended.

use super::{Call, Consent, body};
use crate::clock::Timestamp;
use crate::sandbox::berlin::authorisations::{PUSH_MESSAGE_OF_CONSENT, identified, wrong_credentials};
use crate::sandbox::berlin::links::{Links, shaped};
use crate::sandbox::berlin::profile::{Approach, ConsentForm, StartedBy};
use crate::sandbox::berlin::reply::{Outcome, Reply};
use crate::sandbox::berlin::{Body, caller, caught_up};
use crate::sandbox::books::{Books, Start};
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
    let redirect_uri = match call.profile.approach {
        Approach::OAuth | Approach::Redirect => Some(client::redirect_uri(call.request, &caller)?),
        Approach::Decoupled | Approach::Embedded => None,
    };
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
    let implicit = implicit_start(call, &received, now)?;
    books.receive_consent(received, implicit, now)?;
    tracing::info!(consent_id = id, "sandbox bank: consent asked for");
    books.consent(&id).map(|consent| created(call, consent)).ok_or_else(unknown)
}

/// The authorisation that comes with the consent. A bank that pushes the request has to know to whom.
fn implicit_start(call: &Call<'_>, received: &ReceivedConsent, now: Timestamp) -> Result<Option<Start>, Reply> {
    if call.profile.approach == Approach::OAuth || call.profile.started_by == StartedBy::Tpp {
        return Ok(None);
    }
    let customer = identified(call.profile, call.request)?;
    let fits = |customer| !Consent::open(received.clone(), now).offered(customer).is_empty();
    if !customer.is_none_or(fits) {
        return Err(wrong_credentials("the PSU has no such account"));
    }
    Ok(Some(Start::new(None, customer.map(|c| c.user))))
}

pub(in crate::sandbox) fn unknown() -> Reply {
    Reply::tpp_message(StatusCode::FORBIDDEN, "CONSENT_UNKNOWN", None, "there is no such consent")
}

/// The 201: what comes next is in its links.
fn created(call: &Call<'_>, consent: &Consent) -> Reply {
    let (profile, id) = (call.profile, &consent.received.consent_id);
    let own = format!("/{}/consents/{id}", profile.version);
    let links = Links::new(profile, call.bank.settings())
        .to("self", &own)
        .to("status", &format!("{own}/status"));
    let start = format!("{own}/authorisations");
    let begun = consent.authorisations.last().filter(|_| profile.started_by == StartedBy::Order);
    let (links, message) = match (begun, profile.approach) {
        (_, Approach::OAuth) => (links.for_the_browser("scaOAuth", "/.well-known/oauth-authorization-server"), None),
        (Some(begun), approach) => {
            let links = links.to("scaStatus", &format!("{start}/{}", begun.id));
            match approach {
                Approach::Redirect => (links.for_the_browser("scaRedirect", &format!("/acord-nou/{}", begun.id)), None),
                Approach::Decoupled => (links, Some(PUSH_MESSAGE_OF_CONSENT)),
                Approach::OAuth | Approach::Embedded => (links, None),
            }
        }
        (None, Approach::Redirect) => (links.to("startAuthorisation", &start), None),
        (None, _) => (links.to("startAuthorisationWithPsuIdentification", &start), None),
    };
    let body = json!({ "consentStatus": consent.status(call.bank.now()), "consentId": id });
    Reply::json(StatusCode::CREATED, shaped(profile, links.into(body, message)))
        .with(header::LOCATION, location(call, consent, &own))
        .with(SCA_APPROACH, profile.approach.header())
}

/// `Location`: the consent; with OAuth the authorise address without `code_challenge` and `state`.
fn location(call: &Call<'_>, consent: &Consent, own: &str) -> String {
    let (profile, received) = (call.profile, &consent.received);
    let url = |path: &str| call.bank.settings().url(&format!("{}{path}", profile.bank.prefix()));
    if profile.approach != Approach::OAuth {
        return url(own);
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("response_type", "code");
    if profile.client_header {
        query.append_pair("client_id", &received.client_id);
    }
    query.append_pair("scope", &format!("AIS:{}", received.consent_id));
    if let Some(uri) = &received.redirect_uri {
        query.append_pair("redirect_uri", uri.as_str());
    }
    url(&format!("/oauth2/authorize?{}", query.finish()))
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
