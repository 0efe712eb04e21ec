//! `payments[]` of initPayment: several credit transfers in one authorisation.

use super::giro;
use super::input::{RawObject, object};
use super::order::instruction;
use super::reader::Reader;
use crate::partner::{Partner, PartnerKind};
use crate::payment::order::{MAX_END_TO_END_CHARS, MAX_INSTRUCTIONS};
use crate::payment::text::for_bank;
use crate::payment::{Instruction, PaymentId};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::HashMap;

/// What describes the one transfer of any other order.
const OF_ONE: [&str; 4] = ["creditorName", "creditorIban", "amount", "details"];

/// Reads the transfers.
pub fn read(r: &mut Reader<'_>, id: PaymentId, partner: &Partner) -> Option<Vec<Instruction>> {
    if partner.kind != PartnerKind::Finance {
        let words = "several payments in one authorisation are only for Finance partners";
        return r.breaks_rule("payments", "FINANCE_ONLY", words);
    }
    refuse_beside(r, &OF_ONE);
    refuse_beside(r, &giro::FIELDS);
    let raw = r.raw("payments")?;
    if !raw.starts_with('[') {
        return r.problem("payments", "WRONG_TYPE", "this field must be a list of objects");
    }
    let Ok(Items(items)) = serde_json::from_str(raw) else {
        return r.breaks_rule("payments", "TOO_MANY", format!("at most {MAX_INSTRUCTIONS} payments in one order"));
    };
    if items.is_empty() {
        return r.breaks_rule("payments", "EMPTY_LIST", "at least one payment is needed");
    }
    let mut read = Vec::with_capacity(items.len());
    for (n, item) in items.iter().enumerate() {
        match object(item.get().as_bytes()) {
            Ok(fields) => read.extend(one(r, &fields, n, id, partner)),
            Err(_) => {
                let words = "must be one object with each field once";
                let _: Option<()> = r.problem(&format!("payments[{n}]"), "WRONG_TYPE", words);
            }
        }
    }
    refuse_duplicates(r, &read);
    Some(read)
}

fn one(r: &mut Reader<'_>, fields: &RawObject, n: usize, id: PaymentId, partner: &Partner) -> Option<Instruction> {
    let mut r = Reader::new(fields, format!("payments[{n}]."), r.problems());
    instruction(&mut r, partner.currency, |r| end_to_end_id(r, || format!("SP{id}-{}", n + 1)))
}

/// The partner's own, which banks must be able to carry unchanged; else ours.
fn end_to_end_id(r: &mut Reader<'_>, ours: impl FnOnce() -> String) -> Option<String> {
    if !r.says("endToEndId") {
        return Some(ours());
    }
    let given = r.text_or_number("endToEndId", MAX_END_TO_END_CHARS)?;
    if for_bank(&given, MAX_END_TO_END_CHARS) != given {
        let words = "only letters, digits, single spaces and /-?:().,'+ and no / at an end or beside another";
        return r.problem("endToEndId", "NOT_FOR_BANK", words);
    }
    Some(given)
}

/// No two transfers of an order may be taken for one another.
fn refuse_duplicates(r: &mut Reader<'_>, read: &[Instruction]) {
    // While something is missing, positions are not those of the call.
    if r.problems().count() > 0 {
        return;
    }
    let mut known: HashMap<&str, usize> = HashMap::with_capacity(read.len());
    for (n, instruction) in read.iter().enumerate() {
        if let Some(first) = known.insert(&instruction.end_to_end_id, n) {
            let words = format!("is the same as that of payments[{first}]");
            let _: Option<()> = r.breaks_rule(&format!("payments[{n}].endToEndId"), "DUPLICATE", words);
        }
    }
}

/// Fields that say something which `payments` says otherwise.
pub fn refuse_beside(r: &mut Reader<'_>, fields: &[&str]) {
    for field in fields {
        if r.says(field) {
            let _: Option<()> = r.breaks_rule(field, "NOT_TOGETHER", "must be left out when payments is given");
        }
    }
}

/// At most [`MAX_INSTRUCTIONS`] values, as written; reading stops at the first beyond.
struct Items(Vec<Box<RawValue>>);

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Items;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == MAX_INSTRUCTIONS {
                        return Err(A::Error::custom("too many"));
                    }
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}
