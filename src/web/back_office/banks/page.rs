//! One bank's page as plain data.

use super::switch_texts::SwitchTexts;
use super::texts::BankTexts;
use crate::flow::close_bank::{MESSAGE_CHARS, REASON_CHARS};
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::reports::chart::{Chart, HEIGHT};
use askama::Template;

/// A drawing, and from when it is.
#[derive(Debug)]
pub struct Drawing {
    /// The bars.
    pub chart: Chart,
    /// When the first bar was.
    pub from: &'static str,
    /// Whether its bars are of answered and failed calls.
    pub of_calls: bool,
}

/// A line of the table of kinds.
#[derive(Debug)]
pub struct KindRow {
    /// The kind, in words.
    pub name: &'static str,
    /// Calls, availability, every outcome, times: as they are shown, in the order of the head.
    pub cells: Vec<String>,
}

/// A line of the table of errors.
#[derive(Debug)]
pub struct ErrorRow {
    /// When, with seconds.
    pub at: String,
    /// The kind of call.
    pub kind: &'static str,
    /// The connector's word for it.
    pub operation: String,
    /// How it went.
    pub outcome: &'static str,
    /// The HTTP status.
    pub status: String,
    /// The bank's own code; hostile text.
    pub code: String,
    /// What was sent as `X-Request-ID`.
    pub request_id: String,
    /// The payment, where there is one.
    pub payment: Option<String>,
}

/// A time at which the bank is, was or will be off.
#[derive(Debug)]
pub struct ClosureRow {
    /// Its id.
    pub id: String,
    /// From when until when.
    pub period: String,
    /// How it stands, and how that looks.
    pub standing: (&'static str, &'static str),
    /// What payers read, in both languages.
    pub messages: [String; 2],
    /// Why.
    pub reason: String,
    /// Who said so.
    pub who: String,
    /// What ends it, where that can still be done.
    pub end: Option<&'static str>,
}

/// The form that switches the bank off, as it was typed last.
#[derive(Clone, Debug, Default)]
pub struct OffForm {
    /// When it begins.
    pub from: String,
    /// When it ends.
    pub until: String,
    /// What payers read, in Romanian.
    pub message_ro: String,
    /// What payers read, in English.
    pub message_en: String,
    /// Why.
    pub reason: String,
    /// Fields that are wrong.
    pub wrong: Vec<String>,
}

/// Who may switch: with a proof that is fresh, or after one.
#[derive(Debug)]
pub struct MaySwitch {
    /// Whether the form is shown.
    pub is_fresh: bool,
    /// The way to the proof and back.
    pub confirm: String,
    /// Where the form is posted to, with its anti-forgery token.
    pub off: (String, String),
    /// Where the end of one is posted to, with its anti-forgery token.
    pub on: (String, String),
    /// What was typed.
    pub form: OffForm,
}

/// A bank.
#[derive(Template)]
#[template(path = "back_office/bank.html", whitespace = "minimize")]
pub struct BankPage {
    pub(super) shell: OfficeShell,
    pub(super) b: &'static BankTexts,
    pub(super) s: &'static SwitchTexts,
    pub(super) name: String,
    pub(super) state: (&'static str, &'static str),
    pub(super) notice: Option<&'static str>,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) tiles: Vec<(&'static str, String)>,
    pub(super) drawings: Vec<Drawing>,
    pub(super) kinds: Vec<KindRow>,
    pub(super) errors: Vec<ErrorRow>,
    pub(super) closures: Vec<ClosureRow>,
    pub(super) switch: Option<MaySwitch>,
}

impl std::fmt::Debug for BankPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BankPage").field("name", &self.name).finish_non_exhaustive()
    }
}

impl BankPage {
    fn wrong(&self) -> &[String] {
        self.switch.as_ref().map_or(&[], |switch| &switch.form.wrong)
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.wrong().iter().any(|wrong| wrong == field)
    }

    /// Where a problem is mended: a field of the form, or the form.
    fn anchor(field: &str) -> &str {
        match field {
            "from" | "until" | "message_ro" | "message_en" | "reason" => field,
            _ => "switch",
        }
    }

    const fn height() -> u64 {
        HEIGHT
    }

    fn longest_message() -> usize {
        *MESSAGE_CHARS.end()
    }

    fn longest_reason() -> usize {
        *REASON_CHARS.end()
    }

    /// The heads of the table of kinds, after the kind.
    fn heads(&self) -> [&'static str; 11] {
        let b = self.b;
        [
            b.calls,
            b.availability,
            b.done,
            b.refused,
            b.too_many,
            b.server_error,
            b.timed_out,
            b.unreachable,
            b.malformed,
            b.median,
            b.p95,
        ]
    }
}
