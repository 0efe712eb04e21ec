//! Which page fits what the bank wants of the payer for a consent.

use super::{Rendered, time_of_day};
use crate::bank::PsuStep;
use crate::clock::Timestamp;
use crate::flow::consents::step::OpenStep;
use crate::payment::Language;
use crate::web::hosted_page::consent_texts::ConsentTexts;
use crate::web::hosted_page::pages::{CodeError, ConsentStep, Leave, Shell, StepFrame, StepPaths, Wanted};
use crate::web::hosted_page::step_texts::StepTexts;
use askama::Template as _;

/// What is wrong with what was posted; it never reached the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepProblem {
    /// That is no code of this bank's.
    Code(CodeError),
    /// No method, or not one of these.
    Method,
}

/// Where a step's page belongs: to a consent, or to choosing an account on a payment's page.
pub struct StepPlace {
    /// What stands around the page.
    pub shell: Shell,
    /// The bank's name.
    pub bank: String,
    /// Where its forms go.
    pub paths: StepPaths,
    /// The way out.
    pub leave: Leave,
    /// Another code was asked for.
    pub resent: bool,
}

impl std::fmt::Debug for StepPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepPlace").finish_non_exhaustive()
    }
}

/// The sentence for a notice of the flows.
#[must_use]
pub fn consent_notice(language: Language, word: &str, bank: &str) -> String {
    let c = ConsentTexts::of(language);
    let text = match word {
        "bank_declined" => c.declined,
        "psu_id_refused" => c.user_code_refused,
        "wrong_codes" => c.wrong_codes,
        "not_answered" => StepTexts::of(language).not_answered,
        "code_unanswered" => c.code_unanswered,
        _ => c.unavailable,
    };
    text.replace("{bank}", bank)
}

/// Whether the page of a step shows what the bank wants.
#[must_use]
pub const fn has_page(step: &PsuStep) -> bool {
    matches!(
        step,
        PsuStep::ApproveInApp { .. } | PsuStep::EnterCode(_) | PsuStep::ChooseMethod { .. }
    )
}

/// The page for what the bank wants, perhaps with what is wrong with what was posted; `None` where another page
/// shows it ([`has_page`]).
#[must_use]
pub fn step_page(place: StepPlace, open: &OpenStep, problem: Option<StepProblem>, now: Timestamp) -> Option<Rendered> {
    let wanted = match open.step.clone()? {
        PsuStep::ApproveInApp { message } => Wanted::InApp(message),
        PsuStep::EnterCode(prompt) => {
            let error = match problem {
                Some(StepProblem::Code(error)) => Some(error),
                _ => prompt.wrong.then_some(CodeError::Wrong),
            };
            Wanted::Code(prompt, error, open.tries_left)
        }
        PsuStep::ChooseMethod { methods } => Wanted::Method(methods, problem == Some(StepProblem::Method)),
        PsuStep::GoToBank { .. } | PsuStep::Begin => return None,
    };
    let notice = open
        .notice
        .as_deref()
        .map(|word| consent_notice(place.shell.language(), word, &place.bank));
    let frame = StepFrame {
        bank: place.bank,
        paths: place.paths,
        leave: place.leave,
        notice: notice.filter(|_| problem.is_none()),
        resent: place.resent,
        until: time_of_day(open.until),
        // Rounded up, so that the page is not loaded again just before the end.
        seconds_left: (open.until - now).num_seconds().max(0) + 1,
    };
    Some(ConsentStep::new(place.shell, frame, wanted).render())
}
