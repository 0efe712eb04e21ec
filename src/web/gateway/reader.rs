//! Reads the fields of one JSON object, and keeps every problem with its field's whole name.

use super::input::RawObject;
use crate::flow::FieldProblem;
use crate::payment::amount::AmountError;
use crate::payment::text::{for_bank, has_forbidden_characters, is_email};
use crate::payment::{Amount, Currency, Iban};
use serde_json::value::RawValue;
use url::Url;

/// Most problems that are named; the rest are counted.
pub const MAX_PROBLEMS: usize = 50;

/// Why an order is not taken.
#[derive(Debug)]
pub enum Refused {
    /// Input that must be mended; broken rules may be among the problems.
    IllFormed(Vec<FieldProblem>),
    /// Well-formed, and breaks rules.
    AgainstRules(Vec<FieldProblem>),
}

/// What is wrong with a call.
#[derive(Debug, Default)]
pub struct Problems {
    named: Vec<FieldProblem>,
    more: usize,
    ill_formed: bool,
}

impl Problems {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.named.len() + self.more
    }

    fn add(&mut self, problem: FieldProblem) {
        if self.named.len() < MAX_PROBLEMS {
            self.named.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// The value, when nothing is wrong.
    ///
    /// # Errors
    /// Every problem, at most [`MAX_PROBLEMS`] of them named.
    pub fn or<T>(self, value: Option<T>) -> Result<T, Refused> {
        if let (Some(value), 0) = (value, self.count()) {
            return Ok(value);
        }
        let mut named = self.named;
        if self.more > 0 {
            let words = format!("{} more problems are not listed", self.more);
            named.push(FieldProblem::new("payments", "MORE_PROBLEMS", words));
        }
        Err(if self.ill_formed {
            Refused::IllFormed(named)
        } else {
            Refused::AgainstRules(named)
        })
    }
}

/// One object of a call.
#[derive(Debug)]
pub struct Reader<'a> {
    object: &'a RawObject,
    /// Stands before every field's name.
    place: String,
    problems: &'a mut Problems,
}

impl<'a> Reader<'a> {
    /// Reads an object that stands at `place` (`""` for the call itself, `"payments[3]."`).
    pub const fn new(object: &'a RawObject, place: String, problems: &'a mut Problems) -> Self {
        Self { object, place, problems }
    }

    /// All problems so far.
    pub const fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// Notes what is wrong with a field.
    pub fn problem<T>(&mut self, field: &str, code: &'static str, message: impl Into<String>) -> Option<T> {
        self.problems.ill_formed = true;
        self.problems
            .add(FieldProblem::new(format!("{}{field}", self.place), code, message));
        None
    }

    /// Notes which rule a well-formed field breaks.
    pub fn breaks_rule<T>(&mut self, field: &str, code: &'static str, message: impl Into<String>) -> Option<T> {
        self.problems
            .add(FieldProblem::new(format!("{}{field}", self.place), code, message));
        None
    }

    /// A field without which there is no order.
    pub fn needed<T>(&mut self, field: &str, read: impl FnOnce(&mut Self, &str) -> Option<T>) -> Option<T> {
        let before = self.problems.count();
        let value = read(self, field);
        if value.is_none() && self.problems.count() == before {
            return self.problem(field, "MISSING", "this field is needed");
        }
        value
    }

    /// The value as written; `null` equals absent.
    pub fn raw(&self, field: &str) -> Option<&'a str> {
        self.object.get(field).map(|v| RawValue::get(v)).filter(|v| *v != "null")
    }

    /// Whether the field says anything; an empty text equals absent.
    pub fn says(&self, field: &str) -> bool {
        self.raw(field).is_some_and(|raw| !raw.trim_matches('"').trim().is_empty())
    }

    /// A text; empty equals absent.
    pub fn text(&mut self, field: &str) -> Option<String> {
        let raw = self.raw(field)?;
        match serde_json::from_str::<String>(raw) {
            Ok(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
            Err(_) => self.problem(field, "WRONG_TYPE", "this field must be a text"),
        }
    }

    /// A text of at most `max` characters, or a number, taken as it is written.
    pub fn text_or_number(&mut self, field: &str, max: usize) -> Option<String> {
        let raw = self.raw(field)?;
        let text = if raw.starts_with(|c: char| c.is_ascii_digit()) {
            raw.to_owned()
        } else {
            self.text(field)?
        };
        if has_forbidden_characters(&text) {
            return self.problem(field, "FORBIDDEN_CHARACTERS", "control characters are not allowed");
        }
        self.at_most(field, text, max)
    }

    fn at_most(&mut self, field: &str, text: String, max: usize) -> Option<String> {
        if text.chars().count() > max {
            return self.problem(field, "TOO_LONG", format!("at most {max} characters"));
        }
        Some(text)
    }

    /// A text of at most `max` characters.
    pub fn short_text(&mut self, field: &str, max: usize) -> Option<String> {
        let text = self.text(field)?;
        self.at_most(field, text, max)
    }

    /// A text that will be sent to a bank.
    pub fn bank_text(&mut self, field: &str, max: usize) -> Option<String> {
        let text = self.short_text(field, max)?;
        if has_forbidden_characters(&text) {
            return self.problem(field, "FORBIDDEN_CHARACTERS", "control characters are not allowed");
        }
        if for_bank(&text, max).is_empty() {
            return self.problem(
                field,
                "NOTHING_FOR_BANK",
                "nothing would be left of it in the characters banks accept",
            );
        }
        Some(text)
    }

    /// An IBAN.
    pub fn iban(&mut self, field: &str) -> Option<Iban> {
        let text = self.text(field)?;
        match Iban::parse(&text) {
            Ok(iban) => Some(iban),
            Err(error) => self.problem(field, "INVALID_IBAN", error.to_string()),
        }
    }

    /// An amount, as a number or a text.
    pub fn amount(&mut self, field: &str, currency: Currency) -> Option<Amount> {
        let raw = self.raw(field)?;
        let is_number = raw.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        let digits = if is_number {
            Some(raw.to_owned())
        } else {
            serde_json::from_str::<String>(raw).ok()
        };
        let Some(digits) = digits else {
            return self.problem(field, "WRONG_TYPE", "this field must be a number or a text");
        };
        match Amount::parse(&digits, currency) {
            Ok(amount) => Some(amount),
            Err(AmountError::Empty) => None,
            Err(error) => self.problem(field, "INVALID_AMOUNT", error.to_string()),
        }
    }

    /// An e-mail address.
    pub fn email(&mut self, field: &str) -> Option<String> {
        let text = self.text(field)?;
        if is_email(&text) {
            Some(text)
        } else {
            self.problem(field, "INVALID_EMAIL", "not a valid e-mail address")
        }
    }

    /// An address of the web.
    pub fn url(&mut self, field: &str) -> Option<Url> {
        let text = self.short_text(field, 2000)?;
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "https" | "http") => Some(url),
            _ => self.problem(field, "INVALID_URL", "not an absolute http or https URL"),
        }
    }

    /// true/false or 1/0; absent is false.
    pub fn flag(&mut self, field: &str) -> bool {
        match self.raw(field) {
            None | Some("false" | "0" | "\"false\"" | "\"0\"" | "\"\"") => false,
            Some("true" | "1" | "\"true\"" | "\"1\"") => true,
            Some(_) => self
                .problem(field, "WRONG_TYPE", "this field must be true, false, 1 or 0")
                .unwrap_or(false),
        }
    }
}
