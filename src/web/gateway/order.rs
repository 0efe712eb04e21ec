//! initPayment's JSON, field by field: every problem is named, not only the first.

use super::input::RawObject;
use crate::flow::FieldProblem;
use crate::flow::init_payment::InitOrder;
use crate::payment::amount::AmountError;
use crate::payment::order::{MAX_DETAILS_CHARS, MAX_NAME_CHARS};
use crate::payment::text::{for_bank, has_forbidden_characters, is_email};
use crate::payment::{Amount, Currency, Iban, Instruction, PaymentId};
use serde_json::value::RawValue;
use url::Url;

/// Reads the order of a payment in the partner's currency.
///
/// # Errors
/// Every problem found.
pub fn read(object: &RawObject, id: PaymentId, currency: Currency) -> Result<InitOrder, Vec<FieldProblem>> {
    let mut r = Reader {
        object,
        problems: Vec::new(),
    };
    r.refuse_what_is_not_offered();
    let creditor_name = r
        .text("creditorName")
        .or_else(|| r.missing("creditorName"))
        .and_then(|t| r.bank_text("creditorName", t, MAX_NAME_CHARS));
    let creditor_iban = r.iban("creditorIban").or_else(|| r.missing("creditorIban"));
    let amount = r.amount(currency);
    let details = r
        .text("details")
        .or_else(|| r.missing("details"))
        .and_then(|t| r.bank_text("details", t, MAX_DETAILS_CHARS));
    let psu_email = r.text("psuEmail").and_then(|t| r.email(t));
    let psu_id_at_partner = r.text_or_number("psuIntermediarId", 64);
    let debtor_iban = r.iban("debtorIban");
    let debtor_bank = r.text("debtorBank").and_then(|t| r.at_most("debtorBank", t, 35));
    let redirect_url = r.text("redirectURL").and_then(|t| r.url(t));
    let iban_optimization = r.flag("ibanOptimization");
    let terms_accepted = r.flag("TCAccepted") | r.flag("TCaccepted");
    let external_payment_id = r.text_or_number("externalPaymentId", 64);
    let (Some(creditor_name), Some(creditor_iban), Some(amount), Some(details), true) =
        (creditor_name, creditor_iban, amount, details, r.problems.is_empty())
    else {
        return Err(r.problems);
    };
    let end_to_end_id = format!("SP{id}");
    Ok(InitOrder {
        instruction: Instruction {
            creditor_name,
            creditor_iban,
            amount,
            details,
            end_to_end_id,
        },
        psu_email,
        psu_id_at_partner,
        debtor_iban,
        debtor_bank,
        redirect_url,
        terms_accepted,
        iban_optimization,
        external_payment_id,
    })
}

struct Reader<'a> {
    object: &'a RawObject,
    problems: Vec<FieldProblem>,
}

impl Reader<'_> {
    fn problem<T>(&mut self, field: &str, code: &'static str, message: impl Into<String>) -> Option<T> {
        self.problems.push(FieldProblem::new(field, code, message));
        None
    }

    /// Missing, unless something else is already wrong with the field.
    fn missing<T>(&mut self, field: &str) -> Option<T> {
        if self.problems.iter().any(|p| p.field == field) {
            return None;
        }
        self.problem(field, "MISSING", "this field is needed")
    }

    /// The value as written; `null` equals absent.
    fn raw(&self, field: &str) -> Option<&str> {
        self.object.get(field).map(|v| RawValue::get(v)).filter(|v| *v != "null")
    }

    /// A text; empty equals absent.
    fn text(&mut self, field: &str) -> Option<String> {
        let raw = self.raw(field)?;
        match serde_json::from_str::<String>(raw) {
            Ok(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
            Err(_) => self.problem(field, "WRONG_TYPE", "this field must be a text"),
        }
    }

    fn text_or_number(&mut self, field: &str, max: usize) -> Option<String> {
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

    fn bank_text(&mut self, field: &str, text: String, max: usize) -> Option<String> {
        let text = self.at_most(field, text, max)?;
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

    fn iban(&mut self, field: &str) -> Option<Iban> {
        let text = self.text(field)?;
        match Iban::parse(&text) {
            Ok(iban) => Some(iban),
            Err(error) => self.problem(field, "INVALID_IBAN", error.to_string()),
        }
    }

    fn amount(&mut self, currency: Currency) -> Option<Amount> {
        let Some(raw) = self.raw("amount") else {
            return self.missing("amount");
        };
        let is_number = raw.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        let digits = if is_number {
            Some(raw.to_owned())
        } else {
            serde_json::from_str::<String>(raw).ok()
        };
        let Some(digits) = digits else {
            return self.problem("amount", "WRONG_TYPE", "this field must be a number or a text");
        };
        match Amount::parse(&digits, currency) {
            Ok(amount) => Some(amount),
            Err(AmountError::Empty) => self.missing("amount"),
            Err(error) => self.problem("amount", "INVALID_AMOUNT", error.to_string()),
        }
    }

    fn email(&mut self, text: String) -> Option<String> {
        if is_email(&text) {
            Some(text)
        } else {
            self.problem("psuEmail", "INVALID_EMAIL", "not a valid e-mail address")
        }
    }

    fn url(&mut self, text: String) -> Option<Url> {
        let text = self.at_most("redirectURL", text, 2000)?;
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "https" | "http") => Some(url),
            _ => self.problem("redirectURL", "INVALID_URL", "not an absolute http or https URL"),
        }
    }

    fn flag(&mut self, field: &str) -> bool {
        match self.raw(field) {
            None | Some("false" | "0" | "\"false\"" | "\"0\"" | "\"\"") => false,
            Some("true" | "1" | "\"true\"" | "\"1\"") => true,
            Some(_) => self
                .problem(field, "WRONG_TYPE", "this field must be true, false, 1 or 0")
                .unwrap_or(false),
        }
    }

    /// Bulk and standing orders: an order must never be carried out as something else than was meant.
    fn refuse_what_is_not_offered(&mut self) {
        for (field, what) in [
            ("payments", "several payments in one authorisation"),
            ("startDate", "standing orders"),
            ("Frequency", "standing orders"),
            ("dayOfExecution", "standing orders"),
        ] {
            if self.raw(field).is_some_and(|raw| raw != "\"\"") {
                let _: Option<()> = self.problem(field, "NOT_OFFERED", format!("no connected bank takes {what}; leave the field out"));
            }
        }
    }
}
