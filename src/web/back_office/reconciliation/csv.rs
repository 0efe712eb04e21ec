//! A result as CSV (RFC 4180): a line an entry or a missing payment, English heads, ISO 8601 days, amounts with a point.

use crate::flow::FlowError;
use crate::flow::export::csv_rows;
use crate::payment::PaymentId;
use crate::statement::matching::Instruction;
use crate::store::reconciliation_lines::Line;
use std::collections::HashMap;

pub(super) const HEAD: [&str; 15] = [
    "file_line",
    "finding",
    "day",
    "amount",
    "currency",
    "paymentId",
    "instruction",
    "amount_here",
    "currency_here",
    "direction",
    "reversal",
    "endToEndId",
    "other_side",
    "other_iban",
    "remittance_information",
];

fn amount(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// The rows of some lines.
pub(super) fn rows(lines: &[Line], here: &HashMap<Instruction, (i64, String)>) -> Result<Vec<u8>, FlowError> {
    let row = |line: &Line| {
        let known = line.of.and_then(|of| here.get(&of));
        let entry = line.entry.as_ref();
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        [
            entry.map(|e| e.line.to_string()).unwrap_or_default(),
            line.finding.as_str().to_owned(),
            line.day.to_string(),
            if entry.is_some() { amount(line.minor) } else { String::new() },
            if entry.is_some() { line.currency.clone() } else { String::new() },
            line.of
                .and_then(|(number, _)| PaymentId::from_number(number))
                .map(|id| id.to_string())
                .unwrap_or_default(),
            line.of.map(|(_, seq)| seq.to_string()).unwrap_or_default(),
            known.map(|(minor, _)| amount(*minor)).unwrap_or_default(),
            known.map(|(_, currency)| currency.clone()).unwrap_or_default(),
            entry
                .map(|e| if e.is_credit { "credit" } else { "debit" }.to_owned())
                .unwrap_or_default(),
            entry.map(|e| e.is_reversal.to_string()).unwrap_or_default(),
            text(entry.and_then(|e| e.end_to_end_id.as_ref())),
            text(entry.and_then(|e| e.name.as_ref())),
            text(entry.and_then(|e| e.iban.as_ref())),
            text(entry.map(|e| &e.remittance)),
        ]
    };
    csv_rows(lines.iter().map(row))
}
