//! Banks: how each stands by the calls that were made to it, and switching one off for new payments.
//!
//! **Invariant:** no personal data is on these pages: of a call only its status, the bank's error code and our
//! request id are kept, and words for payers and reasons are the operator's own.

mod list;
mod page;
mod show;
mod state;
mod switch;
mod switch_texts;
mod texts;

use super::roles::{Route, serve};
use crate::payment::Language;
use crate::store::bank_calls::Counts;
use actix_web::web;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    serve(config, Route::Banks, list::list);
    serve(config, Route::Bank, show::show);
    serve(config, Route::SwitchBankOff, switch::off);
    serve(config, Route::SwitchBankOn, switch::on);
}

/// The address of a route for a bank.
fn address(route: Route, bank: &str) -> String {
    route.path().replace("{id}", bank)
}

/// The availability as people read it.
fn availability(language: Language, counts: &Counts) -> String {
    let Some(permille) = counts.availability_permille() else {
        return "–".to_owned();
    };
    let (whole, tenth) = (permille / 10, permille % 10);
    match language {
        Language::Ro => format!("{whole},{tenth} %"),
        Language::En => format!("{whole}.{tenth}%"),
    }
}

/// A time that so many of a hundred calls took at most.
fn at_most(counts: &Counts, of_hundred: i64, beyond: &str) -> String {
    match counts.percentile_ms(of_hundred) {
        None => "–".to_owned(),
        Some(Some(ms)) => format!("{ms} ms"),
        Some(None) => beyond.to_owned(),
    }
}
