//! What a Serbian payment order says beside amount, accounts and purpose: payment code („šifra plaćanja”), models
//! and reference numbers („model i poziv na broj”), the creditor's address and urgency.

use super::iban::mod_97;
use super::text::has_forbidden_characters;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest reference, in characters: the field for model and reference holds 35.
pub const MAX_REFERENCE_CHARS: usize = 33;
/// Longest address of a creditor, in characters.
pub const MAX_ADDRESS_CHARS: usize = 70;

/// The code of an order that names none: trade in goods and services.
const DEFAULT_PAYMENT_CODE: &str = "220";

/// The model of a reference, which says how it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Model {
    /// 97: two control digits in front, ISO 7064 MOD 97-10 over the rest, letters counting from `A` = 10.
    #[serde(rename = "97")]
    M97,
    /// 11: groups of digits with control digits of their own, which the bank checks.
    #[serde(rename = "11")]
    M11,
}

impl Model {
    /// The two digits that are written and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::M97 => "97",
            Self::M11 => "11",
        }
    }

    /// Reads the two digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::M97, Self::M11].into_iter().find(|model| model.as_str() == text)
    }
}

/// Why a reference cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// More than [`MAX_REFERENCE_CHARS`].
    #[error("at most {MAX_REFERENCE_CHARS} characters")]
    TooLong,
    /// Characters that its model does not have.
    #[error("a reference of model 97 is letters, digits and dashes, one of model 11 digits and dashes")]
    Characters,
    /// The control digits are not those of the rest.
    #[error("the control digits of the reference are wrong (model 97, ISO 7064 MOD 97-10)")]
    ControlDigits,
}

/// What a Serbian payment order has beside what all orders have. It prints nothing.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Giro {
    /// Three digits, the first 1 or 2.
    pub payment_code: String,
    /// Model of the debtor's reference.
    pub debtor_model: Option<Model>,
    /// The debtor's reference („poziv na broj zaduženja”).
    pub debtor_reference: Option<String>,
    /// Model of the creditor's reference.
    pub creditor_model: Option<Model>,
    /// The creditor's reference („poziv na broj odobrenja”).
    pub creditor_reference: Option<String>,
    /// Where the creditor is.
    pub creditor_address: Option<String>,
    /// To be carried out at once.
    pub urgent: bool,
}

impl Default for Giro {
    fn default() -> Self {
        Self {
            payment_code: DEFAULT_PAYMENT_CODE.to_owned(),
            debtor_model: None,
            debtor_reference: None,
            creditor_model: None,
            creditor_reference: None,
            creditor_address: None,
            urgent: false,
        }
    }
}

impl fmt::Debug for Giro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Giro")
    }
}

impl Giro {
    /// All of it in one line, the same only for the same content: for the hashes of what was shown and confirmed.
    #[must_use]
    pub fn line(&self) -> String {
        [
            self.payment_code.as_str(),
            self.debtor_model.map_or("", Model::as_str),
            self.debtor_reference.as_deref().unwrap_or_default(),
            self.creditor_model.map_or("", Model::as_str),
            self.creditor_reference.as_deref().unwrap_or_default(),
            self.creditor_address.as_deref().unwrap_or_default(),
            if self.urgent { "urgent" } else { "" },
        ]
        .join("\u{1}")
    }

    /// The creditor's reference as it is shown, with its model in brackets.
    #[must_use]
    pub fn creditor_reference_shown(&self) -> Option<String> {
        shown(self.creditor_model, self.creditor_reference.as_deref())
    }

    /// The debtor's reference as it is shown, with its model in brackets.
    #[must_use]
    pub fn debtor_reference_shown(&self) -> Option<String> {
        shown(self.debtor_model, self.debtor_reference.as_deref())
    }
}

fn shown(model: Option<Model>, reference: Option<&str>) -> Option<String> {
    let reference = reference?;
    Some(match model {
        Some(model) => format!("({}) {reference}", model.as_str()),
        None => reference.to_owned(),
    })
}

