//! What the payer does for the approval without leaving for the bank's page: approve in the bank's app, choose
//! a method, enter a one-time code. What the bank says here is hostile text.

use super::at_bank::AtBank;
use super::{PostForm, Shell, opaque};
use crate::bank::{CodeFormat, CodePrompt, ScaMethod};
use crate::flow::answer_step::MAX_CODE_TRIES;
use crate::payment::Language;
use crate::payment::text::has_forbidden_characters;
use crate::web::hosted_page::step_texts::{self, StepTexts};
use askama::Template;

/// Most characters shown of a text of the bank's.
const MAX_BANK_TEXT_CHARS: usize = 500;
/// Longest code taken where the bank tells no length, in characters.
const MAX_CODE_CHARS: usize = 64;

/// A text of the bank's on one line, without what could disguise it; `None` when nothing is left.
#[must_use]
pub fn bank_text(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !has_forbidden_characters(c.encode_utf8(&mut [0; 4])))
        .take(MAX_BANK_TEXT_CHARS)
        .collect();
    let folded = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    (!folded.is_empty()).then_some(folded)
}

/// The payer approves on a device of their own (decoupled approach).
#[derive(Template)]
#[template(path = "hosted_page/approve_in_app.html", whitespace = "minimize")]
pub struct ApproveInApp {
    shell: Shell,
    at: AtBank,
    message: Option<String>,
}

impl ApproveInApp {
    /// The page with the bank's words, if it had any.
    #[must_use]
    pub fn new(shell: Shell, at: AtBank, message: Option<&str>) -> Self {
        Self {
            shell,
            at,
            message: message.and_then(bank_text),
        }
    }
}

/// Why a code is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// The bank says that it is wrong.
    Wrong,
    /// Nothing was entered. Like those below, it never reached the bank.
    Empty,
    /// Something else than digits, where the bank's codes have digits only.
    NotDigits,
    /// Longer than the bank's codes.
    TooLong,
    /// Invisible characters.
    Unreadable,
}

/// The code as the bank wants it, or what is wrong with it. Spaces are how people read a code, not part of it.
///
/// # Errors
/// [`CodeError`] when it cannot be a code of this bank.
pub fn read_code(typed: &str, prompt: &CodePrompt) -> Result<String, CodeError> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    if code.is_empty() {
        return Err(CodeError::Empty);
    }
    if has_forbidden_characters(&code) {
        return Err(CodeError::Unreadable);
    }
    if prompt.format == CodeFormat::Digits && !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CodeError::NotDigits);
    }
    let most = prompt.max_length.filter(|most| *most > 0).map_or(MAX_CODE_CHARS, usize::from);
    if code.chars().count() > most {
        return Err(CodeError::TooLong);
    }
    Ok(code)
}

/// The field for a code, as the bank described its codes.
pub(super) struct CodeField {
    language: Language,
    prompt: CodePrompt,
    /// Its name.
    pub(super) label: String,
    /// What is wrong with the code entered last.
    pub(super) error: Option<&'static str>,
    /// How many wrong codes are still taken.
    pub(super) tries_left: u32,
}

impl CodeField {
    pub(super) fn new(language: Language, prompt: CodePrompt, error: Option<CodeError>, tries_left: u32) -> Self {
        let s = StepTexts::of(language);
        // A bank without a name for the method leaves only its type, which is no word for payers.
        let named = prompt.method.as_deref().filter(|name| s.kind_word(name).is_none());
        let method = named.and_then(bank_text);
        let error = error.map(|e| match e {
            CodeError::Wrong if prompt.made_by_psu => s.made_wrong,
            CodeError::Wrong => s.code_wrong,
            CodeError::Empty if prompt.made_by_psu => s.made_required,
            CodeError::Empty => s.code_required,
            CodeError::NotDigits => s.code_only_digits,
            CodeError::TooLong => s.code_too_long,
            CodeError::Unreadable => s.code_unreadable,
        });
        Self {
            label: method.map_or_else(|| s.code_label.to_owned(), |m| s.code_label_method.replace("{method}", &m)),
            language,
            prompt,
            error,
            tries_left,
        }
    }

    pub(super) fn can_resend(&self) -> bool {
        self.prompt.can_resend
    }

    pub(super) fn made_by_psu(&self) -> bool {
        self.prompt.made_by_psu
    }

    pub(super) fn digits(&self) -> bool {
        self.prompt.format == CodeFormat::Digits
    }

    pub(super) fn hint(&self) -> String {
        let s = StepTexts::of(self.language);
        match self.prompt.max_length.filter(|most| *most > 0) {
            Some(most) => step_texts::at_most(self.language, most, self.digits()),
            None if self.digits() => s.code_digits.to_owned(),
            None if self.prompt.made_by_psu => s.made_as_shown.to_owned(),
            None => s.code_as_received.to_owned(),
        }
    }

