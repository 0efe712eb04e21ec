//! Where browsers arrive: with a payment to decide about, or with a TPP that asks for access.

use super::establishment::Establishment;
use super::pages::{finished, out_of_order, see_other};
use super::visit::{self, AccessAsked, Subject};
use super::{Bank, Of, Stet};
use crate::sandbox::form::parameters;
use crate::sandbox::pages::message;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use url::Url;

const MAX_STATE_CHARS: usize = 34;
const SCOPES: [&str; 4] = ["aisp", "aisp extended_transaction_history", "cbpii", "piisp"];

/// `GET /paiement?paymentRequestRessourceId=…`. Who knows the id was sent here by the TPP.
pub(super) async fn payment(http: HttpRequest, bank: Bank, of: Of) -> HttpResponse {
    let Some(stet) = bank.inner.stet.as_ref() else {
        return out_of_order();
    };
    let query = parameters(http.query_string().as_bytes()).unwrap_or_default();
    let id = query.get("paymentRequestRessourceId").map(String::as_str).unwrap_or_default();
    let found = stet.caught_up(bank.now()).request(id).cloned();
    let Some(request) = found.filter(|r| r.received.bank == of.bank) else {
        return message(
            StatusCode::NOT_FOUND,
            "Adresa nu este bună",
            "Întoarceți-vă la comerciant și porniți plata din nou de acolo.",
        );
    };
    if !request.is_waiting() {
        return finished(&request);
    }
    visit::begin(&bank, stet, of.bank, Subject::Payment(request.received.payment_id))
}

/// `GET /authorize` (RFC 6749 §4.1.1). Nobody is ever sent to an address that is not registered.
pub(super) async fn access(http: HttpRequest, bank: Bank, of: Of) -> HttpResponse {
    let refuse = |text| message(StatusCode::BAD_REQUEST, "Cerere invalidă", text);
    let Some(stet) = bank.inner.stet.as_ref() else {
        return out_of_order();
    };
    let Some(query) = parameters(http.query_string().as_bytes()) else {
        return refuse("Adresa conține un parametru de două ori.");
    };
    let get = |name: &str| query.get(name).map(String::as_str);
    let Some(known) = get("client_id").and_then(|id| bank.settings().client(id)) else {
        return refuse("Aplicația care v-a trimis nu este înscrisă la bancă (client_id).");
    };
    let sent = get("redirect_uri").and_then(|uri| Url::parse(uri).ok());
    let Some(redirect_uri) = sent.filter(|uri| known.redirect_uris.contains(uri)) else {
        return refuse("Adresa de întoarcere nu este înscrisă la bancă (redirect_uri).");
    };
    let mut asked = AccessAsked {
        client_id: known.client_id.clone(),
        redirect_uri,
        state: get("state").map(str::to_owned),
        scope: get("scope").unwrap_or_default().to_owned(),
    };
    if asked.state.as_ref().is_some_and(|s| s.chars().count() > MAX_STATE_CHARS) {
        asked.state = None;
        return back(&asked, "invalid_request", "state is longer than 34 characters");
    }
    if get("response_type") != Some("code") {
        return back(&asked, "unsupported_response_type", "response_type must be code");
    }
    if !SCOPES.contains(&asked.scope.as_str()) {
        return back(&asked, "invalid_scope", "the scope must be aisp, cbpii or piisp");
    }
    visit::begin(&bank, stet, of.bank, Subject::Access(asked))
}

fn back(asked: &AccessAsked, error: &str, text: &str) -> HttpResponse {
    see_other(asked.back(&[("error", error), ("error_description", text)]).as_str())
}

/// The certificate with which the bank signs.
pub(super) async fn certificate(bank: Bank) -> HttpResponse {
    let pem = |stet: &Stet| stet.settings.bank_certificate.clone();
    match bank.inner.stet.as_ref().map(pem) {
        Some(pem) => HttpResponse::Ok().content_type("application/x-pem-file").body(pem),
        None => out_of_order(),
    }
}

/// Where a TPP lands that had to fall back: the customers' own pages, which take no payments from third parties.
pub(super) async fn online_bank(of: Of) -> HttpResponse {
    let establishment: &'static Establishment = of.get_ref();
    let text = format!(
        "Aici se conectează clienții {}. Plățile prin terți nu se pot iniția pe această cale.",
        establishment.name
    );
    message(StatusCode::OK, "Banca online", &text)
}
