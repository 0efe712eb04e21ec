//! Applications of sub-merchants that platforms sent: what waits, one of them with what was declared, and the decision.
//!
//! **Invariant:** nothing is decided here: handlers read a form and start a flow. What was declared is masked for those
//! who need not see it; why one was refused is shown only to those who decide.

mod list;
mod show;
pub mod texts;

use super::roles::{Route, serve};
use crate::partner::application::ApplicationState;
use actix_web::web;
use texts::ApplicationTexts;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    serve(config, Route::Applications, list::show);
    serve(config, Route::Application, show::show);
    serve(config, Route::TakeApplication, show::take);
    serve(config, Route::AskApplicant, show::ask);
    serve(config, Route::RefuseApplication, show::refuse);
    serve(config, Route::ApproveApplication, show::approve);
}

/// A state in words, and how it looks.
const fn state_word(t: &ApplicationTexts, state: ApplicationState) -> (&'static str, &'static str) {
    match state {
        ApplicationState::Received => (t.received, "alarm"),
        ApplicationState::InReview => (t.in_review, "open"),
        ApplicationState::MoreInformation => (t.more_information, "open"),
        ApplicationState::Approved => (t.approved, "good"),
        ApplicationState::Refused => (t.refused, "ended"),
    }
}
