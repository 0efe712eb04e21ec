//! What a Serbian payment order has beside other orders, in initPayment: optional fields for partners in RSD.

use super::reader::Reader;
use crate::payment::Currency;
use crate::payment::giro::{Giro, MAX_ADDRESS_CHARS, MAX_REFERENCE_CHARS, Model, is_payment_code, reference};

/// The fields.
pub const FIELDS: [&str; 7] = [
    "paymentCode",
    "debtorReferenceModel",
    "debtorReference",
    "creditorReferenceModel",
    "creditorReference",
    "creditorAddress",
    "urgent",
];

/// Reads them. `Some(None)` for a partner in another currency, which has no use for them.
#[expect(clippy::option_option, reason = "the outer one is how a reader says that there are problems")]
pub fn read(r: &mut Reader<'_>, currency: Currency) -> Option<Option<Giro>> {
    if currency != Currency::Rsd {
        for field in FIELDS {
            if r.says(field) {
                return r.breaks_rule(field, "RSD_ONLY", "this field is for payments in RSD only");
            }
        }
        return Some(None);
    }
    let before = r.problems().count();
    let mut giro = Giro::default();
    if let Some(code) = payment_code(r) {
        giro.payment_code = code;
    }
    (giro.debtor_model, giro.debtor_reference) = model_and_reference(r, "debtorReferenceModel", "debtorReference");
    (giro.creditor_model, giro.creditor_reference) = model_and_reference(r, "creditorReferenceModel", "creditorReference");
    giro.creditor_address = r
        .says("creditorAddress")
        .then(|| r.bank_text("creditorAddress", MAX_ADDRESS_CHARS))
        .flatten();
    giro.urgent = r.flag("urgent");
    (r.problems().count() == before).then_some(Some(giro))
}

fn payment_code(r: &mut Reader<'_>) -> Option<String> {
    if !r.says("paymentCode") {
        return None;
    }
    let code = r.text_or_number("paymentCode", 10)?;
    if is_payment_code(&code) {
        return Some(code);
    }
    let words = "must be three digits, the first of them 1 or 2";
    r.problem("paymentCode", "INVALID_PAYMENT_CODE", words)
}

fn model_and_reference(r: &mut Reader<'_>, model_field: &str, field: &str) -> (Option<Model>, Option<String>) {
    let model = if r.says(model_field) { model(r, model_field) } else { None };
    if !r.says(field) {
        if model.is_some() {
            let words = format!("without {field} a model says nothing");
            let _: Option<()> = r.problem(model_field, "WITHOUT_REFERENCE", words);
        }
        return (None, None);
    }
    let Some(text) = r.text_or_number(field, MAX_REFERENCE_CHARS) else {
        return (None, None);
    };
    match reference(model, &text) {
        Ok(text) => (model, Some(text)),
        Err(error) => {
            let _: Option<()> = r.problem(field, "INVALID_REFERENCE", error.to_string());
            (None, None)
        }
    }
}

fn model(r: &mut Reader<'_>, field: &str) -> Option<Model> {
    let text = r.text_or_number(field, 10)?;
    Model::parse(&text).or_else(|| {
        r.problem(
            field,
            "UNKNOWN_MODEL",
            "must be 97 or 11; leave it out for a reference without a model",
        )
    })
}