/// Whether it is a payment code: three digits, the first of them 1 (cash) or 2 (not cash).
#[must_use]
pub fn is_payment_code(text: &str) -> bool {
    text.len() == 3 && text.starts_with(['1', '2']) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads a reference by its model; one without a model is free text. Capitals for letters where they count.
///
/// # Errors
/// [`ReferenceError`] says what is wrong with it.
pub fn reference(model: Option<Model>, text: &str) -> Result<String, ReferenceError> {
    if text.chars().count() > MAX_REFERENCE_CHARS {
        return Err(ReferenceError::TooLong);
    }
    let Some(model) = model else {
        return if has_forbidden_characters(text) {
            Err(ReferenceError::Characters)
        } else {
            Ok(text.to_owned())
        };
    };
    let text = text.to_ascii_uppercase();
    let good = |b: u8| match model {
        Model::M97 => b.is_ascii_alphanumeric() || b == b'-',
        Model::M11 => b.is_ascii_digit() || b == b'-',
    };
    if text.is_empty() || !text.bytes().all(good) || text.starts_with('-') || text.ends_with('-') {
        return Err(ReferenceError::Characters);
    }
    if model == Model::M97 && !is_controlled(&text) {
        return Err(ReferenceError::ControlDigits);
    }
    Ok(text)
}

/// The control digits stand in front and count as if they stood behind; dashes count nothing.
fn is_controlled(reference: &str) -> bool {
    let plain: String = reference.chars().filter(|c| *c != '-').collect();
    let Some((control, rest)) = plain.split_at_checked(2) else {
        return false;
    };
    let digits = control.bytes().all(|b| b.is_ascii_digit());
    digits && !rest.is_empty() && mod_97(&format!("{rest}{control}")) == Some(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn payment_codes_are_three_digits_from_1_or_2() {
        for good in ["120", "189", "220", "221", "289", "253"] {
            assert!(is_payment_code(good), "{good}");
        }
        for bad in ["", "22", "2200", "320", "020", "2a0", "２２０", " 220"] {
            assert!(!is_payment_code(bad), "{bad}");
        }
        assert!(is_payment_code(&Giro::default().payment_code));
    }

    #[test]
    fn references_are_checked_by_their_model() {
        let m97 = |text| reference(Some(Model::M97), text);
        // The example of the National Bank's own instructions for the payment slip's QR code.
        assert_eq!(m97("163220000111111111000"), Ok("163220000111111111000".to_owned()));
        assert_eq!(m97("16-3220000-111111111-000").as_deref(), Ok("16-3220000-111111111-000"));
        assert_eq!(m97("173220000111111111000"), Err(ReferenceError::ControlDigits));
        for (text, error) in [
            ("", ReferenceError::Characters),
            ("16", ReferenceError::ControlDigits),
            ("A6322", ReferenceError::ControlDigits),
            ("16 3220000", ReferenceError::Characters),
            ("-163220000111111111000", ReferenceError::Characters),
            ("1234567890123456789012345678901234", ReferenceError::TooLong),
        ] {
            assert_eq!(m97(text), Err(error), "{text}");
        }
        assert_eq!(reference(Some(Model::M11), "12345-678-9").as_deref(), Ok("12345-678-9"));
        assert_eq!(reference(Some(Model::M11), "12A"), Err(ReferenceError::Characters));
        assert_eq!(reference(None, "račun 12/2026").as_deref(), Ok("račun 12/2026"));
        assert_eq!(reference(None, "a\nb"), Err(ReferenceError::Characters));
    }

    proptest! {
        #[test]
        fn one_changed_character_of_a_reference_is_noticed(rest in "[A-Z0-9]{1,20}", at in 0..22usize, other in "[0-9]") {
            let control = 98 - mod_97(&format!("{rest}00")).unwrap();
            let good = format!("{control:02}{rest}");
            prop_assert_eq!(reference(Some(Model::M97), &good.to_lowercase()), Ok(good.clone()));
            let at = at % good.len();
            prop_assume!(good.as_bytes()[at].is_ascii_digit() && good[at..=at] != other);
            let bad = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            prop_assert_eq!(reference(Some(Model::M97), &bad), Err(ReferenceError::ControlDigits));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            for model in [None, Some(Model::M97), Some(Model::M11)] {
                let _ = reference(model, &text);
            }
        }
    }
}
