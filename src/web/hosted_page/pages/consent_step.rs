//! What the payer does for a consent without leaving for the bank's page: approve in the bank's app, choose a
//! method, enter a one-time code. What the bank says here is hostile text.

use super::consent::Leave;
use super::steps::{CodeField, MethodView, method_views};
use super::{CodeError, Shell, bank_text, opaque};
use crate::bank::{CodePrompt, ScaMethod};
use crate::web::hosted_page::consent_texts::ConsentTexts;
use askama::Template;

/// What the bank wants.
pub enum Wanted {
    /// An approval on a device of the payer's own; with the bank's words.
    InApp(Option<String>),
    /// A code, what is wrong with the one entered last, and how many wrong ones are still taken.
    Code(CodePrompt, Option<CodeError>, u32),
    /// A method; `true` when none was chosen.
    Method(Vec<ScaMethod>, bool),
}

/// Where the page's forms and its script go.
#[derive(Clone, Debug)]
pub struct StepPaths {
    /// This page.
    pub page: String,
    /// Answers `{"changed": bool}`; asked every few seconds by the script.
    pub status: String,
    /// Takes the code.
    pub code: String,
    /// Asks for another code.
    pub resend: String,
    /// Takes the method.
    pub method: String,
}

/// What stands around the step.
pub struct StepFrame {
    /// The bank's name.
    pub bank: String,
    /// Where its forms go.
    pub paths: StepPaths,
    /// The way out; what it carries, the other forms carry too.
    pub leave: Leave,
    /// Why what the payer did last came to nothing.
    pub notice: Option<String>,
    /// Another code was asked for.
    pub resent: bool,
    /// Until when the payer can do it, as a time of day.
    pub until: String,
    /// Seconds until then, for the script, whose clock may be wrong.
    pub seconds_left: i64,
}

impl StepFrame {
    fn say(&self, text: &str) -> String {
        text.replace("{bank}", &self.bank)
    }
}

enum Step {
    InApp(Option<String>),
    Code(Box<(CodeField, Option<String>)>),
    Method(Vec<MethodView>, Option<&'static str>),
}

/// The page of a step.
#[derive(Template)]
#[template(path = "hosted_page/consent_step.html", whitespace = "minimize")]
pub struct ConsentStep {
    shell: Shell,
    c: &'static ConsentTexts,
    at: StepFrame,
    step: Step,
}

impl ConsentStep {
    /// The page for what the bank wants.
    #[must_use]
    pub fn new(shell: Shell, at: StepFrame, wanted: Wanted) -> Self {
        let language = shell.language();
        let step = match wanted {
            Wanted::InApp(message) => Step::InApp(message.as_deref().and_then(bank_text)),
            Wanted::Code(prompt, error, tries_left) => {
                let message = prompt.message.as_deref().and_then(bank_text);
                Step::Code(Box::new((CodeField::new(language, prompt, error, tries_left), message)))
            }
            Wanted::Method(methods, missing) => {
                let error = missing.then_some(shell.s.method_required);
                Step::Method(method_views(shell.s, &methods), error)
            }
        };
        Self {
            c: ConsentTexts::of(language),
            shell,
            at,
            step,
        }
    }

    fn title(&self) -> &'static str {
        match &self.step {
            Step::InApp(_) => self.c.app_title,
            Step::Code(code) => code.0.title(),
            Step::Method(..) => self.c.method_title,
        }
    }

    /// Where the code comes from.
    fn code_lead(&self, field: &CodeField) -> &'static str {
        if field.made_by_psu() { self.c.made_lead } else { self.c.code_lead }
    }

    /// The field that is wrong, and why.
    fn problem(&self) -> Option<(&'static str, &'static str)> {
        match &self.step {
            Step::InApp(_) => None,
            Step::Code(code) => code.0.error.map(|error| ("code", error)),
            Step::Method(_, error) => error.map(|error| ("method-0", error)),
        }
    }

    /// How often the script asks at most, in milliseconds.
    fn most_ms(&self) -> u32 {
        if matches!(self.step, Step::InApp(_)) { 4000 } else { 10_000 }
    }

    fn until(&self) -> String {
        self.c.step_until.replace("{time}", &self.at.until)
    }

    fn resent(&self) -> bool {
        self.at.resent && self.problem().is_none() && self.at.notice.is_none()
    }

    fn leads_to_payment(&self) -> bool {
        matches!(self.at.leave, Leave::Payment(_))
    }
}

opaque!(ConsentStep, StepFrame);

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wanted")
    }
}