    /// The most characters the browser takes: more than the code, so that it can be pasted with its spaces.
    pub(super) fn most_typed(&self) -> usize {
        self.prompt
            .max_length
            .filter(|most| *most > 0)
            .map_or(MAX_CODE_CHARS, |most| usize::from(most) * 2 + 8)
    }

    pub(super) fn some_were_wrong(&self) -> bool {
        i32::try_from(self.tries_left).is_ok_and(|left| left < MAX_CODE_TRIES)
    }

    pub(super) fn tries(&self) -> String {
        step_texts::tries_left(self.language, self.tries_left)
    }

    /// The heading over it.
    pub(super) fn title(&self) -> &'static str {
        let s = StepTexts::of(self.language);
        match self.tries_left {
            0 => s.blocked_title,
            _ if self.prompt.made_by_psu => s.made_title,
            _ => s.code_title,
        }
    }

    /// Where the code comes from.
    pub(super) fn lead(&self) -> &'static str {
        let s = StepTexts::of(self.language);
        if self.prompt.made_by_psu { s.made_lead } else { s.code_lead }
    }
}

/// The payer enters the code that the bank sent, or that an app or a device of the payer's shows (embedded approach).
#[derive(Template)]
#[template(path = "hosted_page/enter_code.html", whitespace = "minimize")]
pub struct EnterCode {
    shell: Shell,
    at: AtBank,
    field: CodeField,
    message: Option<String>,
    send: PostForm,
    resend: Option<PostForm>,
    resent: bool,
}

/// Where the forms of [`EnterCode`] are posted to.
#[derive(Clone, Debug)]
pub struct CodeForms {
    /// Takes the code.
    pub send: PostForm,
    /// Asks for another code.
    pub resend: PostForm,
}

impl EnterCode {
    /// The page for a code; `tries_left` wrong ones are still taken, `resent` after another one was asked for.
    #[must_use]
    pub fn new(
        shell: Shell,
        at: AtBank,
        prompt: CodePrompt,
        forms: CodeForms,
        error: Option<CodeError>,
        tries_left: u32,
        resent: bool,
    ) -> Self {
        let message = prompt.message.as_deref().and_then(bank_text);
        let field = CodeField::new(shell.language(), prompt, error, tries_left);
        Self {
            message,
            resend: field.can_resend().then_some(forms.resend),
            send: forms.send,
            resent: resent && field.error.is_none() && at.notice.is_none(),
            shell,
            at,
            field,
        }
    }

    fn title(&self) -> &'static str {
        self.field.title()
    }
}

/// A method in the list: its id at the bank, the bank's name of it, our words for its kind.
pub(super) struct MethodView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
}

pub(super) fn method_views(s: &StepTexts, methods: &[ScaMethod]) -> Vec<MethodView> {
    let view = |m: &ScaMethod| {
        let kind = s.kind_word(&m.kind).unwrap_or_default();
        let name = bank_text(&m.name).filter(|_| m.name != m.kind || kind.is_empty());
        MethodView {
            id: m.id.clone(),
            // Said once: many banks name a method by its kind.
            kind: if name.as_ref().is_some_and(|n| n.to_lowercase() != kind.to_lowercase()) {
                kind
            } else {
                ""
            },
            name: name.unwrap_or_else(|| if kind.is_empty() { m.id.clone() } else { as_a_beginning(kind) }),
        }
    };
    methods.iter().map(view).collect()
}

/// With a capital letter: here it stands alone.
fn as_a_beginning(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The payer chooses how to get the code.
#[derive(Template)]
#[template(path = "hosted_page/choose_method.html", whitespace = "minimize")]
pub struct ChooseMethod {
    shell: Shell,
    at: AtBank,
    methods: Vec<MethodView>,
    send: PostForm,
    error: Option<&'static str>,
}

impl ChooseMethod {
    /// The page for these methods; `missing` when none was chosen.
    #[must_use]
    pub fn new(shell: Shell, at: AtBank, methods: &[ScaMethod], send: PostForm, missing: bool) -> Self {
        Self {
            methods: method_views(shell.s, methods),
            error: missing.then_some(shell.s.method_required),
            shell,
            at,
            send,
        }
    }
}

/// The order is at the bank, and the bank has not begun to ask the payer.
#[derive(Template)]
#[template(path = "hosted_page/not_begun.html", whitespace = "minimize")]
pub struct NotBegun {
    /// What stands around the page.
    pub shell: Shell,
    /// The payment at the bank.
    pub at: AtBank,
}

opaque!(CodeField, ApproveInApp, EnterCode, ChooseMethod, NotBegun);

/// The sentence for a notice of the flows, on a page of a payment at its bank.
#[must_use]
pub fn notice_text(language: Language, word: &str) -> &'static str {
    let s = StepTexts::of(language);
    match word {
        "not_withdrawn" => s.not_withdrawn,
        "psu_id_refused" => s.user_code_refused,
        _ => s.not_answered,
    }
}
