//! The plain redirect approach: the address the PSU's browser is sent to. It comes back with nothing that
//! proves anything.

use super::{Bank, Of, caught_up};
use crate::sandbox::pages::message;
use crate::sandbox::visit::{self, Way, pages::finished};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

/// `GET /sca/{authorisation}`. Who knows the id was sent here by the TPP.
pub(super) async fn begin(bank: Bank, of: Of, authorisation: web::Path<String>) -> HttpResponse {
    let Ok(books) = caught_up(&bank) else {
        return visit::pages::out_of_order();
    };
    let found = books.by_authorisation(of.bank, &authorisation).cloned();
    drop(books);
    let ways = found.and_then(|order| Some((order.received.redirect_uri.clone()?, order)));
    let Some((ok, order)) = ways else {
        return message(
            StatusCode::NOT_FOUND,
            "Adresa nu este bună",
            "Întoarceți-vă la comerciant și porniți plata din nou de acolo.",
        );
    };
    let counts = order.authorisation().is_some_and(|last| last.id == *authorisation);
    if !order.is_waiting() || !counts {
        return finished(&order);
    }
    let nok = order.received.nok_redirect_uri.clone().unwrap_or_else(|| ok.clone());
    visit::begin(&bank, of.bank, order.received.payment_id, Way::Plain { ok, nok })
}
