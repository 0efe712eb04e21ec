//! The fields of forms, with their labels, values and what is wrong with them.

use crate::bank::directory::PsuIdRule;
use crate::partner::profile::Field;
use crate::payment::Language;
use crate::web::hosted_page::form::{self, BankChoice, FieldError, FormInput};
use crate::web::hosted_page::texts;
use std::borrow::Cow;

/// A text field, with all that the template needs to draw it.
pub(super) struct FieldView {
    /// Its name in the form and its id on the page.
    pub(super) id: &'static str,
    /// Its label.
    pub(super) label: Cow<'static, str>,
    /// What to type, when that is not obvious.
    pub(super) hint: &'static str,
    /// Its value, as typed or as known.
    pub(super) value: String,
    /// What is wrong with it.
    pub(super) error: Option<String>,
    /// The HTML `type`.
    pub(super) input_type: &'static str,
    /// The HTML `inputmode`.
    pub(super) input_mode: &'static str,
    /// The HTML `autocomplete`.
    pub(super) autocomplete: &'static str,
    /// Which check the script makes.
    pub(super) check: &'static str,
    /// Most characters, for the script; 0 when the server alone counts.
    pub(super) most: u64,
    /// What the script says when there are more.
    pub(super) too_long: String,
}

/// A line of the error summary.
pub(super) struct ErrorLine {
    pub(super) anchor: String,
    pub(super) label: Cow<'static, str>,
    pub(super) message: String,
}

/// What a bank calls its user code.
pub(super) fn user_code_label(language: Language, rule: &PsuIdRule) -> &str {
    match language {
        Language::Ro => &rule.label_ro,
        Language::En => &rule.label_en,
    }
}

/// The fields of one form.
pub(super) struct Views<'a> {
    pub(super) language: Language,
    pub(super) errors: &'a [(Field, FieldError)],
    pub(super) input: &'a FormInput,
    /// What the chosen bank calls its user code.
    pub(super) user_code_label: Option<&'a str>,
    /// What is said of the chosen bank while it is switched off.
    pub(super) off: Option<&'a str>,
}

impl Views<'_> {
    pub(super) fn error(&self, field: Field) -> Option<String> {
        let (_, error) = self.errors.iter().find(|(f, _)| *f == field)?;
        Some(self.words(*error))
    }

    fn words(&self, error: FieldError) -> String {
        match (error, self.off) {
            (FieldError::BankOff, Some(words)) => words.to_owned(),
            _ => texts::field_error(self.language, error),
        }
    }

    fn label(&self, field: Field) -> Cow<'static, str> {
        match self.user_code_label {
            Some(own) if field == Field::UserCode => own.to_owned().into(),
            _ => texts::Texts::of(self.language).label(field).into(),
        }
    }

    pub(super) fn order_fields(&self) -> Vec<FieldView> {
        [Field::Amount, Field::CreditorName, Field::CreditorIban, Field::Details]
            .into_iter()
            .map(|f| self.field(f))
            .collect()
    }

    pub(super) fn field(&self, field: Field) -> FieldView {
        let t = texts::Texts::of(self.language);
        let i = self.input;
        // value, hint, type, inputmode, autocomplete, check, most characters
        let (value, hint, input_type, input_mode, autocomplete, check, most) = match field {
            Field::CreditorName => (&i.creditor_name, "", "text", "text", "off", "text", 70),
            Field::CreditorIban => (&i.creditor_iban, "", "text", "text", "off", "iban", 0),
            Field::Amount => (&i.amount, t.amount_hint, "text", "decimal", "transaction-amount", "amount", 0),
            Field::DebtorIban => (&i.debtor_iban, t.iban_hint, "text", "text", "off", "iban", 0),
            Field::Email => (&i.email, t.email_hint, "email", "email", "email", "email", form::MAX_EMAIL_CHARS),
            Field::UserCode => (
                &i.user_code,
                t.user_code_hint,
                "text",
                "text",
                "off",
                "text",
                form::MAX_USER_CODE_CHARS,
            ),
            Field::Details | Field::PartnerName | Field::Bank | Field::Terms => {
                (&i.details, t.details_hint, "text", "text", "off", "text", 140)
            }
        };
        FieldView {
            id: id(field),
            label: self.label(field),
            hint,
            value: value.clone(),
            error: self.error(field),
            input_type,
            input_mode,
            autocomplete,
            check,
            most,
            too_long: texts::field_error(self.language, FieldError::TooLong(most)),
        }
    }

    pub(super) fn summary(&self, banks: &[BankChoice]) -> Vec<ErrorLine> {
        let first_active = banks.iter().position(BankChoice::usable).unwrap_or_default();
        let line = |(field, error): &(Field, FieldError)| ErrorLine {
            anchor: if *field == Field::Bank {
                format!("bank-{first_active}")
            } else {
                id(*field).to_owned()
            },
            label: self.label(*field),
            message: self.words(*error),
        };
        self.errors.iter().map(line).collect()
    }
}

/// The field's name in the form and its id on the page: the names of [`FormInput`].
const fn id(field: Field) -> &'static str {
    match field {
        Field::PartnerName => "partner_name",
        Field::CreditorName => "creditor_name",
        Field::CreditorIban => "creditor_iban",
        Field::Amount => "amount",
        Field::Details => "details",
        Field::Bank => "bank",
        Field::DebtorIban => "debtor_iban",
        Field::Email => "email",
        Field::UserCode => "user_code",
        Field::Terms => "terms",
    }
}
