//! The payment resource as the bank shows it, and why a payment failed, in words for the PSU.

use crate::sandbox::Order;
use crate::sandbox::ledger::{Instruction, RefusedBy, Schedule};
use crate::sandbox::pages::why;
use serde_json::{Value, json};

/// `GET …/{id}`: the order as it was received, with its status; of several instructions each one's own.
pub(in crate::sandbox) fn details(order: &Order) -> Value {
    let received = &order.received;
    let mut body = match received.several.as_slice() {
        [] => instruction(&received.instructions()[0]),
        several => {
            let with_word = |(i, one)| {
                let mut entry = instruction(one);
                entry["transactionStatus"] = order.instruction_word(i).iso().into();
                entry
            };
            let payments: Vec<Value> = several.iter().enumerate().map(with_word).collect();
            json!({ "batchBookingPreferred": false, "payments": payments })
        }
    };
    body["transactionStatus"] = order.said_word().into();
    if let Some(iban) = order.debtor_iban() {
        body["debtorAccount"] = json!({ "iban": iban.electronic() });
    }
    if let Some(schedule) = &received.schedule {
        add_schedule(&mut body, schedule);
    }
    body
}

fn instruction(one: &Instruction) -> Value {
    let mut body = json!({
        "instructedAmount": { "currency": one.money.currency.code(), "amount": one.money.wire() },
        "creditorAccount": { "iban": one.creditor_iban.electronic() },
        "creditorName": one.creditor_name,
    });
    let optional = [
        ("remittanceInformationUnstructured", &one.remittance),
        ("endToEndIdentification", &one.end_to_end),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body[name] = value.as_str().into();
        }
    }
    body
}

fn add_schedule(body: &mut Value, schedule: &Schedule) {
    body["startDate"] = json!(schedule.start);
    body["frequency"] = json!(schedule.frequency);
    let optional = [
        ("executionRule", schedule.execution.map(|rule| json!(rule))),
        ("dayOfExecution", schedule.day.map(|day| json!(day.to_string()))),
        ("endDate", schedule.end.map(|day| json!(day))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body[name] = value;
        }
    }
}

/// Why the order failed, in words for the PSU.
pub(in crate::sandbox) fn psu_message(order: &Order) -> Option<String> {
    let code = if order.profile().max_wrong_codes == 3 { "trei" } else { "cinci" };
    match (order.refused, order.declined) {
        (Some(RefusedBy::Psu), _) => Some("Plata a fost refuzată de client.".to_owned()),
        (Some(RefusedBy::WrongCodes), _) => Some(format!("Plata nu a fost autorizată: cod greșit de {code} ori.")),
        (Some(RefusedBy::Lapse), _) => Some("Plata nu a fost autorizată la timp.".to_owned()),
        (None, Some(reason)) => Some(format!("Banca a refuzat plata: {}.", why(reason))),
        (None, None) => None,
    }
}
